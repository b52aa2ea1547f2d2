"""Finding documents by address, words, near words and stored copies, for `audit.requests`.

Columns are narrow and read a shard at a time; rows are matched by Arrow and numpy, and only those
that may match are looked at one by one.
"""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit.runs import Run, Shard
from audit.trace import url_key
from filters import minhash, pii
from filters import suppression as rules
from filters.text import TextView, jaccard, shingle_hashes
from pipeline.suppression import signatures
from stages import schema

THREADS = 4
DEVIATIONS = 4
"""Standard deviations by which an estimate may lie below the threshold and still be looked at."""
ROOT = r"^[^/?#]*//[^/?#]*/*(?:#.*)?$"
RUNS_OF_LETTERS = re.compile(r"[0-9A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Match:
    """How a record was found, and in which shard."""

    how: str
    shard: int
    is_document: bool = True
    similarity: float | None = None


def addressed(
    run: Run, urls: Sequence[str], names: Sequence[str], doc_ids: Sequence[str]
) -> dict[str, Match]:
    """Records of URLs, of domains with their subdomains, and of doc_ids."""
    if not (urls or names or doc_ids):
        return {}
    keys = sorted({key for url in urls for key in _keys(url, run.settings.gate.url_key)})
    columns = [
        *(["doc_id"] if doc_ids else []),
        *(["url_key"] if urls else []),
        *(["url"] if urls or names else []),
    ]

    def scan(numbered: tuple[int, Shard]) -> dict[str, Match]:
        at, shard = numbered
        table = run.read(shard.records, columns)
        found: dict[str, Match] = {}
        for how, mask in _masks(table, urls, keys, names, doc_ids):
            rows = np.flatnonzero(mask).tolist()
            known = run.take(shard.records, rows, ["doc_id", "outcome"]) if rows else None
            for row in known.to_pylist() if known is not None else ():
                is_document = row["outcome"] == schema.PASS
                found.setdefault(row["doc_id"], Match(how, at, is_document))
        return found

    with ThreadPoolExecutor(THREADS) as pool:
        scanned = pool.map(scan, enumerate(run.shards))
        return {doc_id: match for found in scanned for doc_id, match in found.items()}


def _masks(
    table: pa.Table,
    urls: Sequence[str],
    keys: Sequence[str],
    names: Sequence[str],
    doc_ids: Sequence[str],
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    if doc_ids:
        yield rules.DOC_ID, inside(table.column("doc_id"), doc_ids)
    if urls:
        yield rules.URL, inside(table.column("url_key"), keys) | has_url(table.column("url"), urls)
    if names:
        yield rules.DOMAIN, has_domain(table.column("url"), names)


def inside(column: pa.ChunkedArray, values: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each value of a column is one of the values."""
    found = pc.is_in(column, value_set=pa.array(values, type=column.type))
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


def _keys(url: str, key: str) -> set[str]:
    """Keyed hashes of the spellings under which a page may have been archived."""
    bare = rules.canonical(url)
    path, mark, query = bare.partition("?")
    spellings = {url}
    for scheme in ("http", "https"):
        for www in ("", "www."):
            for slash in ("", "/"):
                spellings.add(f"{scheme}://{www}{path}{slash}{mark}{query}")
    return {url_key(spelling, key) for spelling in spellings}


def has_url(column: pa.ChunkedArray, urls: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each stored URL is a spelling of one of the URLs.

    One in which personal data was redacted is found by its keyed hash only.
    """
    gone = np.zeros(len(column), dtype=bool)
    for url in urls:
        wanted = rules.canonical(url)
        host, slash, rest = wanted.partition("/")
        longest = max(RUNS_OF_LETTERS.findall(re.sub(r"%..", "/", rest)), key=len, default="")
        # The cheapest test that leaves few rows comes first; the last one is exact.
        rows = np.arange(len(column))
        if longest:
            rows = _hits(pc.match_substring(column, longest))
        elif not slash:
            rows = _hits(pc.match_substring_regex(column, ROOT))
        some = column.take(pa.array(rows))
        forms = (pc.match_substring(some, form, ignore_case=True) for form in _forms(host))
        for row in rows[_hits(_any(forms))].tolist():
            gone[row] |= rules.canonical(column[row].as_py()) == wanted
    return gone


def _hits(mask: Any) -> NDArray[np.int64]:
    return np.flatnonzero(mask.to_numpy(zero_copy_only=False))


def has_domain(column: pa.ChunkedArray, names: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each stored URL is of one of the domains, or of a subdomain."""
    masks = (
        pc.match_substring_regex(
            column,
            rf"^[a-z]+://(?:[^/?#]*[.@])?{re.escape(form)}\.?(?::\d*)?(?:[/?#]|$)",
            ignore_case=True,
        )
        for name in names
        for form in _forms(name)
    )
    return np.asarray(_any(masks).to_numpy(zero_copy_only=False), dtype=bool)


def _any(masks: Iterator[Any]) -> Any:
    made = next(masks)
    for mask in masks:
        made = pc.or_(made, mask)
    return made


def _forms(host: str) -> list[str]:
    """The host in ASCII, and in its own letters where those are others."""
    try:
        own = host.encode("ascii").decode("idna")
    except UnicodeError:
        return [host]
    return list(dict.fromkeys((host, own)))


# Texts


@dataclass(slots=True)
class Texts:
    """Texts that are looked for: digests of their words, signatures, and shingles if known."""

    digests: set[str] = field(default_factory=set)
    signatures: dict[str, NDArray[np.uint32]] = field(default_factory=dict)
    shingles: dict[str, NDArray[np.uint32]] = field(default_factory=dict)

    @staticmethod
    def of(texts: Sequence[str]) -> "Texts":
        """Texts as given, and as they would be stored: with personal data redacted."""
        made = Texts()
        for text in texts:
            for form in (text, pii.redact(text)[0]):
                view = TextView(form)
                digest, shingles = rules.text_digest(view), shingle_hashes(view)
                made.digests.add(digest)
                made.shingles[digest] = shingles
                made.signatures[digest] = minhash.signature(shingles)
        return made

    def add(self, stored: dict[str, Any]) -> None:
        """Texts known by stored digests and signatures."""
        for digest, values in stored.items():
            self.digests.add(digest)
            if values is not None:
                self.signatures.setdefault(digest, np.array(values, dtype=np.uint32))

    def entries(self) -> Iterator[tuple[str, list[int]]]:
        """Digest and signature of each."""
        for digest in self.digests:
            yield digest, self.signatures[digest].tolist()


def _is_signed(run: Run) -> bool:
    """Whether the run still has all its signatures."""
    return all(run.is_there(shard.signatures) for shard in run.shards)


def _stored(run: Run) -> Iterator[tuple[str, str]]:
    """(doc_id, text) of every text that a run without signatures holds: all are read."""
    outputs = [shard.documents for shard in run.shards]
    if not all(run.is_there(output) for output in outputs):
        outputs = [output for files in run.corpus().values() for output in files]
    for output in outputs:
        for _, batch in run.batches(output, ["doc_id", "text"]):
            pairs = (batch.column(name).to_pylist() for name in ("doc_id", "text"))
            yield from zip(*pairs, strict=True)


def signed(run: Run, doc_ids: Sequence[str]) -> dict[str, Any]:
    """Text digest -> signature (or None) of documents that have words."""
    if not doc_ids:
        return {}
    found: dict[str, Any] = {}
    if not _is_signed(run):
        wanted = frozenset(doc_ids)
        stored = (TextView(text) for doc_id, text in _stored(run) if doc_id in wanted)
        return {
            rules.text_digest(view): minhash.signature(shingle_hashes(view)).tolist()
            for view in stored
            if view.word_count
        }
    for shard in run.shards:
        output = shard.signatures
        mask = inside(run.read(output, ["doc_id"]).column("doc_id"), doc_ids)
        rows = np.flatnonzero(mask).tolist()
        columns = ["text_digest", "signature", "n_shingles"]
        for row in run.take(output, rows, columns).to_pylist() if rows else ():
            if row["n_shingles"]:
                found[row["text_digest"]] = row["signature"]
    return found


def similar(run: Run, texts: Texts) -> dict[str, Match]:
    """Documents of the same words, and those whose shingles are similar enough.

    Candidates come from estimates, `DEVIATIONS` standard deviations below `cluster.threshold`; they
    are verified by exact Jaccard similarity with the text as stored. Where the words of a request
    are known by a signature alone, or texts were pruned, the estimate decides. Where signatures
    were pruned, every stored text is read.
    """
    if not texts.digests:
        return {}
    threshold = run.settings.cluster.threshold
    if not _is_signed(run):
        return _similar_texts(run, texts, threshold)
    spread = DEVIATIONS * (threshold * (1 - threshold) / schema.N_PERMUTATIONS) ** 0.5

    def scan(numbered: tuple[int, Shard]) -> dict[str, Match]:
        at, shard = numbered
        table = run.read(shard.signatures, ["doc_id", "text_digest", "signature"])
        same = inside(table.column("text_digest"), sorted(texts.digests))
        found = {
            doc_id: Match("exact_text", at, similarity=1.0)
            for doc_id in table.column("doc_id").filter(pa.array(same)).to_pylist()
        }
        valid = np.flatnonzero(table.column("signature").is_valid().to_numpy(zero_copy_only=False))
        values = signatures(table.column("signature"))
        for digest, wanted in texts.signatures.items():
            estimates = (values == wanted).mean(axis=1) if len(values) else np.zeros(0)
            near = np.flatnonzero(estimates >= threshold - spread)
            rows = valid[near].tolist()
            ids = table.column("doc_id").take(pa.array(rows, type=pa.int64())).to_pylist()
            exact = _exact(run, shard, rows, texts.shingles.get(digest))
            for doc_id, estimate, verified in zip(ids, estimates[near], exact, strict=True):
                similarity = float(estimate) if verified is None else verified
                if similarity >= threshold:
                    found.setdefault(doc_id, Match("near_text", at, similarity=similarity))
        return found

    with ThreadPoolExecutor(THREADS) as pool:
        scanned = pool.map(scan, enumerate(run.shards))
        return {doc_id: match for found in scanned for doc_id, match in found.items()}


def _similar_texts(run: Run, texts: Texts, threshold: float) -> dict[str, Match]:
    """As `similar`, from the stored texts themselves."""
    found: dict[str, Match] = {}
    for doc_id, text in _stored(run):
        view = TextView(text)
        shingles = shingle_hashes(view)
        if not len(shingles):
            continue
        if rules.text_digest(view) in texts.digests:
            found[doc_id] = Match("exact_text", -1, similarity=1.0)
            continue
        signature = minhash.signature(shingles)
        similarity = max(
            jaccard(texts.shingles[digest], shingles)
            if digest in texts.shingles
            else minhash.estimate(wanted, signature)
            for digest, wanted in texts.signatures.items()
        )
        if similarity >= threshold:
            found[doc_id] = Match("near_text", -1, similarity=similarity)
    return found


def _exact(
    run: Run, shard: Shard, rows: Sequence[int], shingles: NDArray[np.uint32] | None
) -> list[float | None]:
    """Exact similarity of stored texts with one; None where it cannot be had."""
    if shingles is None or not rows or not run.is_there(shard.documents):
        return [None] * len(rows)
    stored = run.take(shard.documents, rows, ["text"]).column("text").to_pylist()
    return [jaccard(shingles, shingle_hashes(text)) for text in stored]


WORDS_QUOTED = 13
MAX_QUOTES = 32
"""Places of a text, evenly spread, of which thirteen words are looked for."""


def quotations(texts: Sequence[str]) -> str | None:
    """A pattern that finds thirteen words in a row of the texts; None for shorter texts."""
    found: dict[str, None] = {}
    for text in texts:
        for form in dict.fromkeys((text, pii.redact(text)[0])):
            view = TextView(form)
            last = view.word_count - WORDS_QUOTED
            for at in np.unique(np.linspace(0, last, MAX_QUOTES).astype(int)) if last >= 0 else ():
                starts, ends = view.word_starts, view.word_ends
                words = [form[starts[n] : ends[n]] for n in range(at, at + WORDS_QUOTED)]
                found[r"[^\pL\pN]+".join(re.escape(word) for word in words)] = None
    return "|".join(f"(?:{one})" for one in found) or None


def quoting(run: Run, output: Any, pattern: str) -> list[str]:
    """Documents of a file with texts that hold what the pattern finds; all texts are read."""
    found: list[str] = []
    for _, batch in run.batches(output, ["doc_id", "text"]):
        mask = pc.match_substring_regex(batch.column("text"), pattern, ignore_case=True)
        found += batch.column("doc_id").filter(mask).to_pylist()
    return found


# Copies


def copies(runs: Sequence[Run], ids: set[str], is_direct: bool) -> set[str]:
    """Documents of the clusters of the given ones, these included.

    With `is_direct` those that an edge or an equal digest joins to one of them. Clusters of several
    runs are followed until they bring nothing new.
    """
    found, size = set(ids), -1
    while ids and size != len(found):
        size = len(found)
        for run in runs:
            for members, edges in run.clusters():
                found |= _joined(
                    run, members, edges, sorted(ids if is_direct else found), is_direct
                )
        if is_direct:
            break
    return found


def _joined(run: Run, members: Any, edges: Any, ids: Sequence[str], is_direct: bool) -> set[str]:
    columns = ["doc_id", "component"]
    table = run.read(members, [*columns, *(("payload_digest", "text_digest") if is_direct else ())])
    if not is_direct:
        parts = table.column("component").filter(pa.array(inside(table.column("doc_id"), ids)))
        if not len(parts):
            return set()
        return set(_where(table, "component", parts.unique().to_pylist()))
    found = set(_mates(table, ids, ("payload_digest", "text_digest")))
    twins = _mates(table, ids, ("text_digest",))  # edges join one of each group of equal texts
    pairs = run.read(edges, ["a", "b"])
    for one, other in (("a", "b"), ("b", "a")):
        mask = pa.array(inside(pairs.column(one), [*ids, *twins]))
        reached = pairs.column(other).filter(mask).to_pylist()
        found |= {*reached, *_mates(table, reached, ("text_digest",))}
    return found


def _where(table: pa.Table, column: str, values: Sequence[str]) -> list[str]:
    mask = pa.array(inside(table.column(column), values))
    found: list[str] = table.column("doc_id").filter(mask).to_pylist()
    return found


def _mates(table: pa.Table, ids: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Documents that share a digest with one of the given ones."""
    found: list[str] = []
    mine = table.filter(pa.array(inside(table.column("doc_id"), ids)))
    for column in columns:
        digests = [value for value in mine.column(column).to_pylist() if value]
        found += _where(table, column, digests)
    return found


def decided(
    run: Run, doc_ids: Sequence[str], places: frozenset[int] | None = None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(shard, decision) of each of the documents that the run has, if need be in some shards."""
    if not doc_ids:
        return
    for at, shard in enumerate(run.shards):
        if places is not None and at not in places:
            continue
        mask = inside(run.read(shard.decisions, ["doc_id"]).column("doc_id"), doc_ids)
        rows = np.flatnonzero(mask).tolist()
        columns = ["doc_id", "tag", "outcome", "keeper_id"]
        for row in run.take(shard.decisions, rows, columns).to_pylist() if rows else ():
            yield at, row


def kept_out(run: Run, doc_ids: Sequence[str]) -> dict[str, str]:
    """Duplicates that were removed in favour of one of the documents -> that document."""
    found: dict[str, str] = {}
    for shard in run.shards:
        mask = inside(run.read(shard.decisions, ["keeper_id"]).column("keeper_id"), doc_ids)
        rows = np.flatnonzero(mask).tolist()
        for row in run.take(shard.decisions, rows, ["doc_id", "keeper_id"]).to_pylist():
            found[row["doc_id"]] = row["keeper_id"]
    return found
