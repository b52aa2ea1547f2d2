"""The audit view on two runs of five million records each.

A small run is made from the samples and copied. Made-up fates take the place of the views of both:
nine records of ten are in both runs, and one of twenty of those has another fate in the second.
Pages are asked for over HTTP, in this process; what is not about the records is that of the small
run. Building and tracing real ledgers is measured by `bench_views`.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from starlette.testclient import TestClient

from audit import compare, fates, views
from audit.fates import KEPT, Fates
from audit.runs import Run
from audit.web import auditor
from audit.web.desk import Desk
from audit.web.server import Door
from benchmarks import bench_trace, measure
from benchmarks.bench_views import tail_ms, timed
from filters.text import mix

ORIGIN = "http://127.0.0.1:8000"
NAMES = (KEPT, "rule.word_count", "rule.sentence_count", "dedup.near_duplicate", "gate.status")
SHARES = (0.6, 0.15, 0.05, 0.15, 0.05)


def made(first: int, records: int, changed: float, tags: tuple[str, ...]) -> Fates:
    """Fates of the records from a number on; a share of them is drawn anew."""
    numbers = np.arange(first, first + records, dtype=np.uint64)
    head = mix(numbers + np.uint64(1))
    order = np.argsort(head)
    fate = np.searchsorted(np.cumsum(SHARES[:-1]), (mix(head) >> np.uint64(11)) / 2**53)
    chance = np.random.default_rng(first)
    anew = chance.random(records) < changed
    fate[anew] = chance.choice(len(NAMES), int(anew.sum()), p=SHARES)
    columns = (
        head,
        mix(head),
        fate.astype(np.uint16),
        (head % np.uint64(len(tags))).astype(np.uint16),
    )
    zeros = np.zeros(records, np.uint32)
    return Fates(NAMES, tags, *(column[order] for column in (*columns, zeros, zeros)))


def entered(desk: Desk) -> TestClient:
    """Somebody who has the token of a server on a desk."""
    door = Door("t" * 43)
    client = TestClient(auditor.application(desk, door), base_url=ORIGIN)
    client.cookies.set(door.cookie, door.token)
    return client


def traced(path: Path, state: Path, times: int = 200) -> dict[str, Any]:
    """Times of pages that trace one address among a run's records."""
    desk = Desk([path], state)
    prepare_s = timed(desk.prepare)[0] / 1e3
    client, rng = entered(desk), np.random.default_rng(5)
    records = desk.runs[0].records
    numbers = rng.integers(0, records, times)
    firsts = numbers - numbers % bench_trace.SHARD_ROWS
    asked = {
        "gate": [bench_trace.url(n + bench_trace.DOCUMENTS) for n in firsts.tolist()],
        "kept": [bench_trace.url(n) for n in firsts.tolist()],
        "rejected": [bench_trace.url(n + 1) for n in firsts.tolist()],
        "unseen": [f"https://absent.example/{n}" for n in numbers.tolist()],
    }
    client.get("/", params={"q": "https://absent.example/"}).raise_for_status()
    found: dict[str, Any] = {"records": records, "prepare_s": round(prepare_s, 1)}
    for kind, addresses in asked.items():
        spent = []
        for address in addresses:
            spent += timed(lambda q=address: client.get("/", params={"q": q}).raise_for_status())  # type: ignore[misc]
        found[f"{kind}_ms"] = tail_ms(spent)
    return found


def measured(paths: list[Path], state: Path) -> dict[str, Any]:
    """Times of pages that go over all records."""
    desk = Desk(paths, state)
    prepare_s = timed(desk.prepare)[0] / 1e3
    client = entered(desk)
    began = time.perf_counter()
    client.get("/compare").raise_for_status()
    first_s = time.perf_counter() - began
    pair = [one.fates for one in desk.runs]
    queries = {
        "compare_again": "/compare",
        "compare_turned": "/compare?run=1&other=0&language=fin_Latn",
        "search_reason": "/search?reason=rule",
        "search_language": "/search?language=fin_Latn&outcome=keep",
    }
    return {
        "records": len(pair[0]),
        "prepare_s": round(prepare_s, 2),
        "compare_first_s": round(first_s, 2),
        "matrix_ms": tail_ms(timed(lambda: compare.transitions(iter([(pair[0], pair[1])])), 5)),
        "matrix_of_a_language_ms": tail_ms(
            timed(lambda: compare.transitions(iter([(pair[0], pair[1])]), "fin_Latn"), 5)
        ),
        "cell_ms": tail_ms(
            timed(lambda: compare.cell(pair[0], pair[1], (KEPT, "rule.word_count"), 6, 7), 5)
        ),
        **{name: tail_ms(timed(lambda q=q: client.get(q), 5)) for name, q in queries.items()},  # type: ignore[misc]
    }


def main() -> int:
    """Measure, print, check."""
    options = measure.parser("bench_audit", __doc__.splitlines()[0])
    options.add_argument("--records", type=int, default=5_000_000)
    options.add_argument("--trace", type=Path, help="a run that bench_trace made")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="weir-audit-") as folder:
        paths = [Path(folder, "before"), Path(folder, "after")]
        measure.say("a small run, twice")
        measure.run(measure.command("demo", "--output", str(paths[0])))
        shutil.copytree(*paths)
        for at, path in enumerate(paths):
            run = Run(path)
            view = views.opened(run)
            tags = fates.read(run).tags
            measure.say(f"{given.records:,} fates")
            found = made(at * given.records // 10, given.records, 0.05 * at, tags)
            fates.save(found, view.folder / fates.FILE, view.stamp)
        result = measured(paths, Path(folder))
        traces = {"trace": traced(given.trace, Path(folder))} if given.trace else {}
    return measure.finish("bench_audit", {"audit": result, **traces}, given.check)


if __name__ == "__main__":
    sys.exit(main())
