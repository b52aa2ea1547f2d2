"""Requests to object stores and web servers: one store a host, one rate, one way to try again.

The only module that imports obstore. Credentials, endpoint and region come from the standard
AWS_* environment, which obstore reads; no message of ours holds an address with its query, or what
a server said.
"""

import contextlib
import functools
import hashlib
import os
import random
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import from_url

from stages.errors import ConfigError, ShardError, StoreError, TransientError

Answer = TypeVar("Answer")
SCHEMES = ("http", "https", "s3", "gs", "az")
STORES = ("s3", "gs", "az")
"""Schemes of places that can be written to."""
ACCESS = ("AWS_", "GOOGLE_", "AZURE_")
"""How names of the environment begin that say where stores are and who asks them."""
KEY_ID = "AWS_ACCESS_KEY_ID"
ATTEMPTS = 8
"""With waits that double from `FIRST_WAIT_S`: a store may be away for 25 s."""
FIRST_WAIT_S = 0.2
MAX_WAIT_S = 10.0
TIMEOUT_S = 60
"""For one request; the largest, a part of an upload or `MAX_READ_BYTES`, is 8 MB."""
READ_TIMEOUT_S = 10
"""Without a byte: a stalled connection is given up, and tried anew."""
GAP_BYTES = 1 << 18
"""Ranges that lie closer are read as one: 256 kB cost less than another request at 30 ms."""
MAX_READ_BYTES = 8 << 20
AT_ONCE = 16
"""Requests under way for one call of `ranges`."""
ENDS_BYTES = 32 << 20
"""Ends of opened objects, and small ones whole, that a process keeps while tasks work."""
PART_BYTES = 8 << 20
"""By default: what is larger is uploaded in parts of this size."""
REQUESTS_PER_SECOND = 250.0
"""By default, for one process and host. Common Crawl's bucket serves some thousand for everyone."""

NO_RANGE = "has no such range: it was cut or changed, or its server gives no ranges"

usage: Counter[str] = Counter()
"""Requests, bytes read and written, and retries of this process: `requests`, `retries`, ..."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a store says of an object; `modified` is the store's clock, not ours."""

    path: str
    size: int
    e_tag: str | None
    modified: datetime


class Taken(Exception):  # noqa: N818 - an answer, caught by whoever asked conditionally
    """An object was there already, or is not the one that was to be replaced."""


class Cut(ShardError):  # noqa: N818 - says what happened
    """An object ends before the range that was asked for, or its server knows no ranges."""


class Rate:
    """At most so many requests a second, evenly spread; threads wait their turn."""

    def __init__(self, per_second: float) -> None:
        self._every_s = 1 / per_second
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self, count: int = 1) -> None:
        """Return when it is this request's turn; `count` for one that stands for several."""
        with self._lock:
            now = time.monotonic()
            turn = max(self._next, now)
            self._next = turn + count * self._every_s
        if turn > now:
            time.sleep(turn - now)

    def hold(self, seconds: float) -> None:
        """Nobody's turn comes for a while: the server asked for it."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)


_rates: dict[str, Rate] = {}
_per_second = [REQUESTS_PER_SECOND]
_part_bytes = [PART_BYTES]
_lock = threading.Lock()


def limit(requests_per_second: float) -> None:
    """Ask each host at most so often from now on, in this process: a worker's share."""
    with _lock:
        if _per_second[0] != requests_per_second:
            _per_second[0] = requests_per_second
            _rates.clear()


def upload_by(part_bytes: int) -> None:
    """Upload what is larger in parts of this size from now on, in this process."""
    _part_bytes[0] = part_bytes


def rate_of(base: str) -> Rate:
    """The rate of one host or bucket."""
    with _lock:
        return _rates.setdefault(base, Rate(_per_second[0]))


def is_remote(uri: str) -> bool:
    """Whether the address needs a network client."""
    return urlsplit(uri).scheme in SCHEMES


def split(uri: str) -> tuple[str, str]:
    """Host or bucket with its scheme, and the path in it. ConfigError without either."""
    parts = urlsplit(uri)
    if not parts.netloc or parts.scheme not in SCHEMES:
        raise ConfigError(shown(uri), "names no bucket or host", "write it as s3://BUCKET/FOLDER")
    if "@" in parts.netloc:
        raise ConfigError(
            shown(uri), "holds a user name or password", "give credentials in the environment"
        )
    return f"{parts.scheme}://{parts.netloc}", parts.path.lstrip("/")


def shown(uri: str) -> str:
    """The address as messages name it: without user, password and query, where secrets lie."""
    return (
        urlsplit(uri)
        ._replace(query="", fragment="")
        .geturl()
        .replace(urlsplit(uri).netloc, urlsplit(uri).netloc.rpartition("@")[2])
    )


def access() -> dict[str, str]:
    """What this process's environment says of stores and how to reach them: for workers elsewhere.

    It holds secrets: nobody may log it.
    """
    return {name: value for name, value in os.environ.items() if name.startswith(ACCESS)}


def adopt(environment: Mapping[str, str]) -> None:
    """Reach stores as the process does whose `access` this is, as far as it says anything.

    Where it names a key, nothing is left of another: a token of one does not go with another's key.
    A path is taken where this machine has none of its own: files of credentials are of a machine.
    """
    taken = {
        name: value
        for name, value in environment.items()
        if not value.startswith("/") or name not in os.environ
    }
    if taken.items() <= os.environ.items():
        return
    if KEY_ID in taken:
        for name in access():
            if name.startswith("AWS_") and name not in environment:
                del os.environ[name]
    os.environ.update(taken)
    store.cache_clear()


@functools.lru_cache(maxsize=64)
def store(base: str, retries: int = 0) -> Any:
    """The client of one host or bucket; connections are kept. ConfigError if it cannot be made."""
    http: Any = {
        "allow_http": True,
        "timeout": timedelta(seconds=TIMEOUT_S),
        "read_timeout": timedelta(seconds=READ_TIMEOUT_S),
        "connect_timeout": timedelta(seconds=5),
    }
    try:
        return from_url(base, client_options=http, retry_config={"max_retries": retries})
    except (BaseError, ValueError, OSError) as error:
        raise ConfigError(
            base,
            f"no client can be made ({type(error).__name__})",
            "set AWS_REGION, AWS_ENDPOINT_URL and credentials in the environment",
        ) from None


def call(base: str, key: str, ask: Callable[[], Answer], count: int = 1) -> Answer:
    """What `ask` gives, tried again after failures of store or network, at the host's rate.

    FileNotFoundError for what is not there, TransientError if it is forbidden, StoreError if it
    does not get better, `Taken` if a condition did not hold, `Cut` for a range that is not there.
    """
    where, rate = f"{base}/{key}", rate_of(base)
    for attempt in range(1, ATTEMPTS + 1):
        rate.wait(count)
        usage["requests"] += count
        try:
            return ask()
        except FileNotFoundError:
            raise FileNotFoundError(where) from None  # without what the server said
        except (AlreadyExistsError, PreconditionError):
            raise Taken(where) from None
        except (PermissionDeniedError, UnauthenticatedError):
            raise TransientError(  # nothing may be recorded as read, or as unreadable
                where,
                "permission denied by the store; check AWS_ACCESS_KEY_ID, AWS_REGION and the "
                "bucket's policy, then run the command again",
            ) from None
        except (BaseError, OSError, _Short) as error:
            if "status code: 416" in str(error) or "non-partial" in str(error):
                raise Cut(where, NO_RANGE) from None
            if attempt == ATTEMPTS:
                raise StoreError(
                    where,
                    f"the store failed {ATTEMPTS} times in a row ({_kind(error)}); "
                    "run the same command again to resume",
                ) from None
            usage["retries"] += 1
            pause = min(MAX_WAIT_S, FIRST_WAIT_S * 2 ** (attempt - 1)) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
            if "503" in str(error) or "429" in str(error):
                rate.hold(pause)
            time.sleep(pause)
    raise AssertionError("unreachable")


class _Short(Exception):  # noqa: N818 - never leaves this module
    """A body ended before its time."""


def _kind(error: Exception) -> str:
    """What failed, in a word: what the server wrote stays out of messages."""
    text = str(error)
    for sign, word in (("503", "503 slow down"), ("500", "500"), ("timed out", "timeout")):
        if sign in text:
            return word
    return "body cut short" if isinstance(error, _Short) else "connection failed"


def head(uri: str) -> Facts | None:
    """What is known of an object; None if there is none."""
    base, key = split(uri)
    try:
        return _facts(call(base, key, lambda: obstore.head(store(base), unquote(key))))
    except FileNotFoundError:
        return None


def _facts(meta: Any) -> Facts:
    return Facts(meta["path"], meta["size"], meta.get("e_tag"), meta["last_modified"])


def read_range(uri: str, start: int, end: int) -> bytes:
    """The bytes from start to end. FileNotFoundError without the object, `Cut` if it is short."""
    base, key = split(uri)
    if end <= start:
        return b""

    def ask() -> bytes:
        answer = obstore.get(store(base), unquote(key), options={"range": (start, end)})
        if answer.meta["size"] < end:
            raise Cut(f"{base}/{key}", NO_RANGE)
        data = bytes(answer.bytes())
        if len(data) != end - start:
            raise _Short
        return data

    data = call(base, key, ask)
    usage["bytes_read"] += len(data)
    return data


def read(uri: str) -> bytes:
    """A whole small object. FileNotFoundError without it."""
    return read_known(uri)[0]


def read_known(uri: str) -> tuple[bytes, str]:
    """A whole small object and its ETag, by one request. FileNotFoundError without it."""
    base, key = split(uri)

    def ask() -> tuple[bytes, str]:
        answer = obstore.get(store(base), unquote(key))
        size = answer.meta["size"]
        data = bytes(answer.bytes())
        if len(data) != size:
            raise _Short
        return data, answer.meta.get("e_tag") or ""

    data, e_tag = call(base, key, ask)
    usage["bytes_read"] += len(data)
    return data, e_tag


class Ends:
    """Ends of objects that tasks have opened: committed files are opened again and again.

    Only inside `kept` is anything taken from here: nobody changes a run while its tasks work. What
    this process writes is forgotten.
    """

    def __init__(self, max_bytes: int = ENDS_BYTES) -> None:
        self.max_bytes = max_bytes
        self._found: OrderedDict[str, tuple[int, bytes]] = OrderedDict()
        self._total = 0
        self._is_kept = False
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """While a task works: what is opened is kept, and found again."""
        self._is_kept = True
        try:
            yield
        finally:
            self._is_kept = False

    def get(self, uri: str) -> tuple[int, bytes] | None:
        """Size and last bytes, or all bytes, of an object that was opened before."""
        with self._lock:
            if not self._is_kept or uri not in self._found:
                return None
            self._found.move_to_end(uri)
            return self._found[uri]

    def put(self, uri: str, size: int, data: bytes) -> None:
        """Keep the last bytes of an object, or all of them."""
        if not self._is_kept:
            return
        self.forget(uri)
        with self._lock:
            self._found[uri] = size, data
            self._total += len(data)
            while self._total > self.max_bytes:
                _, (_, old) = self._found.popitem(last=False)
                self._total -= len(old)

    def forget(self, uri: str) -> None:
        """The object is changed, or is no more."""
        with self._lock:
            self._total -= len(self._found.pop(uri, (0, b""))[1])


ends = Ends()


def tail(uri: str, count: int) -> tuple[int, bytes]:
    """Size of an object and its last bytes, by one request. FileNotFoundError without it."""
    if (known := ends.get(uri)) is not None:
        return known
    base, key = split(uri)

    def ask() -> tuple[int, bytes]:
        answer = obstore.get(store(base), unquote(key), options={"range": {"suffix": count}})
        size, data = answer.meta["size"], bytes(answer.bytes())
        if len(data) != min(size, count):
            raise _Short
        return size, data

    try:
        size, data = call(base, key, ask)
    except Cut:  # an empty object has no last bytes
        there = head(uri)
        return (there.size if there is not None else 0), b""
    usage["bytes_read"] += len(data)
    ends.put(uri, size, data)
    return size, data


def ranges(
    uri: str, starts: Sequence[int], ends: Sequence[int], gap_bytes: int = GAP_BYTES
) -> list[bytes]:
    """The bytes of each range [start, end), in the order asked for.

    Ranges no further apart than `gap_bytes` are read by one request of at most `MAX_READ_BYTES` (or
    as long as the longest range), `AT_ONCE` requests at a time. FileNotFoundError without the
    object, `Cut` if it ends before.
    """
    order = sorted(range(len(starts)), key=lambda at: (starts[at], ends[at]))
    spans = list(coalesced([(starts[at], ends[at]) for at in order], gap_bytes))
    found: list[bytes] = [b""] * len(order)
    if len(spans) == 1:
        parts: Iterator[bytes] = iter([read_range(uri, *spans[0][:2])])
    else:
        pool = _pool()
        parts = pool.map(lambda span: read_range(uri, *span[:2]), spans)
    first = 0
    for (start, _, count), data in zip(spans, parts, strict=True):
        for at in order[first : first + count]:
            found[at] = data[starts[at] - start : ends[at] - start]
        first += count
    return found


def coalesced(
    wanted: Sequence[tuple[int, int]], gap_bytes: int = GAP_BYTES
) -> Iterator[tuple[int, int, int]]:
    """(start, end, ranges in it) of each request for ranges in ascending order."""
    start = end = count = 0
    for a, b in wanted:
        if count and (a > end + gap_bytes or max(end, b) - start > MAX_READ_BYTES):
            yield start, end, count
            count = 0
        if not count:
            start, end = a, b
        end, count = max(end, b), count + 1
    if count:
        yield start, end, count


@functools.lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="ranges")


def at_once(ask: Callable[[Any], Answer], items: Sequence[Any]) -> Iterator[Answer]:
    """`ask` of each item, in their order, `AT_ONCE` at a time."""
    return _pool().map(ask, items)


def write(
    uri: str, data: bytes | Path, *, only_new: bool = False, replacing: str | None = None
) -> str:
    """Write an object whole or not at all; its ETag.

    `only_new`: `Taken` if there is one, unless it has the same bytes (a write whose answer was lost
    finds its own). `replacing`: `Taken` unless the object there has this ETag.
    """
    ends.forget(uri)
    base, key = split(uri)
    size = data.stat().st_size if isinstance(data, Path) else len(data)
    is_plain = not only_new and replacing is None
    part_bytes = _part_bytes[0]
    parts = 1 if not is_plain or size <= part_bytes else 2 + -(-size // part_bytes)
    mode: Any = "create" if only_new else "overwrite"
    if replacing is not None:
        mode = {"e_tag": replacing}

    def ask() -> Any:
        return obstore.put(
            # Parts of a large upload are tried again one by one; the rest only by `call`.
            store(base, 3 if parts > 1 else 0),
            unquote(key),
            data,
            mode=mode,
            use_multipart=parts > 1,
            chunk_size=part_bytes,
        )

    try:
        e_tag = call(base, key, ask, parts).get("e_tag")
    except Taken:
        if not only_new and replacing is None:
            raise
        there, wanted = read(uri), data.read_bytes() if isinstance(data, Path) else data
        if hashlib.sha256(there).digest() != hashlib.sha256(wanted).digest():
            raise
        known = head(uri)
        e_tag = known.e_tag if known is not None else None
    usage["bytes_written"] += size
    return e_tag or ""


def delete(uris: Sequence[str]) -> None:
    """Remove objects; those that are not there are no error."""
    for uri in uris:
        ends.forget(uri)
        base, key = split(uri)
        try:
            call(base, key, lambda base=base, key=key: obstore.delete(store(base), unquote(key)))  # type: ignore[misc]
        except FileNotFoundError:
            continue


def listing(uri: str) -> list[Facts]:
    """Every object below an address, by name; the paths are whole ones in the bucket."""
    base, key = split(uri)

    def ask() -> list[Facts]:
        found: list[Facts] = []
        for page in obstore.list(store(base), prefix=unquote(key).rstrip("/") or None):
            usage["requests"] += 1
            found.extend(_facts(meta) for meta in page)
        return found

    return sorted(call(base, key, ask), key=lambda facts: facts.path)


def download(uri: str, target: Path, size: int) -> None:
    """Copy an object into a file, `MAX_READ_BYTES` at a time, several at once."""
    cuts = [*range(0, size, MAX_READ_BYTES), size]
    with target.open("wb") as stream:
        for first in range(0, len(cuts) - 1, AT_ONCE):
            spans = list(pairwise(cuts[first : first + AT_ONCE + 1]))
            for data in at_once(lambda span: read_range(uri, *span), spans):
                stream.write(data)
