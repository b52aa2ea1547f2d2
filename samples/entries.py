"""A page as it comes over the wire, and the row that the pipeline must make of it."""

import codecs
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from samples.archive import Exchange, Headers, record_id
from samples.pages import Page, pick
from samples.render import Look, html

# The charsets in which sites of a language were stored before UTF-8, beside those that all of the
# West shares. Labels are those of the WHATWG Encoding Standard.
_LATIN_1 = ("iso-8859-1", "windows-1252", "iso-8859-15")
_CENTRAL = ("iso-8859-2", "windows-1250")
_FAMILIES = {
    _CENTRAL: "ces_Latn slk_Latn pol_Latn hun_Latn slv_Latn hrv_Latn ron_Latn",
    _LATIN_1: "deu_Latn fra_Latn ita_Latn spa_Latn por_Latn nld_Latn dan_Latn swe_Latn nob_Latn "
    "nno_Latn fin_Latn isl_Latn fao_Latn cat_Latn glg_Latn eus_Latn gle_Latn als_Latn oci_Latn "
    "bre_Latn",
    ("windows-1251",): "bul_Cyrl mkd_Cyrl srp_Cyrl bel_Cyrl",
    ("koi8-r", "windows-1251"): "rus_Cyrl",
    ("koi8-u", "windows-1251"): "ukr_Cyrl",
    ("iso-8859-7", "windows-1253"): "ell_Grek",
    ("windows-1257", "iso-8859-13"): "lit_Latn lvs_Latn ekk_Latn",
    ("windows-1254",): "tur_Latn",
}
CHARSETS = {tag: labels for labels, tags in _FAMILIES.items() for tag in tags.split()}
# Pages whose charset is not left to the hash, so that every charset above that matters occurs.
CHOSEN = {
    "ell_Grek/kastana": "windows-1253",
    "ell_Grek/xerolithia": "iso-8859-7",
    "rus_Cyrl/mayak-na-ozere": "koi8-r",
    "rus_Cyrl/valenki": "windows-1251",
}
# Ways to state no charset, or more than one, which a browser still reads rightly.
QUIRKS = ("undeclared", "bom_over_header", "header_over_meta", "utf16_meta", "utf16le", "utf16be")
BOMS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the truth, and the exchange that leads to it; `exchange` is None for damage."""

    kind: str
    why: str
    exchange: Exchange | None = None
    outcome: str = "keep"
    reason: str | None = None
    tag: str | None = None
    keeper: str | None = None
    pii: dict[str, int] = field(default_factory=dict)
    edit: str | None = None
    data: bytes | None = None
    place: int | None = None

    @property
    def url(self) -> str:
        """The target URL; empty where the record cannot be read."""
        return self.exchange.url if self.exchange else ""

    def row(self, warc: str, n: int) -> dict[str, Any]:
        """The line of truth.jsonl."""
        is_known = self.exchange is not None
        return {
            "warc": warc,
            "n": n,
            "record_id": record_id(self.url) if is_known else None,
            "url": self.url if is_known else None,
            "kind": self.kind,
            "outcome": self.outcome,
            "reason": self.reason,
            "tag": self.tag,
            "keeper": record_id(self.keeper) if self.keeper else None,
            "pii": dict(sorted(self.pii.items())),
            "edit": self.edit,
            "why": self.why,
        }


def kept(kind: str, page: Page, why: str, exchange: Exchange | None = None, **more: Any) -> Entry:
    """An entry for a page that ends in the corpus."""
    return Entry(kind, why, exchange or fetch(page), tag=page.tag, **more)


def rejected(kind: str, reason: str, exchange: Exchange, why: str, **more: Any) -> Entry:
    """An entry for a page that is turned away."""
    return Entry(kind, why, exchange, outcome="reject", reason=reason, **more)


def fetch(page: Page, look: Look | None = None, headers: Headers = ()) -> Exchange:
    """A page in plain UTF-8, declared in the header and in a meta tag."""
    look = replace(look or Look(), charset="utf-8")
    return _exchange(page, html(page, look).encode(), "text/html; charset=utf-8", headers)


def ordinary(page: Page) -> Exchange:
    """A page in the charset, and with the codings, that its address' hash says."""
    quirk = pick("quirk:" + page.url, 16 * len(QUIRKS))
    if page.key not in CHOSEN and quirk < len(QUIRKS):
        body, content_type = quirky(page, QUIRKS[quirk])
    else:
        body, content_type = _in_charset(page, charset_of(page))
    return _coded(_exchange(page, body, content_type), pick("coding:" + page.url, 24))


def charset_of(page: Page) -> str:
    """UTF-8 for most pages, else an older charset of the language that has all its letters."""
    if page.key in CHOSEN:
        return CHOSEN[page.key]
    labels = CHARSETS.get(page.tag, ())
    if not labels or pick("charset:" + page.url, 3):
        return "utf-8"
    label = labels[pick("label:" + page.url, len(labels))]
    letters = "".join(c for c in html(page) if c.isalpha())
    try:
        letters.encode(label)
    except UnicodeEncodeError:
        return "utf-8"
    return label


def _in_charset(page: Page, label: str) -> tuple[bytes, str]:
    """The body and its Content-Type: declared in the header, in a meta tag, or in both.

    Marks that the charset lacks become character references, as editors of the time wrote them.
    """
    where = pick("where:" + page.url, 3)
    text = html(page, Look(charset=None if where == 0 else label))
    content_type = "text/html" if where == 1 else f"text/html; charset={label}"
    return text.encode(label, "xmlcharrefreplace"), content_type


def quirky(page: Page, quirk: str) -> tuple[bytes, str]:
    """The body and its Content-Type under one of the QUIRKS."""
    text = html(page)
    if quirk == "undeclared":
        return text.encode(), "text/html"
    if quirk == "bom_over_header":
        return codecs.BOM_UTF8 + text.encode(), "text/html; charset=ISO-8859-1"
    if quirk == "header_over_meta":
        return html(page, Look(charset="iso-8859-1")).encode(), "text/html; charset=UTF-8"
    if quirk == "utf16_meta":
        return html(page, Look(charset="utf-16")).encode(), "text/html"
    encoding = "utf-16-le" if quirk == "utf16le" else "utf-16-be"
    return BOMS[encoding] + text.encode(encoding), "text/html; charset=utf-16"


def _exchange(page: Page, body: bytes, content_type: str, headers: Headers = ()) -> Exchange:
    length = ("Content-Length", str(len(body)))
    return Exchange(page.url, page.date, body, (("Content-Type", content_type), *headers, length))


def _coded(exchange: Exchange, choice: int) -> Exchange:
    """Bodies as the archive has them: most decoded, with the header renamed; a few still coded."""
    if choice > 9:
        sent = len(zlib.compress(exchange.payload))
        renamed = (("X-Crawler-Content-Encoding", "gzip"), ("X-Crawler-Content-Length", str(sent)))
        return replace(exchange, headers=(*exchange.headers, *renamed))
    coders = {0: "chunked", 1: "gzip", 2: "br", 3: "deflate", 4: "gzip, chunked"}
    return coded(exchange, coders[choice]) if choice in coders else exchange


def coded(exchange: Exchange, coding: str) -> Exchange:
    """The exchange with a body stored under a content coding, a transfer coding or both."""
    headers = [pair for pair in exchange.headers if pair[0] != "Content-Length"]
    body = exchange.payload
    content = coding.removesuffix("chunked").strip(", ")
    if content:
        body = CODERS[content](body)
        headers.append(("Content-Encoding", content))
    entity = body
    if coding.endswith("chunked"):
        body = chunked(body)
        headers.append(("Transfer-Encoding", "chunked"))
    else:
        headers.append(("Content-Length", str(len(body))))
    return replace(exchange, payload=body, headers=tuple(headers), digest_of=entity)


def gzip_body(body: bytes) -> bytes:
    """The body as one gzip member without a time stamp."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


def chunked(body: bytes, size: int = 1500) -> bytes:
    """The body in chunks, as RFC 9112 section 7.1 has it."""
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def brotli_stored(body: bytes) -> bytes:
    """The body as a Brotli stream of uncompressed meta-blocks (RFC 7932 section 9.2).

    It needs no Brotli encoder, and its bytes are the same for every version of one.
    """
    bits, n_bits, out = 0, 1, bytearray()  # WBITS: a single 0 bit is a window of 64 kB
    for start in range(0, len(body), 1 << 16):
        part = body[start : start + (1 << 16)]
        # ISLAST 0, MNIBBLES 0 (four nibbles), MLEN - 1 in 16 bits, ISUNCOMPRESSED 1
        bits |= ((len(part) - 1) << 3 | 1 << 19) << n_bits
        n_bits += 20
        out += bits.to_bytes((n_bits + 7) // 8, "little") + part
        bits = n_bits = 0
    return bytes(out) + (b"\x03" if out else b"\x06")  # ISLAST 1, ISLASTEMPTY 1


CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip_body,
    "deflate": zlib.compress,
    "br": brotli_stored,
}
