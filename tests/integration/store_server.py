"""A real S3-compatible server (moto) in a process of its own, and how clients find it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import URLError

START_S = 60
BUCKET = "weir-tests"


def environment(host: str, port: int) -> dict[str, str]:
    """What clients need to find a store at this address."""
    return {
        "AWS_ACCESS_KEY_ID": "invented",
        "AWS_SECRET_ACCESS_KEY": "invented-secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",
    }


@contextmanager
def moto() -> Iterator[tuple[str, int]]:
    """Host and port of a server with an empty bucket `BUCKET`; it ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet, env={**os.environ})
    try:
        _make_bucket(port, process)
        yield "127.0.0.1", port
    finally:
        process.kill()
        process.wait()


def _make_bucket(port: int, process: subprocess.Popen[bytes]) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{BUCKET}", method="PUT")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + START_S
    while True:
        try:
            with opener.open(request, timeout=10):
                return
        except (URLError, OSError):
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.1)
