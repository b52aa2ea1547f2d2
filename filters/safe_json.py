"""JSON of strangers: capped in size, depth and digits before anything is built from it."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import numpy as np

_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEP: Final = np.zeros(256, dtype=np.int8)
_STEP[list(b"[{")] = 1
_STEP[list(b"]}")] = -1
MAX_DIGITS: Final = 15
"""Whole numbers with more digits are read as None: none of our formats has any."""


class JsonError(ValueError):
    """The text is no JSON that we read; its only argument is the status to record."""


def loads(body: bytes, max_bytes: int, max_depth: int) -> Any:
    """The value that a body holds; of equal keys in an object the values are a list, see `many`.

    JsonError `too_large`, `too_deep` or `not_json`. Takes linear time, and never recurses deeper
    than `max_depth`.
    """
    if len(body) > max_bytes:
        raise JsonError("too_large")
    text = body.removeprefix(b"\xef\xbb\xbf")
    if _depth(text) > max_depth:
        raise JsonError("too_deep")
    try:
        return json.loads(
            text.decode("utf-8", "replace"),
            object_pairs_hook=_members,
            parse_int=_whole,
            parse_constant=lambda _: None,
        )
    except (ValueError, RecursionError):
        raise JsonError("not_json") from None


class Repeated(tuple[Any, ...]):
    """The values of a key that stands in an object more than once."""


def many(value: Any) -> tuple[Any, ...]:
    """All values of a key: one, or as many as it was repeated."""
    return tuple(value) if isinstance(value, Repeated) else (value,)


def _depth(text: bytes) -> int:
    brackets = _STRING.sub(b"", text).translate(None, _NOT_BRACKETS)
    steps = _STEP[np.frombuffer(brackets, dtype=np.uint8)]
    return int(np.cumsum(steps, dtype=np.int64).max(initial=0))


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        by_key: dict[str, list[Any]] = {}
        for key, value in pairs:
            by_key.setdefault(key, []).append(value)
        made = {k: v[0] if len(v) == 1 else Repeated(v) for k, v in by_key.items()}
    return made


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= MAX_DIGITS else None
