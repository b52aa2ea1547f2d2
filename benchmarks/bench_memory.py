"""Memory of a worker and its children in step extract, against the size of the WARC file.

Builds WARC files of about 100 MB, 300 MB and 1 GB by repeating one file's members, each time with
other record ids, in a temporary folder; the same bytes every time. Steps after extract do not run.
resiliparse extracts, for speed, and trafilatura the smallest file too.
"""

import re
import shutil
import sys
import tempfile
import uuid
import zlib
from pathlib import Path
from typing import Any

from benchmarks import measure
from stages.read import gzip_members

MEGABYTE = 1_000_000
SIZES_MB = (100, 300, 1000)
MAX_MEMBER_BYTES = 50 * MEGABYTE
RECORD_ID = re.compile(rb"(?im)^(WARC-Record-ID: <urn:uuid:)[^>\r\n]*>")
ONLY_EXTRACT = """\
import sys
from pathlib import Path
from pipeline import config, executor, manifest, plan, planning
from pipeline.steps import Work

if __name__ == "__main__":
    warc, out, *settings = sys.argv[1:]
    resolved = config.load("europe", [f"inputs=[{warc}]", *settings])
    planned, made = planning.make_plan(resolved), {}
    work = Work(out, resolved.run.model_dump_json(), planned.snapshot)
    for step in plan.STEPS[:2]:
        made[step.name] = [work(task) for task in planned.tasks(step, made)]
"""
"""The runner's first two steps, in one process, as the local executor with one worker has them."""


def build(source: Path, target: Path, size_bytes: int) -> int:
    """Write members of `source` over and over until the file is that large; how many were written.

    Members are deflated at level 1 with the time 0 in their head: the same bytes every time.
    """
    count = 0
    with target.open("wb") as sink:
        while sink.tell() < size_bytes:
            with source.open("rb") as stream:
                for member in gzip_members(stream, 0, MAX_MEMBER_BYTES):
                    if member.data is None or sink.tell() >= size_bytes:
                        continue
                    fresh = str(uuid.UUID(int=count)).encode()
                    data = RECORD_ID.sub(rb"\g<1>" + fresh + b">", member.data, count=1)
                    engine = zlib.compressobj(1, wbits=31)
                    sink.write(engine.compress(data) + engine.flush())
                    count += 1
    return count


def extract(warc: Path, out: Path, extractor: str) -> measure.Cost:
    """Run the step and throw its output away."""
    arguments = (str(warc), str(out), f"extract.extractor={extractor}")
    try:
        return measure.run([sys.executable, "-c", ONLY_EXTRACT, *arguments])
    finally:
        shutil.rmtree(out, ignore_errors=True)


def main() -> int:
    """Measure, print, check."""
    options = measure.parser("bench_memory", __doc__.splitlines()[0])
    options.add_argument("--warc", type=Path, default=measure.BULK)
    options.add_argument("--sizes-mb", type=int, nargs="+", default=SIZES_MB)
    options.add_argument("--folder", type=Path, default=None, help="where to build; needs 3 GB")
    given = options.parse_args()
    peaks: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="weir-memory-", dir=given.folder) as name:
        warc, out = Path(name) / "large.warc.gz", Path(name) / "run"
        for size in given.sizes_mb:
            records = build(given.warc, warc, size * MEGABYTE)
            extractors = ["resiliparse", "trafilatura"][: 2 if size == min(given.sizes_mb) else 1]
            for extractor in extractors:
                cost = extract(warc, out, extractor)
                measure.say(f"{size} MB, {extractor}: {cost.peak_rss_mb:.0f} MB, {cost.wall_s} s")
                peaks.append(
                    {
                        "warc_mb": round(warc.stat().st_size / MEGABYTE),
                        "records": records,
                        "extractor": extractor,
                        "peak_rss_mb": cost.peak_rss_mb,
                        "cpu_s": cost.cpu_s,
                    }
                )
    fast = [p for p in peaks if p["extractor"] == "resiliparse"]
    result = {
        "parameters": {"warc": given.warc.name, "sizes_mb": list(given.sizes_mb)},
        "peaks": peaks,
        "peak_rss_mb": max(p["peak_rss_mb"] for p in peaks),
        "growth_ratio": round(fast[-1]["peak_rss_mb"] / fast[0]["peak_rss_mb"], 3),
    }
    return measure.finish("bench_memory", result, given.check)


if __name__ == "__main__":
    sys.exit(main())
