"""Strings that are no language: ten kinds, made at random, in two halves that share nothing.

A model that is to know "no language" learns from the half `train`; how much noise is found is
measured on the half `test`. The halves have their own words, templates, programming languages,
sentences, keyboards, wrong decodings and signs, so that what was learnt by heart finds nothing.

    generate("code", seed=1, n=200, split="test")
    python -m langid.noise_samples < real_texts.txt

The command prints as JSON how much of each kind `noise.judge` finds, and how many lines of real
text it takes for noise.

All words, templates and sentences were written for this module. Every string has 20 to 300
characters. Gibberish that can be pronounced (`bakolumi renata`) is not among the kinds: by its
letters alone it could be a language that nobody here has heard of.
"""

import base64
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from langid.noise import judge

Split = Literal["train", "test"]
Slot = Callable[[random.Random, "Half", int], str]

MIN_CHARS, MAX_CHARS = 20, 300

_SLOT = re.compile(r"‹(\w+?)(?::(\d+))?›")


@dataclass(frozen=True)
class Half:
    """What one half is made of; no entry of a field is in the same field of the other half.

    `templates` has, by kind, groups of lines with slots (`‹digits:4›`); a string takes its lines
    from one group. `keyboards` are rows of keys. `misreadings` are pairs of encodings, the right
    one and the wrong one. `lookalikes` maps letters to letters of other scripts.
    """

    words: tuple[str, ...]
    domains: tuple[str, ...]
    templates: Mapping[str, tuple[tuple[str, ...], ...]]
    sentences: Mapping[str, tuple[str, ...]]
    misreadings: Mapping[str, tuple[tuple[str, str], ...]]
    alphabets: tuple[str, ...]
    keyboards: tuple[tuple[str, ...], ...]
    repeated: tuple[str, ...]
    lookalikes: tuple[Mapping[str, str], ...]
    symbols: tuple[str, ...]


def generate(kind: str, seed: int, n: int, split: Split = "train") -> list[str]:
    """`n` strings of a kind, each of 20 to 300 characters; the same for the same arguments.

    Raises ValueError for a kind that is not in `KINDS`.
    """
    if kind not in _MAKERS:
        raise ValueError(f"unknown kind of noise {kind!r}; langid.noise_samples has {KINDS}")
    # S311: samples need repeatability, not secrecy.
    rng = random.Random(f"{split}/{kind}/{seed}")  # noqa: S311
    half = HALVES[split]
    strings: list[str] = []
    while len(strings) < n:
        # Short strings are the hard ones, and lengths are spread over their logarithm.
        target = round(MIN_CHARS * (MAX_CHARS / MIN_CHARS) ** rng.random())
        text = _MAKERS[kind](rng, half, target)[:target].strip()
        if len(text) >= MIN_CHARS:
            strings.append(text)
    return strings


def fill(template: str, rng: random.Random, half: Half) -> str:
    """The template with every slot filled at random."""
    return _SLOT.sub(lambda slot: _SLOTS[slot[1]](rng, half, int(slot[2] or 0)), template)


def _from_templates(kind: str, separators: tuple[str, ...]) -> Callable[..., str]:
    def make(rng: random.Random, half: Half, target: int) -> str:
        group, separator = rng.choice(half.templates[kind]), rng.choice(separators)
        text = ""
        while len(text) < target + 1:
            text += fill(rng.choice(group), rng, half) + separator
        return text

    return make


def _gibberish(rng: random.Random, half: Half, target: int) -> str:
    """Words of random letters, of keys near each other, or of one syllable again and again."""
    alphabet, keyboard = rng.choice(half.alphabets), rng.choice(half.keyboards)
    makers: tuple[Callable[[], str], ...] = (
        lambda: "".join(rng.choices(alphabet, k=rng.randint(3, 11))),
        lambda: _mashed_word(rng, keyboard),
        lambda: rng.choice((*half.repeated, rng.choice(alphabet))) * rng.randint(4, 9),
    )
    word, text = rng.choice(makers), ""
    while len(text) < target + 1:
        text += word() + rng.choice((" ", " ", " ", ", ", "\n"))
    return text


def _mashed_word(rng: random.Random, keyboard: tuple[str, ...]) -> str:
    """Keys near each other, as under a sleeve or a cat."""
    keys, place, word = rng.choice(keyboard), rng.randrange(8), ""
    for _ in range(rng.randint(4, 12)):
        word += keys[place % len(keys)]
        place += rng.choice((-2, -1, 1, 1, 1, 2))
        keys = rng.choice(keyboard) if rng.random() < 0.15 else keys
    return word


def _mojibake(rng: random.Random, half: Half, target: int) -> str:
    """Sentences, or syllables with their letters, written in one encoding and read in another."""
    group = rng.choice(sorted(half.sentences))
    right, wrong = rng.choice(half.misreadings[group])
    letters = sorted({letter for text in half.sentences[group] for letter in text.lower()} - {" "})
    plain = ""
    while len(plain) < target + 1:
        if rng.random() < 0.7:
            plain += rng.choice(half.sentences[group]) + " "
        else:
            marked = [letter for letter in letters if not letter.isascii()]
            syllables = (rng.choice(marked) + rng.choice(letters) for _ in range(rng.randint(1, 4)))
            plain += "".join(syllables) + " "
    return misread(plain, right, wrong)


def misread(text: str, right: str, wrong: str) -> str:
    """The text as it looks to a reader who takes one encoding for another.

    Bytes that the wrong encoding does not define are read as Latin-1, as browsers do; in UTF-8 they
    become U+FFFD.
    """
    data = text.encode(right, "replace")
    if wrong == "utf-8":
        return data.decode(wrong, "replace")
    return "".join(
        bytes((byte,)).decode(wrong, "ignore") or bytes((byte,)).decode("latin-1") for byte in data
    )


def _homoglyphs(rng: random.Random, half: Half, target: int) -> str:
    """Words with about half of their letters swapped for some that look like them."""
    lookalike, share, text = rng.choice(half.lookalikes), rng.uniform(0.4, 0.8), ""
    while len(text) < target + 1:
        word = rng.choice(half.words)
        text += "".join(lookalike.get(c, c) if rng.random() < share else c for c in word) + " "
    return text


def _symbols(rng: random.Random, half: Half, target: int) -> str:
    signs, text = rng.choice(half.symbols), ""
    while len(text) < target + 1:
        text += rng.choice(signs) * rng.choice((1, 1, 1, 2, 5)) + rng.choice(("", "", " ", "\n"))
    return text


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _identifier(rng: random.Random, half: Half, size: int) -> str:
    words = rng.choices(half.words, k=size or rng.randint(1, 3))
    if rng.random() < 0.5:
        return "_".join(words)
    return words[0] + "".join(word.capitalize() for word in words[1:])


def _digits(rng: random.Random, half: Half, size: int) -> str:
    del half
    return "".join(rng.choices("0123456789", k=size or rng.randint(1, 5)))


def _drawn(alphabet: str) -> Slot:
    return lambda rng, _, size: "".join(rng.choices(alphabet, k=size or rng.randint(1, 4)))


_SLOTS: Mapping[str, Slot] = {
    "name": _identifier,
    "word": lambda rng, half, _: rng.choice(half.words),
    "Word": lambda rng, half, _: rng.choice(half.words).capitalize(),
    "WORD": lambda rng, half, _: rng.choice(half.words).upper(),
    "domain": lambda rng, half, _: rng.choice(half.domains),
    "digits": _digits,
    "hex": _drawn("0123456789abcdef"),
    "HEX": _drawn("0123456789ABCDEF"),
    "time": lambda rng, half, _: ":".join(_digits(rng, half, 2) for _ in range(3)),
    "host": lambda rng, half, _: ".".join(_digits(rng, half, 2) for _ in range(4)),
    "caps": _drawn("ABCDEFGHJKLMNPRSTUVWXYZ"),
    "base58": _drawn("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"),
    "base32": _drawn("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    "bech32": _drawn("023456789acdefghjklmnpqrstuvwxyz"),
    "base64": lambda rng, _, size: base64.b64encode(rng.randbytes(size)).decode(),
    "url64": lambda rng, _, size: base64.urlsafe_b64encode(rng.randbytes(size)).decode(),
}

_MAKERS: Mapping[str, Callable[[random.Random, Half, int], str]] = {
    "numbers": _from_templates("numbers", (" ", "\n", ", ", " | ")),
    "addresses": _from_templates("addresses", (" ", "\n")),
    "code": _from_templates("code", ("\n", " ")),
    "records": _from_templates("records", ("\n", " ")),
    "product_codes": _from_templates("product_codes", (" ", "\n", " / ")),
    "encoded": _from_templates("encoded", (" ", "\n")),
    "gibberish": _gibberish,
    "mojibake": _mojibake,
    "homoglyphs": _homoglyphs,
    "symbols": _symbols,
}

KINDS: tuple[str, ...] = tuple(_MAKERS)
"""Names of the ten kinds."""

_TRAIN = Half(
    words=_words("""
        amber basket cellar drift elbow fathom garnet hollow island jumper kettle lantern meadow
        nutmeg orchard pebble quarry ribbon saddle timber urchin velvet walnut yonder anvil bramble
        cobalt dapple ember ferret goblet harbor ingot jasper knuckle ladder marble needle oyster
        pillow raven spindle thistle umbra vessel willow acorn butter copper dagger status user
        index total item price config state count value
    """),
    domains=("com", "de", "fr", "pl", "ru", "info", "co.uk", "se"),
    templates={
        "numbers": (
            (
                "‹digits:2›.‹digits:2›.20‹digits:2›",
                "‹digits:2›:‹digits:2›",
                "‹digits:1›. ‹digits:2›.",
            ),
            ("+‹digits:2› ‹digits:3› ‹digits:3› ‹digits:4›", "0‹digits:3› ‹digits:7›"),
            ("‹digits:2›,‹digits:2› €", "‹digits:3›.‹digits:3›,‹digits:2› €", "-‹digits:2› %"),
            ("‹digits›", "‹digits:3›", "‹digits:2› ‹digits:6›", "‹digits:1›.‹digits:3›"),
            (
                "‹digits:1› m ‹digits:2› s",
                "‹digits:3› km",
                "‹digits:2› kg",
                "‹digits:2›.‹digits:1› °C",
            ),
        ),
        "addresses": (
            (
                "https://www.‹word›-‹word›.‹domain›/‹word›/‹digits:4›/‹word›.html",
                "http://‹word›.‹domain›/?id=‹digits›&amp;p=‹word›",
                "www.‹word›‹word›.‹domain›",
            ),
            ("‹word›.‹word›@‹word›.‹domain›", "‹word›‹digits:2›@‹word›-‹word›.‹domain›"),
            ("/usr/‹word›/‹word›/‹name›.so.‹digits:1›", "/home/‹word›/‹word›_‹digits:2›.txt"),
            ("@‹word›_‹word›", "#‹word›‹Word›", "‹word›.‹word›.‹domain›"),
        ),
        "code": (
            (
                "def ‹name›(‹name›, ‹name›=None):",
                "    return ‹name›.‹name›(‹word›[‹digits:1›])",
                "    if not self.‹name›:",
                "import ‹word›.‹word› as ‹word›",
                "    ‹name› = [‹word›(‹word›) for ‹word› in ‹name›]",
                "‹name› += len(‹name›)",
            ),
            (
                "var ‹name› = document.getElementById('‹word›');",
                "$(‹name›).on('‹word›', function(e) { ‹name›(e); });",
                "const ‹name› = async (‹word›) => { await ‹name›(‹word›); };",
                "if (‹name› === null || ‹word›.length > ‹digits:2›) { return; }",
                "window.‹name› = window.‹name› || {};",
            ),
            (
                "#include <‹word›/‹word›.h>",
                "static int ‹name›(struct ‹word› *‹word›, char **‹word›) {",
                "    for (i = 0; i < ‹name›; i++) ‹word›[i] = ‹word›->‹word›;",
                "    ‹name›(&‹word›, ‹digits:2›);",
                "#define ‹WORD›_‹WORD› (‹digits:2› << ‹digits:1›)",
            ),
            (
                '<div class="‹word›-‹word›" id="‹word›"><span>‹digits:2›</span></div>',
                '<a href="/‹word›/‹word›.html"><img src="‹word›.png" alt=""></a>',
                '<input type="hidden" name="‹word›" value="‹digits›">',
                "</td></tr></table>",
            ),
            (
                "SELECT ‹word›.‹name›, COUNT(*) FROM ‹name› WHERE ‹name› = ‹digits:2›;",
                "UPDATE ‹name› SET ‹name› = '‹word›' WHERE id = ‹digits›;",
                "JOIN ‹name› ON ‹word›.‹word›_id = ‹word›.id",
            ),
        ),
        "records": (
            (
                '{"‹word›": ‹digits›, "‹name›": "‹word›", "‹word›": null},',
                '"‹name›": [‹digits:2›, ‹digits:3›, {"‹word›": true}],',
            ),
            (
                "<‹digits:2›>Jan ‹digits:2› ‹time› ‹word› ‹word›[‹digits:4›]: ‹name›=‹digits:2›",
                "20‹digits:2›-‹digits:2›-‹digits:2› ERROR ‹word›.‹word›: ‹name› ‹hex:8›",
            ),
            ("‹word›\t‹digits:3›\t‹digits:2›.‹digits:2›\t‹caps:2›", "‹word›\t‹digits:4›\t\t‹word›"),
            ("‹word›: ‹digits:3›\n  ‹name›: ‹word›", "  - ‹word›: {‹name›: ‹digits:2›}"),
        ),
        "product_codes": (
            ("‹caps:2›-‹digits:4›-‹caps:1›", "‹caps:3›‹digits:3›", "‹digits:2›/‹digits:2› XL"),
            (
                "S M L XL",
                "EU ‹digits:2›",
                "UK ‹digits:1›",
                "‹digits:2› x ‹digits:2› cm",
                "M‹digits:1›",
            ),
            (
                "SKU ‹digits:6›",
                "REF. ‹caps:2›‹digits:3›",
                "‹caps:1›‹digits:2›.‹digits:3›.‹digits:2›",
            ),
        ),
        "encoded": (
            ("‹hex:32›", "‹hex:40›", "‹hex:64›"),
            ("‹hex:8›-‹hex:4›-‹hex:4›-‹hex:4›-‹hex:12›",),
            ("‹base64:48›",),
            ("eyJ‹url64:27›.eyJ‹url64:60›.‹url64:33›",),
            ("0x‹hex:40›", "0x‹hex:64›"),
            ("data:image/png;base64,‹base64:60›",),
        ),
    },
    sentences={
        "west": (
            "Über den Dächern hängt früh am Morgen noch schöner kühler Nebel für die Möwen",
            "Très tôt l'été, la forêt dévoilée près de la rivière élève sa fraîcheur légère",
            "På ön växer små blåbär ända från våren när björkarna står gröna över ängarna",
            "La señora del jardín regó las mañanas de otoño cuando él pasó después detrás",
        ),
        "east": (
            "Příliš dlouhé šňůry sušených hříbků visí každý říjen ještě před chalupou",
            "Żółte liście spadają cicho na ścieżkę, gdzieś słychać śmiech sąsiadów i łódź",
            "Az őszi erdőben sűrű köd ül a völgy fölött, és a róka épp hazafelé üget",
        ),
        "cyrillic": (
            "Утром туман лежал над рекой и лодки медленно возвращались домой",
            "Бабушка варит варенье из крыжовника и закрывает банки на зиму",
        ),
        "greek": ("Το πρωί η ομίχλη κάθεται πάνω από το λιμάνι και οι βάρκες γυρίζουν αργά",),
    },
    misreadings={
        "west": (("utf-8", "cp1252"), ("utf-8", "mac_roman")),
        "east": (("utf-8", "cp1252"), ("utf-8", "cp1250")),
        "cyrillic": (("utf-8", "cp1252"), ("cp1251", "cp1252"), ("utf-8", "cp1251")),
        "greek": (("utf-8", "cp1252"), ("cp1253", "cp1252")),
    },
    alphabets=(
        "abcdefghijklmnopqrstuvwxyz",
        "абвгдежзийклмнопрстуфхцчшщъыьэюя",
        "αβγδεζηθικλμνξοπρστυφχψω",
    ),
    keyboards=(
        ("qwertyuiop", "asdfghjkl", "zxcvbnm"),
        ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю"),
        ("ςερτυθιοπ", "ζχψωβνμ"),
    ),
    repeated=("ha", "lol", "x", "na", "гы", "ж"),
    lookalikes=(
        dict(zip("aceopxyikmtbnr", "асеорхуікмтвпг", strict=True)),
        {**dict(zip("aeo", "аео", strict=True)), "s": "ѕ", "d": "ԁ", "l": "ӏ", "n": "п", "u": "ц"},
    ),
    symbols=(
        "😀😂🎉❤👍🔥✨🙏😍🚀🐶🌍",
        "┌─┐│└┘├┤┬┴┼═║╔╗╚╝",
        "★☆♥♦♣♠•◦→←↑↓■□",
        "*-=~#+_^:.|/\\",
    ),
)

_TEST = Half(
    words=_words("""
        birch canyon dolphin emerald falcon ginger hazel ivory juniper kernel lobster magnet
        nectar onyx parsley quiver rosemary summit tulip valley whistle yarrow zephyr almond
        barley crimson dune eagle flint gravel heron iris jackal kestrel lemon mantle nickel
        otter plover quartz rudder sapphire tundra violet warbler yeast badger cedar delta order
        query stock result client field point length cache node
    """),
    domains=("org", "net", "es", "it", "eu", "com.tr", "nl", "gr"),
    templates={
        "numbers": (
            (
                "20‹digits:2›-‹digits:2›-‹digits:2›",
                "T‹time›Z",
                "‹digits:2›/‹digits:2›",
            ),
            ("(0‹digits:2›) ‹digits:3›-‹digits:2›-‹digits:2›", "00‹digits:2›-‹digits:8›"),
            (
                "$‹digits:3›.‹digits:2›",
                "£ ‹digits:1›,‹digits:3›",
                "±‹digits:1›.‹digits:2›",
                "≈‹digits:2›‰",
            ),
            (
                "‹digits:7›",
                "‹digits:2›;‹digits:2›;‹digits:1›",
                "№ ‹digits:4›",
                "‹digits:1›:‹digits:1›",
            ),
            (
                "‹digits:2› × ‹digits:2› mm",
                "‹digits:3› g",
                "‹digits:2› l",
                "‹digits:1›,‹digits:2› kWh",
            ),
        ),
        "addresses": (
            (
                "ftp://‹word›.‹word›.‹domain›/pub/‹word›-‹digits:1›.‹digits:2›.tar.gz",
                "https://‹word›.‹domain›/‹domain›/‹word›-‹word›-‹word›-‹digits:6›",
                "//cdn.‹word›.‹domain›/js/‹word›.min.js?v=‹digits:3›",
            ),
            ("mailto:‹word›@‹word›.‹domain›", "‹word›-‹word›@mail.‹word›.‹domain›;"),
            (
                "C:\\‹Word›\\‹Word›\\‹name›.dll",
                "../‹word›/‹word›/‹name›.md#‹word›",
                "~/.‹word›/‹word›.conf",
            ),
            (
                "‹word›‹digits:3›.‹domain›/‹word›",
                "‹digits:3›.‹digits:2›.‹digits:1›.‹digits:2›:‹digits:4›",
                "‹word›-‹word›.‹domain›",
            ),
        ),
        "code": (
            (
                "public class ‹Word›‹Word› extends ‹Word›<‹Word›> {",
                "    private final List<‹Word›> ‹name› = new ArrayList<>();",
                "    @Override public String ‹name›() { return this.‹name›; }",
                "    System.out.println(‹name›.get(‹digits:1›));",
                "} catch (‹Word›Exception ‹word›) {",
            ),
            (
                "pub fn ‹name›(&mut self, ‹word›: &str) -> Result<‹Word›, ‹Word›Error> {",
                "    let mut ‹name› = Vec::with_capacity(‹digits:2›);",
                "    match ‹word›.‹name›() { Some(‹word›) => ‹word›?, None => return Ok(()) }",
                "use ‹word›::‹word›::{‹Word›, ‹Word›};",
            ),
            (
                "<?php echo $‹name›['‹word›']; ?>",
                "$this->‹name› = isset($_POST['‹word›']) ? $‹word› : null;",
                "foreach ($‹name› as $‹word› => $‹word›) {",
                "function ‹name›($‹word›, array $‹word› = array())",
            ),
            (
                '<‹word›:‹word› xmlns:‹word›="urn:‹word›:‹word›" ‹word›="‹digits:2›"/>',
                '<path d="M‹digits:2› ‹digits:2›L‹digits:3› ‹digits:2›z" fill="#‹hex:6›"/>',
                "<![CDATA[‹name›]]></‹word›>",
            ),
            (
                ".‹word›-‹word› > li:hover { margin: 0 ‹digits:2›px; color: #‹hex:3›; }",
                "@media (max-width: ‹digits:3›px) { #‹word› { display: none !important; } }",
                ".‹word›__‹word›::after{content:'';float:left}",
            ),
            (
                "func (‹word› *‹Word›) ‹Word›‹Word›(ctx context.Context) error {",
                "    if err := ‹word›.‹Word›(‹name›); err != nil { return err }",
                "    ‹word›, ok := ‹name›[‹word›]",
                'fmt.Printf("%d %s\\n", ‹name›, ‹word›)',
            ),
            (
                "for ‹word› in $(ls /‹word›/*.log); do grep -v '^#' $‹word› | sort -u; done",
                'export ‹WORD›_‹WORD›="$HOME/‹word›:$PATH"',
                '[ -z "${‹WORD›}" ] && ‹word› --‹word›=‹digits:2› 2>&1 || exit 1',
            ),
        ),
        "records": (
            (
                "‹digits:4›;‹word›;‹Word›;‹digits:2›,‹digits:1›;;‹caps:1›",
                "‹digits:4›;‹word›;;‹digits:2›;0;‹caps:1›",
            ),
            (
                '‹host› - - [‹digits:2›/Mar/2026:‹time›] "GET /‹word›.css HTTP/1.1" 200 ‹digits:4›',
                '‹host› - ‹word› "POST /‹word›?‹word›=‹digits:2› HTTP/2" 404 -',
            ),
            ("[‹word›]\n‹name›=‹digits:3›", "‹word›.‹name›=‹word›/‹word›", "‹name›=true;‹word›=0"),
            (
                "‹Word›-‹Word›: ‹word›/‹word›; q=0.‹digits:1›",
                "X-‹Word›-‹Word›: ‹hex:12›",
                "Set-Cookie: ‹word›=‹hex:16›; Path=/; Max-Age=‹digits:4›",
            ),
            (
                '<‹word›‹digits:2›>,‹digits:2›,"‹word›",‹digits:1›.‹digits:3›',
                '"‹word›",‹digits:3›,"",‹word›',
            ),
        ),
        "product_codes": (
            (
                "‹digits:3›-‹caps:3›-‹digits:2›",
                "‹caps:1›.‹digits:2›.‹caps:2›",
                "‹caps:4›‹digits:2›‹caps:1›",
            ),
            (
                '‹digits:2›"',
                "DN‹digits:2›",
                "PN‹digits:2›",
                "‹digits:1›½",
                "Ø‹digits:2›",
                "W‹digits:2› L‹digits:2›",
            ),
            (
                "ISBN 978-‹digits:1›-‹digits:4›-‹digits:4›-‹digits:1›",
                "EAN ‹digits:13›",
                "P/N ‹caps:2›‹digits:5›#‹caps:3›",
            ),
            ("‹caps:2›‹digits:2› ‹digits:4› ‹digits:4› ‹digits:4›", "‹caps:6›‹digits:2›"),
        ),
        "encoded": (
            ("1‹base58:33›", "‹base58:44›", "3‹base58:33›"),
            ("bc1q‹bech32:38›", "addr1‹bech32:60›"),
            ("‹base32:4›-‹base32:4›-‹base32:4›-‹base32:4›", "‹base32:32›"),
            ("‹HEX:2› ‹HEX:2› ‹HEX:2› ‹HEX:2› ‹HEX:2› ‹HEX:2› ‹HEX:2› ‹HEX:2›",),
            ("sha512:‹hex:128›", "‹HEX:2›:‹HEX:2›:‹HEX:2›:‹HEX:2›:‹HEX:2›:‹HEX:2›"),
            ("%‹HEX:2›%‹HEX:2›%‹HEX:2›%‹HEX:2›", "=‹HEX:2›=‹HEX:2›=‹HEX:2›"),
            ("ssh-rsa ‹base64:90› ‹word›@‹word›",),
        ),
    },
    sentences={
        "west": (
            "Größere Bäume müssen natürlich häufiger geschnitten werden, später übernimmt Jörg",
            "Là-bas, derrière l'école fermée, les élèves préfèrent l'hôtel où l'été a été rêvé",
            "Não há pão à mesa, então as crianças vão até à estação com três irmãos e a avó",
            "Blåbærsyltetøy på brødskiver gjør små gutter glade når høsten går mot vinter på øya",
            "Öll börnin sáu hvíta hestinn þegar hann hljóp út á túnið við gömlu höfnina í gær",
        ),
        "east": (
            "Žluté říční kameny leží pořád tam, kde je děti včera večer při úklidu našly",
            "Gdyby Józek wziął łopatę, śnieg zniknąłby już dziś, a ścieżką wróciłaby Bożena",
            "Üç küçük kız çocuğu bahçede ağacın gölgesinde çilek yiyip şarkı söylüyordu",
            "Čaša mlijeka već je noćas stajala kraj peći, žuti mačić ju je šapom srušio",
        ),
        "cyrillic": (
            "Старый мельник каждый вечер считает мешки и запирает ворота на засов",
            "Уранці діти збирали гриби, а потім їхали додому через міст і вузьку греблю",
            "Котката спи върху топлата печка, докато дъждът чука по прозореца",
        ),
        "greek": (
            "Η γάτα κοιμάται στο παράθυρο ενώ έξω βρέχει και ο δρόμος είναι άδειος",
            "Κάθε φθινόπωρο μαζεύουμε ελιές με τα ξαδέρφια μας στο χωριό του παππού",
        ),
    },
    misreadings={
        "west": (
            ("utf-8", "latin-1"),
            ("utf-8", "cp437"),
            ("utf-8", "cp1251"),
            ("cp1252", "utf-8"),
        ),
        "east": (
            ("utf-8", "latin-1"),
            ("utf-8", "cp1251"),
            ("cp1250", "utf-8"),
            ("utf-8", "cp1254"),
        ),
        "cyrillic": (
            ("utf-8", "latin-1"),
            ("koi8_r", "cp1251"),
            ("cp1251", "cp1250"),
            ("cp1251", "utf-8"),
            ("utf-8", "cp866"),
        ),
        "greek": (
            ("utf-8", "latin-1"),
            ("utf-8", "cp1253"),
            ("iso8859_7", "latin-1"),
            ("cp1253", "utf-8"),
        ),
    },
    alphabets=(
        "bcdfghjklmnpqrstvwxyzaeiou",
        "abcdefghijklmnopqrstuvwxyzäöüéèçñ",
        "BCDFGHJKLMNPQRSTVWXYZAEIOU",
        "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
        "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ",
    ),
    keyboards=(
        ("azertyuiop", "qsdfghjklm", "wxcvbn"),
        ("уеишщксдзц", "ьяаожгтнвмч", "юйъэфхпрлб"),
        ("ασδφγηξκλ",),
    ),
    repeated=("xo", "abc", "q", "zzy", "ку", "ψ"),
    lookalikes=(
        dict(zip("aeiouvnpktxyw", "αειουνηρκτχγω", strict=True)),
        dict(zip("hnugoelzwfqjp", "հոսցօҽլշաֆզյք", strict=True)),
    ),
    symbols=(
        "🌲🍕🐱🎵💡📷⚽🏠☕🌈😎🦊",
        "▀▄█▌▐░▒▓▖▗▘▙",
        "✓✗✚✦❖◆◇▲▼►◄⇒⇔∞≠∑∫",
        "<>!?%&$@;,'\"()",
    ),
)

HALVES: Mapping[Split, Half] = {"train": _TRAIN, "test": _TEST}


def measure(per_kind: int = 200, seed: int = 1) -> dict[str, float]:
    """Share of each kind of noise, of half `test`, that `judge` finds; `all` is their mean."""
    found = {
        kind: sum(judge(text) is not None for text in generate(kind, seed, per_kind, "test"))
        / per_kind
        for kind in KINDS
    }
    return found | {"all": round(sum(found.values()) / len(found), 6)}


def main() -> int:
    """Print what `judge` finds, and what it makes of the lines of standard input, as JSON."""
    lines = Counter(judge(line) or "none" for line in sys.stdin)
    json.dump({"found": measure(), "lines": dict(lines)}, sys.stdout, indent=1)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
