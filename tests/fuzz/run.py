"""Fuzzing with atheris: `make fuzz`, or `python -m tests.fuzz.run [TARGET ...] --runs 1000000`.

Each target starts from the committed corpus, the seeds and what earlier runs found (`build/fuzz`),
and ends after its runs or its seconds. `build/fuzz/TARGET.json` has libFuzzer's own counts. Exit
code 1 if a target crashed, hung or grew too large: the input is beside the counts. With
`--minimise` the committed corpus is made anew, from a few small inputs that reach the most.
"""

import argparse
import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

from tests.fuzz import seeds
from tests.fuzz.targets import FOLDER, TARGETS

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "fuzz"
CORPUS = FOLDER / "corpus"
TIMEOUT_S = 120
"""By the clock on the wall: on a machine with no time to spare, a process that sleeps for 20 s is
ended by SIGALRM without a word."""
RSS_LIMIT_MB = 2_048
MAX_CORPUS_BYTES = 100_000
"""Of one target's committed corpus."""
SHA1 = re.compile(r"[0-9a-f]{16}")
STATISTIC = re.compile(r"^stat::(\w+):\s+(\d+)", re.MULTILINE)
COVERAGE = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)/")


def main() -> int:
    """Fuzz the targets named, or all; 1 if any of them broke."""
    wanted = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    wanted.add_argument("targets", nargs="*", default=list(TARGETS), help=", ".join(TARGETS))
    wanted.add_argument("--runs", type=int, help="executions of each target")
    wanted.add_argument("--seconds", type=int, help="time for each target")
    wanted.add_argument("--jobs", type=int, default=1, help="targets at a time")
    wanted.add_argument("--minimise", action="store_true", help="make the committed corpus anew")
    options = wanted.parse_args()
    for name in options.targets:
        if name not in TARGETS:
            wanted.error(f"{name} is no target; targets: {', '.join(TARGETS)}")
    if options.minimise:
        for name in options.targets:
            minimise(name)
        return 0
    limits = (options.runs or -1, options.seconds or 0)
    with ThreadPoolExecutor(options.jobs) as pool:
        done = list(pool.map(lambda name: fuzz(name, *limits), options.targets))
    return int(any(one["broken"] for one in done))


def fuzz(name: str, runs: int, seconds: int) -> dict[str, Any]:
    """Run one target, write its counts and return them."""
    kept = WORK / "corpus" / name
    kept.mkdir(parents=True, exist_ok=True)
    log = WORK / f"{name}.log"
    started = time.monotonic()
    with seeded(name) as folder, log.open("wb") as stream:
        limits = (f"-runs={runs}", f"-max_total_time={seconds}", "-print_final_stats=1")
        folders = [kept, *(f for f in (CORPUS / name, folder) if f.is_dir())]
        code = fuzzer(name, [*limits, f"-artifact_prefix={WORK / name}-"], folders, stream)
    said = log.read_text(encoding="utf-8", errors="replace")
    counts = {key: int(value) for key, value in STATISTIC.findall(said)}
    coverage, features, inputs = (COVERAGE.findall(said) or [(0, 0, 0)])[-1]
    made = {
        "target": name,
        "executions": counts.get("number_of_executed_units", 0),
        "seconds": round(time.monotonic() - started, 1),
        "broken": code != 0,
        "coverage": int(coverage),
        "features": int(features),
        "inputs": int(inputs),
        "peak_rss_mb": counts.get("peak_rss_mb", 0),
        "slowest_input_s": counts.get("slowest_unit_time_sec", 0),
        "max_input_bytes": TARGETS[name].max_bytes,
        "commit": commit(),
        "python": platform.python_version(),
        "atheris": metadata.version("atheris"),
    }
    (WORK / f"{name}.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(made) + "\n")
    sys.stdout.flush()
    if code:
        sys.stderr.write(f"{name} broke (exit {code}); log: {log}, input: {WORK / name}-*\n")
    return made


def fuzzer(name: str, options: Sequence[str], folders: Sequence[Path], log: Any) -> int:
    """Exit code of libFuzzer for a target in a process of its own."""
    command = [sys.executable, "-m", "tests.fuzz.one", name, *options]
    command += [f"-max_len={TARGETS[name].max_bytes}", f"-timeout={TIMEOUT_S}"]
    command += [f"-rss_limit_mb={RSS_LIMIT_MB}", "-reload=0"]
    command += [f"-dict={FOLDER / 'dictionaries' / f'{name}.dict'}", *map(str, folders)]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdout=log, stderr=log, check=False
    ).returncode


@contextlib.contextmanager
def seeded(name: str) -> Iterator[Path]:
    """A folder with the target's seeds, for a while."""
    with tempfile.TemporaryDirectory(prefix="weir-fuzz-") as folder:
        for number, data in enumerate(seeds.of(name)):
            (Path(folder) / f"seed-{number:04}").write_bytes(data)
        yield Path(folder)


def minimise(name: str) -> None:
    """Choose a few inputs of what was found; those named by words are findings and stay."""
    folder = CORPUS / name
    for needed in (folder, WORK):
        needed.mkdir(parents=True, exist_ok=True)
    with seeded(name) as given, tempfile.TemporaryDirectory(prefix="weir-fuzz-") as chosen:
        found = [folder, given, *(f for f in (WORK / "corpus" / name,) if f.is_dir())]
        options = ["-merge=1", "-use_counters=0"]
        with (WORK / f"{name}-merge.log").open("wb") as log:
            code = fuzzer(name, options, [Path(chosen), *found], log)
        if code:
            raise SystemExit(f"{name}: libFuzzer could not merge (exit {code})")
        old = [path for path in folder.iterdir() if SHA1.fullmatch(path.name)]
        room = MAX_CORPUS_BYTES
        inputs = sorted(Path(chosen).iterdir(), key=lambda path: (path.stat().st_size, path.name))
        fresh = set()
        for path in inputs:
            data = path.read_bytes()
            if not seeds.is_invented(data) or len(data) > room:
                continue
            room -= len(data)
            digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()[:16]
            shutil.copyfile(path, folder / digest)
            fresh.add(folder / digest)
    for path in set(old) - fresh:
        path.unlink()
    sys.stdout.write(f"{name}: {len(fresh)} inputs, {MAX_CORPUS_BYTES - room} bytes\n")


def commit() -> str:
    """The commit that was fuzzed, with a plus sign if files differ from it."""
    git = ["git", "--no-optional-locks", "-C", str(ROOT)]
    asked = (["rev-parse", "--short=12", "HEAD"], ["status", "--porcelain"])
    made, changed = (
        subprocess.run([*git, *one], capture_output=True, text=True, check=False).stdout.strip()
        for one in asked
    )
    return made + ("+" if changed else "")


if __name__ == "__main__":
    raise SystemExit(main())
