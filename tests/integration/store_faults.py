"""A proxy before a store that fails in the ways stores and networks fail, by seed.

It relays one HTTP/1.1 exchange a connection, so that every request meets its own fault.
"""

import random
import re
import socket
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

KINDS = ("500", "503", "stall", "reset", "cut", "lost", "skew", "slow")
"""`lost`: the store does what it is asked, and the answer never comes. `skew`: clocks are an hour
off in Date and Last-Modified."""
ERROR = (
    "HTTP/1.1 {status} {words}\r\nContent-Type: application/xml\r\nContent-Length: {size}\r\n"
    "Connection: close\r\n\r\n{body}"
)
BODY = "<Error><Code>{words}</Code><Message>injected secret-of-the-server</Message></Error>"
LIMIT = 64 << 20


@dataclass(slots=True)
class Faults:
    """What is done to which request: each one in `rate` of them, by the seed."""

    target: tuple[str, int]
    kinds: Sequence[str] = KINDS
    rate: float = 0.0
    seed: int = 0
    stall_s: float = 30.0
    changes_left: int | None = None
    """After so many PUTs and DELETEs the store is away."""
    done: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    address: tuple[str, int] = ("", 0)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _random: random.Random | None = None

    def next(self, method: str) -> str:
        """The fault of this request; empty for none."""
        with self._lock:
            self._random = self._random or random.Random(self.seed)  # noqa: S311 - faults, no secrets
            self.seen[method] += 1
            if self.changes_left is not None:
                self.changes_left -= method in ("PUT", "DELETE")
                if self.changes_left < 0:
                    self.done["503"] += 1
                    return "503"
            if self._random.random() >= self.rate:
                return ""
            kind = self._random.choice(list(self.kinds))
            self.done[kind] += 1
            return kind


def _message(stream: socket.socket) -> bytes:
    """A request, or an answer: head, and the body that Content-Length announces."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = stream.recv(1 << 16)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    if b"expect: 100-continue" in head.lower():
        stream.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    found = re.search(rb"(?im)^content-length:\s*(\d+)", head)
    wanted = min(int(found[1]), LIMIT) if found and not head.startswith(b"HEAD") else 0
    while len(body) < wanted:
        part = stream.recv(1 << 16)
        if not part:
            break
        body += part
    return head + b"\r\n\r\n" + body


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        faults: Faults = self.server.faults  # type: ignore[attr-defined]
        try:
            self._handle(faults)
        except OSError:
            return

    def _handle(self, faults: Faults) -> None:
        request = _message(self.request)
        if not request:
            return
        kind = faults.next(request.split(b" ", 1)[0].decode("ascii", "replace"))
        if kind in ("500", "503"):
            words = {"500": "InternalError", "503": "SlowDown"}[kind]
            body = BODY.format(words=words)
            answer = ERROR.format(status=kind, words=words, size=len(body), body=body)
            self.request.sendall(answer.encode())
            return
        if kind == "reset":
            self._reset()
            return
        if kind == "stall":
            time.sleep(faults.stall_s)
            return
        answer = self._ask(faults, request)
        if kind == "lost":
            self._reset()
        elif kind == "cut":
            head, _, body = answer.partition(b"\r\n\r\n")
            self.request.sendall(head + b"\r\n\r\n" + body[: len(body) // 2])
        elif kind == "slow":
            for start in range(0, len(answer), max(1, len(answer) // 4)):
                self.request.sendall(answer[start : start + max(1, len(answer) // 4)])
                time.sleep(0.05)
        else:
            self.request.sendall(_skewed(answer) if kind == "skew" else answer)

    def _ask(self, faults: Faults, request: bytes) -> bytes:
        head, _, body = request.partition(b"\r\n\r\n")
        head = re.sub(rb"(?im)^(connection|expect):[^\r]*\r\n", b"", head + b"\r\n")
        with socket.create_connection(faults.target, timeout=60) as store:
            store.sendall(head + b"Connection: close\r\n\r\n" + body)
            answer = b""
            while part := store.recv(1 << 16):
                answer += part
        head, _, body = answer.partition(b"\r\n\r\n")
        head = re.sub(rb"(?im)^connection:[^\r]*\r\n", b"", head + b"\r\n")
        return head + b"Connection: close\r\n\r\n" + body

    def _reset(self) -> None:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.request.close()


def _skewed(answer: bytes) -> bytes:
    head, split, body = answer.partition(b"\r\n\r\n")

    def later(found: re.Match[bytes]) -> bytes:
        return b"%s%02d%s" % (found[1], (int(found[2]) + 1) % 24, found[3])

    clock = rb"(?im)^((?:date|last-modified):.* )(\d\d)(:\d\d:\d\d GMT)"
    return re.sub(clock, later, head) + split + body


@contextmanager
def proxy(faults: Faults) -> Iterator[Faults]:
    """The proxy, listening at `faults.address`."""

    class _Server(socketserver.ThreadingTCPServer):
        daemon_threads, allow_reuse_address, request_queue_size = True, True, 128

    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.faults = faults  # type: ignore[attr-defined]
        faults.address = server.server_address[:2]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield faults
        finally:
            server.shutdown()
            thread.join()
