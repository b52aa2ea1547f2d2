"""Build the sample snapshot, and the truth about it.

`python -m samples.build [--output DIR] [--check]`. Nothing here depends on a clock, on chance or on
the pipeline: each row of `truth.jsonl` says what was put in. Compressed bytes may differ between
versions of zlib; the truth does not.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from samples import duplicates, hostile, optouts, personal, special
from samples.archive import (
    WARC_COUNT,
    Exchange,
    member,
    other_of,
    record_id,
    triple,
    warc_name,
    write_snapshot,
)
from samples.entries import Entry, fetch, kept, ordinary
from samples.pages import NON_EUROPEAN, ROOT, Page, load, pick

SNAPSHOT_DIR = ROOT / "snapshot"
TRUTH = ROOT / "truth.jsonl"
DAMAGED_AFTER = 20  # damaged places come after this many rows; the last file's is its end


@cache
def all_entries() -> tuple[Entry, ...]:
    """Every row-to-be, in no particular order."""
    pages = duplicates.by_key(load(ROOT / "pages"))
    european = {key: page for key, page in pages.items() if page.tag not in NON_EUROPEAN}
    others = {key: page for key, page in pages.items() if page.tag in NON_EUROPEAN}
    why = "An ordinary page."
    entries = [
        *(kept("ordinary", page, why, ordinary(page)) for page in european.values()),
        *special.non_european(others),
        *special.poor_pages(),
        *duplicates.near_duplicates(european),
        *duplicates.longer_copies(european),
        *duplicates.shared_passages(european),
        *duplicates.exact_payloads(european),
        *duplicates.exact_texts(european),
        *optouts.opt_outs(european),
        *personal.personal_pages(),
        *special.served_oddly(european),
        *hostile.hostile_pages(european),
        *hostile.damaged(european["eng_Latn/cold-kitchen-sourdough"]),
    ]
    _check_entries(entries)
    return tuple(entries)


def _check_entries(entries: list[Entry]) -> None:
    """Raise ValueError where two records share a URL, or special ones a host with ordinary ones."""
    urls = Counter(entry.url for entry in entries if entry.exchange)
    twice = [url for url, count in urls.items() if count > 1]
    ordinary_hosts = hosts_of(entries, "ordinary")
    reserved = (hosts_of(entries, "reserved") | hosts_of(entries, "near_miss")) & ordinary_hosts
    kept_urls = {entry.url for entry in entries if entry.outcome == "keep"}
    lost = [entry.url for entry in entries if entry.keeper and entry.keeper not in kept_urls]
    if twice or reserved or lost:
        message = f"URLs twice: {twice}; hosts shared: {sorted(reserved)}; keepers not kept: {lost}"
        raise ValueError(message)


def hosts_of(entries: Iterable[Entry], kind: str) -> set[str]:
    """Hosts of the entries of one kind."""
    return {entry.url.split("/")[2] for entry in entries if entry.kind == kind}


@cache
def files() -> tuple[tuple[Entry, ...], ...]:
    """The entries of each file in their order: by hash, damaged ones at stated places."""
    whole = [entry for entry in all_entries() if entry.place is None]
    found: list[list[Entry]] = [[] for _ in range(WARC_COUNT)]
    for entry in sorted(whole, key=lambda e: record_id(e.url)):
        found[pick("file:" + record_id(entry.url), WARC_COUNT)].append(entry)
    for entry in (entry for entry in all_entries() if entry.place is not None):
        place = entry.place or 0
        at = len(found[place]) if place == WARC_COUNT - 1 else DAMAGED_AFTER
        found[place].insert(at, entry)
    return tuple(tuple(entries) for entries in found)


def truth() -> list[dict[str, Any]]:
    """One row for each row that the pipeline's `records` must hold, file by file."""
    return [
        entry.row(warc_name(number), n)
        for number, entries in enumerate(files())
        for n, entry in enumerate(entries)
    ]


def truth_text() -> str:
    """The truth as JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in truth())


def build(output: Path = SNAPSHOT_DIR) -> None:
    """Write the snapshot's files below `output`."""
    robots = optouts.robots_exchanges(hosts_of(all_entries(), "ordinary"))
    warcs = (_warc(number, entries) for number, entries in enumerate(files()))
    write_snapshot(output, warcs, b"".join(triple(exchange) for exchange in robots))


def _warc(number: int, entries: Iterable[Entry]) -> bytes:
    parts = [entry.data or triple(_exchange(entry)) for entry in entries]
    if number == 1:
        parts[5:5] = _no_responses()
    return b"".join(parts)


def _exchange(entry: Entry) -> Exchange:
    if entry.exchange is None:
        message = f"an entry of kind {entry.kind} has neither exchange nor bytes"
        raise ValueError(message)
    return entry.exchange


def _no_responses() -> Iterator[bytes]:
    """A revisit and a resource record: they are no responses, so no rows."""
    pages = duplicates.by_key(load(ROOT / "pages"))
    page: Page = pages["eng_Latn/tide-mill"]
    profile = "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest"
    revisit = (("WARC-Profile", profile), ("WARC-Refers-To", record_id(page.url)))
    yield member(other_of("revisit", fetch(page), revisit))
    resource = fetch(page.at("https://estuary-courier.example/saved-by-hand"))
    yield member(other_of("resource", resource, ()))


def summary() -> str:
    """Counts of rows by kind, by reason and by language, as text."""
    rows = truth()
    lines = [f"{len(rows)} rows"]
    for name in ("outcome", "kind", "reason", "tag"):
        counts = Counter(str(row[name]) for row in rows)
        lines.append(f"\nby {name}:")
        lines += [f"  {label:40} {count:5}" for label, count in sorted(counts.items())]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Build; with --check, fail if the committed truth is not what would be written."""
    parser = argparse.ArgumentParser(prog="python -m samples.build", description=__doc__)
    parser.add_argument("--output", type=Path, default=SNAPSHOT_DIR, help="the snapshot's folder")
    parser.add_argument("--check", action="store_true", help="compare truth.jsonl, do not write it")
    options = parser.parse_args(arguments)
    build(options.output)
    text = truth_text()
    if options.check:
        if not TRUTH.exists() or TRUTH.read_text("utf-8") != text:
            print(f"{TRUTH} is out of date: run `python -m samples.build`", file=sys.stderr)
            return 1
    else:
        TRUTH.write_text(text, "utf-8")
    print(summary())
    return 0


if __name__ == "__main__":
    sys.exit(main())
