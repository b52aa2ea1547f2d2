from pathlib import Path

import pytest
from ruamel.yaml import YAML

from audit import packs
from filters.rules import Bound
from pipeline import config, layers
from stages.errors import ConfigError

SOURCE = "tried on a run of this test"
BASE = {
    "word_count": Bound("word_count", 50, 100_000),
    "duplicate_line_fraction": Bound("duplicate_line_fraction", max=0.3),
}
PACK = """\
# Finnish: only what differs.   Two spaces stay.
tag: fin_Latn
name: Finnish
stop_words:
  source: "Function words."
  words: [ja, "on", ei]          # "on" is a boolean in YAML 1.1
rules:
  # Shorter pages are common here.
  word_count: {min: 40, source: "a source of its own"}   # checked by a speaker
  sentence_count: {min: 2, source: 'single quotes stay'}
"""


def loaded(text: str) -> dict[str, object]:
    found: dict[str, object] = YAML(typ="safe", pure=True).load(text)
    return found


def test_a_fragment_says_only_what_differs() -> None:
    moved = {
        "word_count": Bound("word_count", 30, 100_000),
        "duplicate_line_fraction": Bound("duplicate_line_fraction"),
        "mean_word_length": Bound("mean_word_length", max=12.5),
    }
    text = packs.fragment("fin_Latn", moved, BASE, SOURCE)
    assert loaded(text) == {
        "tag": "fin_Latn",
        "rules": {
            "word_count": {"min": 30, "source": SOURCE},
            "duplicate_line_fraction": None,
            "mean_word_length": {"max": 12.5, "source": SOURCE},
        },
    }
    assert '  word_count: {min: 30, source: "tried on a run of this test"}\n' in text


def test_a_bound_that_all_languages_have_is_taken_away_by_null() -> None:
    text = packs.fragment("fin_Latn", {"word_count": Bound("word_count", 30)}, BASE, SOURCE)
    rules = loaded(text)["rules"]
    assert rules == {"word_count": {"min": 30, "max": None, "source": SOURCE}}


def test_in_a_pack_only_the_lines_of_the_rule_change(tmp_path: Path) -> None:
    path = tmp_path / "fin_Latn.yaml"
    path.write_text(PACK, encoding="utf-8")
    moved = {"word_count": Bound("word_count", 30, 100_000)}
    old, new = packs.revised(path, "fin_Latn", moved, BASE, SOURCE)
    assert old == PACK
    line = '  word_count: {min: 40, source: "a source of its own"}   # checked by a speaker'
    assert line in PACK
    changed = f'  word_count: {{min: 30, source: "{SOURCE}"}} # checked by a speaker'
    assert new == PACK.replace(line, changed)
    shown = packs.difference(path, old, new).splitlines()
    assert [s for s in shown if s[:1] in "+-" and s[1:2] != s[:1]] == [f"-{line}", f"+{changed}"]


def test_what_all_languages_have_is_said_no_more(tmp_path: Path) -> None:
    path = tmp_path / "fin_Latn.yaml"
    path.write_text(PACK, encoding="utf-8")
    _, new = packs.revised(path, "fin_Latn", {"word_count": BASE["word_count"]}, BASE, SOURCE)
    assert loaded(new)["rules"] == {"sentence_count": {"min": 2, "source": "single quotes stay"}}


@pytest.mark.parametrize("name", ["fin_Latn", "ell_Grek", "vec_Latn"])
def test_shipped_packs_keep_every_other_line(name: str) -> None:
    path = layers.configs_folder() / "languages" / f"{name}.yaml"
    moved = {"word_count": Bound("word_count", 1, 100_000)}
    old, new = packs.revised(path, name, moved, BASE, SOURCE)
    lines = new.splitlines()
    kept = [line for line in old.splitlines() if not line.startswith(("rules:", "  word_count:"))]
    assert [line for line in kept if line not in lines] == []
    assert loaded(new)["rules"]["word_count"] == {"min": 1, "source": SOURCE}  # type: ignore[index]


@pytest.mark.parametrize("languages", ["", "languages: {}\n", "languages:\n  fi:\n    rules: {}\n"])
def test_a_configuration_says_both_bounds_and_runs_with_them(
    tmp_path: Path, languages: str
) -> None:
    """A pack may lie below a configuration, with bounds of its own."""
    path = tmp_path / "mine.yaml"
    path.write_text(f"name: mine   # our own\n{languages}", encoding="utf-8")
    wanted = {
        "word_count": Bound("word_count", 30),
        "duplicate_line_fraction": Bound("duplicate_line_fraction"),
    }
    _, new = packs.revised(path, "fin_Latn", wanted, BASE, SOURCE)
    path.write_text(new, encoding="utf-8")
    assert "name: mine   # our own\n" in new
    bounds = config.load(path).run.bounds()[1]["fin_Latn"]
    assert bounds["word_count"] == Bound("word_count", 30)
    assert "duplicate_line_fraction" not in bounds


def test_a_new_file_is_a_fragment(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    moved = {"word_count": Bound("word_count", 30, 100_000)}
    old, new = packs.revised(path, "fin_Latn", moved, BASE, SOURCE)
    assert (old, new) == ("", packs.fragment("fin_Latn", moved, BASE, SOURCE))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tag: mlt_Latn\n", "pack of mlt_Latn, not of fin_Latn"),
        ("- a list\n", "must be a mapping"),
        ("a: [", "not readable as YAML"),
        ("name: x\nlanguages: [fi]\n", "languages: must be a mapping"),
        ("tag: fin_Latn\nrules: 3\n", "rules: must be a mapping"),
    ],
)
def test_files_that_cannot_hold_the_rules(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        packs.revised(path, "fin_Latn", {"word_count": Bound("word_count", 1)}, BASE, SOURCE)
