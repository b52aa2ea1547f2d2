"""A snapshot with invented personal data in every place that a record has, and a search for it."""

import base64
import gzip
import html
import io
import itertools
import json
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, unquote

import pyarrow as pa
import pyarrow.parquet as pq
from stdnum.pl import nip, pesel

from audit.privacy import values
from samples import archive
from samples.archive import Exchange
from samples.pages import ROOT, load, prose

PERCENT_LEVELS = 3
MIN_COMPACT = 9
"""Values of fewer letters and digits occur by chance where separators are left out."""
SAID = {
    "EMAIL": "E-mail: {}", "PHONE": "tel. {}", "IBAN": "IBAN {}", "CARD": "Karta kredytowa {}",
    "NATIONAL_ID": "PESEL {}", "TAX_ID": "NIP: {}", "IP": "adres IP {}", "MAC": "MAC {}",
    "WALLET": "Bitcoin: {}", "SECRET": "token {}",
}  # fmt: skip
"""How a Polish page says each kind."""


@dataclass
class Planted:
    """Values by where they were planted: `place/kind` to what must not be found."""

    values: dict[str, str]

    def new(self, place: str, kind: str) -> str:
        """A value of its own for a place."""
        chance = Random(f"{place}/{kind}")  # noqa: S311 - the same every time
        if kind == "NATIONAL_ID":
            body = f"{chance.randrange(50, 99)}0{chance.randrange(1, 10)}1{chance.randrange(10)}"
            body += f"{chance.randrange(10_000):04}"
            made = body + pesel.calc_check_digit(body)
        elif kind == "TAX_ID":
            made = ""
            while not nip.is_valid(made):
                made = f"{chance.randrange(10**9, 10**10)}"
        elif kind == "EMAIL":
            made = (
                f"osoba{chance.randrange(10**6, 10**7)}@skrzynka-{chance.randrange(99)}.example.org"
            )
        elif kind == "PHONE":
            made = f"+48 22 {chance.randrange(200, 800)} {chance.randrange(10, 99)} 47"
        elif kind == "WALLET":
            made = next(
                v.text for v in iter(lambda: values.wallet(chance), None) if v.form == "bitcoin 1"
            )
        else:
            made = next(
                v.text
                for v in iter(lambda: values.Of[kind](chance, "PL"), None)
                if v and "\n" not in v.text
            )
        self.values[f"{place}/{kind}"] = made
        return made

    def all(self, place: str, kinds: Iterable[str] = SAID) -> str:
        """A sentence with a value of each kind."""
        return ". ".join(SAID[kind].format(self.new(place, kind)) for kind in kinds) + "."


HOST = "dzienniki-miejskie.example"
HTML_TYPE = ("Content-Type", "text/html; charset=utf-8")


def wide(text: str) -> str:
    """Full-width forms of what is ASCII."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def seamed(text: str) -> str:
    """A soft hyphen, a zero-width space after every fourth character, by turns."""
    pieces = [text[i : i + 4] for i in range(0, len(text), 4)]
    seams = itertools.cycle("\u00ad\u200b")
    return "".join(piece + seam for piece, seam in zip(pieces, seams, strict=False))


def _page(planted: Planted, number: int, title: str, text: str, more: str = "") -> bytes:
    place = f"page{number}"
    lines = [f"<p>{html.escape(line)}</p>" for line in text.splitlines() if line.strip()]
    half = len(lines) // 2
    data = {
        "@type": "Person",
        "email": planted.new(f"{place}/json-ld", "EMAIL"),
        "telephone": planted.new(f"{place}/json-ld", "PHONE"),
    }
    anchor = planted.new(f"{place}/anchor", "EMAIL")
    return f"""<!doctype html><html lang="pl"><head>
<title>{html.escape(title)}</title>
<meta name="author" content="{planted.new(f"{place}/meta author", "EMAIL")}">
<meta name="description" content="{html.escape(planted.all(f"{place}/meta"))}">
<meta name="tdm-policy" content="https://{HOST}/p?mail={planted.new(f"{place}/tdm", "EMAIL")}">
<link rel="license" href="https://{HOST}/l?mail={planted.new(f"{place}/licence", "EMAIL")}">
<script type="application/ld+json">{json.dumps(data)}</script>
<!-- {html.escape(planted.all(f"{place}/comment"))} -->
</head><body><article><h1>{html.escape(title)}</h1>
{"".join(lines[:half])}
<img src="a.png" alt="{html.escape(planted.all(f"{place}/alt"))}">
<p>Redakcja: <a href="mailto:{quote(anchor)}">{html.escape(anchor)}</a> zaprasza do lektury.</p>
{more}
{"".join(lines[half:])}
</article></body></html>""".encode()


def _exchanges(planted: Planted) -> Iterator[Exchange]:
    texts = [prose(page) for page in load(ROOT / "pages") if page.tag == "pol_Latn"]
    text = max(texts, key=len)
    lines = text.splitlines()

    def made(number: int) -> str:
        """A page's text: that of a sample in another order, so that none is a duplicate."""
        chance = Random(number)  # noqa: S311 - the same every time
        return "\n".join(chance.sample(lines, len(lines)))

    def exchange(number: int, url: str, body: bytes, **more: Any) -> Exchange:
        headers = (
            HTML_TYPE,
            ("Set-Cookie", f"session={planted.new(f'page{number}/cookie', 'SECRET')}"),
            ("X-Author", planted.new(f"page{number}/header", "EMAIL")),
            ("TDM-Policy", f"https://{HOST}/p?m={planted.new(f'page{number}/policy', 'EMAIL')}"),
            (
                "Link",
                f'<https://{HOST}/{planted.new(f"page{number}/link", "EMAIL")}>; rel="license"',
            ),
            *more.pop("headers", ()),
        )
        return Exchange(url, "2025-11-27", body, headers, **more)

    base = f"https://{HOST}"
    plain = f"{planted.all('text')}\n"
    yield exchange(0, f"{base}/wiadomosci/1", _page(planted, 0, "Wiadomości", plain + made(0)))
    folded = "\n".join(
        f"{SAID[kind].format(fold(planted.new(f'{fold.__name__}', kind)))}"
        for fold in (wide, seamed)
        for kind in ("EMAIL", "PHONE", "IBAN", "NATIONAL_ID")
    )
    yield exchange(1, f"{base}/wiadomosci/2", _page(planted, 1, "Folie", f"{folded}\n{made(1)}"))
    title = planted.all("title", ("EMAIL", "PHONE", "IBAN"))
    yield exchange(2, f"{base}/wiadomosci/3", _page(planted, 2, title, made(2)))
    path = "/".join(quote(planted.new("path", kind), safe="+@") for kind in ("EMAIL", "IBAN"))
    yield exchange(3, f"{base}/osoby/{path}", _page(planted, 3, "Osoby", made(3)))
    query = "&".join(
        f"{key}={quote(planted.new(f'query {key}', kind))}"
        for key, kind in (("email", "EMAIL"), ("tel", "PHONE"), ("token", "SECRET"))
    )
    twice = quote(quote(planted.new("query twice", "EMAIL")))
    yield exchange(4, f"{base}/szukaj?{query}&q={twice}", _page(planted, 4, "Szukaj", made(4)))
    user = planted.new("userinfo", "EMAIL").partition("@")[0]
    planted.values["userinfo/EMAIL"] = user
    password = planted.new("userinfo", "SECRET")
    yield exchange(5, f"https://{user}:{password}@{HOST}/x", _page(planted, 5, "Wejście", made(5)))
    table = "".join(
        f"<tr><td>{kind}</td><td>{SAID[kind].format(planted.new('table', kind))}</td></tr>"
        for kind in SAID
    )
    yield exchange(
        6, f"{base}/tabela", _page(planted, 6, "Tabela", made(6), f"<table>{table}</table>")
    )
    # Rejected or quarantined: only their URL could stay.
    for number, (name, more) in enumerate(
        (
            ("missing", {"status": "404 Not Found"}),
            ("picture", {"payload_type": "image/png"}),
            ("robots", {}),
            ("cut", {"truncated": "length"}),
        ),
        7,
    ):
        mail = planted.new(f"url of {name}", "EMAIL")
        url = f"{base}/{'zamkniete' if name == 'robots' else name}/{mail}"
        body = b"\x89PNG" if name == "picture" else _page(planted, number, name, made(number))
        yield exchange(number, url, body, **more)


def snapshot(root: Path) -> tuple[Planted, Path, Path]:
    """Build it; what was planted, its path list, and side files."""
    planted = Planted({})
    pages = list(_exchanges(planted))
    warc = b"".join(archive.triple(page) for page in pages)
    fields = f"operator: {planted.all('warcinfo', ('EMAIL', 'PHONE'))}\r\n".encode()
    info = [("WARC-Record-ID", "<urn:uuid:0>"), ("WARC-IP-Address", planted.new("warc", "IP"))]
    warc += archive.member(archive.record("warcinfo", info, fields))
    warc += archive.member(b"WARC/1.0\r\nWARC-Type: response\r\n" + planted.all("broken").encode())
    rule = planted.new("robots rule", "EMAIL")
    robots = (
        f"# {planted.all('robots comment')}\nUser-agent: *\nDisallow: /zamkniete\n"
        f"Disallow: /~{rule}\nSitemap: https://{HOST}/?mail={planted.new('sitemap', 'EMAIL')}\n"
        f'Content-Usage: train-ai=y;x="{planted.new("usage", "EMAIL")}"\n'
        f"X-Contact: {planted.new('robots unknown', 'PHONE')}\n"
    )
    fetched = Exchange(
        f"https://{HOST}/robots.txt", "2026-01-12", robots.encode(),
        (("Content-Type", "text/plain"),), payload_type="text/plain",
    )  # fmt: skip
    archive.write_snapshot(root, [warc], archive.triple(fetched))
    tdmrep = [{"location": "/*", "tdm-reservation": 0,
               "tdm-policy": f"https://{HOST}/{planted.new('tdmrep', 'EMAIL')}"}]  # fmt: skip
    rsl = (
        '<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>'
        f'<copyright contactEmail="{planted.new("rsl", "EMAIL")}"/></license></content></rsl>'
    )
    side = {
        "/.well-known/tdmrep.json": json.dumps(tdmrep),
        "/ai.txt": f"# {planted.all('ai.txt', ('EMAIL', 'PHONE'))}\nUser-Agent: *\nAllow: *\n",
        "/license.xml": rsl,
    }
    listed = pa.table(
        {
            "host": [HOST] * len(side),
            "path": list(side),
            "body": [b.encode() for b in side.values()],
        }
    )
    pq.write_table(listed, root / "side.parquet")
    lists = root / "crawl-data" / archive.SNAPSHOT / "warc.paths.gz"
    return planted, lists, root / "side.parquet"


# The search

_SEPARATORS = re.compile(r"[^\w]|_", re.UNICODE)


def compact(text: str) -> str:
    """NFKC, lower case, letters and digits alone."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text).lower())


def _views(text: str) -> Iterator[str]:
    """The text as it is and percent-decoded."""
    yield text
    for _ in range(PERCENT_LEVELS):
        decoded = unquote(text)
        if decoded == text:
            return
        text = decoded
        yield text


def _in_base64(value: str) -> Iterator[str]:
    """What base64 of any text with the value in it contains, wherever the value begins."""
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + value.encode()).decode().rstrip("=")
        yield coded[4 if shift else 0 : len(coded) // 4 * 4 - 4]


class Search:
    """Which of the values stand in files, in any of the forms."""

    def __init__(self, wanted: dict[str, str]) -> None:
        self._raw = {name: value.lower() for name, value in wanted.items()}
        self._compact = {
            name: short
            for name, value in wanted.items()
            if len(short := compact(value)) >= MIN_COMPACT
        }
        self._coded = {name: tuple(_in_base64(value)) for name, value in wanted.items()}

    def texts(self, given: Iterable[str]) -> set[str]:
        """Names of the values that any of the texts holds; none is sought across two of them."""
        whole = dict.fromkeys(given)
        views = [view for text in whole for view in _views(text)]
        lowered = [unicodedata.normalize("NFKC", view).lower() for view in views]
        as_is = "\n".join(lowered)
        short = "\n".join(_SEPARATORS.sub("", each) for each in lowered)
        coded = "\n".join(whole)
        found = {name for name, value in self._raw.items() if value in as_is}
        found |= {name for name, value in self._compact.items() if value in short}
        return found | {
            name for name, forms in self._coded.items() if any(f in coded for f in forms)
        }

    def file(self, path: Path) -> set[str]:
        """Names of the values that a file holds, decoded by what it is; and in its name."""
        return self.texts([path.name, *texts(path)])

    def folder(self, folder: Path) -> dict[str, set[str]]:
        """Files of a folder in which anything was found, and what."""
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        found = {str(path.relative_to(folder)): self.file(path) for path in files}
        return {name: names for name, names in found.items() if names}


def texts(path: Path) -> Iterator[str]:
    """Every text of a file: cells of tables, members of archives, else the whole of it."""
    data = path.read_bytes()
    if data[:4] == b"PAR1":
        yield from _cells(pq.read_table(path, partitioning=None))
        yield str(pq.read_schema(path).metadata)
    elif data[:6] == b"ARROW1":
        with pa.ipc.open_file(io.BytesIO(data)) as opened:
            yield from _cells(opened.read_all())
    elif data[:2] == b"\x1f\x8b":
        yield _decoded(gzip.decompress(data))
    else:
        yield _decoded(data)
        for at in (m.start() for m in re.finditer(b"\x1f\x8b\x08", data)):
            yield _decoded(zlib.decompressobj(31).decompress(data[at:]))


def _decoded(data: bytes) -> str:
    """Its text with what JSON and HTML escape undone."""
    text = data.decode("utf-8", "replace")
    unescaped = re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text)
    return html.unescape(unescaped)


def _cells(table: pa.Table) -> Iterator[str]:
    for column in table.columns:
        yield from _leaves(column.to_pylist())


def _leaves(value: Any) -> Iterator[str]:
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, bytes):
            yield _decoded(each)
        elif isinstance(each, dict):
            stack += [*each, *each.values()]
        elif isinstance(each, list | tuple):
            stack += each
        elif isinstance(each, int):
            yield str(each)
