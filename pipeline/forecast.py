"""What a run will take, from a probe of its inputs: time, processor time, energy, disk, memory.

The probe is a run of a few responses at up to three places of the inputs. What extraction takes
there is carried on by the bytes of the inputs; the steps after it, which such a small run cannot
show, by what a larger one took for a document.
"""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow.compute as pc
import pyarrow.parquet as pq

from audit import power
from audit.energy import ONCE
from audit.phrases import duration, energy
from pipeline import config, index_forecast, manifest, planning, runner, storage
from pipeline.answers import Text, folded, table
from pipeline.manifest import Manifest
from pipeline.plan import Plan
from pipeline.storage import Input
from stages.errors import ConfigError

PLACES: Final = 3

LATER_MS: Final[Mapping[str, float]] = {
    "cluster": 0.3,
    "judge": 0.08,
    "decide": 0.17,
    "publish": 0.43,
    "compact": 0.42,
}
"""Processor time of the steps after extraction, in ms for a document that has main text; `cluster`
stands for band to resolve. Measured on 2,600 real pages in 78 languages (docs/energy.md); with
millions of pages clustering takes .11 ms (docs/scale.md)."""

FIXED_BYTES: Final[Mapping[str, int]] = {
    "extract": 1_100,
    "cluster": 1_400,
    "decide": 50,
    "publish": 800,
    "compact": 800,
}
TEXT_BYTES: Final[Mapping[str, float]] = {"extract": 0.37, "publish": 0.37, "compact": 0.37}
"""Bytes on disk for a document (for a kept one in publish and compact), and for a character of its
text. Measured on the same pages; clustering with real texts by docs/scale.md. Files of the probe
itself are too small to tell: most of them is what every file has."""

SPREAD: Final = (0.7, 1.4)
"""By what the estimate may be wrong beside what the places of the probe say: pages of the probe
stand for all, and a machine's cores share memory and caches. See docs/energy.md for plans and what
became of them."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a probe of one input took."""

    seen_bytes: int
    responses: int
    documents: int
    cpu_s: float
    open_s: float
    rss_mb: float
    characters: int


@dataclass(frozen=True, slots=True)
class Probe:
    """What a probe found: its places, share of documents kept, and what is prepared once a run."""

    places: Sequence[Place]
    kept_fraction: float
    fixed_s: float = 0.0
    fixed_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to estimate for."""

    probe: int = 200
    workers: int | None = None
    files: int | None = None
    price_per_core_hour: float | None = None
    country: str | None = None


def plan(resolved: config.Resolved, wanted: Wanted = Wanted()) -> dict[str, Any]:
    """Inputs and bytes of a run, and an estimate of what it takes; None without a probe.

    ConfigError for inputs that cannot be read, and for a country without a factor.
    """
    if wanted.country is not None:
        power.factor_of(wanted.country)
    made = planning.make_plan(resolved)
    if made.guide is not None:
        return _guided(resolved, made, wanted)
    readable = [(i, _size(i)) for i in made.shards if _size(i)]
    all_bytes, count = sum(size for _, size in readable), len(made.shards)
    data: dict[str, Any] = {
        "snapshot": made.snapshot,
        "shards": count,
        "bytes": all_bytes,
        "robots_files": len(made.robots),
        "missing": [i.uri for i in made.shards if i.identity == "missing"],
        "languages": list(resolved.run.identify.languages) or "all European",
        "estimate": None,
    }
    if wanted.probe and readable:
        if wanted.files is not None:
            all_bytes, count = round(all_bytes / len(readable) * wanted.files), wanted.files
        found = _probed(resolved, readable, wanted.probe)
        data["estimate"] = estimate(found, all_bytes, count, wanted)
    return data


def _guided(resolved: config.Resolved, made: Plan, wanted: Wanted) -> dict[str, Any]:
    """The plan of an index-guided run, whose probe is records that the index names."""
    selected, rows = index_forecast.survey(resolved.run, made)
    size, files = selected["wanted_bytes"], selected["warc_files"] or selected["selected"]
    data: dict[str, Any] = {
        "snapshot": made.snapshot,
        "shards": files,
        "bytes": selected["read_bytes"],
        "robots_files": len(made.robots),
        "missing": [],
        "languages": list(resolved.run.identify.languages) or "all European",
        "estimate": None,
        "selection": selected,
    }
    if wanted.probe and rows.num_rows:
        with tempfile.TemporaryDirectory(prefix="weir-plan-") as folder:
            path = Path(folder) / "probe.warc.gz"
            taken = index_forecast.sample(rows, resolved.run, wanted.probe, path)
            selected["fetch_hours"] = taken["request_s"] * selected["requests"] / 3600
            if path.exists():
                item = Input(path.name, str(path), storage.identity(str(path)))
                found = _probed(resolved, [(item, path.stat().st_size)], wanted.probe)
                data["estimate"] = estimate(found, size, max(1, files), wanted)
    return data


def estimate(found: Probe, all_bytes: int, files: int, wanted: Wanted) -> dict[str, Any]:
    """What inputs of so many bytes in so many files take, low, mid and high where it is a range.

    The range is that of the places, widened by `SPREAD`; energy multiplies it with that of the
    assumptions.
    """
    places, workers = found.places, wanted.workers or os.cpu_count() or 1
    seen = sum(place.seen_bytes for place in places)
    rows = sum(place.responses for place in places)
    probed = sum(place.documents for place in places)
    factor = all_bytes / max(1, seen)
    documents = probed * factor
    opening_s = max(place.open_s for place in places) * min(workers, files)
    later_s = sum(LATER_MS.values()) * documents / 1000
    extract = [
        (place.cpu_s - place.open_s) / max(1, place.seen_bytes) * all_bytes for place in places
    ]
    middle = sum(place.cpu_s - place.open_s for place in places) * factor
    bounds = (min(extract) * SPREAD[0], middle, max(extract) * SPREAD[1])
    cpu = {
        at: each + later_s + opening_s + found.fixed_s
        for at, each in zip(power.LEVELS, bounds, strict=True)
    }
    turns = -(-files // workers)
    wall = {
        at: each / files * turns
        + opening_s / min(workers, files)
        + later_s / workers
        + found.fixed_s
        for at, each in zip(power.LEVELS, bounds, strict=True)
    }
    rss_mb = max(place.rss_mb for place in places)
    kwh = {at: power.kwh(cpu[at], cpu[at] * rss_mb * 2**20 / 1e9)[at] for at in power.LEVELS}
    characters = sum(place.characters for place in places) / max(1, probed)
    disk = _disk(documents, documents * found.kept_fraction, characters, found.fixed_bytes)
    price = wanted.price_per_core_hour
    return {
        "from_responses": rows,
        "places": len(places),
        "files": files,
        "workers": workers,
        "responses": round(rows * factor),
        "documents": round(documents),
        "cpu_hours": {at: cpu[at] / 3600 for at in power.LEVELS},
        "wall_hours": {at: wall[at] / 3600 for at in power.LEVELS},
        "cpu_ms_per_response": 1000 * cpu["mid"] / max(1, rows * factor),
        "kwh": kwh,
        "grams": power.grams(kwh, wanted.country) if wanted.country else None,
        "country": power.factor_of(wanted.country)["country"] if wanted.country else None,
        "cost": None
        if price is None
        else {at: wall[at] / 3600 * workers * price for at in power.LEVELS},
        "disk_bytes": disk,
        "stored_bytes": sum(disk.values()),
        "memory_mb": rss_mb * min(workers, files),
        "memory_mb_per_worker": rss_mb,
    }


def _disk(documents: float, kept: float, characters: float, fixed: int) -> dict[str, int]:
    """Bytes on disk by step, from documents, kept ones, and characters of a document."""
    made = {"prepare": fixed}
    for step, each in FIXED_BYTES.items():
        count = kept if step in ("publish", "compact") else documents
        made[step] = round(count * (each + TEXT_BYTES.get(step, 0.0) * characters))
    return made


def _size(found: Input) -> int:
    return 0 if found.identity == "missing" else int(found.identity.partition(":")[0])


def _spread(readable: Sequence[tuple[Input, int]]) -> list[tuple[Input, int]]:
    """The first, middle and last of the inputs."""
    at = sorted({0, len(readable) // 2, len(readable) - 1})
    return [readable[number] for number in at[:PLACES]]


def _probed(resolved: config.Resolved, readable: Sequence[tuple[Input, int]], probe: int) -> Probe:
    """A run of the first responses of some inputs, in a folder that is removed."""
    chosen = _spread(readable)
    changes = {
        "source": "files",
        "inputs": tuple(found.uri for found, _ in chosen),
        "limit": max(1, probe // len(chosen)),
        "robots": (),
        "base_uri": None,
    }
    settings = resolved.run.model_copy(update=changes)
    with tempfile.TemporaryDirectory(prefix="weir-plan-") as folder:
        run = runner.Runner(
            config.Resolved(settings, {}), runner.Options(Path(folder) / "probe", workers=1)
        )
        run.start()
        made = {step: list(manifest.every(run.run, step)) for step in (*ONCE, "extract")}
        if not made["extract"]:
            where = ", ".join(found.uri for found, _ in chosen)
            raise ConfigError(where, "; ".join(run.result.problems) or "cannot be read")
        sizes = {found.name: size for found, size in chosen}
        places = tuple(_place(run.run, one, sizes) for one in made["extract"])
        prepared = [one for step in ONCE for one in made[step]]
        published = [o for one in run.made.get("compact", ()) for o in one.outputs]
    documents = sum(place.documents for place in places)
    return Probe(
        places,
        sum(o.rows for o in published if o.base == "corpus") / max(1, documents),
        sum(one.timing["cpu_s"] for one in prepared),
        sum(output.bytes for one in prepared for output in one.outputs),
    )


def _place(run: Path, made: Manifest, sizes: Mapping[str, int]) -> Place:
    columns = ["offset", "length", "n_chars"]
    records = pq.read_table(run / made.output("records").path, columns=columns)
    ends = pc.add(records.column("offset"), records.column("length"))
    most = max((sizes.get(Path(name).name, sizes.get(name, 0)) for name in made.inputs), default=0)
    timing = made.timing
    stages = {name: s for name, s in timing.items() if name.startswith("stage.")}
    # Opening models is paid once a worker. It is known by the clock: here as a share of the whole.
    share = stages.get("stage.open_s", 0.0) / max(1e-9, sum(stages.values()))
    return Place(
        max(1, min(pc.max(ends).as_py() or 1, most or 1 << 62)),
        made.books.rows_in,
        made.books.kept,
        timing["cpu_s"],
        timing["cpu_s"] * share,
        timing["rss_mb"],
        pc.sum(records.column("n_chars")).as_py() or 0,
    )


def plan_text(data: Mapping[str, Any]) -> Text:
    """`weir plan`."""
    yield (
        f"snapshot {data['snapshot']}: {data['shards']:,} inputs, {data['bytes'] / 1e6:,.1f} "
        f"MB, {data['robots_files']} robots files, languages: {data['languages']}"
    )
    if data.get("selection"):
        yield from index_forecast.text(data["selection"])
    for uri in data["missing"]:
        yield f"missing: {uri}"
    if (e := data["estimate"]) is None:
        return
    yield ""
    yield from folded(
        "",
        f"from {e['from_responses']} responses at {e['places']} places, for {e['files']:,} files "
        f"and {e['workers']} workers: about {e['responses']:,} responses, "
        f"{e['documents']:,} documents before rules",
        0,
    )
    rows = [
        ("time", *(duration(3600 * e["wall_hours"][at]) for at in power.LEVELS)),
        ("core-hours", *(f"{e['cpu_hours'][at]:,.2f}" for at in power.LEVELS)),
    ]
    if e["cost"]:
        rows.append(("cost", *(f"{e['cost'][at]:,.2f}" for at in power.LEVELS)))
    if e["grams"]:
        rows.append((f"g CO2e, {e['country']}", *(f"{e['grams'][at]:,.3g}" for at in power.LEVELS)))
    yield ""
    yield from table(("", *power.LEVELS), rows, "-rrr")
    yield f"energy      {energy(e['kwh'])}, by the assumptions of docs/energy.md"
    yield f"memory      {e['memory_mb_per_worker']:,.0f} MB a worker, {e['memory_mb']:,.0f} MB"
    yield f"disk        {e['stored_bytes'] / 1e6:,.1f} MB:"
    sizes = sorted(e["disk_bytes"].items(), key=lambda one: -one[1])
    said = ", ".join(f"{step} {size / 1e6:,.1f}" for step, size in sizes if size >= 50_000)
    yield from folded("", said, 12)
