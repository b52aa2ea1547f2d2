"""Stage gate: reject on what is cheap, before the costly extractor sees a page.

In order: the suppression list, what reading found, truncation, status, media type, size, URL and
domain lists, the block list, reservations in robots.txt and headers; then, from one parse in the
killable child, meta reservations, structure, length and the language gate. Every channel's value is
kept in `rights`, whatever the policy rejects.
"""

import hashlib
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
from ruamel.yaml import YAML

from filters import addresses, domains, optout, robots
from filters.recent import Recent
from filters.rights import CHANNELS, Finding, reserving
from filters.site_files import KEPT_CHARS, SiteFile
from filters.stored_rights import from_plain, struct_of
from filters.suppression import Suppressed
from langid import identify as language
from langid import models
from stages import schema
from stages.base import MAX_BATCH_BYTES, Columns, Tools, Unpacker, strings

VERSION = 9
_Arguments = tuple[object, ...]
UNUSABLE = re.compile(r"[\x00-\x20\x7f-\x9f]")
"""Characters that no URL may hold: controls and the space."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the gate may reject, and its caps."""

    max_payload_bytes: int
    max_decoded_bytes: int
    max_depth: int
    max_tags: int
    max_tag_attributes: int
    min_visible_chars: int | None
    max_url_chars: int
    media_types: tuple[str, ...]
    allow_domains: tuple[str, ...]
    deny_domains: tuple[str, ...]
    reserved_channels: tuple[str, ...]
    heeds_robots: bool
    policy: str
    min_european_mass: float
    keep_truncated: bool
    language_models: tuple[str, ...]
    url_key: str
    extractor: str


def training_agents() -> tuple[str, ...]:
    """Names of the crawlers that collect training data, from `filters/agents.yaml`."""
    text = resources.files("filters").joinpath("agents.yaml").read_text(encoding="utf-8")
    listed = YAML(typ="safe", pure=True).load(text)["agents"]
    return tuple(agent["name"] for agent in listed if agent["purpose"] == "training")


@dataclass(frozen=True, slots=True)
class Gate:
    """The stage; see the module's docstring."""

    settings: Settings
    suppressed: Suppressed | None = None
    name: str = "gate"
    version: int = VERSION

    def open(self, tools: Tools) -> Unpacker:
        """Load language models and the block list."""
        return _Worker(self.settings, tools, self.suppressed)


class _Page:
    """What the gate finds out about one row, check by check."""

    __slots__ = (
        "declared_language",
        "file",
        "findings",
        "headers",
        "host",
        "html",
        "main_text",
        "media_type",
        "published_on",
        "reason",
        "robots",
        "row",
        "tag",
        "title",
        "url",
    )

    def __init__(self, row: dict[str, Any]) -> None:
        self.row = row
        self.url: str = row["raw_url"]
        self.host = ""
        self.headers = [(h["name"], h["value"]) for h in row["headers"] or ()]
        self.reason: str | None = row["problem"]
        self.media_type: str | None = None
        self.findings: list[Finding] = []
        self.robots: list[Finding] = []
        self.file: SiteFile | None = None
        self.tag = schema.UNDETERMINED
        self.html: str | None = None
        self.main_text: str | None = None
        self.title: str | None = None
        self.published_on: str | None = None
        self.declared_language: str | None = None

    def header(self, name: str) -> str:
        """The values of a header, joined by commas; empty if it is absent."""
        return ", ".join(value for key, value in self.headers if key == name)


class _Worker:
    """The gate with its models and tables loaded."""

    def __init__(self, settings: Settings, tools: Tools, suppressed: Suppressed | None) -> None:
        self._settings = settings
        self._suppressed = suppressed
        self._guard = tools.guard
        self._robots = tools.robots
        self._parse = Recent(_parsed, KEPT_CHARS)
        self._agents = training_agents()
        self._limits = (
            settings.max_decoded_bytes,
            settings.max_depth,
            settings.max_tags,
            settings.max_tag_attributes,
            settings.min_visible_chars or 0,
        )
        self._models = models.load(settings.language_models)
        self._key = settings.url_key.encode()[:64]
        self._denied = domains.TextList.of(settings.deny_domains)
        self._allowed = domains.TextList.of(settings.allow_domains)
        blocked = tools.tables["block_list"].combine_chunks()
        self._blocked = domains.KeyList(
            blocked.column("key").to_numpy(), blocked.column("flags").to_numpy()
        )

    def __call__(self, batch: pa.RecordBatch) -> Iterator[Columns]:
        waiting = deque(map(self._checked, batch.to_pylist()))
        while waiting:
            part, asked, size = list[_Page](), deque[_Page](), 0

            def due() -> Iterator[_Arguments]:
                while waiting and size < MAX_BATCH_BYTES:  # noqa: B023 - it is read as it grows
                    part.append(waiting.popleft())  # noqa: B023 - all used up in this round
                    if part[-1].reason is None:  # noqa: B023
                        asked.append(part[-1])  # noqa: B023
                        yield self._arguments(part[-1])  # noqa: B023

            for found in self._guard.answers("survey", due()):
                page = asked.popleft()
                page.reason = self._surveyed(page, found)
                size += len(page.html or "") + len(page.main_text or "")
            yield self._columns(part)

    def _checked(self, row: dict[str, Any]) -> _Page:
        page = _Page(row)
        page.reason = self._taken_down(page) or page.reason
        for check in (self._archived, self._typed, self._located, self._reserved):
            if page.reason is None:
                page.reason = check(page)
        return page

    def _taken_down(self, page: _Page) -> str | None:
        """First of all: of what was taken down not even the address is stored."""
        if self._suppressed is None:
            return None
        if page.row["doc_id"] in self._suppressed.doc_ids:
            return "takedown.request"
        found = self._suppressed.address(page.url)
        return f"takedown.{found}" if found else None

    def _archived(self, page: _Page) -> str | None:
        if page.row["truncated"] and not self._settings.keep_truncated:
            return "gate.truncated"
        if page.row["status"] != 200:
            return "gate.status"
        return "gate.size" if page.row["payload_bytes"] > self._settings.max_payload_bytes else None

    def _typed(self, page: _Page) -> str | None:
        declared = page.header("content-type").partition(";")[0].strip().lower()
        page.media_type = declared[:100] or None
        return None if not declared or declared in self._settings.media_types else "gate.media_type"

    def _located(self, page: _Page) -> str | None:
        host = host_of(page.url, self._settings.max_url_chars)
        if host is None:
            return "gate.url"
        page.host = host
        if denied := domains.find(page.url, self._denied):
            return "gate.domain" if denied == domains.DOMAIN else "gate.url"
        if not domains.find(page.url, self._blocked) or domains.find(page.url, self._allowed):
            return None
        return "gate.block_list"

    def _reserved(self, page: _Page) -> str | None:
        found = self._robots.robots(page.url)
        rules = self._parse(found.content) if found.content else None
        page.file = found
        page.robots = optout.from_robots(
            rules, found.status, self._agents, path_of(page.url), fetched_at=found.fetched_at
        )
        page.findings = optout.from_headers(page.headers, self._agents)
        # A header's TDM reservation waits for the parse: the page's own meta tag overrides it.
        return self._reservation(page, frozenset({"tdm_reservation"}))

    def _reservation(self, page: _Page, waiting: frozenset[str] = frozenset()) -> str | None:
        """The reason of the first channel that reserves the page and that the policy heeds."""
        heeded = [*page.robots, *page.findings] if self._settings.heeds_robots else page.findings
        for channel in reserving(heeded):
            if channel in self._settings.reserved_channels and channel not in waiting:
                return CHANNELS[channel]
        return None

    def _arguments(self, page: _Page) -> _Arguments:
        headers = {
            n: page.header(n) for n in ("content-type", "content-encoding", "transfer-encoding")
        }
        payload = page.row["payload"]
        return payload, headers, self._limits, self._agents, self._settings.extractor

    def _surveyed(self, page: _Page, found: Mapping[str, Any]) -> str | None:
        page.findings += map(from_plain, found.get("findings") or ())
        if reserved := self._reservation(page):
            return reserved
        if found.get("reason"):
            return str(found["reason"])
        page.html, page.main_text = found.get("html"), found.get("main_text")
        page.title, page.published_on = found["title"], found["published_on"]
        page.declared_language = found["declared_language"]
        page.tag, mass = language.gate(found["visible"], self._models)
        return "gate.language" if mass < self._settings.min_european_mass else None

    def _struct(self, page: _Page) -> dict[str, Any] | None:
        """Null for what was rejected before rights were asked for."""
        file = page.file
        if file is None:
            return None
        scheme = file.scheme or None
        return struct_of(page.robots, page.findings, self._settings.policy, scheme, file.sha256)

    def _columns(self, pages: list[_Page]) -> Columns:
        return {
            "url": strings([addresses.redact_url(p.url) for p in pages], large=True),
            "url_key": strings(
                [
                    hashlib.blake2b(p.url.encode(), digest_size=16, key=self._key).hexdigest()
                    for p in pages
                ]
            ),
            "media_type": strings([p.media_type for p in pages]),
            "rights": pa.array([self._struct(p) for p in pages], type=schema.RIGHTS),
            "gate_tag": strings([p.tag for p in pages]),
            "html": strings([p.html for p in pages], large=True),
            "main_text": strings([p.main_text for p in pages], large=True),
            "raw_title": strings([p.title for p in pages], large=True),
            "published_on": strings([p.published_on for p in pages]),
            "declared_language": strings([p.declared_language for p in pages]),
            "reason": strings([p.reason for p in pages]),
            "headers": None,
            "payload": None,
        }


def _parsed(content: str) -> tuple[robots.Robots, int]:
    return robots.Robots.from_json(content), len(content)


def host_of(url: str, max_chars: int) -> str | None:
    """Host as lists have it (`filters.domains.host_in`), and port if it is not the scheme's own.

    None for a URL that is no http(s) address of a host, or holds control characters.
    """
    if len(url) > max_chars or UNUSABLE.search(url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = domains.host_in(parts)
    if parts.scheme not in ("http", "https") or host is None:
        return None
    return host + (f":{port}" if port and port != {"http": 80, "https": 443}[parts.scheme] else "")


def path_of(url: str) -> str:
    """Path of a usable URL with its query, as robots.txt files see it."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
