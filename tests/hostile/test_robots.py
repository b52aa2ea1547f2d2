"""Hostile robots.txt files: each host has one row, and its pages are judged."""

from pathlib import Path

from pipeline import lists, site_tables
from samples.archive import member
from tests.data.archives import response
from tests.data.extracting import extract
from tests.hostile.makers import NOISE, good, page

TEXT = (("Content-Type", "text/plain"),)
STARS = b"User-agent: CCBot\nDisallow: /" + b"*a" * 5_000 + b"b$\n"
FILES = {
    "megabytes": b"User-agent: *\nDisallow: /aaa\n" * 200_000,
    "stars": STARS * 20,
    "agents": b"".join(b"User-agent: a%d\n" % n for n in range(20_000)) + b"Disallow: /\n",
    "line": b"Disallow: /" + b"x" * 600_000,
    "noise": NOISE,
    "nul": b"User-agent: *\0\nDisallow: /\0\n" * 1000,
    "utf-16": "User-agent: *\nDisallow: /".encode("utf-16"),
    "escapes": b"User-agent: *\nDisallow: /" + b"%" * 100_000 + b"\n",
    "signals": b"User-agent: *\nContent-Signal: " + b"ai-train=," * 20_000 + b"\n",
    "usage": b"User-agent: *\nContent-Usage: /" + b"(((" * 20_000 + b"\n",
    "html": b"<html><pre>\nUser-agent: *\nDisallow: /\n</pre></html>",
    "wildcards": b"User-agent: *\n" + b"".join(b"Disallow: /%d*x\n" % n for n in range(30_000)),
    "at501": b"User-agent: *\n" + b"#" * (501 << 10) + b"\nDisallow: /a\n" + b"#" * (99 << 10),
    "at600": b"User-agent: *\n" + b"#" * (600 << 10) + b"\nDisallow: /a\n",
    "list": b"User-agent: GPTBot, CCBot\nDisallow: /\n",
    "prose": b"# Reserved: Directive (EU) 2019/790\n" * 10_000,
}
RESERVED = {"megabytes", "utf-16", "at501"}
PERHAPS = {
    "nul": ["robots_ambiguous", "robots_unreachable"],
    "noise": ["robots_unreachable"],
    "html": ["robots_ambiguous"],
    "list": ["robots_ambiguous"],
    "prose": ["natural_language"],
}
"""What a stricter policy would reserve by; the others say nothing."""


def redirect(host: str, to: str) -> bytes:
    headers = (("Location", to),)
    return response(host, b"", headers, status="301 Moved", url=f"https://{host}/robots.txt")


def test_hostile_robots_files_end_and_pages_of_their_hosts_pass(tmp_path: Path) -> None:
    fetches = [
        response(name, body, TEXT, url=f"https://{name}.example/robots.txt")
        for name, body in FILES.items()
    ]
    ring = [f"ring{n}.example" for n in range(50)]
    fetches += [
        redirect(host, f"https://{ring[(n + 1) % len(ring)]}/robots.txt")
        for n, host in enumerate(ring)
    ]
    fetches += [
        redirect("self.example", "https://self.example/robots.txt"),
        redirect("nowhere.example", "https://["),
        redirect("script.example", "javascript:alert(1)"),
        redirect("long.example", "https://" + "a" * 100_000),
        response("bad", b"User-agent: *\nDisallow: /", TEXT, url="https://[::1/robots.txt"),
    ]
    robots = tmp_path / "robots.warc.gz"
    robots.write_bytes(b"".join(map(member, fetches)))
    hosts = [*(f"{name}.example" for name in FILES), *ring[:2], "self.example", "nowhere.example"]
    path = "/" + "a" * 2_000
    pages = [response(host, page(""), url=f"https://{host}{path}") for host in hosts]
    warc = tmp_path / "pages.warc.gz"
    warc.write_bytes(b"".join(member(one) for one in [*pages, good("robots")]))
    found = extract(tmp_path / "run", [warc], [f"robots=['{robots}']", "extract.cpu_limit_s=5"])
    records = found.rows("records")
    assert len(records) == len(hosts) + 1
    by_host = {row["url"].split("/")[2]: row for row in records}
    assert by_host["site.example"]["outcome"] == "pass"
    reasons = {host: by_host[host]["reason"] for host in hosts}
    assert set(reasons.values()) <= {None, "rights.robots"}
    against = {host for host, reason in reasons.items() if reason}
    assert against == {f"{name}.example" for name in RESERVED}, "what was read binds"
    reserving = {name: by_host[f"{name}.example"]["rights"]["reserved_by"] for name in FILES}
    perhaps = {name: found for name, found in reserving.items() if name not in RESERVED and found}
    assert perhaps == PERHAPS
    assert by_host[ring[0]]["rights"]["reserved_by"] == ["robots_unreachable"]
    (made,) = (tmp_path / "run" / "site_files").glob("*.arrow")
    (says,) = (tmp_path / "run" / "site_contents").glob("*.arrow")
    table = site_tables.joined([(0, 64, lists.mapped(made), lists.mapped(says))])
    assert len(table) == len(FILES) + len(ring) + 4
    statuses = {
        host: table.robots(f"https://{host}/x").status for host in [*hosts, "script.example"]
    }
    assert {statuses[host] for host in ring[:2]} == {"redirect_limit"}
    assert statuses["self.example"] == "redirect_circle"
    assert statuses["nowhere.example"] == statuses["script.example"] == "redirect_outside"
    assert statuses["megabytes.example"] == "rules"
