"""How a paper is put together: fields, figures with the command that counts them again, tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from audit.papers.evidence import Evidence, pointer
from audit.papers.provider import Answers

NOT_APPLICABLE = "Not applicable"
NONE = "not applicable"
"""What a field is answered by that does not apply."""
NOTICE = (
    "Made by software from a run's own records, for whoever must answer for the data to complete"
    " and to review. It says what the software did and counted. It is not legal advice, and no"
    " statement that the data may lawfully be used."
)
RUN = "RUN"
"""Stands in a printed command for the folder of the run, whose place is nobody's business."""

Field = dict[str, Any]


def check(*parts: str) -> str:
    """The command that counts a figure again."""
    name = pointer(*parts)
    quoted = name if all(c.isalnum() or c in "/_.-" for c in name) else "'" + name + "'"
    return f"weir export figures {RUN} --at {quoted}"


def figure(seen: Evidence, name: str, unit: str, *parts: str) -> Field:
    """A figure beside the command that counts it again."""
    value = seen.at(pointer(*parts))
    return {"name": name, "value": value, "unit": unit, "check": check(*parts)}


def rows(
    values: Mapping[str, Any], label: str, *parts: str, names: Mapping[str, str] | None = None
) -> list[Field]:
    """A row of a table for each entry of a group of figures, with its command."""
    return [
        {
            label: (names or {}).get(key, key),
            **(value if isinstance(value, dict) else {"count": value}),
            "check": check(*parts, key),
        }
        for key, value in values.items()
    ]


def table(title: str, columns: Sequence[str], of: Sequence[Field]) -> Field:
    """A table; `columns` are those that people are shown, beside the command."""
    return {"title": title, "columns": list(columns), "rows": list(of)}


def field(
    key: str, name: str, text: str, figures: Sequence[Field] = (), tables: Sequence[Field] = ()
) -> Field:
    """A field that the run answers."""
    return {
        "id": key,
        "name": name,
        "by": "run",
        "text": text,
        "figures": list(figures),
        "tables": list(tables),
    }


def asked(answers: Answers, key: str, name: str, otherwise: str | None = None) -> Field:
    """A field for a person to answer; until then a placeholder, or what holds for the corpus."""
    made = field(key, name, answers.get(key, otherwise))
    if key not in answers.given and otherwise is not None:
        return {**made, "by": NONE if otherwise.startswith(NOT_APPLICABLE) else "run"}
    return {**made, "by": "provider"}


def empty(key: str, name: str, why: str) -> Field:
    """A field that does not apply, and why."""
    return {**field(key, name, f"{NOT_APPLICABLE}: {why}"), "by": NONE}


def identity(seen: Evidence) -> Field:
    """What was described, by whom, and which run it was: the digest is over all of its files."""
    run = seen.run
    return {
        "run": run.name,
        "run_digest": run.digest,
        "config_digest": str(run.book.get("config_digest", "")),
        "software": "weir",
        "software_version": str(run.book.get("code_version", "")),
        "finished_at": str(run.book.get("finished_at", "")),
    }
