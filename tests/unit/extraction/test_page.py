"""Main text of pages of our own, by the model that is shipped."""

import numpy as np
import pytest
from resiliparse.parse.html import HTMLTree

from extraction import choice, page
from extraction.features import FEATURES, features

SENTENCE = "The mill by the river ground rye for three villages, and its wheel was new each May. "
PARAGRAPH = f"<p>{SENTENCE * 3}</p>"
PAGE = """<html><head><title>The mill</title></head><body>
<div class="cookie-banner" id="consent"><p>We use cookies. <button>Accept all</button></p></div>
<header><nav class="main-menu"><ul>{menu}</ul></nav></header>
<main><article><h1>The mill at the river</h1>{body}</article></main>
<aside class="related"><h3>Related articles</h3><ul>{related}</ul></aside>
<section id="comments"><h3>Comments</h3><div class="comment"><p>Nice one!</p></div></section>
<footer><p>© The mill society</p><ul>{menu}</ul></footer></body></html>"""
MENU = "".join(f'<li><a href="/{n}">Menu {n}</a></li>' for n in range(12))
RELATED = "".join(f'<li><a href="/r{n}">Related story {n}</a></li>' for n in range(6))
STRUCTURE = f"""{PARAGRAPH}<h2>How flour was made</h2>{PARAGRAPH}
<ul><li>{SENTENCE}</li><li>First the rye was cleaned, then it was ground twice.</li></ul>{PARAGRAPH}
<blockquote><p>{SENTENCE} So my grandmother used to say.</p></blockquote>{PARAGRAPH}
<pre>wheel = turn(river)
  flour = grind(wheel)</pre>{PARAGRAPH}
<table><tr><th>Year of the harvest</th><th>Sacks of rye</th></tr>
<tr><td>Eighteen hundred and ninety</td><td>Four hundred</td></tr></table>{PARAGRAPH}"""


@pytest.fixture(scope="module")
def model() -> page.trees.Trees:
    return page.model()


def main_text(html: str, model: page.trees.Trees) -> page.Main:
    return page.main_text(page.read(HTMLTree.parse(html)), model)


@pytest.fixture(scope="module")
def text(model: page.trees.Trees) -> str:
    html = PAGE.format(menu=MENU, related=RELATED, body=STRUCTURE)
    return main_text(html, model).text


@pytest.mark.parametrize(
    "wanted",
    [
        "The mill at the river\n",
        "\nHow flour was made\nThe mill by",
        "\n- First the rye was cleaned, then it was ground twice.\n",
        "So my grandmother used to say.",
        "wheel = turn(river)\n  flour = grind(wheel)",
        "Eighteen hundred and ninety | Four hundred",
    ],
)
def test_what_belongs_to_the_text_survives(wanted: str, text: str) -> None:
    assert wanted in text


@pytest.mark.parametrize(
    "unwanted", ["cookies", "Accept", "Menu", "Related", "Comments", "Nice one", "society"]
)
def test_furniture_does_not(unwanted: str, text: str) -> None:
    assert unwanted not in text


def test_a_page_gives_the_same_text_each_time(model: page.trees.Trees) -> None:
    html = PAGE.format(menu=MENU, related=RELATED, body=STRUCTURE)
    first = main_text(html, model)
    main_text("<p>another page", model)
    assert main_text(html, model) == first
    assert 0 < first.confidence <= 1


@pytest.mark.parametrize("html", ["", "<p></p>", "<script>x</script>", "<frameset><frame src=x>"])
def test_a_page_without_text_has_none(html: str, model: page.trees.Trees) -> None:
    assert main_text(html, model) == ("", 1.0)


def test_an_article_is_surer_than_a_list_of_links(model: page.trees.Trees) -> None:
    article = main_text(PAGE.format(menu=MENU, related=RELATED, body=STRUCTURE), model)
    links = main_text(f"<ul>{MENU}{RELATED}</ul><p>{SENTENCE}", model)
    assert article.confidence > page.SURE_FROM
    assert article.confidence > links.confidence


def test_features_have_names_and_are_finite() -> None:
    html = PAGE.format(menu=MENU, related=RELATED, body=STRUCTURE)
    scanned = page.read(HTMLTree.parse(html)).scanned
    found = features(scanned)
    assert found.shape == (len(scanned.blocks), len(FEATURES))
    assert len(set(FEATURES)) == len(FEATURES)
    assert (abs(found) < 1e6).all()
    assert (found != 0).any(axis=0).sum() > 100


def test_the_model_is_small_and_asks_for_these_features() -> None:
    model = page.model()
    assert int(model.columns.max()) < len(FEATURES)
    weights = page.resources.files("extraction").joinpath(page.WEIGHTS)
    assert len(weights.read_bytes()) < 2 << 20


def known(*blocks: dict[str, float]) -> np.ndarray:
    """Features of blocks of which only some are said; characters as a number."""
    made = np.zeros((len(blocks), len(FEATURES)), np.float32)
    for row, block in zip(made, blocks, strict=True):
        for name, value in {"chars": 100.0, **block}.items():
            row[FEATURES.index(name)] = np.log1p(value) if name == "chars" else value
    return made


PROSE, ITEM, H1, H2 = {"in_p": 1.0}, {"in_li": 1.0}, {"in_h1": 1.0}, {"in_h2": 1.0}
CONTENTS = {**ITEM, "link_share": 1.0, "links": 1.0}
MENU_CELL = {"in_td": 1.0, "link_share": 1.0, "links": 5.0}


@pytest.mark.parametrize(
    ("blocks", "kept"),
    [
        ([(0.3, H1), (0.1, PROSE), (0.1, PROSE), (0.9, PROSE)], [1, 0, 0, 1]),
        ([(0.3, H1), (0.1, PROSE), (0.1, PROSE), (0.1, PROSE), (0.9, PROSE)], [0, 0, 0, 0, 1]),
        ([(0.3, H2), (0.1, PROSE), (0.9, PROSE)], [0, 0, 1]),
        ([(0.3, H2), (0.9, PROSE)], [1, 1]),
        ([(0.9, {**H1, "chars": 30_000.0}), (0.9, PROSE)], [0, 1]),
        ([(0.9, PROSE), (0.3, ITEM), (0.3, ITEM), (0.9, PROSE)], [1, 1, 1, 1]),
        ([(0.9, PROSE), (0.3, ITEM), (0.2, ITEM), (0.9, PROSE)], [1, 1, 0, 1]),
        ([(0.9, PROSE), (0.3, ITEM), (0.3, ITEM)], [1, 1, 1]),
        ([(0.9, PROSE), (0.3, {**ITEM, "chars": 9.0})], [1, 0]),
        ([(0.9, PROSE), (0.3, {**ITEM, "links": 1.0})], [1, 0]),
        ([(0.9, PROSE), (0.6, CONTENTS), (0.6, CONTENTS), (0.9, PROSE)], [1, 0, 0, 1]),
        ([(0.9, PROSE), (0.7, CONTENTS), (0.9, PROSE)], [1, 1, 1]),
        ([(0.7, MENU_CELL), (0.9, PROSE), (0.3, MENU_CELL), (0.9, PROSE)], [0, 1, 0, 1]),
        ([(0.8, MENU_CELL), (0.9, PROSE)], [1, 1]),
    ],
)
def test_which_blocks_are_kept(
    blocks: list[tuple[float, dict[str, float]]], kept: list[int]
) -> None:
    chance = np.array([one for one, _ in blocks], np.float32)
    found = choice.chosen(chance, known(*(block for _, block in blocks)))
    assert found.astype(int).tolist() == kept
