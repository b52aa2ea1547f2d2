"""The figures of a run's papers, each under a name by which anybody can have it counted again.

A name is a JSON pointer (RFC 6901) into `Evidence.tree`; `weir export figures RUN --at NAME` prints
what it points to. Figures come from the corpus files and the ledger's counts, never from a paper.
Where both know a number they must agree, or there is no paper.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from math import ceil
from typing import Any

import pyarrow.compute as pc

from audit import chapters, selected, stats
from audit.bias import DOMAINS, FAMILIES
from audit.energy import energy
from audit.papers.holdings import NO_TLD, UNITS, Holdings, Sums, holdings
from audit.papers.site_kinds import LENT, MARKS, OTHER, kind_of
from audit.papers.suffixes import suffixes
from audit.runs import Run, base_name
from filters import countries
from filters.site_files import UNDATED
from langid import tags
from pipeline import lists
from stages import schema
from stages.errors import ConfigError, IntegrityError

TOP_SHARE, SME_SHARE, SME_MOST = 0.10, 0.05, 1_000
"""Which domains the training summary lists (template of the Commission, section 2.3): the top 10 %
by size of content; for small and medium-sized enterprises 5 % or 1,000, whichever is lower."""


DENSITY = "rule.personal_data_density"
"""Why pages that are lists of people are rejected."""


class Evidence:
    """What can be said of a finished run in numbers. IntegrityError if its parts disagree."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._sections: dict[str, dict[str, Any]] = {}

    def section(self, name: str) -> dict[str, Any]:
        """One group of figures, counted once."""
        if name not in self._sections:
            self._sections[name] = SECTIONS[name](self)
        return self._sections[name]

    @cached_property
    def table(self) -> stats.Table:
        """The run's counts."""
        return stats.counts(self.run)

    @cached_property
    def found(self) -> dict[str, Any]:
        """What `weir stats` says."""
        return stats.summarise(self.table)

    @cached_property
    def held(self) -> Holdings:
        """What the corpus files hold, held against the ledger."""
        made = holdings(self.run)
        kept = {tag: part["kept"] for tag, part in self.found["languages"].items() if part["kept"]}
        held = made.languages.items()
        counted = {tag: n for tag, sums in held if (n := sums.get("documents", 0))}
        if kept != counted:
            tag = min(tag for tag in kept.keys() | counted if kept.get(tag) != counted.get(tag))
            raise IntegrityError(
                f"{self.run.path}/corpus",
                f"holds {counted.get(tag, 0)} documents in {tag}, the ledger keeps"
                f" {kept.get(tag, 0)}; find out with: weir verify {self.run.path}",
            )
        return made

    @cached_property
    def rights(self) -> dict[str, Any]:
        """What the report says of reservations: channels, policy, pages and hosts."""
        return chapters.rights(self.run, self.table, self.found["totals"])

    def tree(self) -> dict[str, Any]:
        """All figures."""
        return {name: self.section(name) for name in SECTIONS}

    def at(self, pointer: str) -> Any:
        """A figure, or a group of them. ConfigError for a name that there is not."""
        if not pointer.startswith("/"):
            raise ConfigError(
                "--at", f"{pointer!r} does not begin with a slash", "try --at /corpus"
            )
        first, *rest = (
            part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")
        )
        if first not in SECTIONS:
            raise ConfigError("--at", f"there is no /{first}", f"try /{', /'.join(SECTIONS)}")
        value: Any = self.section(first)
        for part in rest:
            if not isinstance(value, dict) or part not in value:
                raise ConfigError("--at", f"there is nothing at {pointer}", f"try --at /{first}")
            value = value[part]
        return value


def pointer(*parts: str) -> str:
    """The name of a figure from its parts."""
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in parts)


def _whole(sums: Sums, counts_tokens: bool) -> dict[str, Any]:
    """Every unit, zero where there is nothing; tokens null unless the run counted them."""
    row: dict[str, Any] = {unit: sums.get(unit, 0) for unit in UNITS}
    return row if counts_tokens else {**row, "tokens": None}


def _corpus(seen: Evidence) -> dict[str, Any]:
    total: Sums = {}
    for sums in seen.held.languages.values():
        for unit, value in sums.items():
            total[unit] = total.get(unit, 0) + value
    return {
        **_whole(total, _counts_tokens(seen)),
        "languages": len(seen.held.languages),
        "files": seen.held.files,
        "file_bytes": seen.held.file_bytes,
    }


def _counts_tokens(seen: Evidence) -> bool:
    return seen.run.settings.tokens is not None


def _languages(seen: Evidence) -> dict[str, Any]:
    """The 24 official languages of the Union, at zero if need be, then whatever else was kept."""
    others = sorted(seen.held.languages.keys() - set(tags.EU24))
    return {
        tag: _whole(seen.held.languages.get(tag, {}), _counts_tokens(seen))
        for tag in [*tags.EU24, *others]
    }


def _top_level_domains(seen: Evidence) -> dict[str, Any]:
    sums: dict[str, Sums] = {}
    for (_, tld), part in seen.held.top_level.items():
        into = sums.setdefault(tld, {"documents": 0, "text_bytes": 0})
        for unit, value in part.items():
            into[unit] += value
    return dict(sorted(sums.items(), key=lambda item: (-item[1]["text_bytes"], item[0])))


def _countries(seen: Evidence) -> dict[str, Any]:
    """The same by country, for country-code domains; the others are `(none)`."""
    sums: dict[str, Sums] = {}
    for tld, part in _top_level_domains(seen).items():
        country = next(iter(countries.of_host(tld)), NO_TLD)
        into = sums.setdefault(country, {"documents": 0, "text_bytes": 0})
        for unit, value in part.items():
            into[unit] += value
    return dict(sorted(sums.items(), key=lambda item: (-item[1]["text_bytes"], item[0])))


def _varieties(seen: Evidence) -> dict[str, Any]:
    """Of languages with varieties: documents and bytes by top-level domain, or by tag."""
    found: dict[str, Any] = {}
    for tag in sorted(seen.held.languages):
        domains = DOMAINS.get(tag[:3])
        if domains is None:
            continue
        rows = {name: {"documents": 0, "text_bytes": 0} for name in (*domains, "other")}
        for (of, tld), part in seen.held.top_level.items():
            if of == tag:
                into = rows[tld if tld in domains else "other"]
                for unit, value in part.items():
                    into[unit] += value
        found[tag] = rows
    for family, members in FAMILIES.items():
        held = {tag: seen.held.languages.get(tag, {}) for tag in members}
        if any(held.values()):
            found[family] = {
                tag: {unit: sums.get(unit, 0) for unit in ("documents", "text_bytes")}
                for tag, sums in held.items()
            }
    return found


def listed(count: int) -> dict[str, int]:
    """How many domains the two lists of the training summary hold, of a number of domains."""
    return {
        "all": count,
        "top10pct": ceil(TOP_SHARE * count),
        "sme": min(ceil(SME_SHARE * count), SME_MOST),
    }


def _domains(seen: Evidence) -> dict[str, Any]:
    table = seen.held.domains
    return {
        **{
            name: {
                "domains": count,
                **{
                    unit: pc.sum(table[unit].slice(0, count)).as_py() or 0
                    for unit in ("documents", "text_bytes")
                },
            }
            for name, count in listed(table.num_rows).items()
        },
        "without_domain": {
            unit: sum(sums[unit] for sums in seen.held.nameless.values())
            for unit in ("documents", "text_bytes")
        },
        "public_suffix_list": {"version": suffixes().version, "sha256": suffixes().sha256},
    }


def _site_kinds(seen: Evidence) -> dict[str, Any]:
    """Domains, documents and bytes by kind of site; those without a domain name are in none."""
    units = ("documents", "text_bytes")
    found = {kind: dict.fromkeys(("domains", *units), 0) for kind in (*MARKS, LENT, OTHER)}
    columns = (seen.held.domains[name].to_pylist() for name in ("domain", *units))
    for domain, *sums in zip(*columns, strict=True):
        into = found[kind_of(domain, suffixes())]
        for unit, count in zip(("domains", *units), (1, *sums), strict=True):
            into[unit] += count
    return found


def _crawl(seen: Evidence) -> dict[str, Any]:
    totals = seen.found["totals"]
    first, last = seen.held.dates
    return {
        "warc_files": len(selected.sources(seen.run) or ()),
        "robots_files": len(seen.run.book.get("robots") or ()),
        "responses": totals["read"],
        "kept": totals["kept"],
        "rejected": sum(totals["rejected"].values()),
        "quarantined": sum(totals["quarantined"].values()),
        "first_kept": first,
        "last_kept": last,
        "snapshots": seen.held.snapshots,
    }


def _rejected(seen: Evidence, prefix: str, *names: str) -> dict[str, int]:
    """Responses by reason; named reasons also at zero."""
    rejected = seen.found["totals"]["rejected"]
    found = {name: rejected.get(name, 0) for name in names}
    return found | {reason: n for reason, n in rejected.items() if reason.startswith(prefix)}


def _rights(seen: Evidence) -> dict[str, Any]:
    channels = seen.rights["channels"]
    fetched = _robots_dates(seen.run)
    return {
        "rejected": _rejected(seen, "rights.", *(row["reason"] for row in channels)),
        "reserved": {row["channel"]: row["reserved"] for row in channels},
        "robots_files": dict(sorted(seen.rights["hosts"])),
        "robots_ambiguous": seen.rights["ambiguous"],
        "policy": seen.rights["policy"],
        "policy_version": _policy_version(seen.run),
        "robots_first": min(fetched, default=None),
        "robots_last": max(fetched, default=None),
    }


def _policy_version(run: Run) -> str | None:
    """By which version of the policy's rules pages were judged; None without a judged page."""
    for _, records in run.records(["rights"]):
        found = pc.struct_field(records["rights"].combine_chunks(), "policy_version")
        versions = found.drop_null().unique().to_pylist()
        if versions:
            return ", ".join(sorted(versions))
    return None


def _robots_dates(run: Run) -> list[str]:
    """When the first and the last robots.txt of the snapshot were fetched; none without any."""
    ends: list[int] = []
    for made in run.manifests("collate"):
        for output in made.outputs if made.task.startswith("robots-") else ():
            if base_name(output) == schema.SITE_FILES.name and run.is_there(output):
                table = lists.mapped(run.path / output.path)
                times = table["fetched_at"].filter(table["is_robots"])
                found = pc.min_max(times.filter(pc.not_equal(times, UNDATED))).values()
                ends += [value.as_py() for value in found if value.is_valid]
    return [datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for end in ends]


def _personal_data(seen: Evidence) -> dict[str, Any]:
    kinds = dict.fromkeys(seen.run.settings.redact.kinds, 0)
    extracted: dict[str, int] = {}
    for counts in seen.found["pii"].values():
        for kind, count in counts.items():
            extracted[kind] = extracted.get(kind, 0) + count
    return {
        "in_corpus": dict(sorted((kinds | seen.held.pii).items())),
        "in_all_documents": dict(sorted((kinds | extracted).items())),
        "rejected": _rejected(seen, DENSITY, DENSITY),
    }


def _illegal_content(seen: Evidence) -> dict[str, Any]:
    keys = stats.total(seen.table, "prepare", "block_list.keys")
    names = ("gate.block_list", "gate.domain", "gate.url")
    return {
        "rejected": _rejected(seen, "list.", *(n for n in names if n in schema.REASONS)),
        "block_list_entries": keys,
    }


def _duplicates(seen: Evidence) -> dict[str, Any]:
    return {
        "rejected": _rejected(
            seen, "dedup.", *(reason for reason in schema.REASONS if reason.startswith("dedup."))
        ),
        "pairs_verified": stats.total(seen.table, "cluster", "pairs.verified"),
    }


def _energy(seen: Evidence) -> dict[str, Any]:
    """What the run cost, low to high; null where no task was timed."""
    spent = energy(seen.run)
    return {"kwh": spent["total"]["kwh"], "method": spent["method"]}


def _all_rejected(seen: Evidence) -> dict[str, Any]:
    """Responses by reason; those set aside unread are not among them."""
    return dict(seen.found["totals"]["rejected"])


SECTIONS: Mapping[str, Callable[[Evidence], dict[str, Any]]] = {
    "corpus": _corpus,
    "languages": _languages,
    "top_level_domains": _top_level_domains,
    "countries": _countries,
    "varieties": _varieties,
    "domains": _domains,
    "site_kinds": _site_kinds,
    "crawl": _crawl,
    "rights": _rights,
    "personal_data": _personal_data,
    "illegal_content": _illegal_content,
    "duplicates": _duplicates,
    "rejected": _all_rejected,
    "energy": _energy,
}
