"""The six fuzz targets: for each, what must hold of any bytes.

`CHECKS` names modules of this folder, each with a function `check(data)` that raises
AssertionError where a property is broken. Nothing here needs atheris: `test_corpus.py` replays the
committed corpus, `python -m tests.fuzz.run` looks for more.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
Check = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Target:
    """One target: its module, the length of its longest input, and what atheris looks into."""

    module: str
    max_bytes: int
    instrumented: tuple[str, ...]

    def check(self) -> Check:
        """The function that holds the properties against bytes."""
        found: Check = importlib.import_module(f"tests.fuzz.{self.module}").check
        return found


RIGHTS = ("filters.optout", "filters.structured_fields", "filters.licences", "filters.rights")
SITES = ("filters.robots", "filters.robots_text", "filters.path_patterns", "filters.impersonal")
FILES = ("filters.tdmrep", "filters.aitxt", "filters.rsl", "filters.json_ld", "filters.safe_json")
HOSTS = ("filters.domains", "filters.site_files", "filters.suppression", "stages.gate")
DETECTORS = ("filters.mail", "filters.accounts", "filters.network", "filters.credentials")
NUMBERS = ("filters.phones", "filters.national_phones", "filters.identifiers", "filters.countries")

TARGETS = {
    "warc": Target("warc_records", 1_024, ("stages.read", "warcio")),
    "http": Target("http_messages", 600, ("stages.read", "stages.parse", *RIGHTS)),
    "charset": Target("charsets", 200, ("stages.parse", "filters.robots_text", "filters.controls")),
    "robots": Target("site_rules", 300, (*SITES, *FILES, *RIGHTS)),
    "url": Target(
        "addresses",
        200,
        (*HOSTS, "filters.addresses", "audit.trace", "urllib.parse", "encodings.idna"),
    ),
    "pii": Target("personal_data", 64, ("filters.pii", *DETECTORS, *NUMBERS)),
}
