"""Identification and the gate: languages, noise, votes, bounds."""

import dataclasses
import time
from collections.abc import Mapping, Sequence

import pytest

from langid.identify import GATE_MIN_EUROPEAN, count_votes, gate, identify
from langid.models import Identifier
from langid.tags import NOT_LANGUAGE, UNDETERMINED

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


@dataclasses.dataclass(frozen=True)
class Fake:
    """An identifier that always says the same."""

    name: str
    answer: Mapping[str, float]

    def scores(self, text: str) -> dict[str, float]:
        return dict(self.answer)


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
        assert 0.0 <= found.score <= 1.0
        assert 0.0 <= found.others_fraction <= 1.0
        if len(found.top) > 1:
            assert found.top[1] == (found.runner_up, found.runner_up_score)
        else:
            assert (found.runner_up, found.runner_up_score) == (None, 0.0)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("", UNDETERMINED),
        (" \n\t ", UNDETERMINED),
        ("Hei!", UNDETERMINED),
        ("https://example.com/a/long/path/with/words www.example.fi", UNDETERMINED),
        ("12 34 56 +358 40 1234567 10.2.2024", NOT_LANGUAGE),
        ("| 12 | 34 | 56 | kpl |\n" * 40, NOT_LANGUAGE),
        ("0x1f 0x2e a1 b2 c3 99 12 44 f1 10 22 00 11 95 12 a9 14 12 55 99 f0", NOT_LANGUAGE),
    ],
)
def test_noise_is_no_language(models: Sequence[Identifier], text: str, tag: str) -> None:
    found = identify(text, models)
    assert found.tag == tag
    assert (found.score, found.top, found.group) == (0.0, (), None)


def test_a_script_no_model_reads_is_undetermined_in_that_script() -> None:
    assert identify("ꗏꘋ ꕉꕜꕮ ꔔꘋ ꖸ ꔰꗋ ꘋꖺ", [Fake("x", {"fin_Latn": 1.0})]).tag == "und_Vaii"


def test_others_fraction_is_the_share_of_other_groups(models: Sequence[Identifier]) -> None:
    finnish, german = TEXTS["fin_Latn"], TEXTS["deu_Latn"]
    assert identify(finnish * 4, models).others_fraction < 0.05
    assert 0.2 < identify(finnish * 4 + german * 2, models).others_fraction < 0.5


def test_a_model_that_does_not_know_a_tag_does_not_vote_it_down() -> None:
    specialist = ("specialist", {"lij_Latn": 0.9, "ita_Latn": 0.1})
    generalist = ("generalist", {"ita_Latn": 1.0, "spa_Latn": 0.0})
    ranking = count_votes([specialist, generalist], "Latn", 100)
    assert ranking[0][0] == "lij_Latn"
    # A zero is an opinion: it halves the vote.
    generalist[1]["lij_Latn"] = 0.0
    assert count_votes([specialist, generalist], "Latn", 100)[0][0] == "ita_Latn"


def test_another_script_is_out_of_the_vote() -> None:
    votes = [("x", {"rus_Cyrl": 0.9, "ukr_Cyrl": 0.02, "eng_Latn": 0.08})]
    assert count_votes(votes, "Latn", 100) == (("eng_Latn", 1.0),)


def test_a_model_without_an_answer_abstains() -> None:
    votes = [("x", {"fin_Latn": 0.6, "ekk_Latn": 0.4}), ("y", {"fin_Latn": 0.0, "ekk_Latn": 0.0})]
    assert dict(count_votes(votes, "Latn", 100)) == pytest.approx(
        {"fin_Latn": 0.6, "ekk_Latn": 0.4}
    )
    assert count_votes([], "Latn", 100) == ()


def test_equal_votes_are_ordered_by_tag() -> None:
    votes = [("x", {"swe_Latn": 0.5, "dan_Latn": 0.5})]
    assert [tag for tag, _ in count_votes(votes, "Latn", 100)] == ["dan_Latn", "swe_Latn"]


def test_cld2_weighs_more_on_a_page_than_on_a_phrase() -> None:
    votes = [
        ("py3langid", {"hrv_Latn": 0.8, "bos_Latn": 0.2}),
        ("cld2", {"hrv_Latn": 0.0, "bos_Latn": 1.0}),
    ]
    assert count_votes(votes, "Latn", 20)[0][0] == "hrv_Latn"
    assert count_votes(votes, "Latn", 2_000)[0][0] == "bos_Latn"


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
        # Upper Sorbian, Kabardian and Kalmyk: no model knows them.
        "Sněh škita lód před zymu, tohodla dyrbjachu puć cyłu nóc rumować. Ludźo běchu zbožowni.",
        "Уэсым мылыр щIыIэм щехъумэ, абы къыхэкIыу гъуэгур жэщ псом ягъэкъэбзэн хуей хъуащ.",
        "Цасн мөсиг киитнәс харсдг, тегәд хаалһиг сөөни турш цеврлх кергтә болв.",
    ],
)
def test_the_gate_lets_european_languages_pass_that_no_model_knows(
    models: Sequence[Identifier], text: str
) -> None:
    assert gate(text * 4, models)[1] > GATE_MIN_EUROPEAN


@pytest.mark.parametrize("text", ["", "12 34", "Hei!"])
def test_the_gate_rejects_nothing_for_want_of_text(models: Sequence[Identifier], text: str) -> None:
    assert gate(text, models) == (UNDETERMINED, 1.0)


@pytest.mark.parametrize(("function", "limit_ms"), [(identify, 8.0), (gate, 4.0)])
def test_cost_does_not_grow_with_the_text(
    models: Sequence[Identifier], function: object, limit_ms: float
) -> None:
    """Ten times the budget, since test machines are busy: this catches an unbounded loop."""
    assert callable(function)
    for unit in (TEXTS["deu_Latn"], TEXTS["ell_Grek"], "a@b", "x" * 50):
        text = unit * (1_000_000 // len(unit))
        function(text, models)
        started = time.process_time()
        for _ in range(5):
            function(text, models)
        assert (time.process_time() - started) / 5 * 1e3 < limit_ms
