"""A run's lock: one driver at a time, or the jobs of one array together."""

import contextlib
import fcntl
from collections.abc import Iterator

from pipeline import lease, storage
from pipeline.places import Place, Remote
from stages.errors import ConfigError


@contextlib.contextmanager
def hold(run: Place, shared: bool) -> Iterator[None]:
    """Hold the run's lock; jobs of an array share it. ConfigError if it is taken."""
    if isinstance(run, Remote):
        with lease.hold(run, shared):
            yield
        return
    path = run / "journal" / "lock"
    with storage.disk_errors(run):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            problem = f"cannot be made a folder ({error.strerror})"
            raise ConfigError(str(run), problem, "choose another --output") from None
    with path.open("w", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError:
            raise ConfigError(
                str(run), "is being run by another process", f"watch it with: weir status {run}"
            ) from None
        yield
