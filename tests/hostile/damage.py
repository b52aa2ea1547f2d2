"""Damages real archives by seed and has the step extract read them.

    python -m tests.hostile.damage --archive FILE... --count 50 --seed 1

Each case takes the records of one archive, perhaps lies in some of their heads, lays them out in
one of six ways, perhaps damages the bytes, and says which records must be found all the same.
Printed are a line for each case that breaks a promise, and counts; 1 is returned if any does.
"""

import argparse
import functools
import gzip
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import storage
from pipeline.executor import Outcome
from samples.archive import member
from stages import read, schema
from stages.errors import ShardError
from tests.data.archives import opener
from tests.data.extracting import outcomes

MAX_BYTES = 64 << 20
CASE_BYTES = 120_000
"""Records of one case together, so that hundreds of cases fit a session."""
IN_FLIGHT = 256 << 10
"""A codec's block: what of the good bytes before damage may be lost with it in a stream."""
LIES = (
    *(b"-1", b"0", b"7", b"99999999999999999999", b"9999999", b"1e3", b"", b" 12 34", b"0x10"),
    b"\xd9\xa1\xd9\xa2",
)


@dataclass(slots=True)
class Case:
    """A damaged archive: its bytes, and how often each response that must be found is in it."""

    name: str
    data: bytes
    due: Counter[str]
    broken: list[str] = field(default_factory=list)


def plain_records(path: Path) -> list[bytes]:
    """Each good response of an archive as a WARC record of its own."""
    opened = functools.partial(storage.open_at, str(path))
    found = read.records(opened, path.name, MAX_BYTES)
    return [_as_warc(row) for row in found if row.kind == "response" and row.problem is None]


def _as_warc(row: read.Record) -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in row.headers)
    block = f"HTTP/1.1 {row.status} OK\r\n{head}\r\n".encode() + row.body
    fields = f"WARC-Type: response\r\nWARC-Target-URI: {row.url}\r\nWARC-Date: {row.date}\r\n"
    record_id = row.record_id or f"<urn:arc:{row.offset}>"
    fields += f"WARC-Record-ID: {record_id}\r\nContent-Length: {len(block)}\r\n"
    return b"WARC/1.0\r\n" + fields.encode("utf-8", "replace") + b"\r\n" + block + b"\r\n\r\n"


def ids_of(records: Sequence[bytes]) -> Counter[str]:
    """How often each record id is among records that nothing is wrong with."""
    found: Counter[str] = Counter()
    for record in records:
        for row in read.records(opener(record), "plain", MAX_BYTES):
            if row.kind == "response" and row.problem is None:
                found[str(row.record_id)] += 1
    return found


def _packed(codec: str) -> Callable[[bytes], bytes]:
    return lambda data: bytes(pa.compress(data, codec=codec, asbytes=True))


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, 1, mtime=0)


FRAMES: dict[str, Callable[[bytes], bytes]] = {
    "members": lambda data: member(data, 1),
    "plain": bytes,
    "whole": _gzip,
    "lz4": _packed("lz4"),
    "zstd": _packed("zstd"),
    "zstd-whole": _packed("zstd"),
}
WHOLE = ("whole", "zstd-whole")


def _lie(draw: random.Random, record: bytes) -> bytes:
    """The record with an untruth in its head."""
    head, gap, block = record.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    kind = draw.randrange(9)
    at = draw.randrange(len(lines))
    if kind == 0:
        lines.append(b"Content-Length: " + draw.choice(LIES))
    elif kind == 1:
        lie = b"Content-Length: " + draw.choice(LIES)
        lines = [lie if x.lower().startswith(b"content-length") else x for x in lines]
    elif kind == 2:
        del lines[at]
    elif kind == 3:
        lines.insert(at, draw.randbytes(draw.randrange(1, 200)))
    elif kind == 4:
        lines[at] = lines[at].replace(b":", draw.choice([b"", b"\0:", b"\r:", b" :", b"::"]))
    elif kind == 5:
        lines.insert(1, b"X: " + b"y" * draw.choice([17_000, 40_000, 1_100_000]))
    elif kind == 6:
        gap = draw.choice([b"", b"\r\n", b"\n\r", b"\r\r", b"\r\n \r\n"])
    elif kind == 7:
        lines = [lines[0], *lines[1:] * draw.choice([2, 50])]
    else:
        lines[0] = draw.choice([b"WARC/9.99", b"WARC/", b"WARC/1.0 x", b"HTTP/1.1 200 OK", b""])
    return b"\r\n".join(lines) + gap + block


def _lengths_swapped(draw: random.Random, one: bytes, other: bytes) -> tuple[bytes, bytes]:
    """Two records, each with the length of the other."""
    del draw
    parts = [x.partition(b"\r\n\r\n") for x in (one, other)]
    sizes = [b"Content-Length: %d" % max(0, len(block) - 4) for _, _, block in parts]
    made = []
    for (head, gap, block), size in zip(parts, reversed(sizes), strict=True):
        lines = [
            size if line.lower().startswith(b"content-length") else line
            for line in head.split(b"\r\n")
        ]
        made.append(b"\r\n".join(lines) + gap + block)
    return made[0], made[1]


def _hurt(draw: random.Random, data: bytes) -> bytes:
    """One record as stored, with its bytes damaged."""
    found, at = bytearray(data), draw.randrange(len(data))
    end = min(len(found), at + draw.choice([1, 8, 300, len(data)]))
    kind = draw.randrange(7)
    if kind == 0:
        found[at] ^= 1 << draw.randrange(8)
    elif kind == 1:
        del found[at:end]
    elif kind == 2:
        found[at:at] = found[at:end]
    elif kind == 3:
        found[at:end] = draw.randbytes(end - at)
    elif kind == 4:
        found[at:end] = bytes(end - at)
    elif kind == 5:
        found[at:at] = draw.choice(
            [read.GZIP_MAGIC, b"WARC/1.0\r\n", b"\r\n\r\n", b"\x28\xb5\x2f\xfd"]
        )
    else:
        del found[at:]
    return bytes(found)


def make(name: str, records: Sequence[bytes], draw: random.Random) -> Case:
    """A damaged archive of some of these records in an order of its own."""
    chosen, size = [], 0
    first = draw.randrange(len(records))
    for record in [*records[first:], *records[:first]]:
        if size + len(record) <= CASE_BYTES:
            chosen.append(record)
            size += len(record)
    if draw.random() < 0.3:
        draw.shuffle(chosen)
    if draw.random() < 0.3 and chosen:
        chosen.insert(draw.randrange(len(chosen)), draw.choice(chosen))
    layout = draw.choice(list(FRAMES))
    touched = set(draw.sample(range(len(chosen)), min(len(chosen), draw.choice([1, 1, 2, 4]))))
    lied: dict[int, bytes] = {}
    if len(touched) == 2 and draw.random() < 0.5:
        one, other = sorted(touched)
        lied[one], lied[other] = _lengths_swapped(draw, chosen[one], chosen[other])
    elif draw.random() < 0.5:
        lied = {n: _lie(draw, chosen[n]) for n in touched}
    said = [lied.get(n, record) for n, record in enumerate(chosen)]
    if layout in WHOLE:
        stored = [FRAMES[layout](b"".join(said))]
        if not lied:
            stored = [_hurt(draw, stored[0])]
    else:
        stored = [FRAMES[layout](record) for record in said]
        if not lied:
            stored = [_hurt(draw, x) if n in touched else x for n, x in enumerate(stored)]
    due = _due(chosen, touched, layout, bool(lied))
    return Case(f"{name}.{layout}.{'lie' if lied else 'hurt'}", b"".join(stored), ids_of(due))


def _due(chosen: Sequence[bytes], touched: set[int], layout: str, is_lie: bool) -> list[bytes]:
    """The records that must be found: all that were not touched, if the layout can resume.

    What a stream that no codec can resume holds behind the damage is lost.
    """
    alive = [record for n, record in enumerate(chosen) if n not in touched]
    if is_lie or layout in ("members", "plain"):
        return alive
    if layout in WHOLE:
        return []
    before = list(chosen[: min(touched)])
    room = IN_FLIGHT
    while before and room > 0:
        room -= len(before.pop())
    return before


def faults(row: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a row of the ledger."""
    reason, outcome = row["reason"], row["outcome"]
    if outcome != (schema.REASONS[reason][0] if reason else schema.PASS):
        yield f"{outcome} with the reason {reason}"
    if reason in ("extract.crash", "extract.memory"):
        yield f"{reason} at {row['offset']}"


def judge(case: Case, outcome: Outcome, run: Path) -> Counter[str]:
    """Reasons and outcomes of the case's rows; what breaks a promise is written to the case."""
    wrong = case.broken.append
    if outcome.attempts > 1:
        wrong(f"{outcome.attempts} attempts")
    if outcome.error is not None or outcome.manifest is None:
        if not isinstance(outcome.error, ShardError):
            wrong(f"crashed: {outcome.error}")
        elif case.due:
            wrong(f"refused though {case.due.total()} records are good")
        return Counter(["file refused"])
    made = outcome.manifest
    rows, texts = (
        pq.read_table(run / made.output(table).path, partitioning=None).to_pylist()
        for table in ("records", "documents")
    )
    books = made.books
    if not books.rows_in == books.kept + books.rejected + books.quarantined == len(rows):
        wrong("books do not balance")
    case.broken += [fault for row in rows for fault in faults(row)]
    passed = Counter(row["doc_id"] for row in rows if row["outcome"] == schema.PASS)
    if passed != Counter(row["doc_id"] for row in texts):
        wrong("passing rows and documents differ")
    if any(count > 1 for count in passed.values()):
        wrong("two documents share an id")
    if any(not row["text"].strip() for row in texts):
        wrong("a document without text")
    found = Counter(row["record_id"] for row in rows if row["record_id"])
    if lost := case.due - found:
        wrong(f"{lost.total()} of {case.due.total()} good records are lost")
    return Counter(row["reason"] or "text" for row in rows)


def cases(archives: Sequence[Path], count: int, seed: int) -> Iterator[Case]:
    """`count` damaged archives, the archives in turn."""
    usable = []
    for path in archives:
        records = [record for record in plain_records(path) if len(record) <= CASE_BYTES]
        if records:
            usable.append((path.name, records))
    if not usable:
        raise SystemExit("no archive holds a record to damage")
    for n in range(count):
        name, records = usable[n % len(usable)]
        yield make(f"{n:05}.{name}", records, random.Random(f"{seed} {n}"))  # noqa: S311


def run_cases(made: Sequence[Case], folder: Path, workers: int) -> Counter[str]:
    """All cases through one run; reasons and outcomes of their rows."""
    paths = []
    for n, case in enumerate(made):
        paths.append(folder / f"{n:05}.warc.gz")
        paths[-1].write_bytes(case.data)
    seen: Counter[str] = Counter()
    ends = outcomes(folder / "run", paths, ["extract.cpu_limit_s=5"], workers)
    for case, end in zip(made, ends, strict=True):
        seen += judge(case, end, folder / "run")
    return seen


def main() -> int:
    """1 if a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archive", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder for the archives that broke a promise")
    parser.add_argument("--whole", action="store_true", help="--count whole runs of --files files")
    parser.add_argument("--files", type=int, default=30)
    asked = parser.parse_args()
    if asked.whole:
        from tests.hostile import whole  # noqa: PLC0415 - it imports this module

        return whole.main(asked)
    made = list(cases(asked.archive, asked.count, asked.seed))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        seen = run_cases(made, Path(folder), asked.workers)
    broken = [case for case in made if case.broken]
    for case in broken:
        sys.stdout.write(f"{case.name}: {'; '.join(case.broken)}\n")
        if asked.keep:
            asked.keep.mkdir(parents=True, exist_ok=True)
            (asked.keep / case.name).write_bytes(case.data)
    due = sum(case.due.total() for case in made)
    said = {"cases": len(made), "broken": len(broken), "due": due, "rows": dict(seen)}
    sys.stdout.write(json.dumps({**said, "seconds": round(time.monotonic() - began)}) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
