"""No boxes for letters: what Europe writes in is drawn by fonts that have it.

The letters are those of each alphabet, so no text has to be trusted to hold them all.
"""

import subprocess
from functools import cache

import pytest
from fontTools.ttLib import TTCollection, TTFont

from tests.browser.chromium import ROOT, Tab

LATIN = "abcdefghijklmnopqrstuvwxyz"
CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъьюя"
LETTERS = {
    "bg": CYRILLIC,
    "hr": f"{LATIN}čćđšž",
    "cs": f"{LATIN}áčďéěíňóřšťúůýž",
    "da": f"{LATIN}æøå",
    "nl": f"{LATIN}ëïéĳ",
    "en": LATIN,
    "et": f"{LATIN}äõöüšž",
    "fi": f"{LATIN}åäöšž",
    "fr": f"{LATIN}àâæçéèêëîïôœùûüÿ",
    "de": f"{LATIN}äöüßẞ",
    "el": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
    "hu": f"{LATIN}áéíóöőúüű",
    "ga": f"{LATIN}áéíóúḃċḋḟġṁṗṡṫ",
    "it": f"{LATIN}àèéìòù",
    "lv": f"{LATIN}āčēģīķļņšūž",
    "lt": f"{LATIN}ąčęėįšųūž",
    "mt": f"{LATIN}ċġħżà",
    "pl": f"{LATIN}ąćęłńóśźż",
    "pt": f"{LATIN}áâãàçéêíóôõú",
    "ro": f"{LATIN}ăâîșț",
    "sk": f"{LATIN}áäčďéíĺľňóôŕšťúýž",
    "sl": f"{LATIN}čšž",
    "es": f"{LATIN}áéíñóúü¿¡",
    "sv": f"{LATIN}åäöé",
    "uk": f"{CYRILLIC}ґєії’",
    "ka": "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ",
    "hy": "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆև",
    "he": "אבגדהוזחטיכךלמםנןסעפףצץקרשת",
    "ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأؤإئىة",
}
RIGHT_TO_LEFT = ("ar", "he")
TOFU = "\u0378\u0379\U000e0fff"
"""Unassigned code points: whatever is drawn for them is a box."""


@cache
def _characters_of_fonts() -> frozenset[int]:
    """Every character that an installed font has a glyph for."""
    listed = subprocess.run(
        ["fc-list", "--format", "%{file}\n"],  # noqa: S607 - the machine's own
        capture_output=True,
        text=True,
        check=True,
    )
    known: set[int] = set()
    for path in sorted(set(listed.stdout.split("\n")) - {""}):
        if path.endswith((".ttf", ".otf", ".ttc")):
            fonts = TTCollection(path).fonts if path.endswith(".ttc") else [TTFont(path, lazy=True)]
            for font in fonts:
                known |= (font.getBestCmap() or {}).keys()
    return frozenset(known)


@pytest.mark.parametrize("language", LETTERS)
def test_a_font_has_every_letter(language: str) -> None:
    letters = LETTERS[language] + LETTERS[language].upper()
    missing = [letter for letter in letters if ord(letter) not in _characters_of_fonts()]
    assert missing == []
    assert any(ord(box) not in _characters_of_fonts() for box in TOFU)


def test_every_letter_is_drawn(tab: Tab) -> None:
    """The pixels of each letter differ from those of a box, in the fonts of our pages."""
    style = (ROOT / "audit" / "templates" / "tokens.css").read_text(encoding="utf-8")
    tab.page.set_content(f"<!doctype html><style>{style}</style><p>a</p>")
    drawn = tab.page.evaluate(
        """([letters, boxes]) => {
          const sans = getComputedStyle(document.body).fontFamily;
          const canvas = document.createElement("canvas");
          canvas.width = canvas.height = 64;
          const brush = canvas.getContext("2d", { willReadFrequently: true });
          const pixels = (text) => {
            brush.clearRect(0, 0, 64, 64);
            brush.font = `32px ${sans}`;
            brush.fillText(text, 12, 44);
            return brush.getImageData(0, 0, 64, 64).data.join();
          };
          const blank = pixels(" ");
          const tofu = new Set([...boxes].map(pixels));
          return {
            boxes: [...tofu].filter((one) => one !== blank).length,
            missing: [...letters].filter((one) => pixels(one) === blank || tofu.has(pixels(one))),
          };
        }""",
        ["".join(sorted(set("".join(LETTERS.values())))), TOFU],
    )
    assert drawn["boxes"] >= 1  # a box would be seen
    assert drawn["missing"] == []


def test_text_runs_its_own_way(tab: Tab) -> None:
    """`dir=auto` on an isolated excerpt, which all our pages use."""
    texts = "".join(
        f'<p dir="auto" lang="{language}">{letters}</p>' for language, letters in LETTERS.items()
    )
    tab.page.set_content(f"<!doctype html>{texts}")
    found = tab.page.evaluate(
        """() => [...document.querySelectorAll("p")].map(
          (text) => [text.lang, getComputedStyle(text).direction])"""
    )
    assert dict(found) == {one: "rtl" if one in RIGHT_TO_LEFT else "ltr" for one in LETTERS}
