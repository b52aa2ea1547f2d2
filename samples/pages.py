"""Page texts: front matter and a small Markdown subset, read into blocks."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent
KINDS = ("article", "forum", "product", "table", "list", "code", "recipe", "faq", "encyclopedia")

# Pages in these languages are there to be turned away: no European language is on them.
NON_EUROPEAN = frozenset(
    {
        "arb_Arab", "ben_Beng", "cmn_Hans", "heb_Hebr", "hin_Deva", "ind_Latn",
        "jpn_Jpan", "kor_Hang", "pes_Arab", "swh_Latn", "tha_Thai", "vie_Latn",
    }
)  # fmt: skip

WORD = re.compile(r"\w+(?:[’'ʼ·]\w+)*")


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a page; `items` holds list items, table rows or code lines.

    `kind` is one of p, h2, ul, ol, table, quote, pre, post (a forum post's author line).
    """

    kind: str
    text: str = ""
    items: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A page's text and where it is said to have been published."""

    tag: str
    slug: str
    title: str
    kind: str
    host: str
    path: str
    date: str
    blocks: tuple[Block, ...]
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def url(self) -> str:
        """The address, always with https."""
        return f"https://{self.host}{self.path}"

    @property
    def key(self) -> str:
        """Name in this folder, for messages and stated provenance."""
        return f"{self.tag}/{self.slug}"

    def fact(self, name: str) -> str | None:
        """A field of the front matter that only some pages have."""
        return dict(self.facts).get(name)

    def at(self, url: str, **changes: object) -> "Page":
        """The same text under another https address."""
        host, slash, path = url.removeprefix("https://").partition("/")
        return replace(self, host=host, path=slash + path, **changes)  # type: ignore[arg-type]


def pick(key: str, n: int) -> int:
    """A number below n that depends on the key alone."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:6], "big") % n


def prose(page: Page) -> str:
    """The text that a reader came for, one block a line, without title and forum author lines."""
    return "\n".join(line for block in page.blocks for line in _block_lines(block))


def _block_lines(block: Block) -> Iterator[str]:
    if block.kind == "post":
        return
    if block.text:
        yield block.text
    for row in block.items:
        yield " ".join(row)


@cache
def words(text: str) -> tuple[str, ...]:
    """Lower-case words: runs of letters, digits and underscore, joined over an inner apostrophe."""
    return tuple(WORD.findall(text.lower()))


@cache
def shingles(text: str, n: int = 5) -> frozenset[tuple[str, ...]]:
    """The set of word n-grams, by which pairs are authored (not the pipeline's hashed shingles)."""
    found = words(text)
    return frozenset(found[i : i + n] for i in range(max(1, len(found) - n + 1)))


def jaccard(a: str, b: str) -> float:
    """Jaccard similarity of two texts' word 5-gram sets."""
    left, right = shingles(a), shingles(b)
    return len(left & right) / len(left | right)


def parse(tag: str, slug: str, text: str) -> Page:
    """A page from its file's text; raises ValueError, naming the page, where a field is missing."""
    _, head, body = re.split(r"^---[ \t]*\n", text.lstrip("\ufeff"), maxsplit=2, flags=re.MULTILINE)
    facts: dict[str, str] = {}
    for line in head.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            facts[name.strip()] = _unquote(value.strip())
    missing = [name for name in ("title", "kind", "host", "path", "date") if not facts.get(name)]
    if missing or facts["kind"] not in KINDS:
        message = f"{tag}/{slug}.md: front matter lacks {missing} or has an unknown kind"
        raise ValueError(message)
    own = {name: facts.pop(name) for name in ("title", "kind", "host", "path", "date")}
    tag = facts.get("tag", tag)
    blocks = tuple(_blocks(body))
    return Page(tag=tag, slug=slug, **own, blocks=blocks, facts=tuple(facts.items()))


def _unquote(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value


def _blocks(body: str) -> Iterator[Block]:
    """Blocks are separated by blank lines; a fenced block may hold blank lines of its own."""
    chunk: list[str] = []
    fenced = False
    for line in [*body.splitlines(), ""]:
        if line.startswith("```"):
            if not fenced and chunk:
                yield from _chunk_blocks(chunk)
                chunk = []
            fenced = not fenced
            if not fenced:
                yield Block("pre", items=tuple((code,) for code in chunk))
                chunk = []
        elif fenced or line.strip():
            chunk.append(line if fenced else line.strip())
        elif chunk:
            yield from _chunk_blocks(chunk)
            chunk = []


def _chunk_blocks(lines: list[str]) -> Iterator[Block]:
    """Lines without a blank line between them: headings and kinds of lists may still alternate."""
    run: list[str] = []
    run_kind = ""
    for line in lines:
        kind = _line_kind(line)
        if run and (kind != run_kind or kind in ("h2", "post")):
            yield _block(run_kind, run)
            run = []
        run.append(line)
        run_kind = kind
    if run:
        yield _block(run_kind, run)


def _line_kind(line: str) -> str:
    if line.startswith("--- "):
        return "post"
    if re.match(r"#{1,4} ", line):
        return "h2"
    if line.startswith(("- ", "* ")):
        return "ul"
    if re.match(r"\d{1,2}[.)] ", line):
        return "ol"
    if line.startswith("|"):
        return "table"
    return "quote" if line.startswith(">") else "p"


def _block(kind: str, lines: list[str]) -> Block:
    if kind == "p":
        return Block(kind, _inline(" ".join(lines)))
    if kind in ("h2", "post", "quote"):
        return Block(kind, _inline(" ".join(line.lstrip("#->").strip() for line in lines)))
    if kind == "table":
        rows = [
            tuple(_inline(cell.strip()) for cell in line.strip("|").split("|")) for line in lines
        ]
        return Block(
            kind, items=tuple(row for row in rows if not all(set(c) <= set("-: ") for c in row))
        )
    return Block(kind, items=tuple((_inline(line.split(" ", 1)[1].strip()),) for line in lines))


def _inline(text: str) -> str:
    """Emphasis marks are dropped: the texts are plain."""
    return re.sub(r"\*\*(.+?)\*\*|`([^`]+)`", lambda m: m[1] or m[2], text)


def load(folder: Path) -> list[Page]:
    """Every page below `folder/<tag>/`, in the order of their names."""
    return [
        parse(p.parent.name, p.stem, p.read_text("utf-8")) for p in sorted(folder.glob("*/*.md"))
    ]


def load_flat(folder: Path) -> list[Page]:
    """Pages that name their tag in the front matter, in the order of their names."""
    return [parse("", p.stem, p.read_text("utf-8")) for p in sorted(folder.glob("*.md"))]
