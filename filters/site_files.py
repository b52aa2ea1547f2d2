"""Files that a site publishes for machines, by URL: robots.txt, tdmrep.json, ai.txt, RSL documents.

A table of millions of them lies in files that are mapped, sorted by a 128-bit key of the URL and
cut into parts of the key's range; what the files say is kept once for all that say the same. A
lookup touches a few pages and follows redirects inside the table. So nothing is loaded, and what a
task reads grows with the hosts that it asks for.
"""

import hashlib
import zlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, Protocol
from urllib.parse import urljoin, urlsplit, urlunsplit

import numpy as np
from numpy.typing import NDArray

from filters import robots_fetch
from filters.domains import host_in
from filters.recent import Recent
from filters.sorted_keys import SortedKeys

Key = tuple[int, int]
NOTHING: Final = (0, 0)
"""Key of no file, and of no content."""
MAX_URL_CHARS: Final = 4000
MAX_CONTENT_CHARS: Final = 64 << 20
"""Of what a file says, as ASCII JSON; the largest that is read, a tdmrep.json, has 16 MiB."""
KEPT_CHARS: Final = 16 << 20
"""Of contents that are kept for the next question: some ten thousand files of 1.2 kB."""
ROBOTS: Final = "/robots.txt"
TDMREP: Final = "/.well-known/tdmrep.json"
AI_TXT: Final = ("/ai.txt", "/.well-known/ai.txt")

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

They are those of `filters.robots_fetch`, with `redirect` before redirects are followed.
"""
UNKNOWN: Final = "unknown"
UNDATED: Final = -1


@dataclass(frozen=True, slots=True)
class SiteFile:
    """What is known of a file, at the end of its redirects."""

    status: str
    """One of `robots_fetch.STATUSES`."""
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
    """The URL as tables know it: host as lists have it, no default port, no fragment.

    None for what is no http(s) address of a host, or a URL that is too long.
    """
    if len(url) > MAX_URL_CHARS:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = host_in(parts)
    if parts.scheme not in ("http", "https") or host is None:
        return None
    if port and port != {"http": 80, "https": 443}[parts.scheme]:
        host = f"{host}:{port}"
    return urlunsplit((parts.scheme, host, parts.path or "/", parts.query, ""))


def target(url: str, location: str | None) -> str | None:
    """The canonical address that a redirect from a URL leads to; None where that is no address."""
    try:
        return canonical(urljoin(url, location)) if location else None
    except ValueError:
        return None


def site_of(url: str) -> int | None:
    """64 bits of a URL's host and port, whatever its scheme; None where `canonical` gives None.

    Pages of one site, and the files that may hold for them, have the same.
    """
    address = canonical(url)
    return None if address is None else key_of(urlsplit(address).netloc)[0]


def key_of(url: str) -> Key:
    """Key and check of a canonical URL: the halves of its blake2b-128."""
    return digest_of(url.encode("utf-8", "surrogatepass"))


def digest_of(data: bytes) -> Key:
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
        self.content = Recent(self._content, KEPT_CHARS)
        self._robots = Recent(self._robots_of, KEPT_CHARS)

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
        return self._robots((scheme, rest.partition("/")[0]))

    def _robots_of(self, site: tuple[str, str]) -> tuple[SiteFile, int]:
        scheme, host = site
        own = self.find(f"{scheme}://{host}{ROBOTS}")
        has_port = ":" in host.rpartition("]")[2]
        if own.status not in ("rules", "empty") and not has_port:
            other = self.find(f"{'http' if scheme == 'https' else 'https'}://{host}{ROBOTS}")
            if other.status == "rules" or UNKNOWN == own.status != other.status:
                own = other
        return own, len(own.content or "") + 500

    def find(self, url: str) -> SiteFile:
        """The file at a URL, its redirects followed inside the table."""
        address = canonical(url)
        if address is None:
            return SiteFile(UNKNOWN)
        scheme = address.partition(":")[0]
        key = key_of(address)
        if self._place(key) is None:
            return SiteFile(UNKNOWN, scheme=scheme)
        end = robots_fetch.follow(key, self._target)
        found = self._place(end.url)
        if end.status is None and found is not None:
            return self._file(*found, end.hops, scheme)
        fetched_at = _time(int(found[0].fetched_at[found[1]])) if found else None
        return SiteFile(end.status or UNKNOWN, fetched_at, None, None, end.hops, scheme)

    def _target(self, key: Key) -> Key | Literal[False] | None:
        found = self._place(key)
        if found is None:
            return False
        part, at = found
        if STATUSES[part.status[at]] != "redirect":
            return None
        target = int(part.target_key[at]), int(part.target_check[at])
        return target if target != NOTHING else False

    def _file(self, part: Part, at: int, hops: int, scheme: str) -> SiteFile:
        sha256 = part.sha256[at]
        return SiteFile(
            STATUSES[part.status[at]],
            _time(int(part.fetched_at[at])),
            sha256.hex() if any(sha256) else None,
            self.content((int(part.content_key[at]), int(part.content_check[at]))),
            hops,
            scheme,
        )

    def _place(self, key: Key) -> tuple[Part, int] | None:
        number = bisect_right(self._lows, key[0]) - 1
        if number < 0:
            return None
        part = self._parts[number]
        at = _look(self._keys[number], part, key)
        return None if at < 0 else (part, at)

    def _content(self, key: Key) -> tuple[str | None, int]:
        content = self._read(key)
        return content, len(content or "") + 200

    def _read(self, key: Key) -> str | None:
        number = bisect_right(self._content_lows, key[0]) - 1
        if number < 0 or key == NOTHING:
            return None
        part = self._contents[number]
        at = _look(self._content_keys[number], part, key)
        return None if at < 0 else unpacked(part.packed[at])


def _look(keys: SortedKeys, of: Part | Contents, key: Key) -> int:
    """Place of a key with its check, or -1; keys that collide stand side by side."""
    at = keys.find(key[0])
    while 0 <= at < len(of.key) and int(of.key[at]) == key[0]:
        if int(of.check[at]) == key[1]:
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
