"""Whom the rules hit: pages that pass each rule, by language, script, top-level domain and length.

Shares come with Wilson intervals, since a small group's share says little.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit import stats
from audit.places import hosts
from audit.precision import wilson
from audit.runs import Run
from audit.sample import visible
from stages import schema

AXES: Final = ("language", "script", "domain", "length")
BANDS: Final = (50, 100, 200, 500, 1000, 2000, 5000)
"""Words at which a length band ends; rules on length are judged from some 50 words."""


FEW: Final = 20
"""Pages of a group under which its share is too uncertain to draw the axis for."""


@dataclass(frozen=True, slots=True)
class Group:
    """Judged pages of one kind: how many, how many kept, and how many fail each rule."""

    name: str
    judged: int
    kept: int
    fails: Mapping[str, int]


def by_language(table: stats.Table) -> dict[str, list[Group]]:
    """Groups by language and by script, from the statistics, the largest first."""
    judged: dict[str, int] = defaultdict(int)
    kept: dict[str, int] = defaultdict(int)
    for state in ("kept", "rejected"):
        for tag, labels in table.get(("decide", f"documents.{state}"), {}).items():
            judged[tag] += sum(labels.values())
            kept[tag] += sum(labels.values()) if state == "kept" else 0
    fails = table.get(("decide", "documents.rule.any"), {})
    languages = [Group(tag, n, kept[tag], dict(fails.get(tag, {}))) for tag, n in judged.items()]
    scripts: dict[str, list[Group]] = defaultdict(list)
    for group in languages:
        scripts[group.name.partition("_")[2]].append(group)
    return {
        "language": _sorted(languages),
        "script": _sorted([_merged(name, parts) for name, parts in scripts.items()]),
    }


def by_page(run: Run, language: str | None = None) -> dict[str, list[Group]] | None:
    """Groups by top-level domain and by length in words, for all languages or one.

    Read from documents and decisions; None where documents were pruned. Memory grows with the
    number of domains.
    """
    counts: dict[str, dict[str, NDArray[np.int64]]] = {
        "domain": defaultdict(_zeros(run)),
        "length": defaultdict(_zeros(run)),
    }
    for shard in run.shards:
        if shard.documents.path in run.pruned and not run.is_there(shard.documents):
            return None
        documents = run.read(shard.documents, ["url", "n_words"])
        decisions = run.read(shard.decisions, ["tag", "outcome", "failed_rules"])
        if language is not None:
            mine = pc.equal(decisions["tag"], language)
            documents, decisions = documents.filter(mine), decisions.filter(mine)
        kept = pc.equal(decisions["outcome"], schema.KEEP).to_numpy()
        masks = decisions["failed_rules"].to_numpy()
        columns = {
            "domain": pc.dictionary_encode(domains(documents["url"])),
            "length": _bands(documents["n_words"].to_numpy()),
        }
        for axis, encoded in columns.items():
            _count(counts[axis], encoded, kept, masks, len(run.rules))
    found = {
        axis: [
            Group(visible(name), int(row[0]), int(row[1]), _named(run.rules, row[2:]))
            for name, row in groups.items()
        ]
        for axis, groups in counts.items()
    }
    order = [*_band_names()]
    lengths = sorted(found["length"], key=lambda group: order.index(group.name))
    return {"domain": _sorted(found["domain"]), "length": lengths}


def rows(groups: Sequence[Group], rule: str | None) -> list[dict[str, Any]]:
    """Share of pages that pass a rule (or are kept, without one), each with its interval."""
    found = []
    for group in groups:
        passed = group.kept if rule is None else group.judged - group.fails.get(rule, 0)
        low, high = wilson(passed, group.judged) if group.judged else (0.0, 1.0)
        found.append(
            {
                "name": group.name,
                "judged": group.judged,
                "passed": passed,
                "share": passed / group.judged if group.judged else None,
                "low": low,
                "high": high,
            }
        )
    return found


def domains(urls: pa.ChunkedArray) -> pa.Array:
    """Last label of each URL's host; empty for numbers (addresses) and where there is none."""
    names = pc.fill_null(hosts(urls), "")
    last = pc.struct_field(pc.extract_regex(names, r"(?:^|\.)(?P<last>[^.:]+)$"), "last")
    last = pc.fill_null(last, "")
    return pc.if_else(pc.match_substring_regex(last, r"^\d+$"), "", last)


def _zeros(run: Run) -> Any:
    return lambda: np.zeros(2 + len(run.rules), np.int64)


def _band_names() -> tuple[str, ...]:
    edges = [0, *BANDS]
    bounded = [f"{low:,}–{high - 1:,}" for low, high in zip(edges, BANDS, strict=False)]
    return (*bounded, f"{BANDS[-1]:,} and more")


def _bands(words: NDArray[np.int64]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(
        np.searchsorted(np.array(BANDS), words, side="right").astype(np.int32), [*_band_names()]
    )


def _count(
    groups: dict[str, NDArray[np.int64]],
    encoded: pa.DictionaryArray,
    kept: NDArray[np.bool_],
    masks: NDArray[np.uint64],
    rules: int,
) -> None:
    """Add a shard's pages: judged, kept, and failing each rule, by group."""
    names = encoded.dictionary.to_pylist()
    codes = np.asarray(encoded.indices)
    columns = [np.ones(codes.size, np.bool_), kept]
    columns += [(masks >> np.uint64(bit) & np.uint64(1)).astype(np.bool_) for bit in range(rules)]
    for at, column in enumerate(columns):
        sums = np.bincount(codes[column], minlength=len(names))
        for code in np.flatnonzero(sums).tolist():
            groups[names[code]][at] += sums[code]


def _named(rules: Sequence[str], counts: NDArray[np.int64]) -> dict[str, int]:
    return {name: int(n) for name, n in zip(rules, counts.tolist(), strict=True) if n}


def _merged(name: str, parts: Sequence[Group]) -> Group:
    fails: dict[str, int] = defaultdict(int)
    for part in parts:
        for rule, count in part.fails.items():
            fails[rule] += count
    judged, kept = (sum(getattr(part, of) for part in parts) for of in ("judged", "kept"))
    return Group(name, judged, kept, dict(fails))


def _sorted(groups: Sequence[Group]) -> list[Group]:
    return sorted(groups, key=lambda group: (-group.judged, group.name))
