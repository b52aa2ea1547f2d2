"""Two runs side by side: transitions of records, and the pages in a cell."""

import itertools
from collections import Counter

import numpy as np
import pytest

from audit import compare
from audit.compare import ABSENT, ELSEWHERE
from audit.fates import KEPT, Fates
from audit.runs import Run
from stages.errors import ConfigError

Rows = dict[tuple[int, int], tuple[str, str]]
"""(head, tail) of a doc_id -> (fate, tag)."""


def made(rows: Rows) -> Fates:
    ordered = sorted(rows.items())
    names = list(dict.fromkeys([KEPT, *(fate for _, (fate, _) in ordered)]))
    tags = list(dict.fromkeys(tag for _, (_, tag) in ordered))
    return Fates(
        tuple(names),
        tuple(tags),
        np.array([key[0] for key, _ in ordered], np.uint64),
        np.array([key[1] for key, _ in ordered], np.uint64),
        np.array([names.index(fate) for _, (fate, _) in ordered], np.uint16),
        np.array([tags.index(tag) for _, (_, tag) in ordered], np.uint16),
        np.zeros(len(ordered), np.uint32),
        np.arange(len(ordered), dtype=np.uint32),
    )


def cells(before: Rows, after: Rows, language: str | None = None) -> dict[tuple[str, str], int]:
    matrix = compare.transitions(iter([(made(before), made(after))]), language)
    return {(one["before"], one["after"]): one["count"] for one in matrix.cells()}


def brute(before: Rows, after: Rows) -> dict[tuple[str, str], int]:
    return dict(
        Counter(
            (before.get(key, (ABSENT, ""))[0], after.get(key, (ABSENT, ""))[0])
            for key in {*before, *after}
        )
    )


def random_rows(seed: int, n: int, heads: int) -> Rows:
    chance = np.random.default_rng(seed)
    fates = (KEPT, "rule.word_count", "dedup.exact_text", "gate.status")
    return {
        (int(chance.integers(heads)), int(chance.integers(50))): (
            fates[chance.integers(4)],
            ("fin_Latn", "eng_Latn")[chance.integers(2)],
        )
        for _ in range(n)
    }


@pytest.mark.parametrize(("seed", "heads"), [*itertools.product(range(20), (3, 40, 1 << 60))])
def test_cells_are_those_of_a_join_row_by_row(seed: int, heads: int) -> None:
    """With few heads, many doc_ids share their first 64 bits."""
    before, after = random_rows(seed, 60, heads), random_rows(seed + 100, 60, heads)
    after |= dict(list(before.items())[::2])
    assert cells(before, after) == brute(before, after)
    assert cells(before, before) == brute(before, before)
    assert cells(before, {}) == brute(before, {})
    assert cells({}, after) == brute({}, after)


def test_ranges_give_the_same_matrix() -> None:
    before, after = random_rows(1, 80, 1 << 60), random_rows(2, 80, 1 << 60)
    after |= dict(list(before.items())[::2])
    middle = 1 << 59
    parts = [
        tuple(
            made({k: v for k, v in rows.items() if low <= k[0] < high}) for rows in (before, after)
        )
        for low, high in ((0, middle), (middle, 1 << 60))
    ]
    found = compare.transitions(iter(parts))  # type: ignore[arg-type]
    assert {(c["before"], c["after"]): c["count"] for c in found.cells()} == brute(before, after)


def test_a_language_sees_records_come_and_go() -> None:
    before: Rows = {
        (1, 0): (KEPT, "fin_Latn"),
        (2, 0): (KEPT, "fin_Latn"),
        (3, 0): (KEPT, "eng_Latn"),
        (4, 0): (KEPT, "eng_Latn"),
    }
    after: Rows = {
        (1, 0): ("rule.word_count", "fin_Latn"),
        (2, 0): (KEPT, "eng_Latn"),
        (3, 0): (KEPT, "fin_Latn"),
        (4, 0): (KEPT, "eng_Latn"),
        (5, 0): (KEPT, "fin_Latn"),
    }
    assert cells(before, after, "fin_Latn") == {
        (KEPT, "rule.word_count"): 1,
        (KEPT, ELSEWHERE): 1,
        (ELSEWHERE, KEPT): 1,
        (ABSENT, KEPT): 1,
    }


def test_totals_are_sums_of_rows_and_columns() -> None:
    before, after = random_rows(3, 80, 90), random_rows(4, 80, 90)
    matrix = compare.transitions(iter([(made(before), made(after))]))
    found = compare.summary(matrix)
    for side, rows in (("before", before), ("after", after)):
        wanted = Counter(fate for fate, _ in rows.values())
        assert {one["fate"]: one[side] for one in found["fates"] if one["fate"] != ABSENT} == {
            one["fate"]: wanted[one["fate"]] for one in found["fates"] if one["fate"] != ABSENT
        }
    assert found["only_before"] == len(before.keys() - after.keys())
    assert found["only_after"] == len(after.keys() - before.keys())
    assert found["both"] == len(before.keys() & after.keys())
    for one in found["fates"]:
        assert one["lost"] == one["before"] - one["both"]
        assert one["gained"] == one["after"] - one["both"]


def test_fates_come_in_the_order_in_which_pages_meet_them() -> None:
    before: Rows = {
        (at, 0): (fate, "fin_Latn")
        for at, fate in enumerate(("dedup.exact_text", KEPT, "rule.word_count", "gate.status"))
    }
    matrix = compare.transitions(iter([(made(before), made({}))]))
    assert matrix.names == (KEPT, "gate.status", "rule.word_count", "dedup.exact_text", ABSENT)


def test_a_cell_gives_its_records_and_no_others() -> None:
    before, after = random_rows(5, 200, 1 << 60), random_rows(6, 200, 1 << 60)
    after |= dict.fromkeys(list(before)[::2], ("rule.word_count", "fin_Latn"))
    sides = made(before), made(after)
    pairs = brute(before, after)
    for pair, count in pairs.items():
        found = compare.cell(*sides, pair, 1000, 7)
        wanted = {
            f"{key[0]:016x}{key[1]:016x}"
            for key in {*before, *after}
            if (before.get(key, (ABSENT,))[0], after.get(key, (ABSENT,))[0]) == pair
        }
        assert {one["doc_id"] for one in found} == wanted
        assert len(found) == count
        for one in found:
            assert (one["shards"][0] is None) == (pair[0] == ABSENT)
            assert (one["shards"][1] is None) == (pair[1] == ABSENT)


def test_the_same_seed_chooses_the_same_records() -> None:
    before = dict.fromkeys(random_rows(8, 300, 1 << 60), (KEPT, "fin_Latn"))
    sides = made(before), made(before)
    three, ten = (
        [one["doc_id"] for one in compare.cell(*sides, (KEPT, KEPT), n, 7)] for n in (3, 10)
    )
    assert three == ten[:3]
    others = [one["doc_id"] for one in compare.cell(*sides, (KEPT, KEPT), 10, 8)]
    assert others != ten


def test_an_unknown_fate_is_named() -> None:
    sides = made({(1, 0): (KEPT, "fin_Latn")}), made({})
    with pytest.raises(ConfigError, match="what became of no record"):
        compare.cell(*sides, ("rule.word_count", KEPT), 3, 7)


def test_a_run_is_like_itself(run: Run) -> None:
    found = compare.compare(run, run)
    assert not any(cell["changed"] for cell in found["cells"])
    assert found["only_before"] == found["only_after"] == 0
    assert found["thresholds"] == found["settings"] == []
    assert [row["change"] for row in found["languages"]] == [0] * len(found["languages"])
    assert all(row["psi"] == 0 and not row["drifted"] for row in found["drift"])
    assert found["drift"]
    assert found["hosts"]["gained"]["count"] == found["hosts"]["vanished"]["count"] == 0
    assert found["hosts"]["before"] == 4


def test_an_unknown_language_is_named(run: Run) -> None:
    with pytest.raises(ConfigError, match=r"no page of .* is in .mlt_Latn"):
        compare.compare(run, run, "mlt_Latn")
