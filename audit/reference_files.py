"""Reference text that a team brings: read, checked, and refused where it cannot be what it says.

Files are Parquet (column `text`), JSON lines (key `text`) or plain text, one document each or
divided by form feeds; folders are searched. Nothing is taken on trust: what is in another script is
dropped, and a reference that is mostly in another language is refused with its share.
"""

import heapq
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from audit.reference_text import MIN_WORDS, Document
from filters.text import TextView
from langid import models
from langid.confusables import are_confusable
from langid.identify import identify
from langid.script import dominant_script
from langid.tags import BY_TAG
from stages.errors import ConfigError

MAX_DOCUMENTS: Final = 4_000
"""Documents that are kept of a reference, those of the smallest digests: half are held out, and no
threshold moves with more."""

MAX_CHARACTERS: Final = 1_000_000
"""Of one document; a longer one is a corpus in one line."""

_MAX_FILE_BYTES: Final = 4 << 30  # of a plain text file, which is read whole
_MAX_FOREIGN: Final = 0.5
_SUFFIXES: Final = (".parquet", ".jsonl", ".txt")
_IDENTIFIERS: Final = ("py3langid", "cld2", "weir")


@dataclass(frozen=True)
class Read:
    """What a reference came to: its documents, and how many were left out, by reason."""

    documents: tuple[Document, ...]
    dropped: Counter[str]
    warnings: tuple[str, ...]


def read(paths: Sequence[Path], tag: str) -> Read:
    """The documents of a reference in a language, in order of their digests.

    ConfigError names the file and the row or line that cannot be read, and refuses a reference with
    no document of 50 words, mostly in another script, or mostly in another language.
    """
    dropped = Counter[str]()
    seen = 0
    # The largest digest on top: a heap of at most MAX_DOCUMENTS.
    kept: list[tuple[int, str, str]] = []
    digests: set[int] = set()
    for source, text in _texts(paths):
        seen += 1
        reason = _unusable(text, tag)
        if reason:
            dropped[reason] += 1
            continue
        number = int(Document(text, source, is_whole=True).digest, 16)
        if number in digests:
            dropped["repeated"] += 1
            continue
        digests.add(number)
        heapq.heappush(kept, (-number, source, text))
        if len(kept) > MAX_DOCUMENTS:
            heapq.heappop(kept)
    name = ", ".join(str(path) for path in paths)
    if dropped["script"] > _MAX_FOREIGN * seen:
        raise ConfigError(
            name,
            f"{dropped['script'] / seen:.0%} of {seen} documents are not in the script of {tag}",
            "name the language's own text, or its tag in that script",
        )
    if not kept:
        raise ConfigError(
            name, f"no document of {MIN_WORDS} words or more (left out: {dict(dropped)})"
        )
    documents = [Document(text, source, is_whole=True) for _, source, text in sorted(kept)[::-1]]
    return _of_language(documents, tag, name, dropped)


def _unusable(text: str, tag: str) -> str | None:
    if len(text) > MAX_CHARACTERS:
        return "long"
    if dominant_script(text) != tag[-4:]:
        return "script"
    return "short" if TextView(text).word_count < MIN_WORDS else None


def _of_language(documents: Sequence[Document], tag: str, name: str, dropped: Counter[str]) -> Read:
    """The documents that identification does not give to a language far from the tag."""
    loaded = models.load(_IDENTIFIERS)
    if not any(tag in model.scores("") for model in loaded):
        warning = f"no model knows {BY_TAG[tag].name}: nobody checked what language this is"
        return Read(tuple(documents), dropped, (warning,))
    kept, others = [], Counter[str]()
    for document in documents:
        found = identify(document.text, loaded).tag
        if are_confusable(found, tag) or found.startswith(("und_", "zxx_")):
            kept.append(document)
            if found != tag:
                dropped["confusable"] += 1
        else:
            others[found] += 1
    share = others.total() / len(documents)
    first = others.most_common(1)
    if share > _MAX_FOREIGN:
        raise ConfigError(
            name,
            f"{share:.0%} of {len(documents)} documents are not in {BY_TAG[tag].name}; "
            f"{first[0][1] / len(documents):.0%} are in {first[0][0]}",
            "give --language the language that the text is in",
        )
    dropped["language"] += others.total()
    doubtful = dropped.pop("confusable", 0)
    warnings = []
    if others:
        warnings.append(f"{others.total()} documents in other languages left out")
    if doubtful > _MAX_FOREIGN * len(documents):
        warnings.append(
            f"{doubtful / len(documents):.0%} of the documents are taken for a close neighbour of "
            f"{BY_TAG[tag].name}; make sure that they are in it"
        )
    return Read(tuple(kept), dropped, tuple(warnings))


def _texts(paths: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """`(path as given, text)` of every document."""
    for path in paths:
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
            if not files:
                raise ConfigError(str(path), f"no file that ends in {', '.join(_SUFFIXES)}")
        elif path.is_file():
            files = [path]
        else:
            raise ConfigError(str(path), "no such file or folder")
        for file in files:
            reader = {".parquet": _parquet, ".jsonl": _json_lines}.get(file.suffix, _plain)
            for text in reader(file):
                yield str(path), text


def _parquet(path: Path) -> Iterator[str]:
    row = 0
    try:
        with pq.ParquetFile(path) as file:
            if "text" not in file.schema_arrow.names:
                names = ", ".join(file.schema_arrow.names[:10])
                raise ConfigError(str(path), f"has no column `text` (columns: {names})")
            for batch in file.iter_batches(1024, columns=["text"]):
                for text in batch.column(0).to_pylist():
                    if text is not None and not isinstance(text, str):
                        raise ConfigError(f"{path}, row {row}", "`text` is no string")
                    row += 1
                    if text:
                        yield text
    except (OSError, pa.ArrowException) as error:
        first = str(error).partition("\n")[0]
        raise ConfigError(f"{path}, after row {row}", f"no readable Parquet ({first})") from None


def _json_lines(path: Path) -> Iterator[str]:
    number = 0
    try:
        with path.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, 1):
                if not line.strip():
                    continue
                row = json.loads(line)
                text = row.get("text") if isinstance(row, dict) else None
                if not isinstance(text, str):
                    raise ConfigError(f"{path}:{number}", "no object with a string `text`")
                yield text
    except UnicodeDecodeError:
        raise ConfigError(f"{path}:{number + 1}", "not UTF-8") from None
    except (ValueError, RecursionError):
        raise ConfigError(f"{path}:{number}", "not JSON") from None
    except OSError as error:
        raise ConfigError(str(path), f"cannot be read ({error.strerror})") from None


def _plain(path: Path) -> Iterator[str]:
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise ConfigError(str(path), "over 4 GB; divide it, or write JSON lines")
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(str(path), f"cannot be read ({error.strerror})") from None
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}", "not UTF-8") from None
    for text in whole.split("\f"):
        stripped = text.strip()
        if stripped:
            yield stripped
