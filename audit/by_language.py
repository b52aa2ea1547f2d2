"""What the report says of each language: a row of the table, and a chapter with its pages."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from audit import changes, chapters, combinations, figures, stats
from audit.excerpts import KEPT, Excerpts
from audit.phrases import language_name, plain
from audit.runs import Run
from filters.catalog import BY_NAME


class Languages:
    """The languages of a run, from its counts and what was read beside them."""

    def __init__(
        self,
        run: Run,
        table: stats.Table,
        found: Mapping[str, Any],
        *,
        doubt: Mapping[str, tuple[int, float]] | None,
        gates: Mapping[str, Mapping[str, list[str]]],
        alarms: list[dict[str, Any]],
        baseline: Mapping[str, Any] | None,
    ) -> None:
        self.run, self.table, self.found = run, table, found
        self.doubt, self.gates, self.baseline = doubt, gates, baseline
        self.alarms = Counter(alarm["language"] for alarm in alarms)
        self.text = chapters.measure(table)

    def rows(self) -> list[dict[str, Any]]:
        """A row for every language that was read: those with documents first, larger ones first."""
        rows = [self._row(tag, account) for tag, account in self.found["languages"].items()]
        return sorted(rows, key=lambda r: (not r["decided"], -r["account"]["read"], r["tag"]))

    def _row(self, tag: str, account: Mapping[str, Any]) -> dict[str, Any]:
        decided, text = (
            [self._sum("decide", f"{unit}.{state}", tag) for state in ("kept", "rejected")]
            for unit in ("documents", self.text)
        )
        only = [
            (counts["only"], name)
            for name, counts in self.found["rules"].get(tag, {}).items()
            if counts["only"]
        ]
        documents, doubt = (self.doubt or {}).get(tag, (0, 0.0))
        flags = self.gates.get(tag, {})
        return {
            **language_name(tag),
            "account": account,
            "lost": chapters.lost(account),
            "decided": sum(decided),
            "composition": figures.composition(account),
            "text_kept": text[0],
            "text_all": sum(text),
            "points": self._points(tag, account),
            "only": max(only, key=lambda pair: (pair[0], pair[1]), default=None),
            "doubt": (doubt, documents),
            "copies": sum(
                n for reason, n in account["rejected"].items() if reason.startswith("dedup.")
            ),
            "pii": sum(self.found["pii"].get(tag, {}).values()),
            "extracted": self._sum("extract", "documents.extracted", tag),
            "failed": flags.get("failed", []),
            "passed": flags.get("passed", []),
            "alarms": self.alarms[tag],
        }

    def _sum(self, step: str, metric: str, tag: str) -> int:
        return sum(self.table.get((step, metric), {}).get(tag, {}).values())

    def _points(self, tag: str, account: Mapping[str, Any]) -> float | None:
        """Change of the kept share of pages against the baseline, in points."""
        before = (self.baseline or {"languages": {}})["languages"].get(tag)
        if before is None:
            return None
        return changes.points((account["kept"], account["read"]), (before["kept"], before["read"]))

    def chapter(
        self, row: Mapping[str, Any], pages: Excerpts, masks: Counter[int], signals: int
    ) -> dict[str, Any]:
        """A language's waterfall, reasons, rules, histograms and pages."""
        tag, account = row["tag"], row["account"]
        shown = pages.get(tag, {})
        by_rule = self.found["rules"].get(tag, {})
        return {
            **row,
            "waterfall": figures.waterfall(account),
            "reasons": chapters.reasons(self.run, tag, account),
            "answer": self._answer(tag, account),
            "rules": self._rules(tag, by_rule),
            "figures": self._figures(tag, by_rule, signals),
            "combinations": combinations.matrix(self.run, masks),
            "rejected_pages": [
                {
                    "reason": reason,
                    "meaning": chapters.meaning(self.run, tag, reason),
                    "documents": account["rejected"].get(reason, 0),
                    "pages": found,
                }
                for reason, found in shown.items()
                if reason != KEPT
            ],
            "kept_pages": shown.get(KEPT, []),
        }

    def _answer(self, tag: str, account: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Each reason for which pages of the language were lost, the commonest first."""
        lost = {**account["rejected"], **account["quarantined"]}
        return [
            {
                "reason": reason,
                "name": plain(reason.partition(".")[2]),
                "meaning": chapters.meaning(self.run, tag, reason),
                "documents": count,
            }
            for reason, count in sorted(lost.items(), key=lambda item: (-item[1], item[0]))
            if count
        ]

    def _rules(self, tag: str, by_rule: Mapping[str, Any]) -> list[dict[str, Any]]:
        largest = max((counts["any"] for counts in by_rule.values()), default=0)
        bounds, base = self.run.bounds(tag), self.run.bounds("base")
        return [
            {
                "name": name,
                "bound": figures.bound_text(bounds.get(name)),
                "is_own": bounds.get(name) != base.get(name),
                "dots": figures.dots(by_rule[name], largest),
                **by_rule[name],
                "text": by_rule[name].get(self.text, dict.fromkeys(("any", "first", "only"), 0)),
            }
            for name in self.run.rules
            if by_rule.get(name, {}).get("any")
        ]

    def _figures(self, tag: str, by_rule: Mapping[str, Any], most: int) -> list[dict[str, Any]]:
        """Histograms of the signals whose rules reject most, and how many others were left out."""
        order = sorted(
            (name for name in self.run.rules if name in BY_NAME),
            key=lambda name: (-by_rule.get(name, {}).get("any", 0), self.run.rules.index(name)),
        )
        failing = [name for name in order if by_rule.get(name, {}).get("any")]
        return [self._figure(tag, name, by_rule[name]) for name in failing[:most]]

    def _figure(self, tag: str, name: str, counts: Mapping[str, Any]) -> dict[str, Any]:
        bound, base = self.run.bounds(tag).get(name), self.run.bounds("base").get(name)
        kept, rejected = (
            self.table.get(("decide", f"histogram.{name}.{state}"), {}).get(tag, {})
            for state in ("kept", "rejected")
        )
        pack = self.run.settings.languages.get(tag)
        own = pack.rules.get(name) if pack is not None else None
        rule = own or self.run.settings.language.rules.get(name)
        return {
            "name": name,
            "description": BY_NAME[name].description,
            "unit": chapters.unit(BY_NAME[name].unit),
            "bound": figures.bound_text(bound),
            "base": figures.bound_text(base) if base != bound else "",
            "source": rule.source if rule else "",
            "own": [],
            "figure": figures.histogram(BY_NAME[name], kept, rejected, bound, base),
            **{state: counts[state] for state in ("any", "first", "only")},
        }
