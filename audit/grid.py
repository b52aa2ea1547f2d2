"""Every number of a run as rows to compute on: step, metric, language, label, count."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from audit import stats
from stages import schema

SMALL: Final = 10
"""Counts under it can be left out: a cell of a few pages may point at a person."""
COLUMNS: Final = ("step", "metric", "language", "label", "count")

DEFINITIONS: Final[Mapping[str, str]] = {
    "documents.read": "Responses read from the archive.",
    "documents.rejected": "Records or documents rejected; the label is the reason.",
    "documents.quarantined": "Records set aside because reading them failed; the label says why.",
    "documents.extracted": "Pages whose main text was extracted.",
    "documents.kept": "Documents in the corpus.",
    "documents.rule.first": "Documents that fail the rule of the label first, in declared order.",
    "documents.rule.any": "Documents that fail the rule of the label, whatever else they fail.",
    "documents.rule.only": "Documents that fail the rule of the label and no other.",
    "pii.redacted": "Placeholders put in place of personal data; the label is the kind.",
    "histogram": "Documents by bin of a signal's values; the label is the bin's number, or null.",
    "robots.files": "robots.txt files of the snapshot, by what they were.",
    "latest.files": "Newer robots.txt files that the run was given, by what they were.",
    "side.files": "tdmrep.json, ai.txt and RSL files that the run was given.",
    "rights.reserved": "Pages that a channel reserves, whether the policy heeds it or not.",
    "rights.allowed": "Pages that no channel reserves, and that this one allows.",
    "rights.robots": "Pages by what the robots.txt of their host was.",
    "rights.robots_ambiguous": "Pages of which other readings of robots.txt say otherwise.",
    "block_list.keys": "Domains and addresses on the block list.",
    "records.other": "Records of other types than response, by type.",
    "bands": "What deduplication met in a band of signatures.",
    "pairs": "Pairs of documents that deduplication compared.",
    "components": "Groups of documents joined by candidate pairs; the label is their size.",
    "clusters": "Groups of documents joined by verified pairs; the label is their size.",
}
"""Meaning of a metric, by its name or what begins it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows: equal steps and languages, metrics and labels that contain a text."""

    step: str = ""
    language: str = ""
    metric: str = ""
    label: str = ""
    histograms: bool = False
    hides_small: bool = False


def definition(metric: str) -> str:
    """What a metric counts; empty for one that nothing is known of."""
    measure, _, rest = metric.partition(".")
    named = f"documents.{rest}"
    if measure in ("characters", "words", "tokens", "bytes") and named in DEFINITIONS:
        return f"The same in {measure}: {DEFINITIONS[named][0].lower()}{DEFINITIONS[named][1:]}"
    return DEFINITIONS.get(metric, DEFINITIONS.get(measure, ""))


def rows(counts: stats.Table, wanted: Wanted) -> tuple[list[tuple[str, str, str, str, int]], int]:
    """The rows asked for, sorted, and how many were left out for being small."""
    found = [
        (step, metric, language, label, count)
        for (step, metric), languages in counts.items()
        if wanted.step in ("", step)
        and wanted.metric.lower() in metric
        and (wanted.histograms or "histogram" in wanted.metric or not _is_bins(metric))
        for language, labels in languages.items()
        if wanted.language in ("", language)
        for label, count in labels.items()
        if wanted.label.lower() in label.lower()
    ]
    if not wanted.hides_small:
        return sorted(found), 0
    large = [row for row in found if row[-1] >= SMALL or row[-1] == 0]
    return sorted(large), len(found) - len(large)


def table(run: str, found: Sequence[tuple[str, str, str, str, int]]) -> pa.Table:
    """The rows in the schema of `counts`; `shard` is empty, since they are sums."""
    made = [{"run": run, "shard": "", **dict(zip(COLUMNS, row, strict=True))} for row in found]
    return pa.Table.from_batches([schema.batch(schema.COUNTS, made)])


def to_json(run: Mapping[str, Any], found: Sequence[tuple[str, str, str, str, int]]) -> bytes:
    """The rows as one JSON document with the run's identity and the definitions."""
    metrics = sorted({row[1] for row in found})
    document = {
        "run": dict(run),
        "columns": list(COLUMNS),
        "rows": [list(row) for row in found],
        "definitions": {metric: definition(metric) for metric in metrics},
    }
    return json.dumps(document, ensure_ascii=False).encode()


def _is_bins(metric: str) -> bool:
    return metric.startswith("histogram.")
