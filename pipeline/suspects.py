"""Records that kill the process that works on them: found out, and set aside.

Pages are parsed in a killable child (`pipeline.sandbox`). The rest of a worker's native code, such
as readers of archives, language models and tokenisers, sees hostile bytes as well, and one that
dies there takes its worker along. So each task marks what it has in hand, in a mapped file that
outlives it. Where the next attempts find that the same batch was in hand at two deaths, they have
it worked on by a process of its own (`pipeline.examine`), record by record: a record at which that
dies twice is set aside, in the journal that replays read. Whoever is killed from outside is killed
elsewhere the next time, so no record is blamed for that.
"""

import contextlib
import hashlib
import json
import mmap
import os
import signal
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline import places, storage
from stages import read

MARK = struct.Struct("<6q")
"""Batch in hand (from 1), offset in hand (-1 for none), deaths, and the batch and offset of the
last death; a spare."""
DEATHS = 2
MAX_DEATHS = 100
"""Of examiners, in one attempt: a machine on which everything dies must not examine for ever."""
CRASH, TIMEOUT = "extract.crash", "extract.timeout"
EXAMINER = "pipeline.examine"
WALL_S = 1800
SLOW = (signal.SIGPROF, signal.SIGXCPU, signal.SIGALRM)


class Mark:
    """What a process has in hand, readable after its death."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as stream:
            stream.truncate(MARK.size)
            self._map = mmap.mmap(stream.fileno(), MARK.size)
        self.path = path
        self.batch, self.offset, self.deaths, self.last_batch, _, _ = MARK.unpack(self._map)

    def set(self, batch: int, offset: int) -> None:
        """Say what is in hand: nothing is written to the disk for it."""
        self.batch, self.offset = batch, offset
        MARK.pack_into(self._map, 0, batch, offset, self.deaths, self.last_batch, 0, 0)

    def count_death(self) -> None:
        """Note that whoever set the mark died, and begin anew."""
        self.deaths = self.deaths + 1 if self.batch == self.last_batch else 1
        self.last_batch = self.batch
        self.set(0, -1)

    def packed(self, batch: int) -> bytes:
        """The mark with this batch in hand, for `load`."""
        return MARK.pack(batch, -1, self.deaths, self.last_batch, 0, 0)

    def load(self, data: bytes) -> None:
        """Take over what an attempt elsewhere had in hand; what is no mark says nothing."""
        if len(data) == MARK.size:
            batch, offset, self.deaths, self.last_batch, _, _ = MARK.unpack(data)
            self.set(batch, offset)

    def remove(self) -> None:
        """Nothing is in hand any more."""
        self._map.close()
        self.path.unlink(missing_ok=True)


class Suspects:
    """One task's mark, and the records that are set aside, by offset.

    `journal` is where the latter outlive the task; where it is lost, they are found out again. The
    mark of a run in a store lies there too, written once a batch, for attempts on other machines.
    """

    def __init__(self, journal: places.Place, name: str) -> None:
        self._journal = journal
        self.aside = _read(journal)
        self._there: places.Remote | None = None
        if isinstance(journal, Path):
            self.mark = Mark(journal.parent / "marks" / name)
        else:
            self.mark = Mark(_folder(str(journal.parent)) / name)
            self._there = journal.parent / "marks" / name
            try:
                self.mark.load(self._there.read_bytes())
            except FileNotFoundError:
                self.mark.load(bytes(MARK.size))
        self._batch = 1

    def examine(self, request: dict[str, Any]) -> None:
        """After a second death with one batch in hand, find the record in it that is to blame.

        `request` is what `pipeline.examine` reads from its standard input.
        """
        if self.mark.batch:
            self.mark.count_death()
            if self.mark.deaths >= DEATHS:
                self._examine(request)
        if self._there is not None:  # what follows dies with the first batch in hand, if it does
            self._there.write_bytes(self.mark.packed(self._batch))

    def remove(self) -> None:
        """Nothing is in hand any more."""
        self.mark.remove()
        if self._there is not None:
            self._there.unlink(missing_ok=True)

    def _examine(self, request: dict[str, Any]) -> None:
        deaths: Counter[int] = Counter()
        own = Mark(self.mark.path.with_suffix(".examined"))
        while deaths.total() < MAX_DEATHS:
            own.set(0, -1)
            asked = {
                **request,
                "batch": self.mark.last_batch,
                "mark": str(own.path),
                "aside": list(self.aside.items()),
            }
            code = self._examiner(asked)
            own = Mark(own.path)
            if code >= 0 or own.offset < 0:
                break  # it got through, or died of what no record is to blame for
            deaths[own.offset] += 1
            if deaths[own.offset] == DEATHS:
                self._set_aside(own.offset, TIMEOUT if -code in SLOW else CRASH)
        own.remove()

    def _examiner(self, request: dict[str, Any]) -> int:
        """How an examiner ended: its exit code, or less than 0 by a signal."""
        command = [sys.executable, "-m", EXAMINER]
        with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as child:
            try:
                child.communicate(json.dumps(request), timeout=WALL_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                return -signal.SIGALRM
        return child.returncode

    def _set_aside(self, offset: int, reason: str) -> None:
        self.aside[offset] = reason
        storage.append_line(self._journal, json.dumps({"offset": offset, "reason": reason}))

    def begin(self, offset: int) -> bool:
        """Mark a record that is about to be parsed; whether it may be."""
        self.mark.set(self._batch, offset)
        return offset not in self.aside

    def watched(self, found: Iterator[read.Record]) -> Iterator[read.Record]:
        """The same records, those that are set aside with their reason as their problem."""
        for record in found:
            reason = self.aside.get(record.offset)
            yield record if reason is None else replace(record, kind="response", problem=reason)

    def staged(self) -> None:
        """The batch in hand is done, the next one is read."""
        self._batch += 1
        self.mark.set(self._batch, -1)
        if self._there is not None:
            self._there.write_bytes(self.mark.packed(self._batch))


def _folder(uri: str) -> Path:
    """Where this machine maps marks of a run in an object store."""
    digest = hashlib.sha256(uri.encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"weir-marks-{os.getuid()}" / digest


def _read(journal: places.Place) -> dict[int, str]:
    known: dict[int, str] = {}
    with contextlib.suppress(FileNotFoundError):
        for line in journal.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError, KeyError):  # a last line cut off by a crash
                entry = json.loads(line)
                if "offset" in entry:
                    known[int(entry["offset"])] = str(entry["reason"])
    return known
