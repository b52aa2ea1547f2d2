"""Signal for pages that list people: how much of a text was personal data before redaction."""

from __future__ import annotations

import re
from typing import Final

from filters.signal import Value, ratio
from filters.spans import KINDS
from filters.text import TextView

_PLACEHOLDER: Final = re.compile(f"<(?:{'|'.join(KINDS)})>")
_PER: Final = 1000
_EDGES: Final = (
    0.0, 0.1, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 12.0, 14.0, 16.0,
    20.0, 25.0, 30.0, 40.0, 50.0, 75.0, 100.0, 150.0,
)  # fmt: skip


@ratio(
    unit="per 1,000 characters",
    source="Weir; Soldaini et al. 2024 (Dolma), section 3.1, drop documents with more than five",
    edges=_EDGES,
)
def personal_data_density(view: TextView) -> Value:
    """Placeholders of personal data per 1,000 characters of the redacted text; null if empty."""
    if not view.text:
        return None
    if "<" not in view.text:
        return 0.0
    return _PER * sum(1 for _ in _PLACEHOLDER.finditer(view.text)) / len(view.text)
