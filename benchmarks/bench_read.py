"""Reading an archive: every response's payload, by stage read, by warcio and by fastwarc.

One core, alternate rounds, each in a process of its own (`benchmarks.sides`). Ours frames gzip
members itself, so that damage costs one record, and gives each response's place in the file; the
others do neither. Payloads are read to their ends and dropped.
"""

import os
import sys
from pathlib import Path

from fastwarc.warc import ArchiveIterator, WarcRecordType

from benchmarks import measure, sides

PEERS = (
    sides.Peer("warcio", "warcio", sides.pinned("warcio"), "warcio"),
    sides.Peer("fastwarc", "fastwarc", sides.pinned("fastwarc"), "fastwarc"),
)


def main() -> int:
    """Measure, print, check."""
    options = measure.parser("bench_read", __doc__.splitlines()[0])
    options.add_argument("--warc", type=Path, default=measure.BULK)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    given = options.parse_args()
    warc = given.warc.resolve()
    with warc.open("rb") as stream:
        count = sum(1 for _ in ArchiveIterator(stream, record_types=WarcRecordType.response))
    task = sides.Task({sides.WEIR: "read"}, PEERS, {"": warc}, count)
    found = sides.compare(task, given.rounds, given.core)
    parameters = {"warc": warc.name, "bytes": warc.stat().st_size, "rounds": given.rounds}
    result = {"parameters": {**parameters, "core": given.core}, **found}
    return measure.finish("bench_read", result, given.check)


if __name__ == "__main__":
    sys.exit(main())
