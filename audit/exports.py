"""Files that a user asks a reader for, outside of the run."""

from pathlib import Path

from pipeline import storage
from stages.errors import ConfigError


def write(option: str, path: Path, data: bytes) -> None:
    """Write a file whole or not at all, readable for everybody; ConfigError names the option."""
    if not path.parent.is_dir():
        raise ConfigError(option, f"there is no folder {path.parent}", "make it, or name another")
    try:
        storage.write_bytes(path, data)
        path.chmod(0o644)
    except OSError as error:
        raise ConfigError(
            option, f"{path} cannot be written ({error.strerror})", "name another file"
        ) from None
