"""The generated part of docs/performance.md, and the arithmetic of what a snapshot costs."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit import power
from benchmarks.performance_rows import SKETCHES, STAGES, inverse, lookup

MARK = "<!-- Below: python -m benchmarks.performance --write. Edit above. -->"
LEVELS = power.LEVELS


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a published crawl is taken to hold and a core-hour to cost: assumptions, all of them."""

    files: int = 90_000
    responses: float = 2.6e9
    bytes: float = 90e12
    """Of its WARC files: about 1 GB each."""
    euros_low: float = 0.01
    """A core-hour of a dedicated server rented by the month, and used all of it."""
    euros_mid: float = 0.02
    euros_high: float = 0.05
    """One of a cloud's ordinary machines, by the hour."""

    def euros(self) -> dict[str, float]:
        """Euros for a core-hour, low, mid and high."""
        return dict(zip(LEVELS, (self.euros_low, self.euros_mid, self.euros_high), strict=True))


def cost(cpu_s: float, memory_gb: float, snapshot: Snapshot) -> dict[str, Any]:
    """Core-hours, euros and kWh (low, mid, high) of that much processor time.

    Memory is held as long as the core works; watts and the building's share are those of
    `audit/energy.yaml`.
    """
    hours = cpu_s / 3600
    return {
        "core_hours": hours,
        "euros": {level: hours * price for level, price in snapshot.euros().items()},
        "kwh": power.kwh(cpu_s, cpu_s * memory_gb),
    }


def carried_on(floor: Mapping[str, Any], archive_bytes: int, snapshot: Snapshot) -> dict[str, Any]:
    """The cost of a snapshot from what `bench_floor` measured, by responses and by bytes.

    Start-up is left out of both: a worker starts once.
    """
    milliseconds = floor["ms_per_response"]["weir_without_startup"]["median"]
    memory_gb = floor["peak_pss_mb"]["median"] / 1024
    each_byte_s = milliseconds * floor["responses"] / archive_bytes / 1e3
    return {
        "memory_gb": memory_gb,
        "ms_per_response": milliseconds,
        "ms_per_archived_kb": each_byte_s * 1e6,
        "archived_kb_per_response": archive_bytes / floor["responses"] / 1e3,
        "by_responses": cost(milliseconds / 1e3 * snapshot.responses, memory_gb, snapshot),
        "by_bytes": cost(each_byte_s * snapshot.bytes, memory_gb, snapshot),
    }


def shown(number: float) -> str:
    """Three digits that count, thousands apart."""
    if not number:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(number))))
    rounded = round(number, 2 - math.floor(math.log10(abs(number))))
    return f"{rounded:,.{digits}f}"


def _range(spread: Mapping[str, Any]) -> str:
    """Median, and the range of the rounds where there is more than one."""
    median = shown(spread["median"])
    if spread["n"] < 2:
        return median
    return f"{median} ({shown(spread['min'])} to {shown(spread['max'])})"


def page(benches: Mapping[str, Mapping[str, Any]], snapshot: Snapshot) -> Iterator[str]:
    """Lines below the mark."""
    yield from _comparison(benches)
    yield from _text(benches)
    yield from _dedup(benches)
    yield from _floor(benches)
    yield from _stages(benches)
    yield from _growth(benches)
    yield from _cost(benches, snapshot)
    yield from _made(benches)


def _comparison(benches: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    rows = [row for bench in benches.values() for row in bench["rows"]]
    yield "## Against others"
    yield ""
    yield "| stage | other | unit | ours | theirs | times as fast | |"
    yield "|---|---|---|---:|---:|---:|---|"
    for row in sorted(rows, key=lambda row: STAGES.index(row["stage"])):
        if "missing" in row:
            cells = ["", "", "", f"no number: {_cell(row['missing'])}"]
        else:
            cells = [shown(row["ours"]), shown(row["theirs"]), _range(row["times_as_fast"])]
            cells.append(row["note"])
        yield f"| {row['stage']} | {_named(row)} | {row['unit']} | " + " | ".join(cells) + " |"
    yield ""
    figures = lookup(benches, "bench_peers.figures") or {}
    if "common" in figures:
        started = figures["startup_cpu_s"]
        ratio = inverse(figures["common"]["ratio_without_startup"])
        yield (
            f"Start-up is {shown(started['weir'])} s of our whole run and "
            f"{shown(started['datatrove'])} s of datatrove's. Without both, ours is "
            f"**{_range(ratio)} times as fast** on the pages that both extract."
        )
        yield ""


def _named(row: Mapping[str, Any]) -> str:
    """The other with its first version."""
    version = next(iter(row["versions"].values()), "")
    return f"{row['peer']} {version}".strip() if row["peer"] != "ours alone" else row["peer"]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _text(benches: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    speed = lookup(benches, "bench_extractors.figures.speed")
    quality = lookup(benches, "bench_extractors.figures.quality")
    if not speed or not quality:
        return
    yield "### How good the text is"
    yield ""
    yield (
        "Speed and quality of the same texts, made in one process from decoded pages. *Snippets*: "
        "precision, recall and F1 of labelled snippets, 530 pages. *Words*: mean F1 against WCXB's "
        "gold text, 268 pages. *Agreement*: F1 of character 6-grams with trafilatura's text, mean "
        "/ median, on pages neither English nor German; nothing was learned from their hosts."
    )
    yield ""
    yield "| | ms a page | times as fast as fast | P | R | F1 | words | agreement |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for name, figures in quality.items():
        ratio = _range(speed[name]["times_trafilatura_fast"])
        found, agreed = figures["snippets"], figures["agreement"]
        cells = [shown(speed[name]["ms_a_page"]["median"]), ratio]
        cells += [f"{found[key]:.3f}" for key in ("precision", "recall", "f1")]
        cells += [f"{figures['words']:.3f}", f"{agreed['mean']:.3f} / {agreed['median']:.3f}"]
        yield f"| {name} | " + " | ".join(cells) + " |"
    yield ""
    stored = [
        (name, found)
        for name in ("weir", "datatrove")
        if (found := lookup(benches, f"bench_extraction.figures.{name}"))
    ]
    if stored:
        parts = (f"{found['f1']:.3f} of {name}'s" for name, found in stored)
        yield f"F1 of the same snippets in the text that a run **stores**: {', '.join(parts)}."
        yield ""


def _growth(benches: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    figures = lookup(benches, "bench_growth.figures") or {}
    yield "## As the input grows"
    yield ""
    if "sizes" not in figures:
        yield _without(benches, "bench_growth")
        yield ""
        return
    yield (
        "Whole runs of one file with one worker: the same 1,000 responses once, ten times and a "
        "hundred times. Milliseconds are of the records beyond the first hundred, which take "
        f"{shown(figures['first_cpu_s'])} s, start-up and what each language costs once. Memory is "
        "that of all processes of the run: as they each see it, and with what they share counted "
        "once."
    )
    yield ""
    yield "| records | ms a record | MB, each | MB, once |"
    yield "|---:|---:|---:|---:|"
    for size in figures["sizes"]:
        cells = [f"{size['records']:,}", _range(size["ms_cpu_per_record"])]
        cells += [f"{size[key]:,.0f}" for key in ("peak_rss_mb", "peak_pss_mb")]
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield f"Slowest to fastest: {figures['slowest_to_fastest']:.3f}."
    yield ""


def _dedup(benches: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    found = lookup(benches, "bench_dedup.figures.found")
    if not found:
        return
    yield "### What the deduplicators find"
    yield ""
    yield (
        "By the exact Jaccard similarity of our shingles, all pairs compared; rensa, datatrove and "
        "text-dedup cut words differently, and are held against ours all the same. *Recall*: of "
        "the pairs of .8 and more, those that are candidates. *Wrongly*: removed for a document "
        "that is less than .75 similar. *Left*: pairs of .8 and more of which both stay."
    )
    yield ""
    yield "| | recall | removed | wrongly | left |"
    yield "|---|---:|---:|---:|---:|"
    for name in SKETCHES:
        if name in found:
            side = found[name]
            recall = "" if side["recall_80"] is None else f"{side['recall_80']:.3f}"
            cells = (recall, side["removed"], side["removed_wrongly"], side["pairs_left_80"])
            yield f"| {name.replace('_', '-')} | " + " | ".join(map(str, cells)) + " |"
    yield ""


def _floor(benches: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    figures = lookup(benches, "bench_floor.figures") or {}
    yield "## Above the floor"
    yield ""
    if "ms_per_response" not in figures:
        yield _without(benches, "bench_floor")
        yield ""
        return
    yield (
        f"{figures['responses']:,} responses, {figures['html_responses']:,} of them HTML, "
        f"{figures['pages_extracted']:,} pages extracted. Milliseconds of processor time."
    )
    yield ""
    yield "| | a response | a page extracted |"
    yield "|---|---:|---:|"
    for key, label in (
        ("gunzip", "inflating the archive"),
        ("parse", "one parse of each HTML response"),
        ("floor", "the floor: both"),
        ("weir_without_startup", "our whole run, without start-up"),
        ("weir", "our whole run"),
    ):
        cells = [_range(figures[f"ms_per_{unit}"][key]) for unit in ("response", "extracted_page")]
        yield f"| {label} | " + " | ".join(cells) + " |"
    yield ""
    yield (
        f"Our whole run takes **{_range(figures['times_the_floor_without_startup'])} times the "
        f"floor**, {_range(figures['times_the_floor'])} with its start-up of "
        f"{shown(figures['startup_cpu_s']['median'])} s."
    )
    yield ""


def _without(benches: Mapping[str, Mapping[str, Any]], bench: str) -> str:
    """Why a section has no numbers."""
    return f"No number: {_cell(str(lookup(benches, f'{bench}.failed') or 'not measured yet'))}"


def _stages(benches: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    stages = lookup(benches, "bench_bulk.figures.stages_ms_cpu_per_extracted_page")
    yield "## Where our time goes"
    yield ""
    if not stages:
        yield _without(benches, "bench_bulk")
        yield ""
        return
    total = sum(stages.values())
    yield (
        "Step extract, by stage; `parse.` is what the killable child does. `open` is start-up, "
        "which a longer run has once."
    )
    yield ""
    yield "| stage | ms a page extracted | share |"
    yield "|---|---:|---:|"
    for name, milliseconds in stages.items():
        yield f"| `{name}` | {milliseconds:.3f} | {milliseconds / total:.1%} |"
    yield f"| all | {total:.3f} | |"
    yield ""


def _cost(benches: Mapping[str, Mapping[str, Any]], snapshot: Snapshot) -> Iterator[str]:
    yield "## What a snapshot costs"
    yield ""
    figures = lookup(benches, "bench_floor.figures") or {}
    size = lookup(benches, "bench_floor.parameters.bytes")
    if "ms_per_response" not in figures or not size:
        yield _without(benches, "bench_floor")
        yield ""
        return
    made = carried_on(figures, size, snapshot)
    ways = ("by_responses", "by_bytes")

    def triple(key: str) -> str:
        return " | ".join(
            " / ".join(shown(made[way][key][level]) for level in LEVELS) for way in ways
        )

    prices = " / ".join(f"{price:g}" for price in snapshot.euros().values())
    watts, memory, pue = (
        " / ".join(f"{power.assumptions()[name][level]:g}" for level in LEVELS)
        for name in ("watts_per_core", "watts_per_gb", "pue")
    )
    yield "| | by responses | by bytes |"
    yield "|---|---:|---:|"
    yield (
        f"| measured here | {shown(made['ms_per_response'])} ms a response "
        f"| {shown(made['ms_per_archived_kb'])} ms an archived kB |"
    )
    yield (
        f"| assumed of the snapshot | {snapshot.responses / 1e9:g} billion responses "
        f"| {snapshot.files:,} files, {snapshot.bytes / 1e12:g} TB |"
    )
    hours = " | ".join(shown(made[way]["core_hours"]) for way in ways)
    yield f"| **core-hours** | {hours} |"
    yield f"| **euros**, at {prices} a core-hour | {triple('euros')} |"
    yield f"| **kWh**, low / mid / high | {triple('kwh')} |"
    yield ""
    yield (
        f"A response here is {shown(made['archived_kb_per_response'])} kB in the archive; one of "
        f"the snapshot is {shown(snapshot.bytes / snapshot.responses / 1e3)} kB by the numbers "
        f"assumed. kWh: core-hours x ({watts} W + {shown(made['memory_gb'])} GB x {memory} W) / "
        f"1,000 x {pue}."
    )
    yield ""


def _made(benches: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "## How it was measured"
    yield ""
    yield "| command | date | machine | load |"
    yield "|---|---|---|---|"
    for bench in benches.values():
        machine = bench.get("machine") or {}
        named = f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}"
        load = machine["load_average"]
        loads = f"{load['start'][0]} to {load['end'][0]}"
        failed = f"; failed: {_cell(bench['failed'])}" if bench.get("failed") else ""
        yield f"| `{bench['command']}` | {machine['date']} | {named} | {loads}{failed} |"


def renewed(text: str, lines: Sequence[str]) -> str:
    """The page with other lines below the mark. ValueError if it has none."""
    head, mark, _ = text.partition(MARK)
    if not mark:
        raise ValueError(f"no line {MARK!r}")
    return f"{head}{MARK}\n\n" + "\n".join(lines).rstrip() + "\n"
