"""What a person at the command line waits for: `python -m benchmarks.bench_cli [--rounds N]`.

The wall time of `weir VERB --help` for every verb, and of `weir demo` as it is after installation:
without network, compiled bytecode or compiled loops of Numba. Files may be in the page cache.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from benchmarks import measure
from pipeline import cli

OFFLINE = ("unshare", "-rn")
"""A network namespace of its own, with no network in it."""


def verbs(command: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every verb, as its words."""
    for name, inner in command.commands.items():
        if hasattr(inner, "commands"):
            yield from verbs(inner, (*before, name))
        else:
            yield (*before, name)


def waited_s(words: tuple[str, ...], env: Mapping[str, str] | None = None) -> float:
    """Wall time of a process; the benchmark ends where it fails."""
    began = time.monotonic()
    subprocess.run(words, check=True, capture_output=True, env=env)
    return time.monotonic() - began


def cold_demo() -> dict[str, Any]:
    """Seconds of `weir demo` without anything compiled, and whether it had no network."""
    is_offline = subprocess.run((*OFFLINE, "true"), check=False, capture_output=True).returncode
    apart = OFFLINE if is_offline == 0 else ()
    with tempfile.TemporaryDirectory() as name:
        fresh = {
            "PYTHONPYCACHEPREFIX": f"{name}/bytecode",
            "NUMBA_CACHE_DIR": f"{name}/numba",
            "HOME": name,
        }
        words = (*apart, *measure.command("demo", "--output", f"{name}/demo"))
        spent = waited_s(words, {**os.environ, **fresh})
        found = (Path(name) / "demo" / "report" / "index.html").is_file()
    return {"wall_s": round(spent, 1), "offline": bool(apart), "report": found}


def main() -> int:
    """Measure every verb and the demo."""
    parser = measure.parser("bench_cli", "Wall time of --help and of the demo.")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    root: Any = typer.main.get_command(cli.app)
    found = {}
    for verb in [(), *verbs(root)]:
        words = tuple(measure.command(*verb, "--help"))
        times = [1e3 * waited_s(words) for _ in range(given.rounds)]
        found[" ".join(("weir", *verb))] = measure.spread(times, 0)
    result = {
        "parameters": {"rounds": given.rounds},
        "slowest_help_ms": max(one["median"] for one in found.values()),
        "demo": cold_demo(),
        "help_ms": found,
    }
    return measure.finish("bench_cli", result, given.check)


if __name__ == "__main__":
    sys.exit(main())
