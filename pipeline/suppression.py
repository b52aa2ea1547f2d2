"""The suppression list: one immutable file a request, in DATASET/suppression or RUN/suppression.

A file holds hashes and signatures only. What cannot be read is an `IntegrityError`: an unreadable
list is never taken for an empty one.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from filters import minhash
from filters import suppression as rules
from pipeline import config, manifest, storage
from pipeline.storage import Input
from stages import schema
from stages.errors import IntegrityError

FOLDER = "suppression"
VERSION = 1
KEY = "key"
"""Kind of the row that holds the key of the hashes."""
REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
HEX = re.compile(r"[0-9a-f]{32}")
MAX_FILE_BYTES = 4 << 30
REMEDY = "restore it from a copy: without it, what was taken down would be stored again"


@dataclass(frozen=True, slots=True)
class Listing:
    """Which files make up a list, in the order of their names."""

    files: tuple[Input, ...] = ()

    @property
    def digest(self) -> str:
        """What the list is known by, wherever its files lie; `none` for an empty one."""
        if not self.files:
            return "none"
        return config.digest([[item.name, item.identity] for item in self.files])

    def without(self, names: Iterable[str]) -> "Listing":
        """The list without some requests."""
        gone = set(names)
        return Listing(tuple(item for item in self.files if item.name not in gone))

    def to_json(self) -> list[dict[str, Any]]:
        """Plain dicts, as `from_json` takes them."""
        return [item.to_json() for item in self.files]

    @staticmethod
    def from_json(value: Sequence[dict[str, Any]]) -> "Listing":
        """What `to_json` gave. IntegrityError for anything else."""
        try:
            return Listing(tuple(Input(**item) for item in value))
        except TypeError:
            raise IntegrityError("run.json", "suppression: not a list of files") from None


def locate(*folders: Path) -> Listing:
    """The requests in the folders `suppression` of datasets and runs, each once.

    IntegrityError for a file that cannot be read, or two that differ under one name.
    """
    found: dict[str, Input] = {}
    for folder in folders:
        for path in sorted((folder / FOLDER).glob("[!.]*")):
            try:
                digest = storage.file_digest(path)
            except OSError as error:
                raise IntegrityError(str(path), f"cannot be read; {REMEDY}") from error
            item = Input(path.stem, str(path.resolve()), f"sha256:{digest}")
            if found.setdefault(item.name, item).identity != item.identity:
                raise IntegrityError(str(path), f"differs from {found[item.name].uri}; {REMEDY}")
    return Listing(tuple(found[name] for name in sorted(found)))


def erased(folder: Path) -> set[str]:
    """Requests that a run's or dataset's files were erased for: those with a tombstone there."""
    return {path.stem for path in (folder / "takedowns").glob("[!.]*.json")} - {
        path.name.removesuffix(".json") for path in (folder / "takedowns").glob("*.proof.json")
    }


def read(item: Input) -> dict[str, Any]:
    """One request's file. IntegrityError if it is damaged, changed, or of a newer version."""
    path = storage.place(item.uri)
    try:
        if f"sha256:{storage.file_digest(path)}" != item.identity:
            raise IntegrityError(str(path), f"was changed; {REMEDY}")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise IntegrityError(str(path), "is larger than any list; restore it from a copy")
        found = json.loads(path.read_text(encoding="utf-8"))
        version = found["version"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise IntegrityError(str(path), f"is damaged or cannot be read; {REMEDY}") from None
    if version != VERSION:
        known = f"is of version {version!r}, this program knows {VERSION}; update Weir"
        raise IntegrityError(str(path), known)
    try:
        _check(found, path.stem)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise IntegrityError(str(path), f"is no suppression list; {REMEDY}") from None
    return dict(found)


def _check(found: dict[str, Any], name: str) -> None:
    """ValueError (or its like) for what is no request's file."""
    if found["request_id"] != name or not found["key"] or not isinstance(found["key"], str):
        raise ValueError
    for kind in (rules.URL, rules.DOMAIN, rules.DOC_ID):
        if not all(HEX.fullmatch(value) for value in found["entries"][kind]):
            raise ValueError
    for text in found["entries"][rules.TEXT]:
        signature = text["signature"]
        if not HEX.fullmatch(text["digest"]):
            raise ValueError
        if signature is not None:
            np.array(signature, dtype=np.uint32).reshape(minhash.PERMUTATIONS)


def table(listing: Listing) -> pa.Table:
    """The rows of table `suppressed`. IntegrityError also if two files have different keys."""
    rows: dict[tuple[str, str], list[int] | None] = {}
    key = ""
    for item in listing.files:
        found = read(item)
        key = key or found["key"]
        if found["key"] != key:
            raise IntegrityError(item.uri, f"is hashed by another key than the others; {REMEDY}")
        for kind in (rules.URL, rules.DOMAIN, rules.DOC_ID):
            rows.update({(kind, value): None for value in found["entries"][kind]})
        for text in found["entries"][rules.TEXT]:
            place = (rules.TEXT, text["digest"])
            rows[place] = text["signature"] or rows.get(place)
    if key:
        rows[KEY, key] = None
    order = sorted(rows)
    columns = [
        pa.array([kind for kind, _ in order], type=pa.string()),
        pa.array([value for _, value in order], type=pa.string()),
        pa.array(
            [rows[place] for place in order], type=pa.list_(pa.uint32(), schema.N_PERMUTATIONS)
        ),
    ]
    return pa.Table.from_arrays(columns, schema=schema.SUPPRESSED.schema)


def compiled(rows: pa.Table) -> rules.Suppressed:
    """A table `suppressed`, ready to be looked up. IntegrityError for one that is none."""
    kinds, values = rows.column("kind").to_pylist(), rows.column("value").to_pylist()
    keys = [value for kind, value in zip(kinds, values, strict=True) if kind == KEY]
    if rows.num_rows and len(keys) != 1:
        raise IntegrityError("suppressed", "the table has no key; delete it and run again")
    entries = [(k, v) for k, v in zip(kinds, values, strict=True) if k != KEY]
    return rules.of(keys[0] if keys else "", entries, signatures(rows.column("signature")))


def signatures(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.uint32]]:
    """The values of a column of signatures that are not null, of shape (rows, 112)."""
    whole = column.combine_chunks().drop_null()
    flat = whole.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.uint32).reshape(-1, schema.N_PERMUTATIONS)


def key_of(folder: Path, default: str) -> str:
    """The key of the hashes of a dataset's or run's list; `default` where there is none yet."""
    listing = locate(folder)
    return str(read(listing.files[0])["key"]) if listing.files else default


def path_of(folder: Path, request_id: str) -> Path:
    """Where a request's file lies."""
    return folder / FOLDER / f"{request_id}.json"


def write(folder: Path, entry: dict[str, Any]) -> dict[str, Any]:
    """Put a request on the list; the file as it stands there.

    One of the same name stays: files never change. IntegrityError if it holds other entries.
    """
    path = path_of(folder, entry["request_id"])
    if not path.exists():
        storage.write_bytes(path, manifest.json_lines(entry).encode())
    found = read(Input(path.stem, str(path), f"sha256:{storage.file_digest(path)}"))
    if any(found[name] != entry[name] for name in ("kind", "scope")):
        raise IntegrityError(str(path), "is another request; give yours another --request-id")
    return found
