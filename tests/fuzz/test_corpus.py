"""The committed corpus of the fuzzer, replayed without it: what it found stays mended."""

import shutil
from pathlib import Path

import pytest

from filters import pii
from tests.fuzz import run, seeds
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
    invented = "\n".join(
        data.decode("utf-8", "replace") for one in TARGETS for data in seeds.of(one)
    )
    for path in paths:
        text = path.read_bytes().decode("utf-8", "replace")
        for span in pii.find(text):
            value = text[span.start : span.end]
            assert any(part in invented for part in ("example", "b.cc", value)), path
