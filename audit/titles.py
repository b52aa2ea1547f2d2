"""What each figure of the report shows, in a sentence: its title."""

from collections.abc import Mapping
from typing import Any

from audit.findings import MIN_PAGES
from audit.phrases import energy, of, plain, share
from audit.power import MEASURED, UNKNOWN


def titles(values: Mapping[str, Any]) -> dict[str, str]:
    """A finding for each figure, from the numbers that the figure shows."""
    made = (_waterfall, _languages, _reasons, _rules, _together, _copies, _rights, _personal)
    more = (_sites, _domains, _flows, _bias, _throughput, _energy)
    return {one.__name__.strip("_"): one(values) for one in (*made, *more)}


def _waterfall(values: Mapping[str, Any]) -> str:
    falls = [row for row in values["waterfall"] if row["lost"]]
    read, kept = values["totals"]["read"], values["totals"]["kept"]
    said = f"Of {of(read, 'page')} read, {kept:,} {'remains' if kept == 1 else 'remain'}"
    if not falls:
        return said
    most = max(falls, key=lambda row: row["lost"])
    return f"{said}; most are lost to “{most['label'].lower()}”, {most['lost']:,}"


def _languages(values: Mapping[str, Any]) -> str:
    shares = [
        (row["account"]["kept"] / row["account"]["read"], row["name"])
        for row in values["languages"]
        if row["account"]["read"] >= MIN_PAGES
    ]
    if len(shares) < 3:
        return f"{of(len(values['languages']), 'language')} with documents"
    (low, worst), (high, best) = min(shares), max(shares)
    return (
        f"From {share(low, 1)} of the pages kept ({worst}) to {share(high, 1)} ({best}), among "
        f"languages with {MIN_PAGES} or more"
    )


def _reasons(values: Mapping[str, Any]) -> str:
    rows = [row for group in values["reasons"] for row in group["rows"]]
    if not rows:
        return "Every page is in the corpus"
    most = max(rows, key=lambda row: row["documents"])
    count = sum(row["documents"] for row in rows)
    part = share(most["documents"], count)
    return f"{of(count, 'page')} not in the corpus; the commonest reason, {most['reason']}: {part}"


def _rules(values: Mapping[str, Any]) -> str:
    most = max(values["rules"], key=lambda rule: rule["only"], default=None)
    if most is None or not most["only"]:
        return "No rule rejects a page by itself"
    verb = "is" if most["only"] == 1 else "are"
    count = of(most["only"], "page")
    return (
        f"{plain(most['name']).capitalize()} costs most by itself: {count} {verb} lost to it alone"
    )


def _together(values: Mapping[str, Any]) -> str:
    found = values["combinations"]
    if not found["documents"]:
        return "No document fails a rule"
    part = share(found["alone"], found["documents"])
    counts = f"{found['alone']:,} of {found['documents']:,}"
    return f"{part} of the documents that fail a rule fail only one: {counts}"


def _copies(values: Mapping[str, Any]) -> str:
    count = sum(method["documents"] for method in values["dedup"]["methods"])
    part = share(count, values["extracted"])
    return f"{of(count, 'page')} removed as copies, {part} of extracted documents"


def _rights(values: Mapping[str, Any]) -> str:
    channels = values["rights"]["channels"]
    count = sum(channel["documents"] for channel in channels)
    if not count:
        return "No page was reserved by its publisher"
    most = max(channels, key=lambda channel: channel["documents"])
    part = share(most["documents"], count)
    return f"{of(count, 'page')} reserved by publishers, {part} of them through {most['channel']}"


def _personal(values: Mapping[str, Any]) -> str:
    found = values["pii"]
    if not found["kinds"]:
        return "No personal data was found"
    rate = 1000 * found["total"] / found["documents"] if found["documents"] else 0
    return f"{rate:,.0f} placeholders for 1,000 documents, most often {found['kinds'][0][0]}"


def _sites(values: Mapping[str, Any]) -> str:
    found = values["sites"]
    if not found or not found["sites"]:
        return "No kept words"
    first, verb = found["half"], "holds" if found["half"] == 1 else "hold"
    part = share(found["sites"][0]["words"], found["words"])
    return (
        f"{of(first, 'site')} of {found['count']:,} {verb} half of the kept words; the largest has "
        f"{part}"
    )


def _domains(values: Mapping[str, Any]) -> str:
    found = values["sites"]
    if not found or not found["domains"]:
        return "No kept words"
    first = max(found["domains"], key=lambda row: row["words"])
    name = f".{first['name']}" if first["name"] else "addresses without a top-level domain"
    part = share(first["words"], found["words"])
    return (
        f"{name} has {part} of the kept words, of {of(len(found['domains']), 'top-level domain')}"
    )


def _flows(values: Mapping[str, Any]) -> str:
    found = values["flows"]
    if not found or not found["groups"]:
        return "No page is in a language that is easily taken for another"
    doubted = sum(group["doubted"] for group in found["groups"])
    count = sum(group["documents"] for group in found["groups"])
    return f"{doubted:,} of {of(count, 'document')} in close languages had a serious rival"


def _bias(values: Mapping[str, Any]) -> str:
    found = values["bias"]
    if not found or not found["rows"]:
        return "No group has 30 documents to compare"
    if not found["alarms"]:
        said = f"; {of(found['watched'], 'ratio')} to watch" if found["watched"] else ""
        return f"No alarm among {of(found['count'], 'comparison')}{said}"
    worst = found["rows"][0]
    return (
        f"{of(found['alarms'], 'alarm')} among {of(found['count'], 'comparison')}: "
        f"{worst['language']}, {worst['group']}, {worst['measure']} at {worst['ratio']:.2f} times "
        "the baseline"
    )


def _throughput(values: Mapping[str, Any]) -> str:
    found = values["throughput"]
    if not found["pages_per_s_core"]:
        return "The manifests hold no timings"
    most = max(found["steps"], key=lambda row: row["cpu_s"])
    part = share(most["cpu_s"], found["cpu_s"])
    return f"{part} of the processor time went into {most['step']}"


def _energy(values: Mapping[str, Any]) -> str:
    found = values["energy"]
    if found["method"] == UNKNOWN:
        return "Energy: unknown, for the manifests hold no timings"
    is_measured = found["method"] == MEASURED
    how = "processors’ counters were read" if is_measured else "estimated; nothing was measured"
    wasted = found["rejected_total"]["fraction"]
    said = f"Energy: {energy(found['total']['kwh'])}, {how}"
    return said if not wasted else f"{said}; {wasted:.0%} went into pages that were rejected later"
