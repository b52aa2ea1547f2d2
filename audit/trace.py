"""What became of a page: where it was archived, what was measured, why it is in or not."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from audit.runs import Run, Shard, find_rows
from filters.catalog import BY_NAME, PEER
from pipeline.manifest import Output
from stages import schema
from stages.errors import ConfigError

if TYPE_CHECKING:
    from audit.places import Ledger

DOC_ID = re.compile(r"[0-9a-fA-F]{32}")
RECORD_ID = re.compile(r"<?(urn:[^<>\s]+)>?")
MAX_RECORDS = 1000
"""Records described for one question; a host may have millions."""

KEPT = "passed every gate and rule, and no kept document is its duplicate"

RECORD_COLUMNS = (
    *("doc_id", "record_id", "url", "warc", "offset", "length", "date", "status", "media_type"),
    *("payload_digest", "payload_bytes", "n_chars", "rights", "tag", "outcome", "reason"),
)


def trace(
    run: Run, what: str, limit: int = MAX_RECORDS, ledger: Ledger | None = None
) -> dict[str, Any]:
    """Records of a URL, host, domain, doc_id or record id; none for what the run never read.

    A URL is found by the keyed hash of its archived form, or by its stored, redacted one; a domain,
    `*.example.com`, with the hosts below it. `found` counts all records; at most `limit` of them
    are described, in the order of the shards. Without the run's ledger every shard is read.
    """
    what = what.strip().encode(errors="replace").decode()  # a shell may hand over lone surrogates
    if not what:
        raise ConfigError("trace", "nothing to look for", "give a URL, host, doc_id or record id")
    described: list[dict[str, Any]] = []
    found = 0
    for number, rows in _matches(run, what) if ledger is None else _by_shard(ledger.find(what)):
        found += len(rows)
        chosen = rows[: limit - len(described)]
        if chosen:
            described += describe_rows(run, run.shards[number], chosen)
    _name_files(run, described, ledger)
    return {"records": described, "found": found, "searched": [run.snapshot]}


def describe(
    run: Run, shard: Shard, doc_ids: Sequence[str], excerpt_chars: int = 0
) -> list[dict[str, Any]]:
    """Everything known of some records of a shard, in the order given.

    With `excerpt_chars`, `excerpt` holds as much of the text; None where no text was stored.
    """
    at = find_rows(run.read(shard.records, ["doc_id"]).column("doc_id"), doc_ids)
    return describe_rows(run, shard, [row for row in at if row is not None], excerpt_chars)


def describe_rows(
    run: Run, shard: Shard, at: Sequence[int], excerpt_chars: int = 0
) -> list[dict[str, Any]]:
    """The same of some rows of the shard's records."""
    pages = [_record(row) for row in run.take(shard.records, at, RECORD_COLUMNS).to_pylist()]
    ids = [page["doc_id"] for page in pages if page["outcome"] == schema.PASS]
    if not ids:
        return pages
    decided = find_rows(run.read(shard.decisions, ["doc_id"]).column("doc_id"), ids)
    places = {doc_id: row for doc_id, row in zip(ids, decided, strict=True) if row is not None}
    if places:
        rows = list(places.values())
        extras = zip(
            run.take(shard.decisions, rows, schema.DECISIONS.schema.names).to_pylist(),
            _signals(run, shard, rows),
            _texts(run, shard.documents, rows, excerpt_chars),
            strict=True,
        )
        known = dict(zip(places, extras, strict=True))
        for page in pages:
            if page["doc_id"] in known:
                _decide(run, page, *known[page["doc_id"]])
    return pages


def locate(run: Run, tag: str, doc_ids: Sequence[str]) -> dict[str, str]:
    """Corpus file of each of some documents of a language."""
    places: dict[str, str] = {}
    wanted = pa.array(doc_ids, type=pa.string())
    for output in run.corpus().get(tag, ()):
        column = run.read(output, ["doc_id"]).column("doc_id")
        inside = column.filter(pc.is_in(column, value_set=wanted)).to_pylist()
        places.update(dict.fromkeys(inside, output.path))
    return places


def url_key(url: str, key: str) -> str:
    """Keyed hash of a URL as archived, by which `records` can be searched."""
    return hashlib.blake2b(url.encode(), digest_size=16, key=key.encode()[:64]).hexdigest()


def _by_shard(places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, list[int]]]:
    """Rows of each shard's records, from places in order."""
    for number, group in groupby(places, itemgetter(0)):
        yield number, [row for _, row in group]


def _matches(run: Run, what: str) -> Iterator[tuple[int, list[int]]]:
    """Rows of each shard's records that are asked for."""
    for number, shard in enumerate(run.shards):
        rows = _rows_of(run, shard, what)
        if rows:
            yield number, rows


def _rows_of(run: Run, shard: Shard, what: str) -> list[int]:
    if DOC_ID.fullmatch(what):
        return _equal(run, shard, "doc_id", what.lower())
    if record_id := RECORD_ID.fullmatch(what):
        return _equal(run, shard, "record_id", f"<{record_id[1]}>")
    if "://" in what:
        by_key = _equal(run, shard, "url_key", url_key(what, run.settings.gate.url_key))
        return by_key or _equal(run, shard, "url", what)
    domain = domain_of(what)
    name = domain or what.lower().rstrip(".")
    urls = run.read(shard.records, ["url"]).column("url")
    near = np.flatnonzero(pc.match_substring(urls, name, ignore_case=True).to_numpy())
    found = []
    for row, url in zip(near.tolist(), urls.take(pa.array(near)).to_pylist(), strict=True):
        host = host_of(url)
        if host == name or (domain and host and host.endswith(f".{domain}")):
            found.append(row)
    return found


def domain_of(what: str) -> str | None:
    """The domain that `*.example.com` stands for, with all hosts below it; None for a host."""
    return what.lower().rstrip(".").removeprefix("*.") if what.startswith("*.") else None


def host_of(url: str) -> str | None:
    """Host of a stored URL in lower case; None where there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".") or None
    except ValueError:
        return None


def _equal(run: Run, shard: Shard, column: str, value: str) -> list[int]:
    values = run.read(shard.records, [column]).column(column)
    found: list[int] = np.flatnonzero(pc.fill_null(pc.equal(values, value), False)).tolist()
    return found


def _record(row: dict[str, Any]) -> dict[str, Any]:
    """A page as `records` knows it; what only documents have is empty."""
    reason = row["reason"]
    return {
        **{name: row[name] for name in RECORD_COLUMNS if name != "tag"},
        "language": row["tag"],
        "title": None,
        "outcome": row["outcome"],
        "meaning": schema.REASONS[reason][1] if reason in schema.REASONS else None,
        "failed_rules": [],
        "failures": [],
        "signals": {},
        "n_words": None,
        "pii_counts": {},
        **dict.fromkeys(("cluster_id", "keeper_id", "similarity", "method", "listed"), None),
        "cluster_size": None,
        "corpus_file": None,
        "excerpt": None,
    }


def _decide(
    run: Run,
    page: dict[str, Any],
    decision: dict[str, Any],
    signals: dict[str, Any],
    text: dict[str, Any],
) -> None:
    """Add what documents, signals and decisions know."""
    reason = decision["reason"]
    failed = run.failed(decision["failed_rules"])
    page.update(
        {
            name: decision[name]
            for name in ("cluster_id", "cluster_size", "keeper_id", "method", "listed")
        }
    )
    page["rights"] = decision["rights"] or page["rights"]
    page.update(
        language=decision["tag"],
        outcome=decision["outcome"],
        reason=reason,
        meaning=known[1] if reason and (known := schema.reason(reason)) else KEPT,
        failed_rules=failed,
        failures=[_failure(run, decision["tag"], name, signals.get(name)) for name in failed],
        signals=signals,
        similarity=decision["similarity"],
        **text,
    )


def _failure(run: Run, tag: str, name: str, value: float | None) -> dict[str, Any]:
    """A failed rule with the value and the bounds that it broke."""
    bound = run.bounds(tag).get(name)
    low, high = (bound.min, bound.max) if bound else (None, None)
    return {"rule": name, "value": value, "min": low, "max": high}


def _rows(
    run: Run, output: Output, rows: Sequence[int], columns: Sequence[str]
) -> list[dict[str, Any]]:
    """Some rows as dicts; empty dicts where the file was pruned."""
    if output.path in run.pruned and not run.is_there(output):
        return [{} for _ in rows]
    found: list[dict[str, Any]] = run.take(output, rows, columns).to_pylist()
    return found


def _signals(run: Run, shard: Shard, rows: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Signals by name, and the verdicts of datatrove's filters by the names of their rules."""
    peers = [f"{PEER}{name}" for name in run.settings.datatrove]
    columns = schema.signal_columns([*BY_NAME, *peers])
    for row in _rows(run, shard.signals, rows, columns):
        verdicts = dict(row.pop(schema.VERDICTS_COLUMN, None) or ())
        yield {**row, **{name: verdicts.get(name.removeprefix(PEER)) for name in peers}}


def _texts(
    run: Run, output: Output, rows: Sequence[int], excerpt_chars: int
) -> Iterator[dict[str, Any]]:
    columns = ["title", "n_chars", "n_words", "pii_counts"]
    for row in _rows(run, output, rows, [*columns, "text"] if excerpt_chars else columns):
        text = row.pop("text", None)
        row["pii_counts"] = dict(row.get("pii_counts") or ())
        yield {**row, "excerpt": text[:excerpt_chars] if text is not None else None}


def _name_files(run: Run, pages: list[dict[str, Any]], ledger: Ledger | None) -> None:
    """Add the corpus file of every kept page."""
    by_tag: dict[str, list[str]] = {}
    for page in pages:
        if page["outcome"] == schema.KEEP:
            by_tag.setdefault(page["language"], []).append(page["doc_id"])
    for tag in sorted(by_tag):
        ids = by_tag[tag]
        places = locate(run, tag, ids) if ledger is None else ledger.corpus_files(ids)
        for page in pages:
            page["corpus_file"] = places.get(page["doc_id"], page["corpus_file"])
