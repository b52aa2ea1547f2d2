"""A snapshot of Maltese pages, good ones and poor ones, out of our own Maltese pages.

There are enough of each kind for ten of them to be looked at.
"""

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

from samples import archive
from samples.archive import Exchange
from samples.pages import ROOT, Page, load, prose

TAG = "mlt_Latn"
HOST = "xbieki.example"
DATE = "2026-01-20"
REASONS = ("rule.word_count", "rule.terminal_punctuation_line_fraction")


def build(root: Path) -> dict[str, int]:
    """Write the snapshot; pages by the reason that they must be given, `keep` for none."""
    pages = [page for page in load(ROOT / "pages") if page.tag == TAG]
    made = {
        "keep": [_exchange(page, "whole", prose(page).split("\n")) for page in pages],
        REASONS[0]: [one for page in pages for one in _short(page)],
        REASONS[1]: [one for page in pages for one in _unfinished(page)],
    }
    exchanges = [one for kind in made.values() for one in kind]
    archive.write_snapshot(root, [b"".join(map(archive.triple, exchanges))], b"")
    return {reason: len(kind) for reason, kind in made.items()}


def _sentences(page: Page) -> list[str]:
    return re.split(r"(?<=[.!?])\s+", prose(page))


def _short(page: Page) -> Iterator[Exchange]:
    """Pages of one sentence."""
    sentences = _sentences(page)
    for number in range(2):
        yield _exchange(page, f"short-{number}", sentences[number : number + 1])


def _unfinished(page: Page) -> Iterator[Exchange]:
    """Two halves of the page, in lines that no full stop ends."""
    lines = [sentence.rstrip(".!?") for sentence in _sentences(page)]
    for number, half in enumerate((lines[: len(lines) * 2 // 3], lines[len(lines) // 3 :])):
        yield _exchange(page, f"unfinished-{number}", half)


def _exchange(page: Page, kind: str, lines: list[str]) -> Exchange:
    body = "".join(f"<p>{escape(line)}</p>\n" for line in lines)
    text = (
        f'<!DOCTYPE html>\n<html lang="mt"><head><title>{escape(page.title)}</title></head>\n'
        f"<body><main><article><h1>{escape(page.title)}</h1>\n{body}</article></main></body></html>\n"
    )
    return Exchange(f"https://{HOST}/{page.slug}/{kind}", DATE, text.encode())
