"""Papers as files: what `weir export` writes, by kind."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from audit import exports
from audit.papers import ai_act, card, croissant, datasheet
from audit.papers.ai_act_data import FILES
from audit.papers.evidence import Evidence, listed
from audit.papers.markdown import rendered
from audit.papers.provider import Answers
from audit.runs import Run
from pipeline import storage
from stages.errors import ConfigError

FOLDER = "cards"
"""Where papers lie in a run (the data contract); a takedown removes them, as they name sites."""

Files = dict[str, bytes]


def _ai_act(seen: Evidence, answers: Answers) -> Files:
    made = ai_act.summary(seen, answers)
    return {
        "ai_act_summary.json": _json(made),
        "ai_act_summary.md": rendered("ai_act.md.j2", **made).encode(),
        **domain_lists(seen),
    }


def domain_lists(seen: Evidence) -> Files:
    """Registrable domains by bytes of text that were kept: the whole list and the two shorter."""
    table = seen.held.domains
    ranks = pa.array(range(1, table.num_rows + 1), pa.int64())
    ranked = table.add_column(0, "rank", ranks)
    counts = listed(table.num_rows)
    return {file: exports.as_csv(ranked.slice(0, counts[name])) for name, file in FILES.items()}


def _croissant(seen: Evidence, answers: Answers) -> Files:
    return {"croissant.json": _json(croissant.description(seen, answers))}


def _card(seen: Evidence, answers: Answers) -> Files:
    return {"README.md": card.card(seen, answers).encode()}


def _datasheet(seen: Evidence, answers: Answers) -> Files:
    return {"datasheet.md": datasheet.datasheet(seen, answers).encode()}


def _json(data: Mapping[str, Any]) -> bytes:
    return (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode()


PAPERS: Mapping[str, Callable[[Evidence, Answers], Files]] = {
    "ai-act": _ai_act,
    "croissant": _croissant,
    "card": _card,
    "datasheet": _datasheet,
}


def write(run: Run, paper: str, answers: Answers, folder: Path | None) -> dict[str, Any]:
    """Write a paper of a run; paths of its files and the questions that are left open.

    IntegrityError if corpus and ledger disagree, ConfigError for a folder that cannot be written.
    """
    files = PAPERS[paper](Evidence(run), answers)
    place = folder or run.path / FOLDER
    try:
        place.mkdir(parents=folder is None, exist_ok=True)
        for name, data in files.items():
            storage.write_bytes(place / name, data)
            if not storage.in_store(place):
                os.chmod(place / name, 0o644)
    except OSError as error:
        problem = f"{place} cannot be written ({error.strerror})"
        raise ConfigError(
            "--output", problem, "name another folder, in one that is there"
        ) from None
    return {
        "paper": paper,
        "files": [str(place / name) for name in files],
        "open": [{"key": key, "asked": asked} for key, asked in answers.open.items()],
    }
