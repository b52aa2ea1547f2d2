"""What a corpus holds: documents and bytes by language, domain, top-level domain and snapshot.

Counted from the corpus files themselves, a batch at a time; the length of a text is that of its
bytes in UTF-8, which are not decoded. Memory grows with the number of sites, some 100 bytes each.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from audit.papers.suffixes import ADDRESS, NO_NAME, suffixes
from audit.runs import Run
from audit.sites import HOST, MERGE_ROWS

UNITS = ("documents", "text_bytes", "characters", "words", "tokens")
COLUMNS = ["url", "text", "n_chars", "n_words", "n_tokens", "date", "dump", "pii_counts"]
NO_TLD = "(none)"
"""Stands for the top-level domain of addresses and of what is no name."""

Sums = dict[str, int]


@dataclass(frozen=True)
class Holdings:
    """Sums over the kept documents. Tables hold the columns documents and text_bytes."""

    languages: dict[str, Sums]
    """By tag; `tokens` only where the run counted them."""
    top_level: dict[tuple[str, str], Sums]
    """By tag and top-level domain."""
    domains: pa.Table
    """domain, documents, text_bytes: most bytes first, ties by name."""
    nameless: dict[str, Sums]
    """Documents of hosts that are addresses, or no domain names; not in `domains`."""
    snapshots: dict[str, Sums]
    dates: tuple[str | None, str | None]
    """First and last time at which a kept document was fetched."""
    pii: dict[str, int]
    """Placeholders by kind."""
    files: int
    file_bytes: int


def holdings(run: Run) -> Holdings:
    """Counts of every corpus file of a run."""
    languages: dict[str, Sums] = {}
    top_level: dict[tuple[str, str], Sums] = {}
    snapshots: dict[str, Sums] = {}
    sites: list[pa.Table] = []
    pii: Counter[str] = Counter()
    dates: list[str] = []
    corpus = run.corpus()
    for tag, outputs in sorted(corpus.items()):
        for output in outputs:
            for _, batch in run.batches(output, COLUMNS):
                sizes = pc.cast(pc.binary_length(batch["text"]), pa.int64())
                _add(languages.setdefault(tag, {}), _row(batch, sizes))
                by_site = _grouped(_sites(batch["url"]), sizes)
                for tld, sums in _pairs(_grouped(_top_level(by_site["key"]), by_site)):
                    _add(top_level.setdefault((tag, tld), {}), sums)
                for name, sums in _pairs(_grouped(batch["dump"], sizes)):
                    _add(snapshots.setdefault(name, {}), sums)
                sites.append(by_site)
                if sum(part.num_rows for part in sites) > MERGE_ROWS:
                    sites = [_merged(sites)]
                pii.update(_kinds(batch["pii_counts"]))
                ends = pc.min_max(batch["date"])
                dates += [value.as_py() for value in ends.values() if value.is_valid]
    domains = _domains(_merged(sites) if sites else EMPTY)
    is_named = pc.invert(pc.is_in(domains["domain"], pa.array([ADDRESS, NO_NAME])))
    outputs_of = [output for outputs in corpus.values() for output in outputs]
    return Holdings(
        languages,
        top_level,
        domains.filter(is_named),
        dict(_pairs(domains.filter(pc.invert(is_named)).rename_columns(EMPTY.column_names))),
        snapshots,
        (min(dates, default=None), max(dates, default=None)),
        dict(sorted(pii.items())),
        len(outputs_of),
        sum(output.bytes for output in outputs_of),
    )


EMPTY = pa.table(
    {
        "key": pa.array([], pa.string()),
        "documents": pa.array([], pa.int64()),
        "text_bytes": pa.array([], pa.int64()),
    }
)


def _row(batch: pa.RecordBatch, sizes: pa.Array) -> Sums:
    columns = {"characters": "n_chars", "words": "n_words", "tokens": "n_tokens"}
    found = {unit: pc.sum(batch[name]).as_py() for unit, name in columns.items()}
    found |= {"documents": batch.num_rows, "text_bytes": pc.sum(sizes).as_py()}
    return {unit: int(value) for unit, value in found.items() if value is not None}


def _add(into: Sums, more: Sums) -> None:
    for unit, value in more.items():
        into[unit] = into.get(unit, 0) + value


def _sites(urls: pa.Array) -> pa.Array:
    found = pc.struct_field(pc.extract_regex(urls, HOST), "site")
    return pc.utf8_rtrim(pc.utf8_lower(pc.fill_null(found, "")), ".")


def _top_level(sites: pa.ChunkedArray) -> pa.ChunkedArray:
    found = pc.struct_field(pc.extract_regex(sites, r"\.(?P<last>[^.\]<>]+)$"), "last")
    is_number = pc.match_substring_regex(pc.fill_null(found, "0"), r"^\d*$")
    return pc.if_else(is_number, NO_TLD, found)


def _grouped(keys: Any, sizes: Any) -> pa.Table:
    """Documents and bytes by key, of single documents or of sums that were made before."""
    if isinstance(sizes, pa.Table):
        documents, text_bytes = sizes["documents"], sizes["text_bytes"]
    else:
        documents, text_bytes = pa.array(np.ones(len(sizes), np.int64)), sizes
    return _merged([pa.table([keys, documents, text_bytes], names=EMPTY.column_names)])


def _merged(parts: Sequence[pa.Table]) -> pa.Table:
    table = pa.concat_tables([part.cast(_schema(part)) for part in parts])
    units = ["documents", "text_bytes"]
    made = table.group_by("key").aggregate([(unit, "sum") for unit in units])
    return made.select(["key", *(f"{unit}_sum" for unit in units)]).rename_columns(["key", *units])


def _schema(part: pa.Table) -> pa.Schema:
    """Keys of any kind of string become those of URLs, which may be the longest."""
    return pa.schema([pa.field("key", pa.large_string()), part.field(1), part.field(2)])


def _pairs(table: pa.Table) -> Iterator[tuple[str, Sums]]:
    for row in table.to_pylist():
        yield row.pop("key"), row


def _kinds(counts: pa.MapArray) -> Sums:
    # The entries of a slice lie between its offsets; `keys` and `items` are those of the whole.
    first, last = counts.offsets[0].as_py(), counts.offsets[-1].as_py()
    keys, values = (part.slice(first, last - first) for part in (counts.keys, counts.items))
    made = pa.table([keys, values], names=["key", "n"]).group_by("key").aggregate([("n", "sum")])
    return {row["key"]: row["n_sum"] for row in made.to_pylist()}


def _domains(sites: pa.Table) -> pa.Table:
    known = suffixes()
    names = pa.array([known.registrable(site) for site in sites["key"].to_pylist()], pa.string())
    made = _grouped(names, sites).rename_columns(["domain", "documents", "text_bytes"])
    return made.sort_by([("text_bytes", "descending"), ("domain", "ascending")])
