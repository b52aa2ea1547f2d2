"""Close languages: how sure identification was of each page, and which language came second."""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from audit.phrases import language_name
from audit.runs import Run
from langid import confusables
from langid.tags import BY_TAG

RIVAL_FROM = 0.05
"""A second language counts from this posterior: one page in twenty of those would be its own."""

COLUMNS = ["tag", "runner_up", "runner_up_score", "language_score"]
NONE = ""
NAMES = {
    "hbs": "Serbo-Croatian",
    "insular_nordic": "Insular Nordic",
    "east_slavic": "East Slavic",
    "low_german": "Low German",
    "baltic_latvian": "Latvian",
    "baltic_lithuanian": "Lithuanian",
}
"""Names of groups that are not those of two languages or of a family in one word."""


def flows(run: Run) -> dict[str, Any] | None:
    """Doubt by language, and label against runner-up in each confusable group with documents.

    `doubt` holds, by tag, documents and the sum of 1 - confidence: as many labels identification
    itself expects to be wrong. In `groups`, `cells` counts a row's documents by the language that
    had a posterior of at least 0.05 beside the label; `sure` has none such, `outside` one of no
    mate; together they are `documents`. None where documents were pruned.
    """
    doubt: Counter[str] = Counter()
    count: Counter[str] = Counter()
    rivals: Counter[tuple[str, str]] = Counter()
    for shard in run.shards:
        if not run.is_there(shard.documents) and shard.documents.path in run.pruned:
            return None
        table = run.read(shard.documents, COLUMNS)
        wrong = pc.subtract(1.0, table["language_score"].cast(pa.float64()))
        is_rival = pc.greater_equal(pc.fill_null(table["runner_up_score"], 0.0), RIVAL_FROM)
        rival = pc.if_else(is_rival, pc.fill_null(table["runner_up"], NONE), NONE)
        ones = pa.array(np.ones(table.num_rows, np.int64))
        narrow = pa.table(
            [table["tag"], rival, wrong, ones], names=["tag", "rival", "wrong", "documents"]
        )
        # Without threads, for a sum of floats depends on its order.
        groups = narrow.group_by(["tag", "rival"], use_threads=False)
        sums = groups.aggregate([("wrong", "sum"), ("documents", "sum")])
        for row in sums.sort_by([("tag", "ascending"), ("rival", "ascending")]).to_pylist():
            doubt[row["tag"]] += row["wrong_sum"]
            count[row["tag"]] += row["documents_sum"]
            rivals[row["tag"], row["rival"]] += row["documents_sum"]
    return {
        "doubt": {tag: (count[tag], doubt[tag]) for tag in sorted(count)},
        "groups": _groups(count, rivals),
        "from": RIVAL_FROM,
    }


def _groups(count: Counter[str], rivals: Counter[tuple[str, str]]) -> list[dict[str, Any]]:
    """Groups with documents; the columns are the languages that are a rival of some document."""
    found = []
    for name, members in confusables.GROUPS.items():
        rows = [tag for tag in members if count[tag]]
        columns = [tag for tag in members if any(rivals[row, tag] for row in rows)]
        made = [_row(tag, columns, count, rivals) for tag in rows]
        if made:
            found.append(
                {
                    "name": NAMES.get(name, name.replace("_", "\u2013").title()),
                    "columns": [{**language_name(tag), "code": _code(tag)} for tag in columns],
                    "rows": made,
                    "documents": sum(row["documents"] for row in made),
                    "doubted": sum(row["documents"] - row["sure"] for row in made),
                }
            )
    return sorted(found, key=lambda group: (-group["doubted"], -group["documents"], group["name"]))


def _code(tag: str) -> str:
    """A tag as short as it can be told: without the script where the language has one only."""
    code = tag.partition("_")[0]
    return tag if sum(known.startswith(f"{code}_") for known in BY_TAG) > 1 else code


def _row(
    tag: str, columns: list[str], count: Counter[str], rivals: Counter[tuple[str, str]]
) -> dict[str, Any]:
    """Documents of a label by second language; the heaviest shade is half of a row."""
    cells = [rivals[tag, other] for other in columns]
    sure = rivals[tag, NONE]
    return {
        **language_name(tag),
        "code": _code(tag),
        "documents": count[tag],
        "sure": sure,
        "cells": [
            {"tag": other, "documents": cell, "shade": min(5, -(-10 * cell // count[tag]))}
            for other, cell in zip(columns, cells, strict=True)
        ],
        "outside": count[tag] - sure - sum(cells),
    }
