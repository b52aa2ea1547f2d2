"""The lexicons of identity terms that are shipped: one file a language in `identity_terms/`."""

from functools import cache
from importlib import resources

from ruamel.yaml import YAML

from filters.identity import AXES, Lexicon

FOLDER = "identity_terms"


@cache
def lexicons() -> dict[str, Lexicon]:
    """Lexicons by language code (ISO 639-3); every one has all axes."""
    found = {}
    for entry in resources.files("audit").joinpath(FOLDER).iterdir():
        if entry.name.endswith(".yaml"):
            made = _lexicon(entry.read_text("utf-8"))
            found[made.language] = made
    return dict(sorted(found.items()))


def of_tag(tag: str) -> Lexicon | None:
    """The lexicon of a language tag, in its script; None where there is none."""
    code, _, script = tag.partition("_")
    found = lexicons().get(code)
    if found is None or code != SERBIAN or script != "Latn":
        return found
    axes = {axis: tuple(map(_in_latin, terms)) for axis, terms in found.axes.items()}
    return Lexicon(code, found.version, found.reviewed_by, axes)


def _lexicon(text: str) -> Lexicon:
    value = YAML(typ="safe").load(text)
    axes = {axis: tuple(str(term) for term in value["axes"][axis]) for axis in AXES}
    return Lexicon(str(value["language"]), int(value["version"]), value["reviewed_by"], axes)


SERBIAN = "srp"
"""Written in Cyrillic in its file; its Latin letters follow one by one."""

_LATIN = str.maketrans(
    dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True))
    | {"љ": "lj", "њ": "nj", "џ": "dž"}
)


def _in_latin(term: str) -> str:
    return term.translate(_LATIN)
