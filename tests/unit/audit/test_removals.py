from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.removals import removals
from audit.runs import Run
from tests.unit.audit.conftest import A, D, G

Rewrite = Callable[..., None]
Rows = list[dict[str, Any]]
DECISIONS = "decisions/00000"


def test_sound_removals_have_no_fault(run: Run) -> None:
    assert list(removals(run)) == []


@pytest.mark.parametrize(
    ("path", "change", "expected"),
    [
        ("clusters/edges-0", lambda rows: rows.clear(), "no stored edge joins"),
        ("clusters/edges-0", lambda rows: rows[0].update(similarity=0.5), "row 0: similarity 0.5"),
        ("clusters/edges-0", lambda rows: rows[0].update(similarity=0.8), "0.875 is not that"),
        ("clusters/edges-0", lambda rows: rows[0].update(similarity=float("nan")), "row 0: sim"),
        (DECISIONS, lambda rows: rows[1].update(keeper_id=A), f"keeper {A} of {D} is not a kept"),
        (DECISIONS, lambda rows: rows[1].update(keeper_id=D), "without a keeper"),
        (DECISIONS, lambda rows: rows[1].update(keeper_id=None), "row 1: keeper_id is set for"),
        (DECISIONS, lambda rows: rows[1].update(keeper_id=G), "is not a kept document"),
        (DECISIONS, lambda rows: rows[1].update(method="exact_text"), "row 1: reason dedup.near"),
        (DECISIONS, lambda rows: rows[1].update(similarity=None), "row 1: similarity is set"),
        (DECISIONS, lambda rows: rows[3].update(keeper_id=A), "row 3: keeper_id is set for what"),
        (DECISIONS, lambda rows: rows[1].update(cluster_id=None), "1 of them are in stored"),
        (DECISIONS, lambda rows: rows[0].update(outcome="reject"), "is not a kept document"),
    ],
)
def test_removals_name_file_and_row(
    folder: Path, rewrite: Rewrite, path: str, change: Callable[[Rows], Any], expected: str
) -> None:
    rewrite(folder, f"{path}.parquet", change)
    found = list(removals(Run(folder)))
    assert any(expected in fault for fault in found), found


def test_equal_digests_join_without_an_edge(folder: Path, rewrite: Rewrite) -> None:
    rewrite(folder, "clusters/edges-1.parquet", lambda rows: rows.clear())
    assert list(removals(Run(folder))) == []
    rewrite(folder, "clusters/members-1.parquet", lambda rows: rows[0].update(text_digest="h" * 32))
    assert any("no stored edge joins" in fault for fault in removals(Run(folder)))
