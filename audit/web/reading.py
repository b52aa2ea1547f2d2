"""What the reader shows of a page: an excerpt in parts, and, apart from it, the verdict.

They are two answers so that a page can be read blind: what was never asked for cannot be seen.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

WHOLE: Final = 1500
"""Characters of a text that is shown whole."""
PART: Final = 500
"""Characters of head, middle and tail of a longer one (as in HPLT's inspection)."""
LEAST_GAP: Final = 120
"""Characters that are worth being left out."""
MOST_JOINED: Final = 32
"""Signs that may belong to one letter; a longer run is cut (texts of nothing but accents)."""
OPENING, CLOSING = "⟨", "⟩"


def excerpt(text: str, sought: str = "") -> list[dict[str, Any]]:
    """Parts of a text, each `text` and the characters left out before it in `gap`.

    The whole text under 1,500 characters, or little more; else head, middle and tail of 500, the
    middle one around the first place of `sought` if it lies there. No part begins or ends within a
    letter or a sign that stands for a control character.
    """
    if len(text) < WHOLE:
        return [{"text": text, "gap": 0}]
    place = text.lower().find(sought.lower()) if sought else -1
    middle = len(text) // 2 if place < 0 else place
    middle = min(max(middle - PART // 2, PART), len(text) - 2 * PART)
    made: list[dict[str, Any]] = []
    end = 0
    for start in (0, middle, len(text) - PART):
        first = max(end, cut(text, start))
        last = cut(text, start + PART)
        if made and first - end < LEAST_GAP:
            made[-1]["text"] += text[end:last]
        else:
            made.append({"text": text[first:last], "gap": first - end})
        end = last
    return made


def cut(text: str, at: int) -> int:
    """The first place from `at` on where a text may be cut."""
    if at <= 0 or at >= len(text):
        return max(0, min(at, len(text)))
    opened = text.rfind(OPENING, max(0, at - 10), at)
    if opened >= 0 and CLOSING not in text[opened:at]:
        closed = text.find(CLOSING, at, at + 10)
        at = closed + 1 if closed >= 0 else at
    for place in range(at, min(len(text), at + MOST_JOINED)):
        if not _joins(text[place]) and text[place - 1] != "\u200d":
            return place
    return at


def _joins(sign: str) -> bool:
    """Whether a character belongs to the letter before it."""
    return unicodedata.category(sign) in ("Mn", "Mc", "Me") or sign in "\u200c\u200d"


def page(found: Mapping[str, Any], code: str, *, whole: bool, sought: str = "") -> dict[str, Any]:
    """What is read of a page (`tuning.Session.page`), and nothing of its verdict."""
    text = found["text"] or ""
    parts = [{"text": text, "gap": 0}] if whole else excerpt(text, sought)
    shown = sum(len(str(part["text"])) for part in parts)
    return {
        "doc_id": found["doc_id"],
        "title": found["title"],
        "url": found["url"],
        "code": code,
        "parts": parts,
        "chars": found["characters"] or len(text),
        "is_whole": shown == len(text),
        "is_cut": found["is_cut"],
        "why_not": found["text_why_not"],
    }


def verdict(found: Mapping[str, Any]) -> dict[str, Any]:
    """What the rules, and the run, say of a page."""
    names = ("doc_id", "verdict", "outcome", "reason", "meaning", "signals", "pii_counts")
    return {name: found[name] for name in (*names, "cluster", "listed")}
