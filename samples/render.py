"""Page to HTML: body markup, the furniture around it, and the charset it is stored in."""

from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup
from ruamel.yaml import YAML

from samples.layouts import BY_HOST, BY_KIND, TEMPLATES
from samples.pages import ROOT, Block, Page, pick

CHROME = ROOT / "chrome"
FALLBACK = {
    "home": "Home", "news": "News", "about": "About us", "contact": "Contact", "login": "Log in",
    "search": "Search", "menu": "Menu", "cookies": "We use cookies so that the site works better.",
    "accept": "Accept", "decline": "Decline", "related": "Read also", "share": "Share",
    "comments": "Comments", "newsletter": "Subscribe to our newsletter",
    "rights": "All rights reserved",
    "reply": "Reply", "price": "Price", "basket": "Add to basket", "posted": "Published",
    "related_titles": ["Ferry to stop earlier", "New roof for the mill", "Choir needs tenors"],
}  # fmt: skip
NAV_KEYS = ("home", "news", "about", "contact", "login")
PRICES = ("14,90 €", "129,00 €", "48 €", "7,50 €", "235,00 €")
# A `lang` attribute that is wrong as sites are: the template's language was never changed.
WRONG_LANG = "en-US"


@dataclass(frozen=True, slots=True)
class Site:
    """The furniture of one host."""

    host: str
    name: str
    short: str
    number: int
    price: str
    title_suffix: str
    links: list[tuple[str, str]]
    related: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is rendered; what is None follows from the host's hash."""

    layout: str | None = None
    lang: str | None = None
    metas: tuple[tuple[str, str], ...] = ()
    charset: str | None = None
    related_from: int = 0


@cache
def chrome(tag: str) -> dict[str, Any]:
    """The furniture's wording in a language; English where there is no file."""
    path = CHROME / f"{tag}.yaml"
    found = dict(read_yaml(path)) if path.exists() else {}
    merged = {**FALLBACK, **{key: value for key, value in found.items() if value}}
    return {**merged, "basket_label": merged["basket"]}


def read_yaml(path: Path) -> Any:
    """The content of a YAML file; raises where it is malformed."""
    return YAML(typ="safe", pure=True).load(path.read_text("utf-8"))


def layout_of(page: Page) -> str:
    """The layout's name, by the page's kind or else by its host."""
    return BY_KIND.get(page.kind) or BY_HOST[pick(page.host, len(BY_HOST))]


def site_of(page: Page, related_from: int = 0) -> Site:
    """The furniture of the page's host: name, navigation and teasers."""
    c = chrome(page.tag)
    number = 1 + pick(page.host, 9000)
    short = page.host.split(".", 1)[0]
    titles = list(c["related_titles"])
    turn = (number + related_from) % len(titles) if titles else 0
    titles = titles[turn:] + titles[:turn]
    keys = NAV_KEYS if number % 2 else ("news", "about", "home", "contact")
    return Site(
        host=page.host,
        name=short.replace("-", " ").title(),
        short=short,
        number=number,
        price=PRICES[number % len(PRICES)],
        title_suffix=f" – {short}" if number % 3 else "",
        links=[(str(c[key]), f"/{key}") for key in keys],
        related=[(str(title), f"/x/{number + i}") for i, title in enumerate(titles)],
    )


@cache
def _template(name: str) -> Any:
    return Environment(autoescape=True, keep_trailing_newline=True).from_string(TEMPLATES[name])


def html(page: Page, look: Look | None = None) -> str:
    """The whole page as HTML text."""
    look = look or Look()
    layout = look.layout or layout_of(page)
    site = site_of(page, look.related_from)
    metas = "".join(f'<meta name="{escape(n)}" content="{escape(v)}">\n' for n, v in look.metas)
    charset = f'<meta charset="{look.charset}">\n' if look.charset else ""
    lang = _lang(page) if look.lang is None else look.lang
    return str(
        _template(layout).render(
            page=page,
            body=_safe(_body(page, layout, site)),
            site=site,
            c=chrome(page.tag),
            lang=_safe(f' lang="{lang}"' if lang else ""),
            charset_meta=_safe(charset),
            metas=_safe(metas),
        )
    )


def _safe(markup: str) -> Any:
    return Markup(markup)  # noqa: S704 - our own markup, escaped where it is made


def _lang(page: Page) -> str:
    """Mostly right; one host in nine states none, one in eleven states a wrong one."""
    if pick("lang:" + page.host, 9) == 0:
        return ""
    if pick("wrong:" + page.host, 11) == 0:
        return WRONG_LANG
    return page.tag.split("_", 1)[0]


def _body(page: Page, layout: str, site: Site) -> str:
    if any(block.kind == "post" for block in page.blocks):
        return _posts(page, site)
    parts = [_markup(block) for block in page.blocks]
    if layout == "encyclopedia":
        parts = _with_infobox(page, parts)
    return "\n".join(parts)


def _markup(block: Block) -> str:
    if block.kind == "table":
        head, *rows = block.items
        cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
        lines = [
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
        ]
        return f'<table class="data">\n<tr>{cells}</tr>\n' + "\n".join(lines) + "\n</table>"
    if block.kind in ("ul", "ol"):
        items = "\n".join(f"<li>{escape(item)}</li>" for (item,) in block.items)
        return f"<{block.kind}>\n{items}\n</{block.kind}>"
    if block.kind == "pre":
        code = "\n".join(escape(line, quote=False) for (line,) in block.items)
        return f"<pre><code>{code}</code></pre>"
    if block.kind == "quote":
        return f"<blockquote><p>{escape(block.text)}</p></blockquote>"
    return f"<{block.kind}>{escape(block.text, quote=False)}</{block.kind}>"


def _with_infobox(page: Page, parts: list[str]) -> list[str]:
    """A table of contents before the first heading, and a box of links, as encyclopedias have."""
    heads = [i for i, block in enumerate(page.blocks) if block.kind == "h2"]
    if not heads:
        return parts
    entries = "".join(f'<li><a href="#s{i}">{escape(page.blocks[i].text)}</a></li>' for i in heads)
    contents = f'<div id="toc" class="toc navbox"><ul>{entries}</ul></div>'
    box = (
        '<div class="infobox navbox"><table class="infobox-data">'
        f'<tr><th colspan="2">{escape(page.title)}</th></tr>'
        f'<tr><td><a href="/x">{escape(page.date[:4])}</a></td></tr></table></div>'
    )
    return [box, *parts[: heads[0]], contents, *parts[heads[0] :]]


def _posts(page: Page, site: Site) -> str:
    """Forum posts: an author line, the text, a button to reply."""
    c = chrome(page.tag)
    out: list[str] = []
    is_open = False
    for number, block in enumerate(page.blocks):
        if block.kind != "post":
            out.append(_markup(block))
            continue
        if is_open:
            out.append(_post_end(c))
        out.append(
            f'<div class="msg" id="p{site.number + number}"><div class="msg-author">'
            f"{escape(block.text)}, {page.date}</div>\n"
            '<div class="msg-body">'
        )
        is_open = True
    return "\n".join([*out, _post_end(c)] if is_open else out)


def _post_end(c: dict[str, Any]) -> str:
    return f'</div><button class="reply">{escape(str(c["reply"]))}</button></div>'
