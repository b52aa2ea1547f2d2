"""What a run may be made of: configuration, languages, tables and reasons, as data and text."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from filters.catalog import BY_NAME
from langid import models, tags
from pipeline import config
from pipeline.answers import Text, table, tag
from stages import schema
from stages.errors import ConfigError


def config_values(resolved: config.Resolved, language: str | None) -> list[dict[str, Any]]:
    """Every resolved value, dotted, with the file it came from.

    With a language, its pack in place of the base part.
    """
    run = resolved.run
    whole = run.model_dump(mode="json", exclude={"languages", "language"})
    chosen = tag(language) if language else None
    pack = run.languages.get(chosen, run.language) if chosen else run.language
    rows = [*_flat(whole, ""), *_flat(pack.model_dump(mode="json"), "language.")]
    made = []
    for key, value in rows:
        own = (
            resolved.origins.get(key.replace("language.", f"languages.{chosen}.", 1))
            if key.startswith("language.")
            else None
        )
        made.append(
            {
                "key": key,
                "value": value,
                "from": own or resolved.origins.get(key) or _parent_origin(resolved, key),
            }
        )
    return made


def _parent_origin(resolved: config.Resolved, key: str) -> str:
    while "." in key:
        key = key.rpartition(".")[0]
        if key in resolved.origins:
            return resolved.origins[key]
    return "default"


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, dict) and inner:
            yield from _flat(inner, f"{path}{key}.")
        else:
            yield f"{path}{key}", inner


def config_text(rows: Sequence[Mapping[str, Any]]) -> Text:
    """`weir config show`."""
    for row in rows:
        shown = json.dumps(row["value"], ensure_ascii=False)
        yield (
            f"{row['key']} = {shown if len(shown) <= 60 else shown[:57] + '...'}    # {row['from']}"
        )


def explain(key: str) -> dict[str, Any]:
    """What a key or a signal means, and its shipped value."""
    if (signal := BY_NAME.get(key.rpartition("rules.")[2].partition(".")[0])) is not None:
        resolved = config.load("europe")
        rule = resolved.run.language.rules.get(signal.name)
        return {
            "signal": signal.name,
            "meaning": signal.description,
            "unit": signal.unit,
            "range": f"{signal.low:g} to {signal.high:g}",
            "source": signal.source,
            "rule": rule.model_dump(exclude_none=True) if rule else "none in configs/base.yaml",
        }
    rows = {row["key"]: row for row in config_values(config.load("europe"), None)}
    if key not in rows:
        near = [k for k in rows if key.rpartition(".")[2] in k][:5]
        raise ConfigError(
            "KEY",
            f"unknown key {key!r}",
            f"near: {', '.join(near)}" if near else "`weir config show europe` lists all",
        )
    model: Any = config.Run
    allowed = ""
    for part in key.split("."):
        field = getattr(model, "model_fields", {}).get(part)
        if field is None:
            break
        allowed = " ".join(str(x) for x in (field.annotation, *field.metadata))
        model = field.annotation
    return {"key": key, "value": rows[key]["value"], "from": rows[key]["from"], "allowed": allowed}


def pairs_text(data: Mapping[str, Any]) -> Text:
    """Keys and values, a line each."""
    return [f"{key:10} {value}" for key, value in data.items()]


def language_rows() -> list[dict[str, Any]]:
    """One row a European language: names, status, and which models and packs know it."""
    packs = {name for name, _ in config.language_packs()}
    known = {name: set(models.load([name])[0].scores("")) for name in ("py3langid", "cld2")}
    return [
        {
            "tag": language.tag,
            "name": language.name,
            "autonym": language.autonym,
            "status": language.status,
            "group": language.group,
            "py3langid": language.tag in known["py3langid"],
            "cld2": language.tag in known["cld2"],
            "pack": language.tag in packs,
        }
        for language in tags.EUROPEAN
    ]


def language_text(rows: Sequence[Mapping[str, Any]]) -> Text:
    """`weir languages`."""
    mark = {True: "x", False: ""}
    yield from table(
        ("tag", "name", "status", "py3langid", "cld2", "pack"),
        [
            (
                r["tag"],
                r["name"][:28],
                r["status"],
                mark[r["py3langid"]],
                mark[r["cld2"]],
                mark[r["pack"]],
            )
            for r in rows
        ],
    )
    yield (
        f"{len(rows)} languages; with a model: "
        f"{sum(r['py3langid'] or r['cld2'] for r in rows)}; with a "
        f"pack: {sum(r['pack'] for r in rows)}"
    )


def schema_data(only: str | None) -> dict[str, Any]:
    """Tables with their columns, and the reasons."""
    if only is not None and only not in schema.TABLES:
        raise ConfigError("TABLE", f"unknown table {only!r}", f"tables: {', '.join(schema.TABLES)}")
    return {
        "version": schema.VERSION,
        "tables": {
            t.name: {
                "meaning": t.meaning,
                "columns": [
                    {
                        "name": c.name,
                        "type": _type(c.type),
                        "nullable": c.nullable,
                        "meaning": c.meaning,
                    }
                    for c in t.columns
                ],
            }
            for t in schema.TABLES.values()
            if only in (None, t.name)
        },
        "reasons": {
            reason: {"outcome": outcome, "meaning": meaning}
            for reason, (outcome, meaning) in schema.REASONS.items()
        },
    }


def _type(kind: pa.DataType) -> str:
    if pa.types.is_struct(kind):
        return "struct" if len(kind) > 12 else f"struct<{', '.join(f.name for f in kind)}>"
    return str(kind).replace("element: ", "").replace("item: ", "")


def schema_text(data: Mapping[str, Any]) -> Text:
    """`weir schema`."""
    for name, found in data["tables"].items():
        yield f"{name}: {found['meaning']}"
        yield from (
            f"  {c['name']:36} {c['type'][:30]:30} {'null' if c['nullable'] else ''}"
            for c in found["columns"]
        )
        yield ""


def schema_markdown(data: Mapping[str, Any]) -> Text:
    """docs/data-format.md."""
    for part in _markdown(data):
        yield from part.split("\n")


def _markdown(data: Mapping[str, Any]) -> Text:
    yield (
        "# Data format\n\nGenerated by `weir schema --markdown`; do not edit. Schema version "
        f"{data['version']}.\n"
    )
    for name, found in data["tables"].items():
        yield (
            f"## {name}\n\n{found['meaning'][:1].upper()}{found['meaning'][1:]}.\n\n| "
            "column | type | null | meaning |\n|---|---|---|---|"
        )
        yield from (
            f"| `{c['name']}` | {c['type'].replace('|', '')} | "
            f"{'yes' if c['nullable'] else ''} | {c['meaning']} |"
            for c in found["columns"]
        )
        yield ""
    yield "## Reasons\n\n| reason | outcome | meaning |\n|---|---|---|"
    yield from (
        f"| `{reason}` | {found['outcome']} | {found['meaning']} |"
        for reason, found in data["reasons"].items()
    )
