"""What a side of `benchmarks.sides` does around its own work; the standard library is enough.

A side is a program called with WORK (a name) and INPUT (a path). It makes the work ready, does it
once uncounted, says so in a line of JSON with its versions, and then does it again for every line
that it is sent, each time answering with the CPU time that it took and what it made.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

Work = Callable[[], int]
"""One round over the whole input; how much came out, so that nobody can do nothing quickly."""
Make = Callable[[Path], tuple[Work, tuple[str, ...]]]
"""From the input: the work, and the packages whose versions matter."""


def inputs(path: Path) -> Any:
    """What `sides.write` wrote."""
    return json.loads(path.read_text(encoding="utf-8"))


def serve(works: Mapping[str, Make]) -> None:
    """Answer until the input ends. What libraries print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    name, path = sys.argv[1:3]
    work, packages = works[name](Path(path))
    work()
    versions = {package: metadata.version(package) for package in packages}
    print(json.dumps({"versions": versions}), file=answers, flush=True)
    for _ in sys.stdin:
        began = time.process_time()
        made = work()
        spent = time.process_time() - began
        print(json.dumps({"cpu_s": spent, "made": made}), file=answers, flush=True)
