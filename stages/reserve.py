"""Stage reserve: rights decided anew from stored columns, before keepers are chosen.

What the snapshot itself says was stored by the gate, which rejected under the policy `standard`.
Here comes what a stricter policy adds, and what a run is given beside the snapshot: newer
robots.txt, files of sites, a list of domains. All of it is looked up by the stored URL; no page is
read.

A stored URL is redacted. Where personal data were in a path, a newer robots.txt is asked for what
the path may have been, and any rule against that reserves the page.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc

from filters import domains, optout, rights, robots
from filters.aitxt import AiTxt
from filters.path_patterns import normalise_path
from filters.recent import Recent
from filters.rights import LATEST, UNION, Finding
from filters.rsl import RslDocument
from filters.site_files import AI_TXT, KEPT_CHARS, TDMREP, UNKNOWN, SiteFiles, canonical
from filters.stored_rights import findings_of, struct_of
from filters.tdmrep import TdmFile
from stages import schema

VERSION = 2
PLACEHOLDER = re.compile(r"<[A-Z_]{2,12}>")
"""What stands in a stored URL for personal data."""
MAX_ASKED = 200
"""Paths that a redacted one may have been and that a robots.txt is asked for."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a run is given beside its snapshot; None for what it is not given."""

    latest: SiteFiles | None = None
    side: SiteFiles | None = None
    optouts: domains.Listing | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look up."""
        return self.latest is None and self.side is None and self.optouts is None


class Reservations:
    """Decides rights anew under a policy and a mode."""

    def __init__(self, policy: str, mode: str, agents: Sequence[str], beside: Beside) -> None:
        self._policy, self._mode, self._agents, self._beside = policy, mode, agents, beside
        self._heeded = frozenset(rights.POLICIES[policy])
        self._robots = _kept(robots.Robots.from_json)
        self._tdmrep = _kept(TdmFile.from_json)
        self._ai_txt = _kept(AiTxt.from_json)
        self._rsl = _kept(RslDocument.from_json)

    @property
    def needs_urls(self) -> bool:
        """Whether anything is to be looked up by URL."""
        return not self._beside.is_empty

    def judge(self, documents: pa.Table) -> tuple[pa.Array, pa.Array]:
        """New structs, and the reason of each document that they reserve; null for neither.

        `documents` has `rights`, and `url` if `needs_urls`. A struct is null where it says what
        `documents` has.
        """
        stored = documents.column("rights").combine_chunks()
        if not self.needs_urls and not self._may_change(stored):
            count = documents.num_rows
            return pa.nulls(count, schema.RIGHTS), pa.nulls(count, pa.string())
        made, found = list[dict[str, Any] | None](), list[str | None]()
        urls = documents.column("url").to_pylist() if self.needs_urls else [""] * len(stored)
        for url, before in zip(urls, stored.to_pylist(), strict=True):
            after = self._after(url, before) if before else None
            made.append(after if after != before else None)
            against = rights.reasons(after, self._heeded) if after else ()
            found.append(against[0] if against else None)
        return pa.array(made, type=schema.RIGHTS), pa.array(found, type=pa.string())

    def _may_change(self, stored: pa.StructArray) -> bool:
        """Whether a document was decided under another policy, or its own heeds what reserves it.

        The gate rejected what its policy heeds, so that mostly none is.
        """
        if not pc.all(pc.equal(pc.struct_field(stored, "policy"), self._policy)).as_py():
            return True
        channels = pc.list_flatten(pc.struct_field(stored, "reserved_by"))
        heeded = pa.array(sorted(self._heeded), pa.string())
        return bool(pc.any(pc.is_in(channels, value_set=heeded)).as_py())

    def _after(self, url: str, before: dict[str, Any]) -> dict[str, Any]:
        if self._beside.is_empty:
            return self._under_policy(before)
        crawled, page = findings_of(before)
        scheme = before["robots"] and before["robots"]["scheme"]
        path = _path(url)
        latest = self._latest(url, path)
        chosen = rights.chosen(self._mode, crawled, latest)
        if latest and self._mode == LATEST:
            scheme = None
        page = self._resolved([*page, *self._from_side(url, path)], url, path)
        if self._beside.optouts is not None and domains.find(url, self._beside.optouts):
            page += optout.from_domain_list(urlsplit(url).hostname)
        return struct_of(chosen, page, self._policy, scheme)

    def _under_policy(self, before: dict[str, Any]) -> dict[str, Any]:
        """The same page under a stricter policy: all that can change is the decision."""
        against = [one for one in before["reserved_by"] if one in self._heeded]
        decided = {"decision": rights.RESERVED, "decided_by": against} if against else {}
        return {**before, **decided, "policy": self._policy}

    def _latest(self, url: str, path: str) -> list[Finding] | None:
        """Findings of a newer robots.txt; None where there is none of the host."""
        if self._beside.latest is None or self._mode not in (LATEST, UNION):
            return None
        file = self._beside.latest.robots(url)
        if file.status == UNKNOWN:
            return None
        rules = self._robots(file.content) if file.content else None
        found: list[Finding] = []
        for asked in _asked(path, rules):
            found = optout.from_robots(
                rules, file.status, self._agents, asked, source=LATEST, fetched_at=file.fetched_at
            )
            if "robots" in rights.reserving(found):
                break
        return found

    def _from_side(self, url: str, path: str) -> Iterator[Finding]:
        address = canonical(url)
        if self._beside.side is None or address is None:
            return
        host = address.partition("://")[2].partition("/")[0]
        if content := self._content(f"https://{host}{TDMREP}"):
            yield from optout.from_tdmrep(self._tdmrep(content), path)
        for place in AI_TXT:
            if content := self._content(f"https://{host}{place}"):
                yield from optout.from_ai_txt(self._ai_txt(content), self._agents, path)

    def _resolved(self, found: list[Finding], url: str, path: str) -> list[Finding]:
        """With what RSL documents say that the run was given."""
        if self._beside.side is None:
            return found
        return optout.resolved(found, self._document, url, path)

    def _document(self, url: str) -> RslDocument | None:
        address = canonical(url)
        content = address and self._content(f"https://{address.partition('://')[2]}")
        return self._rsl(content) if content else None

    def _content(self, url: str) -> str | None:
        return self._beside.side.find(url).content if self._beside.side is not None else None


Parsed = TypeVar("Parsed")


def _kept(parse: Callable[[str], Parsed]) -> Recent[str, Parsed]:
    """The parser, with what it read last; what it makes takes ten times what it reads."""
    return Recent(lambda content: (parse(content), len(content)), KEPT_CHARS)


def _path(url: str) -> str:
    """Path with its query, as robots.txt files see it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "/"
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _asked(path: str, rules: robots.Robots | None) -> list[str]:
    """Paths to ask a robots.txt for: the path, and what a redacted one may have been.

    That is every pattern against anyone that begins as the path does up to the first placeholder,
    or has a wildcard before it.
    """
    placeholder = PLACEHOLDER.search(path)
    if placeholder is None or rules is None:
        return [path]
    known = normalise_path(path[: placeholder.start()])
    found = [path]
    for group in rules.groups:
        for rule in group.rules:
            head = rule.pattern.partition("*")[0]
            may_match = head.startswith(known) or ("*" in rule.pattern and known.startswith(head))
            if not rule.allow and may_match and len(found) < MAX_ASKED:
                found.append(rule.pattern.removesuffix("$").replace("*", ""))
    return found
