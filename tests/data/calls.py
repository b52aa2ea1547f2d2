"""Functions for the sandbox to call: good ones, and every way to die. Imported by its helper."""

import contextlib
import ctypes
import os
import re
import resource
import signal
import sys
import time

MIB = 1 << 20


def echo(*values: object) -> dict[str, object]:
    return {"values": list(values)}


def surrogate() -> dict[str, object]:
    return {"text": "a\ud800b"}


def pid() -> dict[str, object]:
    return {"child": os.getpid(), "helper": os.getppid()}


def loop_in_python() -> dict[str, object]:
    while True:
        pass


def loop_in_c() -> dict[str, object]:
    """A catastrophic pattern: one call of C code that looks at no signal of Python's."""
    re.match(r"(a+)+$", "a" * 64 + "b")
    return {}


def use_cpu(seconds: float) -> dict[str, object]:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return {"used": seconds}


def allocate(mib: int) -> dict[str, object]:
    block = bytearray(mib * MIB)
    return {"size": len(block)}


def answer_of(mib: int) -> dict[str, object]:
    return {"text": b"x" * (mib * MIB)}


def leave(code: int) -> None:
    os._exit(code)


def segfault() -> None:
    ctypes.string_at(1)


def kill(number: int) -> None:
    os.kill(os.getpid(), number)


def raise_error() -> None:
    message = "secret text of a page"
    raise ValueError(message)


def recurse() -> dict[str, object]:
    return recurse()


def chatter() -> dict[str, object]:
    """Write to standard output in every way: none may reach the frames of the answers."""
    sys.stdout.write("printed\n" * 100)
    sys.stdout.flush()
    os.write(1, b"\x00\x01\x02\x03 raw bytes\n")
    return {"printed": True}


def answer_no_mapping() -> list[int]:
    return [1, 2]


def forge_frame() -> dict[str, object]:
    """Write rubbish on every descriptor, as a subverted child might."""
    for descriptor in range(3, 30):
        try:
            os.write(descriptor, b"\xff" * 64)
        except OSError:
            continue
    return {}


def kill_helper() -> dict[str, object]:
    os.kill(os.getppid(), signal.SIGKILL)
    return loop_in_python()


def killed_first(path: str, begun: int) -> dict[str, object]:
    """Killed from outside the first time, when so many bytes of an answer of 64 were written."""
    if not os.path.exists(path):
        os.close(os.open(path, os.O_CREAT))
        if begun:
            frame = b"\x40\0\0\0" + b"\x81" * 60
            answers = max(d for d in range(3, 10) if _is_pipe(d))  # requests come before it
            os.write(answers, frame[:begun])
        os.kill(os.getpid(), signal.SIGKILL)
    return {"value": "whole"}


def _is_pipe(descriptor: int) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}").startswith("pipe:")
    except OSError:
        return False


def write_file(path: str) -> dict[str, object]:
    try:
        with open(path, "wb") as stream:
            stream.write(b"x" * 10_000)
    except OSError as error:
        return {"error": type(error).__name__}
    return {"written": path}


def open_files(count: int) -> dict[str, object]:
    opened: list[int] = []
    with contextlib.suppress(OSError):
        while len(opened) < count:
            opened += [os.open("/dev/null", os.O_RDONLY)]
    for descriptor in opened:
        os.close(descriptor)
    return {"opened": len(opened)}


def limits() -> dict[str, object]:
    with open("/proc/self/status", encoding="ascii") as stream:
        status = dict(line.split(":", 1) for line in stream)
    return {
        "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
        "new_privileges": status["NoNewPrivs"].strip() != "1",
    }


def answer_in_part() -> None:
    """The head of a frame, and nothing after it."""
    for descriptor in range(3, 30):
        try:
            os.write(descriptor, b"\xff\x00\x00\x00half")
        except OSError:
            continue
    time.sleep(60)


def do(name: str, *arguments: object) -> object:
    """Any of these, for calls of several in a row."""
    return globals()[name](*arguments)
