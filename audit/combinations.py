"""Which rules fail together: documents by their whole set of failed rules."""

from collections import Counter
from typing import Any

from audit.runs import Run

TOP = 15
"""Issue 6: the report shows the 15 most frequent sets."""

ALL = ""
"""Key of all languages together."""


def combinations(run: Run) -> dict[str, Counter[int]]:
    """Documents by mask of failed rules, for each language, and under "" for all of them."""
    found: dict[str, Counter[int]] = {ALL: Counter()}
    for _, table in run.decisions(["tag", "failed_rules"]):
        grouped = table.group_by(["tag", "failed_rules"]).aggregate([([], "count_all")])
        for row in grouped.to_pylist():
            if row["failed_rules"]:
                for tag in (ALL, row["tag"]):
                    place = found.setdefault(tag, Counter())
                    place[row["failed_rules"]] += row["count_all"]
    return found


def matrix(run: Run, masks: Counter[int]) -> dict[str, Any]:
    """The most frequent sets as rows of a matrix over the rules in them, in declared order.

    `rest` counts documents of the other sets: with the rows, all that fail a rule.
    """
    order = sorted(masks.items(), key=lambda item: (-item[1], item[0]))
    shown = order[:TOP]
    used = 0
    for mask, _ in shown:
        used |= mask
    columns = run.failed(used)
    largest = max((count for _, count in shown), default=0)
    rows = [
        {
            "names": (names := run.failed(mask)),
            "cells": [name in names for name in columns],
            "documents": count,
            "width": round(1000 * count / largest, 1),
        }
        for mask, count in shown
    ]
    alone = sum(count for mask, count in masks.items() if mask & (mask - 1) == 0)
    return {
        "columns": columns,
        "rows": rows,
        "documents": sum(masks.values()),
        "alone": alone,
        "rest": sum(count for _, count in order[TOP:]),
        "rest_sets": len(order[TOP:]),
    }
