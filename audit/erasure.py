"""Erasing documents from a finished run, so that it can be interrupted anywhere and begun again.

First a journal says what will change: documents, tasks, what their counts lose and gain. Then each
file is written anew and renamed (a file that another run links to is left to that run), each task's
changes are noted, and its manifest replaced. Every part that is done twice gives the same bytes.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audit import prune, stats
from audit.matching import inside
from audit.requests import Finding
from audit.runs import Run, Shard, base_name
from filters.catalog import BY_NAME
from pipeline import manifest, shards, statistics, storage, tally
from pipeline.manifest import Count, Manifest, Output
from stages import schema
from stages.errors import IntegrityError

HOLD_CONTENT = ("keys", "lent", "parts", "shingles", "verdicts")
"""Folders of intermediates with texts, their fingerprints, or addresses of a site's terms.

A finished run needs none of them."""
VIEWS = ("cards", "report", "views")
"""Folders of what is made from a run for people, and can be made again."""
VERSION = 1


def journal(run: Path, request_id: str) -> Path:
    """Where an unfinished takedown keeps its notes: doc_ids and digests, no address and no text."""
    return run / "journal" / f"takedown-{request_id}"


def is_begun(run: Path, request_id: str) -> bool:
    """Whether the journal of a takedown was written."""
    return (journal(run, request_id) / "plan.json").is_file()


# What will change


def changes(found: Finding, named: Iterable[str], merkle_root: str) -> dict[str, Any]:
    """What the takedown will do to the run; nothing is written.

    `named` are the documents that go, also from other runs: clusters name published ones of
    earlier snapshots. `merkle_root` is that of the published files as they are.
    """
    run = found.run
    taken, everywhere = frozenset(found.taken), frozenset(named)
    tasks = [*_shard_changes(found, taken), *_cluster_changes(run, everywhere)]
    tasks += _corpus_changes(found, taken)
    doomed = [
        output
        for made in run.manifests()
        for output in made.outputs
        if PurePosixPath(output.path).parts[0] in HOLD_CONTENT and run.is_there(output)
    ]
    views = [path for name in VIEWS for path in (run.path / name).rglob("*") if path.is_file()]
    is_any = bool(tasks)
    return {
        "version": VERSION,
        "doc_ids": sorted(taken),
        "named": sorted(everywhere - taken),
        "record_ids": sorted({d for ids in found.records.values() for d in ids} - taken),
        "tasks": tasks,
        "pruned": sorted(output.path for output in doomed) if is_any else [],
        "removed": sorted(str(path.relative_to(run.path)) for path in views) if is_any else [],
        "merkle": merkle_root,
    }


def _task(step: str, key: str, outputs: Iterable[Output], **more: Any) -> dict[str, Any]:
    paths = [output.path for output in outputs]
    return {"step": step, "key": key, "paths": paths, "counts": [], "kept": 0, **more}


def _shard_changes(found: Finding, taken: frozenset[str]) -> Iterator[dict[str, Any]]:
    run = found.run
    extracted, decided = run.tasks["extract"], run.tasks["decide"]
    for at, ids in sorted(found.records.items()):
        shard = run.shards[at]
        mine = sorted(taken.intersection(ids))
        tables = [shard.records, *([shard.documents, shard.signals, shard.signatures] * bool(mine))]
        there = [output for output in tables if run.is_there(output)]
        yield _task("extract", extracted[at], there, counts=_record_counts(run, shard, ids, mine))
        if mine:
            counts, kept = _decision_counts(run, shard, mine)
            yield _task("decide", decided[at], [shard.decisions], counts=counts, kept=kept)


def _cluster_changes(run: Run, taken: frozenset[str]) -> Iterator[dict[str, Any]]:
    ids = sorted(taken)
    for made in run.manifests("cluster") if ids else ():
        members, edges = made.output("members"), made.output("edges")
        if _holds(run, members, ids):
            heirs = _heirs(run, members, edges, ids)
            held = [members, *([edges] if heirs else [])]
            yield _task("cluster", made.key, held, heirs=heirs)


def _heirs(run: Run, members: Output, edges: Output, ids: Sequence[str]) -> dict[str, str]:
    """Who stands for the words of a document in the edges, where others of its words stay."""
    pairs = run.read(edges, ["a", "b"])
    ends = {end for name in ("a", "b") for end in _where(pairs.column(name), ids)}
    if not ends:
        return {}
    table = run.read(members, ["doc_id", "text_digest"])
    gone = inside(table.column("doc_id"), ids)
    words = dict(zip(*(c.to_pylist() for c in table.filter(pa.array(gone)).columns), strict=True))
    heirs: dict[str, str] = {}
    for doc_id, digest in zip(*(c.to_pylist() for c in table.filter(pa.array(~gone)).columns)):  # noqa: B905
        if digest is not None:
            heirs[digest] = min(doc_id, heirs.get(digest, doc_id))
    return {end: heirs[words[end]] for end in sorted(ends) if words.get(end) in heirs}


def _where(column: pa.ChunkedArray, values: Sequence[str]) -> list[str]:
    found: list[str] = column.filter(pa.array(inside(column, values))).to_pylist()
    return found


def _corpus_changes(found: Finding, taken: frozenset[str]) -> Iterator[dict[str, Any]]:
    run, by_tag = found.run, dict[str, list[str]]()
    for doc_id in sorted(taken):
        document = found.taken[doc_id]
        if document.outcome == schema.KEEP:
            by_tag.setdefault(document.tag, []).append(doc_id)
    for made in run.manifests("compact"):
        ids = by_tag.get(made.task, [])
        held = [output for output in made.outputs if ids and _holds(run, output, ids)]
        if held:
            yield _task("compact", made.key, held, kept=len(ids))


def _holds(run: Run, output: Output, ids: Sequence[str]) -> bool:
    return bool(inside(run.read(output, ["doc_id"]).column("doc_id"), ids).any())


def _picked(run: Run, output: Output, ids: Sequence[str], columns: Sequence[str]) -> pa.Table:
    """Some columns of the rows of the documents, in the file's order."""
    mask = inside(run.read(output, ["doc_id"]).column("doc_id"), ids)
    return run.take(output, np.flatnonzero(mask).tolist(), columns)


def _record_counts(
    run: Run, shard: Shard, ids: Sequence[str], documents: Sequence[str]
) -> list[Count]:
    """What blanking adds to the counts of extract: characters and placeholders go."""
    sums: Counter[tuple[str, str, str]] = Counter()
    states = {schema.PASS: "extracted", schema.REJECT: "rejected"}
    columns = ["tag", "outcome", "reason", "n_chars"]
    for row in _picked(run, shard.records, ids, columns).to_pylist():
        state = states.get(row["outcome"], "quarantined")
        sums[row["tag"], "characters.read", ""] -= row["n_chars"]
        sums[row["tag"], f"characters.{state}", row["reason"] or ""] -= row["n_chars"]
    if documents and run.is_there(shard.documents):
        for row in _picked(run, shard.documents, documents, ["tag", "pii_counts"]).to_pylist():
            for kind, count in row["pii_counts"]:
                sums[row["tag"], "pii.redacted", kind] -= count
    return _listed(sums)


def _decision_counts(run: Run, shard: Shard, ids: Sequence[str]) -> tuple[list[Count], int]:
    """What blanking adds to the counts of decide, and how many documents were kept."""
    decisions = _picked(run, shard.decisions, ids, schema.DECISIONS.schema.names)
    signals = _picked(run, shard.signals, ids, schema.SIGNALS.schema.names)
    facts = _facts(run, shard, decisions)
    every = np.ones(decisions.num_rows, dtype=bool)
    sums: Counter[tuple[str, str, str]] = Counter()
    for sign, tables in (
        (-1, (decisions, signals, facts)),
        (
            1,
            (
                shards.blanked(decisions, every, shards.BLANK["decisions"]),
                _without_values(signals, every),
                shards.blanked(facts, every, shards.BLANK["documents"]),
            ),
        ),
    ):
        decided, measured, amounts = tables
        counts = shards.decision_counts(decided, amounts)
        counts += shards.histograms(decided, measured, BY_NAME)
        counts += shards.rule_counts(decided, run.rules, amounts)
        for tag, metric, label, count in counts:
            sums[tag, metric, label] += sign * count
    return _listed(sums), decisions.column("outcome").to_pylist().count(schema.KEEP)


def _facts(run: Run, shard: Shard, decisions: pa.Table) -> pa.Table:
    """What the documents count for, in the order of the decisions.

    Where `documents` was pruned: from the corpus and `records`; the words and tokens of a rejected
    document are known nowhere then, and stay counted.
    """
    ids = decisions.column("doc_id").to_pylist()
    if run.is_there(shard.documents):
        return _picked(run, shard.documents, ids, shards.fact_columns())
    known: dict[str, dict[str, Any]] = {doc_id: {} for doc_id in ids}
    columns = ["doc_id", "n_chars", "payload_bytes"]
    for row in _picked(run, shard.records, ids, columns).to_pylist():
        known[row["doc_id"]] |= {"n_words": 0, "n_tokens": None, **row}
    corpus = run.corpus()
    for tag in set(decisions.column("tag").to_pylist()):
        for output in corpus.get(tag, ()):
            columns = ["doc_id", "n_words", "n_tokens"]
            for row in _picked(run, output, ids, columns).to_pylist():
                known[row["doc_id"]] |= row
    fields = [schema.DOCUMENTS.schema.field(name) for name in shards.fact_columns()]
    return pa.Table.from_pylist([known[doc_id] for doc_id in ids], schema=pa.schema(fields))


def _listed(sums: Mapping[tuple[str, str, str], int]) -> list[Count]:
    return sorted((*key, count) for key, count in sums.items() if count)


# Changing it


def erase(run: Run, request_id: str) -> list[dict[str, str]]:
    """Do what the journal says; the files changed, each `{"path", "old", "new"}`.

    Begun again after an interruption it goes on, and ends in the same bytes.
    """
    notes = journal(run.path, request_id)
    plan = _read(notes / "plan.json")
    taken = plan["doc_ids"]
    ids = {
        "records": [*taken, *plan["record_ids"]],
        "members": [*taken, *plan["named"]],
    }
    changed: list[dict[str, str]] = []
    for task in plan["tasks"]:
        changed += _change_task(run, notes, task, {**dict.fromkeys(schema.TABLES, taken), **ids})
    if plan["tasks"]:
        _rewrite_statistics(run, plan["tasks"])
    gone = {*plan["pruned"], *plan["removed"]}
    opened = Run(run.path)
    outputs = [o for made in opened.manifests() for o in made.outputs if o.path in gone]
    prune.remove(opened, outputs)
    for name in plan["removed"]:
        (run.path / name).unlink(missing_ok=True)
    if plan["tasks"]:
        storage.remove_below(run.path / prune.VIEWS)  # made since the plan was
        _note_in_book(run.path, request_id)
    return changed


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise IntegrityError(
            str(path), "is damaged; restore it, or run the takedown on a copy of the run"
        ) from None


def _change_task(
    run: Run, notes: Path, task: Mapping[str, Any], ids: Mapping[str, list[str]]
) -> list[dict[str, str]]:
    """Rewrite the files of a task, then its manifest."""
    where = manifest.path_of(run.path, task["step"], task["key"])
    old = run.manifest(task["step"], task["key"])
    note = notes / f"{task['step']}-{task['key']}.json"
    if not note.exists():
        made = {}
        for output in old.outputs:
            if output.path in task["paths"]:
                name = base_name(output)
                if name == "edges":
                    made[output.path] = _rewrite_edges(run.path, output, task["heirs"])
                else:
                    made[output.path] = rewrite(run.path, output, ids[name])
            elif output.table == schema.TALLY.name and task["counts"]:
                before = note.with_suffix(".parquet")
                made[output.path] = _rewrite_tally(run, old, output, task["counts"], before)
        _write(note, {"manifest": _renewed(old, made, task).to_json(), "old": _digests(old, made)})
    kept = _read(note)
    text = kept["manifest"]
    if where.read_text(encoding="utf-8") != text:
        storage.write_bytes(where, text.encode())
    new = Manifest.from_json(text, str(note))
    return [
        {"path": output.path, "old": kept["old"][output.path], "new": output.sha256}
        for output in new.outputs
        if output.path in kept["old"]
    ]


def _rewrite_tally(
    run: Run, old: Manifest, output: Output, counts: Sequence[Count], before: Path
) -> Output:
    """The task's counts with those added to what they were, which are kept until it is done."""
    storage.adopt(run.path / output.path, before)
    was = replace(old, outputs=(replace(output, path=str(before.relative_to(run.path))),))
    sums: Counter[tuple[str, str, str]] = Counter()
    for tag, metric, label, count in (*run.counts(was), *counts):
        sums[tag, metric, label] += count
    return replace(tally.write(run.path, output.path, _listed(sums)), origin=output.known)


def _digests(old: Manifest, made: Mapping[str, Output]) -> dict[str, str]:
    return {output.path: output.sha256 for output in old.outputs if output.path in made}


def _write(path: Path, value: Mapping[str, Any]) -> None:
    storage.write_bytes(path, manifest.json_lines(value).encode())


def rewrite(run: Path, output: Output, ids: Sequence[str], path: str | None = None) -> Output:
    """The file without what its rows held of the documents, under the same name or another."""
    table = schema.TABLES[base_name(output)]
    tags = {group: tag for tag, group in output.groups}
    groups: list[tuple[str, int]] = []
    with pq.ParquetFile(storage.opened(run / output.path)) as file:
        written = storage.ParquetFile(run / (path or output.path), table, _notes(file))
        with written:
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group)
                gone = inside(rows.column("doc_id"), ids)
                rows = _erased(table.name, rows, gone) if gone.any() else rows
                if rows.num_rows:
                    if group in tags:
                        groups.append((tags[group], written.row_groups))
                    written.write(rows)
    made = written.commit()
    return replace(output, **made, groups=tuple(groups), origin=output.known)


def _notes(file: pq.ParquetFile) -> dict[str, str]:
    """What a file says of itself."""
    told = file.schema_arrow.metadata or {}
    return {name.decode(): value.decode() for name, value in told.items()}


def _rewrite_edges(run: Path, output: Output, heirs: Mapping[str, str]) -> Output:
    """Edges with other documents of the same words in the place of those that go."""
    with pq.ParquetFile(storage.opened(run / output.path)) as file:
        edges, notes = file.read(), _notes(file)
    rows = edges.to_pylist()
    for row in rows:
        row["a"], row["b"] = sorted(heirs.get(row[end], row[end]) for end in ("a", "b"))
    rows.sort(key=lambda row: (row["a"], row["b"]))
    written = storage.ParquetFile(run / output.path, schema.EDGES, notes)
    written.write(pa.Table.from_pylist(rows, schema=schema.EDGES.schema))
    return replace(output, **written.commit(), origin=output.known)


def _erased(table: str, rows: pa.Table, gone: np.ndarray[Any, np.dtype[np.bool_]]) -> pa.Table:
    if table == "corpus":
        return rows.filter(pa.array(~gone))
    if table == "signals":
        return _without_values(rows, gone)
    return shards.blanked(rows, gone, shards.BLANK[table])


def _without_values(rows: pa.Table, gone: np.ndarray[Any, np.dtype[np.bool_]]) -> pa.Table:
    """Signals without the values of some rows."""
    measured = [name for name in rows.column_names if name not in ("doc_id", "tag")]
    return shards.blanked(rows, gone, dict.fromkeys(measured))


def _renewed(old: Manifest, made: Mapping[str, Output], task: Mapping[str, Any]) -> Manifest:
    """The manifest with other digests, counts, and documents moved from kept to rejected."""
    sums: Counter[tuple[str, str, str]] = Counter()
    inline = task["counts"] if tally.output_of(old) is None else ()
    for tag, metric, label, count in (*old.counts, *inline):
        sums[tag, metric, label] += count
    kept = task["kept"]
    books = replace(old.books, kept=old.books.kept - kept, rejected=old.books.rejected + kept)
    outputs = tuple(made.get(output.path, output) for output in old.outputs)
    return replace(old, outputs=outputs, books=books, counts=tuple(_listed(sums)))


def _rewrite_statistics(run: Run, tasks: Sequence[Mapping[str, Any]]) -> None:
    """Replace the counts of the tasks in `statistics/`, in their places."""
    table = pq.read_table(
        storage.opened(run.path / stats.STATISTICS), partitioning=None
    ).combine_chunks()
    changed = {(task["step"], task["key"]) for task in tasks}
    for block in statistics.blocks(list(run.manifests())):
        shard, made = block
        if changed.isdisjoint((m.step, m.key) for m in made):
            continue
        mine = pc.and_(
            pc.equal(table.column("step"), made[0].step), pc.equal(table.column("shard"), shard)
        ).to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(mine)
        at = int(rows[0]) if len(rows) else table.num_rows
        parts = [
            table.slice(0, at),
            statistics.table_of(run.path, run.name, block).cast(table.schema),
            table.slice(at).filter(pa.array(~mine[at:])),
        ]
        table = pa.concat_tables(parts)
    statistics.save(run.path, table)


def _note_in_book(run: Path, request_id: str) -> None:
    """Name the takedown in run.json."""
    path = run / "run.json"
    book = json.loads(path.read_text(encoding="utf-8"))
    known = book.get("takedowns", [])
    if request_id not in known:
        book["takedowns"] = sorted([*known, request_id])
        _write(path, book)
