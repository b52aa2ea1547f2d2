"""A server's end: what it leaves behind, and what it says."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

from tests.integration.runs import PATIENCE_S, ROOT


def test_the_file_with_the_address_goes_with_the_server(small_run: Path, tmp_path: Path) -> None:
    """Also when something ends the server that is not Ctrl-C."""
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "audit", str(small_run), "--no-open"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            address = next(line for line in process.stdout if "#token=" in line).strip()
            [place] = tmp_path.glob("weir-*.html")
            assert stat.S_IMODE(place.stat().st_mode) == 0o600
            assert address in place.read_text(encoding="utf-8")
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 128 + signal.SIGTERM
            assert list(tmp_path.glob("weir-*.html")) == []
        finally:
            process.kill()
