"""Detectors do work in proportion to the text, whatever the text: counted in calls, not seconds.

`python -m benchmarks.bench_pii` measures the same strings in milliseconds, where a pattern that
backtracks would show; every pattern is bounded or possessive, so that none does.
"""

import sys
from types import FrameType
from typing import Any

import pytest

from filters import pii
from filters.addresses import redact_url
from tests.hostile.personal import MAKERS

SHORT = 1500
ONCE = 3000
"""Calls that are made once: plans and patterns are compiled when first needed."""


def calls(text: str) -> int:
    """Calls of functions, of Python and of C, while personal data is sought in a text."""
    made = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    pii.find(text, "eng")
    sys.setprofile(count)
    try:
        pii.find(text, "eng")
    finally:
        sys.setprofile(None)
    return made


@pytest.mark.parametrize("name", MAKERS)
def test_twice_the_text_takes_twice_the_calls(name: str) -> None:
    short, long = calls(MAKERS[name](SHORT)), calls(MAKERS[name](2 * SHORT))
    assert long <= 2.3 * short + ONCE, (short, long)


@pytest.mark.parametrize("name", MAKERS)
def test_redaction_of_hostile_strings_is_idempotent(name: str) -> None:
    redacted, spans = pii.redact(MAKERS[name](SHORT), "eng")
    assert all(redacted[s.start : s.end] == f"<{s.kind}>" for s in spans)
    assert pii.redact(redacted, "eng") == (redacted, [])


@pytest.mark.parametrize("name", MAKERS)
def test_addresses_of_hostile_strings_are_redacted_once(name: str) -> None:
    once = redact_url("http://x.example/?q=" + MAKERS[name](300))
    assert redact_url(once) == once
