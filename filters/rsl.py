"""Really Simple Licensing (RSL 1.0): licences of a site as XML, read without DTD and entities.

Of a licence only what matters here is read: whether training on the content is prohibited, allowed
without a fee, or allowed on terms that nobody has met. All terms that apply to a path are taken
together and a prohibition wins (RSL 1.0, 3.1.1); a document that cannot be had or read leaves the
content unlicensed there, which is `rsl_unresolved` here (filters/optout.py).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from xml.parsers import expat

from filters.path_patterns import matches, normalise_path, normalise_pattern

NAMESPACE: Final = "https://rslstandard.org/rsl"
MEDIA_TYPE: Final = "application/rsl+xml"
MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 32
MAX_CONTENTS: Final = 2_000
MAX_VALUE_CHARS: Final = 2_000

TRAINING: Final = frozenset({"ai-train", "ai-all", "all", "train-ai"})
"""Usages that include training; `train-ai` is written by mistake."""
FREE: Final = frozenset({"free", "attribution"})

PROHIBITS: Final = "prohibits"
NOT_PERMITTED: Final = "not_permitted"
ON_TERMS: Final = "on_terms"
PERMITS: Final = "permits"

STATUSES: Final[dict[str, str]] = {
    "rules": "a document with licences",
    "empty": "a document without a licence",
    "not_rsl": "no RSL document: not well-formed, or another root element",
    "too_large": "more than 1 MiB",
    "too_deep": "nested more than 32 deep",
    "too_many": "more than 2,000 contents",
    "declares_entities": "it has a document type declaration, which is not read",
}
"""Every status of an RSL document."""


@dataclass(frozen=True)
class Licence:
    """One `license` element, as far as it is about training."""

    prohibits: bool
    permits: bool
    """Usages are not listed, or training is among them."""
    is_free: bool
    """No payment but attribution is asked for, and no licence server is named."""


@dataclass(frozen=True)
class Content:
    """One `content` element: the pattern of its paths ("" is every path) and its licences."""

    pattern: str
    licences: tuple[Licence, ...] = ()


@dataclass(frozen=True)
class RslDocument:
    """A parsed RSL document."""

    status: str
    contents: tuple[Content, ...] = ()

    @property
    def is_readable(self) -> bool:
        """Whether the document says what it says and nothing was left unread."""
        return self.status in ("rules", "empty")

    def verdict(self, path: str) -> str | None:
        """`prohibits`, `not_permitted`, `on_terms` or `permits` for a path with its query.

        None if no content of the document matches the path. Of the contents without a prohibition
        the one with the longest pattern speaks.
        """
        target = normalise_path(path)
        found = [
            content
            for content in self.contents
            if content.licences and (not content.pattern or matches(content.pattern, target))
        ]
        if not found:
            return None
        if any(licence.prohibits for content in found for licence in content.licences):
            return PROHIBITS
        closest = max(len(content.pattern) for content in found)
        licences = [
            one for content in found if len(content.pattern) == closest for one in content.licences
        ]
        if any(one.permits and one.is_free for one in licences):
            return PERMITS
        return ON_TERMS if any(one.permits for one in licences) else NOT_PERMITTED

    def to_json(self) -> str:
        """One line of JSON that `from_json` reads."""
        contents = [
            [c.pattern, [[one.prohibits, one.permits, one.is_free] for one in c.licences]]
            for c in self.contents
        ]
        return json.dumps([self.status, contents], separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str) -> RslDocument:
        """The document that `to_json` wrote."""
        status, contents = json.loads(line)
        return cls(
            status,
            tuple(
                Content(pattern, tuple(Licence(*one) for one in licences))
                for pattern, licences in contents
            ),
        )


class _RefusedError(Exception):
    """The document is not read on; its only argument is the status."""


def parse(body: bytes) -> RslDocument:
    """Read an RSL document; never raises.

    The parser is told to stop at the first declaration of a document type, so that no entity is
    ever defined, and it never opens anything.
    """
    if len(body) > MAX_BYTES:
        return RslDocument("too_large")
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse_doctype
    parser.EntityDeclHandler = reader.refuse_doctype
    try:
        parser.Parse(body, True)
    except _RefusedError as refused:
        return RslDocument(str(refused))
    except (expat.ExpatError, ValueError, LookupError):
        return RslDocument("not_rsl")
    if not reader.is_rsl:
        return RslDocument("not_rsl")
    contents = tuple(reader.contents)
    is_empty = not any(content.licences for content in contents)
    return RslDocument("empty" if is_empty else "rules", contents)


class _Reader:
    """Follows the elements; a stack of names in place of recursion."""

    def __init__(self) -> None:
        self.contents: list[Content] = []
        self.is_rsl = False
        self._path: list[str] = []
        self._pattern = ""
        self._has_server = False
        self._licences: list[Licence] = []
        self._usages: dict[str, set[str]] = {}
        self._payments: set[str] = set()
        self._kind: str | None = None
        self._text: list[str] = []
        self._text_chars = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        if not self._path:
            self.is_rsl = local == "rsl"
        self._path.append(local or "")
        if len(self._path) > MAX_DEPTH:
            raise _RefusedError("too_deep")
        if local == "content":
            self._pattern = _pattern(attributes.get("url", ""))
            self._has_server = bool(attributes.get("server", "").strip())
            self._licences = []
        elif local == "license":
            self._usages, self._payments = {}, set()
        elif local in ("permits", "prohibits"):
            kind = attributes.get("type", "usage").strip().lower()
            self._kind = local if kind == "usage" else None
            self._text, self._text_chars = [], 0
        elif local == "payment":
            self._payments.add(attributes.get("type", "free").strip().lower())

    def end(self, name: str) -> None:
        local = _local(name)
        self._path.pop()
        if local in ("permits", "prohibits") and self._kind is not None:
            words = re.split(r"[\s,]+", "".join(self._text).strip().lower())
            self._usages.setdefault(self._kind, set()).update(words)
            self._kind = None
        elif local == "license":
            permitted = self._usages.get("permits")
            self._licences.append(
                Licence(
                    prohibits=not TRAINING.isdisjoint(self._usages.get("prohibits", ())),
                    permits=permitted is None or not TRAINING.isdisjoint(permitted),
                    is_free=self._payments <= FREE and not self._has_server,
                )
            )
        elif local == "content":
            if len(self.contents) == MAX_CONTENTS:
                raise _RefusedError("too_many")
            self.contents.append(Content(self._pattern, tuple(self._licences)))

    def text(self, data: str) -> None:
        if self._kind is not None and self._text_chars < MAX_VALUE_CHARS:
            self._text.append(data)
            self._text_chars += len(data)

    def refuse_doctype(self, *_: Any) -> None:
        raise _RefusedError("declares_entities")


def _local(name: str) -> str | None:
    """Name of an element of RSL; None of another vocabulary's."""
    namespace, separator, local = name.rpartition(" ")
    if separator and namespace.rstrip("/").lower().replace("http:", "https:") != NAMESPACE:
        return None
    return local.lower()


def _pattern(url: str) -> str:
    """The path of a content's URL as a normalised pattern; "" for an address without one."""
    try:
        parts = urlsplit(url.strip()[:MAX_VALUE_CHARS])
    except ValueError:
        return ""
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return normalise_pattern(path) if path else ""
