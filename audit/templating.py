"""Templates of pages: what they call, and that nothing of a page gets through them unescaped."""

from typing import Any

import jinja2

from audit import phrases
from audit.sample import visible


def environment(*packages: str) -> jinja2.Environment:
    """Templates of packages, those of the first before the others.

    Everything is escaped, and signs that act on order or terminal are made visible, but for our own
    style sheets and scripts. A value that is missing is an error.
    """
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(package) for package in packages]),
        autoescape=True,
        finalize=_shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        n=phrases.whole,
        of=phrases.of,
        share=phrases.share,
        per_thousand=phrases.per_thousand,
        plain=phrases.plain,
        when=phrases.when,
        duration=phrases.duration,
        energy=phrases.energy,
    )
    return made


def _shown(value: Any) -> Any:
    """What a template shows, text made visible (`visible`): whoever forgot to is covered."""
    return visible(value) if type(value) is str else value  # Markup is made of such text already
