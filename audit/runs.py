"""A run's folder, opened for reading: its book, its manifests and the tables that they name.

Readers trust manifests: a file that no manifest of a task in `run.json` names is not there. Tables
come a shard or a row group at a time, so that memory does not grow with the run.
"""

import fcntl
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import ValidationError

from filters.domains import LanguageLists
from filters.rules import Bound
from pipeline import config, lease, lists, manifest, plan, storage, tally
from pipeline.manifest import Count, Manifest, Output
from stages import schema
from stages.errors import ConfigError, IntegrityError

STEPS: tuple[str, ...] = tuple(step.name for step in plan.STEPS)
BATCH_ROWS = 4096
NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")
"""Runs, snapshots, steps, keys and languages: no name leads to another folder, or off a line."""
ARROW = ".arrow"
"""What ends the name of a table that workers map; the others are Parquet."""


@dataclass(frozen=True, slots=True)
class Shard:
    """The row-aligned files of one input: what extract, judge and decide made of it."""

    name: str
    source: str
    records: Output
    documents: Output
    signals: Output
    signatures: Output
    verdicts: Output
    decisions: Output


class Run:
    """A run's folder. ConfigError if it is none, or not finished and `unfinished` is not set."""

    def __init__(self, path: Path | str, *, unfinished: bool = False) -> None:
        self.path = storage.place(path)
        _check_path(self.path)
        self.book = _book(self.path)
        if not unfinished and not self.is_finished:
            raise ConfigError(
                str(path),
                "this run is not finished",
                f"see how far it is with: weir status {path}; run the same command again to go on",
            )

    @property
    def is_finished(self) -> bool:
        """Whether every step ran to its end."""
        return bool(self.book.get("finished_at")) and isinstance(self.book.get("tasks"), dict)

    @property
    def name(self) -> str:
        """Name of the run, from its configuration."""
        return str(self.book.get("name", self.path.name))

    @property
    def snapshot(self) -> str:
        """The crawl that was read."""
        return str(self.book.get("snapshot", "?"))

    @property
    def rules(self) -> tuple[str, ...]:
        """Rule names; bit k of a mask of failed rules is the k-th."""
        return tuple(str(name) for name in self.book.get("rules", ()))

    @cached_property
    def tasks(self) -> dict[str, list[str]]:
        """Task keys by step, in task order; empty for a run that is not finished."""
        tasks = self.book.get("tasks")
        if not isinstance(tasks, dict):
            return {}
        return {str(step): [str(key) for key in keys] for step, keys in tasks.items()}

    @cached_property
    def settings(self) -> config.Run:
        """The resolved configuration. IntegrityError if this version of the code has no such."""
        try:
            return config.Run.model_validate(self.book.get("config"))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"]) or "config"
            raise IntegrityError(f"{self.path}/run.json", f"config.{key}: {first['msg']}") from None

    @cached_property
    def _bounds(self) -> dict[str, dict[str, Bound]]:
        return self.settings.bounds()[1]

    def bounds(self, tag: str) -> dict[str, Bound]:
        """Bounds by rule that judge a language: its own, or the base ones without a pack."""
        return self._bounds.get(tag, self._bounds["base"])

    @cached_property
    def lists(self) -> dict[str, LanguageLists]:
        """Lists of sites by language, where it has any; `base` for languages without a pack."""
        return self.settings.lists()

    def failed(self, mask: int) -> list[str]:
        """Names of the rules in a mask, in declared order."""
        return [name for bit, name in enumerate(self.rules) if mask >> bit & 1]

    @cached_property
    def pruned(self) -> frozenset[str]:
        """Paths that `weir prune` removed. IntegrityError if its note cannot be read."""
        path = self.path / "journal" / "pruned.json"
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))["pruned"]
            return frozenset(str(entry["path"]) for entry in entries)
        except FileNotFoundError:
            return frozenset()
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            raise IntegrityError(str(path), "not a note of what was pruned") from None

    # Manifests

    def manifest(self, step: str, key: str) -> Manifest:
        """The manifest of one task. IntegrityError if it is missing or damaged."""
        where = f"manifests/{step}/{key}.json"
        try:
            text = manifest.path_of(self.path, step, key).read_text(encoding="utf-8")
            found = Manifest.from_json(text, where)
        except FileNotFoundError:
            raise IntegrityError(where, "is missing, though run.json lists the task") from None
        except (OSError, ValueError, AttributeError, RecursionError):
            raise IntegrityError(where, "cannot be read") from None
        _check_types(found, where)
        return found

    def manifests(self, step: str | None = None) -> Iterator[Manifest]:
        """Manifests of the tasks in run.json, by step and in task order."""
        for name in [step] if step else [s for s in STEPS if s in self.tasks]:
            for key in self.tasks.get(name, ()):
                yield self.manifest(name, key)

    def counts(self, made: Manifest) -> list[Count]:
        """Counts of a task, wherever they are kept."""
        return tally.of(self.path, made)

    @cached_property
    def _kept(self) -> dict[str, list[Manifest]]:
        """Every manifest without its counts, which would not fit in memory for a large run."""
        return {
            step: [replace(made, counts=()).held() for made in self.manifests(step)]
            for step in STEPS
        }

    def outputs(self, step: str, table: str | None = None) -> list[Output]:
        """Outputs of a step, or those of one table (`edges` for `edges.0`, `edges.1` ...)."""
        found = [output for made in self._kept[step] for output in made.outputs]
        return [o for o in found if table is None or base_name(o) == table]

    @cached_property
    def digest(self) -> str:
        """SHA-256 over what every task made: two runs of equal digest hold the same bytes."""
        lines = (f"{m.step}/{m.task}:{m.digest()}\n" for s in STEPS for m in self._kept[s])
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    @cached_property
    def shards(self) -> tuple[Shard, ...]:
        """The shards in input order. IntegrityError if a step lacks one of them."""
        judged = {made.task: made for made in self._kept["judge"]}
        decided = {made.task: made for made in self._kept["decide"]}
        found = []
        for made in self._kept["extract"]:
            if made.task not in judged or made.task not in decided:
                raise IntegrityError(f"{self.path}/run.json", f"shard {made.task} was not decided")
            found.append(
                Shard(
                    made.task,
                    ", ".join(made.inputs),
                    made.output("records"),
                    made.output("documents"),
                    made.output("signals"),
                    made.output("signatures"),
                    judged[made.task].output("verdicts"),
                    decided[made.task].output("decisions"),
                )
            )
        return tuple(found)

    # Tables

    def open(self, output: Output) -> pq.ParquetFile:
        """A committed file. IntegrityError if it is missing, damaged or of another schema."""
        try:
            file = pq.ParquetFile(storage.opened(self.path / output.path))
        except FileNotFoundError:
            problem = "was pruned" if output.path in self.pruned else "is missing"
            raise IntegrityError(output.path, problem) from None
        except (OSError, pa.ArrowException) as error:
            raise IntegrityError(output.path, f"is no Parquet file ({_first(error)})") from None
        expected = schema.TABLES[base_name(output)].schema
        if not file.schema_arrow.remove_metadata().equals(expected):
            raise IntegrityError(output.path, _schema_problem(file.schema_arrow, expected))
        return file

    def shape(self, output: Output) -> tuple[int, dict[bytes, bytes]]:
        """Rows and notes of a committed file, Parquet or Arrow. IntegrityError as from `open`."""
        if not output.path.endswith(ARROW):
            with self.open(output) as file:
                return int(file.metadata.num_rows), file.schema_arrow.metadata or {}
        try:
            table = lists.mapped(self.path / output.path)
        except FileNotFoundError:
            raise IntegrityError(output.path, "is missing") from None
        except (OSError, pa.ArrowException) as error:
            raise IntegrityError(output.path, f"is no Arrow file ({_first(error)})") from None
        expected = schema.TABLES[base_name(output)].schema
        if not table.schema.remove_metadata().equals(expected):
            raise IntegrityError(output.path, _schema_problem(table.schema, expected))
        return table.num_rows, table.schema.metadata or {}

    def is_there(self, output: Output) -> bool:
        """Whether the file exists."""
        return (self.path / output.path).is_file()

    def rows(self, output: Output) -> int:
        """Number of rows in the file, whatever its manifest says."""
        with self.open(output) as file:
            return int(file.metadata.num_rows)

    def read(self, output: Output, columns: Sequence[str]) -> pa.Table:
        """Some columns of a whole file; for narrow ones."""
        with self.open(output) as file:
            try:
                return file.read(columns=list(columns))
            except (OSError, pa.ArrowException) as error:
                raise IntegrityError(output.path, f"cannot be read ({_first(error)})") from None

    def read_tag(self, output: Output, tag: str, columns: Sequence[str]) -> pa.Table:
        """Some columns of a language's rows; only its row groups are read."""
        groups = [group for of, group in output.groups if of == tag]
        with self.open(output) as file:
            try:
                return file.read_row_groups(groups, columns=list(columns))
            except (OSError, pa.ArrowException, IndexError) as error:
                raise IntegrityError(output.path, f"cannot be read ({_first(error)})") from None

    def groups(self, output: Output, tag: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Some columns of a language's rows, a row group at a time; for wide ones."""
        with self.open(output) as file:
            for group in (group for of, group in output.groups if of == tag):
                try:
                    yield file.read_row_group(group, columns=list(columns))
                except (OSError, pa.ArrowException, IndexError) as error:
                    raise IntegrityError(output.path, f"cannot be read ({_first(error)})") from None

    def batches(
        self, output: Output, columns: Sequence[str]
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Some columns of a file in batches, each with its first row's number; for wide ones."""
        with self.open(output) as file:
            start = 0
            try:
                for batch in file.iter_batches(BATCH_ROWS, columns=list(columns)):
                    yield start, batch
                    start += batch.num_rows
            except (OSError, pa.ArrowException) as error:
                raise IntegrityError(output.path, f"cannot be read ({_first(error)})") from None

    def take(self, output: Output, rows: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """The given rows, in the order given; only the row groups that hold them are read."""
        wanted = np.asarray(rows, dtype=np.int64)
        order = np.argsort(wanted, kind="stable")
        found, start = [], 0
        with self.open(output) as file:
            try:
                for group in range(file.num_row_groups):
                    count = file.metadata.row_group(group).num_rows
                    inside = wanted[order][
                        (wanted[order] >= start) & (wanted[order] < start + count)
                    ]
                    if len(inside):
                        table = file.read_row_group(group, columns=list(columns))
                        found.append(table.take(pa.array(inside - start)))
                    start += count
            except (OSError, pa.ArrowException) as error:
                raise IntegrityError(output.path, f"cannot be read ({_first(error)})") from None
        if not found:
            full = schema.TABLES[base_name(output)].schema
            return pa.schema([full.field(name) for name in columns]).empty_table()
        return pa.concat_tables(found).take(pa.array(np.argsort(order, kind="stable")))

    def records(self, columns: Sequence[str]) -> Iterator[tuple[Shard, pa.Table]]:
        """Columns of each shard's records."""
        return ((shard, self.read(shard.records, columns)) for shard in self.shards)

    def documents(self, columns: Sequence[str]) -> Iterator[tuple[Shard, int, pa.RecordBatch]]:
        """Columns of the documents in batches, with the shard and the first row's number in it."""
        for shard in self.shards:
            for start, batch in self.batches(shard.documents, columns):
                yield shard, start, batch

    def signals(self, columns: Sequence[str]) -> Iterator[tuple[Shard, pa.Table]]:
        """Columns of each shard's signals."""
        return ((shard, self.read(shard.signals, columns)) for shard in self.shards)

    def decisions(self, columns: Sequence[str]) -> Iterator[tuple[Shard, pa.Table]]:
        """Columns of each shard's decisions."""
        return ((shard, self.read(shard.decisions, columns)) for shard in self.shards)

    def clusters(self) -> Iterator[tuple[Output, Output]]:
        """Members and edges of each range of components."""
        return iter(
            zip(self.outputs("cluster", "members"), self.outputs("cluster", "edges"), strict=True)
        )

    def corpus(self) -> dict[str, list[Output]]:
        """Corpus files by language tag."""
        files: dict[str, list[Output]] = {}
        for made in self._kept["compact"]:
            published = [o for o in made.outputs if o.base == "corpus"]
            files.setdefault(made.task, []).extend(published)
        return files


def base_name(output: Output) -> str:
    """Name of the table that an output belongs to: `edges` for `edges.0`."""
    return output.base


def find_rows(column: pa.ChunkedArray, values: Sequence[str]) -> list[int | None]:
    """Row of each value in a column; None where it is not."""
    rows: list[int | None] = pc.index_in(
        pa.array(values, type=column.type), value_set=column.combine_chunks()
    ).to_pylist()
    return rows


def is_running(path: Path) -> bool:
    """Whether a process holds the run's lock, or lease."""
    if storage.in_store(path):
        return bool(lease.living(path))
    try:
        with (path / "journal" / "lock").open("r", encoding="utf-8") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    except OSError:
        return False
    return False


def _check_path(path: Path) -> None:
    """ConfigError for a path that Arrow cannot open: bytes that are no UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        named = str(path).encode("utf-8", "replace").decode()
        raise ConfigError(named, "its name is not UTF-8", "rename the folder") from None


def _book(path: Path) -> dict[str, Any]:
    """The content of run.json."""
    try:
        book = json.loads((path / "run.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        known = "it has no run.json" if path.is_dir() else "there is no such folder"
        raise ConfigError(
            str(path), f"not a run: {known}", f"make one with: weir run CONFIG --output {path}"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{path}/run.json", f"cannot be read ({error.strerror})", "make it readable"
        ) from None
    except (ValueError, RecursionError):
        raise IntegrityError(f"{path}/run.json", "is damaged: not JSON") from None
    if not isinstance(book, dict) or not _is_book(book):
        raise IntegrityError(f"{path}/run.json", "is damaged: not the book of a run")
    return book


def _is_book(book: dict[str, Any]) -> bool:
    """Whether the parts that readers rely on have their shape."""
    tasks, listed = book.get("tasks"), [book.get("rules"), book.get("inputs")]
    listed.append(book.get("problems") or [])
    if not all(isinstance(part, list) for part in listed):
        return False
    if not all(_is_name(book[key]) for key in ("name", "snapshot") if book.get(key) is not None):
        return False
    return tasks is None or (
        isinstance(tasks, dict)
        and all(isinstance(keys, list) for keys in tasks.values())
        and all(map(_is_name, chain(tasks, *tasks.values())))
    )


def _is_name(value: object) -> bool:
    return isinstance(value, str) and NAMED.fullmatch(value) is not None


def _check_types(found: Manifest, where: str) -> None:
    """IntegrityError if a manifest's values are of other types than declared, or lead astray."""
    numbers = [found.books.rows_in, found.books.kept, found.books.rejected, found.books.quarantined]
    words = [found.step, found.key, found.task, *found.inputs]
    for output in found.outputs:
        numbers += [output.rows, output.bytes, *(group for _, group in output.groups)]
        words += [output.table, output.path, output.sha256, *(tag for tag, _ in output.groups)]
    for tag, metric, label, _ in found.counts:
        words += [tag, metric, label]
    times = found.timing.values() if isinstance(found.timing, dict) else (None,)
    if not all(isinstance(value, int | float) for value in times):
        raise IntegrityError(where, "does not say how long its task took")
    if not all(type(number) is int for number in numbers):
        raise IntegrityError(where, "holds something else where a number belongs")
    if not all(isinstance(word, str) for word in words):
        raise IntegrityError(where, "holds something else where a name belongs")
    for output in found.outputs:
        parts = PurePosixPath(output.path)
        if parts.is_absolute() or ".." in parts.parts:
            raise IntegrityError(where, "names a file outside the run")
        if not all(_is_name(tag) for tag, _ in output.groups):
            raise IntegrityError(where, "names a language that is none")
        if base_name(output) not in schema.TABLES:
            raise IntegrityError(where, f"names an unknown table, {output.table!r}")


def _schema_problem(found: pa.Schema, expected: pa.Schema) -> str:
    """What differs between two schemas, in words."""
    missing = [name for name in expected.names if name not in found.names]
    if missing:
        return f"schema lacks {', '.join(missing[:5])}"
    extra = [name for name in found.names if name not in expected.names]
    if extra:
        return f"schema has an undeclared column, {extra[0]}"
    for field in expected:
        if not found.field(field.name).equals(field):
            return f"schema differs in {field.name}: {found.field(field.name)}, declared {field}"
    return "columns are in another order than declared"


def _first(error: BaseException) -> str:
    """First line of an error's message, short."""
    lines = str(error).strip().splitlines()
    return lines[0][:120] if lines else type(error).__name__
