"""Taking one URL out of a large run: what finding it costs, and what the rewritten shards cost.

A made-up finished run: `--documents` pages in shards of 50,000, every second in the corpus, with
URLs, keys and ids of the real size and form; texts are short, since those of other shards are not
read. One page is planned and taken down by the real code. `found_and_queries_s` is what grows with
the run, `rewritten_s` what the files of one shard, one corpus file and the statistics cost.
"""

import hashlib
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from audit import proof, requests, takedown
from audit.runs import Run
from audit.trace import url_key
from benchmarks import measure
from filters.catalog import BY_NAME
from pipeline import config, manifest, shards, statistics, suppression
from pipeline.manifest import Books, Manifest, Output
from stages import schema

SHARD_ROWS = 50_000
CORPUS_ROWS = 400_000
TAG = "fin_Latn"
SEED = 5
WHEN = "2026-01-01T00:00:00Z"


def filled(table: schema.Table, rows: int, **columns: Any) -> pa.Table:
    """Rows of a table: the given columns, and null, zero or nothing in the others."""
    arrays = []
    for column in table.columns:
        if column.name in columns:
            arrays.append(pa.array(columns[column.name], type=column.type))
        elif column.nullable:
            arrays.append(pa.nulls(rows, column.type))
        else:
            arrays.append(pa.array([_nothing(column.type)], type=column.type).take(_zeros(rows)))
    return pa.Table.from_arrays(arrays, schema=table.schema)


def _zeros(rows: int) -> pa.Array:
    return pa.array(np.zeros(rows, np.int32))


def _nothing(kind: pa.DataType) -> Any:
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return ""
    if pa.types.is_nested(kind):
        return []
    return False if pa.types.is_boolean(kind) else 0


def _hex(random: np.random.Generator, rows: int) -> list[str]:
    whole = random.bytes(16 * rows).hex()
    return [whole[at : at + 32] for at in range(0, len(whole), 32)]


class Build:
    """Writes the run."""

    def __init__(self, folder: Path, documents: int) -> None:
        self.folder, self.documents = folder, documents
        self.resolved = config.load("sample", [])
        self.key = self.resolved.run.gate.url_key
        self.made: list[Manifest] = []
        self.random = np.random.default_rng(SEED)
        self.waiting: list[pa.Table] = []
        self.corpus: list[Output] = []
        self.url = ""

    def build(self) -> None:
        """Shards, corpus, statistics and book."""
        for number in range(-(-self.documents // SHARD_ROWS)):
            rows = min(SHARD_ROWS, self.documents - number * SHARD_ROWS)
            self._shard(number, rows)
            if sum(table.num_rows for table in self.waiting) >= CORPUS_ROWS:
                self._publish()
        self._publish()
        edges, members = (
            self._write(f"clusters/{t.name}-0", t, t.schema.empty_table())
            for t in (schema.EDGES, schema.MEMBERS)
        )
        self._commit("cluster", "00000", [edges, members], Books(0, 0, 0, 0), [])
        kept = sum(output.rows for output in self.corpus)
        self._commit("compact", TAG, self.corpus, Books(kept, kept, 0, 0), [])
        statistics.write(self.folder, "bench", self.made)
        self._book()

    def _write(self, name: str, table: schema.Table, rows: pa.Table, label: str = "") -> Output:
        writer = shards.Writer(self.folder, f"{name}.parquet", table)
        step = 2000 if table.name != "records" else shards.GATHERED_ROWS
        for at in range(0, rows.num_rows, step):
            writer.write(rows.slice(at, step), TAG)
        return writer.commit(label or None)

    def _commit(
        self, step: str, task: str, outputs: list[Output], books: Books, counts: list[Any]
    ) -> None:
        key = hashlib.sha256(f"{step}/{task}".encode()).hexdigest()
        inputs = (f"{task}.warc.gz",)
        made = Manifest(step, key, task, inputs, tuple(outputs), books, tuple(sorted(counts)))
        manifest.commit(self.folder, made)
        self.made.append(made)

    def _shard(self, number: int, rows: int) -> None:
        task, ids = f"{number:05d}", _hex(self.random, rows)
        hosts = self.random.integers(0, 500_000, rows)
        paths = self.random.integers(0, 1 << 62, rows)
        urls = [f"https://www.site{h}.example/articles/{p:016x}/a-page-with-a-name.html"
                for h, p in zip(hosts.tolist(), paths.tolist(), strict=True)]  # fmt: skip
        keys = _hex(self.random, rows)  # as good as the hashes, which take 20 s a million
        middle = rows // 2
        self.url, keys[middle] = urls[middle], url_key(urls[middle], self.key)
        numbers = np.arange(rows)
        kept = numbers % 2 == middle % 2
        size, long = [1000] * rows, [9000] * rows
        shared = {"doc_id": ids, "tag": [TAG] * rows}
        texts = [f"Sivu {n} sanoja ja lauseita." for n in range(rows)]
        facts = {"url": urls, "n_chars": size, "n_words": size, "payload_bytes": long}
        tables = (
            (schema.RECORDS, {**shared, "url": urls, "url_key": keys, "n_chars": size,
                              "payload_bytes": long, "outcome": ["pass"] * rows}),
            (schema.DOCUMENTS, {**shared, **facts, "text": texts}),
            (schema.SIGNALS, {**shared, **{name: numbers.astype(np.float32) for name in BY_NAME}}),
            (schema.SIGNATURES, {"doc_id": ids, "row": numbers, "text_digest": ids,
                                 "n_shingles": size, "signature": self._signatures(rows)}),
            (schema.DECISIONS, {**shared, "outcome": np.where(kept, "keep", "reject").tolist(),
                                "reason": np.where(kept, None, "gate.short").tolist(),
                                "cluster_size": [1] * rows}),
        )  # fmt: skip
        made = {t.name: filled(t, rows, **columns) for t, columns in tables}
        outputs = {t.name: self._write(f"{t.name}/{task}", t, made[t.name]) for t, _ in tables}
        states = (("read", rows), ("extracted", rows))
        counts = [(TAG, f"{unit}.{state}", "", n * amount)
                  for unit, amount in (("documents", 1), ("characters", 1000), ("bytes", 9000))
                  for state, n in states]  # fmt: skip
        first = [outputs[t.name] for t in (schema.RECORDS, *_ALIGNED)]
        self._commit("extract", task, first, Books(rows, rows, 0, 0), counts)
        self._commit("judge", task, [self._verdicts(task, made["decisions"])],
                     Books(rows, rows, 0, 0), [])  # fmt: skip
        stay = int(kept.sum())
        decided = shards.decision_counts(made["decisions"], made["documents"])
        decided += shards.histograms(made["decisions"], made["signals"], BY_NAME)
        self._commit("decide", task, [outputs["decisions"]], Books(rows, stay, rows - stay, 0),
                     decided)  # fmt: skip
        mask = pa.array(kept)
        columns = {n: made["documents"].column(n).filter(mask) for n in
                   ("doc_id", "tag", "url", "text", "n_chars", "n_words")}  # fmt: skip
        flat = {name: column.combine_chunks() for name, column in columns.items()}
        self.waiting.append(filled(schema.CORPUS, stay, **flat))

    def _signatures(self, rows: int) -> pa.Array:
        values = self.random.integers(0, 1 << 32, rows * schema.N_PERMUTATIONS, dtype=np.uint32)
        return pa.FixedSizeListArray.from_arrays(pa.array(values), schema.N_PERMUTATIONS)

    def _verdicts(self, task: str, decisions: pa.Table) -> Output:
        columns = {name: decisions.column(name).combine_chunks() for name in ("doc_id", "tag")}
        rows = filled(schema.VERDICTS, decisions.num_rows, **columns)
        return self._write(f"verdicts/{task}", schema.VERDICTS, rows)

    def _publish(self) -> None:
        if self.waiting:
            name = f"corpus/{TAG}/{TAG}-{len(self.corpus):05d}"
            rows, self.waiting = pa.concat_tables(self.waiting).combine_chunks(), []
            label = f"corpus.{len(self.corpus)}"
            self.corpus.append(self._write(name, schema.CORPUS, rows, label))

    def _book(self) -> None:
        tasks: dict[str, list[str]] = {}
        for made in self.made:
            tasks.setdefault(made.step, []).append(made.key)
        names = [made.inputs[0] for made in self.made if made.step == "extract"]
        book = {
            "name": "bench",
            "snapshot": "bench",
            "config": self.resolved.run.model_dump(mode="json"),
            "config_digest": self.resolved.digest,
            "inputs": [{"name": name, "uri": "x", "identity": "1:0"} for name in names],
            "rules": list(self.resolved.run.language.rules),
            "finished_at": WHEN,
            "tasks": tasks,
            "url": self.url,
        }
        (self.folder / "run.json").write_text(json.dumps(book), encoding="utf-8")


_ALIGNED = (schema.DOCUMENTS, schema.SIGNALS, schema.SIGNATURES)


def clocks() -> tuple[float, float]:
    """Seconds of the day, and of CPU time of this process."""
    return time.perf_counter(), time.process_time()


def since(began: tuple[float, float]) -> tuple[float, float]:
    """Seconds passed, and CPU seconds."""
    now = clocks()
    return now[0] - began[0], now[1] - began[1]


def taken(folder: Path, url: str) -> dict[str, Any]:
    """Seconds, and CPU seconds, of each part of a takedown of one URL."""
    wanted = requests.request(urls=[url], request_id="bench")
    began = clocks()
    requests.search(requests.open_target(folder), wanted)
    found = since(began)
    began = clocks()
    done = takedown.apply(folder, wanted, WHEN)
    applied = since(began)
    began = clocks()
    (listed,) = (suppression.read(item) for item in suppression.locate(folder).files)
    hits = proof.queries(Run(folder), listed, wanted, is_quick=True)
    asked = since(began)
    rewritten = proof.read(proof.proof_of(folder, "bench"))["files"]
    return {
        "documents": done["documents"],
        "files": done["files"],
        "rewritten_mb": round(sum((folder / f["path"]).stat().st_size for f in rewritten) / 1e6, 1),
        "hits": sum(query.hits for query in hits),
        **{
            f"{name}_{unit}": round(seconds, 2)
            for name, parts in (
                ("found", found),
                ("queries", asked),
                ("applied", applied),
                ("found_and_queries", (found[0] + asked[0], found[1] + asked[1])),
                ("rewritten", tuple(applied[i] - found[i] - asked[i] for i in (0, 1))),
            )
            for unit, seconds in zip(("s", "cpu_s"), parts, strict=True)
        },
    }


def main() -> int:
    """Measure, print, check."""
    options = measure.parser("bench_takedown", __doc__.splitlines()[0])
    options.add_argument("--documents", type=int, default=1_000_000)
    options.add_argument("--folder", type=Path, default=Path(".bench/takedown"))
    options.add_argument("--keep", action="store_true", help="leave the made-up run")
    given = options.parse_args()
    shutil.rmtree(given.folder, ignore_errors=True)
    began = time.perf_counter()
    made = Build(given.folder, given.documents)
    made.build()
    measure.say(f"{given.documents} documents made in {time.perf_counter() - began:.0f} s")
    result = {
        "parameters": {"documents": given.documents, "shard_rows": SHARD_ROWS},
        "takedown": taken(given.folder, made.url),
    }
    if not given.keep:
        shutil.rmtree(given.folder)
    return measure.finish("bench_takedown", result, given.check)


if __name__ == "__main__":
    sys.exit(main())
