"""robots.txt files to compare parsers on: real ones from where they lie, and seeded inventions.

Real files are read, counted and forgotten: neither they nor their hosts get into a result.
"""

import random
import tarfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from fastwarc.warc import ArchiveIterator, WarcRecordType

from filters.robots_text import MAX_BODY_BYTES

AGENTS = (
    "*", "CCBot", "GPTBot", "ClaudeBot", "Google-Extended", "Googlebot", "Bytespider", "CCBot/2.0",
    "ccbot", "Applebot-Extended", "Googlebot-Image", "Kangaroo Bot", "Other",
)  # fmt: skip
_PATHS = (
    "/", "/private", "/private/a", "/a", "/a/b", "/a/b.html", "/*.pdf", "/*.pdf$", "/*?*sort=",
    "/über", "/%C3%BCber", "/a%2fb", "/~u", "/x$", "*", "/index.html", "", "a", "/b*c*d$",
)  # fmt: skip
_OTHER = (
    "Crawl-delay: 5", "Sitemap: https://h.example/s.xml", "Host: h.example", "Foo: bar",
    "Content-Signal: search=yes,ai-train=no", "Content-Usage: train-ai=n", "# a remark", "",
    "Visit-time: 0600-0845", "Request-rate: 1/5", "no directive at all", "Clean-param: a /b",
)  # fmt: skip
_SPELLINGS = ("{}: {}", "{}:{}", "{} : {}", "  {}:  {}  ", "{}: {} # why", "{} {}")
ENDS = ("\n", "\n", "\n", "\r\n", "\r")


def of_archive(path: Path) -> Iterator[bytes]:
    """Files in `tests/test_data` of a source package of Protego: 4,200 files of real sites."""
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() and "/test_data/" in member.name:
                read = archive.extractfile(member)
                if read is not None:
                    yield read.read()


def of_warcs(folder: Path) -> Iterator[bytes]:
    """Successful answers to requests for robots.txt in the WARC files under a folder."""
    for path in sorted(folder.rglob("*.warc.gz")):
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
                url = record.headers.get("WARC-Target-URI") or ""
                http = record.http_headers
                if urlsplit(url).path == "/robots.txt" and http and http.status_code == 200:
                    yield record.reader.read(MAX_BODY_BYTES)


def invented(seed: int, count: int) -> Iterator[bytes]:
    """Files of our own: every kind of line, spelling, line end and mark, in any order."""
    drawn = random.Random(seed)  # noqa: S311 - files, not secrets
    for _ in range(count):
        lines = [_line(drawn) for _ in range(drawn.randrange(1, 14))]
        body = drawn.choice(ENDS).join(lines).encode()
        yield (b"\xef\xbb\xbf" if drawn.random() < 0.1 else b"") + body


def _line(drawn: random.Random) -> str:
    kind = drawn.random()
    if kind < 0.35:
        key, value = drawn.choice(("User-agent", "user-agent", "USER-AGENT")), drawn.choice(AGENTS)
        if drawn.random() < 0.05:
            value = ", ".join(drawn.sample(AGENTS, 2))
    elif kind < 0.8:
        key = drawn.choice(("Disallow", "Disallow", "Allow", "disallow", "ALLOW"))
        value = drawn.choice(_PATHS)
    else:
        return drawn.choice(_OTHER)
    spelling = _SPELLINGS[0] if drawn.random() < 0.8 else drawn.choice(_SPELLINGS)
    return spelling.format(key, value)
