"""What a run may be made of: configuration, languages, tables and reasons, as data and text."""

import difflib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from filters.catalog import BY_NAME
from langid import models, page, registry, tags
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
        near = near or difflib.get_close_matches(key, [*rows, *BY_NAME], n=3)
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
    """One row a European language: names, status, what knows it, its score, what to expect."""
    packs = {name for name, _ in config.language_packs()}
    known = {name: set(models.load([name])[0].scores("")) for name in models.DEFAULT_MODELS}
    learned = page.training_characters()
    rows = []
    for language in tags.EUROPEAN:
        score = tags.score_of(language.tag)
        rows.append(
            {
                "tag": language.tag,
                "name": language.name,
                "autonym": language.autonym,
                "status": language.status,
                "family": language.family,
                "group": language.group,
                **{name: language.tag in found for name, found in known.items()},
                "pack": language.tag in packs,
                "f1": float(score["f1"]) if score and score["f1"] else None,
                "expect": page.expectation(language, score, learned.get(language.tag, 0)),
            }
        )
    return rows


def language_text(rows: Sequence[Mapping[str, Any]]) -> Text:
    """`weir languages`."""
    mark = {True: "x", False: ""}
    yield from table(
        ("tag", "name", "status", *models.DEFAULT_MODELS, "pack", "F1", "what to expect"),
        [
            (
                r["tag"],
                r["name"][:24],
                r["status"],
                *(mark[r[name]] for name in models.DEFAULT_MODELS),
                mark[r["pack"]],
                "" if r["f1"] is None else f"{r['f1']:.2f}",
                r["expect"],
            )
            for r in rows
        ],
    )
    yield (
        f"{len(rows)} languages; with a model: "
        f"{sum(any(r[name] for name in models.DEFAULT_MODELS) for r in rows)}; with a "
        f"pack: {sum(r['pack'] for r in rows)}"
    )


def model_rows() -> list[dict[str, Any]]:
    """One row a language model: its card, and the path where it is, or null."""
    found = ((card, registry.find(card)) for card in registry.cards().values())
    return [{**asdict(card), "path": str(path) if path else None} for card, path in found]


def model_text(rows: Sequence[Mapping[str, Any]]) -> Text:
    """`weir models list`."""
    yield from table(
        ("name", "kind", "bytes", "here", "licence of weights"),
        [
            (r["name"], r["kind"], r["size_bytes"], r["path"] is not None, r["weights_licence"])
            for r in rows
        ],
        "--r",
    )
    yield ""
    yield from (f"{r['name']}: {r['note']}" for r in rows)
    yield ""
    yield f"fetched models are in {registry.directory()}"


def fetch_model(name: str, folder: Path | None, say: Callable[[str], None]) -> dict[str, Any]:
    """Fetch the named model, by default into `registry.directory()`; `say` hears what is done."""
    card = registry.cards().get(name)
    if card is None:
        raise ConfigError("NAME", f"unknown language model {name!r}", "`weir models list` has all")
    folder = folder or registry.directory()
    if card.url:
        say(f"{card.url} into {folder}; licence: {card.weights_licence}")
    path = registry.fetch(card, folder)
    return {"name": name, "path": str(path), "sha256": card.sha256}


def fetch_text(data: Mapping[str, Any]) -> Text:
    """`weir models fetch`."""
    yield f"{data['path']}: SHA-256 is right"
    folder = Path(data["path"]).parent
    if folder != registry.directory():
        yield f"for runs to find it: export WEIR_MODELS={folder.resolve()}"


def model_checks() -> list[dict[str, Any]]:
    """One check a language model; wrong is another SHA-256, or a required model that is absent."""
    return [_model_check(card) for card in registry.cards().values()]


def _model_check(card: registry.ModelCard) -> dict[str, Any]:
    state = registry.verify(card)
    optional = card.kind in ("extra", "download")
    match state:
        case registry.State.OK:
            detail = "SHA-256 is right"
        case registry.State.UNCHECKED:
            detail = "is there; langid/models.yaml has no SHA-256 for it"
        case registry.State.ABSENT:
            detail = f"is not there; {card.remedy}"
        case registry.State.DIFFERS:
            detail = f"{registry.find(card)}: SHA-256 is not {card.sha256}; {card.remedy}"
    wrong = state is registry.State.DIFFERS or (state is registry.State.ABSENT and not optional)
    return {"name": card.name, "ok": not wrong, "state": state, "detail": detail}


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
