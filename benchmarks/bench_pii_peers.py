"""Ours beside datatrove's PIIFormatter and Presidio's pattern recognisers: same texts, same scorer.

    python -m benchmarks.bench_pii_peers --labelled ../shared/data/pii_dev.parquet

prints JSON. Presidio gets every recogniser of European countries that it has, and the telephone
regions of each language; its environment (`.bench/presidio`, with blank spaCy pipelines, so that
nothing else is downloaded) is made when it is missing. Texts go through pipes and touch no disk.
Each is scored on the kinds that it knows, and on all.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audit.privacy import evaluate, negatives, pages
from audit.privacy.gold import Document
from audit.privacy.score import Found
from benchmarks import measure
from filters import pii
from langid.tags import EUROPEAN

REQUIREMENTS = ("presidio-analyzer==2.2.366", "spacy>=3.8,<4")
SUBJECTS = 20
NEGATIVES_OF_EACH = 25
KNOWN = {
    "weir": None,
    "datatrove": frozenset({"EMAIL", "IP"}),
    "presidio": frozenset({"EMAIL", "PHONE", "IBAN", "CARD", "IP", "MAC", "WALLET", "NATIONAL_ID"}),
}
"""Kinds that each seeks at all; None is every kind."""


class Peer:
    """A detector in another process; counts what it took."""

    def __init__(self, name: str, python: Path) -> None:
        self.took: dict[str, Any] = {"bytes": 0, "cpu_s": 0.0}
        self._command = [str(python), str(Path(__file__).with_name("peer_pii.py")), name]

    def __call__(self, documents: Sequence[Document]) -> list[list[Found]]:
        """Its redactions of each document."""
        lines = [
            json.dumps({"text": d.text, "language": two_letters(d.language)}) for d in documents
        ]
        done = subprocess.run(
            self._command,
            input="\n".join(lines) + "\n",
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        *found, took = [json.loads(line) for line in done.stdout.splitlines()]
        self.took = {
            "bytes": self.took["bytes"] + took["bytes"],
            "cpu_s": self.took["cpu_s"] + took["cpu_s"],
            "version": took["version"],
        }
        return [[Found(*each) for each in one] for one in found]


class Ours:
    """Ours in this process, counted in the same way."""

    def __init__(self) -> None:
        self.took: dict[str, Any] = {"bytes": 0, "cpu_s": 0.0, "version": "this repository"}

    def __call__(self, documents: Sequence[Document]) -> list[list[Found]]:
        """Our redactions of each document."""
        made = []
        for each in documents:
            began = time.process_time()
            found = pii.find(each.text, each.language, each.host_tld)
            self.took["cpu_s"] += time.process_time() - began
            self.took["bytes"] += len(each.text.encode())
            made.append([Found(s.start, s.end, s.kind) for s in found])
        return made


def two_letters(language: str | None) -> str:
    """ISO 639-1 where there is one, else `en`."""
    return next((e.iso639_1 for e in EUROPEAN if e.iso639_3 == language and e.iso639_1), "en")


def main() -> None:
    """Print what each finds and takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labelled", type=Path)
    given = parser.parse_args()
    texts = pages.paragraphs()
    sets = {"generated": evaluate.generated(texts, SUBJECTS)}
    if given.labelled and given.labelled.is_file():
        sets |= evaluate.labelled(given.labelled)
    hard = list(negatives.documents(texts, NEGATIVES_OF_EACH))
    made: dict[str, Any] = {"environment": measure.environment(), "programs": {}}
    programs: dict[str, Any] = {
        "weir": Ours(),
        "datatrove": Peer("datatrove", Path(sys.executable)),
    }
    programs["presidio"] = Peer("presidio", measure.python_of("presidio", REQUIREMENTS))
    for name, detect in programs.items():
        measure.say(name)
        scores = {}
        for title, documents in sets.items():
            found = evaluate.scored(documents, detect, KNOWN[name]).as_dict()
            scores[title] = {key: found[key] for key in ("kinds", "leak_rate", "subjects")}
        made["programs"][name] = {
            "sets": scores,
            "negatives": evaluate.false_redactions(hard, detect),
            "took": detect.took,
            "mb_per_s": detect.took["bytes"] / 1e6 / detect.took["cpu_s"],
        }
    json.dump(made, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
