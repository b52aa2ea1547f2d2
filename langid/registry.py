"""What language models there are, where each is, and whether it is the one that was meant.

The facts are in `models.yaml`. A file is trusted for its SHA-256 alone, so that it does not matter
over which network or from whose hands it came. `weir models` is the command line of this module.
"""

import enum
import hashlib
import http.client
import os
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from ruamel.yaml import YAML

Kind = Literal["package", "shipped", "extra", "download"]

_MAX_BYTES = 4 << 30  # more than twice the largest model; for a file whose size is not known
_CHUNK_BYTES = 1 << 20
_TIMEOUT_S = 60  # without a byte; not for the whole file


class ModelError(ValueError):
    """A model is missing, cannot be fetched, or is not the one that was meant.

    The message names the model or file, and the command that helps.
    """


class State(enum.StrEnum):
    """What is known of an installed model."""

    OK = "ok"
    """Its SHA-256 is the one in `models.yaml`."""

    UNCHECKED = "unchecked"
    """It is there; `models.yaml` has no SHA-256 for it, and says why."""

    ABSENT = "absent"
    """It is not there."""

    DIFFERS = "differs"
    """It is there with another SHA-256."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model; an entry of `models.yaml`, whose head explains the fields.

    `package` is None for a file of its own, `url` is there for downloads only.
    """

    name: str
    kind: Kind
    labels: str
    package: str | None
    revision: str
    file: str | None
    sha256: str | None
    size_bytes: int | None
    code_licence: str
    weights_licence: str
    homepage: str
    note: str
    url: str | None = None

    @property
    def remedy(self) -> str:
        """The command that makes an absent or differing model right."""
        match self.kind:
            case "package":
                return f"pip install --force-reinstall {self.package}=={self.revision}"
            case "extra":
                return f"pip install 'weir-corpus[{self.package}]'"
            case "shipped":
                return "pip install --force-reinstall weir-corpus"
            case "download":
                return f"weir models fetch {self.name}"


@cache
def cards() -> Mapping[str, ModelCard]:
    """Every model of `models.yaml` by name, in its order."""
    text = resources.files("langid").joinpath("models.yaml").read_text("utf-8")
    entries = YAML(typ="safe").load(text)
    return MappingProxyType({name: ModelCard(name, **entry) for name, entry in entries.items()})


def directory() -> Path:
    """Where fetched models are: `$WEIR_MODELS`, else `weir/models` in the user's cache directory.

    An environment variable, since it may differ between the machines of a run. It cannot change
    what a model says: the file is found by it, and then held against its SHA-256.
    """
    if chosen := os.environ.get("WEIR_MODELS"):
        return Path(chosen)
    caches = os.environ.get("XDG_CACHE_HOME")
    return (Path(caches) if caches else Path.home() / ".cache") / "weir" / "models"


def find(card: ModelCard, folder: Path | None = None) -> Path | None:
    """The model's file, or where its package is installed if no one file is it; None if absent.

    Downloads are looked for in `folder`, by default `directory()`. Nothing is read or checked.
    """
    path: Path
    if card.package:
        try:
            package = metadata.distribution(card.package)
        except metadata.PackageNotFoundError:
            return None
        path = Path(str(package.locate_file(card.file or "")))
    elif card.kind == "shipped":
        path = Path(str(resources.files("langid").joinpath(str(card.file))))
    else:
        path = (folder or directory()) / str(card.file)
    return path if os.path.exists(path) else None  # unlike Path.exists, also without permission


def digest(path: str | Path) -> str:
    """SHA-256 of a file in hexadecimal; ModelError if it cannot be read."""
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: the model cannot be read ({error.strerror})") from None


def verify(card: ModelCard, folder: Path | None = None) -> State:
    """Whether the model is there and is the one in `models.yaml`; reads the whole file."""
    path = find(card, folder)
    if path is None:
        return State.ABSENT
    if card.sha256 is None:
        return State.UNCHECKED
    return State.OK if digest(path) == card.sha256 else State.DIFFERS


def locate(card: ModelCard, folder: Path | None = None) -> Path:
    """The model's file, which is there and has the right SHA-256; ModelError if not."""
    path = find(card, folder)
    if path is None:
        place = (folder or directory()) if card.kind == "download" else "this installation"
        raise ModelError(f"language model {card.name} is not in {place}; {card.remedy}")
    if card.sha256 is None:
        raise ModelError(
            f"langid/models.yaml: {card.name} has no sha256, so {path} cannot be checked; "
            "python -m langid.train writes it"
        )
    check(path, card.sha256, card.remedy)
    return path


def check(path: str | Path, sha256: str, remedy: str) -> None:
    """Raise ModelError, with both digests and the remedy, if the file has another SHA-256."""
    found = digest(path)
    if found != sha256.lower():
        raise ModelError(
            f"{path}: SHA-256 is {found}, expected {sha256.lower()}: the file was changed, or is "
            f"another model; {remedy}"
        )


def fetch(card: ModelCard, folder: Path | None = None) -> Path:
    """Download a model into `folder`, by default `directory()`, and return its path.

    A file that is there with the right SHA-256 is kept, and no network is used; one with another is
    replaced. The download becomes visible under its name only after its SHA-256 was found right.
    Raises ModelError if the model is not for download, the folder cannot be written to, the
    download fails, is larger than it should be, or has another SHA-256; nothing is left behind.
    """
    if card.kind != "download" or card.url is None or card.sha256 is None:
        source = card.remedy if card.kind == "extra" else "it comes with Weir"
        raise ModelError(f"language model {card.name} is not for download; {source}")
    folder = folder or directory()
    path = folder / str(card.file)
    if verify(card, folder) is State.OK:
        return path
    part = folder / f"{card.file}.{os.getpid()}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.touch()
    except OSError as error:
        raise ModelError(
            f"{folder}: cannot write to the model directory ({error.strerror}); set WEIR_MODELS to "
            "a directory that you may write to, or give --directory"
        ) from None
    try:
        found = _download(card, card.url, part)
        if found != card.sha256:
            raise ModelError(
                f"{card.url}: SHA-256 is {found}, expected {card.sha256}: the file was changed "
                "there or on the way, and is not kept; see langid/models.yaml"
            )
        part.replace(path)
    except (OSError, http.client.HTTPException) as error:
        raise ModelError(
            f"{card.url} could not be fetched ({error}); try again, or bring the file to {path} by "
            "other means and run: weir models verify"
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return path


def _download(card: ModelCard, url: str, part: Path) -> str:
    """SHA-256 of what was written to `part`."""
    most, size, found = card.size_bytes or _MAX_BYTES, 0, hashlib.sha256()
    # The address is from models.yaml, where a test asks for https.
    with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer, part.open("wb") as stream:  # noqa: S310
        while chunk := answer.read(_CHUNK_BYTES):
            size += len(chunk)
            if size > most:
                raise ModelError(f"{url}: more than the {most:,} bytes that {card.name} has")
            found.update(chunk)
            stream.write(chunk)
        stream.flush()
        os.fsync(stream.fileno())
    return found.hexdigest()
