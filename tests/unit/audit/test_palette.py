"""Check 31: marks and text stand out, and categories differ under colour blindness."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import audit

CATEGORIES = ("kept", "copies", "rules", "rights", "unusable", "quarantined")
MARKS = (*CATEGORIES, "edge", "strong", "muted", "link")
TEXT = ("ink", "muted", "strong", "link")
LEAST_APART = 20.0
SHADE = 0.42
"""The heaviest shade of a cell: that much of `rules` over the paper (report.css, shade5)."""

# Full dichromacy. Source: Machado, Oliveira and Fernandes 2009, table 1, severity 1.0.
VISION = {
    "trichromat": np.eye(3),
    "protan": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deutan": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritan": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = np.array([0.95047, 1.0, 1.08883])


def _themes() -> dict[str, dict[str, str]]:
    folder = Path(audit.__file__).parent / "templates"
    tokens = (folder / "tokens.css").read_text("utf-8")
    printed = (folder / "report.css").read_text("utf-8").partition("@media print")[2]
    pattern = r"--([a-z]+): (#[0-9a-f]{3,6});"
    light = dict(re.findall(pattern, tokens.partition("@media")[0]))
    _, _, rest = tokens.partition("@media (prefers-color-scheme: dark)")
    dark = light | dict(re.findall(pattern, rest.partition("*, *::before")[0]))
    on_paper = light | dict(re.findall(pattern, printed))
    return {"light": light, "dark": dark, "print": on_paper}


THEMES = _themes()
THEME = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)


@THEME
def test_text_is_read(theme: dict[str, str]) -> None:
    shade = _mixed(theme["rules"], theme["paper"], SHADE)
    for name in TEXT:
        assert _contrast(_linear(theme[name]), _linear(theme["paper"])) >= 4.5, name
        assert _contrast(_linear(theme[name]), _linear(theme["panel"])) >= 4.5, name
    assert _contrast(_linear(theme["ink"]), shade) >= 4.5


@THEME
def test_marks_stand_out(theme: dict[str, str]) -> None:
    for name in MARKS:
        assert _contrast(_linear(theme[name]), _linear(theme["paper"])) >= 3, name
    for name in ("kept", "rules", "strong"):  # columns and lines on the shaded, failing side
        assert _contrast(_linear(theme[name]), _linear(theme["tint"])) >= 3, name


@THEME
@pytest.mark.parametrize("vision", VISION)
def test_categories_differ(theme: dict[str, str], vision: str) -> None:
    for one, other in itertools.combinations(CATEGORIES, 2):
        seen = [_lab(VISION[vision] @ _linear(theme[name])) for name in (one, other)]
        assert np.linalg.norm(seen[0] - seen[1]) >= LEAST_APART, (one, other)


def test_known_values() -> None:
    assert _contrast(_linear("#000000"), _linear("#ffffff")) == pytest.approx(21)
    assert _lab(_linear("#ffffff")) == pytest.approx([100, 0, 0], abs=0.05)
    assert _lab(_linear("#ff0000")) == pytest.approx([53.24, 80.09, 67.20], abs=0.05)


def _linear(colour: str) -> NDArray[np.float64]:
    text = colour[1:] if len(colour) == 7 else "".join(2 * sign for sign in colour[1:])
    values = np.array([int(text[at : at + 2], 16) / 255 for at in (0, 2, 4)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _mixed(one: str, other: str, share: float) -> NDArray[np.float64]:
    """`color-mix(in srgb, one share, other)`."""
    parts = [[int(c[at : at + 2], 16) for at in (1, 3, 5)] for c in (one, other.ljust(7, "f"))]
    mixed = [round(share * a + (1 - share) * b) for a, b in zip(*parts, strict=True)]
    return _linear("#" + "".join(f"{value:02x}" for value in mixed))


def _contrast(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Contrast ratio of WCAG 2.2, 1.4.3."""
    low, high = sorted(float(TO_XYZ[1] @ colour) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def _lab(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE 1976 L*a*b* under D65; distances in it are the colour difference of 1976."""
    x = TO_XYZ @ np.clip(linear, 0, 1) / WHITE
    f = np.where(x > 216 / 24389, np.cbrt(x), (24389 / 27 * x + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])
