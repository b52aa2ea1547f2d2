"""FineWeb-2's per-language values as language packs: what is taken, and what is refused and why.

The files are of our own writing; keys and the meaning of values are FineWeb-2's.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipeline import cli, config, foreign_packs
from stages.errors import ConfigError

GOOD = """\
dup_line_frac: 0.31
dup_n_grams: [[5, 0.19], [6, 0.18], [7, 0.17], [8, 0.16], [9, 0.15], [10, 0.14]]
language_score: 0.73
line_punct_thr: 0.11
max_avg_word_length: 14
max_non_alpha_words_ratio: 0.77
min_avg_word_length: 4
new_line_ratio: 0.24
stopwords: [ja, on, ei, että, se, joka, kun, mutta, niin]
top_n_grams: [[2, 0.17], [3, 0.16], [4, 0.15]]
"""
FINNISH = ["ja", "on", "ei", "että", "se", "joka", "kun", "mutta", "niin"]


def convert(text: str, tag: str = "fin_Latn", native: set[str] | None = None) -> foreign_packs.Pack:
    values = YAML(typ="rt", pure=True).load(text)
    lines = {key: values.lc.key(key)[0] + 1 for key in values}
    return foreign_packs.converted(f"{tag}.yml", tag, values, lines, native or set())


def found(pack: foreign_packs.Pack) -> list[tuple[int | None, str | None, str]]:
    return [(f.line, f.key, f.verdict) for f in pack.findings]


def test_every_value_becomes_the_bound_it_is() -> None:
    pack = convert(GOOD)
    bounds = {
        name: {k: v for k, v in (rule or {}).items() if k != "source"}
        for name, rule in pack.rules.items()
    }
    assert bounds == {
        "duplicate_line_fraction": {"max": 0.31},
        "newline_to_word_ratio": {"max": 0.24},
        "terminal_punctuation_line_fraction": {"min": 0.11},
        "mean_word_length": {"min": 4.0, "max": 14.0},
        "alphabetic_word_fraction": {"min": 0.77},
        "top_2_gram_character_fraction": {"max": 0.17},
        "top_3_gram_character_fraction": {"max": 0.16},
        "top_4_gram_character_fraction": {"max": 0.15},
        **{f"duplicate_{n}_gram_character_fraction": {"max": (24 - n) / 100} for n in range(5, 11)},
    }
    assert pack.words == FINNISH
    assert found(pack) == [(3, "language_score", "left out")]
    sources = [rule["source"] for rule in pack.rules.values() if rule]
    assert all("FineWeb-2, fin_Latn.yml, " in source for source in sources)
    assert any("min_avg_word_length" in source for source in sources)


TOP, DUPLICATE = "top_2_gram_character_fraction", "duplicate_5_gram_character_fraction"
LINES, ENDS = "duplicate_line_fraction", "terminal_punctuation_line_fraction"


@pytest.mark.parametrize(
    ("old", "new", "rule", "bound", "line", "reason"),
    [
        ("0.31", "0.906", LINES, None, 1, "above 0.6"),
        ("0.31", "0.5", LINES, 0.45, 1, "held to 0.45"),
        ("[2, 0.17]", "[2, 1.597]", TOP, None, 10, "above 0.4"),
        ("[2, 0.17]", "[2, 0.38]", TOP, 0.35, 10, "held to 0.35"),
        ("[5, 0.19]", "[5, 0.36]", DUPLICATE, None, 2, "above 0.35"),
        ("[5, 0.19]", "[5, 0.3]", DUPLICATE, 0.25, 2, "held to 0.25"),
        ("0.24", "2.0", "newline_to_word_ratio", None, 8, "above 0.5"),
        ("0.24", "0.4", "newline_to_word_ratio", 0.35, 8, "held to 0.35"),
        ("0.11", "many", ENDS, None, 4, "no number"),
        ("0.11", ".nan", ENDS, None, 4, "no number"),
        ("0.11", "true", ENDS, None, 4, "no number"),
        ("0.77", "1.1", "alphabetic_word_fraction", None, 6, "above 1"),
        ("0.31", "-0.1", LINES, None, 1, "below 0"),
    ],
)
def test_a_value_that_rejects_nothing_is_refused_or_lowered(
    old: str, new: str, rule: str, bound: float | None, line: int, reason: str
) -> None:
    pack = convert(GOOD.replace(old, new, 1))
    if bound is None:
        assert rule not in pack.rules, "the base's bound stays"
    else:
        made = pack.rules[rule]
        assert made is not None
        assert made["max"] == bound
    (finding,) = (f for f in pack.findings if f.key != "language_score")
    assert (finding.line, finding.verdict) == (line, "refused" if bound is None else "lowered")
    assert reason in finding.reason


def test_an_unbounded_word_length_is_refused_and_the_minimum_stays() -> None:
    pack = convert(GOOD.replace("max_avg_word_length: 14", "max_avg_word_length: 68"))
    rule = pack.rules["mean_word_length"]
    assert rule is not None
    assert (rule["min"], rule.get("max")) == (4.0, None)
    assert (5, "max_avg_word_length", "refused") in found(pack)


def test_bounds_that_contradict_each_other_are_refused() -> None:
    pack = convert("max_avg_word_length: 5\nmin_avg_word_length: 9\n" + "stopwords: [ja]")
    assert "mean_word_length" not in pack.rules
    assert any("above max" in finding.reason for finding in pack.findings)


@pytest.mark.parametrize("value", ["-1", "999", "-1.0"])
def test_what_is_off_there_is_off_here(value: str) -> None:
    pack = convert(GOOD.replace("line_punct_thr: 0.11", f"line_punct_thr: {value}"))
    assert pack.rules["terminal_punctuation_line_fraction"] is None
    assert len(pack.findings) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("top_n_grams: 5", "must be a list"),
        ("top_n_grams: [5]", "must be [length, limit]"),
        ("top_n_grams: [[5, 0.1]]", "a length of 2 to 4"),
        ("dup_n_grams: [[5, 0.1], [5, 0.2]]", "twice"),
        ("dup_n_grams: [[5, 0.1, 3]]", "must be [length, limit]"),
        ("dup_n_grams: [[5, x]]", "is no number"),
        ("dup_line_frac: [1]", "is no number"),
        ("dup_line_frac: " + "9" * 400, "is no number"),
        ("colour: blue", "unknown key"),
        ("stopwords: ja", "list of words"),
        ("stopwords: [ja, 5]", "list of words"),
    ],
)
def test_a_malformed_value_is_named_with_its_line_and_reason(text: str, reason: str) -> None:
    first = convert(text).findings[0]
    assert first.line == 1
    assert reason in first.reason


# Stop words


@pytest.mark.parametrize(
    ("tag", "words", "refused"),
    [
        ("fin_Latn", ["the", "of"], ["the", "of"]),
        ("dan_Latn", ["the", "have", "for", "by"], ["the"]),
        ("nld_Latn", ["of", "is", "was", "the"], ["the"]),
        ("sco_Latn", ["the", "of", "and"], []),
        ("eng_Latn", ["the", "of", "and"], []),
        ("kat_Geor", ["the", "და"], ["the"]),
        ("rus_Cyrl", ["и", "не", "в", "of"], ["of"]),
        ("fin_Latn", ["1990", "...", "", "kaksi sanaa", "a1", "x" * 41], 6),
        ("bul_Cyrl", ["на", "δεν"], ["δεν"]),
    ],
)
def test_stop_words_of_another_language_are_refused(
    tag: str, words: list[str], refused: list[str] | int
) -> None:
    own = {"Latn": "q{}", "Geor": "ა{}", "Cyrl": "ж{}"}[tag[4:]]
    more = [own.format(own[0] * n) for n in range(8)]
    pack = convert(f"stopwords: {json.dumps([*words, *more])}", tag)
    gone = [word for f in pack.findings if f.key == "stopwords" for word in f.value]
    if isinstance(refused, int):
        assert len(gone) == refused
    else:
        assert sorted(gone) == sorted(refused)
        assert pack.words == [w for w in words if w not in gone] + more


def test_a_word_of_our_own_pack_is_native() -> None:
    words = f"stopwords: {json.dumps(['which', *FINNISH])}"
    assert "which" not in convert(words).words
    assert "which" in convert(words, native={"which"}).words


def test_too_few_stop_words_switch_their_rule_off() -> None:
    pack = convert("stopwords: [ja, on, the]")
    assert pack.words == []
    assert pack.rules["distinct_stop_word_count"] is None
    assert [f.verdict for f in pack.findings] == ["refused", "left out", "left out"]


# Files


def folder(path: Path, **files: str) -> Path:
    path.mkdir()
    for name, text in files.items():
        (path / f"{name}.yml").write_text(text, encoding="utf-8")
    return path


def test_a_folder_becomes_packs_that_load(tmp_path: Path) -> None:
    kinds = {"fin_Latn": GOOD, "est_Latn": GOOD.replace("0.31", "0.9"), "mlt_Latn": "stopwords: []"}
    data = foreign_packs.imported(folder(tmp_path / "in", **kinds), tmp_path / "out")
    assert [pack["tag"] for pack in data["packs"]] == ["ekk_Latn", "fin_Latn", "mlt_Latn"]
    loaded: dict[str, Any] = {}
    for pack in data["packs"]:
        text = Path(pack["file"]).read_text(encoding="utf-8")
        values = YAML(typ="safe", pure=True).load(text)
        assert values.pop("tag") == pack["tag"]
        assert values.pop("name")
        assert values.pop("autonym")
        loaded[pack["tag"]] = values
    path = tmp_path / "run.yaml"
    path.write_text(json.dumps({"name": "mine", "languages": loaded}), encoding="utf-8")
    run = config.load(path).run
    finnish = run.languages["fin_Latn"]
    assert finnish.stop_words.words == tuple(FINNISH)
    rule = finnish.rules["duplicate_line_fraction"]
    assert rule is not None
    assert rule.max == 0.31
    estonian = run.languages["ekk_Latn"].rules["duplicate_line_fraction"]
    before = config.load("europe").run.languages["ekk_Latn"].rules["duplicate_line_fraction"]
    assert estonian == before, "a refused value leaves what is in force"


@pytest.mark.parametrize(
    ("name", "text", "line", "reason"),
    [
        ("xyz_Latn", GOOD, None, "unknown European language 'xyz_Latn'"),
        ("suomi2", GOOD, None, "near: Finnish"),
        ("swe_Latn", "dup_line_frac: [1\n", 2, "is no YAML"),
        ("swe_Latn", "a: 1\na: 2\n", 2, "is no YAML"),
        ("swe_Latn", "- 1\n", 1, "is no mapping"),
        ("swe_Latn", "", 1, "is no mapping"),
        ("swe_Latn", "x: " + "a" * (1 << 20), None, "is larger than 1 MiB"),
        ("fin", GOOD, None, "another file gives fin_Latn"),
    ],
)
def test_a_file_that_gives_no_pack_is_named_and_the_others_are_read(
    tmp_path: Path, name: str, text: str, line: int | None, reason: str
) -> None:
    if name == "fin":  # read after its namesake
        source = folder(tmp_path / "in", fin=GOOD, fin_Latn=text)
    else:
        source = folder(tmp_path / "in", fin_Latn=GOOD, **{name: text})
    data = foreign_packs.imported(source, tmp_path / "out")
    assert [pack["tag"] for pack in data["packs"]] == ["fin_Latn"]
    (finding,) = (f for f in data["findings"] if f["key"] is None)
    assert finding["line"] == line
    assert reason in finding["reason"]


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    source = folder(tmp_path / "in", fin_Latn=GOOD)
    (source / "swe_Latn.yml").write_bytes(b"\xff\xfe\x00")
    data = foreign_packs.imported(source, tmp_path / "out")
    assert any(f["file"] == "swe_Latn.yml" for f in data["findings"])


def test_nothing_is_replaced(tmp_path: Path) -> None:
    source = folder(tmp_path / "in", fin_Latn=GOOD, swe_Latn="stopwords: []")
    out = tmp_path / "out"
    out.mkdir()
    (out / "swe_Latn.yaml").write_text("mine")
    with pytest.raises(ConfigError, match="is there already"):
        foreign_packs.imported(source, out)
    assert [path.name for path in out.iterdir()] == ["swe_Latn.yaml"]


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_without_files_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="is no folder of YAML files"):
        foreign_packs.imported(tmp_path / name, tmp_path / "out")


def test_a_folder_of_unknown_tags_gives_no_pack(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="gives no pack"):
        foreign_packs.imported(folder(tmp_path / "in", xyz_Latn=GOOD), tmp_path / "out")


def test_the_command_answers_in_text_and_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = folder(tmp_path / "in", fin_Latn=GOOD.replace("0.31", "0.906"))
    words = ["config", "import-fineweb2", str(source), "--output"]
    assert cli.main([*words, str(tmp_path / "a")]) == 0
    text = capsys.readouterr().out
    assert "fin_Latn.yml:1: dup_line_frac = 0.906: refused, " in text
    assert "packs in" in text
    assert cli.main([*words, str(tmp_path / "b"), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["command"] == "config import-fineweb2"
    assert answer["data"]["findings"][0]["line"] == 1
    assert cli.main([*words, str(tmp_path / "b"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["ok"] is False


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4), max_leaves=12)
keys = st.sampled_from(
    [*foreign_packs.TARGETS, *foreign_packs.N_GRAMS, "stopwords", "language_score", "other"]
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(keys, values, max_size=10))
def test_whatever_a_file_holds_the_pack_is_valid(given_values: dict[str, Any]) -> None:
    pack = foreign_packs.converted("fin_Latn.yml", "fin_Latn", given_values, {}, set())
    written = YAML(typ="safe", pure=True).load(foreign_packs.pack_text(pack))
    assert written["stop_words"]["words"] == pack.words
    for rule in (written["rules"] or {}).values():
        assert rule is None or config.Rule.model_validate(rule)
