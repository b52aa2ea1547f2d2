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

from audit import judged, language_view, places
from audit.language_view import LanguageView, Progress
from audit.places import Place
from audit.runs import Run
from stages.errors import IntegrityError

FOLDER = "views"
VERSION = 1
"""Of the files' content; another one is made again."""


class Views:
    """The views of one run; each is made when it is first asked for. See `opened`."""

    def __init__(self, run: Run, folder: Path, on_progress: Progress, warnings: list[str]) -> None:
        self.run, self.folder, self.warnings = run, folder, tuple(warnings)
        self._on_progress = on_progress
        self._languages: dict[str, LanguageView] = {}
        self._making = threading.Lock()

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
                path = self.folder / "languages" / f"{tag}.arrow"
                view = language_view.read(path, self.stamp) if tag in self.tags else None
                if view is None:
                    language_view.write(self.run, tag, path, self.stamp, self._on_progress)
                    view = language_view.read(path, self.stamp)
                if view is None:
                    raise IntegrityError(str(path), "was changed while it was made; run again")
                self._languages[tag] = view
            return self._languages[tag]

    @property
    def ledger(self) -> places.Ledger:
        """Where records lie, by URL, host, doc_id and record id."""
        with self._making:
            return self._ledger

    @cached_property
    def _ledger(self) -> places.Ledger:
        folder = self.folder / "ledger"
        if not places.is_current(folder, self.stamp):
            places.write(self.run, folder, self.stamp, self._on_progress)
        return places.Ledger(self.run, folder)

    def find(self, what: str) -> list[Place]:
        """Places of the records of a URL, host, domain, doc_id or record id, in their order.

        None for what the run never read; `[run.snapshot]` was searched.
        """
        return self.ledger.find(what)


def ledger(run: Run) -> places.Ledger | None:
    """The run's ledger if it was made and is not stale; nothing is made."""
    folder = run.path / FOLDER / "ledger"
    if not folder.is_dir():
        return None
    stamp = Views(run, folder.parent, lambda *_: None, []).stamp
    return places.Ledger(run, folder) if places.is_current(folder, stamp) else None


class _Temporary(Views):
    """Views in a folder that goes with them."""

    def __init__(self, run: Run, on_progress: Progress, problem: str) -> None:
        self._kept = tempfile.TemporaryDirectory(prefix="weir-views-")
        warning = (
            f"{run.path / FOLDER}: nothing can be written there ({problem}), so what the pages "
            "need is made in a temporary folder, and again the next time"
        )
        super().__init__(run, Path(self._kept.name), on_progress, [warning])


def opened(
    run: Run,
    on_progress: Progress = lambda what, done, total: None,
    folder: Path | None = None,
) -> Views:
    """The views of a run, in RUN/views/ if nothing else is said.

    Opening takes milliseconds: a view is made, or made again if it is stale, when it is first asked
    for, and `on_progress` is told. Where nothing can be written, views are made in a temporary
    folder, and `warnings` says so. ConfigError for a run that is not finished.
    """
    folder = folder or run.path / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return _Temporary(run, on_progress, error.strerror or "cannot be written")
    return Views(run, folder, on_progress, [])
