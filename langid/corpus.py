"""Labelled lines of text out of translated free software, to train our fastText model on.

Reads the Debian packages that `sources.yaml` names: interface messages and manuals whose language
the path gives. What a translator left in English, what is in another script than the language's,
and what stands under two languages alike teaches nothing and is dropped.

Only this module, `train`, `evaluate` and `models` read files in `langid`.
"""

import fnmatch
import hashlib
import html
import io
import itertools
import json
import re
import struct
import subprocess
import tarfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Protocol

from lxml import etree  # type: ignore[import-untyped]
from ruamel.yaml import YAML

from langid.script import dominant_script
from langid.tags import from_locale

ENGLISH = "eng_Latn"

MIN_LETTERS = 12
"""Letters that a line must have at least; shorter ones are the same in many languages."""

_MAX_FILE_BYTES = 32 << 20  # the largest message file has 3 MB
_SHINGLE_WORDS = 6

_DAMAGED = "no whole Debian package; delete the file and download it again"

# What is no language in a message: markup, variables of printf, Qt, MediaWiki, Fluent and ICU,
# key accelerators, addresses.
_NOT_TEXT = re.compile(
    r"""
      <[^<>]{0,400}>  | \{\{[^{}]{0,400}\}\} | \[\[[^\[\]|]{0,200}\| | https?://\S+ | www\.\S+
    | \{[^{}]{0,200}\} | %\([^()]{0,60}\)[a-z]? | %[-+ \#0-9.$]*[A-Za-z] | %[0-9]+ | \$[A-Za-z0-9_]+
    | &[a-zA-Z\#0-9]{1,10}; | \\[a-z] | \S{1,400}@\S+
    | \b\S{1,400}\.(?:php|js|css|html?|xml|json|txt|png)\b
    """,
    re.VERBOSE,
)
_JOINERS = re.compile(r"[&_~](?=\w)|['\"]{2,}|[\[\]{}|*#=]+")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Source:
    """A group of packages of `sources.yaml`; `packages` and `excluded` are shell patterns."""

    name: str
    packages: tuple[str, ...]
    excluded: tuple[str, ...]
    reader: str
    licence: str
    permissive: bool

    def covers(self, package: str) -> bool:
        """Whether the package belongs to this group."""
        return any(fnmatch.fnmatch(package, pattern) for pattern in self.packages) and not any(
            fnmatch.fnmatch(package, pattern) for pattern in self.excluded
        )


class Group(Protocol):
    """What names packages."""

    def covers(self, package: str) -> bool:
        """Whether the package belongs to the group."""
        ...


@dataclass(frozen=True)
class Package:
    """A Debian archive that was read: for the model card."""

    name: str
    version: str
    sha256: str
    source: str
    licence: str


Lines = dict[str, dict[str, str]]
"""Tag to its lines, in order of first appearance; the value is the source's name."""


def sources(*, permissive: bool = False) -> list[Source]:
    """The groups of `sources.yaml`; with `permissive` only those under permissive licences."""
    text = resources.files("langid").joinpath("sources.yaml").read_text("utf-8")
    groups = [
        Source(
            name=entry["name"],
            packages=tuple(entry["packages"]),
            excluded=tuple(entry.get("except", ())),
            reader=entry["reader"],
            licence=entry["licence"],
            permissive=entry["permissive"],
        )
        for entry in YAML(typ="safe").load(text)
    ]
    return [group for group in groups if group.permissive or not permissive]


def download(groups: Iterable[Group], directory: Path) -> None:
    """Fetch every package that the groups name into `directory`, by `apt-get download`.

    Archives that lie there already are kept. Raises FileNotFoundError off Debian, and
    subprocess.CalledProcessError with apt's own message if it fails.
    """
    directory.mkdir(parents=True, exist_ok=True)
    listed = subprocess.run(["apt-cache", "pkgnames"], capture_output=True, text=True, check=True)  # noqa: S607
    present = {archive.name.partition("_")[0] for archive in directory.glob("*.deb")}
    named = list(groups)
    wanted = sorted(
        name
        for name in set(listed.stdout.split()) - present
        if any(group.covers(name) for group in named)
    )
    if wanted:
        subprocess.run(["apt-get", "download", "-q", *wanted], cwd=directory, check=True)  # noqa: S607


def collect(
    directory: Path, groups: Sequence[Source], shingles: frozenset[int] = frozenset()
) -> tuple[Lines, list[Package], Counter[str]]:
    """Cleaned lines by tag of all archives in `directory` that a group covers.

    `shingles` are those of texts that must not be trained on (`shingle_digests`); a line with one
    of them is dropped. The third result counts what was dropped, by reason.
    """
    lines: Lines = defaultdict(dict)
    packages: list[Package] = []
    dropped = Counter[str]()
    for group in groups:
        messages: dict[str, dict[str, None]] = defaultdict(dict)
        for archive in sorted(directory.glob("*.deb")):
            name, version = archive.name.split("_")[:2]
            if not group.covers(name):
                continue
            digest = hashlib.sha256(archive.read_bytes()).hexdigest()
            packages.append(Package(name, version, digest, group.name, group.licence))
            for locale, text in READERS[group.reader](members(archive)):
                tag = from_locale(locale, text)
                if tag and dominant_script(text) == tag[-4:]:
                    messages[tag].setdefault(text)
                elif tag:
                    dropped["script"] += 1
        english = messages.get(ENGLISH, {})
        for tag, texts in messages.items():
            for text in texts:
                reason = _unusable(tag, text, english, shingles)
                if reason:
                    dropped[reason] += 1
                else:
                    lines[tag].setdefault(text, group.name)
    dropped["in_two_languages"] = _drop_shared(lines)
    return dict(sorted(lines.items())), packages, dropped


def shingle_digests(texts: Iterable[str], words: int = _SHINGLE_WORDS) -> frozenset[int]:
    """64-bit digests of every run of `words` words in the texts, lower-cased."""
    return frozenset(digest for text in texts for digest in _digests(text, words))


def _digests(text: str, words: int = _SHINGLE_WORDS) -> Iterator[int]:
    found = re.findall(r"[^\W\d_]+", text.lower())
    for start in range(len(found) - words + 1):
        run = " ".join(found[start : start + words]).encode("utf-8", "ignore")
        yield int.from_bytes(hashlib.blake2b(run, digest_size=8).digest())


def _unusable(
    tag: str, text: str, english: Mapping[str, None], shingles: frozenset[int]
) -> str | None:
    """Why a message teaches nothing about the tag; None if it does."""
    if tag != ENGLISH and text in english:
        return "english"
    if shingles and any(digest in shingles for digest in _digests(text)):
        return "in_evaluation"
    return None


def _drop_shared(lines: Lines) -> int:
    """Remove every line that stands under two tags: it tells them apart by nothing."""
    seen: dict[str, str] = {}
    shared = set[str]()
    for tag, texts in lines.items():
        for text in texts:
            if seen.setdefault(text, tag) != tag:
                shared.add(text)
    count = 0
    for texts in lines.values():
        for text in shared & texts.keys():
            del texts[text]
            count += 1
    return count


Member = tuple[PurePosixPath, Callable[[], bytes]]
Message = tuple[str, str]
"""A locale and a cleaned line."""


def members(archive: Path) -> Iterator[Member]:
    """Files of a Debian archive: path and a function that reads it, valid until the next one."""
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", str(archive)],  # noqa: S607
        stdout=subprocess.PIPE,
    ) as process:
        stdout = process.stdout
        if stdout is None:
            raise OSError(f"{archive}: dpkg-deb gave no output")
        try:
            with tarfile.open(fileobj=stdout, mode="r|") as tar:
                for entry in tar:
                    if entry.isfile() and entry.size <= _MAX_FILE_BYTES:
                        stream = tar.extractfile(entry)
                        if stream is not None:
                            yield PurePosixPath(entry.name), stream.read
        except tarfile.ReadError as error:
            raise OSError(f"{archive}: {error}; {_DAMAGED}") from error
    if process.returncode:
        raise OSError(f"{archive}: {_DAMAGED}")


def _read_mo(members: Iterable[Member]) -> Iterator[Message]:
    """Gettext catalogs; the language is the folder before LC_MESSAGES, or ends the file's name."""
    english = set[str]()
    for path, read in members:
        if path.suffix != ".mo":
            continue
        locale = path.parent.parent.name
        if path.parent.name != "LC_MESSAGES":  # WordPress: continents-cities-de_DE.mo
            locale = path.stem.rpartition("-")[2]
        for original, translation in _catalog(read()):
            if not original:  # the catalog's header
                continue
            if original not in english:  # every language's catalog has them all
                english.add(original)
                yield from _clean("en", [original])
            if translation != original:
                yield from _clean(locale, [translation])


def _catalog(data: bytes) -> Iterator[tuple[str, str]]:
    """Pairs of a binary message catalog (GNU gettext manual, 'The Format of GNU MO Files')."""
    if len(data) < 20:
        return
    order = "<" if data[:4] == b"\xde\x12\x04\x95" else ">"
    count, originals, translations = struct.unpack_from(f"{order}3I", data, 8)
    for index in range(count):
        pair = []
        for table in (originals, translations):
            size, start = struct.unpack_from(f"{order}2I", data, table + 8 * index)
            pair.append(data[start : start + size].decode("utf-8", "replace"))
        context_free = pair[0].rpartition("\4")[2]
        yield from zip(context_free.split("\0"), pair[1].split("\0"), strict=False)


def _read_xpi(members: Iterable[Member]) -> Iterator[Message]:
    """Language packs of Firefox and Thunderbird: Fluent and properties files in a ZIP archive."""
    for path, read in members:
        if path.suffix != ".xpi":
            continue
        locale = path.stem.partition("@")[0].removeprefix("langpack-")
        with zipfile.ZipFile(io.BytesIO(read())) as pack:
            for entry in pack.infolist():
                if entry.file_size > _MAX_FILE_BYTES:
                    continue
                if entry.filename.endswith((".ftl", ".properties")):
                    body = pack.read(entry).decode("utf-8", "replace")
                    yield from _clean(locale, _values(body))


def _values(body: str) -> Iterator[str]:
    """Values of `key = value` lines and Fluent's indented continuations."""
    for line in body.splitlines():
        if line.startswith("#"):
            continue
        key, equals, value = line.partition("=")
        if equals and not key.strip().count(" "):
            yield value
        elif line.startswith("    ") and not equals:
            yield line


def _read_mediawiki(members: Iterable[Member]) -> Iterator[Message]:
    """MediaWiki's messages: i18n/LOCALE.json, key to text; keys with @ are about the file."""
    for path, read in members:
        if path.suffix != ".json" or "i18n" not in path.parts or path.stem == "qqq":
            continue
        try:
            messages = json.loads(read())
        except ValueError:
            continue
        texts = [
            text
            for key, text in messages.items()
            if not key.startswith("@") and isinstance(text, str)
        ]
        yield from _clean(path.stem, texts)


def _read_html(members: Iterable[Member]) -> Iterator[Message]:
    """Manuals as HTML or Mallard pages; the language is a folder's name."""
    for path, read in members:
        if path.suffix not in {".html", ".page"}:
            continue
        locale = _folder_locale(path)
        if not locale:
            continue
        parser = etree.HTMLParser(encoding="utf-8") if path.suffix == ".html" else None
        try:
            root = etree.fromstring(read(), parser)
        except etree.XMLSyntaxError:
            continue
        if root is not None:
            blocks = root.iter("{*}p", "p", "{*}li", "li", "td", "dd", "{*}title")
            yield from _clean(locale, ("".join(block.itertext()) for block in blocks))


def _folder_locale(path: PurePosixPath) -> str | None:
    """The folder under `help` (of GNOME or LibreOffice) or under the manual's name."""
    folders = path.parts[:-1]
    for before, folder in itertools.pairwise(folders):
        if before in {"help", "installation-guide-amd64"}:
            return folder
    return None


def _read_cldr(members: Iterable[Member]) -> Iterator[Message]:
    """Unicode's locale data: names of languages, countries, units, and of pictographs."""
    for path, read in members:
        if path.suffix == ".xml" and path.parent.name in {"main", "annotations"}:
            root = etree.fromstring(read())
            locale = path.stem
            texts = (element.text or "" for element in root.iter() if not len(element))
            yield from _clean(locale, texts)


READERS: dict[str, Callable[[Iterable[Member]], Iterator[Message]]] = {
    "mo": _read_mo,
    "xpi": _read_xpi,
    "mediawiki": _read_mediawiki,
    "html": _read_html,
    "cldr": _read_cldr,
}


def _clean(locale: str, texts: Iterable[str]) -> Iterator[Message]:
    """Lines of the texts without markup and variables; those with too few letters are left out."""
    for text in texts:
        if not _has_letters(text):
            continue
        for line in html.unescape(text).splitlines():
            stripped = _JOINERS.sub("", _NOT_TEXT.sub(" ", line))
            cleaned = _SPACE.sub(" ", stripped).strip()
            if _has_letters(cleaned):
                yield locale, cleaned


def _has_letters(text: str) -> bool:
    return len(text) >= MIN_LETTERS and sum(map(str.isalpha, text)) >= MIN_LETTERS
