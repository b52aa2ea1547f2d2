"""Papers as Markdown: nothing of a run acts in them, as markup or as anything else."""

import re
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from audit import phrases
from audit.sample import visible

_ACTING = re.compile(r"([\\`*\[\]<>|#~&!$]|(?<![^\W_])_|_(?![^\W_]))")
"""Signs that Markdown, its tables, HTML or formulas act on, wherever they stand in a line.

An underscore within a word does not act.
"""
_ADDRESS = re.compile(r"(?i)(://|www\.)")
_LEADING = re.compile(r"^(\s*)([-+=]|\d+[.)](?!\S))")
"""What makes a list, a heading or a rule of a line that begins so."""
MAX_CHARS = 4000


def escaped(text: str) -> Markup:
    """The text on one line, for anywhere in a Markdown document; what would act is quoted.

    Addresses are not made links. Longer texts than 4,000 characters are cut.
    """
    line = visible(" ".join(phrases.shortened(text, MAX_CHARS).split()))
    line = _ACTING.sub(r"\\\1", line)
    line = _LEADING.sub(lambda found: f"{found[1]}{found[2][:-1]}\\{found[2][-1]}", line)
    line = _ADDRESS.sub(lambda found: found[0].replace(":", "&#58;").replace(".", "&#46;"), line)
    return Markup(line)  # noqa: S704 - quoted above


def code(text: object) -> Markup:
    """The text as code within a line: names, commands, digests."""
    line = visible(" ".join(str(text).split())).replace("`", "'").replace("|", "\\|")
    return Markup(f"`{line}`" if line else "")  # noqa: S704 - acts on nothing within backticks


def link(address: str) -> Markup:
    """An address of our own making as a link; as code if it is not https."""
    plain = re.fullmatch(r"https://[A-Za-z0-9._/~%-]+", address)
    return Markup(f"<{address}>") if plain else code(address)  # noqa: S704 - by that pattern


def value(found: Any) -> Any:
    """A figure as people read it; a dash where it is not known."""
    if found is None:
        return "not known"
    if isinstance(found, bool):
        return "yes" if found else "no"
    return f"{found:,}" if isinstance(found, int) else found


@cache
def _environment() -> jinja2.Environment:
    """Templates of this package: a value that is missing is an error, text is escaped."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("audit.papers"),
        autoescape=True,  # what `finalize` gives is escaped already, for Markdown
        finalize=lambda found: escaped(found) if type(found) is str else found,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(code=code, link=link, value=value, share=phrases.share)
    return made


def rendered(name: str, /, **values: Any) -> str:
    """A template of this package, filled in."""
    return _environment().get_template(name).render(**values)
