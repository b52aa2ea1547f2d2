"""Every stage and the whole run against every peer that runs here: docs/performance.md.

    python -m benchmarks.performance [--only NAME ...] [--rounds N] [--write] [--check]

runs the benchmarks one after another, prints a summary as JSON, and with `--write` keeps it in
`benchmarks/performance.json` and renews the page below its mark. What was not run keeps its earlier
numbers. A benchmark or a peer that fails leaves rows that say why. Whole answers go to
`build/performance/`.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks import measure, performance_page
from benchmarks.performance_rows import LINES, ROUNDLESS, figures, rows

SUMMARY = measure.REPOSITORY / "benchmarks" / "performance.json"
PAGE = measure.REPOSITORY / "docs" / "performance.md"
WHOLE = measure.REPOSITORY / "build" / "performance"
MACHINE = ("cpu", "cores", "memory_gb", "system", "python", "load_average", "date")
LAST_LINES = 40


def arguments(bench: str, rounds: int | None) -> list[str]:
    """What stands behind `python`."""
    given = [] if rounds is None or bench in ROUNDLESS else ["--rounds", str(rounds)]
    return ["-m", f"benchmarks.{bench}", *given]


def parsed(output: str) -> dict[str, Any] | None:
    """The benchmark's answer; None if it did not end with one."""
    try:
        answer = json.loads(output)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def summary(
    bench: str, command: Sequence[str], answer: Mapping[str, Any] | None, words: str
) -> dict[str, Any]:
    """What is kept of one benchmark; `words` are its last to stderr, for one without an answer."""
    failure = None if answer is not None else measure.reason(RuntimeError(words))
    held = answer or {}
    environment = held.get("environment") or measure.environment()
    made: dict[str, Any] = {
        "command": f"python {' '.join(command)}",
        "machine": {key: environment[key] for key in MACHINE},
        "parameters": held.get("parameters", {}),
        "rows": rows(bench, held, failure),
        "figures": figures(bench, held),
    }
    return made if failure is None else {**made, "failed": failure}


def run(bench: str, rounds: int | None, check: bool) -> tuple[dict[str, Any], bool]:
    """Run one benchmark; its summary, and whether it ended well."""
    command = arguments(bench, rounds)
    began = time.monotonic()
    measure.say(f"== {bench}")
    last = deque[str](maxlen=LAST_LINES)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as answer:
        with subprocess.Popen(
            [sys.executable, *command, *(["--check"] if check else [])],
            cwd=measure.REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            for line in process.stderr or ():
                sys.stderr.write(line)
                last.append(line)
        answer.seek(0)
        output = answer.read()
    code = process.returncode
    WHOLE.mkdir(parents=True, exist_ok=True)
    (WHOLE / f"{bench}.json").write_text(output, encoding="utf-8")
    measure.say(f"== {bench}: exit code {code} after {time.monotonic() - began:.0f} s")
    return summary(bench, command, parsed(output), "".join(last)), code == 0


def merged(
    before: Mapping[str, Any], made: Mapping[str, Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """Earlier summaries with the new ones in their places, in the order of the page."""
    held = {**before, **made}
    return {bench: held[bench] for bench in LINES if bench in held}


def main() -> int:
    """Run, print, write; 1 if a benchmark failed or, with `--check`, missed a floor."""
    options = measure.parser("performance", __doc__.splitlines()[0])
    options.add_argument("--only", nargs="+", choices=list(LINES), default=list(LINES))
    options.add_argument("--rounds", type=int, help="of each benchmark; else its own number")
    options.add_argument("--write", action="store_true", help="renew the summary and the page")
    given = options.parse_args()
    before = json.loads(SUMMARY.read_text(encoding="utf-8")) if SUMMARY.exists() else {}
    made, is_well = {}, True
    for bench in given.only:
        made[bench], ended_well = run(bench, given.rounds, given.check)
        is_well = is_well and ended_well
    print(json.dumps(made, indent=1, ensure_ascii=False))
    if given.write:
        whole = merged(before, made)
        SUMMARY.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        lines = list(performance_page.page(whole, performance_page.Snapshot()))
        text = performance_page.renewed(PAGE.read_text(encoding="utf-8"), lines)
        PAGE.write_text(text, encoding="utf-8")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
