"""The committed corpus of the fuzzer, replayed without it: what it found stays mended."""

from pathlib import Path

import pytest

from tests.fuzz import seeds
from tests.fuzz.targets import FOLDER, TARGETS

CORPUS = FOLDER / "corpus"


def inputs(target: str) -> list[Path]:
    return sorted((CORPUS / target).iterdir())


@pytest.mark.parametrize("target", TARGETS)
def test_inputs_hold_their_properties(target: str) -> None:
    check = TARGETS[target].check()
    paths = inputs(target)
    assert paths
    for path in paths:
        check(path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_seeds_hold_their_properties(target: str) -> None:
    check = TARGETS[target].check()
    found = list(seeds.of(target))
    assert found
    for data in found:
        check(data)


def test_the_corpus_is_small_and_names_no_person() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    paths = [path for target in TARGETS for path in inputs(target)]
    assert sum(path.stat().st_size for path in paths) < 1 << 20
    assert all(seeds.is_invented(path.read_bytes()) for path in paths)
    assert not seeds.is_invented(b"jane.doe@mail.test"), "the search finds something"
