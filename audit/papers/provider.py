"""What only a person can say in a paper: answers from a file, placeholders until then."""

import difflib
from collections.abc import Mapping
from pathlib import Path

from pipeline import layers
from stages.errors import ConfigError

PLACEHOLDER = "TO_BE_FILLED_BY_MODEL_PROVIDER"
PUBLISHER = "TO_BE_FILLED_BY_PUBLISHER"
MAX_BYTES = 1 << 20

ASKED: Mapping[str, str] = {
    "dataset.name": "name of the corpus",
    "dataset.version": "its version, MAJOR.MINOR.PATCH",
    "dataset.previous": "links to earlier versions",
    "dataset.url": "address of its page",
    "dataset.files": "address under which the files of the run's folder are published",
    "dataset.licence": "licence of the compilation: an SPDX identifier or an address",
    "dataset.creator": "who made it",
    "dataset.contact": "where questions, reservations and requests for erasure go",
    "dataset.date_published": "YYYY-MM-DD",
    "dataset.maintenance": "who maintains it, how often it is published anew, how long",
    "dataset.purpose": "why it was made, and who paid for it",
    "1.1.provider": "provider: name and contact details",
    "1.1.representative": "authorised representative, if the provider is outside the Union",
    "1.2.model": "versioned model name",
    "1.2.dependencies": "general-purpose model that this one modifies, and its summary",
    "1.2.placed": "date of placing on the Union market",
    "1.3.other_modalities": "other modalities than text, and their size",
    "1.3.continuous": "whether data are acquired after the latest date",
    "2.1.other": "other public datasets",
    "2.2.licensed": "data licensed from rightsholders",
    "2.2.private": "other data from third parties that are not public",
    "2.3.used": "whether the provider ran crawlers of its own",
    "2.4.user_data": "data of users",
    "2.5.synthetic": "synthetic data",
    "2.6.other": "other sources",
    "3.1.signatory": "whether the provider signed the Code of Practice",
    "3.1.policy": "link to the copyright policy",
    "3.2.further": "measures against illegal content beyond the corpus",
    "3.3.other": "anything else",
}
"""What may be answered: dotted keys, those of the training summary by its sections."""


class Answers:
    """Answers by key; what was asked for and not answered is remembered in `open`."""

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        self.given = dict(given or {})
        self.open: dict[str, str] = {}

    def get(self, key: str, otherwise: str | None = None) -> str:
        """The answer, or a placeholder; `otherwise` if the run knows a good enough one."""
        if key in self.given:
            return self.given[key]
        if otherwise is not None:
            return otherwise
        self.open[key] = ASKED[key]
        return PUBLISHER if key.startswith("dataset.") else PLACEHOLDER


def read(path: Path) -> Answers:
    """Answers of a YAML file: a mapping of keys to text. ConfigError if it is anything else."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError("--answers", f"{path} is larger than 1 MiB", "shorten it")
    except OSError as error:
        problem = f"{path} cannot be read ({error.strerror})"
        raise ConfigError("--answers", problem, "name another file") from None
    known = "keys are: " + ", ".join(ASKED)
    found = layers.read(path)
    for key, value in found.items():
        if key not in ASKED:
            near = difflib.get_close_matches(str(key), ASKED, n=1)
            hint = f"did you mean {near[0]}?" if near else known
            raise ConfigError("--answers", f"{path}: unknown key {str(key)[:80]!r}", hint)
        if not isinstance(value, str):
            raise ConfigError("--answers", f"{path}: {key} is no text", f'write {key}: "..."')
    return Answers(found)
