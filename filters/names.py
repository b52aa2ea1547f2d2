"""The place for a recogniser of names, which is not ours: none is used by default.

What one costs, and what it does to texts: docs/personal-data.md, section Names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

NAME: Final = "NAME"
"""The kind that a recogniser's ranges get; no detector of ours gives it."""


class Recogniser(Protocol):
    """Gives half-open ranges of a text that are names of persons, in any order.

    `language` is ISO 639-3 or None. The text holds placeholders already. The same text must give
    the same ranges, whatever was read before.
    """

    def __call__(self, text: str, language: str | None) -> Iterable[tuple[int, int]]:
        """Return the ranges."""
        ...
