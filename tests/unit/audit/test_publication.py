import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.publication import corpus_equals_decisions, privacy
from audit.runs import Run
from tests.unit.audit.conftest import A, E

Rewrite = Callable[..., None]
Rows = list[dict[str, Any]]
FINNISH = "corpus/fin_Latn/fin_Latn-00000.parquet"


def repeat(rows: Rows) -> None:
    rows.append(copy.deepcopy(rows[0]))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda rows: rows[0].update(text="Something else."), f"row 0: text or URL of {A} is not"),
        (lambda rows: rows[0].update(url="https://x.example/"), f"row 0: text or URL of {A}"),
        (lambda rows: rows.pop(), f"{E} was kept, but is not in the corpus"),
        (repeat, f"row 2: {A} is in the corpus already, at {FINNISH} row 0"),
        (lambda rows: rows[0].update(doc_id="0" * 32), f"row 0: {'0' * 32} is not a kept document"),
        (lambda rows: rows[0].update(tag="deu_Latn"), "holds deu_Latn, fin_Latn, not only"),
    ],
)
def test_every_difference_is_named(
    folder: Path, rewrite: Rewrite, change: Callable[[Rows], Any], expected: str
) -> None:
    rewrite(folder, FINNISH, change)
    found = list(corpus_equals_decisions(Run(folder)))
    assert any(expected in fault for fault in found), found


def test_order_does_not_matter(folder: Path, rewrite: Rewrite) -> None:
    assert list(corpus_equals_decisions(Run(folder))) == []
    rewrite(folder, FINNISH, lambda rows: rows.reverse())
    assert list(corpus_equals_decisions(Run(folder))) == []


@pytest.mark.parametrize(
    ("path", "change", "expected"),
    [
        (FINNISH, lambda rows: rows[1].update(text="write to a@example.org"), "row 1: EMAIL in"),
        (FINNISH, lambda rows: rows[1].update(url="https://x.example/?q=a@example.org"), "its URL"),
        ("documents/00000.parquet", lambda rows: rows[0].update(title="a@example.org"), "title"),
        ("records/00001.parquet", lambda rows: rows[0].update(url="http://u:p@x.example/"), "URL"),
    ],
)
def test_personal_data_is_found_and_not_repeated(
    folder: Path, rewrite: Rewrite, path: str, change: Callable[[Rows], Any], expected: str
) -> None:
    assert list(privacy(Run(folder))) == []
    rewrite(folder, path, change)
    found = list(privacy(Run(folder)))
    assert any(expected in fault for fault in found), found
    assert not any("@" in fault for fault in found)
