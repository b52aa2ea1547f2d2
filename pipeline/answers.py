"""What the commands print: data for `--json`, and the same as text that fits 80 columns."""

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from stages.errors import ConfigError

SCHEMA_VERSION = 1
WIDTH = 80
Text = Iterable[str]


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
        sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")
    else:
        for line in text():
            sys.stdout.write(_plain(line) + "\n")
    sys.stdout.flush()


def _plain(line: str) -> str:
    """The line without control characters: a crawled title must not drive a terminal."""
    return "".join(
        c if unicodedata.category(c) not in ("Cc", "Cf") or c == "\t" else "\ufffd" for c in line
    )


def table(header: Sequence[str], rows: Iterable[Sequence[Any]], numbers: str = "") -> Iterator[str]:
    """Rows aligned in columns; `numbers` marks columns with `r` to align right."""
    cells = [list(header), *[[cell(value) for value in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    for row in cells:
        parts = [
            c.rjust(w) if numbers[i : i + 1] == "r" else c.ljust(w)
            for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(parts).rstrip()


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


def waterfall(found: Mapping[str, Any], width: int = 28) -> Iterator[str]:
    """What is left after each kind of reason, as bars."""
    left, whole = found["read"], max(1, found["read"])
    yield f"{'read':26} {left:>9,}  {'█' * width} 100.0 %"
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
        bar = "█" * round(left / whole * width)
        yield f"{'- ' + meaning:26} {-lost:>9,}  {bar.ljust(width)} {left / whole:5.1%}".replace(
            "%", " %"
        )
    yield f"{'kept':26} {found['kept']:>9,}"


def checks_text(checks: Sequence[Mapping[str, Any]]) -> Text:
    """`weir verify` and `weir doctor`."""
    for check in checks:
        yield f"{'ok  ' if check['ok'] else 'FAIL'}  {check['name']:24} {check['detail']}"
