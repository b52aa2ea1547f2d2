"""Registrable domains by the Public Suffix List, offline.

The list is the one in the package `tld` (which trafilatura brings), so its version is pinned with
the others; only that data file is read (MPL-2.0), none of the package's code. Both of its parts
count: what registries sell (`.co.uk`) and what companies lend (`github.io`), because the sites
under either belong to different people. Algorithm: publicsuffix.org/list, "Formal Algorithm".
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from stages.errors import ConfigError

ADDRESS = "(IP address)"
"""Stands for hosts that are numbers: they may be a person's connection, so none is listed."""
NO_NAME = "(no domain name)"
"""Stands for hosts that are no domain name, or were redacted."""

_NAME = re.compile(r"(?!-)[\w-]{1,63}(?:\.[\w-]{1,63})*")
_VERSION = re.compile(r"^// VERSION: (\S+)", re.MULTILINE)
_LENT = "===BEGIN PRIVATE DOMAINS==="
MAX_NAME = 253
"""RFC 1035, 2.3.4: a name of more characters cannot be looked up."""


@dataclass(frozen=True)
class Suffixes:
    """The list's rules in punycode, without the marks before them."""

    plain: frozenset[str]
    wild: frozenset[str]
    """`ck` for the rule `*.ck`."""
    excepted: frozenset[str]
    lent: frozenset[str]
    """Plain rules of the second part of the list: domains that companies lend to their users."""
    version: str
    sha256: str

    def registrable(self, host: str) -> str:
        """The part of a host that somebody registered: `a.b.example.co.uk` -> `example.co.uk`.

        A host that is itself a public suffix stays as it is; ADDRESS or NO_NAME for the others.
        """
        name = _ascii(host.rstrip("."))
        if name is None:
            return NO_NAME
        labels = name.split(".")
        if host.startswith("[") or labels[-1].isdigit():
            return ADDRESS
        return ".".join(labels[-1 - self._length(labels) :])

    def is_lent(self, domain: str) -> bool:
        """Whether a registrable domain lies under a suffix that a company lends, or is one."""
        return domain in self.lent or domain.partition(".")[2] in self.lent

    def _length(self, labels: list[str]) -> int:
        """Number of labels of the public suffix; 1 where no rule matches."""
        for start in range(len(labels)):
            name = ".".join(labels[start:])
            if name in self.excepted:
                return len(labels) - start - 1
            if name in self.plain or ".".join(labels[start + 1 :]) in self.wild:
                return len(labels) - start
        return 1


@cache
def suffixes() -> Suffixes:
    """The pinned list. ConfigError if the package that carries it is not there."""
    try:
        file = resources.files("tld").joinpath("res", "effective_tld_names.dat.txt")
        data = file.read_bytes()
    except (ModuleNotFoundError, OSError):
        raise ConfigError(
            "Public Suffix List", "the package `tld` is not installed", "pip install tld"
        ) from None
    return parsed(data)


def parsed(data: bytes) -> Suffixes:
    """A list in the format of publicsuffix.org."""
    text = data.decode("utf-8")
    rules, lent = (_rules(part) for part in (text, text.partition(_LENT)[2]))
    kinds: dict[str, set[str]] = {"*.": set(), "!": set(), "": set()}
    for rule in rules:
        mark = next(mark for mark in kinds if rule.startswith(mark))
        name = _ascii(rule.removeprefix(mark))
        if name is not None:
            kinds[mark].add(name)
    version = _VERSION.search(text)
    return Suffixes(
        frozenset(kinds[""]),
        frozenset(kinds["*."]),
        frozenset(kinds["!"]),
        frozenset(kinds[""] & {_ascii(rule) for rule in lent}),
        version.group(1) if version else "unknown",
        hashlib.sha256(data).hexdigest(),
    )


def _rules(text: str) -> list[str]:
    """The list's rules: a line each, up to the first white space."""
    found = (line.split()[0] for line in text.splitlines() if line.strip())
    return [rule for rule in found if not rule.startswith("//")]


def _ascii(name: str) -> str | None:
    """A name in lower case and punycode; an address in brackets as it is; None for neither."""
    if name.startswith("["):
        return name
    if len(name) > MAX_NAME or not _NAME.fullmatch(name):
        return None
    if name.isascii():
        return name.lower()
    try:
        return name.lower().encode("idna").decode("ascii")
    except UnicodeError:
        return None
