"""A record's bytes as the archive holds them, for an auditor who may see them, unparsed."""

import zlib
from typing import Any, Final

from audit import selected
from audit.runs import Run
from audit.sample import visible
from pipeline import storage
from stages.errors import ConfigError

MAX_STORED: Final = 4 << 20
"""Bytes of a record that are read."""
MAX_SHOWN: Final = 256 << 10
"""Bytes of it that are shown: pages of text rarely have more."""
GZIP: Final = b"\x1f\x8b"


def original(run: Run, warc: str, offset: int, length: int) -> dict[str, Any]:
    """A record's bytes as text, with control characters made visible; `is_cut` if there are more.

    ConfigError if the archive file is not an input of the run, or holds something else there;
    ShardError or TransientError if it cannot be read where it was.
    """
    uris = selected.sources(run) or {}
    if warc not in uris:
        raise ConfigError(warc, "is no input of this run", "see `inputs` in run.json")
    with storage.open_at(uris[warc], offset) as stream:
        stored = stream.read(min(length or MAX_STORED, MAX_STORED))
    found = _inflated(stored) if stored.startswith(GZIP) else stored[: MAX_SHOWN + 1]
    if not found.startswith((b"WARC/", b"http", b"HTTP")):
        raise ConfigError(
            warc,
            f"holds no record that can be shown at byte {offset:,}",
            "it was changed since the run, or its layout is none that this page reads",
        )
    shown = found[:MAX_SHOWN].decode("utf-8", "replace").replace("\r\n", "\n")
    return {
        "text": visible(shown),
        "bytes": len(found[:MAX_SHOWN]),
        "is_cut": len(found) > MAX_SHOWN,
    }


def _inflated(stored: bytes) -> bytes:
    """The first bytes of a gzip member; what can be had of a damaged one."""
    try:
        return zlib.decompressobj(wbits=31).decompress(stored, MAX_SHOWN + 1)
    except zlib.error:
        return b""
