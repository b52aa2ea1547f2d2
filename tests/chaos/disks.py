"""A small disk of our own, out of everybody's sight."""

import contextlib
import ctypes
import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

NEW_MOUNTS = 0x00020000


@functools.cache
def can_mount() -> bool:
    """Whether this process may have mounts of its own."""
    if os.geteuid() or not shutil.which("mount") or not shutil.which("unshare"):
        return False
    made = subprocess.run(
        ["/usr/bin/env", "unshare", "--mount", "true"], capture_output=True, check=False
    )
    return made.returncode == 0


@contextlib.contextmanager
def small(folder: Path, size_bytes: int) -> Iterator[None]:
    """A folder that holds so much until the block ends; what is in it then stays in its place.

    For a process that ends soon after: its mounts are its own from now on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), "unshare")
    _mount("--make-rprivate", "/")
    _mount("-t", "tmpfs", "-o", f"size={size_bytes}", "weir-chaos", str(folder))
    yield
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept)
    subprocess.run(["/usr/bin/env", "umount", "-l", str(folder)], check=True, capture_output=True)
    folder.rmdir()
    kept.rename(folder)


def _mount(*words: str) -> None:
    subprocess.run(["/usr/bin/env", "mount", *words], check=True, capture_output=True)
