"""docs/operations.md against the code: each error that stops work is answered, bounds are fresh."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import bench_bounds

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
QUOTED = [
    re.sub(r"\s+", " ", part).strip()
    for quote in re.findall(r"`([^`]+)`", PAGE)
    for part in re.split(r"\.\.\.|\bN\b|\bM\b", quote)
]
"""What the page quotes, in pieces between what varies."""
STOPPING = {"ShardError", "TransientError", "DiskError", "IntegrityError"}
ACTS = re.compile(
    r"\b(run|restore|delete|fetch|check|use|update|give|free|choose|mend|make|put|remove|lower|set|"
    r"raise|write|start|see|try|name|leave|release|rename|add|find out|compare|apply)\b"
)
"""A message that names what to do is its own answer; others must be on the page."""


def text_of(node: ast.expr) -> str:
    """A message as far as it is known before it is raised."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(v) if isinstance(v, ast.Constant) else " ... " for v in node.values)
    if isinstance(node, ast.BinOp):
        return text_of(node.left) + text_of(node.right)
    return " ... "


def messages() -> Iterator[tuple[str, str]]:
    """Each error of `STOPPING` in what runs: where it is raised, and its problem."""
    for folder in ("pipeline", "stages"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                    continue
                if node.func.id in STOPPING and len(node.args) == 2:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", text_of(node.args[1])


FOUND = list(messages())


def is_answered(message: str) -> bool:
    """Whether it says what to do, or the page quotes some words of it."""
    pieces = [re.sub(r"\s+", " ", part).strip() for part in message.split("...")]
    _, clause, remedy = message.partition(";")
    if clause and (ACTS.search(remedy) or remedy.strip() == "..."):
        return True
    return not any(pieces) or any(
        len(quote) > 5 and quote in piece for quote in QUOTED for piece in pieces
    )


def test_errors_are_found() -> None:
    assert len(FOUND) > 50


@pytest.mark.parametrize(("place", "message"), FOUND, ids=[place for place, _ in FOUND])
def test_each_error_that_stops_work_is_answered(place: str, message: str) -> None:
    assert is_answered(message), f"{place}: quote some of it in docs/operations.md"


def test_an_unknown_error_would_be_noticed() -> None:
    assert not is_answered("the moon is in the wrong quarter")


def test_the_table_of_bounds_is_that_of_the_code() -> None:
    begin, end = "--table -->\n", "\n<!-- /bounds -->"
    written = PAGE[PAGE.index(begin) + len(begin) : PAGE.index(end)].splitlines()
    assert written == bench_bounds.table(), "python -m benchmarks.bench_bounds --table"


def test_every_exit_code_has_a_row() -> None:
    rows = re.findall(r"^\| ([\d, ]+)", PAGE, re.M)
    codes = {code for row in rows for code in row.replace(" ", "").split(",")}
    assert {"0", "1", "2", "3", "4", "130", "143"} <= codes
