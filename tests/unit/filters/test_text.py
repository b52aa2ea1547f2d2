from __future__ import annotations

import numpy as np
import pytest

from filters import characters
from filters.text import (
    Lexicon,
    TextView,
    compile_phrases,
    jaccard,
    shingle_hashes,
    word_set_hashes,
)

MASK = (1 << 64) - 1


def words(text: str) -> list[str]:
    view = TextView(text)
    return [view.word_text(index) for index in range(view.word_count)]


def mix(x: int) -> int:
    """The published construction once more, in plain integers."""
    x ^= x >> 30
    x = x * 0xBF58476D1CE4E5B9 & MASK
    x ^= x >> 27
    x = x * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def word_hash(word: str) -> int:
    return mix(sum(mix(ord(c) + (k << 32)) for k, c in enumerate(word)) & MASK)


def shingle(tokens: list[str]) -> int:
    total = 0
    for token in tokens:
        total = (total * 0x9E3779B97F4A7C15 + word_hash(token)) & MASK
    return mix(total) >> 32


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't stop, it’s l’été.", ["Don't", "stop", "it’s", "l’été"]),
        ("rock ''n' roll'", ["rock", "n", "roll"]),
        ("col·legi x·1 a··b", ["col·legi", "x", "1", "a", "b"]),
        ("snake_case 3.14 B2B", ["snake_case", "3", "14", "B2B"]),
        ("❤️ x\u0301y \u0301z", ["x\u0301y", "z"]),
        ("soft\u00adhyphen", ["soft\u00adhyphen"]),
        ("Ελλάδα; Привіт, м'ята", ["Ελλάδα", "Привіт", "м'ята"]),
        ("𝔘𝔫𝔦 中文", ["𝔘𝔫𝔦", "中文"]),
        ("", []),
        ("... -- !", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_word_hash_follows_the_published_construction() -> None:
    view = TextView("Größe ΟΔΟΣ don’t İx")
    expected = [word_hash(word) for word in ("größe", "οδοσ", "don't", "ix")]
    assert view.word_hashes.tolist() == expected


def test_shingles_follow_the_published_construction() -> None:
    tokens = ["one", "two", "three", "four", "five", "six"]
    expected = sorted({shingle(tokens[:5]), shingle(tokens[1:])})
    assert shingle_hashes("One two, three four five six!").tolist() == expected


def test_pinned_values() -> None:
    """Stored signatures depend on these: a change needs a new HASH_VERSION."""
    assert TextView("weir").word_hashes.tolist() == [word_hash("weir")] == [PINNED_WORD]
    assert shingle_hashes("a weir is a barrier").tolist() == [PINNED_SHINGLE]


PINNED_WORD = 0x0DE2B367AEAA8D18
PINNED_SHINGLE = 0xD3AD6F07


def test_short_texts_are_one_shingle() -> None:
    assert shingle_hashes("").size == 0
    assert shingle_hashes("one two").tolist() == [shingle(["one", "two"])]
    assert shingle_hashes("one two").dtype == np.uint32


def test_case_apostrophes_and_forms_do_not_matter() -> None:
    assert np.array_equal(shingle_hashes("CAFE\u0301 D’OR"), shingle_hashes("café d'or"))


def test_thue_morse_words_do_not_collide() -> None:
    """They do under any polynomial over code points modulo 2^64."""
    word = "ab"
    for _ in range(10):
        word += word.translate({97: 98, 98: 97})
    view = TextView(word + " " + word.translate({97: 98, 98: 97}))
    assert np.unique(view.word_hashes).size == 2


def test_hash_bits_are_uniform() -> None:
    view = TextView(" ".join(f"w{i}" for i in range(20_000)))
    bits = view.word_hashes[:, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 0.02
    assert np.unique(view.word_hashes).size == 20_000


def test_lines_and_paragraphs() -> None:
    view = TextView("  One \r\nTwo\n \n\none\n\ntwo\none\n")
    lines = [view.text[a:b] for a, b in zip(view.line_starts, view.line_ends, strict=True)]
    assert lines == ["One", "Two", "one", "two", "one"]
    assert view.paragraph_lengths.tolist() == [6, 3, 6]
    assert np.unique(view.line_hashes).size == 4  # as written
    assert np.unique(view.paragraph_hashes).size == 3


def test_stop_words() -> None:
    view = TextView("Der Hund und DIE Katze der", Lexicon(frozenset({"der", "die", "Und"})))
    assert view.different_words.tolist() == [0, 1, 2, 3, 4]
    assert view.different_word_counts.tolist() == [2, 1, 1, 1, 1]
    assert view.stop_word_hits.tolist() == [True, False, True, True, False]
    assert not TextView("x").stop_word_hits.any()
    with pytest.raises(ValueError, match="2 words"):
        word_set_hashes(frozenset({"à la"}))


def test_phrases_are_found_with_their_kind_on_one_line() -> None:
    wanted = compile_phrases({"read more": 1, "more": 2, "Über uns hier": 4})
    view = TextView("READ more!\nread\nmore über\n(über uns) hier read")
    lines, kinds = view.phrases(wanted)
    assert sorted(zip(lines.tolist(), kinds.tolist(), strict=True)) == [
        *((0, 1), (0, 2), (2, 2), (3, 4)),
    ]
    assert TextView("nothing").phrases(compile_phrases({}))[0].size == 0
    with pytest.raises(ValueError, match="no words"):
        compile_phrases({"...": 1})


def test_pieces_are_divided_by_white_space() -> None:
    counts, longest = TextView("a(b){c} dé\u00a0f\n\n  x ").line_pieces
    assert (counts.tolist(), longest.tolist()) == ([3, 1], [7, 1])


def test_words_carry_their_scripts_and_cases() -> None:
    view = TextView("Ab аb αβ 12 ªx")
    assert (view.word_scripts & (view.word_scripts - 1)).tolist() == [0, 4, 0, 0, 0]
    assert view.word_cased.tolist() == [2, 2, 2, 0, 1]
    assert view.count(characters.DIGIT) == 2


def test_jaccard() -> None:
    a, b = np.array([1, 2, 3], np.uint32), np.array([2, 3, 4], np.uint32)
    assert jaccard(a, b) == 0.5
    assert jaccard(a, a) == 1.0
    assert jaccard(a[:0], b[:0]) == 0.0


def test_n_grams_are_compared_as_written() -> None:
    view = TextView("a b a b c a B")
    assert view.top_n_gram(2) == (2, 2)
    assert view.top_n_gram(4) == (1, 4)
    assert TextView("a").top_n_gram(2) == (0, 0)
    assert TextView("a b c d e x a b c d e").duplicate_n_grams(5) == 5
