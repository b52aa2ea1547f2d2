"""The European languages, their tags, and what each model's labels mean.

A tag is ISO 639-3 plus ISO 15924 (`fin_Latn`). This is the one place where names, codes and model
labels become tags; the tables are `languages.csv` and `other_languages.csv` beside this file, read
once at import.
"""

import csv
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from langid.script import dominant_script

UNDETERMINED = "und_Zyyy"
"""Tag of a text with too few letters to say anything about."""

NOT_LANGUAGE = "zxx_Zyyy"
"""Tag of a text that is no language: numbers, addresses, code."""


@dataclass(frozen=True)
class Language:
    """One European language in one script; a row of `languages.csv`.

    `iso639_1`, `autonym` and `group` are empty where there is none; `group` names a confusable
    group (`confusables.py`). `status` is simplified and has not been reviewed (see the header of
    the table).
    """

    tag: str
    iso639_3: str
    script: str
    name: str
    autonym: str
    iso639_1: str
    status: str
    family: str
    group: str


def _rows(file_name: str) -> Iterator[dict[str, str]]:
    text = resources.files("langid").joinpath(file_name).read_text("utf-8")
    return csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))


_EUROPEAN_ROWS = tuple(_rows("languages.csv"))
_OTHER_ROWS = tuple(_rows("other_languages.csv"))

EUROPEAN: tuple[Language, ...] = tuple(
    Language(
        tag=row["tag"],
        iso639_3=row["tag"][:3],
        script=row["script"],
        name=row["name"],
        autonym=row["autonym"],
        iso639_1=row["iso639_1"],
        status=row["status"],
        family=row["family"],
        group=row["group"],
    )
    for row in _EUROPEAN_ROWS
)

BY_TAG: dict[str, Language] = {language.tag: language for language in EUROPEAN}

EU24: tuple[str, ...] = tuple(
    language.tag for language in EUROPEAN if language.status == "eu_official"
)

# Macrolanguage and retired codes, and the individual language that stands for them here. Sources:
# ISO 639-3 macrolanguage mappings; where a macrolanguage has several European members, the one that
# written web text in it nearly always is.
_SAME_AS: dict[str, str] = {
    "est": "ekk",
    "lav": "lvs",
    "sqi": "als",
    "aze": "azj",
    "nor": "nob",
    "yid": "ydd",
    "src": "srd",  # Logudorese
    "sro": "srd",  # Campidanese
    "kom": "kpv",
    "kv": "kpv",
    "chm": "mhr",
    "rom": "rmy",
    "gre": "ell",
}

# Labels that the tables do not explain, by model. What else a model calls a European language
# differently from ISO 639-1 is in its column of `languages.csv`: lid.176's `als` is Alemannic (from
# the address of that Wikipedia; in ISO 639-3 it is Tosk Albanian), its `eml` is Emilian and
# Romagnol together, and `no` is Bokmål in all three. heliport's `hbs` stands for the languages that
# its list of confidence thresholds names beside it (hbsbos, hbshrv, hbssrp); its `sqi` is taken for
# Standard Albanian, as the others' `sq` is.
_ODD_LABELS: dict[str, dict[str, str]] = {
    "lid176": {"sh": "srp"},  # Serbo-Croatian; the others of the group have labels of their own
    "cld2": {
        "sr-ME": "cnr",
        **dict.fromkeys(("zzb", "zze", "zzh", "zzp"), "zxx"),  # Bork, Fudd, Hacker, Pig Latin
    },
}


def _labels_by_model() -> dict[str, dict[str, str]]:
    """Codes by label, for the models whose labels are not tags; of two rows the first wins."""
    labels: dict[str, dict[str, str]] = {}
    for model in ("py3langid", "cld2", "lid176", "heliport"):
        column = {row[model]: row["tag"].partition("_")[0] for row in reversed(_EUROPEAN_ROWS)}
        column.pop("", None)
        labels[model] = column | _ODD_LABELS.get(model, {})
    return labels


def _scripts_by_code() -> dict[str, tuple[str, ...]]:
    scripts: dict[str, tuple[str, ...]] = {}
    for language in EUROPEAN:
        scripts[language.iso639_3] = (*scripts.get(language.iso639_3, ()), language.script)
    for row in _OTHER_ROWS:
        scripts[row["iso639_3"]] = tuple(row["scripts"].split())
    scripts["kaz"] = ("Cyrl", "Latn", "Arab")
    scripts["azj"] = ("Latn", "Cyrl", "Arab")
    return scripts


def _codes_by_label() -> dict[str, str]:
    codes = {row["iso639_3"]: row["iso639_3"] for row in _OTHER_ROWS}
    for row in _OTHER_ROWS:
        codes.update(dict.fromkeys(row["labels"].split(), row["iso639_3"]))
    for language in reversed(EUROPEAN):
        codes[language.iso639_3] = language.iso639_3
        if language.iso639_1:
            codes[language.iso639_1] = language.iso639_3
    codes.update(_SAME_AS)
    return codes


_SCRIPTS = _scripts_by_code()
_CODES = _codes_by_label()
_LABELS = _labels_by_model()


def _spellings() -> dict[str, str]:
    """Every accepted spelling in lower case, to its tag; of two claims the earlier row wins."""
    spellings: dict[str, str] = {}
    for language in EUROPEAN:
        code, script = language.iso639_3, language.script
        names = [language.tag, code, language.iso639_1, language.name, language.autonym]
        names.append(f"{language.iso639_1}_{script}" if language.iso639_1 else "")
        names += [f"{language.name} {script}", f"{language.name}_{script}"]
        for alias, target in _SAME_AS.items():
            if target == code:
                names += [alias, f"{alias}_{script}"]
        for name in filter(None, names):
            spellings.setdefault(name.casefold(), language.tag)
    spellings.update({"no": "nob_Latn", "no_latn": "nob_Latn", "norwegian": "nob_Latn"})
    return spellings


_SPELLINGS = _spellings()


def normalise(label: str) -> str:
    """The tag of a European language given as tag, code, English name or autonym, in any case.

    A script may follow with `_`, `-` or a space (`sr-Latn`); without one, the language's first row
    counts (`sr` is `srp_Cyrl`). `no` is Bokmål. Raises ValueError, naming near spellings, for
    anything else.

    >>> [normalise(label) for label in ("fi", "fin", "Finnish", "suomi", "fin_Latn", "sr-latn")]
    ['fin_Latn', 'fin_Latn', 'fin_Latn', 'fin_Latn', 'fin_Latn', 'srp_Latn']
    """
    wanted = label.strip().casefold()
    tag = _SPELLINGS.get(wanted) or _SPELLINGS.get(wanted.replace("-", "_"))
    if tag is None:
        near = difflib.get_close_matches(wanted, _SPELLINGS, n=5, cutoff=0.6)
        tags = dict.fromkeys(_SPELLINGS[name] for name in near)
        hint = f"near: {', '.join(f'{BY_TAG[tag].name} ({tag})' for tag in tags)}" if tags else ""
        hint = hint or "langid/languages.csv lists them"
        raise ValueError(f"unknown European language {label!r}; {hint}")
    return tag


@cache
def from_model(model: str, label: str, script: str) -> str:
    """The tag that `label` of `model` means for a text mostly in `script` (ISO 15924).

    `script` decides only where the language is written in several; else the language's usual script
    is in the tag, so that a label of another script than the text's can be recognised as hopeless.
    Languages that are not European get tags of the same form (`jpn_Jpan`); `zxx` and `und` labels
    become `NOT_LANGUAGE` and `UNDETERMINED`. `model` is `py3langid`, `cld2`, `lid176`, `heliport`,
    or any model whose labels are tags already (`glotlid`, `openlid`, `weir`).
    """
    label = label.removeprefix("__label__")
    code, _, own_script = label.partition("_")
    code = _LABELS.get(model, {}).get(code, code)
    code = _CODES.get(code, code)
    if code == "zxx":
        return NOT_LANGUAGE
    if code in {"und", "un", "xxx"} or code.startswith("xx-"):
        return UNDETERMINED
    if own_script:
        return f"{code}_{own_script}"
    scripts = _SCRIPTS.get(code, (script,))
    return f"{code}_{script if script in scripts else scripts[0]}"


# Locales of translated software whose first part is not the language's code, or not alone (the list
# of languages of translatewiki.net, gettext modifiers, Mozilla). None: more than one language, or a
# variety that no code of ours stands for.
_ODD_LOCALES: dict[str, str | None] = {
    "als": "gsw",
    "bat-smg": "sgs",
    "crh-ro": None,  # Dobrujan Tatar
    "eml": None,  # Emilian or Romagnol
    "fiu-vro": "vro",
    "frc": None,  # Cajun French
    "jut": None,  # Jutish
    "ku": "kmr",
    "ku-latn": "kmr",
    "map-bms": None,
    "mo": None,  # Romanian in Cyrillic
    "nrm": "nrf",  # MediaWiki's code for Norman
    "roa-tara": None,  # Tarantino
    "sh": None,
    "sh-latn": None,
    "sh-cyrl": None,
    "sli": None,  # Lower Silesian
    "vmf": None,  # Main Franconian
}


def from_locale(locale: str, text: str) -> str | None:
    """The tag of a text that software ships under a locale (`sr@latin`, `be-tarask`, `pt_BR`).

    The text's dominant script decides between the scripts of a language. None for a locale that is
    no language of ours (`x-test`), and for one that stands for several.
    """
    name = locale.replace("_", "-").replace("@", "-").lower()
    code = _ODD_LOCALES.get(name, name.partition("-")[0])
    code = _CODES.get(code, code) if code else None
    if not code or len(code) != 3 or not code.isalpha() or code in {"und", "mul", "zxx"}:
        return None
    return from_model("weir", code, dominant_script(text))


@cache
def meanings(model: str, label: str, script: str) -> tuple[str, ...]:
    """Every tag that `label` of `model` may mean for a text mostly in `script`; at least one.

    Several only where the label has several rows in that script (heliport's `hbs`); otherwise
    `from_model` says which. `model` is one with a column in `languages.csv`.
    """
    tags = (row["tag"] for row in _EUROPEAN_ROWS if row[model] == label)
    written = tuple(tag for tag in tags if tag.endswith(f"_{script}"))
    return written or (from_model(model, label, script),)


@cache
def known_to(model: str) -> frozenset[str]:
    """Tags of European languages that have a label in a model's column of `languages.csv`."""
    return frozenset(row["tag"] for row in _EUROPEAN_ROWS if row[model])


def score_of(tag: str) -> dict[str, str] | None:
    """The language's row of `scores.csv`, which `page.py` writes; None if it is not measured."""
    return _scores().get(tag)


@cache
def _scores() -> dict[str, dict[str, str]]:
    return {row["tag"]: row for row in _rows("scores.csv")}


def is_state_language(tag: str) -> bool:
    """Whether the tag is a European language that is official in a state."""
    language = BY_TAG.get(tag)
    return language is not None and language.status in {"eu_official", "national"}


def is_european(tag: str) -> bool:
    """Whether the tag is one of the European language-script pairs."""
    return tag in BY_TAG
