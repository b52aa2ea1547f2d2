"""What a run takes from before: of itself, of the run that is reused, and of their dataset.

Suppression lists, the rights under which pages were extracted, and committed tasks.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline import book, config, manifest, storage, suppression
from pipeline.executor import Task
from pipeline.manifest import Manifest
from pipeline.plan import Plan
from pipeline.suppression import Listing
from stages.errors import IntegrityError


@dataclass(frozen=True, slots=True)
class Earlier:
    """Found by `look`, before anything is written."""

    run: Path
    reuse: Path | None
    dataset: Path | None
    began: Listing
    """The suppression list as it stood when the run began."""
    now: Listing
    """As it stands now, without what was erased from this run: that is not judged again, so that a
    resumed run has nothing to do."""
    listings: tuple[Listing, ...]
    """Under which lists the runs that are reused were extracted."""
    laxer: tuple[config.Rights, ...]
    """Under which rights: those that rejected less than this run's do."""
    stricter: config.Rights | None
    """Rights that rejected more."""

    def in_book(self) -> dict[str, Any]:
        """Its part of run.json."""
        return {
            "rights_reused": [one.model_dump(mode="json") for one in self.laxer],
            "suppression_reused": [listing.to_json() for listing in self.listings],
        }

    def keep_requests(self) -> None:
        """Take over the requests of the run that is reused: its pages stay suppressed here."""
        for item in suppression.locate(*_homes(self.reuse)).files:
            path = suppression.path_of(self.run, item.name)
            if not path.exists():
                storage.write_bytes(path, storage.place(item.uri).read_bytes())

    def find_all(self, tasks: Sequence[Task]) -> dict[str, Manifest]:
        """Manifests of those of a step's tasks that are done, by key: `find` for all at once."""
        if not tasks:
            return {}
        found = manifest.committed(self.run, tasks[0].step, [task.key for task in tasks])
        if self.reuse is not None:
            for task in tasks:
                if task.key not in found and (made := self.find(task)) is not None:
                    found[task.key] = made
        return found

    def find(self, task: Task) -> Manifest | None:
        """The task's manifest, as `held`: here, or adopted from the run that is reused."""
        found = manifest.find(self.run, task.step, task.key)
        if found is not None or self.reuse is None:
            return found and found.held()
        found = manifest.find(self.reuse, task.step, task.key)
        if found is None or not all((self.reuse / o.path).exists() for o in found.outputs):
            return None  # not done there, or pruned: done here
        for output in found.outputs:
            storage.adopt(self.reuse / output.path, self.run / output.path)
        manifest.commit(self.run, found)
        return found.held()

    def plans(self, plan: Plan) -> Iterator[Plan]:
        """Plans whose extraction may be taken for this one's.

        Under an earlier suppression list of the run that is reused, or under a gate that rejected
        less for rights: `judge` rejects what is left. Whatever the list names since then is erased
        there, or rejected by `judge` here.
        """
        own = plan.settings
        variants = [own, *(own.model_copy(update={"rights": one}) for one in self.laxer)]
        for settings, listing in itertools.product(variants, (plan.suppressed, *self.listings)):
            if (settings, listing) != (own, plan.suppressed):
                yield replace(plan, settings=settings, suppressed=listing)


def look(run: Path, reuse: Path | None, dataset: Path | None, own: config.Rights) -> Earlier:
    """What there is. IntegrityError if a suppression request is lost."""
    known = book.read(run)
    if dataset is None and known.get("dataset"):
        dataset = storage.place(known["dataset"])
    other = book.read(reuse) if reuse is not None else {}
    listed = [
        *known.get("suppression_reused", ()),
        *([other.get("suppression", ())] if reuse is not None else []),
        *other.get("suppression_reused", ()),
    ]
    laxer, stricter = _rights(known, other, own)
    folders = [run] if dataset is None else [dataset, run]
    began, now = _suppression(run, known, [*folders, *_homes(reuse)])
    listings = tuple(Listing.from_json(files) for files in listed)
    return Earlier(run, reuse, dataset, began, now, listings, laxer, stricter)


def _suppression(run: Path, known: dict[str, Any], folders: list[Path]) -> tuple[Listing, Listing]:
    now = suppression.locate(*folders)
    began = Listing.from_json(known["suppression"]) if "suppression" in known else now
    erased = suppression.erased(run)
    named = {item.name for item in began.files}.union(erased, *map(suppression.erased, folders))
    if lost := named - {item.name for item in now.files}:
        raise IntegrityError(
            f"{suppression.FOLDER}/{min(lost)}.json",
            f"is in none of {', '.join(map(str, folders))}; {suppression.REMEDY}",
        )
    return began, now.without(erased)


def _rights(
    known: dict[str, Any], other: dict[str, Any], own: config.Rights
) -> tuple[tuple[config.Rights, ...], config.Rights | None]:
    found = [
        *known.get("rights_reused", ()),
        other.get("config", {}).get("rights"),
        *other.get("rights_reused", ()),
    ]
    earlier = [config.Rights.model_validate(one) for one in found if one is not None]
    others = [one for one in dict.fromkeys(earlier) if not one.extends(own)]
    stricter = next((one for one in earlier if not own.extends(one)), None)
    return tuple(one for one in others if own.extends(one)), stricter


def _homes(reuse: Path | None) -> list[Path]:
    """Where the list of the run that is reused lies: in it, and in its dataset."""
    if reuse is None:
        return []
    named = book.read(reuse).get("dataset")
    return [reuse, *([storage.place(named)] if named else [])]
