"""Labels for other programs and from them: Argilla's records, Label Studio's tasks.

Neither carries text of pages: whoever wants it beside the label joins by `doc_id`. What a label
knows beyond its verdict travels as metadata, so that what comes back is what went out.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, Final

from audit import labels
from audit.labels import Label
from stages.errors import ConfigError

FORMATS: Final = ("jsonl", "argilla", "label-studio")
MAX_RECORDS: Final = 500_000
META: Final = tuple(name for name in Label.model_fields if name != "doc_id")


def written(found: Iterable[Label], form: str) -> str:
    """Labels in one of the formats; the latest of each person and document."""
    if form == "jsonl":
        return labels.text_of(found)
    by_document: dict[str, list[Label]] = defaultdict(list)
    for label in found:
        by_document[label.doc_id].append(label)
    make = {"argilla": _argilla, "label-studio": _task}[_known(form)]
    made = [make(doc_id, of) for doc_id, of in by_document.items()]
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def taken(content: bytes, form: str, where: str) -> list[Label]:
    """Labels from one of the formats. ConfigError and IntegrityError name the place."""
    if form == "jsonl":
        return [line for line in labels.read(content, where) if isinstance(line, Label)]
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise ConfigError(where, "is not JSON", f"export it anew as {_known(form)}") from None
    if not isinstance(found, list) or len(found) > MAX_RECORDS:
        raise ConfigError(where, f"is no list of at most {MAX_RECORDS:,} records")
    read = {"argilla": _from_argilla, "label-studio": _from_task}[_known(form)]
    made: list[Label] = []
    for number, record in enumerate(found, 1):
        try:
            made += [labels.made(known) for known in read(record)]
        except (KeyError, TypeError, IndexError, AttributeError, ConfigError) as error:
            problem = (
                error.problem if isinstance(error, ConfigError) else "lacks a field of a label"
            )
            raise ConfigError(
                f"{where}, record {number}",
                problem,
                "`weir labels export` shows what a record needs",
            ) from None
    return made


def alpha(found: Iterable[Label]) -> float | None:
    """Krippendorff's alpha of the verdicts, nominal; null if no document has two.

    1 is agreement in everything, 0 what chance would give. Skips do not count.
    Source: Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section C.
    """
    units: dict[str, list[str]] = defaultdict(list)
    for label in found:
        if label.verdict != "skip":
            units[label.doc_id].append(label.verdict)
    paired = [verdicts for verdicts in units.values() if len(verdicts) > 1]
    if not paired:
        return None
    totals: dict[str, int] = defaultdict(int)
    disagreed = 0.0
    for verdicts in paired:
        for verdict in verdicts:
            totals[verdict] += 1
        unequal = sum(a != b for a, b in combinations(verdicts, 2))
        disagreed += 2 * unequal / (len(verdicts) - 1)
    n = sum(totals.values())
    expected = n * n - sum(total * total for total in totals.values())
    return 1.0 if expected == 0 else 1 - (n - 1) * disagreed / expected


def _known(form: str) -> str:
    if form not in FORMATS:
        raise ConfigError("--to", f"{form[:40]!r} is no format", f"one of {', '.join(FORMATS)}")
    return form


def _meta(label: Label) -> dict[str, Any]:
    return {name: getattr(label, name) for name in META}


def _argilla(doc_id: str, of: Sequence[Label]) -> dict[str, Any]:
    """A record as Argilla 2 exports it: responses by question, each with its person."""
    return {
        "id": doc_id,
        "fields": {"doc_id": doc_id},
        "metadata": {"weir": [_meta(label) for label in of]},
        "responses": {
            "verdict": [{"value": label.verdict, "user_id": label.annotator} for label in of],
            "reasons": [{"value": list(label.reasons), "user_id": label.annotator} for label in of],
        },
    }


def _from_argilla(record: Any) -> list[dict[str, Any]]:
    responses, metas = record["responses"], record["metadata"]["weir"]
    reasons = {one["user_id"]: one["value"] for one in responses.get("reasons", ())}
    doc_id = record["fields"]["doc_id"]
    return [
        _back(metas, doc_id, one["user_id"], one["value"], reasons.get(one["user_id"], ()))
        for one in responses["verdict"]
    ]


def _task(doc_id: str, of: Sequence[Label]) -> dict[str, Any]:
    """A task as Label Studio exports it: one annotation for each person."""
    return {
        "data": {"doc_id": doc_id},
        "meta": {"weir": [_meta(label) for label in of]},
        "annotations": [
            {
                "completed_by": label.annotator,
                "created_at": label.time,
                "was_cancelled": label.verdict == "skip",
                "result": [
                    _choice("verdict", [label.verdict]),
                    *([_choice("reasons", list(label.reasons))] if label.reasons else []),
                ],
            }
            for label in of
        ],
    }


def _choice(name: str, chosen: list[str]) -> dict[str, Any]:
    return {
        "from_name": name,
        "to_name": "document",
        "type": "choices",
        "value": {"choices": chosen},
    }


def _from_task(task: Any) -> list[dict[str, Any]]:
    metas, doc_id, made = task["meta"]["weir"], task["data"]["doc_id"], []
    for one in task["annotations"]:
        chosen = {part["from_name"]: part["value"]["choices"] for part in one["result"]}
        person = one["completed_by"]
        person = str(person["email"] if isinstance(person, dict) else person)
        verdict = "skip" if one.get("was_cancelled") else chosen["verdict"][0]
        made.append(_back(metas, doc_id, person, verdict, chosen.get("reasons", ())))
    return made


def _back(
    metas: Sequence[Mapping[str, Any]],
    doc_id: str,
    person: str,
    verdict: str,
    reasons: Sequence[str],
) -> dict[str, Any]:
    """A label as it went out; a new one, not blind, where the other program changed or added it.

    Its id follows from what it says, so that importing twice adds nothing twice.
    """
    known = next((meta for meta in metas if meta["annotator"] == person), metas[0])
    kept = {name: known[name] for name in META if name in known and name != "held_out"}
    said = {"doc_id": doc_id, "annotator": person, "verdict": verdict, "reasons": tuple(reasons)}
    was = (known["annotator"], known["verdict"], list(known["reasons"]))
    if was == (person, verdict, list(reasons)):
        return {**kept, **said}
    digest = hashlib.blake2b(json.dumps([known["id"], *said.values()]).encode(), digest_size=8)
    kept.pop("time", None)
    return {**kept, **said, "id": digest.hexdigest(), "is_blind": False}


def counted(found: Sequence[Label]) -> dict[str, Any]:
    """How many labels there are, by verdict, reason and person, and how far two people agree."""
    verdicts = Counter(label.verdict for label in found)
    reasons = Counter[str](reason for label in found for reason in label.reasons)
    return {
        "labels": len(found),
        "documents": len({label.doc_id for label in found}),
        "held_out": len({label.doc_id for label in found if label.held_out}),
        "blind": sum(label.is_blind for label in found),
        "verdicts": {name: verdicts[name] for name in ("keep", "drop", "skip")},
        "reasons": {name: reasons[name] for name in labels.REASONS if reasons[name]},
        "annotators": dict(sorted(Counter(label.annotator for label in found).items())),
        "alpha": alpha(found),
    }
