"""What each channel says of text and data mining on a page, as findings for `filters.rights`.

Channels are robots.txt, headers, markup, the site files tdmrep.json, ai.txt and RSL, and lists of
domains. Nothing here decides: an explicit permission is a finding like any other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urljoin

from filters import aitxt, json_ld, licences, rsl, tdmrep
from filters.page_facts import Link, PageFacts
from filters.rights import (
    ALLOWED,
    AT_CRAWL,
    RESERVED,
    UNKNOWN,
    Finding,
    RobotsEvidence,
    shown,
)
from filters.robots import Robots, product_token
from filters.robots_fetch import NO_ANSWER
from filters.structured_fields import parse_dictionary

# Keys of Content-Usage under which "n" reserves: the draft's, then those of earlier drafts.
_TRAINING_KEYS: Final = ("train-ai", "train-genai", "genai", "ai", "tdm", "all", "bots")

# Directives of X-Robots-Tag with a value after a colon; any other name before a colon is an
# agent's.
_VALUED_DIRECTIVES: Final = frozenset(
    {"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"}
)
_AGENT_NAME: Final = re.compile(r"[\w.\-]+(?:/[\w.]*)?|\*")
_NO_TRAINING: Final = frozenset({"noai", "noml"})
"""`noml` is the NoML proposal of search engines: as much a reservation as `noai`."""
_RECORDED: Final = frozenset(
    {
        "noindex", "nofollow", "none", "noarchive", "nocache", "nosnippet", "noimageindex",
        "noimageai", "notranslate", "indexifembedded",
    }
)  # fmt: skip
"""Directives that are kept beside the decision: none of them is about training on text."""

MAX_HEADER_CHARS: Final = 16_384
_OUR_HEADERS: Final = frozenset(
    {"tdm-reservation", "tdm-policy", "content-usage", "content-signal", "x-robots-tag", "link"}
)
_ADDRESS: Final = re.compile(r"https?://|/", re.IGNORECASE)
_HEADER_NAME: Final = re.compile(r"[A-Za-z][A-Za-z-]{0,40}")
_LINE_END: Final = re.compile(r"[\r\n\0\x0b\x0c\x85\u2028\u2029]+")


def from_robots(
    robots: Robots | None,
    status: str,
    agents: Sequence[str],
    path: str,
    *,
    source: str = AT_CRAWL,
    fetched_at: str | None = None,
) -> list[Finding]:
    """Findings of a site's robots.txt for the given training agents and a path with its query.

    Without a file, `status` says why (`robots_fetch.STATUSES`). A site whose file was sought and
    not had may reserve: that is the channel `robots_unreachable` (RFC 9309, 2.3.1.4, would have a
    crawler assume that all is disallowed).
    """
    if robots is None:
        seen = RobotsEvidence(status, source, fetched_at)
        found = [Finding("robots", UNKNOWN, "robots", status, robots=seen)]
        if status in NO_ANSWER:
            found.append(Finding("robots_unreachable", RESERVED, "robots", status))
        return found
    verdict = robots.verdict(agents, path)
    seen = RobotsEvidence(
        robots.status,
        source,
        fetched_at,
        robots.sha256 or None,
        verdict.agent,
        shown(verdict.rule),
        verdict.named,
        verdict.star,
        verdict.ambiguous,
    )
    said = RESERVED if verdict.disallowed else ALLOWED if verdict.applies else UNKNOWN
    found = [Finding("robots", said, "robots", robots.status, robots=seen)]
    if robots.status in NO_ANSWER:
        found.append(Finding("robots_unreachable", RESERVED, "robots", robots.status))
    if verdict.ambiguous:
        found.append(Finding("robots_ambiguous", RESERVED, "robots"))
    if robots.natural_language:
        found.append(Finding("natural_language", RESERVED, "robots", robots.natural_language))
    for value in verdict.content_signals:
        found += from_content_signal(value, "robots")
    for value in verdict.content_usages:
        found += from_content_usage(value, "robots")
    found += [_names_rsl(url, "robots") for url in robots.licenses if _ADDRESS.match(url)]
    return found


def from_headers(headers: Sequence[tuple[str, str]], agents: Sequence[str] = ()) -> list[Finding]:
    """Findings of a response's headers.

    Read are TDM-Reservation, TDM-Policy, Content-Usage, Content-Signal, X-Robots-Tag and Link
    (`rel=license`).
    Lines of X-Robots-Tag that name an agent count only for the given training agents. What follows
    a line end smuggled into a value is read as a header of its own if it looks like one, else as
    one more value, so that it can only add a reservation; the channel `unreadable` marks it.
    """
    by_name: dict[str, list[str]] = {}
    found: list[Finding] = []
    for name, value in headers:
        key = name.strip().lower()
        first, *smuggled = _LINE_END.split(value[:MAX_HEADER_CHARS])
        if len(value) > MAX_HEADER_CHARS and key in _OUR_HEADERS:
            found.append(Finding("unreadable", RESERVED, "header", f"{key} is too long"))
        by_name.setdefault(key, []).append(first.strip())
        if smuggled and (key in _OUR_HEADERS or any(map(_names_ours, smuggled))):
            found.append(Finding("unreadable", RESERVED, "header", "a line end inside a header"))
        for line in smuggled:
            inner, colon, rest = line.partition(":")
            if colon and _HEADER_NAME.fullmatch(inner.strip()):
                by_name.setdefault(inner.strip().lower(), []).append(rest.strip())
            elif line.strip():
                by_name[key].append(line.strip())
    policy = next(iter(by_name.get("tdm-policy", [])), None)
    found += [
        replace(_tdm_reservation(value, "header"), address=policy)
        for value in by_name.get("tdm-reservation", [])
    ]
    usages = by_name.get("content-usage")
    if usages:
        # RFC 9651, 4.2: lines are one value
        found += from_content_usage(", ".join(usages), "header")
    found += [
        finding
        for value in by_name.get("content-signal", [])
        for finding in from_content_signal(value, "header")
    ]
    tokens = {product_token(agent) for agent in agents}
    for value in by_name.get("x-robots-tag", []):
        found += _for_robots(_directives(value, tokens), "header", value)
    for value in by_name.get("link", []):
        found += _from_links(licences.link_header(value))
    return found


def from_page(facts: PageFacts, agents: Sequence[str] = ()) -> list[Finding]:
    """Findings of a page's markup: meta elements, links, JSON-LD and embedded RSL."""
    scripts = json_ld.read(facts.of_type("application/ld+json"))
    found = from_meta(facts.metas, agents) + _from_links(facts.links)
    if facts.is_cut:
        found.append(
            Finding("unreadable", RESERVED, "page", "more markup about rights than is read")
        )
    free = scripts.accessible_for_free
    for name, content in facts.metas:
        if name.strip().lower() == "isaccessibleforfree" and content.strip().lower() == "false":
            free = False
    if free is not None:
        said = UNKNOWN if free else RESERVED
        found.append(Finding("paywalled", said, "page", "true" if free else "false"))
    for text in facts.of_type(rsl.MEDIA_TYPE):
        document = rsl.parse(text.encode("utf-8", "replace"))
        # A document inside a page is about that page, whatever path it names.
        anywhere = [replace(content, pattern="") for content in document.contents]
        found += from_rsl(replace(document, contents=tuple(anywhere)), "/", place="page")
    licence = licences.find(facts.links, scripts.licences, facts.metas)
    if licence is not None:
        found.append(Finding("licence", UNKNOWN, licence.place, licence.code, licence=licence))
    return list(dict.fromkeys(found))


def from_meta(metas: Sequence[tuple[str, str]], agents: Sequence[str] = ()) -> list[Finding]:
    """Findings of a page's meta elements, given as pairs of name and content.

    Read are tdm-reservation, tdm-policy, robots, the names of the given training agents, and the
    headers that a page may state in itself (`http-equiv`): x-robots-tag and content-usage.
    """
    tokens = {"robots", *(product_token(agent) for agent in agents)}
    named = [(name.strip().lower(), content.strip()) for name, content in metas]
    policy = next((content for key, content in named if key == "tdm-policy"), None)
    found: list[Finding] = []
    for key, content in named:
        if key == "tdm-reservation":
            found.append(replace(_tdm_reservation(content, "meta"), address=policy))
        elif key in tokens:
            given = [part.strip().lower() for part in content.split(",")]
            found += _for_robots(given, "meta", content)
        elif key == "x-robots-tag":
            found += _for_robots(_directives(content, tokens), "meta", content)
        elif key == "content-usage":
            found += from_content_usage(content, "meta")
    return found


def from_tdmrep(file: tdmrep.TdmFile, path: str) -> list[Finding]:
    """Findings of a site's tdmrep.json for a path with its query."""
    found = []
    rule = file.find(path)
    if rule is not None:
        said = RESERVED if rule.reservation else ALLOWED
        value = f"{rule.reservation} {rule.location}"
        made = _finding("tdm_reservation", said, "file", value)
        found.append(replace(made, address=rule.policy))
    if not file.is_readable:
        found.append(_finding("unreadable", RESERVED, "file", f"tdmrep.json: {file.status}"))
    return found


def from_ai_txt(file: aitxt.AiTxt, agents: Sequence[str], path: str) -> list[Finding]:
    """Findings of a site's ai.txt for the training agents and a path with its query.

    A web page or other data in place of the file is a soft 404, and says nothing.
    """
    if file.status == "not_text":
        return []
    verdict, line = file.verdict(agents, path)
    return [_finding("ai_txt", verdict, "file", line or file.status)]


def from_rsl(document: rsl.RslDocument | None, path: str, place: str = "file") -> list[Finding]:
    """Findings of an RSL document for a path; None is a document that is named and was not had."""
    if document is None:
        return [Finding("rsl_unresolved", RESERVED, place, "unresolved")]
    if not document.is_readable:
        return [Finding("rsl_unresolved", RESERVED, place, document.status)]
    verdict = document.verdict(path)
    if verdict is None:
        return [Finding("rsl", UNKNOWN, place, document.status)]
    return [Finding("rsl", ALLOWED if verdict == rsl.PERMITS else RESERVED, place, verdict)]


def resolved(
    findings: Iterable[Finding], find: Callable[[str], rsl.RslDocument | None], url: str, path: str
) -> list[Finding]:
    """Findings with what RSL documents say in place of the bare addresses of those documents.

    `find` gives the document of an absolute address, None for one that was not had; `url` is the
    page's own address, `path` its path with the query.
    """
    found: list[Finding] = []
    for finding in findings:
        if finding.channel == "rsl_unresolved" and finding.address is not None:
            try:
                document = find(urljoin(url, finding.address))
            except ValueError:
                document = None
            if document is not None:
                found += from_rsl(document, path, finding.place)
                continue
        found.append(finding)
    return found


def from_domain_list(entry: str | None) -> list[Finding]:
    """The finding of a list of opted-out domains that has the page's host or URL as `entry`.

    Such a list is a `domains.TextList` or `domains.KeyList`, as the block list is; it is asked by
    `domains.find(url, listing)`, and only for domains and URLs that asked to be left out.
    """
    return [] if entry is None else [_finding("domain_list", RESERVED, "list", entry)]


def from_content_signal(value: str, place: str) -> list[Finding]:
    """The finding of a Content-Signal: `ai-train=no` reserves, `ai-train=yes` allows."""
    verdict = UNKNOWN
    for part in value.split(","):
        key, _, setting = part.partition("=")
        if key.strip().lower() != "ai-train":
            continue
        verdict = {"no": RESERVED, "yes": ALLOWED}.get(setting.strip().lower(), verdict)
        if verdict == RESERVED:
            break
    return [_finding("content_signal", verdict, place, value)]


def from_content_usage(value: str, place: str) -> list[Finding]:
    """Findings of a Content-Usage (AIPREF): `n` under a key for training reserves, `y` allows.

    What is no dictionary of structured fields is `unreadable`; any other value says nothing.
    """
    preferences = parse_dictionary(value)
    if preferences is None:
        return [
            _finding("content_usage", UNKNOWN, place, value),
            Finding("unreadable", RESERVED, place, "Content-Usage is no dictionary"),
        ]
    settings = {preferences.get(key) for key in _TRAINING_KEYS}
    verdict = RESERVED if "n" in settings else ALLOWED if "y" in settings else UNKNOWN
    return [_finding("content_usage", verdict, place, value)]


def _finding(channel: str, verdict: str, place: str, value: str) -> Finding:
    return Finding(channel, verdict, place, shown(value))


def _names_rsl(address: str, place: str) -> Finding:
    return Finding("rsl_unresolved", RESERVED, place, "unresolved", address=address)


def _from_links(links: Iterable[Link]) -> list[Finding]:
    """Addresses of RSL documents in links and Link headers."""
    return [
        _names_rsl(link.href, "header" if link.element == "header" else "page")
        for link in links
        if link.media_type.partition(";")[0].strip().lower() == rsl.MEDIA_TYPE
    ]


def _names_ours(line: str) -> bool:
    return line.partition(":")[0].strip().lower() in _OUR_HEADERS


def _tdm_reservation(value: str, place: str) -> Finding:
    """TDMRep: 1 reserves, 0 does not, and anything else is as if unset."""
    verdict = {"1": RESERVED, "0": ALLOWED}.get(value, UNKNOWN)
    return _finding("tdm_reservation", verdict, place, value)


def _for_robots(directives: list[str], place: str, value: str) -> list[Finding]:
    """Findings of the directives of one line or element for robots."""
    is_no = not _NO_TRAINING.isdisjoint(directives)
    found = [_finding("noai", RESERVED if is_no else UNKNOWN, place, value)]
    if "noimageai" in directives:
        found.append(Finding("noimageai", RESERVED, place))
    recorded = dict.fromkeys(one for one in directives if one in _RECORDED)
    return [*found, *(Finding("directive", UNKNOWN, place, one) for one in recorded)]


def _directives(value: str, agents: set[str]) -> list[str]:
    """Directives of an X-Robots-Tag line that hold for all agents or for one of these.

    An agent's name with a colon scopes what follows it in the line. Dates and sizes have colons and
    commas too: their pieces are no directives and do no harm.
    """
    found = []
    holds = True
    for part in value.split(","):
        directive = part.strip().lower()
        name, colon, rest = directive.partition(":")
        token = product_token(name)
        is_agent = token in agents or _AGENT_NAME.fullmatch(name.strip()) is not None
        if colon and name not in _VALUED_DIRECTIVES and is_agent:
            holds = name.strip() == "*" or token in agents
            directive = rest.strip()
        if holds:
            found.append(directive)
    return found
