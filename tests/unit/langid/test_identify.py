"""Identification and the gate: languages, noise, signs, shares, bounds."""

import math
import time
from collections.abc import Callable, Mapping, Sequence

import pytest

from langid.identify import GATE_MIN_EUROPEAN, gate, identify
from langid.models import Identifier, load
from langid.tags import BY_TAG, NOT_LANGUAGE, UNDETERMINED

MakeFake = Callable[[str, Mapping[str, float]], Identifier]

TEXTS = {
    "fin_Latn": "Lumi eristää jäätä pakkaselta, joten väyliä on jouduttu auraamaan yötä myöten.",
    "swe_Latn": "Snön isolerar isen mot kylan, och därför har man fått ploga leden hela natten.",
    "nno_Latn": "Snøen isolerer isen mot kulda, så dei har vore nøydde til å brøyte heile natta.",
    "deu_Latn": "Der Schnee schützt das Eis vor dem Frost, deshalb musste nachts geräumt werden.",
    "mlt_Latn": "Is-silġ jinħall fir-rebbiegħa, u għalhekk it-triq tingħalaq kmieni f'April.",
    "ell_Grek": "Το χιόνι προστατεύει τον πάγο από το κρύο, γι' αυτό καθάριζαν όλη τη νύχτα.",
    "srp_Cyrl": "Снег штити лед од мраза, па су путеви морали да се чисте током целе ноћи.",
    "srp_Latn": "Sneg štiti led od mraza, pa su putevi morali da se čiste tokom cele noći.",
    "hye_Armn": "Ձյունը պաշտպանում է սառույցը ցրտից, ուստի ճանապարհը մաքրում էին ամբողջ գիշեր։",
    "jpn_Jpan": "雪は氷を寒さから守るので、道路は一晩中除雪しなければなりませんでした。",
}


BCMS = {
    "bos_Latn": "Historija i kahva, meko hljeb i hiljadu općina: sretan je onaj ko lahko uspije.",
    "hrv_Latn": "Tijekom tjedna tisuću ljudi čeka vlak u siječnju, a tko kasni, ide pješice kući.",
    "srp_Latn": "Tokom nedelje hiljadu ljudi čeka voz u januaru, a ko kasni, ide peške do kuće.",
    "cnr_Latn": "Śutra ćemo s njegovom đecom poći u Cetinje, e nijesmo dugo śeđeli kod kuće.",
    "srp_Cyrl": "Током недеље хиљаду људи чека воз у јануару, а ко касни, иде пешке до куће.",
}
THE_FOUR = {"bos_Latn", "hrv_Latn", "srp_Latn", "srp_Cyrl", "cnr_Latn"}


@pytest.mark.parametrize("tag", TEXTS)
def test_a_sentence_is_identified(models: Sequence[Identifier], tag: str) -> None:
    found = identify(TEXTS[tag], models)
    if tag == "srp_Latn":  # one sentence cannot tell the members of this group apart
        assert found.group == "hbs"
        assert found.script == "Latn"
    else:
        assert found.tag == tag
        assert found.score > 0.5
    assert f"{found.language}_{found.script}" == found.tag


def test_an_identification_is_consistent(models: Sequence[Identifier]) -> None:
    for text in TEXTS.values():
        found = identify(text, models)
        assert found == identify(text, models)
        assert found.top[0][0] == found.tag
        assert len(found.top) <= 5
        scores = [score for _, score in found.top]
        assert scores == sorted(scores, reverse=True)
        assert sum(scores) <= 1.0 + 1e-9
        assert math.fsum(share for _, share in found.shares) == pytest.approx(1.0)
        assert found.reason is None
        assert 0.0 <= found.score <= 1.0
        assert 0.0 <= found.others_fraction <= 1.0
        if len(found.top) > 1:
            assert found.top[1] == (found.runner_up, found.runner_up_score)
        else:
            assert (found.runner_up, found.runner_up_score) == (None, 0.0)


@pytest.mark.parametrize(
    ("text", "tag", "reason"),
    [
        ("", UNDETERMINED, "few_letters"),
        (" \n\t ", UNDETERMINED, "few_letters"),
        ("x", UNDETERMINED, "few_letters"),
        ("Hei!", UNDETERMINED, "few_letters"),
        ("Hei, www.example.fi/pitka/osoite", NOT_LANGUAGE, "address"),
        ("https://example.com/a/long/path/with/words www.example.fi", NOT_LANGUAGE, "address"),
        ("12 34 56 +358 40 1234567 10.2.2024", NOT_LANGUAGE, "too_few_letters"),
        ("| 12 | 34 | 56 | kpl |\n" * 40, NOT_LANGUAGE, "too_few_letters"),
        ("if (a[i] != b) { return x->next; }", NOT_LANGUAGE, "code"),
        ("hahahahahahahahahahahaha " * 4, NOT_LANGUAGE, "repetition"),
        ("xkqzj wvbnq zxcvq pqwzx jkqwz bvxqz kjwqx zqxjv", NOT_LANGUAGE, "gibberish"),
        ("Ã¤Ã¶Ã¼ ÃŸÃ¤ Ã¶Ã¼ÃŸ Ã¤Ã¶ fÃ¼r schÃ¶n", NOT_LANGUAGE, "mojibake"),
    ],
)
def test_what_is_in_no_language_has_a_reason(
    models: Sequence[Identifier], text: str, tag: str, reason: str
) -> None:
    found = identify(text, models)
    assert (found.tag, found.reason) == (tag, reason)
    assert (found.score, found.top, found.shares, found.group) == (0.0, (), (), None)


def test_a_script_no_model_reads_is_undetermined_in_that_script(fake: MakeFake) -> None:
    found = identify("ꗏꘋ ꕉꕜꕮ ꔔꘋ ꖸ ꔰꗋ ꘋꖺ", [fake("x", {"fin_Latn": 1.0})])
    assert (found.tag, found.script, found.reason) == ("und_Vaii", "Vaii", "no_model")
    assert identify(TEXTS["fin_Latn"], []).reason == "no_model"


@pytest.mark.parametrize(("sure", "reason"), [(0.59, None), (0.61, "models")])
def test_models_may_say_that_it_is_no_language(
    fake: MakeFake, sure: float, reason: str | None
) -> None:
    """The mean over those that can say so; the third cannot."""
    scores = {"fin_Latn": 1.0 - sure, NOT_LANGUAGE: sure}
    models = [fake("x", scores), fake("y", {"fin_Latn": 1.0, NOT_LANGUAGE: 0.0})]
    found = identify(TEXTS["fin_Latn"], [*models, fake("z", {"fin_Latn": 1.0})])
    assert found.reason == reason
    assert found.tag == ("fin_Latn" if reason is None else NOT_LANGUAGE)


def test_others_fraction_is_the_share_of_other_groups(models: Sequence[Identifier]) -> None:
    finnish, german = f"{TEXTS['fin_Latn']} " * 20, f"{TEXTS['deu_Latn']} " * 10
    assert identify(finnish, models).others_fraction == 0.0
    assert identify(finnish + german, models).others_fraction == pytest.approx(1 / 3, abs=0.1)


@pytest.mark.parametrize("names", [["py3langid", "cld2"], ["py3langid", "cld2", "weir"]])
def test_a_text_in_two_languages_has_both(names: Sequence[str]) -> None:
    """With our model by segments, without it by what CLD2 says."""
    text = f"{TEXTS['fin_Latn']} {TEXTS['fin_Latn']}\n{TEXTS['deu_Latn']} {TEXTS['deu_Latn']}"
    found = identify(text, load(names))
    shares = dict(found.shares)
    assert shares.keys() == {"fin_Latn", "deu_Latn"}
    assert math.fsum(shares.values()) == pytest.approx(1.0)
    assert all(0.3 < share < 0.7 for share in shares.values())
    assert found.tag in shares
    assert found.others_fraction == pytest.approx(1.0 - shares[found.tag])


@pytest.mark.parametrize("tag", BCMS)
def test_bcms_is_one_of_the_four_with_its_group(models: Sequence[Identifier], tag: str) -> None:
    for text in (BCMS[tag], f"{BCMS[tag]} " * 5):
        found = identify(text, models)
        assert found.tag in THE_FOUR
        assert found.tag.endswith(tag[-5:])
        assert found.group == "hbs"
        assert found.group_score > 0.8
        members = {BY_TAG[other].group for other, _ in found.shares}
        assert members == {"hbs"}
        assert found.others_fraction == 0.0


@pytest.mark.parametrize("tag", BCMS)
def test_words_of_its_own_tell_which_of_the_four(models: Sequence[Identifier], tag: str) -> None:
    assert identify(BCMS[tag], models).tag == tag


@pytest.mark.parametrize(
    ("url", "tag"),
    [
        ("", "roh_Latn"),
        ("https://example.org/fur/pagjine", "fur_Latn"),
        ("https://fur.example.org/", "fur_Latn"),
        ("https://example.org/?lang=FUR", "fur_Latn"),
        ("https://example.org/furniture", "roh_Latn"),
        (f"https://example.org/{'a' * 500}/fur/", "roh_Latn"),
    ],
)
def test_a_url_is_a_sign_of_a_small_language(fake: MakeFake, url: str, tag: str) -> None:
    """Of the two the text has no word; without any sign it is in the one that is a state's."""
    model = fake("x", {"fur_Latn": 0.9, "roh_Latn": 0.1})
    found = identify(f"{TEXTS['fin_Latn']} " * 4, [model], url)
    assert found.tag == tag
    assert math.fsum(value for _, value in found.top) == pytest.approx(1.0, abs=0.01)


def test_a_short_text_needs_no_sign(fake: MakeFake) -> None:
    model = fake("x", {"fur_Latn": 0.9, "roh_Latn": 0.1})
    assert identify(TEXTS["fin_Latn"], [model]).tag == "fur_Latn"


def test_a_word_is_a_sign_of_a_small_language(models: Sequence[Identifier]) -> None:
    text = (
        "La mê fie e va a scuele ogni dì cun so fradi, e lis maestris a son une vore contentis. "
        "Cuant che al plûf o restìn a cjase, o fasìn di mangjâ e o leìn un biel libri ducj insiemi."
    )
    assert identify(f"{text} {text}", models).tag == "fur_Latn"


HOSTILE = {
    "empty": "",
    "one letter": "x",
    "one lone surrogate": "\ud800",
    "lone surrogates": "\ud800 \udfff lone surrogates in a text \udbff\ud800",
    "unassigned": "".join(map(chr, (0x378, 0x379, 0x530, 0x2FE0, 0xE0080, 0x10FFFF))) * 20,
    "private use": "\ue000\uf8ff\U000f0000 private letters of somebody" * 5,
    "null bytes": "\x00" * 50 + "Der Schnee schützt das Eis vor dem Frost" + "\x00" * 50,
    "mixed scripts": "Lumi снег χιόνι ձյուն თოვლი 雪 눈 ثلج שלג बर्फ หิมะ በረዶ 𐍃𐌽𐌰𐌹𐍅𐍃 " * 3,
    "right to left with marks": "\u202b" + "שֶׁלֶג מֵגֵן עַל הַקֶּרַח מִפְּנֵי הַכְּפוֹר \u200f" * 4 + "\u202c",
    "arabic with marks": "\u2067يَحْمِي الثَّلْجُ الجَلِيدَ مِنَ الصَّقِيعِ\u2069 " * 4,
    "marks alone": "\u0301\u0308" * 200,
    "letters under marks": ("a" + "\u0301" * 30) * 40,
    "emoji": "👩‍👩‍👧‍👦🇪🇺❄️" * 30,
    "half of a character": "Der Schnee schützt".encode("utf-16-le")[:-1].decode(
        "utf-16-le", "replace"
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_bad_input_has_an_answer(models: Sequence[Identifier], name: str) -> None:
    text = HOSTILE[name]
    found = identify(text, models, url=text)
    assert len(found.tag) == 8
    assert (found.reason is None) == bool(found.top)
    tag, value = gate(text, models)
    assert len(tag) == 8
    assert 0.0 <= value <= 1.0


@pytest.mark.parametrize("tag", [tag for tag in TEXTS if not tag.startswith("jpn")])
def test_the_gate_lets_europe_pass(models: Sequence[Identifier], tag: str) -> None:
    found, mass = gate(TEXTS[tag] * 5, models)
    assert mass > 0.9
    assert found.endswith(tag[-5:])


MENU = "Home About us Contact Sign in Register Search Privacy policy Terms of use Read more. "

FOREIGN = {
    "jpn": TEXTS["jpn_Jpan"],
    "cmn": "雪保护冰层免受严寒，因此道路不得不整夜清扫，居民们终于可以开车到达对岸的城镇。",
    "kor": "눈이 얼음을 추위로부터 보호하기 때문에 밤새도록 길을 치워야 했습니다.",
    "arb": "يحمي الثلج الجليد من الصقيع، ولذلك كان لا بد من تنظيف الطريق طوال الليل.",
    "pes": "برف یخ را از سرما محافظت می‌کند، بنابراین راه‌ها باید تمام شب پاک می‌شدند.",
    "heb": "השלג מגן על הקרח מפני הכפור, ולכן היה צריך לפנות את הדרך כל הלילה.",
    "hin": "बर्फ ठंड से जमी हुई सतह की रक्षा करती है, इसलिए रात भर रास्ता साफ करना पड़ा।",
    "tha": "หิมะช่วยปกป้องน้ำแข็งจากความหนาวเย็น ดังนั้นจึงต้องกวาดถนนตลอดทั้งคืน",
    "vie": "Tuyết bảo vệ băng khỏi giá rét, vì vậy người ta phải dọn đường suốt cả đêm dài.",
    "ind": "Salju melindungi es dari udara dingin, sehingga jalan harus dibersihkan semalaman.",
    "swh": "Theluji huilinda barafu dhidi ya baridi, kwa hiyo barabara ilisafishwa usiku kucha.",
    "khk": "Цас мөсийг хүйтнээс хамгаалдаг тул замыг шөнөжингөө цэвэрлэх шаардлагатай болсон.",
}


@pytest.mark.parametrize("language", FOREIGN)
def test_the_gate_rejects_other_languages_in_english_chrome(
    models: Sequence[Identifier], language: str
) -> None:
    text = FOREIGN[language] * 8
    menus = MENU * max(1, len(text) // len(MENU) // 8)
    _, mass = gate(f"{menus}\n{text}\n{menus}", models)
    assert mass < GATE_MIN_EUROPEAN


@pytest.mark.parametrize(
    "text",
    [
        # Upper Sorbian, Kabardian and Kalmyk: one model knows them, or none.
        "Sněh škita lód před zymu, tohodla dyrbjachu puć cyłu nóc rumować. Ludźo běchu zbožowni.",
        "Уэсым мылыр щIыIэм щехъумэ, абы къыхэкIыу гъуэгур жэщ псом ягъэкъэбзэн хуей хъуащ.",
        "Цасн мөсиг киитнәс харсдг, тегәд хаалһиг сөөни турш цеврлх кергтә болв.",
    ],
)
def test_the_gate_lets_european_languages_pass_that_few_models_know(
    models: Sequence[Identifier], text: str
) -> None:
    assert gate(text * 4, models)[1] > GATE_MIN_EUROPEAN
    known = [model for model in models if model.name != "weir"]
    assert gate(text * 4, known)[1] > GATE_MIN_EUROPEAN


@pytest.mark.parametrize("text", ["", "12 34", "Hei!"])
def test_the_gate_rejects_nothing_for_want_of_text(models: Sequence[Identifier], text: str) -> None:
    assert gate(text, models) == (UNDETERMINED, 1.0)


@pytest.mark.parametrize("unit", [TEXTS["deu_Latn"], TEXTS["ell_Grek"], "a@b", "x" * 50, " "])
@pytest.mark.parametrize("function", [identify, gate])
def test_cost_does_not_grow_with_the_text(
    models: Sequence[Identifier], function: Callable[[str, Sequence[Identifier]], object], unit: str
) -> None:
    """Ten megabytes on one line. A single pass over them in Python would take longer than this."""
    text = unit * (10_000_000 // len(unit))
    function(text, models)
    started = time.process_time()
    for _ in range(5):
        function(text, models)
    assert (time.process_time() - started) / 5 < 0.05


def test_a_page_is_not_dropped_for_being_close_to_its_neighbours(
    models: Sequence[Identifier],
) -> None:
    text = "Ljudi su jučer dugo čekali da se otvore vrata stare kuće na obali, ali je padala kiša. "
    found = identify(text * 4, models)
    assert found.group == "hbs"
    assert found.confidence > 0.9
    assert found.confidence >= found.score
    finnish = identify("Kiulu syntyy pienessä verstaassa kylän laidalla joka talvi. " * 4, models)
    assert finnish.confidence == finnish.score
