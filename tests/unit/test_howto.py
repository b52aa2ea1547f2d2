"""The how-to pages: what they show works as it stands."""

import re
from pathlib import Path
from types import ModuleType

from ruamel.yaml import YAML

from filters import catalog, rules
from filters.text import TextView
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
