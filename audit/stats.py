"""The numbers of a run, summed from its statistics: counts by language, reason, rule and kind."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audit.runs import Run
from pipeline import storage
from stages import schema
from stages.errors import IntegrityError

STATISTICS = "statistics/counts.parquet"
Table = dict[tuple[str, str], dict[str, dict[str, int]]]
"""(step, metric) -> language -> label -> count, summed over shards."""

UNITS = ("documents", "characters", "bytes")
RULE_MEASURES = ("documents", "characters", "words", "tokens")


def counts(run: Run) -> Table:
    """All counts, summed over shards. IntegrityError if the statistics cannot be read."""
    table: Table = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    keys = ["step", "metric", "language", "label"]
    try:
        with pq.ParquetFile(storage.opened(run.path / STATISTICS)) as file:
            if not file.schema_arrow.remove_metadata().equals(schema.COUNTS.schema):
                raise IntegrityError(STATISTICS, "its schema is not that of `counts`")
            for batch in file.iter_batches(1 << 18, columns=[*keys, "count"]):
                grouped = (
                    pa.Table.from_batches([batch]).group_by(keys).aggregate([("count", "sum")])
                )
                columns = [grouped.column(name).to_pylist() for name in [*keys, "count_sum"]]
                for step, metric, language, label, count in zip(*columns, strict=True):
                    table[step, metric][language][label] += count
    except FileNotFoundError:
        raise IntegrityError(
            STATISTICS, "is missing; run the same command again to write it"
        ) from None
    except (OSError, pa.ArrowException):
        raise IntegrityError(STATISTICS, "cannot be read") from None
    return table


def stats(run: Run) -> dict[str, Any]:
    """Totals and languages in documents, characters and bytes; rules and personal data by language.

    Every language's read = kept + rejected + quarantined; `imbalances` says where that is not so.
    """
    return summarise(counts(run))


def summarise(table: Table) -> dict[str, Any]:
    """The same from counts that were read before."""
    tags = sorted({tag for languages in table.values() for tag in languages})
    measured = {tag: {unit: _account(table, unit, [tag]) for unit in UNITS} for tag in tags}
    read = [tag for tag in tags if any(_total(account) for account in measured[tag].values())]
    return {
        "totals": _shaped({unit: _account(table, unit, read) for unit in UNITS}),
        "languages": {tag: _shaped(measured[tag]) for tag in read},
        "rules": _rules(table),
        "pii": {
            tag: dict(sorted(kinds.items()))
            for tag, kinds in sorted(table.get(("extract", "pii.redacted"), {}).items())
        },
    }


TIDY = pa.schema(
    [
        pa.field("run", pa.string(), nullable=False),
        pa.field("snapshot", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("unit", pa.string(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),
    ]
)
"""One number a row. `metric`: read, kept, rejected, quarantined, rule.first, rule.any, rule.only or
pii. `label`: the reason, the rule or the kind of personal data; null for read and kept. `unit`:
documents, characters, bytes, words, tokens, or spans of personal data."""


def tidy(run: Run, found: Mapping[str, Any]) -> pa.Table:
    """What `stats` found as rows of TIDY, a number each; they sum over languages."""
    rows = [
        (tag, *row)
        for tag, account in found["languages"].items()
        for row in (*_outcome_rows(account), *_rule_rows(found["rules"].get(tag, {})))
    ]
    rows += [
        (tag, "pii", kind, "spans", count)
        for tag, kinds in found["pii"].items()
        if tag in found["languages"]
        for kind, count in kinds.items()
    ]
    columns = zip(*((run.name, run.snapshot, *row) for row in sorted(rows, key=str)), strict=True)
    arrays = [pa.array(c, t) for c, t in zip(columns, TIDY.types, strict=True)] if rows else []
    return pa.Table.from_arrays(arrays, schema=TIDY) if rows else TIDY.empty_table()


def _outcome_rows(account: Mapping[str, Any]) -> Iterator[tuple[str, str | None, str, int]]:
    for unit, part in _by_unit(account).items():
        for state in ("read", "kept"):
            yield state, None, unit, part[state]
        for state in ("rejected", "quarantined"):
            for reason, count in part[state].items():
                yield state, reason, unit, count


def _rule_rows(rules: Mapping[str, Any]) -> Iterator[tuple[str, str, str, int]]:
    for name, rule in rules.items():
        for measure in RULE_MEASURES:
            part = rule if measure == "documents" else rule.get(measure)
            for state in ("first", "any", "only") if part else ():
                yield f"rule.{state}", name, measure, part[state]


def imbalances(found: Mapping[str, Any]) -> list[str]:
    """Where the books of `stats` do not balance, in words; empty if they do."""
    faults = []
    places = {"all languages": found["totals"], **found["languages"]}
    for place, account in places.items():
        for unit, part in _by_unit(account).items():
            out = part["kept"] + sum(part["rejected"].values()) + sum(part["quarantined"].values())
            if part["read"] != out:
                faults.append(f"{place}: {part['read']} {unit} read, {out} accounted for")
    for unit, total in _by_unit(found["totals"]).items():
        summed = sum(_by_unit(account)[unit]["read"] for account in found["languages"].values())
        if summed != total["read"]:
            faults.append(f"{unit}: languages sum to {summed}, the total is {total['read']}")
    return faults


def labels(table: Table, step: str, metric: str) -> dict[str, int]:
    """Counts of a metric by label, over all languages."""
    sums: dict[str, int] = {}
    for of_language in table.get((step, metric), {}).values():
        for label, count in of_language.items():
            sums[label] = sums.get(label, 0) + count
    return sums


def total(table: Table, step: str, metric: str) -> int:
    """A metric over all languages and labels."""
    return sum(labels(table, step, metric).values())


def _account(table: Table, unit: str, tags: Iterable[str]) -> dict[str, Any]:
    """Read, kept, rejected and quarantined of some languages in one unit."""
    account: dict[str, Any] = {"read": 0, "kept": 0, "rejected": {}, "quarantined": {}}
    for tag in tags:
        account["read"] += sum(_labels(table, "extract", f"{unit}.read", tag).values())
        account["kept"] += sum(_labels(table, "decide", f"{unit}.kept", tag).values())
        for step, state in (
            ("extract", "rejected"),
            ("extract", "quarantined"),
            ("decide", "rejected"),
        ):
            for reason, count in _labels(table, step, f"{unit}.{state}", tag).items():
                account[state][reason] = account[state].get(reason, 0) + count
    for state in ("rejected", "quarantined"):
        account[state] = dict(sorted(account[state].items()))
    return account


def _labels(table: Table, step: str, metric: str, tag: str) -> Mapping[str, int]:
    return table.get((step, metric), {}).get(tag, {})


def _shaped(units: Mapping[str, Any]) -> dict[str, Any]:
    """Documents at the top, the other units beside them."""
    return {**units["documents"], "characters": units["characters"], "bytes": units["bytes"]}


def _by_unit(account: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "documents": account,
        "characters": account["characters"],
        "bytes": account["bytes"],
    }


def _total(account: Mapping[str, Any]) -> int:
    return int(account["read"] + account["kept"] + sum(account["rejected"].values()))


def _rules(table: Table) -> dict[str, dict[str, dict[str, Any]]]:
    """What fails each rule by language: first, at all, and alone.

    Documents at the top, characters, words and tokens (where a run counted them) beside them.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    none = dict.fromkeys(("first", "any", "only"), 0)
    for measure in RULE_MEASURES:
        for state in none:
            for tag, names in table.get(("decide", f"{measure}.rule.{state}"), {}).items():
                for name, count in names.items():
                    rule = found.setdefault(tag, {}).setdefault(name, dict(none))
                    place = rule if measure == "documents" else rule.setdefault(measure, dict(none))
                    place[state] += count
    return {tag: dict(sorted(names.items())) for tag, names in sorted(found.items())}
