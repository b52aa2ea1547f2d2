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
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from pipeline import storage
from pipeline.keys import layout_of
from pipeline.manifest import Manifest, Output, json_lines
from stages import schema
from stages.errors import ConfigError, IntegrityError

VERSION = 1


@dataclass(frozen=True, slots=True)
class File:
    """A file of the index: path below the dataset."""

    path: str
    rows: int
    bytes: int
    sha256: str


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
                "documents": str(Path(run_of[source.release]) / source.documents),
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
        parts = tuple(
            Part(
                str(part["name"]),
                tuple(_file(file) for file in part["keys"]),
                tuple(
                    Source(str(s["release"]), _file(s["signatures"]), str(s["documents"]))
                    for s in part["sources"]
                ),
                tuple(int(place) for place in part["gone"]),
            )
            for part in value["parts"]
        )
        return Index(dataset, str(value["layout"]), parts, runs)


def _file(value: dict[str, Any]) -> File:
    path = Path(value["path"])
    if path.is_absolute() or ".." in path.parts:
        raise ValueError("leads out of the dataset")
    return File(str(path), int(value["rows"]), int(value["bytes"]), str(value["sha256"]))


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
                "; restore it, or `weir run` each release's RUN again with --dataset",
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
    except (OSError, ValueError) as error:
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
        _refuse_others(index, seen, run, snapshot)
        corpus = [(m.task, o) for m in compacted for o in m.outputs if o.base == "corpus"]
        signed = [o for m in compacted for o in m.outputs if o.base == "signatures"]
        keys = [o for m in indexed for o in m.outputs]
        digest = hashlib.sha256("".join(o.sha256 for o in (*signed, *keys)).encode()).hexdigest()
        name = f"{snapshot}-{digest[:12]}"
        part = Part(
            name,
            tuple(_adopted(dataset, run, name, output) for output in keys),
            tuple(
                Source(snapshot, _adopted(dataset, run, name, output), published.path)
                for output, (_, published) in zip(signed, corpus, strict=True)
            ),
            tuple(_gone(run, signed)),
        )
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
        # By name: the order in which snapshots were released leaves no trace.
        parts = tuple(sorted((*others.parts, part), key=lambda p: p.name))
        write(replace(index, layout=layout, parts=parts))


def _gone(run: Path, signed: Sequence[Output]) -> Iterator[int]:
    """Places of documents that were taken down before their run was released."""
    for number, output in enumerate(signed):
        if output.origin:  # only what a takedown rewrote
            digests = storage.read_table(run / output.path, ["text_digest"]).column("text_digest")
            rows = np.flatnonzero(pc.equal(digests, "").to_numpy())
            yield from (number << 32 | int(row) for row in rows)


def _refuse_others(index: Index, seen: Index, run: Path, snapshot: str) -> None:
    """ConfigError where releasing would leave duplicates, or two runs under one name."""
    path = release_path(index.dataset, snapshot)
    if path.exists() and _release(index.dataset, snapshot)["run"] != str(run):
        raise ConfigError(
            str(path),
            f"the snapshot {snapshot} was released by another run",
            "give this one a name of its own with --set snapshot=NAME",
        )
    late = set(index.releases) - set(seen.releases) - {snapshot}
    if late:
        raise ConfigError(
            str(index.dataset),
            f"{', '.join(sorted(late))} was released since this run began; it is not compared with",
            f"compare it now with: weir run {run}",
        )


def _adopted(dataset: Path, run: Path, name: str, output: Output) -> File:
    """Put a file of the run into the index."""
    path = f"index/{name}/{output.path.removeprefix('index/')}"
    storage.adopt(run / output.path, dataset / path)
    return File(path, output.rows, output.bytes, output.sha256)


def write(index: Index) -> None:
    """Make this the index, at once and whole."""
    storage.write_bytes(index_path(index.dataset), json_lines(index.to_json()).encode())


def sweep(index: Index) -> list[str]:
    """Remove what no longer, or not yet, is a part of the index; the paths of what went."""
    named = {str(index.dataset / file.path) for file in files(index)}
    folder, removed = index.dataset / "index", []
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
