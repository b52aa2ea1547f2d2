"""Whether an object store does what commits need of it: conditional writes above all."""

import secrets
from collections.abc import Iterator

from pipeline import remote
from pipeline.checks import FAIL, OK, Check
from pipeline.disk_checks import clock
from stages.errors import CurationError

CONTENT = bytes(range(256)) * 16
FIRST, LAST = 100, 164


def of(uri: str) -> Iterator[Check]:
    """Checks of the prefix where a run is to lie; one small object is written and removed."""
    shown = remote.shown(uri)
    trial = f"{uri.rstrip('/')}/.weir-doctor-{secrets.token_hex(8)}"
    try:
        remote.write(trial, CONTENT, only_new=True)
    except (CurationError, OSError) as error:
        remedy = "look at bucket, region, endpoint and credentials (docs/operations.md)"
        yield Check("store", FAIL, f"{shown} cannot be written to ({_why(error)})", remedy)
        return
    try:
        yield Check("store", OK, f"{shown} can be written to")
        yield _conditional(trial)
        yield from _reads(uri, trial)
    finally:
        removed = _removed(trial)
    yield removed


def _conditional(trial: str) -> Check:
    """Whether a second write of a new object is refused: all commits rest on it."""
    name = "conditional write"
    try:
        remote.write(trial, CONTENT + b"another", only_new=True)
    except remote.Taken:
        return Check(name, OK, "If-None-Match is heeded")
    except (CurationError, OSError) as error:
        found = f"is answered with {_why(error)}"
        return Check(name, FAIL, found, "use a store that knows If-None-Match")
    found = "an object was replaced, in spite of If-None-Match"
    return Check(name, FAIL, found, "two drivers could mix their commits: use another store")


def _reads(uri: str, trial: str) -> Iterator[Check]:
    try:
        part = remote.ranges(trial, [FIRST], [LAST])[0]
        state = OK if part == CONTENT[FIRST:LAST] else FAIL
        found = "gives the bytes that are asked for" if state == OK else "gives other bytes"
        yield Check("range read", state, found, "" if state == OK else "use another store")
        listed = any(trial.endswith(one.path.rpartition("/")[2]) for one in remote.listing(uri))
        state = OK if listed else FAIL
        found = "names what was written" if listed else "lacks what was just written"
        remedy = "" if listed else "allow ListBucket; resuming needs lists that are up to date"
        yield Check("list", state, found, remedy)
        facts = remote.head(trial)
        if facts is not None:
            yield clock(facts.modified.timestamp(), "the store's clock")
    except (CurationError, OSError) as error:
        yield Check("range read", FAIL, f"fails ({_why(error)})", "allow GetObject and ListBucket")


def _removed(trial: str) -> Check:
    try:
        remote.delete([trial])
        gone = remote.head(trial) is None
    except (CurationError, OSError) as error:
        return Check("delete", FAIL, f"fails ({_why(error)})", "allow DeleteObject")
    return (
        Check("delete", OK, "works") if gone else Check("delete", FAIL, "the object is still there")
    )


def _why(error: Exception) -> str:
    """The kind of an error, or its problem: texts of stores quote signed addresses."""
    return str(getattr(error, "problem", type(error).__name__))
