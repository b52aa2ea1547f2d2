"""The proof of a takedown: digests before and after, a Merkle root, and queries that find nothing.

A tombstone is for the public: doc_ids and the class of the reason. A proof is for the requester and
the authority. Neither holds an address or a text.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from audit import matching
from audit.ledger import TAKEN
from audit.matching import inside
from audit.requests import NOTES, Request
from audit.runs import Run
from filters import minhash
from filters import suppression as rules
from pipeline import dataset, manifest, storage
from pipeline.manifest import Output
from stages.errors import IntegrityError

VERSION = 1
MATCHER = {
    "version": 1,
    "canonical": "weir.filters.suppression.canonical",
    "signature": f"{minhash.SCHEME}/{minhash.PERMUTATIONS}/{minhash.SEED}",
    "near": rules.NEAR,
    "quoted_words": matching.WORDS_QUOTED,
}
CAVEAT = (
    "Files are replaced here. Whoever holds an earlier copy (a mirror, a backup, an old revision "
    "of a published repository, a run that reused this one) still has the old bytes: tell them."
)


def merkle_root(run: Run) -> str:
    """Merkle root over the published files: paths and digests, as the manifests name them."""
    outputs = sorted((o for files in run.corpus().values() for o in files), key=lambda o: o.path)
    return root([leaf(output.path, output.sha256) for output in outputs])


def leaf(path: str, digest: str) -> bytes:
    """SHA-256 of a zero byte, the path, a zero byte and the file's SHA-256 in hex."""
    return hashlib.sha256(b"\0" + path.encode() + b"\0" + digest.encode()).digest()


def root(level: Sequence[bytes]) -> str:
    """Hex root of leaves: pairs are hashed behind a byte 1, an odd one out is carried up."""
    nodes = list(level) or [hashlib.sha256(b"").digest()]
    while len(nodes) > 1:
        pairs = zip(nodes[::2], nodes[1::2], strict=False)
        above = [hashlib.sha256(b"\1" + a + b).digest() for a, b in pairs]
        nodes = above + nodes[len(above) * 2 :]
    return nodes[0].hex()


# What must find nothing


@dataclass(frozen=True, slots=True)
class Query:
    """One question put to the data, and how many rows answered."""

    query: str
    table: str
    values: int
    rows: int
    hits: int
    must_be_zero: bool = True


def queries(
    run: Run, entry: dict[str, Any], wanted: Request | None, is_quick: bool = False
) -> list[Query]:
    """Looks for everything that a request names, again; all must find nothing.

    With the request at hand (`wanted`) addresses are looked for as in the plan, and thirteen words
    in a row of its texts; without, by their hashes alone, which costs some 20 microseconds a page.
    `is_quick` leaves out addresses in `documents`, each of which stands in `records` as well.
    """
    entries = entry["entries"]
    found = [*_by_id(run, entries[rules.DOC_ID]), *_by_text(run, entries[rules.TEXT])]
    if entries[rules.URL] or entries[rules.DOMAIN]:
        found += _by_address(run, entry, wanted, is_quick)
    if wanted is not None and (pattern := matching.quotations(wanted.texts)):
        for table, outputs in _texts(run):
            hits = sum(len(matching.quoting(run, output, pattern)) for output in outputs)
            rows = sum(output.rows for output in outputs)
            query = f"{matching.WORDS_QUOTED} words in a row"
            found.append(Query(query, table, len(wanted.texts), rows, hits, must_be_zero=False))
    return found


def index_queries(home: Path, run: Run, entry: dict[str, Any]) -> Iterator[Query]:
    """The same of the index of the run's dataset: signatures of the run's published documents."""
    if not dataset.index_path(home).exists():
        return
    index = dataset.read(home)
    folders = dict(index.runs)
    ids = entry["entries"][rules.DOC_ID]
    digests = [text["digest"] for text in entry["entries"][rules.TEXT]]
    rows = by_id = by_text = 0
    for source in (source for part in index.parts for source in part.sources):
        if storage.place(folders[source.release]).resolve() == run.path:
            table = storage.read_table(home / source.signatures.path, ["doc_id", "text_digest"])
            is_there = np.asarray(pc.not_equal(table.column("text_digest"), "").to_numpy())
            rows += table.num_rows
            by_id += int((inside(table.column("doc_id"), ids) & is_there).sum())
            by_text += int(inside(table.column("text_digest"), digests).sum())
    yield Query("doc_id", "index", len(ids), rows, by_id)
    if digests:
        yield Query("text digest", "index", len(digests), rows, by_text)


def _texts(run: Run) -> Iterator[tuple[str, list[Output]]]:
    """Tables with texts, and their files that are there."""
    documents = [shard.documents for shard in run.shards if run.is_there(shard.documents)]
    yield "documents", documents
    yield "corpus", [output for files in run.corpus().values() for output in files]


def _sum(work: Callable[[Output], tuple[int, int]], outputs: Sequence[Output]) -> tuple[int, int]:
    """Rows and hits of several files, some at a time."""
    with ThreadPoolExecutor(matching.THREADS) as pool:
        found = list(pool.map(work, outputs))
    return sum(rows for rows, _ in found), sum(hits for _, hits in found)


def _by_id(run: Run, ids: Sequence[str]) -> Iterator[Query]:
    for table, outputs in _texts(run):

        def look(output: Output, may_be_blank: bool = table == "documents") -> tuple[int, int]:
            column = run.read(output, ["doc_id"]).column("doc_id")
            rows = np.flatnonzero(inside(column, ids)).tolist()
            if not (rows and may_be_blank):
                return len(column), len(rows)
            sizes = run.take(output, rows, ["n_chars"]).column("n_chars").to_numpy()
            return len(column), int((sizes > 0).sum())

        rows, hits = _sum(look, outputs)
        yield Query("doc_id", table, len(ids), rows, hits)


def _by_text(run: Run, texts: Sequence[dict[str, Any]]) -> Iterator[Query]:
    digests = [text["digest"] for text in texts]
    rows = hits = 0
    for shard in run.shards if digests else ():
        if run.is_there(shard.signatures):
            column = run.read(shard.signatures, ["text_digest"]).column("text_digest")
            rows, hits = rows + len(column), hits + int(inside(column, digests).sum())
    if digests:
        yield Query("text digest", "signatures", len(digests), rows, hits)


def _by_address(
    run: Run, entry: dict[str, Any], wanted: Request | None, is_quick: bool
) -> Iterator[Query]:
    entries, tables = entry["entries"], list(_texts(run))[is_quick:]
    listed = rules.of(
        entry["key"],
        [(kind, value) for kind in (rules.URL, rules.DOMAIN) for value in entries[kind]],
    )
    records = [shard.records for shard in run.shards]
    count = len(entries[rules.URL]) + len(entries[rules.DOMAIN])

    def look(output: Output) -> tuple[int, int]:
        column = run.read(output, ["url"]).column("url")
        if wanted is None:
            hits = sum(listed.address(url) is not None for url in column.to_pylist())
            return len(column), hits
        mask = matching.has_url(column, wanted.urls)
        if wanted.domains:
            mask |= matching.has_domain(column, wanted.domains)
        return len(column), int(mask.sum())

    for table, outputs in tables:
        yield Query("address", table, count, *_sum(look, outputs))
    if wanted is None:
        yield Query("address", "records", count, *_sum(look, records))
        return
    found = matching.addressed(run, wanted.urls, wanted.domains, ())
    rows = sum(output.rows for output in records)
    yield Query("address or url_key", "records", count, rows, len(found))


# Tombstones and proofs


def tombstone_of(folder: Path, request_id: str) -> Path:
    """Where the public tombstone of a takedown lies."""
    return folder / NOTES / f"{request_id}.json"


def proof_of(folder: Path, request_id: str) -> Path:
    """Where the proof of a takedown lies."""
    return folder / NOTES / f"{request_id}.proof.json"


def write_tombstone(folder: Path, entry: dict[str, Any], doc_ids: Sequence[str]) -> None:
    """Write what the public is told."""
    value = {
        "version": VERSION,
        "request_id": entry["request_id"],
        "reason_class": entry["reason_class"],
        "documents": sorted(doc_ids),
    }
    _write(tombstone_of(folder, entry["request_id"]), value)


def write_proof(
    run: Run,
    entry: dict[str, Any],
    plan: dict[str, Any],
    changed: Sequence[dict[str, str]],
    asked: Sequence[Query],
    closed_at: str,
) -> None:
    """Write the proof of what was done to a run."""
    entries = entry["entries"]
    ids = "\n".join(plan["doc_ids"])
    value = {
        "version": VERSION,
        "request_id": entry["request_id"],
        "kind": entry["kind"],
        "reason_class": entry["reason_class"],
        "received_at": entry["received_at"],
        "closed_at": closed_at,
        "scope": entry["scope"],
        "entries": {kind: len(entries[kind]) for kind in rules.KINDS},
        "matcher": {**MATCHER, "threshold": run.settings.cluster.threshold},
        "code_version": metadata.version("weir-corpus"),
        "documents": len(plan["doc_ids"]),
        "doc_ids_sha256": hashlib.sha256(ids.encode()).hexdigest(),
        "records": len(plan["record_ids"]) + len(plan["doc_ids"]),
        "files": list(changed),
        "pruned": plan["pruned"],
        "removed": plan["removed"],
        "merkle": {"old": plan["merkle"], "new": merkle_root(run)},
        "queries": [
            {"query": q.query, "table": q.table, "values": q.values, "rows": q.rows, "hits": q.hits}
            for q in asked
        ],
        "note": CAVEAT,
    }
    _write(proof_of(run.path, entry["request_id"]), value)


def _write(path: Path, value: dict[str, Any]) -> None:
    storage.write_bytes(path, manifest.json_lines(value).encode())


def read(path: Path) -> dict[str, Any]:
    """A tombstone or proof. IntegrityError if it is damaged or of a newer version."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        version = found["version"]
    except (OSError, ValueError, KeyError, TypeError):
        raise IntegrityError(str(path), "is missing or damaged; restore it from a copy") from None
    if version != VERSION:
        raise IntegrityError(str(path), f"is of version {version!r}; update Weir")
    return dict(found)


def faults(run: Run, request_id: str) -> Iterator[str]:
    """What in a run's files contradicts the proof of a takedown.

    A file that a later takedown changed again counts as long as that one's proof says so.
    """
    proof = read(proof_of(run.path, request_id))
    doc_ids = read(tombstone_of(run.path, request_id))["documents"]
    if hashlib.sha256("\n".join(doc_ids).encode()).hexdigest() != proof["doc_ids_sha256"]:
        yield f"{NOTES}/{request_id}.json: the documents are not those of the proof"
    later = [read(path) for path in sorted((run.path / NOTES).glob("[!.]*.proof.json"))]
    replaced = {(file["path"], file["old"]) for one in later for file in one["files"]}
    for file in proof["files"]:
        path = run.path / file["path"]
        is_replaced = (file["path"], file["new"]) in replaced
        if not is_replaced and path.is_file() and storage.file_digest(path) != file["new"]:
            yield f"{file['path']}: is not the file that the proof names"
    roots = {one["merkle"]["old"] for one in later}
    if proof["merkle"]["new"] not in roots | {merkle_root(run)}:
        yield "the published files are not those of the proof's Merkle root"


def is_rejected(run: Run, doc_ids: Sequence[str]) -> bool:
    """Whether the run's decisions reject all of the documents as taken down."""
    for shard in run.shards:
        table = run.read(shard.decisions, ["doc_id", "reason"])
        reasons = table.filter(pa.array(inside(table.column("doc_id"), doc_ids))).column("reason")
        if len(reasons) and not pc.all(pc.equal(reasons, TAKEN)).as_py():
            return False
    return True
