"""What the pages need for speed: each language's signals, and where records lie, under RUN/views/.

Views are made from a finished run when they are first asked for, and made again when the run is no
longer what they were made of.
"""

import hashlib
import json
import tempfile
import threading
from functools import cached_property
from pathlib import Path

from audit import judged, language_view, place_files, places, prune
from audit.language_view import LanguageView, Progress
from audit.places import Place
from audit.runs import Run
from pipeline import storage
from stages.errors import ConfigError, IntegrityError

VERSION = 1
"""Of the files' content; another one is made again."""


LEDGER = "ledger"


def _silent(what: str, done: int, total: int) -> None:
    """Tell nobody."""


class Views:
    """The views of one run; each is made when it is first asked for. See `opened`."""

    def __init__(self, run: Run, folder: Path, on_progress: Progress = _silent) -> None:
        self.run, self.folder = run, folder
        self.warnings: tuple[str, ...] = ()
        """What somebody who uses the views should know, in words."""
        self._on_progress = on_progress
        self._languages: dict[str, LanguageView] = {}
        self._making, self._finding, self._placing = (threading.Lock() for _ in range(3))
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    def where(self) -> Path:
        """Where views can be made: their folder, or else one that goes with this object."""
        with self._placing:
            problem = None if self._temporary else _unwritable(self.folder)
            if problem:
                self._temporary = tempfile.TemporaryDirectory(prefix="weir-views-")
                self.warnings = (problem,)
            return Path(self._temporary.name) if self._temporary else self.folder

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """Languages with judged documents."""
        return judged.tags(self.run)

    @cached_property
    def stamp(self) -> str:
        """Digest of all that views are made of."""
        known = [VERSION, self.run.digest, sorted(self.run.pruned), self.run.book.get("takedowns")]
        return hashlib.sha256(json.dumps(known).encode()).hexdigest()

    def language(self, tag: str) -> LanguageView:
        """A language's view. ConfigError for a language without documents.

        IntegrityError if the run's decisions do not follow from its rules and stored signals.
        """
        with self._making:
            if tag not in self._languages:
                self._languages[tag] = self._language(tag)
            return self._languages[tag]

    def _language(self, tag: str) -> LanguageView:
        name = f"languages/{tag}.arrow"
        view = language_view.read(self.folder / name, self.stamp, tag) if tag in self.tags else None
        if view is not None:
            return view
        path = self.where() / name
        language_view.write(self.run, tag, path, self.stamp, self._on_progress)
        view = language_view.read(path, self.stamp, tag)
        if view is None:
            raise IntegrityError(str(path), "was changed while it was made; run again")
        return view

    @property
    def ledger(self) -> places.Ledger:
        """Where records lie, by URL, host, doc_id and record id."""
        with self._finding:
            return self._ledger

    @cached_property
    def _ledger(self) -> places.Ledger:
        if place_files.is_current(self.folder / LEDGER, self.stamp):
            return places.Ledger(self.run, self.folder / LEDGER)
        folder = self.where() / LEDGER
        place_files.write(self.run, folder, self.stamp, self._on_progress)
        return places.Ledger(self.run, folder)

    def find(self, what: str) -> list[Place]:
        """Places of the records of a URL, host, domain, doc_id or record id, in their order.

        None for what the run never read; `[run.snapshot]` was searched.
        """
        return self.ledger.find(what)


def home(run: Run) -> Path:
    """Where a run's views lie: in it, or for a run in a store in this machine's cache."""
    if storage.in_store(run.path):
        return storage.cached(run.path) / prune.VIEWS
    return run.path / prune.VIEWS


def ledger(run: Run) -> places.Ledger | None:
    """The run's ledger if it was made and is not stale; nothing is made."""
    folder = home(run) / LEDGER
    if not folder.is_dir() or not place_files.is_current(folder, Views(run, folder).stamp):
        return None
    return places.Ledger(run, folder)


def _unwritable(folder: Path) -> str | None:
    """Why views are made elsewhere, in words; None if the folder can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return (
            f"{folder}: nothing can be written there ({error.strerror}); what the pages need is "
            "made in a temporary folder, and again the next time"
        )


def opened(run: Run, on_progress: Progress = _silent, folder: Path | None = None) -> Views:
    """The views of a run, in RUN/views/ if nothing else is said.

    Opening takes milliseconds: a view is made, or made again if it is stale, when it is first asked
    for, and `on_progress` is told. Where nothing can be written, views are made in a temporary
    folder, and `warnings` says so. ConfigError for a run that is not finished.
    """
    if not run.is_finished:
        raise ConfigError(str(run.path), "this run is not finished", f"see: weir status {run.path}")
    return Views(run, folder or home(run), on_progress)
