"""Running the real command line, and comparing what runs leave behind."""

import gzip
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pyarrow.parquet as pq

from pipeline import config, runner, storage
from tests.data.extracting import SHORT

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
CLUSTERING = ("band", "pair", "gather", "lend", "estimate", "shingle", "cluster")
BEFORE_RULES = {"prepare", "extract", *CLUSTERING}
"""Steps that a changed rule does not touch."""


def configured(paths: Path | Sequence[Path | str], settings: Sequence[str] = ()) -> config.Resolved:
    """The sample configuration on a path list, or on several inputs."""
    inputs = [paths] if isinstance(paths, Path) else paths
    listed = ", ".join(f"'{one}'" for one in inputs)
    return config.load("sample", [f"inputs=[{listed}]", SHORT, *settings])


def run_here(
    resolved: config.Resolved, output: Path, **options: object
) -> tuple[runner.Result, list[runner.Event]]:
    """Run in this process (one worker, if not told otherwise); how it ended, and its events."""
    events: list[runner.Event] = []
    chosen = runner.Options(output, **{"workers": 1, **options})  # type: ignore[arg-type]
    return runner.Runner(resolved, chosen, events.append).start(), events


def tasks_run(events: Sequence[runner.Event]) -> dict[str, int]:
    """Tasks performed, by step."""
    found: dict[str, int] = {}
    for event in events:
        if event.kind == "task":
            found[event.step] = found.get(event.step, 0) + 1
    return found


def arguments(
    paths: Path | Sequence[Path | str], output: Path, settings: Sequence[str] = (), *more: str
) -> list[str]:
    """`weir run sample` with inputs, output and settings."""
    inputs = [paths] if isinstance(paths, Path) else paths
    given = [word for one in inputs for word in ("--input", str(one))]
    given += [word for one in (SHORT, *settings) for word in ("--set", one)]
    return ["run", "sample", *given, "--output", str(output), "--progress", "plain", *more]


def weir(*words: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S * 2,
    )


@contextmanager
def started(*words: str) -> Iterator[subprocess.Popen[str]]:
    """The command line under way; it and its offspring are gone afterwards."""
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        family = psutil.Process(process.pid)
        try:
            yield process
        finally:
            for one in [*_offspring(family), process]:
                one.kill()


def _offspring(family: psutil.Process) -> list[psutil.Process]:
    return family.children(recursive=True) if family.is_running() else []


def until(claim: Callable[[], bool], what: str = "") -> None:
    """Wait until a claim holds; fail if it does not within a minute."""
    end = time.monotonic() + PATIENCE_S
    while not claim():
        assert time.monotonic() < end, f"waited in vain {what}"
        time.sleep(0.01)


def committed(run: Path, step: str) -> list[Path]:
    """Manifests of a step."""
    return sorted((run / "manifests" / step).glob("[!.]*.json"))


def digests(run: Path, *folders: str) -> dict[str, str]:
    """SHA-256 of every file in folders of a run, by path."""
    found = {
        str(path.relative_to(run)): storage.file_digest(path)
        for folder in folders
        for path in sorted((run / folder).rglob("*"))
        if path.is_file()
    }
    assert found, f"nothing in {folders} of {run}"
    return found


def result_of(run: Path) -> dict[str, str]:
    """What must not depend on how the run was made: corpus and decisions."""
    return {**digests(run, "corpus"), **digests(run, "decisions")}


def rows(run: Path, table: str, *columns: str) -> list[dict[str, object]]:
    """Rows of a table from its committed files, in the order of their names."""
    return [
        row
        for path in sorted((run / table).rglob("[!.]*.parquet"))
        for row in pq.read_table(path, columns=list(columns) or None, partitioning=None).to_pylist()
    ]


def write_list(path: Path, lines: Sequence[Path | str]) -> Path:
    """A path list, gzipped."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0))
    return path


class _Ranged(SimpleHTTPRequestHandler):
    """Files of a folder with byte ranges. What is named `stalled` is announced, and never sent."""

    released = threading.Event()

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        stalls = "stalled" in self.path
        path = Path(self.translate_path(self.path))
        if not stalls and not path.is_file():
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = b"\x1f\x8b" * 1000 if stalls else path.read_bytes()
        first, last, wanted = 0, len(data) - 1, self.headers.get("Range")
        if wanted:
            start, _, end = wanted.removeprefix("bytes=").partition("-")
            first, last = int(start), min(int(end or last), last)
        if stalls and body:
            self.released.wait(PATIENCE_S)
            return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("Last-Modified", "Mon, 12 Jan 2026 00:00:00 GMT")
        if wanted:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.end_headers()
        if body:
            self.wfile.write(data[first : last + 1])

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder over HTTP on the loopback; its address."""
    _Ranged.released.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Ranged, directory=str(folder)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        _Ranged.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def no_proxy() -> Iterator[None]:
    """Reach the loopback directly, also where the environment names a proxy."""
    before = os.environ.get("NO_PROXY")
    os.environ["NO_PROXY"] = "127.0.0.1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["NO_PROXY"]
        else:
            os.environ["NO_PROXY"] = before
