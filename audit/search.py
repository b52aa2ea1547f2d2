"""Records by host, domain, reason, language, outcome, signal range or words of their text.

What is found comes in the order of a seed, so its first page is a random sample of all of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit import sample
from audit.fates import KEPT, Fates
from audit.runs import Run
from audit.views import Views
from filters.catalog import BY_NAME
from stages import schema
from stages.errors import ConfigError

SEED: Final = 7
MAX_TEXTS: Final = 20_000
"""Texts of one language that are searched for words, some 60 MB of them."""
SNIPPET_CHARS: Final = 90
MAX_WORDS: Final = 200
COLUMNS: Final = ("doc_id", "url", "date", "status", "n_chars")


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for; empty means anything."""

    host: str = ""
    domain: str = ""
    language: str = ""
    outcome: str = ""
    reason: str = ""
    signal: str = ""
    low: float | None = None
    high: float | None = None
    text: str = ""

    def named(self) -> list[str]:
        """Names of the fields that say something."""
        return [field.name for field in fields(self) if getattr(self, field.name) not in ("", None)]


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows found in the order of the seed, how many, and what was not looked at."""

    rows: NDArray[np.int64]
    """Rows of the fates."""
    note: str
    snippets: dict[int, str]
    """By row, where a text was looked for."""


def check(run: Run, question: Question, known: Fates) -> None:
    """ConfigError for a language, reason, signal or outcome that the run does not have."""
    if question.language and question.language not in known.tags:
        raise ConfigError("language", f"no page of this run is in {question.language[:40]!r}")
    if question.outcome and question.outcome not in sample.OUTCOMES:
        raise ConfigError(
            "outcome", f"{question.outcome[:40]!r} is none of keep, reject, quarantine"
        )
    names = {name.partition(".")[0] for name in known.names} | set(known.names)
    if question.reason and question.reason not in names:
        raise ConfigError(
            "reason", f"no record of this run has the reason {question.reason[:60]!r}"
        )
    if question.signal and question.signal not in BY_NAME:
        raise ConfigError("signal", f"there is no signal {question.signal[:60]!r}")
    needs = [name for name in ("signal", "text") if getattr(question, name)]
    if needs and not question.language:
        raise ConfigError(
            "language", f"a search by {' and '.join(needs)} is of one language: name it"
        )
    if len(question.text) > MAX_WORDS:
        raise ConfigError("text", f"has more than {MAX_WORDS} characters")


def search(run: Run, views: Views, known: Fates, question: Question) -> Answer:
    """The records that all of the question's parts are true of. ConfigError as from `check`."""
    check(run, question, known)
    mask = _by_fate(known, question)
    domain = question.domain.strip().lstrip("*.")
    for name in (question.host, f"*.{domain}" if domain else ""):
        if name:
            mask &= _by_host(views, known, name)
    if question.signal:
        mask &= _by_signal(views, known, question)
    rows = np.flatnonzero(mask)
    rows = rows[np.argsort(sample.mixed(known.head[rows], SEED), kind="stable")]
    return _by_text(run, known, rows, question) if question.text else Answer(rows, "", {})


def described(
    run: Run, known: Fates, rows: Sequence[int], snippets: dict[int, str]
) -> list[dict[str, Any]]:
    """Some records with address, date, language and fate; strings from outside made visible."""
    found: dict[int, dict[str, Any]] = {}
    for number in sorted({int(known.shard[row]) for row in rows}):
        mine = [row for row in rows if known.shard[row] == number]
        places = [int(known.row[row]) for row in mine]
        table = run.take(run.shards[number].records, places, COLUMNS).to_pylist()
        for row, record in zip(mine, table, strict=True):
            fate = known.names[known.fate[row]]
            found[row] = {
                **{name: _plain(value) for name, value in record.items()},
                "language": known.tags[known.tag[row]],
                "fate": fate,
                "outcome": outcome_of(fate),
                "snippet": snippets.get(row, ""),
            }
    return [found[row] for row in rows]


def outcome_of(fate: str) -> str:
    """Outcome of a fate."""
    if fate == KEPT:
        return schema.KEEP
    known = schema.reason(fate)
    return known[0] if known else schema.REJECT


def _plain(value: Any) -> Any:
    return sample.visible(value) if isinstance(value, str) else value


def _by_fate(known: Fates, question: Question) -> NDArray[np.bool_]:
    """Which records have the language, outcome and reason."""
    reason = question.reason
    chosen = [
        (not reason or name == reason or name.startswith(f"{reason}."))
        and (not question.outcome or outcome_of(name) == question.outcome)
        for name in known.names
    ]
    mask: NDArray[np.bool_] = np.array(chosen, np.bool_)[known.fate]
    if question.language:
        mask &= known.tag == known.tags.index(question.language)
    return mask


def _by_host(views: Views, known: Fates, host: str) -> NDArray[np.bool_]:
    """Which records are of a host, or of the hosts below `*.domain`."""
    mask = np.zeros(len(known), np.bool_)
    places = np.array([tuple(place) for place in views.find(host)], np.int64).reshape(-1, 2)
    keys = known.shard.astype(np.uint64) << np.uint64(32) | known.row
    wanted = places[:, 0].astype(np.uint64) << np.uint64(32) | places[:, 1].astype(np.uint64)
    mask[np.isin(keys, wanted)] = True
    return mask


def _by_signal(views: Views, known: Fates, question: Question) -> NDArray[np.bool_]:
    """Which documents have a value within bounds, inclusive."""
    view = views.language(question.language)
    values = view.values.get(question.signal)
    if values is None:
        raise ConfigError("signal", f"{question.signal} was not measured in this run")
    low, high = question.low, question.high
    inside = np.isfinite(values)
    if low is not None:
        inside &= values >= np.float32(low)
    if high is not None:
        inside &= values <= np.float32(high)
    mask = np.zeros(len(known), np.bool_)
    rows = np.flatnonzero(inside)
    at = np.searchsorted(known.head, view.columns["head"][rows])
    at = np.minimum(at, max(0, len(known) - 1))
    is_same = known.tail[at] == view.columns["tail"][rows]
    mask[at[is_same]] = True
    return mask


def _by_text(run: Run, known: Fates, rows: NDArray[np.int64], question: Question) -> Answer:
    """Those of some documents whose redacted text holds some words, in any case.

    Texts lie by archive file and language, so whole files are looked into, in the order in which
    the rows meet them: a file's pages cost little more than one of them.
    """
    hits: dict[int, str] = {}
    shards = list(dict.fromkeys(known.shard[rows].tolist()))
    looked = pruned = files = 0
    for number in shards:
        if looked >= MAX_TEXTS:
            break
        mine = rows[known.shard[rows] == number][: MAX_TEXTS - looked]
        files += 1
        if not run.is_there(run.shards[number].documents):
            pruned += mine.size
            continue
        looked += mine.size
        hits |= _hits(run, known, mine, question)
    kept = np.array([row for row in rows.tolist() if row in hits], np.int64)
    note = (
        f"Looked into {looked:,} texts of {rows.size:,} records, those of {files:,} of "
        f"{len(shards):,} archive files."
    )
    if pruned:
        note += f" The texts of {pruned:,} were pruned."
    return Answer(kept, note, hits)


def _hits(run: Run, known: Fates, rows: NDArray[np.int64], question: Question) -> dict[int, str]:
    """The rows of one shard whose text holds the words, each with what is around them."""
    documents = run.shards[int(known.shard[rows[0]])].documents
    by_id = dict(zip(known.doc_ids(rows), rows.tolist(), strict=True))
    ids = pa.array(list(by_id), pa.string())
    wanted, found = question.text.casefold(), {}
    for table in run.groups(documents, question.language, ["doc_id", "text"]):
        inside = table.filter(pc.is_in(table.column("doc_id"), value_set=ids))
        pairs = zip(*(column.to_pylist() for column in inside.columns), strict=True)
        for doc_id, page in pairs:
            at = page.casefold().find(wanted)
            if at >= 0:
                found[by_id[doc_id]] = _snippet(page, at, len(question.text))
    return found


def _snippet(page: str, at: int, length: int) -> str:
    start, end = max(0, at - SNIPPET_CHARS), at + length + SNIPPET_CHARS
    cut = f"{'… ' if start else ''}{page[start:end]}{' …' if end < len(page) else ''}"
    return sample.visible(cut.replace("\n", " "))
