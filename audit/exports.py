"""Files that a user asks a reader for, outside of the run."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from pipeline import storage
from stages.errors import ConfigError

ACTIVE: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula. Source: OWASP, CSV Injection."""


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as CSV in UTF-8; a text that a spreadsheet would run begins with an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_inert(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")


def _inert(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(ACTIVE) else value


def write(option: str, path: Path, data: bytes) -> None:
    """Write a file whole or not at all, readable for everybody; ConfigError names the option."""
    if not path.parent.is_dir():
        raise ConfigError(option, f"there is no folder {path.parent}", "make it, or name another")
    try:
        storage.write_bytes(path, data)
        path.chmod(0o644)
    except OSError as error:
        raise ConfigError(
            option, f"{path} cannot be written ({error.strerror})", "name another file"
        ) from None
