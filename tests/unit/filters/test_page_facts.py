from __future__ import annotations

import pytest

from filters.page_facts import Link, PageFacts


def test_plain_values_become_facts() -> None:
    facts = PageFacts.of(
        {
            "metas": [["robots", "noai"]],
            "links": [["a", "license", "", "/l"]],
            "scripts": [["application/ld+json", "{}"]],
            "is_cut": True,
        }
    )
    assert facts.metas == (("robots", "noai"),)
    assert facts.links == (Link("a", "license", "", "/l"),)
    assert facts.is_cut
    assert PageFacts.of({}) == PageFacts()


@pytest.mark.parametrize(
    "kind", ["application/ld+json", "Application/LD+JSON", " application/ld+json ; charset=utf-8"]
)
def test_scripts_by_type(kind: str) -> None:
    facts = PageFacts(scripts=((kind, "{}"), ("text/javascript", "x"), ("", "y")))
    assert facts.of_type("application/ld+json") == ["{}"]
