"""Filters of datatrove by class name and parameters, each with its verdict as a number.

Only classes of `datatrove.pipeline.filters` are run, and only those that judge a page by itself. A
filter is given a copy of the text (C4's rewrites it), and words and sentences of our segmenter: the
tokenizers that datatrove names need packages and models of their own.

Importing this module imports datatrove's filters, which takes half a second; callers import it only
where a configuration names one.
"""

from __future__ import annotations

import difflib
import inspect
import unicodedata
import warnings
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final, Literal

from datatrove.data import Document
from datatrove.pipeline import filters as classes
from datatrove.pipeline.filters.base_filter import BaseFilter, get_filter_result
from datatrove.utils.word_tokenizers import WordTokenizer

from filters import characters
from filters.text import TextView

KEEP: Final = 1.0
REJECT: Final = 0.0

Words = Literal["weir", "datatrove"]
"""Whose words a filter sees: our segmenter's, or those of the language that its parameters name."""

Verdict = Callable[[str, str, Mapping[str, str]], float | None]
"""A text, an id and metadata to KEEP, REJECT, or None where the filter could not judge."""

# Filters whose verdict does not follow from the page and the parameters.
_REFUSED: Final = {
    "LambdaFilter": "it takes a function, and a configuration holds values",
    "SamplerFilter": "its verdict depends on how many pages came before",
}
_OURS: Final = ("exclusion_writer", "batch_size")
_LANGUAGE: Final = "language"


class Segmenter(WordTokenizer):  # type: ignore[misc]  # datatrove has no types
    """Words and sentences of `TextView` for datatrove; the text must be in NFC."""

    def __init__(self) -> None:
        super().__init__("weir")
        self._view = TextView("")

    def _of(self, text: str) -> TextView:
        """The view of the text; the last is kept, since filters ask for the same text in turn."""
        if self._view.text != text:
            self._view = TextView(text)
        return self._view

    def word_tokenize(self, text: str) -> list[str]:
        """The words as written."""
        view = self._of(text)
        bounds = zip(view.word_starts.tolist(), view.word_ends.tolist(), strict=True)
        return [text[start:end] for start, end in bounds]

    def sent_tokenize(self, text: str) -> list[str]:
        """The sentences, stripped."""
        return [text[start:end].strip() for start, end in self.span_tokenize(text)]

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        """Start and end of each sentence; what stands after the last end is one more."""
        ends = sentence_ends(self._of(text))
        if not ends or text[ends[-1] :].strip():
            ends.append(len(text))
        return list(pairwise([0, *ends]))


def sentence_ends(view: TextView) -> list[int]:
    """Offset after each of `TextView.sentence_ends`, behind the closing marks that follow it."""
    closers = (view.classes & characters.CLOSER) != 0
    ends = []
    for last in view.sentence_ends.tolist():
        end = last + 1
        while end < closers.size and closers[end]:
            end += 1
        ends.append(end)
    return ends


def names() -> tuple[str, ...]:
    """Class names that a configuration may use, sorted."""
    found = (
        name
        for name, value in vars(classes).items()
        if isinstance(value, type) and issubclass(value, BaseFilter) and value is not BaseFilter
    )
    return tuple(sorted(set(found) - set(_REFUSED)))


def check(name: str, parameters: Mapping[str, Any], words: Words = "weir") -> None:
    """Raise ValueError, with near names, for a class or parameter that cannot be used.

    ImportError, with the command that helps, for a filter whose packages are missing. Nothing is
    constructed, since some filters download a model when they are.
    """
    _class(name, parameters, words)


def build(name: str, parameters: Mapping[str, Any], words: Words, segmenter: Segmenter) -> Verdict:
    """A function that runs the filter.

    Raises what `check` raises, and ValueError for a parameter that the filter itself refuses.
    """
    kind = _class(name, parameters, words)
    signature = inspect.signature(kind.__init__).parameters
    given = {key: _as_declared(value, signature[key]) for key, value in parameters.items()}
    if words == "weir" and _LANGUAGE in signature:
        given[_LANGUAGE] = segmenter
    try:
        made = kind(**given)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from None

    def verdict(text: str, doc_id: str, metadata: Mapping[str, str]) -> float | None:
        """None where the filter divides by nothing or looks at what is not there.

        GopherQualityFilter does so with a text without words, if no minimum is set. Signals are
        measured on the NFC form of a text, so the filter sees that too.
        """
        normal = unicodedata.normalize("NFC", text)
        document = Document(text=normal, id=doc_id, metadata=dict(metadata))
        try:
            with warnings.catch_warnings():  # numpy warns of the mean of no words
                warnings.simplefilter("ignore", RuntimeWarning)
                result, _ = get_filter_result(made.filter(document))
        except (ArithmeticError, LookupError):
            return None
        return KEEP if result else REJECT

    return verdict


def _class(name: str, parameters: Mapping[str, Any], words: Words) -> type[Any]:
    if name in _REFUSED:
        raise ValueError(f"{name} cannot be a rule: {_REFUSED[name]}")
    known = names()
    if name not in known:
        raise ValueError(f"unknown datatrove filter {name!r}{_near(name, known)}")
    kind: type[Any] = getattr(classes, name)
    allowed = [p for p in inspect.signature(kind.__init__).parameters if p not in ("self", *_OURS)]
    for key in parameters:
        if key not in allowed:
            raise ValueError(f"{name} has no parameter {key!r}{_near(key, allowed)}")
    missing = [
        key
        for key, parameter in inspect.signature(kind.__init__).parameters.items()
        if key in allowed and parameter.default is parameter.empty and key not in parameters
    ]
    if missing:
        raise ValueError(f"{name} needs {', '.join(missing)}")
    if words == "weir" and _LANGUAGE in parameters:
        raise ValueError(f"{name}: `language` chooses datatrove's words; add `words: datatrove`")
    if name == "C4BadWordsFilter" and parameters.get("keep_fraction"):
        raise ValueError(f"{name}: keep_fraction depends on how many pages came before")
    # datatrove looks here whether the packages that the filter needs are there.
    make: Any = kind.__new__
    make(kind)
    return kind


def _near(name: str, known: tuple[str, ...] | list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"; did you mean {', '.join(near)}?" if near else f"; there are {', '.join(known)}"


def _as_declared(value: Any, parameter: inspect.Parameter) -> Any:
    """YAML's lists as tuples where the filter declares a tuple: `str.endswith` takes no list."""
    declared = str(parameter.annotation)
    return _tuples(value) if "tuple" in declared and "list" not in declared else value


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value
