"""A process that works on one batch of a task record by record, to find out which kills it.

`pipeline.suspects` starts it, writes a JSON object to its standard input, and reads in its mark
which record it died of. It writes nothing else.
"""

import json
import resource
import signal
import sys
from pathlib import Path

from pipeline import config, steps, storage
from pipeline.context import Context
from pipeline.executor import Task
from pipeline.suspects import Mark

CPU_FACTOR = 10
"""Times the limit for parsing, that all stages together may use for a record."""


def main() -> int:
    """Examine what the request on standard input names: 0 once all its records are done."""
    asked = json.load(sys.stdin)
    task = Task(**asked["task"])
    settings = config.Run.model_validate_json(asked["settings"])
    context = Context(storage.place(asked["run"]), settings, asked["snapshot"], task)
    mark, aside = Mark(Path(asked["mark"])), dict(asked["aside"])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)

    def begin(offset: int) -> bool:
        mark.set(asked["batch"], offset)
        signal.setitimer(signal.ITIMER_PROF, settings.extract.cpu_limit_s * CPU_FACTOR)
        return offset not in aside

    steps.stage_singly(context, asked["batch"], begin, aside)
    return 0


if __name__ == "__main__":
    sys.exit(main())
