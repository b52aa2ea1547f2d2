"""The audit view's numbers: one grid to filter, and the same rows as files."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from audit import compare, exports, grid
from audit.grid import Wanted
from audit.web import server
from audit.web.addresses import turned
from audit.web.desk import Desk, Opened

KINDS: Final[Mapping[str, str]] = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "json": "application/json",
}
PAGE_ROWS: Final = 200


def screen(desk: Desk, given: Mapping[str, Any]) -> dict[str, Any]:
    """The rows asked for, 200 at a time, with their sum and what the metrics mean."""
    opened, wanted = desk.chosen(given), _wanted(given)
    rows, hidden = grid.rows(opened.table, wanted)
    first = server.whole(given, "from", 0, 1 << 40)
    shown = rows[first : first + PAGE_ROWS]
    return {
        "opened": opened,
        "wanted": wanted,
        "languages": opened.languages(),
        "steps": sorted({step for step, _ in opened.table}),
        "rows": shown,
        "count": len(rows),
        "hidden": hidden,
        "first": first,
        "size": PAGE_ROWS,
        "pages": turned("/numbers", given, first, PAGE_ROWS, len(rows)),
        "metrics": _metrics(rows),
        "kinds": list(KINDS),
        "small": grid.SMALL,
    }


def _metrics(rows: Sequence[tuple[str, str, str, str, int]]) -> list[dict[str, Any]]:
    """The metrics of some rows: meaning, how many rows, and their sum."""
    sums: dict[str, list[int]] = {}
    for _, metric, _, _, count in rows:
        sums.setdefault(metric, []).append(count)
    return [
        {"metric": name, "meaning": grid.definition(name), "rows": len(ns), "sum": sum(ns)}
        for name, ns in sorted(sums.items())
    ]


def file(desk: Desk, kind: str, _request: Request, given: Mapping[str, Any]) -> Response:
    """The rows asked for, all of them, as a file."""
    opened = desk.chosen(given)
    rows, _ = grid.rows(opened.table, _wanted(given))
    opened.log.add("numbers", [kind], len(rows))
    made = _made(opened, kind, rows)
    return server.download(made, f"weir-numbers-{opened.run.digest[:12]}.{kind}", KINDS[kind])


def _made(opened: Opened, kind: str, rows: list[tuple[str, str, str, str, int]]) -> bytes:
    if kind == "json":
        return grid.to_json(compare.identity(opened.run), rows)
    return exports.BY_FORMAT[kind](grid.table(opened.run.name, rows))


def _wanted(given: Mapping[str, Any]) -> Wanted:
    words = {
        name: str(given.get(name, "")).strip() for name in ("step", "language", "metric", "label")
    }
    return Wanted(
        **words,
        histograms=server.flag(given, "histograms"),
        hides_small=server.flag(given, "hides_small"),
    )
