"""Rows of docs/performance.md out of what benchmarks print, whole or in part."""

from typing import Any

import pytest

from benchmarks import performance_rows as lines
from benchmarks.performance import parsed, summary


def spread(median: float, low: float = 0.0, high: float = 0.0) -> dict[str, Any]:
    return {"median": median, "min": low or median, "max": high or median, "n": 3}


def side(milliseconds: float, times: float) -> dict[str, Any]:
    return {
        "versions": {"warcio": "1.8.1"},
        "ms_each": spread(milliseconds),
        "each_s": spread(1000 / milliseconds),
        "times_as_fast": spread(times),
    }


READ = {"sides": {"weir": side(0.2, 1.0), "warcio": side(0.4, 2.0)}, "missing": {"fastwarc": "no"}}


def test_a_side_is_a_row_and_a_missing_one_says_why() -> None:
    warcio, fastwarc = lines.rows("bench_read", READ)
    assert (warcio["ours"], warcio["theirs"]) == (0.2, 0.4)
    assert warcio["times_as_fast"]["median"] == 2.0
    assert warcio["versions"] == {"warcio": "1.8.1"}
    assert fastwarc["missing"] == "no"
    assert not {"ours", "theirs", "times_as_fast"} & set(fastwarc)


def test_a_benchmark_that_failed_has_reasons_and_no_numbers() -> None:
    made = summary("bench_read", ["-m", "benchmarks.bench_read"], None, "Traceback\nOSError: no")
    assert made["failed"] == "OSError: no"
    assert [row["missing"] for row in made["rows"]] == ["OSError: no"] * 2
    assert made["command"] == "python -m benchmarks.bench_read"
    assert made["machine"]["cores"]


@pytest.mark.parametrize("bench", lines.LINES)
def test_an_empty_answer_makes_up_nothing(bench: str) -> None:
    assert all(row["missing"] == lines.NO_NUMBER for row in lines.rows(bench, {}))
    assert lines.figures(bench, {}) in ({}, {"found": {}})


def test_our_time_by_theirs_is_turned_round() -> None:
    answer = {
        "all": {
            "weir": {"ms_cpu_per_page_extracted": spread(10)},
            "datatrove": {"ms_cpu_per_page_extracted": spread(40)},
            "ratio_per_extracted_page": spread(0.25, 0.2, 0.5),
        },
        "peer": {"versions": {"datatrove": "0.10.1"}},
    }
    whole, common = lines.rows("bench_peers", answer)
    assert whole["times_as_fast"] == {"median": 4.0, "min": 2.0, "max": 5.0, "n": 3}
    assert common["missing"] == lines.NO_NUMBER


def test_speeds_come_from_speeds() -> None:
    answer = {"sides": {"weir": side(20, 1.0), "datatrove": side(40, 2.0)}, "missing": {}}
    formatter, presidio = lines.rows("bench_pii", answer)
    assert (formatter["ours"], formatter["theirs"]) == (50, 25)
    assert "missing" in presidio


@pytest.mark.parametrize(
    ("path", "value"), [("a.b", 1), ("a.c", None), ("a.b.c", None), ("d", None)]
)
def test_lookup(path: str, value: object) -> None:
    assert lines.lookup({"a": {"b": 1}}, path) == value


@pytest.mark.parametrize("output", ["", "no JSON", "[1]", '{"a": 1'])
def test_what_is_no_answer_is_none(output: str) -> None:
    assert parsed(output) is None


def test_what_deduplicators_find_is_kept() -> None:
    held = {
        "candidates": {"recall_80": 1.0, "precision": 0.5, "pairs": 3},
        "removals": {"removed": 2, "removed_wrongly": 0, "pairs_left_80": 1, "pairs_left_75": 1},
    }
    found = lines.figures("bench_dedup", {"rensa": {"by_our_shingles": held}})["found"]
    assert found == {
        "rensa": {
            "recall_80": 1.0, "precision": 0.5, "removed": 2, "removed_wrongly": 0,
            "pairs_left_80": 1,
        }
    }  # fmt: skip
