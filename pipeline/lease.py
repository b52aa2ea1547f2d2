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
from collections.abc import Iterator
from datetime import timedelta

from pipeline import remote
from pipeline.places import Remote
from stages.errors import ConfigError, TransientError

LIFETIME_S = 120
RENEW_S = 20
FOLDER = "journal/leases"


@contextlib.contextmanager
def hold(run: Remote, shared: bool) -> Iterator[None]:
    """Hold the run's lease; jobs of an array share it. ConfigError if it is taken."""
    kind = "shared" if shared else "alone"
    mine = run / FOLDER / f"{kind}-{secrets.token_hex(8)}.json"
    told = json.dumps({"host": socket.gethostname(), "pid": os.getpid()}).encode()
    e_tag = remote.write(str(mine), told)
    try:
        live = living(run, mine)
        if any(
            other != mine and not (shared and other.name.startswith("shared-")) for other in live
        ):
            raise ConfigError(
                str(run),
                f"is being run by another process, or one died less than {LIFETIME_S} s ago",
                f"watch it with: weir status {run}; {_left(run, mine)}",
            )
        ended = threading.Event()
        renewal = threading.Thread(target=_renew, args=(mine, told, e_tag, ended), daemon=True)
        renewal.start()
        try:
            yield
        finally:
            ended.set()
            renewal.join()
    finally:
        remote.delete([str(mine)])


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


def _left(run: Remote, mine: Remote) -> str:
    """When the lease that excludes mine was renewed, and when it ends, by the store's clock."""
    found = {place: facts.modified for place, facts in (run / FOLDER).below()}
    others = [modified for place, modified in found.items() if place != mine]
    if mine not in found or not others:
        return "it has just ended: run the same command again"
    age = max(0, round((found[mine] - max(others)).total_seconds()))
    left = max(0, LIFETIME_S - age)
    return f"its lease was renewed {age} s ago and ends in {left} s unless it is renewed again"


def _renew(mine: Remote, told: bytes, e_tag: str, ended: threading.Event) -> None:
    """Write the lease again until it is over; one that was taken away stops the run.

    What the run commits stays right even then, since commits are conditional.
    """
    while not ended.wait(RENEW_S):
        try:
            e_tag = remote.write(str(mine), told, replacing=e_tag)
        except (remote.Taken, FileNotFoundError):
            # The first stage: what runs is finished. To the main thread, which may be waiting: a
            # signal raised in this one would not wake it.
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
            return
        except TransientError:
            continue  # the store is away; the lease may outlive that
