"""Numbers of sides that took turns, and what is said of one that cannot be had."""

from typing import Any

import pytest

from benchmarks import measure, sides


class _Done:
    """A side that had its rounds."""

    def __init__(self, name: str, spent: list[float]) -> None:
        self.name, self.spent, self.made = name, spent, 7
        self.versions: dict[str, str] = {}


def test_ratios_are_of_each_round() -> None:
    done: Any = [_Done("weir", [1.0, 2.0, 4.0]), _Done("peer", [3.0, 8.0, 4.0])]
    made = sides.summary(done, 1000, {"other": "no wheel"})
    assert made["sides"]["weir"]["ms_each"]["median"] == 2.0
    assert made["sides"]["weir"]["each_s"]["median"] == 500
    assert made["sides"]["peer"]["times_as_fast"] == {"median": 3.0, "min": 1.0, "max": 4.0, "n": 3}
    assert made["missing"] == {"other": "no wheel"}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("first\nERROR: no file /a/b-c/d.txt here\n", "ERROR: no file (path) here"),
        ("see https://host.example/x?y for more", "see (address) for more"),
        ("", "RuntimeError"),
        ("x" * 500, "x" * measure.REASON_CHARS),
        ("1/2 of 3 GB", "1/2 of 3 GB"),
    ],
)
def test_reasons_name_no_place_of_this_machine(words: str, reason: str) -> None:
    assert measure.reason(RuntimeError(words)) == reason


def test_peers_have_our_own_pins() -> None:
    (pin,) = sides.pinned("fastwarc")
    assert pin.lower().startswith("fastwarc==")
