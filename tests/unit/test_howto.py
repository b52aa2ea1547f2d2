"""The how-to pages: what they show works as it stands."""

import re
from pathlib import Path
from types import ModuleType

from ruamel.yaml import YAML

from filters import catalog, rules
from filters.text import TextView
from pipeline import config
from pipeline.config import Rule

HOWTO = Path(__file__).parents[2] / "docs" / "howto"


def blocks(page: str, language: str) -> list[str]:
    """The fenced code blocks of one language."""
    text = (HOWTO / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_signal_of_the_page_is_collected_and_measures() -> None:
    (code,) = blocks("add-a-signal.md", "python")
    module = ModuleType("example")
    exec(compile(code, "add-a-signal.md", "exec"), vars(module))  # noqa: S102 - our own page
    (made,) = catalog.collect([module])
    assert made.measure(TextView("Ja!\nNein.\nDoch!\nGut")) == 0.5
    assert made.measure(TextView("\n")) is None
    (line,) = blocks("add-a-signal.md", "yaml")
    ((name, rule),) = YAML(typ="safe").load(line).items()
    assert name == made.name
    checked = Rule.model_validate(rule)
    assert made.low <= (checked.max or 0) <= made.high
    assert rules.reason(name) == "rule.exclamation_line_fraction"


def test_the_pack_of_the_page_is_one_that_a_run_loads(tmp_path: Path) -> None:
    (text,) = blocks("add-a-language.md", "yaml")
    path = tmp_path / "lad_Latn.yaml"
    path.write_text(text, "utf-8")
    pack = config.read_pack(path)
    own = {key: pack[key] for key in ("stop_words", "rules")}
    mine = tmp_path / "mine.yaml"
    YAML(typ="safe").dump({"name": "mine", "languages": {pack["tag"]: own}}, mine)
    run = config.load(mine).run
    lexicon = run.lexicon("lad_Latn")
    view = TextView("Los djudios ke bivian en la sivdad avlavan kon sus vizinos.", lexicon)
    assert catalog.BY_NAME["distinct_stop_word_count"].measure(view) == 5
    _, bounds = run.bounds()
    assert bounds["lad_Latn"]["distinct_stop_word_count"].min == 4
    assert bounds["base"]["distinct_stop_word_count"].min == 2
