"""Finding an address as somebody writes it: the forms of it that are tried, and what they gave."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import numpy as np

from audit.fates import Fates
from audit.places import Place
from audit.runs import Run
from audit.sample import halves
from audit.trace import DOC_ID, RECORD_ID
from audit.views import Views
from stages.errors import ConfigError

MAX_CHARS: Final = 8192
"""Longer than any address that crawlers keep."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where an address was found, and what was tried for it, each with its number of records."""

    snapshot: str
    places: tuple[Place, ...]
    tried: tuple[tuple[str, int], ...]


def kind_of(what: str) -> str:
    """`doc_id`, `record_id`, `url` or `host`."""
    if DOC_ID.fullmatch(what):
        return "doc_id"
    if RECORD_ID.fullmatch(what):
        return "record_id"
    return "url" if "://" in what or "/" in what else "host"


def look_up(run: Run, views: Views, what: str) -> Found:
    """The records of an address as it is written, or else in its other forms.

    ConfigError for more than 8,192 characters.
    """
    if len(what) > MAX_CHARS:
        raise ConfigError("q", f"has more than {MAX_CHARS:,} characters")
    tried = []
    places: list[Place] = []
    for at, form in enumerate(forms(what)):
        found = views.find(form)
        tried.append((form, len(found)))
        if found and (not at or not places):
            places = found
        if at == 0 and found:
            break
    return Found(run.snapshot, tuple(places), tuple(tried))


def forms(what: str) -> list[str]:
    """An address, then its other forms: without fragment, other scheme, www, trailing slash."""
    kind = kind_of(what)
    if kind in ("doc_id", "record_id"):
        return [what]
    if kind == "host":
        bare = what.removeprefix("www.")
        return [what] if what.startswith("*.") else list(dict.fromkeys([what, bare, f"www.{bare}"]))
    try:
        parts = urlsplit(what if "://" in what else f"https://{what}")
        host = parts.hostname or ""
    except ValueError:
        return [what]
    if parts.scheme not in ("http", "https") or not host:
        return [what]
    bare = parts.netloc.removeprefix("www.")
    path = parts.path.rstrip("/")
    made = [
        urlunsplit((scheme, place, form, parts.query, ""))
        for scheme in (parts.scheme, "http" if parts.scheme == "https" else "https")
        for place in dict.fromkeys([parts.netloc, bare, f"www.{bare}"])
        for form in dict.fromkeys([parts.path, path, f"{path}/"])
    ]
    return list(dict.fromkeys([what, *made]))


def rows_of(run: Run, known: Fates, places: Sequence[Place]) -> list[int]:
    """Rows of the fates of some records, in the order of their shards."""
    found: list[int] = []
    for shard, group in groupby(places, lambda place: place.shard):
        rows = [place.row for place in group]
        head, _ = halves(run.take(run.shards[shard].records, rows, ["doc_id"]).column("doc_id"))
        found += np.searchsorted(known.head, head).tolist()
    return found


def command(run: Run, what: str) -> str:
    """The command that says the same in a terminal."""
    return shlex.join(["weir", "trace", str(run.path), what])
