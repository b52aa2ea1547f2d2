"""Whole runs over damaged archives and odd files: `python -m tests.hostile.damage --whole ...`.

Each run reads archives damaged in every way of `tests.hostile.damage`, raw files hit anywhere, and
some files of `tests.hostile.odd_files`; robots.txt files of its sites come in a damaged archive as
well, opt-outs in side files. It must end, balance, and verify; nothing that was reserved by an
undamaged robots.txt may be published.
"""

import argparse
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow.parquet as pq

from audit import verify
from audit.runs import Run
from pipeline import config, runner
from stages import schema
from tests.data.archives import response
from tests.data.extracting import SHORT
from tests.hostile import damage, odd_files

LIMIT_S = 900
"""Wall time of one run, after which it hangs."""
CPU_LIMIT_S = 5
NO_TRAINING = b"User-agent: GPTBot\nDisallow: /\n"
TEXT = (("Content-Type", "text/plain"),)
ROBOTS = "robots.warc.gz"


@dataclass(slots=True)
class Whole:
    """What one run reads, what is due, and which promises it broke."""

    name: str
    files: dict[str, bytes]
    due: dict[str, Counter[str]]
    robots: bytes = b""
    reserved: set[str] = field(default_factory=set)
    """Sites whose robots.txt must be found."""
    broken: list[str] = field(default_factory=list)


def runs(archives: Sequence[Path], count: int, size: int, seed: int) -> Iterator[Whole]:
    """`count` runs of `size` files each."""
    usable = [(p, r) for p in archives if (r := _small(damage.plain_records(p)))]
    if not usable:
        raise SystemExit("no archive holds a record to damage")
    odd = list(odd_files.FILES)
    for number in range(count):
        draw = random.Random(f"whole {seed} {number}")  # noqa: S311
        made = Whole(f"{seed}.{number}", {}, {})
        urls: list[str] = []
        for at in range(size):
            path, records = draw.choice(usable)
            kind = draw.randrange(4)
            if kind == 0:
                name, data = f"{at:03}-{path.name}", _hit(draw, path.read_bytes())
                made.files[name], made.due[name] = data, Counter()
            elif kind == 1:
                chosen = draw.choice(odd)
                few = draw.sample(records, min(len(records), 6))
                file = odd_files.FILES[chosen](few, draw)
                name = f"{at:03}-{chosen}"
                made.files[name], made.due[name] = file.data, damage.ids_of(file.due)
                urls += _urls(few)
            else:
                case = damage.make(f"{at:03}.{path.name}", records, draw)
                name = f"{case.name}.warc.gz"
                made.files[name], made.due[name] = case.data, case.due
                urls += _urls(records)
        sites = sorted({_site(url) for url in urls if url.startswith("http")})
        made.robots, made.reserved = _robots(draw, draw.sample(sites, len(sites) // 3))
        yield made


def _small(records: Sequence[bytes]) -> list[bytes]:
    return [one for one in records if len(one) <= damage.CASE_BYTES]


def _urls(records: Sequence[bytes]) -> list[str]:
    heads = (one.partition(b"WARC-Target-URI: ")[2].partition(b"\r\n")[0] for one in records)
    return [head.decode("utf-8", "replace") for head in heads]


def _hit(draw: random.Random, data: bytes) -> bytes:
    """A file as it is stored, hit in a few places or cut."""
    for _ in range(draw.choice([1, 1, 3, 20])):
        at = draw.randrange(max(1, len(data)))
        size = draw.choice([1, 1, 30, 5000])
        other = draw.choice([b"", bytes(size), draw.randbytes(size), data[at : at + size] * 2])
        data = data[:at] + other + data[at + size :]
    return data[: draw.randrange(len(data) + 1)] if draw.random() < 0.3 else data


def _site(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _robots(draw: random.Random, sites: Sequence[str]) -> tuple[bytes, set[str]]:
    """An archive of robots.txt files, damaged; sites whose file is undamaged."""
    made = [
        response(f"robots:{site}", NO_TRAINING, TEXT, url=f"{site}/robots.txt") for site in sites
    ]
    if not made:
        return b"", set()
    case = damage.make("robots", made, draw)
    return case.data, {key.removeprefix("<urn:test:robots:").removesuffix(">") for key in case.due}


@contextmanager
def _within(seconds: int) -> Iterator[None]:
    def stop(number: int, frame: object) -> None:
        raise TimeoutError(f"no end after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def conduct(case: Whole, folder: Path, workers: int = 1) -> Counter[str]:
    """Run and verify it; the reasons of its rows. Faults are written to the case."""
    place = folder / "in"
    place.mkdir(parents=True)
    for name, data in case.files.items():
        (place / name).write_bytes(data)
    (folder / ROBOTS).write_bytes(case.robots)
    (folder / "optouts.txt").write_text("optedout.example\n", encoding="utf-8")
    listed = ", ".join(f"'{place / name}'" for name in case.files)
    settings = [
        f"inputs=[{listed}]",
        f"robots=['{folder / ROBOTS}']" if case.robots else "robots=[]",
        f"rights.optout_domains={folder / 'optouts.txt'}",
        f"extract.cpu_limit_s={CPU_LIMIT_S}",
        "limits.max_quarantined_fraction=1",
        SHORT,
    ]
    run = folder / "run"
    try:
        with _within(LIMIT_S):
            resolved = config.load("sample", settings)
            chosen = runner.Options(run, workers=workers)
            ended = runner.Runner(resolved, chosen, lambda event: None).start()
            case.broken += _misread(case, ended)
            if Run(run, unfinished=True).is_finished:
                return _judged(case, run)
            if len(ended.problems) < len(case.files):
                case.broken.append(f"did not end: {'; '.join(ended.problems)}"[:500])
    except Exception as error:  # noqa: BLE001 - whatever it is, the run did not end well
        case.broken.append(f"{type(error).__name__}: {error}"[:500])
    return Counter()


def _misread(case: Whole, ended: runner.Result) -> Iterator[str]:
    """What is wrong with how the run ended, and with what it says of its inputs."""
    if ended.exit_code not in (runner.DONE, runner.PARTIAL):
        yield f"exit code {ended.exit_code}: {'; '.join(ended.problems)}"[:500]
    refused = {text for text in ended.problems if text.startswith("extract ")}
    named = {name: [t for t in refused if name in t] for name in case.files}
    for name, texts in named.items():
        if texts and case.due[name]:
            yield f"{name}: refused though {case.due[name].total()} records are good: {texts[0]}"
    for text in ended.problems:
        if "attempts" in text or "died" in text or "Traceback" in text or "\n" in text:
            yield text[:500]
    if refused - {text for texts in named.values() for text in texts}:
        yield f"names no file: {refused}"[:500]


def _judged(case: Whole, run: Path) -> Counter[str]:
    """Reasons of all rows after the last decision; faults are written to the case."""
    for check in verify.verify(run):
        if not check["ok"]:
            case.broken.append(f"verify: {check['name']}: {check['detail']}"[:500])
    records = _rows(run, "records")
    decided = {row["doc_id"]: row for row in _rows(run, "decisions")}
    published = Counter(row["doc_id"] for row in _rows(run, "corpus"))
    seen: Counter[str] = Counter()
    for row in records:
        case.broken += damage.faults(row)
        last = decided.pop(row["doc_id"], None) if row["outcome"] == schema.PASS else row
        if last is None:
            case.broken.append(f"passed, but was not decided: {row['doc_id']}")
            continue
        if (last["outcome"] == schema.KEEP) != (last["reason"] is None):
            case.broken.append(f"{last['outcome']} with the reason {last['reason']}")
        if (last["outcome"] == schema.KEEP) != (published[row["doc_id"]] == 1):
            case.broken.append(f"{row['doc_id']}: published {published[row['doc_id']]} times")
        if published[row["doc_id"]] and _site(row["url"]) in case.reserved:
            case.broken.append(f"{row['doc_id']}: published though its robots.txt reserves it")
        seen[last["reason"] or "kept"] += 1
    case.broken += [f"decided, but did not pass: {doc_id}" for doc_id in list(decided)[:3]]
    found = Counter(row["record_id"] for row in records if row["record_id"])
    due = sum(case.due.values(), Counter[str]())
    if lost := due - found:
        case.broken.append(f"{lost.total()} of {due.total()} good records are lost")
    return seen


def _rows(run: Path, table: str) -> list[dict[str, Any]]:
    columns = {
        "records": ["doc_id", "url", "record_id", "outcome", "reason", "offset"],
        "decisions": ["doc_id", "outcome", "reason"],
        "corpus": ["doc_id"],
    }[table]
    steps = {"records": "extract", "decisions": "decide", "corpus": "compact"}
    opened = Run(run, unfinished=True)
    found: list[dict[str, Any]] = []
    for made in opened.manifests(steps[table]):
        for output in made.outputs:
            if output.path.startswith(f"{table}/"):
                path = run / output.path
                found += pq.read_table(path, columns=columns, partitioning=None).to_pylist()
    return found


def main(asked: argparse.Namespace) -> int:
    """Conduct the runs that were asked for, and print what they broke; 1 if they did."""
    began, seen, cases = time.monotonic(), Counter[str](), list[Whole]()
    for case in runs(asked.archive, asked.count, asked.files, asked.seed):
        with tempfile.TemporaryDirectory() as folder:
            seen += conduct(case, Path(folder), asked.workers)
        cases.append(case)
        for fault in case.broken:
            sys.stdout.write(f"{case.name}: {fault}\n")
        if case.broken and asked.keep:
            kept = asked.keep / case.name
            kept.mkdir(parents=True, exist_ok=True)
            for name, data in {**case.files, ROBOTS: case.robots}.items():
                (kept / name).write_bytes(data)
        case.files, case.robots = dict.fromkeys(case.files, b""), b""
        sys.stdout.flush()
    said = {
        "runs": len(cases),
        "files": sum(len(case.files) for case in cases),
        "broken": sum(1 for case in cases if case.broken),
        "due": sum(found.total() for case in cases for found in case.due.values()),
        "rows": dict(seen.most_common()),
        "seconds": round(time.monotonic() - began),
    }
    sys.stdout.write(json.dumps(said) + "\n")
    return 1 if said["broken"] else 0
