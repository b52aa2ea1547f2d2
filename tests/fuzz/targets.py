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


TARGETS = {
    "warc": Target("warc_records", 2_048, ("stages.read", "warcio")),
    "http": Target(
        "http_messages",
        1_024,
        ("stages.read", "stages.parse", "filters.optout", "filters.structured_fields")
        + ("filters.licences", "filters.stored_rights", "filters.rights"),
    ),
    "charset": Target("charsets", 512, ("stages.parse", "filters.robots_text", "filters.controls")),
    "robots": Target(
        "site_rules",
        1_024,
        ("filters.robots", "filters.robots_text", "filters.path_patterns", "filters.tdmrep")
        + ("filters.aitxt", "filters.rsl", "filters.json_ld", "filters.safe_json", "filters.prose")
        + ("filters.impersonal", "filters.optout", "filters.structured_fields"),
    ),
    "url": Target(
        "addresses",
        512,
        ("filters.addresses", "filters.domains", "filters.site_files", "filters.suppression")
        + ("stages.gate", "audit.trace", "urllib.parse", "encodings.idna", "filters.pii")
        + ("filters.mail", "filters.accounts", "filters.network", "filters.credentials"),
    ),
    "pii": Target(
        "personal_data",
        512,
        ("filters.pii", "filters.mail", "filters.phones", "filters.national_phones")
        + ("filters.accounts", "filters.network", "filters.credentials", "filters.identifiers")
        + ("filters.identifier_windows", "filters.phone_words", "filters.check_digits")
        + ("filters.countries", "filters.folding", "filters.numbering"),
    ),
}
