"""Signatures and duplicates of the same texts: ours and four other programs, in one run.

The others are datasketch, rensa, datatrove and text-dedup; one that cannot be installed is left
out, and said to be. Each side runs in a process of its own on one core, in turns: from texts to
signatures (pages a second), then its candidate pairs and what it removes. Candidates and removals
are held against the exact Jaccard similarity of all pairs, by brute force: of our shingles, and of
the side's own.

`--layouts` prints instead what each band layout finds and moves (docs/decisions/0018).
"""

import argparse
import json
import os
import sys
import tempfile
import time
from operator import index
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy is loaded, by every side

import numpy as np
import pyarrow.parquet as pq
from datasketch import MinHash

from benchmarks import bench_peers, dedup_truth, measure
from benchmarks.dedup_weir import THRESHOLD, bounds
from filters import minhash
from filters.text import shingle_hashes

CHARS = 5_800
LAYOUTS = (
    *((28, 4), (22, 5), (18, 6), (16, 7), (14, 8), (12, 9), (11, 10), (10, 11), (9, 12)),
    *((10, 6), (11, 7), (10, 8), (12, 8)),
)
"""Those that fill the signature, then some with fewer bands."""
RENSA_REQUIREMENTS = ("rensa==0.5.0",)
TEXT_DEDUP_REQUIREMENTS = ("text-dedup==0.4.0",)
"""The last one for Python 3.11."""
PEERS = {
    "rensa": ("rensa", RENSA_REQUIREMENTS, "peer_rensa.py"),
    "datatrove": (bench_peers.PEER, bench_peers.REQUIREMENTS, "peer_datatrove_dedup.py"),
    "text_dedup": ("text-dedup", TEXT_DEDUP_REQUIREMENTS, "peer_text_dedup.py"),
}
"""Side to its environment, what that needs, and its script."""


def texts_of(given: argparse.Namespace) -> list[str]:
    """Extracted texts: of the Parquet files, or of a run over the WARC file, made now."""
    with tempfile.TemporaryDirectory(prefix="weir-dedup-") as name:
        source = given.texts
        if source is None:
            measure.say(f"extracting {given.warc.name}")
            run = Path(name) / "run"
            arguments = ("run", "europe", "--input", str(given.warc.resolve()))
            measure.run(
                measure.command(*arguments, "--output", str(run), "--progress", "none", "--json")
            )
            source = run / "documents"
        paths = sorted(source.glob("*.parquet")) if source.is_dir() else [source]
        found: list[str] = []
        for path in paths:
            found += pq.read_table(path, columns=["text"], partitioning=None)[0].to_pylist()
    return found


def signatures_alone(texts: list[str], rounds: int) -> dict[str, Any]:
    """Milliseconds a document of `CHARS` characters, shingle hashes given, in alternate rounds."""
    sets = [shingle_hashes(text[:CHARS]) for text in texts if len(text) >= CHARS]
    lists = [members.tolist() for members in sets]
    flat, offsets = np.concatenate(sets), np.cumsum([0, *map(len, sets)])
    shared = MinHash(112, seed=1, scheme="affine32", hashfunc=index)

    def peer(members: Any) -> MinHash:
        made = MinHash(112, scheme="affine32", hashfunc=index, permutations=shared.permutations)
        made.update_batch(members)
        return made

    ways: dict[str, Any] = {
        "weir_ms": lambda: minhash.signatures(flat, offsets),
        "weir_one_by_one_ms": lambda: [minhash.signature(members) for members in sets],
        "datasketch_ms": lambda: [peer(members) for members in lists],
        "datasketch_of_arrays_ms": lambda: [peer(members) for members in sets],
    }
    if not all(
        np.array_equal(row, peer(members).hashvalues)
        for row, members in zip(ways["weir_ms"](), lists, strict=True)
    ):
        raise AssertionError("signatures differ from datasketch's")
    spent: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(rounds + 1):
        for way, work in ways.items():
            began = time.process_time()
            work()
            if number:  # the first round fills caches
                spent[way].append((time.process_time() - began) * 1e3 / len(sets))
    ratios = {
        f"ratio_{ours}": measure.spread(
            [
                min(a, b) / c
                for a, b, c in zip(
                    spent["datasketch_ms"],
                    spent["datasketch_of_arrays_ms"],
                    spent[way],
                    strict=True,
                )
            ],
            1,
        )
        for ours, way in (("many", "weir_ms"), ("one_by_one", "weir_one_by_one_ms"))
    }
    return {
        "documents": len(sets),
        "shingles_a_document": round(flat.size / len(sets)),
        **{way: measure.spread(values, 4) for way, values in spent.items()},
        **ratios,
    }


class _Sides:
    """The programs over one file of texts; `missing` are those that cannot be had, and why."""

    def __init__(self, texts: list[str], folder: Path, core: int) -> None:
        self.folder, self.core, self.count = folder, core, len(texts)
        (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
        given = [shingle_hashes(text[:CHARS]) for text in texts if len(text) >= CHARS]
        np.concatenate(given).astype(np.uint64).tofile(folder / "given.u64")
        sizes = json.dumps([members.size for members in given])
        (folder / "given.json").write_text(sizes, encoding="utf-8")
        self.given = len(given)
        here = Path(__file__).parent
        ours = [sys.executable, "-m"]
        self.commands = {
            "weir": [*ours, "benchmarks.dedup_weir"],
            "datasketch": [*ours, "benchmarks.peer_datasketch"],
        }
        self.missing: dict[str, str] = {}
        for side, (environment, requirements, script) in PEERS.items():
            try:
                python = measure.python_of(environment, requirements)
                self.commands[side] = [str(python), str(here / script)]
            except measure.PeerError as error:
                self.missing[side] = measure.reason(error)

    def round(self) -> dict[str, tuple[dict[str, Any], np.ndarray[Any, Any]]]:
        """One round of every side; a peer that breaks off is missing from then on."""
        made = {}
        for name in list(self.commands):
            try:
                made[name] = self.run(name, 1)
            except RuntimeError as error:
                if name == "weir":
                    raise
                self.missing[name] = measure.reason(error)
                del self.commands[name]
        return made

    def run(self, name: str, rounds: int) -> tuple[dict[str, Any], np.ndarray[Any, Any]]:
        """What the side wrote, and the shingles that it compared."""
        measure.say(f"running {name}")
        made = self.folder / name
        arguments = [self.folder / "texts.json", made, rounds, self.folder / "given.u64"]
        measure.run(
            [*self.commands[name], *map(str, arguments)],
            self.core,
            {**measure.OFFLINE, "OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"},
        )
        found: dict[str, Any] = json.loads((made / "side.json").read_text(encoding="utf-8"))
        return found, np.fromfile(made / "shingles.u64", np.uint64)


def compare(texts: list[str], given: argparse.Namespace) -> dict[str, Any]:
    """Numbers of every side, and the ratio of our pages a second to each."""
    result: dict[str, Any] = {}
    speeds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="weir-dedup-") as name:
        sides = _Sides(texts, Path(name), given.core)
        runs = []
        for number in range(given.rounds):  # in turns, since a machine's speed changes
            measure.say(f"round {number + 1}/{given.rounds}")
            runs.append(sides.round())
        found, flat = runs[-1]["weir"]
        exact = dedup_truth.similarities(flat, found["sizes"])
        sets = np.split(flat.astype(np.uint32), np.cumsum(found["sizes"])[:-1])
        once = dedup_truth.distinct(sets)
        result["curve"] = dedup_truth.curve(
            exact[np.ix_(once, once)], [sets[n] for n in once], minhash.BANDS, minhash.ROWS
        )
        for side in sides.commands:
            found, flat = runs[-1][side]
            own = exact if side in ("weir", "datasketch") else None
            if own is None:
                own = dedup_truth.similarities(flat, found["sizes"])
            spent = [run[side][0]["path_s"][0] for run in runs]
            speeds[side] = [len(texts) / seconds for seconds in spent]
            removed = {int(key): keepers for key, keepers in found["removed"].items()}
            result[side] = {
                "pages_a_second": measure.spread(speeds[side], 0),
                "match_s": measure.spread([run[side][0]["match_s"][0] for run in runs], 3),
                "memory_mb": found["memory_mb"],
                "versions": found.get("versions", {}),
                "by_our_shingles": {
                    "candidates": dedup_truth.of_candidates(exact, _pairs(found), THRESHOLD),
                    "removals": dedup_truth.of_removals(exact, removed, THRESHOLD),
                },
                "by_its_own_shingles": {
                    "candidates": dedup_truth.of_candidates(own, _pairs(found), THRESHOLD),
                    "removals": dedup_truth.of_removals(own, removed, THRESHOLD),
                },
            }
            for extra in ("path_rho_s", "path_c_minhash_s"):
                if extra in found:
                    result[side][extra.replace("_s", "_pages_a_second")] = measure.spread(
                        [len(texts) / run[side][0][extra][0] for run in runs], 0
                    )
            if "signatures_alone_s" in found:
                result[side]["signatures_alone_ms"] = measure.spread(
                    [run[side][0]["signatures_alone_s"][0] * 1e3 / sides.given for run in runs], 4
                )
    result["ratio_of_pages_a_second"] = {
        side: measure.spread(
            [ours / theirs for ours, theirs in zip(speeds["weir"], speeds[side], strict=True)], 1
        )
        for side in speeds
        if side != "weir"
    }
    result["missing"] = sides.missing
    return result


def _pairs(found: dict[str, Any]) -> list[tuple[int, int]]:
    return [(a, b) for a, b in found["pairs"]]


def layouts(texts: list[str]) -> dict[str, Any]:
    """The table of band layouts over these texts, equal ones once."""
    sets = [shingle_hashes(text) for text in texts]
    members = [sets[number] for number in dedup_truth.distinct(sets)]
    sizes = [row.size for row in members]
    flat = np.concatenate(members)
    exact = dedup_truth.similarities(flat, sizes)
    signatures = minhash.signatures(flat, np.cumsum([0, *sizes]))
    edges = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 1.0]
    above = exact[np.triu_indices(len(sizes), 1)]
    counts, _ = np.histogram(above[above > 0], edges)
    return {
        "documents": len(sizes),
        "bounds": dict(zip(("sure", "hopeless"), bounds(), strict=True)),
        "pairs_by_similarity": dict(zip(map(str, edges[:-1]), map(int, counts), strict=True)),
        "estimates": dedup_truth.estimates(exact, signatures, THRESHOLD, bounds()),
        "layouts": dedup_truth.layout_table(exact, signatures, sizes, LAYOUTS, THRESHOLD, bounds()),
    }


def main() -> int:
    """Measure, print, check."""
    options = measure.parser("bench_dedup", __doc__.splitlines()[0])
    options.add_argument("--warc", type=Path, default=measure.BULK)
    options.add_argument("--texts", type=Path, help="Parquet file, or folder, with a column text")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    options.add_argument("--layouts", action="store_true", help="compare band layouts instead")
    given = options.parse_args()
    source = (given.texts or given.warc).name
    texts = texts_of(given)
    os.sched_setaffinity(0, {given.core})
    parameters = {
        "source": source,
        "texts": len(texts),
        "characters_a_text": round(sum(map(len, texts)) / len(texts)),
        "threshold": THRESHOLD,
    }
    if given.layouts:
        return measure.finish(
            "bench_dedup_layouts", {"parameters": parameters, **layouts(texts)}, given.check
        )
    result = {
        "parameters": {**parameters, "rounds": given.rounds, "core": given.core},
        "signatures_alone": signatures_alone(texts, given.rounds),
        **compare(texts, given),
    }
    return measure.finish("bench_dedup", result, given.check)


if __name__ == "__main__":
    sys.exit(main())
