"""The audit view's comparisons: two runs side by side, and groups of pages under one rule."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from audit import compare, differences, fairness, figures, sample
from audit.compare import ABSENT, ELSEWHERE, Matrix
from audit.fates import KEPT
from audit.phrases import language_name
from audit.web import server
from audit.web.addresses import link
from audit.web.desk import Desk, Opened
from filters.catalog import BY_NAME
from stages.errors import ConfigError

MAX_CELLS: Final = 60
MAX_LANGUAGES: Final = 20
MAX_DRIFT: Final = 15
CELL_PAGES: Final = 6
EXCERPT_CHARS: Final = 400
SHADES: Final = 5
MAX_GROUPS: Final = 60


# Two runs


def screen(desk: Desk, given: Mapping[str, Any]) -> dict[str, Any]:
    """What differs between two of the desk's runs."""
    before = desk.chosen(given, "run", 0)
    if len(desk.runs) < 2:
        return {"opened": before, "is_pair": False}
    after = desk.chosen(given, "other", 1 if before.number == 0 else 0)
    language = given.get("language") or None
    compare.check_language((before.run, after.run), (before.table, after.table), language)
    matrix = desk.matrix(before, after, language)
    found = compare.summary(matrix)
    pair = given.get("from", ""), given.get("to", "")
    changed = [cell for cell in found["cells"] if cell["changed"]]
    drift = differences.drift(before.table, after.table, language)
    tags = differences.kept_by_language(before.table, after.table)
    return {
        "opened": before,
        "is_pair": True,
        "after": after,
        "language": language,
        "languages": _languages(before, after),
        "identities": [compare.identity(one.run) for one in (before, after)],
        "groups": grouped(matrix),
        "both": found["both"],
        "only": (found["only_before"], found["only_after"]),
        "kept": next((row for row in found["fates"] if row["fate"] == KEPT), None),
        "changed": [
            {
                **cell,
                "chosen": (cell["before"], cell["after"]) == pair,
                "address": _address(given, (cell["before"], cell["after"])),
            }
            for cell in changed[:MAX_CELLS]
        ],
        "changes": len(changed),
        "moved": sum(cell["count"] for cell in changed),
        "largest": max((cell["count"] for cell in changed), default=1),
        "by_language": [
            {**row, "name": language_name(row["language"])}
            for row in tags
            if row["change"] or row["read"][0] != row["read"][1]
        ][:MAX_LANGUAGES],
        "drift": drift[:MAX_DRIFT],
        "drifted": sum(row["drifted"] for row in drift),
        "signals": len(drift),
        "thresholds": differences.thresholds(before.run, after.run, language),
        "settings": differences.settings(before.run, after.run),
        "hosts": desk.hosts(before, after, language),
        "cell": _cell(desk, before, after, language, given),
        "command": _command(before, after, language),
    }


def grouped(matrix: Matrix) -> dict[str, Any]:
    """The matrix by groups of reasons: names, rows of counts with a shade of 0 to 5, and totals."""
    labels = {group.key: group.label for group in figures.GROUPS}
    labels |= {KEPT: "Kept", ELSEWHERE: "Another language", ABSENT: "Not read"}
    keys = [
        name if name in (KEPT, ELSEWHERE, ABSENT) else figures.group_of(name)
        for name in matrix.names
    ]
    order = list(dict.fromkeys(keys))
    place = np.array([order.index(key) for key in keys])
    counts = np.zeros((len(order), len(order)), np.int64)
    np.add.at(counts, (place[:, None], place[None, :]), matrix.counts)
    used = [at for at in range(len(order)) if counts[at].any() or counts[:, at].any()]
    off = [int(counts[i, j]) for i in used for j in used if i != j]
    most = max(off, default=0)
    return {
        "names": [labels.get(order[at], order[at]) for at in used],
        "rows": [
            {
                "name": labels.get(order[i], order[i]),
                "cells": [
                    {
                        "count": int(counts[i, j]),
                        "same": i == j,
                        "shade": 0 if i == j else shade(int(counts[i, j]), most),
                    }
                    for j in used
                ],
                "total": int(counts[i].sum()),
            }
            for i in used
        ],
        "totals": [int(counts[:, j].sum()) for j in used],
    }


def shade(count: int, most: int) -> int:
    """A shade of 1 to 5 by the logarithm of a count; 0 for none."""
    if not count:
        return 0
    return 1 + round((SHADES - 1) * float(np.log1p(count) / np.log1p(max(most, 1))))


def _languages(before: Opened, after: Opened) -> list[dict[str, str]]:
    known = {one["tag"]: one for opened in (before, after) for one in opened.languages()}
    return sorted(known.values(), key=lambda one: one["name"])


def _cell(
    desk: Desk, before: Opened, after: Opened, language: str | None, given: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Pages of one cell as each of the runs that has them knows them."""
    pair = str(given.get("from", "")), str(given.get("to", ""))
    if not any(pair):
        return None
    seed = server.whole(given, "seed", 1, (1 << 63) - 1)
    with desk.reading:
        found = compare.cell(before.fates, after.fates, pair, CELL_PAGES, seed, language)
    pages = []
    for one in found:
        sides = zip((before, after), one["shards"], strict=True)
        side, shard = next((opened, at) for opened, at in sides if at is not None)
        made = sample.pages(side.run, [(0, one["doc_id"], shard)], EXCERPT_CHARS)[0]
        pages.append({**made, "run": side.number, "name": language_name(made["language"])})
    before.log.add("compare", ["from", "to", "seed"], len(pages))
    others = _address(given, pair, seed + 1)
    return {"from": pair[0], "to": pair[1], "seed": seed, "pages": pages, "address": others}


def _address(given: Mapping[str, Any], pair: tuple[str, str], seed: int | None = None) -> str:
    """Address of the same comparison with pages of a cell."""
    same = {name: given[name] for name in ("run", "other", "language") if name in given}
    return link("/compare", **same, seed=seed, **{"from": pair[0], "to": pair[1]})


def _command(before: Opened, after: Opened, language: str | None) -> str:
    parts = ["weir", "compare", str(before.run.path), str(after.run.path)]
    return shlex.join([*parts, *(["--language", language] if language else [])])


# Fairness


def fairness_screen(desk: Desk, given: Mapping[str, Any]) -> dict[str, Any]:
    """Shares of pages that pass a rule, or all of them, by one kind of group."""
    opened = desk.chosen(given)
    axis = server.choice(given, "by", fairness.AXES, "language")
    rule, language = given.get("rule") or None, given.get("language") or None
    if rule is not None and rule not in opened.run.rules:
        raise ConfigError("rule", f"{rule[:60]!r} is no rule of this run")
    languages = opened.languages()
    if language is not None and language not in {one["tag"] for one in languages}:
        raise ConfigError("language", f"no page of this run is in {language[:40]!r}")
    by_tag = axis in ("language", "script")
    found = fairness.by_language(opened.table) if by_tag else opened.groups(language)
    groups: Sequence[fairness.Group] = found[axis] if found else ()
    rows = fairness.rows(groups, rule)
    if axis != "length":
        rows.sort(key=_rank)
    ticks, overall = _ticks(rows), _overall(rows)
    return {
        "opened": opened,
        "axis": axis,
        "axes": fairness.AXES,
        "rule": rule,
        "rules": opened.run.rules,
        "described": BY_NAME[rule].description if rule in BY_NAME else "",
        "language": language,
        "languages": languages,
        "by_tag": by_tag,
        "few": fairness.FEW,
        "is_pruned": found is None,
        "groups": [
            {**row, **_named(axis, row["name"]), "x": _x(row, overall["share"], ticks[0])}
            for row in rows[:MAX_GROUPS]
        ],
        "count": len(rows),
        "overall": overall,
        "ticks": ticks,
        "lines": [round(1000 * (tick - ticks[0]) / (1 - ticks[0]), 1) for tick in ticks],
    }


def _rank(row: Mapping[str, Any]) -> tuple[bool, float, int, str]:
    """Large shares first; groups of too few pages after all others."""
    is_small = row["judged"] < fairness.FEW
    return is_small, -(row["share"] or 0.0), -row["judged"], row["name"]


def _named(axis: str, name: str) -> dict[str, str]:
    if axis == "language":
        return {"label": language_name(name)["name"], "code": name}
    if axis == "domain":
        return {"label": f".{name}" if name else "an address in numbers", "code": ""}
    return {"label": f"{name} words" if axis == "length" else name, "code": ""}


def _overall(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    judged, passed = (sum(row[name] for row in rows) for name in ("judged", "passed"))
    return {"judged": judged, "passed": passed, "share": passed / judged if judged else None}


def _ticks(rows: Sequence[Mapping[str, Any]]) -> tuple[float, ...]:
    """Shares along the axis; it starts at 50 % only where no interval reaches below."""
    if min((row["low"] for row in rows), default=0.0) >= 0.5:
        return (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    return (0.0, 0.25, 0.5, 0.75, 1.0)


def _x(row: Mapping[str, Any], overall: float | None, start: float) -> dict[str, float]:
    """Places of a row's marks on an axis of 1,000 units."""
    marks = {"low": row["low"], "high": row["high"], "share": row["share"], "overall": overall}
    return {
        name: round(1000 * ((value or 0.0) - start) / (1 - start), 1)
        for name, value in marks.items()
    }
