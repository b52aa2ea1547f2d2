import pytest

from audit.moves import parse
from filters.rules import Bound
from stages.errors import ConfigError

BOUNDS = {
    "word_count": Bound("word_count", 50, 100_000),
    "sentence_count": Bound("sentence_count", min=3),
    "duplicate_line_fraction": Bound("duplicate_line_fraction", max=0.3),
}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ([], {}),
        (["sentence_count=2"], {"sentence_count": (2, None)}),
        (["duplicate_line_fraction=.25"], {"duplicate_line_fraction": (None, 0.25)}),
        (["word_count.min=30"], {"word_count": (30, 100_000)}),
        (["word_count.min=30", "word_count.max=1e3"], {"word_count": (30, 1000)}),
        (["word_count=null"], {"word_count": (None, None)}),
        (["word_count.max=~"], {"word_count": (50, None)}),
        (["short_line_fraction.max=0.5"], {"short_line_fraction": (None, 0.5)}),
        (["language.rules.sentence_count.min=1"], {"sentence_count": (1, None)}),
        (["languages.fi.rules.sentence_count=1"], {"sentence_count": (1, None)}),
        (["word_count=null", "word_count.min=5"], {"word_count": (5, None)}),
        (
            ["sentence_count.max=9", "duplicate_line_fraction=null"],
            {"sentence_count": (3, 9), "duplicate_line_fraction": (None, None)},
        ),
    ],
)
def test_settings(settings: list[str], expected: dict[str, tuple[float, float]]) -> None:
    found = parse(settings, "fin_Latn", BOUNDS)
    assert {name: (bound.min, bound.max) for name, bound in found.items()} == expected
    assert all(bound.signal == name for name, bound in found.items())


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("word_cuont=3", "unknown rule 'word_cuont'.*did you mean word_count"),
        ("zzzz=3", "weir schema signals"),
        ("word_count", "not RULE=VALUE"),
        ("=3", "not RULE=VALUE"),
        ("word_count=30", "has a min and a max.*word_count.min=30 or"),
        ("short_line_fraction=0.5", "has no bound.*short_line_fraction.min=0.5 or"),
        ("word_count.median=30", "no 'median'"),
        ("sentence_count=many", "'many' is not a number"),
        ("sentence_count=", "'' is not a number"),
        ("sentence_count=nan", "must be finite"),
        ("sentence_count=inf", "must be finite"),
        ("sentence_count=-1", "outside the signal's range, 0 to inf"),
        (
            "duplicate_line_fraction=29.3",
            "outside.*did you mean.*fraction.max=0.293",
        ),
        ("word_count.max=49", "min 50 is above max 49"),
        ("languages.mlt_Latn.rules.word_count.min=3", "another language than fin_Latn"),
        ("languages.tlh.rules.word_count.min=3", "weir languages"),
    ],
)
def test_mistakes_are_refused_with_a_suggestion(setting: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        parse([setting], "fin_Latn", BOUNDS)
    assert caught.value.exit_code == 2


def test_rules_on_datatrove_s_filters_have_a_dot_of_their_own() -> None:
    peers = ("datatrove.c4", "datatrove.b")
    bounds = {**BOUNDS, "datatrove.c4": Bound("datatrove.c4", min=1)}
    given = ["datatrove.c4=null", "language.rules.datatrove.b.min=1"]
    found = parse(given, "fin_Latn", bounds, peers)
    assert found == {
        "datatrove.c4": Bound("datatrove.c4"),
        "datatrove.b": Bound("datatrove.b", min=1),
    }
    with pytest.raises(ConfigError, match=r"unknown rule 'datatrove\.x'"):
        parse(["datatrove.x=null"], "fin_Latn", bounds, peers)
    with pytest.raises(ConfigError, match=r"is 1 \(keep\) or 0 \(reject\)"):
        parse(["datatrove.c4=2"], "fin_Latn", bounds, peers)
