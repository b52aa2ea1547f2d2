"""Hypothesis strategies shared by the property tests."""

from __future__ import annotations

from hypothesis import strategies as st

SCRIPTS = (
    "The quick brown fox isn’t here.",
    "Größe, Übermaß und Ähnliches: z. B. Öl!",
    "Η γρήγορη αλεπού; Ναι, ΟΔΟΣ οδός.",
    "Съешь ещё этих мягких французских булок…",
    "Համբերություն։ ქართული ანბანი. יידיש שפּראַך",
    "العربية لغة؟ فارسی",
    "ภาษาไทย 中文。日本語！",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 😀❤️🇪🇺 𐌰𐌱",
    "e\u0301 \u0301x a\u0308o\u0308 İIıi",
    "it·l col·legi l'any m'ha",
    "1.234,56 € #tag ... … { } • – * _x_",
    "Ã¤ â€™ Ð¿Ñ€Ð¸ \ufffd\x85\x90",
    "\u200f\u202e\u200b\u00ad\ufeff",
    "Lorem ipsum JavaScript. Datenschutzerklärung",
)

_BREAKS = st.sampled_from([" ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "", ". "])

pieces = st.one_of(
    st.sampled_from(SCRIPTS),
    st.text(max_size=20),
    st.sampled_from(["a", "b", "the", "und", "\ud800".encode("utf-8", "replace").decode()]),
)
"""Bits of text of all scripts, few enough words among them to repeat."""


@st.composite
def texts(draw: st.DrawFn, max_pieces: int = 40) -> str:
    """Text of mixed scripts with repetition, line ends, damage and emptiness."""
    drawn = draw(st.lists(st.tuples(pieces, _BREAKS), max_size=max_pieces))
    text = "".join(piece + end for piece, end in drawn)
    return text * draw(st.integers(1, 3))
