"""The workbench's state on the server: languages in memory, their labels, and where to save.

One person works in it, perhaps in several tabs, so what is held is small and guarded by locks.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from audit import label_formats, labels, moves, precision, saving, views
from audit.gates import Pinned
from audit.labels import Label, LabelFile
from audit.places import Place
from audit.runs import Run
from audit.tuning import Session
from filters import rules
from filters.catalog import PEER
from filters.rules import Bound
from pipeline import config
from stages.errors import ConfigError

HELD: Final = 2
"""Languages held in memory at a time."""
RANDOM: Final = "random"
"""A queue of ours: random_kept and random_dropped by turns, in an order that tells neither."""
PREFIX: Final = "t."


@dataclass(frozen=True, slots=True)
class Options:
    """How the workbench was started."""

    labels: Path = Path("labels")
    pack: Path | None = None
    pins: Sequence[Pinned] = ()
    read_only: bool = False
    annotator: str = "me"
    decisions: Path = Path("decisions")


@dataclass(slots=True)
class _Opening:
    """A language on its way into memory."""

    made: Future[Session]
    done: int = 0
    total: int = 0


class Bench:
    """One run in the workbench."""

    def __init__(self, run: Run, options: Options) -> None:
        self.run, self.options = run, options
        self.views = views.opened(run, self._told)
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._files: dict[str, LabelFile] = {}
        self._opening: dict[str, _Opening] = {}
        self._reading = ThreadPoolExecutor(1)
        self._lock = threading.RLock()

    # Languages

    def progress(self, tag: str) -> dict[str, Any]:
        """Whether a language is in memory; else how far it is. Begins to read it if it is not.

        Raises what went wrong, once.
        """
        with self._lock:
            if tag in self._sessions:
                return {"state": "ready"}
            opening = self._opening.get(tag)
            if opening is None:
                if tag not in self.views.tags:
                    raise ConfigError(
                        "--language",
                        f"no document in {tag[:40]!r} was judged by {self.run.path}",
                        f"see what there is with: weir stats {self.run.path}",
                    )
                made = self._reading.submit(lambda: self._session(tag))
                opening = self._opening[tag] = _Opening(made)
            if not opening.made.done():
                return {"state": "loading", "done": opening.done, "total": opening.total}
            del self._opening[tag]
            self._sessions[tag] = opening.made.result()
            while len(self._sessions) > HELD:
                self._sessions.popitem(last=False)
            return {"state": "ready"}

    def _session(self, tag: str) -> Session:
        return Session(self.run, self.views, tag, self._pins())

    def _told(self, what: str, done: int, total: int) -> None:
        opening = self._opening.get(what)
        if opening is not None:
            opening.done, opening.total = done, total

    def session(self, tag: str) -> Session:
        """A language in memory. ConfigError if it is not yet."""
        with self._lock:
            found = self._sessions.get(tag)
            if found is None:
                raise ConfigError("lang", f"{tag[:40]!r} is not open", "reload the page")
            self._sessions.move_to_end(tag)
            return found

    def _pins(self) -> list[dict[str, str]]:
        """Pinned pages as sessions want them; those pinned by a hash of the URL stay out."""
        found = []
        for pin in self.options.pins:
            ids = [pin.doc_id] if pin.doc_id else []
            if pin.url:
                ids = [self._doc_id(place) for place in self.views.find(pin.url)]
            found += [{"doc_id": one, "wanted": pin.outcome, "why": pin.why} for one in ids]
        return found

    def _doc_id(self, place: Place) -> str:
        records = self.run.shards[place.shard].records
        return str(self.run.take(records, [place.row], ["doc_id"]).column("doc_id")[0])

    def moved(self, session: Session, given: Mapping[str, Any]) -> dict[str, Bound]:
        """Bounds that a query (`t.word_count.min=30`) or a body (`moved`) names.

        ConfigError for what makes no sense.
        """
        sides = given.get("moved")
        if not isinstance(sides, dict):
            named = (key for key in given if key.startswith(PREFIX))
            sides = {key.removeprefix(PREFIX): given[key] for key in named}
        settings = [
            f"{key}={'null' if text == 'off' else text}"
            for key, text in sides.items()
            if isinstance(key, str) and isinstance(text, str) and len(key) + len(text) < 200
        ]
        peers = [name for name in session.view.names if name.startswith(PEER)]
        return moves.parse(settings, session.tag, session.bounds, peers)

    # Labels

    def labels(self, tag: str) -> LabelFile:
        """The label file of a language, opened once."""
        with self._lock:
            if tag not in self._files:
                path = labels.path_of(self.options.labels, tag)
                self._files[tag] = LabelFile(path, read_only=self.options.read_only)
            return self._files[tag]

    def close(self) -> None:
        """Give label files up, and whatever is being read."""
        self._reading.shutdown(wait=False, cancel_futures=True)
        for file in self._files.values():
            file.close()

    def queue(
        self, session: Session, kind: str, moved: Mapping[str, Bound], **asked: Any
    ) -> list[dict[str, Any]]:
        """Documents to read, without their verdicts; what this person need not see again is out.

        Those of `disagreement` are labelled ones that the bounds contradict, as long as there are
        some. They keep the chance by which they first came to be read.
        """
        if kind == "disagreement" and (contradicted := self._contradicted(session, moved)):
            return contradicted[: asked["n"]]
        done = sorted(self.labels(session.tag).done(self.options.annotator))
        rows = session.view.rows(done)
        skip = [doc_id for doc_id, row in zip(done, rows, strict=True) if row is not None]
        kinds = precision.RANDOM if kind == RANDOM else (kind,)
        n = max(1, asked.pop("n") // len(kinds))
        frames = self._frames(session, moved) if set(kinds) & set(precision.RANDOM) else {}
        found = [
            {
                "doc_id": item["doc_id"],
                "queue": one,
                "inclusion_probability": item["inclusion_probability"],
                "frame": frames.get(one) or None,
                "rule": asked.get("name"),
            }
            for one in kinds
            for item in session.queue(one, moved, n=n, skip=skip, **asked)
        ]
        if kind == RANDOM:
            # By the end of a hash, whose beginning chose them: the order tells neither queue.
            found.sort(key=lambda item: str(item["doc_id"])[::-1])
        return found

    @staticmethod
    def _frames(session: Session, moved: Mapping[str, Bound]) -> dict[str, int]:
        """How many documents the random queues draw from."""
        found = session.counts(moved)["measures"]["documents"]
        return {
            "random_kept": found["kept"],
            "random_dropped": found["total"] - found["passed"],
        }

    def label(self, session: Session, given: Mapping[str, Any]) -> Label:
        """The label, on the disk. ConfigError for one that makes no sense, or a read-only file."""
        doc_id = str(given.get("doc_id"))
        if session.view.rows([doc_id]) == [None]:
            raise ConfigError("doc_id", f"no document {doc_id[:40]!r} in {session.tag}")
        names = ("id", "time", "doc_id", "verdict", "language", "queue", "frame", "rule")
        bounds = {**session.bounds, **self.moved(session, given)}
        return self.labels(session.tag).add(
            labels.made(
                {
                    **{name: given[name] for name in names if given.get(name) is not None},
                    "reasons": given.get("reasons") or (),
                    "inclusion_probability": given.get("inclusion_probability") or 1.0,
                    "is_blind": given.get("is_blind") is True,
                    "annotator": self.options.annotator,
                    "run_digest": self.run.digest,
                    "config_digest": config.digest(
                        {name: [one.min, one.max] for name, one in sorted(bounds.items())}
                    ),
                }
            )
        )

    def quality(self, session: Session, moved: Mapping[str, Bound]) -> dict[str, Any]:
        """Precision and recall of the bounds by the labels there are; see `precision.summary`."""
        found = self.labels(session.tag).latest()
        kept = self._passing(session, moved, found)
        frames = self._frames(session, moved)
        totals = (frames["random_kept"], frames["random_dropped"])
        return {
            **precision.summary(found, kept, totals),
            "agreement": label_formats.alpha(found),
        }

    @staticmethod
    def _passing(
        session: Session, moved: Mapping[str, Bound], found: Sequence[Label]
    ) -> dict[str, bool]:
        """Whether labelled documents pass the bounds, but for those that are copies or gone."""
        ids = sorted({label.doc_id for label in found})
        known = [
            (doc_id, row)
            for doc_id, row in zip(ids, session.view.rows(ids), strict=True)
            if row is not None and not session.view.removed[row]
        ]
        if not known:
            return {}
        rows = np.array([row for _, row in known], np.int64)
        low, high = session.population.limits(moved)
        values = np.column_stack([column[rows] for column in session.population.values])
        passed = ~rules.fails(values, low, high).any(axis=1)
        sides = np.asarray(passed).tolist()
        return {doc_id: one for (doc_id, _), one in zip(known, sides, strict=True)}

    def _contradicted(self, session: Session, moved: Mapping[str, Bound]) -> list[dict[str, Any]]:
        """Labelled documents, each once, of which a label and the bounds say different things."""
        found = self.labels(session.tag).latest()
        passing = self._passing(session, moved, found)
        made: dict[str, dict[str, Any]] = {}
        for label in found:
            says_keep = {"keep": True, "drop": False}.get(label.verdict)
            if says_keep is not None and passing.get(label.doc_id) not in (None, says_keep):
                made[label.doc_id] = {
                    "doc_id": label.doc_id,
                    "queue": label.queue,
                    "inclusion_probability": label.inclusion_probability,
                    "frame": label.frame,
                    "rule": label.rule,
                }
        return [made[doc_id] for doc_id in sorted(made)]

    # Saving

    def proposal(self, session: Session, moved: Mapping[str, Bound]) -> tuple[saving.Proposal, str]:
        """What would be saved where, and what to know about the place."""
        place = saving.target(session.tag, self.options.pack)
        found = session.counts(moved)["measures"]["documents"]
        before, after = (found[name] / found["total"] for name in ("before_kept", "kept"))
        source = saving.source(self.run, found["total"], before, after)
        return saving.Proposal(session.tag, moved, place.path, source), place.note

    def save(
        self, session: Session, moved: Mapping[str, Bound], given: Mapping[str, Any]
    ) -> dict[str, str]:
        """Paths of what was written. ConfigError as from `saving.save`."""
        if self.options.read_only:
            raise ConfigError("--read-only", "nothing is saved", "start without it")
        proposal, _ = self.proposal(session, moved)
        counts = session.counts(moved)
        file = self.labels(session.tag)
        quality = self.quality(session, moved)
        evidence = saving.Evidence(
            {"is_exact": counts["is_exact"], **counts["measures"]},
            file.digest if file.lines else None,
            quality if quality["documents"] else None,
        )
        return saving.save(
            self.run,
            proposal,
            str(given.get("token")),
            author=str(given.get("author") or ""),
            rationale=str(given.get("rationale") or ""),
            evidence=evidence,
            decisions=self.options.decisions,
        )
