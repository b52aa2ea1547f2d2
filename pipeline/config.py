"""Configuration: YAML in, frozen models out.

`configs/base.yaml`, then the run's file, then `--set`; `configs/languages/<tag>.yaml` over the
part `language`. Each value remembers the file it came from, for `weir config show`.
"""

import difflib
import functools
import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from filters import domains, minhash, rights, rules, spans
from filters.catalog import BY_NAME, PEER, find
from filters.text import Lexicon
from langid import cld2_labels, models, registry, tags
from pipeline import layers
from stages.errors import ConfigError

WORD_LISTS = ("stop_words", "affinity_words", "neighbour_words", "boilerplate_phrases")
"""Keys of a language pack that hold words."""

PACK_MODELS = ("quality_model", "perplexity_model")
"""Keys of a language pack that name a model."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Read(_Section):
    """Caps of reading."""

    max_record_bytes: int = Field(gt=0)


Label = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\s,]+$")]
"""A value of a column of the index: no list, no white space."""


class CcIndex(_Section):
    """What a run of `source: cc-index` asks of Common Crawl's columnar index."""

    path: str | None = Field(default=None, min_length=1)
    crawl: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")
    subset: str = Field(default="warc", pattern=r"^[a-z]{1,40}$")
    robots_subset: str | None = Field(default="robotstxt", pattern=r"^[a-z]{1,40}$")
    languages: tuple[str, ...] = ()
    unlabelled: bool = False
    tlds: tuple[Label, ...] = ()
    domains: tuple[Label, ...] = ()
    match: Literal["all", "any"] = "all"
    status: tuple[Annotated[int, Field(ge=0, le=999)], ...] = (200,)
    media_types: tuple[Label, ...] | None = None
    truncated: bool = False
    verify: bool = True
    one_per_digest: bool = False

    @field_validator("languages")
    @classmethod
    def _labelled(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        cld2_labels.labels_of(value)
        return value

    @field_validator("tlds", "domains")
    @classmethod
    def _as_indexed(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Names as the index has them: lower case, without a dot before them, in ASCII."""
        try:
            return tuple(v.lower().lstrip(".").encode("idna").decode() for v in value)
        except UnicodeError:
            raise ValueError("names a host that no host can have") from None


Entry = Annotated[str, AfterValidator(domains.canonical)]
"""A domain, URL or top-level domain of a list, in canonical form."""


class Gate(_Section):
    """What the gate may reject, and its caps."""

    media_types: tuple[str, ...]
    max_payload_bytes: int = Field(gt=0)
    max_decoded_bytes: int = Field(gt=0)
    max_depth: int = Field(gt=0)
    max_tags: int = Field(gt=0)
    max_tag_attributes: int = Field(gt=0)
    min_visible_chars: int | None = Field(default=None, gt=0, le=8000)
    max_url_chars: int = Field(gt=0)
    keep_truncated: bool
    deny_domains: tuple[Entry, ...]
    allow_domains: tuple[Entry, ...]
    block_list: str | None = Field(min_length=1)
    language_models: tuple[str, ...] = Field(min_length=1)
    min_european_mass: float = Field(ge=0, le=1)
    url_key: str = Field(min_length=1, max_length=64)

    @model_validator(mode="after")
    def _not_contradictory(self) -> "Gate":
        for problem in domains.contradictions(self.allow_domains, self.deny_domains):
            raise ValueError(f"allow_domains, deny_domains: {problem}")
        return self

    @field_validator("language_models")
    @classmethod
    def _known_models(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _models(value)


class Rights(_Section):
    """Which reservations are heeded, and what is given beside the snapshot to find them."""

    policy: Literal["none", "standard", "strict"]
    robots_mode: Literal["union", "at_crawl", "latest"]
    robots_latest: str | None = Field(min_length=1)
    side_files: str | None = Field(min_length=1)
    optout_domains: str | None = Field(min_length=1)

    @property
    def gate_policy(self) -> str:
        """The policy of the gate: `standard` also for a stricter one, which `judge` applies.

        So both share one extraction, and its bytes.
        """
        return self.policy if self.policy == "none" else "standard"

    @property
    def at_gate(self) -> tuple[str, ...]:
        """Channels by which the gate rejects."""
        return rights.POLICIES[self.gate_policy]

    @property
    def heeds_crawl(self) -> bool:
        """Whether the gate rejects by the snapshot's robots.txt: not if newer ones replace it."""
        return self.robots_mode != rights.LATEST

    def extends(self, other: "Rights") -> bool:
        """Whether the gate rejects no less than another's, so that `judge` can make up for it.

        What was extracted under the other is then all that this one needs.
        """
        is_more = other.gate_policy in ("none", self.gate_policy)
        return is_more and self.heeds_crawl >= other.heeds_crawl

    @model_validator(mode="after")
    def _has_latest(self) -> "Rights":
        if self.robots_mode == "latest" and self.robots_latest is None:
            raise ValueError("robots_mode: latest needs robots_latest, a Parquet file")
        return self


class Extract(_Section):
    """The extractor and the limits of the child that runs it."""

    extractor: str = Field(pattern="^(cascade|weir|trafilatura|resiliparse)$")
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


class Names(_Section):
    """A recogniser of names: an entry point of an installed package, and that package's version."""

    recogniser: str = Field(pattern=r"^[\w.\-]{1,100}$")
    version: str


class Redact(_Section):
    """Kinds of personal data that are replaced."""

    kinds: tuple[str, ...]
    names: Names | None

    @field_validator("kinds")
    @classmethod
    def _known_kinds(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _known(value, spans.ALL, "kind")


class Cluster(_Section):
    """Deduplication."""

    threshold: float = Field(gt=0, le=1)
    bands: int = Field(ge=1, le=minhash.PERMUTATIONS)
    rows: int = Field(ge=1, le=minhash.PERMUTATIONS)
    partitions: int | None = Field(default=None, ge=1, le=4096)

    @model_validator(mode="after")
    def _fits(self) -> "Cluster":
        if self.bands * self.rows > minhash.PERMUTATIONS:
            raise ValueError(
                f"{self.bands} bands of {self.rows} rows need more than the "
                f"{minhash.PERMUTATIONS} values of a signature"
            )
        return self


class Publish(_Section):
    """Sizes of the published files."""

    shards_per_task: int = Field(ge=1)
    target_file_bytes: int = Field(ge=1 << 16)
    row_group_rows: int = Field(ge=1)
    upsampling_weights: dict[Annotated[int, Field(ge=1)], Annotated[float, Field(ge=0)]] | None = (
        None
    )

    @field_validator("upsampling_weights")
    @classmethod
    def _from_one(cls, value: dict[int, float] | None) -> dict[int, float] | None:
        if value is not None and 1 not in value:
            raise ValueError("needs a weight from size 1 on: most documents have no duplicate")
        return value


Step = Literal[
    "prepare",
    "collate",
    "extract",
    "band",
    "pair",
    "gather",
    "lend",
    "estimate",
    "shingle",
    "cluster",
    "judge",
    "resolve",
    "decide",
    "publish",
    "compact",
    "index",
]


class Limits(_Section):
    """When a run that finished is still a failure; what a task may take. No byte depends on it."""

    max_quarantined_fraction: float = Field(ge=0, le=1)
    task_memory_mb: dict[Step, Annotated[int, Field(gt=0)]] = {}
    task_hours: dict[Step, Annotated[float, Field(gt=0)]] = {}


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


_SHA256 = "^[0-9a-f]{64}$"


class ModelFile(_Section):
    """A model of the user's: a path, or the name of a file in the model directory; its digest."""

    path: str | None = Field(default=None, min_length=1)
    name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$")
    sha256: str = Field(pattern=_SHA256)
    revision: str = Field(min_length=1)

    @model_validator(mode="after")
    def _one_place(self) -> "ModelFile":
        if (self.path is None) == (self.name is None):
            raise ValueError("needs either path or name (a file in the model directory)")
        return self

    @property
    def location(self) -> Path:
        """Where the file should be on this machine."""
        return Path(self.path) if self.path else registry.directory() / str(self.name)


class QualityModel(ModelFile):
    """A fastText classifier; `label` names the class whose probability is the signal."""

    label: str = Field(default="positive", min_length=1)


class Tokens(_Section):
    """The tokenizer by which tokens are counted: a tokenizer.json and its digest."""

    tokenizer: str = Field(min_length=1)
    sha256: str = Field(pattern=_SHA256)


class DatatroveFilter(_Section):
    """A filter of datatrove: class, parameters, and whose words it sees."""

    filter: str
    parameters: dict[str, Any] = {}
    words: Literal["weir", "datatrove"] = "weir"

    @model_validator(mode="after")
    def _usable(self) -> "DatatroveFilter":
        from filters import datatrove_filters  # noqa: PLC0415 - half a second, where it is asked for

        try:
            datatrove_filters.check(self.filter, self.parameters, self.words)
        except ImportError as error:
            raise ValueError(str(error)) from None
        return self


class Domains(_Section):
    """What a language team says of sites: applied to documents of its language, in step decide."""

    source: str = Field(min_length=10)
    allow: tuple[Entry, ...] = ()
    allow_words: tuple[str, ...] = ()
    deny: tuple[Entry, ...] = ()
    exempts: tuple[str, ...] = ()

    @field_validator("exempts")
    @classmethod
    def _known_rules(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _known(value, BY_NAME, "rule")

    @field_validator("allow_words")
    @classmethod
    def _words(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for word in value:
            if not domains.is_word(word):
                raise ValueError(f"{word!r} is no word of a URL: letters and digits only")
        return tuple(word.lower() for word in value)

    @model_validator(mode="after")
    def _not_contradictory(self) -> "Domains":
        for problem in domains.contradictions(self.allow, self.deny):
            raise ValueError(problem)
        if (self.allow or self.allow_words) and not self.exempts:
            raise ValueError("allow has no effect while `exempts` names no rule")
        return self


class Language(_Section):
    """What is particular to a language."""

    domains: Domains
    stop_words: Words
    affinity_words: Words
    neighbour_words: Words
    boilerplate_phrases: Words
    rules: dict[str, Rule | None]
    quality_model: QualityModel | None = None
    perplexity_model: ModelFile | None = None

    @field_validator("rules")
    @classmethod
    def _known_signals(cls, value: dict[str, Rule | None]) -> dict[str, Rule | None]:
        _known((name for name in value if not name.startswith(PEER)), BY_NAME, "signal")
        return value

    @field_validator("rules")
    @classmethod
    def _in_range(cls, value: dict[str, Rule | None]) -> dict[str, Rule | None]:
        for name, rule in value.items():
            for side in ("min", "max"):
                bound, signal = getattr(rule, side, None), find(name)
                if bound is not None and signal and not signal.low <= bound <= signal.high:
                    allowed = f"{signal.low:g} to {signal.high:g} ({signal.unit})"
                    raise ValueError(f"{name}.{side} {bound:g} is outside the range {allowed}")
        return value


class Storage(_Section):
    """How object stores and web servers are used; none of it changes a byte of the output."""

    requests_per_second: float = Field(default=500, gt=0)
    """To one host or bucket, by all workers of the run together."""
    cache: str | None = Field(default=None, min_length=1)
    """Folder for copies of what must be mapped; by default in the temporary one."""
    cache_bytes: int = Field(default=8 << 30, gt=0)
    part_bytes: int = Field(default=8 << 20, ge=5 << 20, le=1 << 30)
    """Of an upload: what is larger is uploaded in such parts, 10,000 at most; S3 takes no smaller
    ones."""


class Run(_Section):
    """The whole resolved configuration of a run."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")
    snapshot: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")
    source: Literal["files", "cc-index"] = "files"
    inputs: tuple[str, ...] = ()
    base_uri: str | None = None
    cc_index: CcIndex | None = None
    robots: tuple[str, ...] | None = None
    limit: int | None = Field(default=None, ge=1)
    read: Read
    gate: Gate
    rights: Rights
    extract: Extract
    identify: Identify
    redact: Redact
    cluster: Cluster
    publish: Publish
    limits: Limits
    tokens: Tokens | None = None
    storage: Storage = Storage()
    datatrove: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")], DatatroveFilter] = {}
    language: Language
    languages: dict[str, Language]

    @model_validator(mode="after")
    def _one_source(self) -> "Run":
        if self.source == "cc-index" and self.cc_index is None:
            raise ValueError("source: cc-index needs the section cc_index")
        if self.source == "cc-index" and self.inputs:
            raise ValueError("inputs: source cc-index finds its WARC files in the index; leave out")
        return self

    @functools.cached_property
    def _whole(self) -> dict[str, Any]:
        return self.model_dump(mode="json")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other values; what was worked out of the old ones does not go along."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("_whole", None)
        return copied

    def slice(self, *paths: str) -> dict[str, Any]:
        """The values at dotted paths; what a step's stages declare goes into its task keys."""
        whole = self._whole
        found: dict[str, Any] = {}
        for path in paths:
            value: Any = whole
            for part in path.split("."):
                value = (
                    {tag: v[part] for tag, v in value.items()}
                    if value is whole["languages"]
                    else value[part]
                )
            found[path] = _without_places(value)
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

    def lists(self) -> dict[str, domains.LanguageLists]:
        """Each language's lists of sites, where it has any; `base` as in `bounds`."""
        packs = {"base": self.language, **self.languages}
        return {
            tag: domains.LanguageLists(
                domains.TextList.of(found.allow),
                frozenset(found.allow_words),
                domains.TextList.of(found.deny),
                found.exempts,
            )
            for tag, pack in packs.items()
            if (found := pack.domains).allow or found.allow_words or found.deny
        }


def _without_places(value: Any) -> Any:
    """The value without the paths of files that have a digest: a model is the same anywhere."""
    if not isinstance(value, dict):
        return value
    places = ("path", "name", "tokenizer") if "sha256" in value else ()
    return {key: _without_places(inner) for key, inner in value.items() if key not in places}


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
        """SHA-256 of the canonical JSON of the whole configuration, but for how stores are used."""
        return digest_of_run(self.run.model_dump(mode="json"))


def digest_of_run(whole: Mapping[str, Any]) -> str:
    """SHA-256 of a run's configuration without how stores are used, so that it resumes anyhow."""
    return digest({key: value for key, value in whole.items() if key != "storage"})


def digest(value: Any) -> str:
    """SHA-256 of compact JSON, keys in their order: that of rules decides first reasons."""
    return hashlib.sha256(_compact(value)).hexdigest()


def digester(*first: Any) -> Callable[..., str]:
    """`digest` of the list of these values and those it is called with.

    The first ones are only written once: 90,000 tasks share a configuration of some hundred kB.
    """
    begun = hashlib.sha256(_compact(first)[:-1])

    def finish(*last: Any) -> str:
        ended = begun.copy()
        ended.update(b"," + _compact(last)[1:])
        return ended.hexdigest()

    return finish


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def load(source: str | Path, settings: Sequence[str] = ()) -> Resolved:
    """The configuration of a run from its file, or from the name of one in configs/runs/.

    `settings` are `key=value` with dotted keys and YAML values. ConfigError names file, key and
    remedy.
    """
    path = Path(source)
    if not path.is_file() and not path.suffix:
        path = Path(str(resources.files("configs").joinpath("runs", f"{source}.yaml")))
    if not path.is_file():
        names = ", ".join(sorted(p.stem for p in (layers.configs_folder() / "runs").glob("*.yaml")))
        raise ConfigError(str(source), "no such configuration file", f"shipped ones: {names}")
    origins: dict[str, str] = {}
    merged: dict[str, Any] = {}
    overrides: list[tuple[str, dict[str, Any]]] = []
    for origin, layer in (
        ("configs/base.yaml", layers.read(layers.configs_folder() / "base.yaml")),
        (layers.label(path), layers.read(path)),
        ("--set", layers.settings_layer(settings)),
    ):
        if "languages" in layer and isinstance(layer["languages"], list):
            raise ConfigError(
                origin, "`languages` belongs under `identify`", "write identify: {languages: [...]}"
            )
        own_languages = layer.pop("languages", {})
        if not isinstance(own_languages, dict):
            raise ConfigError(origin, "languages: must be a mapping of tags")
        overrides.append((origin, own_languages))
        layers.merge(merged, layer, origin, origins, "")
    _add_peer_rules(merged, origins)
    packs: dict[str, Any] = {}
    for tag, pack in language_packs():
        base = json.loads(json.dumps(merged["language"]))
        own = {key: pack[key] for key in WORD_LISTS if key in pack}
        own["rules"] = pack.get("rules") or {}
        own.update({key: pack[key] for key in PACK_MODELS if key in pack})
        own["domains"] = pack.get("domains") or {}
        layers.merge(base, own, f"configs/languages/{tag}.yaml", origins, f"languages.{tag}.")
        packs[tag] = base
    for origin, chosen in overrides:
        for name, own in chosen.items():
            tag = _tag(name, origin)
            pack = packs.setdefault(tag, json.loads(json.dumps(merged["language"])))
            layers.merge(pack, own, origin, origins, f"languages.{tag}.")
    resolved = Resolved(_validated({**merged, "languages": packs}, origins), origins)
    _check_rules(resolved)
    return resolved


def _add_peer_rules(merged: dict[str, Any], origins: dict[str, str]) -> None:
    """A rule for every datatrove filter that has none: what its verdict rejects is rejected."""
    declared, wanted = merged["language"]["rules"], merged.get("datatrove")
    for name, entry in wanted.items() if isinstance(wanted, dict) else ():
        rule = f"{PEER}{name}"
        if rule in declared or not isinstance(entry, dict):
            continue
        source = f"the verdict of datatrove's {entry.get('filter')}"
        declared[rule] = {"min": 1, "source": source}
        origin = origins.get(f"datatrove.{name}.filter", "configuration")
        for path in layers.leaves(declared[rule], f"language.rules.{rule}"):
            origins[path] = origin


def _check_rules(resolved: Resolved) -> None:
    """A filter's rule needs the filter, and a language's rule a place in the declared order."""
    run = resolved.run
    packs = {"language": run.language, **{f"languages.{t}": p for t, p in run.languages.items()}}
    for place, pack in packs.items():
        for rule in pack.rules:
            key = f"{place}.rules.{rule}"
            if rule.startswith(PEER) and rule.removeprefix(PEER) not in run.datatrove:
                problem = f"no filter {rule.removeprefix(PEER)!r} under `datatrove`"
                remedy = f"there are: {', '.join(run.datatrove) or 'none'}"
            elif rule not in run.language.rules:
                problem = "the rule has no place in the order of rules"
                remedy = f"declare it for every language, off: language.rules.{rule}: null"
            else:
                continue
            origin = next((o for k, o in resolved.origins.items() if k.startswith(key)), key)
            raise ConfigError(origin, f"{key}: {problem}", remedy)


def check_files(run: Run) -> None:
    """Read every model file that the configuration names, and compare its SHA-256.

    ConfigError names key, file, both digests and the command that helps.
    """
    named: dict[str, tuple[Path, str]] = {}
    if run.tokens is not None:
        named["tokens"] = (Path(run.tokens.tokenizer), run.tokens.sha256)
    packs = {"language": run.language, **{f"languages.{t}": p for t, p in run.languages.items()}}
    for place, pack in packs.items():
        for key in PACK_MODELS:
            model: ModelFile | None = getattr(pack, key)
            if model is not None:
                named[f"{place}.{key}"] = (model.location, model.sha256)
    checked: set[tuple[Path, str]] = set()
    for key, (path, sha256) in named.items():
        if (path, sha256) in checked:
            continue
        remedy = f"if this file is meant, set the digest that `sha256sum {path}` prints"
        try:
            registry.check(path, sha256, remedy)
        except registry.ModelError as error:
            raise ConfigError(key, str(error)) from None
        checked.add((path, sha256))


def base_language() -> Language:
    """What configs/base.yaml says of languages without a pack."""
    return Language.model_validate(layers.read(layers.configs_folder() / "base.yaml")["language"])


def _tag(name: str, origin: str) -> str:
    try:
        return tags.normalise(name)
    except ValueError as error:
        where = layers.with_line(origin, ("languages", name))
        raise ConfigError(where, f"languages: {error}", "`weir languages` lists them") from None


def _validated(merged: dict[str, Any], origins: dict[str, str]) -> Run:
    try:
        return Run.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        named = key
        while "." in named and named.rpartition(".")[2].isdigit():  # an entry of a list
            named = named.rpartition(".")[0]
        below = (o for k, o in reversed(origins.items()) if f"{k}.".startswith(f"{named}."))
        origin = layers.with_line(next(below, "configuration"), first["loc"])
        value = "" if isinstance(first["input"], dict) else f" (given: {first['input']!r})"
        near = _near(first["loc"]) if first["type"] == "extra_forbidden" else []
        raise ConfigError(
            origin,
            f"{key}: {first['msg']}{value}",
            (f"did you mean {', '.join(near)}? " if near else "")
            + f"`weir config explain {near[0] if near else 'KEY'}` shows what is allowed",
        ) from None


def _near(location: Sequence[int | str]) -> list[str]:
    """Keys that are spelt like an unknown one, and may stand where it stands; dotted."""
    model: Any = Run
    for part in location[:-1]:  # an entry of a list or a mapping has no field of its own
        if part in model.model_fields:
            model = _model_of(model.model_fields[part].annotation) or model
    before = [str(part) for part in location[:-1]]
    close = difflib.get_close_matches(str(location[-1]), model.model_fields, n=3, cutoff=0.7)
    return [".".join([*before, name]) for name in close]


def _model_of(annotation: Any) -> Any:
    """The section that a field holds, itself or in a list or mapping; None if it holds none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_of(part))), None)


_PACK_KEYS = {
    *("tag", "name", "autonym", "calibration", "rules", "domains"),
    *WORD_LISTS,
    *PACK_MODELS,
}


def language_packs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every shipped language pack by tag, in order."""
    for path in sorted((layers.configs_folder() / "languages").glob("*.yaml")):
        yield path.stem, read_pack(path)


def read_pack(path: Path) -> dict[str, Any]:
    """A language pack as written; ConfigError names file and line of what is wrong with its form.

    What its rules and words may be is checked where they are merged with the base.
    """
    pack = layers.read(path)
    if pack.get("tag") != path.stem:
        raise ConfigError(
            layers.at(path, ("tag",)),
            f"tag is {pack.get('tag')!r}, the file is named {path.stem}",
            "make them equal",
        )
    if not tags.is_european(path.stem):
        raise ConfigError(
            layers.at(path, ("tag",)), f"unknown tag {path.stem}", "`weir languages` lists them"
        )
    unknown = sorted(set(pack) - _PACK_KEYS)
    missing = sorted({"stop_words", "rules"} - set(pack))
    if unknown or missing:
        raise ConfigError(
            layers.at(path, unknown[:1]),
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
                layers.at(path, place), f"{'.'.join(map(str, place))}: {first['msg']}"
            ) from None
    return pack
