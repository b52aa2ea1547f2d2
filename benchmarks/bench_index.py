"""Index-guided reading of some records against reading all: bytes, requests, time.

`python -m benchmarks.bench_index [--warc FILE] [--http]` prints JSON. For each fraction, records
are drawn evenly from the file (by hash) and read by range; the ratio of times is of medians. Bytes
and requests are counted at the server with `--http`, at the reader without. No page is parsed: this
is what reading costs.
"""

import argparse
import functools
import hashlib
import http.server
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline import ranges, storage
from samples import cc_index
from stages import read, select

FRACTIONS = (0.0002, 0.01, 0.1, 0.5)
ROUNDS = 5
MAX_BYTES = 20_000_000
WARC = Path("../shared/data/bulk_dev.warc.gz")


class Counted(http.server.SimpleHTTPRequestHandler):
    """A file server that knows ranges, and counts what it sends."""

    protocol_version = "HTTP/1.1"
    path_of: Path
    requests = sent = 0
    lock = threading.Lock()

    def do_HEAD(self) -> None:
        """The file's length."""
        self._answer(0, 0)

    def do_GET(self) -> None:
        """A range of the file, or all of it."""
        size = self.path_of.stat().st_size
        first, _, last = self.headers.get("Range", f"bytes=0-{size - 1}")[6:].partition("-")
        self._answer(int(first), min(size, int(last or size - 1) + 1))

    def _answer(self, first: int, end: int) -> None:
        with self.lock:
            type(self).requests += 1
        size = self.path_of.stat().st_size
        self.send_response(206 if end else 200)
        self.send_header("ETag", '"one"')
        self.send_header("Accept-Ranges", "bytes")
        if end:
            self.send_header("Content-Range", f"bytes {first}-{end - 1}/{size}")
        self.send_header("Content-Length", str(end - first if end else size))
        self.end_headers()
        if end:
            with self.path_of.open("rb") as stream:
                stream.seek(first)
                data = stream.read(end - first)
            with self.lock:
                type(self).sent += len(data)
            self.wfile.write(data)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Nothing."""


@contextmanager
def served(path: Path) -> Iterator[str]:
    """The address of a file on a server of this process."""
    Counted.path_of = path
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counted)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{path.name}"
    finally:
        server.shutdown()
        server.server_close()


def drawn(rows: Sequence[dict[str, Any]], fraction: float) -> pa.Table:
    """The selection of so many of the rows, at least one."""
    ordered = sorted(rows, key=lambda r: hashlib.sha256(r["warc_record_id"].encode()).digest())
    some = pa.Table.from_pylist(ordered[: max(1, round(fraction * len(rows)))], cc_index.SCHEMA)
    made, refused = select.located(some, select.Criteria())
    ((_, found, aside),) = select.by_warc(made)
    if refused or aside:
        raise SystemExit(f"the index is not right: {refused}, {aside}")
    return found


def timed(work: Callable[[], object]) -> float:
    """Median seconds."""
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def guided(uri: str, selected: pa.Table) -> dict[str, Any]:
    """What one reading of a selection costs, and how many of its records were not as promised."""
    traffic = ranges.Traffic()
    Counted.requests = Counted.sent = 0
    found = list(ranges.records(uri, selected, MAX_BYTES, traffic))
    is_served = uri.startswith("http")
    return {
        "records": len(found),
        "not_promised": sum(one.problem == "read.not_promised" for one in found),
        "bytes": Counted.sent if is_served else traffic.bytes,
        "requests": Counted.requests if is_served else traffic.requests,
        "wanted_bytes": sum(selected.column("length").to_pylist()),
    }


def measure(uri: str, path: Path) -> dict[str, Any]:
    """Every fraction against a whole pass."""
    rows = list(cc_index.rows(path, f"crawl-data/{path.name}"))
    size = path.stat().st_size
    opened = functools.partial(storage.open_at, uri)
    whole_s = timed(lambda: sum(1 for _ in read.records(opened, path.name, MAX_BYTES)))
    found = []
    for fraction in FRACTIONS:
        selected = drawn(rows, fraction)
        cost = guided(uri, selected)
        seconds = timed(lambda selected=selected: guided(uri, selected))  # type: ignore[misc]
        found.append(
            {
                "fraction": fraction,
                **cost,
                "bytes_fraction": round(cost["bytes"] / size, 5),
                "seconds": round(seconds, 4),
                "of_whole_time": round(seconds / whole_s, 4),
            }
        )
    return {
        "file": path.name,
        "file_bytes": size,
        "records": len(rows),
        "whole_s": round(whole_s, 3),
        "guided": found,
    }


def main() -> None:
    """Print the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--warc", type=Path, default=WARC)
    parser.add_argument("--http", action="store_true", help="through a server that counts")
    options = parser.parse_args()
    if options.http:
        with served(options.warc) as uri:
            print(json.dumps(measure(uri, options.warc), indent=1))
    else:
        print(json.dumps(measure(str(options.warc), options.warc), indent=1))


if __name__ == "__main__":
    main()
