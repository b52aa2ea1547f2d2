"""`weir takedown`: plan, apply, verify and prove, on a run or on all runs of a dataset.

The order of `apply` is the promise: first the request goes on the suppression list, so that nothing
of it is stored again whatever happens next; then all runs' journals are written, before any file of
a run is changed; a run's tombstone comes last. Done again, it goes on where it stopped.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from audit import erasure, index, matching, proof, prune
from audit.requests import MAX_SEEDS, Finding, Request, Target, entry, open_target, search
from audit.runs import Run
from pipeline import dataset, manifest, storage, suppression
from pipeline.storage import Input
from stages.errors import ConfigError, IntegrityError

MAX_LISTED = 1000
"""Documents named in an answer; all are counted."""


def plan(path: Path, wanted: Request) -> dict[str, Any]:
    """What a takedown would change; nothing is written."""
    target = open_target(path)
    findings, texts = search(target, wanted)
    request_id = wanted.name(target.key)
    listed = entry(target, wanted, findings, texts, "")["entries"]
    named = {doc_id for found in findings for doc_id in found.taken}
    runs = [_planned(found, wanted, named) for found in findings]
    return {
        "request_id": request_id,
        "kind": wanted.kind,
        "reason_class": wanted.reason_class,
        "suppression": str(suppression.path_of(target.home, request_id)),
        "entries": {kind: len(values) for kind, values in listed.items()},
        "applied": _is_applied(target, request_id),
        "runs": runs,
        "notes": [*_notes(wanted, runs), *_dataset_notes(target, named)],
    }


def _planned(found: Finding, wanted: Request, named: set[str]) -> dict[str, Any]:
    changes = erasure.changes(found, named, "")
    documents = list(found.taken.values())
    pattern = matching.quotations(wanted.texts)
    quoting: set[str] = set()
    for shard in found.run.shards if pattern else ():
        if found.run.is_there(shard.documents):
            quoting |= set(matching.quoting(found.run, shard.documents, pattern or ""))
    return {
        "run": str(found.path),
        "documents": len(documents),
        "kept": sum(document.outcome == "keep" for document in documents),
        "records": sum(len(ids) for ids in found.records.values()),
        "taken": [asdict(document) for document in documents[:MAX_LISTED]],
        "copies": [asdict(document) for document in list(found.copies.values())[:MAX_LISTED]],
        "promotable": dict(sorted(found.promotable.items())[:MAX_LISTED]),
        "quoting": sorted(quoting - found.taken.keys())[:MAX_LISTED],
        "files": [
            {"path": name, "bytes": file.stat().st_size, "links": file.stat().st_nlink}
            for task in changes["tasks"]
            for name in task["paths"]
            if (file := found.path / name).is_file()
        ],
        "pruned": changes["pruned"],
        "removed": changes["removed"],
    }


def _notes(wanted: Request, runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a reader of the plan must know before saying yes."""
    notes = []
    copies = sum(len(run["copies"]) for run in runs)
    promotable = sum(len(run["promotable"]) for run in runs)
    if not wanted.propagates and copies:
        notes.append(
            f"{copies} copies from other places stay: a {wanted.kind} request takes only what it "
            "names; with --kind person they go as well"
        )
    if promotable:
        notes.append(
            f"{promotable} duplicates were removed in favour of what is taken; they stay out of "
            "this run, but the next `weir run --reuse` may keep one of them"
        )
    if any(len(run["taken"]) > MAX_SEEDS for run in runs) and wanted.propagates:
        notes.append(
            f"of more than {MAX_SEEDS} documents, near copies are known by stored edges alone"
        )
    linked = sum(file["links"] > 1 for run in runs for file in run["files"])
    if linked:
        notes.append(
            f"{linked} files have other links: another run, made by --reuse, still holds their old "
            "content; take down there as well"
        )
    quoting = sum(len(run["quoting"]) for run in runs)
    if quoting:
        notes.append(
            f"{quoting} other documents hold {matching.WORDS_QUOTED} words in a row of the text "
            "and stay; look at them with `weir trace`, and take them by --doc-id"
        )
    return notes


def _dataset_notes(target: Target, named: set[str]) -> list[str]:
    """What concerns the dataset beside its runs."""
    notes = []
    if target.home not in target.runs:
        if target.path != target.home:
            notes.append(
                f"the run belongs to the dataset {target.home}: its other runs are not looked at; "
                "name the dataset to take down there as well"
            )
        if any(_in_index(target, run, sorted(named)) for run in target.runs):
            notes.append(
                "in the index, signatures are blanked at once; keys (64-bit hashes) are passed "
                f"over, and left out by: weir index compact {target.home}"
            )
    return notes


def _is_applied(target: Target, request_id: str) -> bool:
    return suppression.path_of(target.home, request_id).is_file() and all(
        proof.tombstone_of(run, request_id).is_file() for run in target.runs
    )


# Apply


def apply(path: Path, wanted: Request, when: str) -> dict[str, Any]:
    """Take down what the request names; what was done before is not done again.

    `when` is the time of day, ISO 8601; an interrupted takedown keeps the first as `received_at`.
    """
    target = open_target(path)
    request_id = wanted.name(target.key)
    with _locked(target):
        was_applied = _is_applied(target, request_id)
        listed = _begin(target, wanted, request_id, when)
        todo = [r for r in target.runs if not proof.tombstone_of(r, request_id).is_file()]
        changed = {run: erasure.erase(Run(run), request_id) for run in todo}
        if todo:
            index.erase(target.home, listed["entries"]["doc_id"])
        for run in todo:
            _finish(target, Run(run), changed[run], listed, wanted, when)
        for run in target.runs:
            storage.remove_below(erasure.journal(run, request_id))
        if target.path not in target.runs:
            ids = [d for run in target.runs for d in _documents(run, request_id)]
            if todo or not proof.tombstone_of(target.path, request_id).is_file():
                proof.write_tombstone(target.path, listed, ids)
    proofs = [proof.read(proof.proof_of(run, request_id)) for run in target.runs]
    return {
        "request_id": request_id,
        "already_applied": was_applied,
        "suppression": str(suppression.path_of(target.home, request_id)),
        "documents": sum(one["documents"] for one in proofs),
        "records": sum(one["records"] for one in proofs),
        "files": sum(len(one["files"]) for one in proofs),
        "proofs": [str(proof.proof_of(run, request_id)) for run in target.runs],
        "hits": [
            {**query, "run": str(run), "must_be_zero": not query["query"].endswith("in a row")}
            for run, one in zip(target.runs, proofs, strict=True)
            for query in one["queries"]
            if query["hits"]
        ],
    }


@contextlib.contextmanager
def _locked(target: Target) -> Iterator[None]:
    """Hold the locks of the runs and of the dataset."""
    with contextlib.ExitStack() as stack:
        if target.home not in target.runs:
            stack.enter_context(dataset.lock(target.home))
        for run in target.runs:
            stack.enter_context(prune.alone(run))
        yield


def _documents(run: Path, request_id: str) -> list[str]:
    found: list[str] = proof.read(proof.tombstone_of(run, request_id))["documents"]
    return found


def _begin(target: Target, wanted: Request, request_id: str, when: str) -> dict[str, Any]:
    """The request on the list, and a journal for each run that has none yet."""
    path = suppression.path_of(target.home, request_id)
    todo = [
        run
        for run in target.runs
        if not erasure.is_begun(run, request_id)
        and not proof.tombstone_of(run, request_id).is_file()
    ]
    if path.is_file() and not todo:
        return _listed(path, wanted, target.key)
    known = _listed(path, wanted, target.key)["entries"]["doc_id"] if path.is_file() else ()
    findings, texts = search(target, wanted, known)
    listed = suppression.write(target.home, entry(target, wanted, findings, texts, when))
    named = {doc_id for found in findings for doc_id in found.taken}
    for found in findings:
        if found.path in todo:
            changes = erasure.changes(found, named, proof.merkle_root(found.run))
            changes["index"] = _in_index(target, found.path, changes["doc_ids"])
            changes["releases"] = [
                {"path": f"releases/{file.name}", "old": storage.file_digest(file), "new": ""}
                for file in target.releases
                if _is_of(file, found.path, target.home)
            ]
            place = erasure.journal(found.path, request_id) / "plan.json"
            storage.write_bytes(place, manifest.json_lines(changes).encode())
    return listed


def _listed(path: Path, wanted: Request, key: str) -> dict[str, Any]:
    """A request's file as it is on the list. IntegrityError if it is of another request."""
    found = suppression.read(Input(path.stem, str(path), f"sha256:{storage.file_digest(path)}"))
    if found["scope"] != wanted.scope(key):
        raise IntegrityError(str(path), "is another request; give yours another --request-id")
    return found


def _is_of(release: Path, run: Path, home: Path) -> bool:
    named = storage.place(str(json.loads(release.read_text(encoding="utf-8"))["run"]))
    return (named if named.is_absolute() else home / named).resolve() == run


def _finish(
    target: Target,
    run: Run,
    changed: list[dict[str, str]],
    listed: dict[str, Any],
    wanted: Request,
    when: str,
) -> None:
    """Have the release name the new files, look for what is gone, leave proof and tombstone."""
    request_id = listed["request_id"]
    place = erasure.journal(run.path, request_id) / "plan.json"
    changes = json.loads(place.read_text(encoding="utf-8"))
    for release in changes["releases"]:
        release["new"] = _renew_release(target.home / release["path"], run)
    changed = [*changed, *changes["releases"], *_index_changes(target, changes["index"])]
    asked = [
        *proof.queries(run, listed, wanted, is_quick=True),
        *proof.index_queries(target.home, run, listed),
    ]
    proof.write_proof(run, listed, changes, changed, asked, when)
    proof.write_tombstone(run.path, listed, changes["doc_ids"])


def _in_index(target: Target, run: Path, doc_ids: Sequence[str]) -> list[dict[str, str]]:
    """Files of the index with signatures of a run's documents that go, as they are."""
    if not dataset.index_path(target.home).exists():
        return []
    opened = dataset.read(target.home)
    folders = dict(opened.runs)
    return [
        {"release": s.release, "documents": s.documents, "old": s.signatures.sha256}
        for s, _ in index.holders(opened, doc_ids)
        if storage.place(folders[s.release]).resolve() == run
    ]


def _index_changes(target: Target, before: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """The same files as they are now."""
    if not before:
        return []
    opened = dataset.read(target.home)
    now = {(s.release, s.documents): s.signatures for p in opened.parts for s in p.sources}
    return [
        {"path": now[key].path, "old": one["old"], "new": now[key].sha256}
        for one in before
        if (key := (one["release"], one["documents"])) in now
    ]


def _renew_release(path: Path, run: Run) -> str:
    """Have a release name the files as they are now; its new digest."""
    value = json.loads(path.read_text(encoding="utf-8"))
    outputs = {output.path: output for made in run.manifests() for output in made.outputs}
    for file in value["files"]:
        if (output := outputs.get(file["path"])) is not None:
            file["sha256"], file["rows"] = output.sha256, output.rows
            if "bytes" in file:
                file["bytes"] = output.bytes
    text = manifest.json_lines(value)
    if path.read_text(encoding="utf-8") != text:
        storage.write_bytes(path, text.encode())
    return storage.file_digest(path)


# Afterwards


def verify(path: Path, wanted: Request | None = None, request_id: str | None = None) -> list[Any]:
    """Checks of takedowns, each `{"name", "ok", "detail"}`: of one, or of all on the list.

    With the request itself, addresses and words of its texts are looked for as well.
    """
    target = open_target(path)
    name = wanted.name(target.key) if wanted is not None else request_id
    checks = []
    for listed in _requests(target, name):
        for run in target.runs:
            where = f"{listed['request_id']} in {run.name}"
            found = list(_wrong(target.home, Run(run), listed, wanted))
            checks.append(
                {
                    "name": where,
                    "ok": not found,
                    "detail": "; ".join(found[:5]) or "nothing is found again",
                }
            )
    return checks


def _requests(target: Target, name: str | None) -> Iterator[dict[str, Any]]:
    """The entries on the target's list. ConfigError if there is none of that name."""
    files = suppression.locate(target.home).files
    chosen = [item for item in files if name in (None, item.name)]
    if name is not None and not chosen:
        raise ConfigError(
            name, "is not on the suppression list", f"see weir takedown plan {target.path}"
        )
    for item in chosen:
        yield suppression.read(item)


def _wrong(home: Path, run: Run, listed: dict[str, Any], wanted: Request | None) -> Iterator[str]:
    request_id = listed["request_id"]
    if not proof.tombstone_of(run.path, request_id).is_file():
        yield f"not applied: run weir takedown apply {run.path} with the request again"
        return
    yield from proof.faults(run, request_id)
    if not proof.is_rejected(run, _documents(run.path, request_id)):
        yield "a document that was taken down is not rejected in decisions"
    asked = [*proof.queries(run, listed, wanted), *proof.index_queries(home, run, listed)]
    for query in asked:
        if query.hits and query.must_be_zero:
            yield f"{query.hits} rows of {query.table} are found by {query.query}"


def prove(path: Path, request_id: str | None = None) -> dict[str, Any]:
    """Proofs of one takedown, or of all, each checked against the files."""
    target = open_target(path)
    proofs = []
    for listed in _requests(target, request_id):
        for run in target.runs:
            name = listed["request_id"]
            if not proof.proof_of(run, name).is_file():
                proofs.append({"run": str(run), "request_id": name, "faults": ["not applied"]})
                continue
            found = proof.read(proof.proof_of(run, name))
            proofs.append({**found, "run": str(run), "faults": list(proof.faults(Run(run), name))})
    return {"proofs": proofs}
