"""Reservations and near misses, and every robots.txt of the snapshot."""

import codecs
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from samples.archive import Exchange
from samples.duplicates import digest, load_cases
from samples.entries import Entry, fetch, kept, rejected
from samples.pages import Page, pick
from samples.render import Look

# What hosts of ordinary pages say: nothing that touches their pages.
HARMLESS = (
    "User-agent: *\nDisallow: /wp-admin/\nAllow: /wp-admin/admin-ajax.php\n",
    "User-agent: *\nDisallow:\n\nSitemap: /sitemap.xml\n",
    "# everybody is welcome\nUser-agent: *\nAllow: /\nCrawl-delay: 2\n",
    "",
)
ROBOTS_DATE = "2026-01-12"


def opt_outs(pages: Mapping[str, Page]) -> list[Entry]:
    """The pages of every case in `special/optouts.yaml`."""
    cases = load_cases("optouts")
    return [_entry(case, item, pages) for case in cases for item in case["pages"]]


def _entry(case: Mapping[str, Any], item: Mapping[str, Any], pages: Mapping[str, Page]) -> Entry:
    why = case["why"]
    look = Look(metas=tuple(case.get("metas", {}).items()))
    headers = tuple(case.get("headers", {}).items())
    if "digest" in item:
        page = digest(pages, item["digest"], item["url"], ROBOTS_DATE)
        return kept("near_miss", page, why, fetch(page, look, headers))
    source = pages[item["copy"]]
    page = source.at(item["url"])
    if item.get("older"):
        page = replace(page, date=(date.fromisoformat(page.date) - timedelta(days=9)).isoformat())
        why += f" It is older than its free copy, {source.url}, which is kept all the same."
    # Reservations come before duplicates and before any language is determined: hence no tag.
    return rejected("reserved", case["reason"], fetch(page, look, headers), why)


def robots_exchanges(hosts: Iterable[str]) -> Iterator[Exchange]:
    """The robotstxt subset: the cases' files, then harmless ones for most of the hosts."""
    for case in load_cases("optouts"):
        if "robots" in case:
            yield from _case_robots(case)
    for host in sorted(set(hosts)):
        choice = pick("robots:" + host, 8)
        if choice < len(HARMLESS):
            yield _file(f"https://{host}/robots.txt", HARMLESS[choice].encode())
        elif choice < 6:
            yield _file(f"https://{host}/robots.txt", b"Not found\n", status="404 Not Found")
        elif choice == 6:
            yield from _sent_home(host)


def _case_robots(case: Mapping[str, Any]) -> Iterator[Exchange]:
    body = case["robots"].encode()
    if case.get("robots_newline") == "cr":
        body = body.replace(b"\n", b"\r")
    if case.get("robots_bom"):
        body = codecs.BOM_UTF8 + body
    media_type = case.get("robots_type", "text/plain; charset=utf-8")
    status = case.get("robots_status", "200 OK")
    for host in sorted({item["url"].split("/")[2] for item in case["pages"]}):
        url = f"https://{host}/robots.txt"
        if "robots_redirect" in case:
            target = case["robots_redirect"]
            yield _file(url, b"", "text/html", "301 Moved Permanently", (("Location", target),))
            url = target
        yield _file(url, body, media_type, status)


def _sent_home(host: str) -> Iterator[Exchange]:
    """A host that redirects what it does not know to its home page, which is no robots.txt."""
    home = f"https://{host}/"
    moved = (("Location", home),)
    yield _file(f"{home}robots.txt", b"", "text/html", "302 Found", moved)
    page = f"<!DOCTYPE html><html><head><title>{host}</title></head><body>{host}</body></html>"
    yield _file(home, page.encode(), "text/html; charset=utf-8")


def _file(
    url: str,
    body: bytes,
    media_type: str = "text/plain",
    status: str = "200 OK",
    headers: tuple[tuple[str, str], ...] = (),
) -> Exchange:
    fields = (("Content-Type", media_type), *headers, ("Content-Length", str(len(body))))
    identified = media_type.partition(";")[0]
    return Exchange(url, ROBOTS_DATE, body, fields, status=status, payload_type=identified)
