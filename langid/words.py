"""How a text is prepared for our own fastText model, in training and in use alike."""

import re
import unicodedata
from functools import lru_cache

_NOT_WORD = re.compile(r"[\W\d_]+")


@lru_cache(maxsize=16)  # the segments of the document at hand, which several ask about
def prepare(text: str) -> str:
    """Lower-case words in NFC on one line, without digits, signs, or what UTF-8 cannot hold.

    OpenLID prepares its texts in the same way
    (https://github.com/laurievb/OpenLID, scripts/tools/normalise_text.py), but for NFC.
    """
    valid = text.encode("utf-8", "ignore").decode("utf-8")
    words = _NOT_WORD.sub(" ", unicodedata.normalize("NFC", valid).lower())
    return " ".join(words.split())
