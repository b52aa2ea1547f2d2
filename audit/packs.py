"""A language's thresholds as YAML: the difference that a move makes, in a new file or an old one.

Comments, quotes and the order of keys of an existing file stay as they are.
"""

import difflib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from filters.rules import Bound
from langid import tags
from stages.errors import ConfigError

Bounds = Mapping[str, Bound]


def fragment(tag: str, moved: Bounds, base: Bounds, source: str) -> str:
    """A language pack of nothing but these rules, over the bounds that all languages have."""
    return _text(_fill(CommentedMap({"tag": tag}), moved, base, source))


def revised(path: Path, tag: str, moved: Bounds, base: Bounds, source: str) -> tuple[str, str]:
    """A file's text before and after; before is empty for a file that is not there.

    The file is a language pack (it names a `tag`), which says only what differs from `base`, or the
    configuration of a run, where the rules come under `languages` and say both bounds, since a pack
    lies below them. ConfigError for a file of another language, and one that is no mapping.
    """
    try:
        old = path.read_bytes().decode()
    except FileNotFoundError:
        return "", fragment(tag, moved, base, source)
    except (OSError, UnicodeDecodeError):
        raise ConfigError("--write", f"{path} cannot be read as text") from None
    try:
        whole = _yaml().load(old.replace("\r\n", "\n"))
    except YAMLError as error:
        where = str(error).splitlines()[0]
        raise ConfigError(str(path), f"not readable as YAML: {where}") from None
    except RecursionError:
        raise ConfigError(str(path), "not readable as YAML: nested too deeply") from None
    if not isinstance(whole, CommentedMap):
        raise ConfigError(
            str(path), "must be a mapping", "a language pack or a run's configuration"
        )
    if "tag" not in whole:
        place = _child(path, whole, "languages")
        _fill(_child(path, place, _key(place, tag)), moved, None, source)
    elif whole["tag"] != tag:
        raise ConfigError(str(path), f"is the pack of {whole['tag']}, not of {tag}")
    else:
        _fill(whole, moved, base, source)
    new = _text(whole)
    return old, new.replace("\n", "\r\n") if "\r\n" in old else new


def difference(path: Path, old: str, new: str) -> str:
    """The unified difference of two texts."""
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), str(path), str(path)
    )
    return "".join(lines)


def _yaml() -> YAML:
    made = YAML(typ="rt")
    made.preserve_quotes = True
    made.width = 1 << 16  # lines stay as long as they are
    return made


def _text(whole: CommentedMap) -> str:
    stream = io.StringIO()
    _yaml().dump(whole, stream)
    return stream.getvalue()


def _child(path: Path, parent: CommentedMap, key: str) -> CommentedMap:
    """The mapping under a key; a new one where there is none, or an empty one in braces."""
    found = parent.get(key)
    if not found and (found is None or isinstance(found, CommentedMap)):
        parent[key] = CommentedMap()
    elif not isinstance(found, CommentedMap):
        raise ConfigError(str(path), f"{key}: must be a mapping")
    child: CommentedMap = parent[key]
    return child


def _key(languages: Mapping[str, Any], tag: str) -> str:
    """The key by which a configuration already names the language; it may say `fi`."""
    for key in languages:
        try:
            if tags.normalise(str(key)) == tag:
                return str(key)
        except ValueError:
            continue
    return tag


def _fill(pack: CommentedMap, moved: Bounds, base: Bounds | None, source: str) -> CommentedMap:
    """Put rules into a pack; without a base, with both of their bounds."""
    rules = _child(Path("rules"), pack, "rules")
    for name, bound in moved.items():
        under = None if base is None else base.get(name, Bound(name))
        if bound == under:
            rules.pop(name, None)  # what all languages have
        elif bound.min is None and bound.max is None:
            rules[name] = None
        else:
            rules[name] = _entry(rules.get(name), bound, under, source)
    return pack


def _entry(old: Any, bound: Bound, under: Bound | None, source: str) -> CommentedMap:
    """A rule's bounds and source, in the old mapping if there is one."""
    entry = old
    if not isinstance(entry, CommentedMap):
        entry = CommentedMap()
        entry.fa.set_flow_style()
    at = 0
    for side in ("min", "max"):
        value = getattr(bound, side)
        entry.pop(side, None)
        if under is None or value != getattr(under, side):
            entry.insert(at, side, _plain(value))
            at += 1
    entry["source"] = DoubleQuotedScalarString(source)
    return entry


def _plain(value: float | None) -> float | int | None:
    """A whole number without a decimal point, as people write it."""
    return int(value) if value is not None and value == int(value) else value
