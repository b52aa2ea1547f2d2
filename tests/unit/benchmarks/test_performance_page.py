"""The generated part of docs/performance.md: its arithmetic, its tables, and that it is fresh."""

import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from audit import power
from benchmarks import bench_growth, measure, performance, performance_page
from benchmarks.performance_page import Snapshot, carried_on, cost, page, renewed, shown
from samples.archive import member, record

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")


def spread(median: float, n: int = 1) -> dict[str, Any]:
    return {"median": median, "min": median / 2, "max": median * 2, "n": n}


def floor() -> dict[str, Any]:
    keys = ("weir", "weir_without_startup", "floor", "gunzip", "parse")
    each = {key: spread(10.0) for key in keys}
    return {
        "responses": 1000,
        "html_responses": 990,
        "pages_extracted": 900,
        "ms_per_response": each,
        "ms_per_extracted_page": each,
        "times_the_floor": spread(25, 3),
        "times_the_floor_without_startup": spread(20, 3),
        "startup_cpu_s": spread(4),
        "peak_rss_mb": spread(2048),
        "peak_pss_mb": spread(1024),
    }


def bench(**held: Any) -> dict[str, Any]:
    machine = {"cpu": "C", "cores": 2, "python": "3.11", "date": "2026-11-23"}
    machine |= {"load_average": {"start": [0.1, 0, 0], "end": [1.0, 0, 0]}}
    return {
        "command": "python -m x", "machine": machine, "parameters": {}, "rows": [], "figures": {},
        **held,
    }  # fmt: skip


def row(**held: Any) -> dict[str, Any]:
    return {
        "stage": "read", "peer": "warcio", "unit": "ms a response", "note": "whole files",
        "versions": {"warcio": "1.8.1"}, **held,
    }  # fmt: skip


def test_cost_is_time_by_price_and_watts() -> None:
    made = cost(3600 * 100, 2.0, Snapshot())
    held = power.assumptions()
    assert made["core_hours"] == 100
    assert made["euros"] == pytest.approx({"low": 1.0, "mid": 2.0, "high": 5.0})
    watts = held["watts_per_core"]["mid"] + 2.0 * held["watts_per_gb"]["mid"]
    assert made["kwh"]["mid"] == pytest.approx(100 * watts / 1000 * held["pue"]["mid"])


def test_a_snapshot_is_reckoned_by_responses_and_by_bytes() -> None:
    snapshot = Snapshot(responses=3.6e6, bytes=3.6e12)
    made = carried_on(floor(), 10_000_000, snapshot)
    assert made["archived_kb_per_response"] == 10
    assert made["ms_per_archived_kb"] == pytest.approx(1.0)
    assert made["by_responses"]["core_hours"] == pytest.approx(10.0)
    assert made["by_bytes"]["core_hours"] == pytest.approx(1000.0)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        *((0, "0"), (0.04987, "0.0499"), (0.9996, "1.000"), (3.14159, "3.14"), (31.4159, "31.4")),
        *((314.159, "314"), (123_456.0, "123,000"), (-2.5, "-2.50")),
    ],
)
def test_three_digits_are_shown(number: float, text: str) -> None:
    assert shown(number) == text


def test_rows_are_shown_in_the_order_of_the_stages() -> None:
    ratio = {"median": 2.0, "min": 1.9, "max": 2.1, "n": 3}
    signed = row(stage="sign", peer="rensa", missing="ERROR: no | wheel")
    benches = {
        "bench_dedup": bench(rows=[signed]),
        "bench_read": bench(rows=[row(ours=0.2, theirs=0.4, times_as_fast=ratio)]),
    }
    lines = list(page(benches, Snapshot()))
    first = lines.index("|---|---|---|---:|---:|---:|---|") + 1
    assert lines[first] == (
        "| read | warcio 1.8.1 | ms a response | 0.200 | 0.400 | 2.00 (1.90 to 2.10) "
        "| whole files |"
    )
    assert lines[first + 1].endswith("|  |  |  | no number: ERROR: no \\| wheel |")


def test_the_floor_and_the_cost_are_shown() -> None:
    held = {"bench_floor": bench(figures=floor(), parameters={"bytes": 10_000_000})}
    text = "\n".join(page(held, Snapshot()))
    assert "**20.0 (10.0 to 40.0) times the floor**, 25.0 (12.5 to 50.0) with its start-up" in text
    assert "| **core-hours** | 7,220 | 25,000 |" in text
    assert "72.2 / 144 / 361 |" in text


def test_start_up_is_told_apart() -> None:
    ratio = {"median": 0.2, "min": 0.16, "max": 0.25, "n": 3}
    started = {"weir": 6.0, "datatrove": 7.0}
    figures = {"startup_cpu_s": started, "common": {"ratio_without_startup": ratio}}
    text = "\n".join(page({"bench_peers": bench(figures=figures)}, Snapshot()))
    assert "6.00 s of our whole run and 7.00 s" in text
    assert "**5.00 (4.00 to 6.25) times as fast**" in text


def test_quality_stands_beside_speed() -> None:
    quality = {
        "snippets": {"precision": 0.9, "recall": 0.8, "f1": 0.847},
        "words": 0.7,
        "agreement": {"mean": 0.94, "median": 0.97},
    }
    speed = {"ms_a_page": spread(2.0), "times_trafilatura_fast": spread(6, 3)}
    held = {
        "bench_extractors": bench(figures={"speed": {"weir": speed}, "quality": {"weir": quality}}),
        "bench_extraction": bench(figures={"weir": {"f1": 0.93}, "datatrove": {"f1": 0.9}}),
    }
    text = "\n".join(page(held, Snapshot()))
    cells = "2.00 | 6.00 (3.00 to 12.0) | 0.900 | 0.800 | 0.847 | 0.700 | 0.940 / 0.970"
    assert f"| weir | {cells} |" in text
    assert "**stores**: 0.930 of weir's, 0.900 of datatrove's." in text


def test_growth_is_shown_by_size() -> None:
    start, runs = measure.Cost(2.0, 1.0, 500.0), [[measure.Cost(3.0, 1.0, 800.0, 600.0)]]
    runs.append([measure.Cost(12.95, 1.0, 900.0, 700.0)] * 2)
    figures = bench_growth.growth([200, 1100], runs, [start])
    assert [size["ms_cpu_per_record"]["median"] for size in figures["sizes"]] == [10.0, 10.95]
    assert figures["slowest_to_fastest"] == figures["largest_to_smallest"] == 1.095
    text = "\n".join(page({"bench_growth": bench(figures=figures)}, Snapshot()))
    assert "| 1,100 | 10.9 (10.9 to 10.9) | 900 | 700 |" in text
    assert "Slowest to fastest: 1.095." in text


def test_sizes_take_turns() -> None:
    assert bench_growth.order([3, 2, 1]) == [0, 1, 0, 2, 1, 0]


def test_a_large_input_repeats_a_small_one_under_other_ids(tmp_path: Path) -> None:
    one = tmp_path / "one.warc.gz"
    fields = [("WARC-Record-ID", f"<urn:uuid:{uuid.uuid4()}>"), ("WARC-Type", "response")]
    one.write_bytes(b"".join(member(record("response", fields, b"x" * at), 1) for at in range(6)))
    found = bench_growth.drawn(bench_growth.responses(one), 3)
    assert [len(data) - len(found[0]) for data in found] == [0, 2, 4]
    bench_growth.write(bench_growth.drawn(found, 7), tmp_path / "many.warc.gz")
    many = bench_growth.responses(tmp_path / "many.warc.gz")
    assert [len(data) - len(many[0]) for data in many] == [0, 2, 4, 0, 2, 4, 0]
    assert len({re.search(rb"urn:uuid:[^>]*", data)[0] for data in many}) == 7  # type: ignore[index]


def test_a_failure_is_said_and_nothing_made_up() -> None:
    text = "\n".join(page({"bench_floor": bench(failed="OSError: no file")}, Snapshot()))
    assert text.count("No number: OSError: no file") == 2
    assert "core-hours" not in text


def test_only_what_is_below_the_mark_is_renewed() -> None:
    text = f"# Above\n\n{performance_page.MARK}\n\nold\n"
    assert renewed(text, ["new", ""]) == f"# Above\n\n{performance_page.MARK}\n\nnew\n"
    with pytest.raises(ValueError, match="no line"):
        renewed("# Above\n", [])


def test_the_page_is_fresh() -> None:
    """`python -m benchmarks.performance --only ... --write`, and do not edit below the mark."""
    kept = json.loads(performance.SUMMARY.read_text(encoding="utf-8"))
    assert renewed(PAGE, list(page(kept, Snapshot()))) == PAGE


def test_the_page_states_what_is_assumed() -> None:
    snapshot = Snapshot()
    assert f"| {snapshot.responses / 1e9:g} billion |" in PAGE
    assert f"| {snapshot.files:,} |" in PAGE
    prices = " | ".join(f"{price:g}".lstrip("0") for price in snapshot.euros().values())
    assert f"| {prices} |" in PAGE
    held = [power.assumptions()[key] for key in ("watts_per_core", "watts_per_gb", "pue")]
    for level in power.LEVELS:
        assert ", ".join(f"{each[level]:g}".removeprefix("0") for each in held) in PAGE


def test_every_benchmark_of_the_page_is_named_on_it() -> None:
    above = PAGE.partition(performance_page.MARK)[0]
    named = set(re.findall(r"\| `python -m benchmarks\.(\w+)` \|", above))
    assert named == set(performance.LINES)


def test_new_summaries_take_the_places_of_old_ones() -> None:
    before = {"bench_read": {"n": 1}, "bench_peers": {"n": 1}, "gone": {"n": 1}}
    assert performance.merged(before, {"bench_read": {"n": 2}}) == {
        "bench_peers": {"n": 1},
        "bench_read": {"n": 2},
    }
