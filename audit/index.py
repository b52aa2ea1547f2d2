"""The index of a dataset: what it holds, whether it is sound, and merging its parts into one.

Each release adds a part, and each later run reads every part; `compact` merges their keys, so that
one sequential read is enough again, and leaves out those of documents that were taken down.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit.erasure import rewrite
from audit.matching import inside
from filters.text import mix
from pipeline import dataset, shards, storage, tables
from pipeline.dataset import File, Index, Part, Source
from pipeline.keys import LAYOUT, KeyFile, in_order, of_signatures, write
from pipeline.manifest import Output
from stages import schema
from stages.errors import ConfigError, CurationError, IntegrityError

FILE_ROWS = 1 << 26
"""Keys in a file of a merged part: 2.2 GB."""
_ALL = 1 << 64
BLANKED = re.compile(r"(\.[0-9a-f]{12})?\.parquet$")
"""How the name of a file ends that was made anew without documents that were taken down."""


def info(folder: Path) -> dict[str, Any]:
    """Parts, releases, documents, keys and bytes of a dataset's index."""
    index = _opened(folder)
    parts: list[dict[str, Any]] = [
        {
            "name": part.name,
            "releases": sorted({source.release for source in part.sources}),
            "documents": sum(s.signatures.rows for s in part.sources) - len(part.gone),
            "taken_down": len(part.gone),
            "sources": len(part.sources),
            "keys": sum(file.rows for file in part.keys),
            "bytes": sum(file.bytes for file in _files(part)),
        }
        for part in index.parts
    ]
    totals = ("documents", "taken_down", "sources", "keys", "bytes")
    return {
        "dataset": str(index.dataset),
        "layout": index.layout,
        "releases": [{"name": name, "run": run} for name, run in index.runs],
        "parts": parts,
        "total": {name: sum(part[name] for part in parts) for name in totals},
    }


def _opened(folder: Path) -> Index:
    if not folder.is_dir():
        raise ConfigError(
            str(folder), "there is no such dataset", "make one with: weir run CONFIG --dataset"
        )
    return dataset.read(folder)


def _files(part: Part) -> Iterator[File]:
    yield from part.keys
    yield from (source.signatures for source in part.sources)


def compact(folder: Path) -> dict[str, Any]:
    """Merge the keys of all parts into one; `removed` are the files that are no longer needed.

    The index is replaced by one rename after everything is written, so a crash loses nothing: the
    same command goes on. Same parts, same bytes.
    """
    _opened(folder)
    with dataset.lock(folder):
        index = dataset.read(folder)
        if len(index.parts) > 1 or any(len(part.gone) > part.swept for part in index.parts):
            dataset.check_files(index)
            index = replace(index, parts=(_merged(index),))
            dataset.write(index)
        removed = dataset.sweep(index)
    return {**info(folder), "removed": removed}


def _merged(index: Index) -> Part:
    """One part with the keys of all, but for those of documents that were taken down."""
    opened, gone, first = [], list[int](), 0
    identity = hashlib.sha256()
    for part in index.parts:
        for file in part.keys:
            facts = {"rows": file.rows, "offset": first, "is_old": True, "gone": part.gone}
            opened.append(KeyFile(index.dataset / file.path, facts, index.layout))
            identity.update(f"{file.sha256} {first} {part.gone}\n".encode())
        gone += [place + (first << 32) for place in part.gone]
        first += len(part.sources)
    name = f"merged-{identity.hexdigest()[:12]}"
    rows = sum(file.rows for part in index.parts for file in part.keys)
    count = max(1, -(-rows // FILE_ROWS))
    files = [
        _write(index, name, number, (number * _ALL // count, (number + 1) * _ALL // count), opened)
        for number in range(count)
    ]
    sources = tuple(s for part in index.parts for s in part.sources)
    return Part(name, tuple(files), sources, tuple(gone), len(gone))


def _write(
    index: Index, name: str, number: int, limits: tuple[int, int], opened: list[KeyFile]
) -> File:
    """One file of a merged part: the keys from limits[0] to below limits[1]."""
    path = f"index/{name}/keys-{number:05d}.parquet"
    writer = shards.Writer(index.dataset, path, schema.KEYS)
    writer.note(LAYOUT, index.layout)
    with writer:
        for keys in in_order(opened, *limits):
            write(writer, keys)
        made = writer.commit()
    return dataset.described(index.dataset, path, made.rows, made.bytes, made.sha256)


def verify(folder: Path) -> list[dict[str, Any]]:
    """The checks in order, each `{"name", "ok", "detail"}`.

    Reads everything: every file's digest, keys made anew from the signatures, and the doc_ids of
    published files. ConfigError if there is no such dataset.
    """
    try:
        index = _opened(folder)
    except IntegrityError as error:
        return [{"name": "index", "ok": False, "detail": str(error)}]
    count = sum(1 for _ in dataset.files(index))
    checks = [{"name": "index", "ok": True, "detail": f"{len(index.parts)} parts, {count} files"}]
    for name, check in (("digests", _digests), ("keys", _keys), ("published", _published)):
        try:
            checks.append({"name": name, "ok": True, "detail": check(index)})
        except CurationError as error:
            checks.append({"name": name, "ok": False, "detail": str(error)})
    return checks


def _digests(index: Index) -> str:
    size = 0
    for file in dataset.files(index):
        path = index.dataset / file.path
        with tables.damage(path):
            if storage.file_digest(path) != file.sha256:
                raise IntegrityError(str(path), "SHA-256 is not the one in index.json")
        size += file.bytes
    return f"{size} bytes have the digests of index.json"


def _keys(index: Index) -> str:
    """Keys are sorted, and are those of the signatures: sums of a hash of each row agree."""
    total = 0
    for part in index.parts:
        wanted, found, gone = 0, 0, np.array(part.gone, np.uint64)
        for number, source in enumerate(part.sources):
            path = index.dataset / source.signatures.path
            with tables.damage(path):
                made = of_signatures(storage.read_table(path), number, index.layout)
            signed = storage.read_table(path, ["row", "text_digest"])
            blank = signed.column("row").to_numpy()[_is_blank(signed)].astype(np.uint64)
            all_gone = np.union1d(gone, np.uint64(number << 32) | blank)
            is_gone = np.isin(made.column("place").to_numpy(), all_gone)
            wanted += _sum(made.filter(pa.array(~is_gone)))
        opened = [
            KeyFile(
                index.dataset / file.path,
                {"rows": file.rows, "offset": 0, "is_old": True, "gone": part.gone},
                index.layout,
            )
            for file in part.keys
        ]
        for table in in_order(opened, 0, _ALL):
            found += _sum(table)
            total += table.num_rows
        if wanted % _ALL != found % _ALL:
            raise IntegrityError(
                str(index.dataset / part.keys[0].path),
                f"the keys of part {part.name} are not those of its signatures; remove the part "
                "from index.json and run its releases again with --dataset",
            )
    return f"{total} keys, sorted, are those of the signatures"


def _is_blank(signatures: pa.Table) -> NDArray[np.bool_]:
    """Which documents were taken down: of them only the doc_id is left."""
    return np.asarray(pc.equal(signatures.column("text_digest"), "").to_numpy(), np.bool_)


def holders(index: Index, doc_ids: Sequence[str]) -> list[tuple[Source, list[int]]]:
    """Sources with any of the documents, and the rows of those that are not blank yet."""
    found = []
    for part in index.parts:
        for source in part.sources:
            path = index.dataset / source.signatures.path
            with tables.damage(path):
                column = storage.read_table(path, ["doc_id"]).column("doc_id")
                rows = np.flatnonzero(inside(column, doc_ids))
                if len(rows):
                    blank = _is_blank(storage.read_table(path, ["text_digest"]))
                    found.append((source, rows[~blank[rows]].tolist()))
    return found


def erase(folder: Path, doc_ids: Sequence[str]) -> None:
    """Take documents out of the index, whose lock the caller holds.

    Their signatures are blanked in new files, their keys passed over from then on (`weir index
    compact` leaves them out), by one rename of index.json. Done again, it changes nothing.
    """
    if not dataset.index_path(folder).exists():
        return
    index = dataset.read(folder)
    held = {source.signatures.path: rows for source, rows in holders(index, doc_ids) if rows}
    parts = []
    for part in index.parts:
        gone, sources = set(part.gone), []
        for number, source in enumerate(part.sources):
            rows = held.get(source.signatures.path)
            if rows:
                gone |= {number << 32 | row for row in rows}
                source = replace(source, signatures=_blanked(index, source.signatures, doc_ids))  # noqa: PLW2901
            sources.append(source)
        parts.append(replace(part, sources=tuple(sources), gone=tuple(sorted(gone))))
    if held:
        index = replace(index, parts=tuple(parts))
        dataset.write(index)
    dataset.sweep(index)


def _blanked(index: Index, file: File, doc_ids: Sequence[str]) -> File:
    """The file without what it holds of the documents, under a name that follows from both."""
    old = Output("signatures", file.path, file.rows, file.bytes, file.sha256)
    named = hashlib.sha256("\n".join((file.sha256, *sorted(doc_ids))).encode()).hexdigest()
    path = f"{BLANKED.sub('', file.path)}.{named[:12]}.parquet"
    made = rewrite(index.dataset, old, doc_ids, path)
    return dataset.described(index.dataset, path, made.rows, made.bytes, made.sha256)


def _sum(keys: pa.Table) -> int:
    """A number that does not depend on the order of rows, and on everything else."""
    columns = ("key", "check", "precedence", "place", "kind")
    mixed = np.zeros(keys.num_rows, np.uint64)
    for name in columns:
        mixed = mix(mixed + keys.column(name).to_numpy().astype(np.uint64))
    return int(mixed.sum(dtype=np.uint64))


def _published(index: Index) -> str:
    """Every source names the documents of its published file, in order."""
    documents = 0
    run_of = dict(index.runs)
    for part in index.parts:
        gone = np.array(part.gone, np.uint64)
        for number, source in enumerate(part.sources):
            path = storage.place(run_of[source.release]) / source.documents
            with tables.damage(path):
                found = storage.read_table(path, ["doc_id"]).column("doc_id")
            signed_path = index.dataset / source.signatures.path
            with tables.damage(signed_path):
                signed = storage.read_table(signed_path, ["doc_id", "text_digest"])
            rows_gone = gone[gone >> np.uint64(32) == number] & np.uint64(0xFFFFFFFF)
            stays = ~np.isin(np.arange(signed.num_rows), rows_gone.astype(np.int64))
            stays &= ~_is_blank(signed)
            if signed.column("doc_id").filter(pa.array(stays)).to_pylist() != found.to_pylist():
                raise IntegrityError(
                    str(path), f"holds other documents than {source.signatures.path} says"
                )
            documents += len(found)
    return f"{documents} published documents are those of the index"
