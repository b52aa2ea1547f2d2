"""Files that a site publishes for machines, by URL: robots.txt, tdmrep.json, ai.txt, RSL documents.

A table of millions of them lies in files that are mapped, sorted by a 128-bit key of the URL and
cut into parts of the key's range; what the files say is kept once for all that say the same. A
lookup touches a few pages and follows redirects inside the table. So nothing is loaded, and what a
task reads grows with the hosts that it asks for.
"""

import functools
import hashlib
import zlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol
from urllib.parse import urlsplit, urlunsplit

import numpy as np
from numpy.typing import NDArray

from filters.sorted_keys import SortedKeys

MAX_REDIRECTS: Final = 5
"""RFC 9309, 2.3.1.2: at least five consecutive redirects should be followed."""
MAX_URL_CHARS: Final = 4000
MAX_CONTENT_CHARS: Final = 64 << 20
"""Of what a file says, as ASCII JSON; the largest that is read, a tdmrep.json, has 16 MiB."""
ROBOTS: Final = "/robots.txt"

STATUSES: Final = (
    "rules",
    "redirect",
    "empty",
    "not_robots",
    "not_text",
    "unreadable",
    "none",
    "unreachable",
)
"""What a fetch gave, by its code in tables; of several fetches of a URL the first status counts.

`rules`: the file says something; `empty`: it does not; `not_robots`: a web page; `not_text`: no
text; `unreadable`: its parser was killed; `none`: 4xx but 429; `unreachable`: 429, 5xx or no
answer.
"""
CIRCLE, OUTSIDE, LIMIT = "redirect_circle", "redirect_outside", "redirect_limit"
UNKNOWN = "unknown"
"""What only following finds: redirects in a circle, out of the table, or more than five of them;
and no such URL in the table."""
UNDATED: Final = -1


@dataclass(frozen=True, slots=True)
class SiteFile:
    """What is known of a file, at the end of its redirects."""

    status: str
    """Of `STATUSES` but `redirect`, or one of the four that following finds."""
    fetched_at: str | None = None
    """ISO 8601, UTC, to the second."""
    sha256: str | None = None
    """Of the file's bytes; None where there were none."""
    content: str | None = None
    """What the parser made of it, as JSON; None without any."""
    hops: int = 0
    """Redirects that were followed."""
    scheme: str = ""
    """Of the URL that was asked for: of http and https one may answer for the other."""


def canonical(url: str) -> str | None:
    """The URL as tables know it: scheme and host in lower case, no default port, no fragment.

    None for what is no http(s) address, or a URL that is too long.
    """
    if len(url) > MAX_URL_CHARS:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in ("http", "https") or not host:
        return None
    if ":" in host:
        host = f"[{host}]"
    if port and port != {"http": 80, "https": 443}[parts.scheme]:
        host = f"{host}:{port}"
    return urlunsplit((parts.scheme, host, parts.path or "/", parts.query, ""))


def key_of(url: str) -> tuple[int, int]:
    """Key and check of a canonical URL: the halves of its blake2b-128."""
    return digest_of(url.encode("utf-8", "surrogatepass"))


def digest_of(data: bytes) -> tuple[int, int]:
    """The halves of a blake2b-128."""
    digest = hashlib.blake2b(data, digest_size=16).digest()
    return int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:], "big")


class Bytes(Protocol):
    """Values of a column of bytes, by place."""

    def __getitem__(self, at: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a table: columns of the URLs whose keys lie in [low, high)."""

    low: int
    high: int
    key: NDArray[np.uint64]
    check: NDArray[np.uint64]
    status: NDArray[np.uint8]
    fetched_at: NDArray[np.int64]
    target_key: NDArray[np.uint64]
    target_check: NDArray[np.uint64]
    content_key: NDArray[np.uint64]
    content_check: NDArray[np.uint64]
    sha256: Bytes


@dataclass(frozen=True, slots=True)
class Contents:
    """One part of what the files say: packed JSON by the digest of the JSON."""

    low: int
    high: int
    key: NDArray[np.uint64]
    check: NDArray[np.uint64]
    packed: Bytes


class SiteFiles:
    """The whole table, looked up by URL. Parts are in the order of their ranges."""

    def __init__(self, parts: Sequence[Part], contents: Sequence[Contents]) -> None:
        self._parts, self._contents = parts, contents
        self._lows = [part.low for part in parts]
        self._keys = [SortedKeys(part.key, part.low, part.high) for part in parts]
        self._content_lows = [part.low for part in contents]
        self._content_keys = [SortedKeys(part.key, part.low, part.high) for part in contents]
        self.content = functools.lru_cache(maxsize=4096)(self._content)
        self._robots = functools.lru_cache(maxsize=65_536)(self._robots_of)

    def __len__(self) -> int:
        return sum(map(len, self._keys))

    def robots(self, url: str) -> SiteFile:
        """The robots.txt that holds for a page.

        The one of the page's scheme, host and port speaks if it has rules or is empty. Else, on
        default ports, the other scheme's does if it has rules: crawlers fetch one of the two, and a
        reservation there is not to be missed. `scheme` of the answer says whose it is.
        """
        address = canonical(url)
        if address is None:
            return SiteFile(UNKNOWN)
        scheme, _, rest = address.partition("://")
        return self._robots(scheme, rest.partition("/")[0])

    def _robots_of(self, scheme: str, host: str) -> SiteFile:
        own = self.find(f"{scheme}://{host}{ROBOTS}")
        if own.status in ("rules", "empty") or ":" in host.rpartition("]")[2]:
            return own
        other = self.find(f"{'http' if scheme == 'https' else 'https'}://{host}{ROBOTS}")
        if other.status == "rules" or own.status == UNKNOWN:
            return other if other.status != UNKNOWN else own
        return own

    def find(self, url: str) -> SiteFile:
        """The file at a URL, its redirects followed inside the table."""
        address = canonical(url)
        if address is None:
            return SiteFile(UNKNOWN)
        scheme = address.partition(":")[0]
        wanted = key_of(address)
        seen: list[tuple[int, int]] = []
        fetched_at = None
        while True:
            found = self._place(*wanted)
            if found is None:
                if seen:
                    return SiteFile(OUTSIDE, fetched_at, None, None, len(seen), scheme)
                return SiteFile(UNKNOWN, scheme=scheme)
            part, at = found
            fetched_at = _time(int(part.fetched_at[at]))
            status = STATUSES[part.status[at]]
            if status != "redirect":
                return self._file(part, at, status, len(seen), scheme)
            seen.append(wanted)
            wanted = int(part.target_key[at]), int(part.target_check[at])
            if wanted in seen:
                return SiteFile(CIRCLE, fetched_at, None, None, len(seen), scheme)
            if len(seen) > MAX_REDIRECTS:
                return SiteFile(LIMIT, fetched_at, None, None, len(seen), scheme)

    def _file(self, part: Part, at: int, status: str, hops: int, scheme: str) -> SiteFile:
        sha256 = part.sha256[at]
        return SiteFile(
            status,
            _time(int(part.fetched_at[at])),
            sha256.hex() if any(sha256) else None,
            self.content(int(part.content_key[at]), int(part.content_check[at])),
            hops,
            scheme,
        )

    def _place(self, key: int, check: int) -> tuple[Part, int] | None:
        number = bisect_right(self._lows, key) - 1
        if number < 0:
            return None
        part = self._parts[number]
        at = _look(self._keys[number], part.key, part.check, key, check)
        return None if at < 0 else (part, at)

    def _content(self, key: int, check: int) -> str | None:
        number = bisect_right(self._content_lows, key) - 1
        if number < 0 or (key, check) == (0, 0):
            return None
        part = self._contents[number]
        at = _look(self._content_keys[number], part.key, part.check, key, check)
        return None if at < 0 else unpacked(part.packed[at])


def _look(
    keys: SortedKeys,
    of: NDArray[np.uint64],
    checks: NDArray[np.uint64],
    key: int,
    check: int,
) -> int:
    """Place of a key with its check, or -1; keys that collide stand side by side."""
    at = keys.find(key)
    while 0 <= at < len(of) and int(of[at]) == key:
        if int(checks[at]) == check:
            return at
        at += 1
    return -1


def packed(content: str) -> bytes:
    """JSON as tables hold it: files of 1.2 kB take 0.3."""
    return zlib.compress(content.encode(), 6)


def unpacked(data: bytes) -> str:
    """What was packed; no more of it than a file may say. ValueError for what was not packed."""
    engine = zlib.decompressobj()
    try:
        made = engine.decompress(data, MAX_CONTENT_CHARS)
    except zlib.error:
        raise ValueError("not packed content") from None
    if not engine.eof:
        raise ValueError("packed content is cut off, or too long")
    return made.decode()


def seconds(date: str | None) -> int:
    """A WARC-Date as seconds since 1970; `UNDATED` for none, or what is no date."""
    try:
        moment = datetime.fromisoformat(date or "")
    except ValueError:
        return UNDATED
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(UNDATED, int(moment.timestamp()))


def _time(moment: int) -> str | None:
    if moment == UNDATED:
        return None
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
