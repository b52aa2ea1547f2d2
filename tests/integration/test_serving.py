"""A server's end: what it leaves behind, and what it says."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

from tests.integration.runs import PATIENCE_S, ROOT


def _appeared(folder: Path) -> Path:
    """The file with the address, as soon as it is whole."""
    ends_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends_at:
        for path in folder.glob("weir-*.html"):
            if "token" in path.read_text(encoding="utf-8"):
                return path
        time.sleep(0.05)
    raise AssertionError("no file with the address")


def test_the_file_with_the_address_goes_with_the_server(small_run: Path, tmp_path: Path) -> None:
    """Also when something ends the server that is not Ctrl-C. The browser is `true`."""
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "audit", str(small_run)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path), "BROWSER": "true"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            address = next(line for line in process.stdout if "#token=" in line).strip()
            place = _appeared(tmp_path)
            assert stat.S_IMODE(place.stat().st_mode) == 0o600
            assert address in place.read_text(encoding="utf-8")
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 128 + signal.SIGTERM
            assert list(tmp_path.glob("weir-*.html")) == []
        finally:
            process.kill()
