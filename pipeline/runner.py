"""The runner: plan, execute, account. Running a run again resumes it.

Whatever is committed is not done twice; what cannot be read is set aside and named; a run whose
books do not balance, or that set aside more than the configuration allows, ends with exit code 3.
"""

import contextlib
import fcntl
import importlib
import itertools
import json
import platform
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.csv as pacsv

from filters import minhash
from pipeline import (
    config,
    dataset,
    executor,
    lists,
    manifest,
    plan,
    shards,
    site_inputs,
    storage,
    suppression,
)
from pipeline.dataset import Index
from pipeline.executor import Executor, Outcome, Task
from pipeline.manifest import Manifest
from pipeline.steps import Work
from pipeline.suppression import Listing
from stages import schema
from stages.errors import ConfigError, IntegrityError

SEED = 1
DONE, FAILED, PARTIAL, LIMITED = 0, 1, 4, 3
PUBLISHING = ("publish", "compact", "index")
"""Steps whose files a dataset may have released."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a progress display may show."""

    kind: str
    """`step`, `task`, `error` or `done`."""
    step: str
    done: int
    total: int
    message: str = ""
    manifest: Manifest | None = None


Listener = Callable[[Event], None]


@dataclass(slots=True)
class Result:
    """How a run ended."""

    exit_code: int
    problems: list[str] = field(default_factory=list)
    signal: int | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """How to run, as against what: none of it changes a byte of the output."""

    output: Path
    executor: str = "local"
    address: str | None = None
    workers: int | None = None
    reuse: Path | None = None
    task_shard: tuple[int, int] | None = None
    dataset: Path | None = None


def make_plan(resolved: config.Resolved) -> plan.Plan:
    """Inputs looked up and named. ConfigError if there are none."""
    settings = resolved.run
    if not settings.inputs:
        raise ConfigError(
            "inputs",
            "no input given",
            "use --input FILE|FOLDER|PATTERN|LIST, or `inputs:` in the configuration",
        )
    found = storage.expand(settings.inputs, settings.base_uri)
    named = (
        settings.robots if settings.robots is not None else storage.robots_lists(settings.inputs)
    )
    robots = storage.expand(named, settings.base_uri) if named else []
    return plan.Plan(
        settings,
        settings.snapshot or storage.snapshot_of(found),
        tuple(found),
        tuple(robots),
        lists.locate(settings.gate.block_list),
        beside={
            kind: item
            for kind, setting in (
                (site_inputs.LATEST, settings.rights.robots_latest),
                (site_inputs.SIDE, settings.rights.side_files),
            )
            if (item := site_inputs.locate(kind, setting)) is not None
        },
        optouts=lists.locate(settings.rights.optout_domains, lists.OPT_OUTS),
    )


def packages() -> list[Any]:
    """The modules that a remote Ray worker needs."""
    names = ("audit", "configs", "filters", "langid", "pipeline", "stages")
    return [importlib.import_module(name) for name in names]


class Runner:
    """One run of a plan into a folder."""

    def __init__(
        self, resolved: config.Resolved, options: Options, listener: Listener = lambda event: None
    ) -> None:
        self.resolved, self.options, self.listener = resolved, options, listener
        self.run = options.output.resolve()
        self.dataset, self._reused = options.dataset, list[Listing]()
        self._laxer: list[config.Rights] = []
        self._stricter: config.Rights | None = None
        self.plan = self._with_suppression(make_plan(resolved))
        self._is_released = False
        self.plan = replace(self.plan, index=self._index())
        self.made: plan.Made = {}
        self.result = Result(DONE)
        self._executor: Executor | None = None
        self._is_complete = False

    def start(self) -> Result:
        """Run to the end, or as far as it gets.

        Raises CurationError for what no task is to blame for.
        """
        is_one_of_many = self.options.task_shard is not None
        with _lock(self.run, shared=is_one_of_many):
            self._open_book()
            if not is_one_of_many:
                self._sweep()
                notes(self.run).unlink(missing_ok=True)
            work = Work(str(self.run), self.resolved.run.model_dump_json(), self.plan.snapshot)
            with self._signals():
                try:
                    self._is_complete = all(self._perform(step, work) for step in plan.STEPS)
                except KeyboardInterrupt:
                    if self.result.signal is None:
                        raise
                    self.result.exit_code = 128 + self.result.signal
                finally:
                    if self._executor is not None:
                        self._executor.close()
            self._close_book()
        return self.result

    # The dataset

    def _index(self) -> Index | None:
        """What the dataset had published when this run was compared with it; None without one.

        A run that is released keeps to what it has seen. One that is not sees what is there now.
        """
        if self.dataset is None:
            return None
        self.dataset = self.dataset.resolve()
        book = _read_book(self.run)
        if book.get("dataset") not in (None, str(self.dataset)):
            raise ConfigError(
                "--dataset",
                f"{self.run} belongs to {book['dataset']}",
                "leave --dataset away, or start another run with --reuse",
            )
        # It may have ended after it was released, and before it could write that down.
        if book.get("released") or (
            book.get("index") is not None
            and dataset.has_release(self.dataset, self.plan.snapshot, self.run)
        ):
            self._is_released = True
            runs = tuple((name, folder) for name, folder in book["index_runs"])
            return Index.from_json(self.dataset, book["index"], runs)
        limits = self.resolved.run.cluster
        index = dataset.read(self.dataset).without(self.plan.snapshot)
        dataset.check(index, self.run, self.plan.snapshot, f"{limits.bands}x{limits.rows}")
        return index

    def _release(self) -> bool:
        """Add what is published to the dataset, once the run is whole."""
        if self.plan.index is None or self.result.exit_code != DONE:
            return False
        home, name = self.plan.index.dataset, self.plan.snapshot
        if self._is_released and dataset.is_current(home, name, self.made["compact"]):
            return True
        dataset.release(
            self.plan.index,
            self.run,
            self.plan.snapshot,
            self.made["compact"],
            self.made["index"],
        )
        return True

    # The suppression list

    def _with_suppression(self, planned: plan.Plan) -> plan.Plan:
        """The list as it stood when the run began, and as it stands now.

        What was erased from this run is not judged again, so that a resumed run has nothing to do.
        """
        book = _read_book(self.run)
        if self.dataset is None and book.get("dataset"):
            self.dataset = Path(book["dataset"])
        self._keep_rights(book)
        self._reused = [Listing.from_json(files) for files in book.get("suppression_reused", ())]
        folders = [self.run] if self.dataset is None else [self.dataset, self.run]
        folders += self._reused_homes()
        if self.options.reuse is not None:
            other = _read_book(self.options.reuse)
            listed = [other.get("suppression", ()), *other.get("suppression_reused", ())]
            self._reused += [Listing.from_json(files) for files in listed]
        now = suppression.locate(*folders)
        began = Listing.from_json(book["suppression"]) if "suppression" in book else now
        erased = suppression.erased(self.run)
        known = {item.name for item in began.files}.union(erased, *map(suppression.erased, folders))
        if lost := known - {item.name for item in now.files}:
            raise IntegrityError(
                f"{suppression.FOLDER}/{min(lost)}.json",
                f"is in none of {', '.join(map(str, folders))}; {suppression.REMEDY}",
            )
        return replace(planned, suppressed=began, suppressed_now=now.without(erased))

    def _keep_rights(self, book: dict[str, Any]) -> None:
        """Under which rights the runs that are reused were extracted."""
        found = list(book.get("rights_reused", ()))
        if self.options.reuse is not None:
            other = _read_book(self.options.reuse)
            found += [other.get("config", {}).get("rights"), *other.get("rights_reused", ())]
        own = self.resolved.run.rights
        earlier = [config.Rights.model_validate(one) for one in found if one is not None]
        others = [one for one in dict.fromkeys(earlier) if not one.extends(own)]
        self._laxer = [one for one in others if own.extends(one)]
        self._stricter = next((one for one in earlier if not own.extends(one)), None)

    def _reused_homes(self) -> list[Path]:
        """Where the list of the run that is reused lies: in it, and in its dataset."""
        if self.options.reuse is None:
            return []
        named = _read_book(self.options.reuse).get("dataset")
        return [self.options.reuse, *([Path(named)] if named else [])]

    def _keep_suppression(self) -> None:
        """Take over the requests of the run that is reused: its pages stay suppressed here."""
        for item in suppression.locate(*self._reused_homes()).files:
            path = suppression.path_of(self.run, item.name)
            if not path.exists():
                storage.write_bytes(path, Path(item.uri).read_bytes())

    # The book: run.json

    def _open_book(self) -> None:
        path = self.run / "run.json"
        self._keep_suppression()
        if path.exists():
            book = json.loads(path.read_text(encoding="utf-8"))
            self._check_same(book)
            has_moved = book.get("dataset") != (self.dataset and str(self.dataset))
            if has_moved or book["inputs"] != [i.to_json() for i in self.plan.shards]:
                self._write_book({"started_at": book["started_at"], "finished_at": None})
            return
        self._write_book({"started_at": _now(), "finished_at": None})

    def _check_same(self, book: dict[str, Any]) -> None:
        """Refuse to mix two configurations in one run."""
        old, new = book["config"], self.resolved.run.model_dump(mode="json")
        if book["config_digest"] == self.resolved.digest and not self._has_other_inputs(book):
            return
        keys = sorted(
            (key for key, _ in _differences(old, new)),
            key=lambda key: (key.startswith("languages."), key),  # 50 languages inherit one change
        )
        if not keys:
            keys = ["the input files"]
        shown = ", ".join(keys[:8]) + (f" and {len(keys) - 8} more" if len(keys) > 8 else "")
        raise ConfigError(
            str(self.run),
            f"was made with another configuration; these differ: {shown}",
            f"adopt what still holds with: weir run CONFIG --reuse {self.run} --output NEW",
        )

    def _has_other_inputs(self, book: dict[str, Any]) -> bool:
        """Whether other files are named, or one that was read has changed.

        One that could not be read may be mended, and the run resumed.
        """
        old, new = book["inputs"], [i.to_json() for i in self.plan.shards]
        if [i["name"] for i in old] != [i["name"] for i in new]:
            return True
        changed = {after["name"] for before, after in zip(old, new, strict=True) if before != after}
        return bool(changed) and any(
            name in changed for made in manifest.every(self.run, "extract") for name in made.inputs
        )

    def _write_book(self, times: dict[str, Any]) -> None:
        order = list(self.resolved.run.language.rules)
        book = {
            "schema_version": schema.VERSION,
            "name": self.resolved.run.name,
            "snapshot": self.plan.snapshot,
            "config": self.resolved.run.model_dump(mode="json"),
            "config_digest": self.resolved.digest,
            "origins": dict(self.resolved.origins),
            "code_version": metadata.version("weir-corpus"),
            "python": platform.python_version(),
            "packages": {
                name: metadata.version(name)
                for name in (
                    "pyarrow",
                    "trafilatura",
                    "resiliparse",
                    "fastwarc",
                    "py3langid",
                    "pycld2",
                    "fasttext-wheel",
                    "datatrove",
                    "datasketch",
                    "numpy",
                )
            },
            "inputs": [i.to_json() for i in self.plan.shards],
            "robots": [i.to_json() for i in self.plan.robots],
            "block_list": self.plan.block_list and self.plan.block_list.to_json(),
            "beside": {kind: item.to_json() for kind, item in self.plan.beside.items()},
            "optout_domains": self.plan.optouts and self.plan.optouts.to_json(),
            "dataset": str(self.dataset) if self.dataset is not None else None,
            "index": self.plan.index and self.plan.index.to_json(),
            "index_runs": self.plan.index and self.plan.index.runs,
            "suppression": self.plan.suppressed.to_json(),
            "rights_reused": [one.model_dump(mode="json") for one in self._laxer],
            "suppression_reused": [listing.to_json() for listing in self._reused],
            "takedowns": _read_book(self.run).get("takedowns", []),
            "rules": order,
            "seeds": {"sample": SEED, "minhash": minhash.SEED},
            **times,
        }
        storage.write_bytes(
            self.run / "run.json",
            manifest.json_lines(book).encode(),
        )

    def _retire(self) -> None:
        """Remove what this run made while an input could not be read, and does not hold now."""
        current = {step: {m.key for m in made} for step, made in self.made.items()}
        paths = {o.path for made in self.made.values() for m in made for o in m.outputs}
        for file in (self.run / "manifests").glob("*/[!.]*.json"):
            if file.stem in current.get(file.parent.name, ()):
                continue
            old = manifest.find(self.run, file.parent.name, file.stem)
            file.unlink()
            for output in old.outputs if old is not None else ():
                if output.path not in paths:
                    (self.run / output.path).unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove what a killed worker left half-written."""
        for path in self.run.rglob(".tmp-*"):
            if path.is_file():
                path.unlink(missing_ok=True)
        for folder in self.run.glob(".tmp-spill-*"):
            shutil.rmtree(folder, ignore_errors=True)

    # Steps and tasks

    def _perform(self, step: plan.Step, work: Work) -> bool:
        """Whether the step is complete, so that the next may begin."""
        tasks = self.plan.tasks(step, self.made)
        done = {task.key: found for task in tasks if (found := self._find(task)) is not None}
        if step.name == "extract":
            self._adopt_earlier(step, tasks, done)
        self.listener(Event("step", step.name, len(done), len(tasks)))
        missing = [task for task in tasks if task.key not in done]
        if missing and step.name in PUBLISHING:
            self._refuse_change(step)
        if step.name == "extract" and missing:
            config.check_files(self.resolved.run)
        if step.name == "extract" and self.options.task_shard is not None:
            index, count = self.options.task_shard
            mine = {task.key for number, task in enumerate(tasks) if number % count == index}
            missing = [task for task in missing if task.key in mine]
        unread = 0
        for outcome in self._outcomes(work, missing):
            if outcome.manifest is not None:
                done[outcome.task.key] = outcome.manifest
                self.listener(
                    Event(
                        "task",
                        step.name,
                        len(done),
                        len(tasks),
                        outcome.task.name,
                        outcome.manifest,
                    )
                )
            else:
                unread += 1
                self._problem(step, outcome, len(done), len(tasks))
        self.made[step.name] = [done[task.key] for task in tasks if task.key in done]
        return self._judge(step, len(tasks), len(done), unread)

    def _refuse_change(self, step: plan.Step) -> None:
        """ConfigError if the step would alter what later snapshots were compared with."""
        seen = self.plan.index
        if seen is None or not self._is_released:
            return
        late = dataset.changed_since(dataset.read(seen.dataset), seen, self.plan.snapshot)
        if late:
            raise ConfigError(
                str(self.run),
                f"{', '.join(late)} of {seen.dataset} came after it, and step {step.name} would "
                "change its published files: the suppression list or the version of Weir is "
                "another one",
                "apply a takedown with `weir takedown apply`, or start another run with "
                f"--reuse {self.run} --set snapshot=NAME",
            )

    def _judge(self, step: plan.Step, total: int, done: int, unread: int) -> bool:
        if self.result.signal is not None:
            self.result.exit_code = 128 + self.result.signal
            return False
        if done == total:
            return self._within_limits(step)
        self.result.exit_code = PARTIAL
        if unread == 0:
            self.result.problems.append(
                f"{step.name}: {total - done} of {total} tasks are left to others "
                "(--task-shard); run again without it to go on"
            )
            return False
        readable = (
            step.name == "extract"
            and done > 0
            and not any("disk full" in p for p in self.result.problems)
        )
        return readable and self._within_limits(step)

    def _within_limits(self, step: plan.Step) -> bool:
        if step.name != "extract":
            return True
        books = [m.books for m in self.made["extract"]]
        rows, aside = sum(b.rows_in for b in books), sum(b.quarantined for b in books)
        limit = self.resolved.run.limits.max_quarantined_fraction
        if rows and aside / rows > limit:
            self.result.exit_code = LIMITED
            self._note(
                f"{aside} of {rows} records were quarantined, more than "
                f"limits.max_quarantined_fraction = {limit}; "
                f"see `weir status {self.run}`, or raise the limit with --set"
            )
            return False
        return True

    def _adopt_earlier(
        self, step: plan.Step, tasks: Sequence[Task], done: dict[str, Manifest]
    ) -> None:
        """Take what was extracted under an earlier suppression list of the run that is reused.

        Or under a gate that rejected less for rights: `judge` rejects what is left. Whatever the
        list names since then is erased there, or rejected by `judge` here.
        """
        own = self.plan.settings
        variants = [own, *(own.model_copy(update={"rights": r}) for r in self._laxer)]
        for settings, listing in itertools.product(variants, (self.plan.suppressed, *self._reused)):
            if (settings, listing) == (own, self.plan.suppressed):
                continue
            earlier = replace(self.plan, settings=settings, suppressed=listing)
            for task, old in zip(tasks, earlier.tasks(step, self.made), strict=True):
                if task.key not in done and (found := self._find(old)) is not None:
                    done[task.key] = found
        if self._stricter and len(done) < len(tasks):
            was = self._stricter
            text = (
                f"what the gate of {self.options.reuse} rejected under rights.policy={was.policy}, "
                f"robots_mode={was.robots_mode} cannot be brought back: its inputs are read again"
            )
            self.listener(Event("error", step.name, len(done), len(tasks), text))

    def _find(self, task: Task) -> Manifest | None:
        """The task's manifest here, or adopted from the run that is reused."""
        found = manifest.find(self.run, task.step, task.key)
        if found is None and self.options.reuse is not None:
            found = manifest.find(self.options.reuse, task.step, task.key)
            if found is not None and all(
                (self.options.reuse / output.path).exists() for output in found.outputs
            ):
                for output in found.outputs:
                    storage.adopt(self.options.reuse / output.path, self.run / output.path)
                manifest.commit(self.run, found)
            else:
                found = None  # pruned there: done again here
        return found

    def _outcomes(self, work: Work, tasks: Sequence[Task]) -> Iterator[Outcome]:
        if not tasks or self.result.signal is not None:
            return
        if self._executor is None:
            shipped = packages() if self.options.address else []
            self._executor = executor.make(
                self.options.executor, self.options.workers, self.options.address, shipped
            )
        yield from self._executor.run(work, tasks)

    def _problem(self, step: plan.Step, outcome: Outcome, done: int, total: int) -> None:
        text = f"{step.name} {outcome.task.name}: {outcome.error}"
        self._note(text)
        self.listener(Event("error", step.name, done, total, text))

    def _note(self, problem: str) -> None:
        """Keep a problem for the end, and for `weir status` while the run goes on."""
        self.result.problems.append(problem)
        with contextlib.suppress(OSError), notes(self.run).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(problem) + "\n")

    # Signals

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """First Ctrl-C (or SIGTERM): finish what runs. Second: kill it.

        Everything committed stays.
        """

        def handle(number: int, frame: object) -> None:
            del frame
            is_first = self.result.signal is None
            self.result.signal = number  # before anything is said: the answer may be another signal
            if self._executor is None:
                return
            if is_first:
                self._executor.stop()
                said = "running tasks are finished first; press Ctrl-C again to kill them"
                self.listener(Event("error", "", 0, 0, f"stopping: {said}"))
            else:
                self._executor.cancel()

        try:
            before = {
                number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)
            }
        except ValueError:  # not the main thread: the caller handles signals
            yield
            return
        try:
            yield
        finally:
            for number, old in before.items():
                signal.signal(number, old)

    # The end

    def _close_book(self) -> None:
        if not self._is_complete or self.result.exit_code not in (DONE, PARTIAL):
            return
        if self.options.task_shard is None:
            self._sweep()
            self._retire()
        write_statistics(
            self.run, self.resolved.run.name, [m for step in self.made.values() for m in step]
        )
        book = json.loads((self.run / "run.json").read_text(encoding="utf-8"))
        tasks = {step: [m.key for m in made] for step, made in self.made.items()}
        is_due = self.plan.index is not None and not book.get("released")
        if book.get("tasks") != tasks or book["finished_at"] is None or is_due:
            end = {"tasks": tasks, "problems": self.result.problems}
            if is_due:  # with the index that it was compared with, for `_index` to find
                self._write_book({"started_at": book["started_at"], "finished_at": None, **end})
            is_released = self._release()
            self._write_book(
                {
                    "started_at": book["started_at"],
                    "finished_at": _now(),
                    **end,
                    "released": is_released,
                }
            )
        self.listener(Event("done", "", 0, 0))


def write_statistics(run: Path, name: str, manifests: Sequence[Manifest]) -> None:
    """`statistics/counts.parquet` and `.csv` from the manifests.

    The two halves of the ledger must agree.
    """
    rows: list[dict[str, Any]] = [
        {
            "run": name,
            "step": m.step,
            "shard": m.task,
            "language": tag,
            "metric": metric,
            "label": label,
            "count": count,
        }
        for m in manifests
        for tag, metric, label, count in m.counts
    ]

    def total(metric: str) -> int:
        return sum(int(r["count"]) for r in rows if r["metric"] == metric)

    read, out = (
        total("documents.read"),
        total("documents.kept") + total("documents.rejected") + total("documents.quarantined"),
    )
    if read != out:
        raise IntegrityError(
            str(run), f"books do not balance: {read} records read, {out} accounted for"
        )
    published = sum(
        o.rows for m in manifests if m.step == "compact" for o in m.outputs if o.base == "corpus"
    )
    if published != total("documents.kept"):
        raise IntegrityError(
            str(run), f"{total('documents.kept')} documents kept, {published} published"
        )
    table = pa.Table.from_batches([schema.batch(schema.COUNTS, rows)])
    writer = shards.Writer(run, "statistics/counts.parquet", schema.COUNTS)
    writer.write(table)
    writer.commit()
    sink = pa.BufferOutputStream()
    pacsv.write_csv(table, sink)
    storage.write_bytes(run / "statistics" / "counts.csv", sink.getvalue().to_pybytes())


def notes(run: Path) -> Path:
    """Where a run keeps what went wrong since it was last begun: one JSON string a line."""
    return run / "journal" / "problems.jsonl"


def _read_book(run: Path) -> dict[str, Any]:
    """What run.json says; nothing where there is none."""
    try:
        return dict(json.loads((run / "run.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}


def _differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Dotted keys whose values differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _differences(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif old != new:
        yield path, (old, new)


@contextlib.contextmanager
def _lock(run: Path, shared: bool) -> Iterator[TextIO]:
    """Hold the run's lock; jobs of an array share it. ConfigError if it is taken."""
    path = run / "journal" / "lock"
    with storage.disk_errors(run):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            problem = f"cannot be made a folder ({error.strerror})"
            raise ConfigError(str(run), problem, "choose another --output") from None
    with path.open("w", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError:
            raise ConfigError(
                str(run), "is being run by another process", f"watch it with: weir status {run}"
            ) from None
        yield stream


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
