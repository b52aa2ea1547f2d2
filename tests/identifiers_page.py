"""The table of docs/identifiers.md, made from the data: `python -m tests.identifiers_page`.

It rewrites what stands between the marks; a test compares.
"""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path
from typing import Final

from filters.identifier_forms import IDENTIFIERS, Identifier

PAGE: Final = Path(__file__).parent.parent / "docs" / "identifiers.md"
_BETWEEN: Final = re.compile(r"(?<=<!-- table -->\n).*(?=<!-- end of table -->)", re.DOTALL)
_MAX_FORMS: Final = 4


def table() -> str:
    """Identifiers by country as a Markdown table."""
    lines = ["| country | detector | kind | forms | alone | check |", "|---|---|---|---|---|---|"]
    for country, group in groupby(IDENTIFIERS, key=lambda identifier: identifier.country):
        lines += [_row(country, identifier) for identifier in group]
    return "\n".join(lines) + "\n"


def _row(country: str | None, identifier: Identifier) -> str:
    forms = ", ".join(f"`{form}`" for form in identifier.forms[:_MAX_FORMS])
    more = len(identifier.forms) - _MAX_FORMS
    forms += f" and {more} more" if more > 0 else ""
    alone = ", ".join(f"`{form}`" for form in identifier.free) or "no"
    check = identifier.check or "form only"
    start = f"| {country or 'any'} | {identifier.name} | {identifier.kind} |"
    return f"{start} {forms} | {alone} | {check} |"


def page() -> str:
    """The page with the table of now."""
    return _BETWEEN.sub(lambda _: table(), PAGE.read_text("utf-8"))


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
