"""Copies: exact ones, near ones with a stated edit, and pages that merely share a passage."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from samples.archive import Exchange
from samples.entries import Entry, fetch, kept, ordinary, rejected
from samples.pages import ROOT, Block, Page, jaccard, prose, words
from samples.render import Look, chrome, layout_of, read_yaml

NEAR = 0.85  # near-duplicates are at least as similar as this, by 5-grams of the prose
APART = 0.6  # pages that share a passage are less similar than this
DIGEST_WORDS = 100  # a digest page is no shorter: the rules turn short pages away

Pages = Mapping[str, Page]


def load_cases(name: str) -> list[dict[str, Any]]:
    """The cases of a file in `special/`."""
    return list(read_yaml(ROOT / "special" / f"{name}.yaml"))


def near_duplicates(pages: Pages) -> list[Entry]:
    """Edited copies of ordinary pages; each source is the keeper of its copies."""
    return [_near(case, pages[case["source"]]) for case in load_cases("near_duplicates")]


def _near(case: Mapping[str, Any], source: Page) -> Entry:
    copy = edited(source.at(case["url"], date=str(case["date"])), case)
    _require(jaccard(prose(copy), prose(source)) >= NEAR, case["url"], f"is not within {NEAR}")
    _require(len(words(prose(copy))) <= len(words(prose(source))), case["url"], "is longer")
    _require(copy.date > source.date, case["url"], "is not younger than its source")
    exchange = fetch(copy, Look(layout=case.get("layout") or layout_of(source)))
    why = f"A younger copy of {source.url} with an edit: {case['edit']}."
    return rejected(
        "near_duplicate", "dedup.near_duplicate", exchange, why,
        tag=source.tag, keeper=source.url, edit=case["edit"],
    )  # fmt: skip


def edited(page: Page, case: Mapping[str, Any]) -> Page:
    """The page after the operations of a case."""
    if "replace" in case:
        page = _replace(page, *case["replace"])
    if "remove" in case:
        page = _replace(page, case["remove"], "")
    if "swap" in case:
        page = _swap(page, *case["swap"])
    for name, change in (("upper", str.upper), ("lower", str.lower), ("spaces", _space)):
        if name in case:
            at = _paragraphs(page)[case[name]]
            block = page.blocks[at]
            page = _with_block(page, at, replace(block, text=change(block.text)))
    if "line" in case:
        page = replace(page, blocks=(*page.blocks, Block("p", case["line"])))
    return page


def _space(text: str) -> str:
    """The text with its spaces doubled."""
    return text.replace(" ", "  ")


def _paragraphs(page: Page) -> list[int]:
    return [i for i, block in enumerate(page.blocks) if block.kind == "p"]


def _with_block(page: Page, at: int, block: Block) -> Page:
    return replace(page, blocks=(*page.blocks[:at], block, *page.blocks[at + 1 :]))


def _replace(page: Page, old: str, new: str) -> Page:
    """One passage replaced; ValueError unless it occurs exactly once."""
    _require(prose(page).count(old) == 1, page.key, f"does not hold {old!r} exactly once")

    def changed(text: str) -> str:
        return re.sub(" {2,}", " ", text.replace(old, new)).strip() if old in text else text

    blocks = tuple(
        replace(b, text=changed(b.text), items=tuple(tuple(map(changed, row)) for row in b.items))
        for b in page.blocks
    )
    return replace(page, blocks=tuple(b for b in blocks if b.text or b.items))


def _swap(page: Page, i: int, j: int) -> Page:
    at = _paragraphs(page)
    first, second = page.blocks[at[i]], page.blocks[at[j]]
    return _with_block(_with_block(page, at[i], second), at[j], first)


def digest(pages: Pages, keys: str, url: str, when: str) -> Page:
    """A page made of the leading paragraphs of others: `keys` is a tag and slugs.

    It shares no more than a paragraph with each of them.
    """
    tag, *slugs = keys.split()
    sources = [pages[f"{tag}/{slug}"] for slug in slugs]
    blocks: list[Block] = []
    for source in sources:
        blocks += [Block("h2", source.title), source.blocks[_paragraphs(source)[0]]]
    title = f"{chrome(tag)['news']} – {when}"
    page = Page(tag, slugs[0], title, "article", "", "", when, tuple(blocks)).at(url)
    _require(len(words(prose(page))) >= DIGEST_WORDS, url, "is too short")
    return page


def longer_copies(pages: Pages) -> list[Entry]:
    """Pairs in which the younger page has a sentence more, and is therefore the keeper."""
    return [entry for case in load_cases("longer_copies") for entry in _longer(case, pages)]


def _longer(case: Mapping[str, Any], pages: Pages) -> tuple[Entry, Entry]:
    base = digest(pages, case["digest"], case["url"], str(case["date"]))
    *rest, last = base.blocks
    last = replace(last, text=f"{last.text} {case['added']}")
    longer = base.at(case["longer_url"], date=str(case["longer_date"]), blocks=(*rest, last))
    _require(jaccard(prose(base), prose(longer)) >= NEAR, case["url"], f"is not within {NEAR}")
    look = Look(layout="news")
    why = f"{longer.url} is younger, but has a sentence more: the longer page is the keeper."
    shorter = rejected(
        "near_duplicate",
        "dedup.near_duplicate",
        fetch(base, look),
        why,
        tag=base.tag,
        keeper=longer.url,
        edit="one sentence removed",
    )
    why = f"The longest of its cluster, so the keeper of {base.url}."
    exchange = fetch(longer, look)
    return shorter, kept("near_duplicate", longer, why, exchange, edit="one sentence added")


def shared_passages(pages: Pages) -> list[Entry]:
    """Pages that share about half of their text with an ordinary page: no duplicates."""
    out = []
    for case in load_cases("shared_passages"):
        first, second = (pages[key] for key in case["sources"])
        page = _halves(first, second).at(case["url"], date=str(case["date"]))
        similarity = jaccard(prose(page), prose(first))
        _require(0.15 < similarity < APART, case["url"], f"has similarity {similarity:.2f}")
        why = f"It quotes a passage of {first.url}, but most of the rest is its own."
        out.append(kept("shared_passage", page, why))
    return out


def _halves(first: Page, second: Page) -> Page:
    """The first half of one page's paragraphs, then the second half of another's."""
    a = [first.blocks[i] for i in _paragraphs(first)]
    b = [second.blocks[i] for i in _paragraphs(second)]
    blocks = (*a[: (len(a) + 1) // 2], *b[len(b) // 2 :])
    return replace(second, kind="article", blocks=blocks, title=f"{first.title} / {second.title}")


def exact_payloads(pages: Pages) -> list[Entry]:
    """The same bytes under another address, fetched later."""
    out = []
    for case in load_cases("exact_payloads"):
        source = pages[case["source"]]
        copy = replace(ordinary(source), url=case["url"], date=_later(source.date, case["days"]))
        why = f"Byte for byte the payload of {source.url}, fetched later."
        out.append(
            rejected(
                "exact_payload", "dedup.exact_payload", copy, why, tag=source.tag, keeper=source.url
            )
        )
    return out


def exact_texts(pages: Pages) -> list[Entry]:
    """The same words on another host with other furniture, some in other letter case, later."""
    out = []
    for case in load_cases("exact_texts"):
        source = pages[case["source"]]
        copy = source.at(case["url"], date=_later(source.date, case["days"]))
        copy = edited(copy, case)
        look = Look(layout=layout_of(source), related_from=1)
        exchange: Exchange = fetch(copy, look)
        why = f"The words of {source.url} on another host, fetched later."
        out.append(
            rejected("exact_text", "dedup.exact_text", exchange, why,
                     tag=source.tag, keeper=source.url, edit=case.get("edit"))
        )  # fmt: skip
    return out


def _later(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def _require(is_so: bool, what: str, problem: str) -> None:
    if not is_so:
        message = f"{what} {problem}"
        raise ValueError(message)


def by_key(pages: Iterable[Page]) -> dict[str, Page]:
    """Pages by `tag/slug`."""
    return {page.key: page for page in pages}
