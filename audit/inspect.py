"""Pages of a run as lines for a terminal, and paging through them by key.

Text from a crawl is hostile to terminals: every string goes through `visible`, and what is written
to the terminal besides are the few sequences below.
"""

import contextlib
import os
import select
import signal
import sys
import termios
import textwrap
import tty
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from rich.cells import cell_len

from audit.excerpts import why
from audit.figures import number
from audit.sample import visible

MIN_WIDTH, MAX_WIDTH = 40, 100
"""Columns of text: below, words break; above, eyes lose the line."""

ENTER, LEAVE = "\x1b[?1049h\x1b[?7l", "\x1b[?7h\x1b[?1049l"
"""To the alternate screen with lines cut at the edge, and back to what was there before."""

HOME, REST, BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
"""To the first line; clear the line; clear below. Before the text: a full line is kept whole."""

BOLD, PLAIN = "\x1b[1m", "\x1b[0m"

KEYS = {
    **dict.fromkeys(("n", "\x1b[C", "l"), "next"),
    **dict.fromkeys(("p", "\x1b[D", "h"), "previous"),
    **dict.fromkeys((" ", "\x1b[6~"), "page down"),
    **dict.fromkeys(("b", "\x1b[5~"), "page up"),
    **dict.fromkeys(("j", "\x1b[B", "\r", "\n"), "down"),
    **dict.fromkeys(("k", "\x1b[A"), "up"),
    **dict.fromkeys(("q", "\x04", ""), "quit"),
}
FOOT = "n next  p previous  space/b scroll  q quit"
ESCAPE_S = 0.05
"""How long the rest of an arrow key may take after its escape; a lone escape does nothing."""


def lines(page: Mapping[str, Any], place: str, width: int) -> list[str]:
    """A described page (`audit.sample.pages`): outcome and why, where from, then its text.

    No line is wider than `width` columns; nothing in them acts on a terminal.
    """
    facts = [page["language"], (page["date"] or "")[:10], _count(page)]
    head = [place, page["outcome"].upper(), page["reason"] or "", *filter(None, facts)]
    made = [*_wrapped("  ".join(part for part in head if part), width)]
    for text in (page["title"], page["url"]):
        made += _wrapped(text or "", width)
    reasons = [page["meaning"] or "", *why(page)] if page["reason"] else []
    for name, text in (
        ("because", "; ".join(part for part in reasons if part)),
        ("personal", ", ".join(f"{k} {n}" for k, n in sorted(page["pii_counts"].items()))),
        ("doc_id", page["doc_id"]),
    ):
        if text:
            made += _wrapped(text, width, f"{name:10}", " " * 10)
    if page["excerpt"] is None:
        made += ["", *_wrapped("No text is stored: the page never became a document.", width)]
        made += _wrapped(f"{page['warc']} at byte {page['offset']:,}", width, "  ", "  ")
        return made
    made.append("")
    for paragraph in page["excerpt"].splitlines():
        made += _wrapped(paragraph, width, "  ", "  ") or [""]
    if (page["n_chars"] or 0) > len(page["excerpt"]):
        made += ["", f"  ... {number(page['n_chars'])} characters in all"]
    return made


def _count(page: Mapping[str, Any]) -> str:
    return f"{page['n_words']:,} words" if page["n_words"] is not None else ""


def _wrapped(text: str, width: int, first: str = "", later: str = "") -> list[str]:
    """The text made visible, broken at spaces, or anywhere where a word is wider than a line."""
    safe = visible(text.expandtabs(2)).replace("\n", " ")
    broken = textwrap.wrap(
        safe,
        width,
        initial_indent=first,
        subsequent_indent=later,
        break_on_hyphens=False,
    )
    return [part for line in broken for part in _narrow(line, width)]


def _narrow(line: str, width: int) -> Iterator[str]:
    """The line, cut where signs of double width make it wider than the screen."""
    while cell_len(line) > width:
        end = width
        while cell_len(line[:end]) > width:
            end -= 1
        yield line[: max(1, end)]
        line = line[max(1, end) :]
    yield line


def columns() -> int:
    """Columns to write in: those of the terminal, within bounds; 80 where there is none."""
    return max(MIN_WIDTH, min(MAX_WIDTH, _size()[0]))


def _size() -> tuple[int, int]:
    """Columns and rows of the terminal that answers go to; 80 by 24 where it does not say."""
    try:
        found = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        return 80, 24
    return found.columns or 80, found.lines or 24


@dataclass(slots=True)
class Place:
    """Where the reader is: which page, and the first line of it that shows."""

    page: int = 0
    line: int = 0


def moved(place: Place, action: str, pages: int, length: int, rows: int) -> Place:
    """The place after a key. Scrolling down at a page's end goes to the next one."""
    last = max(0, length - rows)
    if action == "page down" and place.line >= last:
        action = "next"
    if action in ("next", "previous"):
        step = 1 if action == "next" else -1
        return Place(max(0, min(place.page + step, pages - 1)))
    step = {"page down": rows, "page up": -rows, "down": 1, "up": -1}.get(action, 0)
    return Place(place.page, max(0, min(place.line + step, last)))


def screen(shown: Sequence[str], place: Place, rows: int, has_style: bool) -> str:
    """What to write for a page's lines from `place` on, with a foot of one line."""
    part = list(shown[place.line : place.line + rows])
    below = len(shown) - place.line - len(part)
    part += [""] * (rows - len(part))
    if has_style and place.line == 0:
        part[0] = f"{BOLD}{part[0]}{PLAIN}"
    foot = f"{FOOT}{f'  ({below:,} lines below)' if below else ''}"
    return HOME + "\r\n".join(f"{REST}{line}" for line in part) + f"\r\n{BELOW}{foot}"


def browse(
    pages: int, page: Callable[[int, int], Sequence[str]], has_style: bool, source: int = 0
) -> None:
    """Show pages on the terminal until `q`; `page(number, width)` gives the lines of one.

    Whatever ends it, the terminal is as it was. `source` is the file descriptor of the keys.
    """
    place, action = Place(), ""
    with taken(source):
        while action != "quit":
            width, rows = _size()
            rows = max(1, rows - 1)
            shown = page(place.page, max(1, min(width, MAX_WIDTH)))
            sys.stdout.write(screen(shown, place, rows, has_style))
            sys.stdout.flush()
            action = KEYS.get(key(source), "")
            place = moved(place, action, pages, len(shown), rows)


def key(source: int) -> str:
    """One key: a character, or the sequence of an arrow or page key; empty at the end of input."""
    first = os.read(source, 1)
    if first != b"\x1b":
        return first.decode("ascii", "replace")
    while len(first) < 8 and select.select([source], [], [], ESCAPE_S)[0]:
        first += os.read(source, 1)
        if first[-1:].isalpha() or first.endswith(b"~"):
            break
    return first.decode("ascii", "replace")


@contextlib.contextmanager
def taken(source: int) -> Iterator[None]:
    """The terminal for ourselves: keys at once and unseen, the alternate screen; then as it was.

    Suspending is off meanwhile, since it would leave the shell with our terminal.
    """
    before = termios.tcgetattr(source)
    with ending():
        try:
            tty.setcbreak(source)
            quiet = termios.tcgetattr(source)
            quiet[6][termios.VSUSP] = os.fpathconf(source, "PC_VDISABLE").to_bytes()
            termios.tcsetattr(source, termios.TCSANOW, quiet)
            sys.stdout.write(ENTER)
            yield
        finally:
            sys.stdout.write(PLAIN + LEAVE)
            sys.stdout.flush()
            termios.tcsetattr(source, termios.TCSADRAIN, before)


@contextlib.contextmanager
def ending() -> Iterator[None]:
    """SIGTERM and SIGHUP (a closed window) as an exit with code 143 or 129.

    So what is to be put back is put back.
    """
    before = {number: signal.signal(number, _ended) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ended(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)
