"""Numbers, names and times as a reader meets them: what the templates of pages call."""

from collections.abc import Mapping
from typing import Final

from langid import tags

_ENERGIES: Final = (("MWh", 1e3), ("kWh", 1.0), ("Wh", 1e-3), ("mWh", 1e-6))


def whole(value: float | None) -> str:
    """A count with thousands set apart; a dash for what is not known."""
    return "–" if value is None else f"{value:,.0f}"


def of(count: int, noun: str) -> str:
    """A count with its noun: 1 page, 2,600 pages."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def when(time: str | None) -> str:
    """A time of run.json for a reader."""
    return str(time).replace("T", " ").replace("Z", " UTC") if time else "–"


def duration(seconds: float) -> str:
    """Seconds in words: 42 s, 3 min 5 s, 2 h 10 min."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def share(part: float, whole: float) -> str:
    """A percentage of one decimal; what is not nothing is never 0.0%."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 0.05:
        return "<0.1%"
    if 99.95 <= percent < 100:
        return ">99.9%"
    return f"{percent:.1f}%"


def per_thousand(part: float, whole: float) -> str:
    """How many for 1,000; a dash for none of nothing."""
    return f"{1000 * part / whole:,.1f}" if whole else "–"


def energy(kwh: Mapping[str, float]) -> str:
    """A range of kWh, low to high, in the unit that suits its middle: 0.42 to 2.1 kWh."""
    unit, size = next((one for one in _ENERGIES if kwh["mid"] >= one[1]), _ENERGIES[-1])
    return f"{two_digits(kwh['low'] / size)} to {two_digits(kwh['high'] / size)} {unit}"


def two_digits(value: float) -> str:
    """A value with the two digits that an estimate has: 0.042, 1.3, 27, 1,400."""
    if value < 1e-9:
        return "0"
    text = f"{float(f'{value:.1e}'):,.10f}"
    return text.rstrip("0").rstrip(".")


def plain(name: str) -> str:
    """A signal's name in words."""
    return name.replace("_", " ")


def shortened(text: str, most: int) -> str:
    """The text, or as much of it as may be shown, with an ellipsis for the rest."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def language_name(tag: str) -> dict[str, str]:
    """Name, autonym and BCP 47 code of a tag; a tag that is not European names itself."""
    known = tags.BY_TAG.get(tag)
    if known is not None:
        code = f"{known.iso639_1 or known.iso639_3}-{known.script}"
        return {"tag": tag, "name": known.name, "autonym": known.autonym, "code": code}
    name = {tags.UNDETERMINED: "Undetermined", tags.NOT_LANGUAGE: "No language"}.get(tag, tag)
    return {"tag": tag, "name": name, "autonym": "", "code": tag.replace("_", "-")}
