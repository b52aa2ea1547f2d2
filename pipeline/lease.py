"""A run's lease in an object store: one driver at a time, or the jobs of one array together.

Each driver keeps an object in `journal/leases/` and renews it. Who wants the lease writes his own
first, then lists the folder: he has it unless a live one excludes him. Of two that begin together
at least one sees the other, so that never both go on (both may be refused). A lease is dead once
it is older than `LIFETIME_S` by the times in that one listing: the store's clock alone, so the
clocks of drivers do not matter.
"""

import contextlib
import json
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta

from pipeline import remote
from pipeline.places import Remote
from stages.errors import ConfigError, LeaseError, TransientError

LIFETIME_S = 120
RENEW_S = 20
FOLDER = "journal/leases"


class _Held:
    """A lease that is held: renewed by a thread, and what became of it."""

    def __init__(self, run: Remote, mine: Remote, told: bytes) -> None:
        self.run, self.mine, self.told = run, mine, told
        self.e_tag = remote.write(str(mine), told)
        self.renewed = time.monotonic()
        self.lost = ""
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._renew, daemon=True)

    def _renew(self) -> None:
        """Write the lease again until it is over; one that is lost stops the run.

        What the run commits stays right even then, since commits are conditional.
        """
        while not self.ended.wait(RENEW_S):
            try:
                began = time.monotonic()
                self.e_tag = remote.write(str(self.mine), self.told, replacing=self.e_tag)
                self.renewed = began
            except (remote.Taken, FileNotFoundError):
                self._lose("was taken by another driver, which found it to be dead")
                return
            except TransientError as error:
                if time.monotonic() - self.renewed > LIFETIME_S:
                    self._lose(f"could not be renewed for {LIFETIME_S} s ({error})")
                    return

    def _lose(self, how: str) -> None:
        # The first stage: what runs is finished. To the main thread, which may be waiting: a signal
        # raised in this one would not wake it.
        self.lost = how
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    def error(self) -> LeaseError:
        """What to say of it."""
        return LeaseError(
            str(self.run),
            f"its lease {self.lost}; nothing committed is lost; see who has it with: "
            f"weir status {self.run}; go on with: weir run {self.run}",
        )


@contextlib.contextmanager
def hold(run: Remote, shared: bool) -> Iterator[None]:
    """Hold the run's lease; jobs of an array share it.

    ConfigError if it is taken. LeaseError if it is lost meanwhile: at the end, or at once where
    nobody handles signals.
    """
    kind = "shared" if shared else "alone"
    mine = run / FOLDER / f"{kind}-{secrets.token_hex(8)}.json"
    told = json.dumps({"host": socket.gethostname(), "pid": os.getpid()}).encode()
    held = _Held(run, mine, told)
    try:
        live = living(run, mine)
        others = [o for o in live if o != mine and not (shared and o.name.startswith("shared-"))]
        if others:
            raise ConfigError(
                str(run),
                f"is being run by another process, or one died less than {LIFETIME_S} s ago",
                f"watch it with: weir status {run}; {_left(run, mine, others)}",
            )
        held.thread.start()
        try:
            with _heard(held):
                yield
        finally:
            held.ended.set()
            held.thread.join()
        if held.lost:
            raise held.error()
    finally:
        with contextlib.suppress(TransientError):  # it ends by itself; more was said before
            remote.delete([str(mine)])


@contextlib.contextmanager
def _heard(held: _Held) -> Iterator[None]:
    """Have the loss of the lease raise LeaseError, where SIGTERM would end the process unheard."""
    is_main = threading.current_thread() is threading.main_thread()
    is_ours = is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    _all.append(held)
    if is_ours:
        signal.signal(signal.SIGTERM, _handle)
    try:
        yield
    finally:
        _all.remove(held)
        if is_ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


_all: list[_Held] = []
"""Of this process: a run's, and those of its dataset."""


def _handle(number: int, frame: object) -> None:
    del frame
    for held in _all:
        if held.lost:
            raise held.error()
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


def living(run: Remote, mine: Remote | None = None) -> list[Remote]:
    """Leases that are not dead, by the store's clock; the dead are removed if one is mine.

    Without a lease of one's own there is no such clock: all count as living.
    """
    found = dict((run / FOLDER).below())
    if mine is None:
        return list(found)
    if mine not in found:
        raise TransientError(str(run), "its lease is gone; run the same command again to resume")
    now = found[mine].modified
    dead = [
        place
        for place, facts in found.items()
        if now - facts.modified > timedelta(seconds=LIFETIME_S)
    ]
    remote.delete([str(place) for place in dead])
    return [place for place in found if place not in dead]


def _left(run: Remote, mine: Remote, others: Sequence[Remote]) -> str:
    """Who holds the lease that excludes mine, when it ends by the store's clock, what to do."""
    found = {place: facts.modified for place, facts in (run / FOLDER).below()}
    there = [place for place in others if place in found]
    if mine not in found or not there:
        return "it has just ended: run the same command again"
    last = max(there, key=lambda place: found[place])
    age = max(0, round((found[mine] - found[last]).total_seconds()))
    left = max(0, LIFETIME_S - age)
    return (
        f"{_holder(last)} renewed its lease {age} s ago; it ends in {left} s unless it is renewed "
        f"again: then the same command takes over. At once, if that process is known to be dead: "
        f"remove {last}"
    )


def _holder(place: Remote) -> str:
    """Host and process that wrote a lease, as far as it says so."""
    with contextlib.suppress(FileNotFoundError, ValueError, KeyError, TypeError):
        told = json.loads(place.read_bytes())
        return f"process {int(told['pid'])} on {str(told['host'])[:64]!r}"
    return "another driver"
