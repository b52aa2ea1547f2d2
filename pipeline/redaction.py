"""Personal data in single lines: what `weir redact` does with standard input.

A line is untrusted: broken JSON is text, bytes that are no UTF-8 are U+FFFD, a surrogate without
its half stays one. Offsets are of the text that came in, in code points, so that the answer can be
held against labels.
"""

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from typing import Any, Final, NamedTuple

from filters import domains, pii
from filters.spans import Span
from langid import identify, models, tags
from langid.models import Identifier
from pipeline.answers import plain
from stages.errors import ConfigError

# Identification decides only whose numbers are sought, which have six digits or more. What few
# letters say is not worth having: without a language, numbers are found by the words before them.
# Two of a run's three models take half the time, and know every language that has a country.
_NUMBERS: Final = re.compile(r"(?:\D*+\d){6}")
_MIN_LETTERS: Final = 20
_MIN_SCORE: Final = 0.5
_MODELS: Final = ("py3langid", "cld2")


class Line(NamedTuple):
    """A text to redact and what was said of it; null where nothing was."""

    text: str
    language: str | None = None
    url: str | None = None


def parsed(line: str) -> Line:
    """The text of a JSON string, or of an object with `text`; any other line is text itself.

    `language` and `url` are taken from an object if they are strings.
    """
    if line[:1] not in ('"', "{"):
        return Line(line)
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return Line(line)
    if isinstance(value, str):
        return Line(value)
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        return Line(line)
    said = (value.get(key) for key in ("language", "url"))
    return Line(value["text"], *(found if isinstance(found, str) else None for found in said))


@cache
def _code(name: str) -> str | None:
    """ISO 639-3 code of a tag, code or name; null for what is no language."""
    try:
        return tags.normalise(name[:64]).partition("_")[0]
    except ValueError:
        return None


def host_tld(url: str | None) -> str | None:
    """Top-level domain of a URL's host; null without a host name."""
    found = domains.located(url) if url else None
    tld = found[0].rpartition(".")[2] if found else ""
    return None if not tld or tld.isdigit() else tld


class Redactor:
    """Lines to redacted texts; models load when a line first needs its language identified."""

    def __init__(self, language: str | None = None) -> None:
        """`language` is what a line without its own is in; ConfigError if it is not known."""
        self._language = _code(language) if language else None
        if language and self._language is None:
            raise ConfigError("--language", f"{language!r} is none", "`weir languages` lists them")

    @cached_property
    def _models(self) -> tuple[Identifier, ...]:
        return tuple(models.load(_MODELS))

    def language_of(self, line: Line) -> str | None:
        """ISO 639-3: the line's own, that of all lines, or as identified; null for short texts."""
        if line.language and (said := _code(line.language)):
            return said
        if self._language or not _NUMBERS.match(line.text):
            return self._language
        if sum(map(str.isalpha, line.text[: 50 * _MIN_LETTERS])) < _MIN_LETTERS:
            return None
        found = identify.identify(line.text, self._models)
        return found.language if found.score >= _MIN_SCORE else None

    def __call__(self, line: str) -> dict[str, Any]:
        """`text` with placeholders, and `spans` of the text that came in, in its order."""
        given = parsed(line)
        found = pii.find(given.text, self.language_of(given), host_tld(given.url))
        return {
            "text": "".join(_pieces(given.text, found)),
            "spans": [
                {
                    "start": span.start,
                    "end": span.end,
                    "type": span.kind,
                    "detector": span.detector,
                    "country": span.country,
                }
                for span in found
            ],
        }


def _pieces(text: str, spans: Sequence[Span]) -> Iterator[str]:
    position = 0
    for span in spans:
        yield text[position : span.start]
        yield f"<{span.kind}>"
        position = span.end
    yield text[position:]


def shown(made: dict[str, Any]) -> str:
    """The redacted text in one line, which a terminal can show."""
    return plain(" ".join(made["text"].splitlines()))


def printed(made: dict[str, Any]) -> str:
    """One JSON object; with escapes where the text holds what UTF-8 cannot."""
    line = json.dumps(made, ensure_ascii=False)
    return line if _is_encodable(line) else json.dumps(made)


def _is_encodable(line: str) -> bool:
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True
