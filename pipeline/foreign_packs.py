"""Language packs from FineWeb-2's per-language YAML files, value by value, with sanity checks.

`weir config import-fineweb2`. Of the published files 60 of 103 European ones hold a limit that
rejects nothing, or English stop words: such a value is refused or lowered, and named with file,
line, key and reason. What is refused stays as `configs/base.yaml` has it.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from langid import tags
from langid.script import dominant_script
from pipeline import config, storage
from pipeline.answers import Text, table
from stages.errors import ConfigError

SUFFIXES = (".yml", ".yaml")
MAX_FILE_BYTES = 1 << 20
"""A published file has 2 kB."""
MAX_STOP_WORDS, MAX_WORD_CHARS, MIN_STOP_WORDS = 200, 40, 8
"""The published lists have 8 to 63 words."""
OFF = (-1.0, 999.0)
"""Values that stand for a filter that is off."""


@dataclass(frozen=True, slots=True)
class Target:
    """The bound that a key sets, and what a value of it may be."""

    rule: str
    bound: str
    low: float = 0.0
    high: float = 1.0
    """Beyond these a value is refused."""
    cap: float | None = None
    """Between this and `high` a value is lowered to it."""


# Limits: those that trip on the published files' defects, and the clamps of our own calibration,
# which are told for 2-grams and 5-grams; longer n-grams repeat less, so theirs hold for them too.
TARGETS: dict[str, Target] = {
    "dup_line_frac": Target("duplicate_line_fraction", "max", 0.0, 0.6, 0.45),
    "new_line_ratio": Target("newline_to_word_ratio", "max", 0.0, 0.5, 0.35),
    "line_punct_thr": Target("terminal_punctuation_line_fraction", "min"),
    "min_avg_word_length": Target("mean_word_length", "min", 1.0, 10.0),
    "max_avg_word_length": Target("mean_word_length", "max", 3.0, 20.0),
    # Its name says maximum; datatrove's filter rejects below it, and counts words with a letter.
    "max_non_alpha_words_ratio": Target("alphabetic_word_fraction", "min"),
}
N_GRAMS: dict[str, tuple[str, range, float, float]] = {
    "top_n_grams": ("top_{}_gram_character_fraction", range(2, 5), 0.4, 0.35),
    "dup_n_grams": ("duplicate_{}_gram_character_fraction", range(5, 11), 0.35, 0.25),
}
"""Key -> (rule, lengths, refused above, lowered to)."""
LEFT_OUT = {
    "language_score": "is GlotLID's confidence; ours is calibrated, so the base's bound stays",
}

ENGLISH = frozenset(
    {
        *("about", "and", "are", "been", "by", "from", "has", "have", "more", "of", "that", "the"),
        *("their", "they", "this", "were", "what", "when", "which", "will", "with", "would"),
        *("you", "your"),
    }
)
"""Function words that no other European language shares but for those in `NATIVE`."""
NATIVE: dict[str, str] = {
    "of": "nld fry lim vls zea nds",
    "have": "dan",
    "has": "cat spa glg oci arg ast ext",
    "are": "ron rup lat",
    "by": "pol ces slk csb szl hsb dsb dan nob nno swe fao isl",
    "more": "hrv bos srp cnr slv lat",
    "will": "deu nds gsw bar ltz pfl ksh",
    "been": "nld fry lim vls zea ltz",
    "the": "rmy rmn rml rmc",
}
"""English function words that are words of other languages: ISO 639-3 codes of these."""
ENGLISH_LIKE = ("eng", "sco")


@dataclass(frozen=True, slots=True)
class Finding:
    """A value, or a whole file (no key), that was not taken as it stands."""

    file: str
    line: int | None
    key: str | None
    value: Any
    verdict: str
    """`refused`, `lowered` or `left out`."""
    reason: str


Find = Callable[[str, Any, str, str], None]
"""Notes a finding: key, value, verdict, reason."""


@dataclass(slots=True)
class Pack:
    """What one file gives."""

    tag: str
    rules: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def imported(source: Path, output: Path) -> dict[str, Any]:
    """Write a pack for each file of a folder, and tell what was not taken.

    ConfigError if there is no file to read, none that gives a pack, or one that would be replaced.
    """
    files = sorted(p for p in source.glob("*") if p.suffix in SUFFIXES) if source.is_dir() else []
    if not files:
        remedy = "give the folder `configs` of FineWeb-2's repository"
        raise ConfigError(str(source), "is no folder of YAML files", remedy)
    native = {tag: set(pack["stop_words"]["words"]) for tag, pack in config.language_packs()}
    packs: dict[str, Pack] = {}
    findings: list[Finding] = []
    for path in files:
        found = _read(path, packs, native)
        if isinstance(found, Finding):
            findings.append(found)
        else:
            packs[found.tag] = found
            findings += found.findings
    if not packs:
        raise ConfigError(str(source), "gives no pack", _told(findings[0]) if findings else "")
    written = {tag: output / f"{tag}.yaml" for tag in packs}
    for path in written.values():
        if path.exists():
            raise ConfigError(str(path), "is there already", "choose an empty --output")
    for tag, path in written.items():
        storage.write_bytes(path, pack_text(packs[tag]).encode())
    return {
        "output": str(output),
        "packs": [
            {
                "tag": tag,
                "file": str(written[tag]),
                "rules": sum(rule is not None for rule in pack.rules.values()),
                "off": sum(rule is None for rule in pack.rules.values()),
                "stop_words": len(pack.words),
            }
            for tag, pack in packs.items()
        ],
        "findings": [asdict(finding) for finding in findings],
    }


class _RefusedError(ValueError):
    """A file that gives no pack: reason, and line where there is one."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason, line)
        self.reason, self.line = reason, line


def _read(path: Path, packs: Mapping[str, Pack], native: Mapping[str, set[str]]) -> Pack | Finding:
    """The pack of one file, or why it gives none."""
    try:
        tag = tags.normalise(path.stem)
        values = _values(path)
    except _RefusedError as error:
        return Finding(path.name, error.line, None, None, "refused", error.reason)
    except ValueError as error:
        return Finding(path.name, None, None, None, "refused", str(error))
    if tag in packs:
        reason = f"another file gives {tag}"
        return Finding(path.name, None, None, None, "refused", reason)
    lines = {key: values.lc.key(key)[0] + 1 for key in values}
    return converted(path.name, tag, values, lines, native.get(tag, set()))


def _values(path: Path) -> Any:
    """The file's mapping, which knows its lines."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise _RefusedError(f"is larger than {MAX_FILE_BYTES >> 20} MiB")
        values = YAML(typ="rt", pure=True).load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        raise _RefusedError(f"is no YAML: {error.problem}", mark and mark.line + 1) from None
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise _RefusedError(f"cannot be read ({type(error).__name__})") from None
    if not isinstance(values, dict):
        raise _RefusedError("is no mapping of keys", 1)
    return values


def converted(
    file: str,
    tag: str,
    values: Mapping[str, Any],
    lines: Mapping[str, int],
    native: set[str],
) -> Pack:
    """The pack that a file's values give for a tag; `native` holds stop words known to be its own.

    Every value that is not taken as it stands is a finding of the pack.
    """
    pack = Pack(tag)

    def find(key: str, value: Any, verdict: str, reason: str) -> None:
        pack.findings.append(Finding(file, lines.get(key), key, _plain(value), verdict, reason))

    for key, value in values.items():
        if key in TARGETS:
            _bound(pack, file, key, TARGETS[key], value, find)
        elif key in N_GRAMS:
            _n_grams(pack, file, key, value, find)
        elif key == "stopwords":
            pack.words = _stop_words(tag, value, native, find)
        else:
            find(str(key), value, "left out", LEFT_OUT.get(str(key), "is an unknown key"))
    _ordered(pack, find)
    if not pack.words:
        pack.rules["distinct_stop_word_count"] = None
        find("stopwords", None, "left out", "no stop words are left: their rule is off")
    return pack


def _bound(pack: Pack, file: str, key: str, target: Target, value: Any, find: Find) -> None:
    """Set one bound, or tell why not; -1 and 999 switch the rule off."""
    number = _number(value)
    name = target.rule
    if number in OFF:
        pack.rules.setdefault(name, None)
        return
    problem = "is no number" if number is None else _implausible(number, target)
    if number is None or problem:
        find(key, value, "refused", f"{problem}; {name}.{target.bound} stays the base's")
        return
    if target.cap is not None and number > target.cap:
        find(key, value, "lowered", f"{name}.{target.bound} is held to {target.cap:g}")
        number = target.cap
    rule = pack.rules.get(name) or {}
    source = f"FineWeb-2, {file}, {key}"
    if rule:
        source = f"{rule['source']} and {key}"
    pack.rules[name] = {**rule, target.bound: number, "source": source}


def _implausible(number: float, target: Target) -> str | None:
    if number < target.low:
        return f"is below {target.low:g}"
    return f"is above {target.high:g}" if number > target.high else None


def _n_grams(pack: Pack, file: str, key: str, value: Any, find: Find) -> None:
    pattern, lengths, high, cap = N_GRAMS[key]
    if not isinstance(value, list):
        find(key, value, "refused", "must be a list of [length, limit]")
        return
    seen = set()
    for pair in value:
        if not isinstance(pair, list) or len(pair) != 2 or pair[0] not in lengths:
            told = f"must be [length, limit] with a length of {lengths[0]} to {lengths[-1]}"
            find(key, pair, "refused", told)
        elif pair[0] in seen:
            find(key, pair, "refused", f"length {pair[0]} is there twice")
        else:
            seen.add(pair[0])
            target = Target(pattern.format(pair[0]), "max", 0.0, high, cap)
            _bound(pack, file, key, target, pair[1], find)


def _ordered(pack: Pack, find: Find) -> None:
    """A minimum above its maximum refuses both."""
    for name, rule in list(pack.rules.items()):
        if rule and "min" in rule and "max" in rule and rule["min"] > rule["max"]:
            del pack.rules[name]
            key = next(k for k, target in TARGETS.items() if target.rule == name)
            find(key, rule["min"], "refused", f"{name}: min is above max {rule['max']:g}")


def _stop_words(tag: str, value: Any, native: set[str], find: Find) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        find("stopwords", None, "refused", "must be a list of words")
        return []
    script, kept = tag.partition("_")[2], dict[str, None]()
    refused: dict[str, list[str]] = {}
    for word in value[:MAX_STOP_WORDS]:
        lower = word.strip().lower()
        if (reason := _not_a_word(lower, script)) or (reason := _foreign(lower, tag, native)):
            refused.setdefault(reason, []).append(word[:MAX_WORD_CHARS])
        else:
            kept[lower] = None
    for reason, words in refused.items():
        find("stopwords", words, "refused", reason)
    if len(value) > MAX_STOP_WORDS:
        find("stopwords", len(value), "refused", f"words after the first {MAX_STOP_WORDS}")
    if kept and len(kept) < MIN_STOP_WORDS:
        find("stopwords", len(kept), "left out", f"fewer than {MIN_STOP_WORDS} words are left")
        return []
    return list(kept)


def _not_a_word(word: str, script: str) -> str | None:
    if not word or len(word) > MAX_WORD_CHARS:
        return f"empty, or longer than {MAX_WORD_CHARS} characters"
    if not any(c.isalpha() for c in word) or any(c.isspace() or c.isdigit() for c in word):
        return "not one word of letters"
    if (found := dominant_script(word)) not in (script, "Zyyy"):
        return f"written in {found}, not in {script}"
    return None


def _foreign(word: str, tag: str, native: set[str]) -> str | None:
    code = tag.partition("_")[0]
    if word not in ENGLISH or code in ENGLISH_LIKE or word in native:
        return None
    return None if code in NATIVE.get(word, "").split() else "English, and not of this language"


def _number(value: Any) -> float | None:
    """A finite number; None for anything else, a truth value included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _plain(value: Any) -> Any:
    """A value of a file as JSON can hold it, short."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return json.loads(text) if len(text) <= 300 else f"{text[:300]}..."


def pack_text(pack: Pack) -> str:
    """The file of a pack, in the form of configs/languages/<tag>.yaml."""
    language = tags.BY_TAG[pack.tag]
    words = ", ".join(map(_quoted, pack.words))
    lines = [
        f"# {language.name} ({pack.tag}), from FineWeb-2: what differs from configs/base.yaml.",
        f"tag: {pack.tag}",
        f"name: {_quoted(language.name)}",
        f"autonym: {_quoted(language.autonym)}",
        "stop_words:",
        '  source: "FineWeb-2, stopwords; sanity checks of weir config import-fineweb2"',
        f"  words: [{words}]",
        "rules:" if pack.rules else "rules: {}",
    ]
    for name, rule in pack.rules.items():
        inside = ", ".join(f"{k}: {_quoted(v)}" for k, v in rule.items()) if rule else ""
        lines.append(f"  {name}: {{{inside}}}" if rule else f"  {name}: null")
    return "\n".join(lines) + "\n"


def _quoted(value: Any) -> str:
    """A JSON scalar, which is YAML too."""
    return json.dumps(value, ensure_ascii=False)


def _told(finding: Finding | Mapping[str, Any]) -> str:
    found = finding if isinstance(finding, Mapping) else asdict(finding)
    where = f"{found['file']}:{found['line']}" if found["line"] else found["file"]
    key = f" {found['key']}" if found["key"] else ""
    value = "" if found["value"] is None else f" = {_quoted(found['value'])}"
    return f"{where}:{key}{value}: {found['verdict']}, {found['reason']}"


def import_text(data: Mapping[str, Any]) -> Text:
    """`weir config import-fineweb2`."""
    yield from (_told(finding) for finding in data["findings"])
    if data["findings"]:
        yield ""
    rows: Sequence[Mapping[str, Any]] = data["packs"]
    yield from table(
        ("tag", "rules", "off", "stop words"),
        [(r["tag"], r["rules"], r["off"], r["stop_words"]) for r in rows],
        "-rrr",
    )
    counts = Counter(finding["verdict"] for finding in data["findings"])
    yield f"{len(rows)} packs in {data['output']}; " + ", ".join(_counted(counts))
    yield "read them, then put those you want beside the others in configs/languages/"


def _counted(counts: Mapping[str, int]) -> Iterable[str]:
    return [f"{counts.get(verdict, 0)} {verdict}" for verdict in ("refused", "lowered", "left out")]
