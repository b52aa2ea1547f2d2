"""What the commands print: data for `--json`, and the same as text that fits 80 columns."""

import contextlib
import json
import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, TextIO

from stages.errors import ConfigError

SCHEMA_VERSION = 1
WIDTH, MIN_WIDTH = 80, 40
MIN_TEXT = 8
"""What is left of a column of text however narrow the terminal is."""

Text = Iterable[str]
_HARMLESS = "\t\u00ad\u200c\u200d"
"""Tab, and what ordinary spelling uses: soft hyphen, zero-width non-joiner and joiner."""


def give(
    command: str,
    data: Mapping[str, Any],
    as_json: bool,
    text: Callable[[], Text],
    ok: bool = True,
    warnings: Sequence[str] = (),
) -> None:
    """Print one JSON document, or the text."""
    if as_json:
        document = {
            "schema_version": SCHEMA_VERSION,
            "command": command,
            "ok": ok,
            "data": data,
            "warnings": list(warnings),
        }
        made = json.dumps(document, ensure_ascii=sys.stdout.isatty(), default=str)
        lines: Text = [made.encode("utf-8", "replace").decode()]
    else:
        lines = (plain(line) for line in text())
    with while_read():
        for line in lines:
            sys.stdout.write(f"{line}\n")


@contextlib.contextmanager
def while_read() -> Iterator[None]:
    """Write to stdout, then flush; once its reader has left, as `head` does, quietly nowhere.

    The command goes on, so that its exit code says what it says without a pipe.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def give_bytes(data: bytes) -> None:
    """Print a file; ConfigError rather than bytes that are no text on a terminal."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        if sys.stdout.isatty():
            raise ConfigError(
                "--format", "this is no text to look at", "put it into a file: weir ... > FILE"
            ) from None
        with while_read():
            sys.stdout.buffer.write(data)
    else:
        with while_read():
            sys.stdout.write("".join(f"{plain(line)}\n" for line in text.split("\n")[:-1]))


def plain(line: str) -> str:
    """The line without control characters: a crawled title must not drive a terminal.

    Nor does a path of odd bytes end the command: lone surrogates go as well.
    """
    return "".join(
        c if unicodedata.category(c) not in ("Cc", "Cf", "Cs") or c in _HARMLESS else "\ufffd"
        for c in line
    )


def has_terminal(stream: TextIO | None = None) -> bool:
    """Whether stdout, or another stream, is a person's terminal that can move its cursor."""
    is_one = (stream or sys.stdout).isatty() and not os.environ.get("CI")
    return is_one and os.environ.get("TERM", "dumb") != "dumb"


def has_keys() -> bool:
    """Whether a person can answer with keys: stdin and stdout are a terminal's."""
    return sys.stdin.isatty() and has_terminal()


def has_style() -> bool:
    """Whether bold and colours may be used: on a terminal, unless NO_COLOR is set."""
    return has_terminal() and not os.environ.get("NO_COLOR")


def width() -> int | None:
    """Columns of the terminal that answers go to; None where lines may be as long as they are."""
    if not sys.stdout.isatty():
        return None
    return max(MIN_WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    numbers: str = "",
    limit: int | None = None,
) -> Iterator[str]:
    """Rows aligned in columns; `numbers` marks columns with `r` to align right.

    Where they would be wider than `limit` (by default the terminal), words of the header stand on
    lines of their own; then the widest columns of text are cut, with an ellipsis. Numbers never.
    """
    limit = limit or width()
    cells = [[cell(value) for value in row] for row in rows]
    heads = [list(header)]
    if limit and sum(_widths([*heads, *cells])) + 2 * len(header) - 2 > limit:
        heads = [list(line) for line in zip_longest(*map(str.split, header), fillvalue="")]
    widths = _widths([*heads, *cells])
    texts = [i for i in range(len(header)) if numbers[i : i + 1] != "r"]
    while limit and texts and sum(widths) + 2 * len(widths) - 2 > limit:
        widest = max(texts, key=lambda i: widths[i])
        if widths[widest] <= MIN_TEXT:
            break
        widths[widest] -= 1
    for row in [*heads, *cells]:
        parts = [
            _cut(c, w).rjust(w) if numbers[i : i + 1] == "r" else _cut(c, w).ljust(w)
            for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(parts).rstrip()


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def folded(name: str, text: str, indent: int, limit: int | None = None) -> list[str]:
    """Text beside its name, in lines that fit the terminal (or `limit`); at least one line."""
    most = limit or width()
    first = f"{name:{indent}}"
    if most is None:
        return [f"{first}{text}".rstrip()]
    found = textwrap.wrap(
        text, most, initial_indent=first, subsequent_indent=" " * indent, break_on_hyphens=False
    )
    return found or [first.rstrip()]


def cell(value: Any) -> str:
    """A value as people read it: grouped digits, three decimals, a dash for null."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def tag(name: str) -> str:
    """The canonical tag of a language; ConfigError with near names."""
    from langid import tags  # noqa: PLC0415 - reads its tables, which --help does not need

    try:
        return tags.normalise(name)
    except ValueError as error:
        raise ConfigError("--language", str(error), "`weir languages` lists them") from None


def waterfall(found: Mapping[str, Any]) -> Iterator[str]:
    """What is left after each kind of reason, as bars."""
    bars = max(8, min(28, (width() or WIDTH) - 46))
    left, whole = found["read"], max(1, found["read"])
    yield f"{'read':26} {left:>9,}  {'█' * bars} 100.0 %"
    for kind, meaning in (
        ("read", "unreadable"),
        ("gate", "gate"),
        ("rights", "rights reserved"),
        ("takedown", "taken down"),
        ("extract", "no main text"),
        ("identify", "language"),
        ("rule", "quality rules"),
        ("list", "deny lists"),
        ("dedup", "duplicates"),
    ):
        lost = sum(
            n
            for part in ("rejected", "quarantined")
            for reason, n in found[part].items()
            if reason.partition(".")[0] == kind
        )
        if kind == "takedown" and not lost:
            continue  # most runs never had a request
        left -= lost
        bar = "█" * round(left / whole * bars)
        yield f"{'- ' + meaning:26} {-lost:>9,}  {bar.ljust(bars)} {left / whole:5.1%}".replace(
            "%", " %"
        )
    yield f"{'kept':26} {found['kept']:>9,}"


def checks_text(checks: Sequence[Mapping[str, Any]]) -> Text:
    """`weir verify` and what else recomputes digests."""
    for check in checks:
        state = "ok  " if check["ok"] else "FAIL"
        yield from folded(f"{state}  {check['name']:24} ", check["detail"], 31)
