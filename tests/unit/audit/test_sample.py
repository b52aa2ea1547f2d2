import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.runs import Run
from audit.sample import choose, sample, sample_keys, smallest, visible
from stages.errors import ConfigError
from tests.unit.audit.conftest import A, B, C, E, doc_id


def ids(run: Run, **wanted: object) -> set[str]:
    return {page["doc_id"] for page in sample(run, **wanted)["documents"]}  # type: ignore[arg-type]


def test_language_outcome_and_reason(run: Run) -> None:
    assert ids(run, language="fi", outcome="keep") == {A, E}
    assert ids(run, language="Finnish", outcome="reject") == {B}
    assert ids(run, outcome="quarantine") == {doc_id("q")}
    assert ids(run, reason="gate") == {doc_id("s"), doc_id("j")}
    assert ids(run, reason="rule.word_count") == {B}
    assert ids(run, language="jpn_jpan") == {doc_id("j")}
    assert len(ids(run)) == 11


def test_everybody_sees_the_same_pages(run: Run) -> None:
    first, again = (sample(run, outcome="reject", n=3, seed=7) for _ in range(2))
    assert first == again
    assert len(first["documents"]) == 3
    others = {sample(run, outcome="reject", n=3, seed=seed)["sha256"] for seed in range(20)}
    assert len(others) > 1


def test_smaller_samples_are_the_start_of_larger_ones(run: Run) -> None:
    large = [page["doc_id"] for page in sample(run, n=9)["documents"]]
    small = [page["doc_id"] for page in sample(run, n=4)["documents"]]
    assert large[:4] == small


def test_command_repeats_it(run: Run) -> None:
    made = sample(run, language="fi", outcome="reject", reason="rule", n=5, seed=3)["command"]
    assert shlex.split(made) == [
        *("weir", "sample", str(run.path), "--language", "fin_Latn", "--outcome", "reject"),
        *("--reason", "rule", "--n", "5", "--seed", "3"),
    ]


def test_excerpts_are_safe_to_print(run: Run) -> None:
    (page,) = sample(run, reason=None, language="en", outcome="keep", n=1, seed=1)["documents"][:1]
    hostile = next(p for p in sample(run)["documents"] if p["doc_id"] == C)
    assert "\x1b" not in hostile["excerpt"]
    assert "␛[31m" in hostile["excerpt"]
    assert "⟨U+202E⟩" in hostile["title"]
    assert page["excerpt"]


def test_records_without_text_have_coordinates(run: Run) -> None:
    (page,) = sample(run, reason="gate.status")["documents"]
    assert page["excerpt"] is None
    assert (page["warc"], page["offset"]) == ("00000.warc.gz", 5000)


def test_groups_are_chosen_in_one_pass(run: Run) -> None:
    groups = choose(run, lambda found: (found[1],), 2, 1)
    assert {key: len(entries) for key, entries in groups.items()} == {
        ("keep",): 2,
        ("reject",): 2,
        ("quarantine",): 1,
    }


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"language": "Klingon"}, "unknown European language"),
        ({"outcome": "kept"}, "one of keep, reject, quarantine"),
        ({"reason": "rule.word_cuont"}, "did you mean rule.word_count"),
        ({"reason": "?"}, "it begins with"),
        ({"n": 0}, "not between 1"),
    ],
)
def test_wrong_wishes_are_named(run: Run, wanted: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        sample(run, **wanted)  # type: ignore[arg-type]


@given(st.text())
def test_visible_leaves_nothing_that_acts_on_a_terminal(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    assert not any(unicodedata.category(c) == "Cc" and c not in "\t\n" for c in shown)
    assert not any(unicodedata.bidirectional(c) in BIDI for c in shown)


BIDI = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def test_visible_keeps_ordinary_writing() -> None:
    ordinary = "Zażółć gęślą jaźń\n\tЩука, Ωμέγα — שלום, سلام, क्‍ष e\u0301 soft\u00adhyphen"
    assert visible(ordinary) == ordinary


def test_its_name_is_the_same_in_every_place_and_process(folder: Path, tmp_path: Path) -> None:
    """Check 34: what one person drew, another draws elsewhere, and can tell by the SHA-256."""
    elsewhere = tmp_path / "another" / "copy"
    shutil.copytree(folder, elsewhere)
    words = ["--language", "fi", "--outcome", "keep", "--seed", "42", "--n", "5", "--json"]
    found = []
    for place, seed in ((folder, "1"), (elsewhere, "2")):
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.cli", "sample", str(place), *words],
            cwd=place.parent,
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "PYTHONPATH": str(Path(__file__).parents[3]),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(json.loads(done.stdout)["data"])
    drawn = [(page["doc_id"], page["outcome"]) for page in found[0]["documents"]]
    lines = "".join(f"{doc} {outcome}\n" for doc, outcome in drawn)
    assert len(drawn) == 2
    assert found[0]["sha256"] == found[1]["sha256"] == hashlib.sha256(lines.encode()).hexdigest()
    assert found[0]["documents"] == found[1]["documents"]


def test_the_order_of_a_seed_is_the_same_everywhere() -> None:
    """Pinned: samples that somebody has cited must stay what they are."""
    ids = pa.chunked_array([["00" * 16], ["0123456789abcdef" * 2]], pa.string())
    assert sample_keys(ids, 0).tolist() == [0x48218226FF3CD4BF, 0x19D49021A4772018]
    assert sample_keys(ids, 7).tolist() == [0x161EBC4B0828448A, 0xB6A8B413DAF53EC9]
    assert sample_keys(ids, 7 + 2**64).tolist() == sample_keys(ids, 7).tolist()


def test_orders_of_seeds_have_nothing_to_do_with_each_other() -> None:
    ids = pa.chunked_array([[doc_id(str(number)) for number in range(4000)]], pa.string())
    ranks = [np.argsort(np.argsort(sample_keys(ids, seed))) for seed in (1, 2, 3, 1 << 40)]
    for at, one in enumerate(ranks):
        for other in ranks[:at]:
            assert abs(np.corrcoef(one, other)[0, 1]) < 0.06


@given(st.lists(st.integers(0, 20), max_size=30), st.integers(1, 10))
def test_the_smallest_and_what_equals_them(values: list[int], n: int) -> None:
    keys = np.array(values, np.uint64)
    found = sorted(keys[smallest(keys, n)].tolist())
    limit = sorted(values)[:n][-1] if values else 0
    assert found == sorted(value for value in values if value <= limit or len(values) <= n)
