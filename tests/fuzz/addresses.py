"""Target `url`: every part of the system makes the same of an address, and stores nothing personal.

The bytes are an address as an archive has it; the first one chooses a beginning for the rest.
"""

import re
from urllib.parse import urlsplit

from audit import trace
from filters import addresses, domains, site_files, suppression
from stages import gate

MAX_CHARS = 4_000
STARTS = ("", "http://", "https://", "http://site.example/", "https://site.example/?")
REDACTED_FROM = 200
"""First bytes from which an address is redacted: detectors take twenty times as long as the rest,
and are the business of target `pii`."""
PORT = re.compile(r":[0-9]+$")


def same_host(url: str) -> None:
    """The gate, lists, tables of site files, takedowns and tracing see one host."""
    host = gate.host_of(url, MAX_CHARS)
    if host is None:
        return
    name = PORT.sub("", host)
    address = site_files.canonical(url)
    assert address is not None
    assert address.partition("://")[2].partition("/")[0] == host
    assert site_files.canonical(address) == address
    if name.startswith("["):
        return
    assert domains.as_host(name) == name
    assert domains.located(url) == (name, gate.path_of(url))
    assert suppression.canonical(url).startswith(name.removeprefix("www."))
    assert domains.parent_keys(name) == [domains.key(parent) for parent in domains.parents(name)]
    if urlsplit(url).netloc.isascii():  # tracing knows stored addresses, as they were written
        top = name.rpartition(".")[2]
        assert addresses.host_tld(url) == (None if top.isdigit() else top)
        assert trace.host_of(url) == name


def redacted(url: str) -> None:
    """A stored address has lost what is personal, and names the same host."""
    once = addresses.redact_url(url)
    try:
        place = urlsplit(once).netloc
    except ValueError:
        return
    assert "@" not in place or "\\" in place  # of these no two readers say the same
    host = gate.host_of(url, MAX_CHARS)
    if host is not None:
        assert "<" in place or gate.host_of(once, 2 * MAX_CHARS) == host


def listed(url: str) -> None:
    """An address is found by the entry that is made of it."""
    try:
        entry = domains.canonical(url)
    except ValueError:
        return
    address = url.strip() if "://" in url else f"https://{url.strip()}"
    if "." in entry.partition("/")[0]:
        assert domains.find(address, domains.TextList.of([entry]))


def check(data: bytes) -> None:
    """The properties of one address."""
    if data:
        url = STARTS[data[0] % len(STARTS)] + data[1:].decode("utf-8", "replace")
        if data[0] >= REDACTED_FROM:
            redacted(url)
        else:
            same_host(url)
            listed(url)
