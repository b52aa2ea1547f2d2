"""What every detector of personal data is given and gives: a context, and spans of its text.

A span says where, what kind, which detector and which country, never what: no value reaches a span,
an exception or a log.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from filters import countries, folding, sieve

KINDS: Final = (
    "SECRET", "CARD", "IBAN", "NATIONAL_ID", "TAX_ID", "EMAIL", "PHONE", "WALLET", "MAC", "IP",
)  # fmt: skip
"""Kinds by priority among spans of equal length. A placeholder is the kind in angle brackets."""

ALL: Final = frozenset(KINDS)


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of characters that held personal data."""

    start: int
    end: int
    kind: str
    detector: str
    country: str | None = None
    """ISO 3166-1 alpha-2 code of the country whose form it has; null where there is none."""
    context: bool = False
    """Whether a word before it was needed to find it."""


class Number(NamedTuple):
    """A run of digits with separators between them, as long as it can be."""

    start: int
    end: int
    digits: str
    """The digits alone."""


_SEPARATORS: Final = str.maketrans("", "", " .-/()")


@dataclass(frozen=True)
class Context:
    """What a finder may know: folded text, language (ISO 639-3), the host's top-level domain."""

    text: str
    language: str | None = None
    host_tld: str | None = None
    points: folding.Points | None = None
    """The characters of the text by number, where they are known already."""
    gated: frozenset[str] | None = None
    """The page's countries, where they are known already and `text` is a part of the page."""

    @cached_property
    def countries(self) -> frozenset[str]:
        """Countries whose numbers may be sought here without a word that names them."""
        if self.gated is not None:
            return self.gated
        return countries.gate(self.language, self.host_tld, self.text)

    @cached_property
    def numbers(self) -> tuple[Number, ...]:
        """Every run of at least six digits, in order; runs do not overlap.

        Between two digits stand at most three of space, full stop, hyphen, slash and parentheses.
        Neighbouring numbers that only such characters part are one run.
        """
        return tuple(
            Number(start, end, self.text[start:end].translate(_SEPARATORS))
            for start, end in sieve.numbers(self._points)
        )

    @cached_property
    def codes(self) -> list[tuple[int, int]]:
        """Ranges of five digits alone, and of digits and capitals in one word, in order."""
        return sieve.codes(self._points)

    @cached_property
    def tokens(self) -> list[tuple[int, int]]:
        """Ranges of every run of at least twenty ASCII letters, digits and ". - _", in order."""
        return sieve.tokens(self._points)

    @cached_property
    def _points(self) -> folding.Points:
        return folding.points(self.text) if self.points is None else self.points
