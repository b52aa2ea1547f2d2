"""Lists of domains and URLs: what an entry may be, and whether a URL is on a list.

An entry is a domain (`example.fi`: it and every subdomain), a URL (`example.fi/forum`: that path
and all below it, with or without `www.`) or, with a leading dot, a whole top-level domain (`.fo`).
A short list is kept as text (`TextList`); one of millions as sorted 64-bit keys, which may lie in
a memory-mapped file (`KeyList`).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv6Address
from types import ModuleType
from typing import Any, Final, Protocol
from urllib.parse import SplitResult, urlsplit

import numpy as np
import regex  # type: ignore[import-untyped]
from numpy.typing import NDArray

from filters.sorted_keys import SortedKeys

DOMAIN: Final = 1
"""Flag of an entry: it and its subdomains are listed."""
URL: Final = 2
"""Flag of an entry: it is a host and the beginning of a path."""
HOST_OF_URL: Final = 4
"""Flag of a host of which some URL is listed: only its paths are looked up."""

MAX_HOST_CHARS: Final = 253
"""RFC 1035, section 2.3.4, without the final dot."""
MAX_ENTRY_CHARS: Final = 2000
MAX_PREFIXES: Final = 64
"""Places of a URL at which a listed one may end; listed URLs have a dozen at most."""

_HOST = regex.compile(r"[a-z0-9_-]++(?:\.[a-z0-9_-]++)*+")
_BRACKETED = regex.compile(r"\[([0-9a-f:.]{2,45})\](?::[0-9]*+)?")
_UNUSABLE = regex.compile(r"[\x00-\x20\x7f-\x9f]")
_PLAIN: Final = b"abcdefghijklmnopqrstuvwxyz0123456789_-.\n"


def canonical(entry: str) -> str:
    """The entry as lists are searched: host in lower case and ASCII, no scheme, no final slash.

    ValueError with the reason if it is no domain, URL or top-level domain.
    """
    text = entry.strip()
    top, text = text.startswith("."), text.removeprefix(".")
    scheme, separator, rest = text.partition("://")
    if separator:
        if scheme.lower() not in ("http", "https"):
            raise ValueError(f"{_shown(entry)} is no http(s) address")
        text = rest
    host, slash, path = text.partition("/")
    if host.startswith("*"):
        raise ValueError(f"{_shown(entry)}: write the domain alone, its subdomains are included")
    if ":" in host or "@" in host or "[" in host:
        raise ValueError(f"{_shown(entry)}: write the host without port, user name or brackets")
    made = as_host(host)
    if made is None:
        raise ValueError(f"{_shown(entry)} is no domain")
    if top and (slash or "." in made):
        raise ValueError(
            f"{_shown(entry)}: a leading dot stands for a whole top-level domain, such as .fo"
        )
    if not top and "." not in made:
        raise ValueError(
            f"{_shown(entry)} is no domain; for a whole top-level domain write .{made}"
        )
    return made + _path(path, entry) if slash else made


def line(text: str) -> str | None:
    """The entry on a line of a list file; None for an empty line or a remark (`#`).

    As `canonical`, except that a name without a dot is a top-level domain there.
    """
    entry = text.strip()
    if not entry or entry.startswith("#"):
        return None
    is_name = as_host(entry) is not None and "." not in entry
    return canonical(f".{entry}" if is_name else entry)


def _path(path: str, entry: str) -> str:
    above, mark, query = path.partition("#")[0].partition("?")
    target = f"/{above}" + (mark + query if query else "")  # as of addresses that are looked up
    if _UNUSABLE.search(target):
        raise ValueError(f"{_shown(entry)} holds a space or a control character")
    if len(target) > MAX_ENTRY_CHARS:
        raise ValueError(f"{_shown(entry)} is longer than {MAX_ENTRY_CHARS} characters")
    return target.rstrip("/")


def _shown(entry: str) -> str:
    return repr(entry if len(entry) <= 60 else entry[:57] + "...")


def as_host(text: str) -> str | None:
    """A host name in lower case and ASCII (IDNA 2003); None if it is none."""
    host = text.rstrip(".").lower()
    if not host or len(host) > MAX_HOST_CHARS:
        return None
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return None
    return host if _HOST.fullmatch(host) and len(host) <= MAX_HOST_CHARS else None


def host_in(parts: SplitResult) -> str | None:
    """The host of an address: a name as `as_host` writes it, or an IPv6 address in brackets.

    The gate, lists, takedowns and tables of site files all decide by it. None where there is none,
    and where readers of addresses differ about it: an escaped name, a backslash (which ends the
    authority in browsers alone), brackets around or beside anything but an IPv6 address.
    """
    if "\\" in parts.netloc:
        return None
    place = parts.netloc.rpartition("@")[2].lower()
    if "[" not in place:
        return as_host(parts.hostname or "")
    found = _BRACKETED.fullmatch(place)
    try:
        return f"[{IPv6Address(found[1]).compressed}]" if found else None
    except ValueError:
        return None


def located(url: str) -> tuple[str, str] | None:
    """Host and what follows it, query included; None for a URL without a host name."""
    try:
        parts = urlsplit(url)
        host = host_in(parts)
    except ValueError:
        return None
    if host is None or host.startswith("["):
        return None
    return host, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def parents(host: str) -> Iterator[str]:
    """The host and the domains that it is part of, longest first; an IP address has none."""
    labels = host.split(".")
    if labels[-1].isdigit():
        yield host
        return
    for at in range(len(labels)):  # at most 127
        yield ".".join(labels[at:])


def prefixes(address: str) -> Iterator[str]:
    """Where in `host/path?query` a listed URL may end: before `/`, `?` and `&`, and at the end."""
    found = 0
    for at in range(address.find("/") + 1, len(address)):
        if address[at] in "/?&":
            yield address[:at]
            found += 1
            if found == MAX_PREFIXES:
                break
    yield address.rstrip("/")


class Listing(Protocol):
    """A list that is asked for entries: answers are `DOMAIN`, `URL` and `HOST_OF_URL`, or 0."""

    def flags(self, entry: str) -> int:
        """Flags of an entry in canonical form."""
        ...

    def flags_of_parents(self, host: str) -> list[int]:
        """Flags of each of `parents(host)`, in that order."""
        ...


def find(url: str, listing: Listing) -> int:
    """`DOMAIN` if the URL's host or a domain above it is listed, `URL` if the URL is, else 0."""
    place = located(url)
    if place is None:
        return 0
    host, target = place
    flags = listing.flags_of_parents(host)
    if any(flag & DOMAIN for flag in flags):
        return DOMAIN
    bare = host.removeprefix("www.")
    if flags[len(flags) > 1 and bare != host] & HOST_OF_URL and any(
        listing.flags(prefix) & URL for prefix in prefixes(bare + target)
    ):
        return URL
    return 0


@dataclass(frozen=True, slots=True)
class TextList:
    """A short list."""

    entries: dict[str, int]
    """Flags by entry."""

    @staticmethod
    def of(entries: Iterable[str]) -> "TextList":
        """A list of entries in canonical form."""
        flags: dict[str, int] = {}
        for entry in entries:
            for name, flag in _flagged(entry):
                flags[name] = flags.get(name, 0) | flag
        return TextList(flags)

    def flags(self, entry: str) -> int:
        """Flags of an entry, or 0."""
        return self.entries.get(entry, 0)

    def flags_of_parents(self, host: str) -> list[int]:
        """Flags of the host and of the domains above it."""
        return [self.entries.get(parent, 0) for parent in parents(host)]


def _flagged(entry: str) -> Iterator[tuple[str, int]]:
    host, slash, path = entry.partition("/")
    if not slash:
        yield entry, DOMAIN
        return
    bare = host.removeprefix("www.")
    yield f"{bare}/{path}", URL
    yield bare, HOST_OF_URL


# Keys: the sum of T[byte] * R^(bytes that follow) modulo 2^64. It is a polynomial, so that one walk
# from the end of a host gives the keys of all its parents, and cheap: millions of entries are read
# at every start. It need not withstand forgers, who could only have their own hosts blocked. The
# low bits of strings under 254 bytes are weak; the high ones, by which places are guessed, are not.

_MASK: Final = (1 << 64) - 1
_R: Final = 0x9E3779B97F4A7C15
"""Odd, so that it has an inverse modulo 2^64; the golden ratio's bits, as good as any."""


def _mixed(value: int) -> int:
    """The finaliser of MurmurHash3: makes numbers without a pattern for the table of bytes."""
    value ^= value >> 33
    value = value * 0xFF51AFD7ED558CCD & _MASK
    value ^= value >> 33
    value = value * 0xC4CEB9FE1A85EC53 & _MASK
    return value ^ value >> 33


_TABLE: Final = tuple(_mixed((byte + 1) * _R & _MASK) for byte in range(256))
_NUMBERS: Final = np.array(_TABLE, np.uint64)
_IS_PLAIN: Final = np.isin(np.arange(256), list(_PLAIN))
_DOT: Final = ord(".")


def key(entry: str) -> int:
    """64-bit key of an entry in canonical form."""
    value = 0
    for byte in entry.encode():
        value = (value * _R + _TABLE[byte]) & _MASK
    return value


_FROM_END: Final = tuple(pow(_R, place, 1 << 64) for place in range(MAX_HOST_CHARS))


def parent_keys(host: str) -> list[int]:
    """Keys of `parents(host)`, in that order, in one walk from the end."""
    raw = host.encode()
    if raw[raw.rfind(b".") + 1 :].isdigit():
        return [key(host)]
    value, found = 0, []
    for byte, power in zip(reversed(raw), _FROM_END, strict=False):
        if byte == _DOT:
            found.append(value & _MASK)
        value += _TABLE[byte] * power
    found.append(value & _MASK)
    found.reverse()
    return found


@cache
def _loops() -> ModuleType:
    """The compiled loops, imported when the first list is read."""
    from filters import domain_loops  # noqa: PLC0415 - late: see there

    return domain_loops


def line_keys(lines: bytes) -> NDArray[np.uint64]:
    """Keys of entries in canonical form, each ended by a newline, in their order."""
    made = np.empty(lines.count(b"\n"), np.uint64)
    _loops().line_keys(np.frombuffer(lines, np.uint8), _NUMBERS, made)
    return made


def plain_keys(chunk: bytes) -> NDArray[np.uint64] | None:
    """Keys of whole lines, all of them domains in canonical form; None if one needs parsing.

    Nor has a chunk without lines any.
    """
    made = np.empty(len(chunk) // 2, np.uint64)  # a line is a character and its end at least
    raw = np.frombuffer(chunk, np.uint8)
    lines: int = _loops().plain_keys(raw, _IS_PLAIN, MAX_HOST_CHARS, _NUMBERS, made)
    return made[:lines].copy() if lines > 0 else None


def table(
    chunks: Iterable[bytes], refuse: Callable[[int, str], None]
) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Sorted keys and flags of a list, from chunks of whole lines.

    `refuse` is told line number (from 1) and reason of a line that is no entry; if it returns, the
    line is passed over.
    """
    plain, keys, flags, number = list[Any](), list[Any](), list[Any](), 0
    for chunk in chunks:
        found = plain_keys(chunk)
        if found is not None:
            number += len(found)
            plain.append(found)
            continue
        named = dict[str, int]()
        for raw in chunk.splitlines():
            number += 1
            try:
                entry = line(raw.decode("utf-8"))
            except UnicodeDecodeError:
                refuse(number, "is not UTF-8")
            except ValueError as error:
                refuse(number, str(error))
            else:
                for name, flag in _flagged(entry) if entry else ():
                    named[name] = named.get(name, 0) | flag
        keys.append(line_keys("".join(f"{name}\n" for name in named).encode()))
        flags.append(np.fromiter(named.values(), dtype=np.uint8, count=len(named)))
    return _merged(plain, keys, flags)


def _merged(
    domains: list[NDArray[np.uint64]],
    keys: list[NDArray[np.uint64]],
    flags: list[NDArray[np.uint8]],
) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """One row a key, sorted, with all its flags; `domains` are keys without any but `DOMAIN`."""
    every = np.concatenate([np.zeros(0, np.uint64), *keys])
    said = np.concatenate([np.zeros(0, np.uint8), *flags])
    # Nearly all are domains: they are sorted alone, which is several times as fast as with flags.
    is_domain = said == DOMAIN
    found = np.concatenate([every[is_domain], *domains])
    found.sort()
    is_again = found[1:] == found[:-1]
    found = found[np.append(True, ~is_again)[: len(found)]] if is_again.any() else found
    others, places = np.unique(every[~is_domain], return_inverse=True)
    marks = np.zeros(len(others), np.uint8)
    np.bitwise_or.at(marks, places, said[~is_domain])
    at = np.searchsorted(found, others)
    is_known = (at < len(found)) & (np.append(found, np.uint64(0))[at] == others)
    of_found = np.full(len(found), DOMAIN, np.uint8)
    of_found[at[is_known]] |= marks[is_known]
    new = at[~is_known]
    return np.insert(found, new, others[~is_known]), np.insert(of_found, new, marks[~is_known])


class KeyList:
    """A list of millions: sorted keys and their flags, as `table` makes them."""

    def __init__(self, keys: NDArray[np.uint64], flags: NDArray[np.uint8]) -> None:
        self._keys = SortedKeys(keys)
        self._flags = memoryview(flags.data)

    def __len__(self) -> int:
        return len(self._keys)

    def flags(self, entry: str) -> int:
        """Flags of an entry, or 0."""
        return self._look(key(entry))

    def flags_of_parents(self, host: str) -> list[int]:
        """Flags of the host and of the domains above it."""
        return [self._look(one) for one in parent_keys(host)]

    def _look(self, wanted: int) -> int:
        at = self._keys.find(wanted)
        return self._flags[at] if at >= 0 else 0


# Lists of a language

ALLOW: Final = "allow"
DENY: Final = "deny"

_WORD = regex.compile(r"[\p{L}\p{N}]++")


@dataclass(frozen=True, slots=True)
class LanguageLists:
    """What a language team says of sites; see docs/lists.md."""

    allow: TextList
    allow_words: frozenset[str]
    """Words of a URL, lower case, that name the language: `foroyskt`."""
    deny: TextList
    exempts: tuple[str, ...]
    """Rules that a document on the allow list does not fail."""

    def standing(self, url: str) -> str | None:
        """`deny`, `allow`, or None where neither list has the URL; deny goes before allow."""
        if self.deny.entries and find(url, self.deny):
            return DENY
        if self.allow.entries and find(url, self.allow):
            return ALLOW
        if self.allow_words and not self.allow_words.isdisjoint(_WORD.findall(url.lower())):
            return ALLOW
        return None


def is_word(text: str) -> bool:
    """Whether the text may be a word of a URL: letters and digits."""
    return _WORD.fullmatch(text) is not None


def contradictions(allow: Iterable[str], deny: Iterable[str]) -> Iterator[str]:
    """What can never take effect: an allowed entry that is denied, or lies inside a denied one."""
    denied = TextList.of(deny)
    for entry in allow:
        if find(f"http://{entry}", denied):
            yield f"{entry} is allowed, but it, or what it is part of, is denied"
