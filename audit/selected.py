"""What an index-guided run asked of the index, what it chose by it, and where its files lie."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from audit.runs import Run
from pipeline import manifest, selection
from pipeline.manifest import Manifest

ASKED = ("languages", "unlabelled", "tlds", "domains", "match", "truncated", "one_per_digest")
"""Keys of `cc_index` that say which pages a run asked for."""


def _made(run: Run, step: str) -> list[Manifest]:
    """Manifests of the tasks that made the selection, those of a run that goes on too."""
    keys = run.tasks.get(step)
    found = [run.manifest(step, k) for k in keys] if keys else manifest.every(run.path, step)
    return [m for m in found if m.task.startswith(f"{selection.KIND}-")]


def sources(run: Run) -> dict[str, str] | None:
    """Address of each archive file that a run has to read, by name.

    None for an index-guided run that has not read its index yet.
    """
    if run.settings.source == "files":
        return {str(item.get("name")): str(item.get("uri")) for item in run.book["inputs"]}
    root, made = selection.root(run.settings), _made(run, "collate")
    return {warc: f"{root}/{warc}" for m in made for warc in m.inputs} if made else None


def summary(run: Run) -> dict[str, Any] | None:
    """What was asked for, and rows of the index: all, selected, rejected and refused by reason.

    None for a run that reads whole files. `selected` is null while the index is being read.
    `rejected` are rows that were not asked for, `row_group` of them by the row group's own
    bounds; `refused` are rows that cannot be what they say.
    """
    if run.settings.source == "files" or run.settings.cc_index is None:
        return None
    asked = run.settings.cc_index.model_dump(mode="json")
    read, regrouped = _made(run, "prepare"), _made(run, "collate")
    return {
        "crawl": asked["crawl"],
        "asked": {name: asked[name] for name in ASKED if asked[name]},
        "files": len(run.book["inputs"]),
        "rows": sum(m.books.rows_in for m in read),
        "selected": sum(m.books.kept for m in regrouped) if regrouped else None,
        "rejected": _labels([*read, *regrouped], "rejected"),
        "refused": _labels([*read, *regrouped], "refused"),
    }


def _labels(made: Sequence[Manifest], what: str) -> dict[str, int]:
    found = Counter[str]()
    for m in made:
        for _, metric, label, count in m.counts:
            if metric == f"{selection.KIND}.{what}":
                found[label] += count
    return dict(found.most_common())


def sentence(found: dict[str, Any]) -> str:
    """The summary in words."""
    asked = ", ".join(
        f"{name} {' '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in found["asked"].items()
    )
    chosen = "not yet counted" if found["selected"] is None else f"{found['selected']:,}"
    lost = ", ".join(f"{n:,} {reason}" for reason, n in found["rejected"].items())
    bad = ", ".join(f"{n:,} {reason}" for reason, n in found["refused"].items())
    return (
        f"index-guided ({found['crawl']}; {asked}): {chosen} of {found['rows']:,} records of the "
        "index selected"
        + (f"; not selected: {lost}" if lost else "")
        + (f"; refused: {bad}" * bool(bad))
    )
