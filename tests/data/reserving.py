"""A snapshot with a page for each way to reserve rights, and files to be given beside it."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from samples import pages
from samples.archive import member
from tests.data.archives import HTML, response

TEXT = (("Content-Type", "text/plain"),)
NO_TRAINING = "User-agent: GPTBot\nDisallow: /\n"
ROBOTS = {
    "robots": NO_TRAINING,
    "signal": "User-agent: *\nContent-Signal: ai-train=no\n",
    "words": "# Rights reserved under Directive (EU) 2019/790\nUser-agent: *\nDisallow: /admin\n",
    "calm": "User-agent: *\nDisallow: /admin\n",
    "later": "User-agent: *\nDisallow: /admin\n",
    "was": NO_TRAINING,
}
TAGS = ("fin_Latn", "swe_Latn", "deu_Latn", "fra_Latn", "spa_Latn", "ita_Latn", "pol_Latn")
STATUSES = {"away": "503 Service Unavailable", "none": "404 Not Found"}
HEADERS = {
    "usage": ("Content-Usage", "train-ai=n"),
    "noai": ("X-Robots-Tag", "noai"),
    "tdm": ("TDM-Reservation", "1"),
}
HEADS = {
    "paid": '<script type="application/ld+json">{"@type": "NewsArticle", '
    '"isAccessibleForFree": false}</script>',
    "rsl": '<link rel="license" type="application/rsl+xml" href="/licence.xml">',
    "licensed": '<link rel="license" href="https://creativecommons.org/licenses/by-nc/4.0/">',
    "free": '<meta name="tdm-reservation" content="0">',
}
HOSTS = (
    *("robots", "signal", "words", "later", "was", "away", "none", "usage", "noai", "tdm"),
    *("paid", "rsl", "licensed", "free", "file", "aitxt", "listed", "plain"),
)
COPY = "calm"
"""Its page has the words of `later`'s: who of the two is kept depends on rights."""
AT_GATE = {
    "robots": "rights.robots",
    "was": "rights.robots",
    "signal": "rights.content_signal",
    "usage": "rights.content_usage",
    "noai": "rights.noai",
    "tdm": "rights.tdm_reservation",
    "paid": "rights.paywalled",
}
"""What a run of the default policy rejects of them, and why."""
STRICT = {
    "words": "rights.natural_language",
    "away": "rights.robots_unreachable",
    "rsl": "rights.rsl_unresolved",
}
"""What `strict` rejects besides."""
BESIDE = {
    "file": "rights.tdm_reservation",
    "aitxt": "rights.ai_txt",
    "rsl": "rights.rsl",
    "listed": "rights.domain_list",
    "later": "rights.robots",
}
"""What files that are given beside the snapshot reserve."""


def url(host: str) -> str:
    """Address of a host's page."""
    return f"https://{host}.example/story/page.html"


def write(root: Path) -> tuple[Path, Path]:
    """The snapshot's pages and its robots.txt files, as two archives."""
    texts = [pages.prose(one) for one in pages.load(pages.ROOT / "pages") if one.tag in TAGS]
    made = [_page(host, texts[at]) for at, host in enumerate(HOSTS)]
    made.append(_page(COPY, texts[HOSTS.index("later")]))
    fetches = [
        _robots(host, ROBOTS.get(host, ""), STATUSES.get(host, "200 OK"))
        for host in (*ROBOTS, *STATUSES)
    ]
    for name, records in (("pages", made), ("robots", fetches)):
        (root / f"{name}.warc.gz").write_bytes(b"".join(map(member, records)))
    return root / "pages.warc.gz", root / "robots.warc.gz"


def _page(host: str, text: str) -> bytes:
    paragraphs = "".join(f"<p>{line}</p>" for line in text.splitlines() if line.strip())
    head = f"<head><title>{host}</title>{HEADS.get(host, '')}</head>"
    html = f"<html>{head}<body><article>{paragraphs}</article></body></html>"
    headers = (*HTML, *((HEADERS[host],) if host in HEADERS else ()))
    return response(host, html.encode(), headers, url=url(host))


def _robots(host: str, body: str, status: str) -> bytes:
    address = f"https://{host}.example/robots.txt"
    return response(host, body.encode(), TEXT, status=status, url=address)


def write_latest(path: Path, files: Sequence[tuple[str, int, str]]) -> str:
    """Newer robots.txt files: host, status and body of each; the setting that names them."""
    columns = {
        "host": [f"{host}.example" for host, _, _ in files],
        "fetched_at": ["2026-06-01T00:00:00Z"] * len(files),
        "status": [status for _, status, _ in files],
        "body": [body.encode() for _, _, body in files],
    }
    pq.write_table(pa.table(columns), path)
    return f"rights.robots_latest={path}"


def write_side(path: Path) -> str:
    """tdmrep.json, ai.txt and an RSL document of hosts; the setting that names them."""
    prohibits = (
        '<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>'
        '<prohibits type="usage">ai-train</prohibits></license></content></rsl>'
    )
    reserved = '[{"location": "/story/*", "tdm-reservation": 1}]'
    files = [
        ("file", "/.well-known/tdmrep.json", reserved),
        ("free", "/.well-known/tdmrep.json", reserved),
        ("aitxt", "/ai.txt", "User-Agent: *\nDisallow: /\n"),
        ("rsl", "/licence.xml", prohibits),
        ("plain", "/.well-known/tdmrep.json", "<html>not here</html>"),
    ]
    columns = {
        "host": [f"{host}.example" for host, _, _ in files],
        "path": [where for _, where, _ in files],
        "body": [body for _, _, body in files],
    }
    pq.write_table(pa.table(columns), path)
    return f"rights.side_files={path}"
