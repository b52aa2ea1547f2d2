from __future__ import annotations

import json

import pytest

from filters.json_ld import MAX_NODES, JsonLd, read

BY = "https://creativecommons.org/licenses/by/4.0/"


def said(value: object) -> JsonLd:
    return read([json.dumps(value)])


@pytest.mark.parametrize("value", [False, "False", "false", "https://schema.org/False", 0, "no"])
def test_what_is_not_free(value: object) -> None:
    article = {"@type": "NewsArticle", "isAccessibleForFree": value}
    assert said(article).accessible_for_free is False
    assert said({"@graph": [{"@type": "WebSite"}, article]}).accessible_for_free is False
    assert said([[article]]).accessible_for_free is False
    assert said({"isAccessibleForFree": value}).accessible_for_free is False


def test_a_part_that_is_not_free() -> None:
    part = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".paid"}
    article = {"@type": "NewsArticle", "isAccessibleForFree": True, "hasPart": part}
    assert said(article).accessible_for_free is False


@pytest.mark.parametrize(
    "value",
    [
        {"@type": "Museum", "isAccessibleForFree": False},
        {"@type": ["Thing", "http://schema.org/Event"], "isAccessibleForFree": False},
        {"@type": "WebPage", "mentions": {"@type": "Article", "isAccessibleForFree": False}},
        {"@type": "ItemList", "itemListElement": [{"isAccessibleForFree": False}]},
        {"@type": "Article", "isPartOf": {"@type": "Periodical", "isAccessibleForFree": False}},
        {"@type": "Article", "isAccessibleForFree": "it depends"},
        {"@type": "Article"},
        "text", None, 1,
    ],
)  # fmt: skip
def test_what_is_not_about_the_page(value: object) -> None:
    assert said(value).accessible_for_free is None


def test_false_counts_more_than_true() -> None:
    assert said({"isAccessibleForFree": True}).accessible_for_free is True
    assert read(['{"isAccessibleForFree": false, "isAccessibleForFree": true}']) == JsonLd(
        (), False
    )
    scripts = ['{"isAccessibleForFree": true}', '{"isAccessibleForFree": false}']
    assert read(scripts).accessible_for_free is False


def test_licences() -> None:
    assert said({"@type": "Article", "license": BY}).licences == (BY,)
    assert said({"license": [BY, {"url": "/x"}, {"@id": "/y"}, 7]}).licences == (BY, "/x", "/y")
    picture = {"@type": "ImageObject", "license": BY}
    assert said({"@type": "Article", "image": picture, "hasPart": picture}).licences == ()


@pytest.mark.parametrize(
    "script", ["", "{", "[" * 100_000, '{"a":' * 100_000, " " * 300_000, "<!-- -->"]
)
def test_scripts_that_are_not_read_are_counted(script: str) -> None:
    assert read([script]) == JsonLd((), None, 1)
    assert read([script, '{"isAccessibleForFree": false}']).accessible_for_free is False


@pytest.mark.parametrize("value", ["false", '"False"', '"http://schema.org/False"'])
def test_a_broken_script_that_says_not_free_is_believed(value: str) -> None:
    script = f'{{"@type": "NewsArticle", "isAccessibleForFree" : {value},}}'
    assert read([script]) == JsonLd((), False, 1)
    assert read([script.replace(value, "true")]).accessible_for_free is None


def test_more_nodes_than_are_read() -> None:
    many = [{"a": n} for n in range(MAX_NODES + 10)]
    assert said(many).unreadable == 1
