"""`weir calibrate` from a file to a pack that a run can load, its page and its plots."""

import json
import random
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from audit import calibrate, own_pack, pack, pack_quality, thresholds
from audit.thresholds import Side
from filters.rules import Bound
from filters.text import Lexicon
from pipeline import config
from samples import pages
from stages.errors import ConfigError

TAG = "fin_Latn"


def reference(folder: Path, count: int, tag: str = TAG) -> Path:
    """Documents of the sentences of our own pages, eight lines each."""
    texts = [pages.prose(page) for page in pages.load(pages.ROOT / "pages") if page.tag == tag]
    lines = sorted({line for text in texts for line in text.splitlines() if len(line) > 60})
    order = random.Random(5)  # noqa: S311
    path = folder / "own.jsonl"
    with path.open("w", encoding="utf-8") as stream:
        for _ in range(count):
            stream.write(json.dumps({"text": "\n".join(order.sample(lines, 8))}) + "\n")
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object], list[str]]:
    folder = tmp_path_factory.mktemp("calibration")
    data, warnings = own_pack.write(TAG, [reference(folder, 120)], None, folder)
    return folder, data, warnings


def test_a_small_reference_inherits_shapes_and_says_so(
    made: tuple[Path, dict[str, object], list[str]],
) -> None:
    _, data, warnings = made
    assert data["trust"] == "inherited"
    assert any("under 500" in warning for warning in warnings)
    rules = data["rules"]
    assert isinstance(rules, dict)
    assert "inherited" in rules["terminal_punctuation_line_fraction.min"]["origin"]
    assert "tail" in rules["stop_word_fraction.min"]["origin"]
    assert data["documents"] + data["held_out"] == 120  # type: ignore[operator]
    assert float(str(data["held_out_passed"])) >= 0.9


def test_the_pack_is_one_that_a_run_loads(
    made: tuple[Path, dict[str, object], list[str]], tmp_path: Path
) -> None:
    folder, data, _ = made
    found = config.read_pack(folder / f"{TAG}.yaml")
    assert found["calibration"]["trust"] == "inherited"
    assert "ja" in found["stop_words"]["words"].split()
    run = tmp_path / "own.yaml"
    keys = {key: found[key] for key in (*config.WORD_LISTS, "rules") if key in found}
    run.write_text(json.dumps({"name": "own", "languages": {TAG: keys}}), "utf-8")
    language = config.load(run).run.languages[TAG]
    assert len(language.stop_words.words) == data["stop_words"]
    rule = language.rules["stop_word_fraction"]
    assert rule is not None
    assert rule.min == data["rules"]["stop_word_fraction.min"]["value"]  # type: ignore[index]
    assert "docs/calibration/fin_Latn.md" in rule.source


def test_the_page_has_every_threshold_and_the_plots_are_whole(
    made: tuple[Path, dict[str, object], list[str]],
) -> None:
    folder, data, _ = made
    page = (folder / f"{TAG}.md").read_text("utf-8")
    rules = data["rules"]
    assert isinstance(rules, dict)
    for name in rules:
        assert f"| `{name.partition('.')[0]}` |" in page
    assert "Trust: word lists" in page
    root = ET.fromstring((folder / f"{TAG}.svg").read_text("utf-8"))  # noqa: S314 - our own
    titles = {node.text for node in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {name.partition(".")[0] for name in rules} <= titles


def test_the_same_reference_gives_the_same_bytes(
    made: tuple[Path, dict[str, object], list[str]], tmp_path: Path
) -> None:
    folder, _, _ = made
    own_pack.write(TAG, [reference(tmp_path, 120)], None, tmp_path / "again")
    for name in (f"{TAG}.yaml", f"{TAG}.md", f"{TAG}.svg"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_too_little_text_is_refused_with_what_there_was(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"documents with [\d,]+ words .* at least 20"):
        own_pack.write(TAG, [reference(tmp_path, 12)], None, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_prints_what_it_found(
    made: tuple[Path, dict[str, object], list[str]],
) -> None:
    text = "\n".join(own_pack.text_of(made[1]))
    assert "held out" in text
    assert "stop_word_fraction.min" in text


def test_a_pack_without_limits_rejects_nothing() -> None:
    judge = pack_quality.Judge(TAG, (), {}, Lexicon())
    found = pack_quality.assess(judge, (), ["Yksi lause riittää tähän."] * 3, {})
    assert found.passed == 1
    assert set(found.rejected.values()) == {0.0}


def test_neighbours_are_judged_apart_from_english() -> None:
    bounds = {"word_count": Bound("word_count", 3, None)}
    judge = pack_quality.Judge(TAG, ("word_count",), bounds, Lexicon())
    found = pack_quality.assess(
        judge, (), ["yksi kaksi kolme"] * 4, {"eng_Latn": ["one two three"], "ekk_Latn": ["üks"]}
    )
    assert found.by_neighbour == {"eng_Latn": 0.0, "ekk_Latn": 1.0}
    assert found.rejected["neighbours"] == 1.0


def test_what_is_stored_of_other_languages_is_whole() -> None:
    usages = calibrate.stored_usages()
    assert len(usages) >= 60
    assert "the" in usages["eng_Latn"].mean
    medians = calibrate.stored_medians()
    # Manuals set no bound on repetition that is looser than the base's, so most have none.
    wanted = {
        f"{r.signal}.{r.side.value}"
        for r in thresholds.RECIPES
        if r.needs_whole and r.method is not thresholds.Method.MEAN_STD
    }
    assert wanted <= medians[""].keys()
    english = calibrate.stored_english()
    assert english["mean_word_length"]["min"] == 3


def test_every_recipe_has_its_place_in_the_order_of_rules() -> None:
    pack.check_signals()
    assert {recipe.signal for recipe in thresholds.RECIPES} <= config.base_language().rules.keys()
    assert all(bound in Side for _, bound in calibrate.base_bounds())


def test_phrases_and_other_rules_of_a_replaced_pack_are_kept(tmp_path: Path) -> None:
    found = calibrate.Calibration(
        TAG, calibrate.Words(("ja",), 0.008, (), (), ()), {}, 0.0, {}, 20, 0, 20, 100, (), "ab" * 8,
        "inherited",
    )  # fmt: skip
    rule = '{"min": 0.7, "source": "a test, and nothing else"}'
    phrases = {"source": 'somebody "chose" them', "words": ["lue lisää", "no"]}
    text = pack.pack_yaml(found, "a test only", kept={"language_confidence": rule}, phrases=phrases)
    path = tmp_path / f"{TAG}.yaml"
    path.write_text(text, "utf-8")
    read = config.read_pack(path)
    assert read["boilerplate_phrases"] == phrases
    assert read["rules"]["language_confidence"]["min"] == 0.7
