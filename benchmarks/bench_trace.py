"""A trace among twenty million records, through the ledger that pages and `weir trace` look into.

A run's folder is written as the pipeline leaves it: shards of 50,000 records, a tenth of them
documents, every third of which is kept, with decisions and corpus; what no trace reads is left out,
and columns that do not matter hold one value. Then URLs that were read and others are traced.
"""

import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit import views
from audit.runs import Run
from audit.trace import trace, url_key
from benchmarks import measure
from benchmarks.bench_views import peak_mb, tail_ms, timed
from filters.text import mix
from pipeline import config, manifest, plan, shards
from pipeline.manifest import Books, Manifest, Output
from stages import schema

TAG = "fin_Latn"
SHARD_ROWS = 50_000
DOCUMENTS = 5_000
HOSTS = 200_000
PAGES_OF = 20
"""Shards of a corpus file."""


def hexed(numbers: NDArray[np.uint64]) -> list[str]:
    """32 hex digits for each number."""
    data = np.column_stack([mix(numbers), mix(~numbers)]).astype(">u8").tobytes().hex()
    return [data[at : at + 32] for at in range(0, len(data), 32)]


def url(number: int) -> str:
    """Address of a record."""
    return f"https://www.site{number * 7919 % HOSTS}.example/page/{number}"


def table(declared: schema.Table, rows: int, given: Mapping[str, Any]) -> pa.Table:
    """A table of the schema with some columns given; the others hold one value."""
    columns = {}
    for column in declared.columns:
        if column.name in given:
            columns[column.name] = pa.array(given[column.name], column.type)
        elif column.nullable:
            columns[column.name] = pa.nulls(rows, column.type)
        else:
            value = (
                [] if pa.types.is_nested(column.type) else pa.scalar(0).cast(column.type).as_py()
            )
            columns[column.name] = pa.repeat(pa.scalar(value, column.type), rows)
    return pa.table(columns, schema=declared.schema)


class Builder:
    """Writes the run."""

    def __init__(self, folder: Path, records: int) -> None:
        self.folder, self.count = folder, max(1, records // SHARD_ROWS)
        self.settings = config.load("europe").run
        self.tasks: dict[str, list[str]] = {step.name: [] for step in plan.STEPS}

    def write(self, declared: schema.Table, name: str, rows: pa.Table, tag: str | None) -> Output:
        """One committed file."""
        writer = shards.Writer(self.folder, f"{name}.parquet", declared)
        for start in range(0, rows.num_rows, 8192):
            writer.write(rows.slice(start, 8192), tag)
        return writer.commit()

    def commit(self, step: str, task: str, outputs: list[Output]) -> None:
        """One manifest."""
        key = hashlib.sha256(f"{step}/{task}".encode()).hexdigest()
        made = Manifest(
            step, key, task, (f"{task}.warc.gz",), tuple(outputs), Books(0, 0, 0, 0), (), {}
        )
        manifest.commit(self.folder, made)
        self.tasks[step].append(key)

    def build(self) -> None:
        """Write everything."""
        kept: list[str] = []
        published: list[Output] = []
        for number in range(self.count):
            kept += self.shard(number)
            if (number + 1) % PAGES_OF == 0 or number + 1 == self.count:
                name = f"corpus/{TAG}/{TAG}-{number // PAGES_OF:05d}"
                rows = table(schema.CORPUS, len(kept), {"doc_id": kept})
                published.append(self.write(schema.CORPUS, name, rows, None))
                kept = []
        self.commit("compact", TAG, published)
        book = {
            "name": "trace",
            "snapshot": "CC-MAIN-2026-30",
            "config": self.settings.model_dump(mode="json"),
            "rules": list(self.settings.language.rules),
            "inputs": [],
            "tasks": self.tasks,
            "finished_at": "2026-11-22T00:00:00Z",
        }
        (self.folder / "run.json").write_text(json.dumps(book), encoding="utf-8")

    def shard(self, number: int) -> list[str]:
        """One shard; the doc_ids that are kept."""
        numbers = np.arange(number * SHARD_ROWS, (number + 1) * SHARD_ROWS, dtype=np.uint64)
        ids, urls = hexed(numbers), [url(at) for at in numbers.tolist()]
        states = np.arange(SHARD_ROWS) < DOCUMENTS
        records = {
            "doc_id": ids,
            "record_id": [f"<urn:uuid:{one}>" for one in hexed(numbers + np.uint64(1 << 40))],
            "url": urls,
            "url_key": [url_key(one, self.settings.gate.url_key) for one in urls],
            "tag": [TAG] * SHARD_ROWS,
            "outcome": np.where(states, schema.PASS, schema.REJECT).tolist(),
            "reason": [None if state else "gate.language" for state in states.tolist()],
        }
        mine = {"doc_id": ids[:DOCUMENTS], "url": urls[:DOCUMENTS], "tag": [TAG] * DOCUMENTS}
        is_kept = [at % 3 == 0 for at in range(DOCUMENTS)]
        words = [100.0 if one else 10.0 for one in is_kept]
        measured_signals = {"doc_id": mine["doc_id"], "tag": mine["tag"], "word_count": words}
        decided = {
            **mine,
            "outcome": [schema.KEEP if one else schema.REJECT for one in is_kept],
            "reason": [None if one else "rule.word_count" for one in is_kept],
            "failed_rules": [0 if one else 1 for one in is_kept],
        }
        task = f"{number:05d}"
        made = {
            name: self.write(declared, f"{name}/{task}", table(declared, rows, columns), tag)
            for name, declared, rows, columns, tag in (
                ("records", schema.RECORDS, SHARD_ROWS, records, None),
                ("documents", schema.DOCUMENTS, DOCUMENTS, mine, TAG),
                ("signals", schema.SIGNALS, DOCUMENTS, measured_signals, TAG),
                ("decisions", schema.DECISIONS, DOCUMENTS, decided, None),
            )
        }
        for name in ("signatures", "verdicts"):  # no trace reads them
            made[name] = Output(name, f"{name}/{task}.parquet", 0, 0, "")
        extracted = ("records", "documents", "signals", "signatures")
        self.commit("extract", task, [made[name] for name in extracted])
        self.commit("judge", task, [made["verdicts"]])
        self.commit("decide", task, [made["decisions"]])
        return [one for one, keep in zip(ids, is_kept, strict=False) if keep]


def main() -> int:
    """Measure, print, check."""
    options = measure.parser("bench_trace", __doc__.splitlines()[0])
    options.add_argument("--records", type=int, default=20_000_000)
    options.add_argument("--traces", type=int, default=200)
    options.add_argument("--scans", type=int, default=1)
    options.add_argument("--work", type=Path, help="folder for the run; kept")
    given = options.parse_args()
    work = given.work or Path(tempfile.mkdtemp(prefix="weir-trace-"))
    try:
        if not (work / "run.json").exists():
            measure.say(f"a run of {given.records:,} records")
            Builder(work, given.records).build()
        result = measured(work, given)
    finally:
        if given.work is None:
            shutil.rmtree(work)
    return measure.finish("bench_trace", result, given.check)


def measured(folder: Path, given: Any) -> dict[str, Any]:
    """The benchmark's numbers."""
    run, rng = Run(folder), np.random.default_rng(3)
    records = sum(shard.records.rows for shard in run.shards)
    shutil.rmtree(folder / "views", ignore_errors=True)
    measure.say("the ledger")
    cpu, began = time.process_time(), time.perf_counter()
    views.opened(run).find("nowhere.example")
    built = {"wall_s": time.perf_counter() - began, "cpu_s": time.process_time() - cpu}
    peak = peak_mb()
    opening = timed(lambda: views.ledger(Run(folder)))
    ledger = views.opened(run).ledger
    began = time.perf_counter()
    view = views.opened(run).language(TAG)
    made = {"documents": view.documents, "wall_s": round(time.perf_counter() - began, 1)}
    numbers = rng.integers(0, records, given.traces).tolist()
    documents = (rng.integers(0, records // SHARD_ROWS, given.traces) * SHARD_ROWS).tolist()
    asked = {
        "rejected_at_the_gate": [url(n - n % SHARD_ROWS + DOCUMENTS + n % 1000) for n in numbers],
        "document_kept": [url(n + 3 * (n % 100)) for n in documents],
        "document_rejected": [url(n + 1) for n in documents],
        "absent": [f"https://absent.example/{n}" for n in numbers],
        "doc_id": hexed(np.array(numbers, np.uint64)),
        "host_of_100": [f"www.site{n % HOSTS}.example" for n in numbers[: given.traces // 4]],
    }
    times: dict[str, Any] = {}
    for kind, whats in asked.items():
        spent, hits = [], 0
        for what in whats:
            began = time.perf_counter()
            hits += trace(run, what, ledger=ledger)["found"] > 0
            spent.append((time.perf_counter() - began) * 1e3)
        if hits != (0 if kind == "absent" else len(whats)):
            raise RuntimeError(f"{kind}: {hits} of {len(whats)} were found")
        times[kind] = tail_ms(spent)
    scan = timed(lambda: trace(run, asked["document_kept"][0]), given.scans)
    return {
        "records": records,
        "ledger": {
            **{name: round(value, 1) for name, value in built.items()},
            "peak_rss_mb": round(peak),
            "mb": round(sum(p.stat().st_size for p in (folder / "views").rglob("*.arrow")) / 2**20),
            "open_ms": round(opening[0], 1),
        },
        "language_view": made,
        "trace_ms": times,
        "without_ledger_s": round(max(scan) / 1e3, 2) if scan else None,
    }


if __name__ == "__main__":
    sys.exit(main())
