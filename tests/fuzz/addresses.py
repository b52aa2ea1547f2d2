"""Target `url`: every part of the system makes the same of an address, and stores nothing personal.

The bytes are an address as an archive has it; the first one chooses a beginning for the rest.
"""

from audit import trace
from filters import addresses, domains, site_files, suppression
from stages import gate
from stages.reserve import PLACEHOLDER

MAX_CHARS = 4_000
STARTS = ("", "http://", "https://", "http://site.example/", "https://site.example/?")


def same_host(url: str) -> None:
    """The gate, lists, tables of site files, takedowns and tracing see one host."""
    host = gate.host_of(url, MAX_CHARS)
    if host is None:
        return
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    if not colon:
        name = host
    assert domains.located(f"https://{host}/") == (name, "/") or "[" in name
    address = site_files.canonical(url)
    assert address is not None
    assert address.partition("://")[2].partition("/")[0] == host
    assert site_files.canonical(address) == address
    assert (trace.host_of(url) or "") == name.strip("[]")
    if "[" in name:
        return
    place = domains.located(url)
    assert place == (name, gate.path_of(url))
    assert suppression.canonical(url).startswith(name.removeprefix("www."))
    top = name.rpartition(".")[2]
    assert addresses.host_tld(url) == (None if top.isdigit() else top)
    assert domains.as_host(name) == name
    assert domains.parent_keys(name) == [domains.key(parent) for parent in domains.parents(name)]


def redacted(url: str) -> None:
    """A stored address has lost what is personal, once and for all, and names the same host."""
    once = addresses.redact_url(url)
    assert addresses.redact_url(once) == once
    host = gate.host_of(url, MAX_CHARS)
    if host is not None and PLACEHOLDER.search(once.partition("://")[2].partition("/")[0]) is None:
        assert gate.host_of(once, 2 * MAX_CHARS) == host


def listed(url: str) -> None:
    """An entry of a list is found by its own address, as text and by key."""
    try:
        entry = domains.canonical(url)
    except ValueError:
        return
    assert domains.canonical(entry) == entry or entry.endswith("/") or "." not in entry
    if "." in entry:
        assert domains.find(f"https://{entry}", domains.TextList.of([entry])), entry


def check(data: bytes) -> None:
    """The properties of one address."""
    if not data:
        return
    url = STARTS[data[0] % len(STARTS)] + data[1:].decode("utf-8", "replace")
    same_host(url)
    redacted(url)
    listed(url)
