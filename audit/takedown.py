"""`weir takedown`: plan, apply, verify and prove, on a run or on all runs of a dataset.

The order of `apply` is the promise: first the request goes on the suppression list, so that nothing
of it is stored again whatever happens next; then all runs' journals are written, before any file of
a run is changed; a run's tombstone comes last. Done again, it goes on where it stopped.
"""

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from audit import erasure, matching, proof, prune
from audit.requests import MAX_SEEDS, Finding, Request, Target, entry, open_target, search
from audit.runs import Run
from pipeline import manifest, storage, suppression
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
    runs = [_planned(found, wanted) for found in findings]
    return {
        "request_id": request_id,
        "kind": wanted.kind,
        "reason_class": wanted.reason_class,
        "suppression": str(suppression.path_of(target.home, request_id)),
        "entries": {kind: len(values) for kind, values in listed.items()},
        "applied": _is_applied(target, request_id),
        "runs": runs,
        "notes": _notes(wanted, runs),
    }


def _planned(found: Finding, wanted: Request) -> dict[str, Any]:
    changes = erasure.changes(found, "")
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
    with contextlib.ExitStack() as stack:
        for folder in dict.fromkeys((target.path, *target.runs)):
            stack.enter_context(prune.alone(folder))
        was_applied = _is_applied(target, request_id)
        listed = _begin(target, wanted, request_id, when)
        for run in target.runs:
            if not proof.tombstone_of(run, request_id).is_file():
                _finish(target, run, listed, wanted, when)
            shutil.rmtree(erasure.journal(run, request_id), ignore_errors=True)
        if target.path not in target.runs:
            ids = [d for run in target.runs for d in _documents(run, request_id)]
            if not proof.tombstone_of(target.path, request_id).is_file() or not was_applied:
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
    for found in findings:
        if found.path in todo:
            changes = erasure.changes(found, proof.merkle_root(found.run))
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
    named = Path(str(json.loads(release.read_text(encoding="utf-8"))["run"]))
    return (named if named.is_absolute() else home / named).resolve() == run


def _finish(target: Target, path: Path, listed: dict[str, Any], wanted: Request, when: str) -> None:
    """Erase what the run's journal names, and leave proof and tombstone."""
    request_id = listed["request_id"]
    place = erasure.journal(path, request_id) / "plan.json"
    changes = json.loads(place.read_text(encoding="utf-8"))
    changed = erasure.erase(Run(path), request_id)
    run = Run(path)
    for release in changes["releases"]:
        release["new"] = _renew_release(target.home / release["path"], run)
    asked = proof.queries(run, listed, wanted)
    proof.write_proof(run, listed, changes, changed, asked, when)
    proof.write_tombstone(path, listed, changes["doc_ids"])


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
            found = list(_wrong(Run(run), listed, wanted))
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


def _wrong(run: Run, listed: dict[str, Any], wanted: Request | None) -> Iterator[str]:
    request_id = listed["request_id"]
    if not proof.tombstone_of(run.path, request_id).is_file():
        yield f"not applied: run weir takedown apply {run.path} with the request again"
        return
    yield from proof.faults(run, request_id)
    if not proof.is_rejected(run, _documents(run.path, request_id)):
        yield "a document that was taken down is not rejected in decisions"
    for query in proof.queries(run, listed, wanted):
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
