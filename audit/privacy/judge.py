"""A seeded sample of redactions on real pages, to be judged by reading.

    python -m audit.privacy.judge draw --pages bulk_dev.warc.gz
    python -m audit.privacy.judge show --pages bulk_dev.warc.gz --raw --first 0 --count 50
    python -m audit.privacy.judge judge VERDICTS

`draw` writes build/pii-sample.json: where each redaction is, never what. `show` extracts the pages
again, in memory, and prints each in its surroundings: masked (letters "a", digits "9"), with
`--words` the words around it, with `--raw` everything. VERDICTS has a line a judgement: number in
the sample, `right` or `wrong`, and of what is wrong what it was ("date", "part number"). Out of it
`judge` writes `judgements.csv`, which names pages and places but no text; verdicts on places that
the file had before are kept, and `show` leaves them out unless told `--all`.

A redaction is right if it is what its kind says, from its first character to its last: also the
address of a list or of a made-up person, since no detector can tell them from others.

Kinds are drawn in equal numbers as far as there are so many; precision over all is weighted by how
often each kind occurs.
"""

import argparse
import csv
import hashlib
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from audit.precision import wilson
from audit.privacy import pages
from audit.privacy.pages import Page
from filters import pii
from stages.errors import ConfigError

SAMPLE: Final = Path("build/pii-sample.json")
JUDGEMENTS: Final = Path(__file__).with_name("judgements.csv")
SIZE: Final = 300
FIELDS: Final = ("record_id", "start", "end", "kind", "detector", "verdict", "error")
_AROUND: Final = 60
_ESCAPES: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def draw(real: Iterable[Page], size: int = SIZE) -> dict[str, Any]:
    """The sample and how often each kind occurs: of every kind the spans of smallest hash."""
    found: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for page in real:
        for span in pii.find(page.text, page.language, page.host_tld):
            place = f"{page.record_id}/{span.start}"
            row = {
                "record_id": page.record_id,
                "start": span.start,
                "end": span.end,
                "kind": span.kind,
                "detector": span.detector,
            }
            found[span.kind].append((hashlib.sha256(place.encode()).hexdigest(), row))
    shares = divided({kind: len(rows) for kind, rows in found.items()}, size)
    rows = [row for kind in sorted(found) for _, row in sorted(found[kind])[: shares[kind]]]
    return {"counts": {kind: len(each) for kind, each in sorted(found.items())}, "rows": rows}


def divided(counts: Mapping[str, int], size: int) -> dict[str, int]:
    """How many of each kind: as equal as the counts allow, `size` in all if there are so many."""
    shares = dict.fromkeys(counts, 0)
    for _ in range(min(size, sum(counts.values()))):
        open_kinds = [kind for kind in counts if shares[kind] < counts[kind]]
        shares[min(open_kinds, key=lambda kind: (shares[kind], kind))] += 1
    return shares


def masked(text: str) -> str:
    """Letters as "a", digits as "9"."""
    return "".join("9" if c.isdigit() else "a" if c.isalpha() else c for c in text)


def shown(page: Page, row: Mapping[str, Any], view: str) -> str:
    """A redaction between its surroundings, in one line that a terminal can show."""
    start, end = row["start"], row["end"]
    before, value = page.text[max(0, start - _AROUND) : start], page.text[start:end]
    after = page.text[end : end + _AROUND]
    if view == "masked":
        before, value, after = masked(before), masked(value), masked(after)
    elif view == "words":
        before, after = (re.sub(r"\d", "9", each) for each in (before, after))
        value = masked(value)
    return _ESCAPES.sub(" ", f"{before}[[{value}]]{after}")


def judged(sample: Mapping[str, Any], lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Rows of `judgements.csv`; ConfigError for a line that is no verdict."""
    for line in lines:
        number, _, rest = line.strip().partition(" ")
        verdict, _, error = rest.partition(" ")
        if not number:
            continue
        if verdict not in ("right", "wrong") or not number.isdigit():
            raise ConfigError("verdicts", f"{line.strip()!r} is none", "say: 12 wrong date")
        row = sample["rows"][int(number)]
        yield {**{key: row[key] for key in FIELDS[:5]}, "verdict": verdict, "error": error}


def read(path: Path = JUDGEMENTS) -> list[dict[str, str]]:
    """Rows of the file; none without it."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def merged(
    sample: Mapping[str, Any], before: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Verdicts on places of the sample, in its order; new ones before older ones."""
    known = {_place(row): dict(row) for row in (*before, *new)}
    return [known[_place(row)] for row in sample["rows"] if _place(row) in known]


def _place(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (row["record_id"], str(row["start"]), str(row["end"]), row["kind"])


def precision(rows: Sequence[Mapping[str, str]], counts: Mapping[str, int]) -> dict[str, Any]:
    """Precision with Wilson's 95 % interval by kind and over the sample, and weighted by kind."""
    kinds, right, errors = Counter[str](), Counter[str](), Counter[str]()
    for row in rows:
        kinds[row["kind"]] += 1
        right[row["kind"]] += row["verdict"] == "right"
        if row["verdict"] == "wrong":
            errors[f"{row['kind']}: {row['error']}"] += 1
    known = {kind: counts[kind] for kind in kinds if kind in counts}
    weighted = sum(count * right[kind] / kinds[kind] for kind, count in known.items())
    whole = sum(kinds.values())
    return {
        "judged": whole,
        "right": sum(right.values()),
        "precision": sum(right.values()) / whole,
        "precision_95": wilson(sum(right.values()), whole),
        "weighted": weighted / sum(known.values()) if known else None,
        "by_kind": {
            kind: {
                "judged": count,
                "right": right[kind],
                "precision": right[kind] / count,
                "precision_95": wilson(right[kind], count),
            }
            for kind, count in sorted(kinds.items())
        },
        "errors": dict(errors.most_common()),
    }


def main() -> None:
    """Draw, show or judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("draw", "show", "judge"))
    parser.add_argument("verdicts", nargs="?", type=Path)
    parser.add_argument("--pages", type=Path, default=Path("../shared/data/bulk_dev.warc.gz"))
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=SIZE)
    parser.add_argument("--all", action="store_true", help="those that are judged too")
    parser.add_argument("--words", dest="view", action="store_const", const="words")
    parser.add_argument("--raw", dest="view", action="store_const", const="raw")
    given = parser.parse_args()
    if given.what == "draw":
        SAMPLE.parent.mkdir(exist_ok=True)
        SAMPLE.write_text(json.dumps(draw(pages.real(given.pages), given.size), indent=1))
        return
    sample = json.loads(SAMPLE.read_text(encoding="utf-8"))
    if given.what == "show":
        _show(sample, pages.real(given.pages), given)
        return
    lines = given.verdicts.read_text(encoding="utf-8").splitlines() if given.verdicts else []
    rows = merged(sample, read(), judged(sample, lines))
    with JUDGEMENTS.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    _say(json.dumps(precision(read(), sample["counts"]), indent=1))


def _show(sample: Mapping[str, Any], real: Iterable[Page], given: argparse.Namespace) -> None:
    chosen = dict(list(enumerate(sample["rows"]))[given.first : given.first + given.count])
    known = set() if given.all else {_place(row) for row in read()}
    chosen = {number: row for number, row in chosen.items() if _place(row) not in known}
    wanted = {row["record_id"] for row in chosen.values()}
    found = {page.record_id: page for page in real if page.record_id in wanted}
    for number, row in chosen.items():
        page = found[row["record_id"]]
        view = shown(page, row, given.view or "masked")
        _say(f"{number} {row['kind']} {row['detector']} {page.language} {page.host_tld}: {view}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
