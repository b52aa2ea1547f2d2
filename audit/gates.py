"""Gates: what a finished run must hold before it is published, as YAML, with a verdict for each.

A gate is about one subject (the run, a language, a signal of a language, a page). It passes, fails,
or is skipped, with the reason: too few documents, or no run to compare with.
"""

import difflib
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree as ET

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from audit import bias, ratio, stats
from audit.runs import Run
from audit.sample import visible
from audit.trace import url_key
from filters.catalog import BY_NAME
from langid import tags
from pipeline import layers
from stages import schema
from stages.errors import ConfigError

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
EMPTY_BIN = 0.5
"""Added to each bin, so that an empty one has a logarithm; half a document, as is usual."""

HEX = r"^[0-9a-f]{32}$"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _normalised(value: dict[str, Any]) -> dict[str, Any]:
    return {tags.normalise(name): bound for name, bound in value.items()}


class Least(_Section):
    """A least number of documents."""

    min: int = Field(ge=0)
    source: str = Field(min_length=10)


class KeptDocuments(_Section):
    """Documents kept by the run, and by languages that must be there."""

    run: Least | None
    languages: dict[str, Least | None] = {}

    _tags = field_validator("languages")(_normalised)


class Band(_Section):
    """Bounds of a keep-rate, inclusive."""

    min: float | None = Field(default=None, ge=0, le=1)
    max: float | None = Field(default=None, ge=0, le=1)
    source: str = Field(min_length=10)

    @model_validator(mode="after")
    def _ordered(self) -> "Band":
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class KeepRate(_Section):
    """Documents kept of those judged."""

    from_documents: int = Field(ge=1)
    every_language: Band | None
    languages: dict[str, Band | None] = {}

    _tags = field_validator("languages")(_normalised)


class Rules(_Section):
    """What one rule may reject of a language."""

    from_documents: int = Field(ge=1)
    max_rejected_fraction: float = Field(ge=0, le=1)
    source: str = Field(min_length=10)


class Drift(_Section):
    """How far signals may lie from an earlier run."""

    from_documents: int = Field(ge=1)
    max_psi: float = Field(gt=0)
    source: str = Field(min_length=10)
    signals: dict[str, float | None] = {}

    @field_validator("signals")
    @classmethod
    def _known(cls, value: dict[str, float | None]) -> dict[str, float | None]:
        for name in value:
            if name not in BY_NAME:
                near = difflib.get_close_matches(name, BY_NAME, n=3)
                hint = f"; did you mean {', '.join(near)}?" if near else ""
                raise ValueError(f"unknown signal {name!r}{hint}")
        return value


class Pinned(_Section):
    """A page whose outcome must not change."""

    doc_id: str | None = Field(default=None, pattern=HEX)
    url_key: str | None = Field(default=None, pattern=HEX)
    url: str | None = None
    outcome: Literal["keep", "reject"]
    why: str = Field(min_length=3)
    required: bool = True
    """Whether it fails where the run has no such page; else it is skipped."""

    @model_validator(mode="after")
    def _named_once(self) -> "Pinned":
        if sum(name is not None for name in (self.doc_id, self.url_key, self.url)) != 1:
            raise ValueError("name the page by one of doc_id, url_key and url")
        return self


class Bias(_Section):
    """Every alarm of `weir bias` needs a note of somebody who looked."""

    sample: int = Field(ge=100)
    source: str = Field(min_length=10)


class Gates(_Section):
    """All gates; a section that is null is off."""

    kept_documents: KeptDocuments | None = None
    keep_rate: KeepRate | None = None
    rules: Rules | None = None
    drift: Drift | None = None
    bias: Bias | None = None
    pinned: tuple[Pinned, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate found."""

    gate: str
    subject: str
    outcome: str
    detail: str


def load(path: Path | None) -> tuple[Path, Gates]:
    """The gates of a file, or the shipped ones. ConfigError names file, key and what is wrong."""
    place = path or layers.configs_folder() / "gates.yaml"
    try:
        value = YAML(typ="safe", pure=True).load(place.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            "--gates", f"there is no file {place}", "copy configs/gates.yaml and change it"
        ) from None
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise ConfigError(
            str(place), f"not readable as YAML: {str(error).splitlines()[0]}"
        ) from None
    try:
        return place, Gates.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ConfigError(
            str(place), f"{key}: {first['msg']}", "configs/gates.yaml shows every key"
        ) from None


def check(run: Run, gates: Gates, baseline: Run | None = None) -> list[Verdict]:
    """A verdict for every gate, in the order of the file; the books are always looked at."""
    table = stats.counts(run)
    found = stats.summarise(table)
    verdicts = [*_books(found)]
    judged = _judged(table)
    if gates.kept_documents is not None:
        verdicts += _kept_documents(gates.kept_documents, found)
    if gates.keep_rate is not None:
        verdicts += _keep_rates(gates.keep_rate, judged)
    if gates.rules is not None:
        verdicts += _rules(gates.rules, table, judged)
    if gates.drift is not None:
        verdicts += _drifts(gates.drift, table, baseline)
    if gates.bias is not None:
        verdicts += _alarms(gates.bias, run)
    return [*verdicts, *_pinned(run, gates.pinned)]


def _books(found: Mapping[str, Any]) -> Iterator[Verdict]:
    faults = stats.imbalances(found)
    yield Verdict("books", "run", FAILED if faults else PASSED, "; ".join(faults) or "they balance")


def _judged(table: stats.Table) -> dict[str, tuple[int, int]]:
    """Documents kept and judged, by language."""
    kept, rejected = (
        {
            tag: sum(labels.values())
            for tag, labels in table.get(("decide", f"documents.{state}"), {}).items()
        }
        for state in ("kept", "rejected")
    )
    return {
        tag: (kept.get(tag, 0), kept.get(tag, 0) + rejected.get(tag, 0))
        for tag in sorted(kept.keys() | rejected.keys())
    }


def _kept_documents(gate: KeptDocuments, found: Mapping[str, Any]) -> Iterator[Verdict]:
    subjects = {"run": gate.run, **gate.languages}
    for subject, least in subjects.items():
        if least is None:
            continue
        account = found["totals"] if subject == "run" else found["languages"].get(subject)
        kept = account["kept"] if account else 0
        outcome = PASSED if kept >= least.min else FAILED
        yield Verdict(
            "kept_documents", subject, outcome, f"{kept:,} kept, at least {least.min:,} wanted"
        )


def _keep_rates(gate: KeepRate, judged: Mapping[str, tuple[int, int]]) -> Iterator[Verdict]:
    for tag in sorted({*judged, *gate.languages}):
        band = gate.languages.get(tag, gate.every_language)
        if band is None:
            continue
        kept, count = judged.get(tag, (0, 0))
        if count < gate.from_documents:
            detail = f"{count:,} documents, fewer than {gate.from_documents:,}"
            yield Verdict("keep_rate", tag, SKIPPED, detail)
            continue
        rate = kept / count
        is_inside = (band.min is None or rate >= band.min) and (
            band.max is None or rate <= band.max
        )
        low, high = ("-" if side is None else f"{side:g}" for side in (band.min, band.max))
        yield Verdict(
            "keep_rate",
            tag,
            PASSED if is_inside else FAILED,
            f"{rate:.3f} ({kept:,} of {count:,}), wanted {low} to {high}",
        )


def _rules(
    gate: Rules, table: stats.Table, judged: Mapping[str, tuple[int, int]]
) -> Iterator[Verdict]:
    failing = table.get(("decide", "documents.rule.any"), {})
    rejected = stats.labels(table, "decide", "documents.rejected")
    if not failing and any(reason.startswith("rule.") for reason in rejected):
        detail = "the statistics do not say what each rule rejects: run it again with --reuse"
        yield Verdict("rules", "run", FAILED, detail)
        return
    for tag, (_, count) in judged.items():
        if count < gate.from_documents:
            detail = f"{count:,} documents, fewer than {gate.from_documents:,}"
            yield Verdict("rules", tag, SKIPPED, detail)
            continue
        worst = max(
            failing.get(tag, {}).items(), key=lambda item: (item[1], item[0]), default=("", 0)
        )
        fraction = worst[1] / count
        yield Verdict(
            "rules",
            tag,
            PASSED if fraction <= gate.max_rejected_fraction else FAILED,
            f"{worst[0] or 'no rule'} rejects {fraction:.3f} of {count:,}, "
            f"at most {gate.max_rejected_fraction:g} wanted",
        )


def _drifts(gate: Drift, table: stats.Table, baseline: Run | None) -> Iterator[Verdict]:
    if baseline is None:
        yield Verdict("drift", "run", SKIPPED, "no --baseline to compare with")
        return
    before = stats.counts(baseline)
    for tag in sorted({*_languages(table), *_languages(before)}):
        sizes = [sum(_bins(one, next(iter(BY_NAME)), tag).values()) for one in (before, table)]
        if min(sizes) < gate.from_documents:
            detail = f"{sizes[0]:,} and {sizes[1]:,} documents, fewer than {gate.from_documents:,}"
            yield Verdict("drift", tag, SKIPPED, detail)
            continue
        for name in BY_NAME:
            most = gate.signals.get(name, gate.max_psi)
            if most is None:
                continue
            index = psi(_bins(before, name, tag), _bins(table, name, tag))
            yield Verdict(
                "drift",
                f"{tag} {name}",
                PASSED if index <= most else FAILED,
                f"index {index:.3f} against {baseline.name}, at most {most:g} wanted",
            )


def _alarms(gate: Bias, run: Run) -> Iterator[Verdict]:
    if any(s.documents.path in run.pruned and not run.is_there(s.documents) for s in run.shards):
        yield Verdict("bias", "run", SKIPPED, "the run's documents were pruned")
        return
    found = bias.bias(run, most=gate.sample)
    raised = [row for row in bias.alarmed(found) if row["state"] == ratio.RAISED]
    for row in raised:
        is_answered = bias.is_answered(row, found["notes"])
        detail = bias.sentence(row) if is_answered else f"no note on it: {bias.sentence(row)}"
        subject = f"{row['language']} {row['group']} {row['measure']}"
        yield Verdict("bias", subject, PASSED if is_answered else FAILED, detail)
    if not raised:
        yield Verdict("bias", "run", PASSED, "no alarm")


def _languages(table: stats.Table) -> set[str]:
    return {tag for tag, (_, count) in _judged(table).items() if count}


def _bins(table: stats.Table, name: str, tag: str) -> dict[str, int]:
    """Documents by bin of a signal, kept and rejected together."""
    sums: dict[str, int] = {}
    for state in ("kept", "rejected"):
        for label, count in (
            table.get(("decide", f"histogram.{name}.{state}"), {}).get(tag, {}).items()
        ):
            sums[label] = sums.get(label, 0) + count
    return sums


def psi(before: Mapping[str, int], after: Mapping[str, int]) -> float:
    """Population stability index of two histograms: sum of (q - p) ln(q / p) over their bins.

    Bins that both lack do not count; half a document is added to each of the others. 0 for equal
    shares, and symmetric. Source: Siddiqi 2006, Credit Risk Scorecards.
    """
    labels = sorted({label for one in (before, after) for label, count in one.items() if count})
    totals = [sum(one.values()) + EMPTY_BIN * len(labels) for one in (before, after)]
    index = 0.0
    for label in labels:
        p, q = (
            (one.get(label, 0) + EMPTY_BIN) / total
            for one, total in zip((before, after), totals, strict=True)
        )
        index += (q - p) * math.log(q / p)
    return index


def _pinned(run: Run, pages: Sequence[Pinned]) -> Iterator[Verdict]:
    """Pinned pages; one that was archived several times is kept if any of its copies is."""
    key = run.settings.gate.url_key
    wanted = {
        page: ("doc_id", page.doc_id)
        if page.doc_id is not None
        else ("url_key", page.url_key or url_key(str(page.url), key))
        for page in pages
    }
    fates = _fates(run, {str(value) for _, value in wanted.values()}) if pages else {}
    for page, (kind, value) in wanted.items():
        found = fates.get((kind, str(value)), [])
        subject = f"{kind} {value}"
        if not found:
            outcome = FAILED if page.required else SKIPPED
            yield Verdict("pinned", subject, outcome, f"the run has no such page ({page.why})")
            continue
        is_kept = None in found
        reasons = ", ".join(sorted({reason for reason in found if reason is not None}))
        said = "is kept" if is_kept else f"is rejected ({reasons})"
        outcome = PASSED if is_kept == (page.outcome == schema.KEEP) else FAILED
        detail = f"{said}, wanted {page.outcome}: {page.why}"
        yield Verdict("pinned", subject, outcome, detail)


def _fates(run: Run, wanted: set[str]) -> dict[tuple[str, str], list[str | None]]:
    """Reason of each record by doc_id and by url_key; None for a kept one."""
    values = pa.array(sorted(wanted), type=pa.string())
    fates: dict[tuple[str, str], list[str | None]] = {}
    for shard in run.shards:
        table = run.read(shard.records, ["doc_id", "url_key", "reason"])
        mask = pc.or_(
            *(pc.is_in(table.column(name), value_set=values) for name in ("doc_id", "url_key"))
        )
        rows = table.filter(mask).to_pylist()
        if not rows:
            continue
        decided = run.read(shard.decisions, ["doc_id", "reason"])
        ids = pa.array([row["doc_id"] for row in rows], type=pa.string())
        mine = decided.filter(pc.is_in(decided.column("doc_id"), value_set=ids)).to_pylist()
        last = {row["doc_id"]: row["reason"] for row in mine}
        for row in rows:
            reason = last.get(row["doc_id"], row["reason"])
            for kind in ("doc_id", "url_key"):
                fates.setdefault((kind, row[kind]), []).append(reason)
    return fates


def junit(run: Run, verdicts: Sequence[Verdict]) -> bytes:
    """The verdicts as JUnit XML: one suite, a case for each gate and subject."""
    outcomes = Counter(verdict.outcome for verdict in verdicts)
    root = ET.Element("testsuites")
    suite = ET.SubElement(
        root,
        "testsuite",
        name=f"weir gates {visible(run.name)}",
        tests=str(len(verdicts)),
        failures=str(outcomes[FAILED]),
        errors="0",
        skipped=str(outcomes[SKIPPED]),
    )
    for verdict in verdicts:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=f"weir.gates.{verdict.gate}",
            name=visible(verdict.subject),
        )
        if verdict.outcome == FAILED:
            ET.SubElement(case, "failure", message=visible(verdict.detail))
        elif verdict.outcome == SKIPPED:
            ET.SubElement(case, "skipped", message=visible(verdict.detail))
        else:
            ET.SubElement(case, "system-out").text = visible(verdict.detail)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"
