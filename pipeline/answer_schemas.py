"""What `--json` prints, as JSON Schema (draft 2020-12): `weir schema --json-schema`.

Every command prints one document of the same frame; `data` is described by command. A key that is
not described is not printed: tests hold real answers against this.
"""

import difflib
import json
from collections.abc import Mapping
from typing import Any

from filters import spans
from pipeline.answers import SCHEMA_VERSION
from stages.errors import ConfigError

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
ANY: Schema = {}
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
DOC_ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
TAG: Schema = {"type": "string", "pattern": "^([a-z]{3}_[A-Z][a-z]{3})?$"}
OUTCOME: Schema = {"enum": ["keep", "reject", "quarantine"]}


def one(fields: Mapping[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    """An object of just these keys, all there but the optional ones."""
    return {
        "type": "object",
        "properties": dict(fields),
        "required": [name for name in fields if name not in optional],
        "additionalProperties": False,
    }


def many(item: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": item}


def by_name(value: Schema) -> Schema:
    """An object whose keys are data: languages, reasons, rules."""
    return {"type": "object", "additionalProperties": value}


def maybe(schema: Schema) -> Schema:
    """A value, or null where it is not known or does not apply."""
    return {"anyOf": [schema, {"type": "null"}]}


COUNTS = by_name(COUNT)
PROGRESS: Schema = one(
    {
        "progress_version": {"const": 1},
        "event": {"enum": ["step", "task", "error", "done"]},
        "step": TEXT,
        "done": COUNT,
        "total": COUNT,
        "message": TEXT,
        "pages": COUNT,
        "pages_per_s": NUMBER,
        "kept_fraction": maybe(NUMBER),
        "left_s": maybe(NUMBER),
        "attempts": COUNTS,
        "tasks_per_s": NUMBER,
        "task_s": NUMBER,
        "records": one(dict.fromkeys(("read", "kept", "rejected", "quarantined"), COUNT)),
        "bytes": COUNT,
    }
)
"""A line of `--progress json`."""
FATES: dict[str, Schema] = {"read": COUNT, "kept": COUNT, "rejected": COUNTS, "quarantined": COUNTS}
ACCOUNT = one({**FATES, "characters": one(FATES), "bytes": one(FATES)})
STATES = dict.fromkeys(("first", "any", "only"), COUNT)
MEASURES = ("documents", "characters", "words", "tokens")
RULE = one({**STATES, **{m: one(STATES) for m in MEASURES[1:]}}, optional=MEASURES[1:])
BOUNDS: dict[str, Schema] = {"min": maybe(NUMBER), "max": maybe(NUMBER)}
BROKEN = one({"rule": TEXT, "value": maybe(NUMBER), **BOUNDS})
CHECK = one({"name": TEXT, "ok": FLAG, "detail": TEXT, "state": TEXT}, optional=("state",))
CHECKS = one({"checks": many(CHECK)})
STATE: Schema = {"enum": ["ok", "warn", "fail"]}
DOCTOR = one(
    {
        "checks": many(
            one({"name": TEXT, "state": STATE, "detail": TEXT, "remedy": TEXT, "ok": FLAG})
        )
    }
)

RECORD = one(
    {
        "doc_id": DOC_ID,
        "record_id": maybe(TEXT),
        "url": maybe(TEXT),
        "warc": TEXT,
        "offset": COUNT,
        "length": COUNT,
        "date": maybe(TEXT),
        "status": maybe(WHOLE),
        "media_type": maybe(TEXT),
        "payload_digest": maybe(TEXT),
        "payload_bytes": maybe(COUNT),
        "n_chars": maybe(COUNT),
        "rights": maybe(by_name(ANY)),
        "outcome": OUTCOME,
        "reason": maybe(TEXT),
        "language": maybe(TEXT),
        "title": maybe(TEXT),
        "meaning": maybe(TEXT),
        "failed_rules": many(TEXT),
        "failures": many(BROKEN),
        "signals": by_name(maybe(NUMBER)),
        "n_words": maybe(COUNT),
        "pii_counts": COUNTS,
        "cluster_id": maybe(DOC_ID),
        "keeper_id": maybe(DOC_ID),
        "similarity": maybe(NUMBER),
        "method": maybe(TEXT),
        "listed": maybe(TEXT),
        "cluster_size": maybe(COUNT),
        "corpus_file": maybe(TEXT),
        "excerpt": maybe(TEXT),
    }
)

SELECTION = one(
    {
        "crawl": TEXT,
        "asked": by_name(ANY),
        "files": COUNT,
        "rows": COUNT,
        "selected": maybe(COUNT),
        "rejected": COUNTS,
        "refused": COUNTS,
    }
)

PLANNED = one(
    {
        "is_exact": FLAG,
        "files": COUNT,
        "rows": COUNT,
        "rows_read": COUNT,
        "index_bytes": COUNT,
        "selected": COUNT,
        "refused": COUNTS,
        "wanted_bytes": COUNT,
        "read_bytes": COUNT,
        "requests": COUNT,
        "warc_files": maybe(COUNT),
        "share_of_records": NUMBER,
        "share_of_bytes": NUMBER,
        "robots": maybe(one({"files": COUNT, "rows": COUNT, "index_bytes": COUNT, "sites": COUNT})),
        "languages": many(
            one({"tag": TAG, "texts": COUNT, "found": COUNT, "neighbours": by_name(NUMBER)})
        ),
        "one_per_digest": FLAG,
        "fetch_hours": NUMBER,
    },
    optional=("fetch_hours",),
)

STATUS = one(
    {
        "state": {"enum": ["running", "finished", "partial", "not started"]},
        "steps": many(
            one({"step": TEXT, "done": COUNT, "total": maybe(COUNT), "left_s": maybe(NUMBER)})
        ),
        "pages": COUNT,
        "pages_per_s": maybe(NUMBER),
        "judged": maybe(COUNT),
        "kept": maybe(COUNT),
        "quarantined": COUNTS,
        "failures": many(
            one({"step": TEXT, "cause": TEXT, "count": COUNT, "tasks": many(TEXT), "next": TEXT})
        ),
        "problems": many(TEXT),
        "alarms": many(TEXT),
        "selection": maybe(SELECTION),
    }
)

SIDE = one({"passed": COUNT, "kept": COUNT, "keep_rate": maybe(NUMBER)})
RULE_SIDE = one({m: one(STATES) for m in MEASURES}, optional=MEASURES[1:])
FLIP = {"doc_id": DOC_ID, "url": maybe(TEXT), "from": OUTCOME, "to": OUTCOME}
TUNE = one(
    {
        "run": TEXT,
        "language": TAG,
        "moves": many(one({"rule": TEXT, "before": one(BOUNDS), "after": one(BOUNDS)})),
        "assumption": TEXT,
        "measures": one(
            {m: one({"total": COUNT, "before": SIDE, "after": SIDE}) for m in MEASURES},
            optional=MEASURES[1:],
        ),
        "rules": many(one({"rule": TEXT, "before": RULE_SIDE, "after": RULE_SIDE})),
        "flips": one(
            {
                "lost": COUNT,
                "gained": COUNT,
                "seed": WHOLE,
                "documents": many(
                    one(
                        {**FLIP, "because": many(BROKEN), "excerpt": maybe(TEXT)},
                        optional=("excerpt",),
                    )
                ),
            }
        ),
        "notes": many(TEXT),
        "command": TEXT,
        "yaml": TEXT,
        "difference": maybe(TEXT),
        "written": maybe(TEXT),
    }
)

IDENTITY = one(
    {
        **dict.fromkeys(("name", "path", "snapshot", "config_digest", "code_version"), TEXT),
        "digest": SHA256,
        "finished_at": maybe(TEXT),
    }
)
PAIR: Schema = {"type": "array", "items": COUNT, "minItems": 2, "maxItems": 2}
HOSTS = one({"count": COUNT, "pages": COUNT, "hosts": many(one({"host": TEXT, "pages": COUNT}))})
COMPARE = one(
    {
        "runs": many(IDENTITY),
        "language": maybe(TAG),
        **dict.fromkeys(("both", "only_before", "only_after"), COUNT),
        "fates": many(
            one(
                {
                    "fate": TEXT,
                    **dict.fromkeys(("before", "after", "both", "gained", "lost"), COUNT),
                }
            )
        ),
        "cells": many(one({"before": TEXT, "after": TEXT, "count": COUNT, "changed": FLAG})),
        "languages": many(one({"language": TAG, "read": PAIR, "kept": PAIR, "change": WHOLE})),
        "drift": many(
            one({"signal": TEXT, "psi": NUMBER, "chance": NUMBER, "drifted": FLAG, "pages": PAIR})
        ),
        "thresholds": many(
            one(
                {
                    **dict.fromkeys(("rule", "before", "after", "source"), TEXT),
                    "languages": many(TEXT),
                }
            )
        ),
        "settings": many(one(dict.fromkeys(("key", "before", "after"), TEXT))),
        "hosts": one({"before": COUNT, "after": COUNT, "gained": HOSTS, "vanished": HOSTS}),
    }
)

PAPER = one(
    {"paper": TEXT, "files": many(TEXT), "open": many(one(dict.fromkeys(("key", "asked"), TEXT)))}
)
RANGE = one(dict.fromkeys(("low", "mid", "high"), NUMBER))
SPENT: dict[str, Schema] = {
    **dict.fromkeys(("cpu_s", "gb_s"), NUMBER),
    "joules": maybe(NUMBER),
    "kwh": RANGE,
}
ASSUMED = one({**dict.fromkeys(("low", "mid", "high"), NUMBER), "source": TEXT})
FACTOR = one({"country": TEXT, "grams": NUMBER, "year": WHOLE, "source": TEXT})
ENERGY = one(
    {
        "method": {"enum": ["measured_rapl", "estimated_tdp", "unknown"]},
        "assumptions": one(
            {
                **dict.fromkeys(("watts_per_core", "watts_per_gb", "pue"), ASSUMED),
                "not_counted": many(TEXT),
                "factor": FACTOR,
            },
            optional=("factor",),
        ),
        "untimed": COUNT,
        "steps": many(
            one(
                {
                    "step": TEXT,
                    **dict.fromkeys(("tasks", "untimed", "rows_in", "bytes_out"), COUNT),
                    **dict.fromkeys(("wall_s", "peak_mb"), NUMBER),
                    **SPENT,
                }
            )
        ),
        "languages": many(one({"language": TEXT, **SPENT})),
        "rejected": many(one({"step": TEXT, "group": TEXT, **SPENT})),
        "total": one({**SPENT, "grams": maybe(RANGE)}),
        "rejected_total": one({**SPENT, "fraction": maybe(NUMBER)}),
        "per": by_name(one({"count": COUNT, "per": COUNT, "kwh": RANGE, "grams": maybe(RANGE)})),
    }
)
ESTIMATE = one(
    {
        **dict.fromkeys(
            ("from_responses", "places", "files", "workers", "responses", "documents"), COUNT
        ),
        **dict.fromkeys(("cpu_hours", "wall_hours", "kwh"), RANGE),
        **dict.fromkeys(("cpu_ms_per_response", "memory_mb", "memory_mb_per_worker"), NUMBER),
        **dict.fromkeys(("grams", "cost"), maybe(RANGE)),
        "country": maybe(TEXT),
        "disk_bytes": COUNTS,
        "stored_bytes": COUNT,
    }
)
BIAS_ROW = one(
    {
        **dict.fromkeys(("language", "group", "measure"), TEXT),
        "kind": {"enum": ["mention", "domain", "variety", "language"]},
        **dict.fromkeys(("documents", "passed"), COUNT),
        **dict.fromkeys(("share", "low", "high", "baseline"), NUMBER),
        **dict.fromkeys(("ratio", "ratio_low", "ratio_high"), maybe(NUMBER)),
        "state": {"enum": ["ok", "watch", "alarm"]},
    }
)
BIAS = one(
    {
        "run": TEXT,
        "seed": WHOLE,
        "sample": COUNT,
        "shards": one({"read": COUNT, "of": COUNT}),
        "languages": many(
            one(
                {
                    "language": TEXT,
                    **dict.fromkeys(("documents", "read"), COUNT),
                    "lexicon": maybe(COUNT),
                    "reviewed_by": maybe(TEXT),
                }
            )
        ),
        "rows": many(BIAS_ROW),
        "few": many(one(dict.fromkeys(("language", "kind", "group"), TEXT))),
        "notes": many(one(dict.fromkeys(("language", "group", "note", "by", "at"), TEXT))),
    }
)

DATA: Mapping[str, Schema] = {
    "run": one(
        {"run": TEXT, "exit_code": WHOLE, "problems": many(TEXT), "totals": ACCOUNT},
        optional=("totals",),
    ),
    "plan": one(
        {
            "snapshot": TEXT,
            "shards": COUNT,
            "bytes": COUNT,
            "robots_files": COUNT,
            "missing": many(TEXT),
            "languages": TEXT,
            "estimate": maybe(ESTIMATE),
            "selection": PLANNED,
        },
        optional=("selection",),
    ),
    "status": STATUS,
    "verify": CHECKS,
    "stats": one(
        {
            "totals": ACCOUNT,
            "languages": by_name(ACCOUNT),
            "rules": by_name(by_name(RULE)),
            "pii": by_name(COUNTS),
        }
    ),
    "bias": BIAS,
    "energy": ENERGY,
    "report": one({"path": TEXT}),
    "trace": one({"records": many(RECORD), "searched": many(TEXT)}),
    "sample": one({"sha256": SHA256, "command": TEXT, "documents": many(RECORD)}),
    "inspect": one({"documents": many(RECORD)}),
    "tune": TUNE,
    "compare": COMPARE,
    "gates": one(
        {
            "gates": TEXT,
            "verdicts": many(
                one(
                    {
                        "gate": TEXT,
                        "subject": TEXT,
                        "outcome": {"enum": ["passed", "failed", "skipped"]},
                        "detail": TEXT,
                    }
                )
            ),
        }
    ),
    **dict.fromkeys(
        (f"export {paper}" for paper in ("ai-act", "croissant", "card", "datasheet")), PAPER
    ),
    "export figures": one({"at": maybe(TEXT), "figures": ANY}),
    "prune": one({"removed": many(TEXT), "bytes": COUNT}),
    "config show": one({"values": many(one({"key": TEXT, "value": ANY, "from": TEXT}))}),
    "config validate": one({"name": TEXT, "digest": TEXT, "languages": COUNT, "rules": COUNT}),
    "languages": one({"languages": many(by_name(ANY))}),
    "models list": one({"models": many(by_name(ANY))}),
    "models verify": CHECKS,
    "doctor": DOCTOR,
    "index verify": CHECKS,
    "takedown verify": CHECKS,
}
"""`data` by command; one that is not here prints an object."""

LINES: dict[str, Schema] = {
    "redact": one(
        {
            "text": TEXT,
            "spans": many(
                one(
                    {
                        "start": COUNT,
                        "end": COUNT,
                        "type": {"enum": list(spans.KINDS)},
                        "detector": TEXT,
                        "country": maybe({"type": "string", "pattern": "^[A-Z]{2}$"}),
                    }
                )
            ),
        }
    ),
}
"""Each line of what a command prints with `--jsonl`. Offsets count code points given."""


def schemas(command: str | None = None) -> Schema:
    """JSON Schema of what a command prints with `--json`; without one, of any command.

    An answer with `ok` false may hold an `error` instead, or what was found wrong.
    """
    failed = one({"error": TEXT})
    names = [command] if command else list(DATA)
    known = [
        {
            "properties": {"command": {"const": name}, "data": {"anyOf": [DATA[name], failed]}},
            "if": {"properties": {"ok": {"const": True}}},
            "then": {"properties": {"data": DATA[name]}},
        }
        for name in names
        if name in DATA
    ]
    other = {"properties": {"command": {"not": {"enum": list(DATA)}}, "data": {"type": "object"}}}
    frame = {
        "schema_version": {"const": SCHEMA_VERSION},
        "command": TEXT,
        "ok": FLAG,
        "data": {"type": "object"},
        "warnings": many(TEXT),
    }
    answers = known if command in DATA else [*known, other]
    return {"$schema": DIALECT, **one(frame), "oneOf": answers}


def printed(command: str | None) -> bytes:
    """The same as indented JSON. ConfigError for a command that is not described."""
    if command in LINES:
        return (json.dumps({"$schema": DIALECT, **LINES[command]}, indent=1) + "\n").encode()
    if command is not None and command not in DATA:
        known = [*DATA, *LINES]
        near = difflib.get_close_matches(command, known, n=3, cutoff=0.5) or known
        raise ConfigError("--json-schema", f"no schema of {command!r}", f"try {', '.join(near)}")
    return (json.dumps(schemas(command), indent=1) + "\n").encode()
