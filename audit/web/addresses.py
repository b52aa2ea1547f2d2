"""Addresses of our own pages: a path and a query that says the whole state of a page."""

import urllib.parse
from collections.abc import Mapping
from typing import Any


def link(path: str, **query: Any) -> str:
    """An address of ours with a query; what is empty is left out."""
    said = {name: value for name, value in query.items() if value not in (None, "", False)}
    return f"{path}?{urllib.parse.urlencode(said)}" if said else path


def turned(
    path: str, given: Mapping[str, Any], first: int, size: int, count: int
) -> tuple[str, str]:
    """Addresses of the pages before and after one of a result; empty for none."""
    others = {name: value for name, value in given.items() if name != "from"}
    before = link(path, **others, **{"from": max(0, first - size)}) if first else ""
    return before, link(path, **others, **{"from": first + size}) if first + size < count else ""
