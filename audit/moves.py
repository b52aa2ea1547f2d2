"""Thresholds that somebody wants to try, from `RULE=VALUE` on the command line."""

import difflib
import math
from collections.abc import Collection, Mapping, Sequence

from filters.catalog import BY_NAME, PEER, find
from filters.rules import Bound
from filters.signal import Signal
from langid import tags
from stages.errors import ConfigError

OFF = ("null", "~")
EXAMPLE = "for example --set word_count.min=30, or --set word_count=null to switch the rule off"


def parse(
    settings: Sequence[str], tag: str, bounds: Mapping[str, Bound], peers: Collection[str] = ()
) -> dict[str, Bound]:
    """The new bounds of each rule named, over those in force; a rule that is off has neither bound.

    `peers` are the rules on datatrove's filters that the run knows. A setting is `RULE=VALUE` where
    the rule has one bound, `RULE.min=VALUE`, `RULE.max=VALUE`, or `RULE=null`; keys spelled as for
    `weir run --set` (`language.rules.RULE.min`) are taken too. ConfigError names the setting, what
    is wrong with it, and near names.
    """
    moved: dict[str, Bound] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key.strip():
            raise ConfigError("--set", f"{setting!r} is not RULE=VALUE", EXAMPLE)
        name, side = _named(key.strip(), tag, peers)
        bound = moved.get(name, bounds.get(name, Bound(name)))
        moved[name] = _moved(setting, bound, side, _number(setting, text.strip()))
    for name, bound in moved.items():
        check(name, bound)
    return moved


def _named(key: str, tag: str, peers: Collection[str]) -> tuple[str, str | None]:
    """Rule and side that a key names."""
    parts = key.split(".")
    if parts[:2] == ["language", "rules"]:
        parts = parts[2:]
    elif parts[0] == "languages" and parts[2:3] == ["rules"]:
        if _tag(parts[1]) != tag:
            raise ConfigError("--set", f"{key} is of another language than {tag}")
        parts = parts[3:]
    own = 1 + ".".join(parts).startswith(PEER)  # the name of a filter of datatrove has a dot
    name, side = ".".join(parts[:own]), ".".join(parts[own:]) or None
    if side not in (None, "min", "max"):
        raise ConfigError("--set", f"{key}: a rule has min and max, and no {side!r}", EXAMPLE)
    if find(name) is None or (name.startswith(PEER) and name not in peers):
        raise ConfigError("--set", f"unknown rule {name!r}", near(name, [*BY_NAME, *peers]))
    return name, side


def _signal(name: str) -> Signal:
    """The signal of a rule that `_named` has seen."""
    found = find(name)
    if found is None:
        raise KeyError(name)
    return found


def near(name: str, known: Collection[str]) -> str:
    """What somebody may have meant."""
    found = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    return f"did you mean {', '.join(found)}?" if found else "`weir schema signals` lists them"


def _tag(name: str) -> str:
    try:
        return tags.normalise(name)
    except ValueError as error:
        raise ConfigError("--set", str(error), "`weir languages` lists them") from None


def _number(setting: str, text: str) -> float | None:
    if text in OFF:
        return None
    try:
        value = float(text)
    except ValueError:
        raise ConfigError("--set", f"{setting!r}: {text!r} is not a number", EXAMPLE) from None
    if not math.isfinite(value):
        raise ConfigError("--set", f"{setting!r}: a bound must be finite", EXAMPLE)
    return value


def _moved(setting: str, bound: Bound, side: str | None, value: float | None) -> Bound:
    if side == "min":
        return Bound(bound.signal, value, bound.max)
    if side == "max":
        return Bound(bound.signal, bound.min, value)
    if value is None:
        return Bound(bound.signal)
    if (bound.min is None) == (bound.max is None):
        has = "has no bound" if bound.min is None else "has a min and a max"
        name = bound.signal
        raise ConfigError(
            "--set",
            f"{setting!r}: {name} {has}",
            f"say which: --set {name}.min={value:g} or --set {name}.max={value:g}",
        )
    return _moved(setting, bound, "max" if bound.min is None else "min", value)


def check(name: str, bound: Bound) -> None:
    """ConfigError for bounds outside the signal's range, or that reject every document."""
    signal = _signal(name)
    for side in ("min", "max"):
        value = getattr(bound, side)
        if value is not None and not signal.low <= value <= signal.high:
            raise ConfigError(
                "--set",
                f"{name}.{side}={value:g} lies outside the signal's range, "
                f"{signal.low:g} to {signal.high:g} ({signal.unit})",
                _percent(name, side, value),
            )
    if bound.min is not None and bound.max is not None and bound.min > bound.max:
        raise ConfigError(
            "--set",
            f"{name}: min {bound.min:g} is above max {bound.max:g}, which rejects every document",
            f"move the other bound too: --set {name}.max=VALUE",
        )


def _percent(name: str, side: str, value: float) -> str:
    """The hint for who gives a percentage where a fraction is meant."""
    signal = _signal(name)
    if name.startswith(PEER):
        return "a filter's verdict is 1 (keep) or 0 (reject)"
    if signal.high == 1 and 1 < value <= 100:
        return f"did you mean --set {name}.{side}={value / 100:g}?"
    return f"`weir config explain {name}` says what it measures"
