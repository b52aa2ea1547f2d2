"""The runner: plan, execute, account. Running a run again resumes it.

Whatever is committed is not done twice; what cannot be read is set aside and named; a run whose
books do not balance, or that set aside more than the configuration allows, ends with exit code 3.
"""

import contextlib
import json
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline import (
    book,
    config,
    earlier,
    executor,
    lock,
    membership,
    plan,
    planning,
    remote,
    statistics,
    storage,
    sweep,
)
from pipeline.executor import End, Executor, Limits, Outcome, Task
from pipeline.manifest import Manifest
from pipeline.membership import Membership
from pipeline.steps import Work
from stages.errors import DiskError, ShardError, StoreError, TransientError

DONE, FAILED, PARTIAL, LIMITED = 0, 1, 4, 3
MAX_AWAY = 3
"""Tasks in a row that ended for a store which does not answer: each was tried three times, with
waits, so others would fare no better."""
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
    ends: tuple[End, ...] = ()
    """Of a task: how each of its attempts ended."""


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


def packages() -> list[str]:
    """Folders of the packages that a remote Ray worker needs.

    Folders and not modules: where a submitted job has a runtime environment, Ray copies ours.
    """
    root = Path(__file__).parents[1]
    names = ("audit", "configs", "filters", "langid", "pipeline", "stages")
    return [str(root / name) for name in names]


class Runner:
    """One run of a plan into a folder."""

    def __init__(
        self, resolved: config.Resolved, options: Options, listener: Listener = lambda event: None
    ) -> None:
        self.resolved, self.options, self.listener = resolved, options, listener
        self.run = options.output.resolve()
        planned = planning.make_plan(resolved)
        self.earlier = earlier.look(self.run, options.reuse, options.dataset, resolved.run.rights)
        self.plan = replace(planned, suppressed=self.earlier.began, suppressed_now=self.earlier.now)
        self.dataset = self.earlier.dataset and self.earlier.dataset.resolve()
        self.member: Membership | None = None
        if self.dataset is not None:
            self.member = membership.join(self.run, self.dataset, self.plan, resolved.run.cluster)
            self.plan = replace(self.plan, index=self.member.index)
        self.made: plan.Made = {}
        self.result = Result(DONE)
        self._executor: Executor | None = None
        self._is_complete = self._is_storage_lost = False
        self._away: list[Outcome] = []
        """Tasks that have just ended, in a row, for a store that does not answer."""

    def start(self) -> Result:
        """Run to the end, or as far as it gets.

        Raises CurationError for what no task is to blame for.
        """
        is_one_of_many = self.options.task_shard is not None
        with lock.hold(self.run, shared=is_one_of_many), storage.disk_errors(self.run):
            self._open_book()
            if not is_one_of_many:
                sweep.half_written(self.run)
                book.notes(self.run).unlink(missing_ok=True)
            work = Work(
                str(self.run),
                self.resolved.run.model_dump_json(),
                self.plan.snapshot,
                access=remote.access(),
            )
            work.set_up(self.resolved.run)
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

    def _open_book(self) -> None:
        self.earlier.keep_requests()
        known = book.read(self.run)
        if not known:
            self._write_book({"started_at": book.now(), "finished_at": None})
            return
        book.check_same(self.run, known, self.resolved, self.plan)
        has_moved = known.get("dataset") != (self.dataset and str(self.dataset))
        if has_moved or known["inputs"] != [i.to_json() for i in self.plan.shards]:
            self._write_book({"started_at": known["started_at"], "finished_at": None})

    def _write_book(self, times: dict[str, Any]) -> None:
        more = {**self.earlier.in_book(), **times}
        book.write(self.run, self.resolved, self.plan, self.dataset, more)

    # Steps and tasks

    def _perform(self, step: plan.Step, work: Work) -> bool:
        """Whether the step is complete, so that the next may begin."""
        tasks = self.plan.tasks(step, self.made)
        done = self.earlier.find_all(tasks)
        if step.name == "extract":
            self._adopt(step, tasks, done)
        self.listener(Event("step", step.name, len(done), len(tasks)))
        missing = [task for task in tasks if task.key not in done]
        if missing and step.name in PUBLISHING and self.member is not None:
            self.member.refuse_change(step.name)
        if step.name == "extract" and missing:
            config.check_files(self.resolved.run)
        if step.name == "extract" and self.options.task_shard is not None:
            index, count = self.options.task_shard
            mine = {task.key for number, task in enumerate(tasks) if number % count == index}
            missing = [task for task in missing if task.key in mine]
        unread = 0
        for outcome in self._outcomes(work, missing):
            if self._is_of_store(outcome.error):
                unread += 1
                self._store_failed(step, outcome, len(done), len(tasks))
                continue
            self._tell_away(step, len(done), len(tasks))
            if outcome.manifest is not None:
                done[outcome.task.key] = outcome.manifest.held()
                self.listener(
                    Event(
                        "task",
                        step.name,
                        len(done),
                        len(tasks),
                        outcome.task.name,
                        outcome.manifest,
                        outcome.ends,
                    )
                )
            else:
                unread += 1
                self._problem(step, outcome, len(done), len(tasks))
                if isinstance(outcome.error, DiskError) and self._executor is not None:
                    self._is_storage_lost = True
                    self._executor.stop()  # whatever is begun from now on would be done twice
        self._tell_away(step, len(done), len(tasks))
        self.made[step.name] = [done[task.key] for task in tasks if task.key in done]
        return self._judge(step, len(tasks), len(done), unread)

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
        readable = step.name == "extract" and done > 0 and not self._is_storage_lost
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

    def _adopt(self, step: plan.Step, tasks: Sequence[Task], done: dict[str, Manifest]) -> None:
        """Take what was extracted otherwise for the run that is reused, and holds here."""
        for other in self.earlier.plans(self.plan):
            for task, old in zip(tasks, other.tasks(step, self.made), strict=True):
                if task.key not in done and (found := self.earlier.find(old)) is not None:
                    done[task.key] = found
        if self.earlier.stricter and len(done) < len(tasks):
            was = self.earlier.stricter
            text = (
                f"what the gate of {self.options.reuse} rejected under rights.policy={was.policy}, "
                f"robots_mode={was.robots_mode} cannot be brought back: its inputs are read again"
            )
            self.listener(Event("error", step.name, len(done), len(tasks), text))

    def _outcomes(self, work: Work, tasks: Sequence[Task]) -> Iterator[Outcome]:
        if not tasks or self.result.signal is not None:
            return
        if self._executor is None:
            shipped = packages() if self.options.address else []
            limits = self.resolved.run.limits
            self._executor = executor.make(
                self.options.executor,
                self.options.workers,
                self.options.address,
                shipped,
                Limits(
                    {str(step): most for step, most in limits.task_memory_mb.items()},
                    {str(step): most for step, most in limits.task_hours.items()},
                ),
            )
        yield from self._executor.run(work, tasks, work.among)

    def _is_of_store(self, error: ShardError | TransientError | None) -> bool:
        """Whether a task failed for a store: any that is away, or the run's own refusing it."""
        if isinstance(error, StoreError):
            return True
        run: object = self.run
        if isinstance(error, TransientError) and storage.in_store(run):
            return error.what.startswith(f"{run.base}/")
        return False

    def _store_failed(self, step: plan.Step, outcome: Outcome, done: int, total: int) -> None:
        """Keep the failure; the third in a row ends the run, and is what is said of them all."""
        self._away.append(outcome)
        if len(self._away) != MAX_AWAY or self._executor is None:
            return
        self._is_storage_lost = True
        self._executor.stop()
        text = (
            f"{outcome.error}; so did {MAX_AWAY} tasks in a row, and no more are begun. Once it "
            f"answers, go on with: weir run {self.run}"
        )
        self.result.problems.append(text)  # not into the notes: the store may be theirs
        self.listener(Event("error", step.name, done, total, text, None, outcome.ends))

    def _tell_away(self, step: plan.Step, done: int, total: int) -> None:
        """Name the tasks that failed for a store which answered others, or too few to tell."""
        away, self._away = self._away, []
        for outcome in away if len(away) < MAX_AWAY else ():
            self._problem(step, outcome, done, total)

    def _problem(self, step: plan.Step, outcome: Outcome, done: int, total: int) -> None:
        text = f"{step.name} {outcome.task.name}: {outcome.error}"
        self._note(text)
        self.listener(Event("error", step.name, done, total, text, None, outcome.ends))

    def _note(self, problem: str) -> None:
        """Keep a problem for the end, and for `weir status` while the run goes on."""
        self.result.problems.append(problem)
        with contextlib.suppress(OSError, TransientError):
            storage.append_line(book.notes(self.run), json.dumps(problem))

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
            sweep.half_written(self.run, is_complete=self.result.exit_code == DONE)
            sweep.retired(self.run, self.made)
        known = book.read(self.run)
        tasks = {step: [m.key for m in made] for step, made in self.made.items()}
        is_due = self.member is not None and not known.get("released")
        has_changed = known.get("tasks") != tasks or known["finished_at"] is None
        if has_changed or not statistics.are_there(self.run):
            every = [m for step in self.made.values() for m in step]
            statistics.write(self.run, self.resolved.run.name, every)
        if has_changed or is_due:
            began = {"started_at": known["started_at"], "finished_at": None}
            end = {"tasks": tasks, "problems": self.result.problems}
            if is_due:  # with the index that it was compared with, for `membership.join` to find
                self._write_book({**began, **end})
            is_released = self.member is not None and self.result.exit_code == DONE
            if self.member is not None and is_released:
                self.member.release(self.made)
            more = {"finished_at": book.now(), "released": is_released}
            self._write_book({**began, **end, **more})
        self.listener(Event("done", "", 0, 0))
