"""What of a page's markup matters for rights: the plain values that the parser hands over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

MAX_METAS: Final = 5_000
MAX_LINKS: Final = 100
MAX_SCRIPTS: Final = 50
MAX_NAME_CHARS: Final = 200
MAX_CONTENT_CHARS: Final = 10_000
MAX_SCRIPT_CHARS: Final = 256 << 10


@dataclass(frozen=True)
class Link:
    """A `link` or `a` element, or one entry of a Link header (`element` is then `header`)."""

    element: str
    rel: str
    media_type: str
    href: str


@dataclass(frozen=True)
class PageFacts:
    """Everything in a page's markup that `filters.optout` and `filters.licences` read.

    Whoever parses the page hands over, each list in document order and cut to the caps above:

    - `metas`: for every `meta` element with a `content`, the value of its `name`, else `property`,
      else `itemprop`, else `http-equiv`, and the content;
    - `links`: for every `link` and `a` element with an `href` whose `rel` holds the word `license`
      (or `licence`), whose `type` is `application/rsl+xml`, or whose `href` contains
      `creativecommons.org/`: the element's name, `rel`, `type` and `href`;
    - `scripts`: for every `script` whose `type` is `application/ld+json` or `application/rsl+xml`
      (parameters after ";" apart, in any case): that type and the element's text. A script longer
      than the cap is handed over cut: it is then no JSON, and counted as unreadable;
    - `is_cut`: whether one of these lists was longer than its cap.
    """

    metas: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()
    scripts: tuple[tuple[str, str], ...] = ()
    is_cut: bool = False

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> PageFacts:
        """Facts of plain values, as they cross a process, under the names of the fields."""
        return cls(
            tuple((name, content) for name, content in found.get("metas") or ()),
            tuple(Link(*four) for four in found.get("links") or ()),
            tuple((kind, text) for kind, text in found.get("scripts") or ()),
            bool(found.get("is_cut")),
        )

    def of_type(self, media_type: str) -> list[str]:
        """Texts of the scripts of a type."""
        return [
            text
            for kind, text in self.scripts
            if kind.partition(";")[0].strip().lower() == media_type
        ]
