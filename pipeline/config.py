"""Configuration: YAML in, frozen models out.

`configs/base.yaml`, then the run's file, then `--set`; `configs/languages/<tag>.yaml` over the
part `language`. Each value remembers the file it came from, for `weir config show`.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from filters import pii, rules
from filters.catalog import BY_NAME
from filters.optout import CHANNELS
from filters.text import Lexicon
from langid import models, tags
from stages.errors import ConfigError

WORD_LISTS = ("stop_words", "affinity_words", "neighbour_words", "boilerplate_phrases")
"""Keys of a language pack that hold words."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Read(_Section):
    """Caps of reading."""

    max_record_bytes: int = Field(gt=0)


class Gate(_Section):
    """What the gate may reject, and its caps."""

    media_types: tuple[str, ...]
    max_payload_bytes: int = Field(gt=0)
    max_decoded_bytes: int = Field(gt=0)
    max_depth: int = Field(gt=0)
    max_url_chars: int = Field(gt=0)
    keep_truncated: bool
    deny_domains: tuple[str, ...]
    reserved_channels: tuple[str, ...]
    language_models: tuple[str, ...] = Field(min_length=1)
    min_european_mass: float = Field(ge=0, le=1)
    url_key: str = Field(min_length=1, max_length=64)

    @field_validator("language_models")
    @classmethod
    def _known_models(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _models(value)

    @field_validator("reserved_channels")
    @classmethod
    def _known_channels(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _known(value, CHANNELS, "channel")


class Extract(_Section):
    """The extractor and the limits of the child that runs it."""

    extractor: str = Field(pattern="^(trafilatura|resiliparse)$")
    max_chars: int = Field(gt=0)
    cpu_limit_s: float = Field(gt=0)
    memory_limit_mb: int = Field(ge=64)


class Identify(_Section):
    """Models that vote, and the languages that a run asks for; none means all."""

    models: tuple[str, ...] = Field(min_length=1)
    languages: tuple[str, ...]

    @field_validator("models")
    @classmethod
    def _known_models(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _models(value)

    @field_validator("languages")
    @classmethod
    def _normalised(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(tags.normalise(tag) for tag in value))


class Redact(_Section):
    """Kinds of personal data that are replaced."""

    kinds: tuple[str, ...]

    @field_validator("kinds")
    @classmethod
    def _known_kinds(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _known(value, pii.ALL, "kind")


class Cluster(_Section):
    """Deduplication."""

    threshold: float = Field(gt=0, le=1)
    partitions: int = Field(ge=1, le=4096)


class Publish(_Section):
    """Sizes of the published files."""

    shards_per_task: int = Field(ge=1)
    target_file_bytes: int = Field(ge=1 << 16)
    row_group_rows: int = Field(ge=1)


class Limits(_Section):
    """When a run that finished is still a failure."""

    max_quarantined_fraction: float = Field(ge=0, le=1)


class Words(_Section):
    """Words or phrases of a language and where they come from.

    In YAML a list, or one text that is split at white space (a fiftieth of the time to read).
    """

    source: str = Field(min_length=10)
    words: tuple[str, ...]

    @field_validator("words", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(value.split()) if isinstance(value, str) else value


class Calibration(_Section):
    """What a language pack was calibrated on, and how far to trust it; no rule reads it.

    `documents` and `characters` are those that thresholds and word lists were derived from,
    `held_out` the documents that were kept to test the pack on, `digest` that of all of them.
    `trust` is `calibrated` where shape thresholds (lines, lengths, repetition) come from the
    language's own whole documents, else `inherited`: they are the family's medians. `clamped` are
    the signals whose derived threshold was beyond what any language should need.
    """

    reference: str = Field(min_length=10)
    documents: int = Field(ge=0)
    held_out: int = Field(ge=0)
    characters: int = Field(ge=0)
    digest: str = Field(pattern="^[0-9a-f]{16,64}$")
    trust: str = Field(pattern="^(calibrated|inherited)$")
    clamped: tuple[str, ...] = ()


class Rule(_Section):
    """Bounds on a signal; every threshold says where it comes from."""

    min: float | None = Field(default=None, allow_inf_nan=False)
    max: float | None = Field(default=None, allow_inf_nan=False)
    source: str = Field(min_length=10)

    @model_validator(mode="after")
    def _ordered(self) -> "Rule":
        if self.min is None and self.max is None:
            raise ValueError("needs min, max or both; `null` in place of the rule switches it off")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class Language(_Section):
    """What is particular to a language."""

    stop_words: Words
    affinity_words: Words
    neighbour_words: Words
    boilerplate_phrases: Words
    rules: dict[str, Rule | None]

    @field_validator("rules")
    @classmethod
    def _known_signals(cls, value: dict[str, Rule | None]) -> dict[str, Rule | None]:
        _known(value, BY_NAME, "signal")
        for name, rule in value.items():
            for bound in () if rule is None else (rule.min, rule.max):
                known = BY_NAME[name]
                if bound is not None and not known.low <= bound <= known.high:
                    raise ValueError(
                        f"{name}: {bound:g} is outside the signal's range, "
                        f"{known.low:g} to {known.high:g}"
                    )
        return value


class Run(_Section):
    """The whole resolved configuration of a run."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")
    snapshot: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")
    inputs: tuple[str, ...] = ()
    base_uri: str | None = None
    robots: tuple[str, ...] | None = None
    limit: int | None = Field(default=None, ge=1)
    read: Read
    gate: Gate
    extract: Extract
    identify: Identify
    redact: Redact
    cluster: Cluster
    publish: Publish
    limits: Limits
    language: Language
    languages: dict[str, Language]

    def slice(self, *paths: str) -> dict[str, Any]:
        """The values at dotted paths; what a step's stages declare goes into its task keys."""
        whole = self.model_dump(mode="json")
        found: dict[str, Any] = {}
        for path in paths:
            value: Any = whole
            for part in path.split("."):
                value = (
                    {tag: v[part] for tag, v in value.items()}
                    if value is whole["languages"]
                    else value[part]
                )
            found[path] = value
        return found

    def lexicon(self, tag: str) -> Lexicon:
        """The words of a language's pack; of the base configuration without one."""
        pack = self.languages.get(tag, self.language)
        return Lexicon(*(frozenset(getattr(pack, key).words) for key in WORD_LISTS))

    def bounds(self) -> tuple[tuple[str, ...], dict[str, dict[str, rules.Bound]]]:
        """Rules in declared order, and each language's bounds.

        Tag `base` judges languages without a pack.
        """
        order = tuple(self.language.rules)
        packs = {"base": self.language, **self.languages}
        return order, {
            tag: {
                name: rules.Bound(name, rule.min, rule.max)
                for name, rule in pack.rules.items()
                if rule is not None
            }
            for tag, pack in packs.items()
        }


def _models(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        models.check(name)
    return names


def _known(names: Iterable[str], allowed: Collection[str], what: str) -> tuple[str, ...]:
    for name in names:
        if name not in allowed:
            raise ValueError(f"unknown {what} {name!r}; allowed: {', '.join(sorted(allowed))}")
    return tuple(names)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A configuration with the origin of each value, by dotted path."""

    run: Run
    origins: Mapping[str, str]

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of the whole configuration."""
        return digest(self.run.model_dump(mode="json"))


def digest(value: Any) -> str:
    """SHA-256 of compact JSON, keys in their order: that of rules decides first reasons."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def load(source: str | Path, settings: Sequence[str] = ()) -> Resolved:
    """The configuration of a run from its file, or from the name of one in configs/runs/.

    `settings` are `key=value` with dotted keys and YAML values. ConfigError names file, key and
    remedy.
    """
    path = Path(source)
    if not path.is_file() and not path.suffix:
        path = Path(str(resources.files("configs").joinpath("runs", f"{source}.yaml")))
    if not path.is_file():
        names = ", ".join(sorted(p.stem for p in (configs_folder() / "runs").glob("*.yaml")))
        raise ConfigError(str(source), "no such configuration file", f"shipped ones: {names}")
    origins: dict[str, str] = {}
    merged: dict[str, Any] = {}
    overrides: list[tuple[str, dict[str, Any]]] = []
    for origin, layer in (
        ("configs/base.yaml", _read(configs_folder() / "base.yaml")),
        (_label(path), _read(path)),
        ("--set", _settings(settings)),
    ):
        if "languages" in layer and isinstance(layer["languages"], list):
            raise ConfigError(
                origin, "`languages` belongs under `identify`", "write identify: {languages: [...]}"
            )
        own_languages = layer.pop("languages", {})
        if not isinstance(own_languages, dict):
            raise ConfigError(origin, "languages: must be a mapping of tags")
        overrides.append((origin, own_languages))
        _merge(merged, layer, origin, origins, "")
    packs: dict[str, Any] = {}
    for tag, pack in language_packs():
        base = json.loads(json.dumps(merged["language"]))
        own = {key: pack[key] for key in WORD_LISTS if key in pack}
        own["rules"] = pack.get("rules") or {}
        _merge(base, own, f"configs/languages/{tag}.yaml", origins, f"languages.{tag}.")
        packs[tag] = base
    for origin, chosen in overrides:
        for name, own in chosen.items():
            tag = _tag(name, origin)
            pack = packs.setdefault(tag, json.loads(json.dumps(merged["language"])))
            _merge(pack, own, origin, origins, f"languages.{tag}.")
    return Resolved(_validated({**merged, "languages": packs}, origins), origins)


def base_language() -> Language:
    """What configs/base.yaml says of languages without a pack."""
    return Language.model_validate(_read(configs_folder() / "base.yaml")["language"])


def _tag(name: str, origin: str) -> str:
    try:
        return tags.normalise(name)
    except ValueError as error:
        raise ConfigError(origin, f"languages: {error}", "`weir languages` lists them") from None


def _validated(merged: dict[str, Any], origins: dict[str, str]) -> Run:
    try:
        return Run.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        below = (o for k, o in reversed(origins.items()) if f"{k}.".startswith(f"{key}."))
        origin = _with_line(next(below, "configuration"), first["loc"])
        value = "" if isinstance(first["input"], dict) else f" (given: {first['input']!r})"
        raise ConfigError(
            origin,
            f"{key}: {first['msg']}{value}",
            "`weir config explain KEY` shows what is allowed",
        ) from None


def _label(path: Path) -> str:
    folder = configs_folder()
    return f"configs/{path.relative_to(folder)}" if path.is_relative_to(folder) else str(path)


def configs_folder() -> Path:
    """Where the shipped configuration lies."""
    return Path(str(resources.files("configs").joinpath("base.yaml"))).parent


_PACK_KEYS = {"tag", "name", "autonym", "calibration", "rules", *WORD_LISTS}


def language_packs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every shipped language pack by tag, in order."""
    for path in sorted((configs_folder() / "languages").glob("*.yaml")):
        yield path.stem, read_pack(path)


def read_pack(path: Path) -> dict[str, Any]:
    """A language pack as written; ConfigError names file and line of what is wrong with its form.

    What its rules and words may be is checked where they are merged with the base.
    """
    pack = _read(path)
    if pack.get("tag") != path.stem:
        raise ConfigError(
            _at(path, ("tag",)),
            f"tag is {pack.get('tag')!r}, the file is named {path.stem}",
            "make them equal",
        )
    if not tags.is_european(path.stem):
        raise ConfigError(
            _at(path, ("tag",)), f"unknown tag {path.stem}", "`weir languages` lists them"
        )
    unknown = sorted(set(pack) - _PACK_KEYS)
    missing = sorted({"stop_words", "rules"} - set(pack))
    if unknown or missing:
        raise ConfigError(
            _at(path, unknown[:1]),
            f"unknown or missing keys: {unknown or missing}",
            f"allowed: {', '.join(sorted(_PACK_KEYS))}",
        )
    if "calibration" in pack:
        try:
            Calibration.model_validate(pack["calibration"])
        except ValidationError as error:
            first = error.errors()[0]
            place = ("calibration", *first["loc"])
            raise ConfigError(
                _at(path, place), f"{'.'.join(map(str, place))}: {first['msg']}"
            ) from None
    return pack


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """libyaml's loader, with YAML 1.2's notion of true and false, and without repeated keys.

    Twenty-five times as fast as ruamel.yaml without its extension, which matters with a hundred
    language packs to read at every start.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - the name and form that PyYAML reads
        first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:bool"]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that is there twice, of which PyYAML takes the last."""
        made: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        if len(made) < len(node.value):
            seen = set()
            for key, _ in node.value:
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"found {key.value!r} twice", key.start_mark
                    )
                seen.add(key.value)
        return made


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def _read(path: Path) -> dict[str, Any]:
    try:
        value = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise ConfigError(place, f"not readable as YAML: {error.problem}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(
            str(path), f"not readable as YAML: {str(error).splitlines()[0]}"
        ) from None
    if not isinstance(value, dict):
        raise ConfigError(str(path), "must be a mapping of sections")
    return value


def _with_line(origin: str, place: Sequence[str | int]) -> str:
    """The origin with the line on which a shipped file says what is at this place."""
    path = configs_folder() / origin.removeprefix("configs/")
    if not path.is_file():
        path = Path(origin)
    keys = place[2:] if place[:1] == ("languages",) and "languages" in path.parts else place
    return origin + (_at(path, keys).removeprefix(_label(path)) if path.is_file() else "")


def _at(path: Path, place: Sequence[str | int]) -> str:
    """File and line of the deepest key of `place` that the file has."""
    line = 0
    node = yaml.compose(path.read_text(encoding="utf-8"), _Loader)
    for part in place:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = [pair for pair in pairs if pair[0].value == part]
        if not found:
            break
        key, node = found[0]
        line = key.start_mark.line + 1
    return f"{_label(path)}:{line}" if line else _label(path)


def _settings(settings: Sequence[str]) -> dict[str, Any]:
    layer: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise ConfigError(
                "--set",
                f"{setting!r} is not key=value",
                "for example --set extract.extractor=resiliparse",
            )
        try:
            value = YAML(typ="safe", pure=True).load(text)
        except YAMLError:
            raise ConfigError("--set", f"{key}: {text!r} is not a YAML value") from None
        *parents, last = key.split(".")
        place = layer
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise ConfigError("--set", f"{key}: {parent} is already set to a plain value")
        place[last] = value
        if last in ("min", "max") and "rules" in parents:
            place.setdefault("source", "set on the command line, without a source")
    return layer


def _merge(
    into: dict[str, Any],
    layer: Mapping[str, Any],
    origin: str,
    origins: dict[str, str],
    prefix: str,
) -> None:
    """Mappings merge, everything else replaces."""
    for key, value in layer.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value, origin, origins, f"{prefix}{key}.")
        elif isinstance(into.get(key), dict) and not prefix.endswith("rules."):
            raise ConfigError(origin, f"{prefix}{key}: must be a mapping (given: {value!r})")
        else:
            into[key] = json.loads(json.dumps(value))
            for path in _leaves(value, f"{prefix}{key}"):
                origins.pop(path, None)  # so that the latest stands last
                origins[path] = origin


def _leaves(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}")
    else:
        yield path
