"""Reference documents by language, out of Debian's translated manuals and help pages.

`harvest` reads what `reference_sources.yaml` names: whole pages, whose language the path gives.
Paragraphs that the translator left in English are dropped, and a page that loses most of itself
with them. Where a language has none, `composed` makes documents of sentence-like lines of
`langid.corpus`; such documents say what words a language has, not what its pages look like.

Texts never leave the build: language packs hold word lists and numbers.
"""

import gzip
import hashlib
import io
import itertools
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Final

from ruamel.yaml import YAML

from audit import markup
from filters import repetition
from filters.text import TextView
from langid import corpus
from langid.script import dominant_script
from langid.tags import BY_TAG, from_locale

ENGLISH: Final = "eng_Latn"

MIN_WORDS: Final = 50
"""Words of a document at least: configs/base.yaml rejects shorter ones in every language."""

MIN_SENTENCE_LETTERS: Final = 40
"""Letters of a line at least that a document may be composed of; it also ends with an end mark."""

_COMPOSED_LINES: Final = (5, 12)
_COMPOSED_WORDS: Final = 70  # a little above MIN_WORDS, or every composed document would be short

_MIN_KEPT: Final = 0.6
"""Share of a page's letters that must be left when its English paragraphs are gone."""

# A paragraph with this share of these words is English. Real English has .3 or more.
_ENGLISH_WORDS: Final = frozenset(
    [
        "the",
        "of",
        "to",
        "and",
        "is",
        "a",
        "in",
        "that",
        "for",
        "be",
        "are",
        "this",
        "with",
        "or",
        "if",
        "by",
        "not",
        "as",
        "it",
        "on",
        "can",
        "you",
        "from",
    ]
)
_ENGLISH_FRACTION: Final = 0.25

_WORDS: Final = re.compile(r"[^\W\d_]+")
_ENDS: Final = (".", "!", "?", "\u2026", "\u0589", "\u061f", ":", ";", "\u037e")
_CLOSERS: Final = ")]\"'»“”’›"


@dataclass(frozen=True, slots=True)
class Document:
    """A reference text, where it comes from, and whether somebody wrote it as one text."""

    text: str
    source: str
    is_whole: bool

    @property
    def digest(self) -> str:
        """BLAKE2b of the text, 128 bits, in hexadecimal digits."""
        return hashlib.blake2b(self.text.encode("utf-8", "ignore"), digest_size=16).hexdigest()

    @property
    def is_held_out(self) -> bool:
        """Whether it is in the half that thresholds are tested on, not derived from."""
        return int(self.digest[:8], 16) % 2 == 1


@dataclass(frozen=True)
class Source:
    """A group of packages of `reference_sources.yaml`."""

    name: str
    packages: tuple[str, ...]
    excluded: tuple[str, ...]
    reader: str
    licence: str

    def covers(self, package: str) -> bool:
        """Whether the package belongs to this group."""
        return any(fnmatch(package, pattern) for pattern in self.packages) and not any(
            fnmatch(package, pattern) for pattern in self.excluded
        )


def sources() -> list[Source]:
    """The groups of `reference_sources.yaml`."""
    text = resources.files("audit").joinpath("reference_sources.yaml").read_text("utf-8")
    return [
        Source(
            name=entry["name"],
            packages=tuple(entry["packages"]),
            excluded=tuple(entry.get("except", ())),
            reader=entry["reader"],
            licence=entry["licence"],
        )
        for entry in YAML(typ="safe", pure=True).load(text)
    ]


Documents = dict[str, list[Document]]
"""Tag to its documents, in order of their digest."""


def harvest(
    directories: Sequence[Path], groups: Sequence[Source]
) -> tuple[Documents, list[corpus.Package], Counter[str]]:
    """Documents by tag of all archives in the directories that a group covers.

    The third result counts what was dropped, by reason. OSError names a damaged archive.
    """
    found: dict[str, dict[str, Document]] = defaultdict(dict)
    packages: list[corpus.Package] = []
    dropped = Counter[str]()
    archives = sorted(
        (archive for directory in directories for archive in directory.glob("*.deb")),
        key=lambda archive: archive.name,
    )
    for group in groups:
        raw: dict[str, list[tuple[str, list[str]]]] = defaultdict(list)
        for archive in archives:
            name, version = archive.name.split("_")[:2]
            if not group.covers(name):
                continue
            digest = hashlib.sha256(archive.read_bytes()).hexdigest()
            packages.append(corpus.Package(name, version, digest, group.name, group.licence))
            for locale, text in _READERS[group.reader](corpus.members(archive)):
                tag = from_locale(locale, text)
                if tag in BY_TAG:
                    raw[tag].append((name, text.split("\n")))
                else:
                    dropped["not_european"] += 1
        english = {paragraph for _, page in raw.get(ENGLISH, ()) for paragraph in page}
        for tag, pages in raw.items():
            for name, page in pages:
                kept, reason = _usable(tag, page, english)
                if reason:
                    dropped[reason] += 1
                    continue
                document = Document(kept, f"{group.name}/{name}", is_whole=True)
                found[tag].setdefault(document.digest, document)
    return (
        {tag: [d for _, d in sorted(texts.items())] for tag, texts in sorted(found.items())},
        packages,
        dropped,
    )


def _usable(tag: str, page: Sequence[str], english: set[str]) -> tuple[str, str | None]:
    """The page without English paragraphs, and why it is of no use; None if it is."""
    kept = list(page)
    if tag != ENGLISH:
        kept = [
            paragraph
            for paragraph in page
            if not (paragraph in english and " " in paragraph) and not _is_english(paragraph)
        ]
        if sum(map(len, kept)) < _MIN_KEPT * sum(map(len, page)):
            return "", "english"
    text = "\n".join(kept)
    if dominant_script(text) != tag[-4:]:
        return "", "script"
    if TextView(text).word_count < MIN_WORDS:
        return "", "short"
    if not is_prose(text):
        return "", "lists"
    return ("", "repeats") if repeats(text) else (text, None)


def _is_english(paragraph: str) -> bool:
    words = _WORDS.findall(paragraph.lower())
    hits = sum(word in _ENGLISH_WORDS for word in words)
    return len(words) >= 5 and hits >= _ENGLISH_FRACTION * len(words)


Page = tuple[str, str]
"""A locale and a document, a line for each paragraph, as the extractors write them."""


def _read_man(members: Iterable[corpus.Member]) -> Iterator[Page]:
    """Man pages: share/man/LOCALE/manN/NAME.N.gz."""
    for path, read in members:
        if path.suffix != ".gz" or not path.parent.name.startswith("man"):
            continue
        locale = path.parent.parent.name
        if locale == "man":
            continue
        with gzip.GzipFile(fileobj=io.BytesIO(read())) as stream:
            source = stream.read(markup.MAX_BYTES).decode("utf-8", "replace")
        text = markup.manual_page(source)
        if text:
            yield locale.partition(".")[0], text


def _read_markup(members: Iterable[corpus.Member]) -> Iterator[Page]:
    """Help pages and books; the language is a folder's name."""
    for path, read in members:
        if path.suffix not in {".html", ".page", ".docbook", ".xml"}:
            continue
        locale = folder_locale(path)
        if locale:
            for text in markup.pages(read(), is_html=path.suffix == ".html"):
                yield locale, text


# The folder that stands before the locale's.
_BEFORE: Final = frozenset({"help", "html", "HTML", "installation-guide-amd64"})
_LOCALE: Final = re.compile(r"[a-z]{2,3}(?:[-_@][A-Za-z@]+)*$")


def folder_locale(path: PurePosixPath) -> str | None:
    """The folder that names the language, or the end of the package's name; None if neither.

    GNOME writes its English pages to `C`.

    >>> folder_locale(PurePosixPath("usr/share/help/fi/gnome-help/a.page"))
    'fi'
    """
    folders = path.parts[:-1]
    for before, folder in itertools.pairwise(folders):
        if before in _BEFORE:
            if folder == "C":
                return "en"
            if _LOCALE.match(folder):
                return folder
    for folder in folders:  # developers-reference-fr, without a folder of its own
        name, dash, locale = folder.rpartition("-")
        if dash and name.endswith(("-reference", "-doc")) and _LOCALE.match(locale):
            return locale
    return None


_READERS: dict[str, Callable[[Iterable[corpus.Member]], Iterator[Page]]] = {
    "man": _read_man,
    "markup": _read_markup,
}


def repeats(text: str) -> bool:
    """Whether a text repeats itself more than any language needs (`thresholds.RECIPES`, clamps)."""
    view = TextView(text)
    return any(
        (signal.measure(view) or 0.0) > limit
        for signal, limit in (
            (repetition.duplicate_line_fraction, 0.45),
            (repetition.top_2_gram_character_fraction, 0.35),
            (repetition.duplicate_5_gram_character_fraction, 0.25),
        )
    )


def is_prose(text: str) -> bool:
    """Whether half of a text's letters or more stand in sentence-like lines.

    A list of menu entries or options is help, but no text to learn from what pages look like.
    """
    letters = [sum(map(str.isalpha, line)) for line in text.splitlines()]
    inside = sum(
        count for count, line in zip(letters, text.splitlines(), strict=True) if is_sentence(line)
    )
    return 2 * inside >= sum(letters) > 0


def is_sentence(line: str) -> bool:
    """Whether a line has at least 40 letters and ends with an end mark."""
    return (
        line.rstrip(_CLOSERS).endswith(_ENDS)
        and sum(map(str.isalpha, line)) >= MIN_SENTENCE_LETTERS
    )


def composed(lines: Mapping[str, str], tag: str) -> list[Document]:
    """Documents of 5 to 12 sentence-like lines, each line used once, in a fixed random order.

    `lines` are a language's cleaned lines with their sources (`langid.corpus.collect`). The lines
    of a document are of one source, so that documents differ in subject as pages do: one is all
    games, another all spreadsheets. The order depends on the tag and the lines alone.
    """
    by_source: dict[str, list[str]] = defaultdict(list)
    for line in sorted(lines):
        if is_sentence(line):
            by_source[lines[line]].append(line)
    made: list[Document] = []
    for source, sentences in sorted(by_source.items()):
        order = random.Random(f"{tag} {source}")  # noqa: S311 - not for secrets
        order.shuffle(sentences)
        page: list[str] = []
        wanted, words = order.randint(*_COMPOSED_LINES), 0
        for line in sentences:
            page.append(line)
            words += len(_WORDS.findall(line))
            if len(page) >= wanted and words >= _COMPOSED_WORDS:
                made.append(Document("\n".join(page), f"composed/{source}", is_whole=False))
                page, words = [], 0
                wanted = order.randint(*_COMPOSED_LINES)
    return sorted(made, key=lambda document: document.digest)
