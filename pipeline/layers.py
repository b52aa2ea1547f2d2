"""Layers of a configuration: YAML files and `--set`, read and merged, each value with its origin.

What a file says wrongly is named with its line.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from filters.catalog import PEER
from stages.errors import ConfigError

NULLABLE = ("tokens", "quality_model", "perplexity_model")
"""Sections that null switches off."""


def label(path: Path) -> str:
    """The path as messages and origins name it: shipped files from `configs/`."""
    folder = configs_folder()
    return f"configs/{path.relative_to(folder)}" if path.is_relative_to(folder) else str(path)


def configs_folder() -> Path:
    """Where the shipped configuration lies."""
    return Path(str(resources.files("configs").joinpath("base.yaml"))).parent


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


def read(path: Path) -> dict[str, Any]:
    """A YAML file that is a mapping; ConfigError names file, line and problem."""
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


def with_line(origin: str, place: Sequence[str | int]) -> str:
    """The origin with the line on which a shipped file says what is at this place."""
    path = configs_folder() / origin.removeprefix("configs/")
    if not path.is_file():
        path = Path(origin)
    keys = place[2:] if place[:1] == ("languages",) and "languages" in path.parts else place
    return origin + (at(path, keys).removeprefix(label(path)) if path.is_file() else "")


def at(path: Path, place: Sequence[str | int]) -> str:
    """File and line of the deepest key, or entry of a list, of `place` that the file has."""
    line = 0
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), _Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return label(path)
    for part in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                break
            node = node.value[part]
            line = node.start_mark.line + 1
            continue
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = [pair for pair in pairs if pair[0].value == part]
        if not found:
            break
        key, node = found[0]
        line = key.start_mark.line + 1
    return f"{label(path)}:{line}" if line else label(path)


def settings_layer(settings: Sequence[str]) -> dict[str, Any]:
    """The layer of `key=value` settings with dotted keys and YAML values."""
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
        *parents, last = _parts(key)
        place = layer
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise ConfigError("--set", f"{key}: {parent} is already set to a plain value")
        place[last] = value
        if last in ("min", "max") and "rules" in parents:
            place.setdefault("source", "set on the command line, without a source")
    return layer


def _parts(key: str) -> list[str]:
    """The parts of a dotted key; the name of a rule on a datatrove filter has a dot of its own."""
    before, rule, name = key.partition(f".rules.{PEER}")
    if not rule:
        return key.split(".")
    name, *rest = name.split(".")
    return [*before.split("."), "rules", f"{PEER}{name}", *rest]


def merge(
    into: dict[str, Any],
    layer: Mapping[str, Any],
    origin: str,
    origins: dict[str, str],
    prefix: str,
) -> None:
    """Mappings merge, everything else replaces."""
    for key, value in layer.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            merge(into[key], value, origin, origins, f"{prefix}{key}.")
        elif (
            isinstance(into.get(key), dict)
            and not prefix.endswith("rules.")
            and not (value is None and key in NULLABLE)
        ):
            raise ConfigError(origin, f"{prefix}{key}: must be a mapping (given: {value!r})")
        else:
            into[key] = json.loads(json.dumps(value))
            for path in leaves(value, f"{prefix}{key}"):
                origins.pop(path, None)  # so that the latest stands last
                origins[path] = origin


def leaves(value: Any, path: str) -> Iterator[str]:
    """Dotted paths of all values that are no mapping, or an empty one."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}")
    else:
        yield path
