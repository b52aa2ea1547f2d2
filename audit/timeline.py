"""One record's way through the pipeline, step by step, from its bytes in the archive to its row.

Strings from outside are made visible; nothing is shown that the run did not store.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from audit import figures
from audit.phrases import language_name
from audit.places import Ledger, Place
from audit.runs import Run, Shard, find_rows
from audit.sample import visible
from audit.trace import describe_rows
from filters.catalog import BY_NAME
from filters.rights import LATEST, POLICIES
from stages import schema

PASSED: Final = "passed"
STOPPED: Final = "stopped here"
UNREACHED: Final = "not reached"
NOTED: Final = "noted"

STEPS: Final = (
    ("archived", "Archived"),
    ("rights", "Opt-outs"),
    ("gate", "Usable page"),
    ("extract", "Main text"),
    ("identify", "Language"),
    ("redact", "Personal data"),
    ("rules", "Quality rules"),
    ("dedup", "Duplicates"),
    ("publish", "Corpus"),
)
_STOPPED_BY: Final[Mapping[str, str]] = {
    "read": "archived",
    "rights": "rights",
    "takedown": "rights",
    "gate": "gate",
    "extract": "extract",
    "identify": "identify",
    "rule": "rules",
    "list": "rules",
    "dedup": "dedup",
}
_EXTRACTED: Final = ("gate", "extract", "identify", "redact")
_ORDER: Final = [key for key, _ in STEPS]
_ROBOTS: Final[Mapping[str, str]] = {
    "rules": "has rules",
    "empty": "empty",
    "not_robots": "not a robots.txt",
    "not_text": "no text",
    "unreadable": "could not be parsed",
    "none": "none (4xx)",
    "unreachable": "could not be fetched (5xx)",
    "redirect_circle": "redirects in a circle",
    "redirect_limit": "more than five redirects",
    "redirect_outside": "redirects to what the archive does not hold",
    "unknown": "not in the archive",
}
_PLACES: Final[Mapping[str, str]] = {
    "meta": "the page",
    "header": "a header",
    "file": "the site's tdmrep.json",
}
_DECISIONS: Final[Mapping[str, str]] = {
    "allowed": "No channel that the run heeds reserves the page.",
    "reserved": "Reserved, by a channel that this run does not heed.",
    "unknown": "No reservation was found; not every channel is known.",
}
_LANGUAGE_COLUMNS: Final = (
    *("doc_id", "language_score", "runner_up", "runner_up_score", "confusable_group"),
    *("confusable_group_score", "top_langs", "others_fraction"),
)
EXCERPT_CHARS: Final = 1200


def timeline(run: Run, place: Place, ledger: Ledger) -> dict[str, Any]:
    """A record and its steps: `label`, `state`, `facts` as pairs of name and value, and `note`.

    The state is `passed`, `stopped here`, `not reached`, or `noted` where nothing is decided. The
    step `rules` has a table, `values`: every rule's value, limit and verdict.
    """
    shard = run.shards[place.shard]
    page = describe_rows(run, shard, [place.row], EXCERPT_CHARS)[0]
    doc_id = page["doc_id"]
    if page["outcome"] == schema.KEEP:
        page["corpus_file"] = ledger.corpus_files([doc_id]).get(doc_id)
    page = {name: _plain(value) for name, value in page.items()}
    extra = _language(run, shard, doc_id)
    stop = _STOPPED_BY.get(str(page["reason"]).partition(".")[0]) if page["reason"] else None
    steps = []
    for key, label in STEPS:
        facts, note = _FACTS[key](run, page, extra)
        state = _state(key, stop)
        if stop == "rights" and page["n_chars"] and key in _EXTRACTED:
            state = _state(key, None)  # the page was a document before it was reserved
        if key == "rights" and page["rights"] is None and state == PASSED:
            state = UNREACHED  # what the gate rejects by status or size is not asked
        if state == UNREACHED:
            facts, note = (), ""
        steps.append(
            {
                "key": key,
                "label": label,
                "state": state,
                "facts": [(name, value) for name, value in facts if value not in (None, "")],
                "note": note,
                "values": _values(run, page) if key == "rules" else [],
            }
        )
    return {"page": page, "steps": steps}


def _plain(value: Any) -> Any:
    return visible(value) if isinstance(value, str) else value


def _state(key: str, stop: str | None) -> str:
    if stop is None or _ORDER.index(key) < _ORDER.index(stop):
        return NOTED if key == "redact" else PASSED
    return STOPPED if key == stop else UNREACHED


def _language(run: Run, shard: Shard, doc_id: str) -> dict[str, Any]:
    """What identification knew of a document; empty without one, or where it was pruned."""
    if not run.is_there(shard.documents):
        return {}
    row = find_rows(run.read(shard.documents, ["doc_id"]).column("doc_id"), [doc_id])[0]
    if row is None:
        return {}
    found: dict[str, Any] = run.take(shard.documents, [row], _LANGUAGE_COLUMNS).to_pylist()[0]
    return found


Facts = tuple[Sequence[tuple[str, Any]], str]


def _archived(run: Run, page: Mapping[str, Any], _: Mapping[str, Any]) -> Facts:
    is_taken = str(page["reason"]).startswith("takedown.")
    address = "removed by a takedown" if is_taken else "not readable"
    facts = [
        ("Snapshot", run.snapshot),
        ("Archive file", page["warc"]),
        ("Bytes", f"{page['offset']:,} to {page['offset'] + page['length']:,}"),
        ("Archived at", page["date"]),
        ("Address", page["url"] or address),
        ("HTTP status", page["status"]),
        ("Media type", page["media_type"]),
        ("Payload", f"{page['payload_bytes']:,} bytes"),
        ("Payload digest", page["payload_digest"]),
        ("Record id", page["record_id"]),
    ]
    return facts, _because(page, ("read.",))


def _rights(run: Run, page: Mapping[str, Any], _: Mapping[str, Any]) -> Facts:
    found = page["rights"]
    if found is None:
        return [], _because(page, ("rights.", "takedown."))
    robots, tdm, licence = (found[name] or {} for name in ("robots", "tdmrep", "licence"))
    free = found["accessible_for_free"]
    heeded = POLICIES[str(found["policy"])]
    named = f"{found['policy']}, version {found['policy_version']}"
    status = robots.get("status")
    facts = [
        ("robots.txt of the host", _ROBOTS.get(str(status), status)),
        ("It was fetched", _fetched(robots, page["url"])),
        ("Agent it names", robots.get("agent")),
        ("Rule that matched", robots.get("rule")),
        ("It can be read in other ways", "yes" if robots.get("ambiguous") else None),
        ("It says in words", found["natural_language"]),
        ("TDM reservation", f"{tdm['value']}, in {_PLACES[tdm['place']]}" if tdm else None),
        ("TDM policy", tdm.get("policy")),
        ("Content-Usage", found["content_usage"]),
        ("Content-Signal", found["content_signal"]),
        ("noai", None if found["noai"] is None else "yes" if found["noai"] else "no"),
        ("Other directives", ", ".join(found["directives"] or ())),
        ("ai.txt", found["ai_txt"]),
        ("RSL licence", found["rsl"]),
        ("Licence of the page", _licence(licence)),
        ("Free to read", None if free is None else "yes" if free else "no"),
        ("Not readable", ", ".join(found["unreadable"] or ())),
        ("Reserved by", ", ".join(found["reserved_by"] or ())),
        ("Decided by", ", ".join(found["decided_by"] or ())),
        ("Policy", f"{named}, heeds {', '.join(heeded) or 'no channel'}"),
    ]
    because = _because(page, ("rights.", "takedown."))
    decision = "reserved" if found["reserved_by"] else str(found["decision"])
    said = because or _DECISIONS.get(decision, decision)
    return [(name, _plain(value)) for name, value in facts], said


def _fetched(robots: Mapping[str, Any], url: str) -> str | None:
    """When the file was fetched, and in whose place it speaks."""
    if not robots.get("fetched_at"):
        return None
    scheme, said = robots.get("scheme"), str(robots["fetched_at"])
    if robots["source"] == LATEST:
        return f"{said}, after the crawl"
    if scheme and not url.startswith(f"{scheme}:"):
        return f"{said}, for {scheme}: there is none for the page's own scheme"
    return said


def _licence(licence: Mapping[str, Any]) -> str | None:
    if not licence:
        return None
    code = " ".join(filter(None, (licence["code"], licence["version"])))
    others = "; others are named as well" if licence["ambiguous"] else ""
    return f"{code}, by {licence['place']}, certainty {licence['certainty']}{others}"


def _gate(_run: Run, page: Mapping[str, Any], _: Mapping[str, Any]) -> Facts:
    return [], _because(page, ("gate.",)) or "Status, type, size and structure are within limits."


def _extract(_run: Run, page: Mapping[str, Any], _: Mapping[str, Any]) -> Facts:
    facts = [
        ("Title", page["title"]),
        ("Characters", f"{page['n_chars']:,}" if page["n_chars"] else None),
        ("Words", None if page["n_words"] is None else f"{page['n_words']:,}"),
    ]
    return facts, _because(page, ("extract.",))


def _identify(_run: Run, page: Mapping[str, Any], extra: Mapping[str, Any]) -> Facts:
    group, rival = extra.get("confusable_group"), extra.get("runner_up")
    facts = [
        ("Language", page["language"]),
        ("Confidence, 0 to 1", _number(extra.get("language_score"))),
        ("Second", _second(rival, extra.get("runner_up_score")) if rival else None),
        (
            "Group, its probability",
            f"{group}, {_number(extra['confusable_group_score'])}" if group else None,
        ),
        ("Share of other languages", _number(extra.get("others_fraction"))),
    ]
    return facts, _because(page, ("identify.",))


def _redact(_run: Run, page: Mapping[str, Any], _: Mapping[str, Any]) -> Facts:
    counts = sorted(page["pii_counts"].items())
    if page["n_words"] is None:
        return [], ""
    note = "" if counts else "Nothing that looks like personal data was found."
    return [(str(kind), f"{count:,} replaced") for kind, count in counts], note


def _rules(_run: Run, page: Mapping[str, Any], _: Mapping[str, Any]) -> Facts:
    listed = {"allow": "On the allow list of its language.", "deny": "On its deny list."}
    return [], " ".join(
        part
        for part in (listed.get(page["listed"], ""), _because(page, ("rule.", "list.")))
        if part
    )


def _dedup(_run: Run, page: Mapping[str, Any], _: Mapping[str, Any]) -> Facts:
    size = page["cluster_size"]
    facts = [
        ("Group", page["cluster_id"]),
        ("Pages in it", f"{size:,}" if size and page["cluster_id"] else None),
        ("Kept instead", page["keeper_id"]),
        ("Similarity", _number(page["similarity"])),
        ("Verified by", str(page["method"]).replace("_", " ") if page["method"] else None),
    ]
    alone = "" if page["cluster_id"] or size is None else "No other page of the run is its copy."
    return facts, _because(page, ("dedup.",)) or alone


def _publish(_run: Run, page: Mapping[str, Any], _: Mapping[str, Any]) -> Facts:
    if page["outcome"] != schema.KEEP:
        return [], "It is not in the corpus."
    return [("File", page["corpus_file"])], "It is in the corpus."


_FACTS: Final = {
    "archived": _archived,
    "rights": _rights,
    "gate": _gate,
    "extract": _extract,
    "identify": _identify,
    "redact": _redact,
    "rules": _rules,
    "dedup": _dedup,
    "publish": _publish,
}


def _because(page: Mapping[str, Any], reasons: tuple[str, ...]) -> str:
    """The meaning of the page's reason, if it is one of a step's."""
    if not str(page["reason"] or "").startswith(reasons):
        return ""
    meaning = str(page["meaning"] or page["reason"])
    return f"{meaning[0].upper()}{meaning[1:]}."


def _values(run: Run, page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every rule of the page's language: value, limit and verdict, failed ones first."""
    if page["n_words"] is None and not page["signals"]:
        return []
    bounds, first = run.bounds(page["language"]), str(page["reason"] or "").removeprefix("rule.")
    found = []
    for name in run.rules:
        bound, value = bounds.get(name), page["signals"].get(name)
        if bound is None or (bound.min is None and bound.max is None):
            continue
        failed = name in page["failed_rules"]
        verdict = "failed" if failed else "undefined" if value is None else "passed"
        if name == first:
            verdict = "failed first"
        found.append(
            {
                "rule": name,
                "value": None if value is None else figures.number(value),
                "limit": figures.bound_text(bound),
                "unit": BY_NAME[name].unit if name in BY_NAME else "",
                "verdict": verdict,
            }
        )
    return sorted(
        found,
        key=lambda row: (not row["verdict"].startswith("failed"), row["verdict"] == "undefined"),
    )


def _second(tag: str, score: float | None) -> str:
    name = language_name(tag)["name"]
    return f"{name if name == tag else f'{name} ({tag})'}, {_number(score)}"


def _number(value: float | None) -> str | None:
    if value is None:
        return None
    return "under 0.0001" if 0 < value < 0.0001 else f"{value:.4f}"
