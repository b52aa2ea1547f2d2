"""What runs in the killable child of `pipeline.sandbox`: `python -m pipeline.sandboxed`.

A helper loads the parsers and forks the child, which answers calls until it is killed or its
requests end. Nothing else is imported here, neither Arrow nor what reaches stores: each would be in
the memory of every worker once more.
"""

import contextlib
import ctypes
import gc
import importlib
import os
import resource
import signal
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, NoReturn, Protocol, cast

import msgpack

HEADER = struct.Struct("<I")
MAX_FRAME_BYTES = 256 << 20
ANSWER_BYTES = 96 << 20
"""Markup of 20 MB may grow fourfold as UTF-8; nothing else that a parser answers comes near."""
OPEN_FILES = 64
NO_NEW_PRIVILEGES = 38
"""`PR_SET_NO_NEW_PRIVS` of prctl(2)."""
COLLECT_EVERY = 200


class Reader(Protocol):
    """What frames are read from."""

    def read(self, size: int, /) -> bytes:
        """So many bytes; fewer only at the end."""
        ...


def write_frame(stream: IO[bytes], data: bytes) -> None:
    """Length and bytes."""
    stream.write(HEADER.pack(len(data)))
    stream.write(data)
    stream.flush()


def read_frame(stream: Reader, max_bytes: int = MAX_FRAME_BYTES) -> bytes:
    """The next frame; EOFError at the end, ValueError for a length that no frame has."""
    head = stream.read(HEADER.size)
    if len(head) < HEADER.size:
        raise EOFError
    (length,) = HEADER.unpack(head)
    if length > max_bytes:
        raise ValueError("frame too long")
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data


def _main(module: str, cpu_limit_s: float, memory_limit_mb: int) -> int:
    """The helper: fork a child, wait, report its death, fork the next.

    Ends when a child ends in good order.
    """
    gc.disable()  # parsers make many objects and few cycles: saves a tenth of their time
    functions = importlib.import_module(module)
    # What is loaded or compiled at a first call would be so in each child again, under its limits.
    getattr(functions, "ready", lambda: None)()
    requests = cast("BinaryIO", os.fdopen(os.dup(0), "rb", buffering=0))
    answers = cast("BinaryIO", os.fdopen(os.dup(1), "wb", buffering=0))
    os.dup2(2, 1)  # a parser that prints must not break the frames
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        child = os.fork()
        if child == 0:
            _serve(functions, requests, answers, cpu_limit_s, memory_limit_mb)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            return 1  # from outside: perhaps in the midst of a frame, which nothing may follow
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            return 0
        died: int | str = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 3:
            died = "memory"
        try:
            write_frame(answers, msgpack.packb({"died": died}))
        except BrokenPipeError:
            return 0


def _serve(
    functions: Any, requests: BinaryIO, answers: BinaryIO, cpu_limit_s: float, memory_limit_mb: int
) -> NoReturn:
    """The child: answer calls until the requests end. Exit 0: ended; 3: out of memory; a signal.

    Killed.
    """
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    gc.freeze()
    _limit_memory(memory_limit_mb << 20)
    _confine()
    with contextlib.suppress(EOFError, BrokenPipeError):
        for number, (function, arguments) in enumerate(_requests(requests)):
            if number % COLLECT_EVERY == 0:
                gc.collect()
            signal.setitimer(signal.ITIMER_PROF, cpu_limit_s)
            try:
                answer = msgpack.packb(
                    getattr(functions, function)(*arguments),
                    use_bin_type=True,
                    unicode_errors="replace",
                )
            except MemoryError:
                os._exit(3)
            except RecursionError:
                answer = msgpack.packb({"reason": "gate.structure"})
            except Exception:  # noqa: BLE001 - whatever a parser raises may quote the page: only the fact leaves
                os._exit(4)
            signal.setitimer(signal.ITIMER_PROF, 0)
            if len(answer) > ANSWER_BYTES:
                answer = msgpack.packb({"reason": "extract.memory"})
            write_frame(answers, answer)
    os._exit(0)


def _requests(stream: BinaryIO) -> Iterator[tuple[str, list[Any]]]:
    buffered = _Exact(stream)
    while True:
        function, arguments = msgpack.unpackb(read_frame(buffered), raw=False, strict_map_key=False)
        yield function, arguments


class _Exact:
    """Reads a raw stream and nothing ahead, so that the next child begins at the next frame."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw

    def read(self, size: int) -> bytes:
        parts, missing = [], size
        while missing:
            part = self._raw.read(missing)
            if not part:
                break
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)


def _confine() -> None:
    """Take from the child what no parser needs: files to write, many open ones, privileges.

    And somebody to talk to: what parsers print may quote the page.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(what, (most, most))
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def _limit_memory(allowance: int) -> None:
    """Let the address space grow by `allowance` bytes and no more (Linux)."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return
    limit = pages * resource.getpagesize() + allowance
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    # Nothing is left to do for the interpreter, which would take a tenth of a second to end.
    os._exit(_main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3])))
