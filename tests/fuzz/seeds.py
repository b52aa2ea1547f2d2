"""First inputs of each fuzz target, out of generators that the tests have: all of it is invented.

`python -m tests.fuzz.run` gives them to the fuzzer beside the committed corpus.
"""

from collections.abc import Iterable, Iterator
from functools import cache

from filters import pii
from tests.data.archives import arc, response
from tests.fuzz.personal_data import PAGES
from tests.hostile.personal import UNITS

RECORDS = (
    response(1),
    response(2, b"<p>two</p>" * 70),
    response(3, b"<p>three</p>", claimed=90),
    response(4, extra=[("WARC-Truncated", "length")]),
    response(5, block=b"HTTP/1.1 200 OK\nContent-Type: text/html\n\n<p>line ends</p>"),
    response(6, block=b""),
)
BLOCKS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><p>a</p></html>",
    b"HTTP/1.1 200 OK\nX: y\n z\nTDM-Reservation: 1\n\n<p>a",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<p>\r\n0\r\n\r\n",
    b"HTTP/1.0 404\r\nContent-Encoding: gzip, br\r\nX-Robots-Tag: CCBot: noai, noindex\r\n\r\n<a>",
    b'HTTP/1.1 200 OK\r\nContent-Usage: train-ai=n, x=?1;a=(b "c")\r\n\r\n<html>',
    b"HTTP/1.1 200 OK\r\nLink: </l>; rel=license; type=application/rsl+xml\r\n\r\n<html>",
    b"HTTP/1.1 200 OK\r\n\r\n<html><meta name=robots content=noai><p>x",
    b'HTTP/1.1 200 OK\r\n\r\n<script type="application/ld+json">{"license":"CC0"}</script>x',
)
RIGHTS = (
    b"tdm-reservation: 1\ntdm-policy: https://site.example/p\ncontent-signal: ai-train=no",
    b'content-usage: train-ai=n;x="y", search=(a b), d=@1, e=:YQ==:\nx-robots-tag: noai, a: noml',
    b'link: <https://site.example/l>; rel="license"; type="application/rsl+xml", </x>; rel=next',
)
BODIES = (
    *("Übermaß ist schön".encode(), "Съешь ещё".encode("cp1251"), "γρήγορη".encode("cp1253")),
    *("日本語".encode("shift_jis"), "日本語".encode("iso-2022-jp"), "中文".encode("gb18030")),
    *("żółw".encode("iso-8859-2"), "schön".encode("utf-16-le"), b"+ADw-p+AD4-", b"<p>\x80\xff"),
    *("한국어".encode("euc-kr"), b"\x1b]0;x\x07\x1b[2J", "العربية".encode("cp1256")),
)
LABELS = (
    *(b"", b"utf-8", b"windows-1252", b"iso-8859-2", b"windows-1251", b"koi8-r", b"shift_jis"),
    *(b"iso-2022-jp", b"gb18030", b"utf-16", b"utf-16le", b"utf-7", b"x-user-defined", b"big5"),
    *(
        b"euc-jp",
        b"euc-kr",
        b"macintosh",
        b"iso-2022-kr",
        b"hz-gb-2312",
        b"replacement",
        b"tis-620",
    ),
)
RULES = (
    *(b"User-agent: *\nDisallow: /a*b$\nAllow: /a\n\nUser-agent: CCBot\nUser-agent: GPTBot/1\n",),
    *(b"User-agent: a, b\nSitemap: x\nUser-agent: CCBot (bot)\nDisallow: /%7ea%2F%c3%a9\n",),
    *(b"Content-Signal: ai-train=no\nUser-agent: *\nContent-Usage: /x train-ai=n\nAllow: /\n",),
    *(b"User-agent: CCBot\nAllow: /p/\nDisallow: /p/a@b.example\nLicense: https://b.example/l\n",),
    *(b"# TDM, Art. 4(3) of the directive 2019/790\nUser-agent *\nDisallow /\n",),
    *(b"/x\xc3\xa9?a=b\nUser-agent: *\nDisallow: /*?\nDisallow: /x\n\xff\n", b"\xff\xfeU\0s\0"),
)
TDMREP = (
    b'[{"location":"/a*","tdm-reservation":1,"tdm-policy":"https://site.example/p"}]',
    b'[{"location":"/a","tdm-reservation":0},{"location":"/","tdm-reservation":1}]',
    b'{"location":"https://site.example/x$","tdm-reservation":"1","tdm-reservation":0}',
)
AI_TXT = (
    b"User-Agent: *\nDisallow: *.html\nAllow: *.txt\n",
    b"Training: conditional\nTraining-Allow: /a\nAgent: CCBot\n  Training: deny\n",
    b"/p/a@b.example\nTraining-Allow: /p/\nTraining-Deny: /p/a@b.example\n",
)
RSL = (
    b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/a/*"><license/></content></rsl>',
    b'<rsl><content url="/a@b.example"><license><payment type="x"/></license></content></rsl>',
    b"<rsl><content><license><permits type='usage'>ai-train</permits></license></content></rsl>",
    b"<rsl><content><license><prohibits>all</prohibits></license></content></rsl>",
    b'<!DOCTYPE r [<!ENTITY a "b">]><rsl>&a;</rsl>',
)
JSON_LD = (
    b'{"@type":"Article","license":{"url":"x"},"author":[{"@type":"Person"}]}',
    b'[{"isAccessibleForFree":"False"},{"isAccessibleForFree":true}]',
    b'train-ai=n, a;b=?1, c=("d" e), f=1.5, g=%"a%c3%a9"',
)
PATTERNS = (b"/a/b?c\n/a\n/*b\n/a*$\n/%61\n$\n*", b"/x$y\nx$\n/x%24y\n/**b\n")
URLS = (
    *("www.site.example/a/b?c=d&e=a%40b.example#f", "user:secret@site.example:8443/", "[::1]:80/"),
    *("bücher.example./x", "xn--bcher-kva.example", "SITE.example/%7Euser/?sessionid=0a1b2c3d4e5f"),
    *("192.0.2.1/a", "a.b.c.d.example/?tel=+49%2030%20123456", "site.example\\@other.example/"),
    *("site%2eexample/", "\uff53ite.example/", "site.example/?email=a%2540b.example", "0x7f.1/"),
)
TEXTS = (
    *(
        "Mail: jane.doe@mail.example, or j (at) d (dot) example",
        "+44 20 7946 0000",
        "Tel. 030 12345",
    ),
    *("IBAN DE89 3704 0044 0532 0130 00", "4111 1111 1111 1111", "2001:db8::1 and 192.0.2.1"),
    *("PESEL 44051401458", "00:1b:44:11:3a:b7", "AKIA0123456789ABCDEF", "１２３ ４５６"),
    *("api_key=0123456789abcdef0123456789abcdef", "<PHONE> <EMAIL>+49 30 123456", "a@b.cc@d.ee"),
)


def _each(kinds: Iterable[int], bodies: Iterable[bytes]) -> Iterator[bytes]:
    return (bytes([kind]) + body for kind in kinds for body in bodies)


def _warc() -> Iterator[bytes]:
    archives = (*RECORDS, b"".join(RECORDS), b"".join(arc(b"<p>one</p>", b"", b"<p>" * 300)))
    for packing in range(5):
        yield from (bytes([packing, 0, 0]) + one for one in archives)
        yield bytes([packing, 128, 1]) + b"".join(RECORDS[:2])


def _http() -> Iterator[bytes]:
    yield from _each([0], BLOCKS)
    yield from _each([2], [b"\3\4\5\0\0\0\0\0body in chunks", b"5;x\r\nabcde\r\n0\r\n\r\n"])
    yield from _each([3], (bytes([a, b]) + b"<p>text" for a in range(6) for b in range(6)))
    yield from _each([4], RIGHTS)


def _charset() -> Iterator[bytes]:
    for label in LABELS:
        yield from _each((64, 128), (label + b"\n" + body for body in BODIES))
    yield from _each(range(6), BODIES)


def _robots() -> Iterator[bytes]:
    formats = (RULES, (), (), TDMREP, AI_TXT, RSL, JSON_LD, PATTERNS)
    for kind, files in enumerate(formats):
        yield from _each([kind], files)
        yield from _each([kind], (b"/a/b\n" + one for one in files))


def _url() -> Iterator[bytes]:
    yield from _each((1, 2), (url.encode() for url in URLS))
    yield from _each((3, 4), (text.encode() for text in TEXTS))
    yield from _each(
        [4], ((start + 3 * unit + end).encode() for unit, start, end in UNITS.values())
    )


def _pii() -> Iterator[bytes]:
    yield from _each(range(len(PAGES)), (text.encode() for text in TEXTS))
    yield from _each(
        [1], ((start + 4 * unit + end).encode() for unit, start, end in UNITS.values())
    )


MAKERS = {
    "warc": _warc,
    "http": _http,
    "charset": _charset,
    "robots": _robots,
    "url": _url,
    "pii": _pii,
}


def of(target: str) -> Iterator[bytes]:
    """Inputs to begin with."""
    return MAKERS[target]()


def is_invented(data: bytes) -> bool:
    """Whether the personal data in an input, if any, are those of the seeds: nobody's."""
    text = data.decode("utf-8", "replace")
    found = [text[span.start : span.end] for span in pii.find(text)]
    return all(".example" in value or value in _invented() for value in found)


@cache
def _invented() -> str:
    return "\n".join(data.decode("utf-8", "replace") for one in MAKERS for data in of(one))
