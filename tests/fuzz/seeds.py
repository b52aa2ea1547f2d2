"""First inputs of each fuzz target, out of generators that the tests have: all of it is invented.

`python -m tests.fuzz.run` gives them to the fuzzer beside the committed corpus.
"""

from collections.abc import Iterator

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
    b"HTTP/1.1 200 OK\r\nContent-Usage: train-ai=n, x=?1;a=(b \"c\")\r\n"
    b'Link: <https://site.example/l>; rel="license"; type="application/rsl+xml"\r\n\r\n<html>',
    b"HTTP/1.1 200 OK\r\n\r\n<html><meta name=robots content=noai><script type="
    b'"application/ld+json">{"license":"https://creativecommons.org/licenses/by/4.0/"}</script>',
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
    *(b"euc-jp", b"euc-kr", b"macintosh", b"iso-2022-kr", b"hz-gb-2312", b"replacement", b"tis-620"),
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
    b'[{"location":"/a*","tdm-reservation":1,"tdm-policy":"https://site.example/p"},'
    b'{"location":"/","tdm-reservation":0}]',
    b'{"location":"https://site.example/x$","tdm-reservation":"1","tdm-reservation":0}',
)
AI_TXT = (
    b"User-Agent: *\nDisallow: *.html\nAllow: *.txt\n",
    b"Training: conditional\nTraining-Allow: /a\nTraining-Deny: /a/b\nAgent: CCBot\n  Training: deny\n",
)
RSL = (
    b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/a/*"><license><permits type="usage">'
    b'ai-train</permits><payment type="free"/></license></content></rsl>',
    b'<rsl><content url="https://site.example/"><license><prohibits>all</prohibits></license>'
    b"</content></rsl>",
    b'<!DOCTYPE r [<!ENTITY a "b">]><rsl>&a;</rsl>',
)
JSON_LD = (
    b'{"@context":"https://schema.org","@type":"Article","license":{"url":"x"},'
    b'"isAccessibleForFree":"False","author":[{"@type":"Person"}]}',
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
    *("Mail: jane.doe@mail.example, or j (at) d (dot) example", "+44 20 7946 0000", "Tel. 030 12345"),
    *("IBAN DE89 3704 0044 0532 0130 00", "4111 1111 1111 1111", "2001:db8::1 and 192.0.2.1"),
    *("PESEL 44051401458", "00:1b:44:11:3a:b7", "AKIA0123456789ABCDEF", "１２３ ４５６"),
    *("api_key=0123456789abcdef0123456789abcdef", "<PHONE> <EMAIL>+49 30 123456", "a@b.cc@d.ee"),
)


def _each(kinds: range | tuple[int, ...], bodies: tuple[bytes, ...]) -> Iterator[bytes]:
    return (bytes([kind]) + body for kind in kinds for body in bodies)


def of(target: str) -> Iterator[bytes]:
    """Inputs to begin with."""
    if target == "warc":
        archives = (*RECORDS, b"".join(RECORDS), b"".join(arc(b"<p>one</p>", b"", b"<p>" * 300)))
        for packing in range(5):
            yield from (bytes([packing, 0, 0]) + one for one in archives)
            yield bytes([packing, 128, 1]) + b"".join(RECORDS[:2])
    elif target == "http":
        yield from _each((0,), BLOCKS)
        yield from _each((2,), (b"\3\4\5\0\0\0\0\0" + b"body in chunks", b"5;x\r\nabcde\r\n0\r\n\r\n"))
        yield from (bytes([3, a, b]) + b"<p>text</p>" * 3 for a in range(6) for b in range(6))
        yield from _each((4,), RIGHTS)
    elif target == "charset":
        for label in LABELS:
            yield from _each((64, 128), tuple(label + b"\n" + body for body in BODIES))
        yield from _each(range(6), BODIES)
    elif target == "robots":
        lists = ((0, RULES), (3, TDMREP), (4, AI_TXT), (5, RSL), (6, JSON_LD), (7, PATTERNS))
        for kind, files in lists:
            yield from _each((kind,), files)
            yield from _each((kind,), tuple(b"/a/b\n" + one for one in files))
    elif target == "url":
        yield from _each((1, 2), tuple(url.encode() for url in URLS))
        yield from _each((3, 4), tuple(text.encode() for text in TEXTS))
        yield from (b"\0" + b"https://site.example/?q=" + (u * 3).encode() for u, _, _ in UNITS.values())
    elif target == "pii":
        for number in range(len(PAGES)):
            yield from _each((number,), tuple(text.encode() for text in TEXTS))
        yield from (b"\1" + (start + unit * 4 + end).encode() for unit, start, end in UNITS.values())
