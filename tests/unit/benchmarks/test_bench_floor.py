"""The floor's arithmetic."""

import pytest

from benchmarks import bench_floor, measure


def test_the_run_is_divided_by_the_floor_of_its_round() -> None:
    runs = [measure.Cost(30.0, 1.0, 900.0), measure.Cost(60.0, 1.0, 950.0)]
    starts = [measure.Cost(10.0, 1.0, 300.0), measure.Cost(10.0, 1.0, 300.0)]
    made = bench_floor.summary(runs, starts, ([0.5, 1.0], [0.5, 1.0]), 1000, 500)
    assert made["times_the_floor"]["median"] == 30.0
    assert made["times_the_floor_without_startup"] == {
        "median": 22.5, "min": 20.0, "max": 25.0, "n": 2,
    }  # fmt: skip
    assert made["ms_per_response"]["weir"]["median"] == pytest.approx(45.0)
    assert made["ms_per_extracted_page"]["floor"]["median"] == pytest.approx(3.0)
    assert made["ms_per_response"]["gunzip"]["min"] == pytest.approx(0.5)
    assert made["peak_rss_mb"]["max"] == 950.0
