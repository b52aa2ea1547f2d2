"""Checks of the corpus: it holds exactly the kept documents, and no personal data that we can find.

Rows are compared through sums of digests by range of doc_id, so that neither order nor size of the
corpus matters; only where a sum differs are rows compared one by one.
"""

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow.compute as pc

from audit.ledger import Faults
from audit.runs import Run, Shard
from filters import addresses, pii, spans
from pipeline.manifest import Output
from stages import schema

RANGE_DIGITS = 3
"""Hex digits of doc_id that name a range: 4,096 ranges."""

MAX_RANGES = 5
"""Ranges that are looked at row by row after a difference was found."""

SAMPLE_ROWS = 2000

Row = tuple[str, str, str]
"""(place, tag, digest of URL and text) of a document."""


def corpus_equals_decisions(run: Run) -> Faults:
    """Corpus files hold the kept documents, each once, with the text of `documents`."""
    has_texts = all(run.is_there(shard.documents) for shard in run.shards)
    wanted, rows = _sums(_decided(run, has_texts))
    found, published = _sums(_published(run, has_texts))
    yield from _misplaced(run)
    ranges = sorted(key for key in wanted.keys() | found.keys() if wanted[key] != found[key])
    for key in ranges[:MAX_RANGES]:
        yield from _compare(run, key, has_texts)
    if len(ranges) > MAX_RANGES:
        yield f"{len(ranges) - MAX_RANGES} more ranges of doc_id differ"
    what = "texts compared by digest" if has_texts else "texts not compared: documents are gone"
    if not ranges and rows != published:
        yield f"{rows} documents kept, {published} rows in the corpus"
    return f"{rows} kept documents, each once in the corpus; {what}"


def _digest(*values: str | None) -> str:
    joined = "\x00".join("" if value is None else value for value in values)
    return hashlib.blake2b(joined.encode(), digest_size=16).hexdigest()


def _decided(run: Run, has_texts: bool, only: str = "") -> Iterator[tuple[str, Row]]:
    """Every kept document whose doc_id begins with `only`."""
    for shard, decided in run.decisions(["doc_id", "tag", "outcome"]):
        kept = pc.equal(decided.column("outcome"), schema.KEEP).to_pylist()
        if not has_texts:
            pairs = zip(*(decided.column(c).to_pylist() for c in ("doc_id", "tag")), strict=True)
            for at, (doc_id, tag) in enumerate(pairs):
                if kept[at] and doc_id.startswith(only):
                    yield doc_id, (f"{shard.decisions.path} row {at}", tag, "")
            continue
        yield from _texts(run, shard.documents, kept, only)


def _published(run: Run, has_texts: bool, only: str = "") -> Iterator[tuple[str, Row]]:
    """Every row of the corpus whose doc_id begins with `only`."""
    for outputs in run.corpus().values():
        for output in outputs:
            if has_texts:
                yield from _texts(run, output, None, only)
                continue
            for start, batch in run.batches(output, ["doc_id", "tag"]):
                pairs = zip(*(batch.column(c).to_pylist() for c in ("doc_id", "tag")), strict=True)
                for at, (doc_id, tag) in enumerate(pairs, start):
                    if doc_id.startswith(only):
                        yield doc_id, (f"{output.path} row {at}", tag, "")


def _texts(
    run: Run, output: Output, chosen: list[bool] | None, only: str
) -> Iterator[tuple[str, Row]]:
    columns = ["doc_id", "tag", "url", "text"]
    for start, batch in run.batches(output, columns):
        rows = zip(*(batch.column(c).to_pylist() for c in columns), strict=True)
        for at, (doc_id, tag, url, text) in enumerate(rows, start):
            is_chosen = chosen is None or (at < len(chosen) and chosen[at])
            if is_chosen and doc_id.startswith(only):
                yield doc_id, (f"{output.path} row {at}", tag, _digest(url, text))


def _sums(rows: Iterator[tuple[str, Row]]) -> tuple[Counter[str], int]:
    """Sum of the rows' digests by range of doc_id, and the number of rows.

    A sum modulo 2**128 does not depend on order, and counts a row that is there twice twice.
    """
    sums: Counter[str] = Counter()
    number = 0
    for doc_id, (_, tag, digest) in rows:
        key = doc_id[:RANGE_DIGITS]
        sums[key] = (sums[key] + int(_digest(doc_id, tag, digest), 16)) % (1 << 128)
        number += 1
    return sums, number


def _compare(run: Run, key: str, has_texts: bool) -> Iterator[str]:
    """What differs in one range of doc_id."""
    wanted = dict(_decided(run, has_texts, key))
    seen: dict[str, Row] = {}
    for doc_id, row in _published(run, has_texts, key):
        place, tag, digest = row
        if doc_id in seen:
            yield f"{place}: {doc_id} is in the corpus already, at {seen[doc_id][0]}"
        elif doc_id not in wanted:
            yield f"{place}: {doc_id} is not a kept document"
        elif tag != wanted[doc_id][1]:
            yield f"{place}: {doc_id} is {tag}, {wanted[doc_id][0]} says {wanted[doc_id][1]}"
        elif digest != wanted[doc_id][2]:
            yield f"{place}: text or URL of {doc_id} is not that of {wanted[doc_id][0]}"
        seen[doc_id] = row
    for doc_id in wanted.keys() - seen.keys():
        yield f"{wanted[doc_id][0]}: {doc_id} was kept, but is not in the corpus"


def _misplaced(run: Run) -> Iterator[str]:
    """Corpus files that hold another language than their folder says."""
    for tag, outputs in run.corpus().items():
        for output in outputs:
            found = run.read(output, ["tag"]).column("tag").unique().to_pylist()
            if output.rows and found != [tag]:
                yield f"{output.path}: holds {', '.join(found[:3])}, not only {tag}"


def privacy(run: Run) -> Faults:
    """No personal data is found again in a sample of texts, titles and URLs."""
    kinds = frozenset(run.settings.redact.kinds)
    texts = titles = urls = 0
    for output, rows in _sample_corpus(run):
        table = run.take(output, rows, ["text", "url", "language"])
        for at, row in zip(rows, table.to_pylist(), strict=True):
            texts += 1
            place = f"{output.path} row {at}"
            yield from _found(place, "text", row["text"], kinds, row["language"])
            yield from _url_fault(place, row["url"], kinds)
    for shard, rows in _sample_shards(run, "documents"):
        if run.is_there(shard.documents):
            for at, row in zip(
                rows, run.take(shard.documents, rows, ["title"]).to_pylist(), strict=True
            ):
                titles += 1
                yield from _found(f"{shard.documents.path} row {at}", "title", row["title"], kinds)
    for shard, rows in _sample_shards(run, "records"):
        table = run.take(shard.records, rows, ["url"])
        for at, row in zip(rows, table.to_pylist(), strict=True):
            urls += 1
            yield from _url_fault(f"{shard.records.path} row {at}", row["url"], kinds)
    return f"nothing found in {texts} texts, {titles} titles and {texts + urls} URLs, by hash"


def _found(
    place: str, what: str, text: str | None, kinds: frozenset[str], language: str | None = None
) -> Iterator[str]:
    for span in pii.find(text or "", language=language, kinds=kinds):
        yield f"{place}: {span.kind} in its {what} at {span.start} to {span.end}"


def _url_fault(place: str, url: str, kinds: frozenset[str]) -> Iterator[str]:
    if kinds == spans.ALL and addresses.redact_url(url) != url:
        yield f"{place}: personal data in its URL"


class _Smallest:
    """The places of the documents with the smallest hashes: the same ones for everybody."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, int]] = []

    def add(self, doc_id: str, file: int, row: int) -> None:
        """Take a document at a place."""
        rank = -int.from_bytes(hashlib.blake2b(doc_id.encode(), digest_size=8).digest())
        if len(self._heap) < SAMPLE_ROWS:
            heapq.heappush(self._heap, (rank, file, row))
        elif rank > self._heap[0][0]:
            heapq.heapreplace(self._heap, (rank, file, row))

    def by_file(self) -> dict[int, list[int]]:
        """Rows by file, ascending."""
        rows: dict[int, list[int]] = {}
        for _, file, row in sorted(self._heap, key=lambda entry: entry[1:]):
            rows.setdefault(file, []).append(row)
        return rows


def _sample_corpus(run: Run) -> Iterator[tuple[Output, list[int]]]:
    outputs = [output for files in run.corpus().values() for output in files]
    smallest = _Smallest()
    for number, output in enumerate(outputs):
        for row, doc_id in enumerate(run.read(output, ["doc_id"]).column("doc_id").to_pylist()):
            smallest.add(doc_id, number, row)
    for number, rows in smallest.by_file().items():
        yield outputs[number], rows


def _sample_shards(run: Run, table: str) -> Iterator[tuple[Shard, list[int]]]:
    """Rows of `records`, or of `documents` (known by `decisions`, which is never pruned)."""
    smallest = _Smallest()
    for number, shard in enumerate(run.shards):
        output: Any = shard.records if table == "records" else shard.decisions
        for row, doc_id in enumerate(run.read(output, ["doc_id"]).column("doc_id").to_pylist()):
            smallest.add(doc_id, number, row)
    for number, rows in smallest.by_file().items():
        yield run.shards[number], rows
