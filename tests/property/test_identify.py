"""Claims about `identify` and `gate` for any text at all."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langid.confusables import are_confusable
from langid.identify import gate, identify
from langid.models import DEFAULT_MODELS, Identifier, load
from langid.script import SCRIPTS
from langid.tags import NOT_LANGUAGE, UNDETERMINED
from langid.vote import posterior
from tests.strategies import texts

# Every code point, lone surrogates and unassigned ones too.
anything = st.one_of(
    st.text(st.characters(codec=None, exclude_categories=()), max_size=400),
    st.text(st.characters(categories=["Lo", "Mn", "Cf", "Cn"]), max_size=400),
    texts(),
)
quick = settings(max_examples=200, deadline=None)


@pytest.fixture(scope="module")
def models() -> Sequence[Identifier]:
    return load(DEFAULT_MODELS)


@quick
@given(text=anything, url=st.text(max_size=60))
def test_any_text_is_identified_and_always_the_same(
    models: Sequence[Identifier], text: str, url: str
) -> None:
    found = identify(text, models, url)
    assert identify(text, models, url) == found
    assert found.tag == f"{found.language}_{found.script}"
    assert len(found.language) == 3
    assert found.script in SCRIPTS
    assert 0.0 <= found.score <= 1.0
    if found.reason is not None:
        assert found.tag in {NOT_LANGUAGE, UNDETERMINED} or found.language == "und"
        assert (found.score, found.top, found.shares, found.runner_up) == (0.0, (), (), None)
        return
    assert found.top[0][0] == found.tag
    assert all(tag.endswith(f"_{found.script}") for tag, _ in found.top)
    assert len(found.top) <= 5
    for pairs in (found.top, found.shares):
        assert list(pairs) == sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
        assert len({tag for tag, _ in pairs}) == len(pairs)
        assert all(0.0 < value <= 1.0 for _, value in pairs)
    assert math.fsum(value for _, value in found.top) <= 1.0 + 1e-9
    assert math.fsum(share for _, share in found.shares) == pytest.approx(1.0)
    others = math.fsum(s for tag, s in found.shares if not are_confusable(tag, found.tag))
    assert found.others_fraction == pytest.approx(others)
    assert found.group_score >= found.top[0][1] - 1e-9


@quick
@given(anything)
def test_the_gate_has_a_value_for_any_text(models: Sequence[Identifier], text: str) -> None:
    tag, value = gate(text, models)
    assert gate(text, models) == (tag, value)
    assert len(tag) == 8
    assert 0.0 <= value <= 1.0


scores = st.dictionaries(
    st.sampled_from(["fin_Latn", "ekk_Latn", "fur_Latn", "ita_Latn", "swh_Latn", "rus_Cyrl"]),
    st.floats(0.0, 1.0),
)


@quick
@given(st.lists(st.tuples(st.sampled_from(["x", "y", "cld2", "weir"]), scores), max_size=4))
def test_a_posterior_is_a_distribution_over_one_script(
    votes: list[tuple[str, dict[str, float]]],
) -> None:
    unique = list(dict(votes).items())
    ranking = posterior(unique, "Latn")
    seen = any(
        math.fsum(v for tag, v in named.items() if v > 1e-3 and tag.endswith("_Latn")) >= 0.01
        for _, named in unique
    )
    assert bool(ranking) == seen
    assert all(tag.endswith("_Latn") and value > 0.0 for tag, value in ranking)
    assert list(ranking) == sorted(ranking, key=lambda pair: (-pair[1], pair[0]))
    if ranking:  # what is missing from 1 are the many tags that are hardly likely
        assert 0.6 < math.fsum(value for _, value in ranking) <= 1.0 + 1e-9
