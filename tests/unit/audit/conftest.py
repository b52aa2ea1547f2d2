"""A small finished run, built from the schemas: two shards, three languages, every kind of outcome.

Kept: A (Finnish), C (English, hostile text), E (Finnish), G (English). Rejected: B (too few words),
D (near-duplicate of C), F (words of G, in the other shard). Four records never became documents.
"""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from audit.runs import Run
from filters import linkage
from filters.catalog import BY_NAME
from pipeline import config, lists, manifest, shards, statistics, suppression
from pipeline.manifest import Books, Manifest, Output
from stages import prepare, schema

SNAPSHOT = "CC-TEST-01"
HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(2)> </p></article>\n"
    "abc \u202egnirts desrever\u202c \x1b[31mred\x1b[0m \x07\x9b \u2066x\u2069 & \"quotes\" 'too'\r"
)
HOSTILE_TITLE = "</title><script>alert('t')</script>\u202e"
KEY = b"weir"
FETCHED = "2026-01-01T00:00:30Z"
"""When the only robots.txt was."""


def doc_id(letter: str) -> str:
    """32 hex digits, the same for the same letter."""
    return hashlib.blake2b(letter.encode(), digest_size=16).hexdigest()


A, B, C, D, E, F, G = (doc_id(letter) for letter in "ABCDEFG")


def _page(letter: str, tag: str, text: str, **more: Any) -> dict[str, Any]:
    return {"letter": letter, "tag": tag, "text": text, "words": 100, "reason": None, **more}


PAGES: list[list[dict[str, Any]]] = [
    [
        _page("C", "eng_Latn", HOSTILE, title=HOSTILE_TITLE, url="https://c.example/<EMAIL>"),
        _page("D", "eng_Latn", "Nearly the same as C.", reason="dedup.near_duplicate", keeper=C),
        _page("F", "eng_Latn", "The words of G.", reason="dedup.exact_text", keeper=G),
        _page("A", "fin_Latn", "Ensimmäinen sivu.\nHyvää päivää <EMAIL>.", pii={"EMAIL": 1}),
        _page("B", "fin_Latn", "Liian lyhyt.", words=10, reason="rule.word_count"),
    ],
    [
        _page("G", "eng_Latn", "The words of G.", words=120),
        _page("E", "fin_Latn", "Toinen sivu, toisesta tiedostosta."),
    ],
]
LOST: list[list[dict[str, Any]]] = [
    [
        {"letter": "s", "tag": schema.UNDETERMINED, "reason": "gate.status"},
        {"letter": "r", "tag": schema.UNDETERMINED, "reason": "rights.robots"},
    ],
    [
        {"letter": "j", "tag": "jpn_Jpan", "reason": "gate.language"},
        {"letter": "q", "tag": schema.UNDETERMINED, "reason": "read.damaged"},
    ],
]
SIMILARITY = 0.875


@pytest.fixture(scope="session")
def resolved() -> config.Resolved:
    """The sample's configuration with the base's rules for every language: pages are tiny here."""
    return relaxed()


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory, resolved: config.Resolved) -> Path:
    """The run as it was built; never to be written to."""
    folder = tmp_path_factory.mktemp("audit") / "small"
    _Builder(folder, resolved).build()
    return folder


def built(folder: Path, resolved: config.Resolved, pages: list[list[dict[str, Any]]]) -> Path:
    """A run of the small one's pages and others, in further shards; pages of a shard by tag."""
    _Builder(folder, resolved, [*PAGES, *pages]).build()
    return folder


@cache
def relaxed() -> config.Resolved:
    """The configuration of these runs."""
    found = config.load("sample", ["cluster.partitions=2"])
    languages = {
        tag: pack.model_copy(update={"rules": found.run.language.rules})
        for tag, pack in found.run.languages.items()
    }
    run = found.run.model_copy(update={"languages": languages})
    return config.Resolved(run, found.origins)


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:
    """A copy of the run that a test may damage."""
    return Path(shutil.copytree(pristine, tmp_path / "small"))


@pytest.fixture
def run(pristine: Path) -> Run:
    return Run(pristine)


@pytest.fixture(scope="session")
def rewrite() -> Callable[..., None]:
    """Change a committed table, and its manifest with it unless `signed` is false."""
    return _rewrite


@pytest.fixture(scope="session")
def rewrite_book() -> Callable[..., None]:
    """Change run.json, by a function or by values."""

    def change(
        folder: Path, function: Callable[[dict[str, Any]], None] | None = None, **values: Any
    ) -> None:
        book = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        book.update(values)
        if function is not None:
            function(book)
        (folder / "run.json").write_text(json.dumps(book), encoding="utf-8")

    return change


def _rewrite(
    folder: Path, path: str, change: Callable[[list[dict[str, Any]]], Any], signed: bool = True
) -> None:
    file = folder / path
    found = pq.ParquetFile(file)
    full, groups = found.schema_arrow, found.num_row_groups
    sizes = [found.metadata.row_group(at).num_rows for at in range(groups)]
    rows = found.read().to_pylist()
    change(rows)
    with pq.ParquetWriter(file, full) as writer:
        table, at = pa.Table.from_pylist(rows, schema=full), 0
        for size in sizes[:-1]:
            writer.write_table(table.slice(at, size))
            at += size
        writer.write_table(table.slice(at))
    if signed:
        _sign(folder, path, len(rows))


def _sign(folder: Path, path: str, rows: int) -> None:
    """Make the manifest of a file say what the file is now."""
    data = (folder / path).read_bytes()
    for note in folder.glob("manifests/*/*.json"):
        value = json.loads(note.read_text())
        for output in value["outputs"]:
            if output["path"] == path:
                digest = hashlib.sha256(data).hexdigest()
                output.update(sha256=digest, bytes=len(data), rows=rows)
                note.write_text(json.dumps(value))


class _Builder:
    """Writes the run step by step, as the pipeline would."""

    def __init__(
        self,
        folder: Path,
        resolved: config.Resolved,
        pages: list[list[dict[str, Any]]] = PAGES,
    ) -> None:
        self.folder, self.resolved = folder, resolved
        self.pages = pages
        self.lost = [*LOST, *([[]] * (len(pages) - len(LOST)))]
        self.rules = list(resolved.run.language.rules)
        self.tasks: dict[str, list[str]] = {}
        self.made: list[Manifest] = []
        self.outputs: dict[str, list[Output]] = {}

    def build(self) -> None:
        robots = prepare.Fetched("https://c.example/robots.txt", "rules", FETCHED, content="{}")
        ((files, contents),) = prepare.site_tables([robots])
        self._commit(
            "collate",
            "robots-00",
            [
                lists.write(self.folder, "site_files/robots-00.arrow", files, schema.SITE_FILES),
                lists.write(
                    self.folder, "site_contents/robots-00.arrow", contents, schema.SITE_CONTENTS
                ),
            ],
            counts=[(schema.UNDETERMINED, "robots.files", "rules", 1)],
        )
        blocked = prepare.block_list([("test.txt", b"blocked.example\n")])
        self._commit(
            "prepare",
            "block_list",
            [lists.write(self.folder, "block_list/block_list.arrow", blocked)],
            counts=[(schema.UNDETERMINED, "block_list.keys", "", 1)],
        )
        for task in ("suppressed", "suppressed_now"):
            nothing = suppression.table(suppression.Listing())
            name = f"suppressed/{task}.arrow"
            table = lists.write(self.folder, name, nothing, schema.SUPPRESSED)
            self._commit("prepare", task, [table])
        for number in range(len(self.pages)):
            self._extract(number)
        self._cluster()
        for number in range(len(self.pages)):
            self._decide(number)
        self._publish()
        self.tasks["index"] = []  # the run is in no dataset
        statistics.write(self.folder, self.resolved.run.name, self.made)
        self._book()

    def _write(
        self, name: str, table: schema.Table, rows: list[dict[str, Any]], label: str | None = None
    ) -> Output:
        """A committed file; row groups by tag where the table is sorted by it."""
        writer = shards.Writer(self.folder, f"{name}.parquet", table)
        made = pa.Table.from_batches([schema.batch(table, rows)])
        if table.name in ("documents", "signals", "signatures") or name.startswith("parts/"):
            tags = pa.array([row["tag"] for row in rows])
            for tag in sorted(set(tags.to_pylist())):
                writer.write(made.filter(pc.equal(tags, tag)), tag)
        else:
            writer.write(made)
        return writer.commit(label)

    def _commit(
        self,
        step: str,
        task: str,
        outputs: list[Output],
        books: Books | None = None,
        counts: list[manifest.Count] | None = None,
    ) -> Manifest:
        rows = sum(output.rows for output in outputs)
        key = hashlib.sha256(f"{step}/{task}".encode()).hexdigest()
        timing = {"wall_s": 0.5, "cpu_s": 0.25, "rss_mb": 100.0}
        made = Manifest(
            step,
            key,
            task,
            (f"{task}.warc.gz",) if step == "extract" else (),
            tuple(outputs),
            books or Books(rows, rows, 0, 0),
            tuple(sorted(counts or [])),
            timing,
        )
        manifest.commit(self.folder, made)
        self.made.append(made)
        self.tasks.setdefault(step, []).append(key)
        for output in outputs:
            self.outputs.setdefault(f"{step}.{output.table.partition('.')[0]}", []).append(output)
        return made

    def _extract(self, number: int) -> None:
        pages, lost = self.pages[number], self.lost[number]
        task = f"{number:05d}"
        records = [_record(number, at, page) for at, page in enumerate([*pages, *lost])]
        documents = [_document(*pair) for pair in zip(pages, records, strict=False)]
        signals = [self._signals(page) for page in pages]
        signatures = [_signature(at, page) for at, page in enumerate(pages)]
        outputs = [
            self._write(f"records/{task}", schema.RECORDS, records),
            self._write(f"documents/{task}", schema.DOCUMENTS, documents),
            self._write(f"signals/{task}", schema.SIGNALS, signals),
            self._write(f"signatures/{task}", schema.SIGNATURES, signatures),
        ]
        counts: Counter[tuple[str, str, str]] = Counter()
        for row in records:
            state = {"pass": "extracted", "reject": "rejected"}.get(row["outcome"], "quarantined")
            for what, label in (("read", ""), (state, row["reason"] or "")):
                for unit, size in (
                    ("documents", 1),
                    ("characters", row["n_chars"]),
                    ("bytes", row["payload_bytes"]),
                ):
                    counts[row["tag"], f"{unit}.{what}", label] += size
        for page in pages:
            for kind, count in page.get("pii", {}).items():
                counts[page["tag"], "pii.redacted", kind] += count
        counts[schema.UNDETERMINED, "records.other", "warcinfo"] += 1
        states = Counter(row["outcome"] for row in records)
        books = Books(len(records), states["pass"], states["reject"], states["quarantine"])
        self._commit("extract", task, outputs, books, _listed(counts))

    def _signals(self, page: dict[str, Any]) -> dict[str, Any]:
        """Values that pass every rule, but for the number of words."""
        own = self.resolved.run.language.rules
        values = {name: rule.min or 0.0 for name, rule in own.items() if rule is not None}
        values |= {"word_count": page["words"], **page.get("signals", {})}
        return {"doc_id": doc_id(page["letter"]), "tag": page["tag"], **values}

    def _cluster(self) -> None:
        near = {
            "a": min(C, D),
            "b": max(C, D),
            "similarity": SIMILARITY,
            "method": "near_duplicate",
        }
        places = {"C": (0, 0), "D": (0, 1), "F": (0, 2), "G": (1, 0)}
        self._candidates(places)
        self.members = [
            {
                "component": self._component(letter),
                "doc_id": doc_id(letter),
                "shard": shard,
                "row": row,
                "precedence": 0,
                "payload_digest": None,
                "text_digest": ("g" if letter in "FG" else letter.lower()) * 32,
            }
            for letter, (shard, row) in sorted(places.items())
        ]
        for part, (edges, letters) in enumerate((([near], "CD"), ([], "FG"))):
            ids = [doc_id(letter) for letter in letters]
            inside = [row for row in self.members if row["doc_id"] in ids]
            outputs = [
                self._write(f"clusters/edges-{part}", schema.EDGES, edges),
                self._write(f"clusters/members-{part}", schema.MEMBERS, inside),
            ]
            counts = [
                (schema.UNDETERMINED, "clusters.largest", ids[0], 2),
                (schema.UNDETERMINED, "clusters.size", "2", 1),
                (schema.UNDETERMINED, "pairs.verified", "", len(edges)),
            ]
            self._commit("cluster", f"{part:05d}", outputs, counts=counts)

    def _candidates(self, places: dict[str, tuple[int, int]]) -> None:
        """What the steps before `cluster` leave: C and D share a band, F and G their words."""
        place = {letter: shard << 32 | row for letter, (shard, row) in places.items()}
        kinds = {"CD": linkage.BAND, "FG": linkage.TEXT}
        pairs = {
            both: {"a": place[both[0]], "b": place[both[1]], "kind": kind}
            for both, kind in kinds.items()
        }
        keys = [
            {"key": n, "check": 0, "precedence": 0, "place": place[letter], "kind": kind}
            for n, (both, kind) in enumerate(kinds.items())
            for letter in both
        ]
        self._commit("band", "00000", [self._write("keys/00000", schema.KEYS, keys)])
        for part, pair in enumerate(pairs.values()):
            candidates = self._write(f"candidates/{part:05d}", schema.CANDIDATES, [pair])
            counts = [
                (schema.UNDETERMINED, "bands.crowded", "", 1),
                (schema.UNDETERMINED, "pairs.candidate", "", 1),
                (schema.UNDETERMINED, "pairs.uncompared", "", 600),
            ]
            self._commit("pair", f"{part:05d}", [candidates], counts=counts)
        part_of = {letter: part for part, both in enumerate(kinds) for letter in both}
        homes = [
            {"place": place[letter], "part": part_of[letter], "is_near": letter in "CD"}
            for letter in "CDFG"
        ]
        gathered = self._write("gathered/components", schema.CANDIDATES, list(pairs.values()))
        outputs = [self._write("homes/components", schema.HOMES, homes), gathered]
        self._commit("gather", "components", outputs, Books(2, 2, 0, 0))
        lent = [
            {
                "place": place[letter],
                "doc_id": doc_id(letter),
                "text_digest": letter * 32,
                "precedence": 0,
            }
            for letter in "CDFG"
        ]
        self._commit("lend", "00000", [self._write("lent/00000", schema.LENT, lent)])
        for part, (both, pair) in enumerate(pairs.items()):
            task, is_sure = f"{part:05d}", both == "FG"
            rows = [{**pair, "equal": schema.N_PERMUTATIONS, "is_sure": is_sure}]
            wanted = [] if is_sure else [{"place": place[letter]} for letter in both]
            outputs = [
                self._write(f"estimates/{task}", schema.ESTIMATES, rows),
                self._write(f"wanted/{task}", schema.WANTED, wanted),
            ]
            counts = [(schema.UNDETERMINED, "pairs.distinct", "", int(both == "CD"))]
            self._commit("estimate", task, outputs, Books(1, 1, 0, 0), counts)
        sets = [{"place": place[letter], "shingles": [1, 2, 3]} for letter in "CD"]
        self._commit("shingle", "00000", [self._write("shingles/00000", schema.SHINGLES, sets)])

    @staticmethod
    def _component(letter: str) -> str | None:
        group = next((letters for letters in ("CD", "FG") if letter in letters), None)
        return min(doc_id(one) for one in group) if group else None

    def _decide(self, number: int) -> None:
        pages, task = self.pages[number], f"{number:05d}"
        decided = []
        for page in pages:
            component, keeper = self._component(page["letter"]), page.get("keeper")
            method = page["reason"].partition(".")[2] if keeper else None
            similarity = {"near_duplicate": SIMILARITY, "exact_text": 1.0}.get(method or "")
            decided.append(
                {
                    "doc_id": doc_id(page["letter"]),
                    "tag": page["tag"],
                    "outcome": "reject" if page["reason"] else "keep",
                    "reason": page["reason"],
                    "failed_rules": self._mask(page),
                    "cluster_id": component,
                    "cluster_size": 2 if component else 1,
                    "keeper_id": keeper,
                    "similarity": similarity,
                    "method": method,
                }
            )
        verdicts = [
            {
                **{name: row[name] for name in ("doc_id", "tag", "failed_rules")},
                "first_rule": 0 if row["failed_rules"] else -1,
                "taken": False,
            }
            for row, page in zip(decided, pages, strict=True)
        ]
        self._commit("judge", task, [self._write(f"verdicts/{task}", schema.VERDICTS, verdicts)])
        removed = [
            {
                **{name: row[name] for name in ("doc_id", "keeper_id", "similarity", "method")},
                "shard": number,
                "row": at,
                "component": row["cluster_id"],
                "component_size": 2,
            }
            for at, row in enumerate(decided)
            if row["cluster_id"]
        ]
        self._commit("resolve", task, [self._write(f"removals/{task}", schema.REMOVALS, removed)])
        output = self._write(f"decisions/{task}", schema.DECISIONS, decided)
        kept = sum(row["outcome"] == "keep" for row in decided)
        books = Books(len(decided), kept, len(decided) - kept, 0)
        self._commit("decide", task, [output], books, self._decision_counts(number))

    def _mask(self, page: dict[str, Any]) -> int:
        """Bits of the rules that a page fails: the named ones, or that of its reason."""
        named = [page["reason"].removeprefix("rule.")] if page["reason"] else []
        names = {*page.get("failed", ()), *named}
        return sum(1 << at for at, rule in enumerate(self.rules) if rule in names)

    def _decision_counts(self, number: int) -> list[manifest.Count]:
        read = {
            name: pq.read_table(self.folder / name / f"{number:05d}.parquet", partitioning=None)
            for name in ("decisions", "documents", "signals")
        }
        counts = shards.decision_counts(read["decisions"], read["documents"])
        counts += shards.histograms(read["decisions"], read["signals"], BY_NAME)
        counts += shards.rule_counts(read["decisions"], self.rules, read["documents"])
        return counts

    def _publish(self) -> None:
        rows = []
        for number, pages in enumerate(self.pages):
            for page in pages:
                if page["reason"] is None:
                    record = _record(number, pages.index(page), page)
                    rows.append(_published(page, record, self._signals(page), self._component))
        rows.sort(key=lambda row: row["tag"])
        part = self._write("parts/00000-part", schema.CORPUS, rows)
        count = sum(len(pages) for pages in self.pages)
        books = Books(count, len(rows), count - len(rows), 0)
        self._commit("publish", "00000", [part], books)
        for tag in sorted({row["tag"] for row in rows}):
            chosen = [row for row in rows if row["tag"] == tag]
            output = self._write(f"corpus/{tag}/{tag}-00000", schema.CORPUS, chosen, "corpus.0")
            self._commit("compact", tag, [output])

    def _book(self) -> None:
        book = {
            "schema_version": schema.VERSION,
            "name": self.resolved.run.name,
            "snapshot": SNAPSHOT,
            "config": self.resolved.run.model_dump(mode="json"),
            "config_digest": self.resolved.digest,
            "code_version": "0.0.0",
            "python": "3.11",
            "packages": {"pyarrow": "0"},
            "inputs": [
                {"name": f"{n:05d}.warc.gz", "uri": "x", "identity": "1:0"}
                for n in range(len(self.pages))
            ],
            "robots": [],
            "rules": self.rules,
            "seeds": {"sample": 1, "minhash": 1},
            "started_at": "2026-01-01T00:00:00Z",
            "finished_at": "2026-01-01T00:01:30Z",
            "problems": [],
            "tasks": self.tasks,
        }
        text = json.dumps(book)  # unsorted: the order of rules is part of the digest
        (self.folder / "run.json").write_text(text, encoding="utf-8")
        (self.folder / "journal").mkdir()
        (self.folder / "journal" / "lock").touch()


def _url(page: dict[str, Any]) -> str:
    return str(page.get("url") or f"https://{page['letter'].lower()}.example/{page['tag']}")


def _record(number: int, at: int, page: dict[str, Any]) -> dict[str, Any]:
    """A row of records; what became a document passed."""
    is_document = "text" in page
    return {
        "doc_id": doc_id(page["letter"]),
        "record_id": f"<urn:uuid:{page['letter']}>",
        "url": _url(page),
        "url_key": hashlib.blake2b(_url(page).encode(), digest_size=16, key=KEY).hexdigest(),
        "warc": f"{number:05d}.warc.gz",
        "offset": 1000 * at,
        "length": 900,
        "date": "2026-01-01T00:00:00Z",
        "status": 404 if page["reason"] == "gate.status" else 200,
        "media_type": "text/html",
        "payload_digest": None,
        "payload_bytes": 2000 + at,
        "n_chars": len(page["text"]) if is_document else 0,
        "rights": None,
        "tag": page["tag"],
        "outcome": "pass" if is_document else schema.REASONS[page["reason"]][0],
        "reason": None if is_document else page["reason"],
    }


def _document(page: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    code, _, script = page["tag"].partition("_")
    names = ("doc_id", "record_id", "url", "warc", "offset", "length", "date", "n_chars")
    return {
        **{name: record[name] for name in (*names, "payload_bytes", "rights", "tag")},
        "title": page.get("title", f"Page {page['letter']}"),
        "text": page["text"],
        "language": code,
        "language_script": script,
        "language_score": 0.9,
        "top_langs": "{}",
        "language_posterior": "{}",
        "others_fraction": 0.1,
        "n_words": page["words"],
        "pii_spans": [],
        "pii_counts": list(page.get("pii", {}).items()),
    }


def _signature(at: int, page: dict[str, Any]) -> dict[str, Any]:
    digest = hashlib.blake2b(page["text"].encode(), digest_size=16).hexdigest()
    values = np.arange(schema.N_PERMUTATIONS, dtype=np.uint32).tolist()
    return {
        "doc_id": doc_id(page["letter"]),
        "tag": page["tag"],
        "row": at,
        "text_digest": digest,
        "n_shingles": 5,
        "signature": values,
        "precedence": 0,
    }


def _published(
    page: dict[str, Any],
    record: dict[str, Any],
    signals: dict[str, Any],
    component: Callable[[str], str | None],
) -> dict[str, Any]:
    document = _document(page, record)
    return {
        **{name: document[name] for name in schema.CORPUS.schema.names if name in document},
        "id": record["record_id"],
        "dump": SNAPSHOT,
        "file_path": record["warc"],
        "minhash_cluster_size": 2 if component(page["letter"]) else 1,
        "signals": {name: signals.get(name) for name in BY_NAME},
    }


def _listed(counts: Counter[tuple[str, str, str]]) -> list[manifest.Count]:
    return [(tag, metric, label, count) for (tag, metric, label), count in counts.items() if count]
