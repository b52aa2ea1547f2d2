"""Claims about `judge` for any text at all."""

from hypothesis import given, settings
from hypothesis import strategies as st

from langid.noise import judge
from tests.strategies import texts

REASONS = {
    None,
    "address",
    "too_few_letters",
    "mojibake",
    "mixed_alphabets",
    "identifiers",
    "code",
    "repetition",
    "gibberish",
}

# Every code point, lone surrogates and unassigned ones too.
anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=400)
quick = settings(max_examples=300, deadline=None)


@quick
@given(st.one_of(anything, texts()))
def test_any_text_has_a_verdict_and_always_the_same(text: str) -> None:
    verdict = judge(text)
    assert verdict in REASONS
    assert judge(text) == verdict


@quick
@given(
    st.text(
        st.characters(categories=["Nd", "Sm", "So", "Zs"], exclude_characters="|"), max_size=200
    )
)
def test_what_has_no_letters_is_never_taken_for_a_language(text: str) -> None:
    visible = sum(not char.isspace() for char in text)
    assert (judge(text) is None) == (visible < 8)


@quick
@given(anything, st.integers(0, 40))
def test_space_around_a_text_changes_nothing(text: str, width: int) -> None:
    assert judge(" " * width + text + " " * width) == judge(text)
