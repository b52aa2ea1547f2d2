"""Dates and languages that pages declare."""

import pytest

from extraction import about


@pytest.mark.parametrize(
    ("content", "day"),
    [
        ("2024-02-29T10:00:00+01:00", "2024-02-29"),
        (" 2024/03/01", "2024-03-01"),
        ("20240301", "2024-03-01"),
        ("2023-02-29", None),
        ("1989-12-31", None),
        ("01/02/2024", None),
        ("2024-03-011", None),
        ("", None),
        ("9" * 100_000, None),
    ],
)
def test_a_day_is_a_day(content: str, day: str | None) -> None:
    assert about.published([("Article:Published_Time", content)], []) == day
    scripts = [("application/ld+json", f'{{"datePublished" : "{content}"}}')]
    assert about.published([], scripts) == (day if len(content) <= 40 else None)


def test_the_surest_source_wins() -> None:
    metas = [("date", "2020-01-01"), ("article:published_time", "2021-01-01")]
    assert about.published(metas, []) == "2021-01-01"
    assert about.published(metas[:1], []) == "2020-01-01"
    script = ("application/ld+json", '{"datePublished": "no", "x": {"datePublished":"2022-01-01"}}')
    assert about.published(metas, [script]) == "2022-01-01"
    assert about.published([("author", "2020-01-01")], []) is None


@pytest.mark.parametrize(
    ("declared", "metas", "tag"),
    [
        ("de", [("og:locale", "fr_FR")], "de"),
        ("", [("og:locale", "fr_FR")], "fr-FR"),
        (None, [("Content-Language", "mt")], "mt"),
        ("sr-Latn-RS", [], "sr-Latn-RS"),
        ("deutsch und mehr", [], None),
        ("x" * 1000, [], None),
        ("de\x1b[31m", [], None),
        (None, [], None),
    ],
)
def test_the_language_that_is_declared(
    declared: str | None, metas: list[tuple[str, str]], tag: str | None
) -> None:
    assert about.language(declared, metas) == tag
