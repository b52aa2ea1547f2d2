"""Damages real archives by seed and extracts them: no crash, no hang, one reason a record.

`python -m tests.hostile.damage --archive FILE --count 20 --seed 1 --output FOLDER` prints one JSON
line: how many were tried, their records by reason, and what broke. Exit status 1 if anything did.
"""

import argparse
import json
import random
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from stages import schema
from stages.errors import ShardError
from tests.data.extracting import extract

Damage = Callable[[random.Random, bytearray], None]
MAX_PIECE = 1 << 16
LENGTH = re.compile(rb"(?i)(content-length:\s*)(\d+)")
LIES = (b"-1", b"0", b"99999999999999999999", b"0x10", b"1e9", b"", b"1, 2")
STARTS = re.compile(rb"\x1f\x8b\x08|WARC/1\.")


def _place(chance: random.Random, data: bytearray) -> tuple[int, int]:
    start = chance.randrange(len(data) + 1)
    return start, min(len(data), start + chance.randrange(1, MAX_PIECE))


def flip(chance: random.Random, data: bytearray) -> None:
    """Change single bits."""
    for _ in range(chance.randrange(1, 50) if data else 0):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def cut(chance: random.Random, data: bytearray) -> None:
    """Take a piece out."""
    start, end = _place(chance, data)
    del data[start:end]


def truncate(chance: random.Random, data: bytearray) -> None:
    """Lose the end."""
    del data[_place(chance, data)[0] :]


def splice(chance: random.Random, data: bytearray) -> None:
    """Put a piece somewhere else too, over what is there."""
    start, end = _place(chance, data)
    at = chance.randrange(len(data) + 1)
    data[at : at + chance.randrange(MAX_PIECE)] = data[start:end]


def noise(chance: random.Random, data: bytearray) -> None:
    """Overwrite a piece, by chance bytes or by zeros."""
    start, end = _place(chance, data)
    data[start:end] = chance.randbytes(end - start) if chance.random() < 0.5 else bytes(end - start)


def lie(chance: random.Random, data: bytearray) -> None:
    """Change what a record says of its length; in compressed archives there is nothing to find."""
    found = list(LENGTH.finditer(data))
    if found:
        one = chance.choice(found)
        data[one.start(2) : one.end(2)] = chance.choice(
            [*LIES, str(chance.randrange(10**6)).encode()]
        )


def swap(chance: random.Random, data: bytearray) -> None:
    """Exchange, or repeat, what begins like a record."""
    starts = [found.start() for found in STARTS.finditer(data)][:10_000]
    if len(starts) > 3:
        a, b, c = sorted(chance.sample(starts, 3))
        data[a:c] = data[b:c] + data[a:b] + (data[a:b] if chance.random() < 0.5 else b"")


DAMAGES: Sequence[Damage] = (flip, cut, truncate, splice, noise, lie, swap)


def damaged(data: bytes, seed: int) -> bytes:
    """The archive after one to four damages that the seed decides."""
    chance = random.Random(seed)  # noqa: S311 - damage that can be repeated, not a secret
    found = bytearray(data)
    for _ in range(chance.randrange(1, 5)):
        chance.choice(DAMAGES)(chance, found)
    return bytes(found)


def problems(folder: Path, path: Path, settings: Sequence[str], reasons: Counter[str]) -> list[str]:
    """What is wrong with the run over one archive; its records are added to the reasons."""
    try:
        made = extract(folder, [path], settings)
    except ShardError:
        reasons["(the shard is set aside)"] += 1
        return []
    except Exception as error:  # noqa: BLE001 - the finding that this program is for
        return [f"{type(error).__name__} ended the run"]
    found, rows = [], made.rows("records", ["doc_id", "outcome", "reason"])
    for row in rows:
        reasons[row["reason"] or "(text)"] += 1
        due = schema.PASS if row["reason"] is None else schema.REASONS[row["reason"]][0]
        if row["outcome"] != due:
            found.append(f"{row['doc_id']} is {row['outcome']} for {row['reason']}")
    passed = [row["doc_id"] for row in rows if row["outcome"] == schema.PASS]
    if sorted(passed) != sorted(row["doc_id"] for row in made.rows("documents", ["doc_id"])):
        found.append("documents are not the records that passed")
    if len({row["doc_id"] for row in rows}) != len(rows):
        found.append("two records have one doc_id")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 if nothing broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archive", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=10, help="damaged copies of each archive")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, required=True, help="folder for what is made")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    given = parser.parse_args(arguments)
    reasons: Counter[str] = Counter()
    broken: list[dict[str, object]] = []
    slowest = 0.0
    for archive in given.archive:
        data = archive.read_bytes()
        for seed in range(given.seed, given.seed + given.count):
            folder = given.output / f"{archive.name}-{seed}"
            folder.mkdir(parents=True)
            path = folder / archive.name
            path.write_bytes(damaged(data, seed))
            began = time.monotonic()
            wrong = problems(folder / "run", path, given.settings, reasons)
            slowest = max(slowest, time.monotonic() - began)
            if wrong:
                broken.append({"archive": archive.name, "seed": seed, "problems": wrong})
            else:
                shutil.rmtree(folder)
    answer = {
        "archives": len(given.archive) * given.count,
        "records": dict(reasons.most_common()),
        "slowest_s": round(slowest, 1),
        "broken": broken,
    }
    sys.stdout.write(json.dumps(answer) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
