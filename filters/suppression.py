"""What has been taken down, and must not come in again: URLs, domains, documents and texts.

A list holds hashes and MinHash signatures, never an address or a text. URLs and domains are looked
up by a keyed hash of their canonical form, texts by the digest of their words or by a signature
that is nearly theirs.
"""

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from filters import domains, minhash
from filters.text import TextView

URL: Final = "url"
DOMAIN: Final = "domain"
DOC_ID: Final = "doc_id"
TEXT: Final = "text"
KINDS: Final = (URL, DOMAIN, DOC_ID, TEXT)

NEAR: Final = 0.8
"""Estimated Jaccard similarity from which a text counts as a copy of a suppressed one. The estimate
of 112 values has a standard deviation of .038 there, so a copy of similarity .85 is missed in one
of ten cases, one of .9 in one of a thousand; a text of similarity .7 is taken for a copy in one of
a hundred. Exact similarity needs the text, which a list must not hold.
"""
BANDS: Final = 28
"""Bands of four values by which near signatures are found. At an estimate of .8 or more at most 22
of the 112 values differ, so at least six of 28 bands are equal: nothing near is missed.
"""

_ESCAPE: Final = re.compile(r"%([0-9a-fA-F]{2})")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_RESERVED: Final = "%/?:@!$&'()*+,;=~-._[]"


def canonical(url: str) -> str:
    """The URL as it is looked up: one form for spellings that name the same page.

    Without scheme, user, port, fragment, a leading `www.` and final slashes; host in lower case
    and ASCII; escapes in upper case, those of unreserved characters (RFC 3986, 2.3) decoded. What
    has no host name is returned without its fragment.
    """
    place = domains.located(url)
    if place is None:
        return url.partition("#")[0]
    host, target = place
    path, mark, query = _escaped(target).partition("?")
    return host.removeprefix("www.") + path.rstrip("/") + (mark + query if query else "")


def _escaped(target: str) -> str:
    return _ESCAPE.sub(_normal, quote(target, safe=_RESERVED, errors="replace"))


def _normal(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if character in _UNRESERVED else found[0].upper()


def hashed(value: str, key: str) -> str:
    """32 hex digits: blake2b-128 of a canonical URL or a domain, keyed by the list's key."""
    raw = value.encode(errors="replace")
    return hashlib.blake2b(raw, digest_size=16, key=key.encode()[:64]).hexdigest()


def text_digest(view: TextView) -> str:
    """32 hex digits: blake2b-128 of the words of a text, as column `text_digest` holds it."""
    words = view.word_hashes.astype("<u8").tobytes()
    return hashlib.blake2b(words, digest_size=16).hexdigest()


@dataclass(frozen=True)
class Suppressed:
    """A list, compiled for looking up. `signatures` has shape (texts, 112), uint32."""

    key: str
    urls: Collection[str]
    domains: Collection[str]
    doc_ids: Collection[str]
    texts: Collection[str]
    signatures: NDArray[np.uint32]

    @property
    def names_addresses(self) -> bool:
        """Whether any URL or domain is on the list."""
        return bool(self.urls or self.domains)

    @property
    def names_texts(self) -> bool:
        """Whether any text is on the list."""
        return bool(self.texts) or len(self.signatures) > 0

    def address(self, url: str) -> str | None:
        """`domain` if the URL's host or a domain above it is on the list, `url` if the URL is."""
        if not self.names_addresses:
            return None
        place = domains.located(url) if self.domains else None
        if place is not None and any(
            hashed(parent, self.key) in self.domains for parent in domains.parents(place[0])
        ):
            return DOMAIN
        return URL if self.urls and hashed(canonical(url), self.key) in self.urls else None

    def similar(self, signature: NDArray[np.uint32]) -> bool:
        """Whether a signature on the list agrees in at least `NEAR` of its values."""
        keys, owners = self._bands
        if not len(keys):
            return False
        wanted = minhash.band_hashes(signature, BANDS, minhash.PERMUTATIONS // BANDS)
        low = np.searchsorted(keys, wanted, side="left")
        high = np.searchsorted(keys, wanted, side="right")
        found = [owners[a:b] for a, b in zip(low, high, strict=True) if b > a]
        if not found:
            return False
        rows = np.unique(np.concatenate(found))
        return bool((self.signatures[rows] == signature).mean(axis=1).max() >= NEAR)

    def text(self, digest: str, signature: NDArray[np.uint32] | None) -> bool:
        """Whether a text is on the list, by its words or by a near signature."""
        return digest in self.texts or (signature is not None and self.similar(signature))

    @cached_property
    def _bands(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Hashes of all bands, sorted, and the row of the signature that each is of."""
        rows = minhash.PERMUTATIONS // BANDS
        made = [minhash.band_hashes(one, BANDS, rows) for one in self.signatures]
        keys = np.concatenate(made) if made else np.zeros(0, np.uint64)
        owners = np.repeat(np.arange(len(made)), BANDS)
        order = np.argsort(keys, kind="stable")
        return keys[order], owners[order]


def of(
    key: str, entries: Sequence[tuple[str, str]], signatures: NDArray[np.uint32] | None = None
) -> Suppressed:
    """A list of (kind, value) entries. ValueError for an unknown kind."""
    sets: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for kind, value in entries:
        if kind not in sets:
            raise ValueError(f"unknown kind of entry {kind!r}; known: {', '.join(KINDS)}")
        sets[kind].add(value)
    rows = signatures if signatures is not None else np.zeros((0, minhash.PERMUTATIONS), np.uint32)
    return Suppressed(key, sets[URL], sets[DOMAIN], sets[DOC_ID], sets[TEXT], rows)
