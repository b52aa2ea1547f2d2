"""What the commands print: data for `--json`, and the same as text that fits 80 columns."""

import json
import os
import shutil
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from filters import pii
from filters.catalog import BY_NAME, measure_all
from filters.text import TextView
from langid import identify, models, tags
from pipeline import config, runner, steps
from pipeline.manifest import Manifest
from pipeline.sandbox import Sandbox
from stages import schema
from stages.errors import ConfigError

SCHEMA_VERSION = 1
WIDTH = 80
Text = Iterable[str]


def give(
    command: str,
    data: Mapping[str, Any],
    as_json: bool,
    text: Callable[[], Text],
    ok: bool = True,
    warnings: Sequence[str] = (),
) -> None:
    """Print one JSON document, or the text."""
    if as_json:
        document = {
            "schema_version": SCHEMA_VERSION,
            "command": command,
            "ok": ok,
            "data": data,
            "warnings": list(warnings),
        }
        sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")
    else:
        for line in text():
            sys.stdout.write(_plain(line) + "\n")
    sys.stdout.flush()


def _plain(line: str) -> str:
    """The line without control characters: a crawled title must not drive a terminal."""
    return "".join(
        c if unicodedata.category(c) not in ("Cc", "Cf") or c == "\t" else "\ufffd" for c in line
    )


def table(header: Sequence[str], rows: Iterable[Sequence[Any]], numbers: str = "") -> Iterator[str]:
    """Rows aligned in columns; `numbers` marks columns with `r` to align right."""
    cells = [list(header), *[[_cell(value) for value in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    for row in cells:
        parts = [
            c.rjust(w) if numbers[i : i + 1] == "r" else c.ljust(w)
            for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(parts).rstrip()


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def tag(name: str) -> str:
    """The canonical tag of a language; ConfigError with near names."""
    try:
        return tags.normalise(name)
    except ValueError as error:
        raise ConfigError("--language", str(error), "`weir languages` lists them") from None


# Runs


def totals(run: Path) -> dict[str, Any]:
    """Documents read, kept, rejected and quarantined by reason, from the run's statistics."""
    rows = pq.read_table(run / "statistics" / "counts.parquet").to_pylist()
    made: dict[str, Any] = {"read": 0, "kept": 0, "rejected": {}, "quarantined": {}}
    for row in rows:
        unit, _, state = row["metric"].partition(".")
        if unit == "documents" and state in ("read", "kept"):
            made[state] += row["count"]
        elif unit == "documents" and state in ("rejected", "quarantined"):
            made[state][row["label"]] = made[state].get(row["label"], 0) + row["count"]
    return made


def waterfall(found: Mapping[str, Any], width: int = 28) -> Iterator[str]:
    """What is left after each kind of reason, as bars."""
    left, whole = found["read"], max(1, found["read"])
    yield f"{'read':26} {left:>9,}  {'█' * width} 100.0 %"
    for kind, meaning in (
        ("read", "unreadable"),
        ("gate", "gate"),
        ("rights", "rights reserved"),
        ("extract", "no main text"),
        ("identify", "language"),
        ("rule", "quality rules"),
        ("dedup", "duplicates"),
    ):
        lost = sum(
            n
            for part in ("rejected", "quarantined")
            for reason, n in found[part].items()
            if reason.partition(".")[0] == kind
        )
        left -= lost
        bar = "█" * round(left / whole * width)
        yield f"{'- ' + meaning:26} {-lost:>9,}  {bar.ljust(width)} {left / whole:5.1%}".replace(
            "%", " %"
        )
    yield f"{'kept':26} {found['kept']:>9,}"


def run_text(data: Mapping[str, Any]) -> Text:
    """The end of `weir run`."""
    if "totals" in data:
        yield from waterfall(data["totals"])
    words = {
        0: "finished",
        4: "partial: run the same command again to go on",
        3: "stopped: integrity or limits",
    }
    yield (
        f"{data['run']}: "
        f"{words.get(data['exit_code'], 'stopped; run the same command again to go on')}"
    )
    for problem in data["problems"]:
        yield f"  {problem}"


def demo_text(run: Path, report: Path) -> Text:
    """The end of `weir demo`."""
    found = totals(run)
    yield from waterfall(found)
    languages = sorted(p.name for p in (run / "corpus").iterdir())
    yield f"\ncorpus    {run / 'corpus'}/<tag>/<tag>-NNNNN.parquet in {len(languages)} languages"
    yield f"trace     weir trace {run} URL        what happened to a page, and why"
    yield f"report    {report}"


def plan(resolved: config.Resolved, probe: int) -> dict[str, Any]:
    """Inputs, bytes, and an estimate from the first `probe` responses of the first input."""
    made = runner.make_plan(resolved)
    sizes = [
        int(i.identity.partition(":")[0]) if i.identity != "missing" else 0 for i in made.shards
    ]
    data: dict[str, Any] = {
        "snapshot": made.snapshot,
        "shards": len(made.shards),
        "bytes": sum(sizes),
        "robots_files": len(made.robots),
        "missing": [i.uri for i in made.shards if i.identity == "missing"],
        "languages": list(resolved.run.identify.languages) or "all European",
        "estimate": None,
    }
    if probe and made.shards and sizes[0]:
        data["estimate"] = _probe(resolved, made.shards[0].uri, sizes[0], sum(sizes), probe)
    return data


def _probe(
    resolved: config.Resolved, uri: str, first_bytes: int, all_bytes: int, probe: int
) -> dict[str, Any]:
    changes = {"inputs": (uri,), "limit": probe, "robots": (), "base_uri": None}
    settings = resolved.run.model_copy(update=changes)
    with tempfile.TemporaryDirectory(prefix="weir-plan-") as folder:
        run = runner.Runner(
            config.Resolved(settings, {}), runner.Options(Path(folder) / "probe", workers=1)
        )
        run.start()
        made: Manifest = run.made["extract"][0]
        records = pq.read_table(run.run / made.output("records").path, columns=["offset", "length"])
        stored = sum(o.bytes for step in run.made.values() for m in step for o in m.outputs)
        cpu = sum(m.timing["cpu_s"] for step in run.made.values() for m in step)
    seen = max(
        (
            o + n
            for o, n in zip(
                records.column("offset").to_pylist(),
                records.column("length").to_pylist(),
                strict=True,
            )
        ),
        default=1,
    )
    factor = all_bytes / max(1, min(seen, first_bytes))
    rows = made.books.rows_in
    return {
        "from_responses": rows,
        "responses": round(rows * factor),
        "documents": round(made.books.kept * factor),
        "cpu_hours": round(cpu * factor / 3600, 3),
        "cpu_ms_per_response": round(1000 * cpu / max(1, rows), 2),
        "stored_bytes": round(stored * factor),
    }


def plan_text(data: Mapping[str, Any]) -> Text:
    """`weir plan`."""
    yield (
        f"snapshot {data['snapshot']}: {data['shards']:,} inputs, {data['bytes'] / 1e6:,.1f} "
        f"MB, {data['robots_files']} robots files, languages: {data['languages']}"
    )
    for uri in data["missing"]:
        yield f"missing: {uri}"
    if (e := data["estimate"]) is not None:
        yield (
            f"from {e['from_responses']} responses: about {e['responses']:,} "
            f"responses, {e['documents']:,} documents before rules,"
        )
        yield (
            f"{e['cpu_hours']:,} core-hours ({e['cpu_ms_per_response']} ms a "
            f"response), {e['stored_bytes'] / 1e6:,.1f} MB on disk"
        )


def status_text(data: Mapping[str, Any]) -> Text:
    """`weir status`."""
    yield f"{data['state']}: {data['pages']:,} pages" + (
        f", {data['kept']:,} kept" if data.get("kept") is not None else ""
    )
    yield from table(
        ("step", "done", "of"), [(s["step"], s["done"], s["total"]) for s in data["steps"]], "-rr"
    )
    yield from data["problems"]


def stats_text(data: Mapping[str, Any]) -> Text:
    """`weir stats`."""
    yield from waterfall(data["totals"])
    yield ""
    yield from table(
        ("reason", "documents"), sorted(_reasons(data["totals"]), key=lambda r: (-r[1], r[0])), "-r"
    )
    yield ""
    rows = [
        (
            t,
            v["read"],
            v["kept"],
            sum(v["rejected"].values()),
            sum(v["quarantined"].values()),
            v["characters"]["kept"],
        )
        for t, v in sorted(data["languages"].items(), key=lambda i: -i[1]["read"])
    ]
    yield from table(
        ("language", "read", "kept", "rejected", "quarantined", "characters kept"), rows, "-rrrrr"
    )


def _reasons(found: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [*found["rejected"].items(), *found["quarantined"].items()]


def checks_text(checks: Sequence[Mapping[str, Any]]) -> Text:
    """`weir verify` and `weir doctor`."""
    for check in checks:
        yield f"{'ok  ' if check['ok'] else 'FAIL'}  {check['name']:24} {check['detail']}"


def trace_text(data: Mapping[str, Any], what: Sequence[str]) -> Text:
    """`weir trace`."""
    if not data["records"]:
        yield f"not found: {', '.join(what)}; searched: {', '.join(data['searched']) or 'nothing'}"
    for record in data["records"]:
        yield f"{record['url']}"
        yield f"  {record['outcome'].upper()}" + (
            f" because {record['reason']}: {record.get('meaning') or ''}"
            if record["reason"]
            else ""
        )
        skipped = {"url", "outcome", "reason", "meaning", "signals", "rights"}
        for key, value in record.items():
            if key not in skipped and value not in (None, [], {}):
                yield (
                    f"  {key:16} {', '.join(map(str, value)) if isinstance(value, list) else value}"
                )
        for key in ("rights", "signals"):
            if record.get(key):
                yield f"  {key}"
                yield from (
                    f"    {name:40} {_cell(value)}"
                    for name, value in record[key].items()
                    if value not in (None, [])
                )
        yield ""


def sample_text(data: Mapping[str, Any]) -> Text:
    """`weir sample`."""
    for document in data["documents"]:
        yield "-" * WIDTH
        for key, value in document.items():
            if key not in ("text", "excerpt") and value not in (None, [], {}):
                yield f"{key}: {value}"
        for line in (document.get("excerpt") or document.get("text") or "").splitlines():
            yield f"  {line}"
    yield f"sample {data['hash']}; repeat with: {data['command']}"


def prune_text(data: Mapping[str, Any], done: bool) -> Text:
    """`weir prune`."""
    yield (
        f"{len(data['removed'])} files, {data['bytes'] / 1e6:,.1f} MB "
        f"{'removed' if done else 'would go; add --yes to remove them'}"
    )


# Configuration


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


# One stage on lines of text


def text_of(line: str) -> str:
    """The line, or the text of a JSON string or of an object with `text`."""
    if line[:1] in ('"', "{"):
        try:
            value = json.loads(line)
        except ValueError:
            return line
        found = value.get("text") if isinstance(value, dict) else value
        return found if isinstance(found, str) else line
    return line


def one_line(made: Mapping[str, Any]) -> str:
    """Values separated by tabs, with names where there are many."""
    if len(made) <= 6:
        return "\t".join(_cell(value) for value in made.values())
    return " ".join(f"{key}={_cell(value)}" for key, value in made.items())


def identifier() -> Callable[[str], dict[str, Any]]:
    """Text to tag, language, script, score and runner-up."""
    loaded = models.load(config.load("europe").run.identify.models)

    def work(text: str) -> dict[str, Any]:
        found = identify.identify(text, loaded)
        return {
            "tag": found.tag,
            "language": found.language,
            "script": found.script,
            "score": round(found.score, 4),
            "runner_up": found.runner_up,
            "runner_up_score": round(found.runner_up_score, 4),
        }

    return work


def measurer(language: str | None) -> Callable[[str], dict[str, Any]]:
    """Text to its signals, with the stop words of the language."""
    packs = config.load("europe").run.languages
    words = (
        frozenset(packs[tag(language)].stop_words.words)
        if language and tag(language) in packs
        else frozenset[str]()
    )
    return lambda text: {
        k: None if v is None else round(v, 6) for k, v in measure_all(TextView(text, words)).items()
    }


def redactor(language: str | None) -> Callable[[str], dict[str, Any]]:
    """Text to redacted text and spans."""
    code = tag(language).partition("_")[0] if language else None

    def work(text: str) -> dict[str, Any]:
        redacted, spans = pii.redact(text, language=code)
        return {"text": redacted, "spans": [[s.start, s.end, s.kind] for s in spans]}

    return work


# Languages, schema, machine


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


def doctor() -> list[dict[str, Any]]:
    """Checks of this machine: Python, packages, models, the killable child, disk."""
    checks = [
        {"name": "python", "ok": sys.version_info >= (3, 11), "detail": sys.version.split()[0]}
    ]
    wanted = (
        "datasketch",
        "datatrove",
        "fastwarc",
        "fasttext-wheel",
        "pyarrow",
        "ray",
        "resiliparse",
        "trafilatura",
        "warcio",
    )
    for package in wanted:
        try:
            checks.append({"name": package, "ok": True, "detail": metadata.version(package)})
        except metadata.PackageNotFoundError:
            checks.append({"name": package, "ok": False, "detail": "missing; run make venv"})
    found = identify.identify(
        "Die Katze sitzt auf der Mauer und schaut den Vögeln zu.",
        models.load(("py3langid", "cld2")),
    )
    checks.append(
        {
            "name": "language models",
            "ok": found.tag == "deu_Latn",
            "detail": f"py3langid, cld2: {found.tag}",
        }
    )
    guard = Sandbox(steps.PARSERS, 5, 512)
    try:
        made = guard.call("survey", b"<p>ok</p>", {"content-type": "text/html"}, 1000, 100)
    finally:
        guard.close()
    checks.append({"name": "killable child", "ok": made.get("visible") == "ok", "detail": "parses"})
    free = shutil.disk_usage(".").free
    checks.append(
        {"name": "disk", "ok": free > 1 << 30, "detail": f"{free / 2**30:,.1f} GiB free here"}
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    checks.append(
        {
            "name": "machine",
            "ok": memory > 1.5,
            "detail": f"{os.cpu_count()} cores, {memory:,.1f} GiB; a worker needs up to 1.5 GiB",
        }
    )
    return checks
