"""Pages of many languages for runs of tests and benchmarks: ordinary, poor, and hostile ones."""

import random
from pathlib import Path
from typing import Any

from filters.catalog import BY_NAME
from langid import tags
from tests.unit.audit import conftest

ALPHABETS = {"Grek": "αβγδεζηθικλμν", "Cyrl": "абвгдежзиклмн", "Latn": "abcdefghijklmn"}

SCRIPT = "</script><script>window.PWNED = 1</script>"
HOSTILE = (
    SCRIPT,
    '<img src=x onerror="window.PWNED = 2"> <svg onload="window.PWNED = 3">',
    '<a href="javascript:window.PWNED = 4">press</a> {{ 7 * 7 }} {% raw %} <!-- -->',
    (
        "\u202e]4.3.2.1 PI[\u202c \u2066x\u2069 line\u2028separator\u2029 nul\x00nul "
        "\x1b[31mred\x1b]0;t\x07"
    ),
    "z" + "\u0301\u0316\u0489" * 400 + "algo",
    "x" * 1_000_000,
    "</p></article></details></main></body></html><style>*{display:none}</style>",
)
"""What a page may hold that wants to act, to hide, to reorder, or to break the layout."""


def languages(count: int) -> list[str]:
    """The first languages of the table, the official ones of the European Union first."""
    others = [language.tag for language in tags.EUROPEAN if language.tag not in tags.EU24]
    return sorted([*tags.EU24, *others][:count])


def pages(count: int, each: int, signals: int, seed: int = 7) -> list[dict[str, Any]]:
    """`each` pages of each language, sorted by tag: half of them fail up to `signals` rules.

    The first pages of each language are hostile.
    """
    chance = random.Random(seed)  # noqa: S311 - pages of tests
    rules = [name for name in conftest.relaxed().run.language.rules if _bound(name)][:signals]
    return [_page(tag, at, rules, chance) for tag in languages(count) for at in range(each)]


def build(folder: Path, count: int, each: int, signals: int) -> Path:
    """A finished run of such pages, beside those of the small run."""
    made = [pages(count, each, signals)]
    return conftest.built(folder, conftest.relaxed(), made)


def _bound(name: str) -> tuple[float | None, float | None] | None:
    rule = conftest.relaxed().run.language.rules[name]
    return (rule.min, rule.max) if rule is not None else None


def _page(tag: str, at: int, rules: list[str], chance: random.Random) -> dict[str, Any]:
    failed = chance.sample(rules, chance.randint(1, 3)) if at % 2 else []
    if at % 2:
        failed.append(rules[at // 2 % len(rules)])
    values = {name: _outside(name, chance) for name in failed} | {
        name: chance.choice(BY_NAME[name].edges) for name in ("mean_line_length", "word_entropy")
    }
    order = [rule for rule in rules if rule in failed]
    text = HOSTILE[at] if at < len(HOSTILE) else _text(tag, chance)
    return {
        "letter": f"{tag} {at}",
        "tag": tag,
        "text": text,
        "title": HOSTILE[at] if at < len(HOSTILE) else f"{tag} {at}",
        "url": f"https://{'www.' * (at % 2)}site-{at}.{tag[:3]}.example/<EMAIL>/{at}",
        "words": int(values.get("word_count", 60 + at)),
        "signals": {name: value for name, value in values.items() if name != "word_count"},
        "failed": failed,
        "reason": f"rule.{order[0]}" if order else None,
    }


def _outside(name: str, chance: random.Random) -> float:
    """A value that breaks the rule's bounds."""
    low, high = _bound(name) or (None, None)
    if low:
        return low * chance.uniform(0.1, 0.99)
    if high is None:
        raise ValueError(f"{name} has no bound to break")
    return min(BY_NAME[name].high, (high or 1.0) * chance.uniform(1.01, 1.3) + 0.001)


def _text(tag: str, chance: random.Random) -> str:
    letters = ALPHABETS.get(tag[4:], ALPHABETS["Latn"])
    made = ("".join(chance.choices(letters, k=chance.randint(2, 10))) for _ in range(80))
    return " ".join(made) + "."
