"""Word lists: what is frequent everywhere, what tells neighbours apart."""

from audit import lexicon
from audit.lexicon import Usage


def usage_of(**frequencies: float) -> Usage:
    counts = {word: round(10_000 * value) for word, value in frequencies.items()}
    return Usage(counts, frequencies, frequencies)


def test_words_are_folded_as_the_segmenter_folds_them() -> None:
    assert lexicon.words_of("L’Été, 3 x2 İ àl·la") == ["l'été", "x", "i̇", "àl·la"]


def test_a_subject_s_word_is_not_typical_of_a_language() -> None:
    # Three sources; "file" is a fifth of one of them.
    own = lexicon.usage(
        [
            ("manual", "the file is the file of it " * 600),
            ("tale", "the wolf is of the wood and it " * 600),
            ("news", "the house is of the town and it " * 600),
        ]
    )
    assert own.typical["file"] == 0
    assert own.mean["file"] > 0.05
    assert own.typical["the"] > 0.2
    assert own.total == (7 + 8 + 8) * 600


def test_small_sources_do_not_count_alone() -> None:
    own = lexicon.usage([("a", "one two"), ("b", "one three")])
    assert own.typical["one"] == 0.5


def test_stop_words_are_cut_lower_until_there_are_eight() -> None:
    words = {f"w{letter}": 0.003 for letter in "abcdef"} | {"the": 0.05, "of": 0.01}
    found, cut = lexicon.stop_words(usage_of(**words), [])
    assert cut == 0.002
    assert found[:2] == ("the", "of")
    assert len(found) == 8


def test_stop_words_end_at_forty_and_need_eight() -> None:
    many = {f"w{chr(97 + n // 26)}{chr(97 + n % 26)}": 0.01 for n in range(60)}
    assert len(lexicon.stop_words(usage_of(**many), [])[0]) == 40
    assert lexicon.stop_words(usage_of(a=0.1, b=0.1), [])[0] == ()


def test_another_language_s_word_is_dropped_unless_it_is_among_the_first_ten() -> None:
    own = {f"w{chr(97 + n)}": 0.03 - n / 1000 for n in range(12)} | {"the": 0.009}
    english = usage_of(the=0.06, wa=0.5)
    found, _ = lexicon.stop_words(usage_of(**own), [english])
    assert "the" not in found
    assert found[0] == "wa"


def test_affinity_words_are_nearly_the_language_s_own() -> None:
    filler = {f"x{chr(97 + n // 26)}{chr(97 + n % 26)}": 0.0004 for n in range(300)}
    own = usage_of(ikke=0.02, er=0.03, bare=0.01, **filler)
    near = usage_of(er=0.03, bare=0.001, af=0.02, **filler)
    assert lexicon.affinity_words(own, [near]) == ("ikke", "bare")
    assert lexicon.neighbour_words(own, [near]) == ("af",)
    assert lexicon.affinity_words(own, []) == ()
    assert lexicon.neighbour_words(own, []) == ()


def test_neighbours_take_turns() -> None:
    own = usage_of(**{f"o{chr(97 + n)}": 0.01 for n in range(20)})
    loud = usage_of(**{f"l{chr(97 + n // 26)}{chr(97 + n % 26)}": 0.01 for n in range(600)})
    quiet = usage_of(**{f"q{chr(97 + n)}": 0.001 for n in range(20)})
    found = lexicon.neighbour_words(own, [loud, quiet])
    assert {word[0] for word in found[:4]} == {"l", "q"}
    assert len(found) <= lexicon.MAX_LISTED


def test_stored_usage_comes_back_but_for_rare_words() -> None:
    own = usage_of(the=0.06, of=0.03)
    back = lexicon.unpacked(lexicon.packed(own))
    assert back.mean == own.mean
    assert back.counts == {"the": round(0.06 * own.total), "of": round(0.03 * own.total)}
