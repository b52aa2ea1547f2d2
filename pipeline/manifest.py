"""Manifests: the proof that a task's output is complete, and the account of every row.

A shard is there if and only if its manifest is. A manifest is written last, by rename, and never
changed.
"""

import functools
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from pipeline import storage
from pipeline.places import Place
from stages.errors import IntegrityError

VERSION = 1
WALL = re.compile(rb'"wall_s": ([0-9.e+-]+)')
Count = tuple[str, str, str, int]
"""(language, metric, label, count)"""


@dataclass(frozen=True, slots=True)
class Output:
    """One committed file: path below the run, rows, bytes and SHA-256.

    `groups` are (tag, row group) pairs.
    """

    table: str
    path: str
    rows: int
    bytes: int
    sha256: str
    groups: tuple[tuple[str, int], ...] = ()
    origin: str = ""
    """SHA-256 that task keys know the file by, where a takedown rewrote it; empty: `sha256`."""

    @property
    def base(self) -> str:
        """Name of the table that it belongs to: `corpus` for `corpus.0`."""
        return self.table.partition(".")[0]

    @property
    def known(self) -> str:
        """What the keys of later tasks are made of: a takedown leaves them what they were."""
        return self.origin or self.sha256


@dataclass(frozen=True, slots=True)
class Books:
    """Rows in = kept + rejected + quarantined."""

    rows_in: int
    kept: int
    rejected: int
    quarantined: int

    def check(self, where: str) -> None:
        """IntegrityError if they do not balance."""
        out = self.kept + self.rejected + self.quarantined
        if self.rows_in != out:
            raise IntegrityError(
                where, f"books do not balance: {self.rows_in} rows in, {out} accounted for"
            )


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a finished task leaves behind."""

    step: str
    key: str
    task: str
    inputs: tuple[str, ...]
    outputs: tuple[Output, ...]
    books: Books
    counts: tuple[Count, ...]
    timing: Mapping[str, float] = field(default_factory=dict)

    def digest(self) -> str:
        """What the content of the outputs is known by, apart from names and times."""
        return "+".join(f"{o.table}:{o.sha256}" for o in self.outputs)

    def output(self, table: str) -> Output:
        """The only output of a table; IntegrityError if there is none."""
        for candidate in self.outputs:
            if candidate.table == table:
                return candidate
        raise IntegrityError(f"{self.step}/{self.key}", f"manifest lists no {table}")

    def held(self) -> "Manifest":
        """As a driver holds it for its steps to come: without times, its names shared.

        A snapshot has 270,000 manifests, each shard's with three times the same 80 languages.
        """
        shared = {
            groups: tuple(_group(tag, number) for tag, number in groups)
            for groups in {output.groups for output in self.outputs}
        }
        outputs = tuple(
            replace(o, table=sys.intern(o.table), groups=shared[o.groups]) for o in self.outputs
        )
        return replace(self, step=sys.intern(self.step), outputs=outputs, timing={})

    def to_json(self) -> str:
        """JSON, one manifest a file."""
        value = {each.name: getattr(self, each.name) for each in fields(self)}
        value["outputs"] = [asdict(output) for output in self.outputs]
        value["books"] = asdict(self.books)
        return json_lines({"manifest_version": VERSION, **dict(sorted(value.items()))})

    @staticmethod
    def from_json(text: str | bytes, where: str) -> "Manifest":
        """IntegrityError if the text is no manifest of this version, whatever else it is."""
        try:
            value = json.loads(text)
            if value.pop("manifest_version") != VERSION:
                raise ValueError  # noqa: TRY301 - the same answer as to malformed JSON
            value["outputs"] = tuple(
                Output(**{**o, "groups": tuple((tag, group) for tag, group in o["groups"])})
                for o in value["outputs"]
            )
            value["books"] = Books(**{name: int(n) for name, n in value["books"].items()})
            value["inputs"] = tuple(value["inputs"])
            value["counts"] = tuple((a, b, c, int(n)) for a, b, c, n in value["counts"])
            return Manifest(**value)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise IntegrityError(
                where, "not a manifest; delete the file and run again to redo the task"
            ) from None


@functools.lru_cache(maxsize=1 << 16)
def _group(tag: str, number: int) -> tuple[str, int]:
    """The same pair for the same values."""
    return tag, number


@dataclass(frozen=True, slots=True)
class Glance:
    """What a manifest says of its books and of when its task ran, by the clock of the disk."""

    books: Books
    began: float
    ended: float


def glance(folder: Place, key: str) -> Glance:
    """A look at a manifest in its step's folder that reads two of its lines, for 90,000 of them.

    IntegrityError if it is none, FileNotFoundError if there is none.
    """
    path = folder / f"{key}.json"
    text, ended = path.read_bytes(), path.stat().st_mtime
    try:
        books, timing = json.loads(_line(text, b"books")), _line(text, b"timing")
        wall_s = float(found[1]) if (found := WALL.search(timing)) else 0.0
        return Glance(Books(**{name: int(n) for name, n in books.items()}), ended - wall_s, ended)
    except (ValueError, TypeError, AttributeError):
        made = Manifest.from_json(text, str(path))
        return Glance(made.books, ended - float(made.timing.get("wall_s", 0.0)), ended)


def _line(text: bytes, key: bytes) -> bytes:
    """The value of a key, as `json_lines` writes it; ValueError if it is written otherwise."""
    before = b'\n"%s": ' % key
    start = text.index(before) + len(before)
    line = text[start : text.index(b"\n", start)]
    return line[:-1]  # a comma, or the end of the whole


def json_lines(value: Mapping[str, Any]) -> str:
    """A JSON object with a line for each of its keys, in their order.

    `json.dumps` with `indent` takes ten times as long: only without does it use its C encoder.
    """
    lines = (
        f"{json.dumps(key)}: {json.dumps(part, ensure_ascii=False)}" for key, part in value.items()
    )
    return "{" + ",\n".join(lines) + "}\n"


def path_of(run: Place, step: str, key: str) -> Place:
    """Where a task's manifest lies."""
    return folder_of(run, step) / f"{key}.json"


def folder_of(run: Place, step: str) -> Place:
    """Where a step's manifests lie."""
    return run / "manifests" / step


def commit(run: Place, made: Manifest) -> None:
    """Make the task's output count; its books must balance.

    A second commit of the same key must have equal digests.
    """
    made.books.check(f"{made.step} {made.task}")
    path = path_of(run, made.step, made.key)
    if not path.exists() and storage.create(path, made.to_json().encode()):
        return
    if find(run, made.step, made.key).digest() != made.digest():  # type: ignore[union-attr]
        raise IntegrityError(str(path), "the same task gave other bytes: it is not deterministic")


def find(run: Place, step: str, key: str) -> Manifest | None:
    """The committed manifest of a task, if there is one."""
    path = path_of(run, step, key)
    try:
        return Manifest.from_json(path.read_bytes(), str(path))
    except FileNotFoundError:
        return None


def committed(run: Place, step: str, keys: Sequence[str]) -> dict[str, Manifest]:
    """Manifests of those tasks of a step that are committed, by key and as `held`."""
    if not storage.in_store(run):
        found = ((key, find(run, step, key)) for key in keys)
        return {key: made.held() for key, made in found if made is not None}
    there = {path.stem: path for path in (run / "manifests" / step).glob("*.json")}
    wanted = {key: there[key] for key in keys if key in there}
    return {key: made.held() for key, made in zip(wanted, _read([*wanted.values()]), strict=True)}


def every(run: Place, step: str | None = None) -> Iterator[Manifest]:
    """Every committed manifest, by step and task; all are held in memory to be sorted."""
    yield from sorted(each(run, step), key=lambda m: (m.step, m.task, m.key))


def each(run: Place, step: str | None = None) -> Iterator[Manifest]:
    """Every committed manifest, one at a time and in no order."""
    paths = (run / "manifests").glob(f"{step or '*'}/*.json")
    yield from _read([path for path in paths if not path.name.startswith(".")])


def _read(paths: Sequence[Place]) -> Iterator[Manifest]:
    """The manifests at these places, in order; those in a store several at once."""
    for path, data in zip(paths, storage.read_each(paths), strict=True):
        yield Manifest.from_json(data, str(path))
