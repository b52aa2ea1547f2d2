"""What a run in an object store asks of it, by step: requests, bytes read and written.

    python -m benchmarks.bench_store [--limit N]

A run of the sample configuration on one WARC file of the sample snapshot, one worker, in a store on
this machine; counted where requests are made. Prints JSON. Counts do not depend on the machine.
"""

import argparse
import json
import os
import sys
from collections import Counter

from benchmarks import measure
from pipeline import config, inputs, remote, runner, storage
from samples import build
from tests.integration import store_server


def measured(limit: int | None) -> dict[str, dict[str, int]]:
    """Counts by step; `start` is what comes before the first, `end` what comes after the last."""
    build.build()
    (paths,) = build.SNAPSHOT_DIR.glob("crawl-data/*/warc.paths.gz")
    first = inputs.expand([str(paths)], None)[0].uri
    settings = [f"inputs=['{first}']", "limits.max_quarantined_fraction=0.9"]
    resolved = config.load("sample", settings + ([f"limit={limit}"] if limit else []))
    found: dict[str, Counter[str]] = {}
    step = ["start"]

    def listen(event: runner.Event) -> None:
        found.setdefault(step[0], Counter()).update(remote.usage)
        remote.usage.clear()
        step[0] = event.step or "end"

    remote.usage.clear()
    output = storage.place(f"s3://{store_server.BUCKET}/run")
    result = runner.Runner(resolved, runner.Options(output, workers=1), listen).start()
    found.setdefault(step[0], Counter()).update(remote.usage)
    if result.exit_code:
        raise SystemExit(f"the run ended with {result.exit_code}: {result.problems}")
    found["all"] = sum(found.values(), Counter())
    return {name: dict(sorted(counts.items())) for name, counts in found.items()}


def main() -> None:
    """Print it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--limit", type=int, help="responses of the file")
    limit = options.parse_args().limit
    with store_server.moto() as address:
        os.environ |= store_server.environment(*address)
        remote.store.cache_clear()
        found = measured(limit)
    json.dump({"environment": measure.environment(), "steps": found}, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
