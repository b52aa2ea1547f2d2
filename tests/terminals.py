"""Commands on a pseudo-terminal: what a person would see, and what is left of the terminal."""

import codecs
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATIENCE_S = 60.0


@contextmanager
def heeding_ctrl_c() -> Iterator[None]:
    """A program begun meanwhile heeds SIGINT, also where we run in a background that ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Terminal:
    """`weir` on a pseudo-terminal of its own."""

    def __init__(self, words: list[str], size: tuple[int, int] = (80, 24), **env: str) -> None:
        self.ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (size[1], size[0]))
        self.before = termios.tcgetattr(theirs)
        self.theirs = theirs
        # Its size speaks, not what the terminal of the tests says of itself.
        kept = {name: v for name, v in os.environ.items() if name not in ("COLUMNS", "LINES")}
        with heeding_ctrl_c():
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pipeline.cli", *words],
                cwd=ROOT,
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                env={**kept, "TERM": "xterm-256color", "CI": "", **env},
                start_new_session=True,
            )
        self.said = ""
        self._text = codecs.getincrementaldecoder("utf-8")()

    def until(self, is_there: Callable[[str], bool]) -> str:
        """What was written since the last call, once it holds what is waited for."""
        found, deadline = "", time.monotonic() + PATIENCE_S
        while not is_there(found):
            assert time.monotonic() < deadline, f"not said: {found!r}"
            if select.select([self.ours], [], [], 0.1)[0]:
                found += self._text.decode(os.read(self.ours, 65536))
        self.said += found
        return found

    def press(self, keys: str) -> None:
        os.write(self.ours, keys.encode())

    def end(self) -> int:
        """Exit code, once everything that was written is in `said`."""
        code: int = self.process.wait(PATIENCE_S)
        while select.select([self.ours], [], [], 0.1)[0]:
            self.said += self._text.decode(os.read(self.ours, 65536))
        return code

    def is_as_before(self) -> bool:
        return bool(termios.tcgetattr(self.theirs) == self.before)
