"""Whom the filters cost more than others: retention of pages that mention a group, by each rule.

A page mentions an axis of identity if it holds a term of the language's lexicon; its language is
the baseline. The same comparison is made for varieties of a language, as far as a domain or a tag
shows them, and for each language against the whole run. A low ratio is a question, not a finding:
pages that mention a group differ from others in more than that.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit import fairness, identity, ratio, stats
from audit.runs import Run, Shard
from audit.sample import sample_keys, smallest
from filters.identity import AXES, Finder
from stages import schema
from stages.errors import ConfigError, IntegrityError

SAMPLE: Final = 20_000
"""Documents of a language that are read: a share of one half is then known to .7 points."""

SHARDS: Final = 200
"""Shards of which documents are drawn, chosen by hash: a snapshot's texts are not read whole. Each
has pages of all kinds of sites, as a crawl deals them out to files."""

KEPT, RULES = "kept", "rules"
"""Measures beside the rules' names: kept in the end, and failing no rule."""

ANY: Final = "any"
"""The group of documents that mention any axis."""

MENTION, DOMAIN, VARIETY, LANGUAGE = "mention", "domain", "variety", "language"
"""What makes a group: a term in the text, the host's country, the tag, or the whole language."""

DOMAINS: Final[Mapping[str, tuple[str, ...]]] = {
    "deu": ("de", "at", "ch", "li", "lu", "it", "be"),
    "fra": ("fr", "be", "ch", "lu", "ca"),
    "nld": ("nl", "be", "sr"),
    "por": ("pt", "br", "ao", "mz"),
    "spa": ("es", "mx", "ar", "co", "cl", "pe"),
    "eng": ("uk", "ie", "mt", "us", "in"),
    "ita": ("it", "ch", "sm"),
    "cat": ("cat", "es", "ad"),
    "ron": ("ro", "md"),
    "srp": ("rs", "ba", "me"),
    "swe": ("se", "fi", "ax"),
    "ell": ("gr", "cy"),
    "hun": ("hu", "ro", "sk", "rs"),
    "als": ("al", "xk", "mk"),
    "rus": ("ru", "by", "kz", "ua", "ee", "lv"),
    "tur": ("tr", "cy"),
    "pol": ("pl", "lt"),
    "dan": ("dk", "fo", "gl"),
}
"""Country domains of a language's varieties: where it is official or widely written."""

FAMILIES: Final[Mapping[str, tuple[str, ...]]] = {
    "Norwegian": ("nob_Latn", "nno_Latn"),
    "Serbian": ("srp_Cyrl", "srp_Latn"),
    "Gaelic languages and Welsh": ("gle_Latn", "gla_Latn", "cym_Latn"),
    "Sami": ("sme_Latn", "smj_Latn", "sma_Latn", "smn_Latn", "sms_Latn"),
    "Sorbian": ("hsb_Latn", "dsb_Latn"),
}
"""Tags that are varieties of one language, or small languages of one family."""


@dataclass(slots=True)
class _Counts:
    """Documents of a language's sample: shape (groups, 1 + measures), those of all groups first."""

    names: list[tuple[str, str]]
    counts: NDArray[np.int64]
    total: int
    find: Finder | None

    def add(self, texts: pa.Table, passes: NDArray[np.int64]) -> None:
        """Count documents whose row in `passes` says what they pass."""
        member = np.zeros((len(self.names), texts.num_rows), np.int64)
        member[0] = 1
        place = {name: at for at, (_, name) in enumerate(self.names)}
        for row, text in enumerate(texts.column("text").to_pylist() if self.find else ()):
            axes = self.find(text) if self.find else ()
            for axis in (*axes, ANY) if axes else ():
                member[place[axis], row] = 1
        for row, host in enumerate(fairness.domains(texts.column("url")).to_pylist()):
            if (at := place.get(f".{host}")) is not None:
                member[at, row] = 1
        self.counts += member @ passes


def bias(
    run: Run,
    language: str | None = None,
    most: int = SAMPLE,
    seed: int | None = None,
    shards: int = SHARDS,
) -> dict[str, Any]:
    """Retention of every group against its baseline, alarms first, as plain data.

    Reads the texts of up to `most` documents a language, the first in the run's sample order among
    those of up to `shards` shards; `documents` are what a language has in these.
    Groups of fewer than 30 documents are named in `few` and not shown. ConfigError where documents
    were pruned, and for a language that the run has not.
    """
    seed = int(run.book.get("seeds", {}).get("sample", 1)) if seed is None else seed
    drawn = sorted(run.shards, key=lambda one: _place(one.name, seed))[:shards]
    limits = _limits(run, drawn, language, most, seed)
    if language is not None and not limits:
        raise ConfigError("--language", f"no document of {run.path} is in {language}")
    rows: list[dict[str, Any]] = []
    few: list[dict[str, str]] = []
    languages = []
    measures = [KEPT, RULES, *run.rules]
    for tag, found in sorted(_counted(run, drawn, limits, seed).items()):
        lexicon = identity.of_tag(tag)
        languages.append(
            {
                "language": tag,
                "documents": found.total,
                "read": int(found.counts[0, 0]),
                "lexicon": lexicon.version if lexicon else None,
                "reviewed_by": lexicon.reviewed_by if lexicon else None,
            }
        )
        for at, (kind, group) in enumerate(found.names[1:], 1):
            place = {"language": tag, "kind": kind, "group": group}
            _compare(place, measures, found.counts[at], found.counts[0], rows, few)
    if language is None:
        _by_tag(run, rows, few)
    rows.sort(key=_order)
    return {
        "run": run.name,
        "seed": seed,
        "sample": most,
        "shards": {"read": len(drawn), "of": len(run.shards)},
        "languages": languages,
        "rows": rows,
        "few": few,
        "notes": [one for one in notes(run) if language in (None, one["language"])],
    }


def warnings(found: Mapping[str, Any]) -> list[str]:
    """What a reader must know before the numbers: lexicons nobody reviewed, languages without."""
    made = []
    unreviewed = [
        one["language"] for one in found["languages"] if one["lexicon"] and not one["reviewed_by"]
    ]
    without = [one["language"] for one in found["languages"] if not one["lexicon"]]
    if unreviewed:
        made.append(
            f"no native speaker has reviewed the lexicons of {len(unreviewed)} languages "
            f"({_named(unreviewed)}): terms may be missing, or mean something else"
        )
    if without:
        made.append(f"no lexicon for {len(without)} languages: {_named(without)}")
    return made + [sentence(row) for row in alarmed(found) if row["state"] == ratio.RAISED]


def alarmed(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows whose ratio lies below .8: alarms, then those to watch."""
    return [row for row in found["rows"] if row["state"] != ratio.OK]


def sentence(row: Mapping[str, Any]) -> str:
    """A row in words."""
    what = {
        MENTION: f"documents that mention {row['group']}",
        DOMAIN: f"documents from {row['group']}",
        VARIETY: f"documents in {row['group']}",
        LANGUAGE: "documents",
    }[row["kind"]]
    by = {KEPT: "are kept", RULES: "pass every rule"}.get(row["measure"])
    by = by or f"pass {row['measure']}"
    return (
        f"{row['language']}: {what} {by} at {row['ratio']:.2f} times the baseline's rate "
        f"({row['share']:.1%} of {row['documents']:,}, baseline {row['baseline']:.1%}; "
        f"95 % interval {row['ratio_low']:.2f} to {row['ratio_high']:.2f})"
    )


# Notes of people


NOTES: Final = "journal/bias_notes.jsonl"
MAX_NOTE: Final = 2000
GROUP: Final = re.compile(r"\.[a-z]{2,20}|[a-z]{3}_[A-Z][a-z]{3}")


def notes(run: Run) -> list[dict[str, str]]:
    """Notes of the people who looked, oldest first. IntegrityError if one cannot be read."""
    path = run.path / NOTES
    if not path.exists():
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [{k: str(v) for k, v in json.loads(line).items()} for line in lines if line]
    except (OSError, ValueError, AttributeError):
        raise IntegrityError(str(path), "a line is no note; mend or delete it") from None


def is_answered(row: Mapping[str, Any], said: Iterable[Mapping[str, str]]) -> bool:
    """Whether somebody has written a note on the row's group."""
    places = {row["language"], row["group"]}
    return any(one["group"] == row["group"] and one["language"] in places for one in said)


def add_note(run: Run, language: str, group: str, text: str, by: str, at: str) -> dict[str, str]:
    """Append a note to the run's journal and return it.

    ConfigError for an empty or long one, and for a group that is no axis, domain or tag.
    """
    if not text.strip() or len(text) + len(by) > MAX_NOTE:
        raise ConfigError("--note", f"a note has 1 to {MAX_NOTE:,} characters")
    if group not in (*AXES, ANY) and not GROUP.fullmatch(group):
        known = f"one of {', '.join((*AXES, ANY))}, a domain (.at) or a tag"
        raise ConfigError("--group", f"{group[:40]!r} is no group", known)
    made = {"language": language, "group": group, "note": text.strip(), "by": by, "at": at}
    path = run.path / NOTES
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(made, ensure_ascii=False) + "\n")
    return made


# Counting


def _place(name: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=16).digest()


def _limits(
    run: Run, drawn: Sequence[Shard], language: str | None, most: int, seed: int
) -> dict[str, tuple[int, np.uint64]]:
    """Documents of each language, and the largest sample key that is still read."""
    keys: dict[str, list[NDArray[np.uint64]]] = {}
    totals: dict[str, int] = {}
    for shard in drawn:
        if shard.documents.path in run.pruned and not run.is_there(shard.documents):
            raise ConfigError(
                str(run.path), "its documents were pruned", "bias is counted before weir prune"
            )
        for tag, mine in _by_language(run.read(shard.decisions, ["doc_id", "tag"]), language):
            found = sample_keys(mine.column("doc_id"), seed)
            totals[tag] = totals.get(tag, 0) + found.size
            parts = [*keys.get(tag, []), found]
            if sum(part.size for part in parts) > 4 * most:
                whole = np.concatenate(parts)
                parts = [whole[smallest(whole, most)]]
            keys[tag] = parts
    ordered = {tag: np.sort(np.concatenate(parts)) for tag, parts in keys.items()}
    return {tag: (totals[tag], of[min(most, of.size) - 1]) for tag, of in ordered.items()}


def _by_language(table: pa.Table, language: str | None) -> Iterator[tuple[str, pa.Table]]:
    """Rows of each language, or of one, in their order."""
    tags = pc.unique(table.column("tag")).to_pylist()
    for tag in sorted(tags) if language is None else {language} & {*tags}:
        yield tag, table.filter(pc.equal(table.column("tag"), tag))


def _counted(
    run: Run, drawn: Sequence[Shard], limits: Mapping[str, tuple[int, np.uint64]], seed: int
) -> dict[str, _Counts]:
    """Counts of every language, from its sample, in one pass over the shards."""
    made = {tag: _counts(tag, total, len(run.rules)) for tag, (total, _) in limits.items()}
    columns = ["doc_id", "tag", "outcome", "failed_rules", "reason"]
    for shard in drawn:
        for tag, decisions in _by_language(run.read(shard.decisions, columns), None):
            if tag in limits:
                for texts, beside in _chosen(run, shard, tag, decisions, limits[tag][1], seed):
                    made[tag].add(texts, _passes(beside, len(run.rules)))
    return made


def _counts(tag: str, total: int, rules: int) -> _Counts:
    lexicon = identity.of_tag(tag)
    names = [("all", "")]
    names += [(MENTION, axis) for axis in (*AXES, ANY)] if lexicon else []
    names += [(DOMAIN, f".{one}") for one in DOMAINS.get(tag.partition("_")[0], ())]
    counts = np.zeros((len(names), 3 + rules), np.int64)
    return _Counts(names, counts, total, Finder(lexicon) if lexicon else None)


def _chosen(
    run: Run, shard: Shard, tag: str, decisions: pa.Table, limit: np.uint64, seed: int
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Texts and decisions of a language's chosen documents, a row group at a time."""
    start = 0
    for group in run.groups(shard.documents, tag, ["doc_id", "url", "text"]):
        beside = decisions.slice(start, group.num_rows)
        start += group.num_rows
        if beside.column("doc_id").to_pylist() != group.column("doc_id").to_pylist():
            raise IntegrityError(
                shard.decisions.path, "is not aligned with its documents; see: weir verify RUN"
            )
        taken = pc.fill_null(pc.starts_with(beside.column("reason"), "takedown."), False)
        near = sample_keys(group.column("doc_id"), seed) <= limit
        mine = pa.array(near & ~taken.to_numpy())
        if pc.any(mine).as_py():
            yield group.filter(mine), beside.filter(mine)


def _passes(decisions: pa.Table, rules: int) -> NDArray[np.int64]:
    """One, kept, fails no rule, passes each rule: shape (documents, 3 + rules)."""
    masks = decisions.column("failed_rules").to_numpy()
    kept = pc.equal(decisions.column("outcome"), schema.KEEP).to_numpy(zero_copy_only=False)
    columns = [np.ones(masks.size, np.bool_), kept, masks == 0]
    columns += [masks >> np.uint64(bit) & np.uint64(1) == 0 for bit in range(rules)]
    return np.column_stack(columns).astype(np.int64)


def _compare(
    place: Mapping[str, str],
    measures: Sequence[str],
    group: NDArray[np.int64],
    baseline: NDArray[np.int64],
    rows: list[dict[str, Any]],
    few: list[dict[str, str]],
) -> None:
    """Append a row for each measure in which any document of the baseline fails, or name it few."""
    documents, total = int(group[0]), int(baseline[0])
    if documents < ratio.MIN_DOCUMENTS:
        if documents:
            few.append(dict(place))
        return
    for at, measure in enumerate(measures, 1):
        if measure in (KEPT, RULES) or baseline[at] < total:
            found = ratio.against(int(group[at]), documents, int(baseline[at]), total)
            rows.append({**place, "measure": measure, **found})


def _by_tag(run: Run, rows: list[dict[str, Any]], few: list[dict[str, str]]) -> None:
    """Languages against the run, and varieties with tags of their own against their family."""
    measures = [KEPT, *run.rules]
    groups = {one.name: one for one in fairness.by_language(stats.counts(run))["language"]}
    vectors = {tag: _vector(one, run.rules) for tag, one in groups.items()}
    if vectors:
        whole = np.sum([*vectors.values()], axis=0)
        for tag, vector in vectors.items():
            place = {"language": tag, "kind": LANGUAGE, "group": tag}
            _compare(place, [KEPT], vector, whole, rows, few)
    for family, tags in FAMILIES.items():
        present = [tag for tag in tags if tag in vectors]
        if len(present) > 1:
            whole = np.sum([vectors[tag] for tag in present], axis=0)
            for tag in present:
                place = {"language": family, "kind": VARIETY, "group": tag}
                _compare(place, measures, vectors[tag], whole, rows, few)


def _vector(group: fairness.Group, rules: Iterable[str]) -> NDArray[np.int64]:
    passed = [group.judged - group.fails.get(rule, 0) for rule in rules]
    return np.array([group.judged, group.kept, *passed], np.int64)


def _order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Alarms, then watched ones, then by language; kept before rules before a rule."""
    state = (ratio.RAISED, ratio.WATCH, ratio.OK).index(row["state"])
    measure = {KEPT: 0, RULES: 1}.get(row["measure"], 2)
    low = row["ratio"] if row["ratio"] is not None else 1.0
    rank = low if state < 2 else 0.0
    return state, rank, row["language"], row["kind"], row["group"], measure, row["measure"]


def _named(tags: Sequence[str]) -> str:
    more = f" and {len(tags) - 6} more" if len(tags) > 6 else ""
    return ", ".join(tags[:6]) + more
