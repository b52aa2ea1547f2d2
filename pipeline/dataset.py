"""A dataset: what outlives one run. Here its releases, and the index of what they published.

    DATASET/releases/<snapshot>.json   a run's folder and its published files, with digests
    DATASET/index/index.json           what the index consists of: replaced whole, by rename
    DATASET/index/<part>/              immutable files: keys, sorted, and signatures

A part holds the keys of one release, or of several once they were compacted. Its sources are files
of signatures, row by row beside published files; a key names a document by the source's number in
the part, and the row. A file counts if and only if index.json names it.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from pipeline import lease, storage
from pipeline.keys import layout_of
from pipeline.manifest import Manifest, Output, json_lines
from stages import schema
from stages.errors import ConfigError, IntegrityError

VERSION = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")
_LAYOUT = re.compile(r"([1-9][0-9]{0,3}x[1-9][0-9]{0,3})?")


@dataclass(frozen=True, slots=True)
class File:
    """A file of the index: path below the dataset."""

    path: str
    rows: int
    bytes: int
    sha256: str
    footer: str
    """SHA-256 of what tells where in the file which rows are. Pages have checksums, this has not,
    and a run has no time for the digest of a whole file."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file of signatures, and the published file (below its run) whose documents they are of."""

    release: str
    signatures: File
    documents: str


@dataclass(frozen=True, slots=True)
class Part:
    """Keys of one release or several, and the sources that they name."""

    name: str
    keys: tuple[File, ...]
    sources: tuple[Source, ...]
    gone: tuple[int, ...] = ()
    """Places of documents that were taken down: their keys are passed over."""
    swept: int = 0
    """How many of them the keys do not hold any more."""


@dataclass(frozen=True, slots=True)
class Index:
    """The index of a dataset as index.json has it; `runs` is where each release's files lie."""

    dataset: Path
    layout: str = ""
    """Bands and rows of all its keys, `14x8`; empty while there are none."""
    parts: tuple[Part, ...] = ()
    runs: tuple[tuple[str, str], ...] = ()

    @property
    def releases(self) -> tuple[str, ...]:
        """Names of the releases whose documents it knows."""
        return tuple(
            dict.fromkeys(source.release for part in self.parts for source in part.sources)
        )

    def sources(self, first: int) -> list[dict[str, Any]]:
        """All sources as parameters of tasks, numbered from `first` on."""
        run_of = dict(self.runs)
        found = [source for part in self.parts for source in part.sources]
        return [
            {
                "number": first + number,
                "name": f"{source.release}/{source.documents}",
                "signatures": str(self.dataset / source.signatures.path),
                "sha256": source.signatures.sha256,
                "known": source.signatures.sha256,
                "rows": source.signatures.rows,
                "documents": str(storage.place(run_of[source.release]) / source.documents),
                "texts": source.documents,
                "is_old": True,
            }
            for number, source in enumerate(found)
        ]

    def keys(self, first: int) -> list[dict[str, Any]]:
        """All files of keys as parameters of tasks; `offset` is the number of its first source."""
        found = []
        for part in self.parts:
            found += [
                {
                    "path": str(self.dataset / file.path),
                    "rows": file.rows,
                    "sha256": file.sha256,
                    "offset": first,
                    "gone": list(part.gone),
                    "is_old": True,
                }
                for file in part.keys
            ]
            first += len(part.sources)
        return found

    def without(self, release: str) -> "Index":
        """The index as it was before a release that is a part of its own.

        IntegrityError if the release was compacted with others.
        """
        parts = tuple(p for p in self.parts if {s.release for s in p.sources} != {release})
        made = replace(self, parts=parts)
        if release in made.releases:
            raise IntegrityError(
                str(self.dataset),
                f"{release} was compacted with other snapshots, but its run is not finished; "
                "start the run anew under another snapshot name",
            )
        return made

    def contents(self) -> dict[str, set[tuple[str, str]]]:
        """What each release consists of here: published files, signatures, and what is gone."""
        found: dict[str, set[tuple[str, str]]] = {name: set() for name in self.releases}
        for part in self.parts:
            for source in part.sources:
                found[source.release].add((source.documents, source.signatures.sha256))
            for place in part.gone:
                source = part.sources[place >> 32]
                found[source.release].add((source.documents, f"without {place & 0xFFFFFFFF}"))
        return found

    def to_json(self) -> dict[str, Any]:
        """What index.json holds."""
        return {
            "version": VERSION,
            "minhash": schema.SIGNATURES.notes["weir.minhash"],
            "layout": self.layout,
            "parts": [asdict(part) for part in self.parts],
        }

    @staticmethod
    def from_json(
        dataset: Path, value: dict[str, Any], runs: tuple[tuple[str, str], ...] = ()
    ) -> "Index":
        """The inverse of `to_json`. KeyError, TypeError or ValueError for anything else."""
        parts = tuple(_part(part) for part in value["parts"])
        if len({part.name for part in parts}) != len(parts):
            raise ValueError("two parts of one name")
        return Index(dataset, _matching(_LAYOUT, value["layout"]), parts, runs)


def _part(value: dict[str, Any]) -> Part:
    sources = tuple(
        Source(_matching(_NAME, s["release"]), _file(s["signatures"]), _inside(s["documents"]))
        for s in value["sources"]
    )
    gone = tuple(_count(place) for place in value["gone"])
    if any(place >> 32 >= len(sources) for place in gone):
        raise ValueError("names a document of no source as gone")
    keys = tuple(_file(file) for file in value["keys"])
    return Part(_matching(_NAME, value["name"]), keys, sources, gone, _count(value["swept"]))


def _file(value: dict[str, Any]) -> File:
    counts = _count(value["rows"]), _count(value["bytes"])
    return File(_inside(value["path"]), *counts, str(value["sha256"]), str(value["footer"]))


def _inside(path: str) -> str:
    """A path that stays below its folder."""
    if Path(path).is_absolute() or ".." in Path(path).parts:
        raise ValueError(f"{path!r} leads out of its folder")
    return str(Path(path))


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _matching(pattern: re.Pattern[str], value: str) -> str:
    if not pattern.fullmatch(value):
        raise ValueError(f"{value!r} is no name of a release or part, or no layout")
    return value


def index_path(dataset: Path) -> Path:
    """Where the index says what it consists of."""
    return dataset / "index" / "index.json"


def release_path(dataset: Path, name: str) -> Path:
    """Where a release lists its files."""
    return dataset / "releases" / f"{name}.json"


def read(dataset: Path) -> Index:
    """The index of a dataset; an empty one for a dataset that has no release yet.

    IntegrityError for one of a newer version, of another MinHash, damaged, or that lost a file.
    """
    dataset = dataset.resolve()
    path = index_path(dataset)
    if not path.exists():
        if (dataset / "releases").is_dir() and any((dataset / "releases").glob("[!.]*.json")):
            raise IntegrityError(
                str(path),
                "is missing, though the dataset has releases: without it nothing published is known"
                "; restore it, or release each run again, the oldest first, into a new dataset: "
                "weir run CONFIG --reuse RUN --output NEW --dataset NEW_DATASET",
            )
        return Index(dataset)
    value = _json(path)
    if value.get("version") != VERSION:
        raise IntegrityError(
            str(path),
            f"is of version {value.get('version')!r}, this program reads {VERSION}; use the Weir "
            "that wrote it, or a newer one",
        )
    scheme = schema.SIGNATURES.notes["weir.minhash"]
    if value.get("minhash") != scheme:
        raise IntegrityError(
            str(path), f"holds signatures {value.get('minhash')!r}, this program makes {scheme}"
        )
    try:
        index = Index.from_json(dataset, value)
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError(str(path), f"is damaged ({error!r}); restore it") from None
    runs = tuple((name, str(_release(dataset, name)["run"])) for name in index.releases)
    for file in files(index):
        found = dataset / file.path
        if not found.is_file() or found.stat().st_size != file.bytes:
            raise IntegrityError(
                str(found), "is missing or cut; restore it, see `weir index verify`"
            )
    return replace(index, runs=runs)


def described(dataset: Path, path: str, rows: int, size: int, sha256: str) -> File:
    """The entry of a file that lies there."""
    return File(path, rows, size, sha256, _footer(dataset / path))


def _footer(path: Path) -> str:
    """SHA-256 of the end of a Parquet file, from its metadata on; empty if there is no such end."""
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - 8))
        end = stream.read(8)
        length = int.from_bytes(end[:4], "little") + 8
        if end[4:] != b"PAR1" or length > size:
            return ""
        stream.seek(size - length)
        return hashlib.sha256(stream.read(length)).hexdigest()


def check_files(index: Index) -> None:
    """IntegrityError unless each file is laid out as when it was made."""
    for file in files(index):
        if _footer(index.dataset / file.path) != file.footer:
            raise IntegrityError(
                str(index.dataset / file.path),
                "is damaged (its metadata are not those in index.json); restore it, see `weir index"
                " verify`",
            )


def files(index: Index) -> Iterator[File]:
    """Every file of the index."""
    for part in index.parts:
        yield from part.keys
        yield from (source.signatures for source in part.sources)


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise IntegrityError(str(path), "is missing; restore it") from None
    except (OSError, ValueError, RecursionError) as error:
        raise IntegrityError(str(path), f"cannot be read ({error}); restore it") from None
    if not isinstance(value, dict):
        raise IntegrityError(str(path), "is damaged: no JSON object; restore it")
    return value


def _release(dataset: Path, name: str) -> dict[str, Any]:
    value = _json(release_path(dataset, name))
    if value.get("version") != VERSION or not isinstance(value.get("run"), str):
        raise IntegrityError(
            str(release_path(dataset, name)), f"is no release of version {VERSION}; restore it"
        )
    return value


def has_release(dataset: Path, name: str, run: Path) -> bool:
    """Whether this run was released under the name, and the index knows it."""
    path = release_path(dataset, name)
    return (
        path.exists()
        and _release(dataset, name)["run"] == str(run)
        and name in read(dataset).releases
    )


def is_current(dataset: Path, name: str, compacted: Sequence[Manifest]) -> bool:
    """Whether a release lists just these files."""
    listed = {(f["path"], f["sha256"]) for f in _release(dataset, name).get("files", ())}
    return listed == {
        (o.path, o.sha256) for m in compacted for o in m.outputs if o.base == "corpus"
    }


def check(index: Index, run: Path, snapshot: str, layout: str) -> None:
    """Look, before any work, whether a run can be compared with the index, and released.

    ConfigError for a name that is taken or another layout, IntegrityError for damaged files and for
    published ones that are gone.
    """
    _refuse_name(index.dataset, run, snapshot)
    if index.layout and index.layout != layout:
        bands, rows = index.layout.split("x")
        raise ConfigError(
            "cluster.bands, cluster.rows",
            f"this run cuts signatures {layout}, the index of {index.dataset} {index.layout}",
            f"use --set cluster.bands={bands} --set cluster.rows={rows}, or another dataset",
        )
    check_files(index)
    for source in index.sources(0):
        if not storage.place(source["documents"]).is_file():
            release = source["name"].partition("/")[0]
            raise IntegrityError(
                source["documents"],
                f"is missing, but release {release} published it; put it back, or say where its "
                f"run is now in {release_path(index.dataset, release)}",
            )


def release(
    seen: Index,
    run: Path,
    snapshot: str,
    compacted: Sequence[Manifest],
    indexed: Sequence[Manifest],
) -> None:
    """Add what a run has published to its dataset, under the name of its snapshot.

    `seen` is the index that the run was compared with. Files of the index are linked, or copied to
    another disk; published ones stay in the run. Doing it twice changes nothing. ConfigError if the
    snapshot was released by another run, or if another one was released since the run began.
    """
    dataset = seen.dataset
    with lock(dataset):
        index = read(dataset)
        _refuse_name(dataset, run, snapshot)
        _refuse_late(index, seen, run, snapshot)
        if not index_path(dataset).exists():  # a release without an index is one that was lost
            write(index)
        corpus = [(m.task, o) for m in compacted for o in m.outputs if o.base == "corpus"]
        signed = [o for m in compacted for o in m.outputs if o.base == "signatures"]
        keys = [o for m in indexed for o in m.outputs]
        part = _part_of(dataset, run, snapshot, [o for _, o in corpus], signed, keys)
        told = {
            "version": VERSION,
            "snapshot": snapshot,
            "run": str(run),
            "files": [
                {"path": o.path, "sha256": o.sha256, "rows": o.rows, "tag": tag}
                for tag, o in corpus
            ],
        }
        storage.write_bytes(release_path(dataset, snapshot), json_lines(told).encode())
        others = index.without(snapshot)
        layout = layout_of(run / keys[0].path) if keys else others.layout
        # By name: the order in which snapshots were released leaves no trace. A release of no
        # documents is no part: its name would be nowhere in the index.
        parts = sorted((*others.parts, *([part] if part.sources else [])), key=lambda p: p.name)
        made = replace(index, layout=layout, parts=tuple(parts))
        write(made)
        sweep(made)


def _part_of(
    dataset: Path,
    run: Path,
    snapshot: str,
    corpus: Sequence[Output],
    signed: Sequence[Output],
    keys: Sequence[Output],
) -> Part:
    """The part of the index that a run adds; its files are there."""
    digest = hashlib.sha256("".join(o.sha256 for o in (*signed, *keys)).encode()).hexdigest()
    name = f"{snapshot}-{digest[:12]}"
    return Part(
        name,
        tuple(_adopted(dataset, run, name, output) for output in keys),
        tuple(
            Source(snapshot, _adopted(dataset, run, name, output), published.path)
            for output, published in zip(signed, corpus, strict=True)
        ),
        tuple(_gone(run, signed)),
    )


def _gone(run: Path, signed: Sequence[Output]) -> Iterator[int]:
    """Places of documents that were taken down before their run was released."""
    for number, output in enumerate(signed):
        if output.origin:  # only what a takedown rewrote
            digests = storage.read_table(run / output.path, ["text_digest"]).column("text_digest")
            rows = np.flatnonzero(pc.equal(digests, "").to_numpy())
            yield from (number << 32 | int(row) for row in rows)


def _refuse_name(dataset: Path, run: Path, snapshot: str) -> None:
    """ConfigError where another run has the name."""
    path = release_path(dataset, snapshot)
    if path.exists() and _release(dataset, snapshot)["run"] != str(run):
        raise ConfigError(
            str(path),
            f"the snapshot {snapshot} was released by another run",
            "give this one a name of its own with --set snapshot=NAME",
        )


def _refuse_late(index: Index, seen: Index, run: Path, snapshot: str) -> None:
    """ConfigError where releasing would leave duplicates of what the run was not compared with."""
    late = changed_since(index, seen, snapshot)
    if late:
        raise ConfigError(
            str(index.dataset),
            f"{', '.join(late)} was released, or had documents taken down, since this run was "
            "compared with what is published",
            f"compare it again with: weir run {run}",
        )


def changed_since(index: Index, seen: Index, snapshot: str) -> list[str]:
    """Releases, but for `snapshot`, that are not in the index what they were in `seen`."""
    now, then = index.contents(), seen.contents()
    names = (now.keys() | then.keys()) - {snapshot}
    return sorted(name for name in names if now.get(name) != then.get(name))


def _adopted(dataset: Path, run: Path, name: str, output: Output) -> File:
    """Put a file of the run into the index."""
    path = f"index/{name}/{output.path.removeprefix('index/')}"
    storage.adopt(run / output.path, dataset / path)
    return described(dataset, path, output.rows, output.bytes, output.sha256)


def write(index: Index) -> None:
    """Make this the index, at once and whole."""
    storage.write_bytes(index_path(index.dataset), json_lines(index.to_json()).encode())


def sweep(index: Index) -> list[str]:
    """Remove what no longer, or not yet, is a part of the index; the paths of what went."""
    named = {str(index.dataset / file.path) for file in files(index)}
    folder, removed = index.dataset / "index", []
    for path in (index.dataset / "releases").glob(".tmp-*"):
        path.unlink()
        removed.append(str(path.relative_to(index.dataset)))
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != index_path(index.dataset) and str(path) not in named:
            path.unlink()
            removed.append(str(path.relative_to(index.dataset)))
    for path in sorted(folder.rglob("*"), reverse=True):
        with contextlib.suppress(OSError):
            if path.is_dir():
                path.rmdir()
    return removed


@contextlib.contextmanager
def lock(dataset: Path) -> Iterator[None]:
    """Hold the dataset's lock: one process at a time changes it. ConfigError if it is taken."""
    if storage.in_store(dataset):
        with lease.hold(dataset, shared=False):
            yield
        return
    path = dataset / ".lock"
    with storage.disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise ConfigError(
            str(dataset), "is being changed by another process", "try again when it has ended"
        ) from None
    try:
        yield
    finally:
        os.close(handle)
