"""The killable child in which hostile bytes are parsed.

One helper process a worker loads the parsers once, then forks the child that does the work; if
that dies the helper says how and forks another (about 5 ms). The kernel ends a child that uses
more CPU time than the limit, whatever C code it is in: its profiling timer is armed and the
signal's default action kept. Frames are MessagePack: nothing that a subverted child could send is
ever executed.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgpack

from pipeline import places, remote, sandboxed, storage
from pipeline.sandboxed import ANSWER_BYTES, read_frame, write_frame
from stages.base import IN_FLIGHT
from stages.errors import TransientError

WALL_FACTOR, WALL_SLACK_S = 10, 60
"""A child that neither works nor ends is killed after ten times its limit and a minute."""
PIPE_BYTES = 1 << 20
LOST, TRIES = "lost", 3
"""No parser kills with SIGKILL; the kernel does, or an operator. The page is not to blame unless it
happens each time."""
REASONS = {signal.SIGPROF: "extract.timeout", signal.SIGXCPU: "extract.timeout"}


class Sandbox:
    """Calls functions of one module in a child that may be killed; not thread-safe."""

    def __init__(
        self,
        module: str,
        cpu_limit_s: float,
        memory_limit_mb: int,
        journal: places.Place | None = None,
    ) -> None:
        self._arguments = [module, str(cpu_limit_s), str(memory_limit_mb)]
        self._wall_s = cpu_limit_s * WALL_FACTOR + WALL_SLACK_S
        self._journal = journal
        self._known = _read_journal(journal)
        self._helper: subprocess.Popen[bytes] | None = None
        self._ahead = 0

    def call(self, function: str, *arguments: object) -> dict[str, Any]:
        """The result; only a `reason` if the child was killed or died, now or in an earlier try."""
        (answer,) = self.answers(function, [arguments])
        return answer

    def answers(self, function: str, asked: Iterable[Sequence[object]]) -> Iterator[dict[str, Any]]:
        """What `call` gives for each of many arguments, in order; some are sent ahead.

        So the child need not wait for this process, nor both change places for every page.
        """
        sent = deque[bytes]()
        try:
            for arguments in asked:
                request = msgpack.packb([function, arguments], use_bin_type=True)
                known = self._known.get(_call_key(request)) if self._known else None
                while sent and (known or not self._has_room(sent, request)):
                    yield self._settled(sent)
                if known:
                    yield {"reason": known}
                else:
                    self._send(request)
                    sent.append(request)
            while sent:
                yield self._settled(sent)
        finally:
            if sent:  # nobody will read the answers that are due
                self.close()

    def _has_room(self, sent: Sequence[bytes], request: bytes) -> bool:
        """Whether the pipe takes one more: writing may not wait for a child that waits for us."""
        return len(sent) < IN_FLIGHT and sum(map(len, sent)) + len(request) <= self._ahead

    def _settled(self, sent: deque[bytes]) -> dict[str, Any]:
        """The answer to the first of the requests that were sent."""
        answer = self._received()
        for _ in range(TRIES - 1):
            if answer.get("died") != LOST:
                break
            self._send_again(sent)
            answer = self._received()
        request = sent.popleft()
        if self._helper is None:
            self._send_again(sent)
        if "died" not in answer:
            return answer
        reason = (
            REASONS.get(answer["died"], "extract.crash")
            if answer["died"] != "memory"
            else "extract.memory"
        )
        self._remember(_call_key(request), reason)
        return {"reason": reason}

    def _send_again(self, sent: Sequence[bytes]) -> None:
        """What was lost with a helper, to the next one."""
        for request in sent:
            self._send(request)

    def _send(self, request: bytes) -> None:
        """Write a request; where the helper is gone, reading the answer will tell."""
        helper = self._helper or self._start()
        assert helper.stdin is not None  # noqa: S101
        with contextlib.suppress(OSError):
            write_frame(helper.stdin, request)

    def _received(self) -> dict[str, Any]:
        """The next answer; `died` where the child, or the helper, did."""
        helper = self._helper
        if helper is None:
            return {"died": LOST}
        assert helper.stdout is not None  # noqa: S101
        try:
            deadline = time.monotonic() + self._wall_s
            stream = _Until(helper.stdout.fileno(), deadline)
            answer = msgpack.unpackb(
                read_frame(stream, ANSWER_BYTES), raw=False, strict_map_key=False
            )
        except TimeoutError:
            self.close()
            return {"died": int(signal.SIGPROF)}
        except (OSError, EOFError):
            self.close()
            return {"died": LOST}
        except (ValueError, msgpack.UnpackException):
            self.close()
            return {"died": 0}
        if not isinstance(answer, dict):
            self.close()
            return {"died": 0}
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", sandboxed.__name__, *self._arguments]
        try:
            self._helper = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
                # Hostile bytes are parsed there: no key to a store goes along.
                env={n: v for n, v in os.environ.items() if not n.startswith(remote.ACCESS)},
            )
        except OSError as error:
            raise TransientError(
                "sandbox", f"cannot start a child process ({error.strerror})"
            ) from None
        self._ahead = 0
        for pipe in (self._helper.stdin, self._helper.stdout):
            with contextlib.suppress(OSError, AttributeError):
                size = fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)  # type: ignore[arg-type]
                self._ahead = size // 2  # a request may leave a page of the pipe half full
        return self._helper

    def _remember(self, key: str, reason: str) -> None:
        self._known[key] = reason
        if self._journal is not None:
            storage.append_line(self._journal, json.dumps({"call": key, "reason": reason}))

    def close(self) -> None:
        """End the helper and its child."""
        helper, self._helper = self._helper, None
        if helper is None:
            return
        for pipe in (helper.stdin, helper.stdout):
            with contextlib.suppress(OSError, AttributeError):
                pipe.close()  # type: ignore[union-attr]
        try:
            helper.wait(timeout=2)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(helper.pid, signal.SIGKILL)
            helper.wait()


def _call_key(request: bytes) -> str:
    return hashlib.blake2b(request, digest_size=16).hexdigest()


def _read_journal(path: places.Place | None) -> dict[str, str]:
    known: dict[str, str] = {}
    with contextlib.suppress(FileNotFoundError):
        for line in path.read_text(encoding="utf-8").splitlines() if path is not None else ():
            with contextlib.suppress(ValueError, KeyError):  # a last line cut off by a crash
                entry = json.loads(line)
                known[entry["call"]] = entry["reason"]
    return known


class _Until:
    """Reads a pipe up to a point in time; TimeoutError after it, however slowly bytes come."""

    def __init__(self, handle: int, deadline: float) -> None:
        self._handle, self._deadline = handle, deadline

    def read(self, size: int) -> bytes:
        parts, missing = [], size
        while missing:
            left = self._deadline - time.monotonic()
            if left <= 0 or not select.select([self._handle], [], [], left)[0]:
                raise TimeoutError
            part = os.read(self._handle, min(missing, PIPE_BYTES))
            if not part:
                break
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)
