"""Two runs side by side: what became of each record in one and in the other, and what differs.

Records are joined by doc_id, which is a hash of the place in the archive: two runs over the same
archives share all of them, two snapshots share none.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit import differences, fates, figures, sample, stats
from audit.fates import KEPT, Fates
from audit.runs import Run
from stages.errors import ConfigError

ABSENT: Final = "not read"
ELSEWHERE: Final = "another language"
PART_ROWS: Final = 20_000_000
"""Records of the larger run that are held at a time: some 1.2 GB while they are sorted."""


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """How many records had one fate before and another after.

    `names` are the fates of both runs in the order in which pages meet them, then `another
    language` and `not read`; `counts[i, j]` is of those with fate i before and j after.
    """

    names: tuple[str, ...]
    counts: NDArray[np.int64]

    def cells(self) -> list[dict[str, Any]]:
        """Cells that are not empty, the largest first."""
        found = [
            {
                "before": self.names[i],
                "after": self.names[j],
                "count": int(self.counts[i, j]),
                "changed": bool(i != j),
            }
            for i, j in np.argwhere(self.counts).tolist()
        ]
        return sorted(found, key=lambda cell: (-cell["count"], cell["before"], cell["after"]))

    def totals(self) -> list[dict[str, Any]]:
        """Records by fate before and after, and how many of them have it in both."""
        before, after = self.counts.sum(axis=1), self.counts.sum(axis=0)
        return [
            {
                "fate": name,
                "before": int(before[at]),
                "after": int(after[at]),
                "both": int(self.counts[at, at]),
                "gained": int(after[at] - self.counts[at, at]),
                "lost": int(before[at] - self.counts[at, at]),
            }
            for at, name in enumerate(self.names)
            if before[at] or after[at]
        ]


def compare(before: Run, after: Run, language: str | None = None) -> dict[str, Any]:
    """What differs between two runs, for all languages or one tag, as plain data.

    `fates`, `cells`: records by what became of them; without a language, their sums are those of
    both runs' statistics. `drift`: population stability index of each signal. `thresholds`,
    `settings`: what differs in the configurations. `hosts`: those with kept pages in one run
    alone. ConfigError for a language that neither run has. Memory is bounded: larger runs are
    read in ranges of doc_ids.
    """
    tables = stats.counts(before), stats.counts(after)
    check_language((before, after), tables, language)
    parts = max(1, -(-max(_records(before), _records(after)) // PART_ROWS))
    matrix = transitions(_parts(before, after, parts), language)
    return {
        "runs": [identity(run) for run in (before, after)],
        "language": language,
        **summary(matrix),
        "languages": differences.kept_by_language(*tables),
        "drift": differences.drift(*tables, language),
        "thresholds": differences.thresholds(before, after, language),
        "settings": differences.settings(before, after),
        "hosts": differences.hosts(before, after, language),
    }


def summary(matrix: Matrix) -> dict[str, Any]:
    """The matrix as plain data: fates, cells, and how many records are in both runs."""
    absent = matrix.names.index(ABSENT)
    only_after, only_before = matrix.counts[absent].sum(), matrix.counts[:, absent].sum()
    return {
        "both": int(matrix.counts.sum() - only_after - only_before),
        "only_before": int(only_before),
        "only_after": int(only_after),
        "fates": matrix.totals(),
        "cells": matrix.cells(),
    }


def identity(run: Run) -> dict[str, Any]:
    """What tells a run from another."""
    return {
        "name": run.name,
        "path": str(run.path),
        "snapshot": run.snapshot,
        "digest": run.digest,
        "config_digest": str(run.book.get("config_digest", "?")),
        "code_version": str(run.book.get("code_version", "?")),
        "finished_at": run.book.get("finished_at"),
    }


def check_language(
    compared: Sequence[Run], tables: Sequence[stats.Table], language: str | None
) -> None:
    """ConfigError for a language that no run has."""
    known = {tag for table in tables for tag in table.get(("extract", "documents.read"), {})}
    if language is not None and language not in known:
        names = " or ".join(str(run.path) for run in compared)
        raise ConfigError(
            "--language",
            f"no page of {names} is in {language[:40]!r}",
            f"see what there is with: weir stats {compared[0].path}",
        )


# Transitions


def transitions(parts: Iterator[tuple[Fates, Fates]], language: str | None = None) -> Matrix:
    """The matrix of two runs' fates, which come in the same ranges of doc_ids.

    With a language, records of other languages count as `another language`; those that are so in
    both runs are left out.
    """
    from filters import merge_loops  # noqa: PLC0415 - compiles; see filters.compiled

    counts: dict[tuple[str, str], int] = defaultdict(int)
    for before, after in parts:
        names = fate_names(before, after)
        left, right = (_coded(one, names, language) for one in (before, after))
        absent = names.index(ABSENT)
        found = merge_loops.pairs_of_codes(match(before, after), left, right, len(names), absent)
        for i, j in np.argwhere(found).tolist():
            counts[names[i], names[j]] += int(found[i, j])
    outside = {ELSEWHERE, ABSENT}
    kept = {pair: count for pair, count in counts.items() if not set(pair) <= outside}
    names = _ordered({name for pair in kept for name in pair} | {KEPT, ABSENT})
    matrix = np.zeros((len(names), len(names)), np.int64)
    for (one, other), count in kept.items():
        matrix[names.index(one), names.index(other)] = count
    return Matrix(names, matrix)


def fate_names(before: Fates, after: Fates) -> tuple[str, ...]:
    """All names that codes of two runs stand for."""
    return _ordered({*before.names, *after.names, ELSEWHERE, ABSENT})


def match(before: Fates, after: Fates) -> NDArray[np.int64]:
    """For each record of `before` its row in `after`; -1 where that has none."""
    from filters import merge_loops  # noqa: PLC0415 - compiles; see filters.compiled

    return merge_loops.matches(before.head, before.tail, after.head, after.tail)


def cell(
    before: Fates,
    after: Fates,
    fate: tuple[str, str],
    n: int,
    seed: int,
    language: str | None = None,
) -> list[dict[str, Any]]:
    """Up to n records with one fate before and another after, chosen by seed: their places.

    The same for everybody; `shards` are the numbers of the shards before and after, None where
    the run has no such record. ConfigError for a fate that neither run has.
    """
    names = fate_names(before, after)
    for name in fate:
        if name not in names:
            raise ConfigError("fate", f"{name[:60]!r} is what became of no record of these runs")
    left, right = (_coded(one, names, language) for one in (before, after))
    at = match(before, after)
    absent = names.index(ABSENT)
    fate_after = np.where(at >= 0, right[at], np.uint16(absent)) if len(after) else absent
    rows = np.flatnonzero((left == names.index(fate[0])) & (fate_after == names.index(fate[1])))
    found = [(before, row, int(at[row])) for row in _chosen(before, rows, n, seed)]
    if fate[0] == ABSENT:
        is_new = np.ones(len(after), np.bool_)
        is_new[at[at >= 0]] = False
        rows = np.flatnonzero(is_new & (right == names.index(fate[1])))
        found = [(after, row, row) for row in _chosen(after, rows, n, seed)]
    return [
        {
            "doc_id": source.doc_ids(np.array([row]))[0],
            "shards": (
                int(before.shard[row]) if source is before else None,
                int(after.shard[other]) if other >= 0 else None,
            ),
        }
        for source, row, other in found
    ]


def _chosen(one: Fates, rows: NDArray[np.int64], n: int, seed: int) -> list[int]:
    """The n of some rows that come first in the order of a seed."""
    keys = sample.mixed(one.head[rows], seed)
    near = sample.smallest(keys, n)
    chosen: list[int] = rows[near[np.argsort(keys[near], kind="stable")]][:n].tolist()
    return chosen


def _coded(one: Fates, names: Sequence[str], language: str | None) -> NDArray[np.uint16]:
    """Fates as numbers of `names`; those of other languages are `another language`."""
    found = np.array([names.index(name) for name in one.names], np.uint16)[one.fate]
    if language is not None:
        own = one.tags.index(language) if language in one.tags else -1
        found[one.tag != own] = names.index(ELSEWHERE)
    return found


def _ordered(names: set[str]) -> tuple[str, ...]:
    """Fates in the order in which pages meet them; the kept ones first."""
    groups = [group.key for group in figures.GROUPS]
    last = {ELSEWHERE: 1, ABSENT: 2}

    def key(name: str) -> tuple[int, int, str]:
        if name == KEPT or name in last:
            return last.get(name, -1), 0, name
        group = figures.group_of(name)
        return 0, groups.index(group) if group in groups else len(groups), name

    return tuple(sorted(names, key=key))


def _parts(before: Run, after: Run, parts: int) -> Iterator[tuple[Fates, Fates]]:
    for part in range(parts):
        yield fates.read(before, part, parts), fates.read(after, part, parts)


def _records(run: Run) -> int:
    return sum(shard.records.rows for shard in run.shards)
