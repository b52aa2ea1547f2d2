"""Confusable groups: a partition of some European tags, and the evidence that tells them apart."""

import math
from collections.abc import Iterator
from importlib import resources
from itertools import combinations, pairwise
from typing import NamedTuple

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from langid.confusables import (
    GROUPS,
    are_confusable,
    evidence,
    group_of,
    group_score,
    mates,
    resolve,
)
from langid.tags import is_european
from langid.words import prepare

KINDS = ("letters", "words", "stems")
TABLE: dict[str, list[dict[str, object]]] = YAML(typ="safe").load(
    resources.files("langid").joinpath("confusables.yaml").read_text("utf-8")
)


class Item(NamedTuple):
    """One letter, word or stem of the table, with the tags that it speaks for."""

    group: str
    entry: int
    kind: str
    text: str
    tags: frozenset[str]


def tags_of(row: dict[str, object]) -> list[str]:
    tags = row["for"]
    assert isinstance(tags, list)
    return tags


def _items() -> Iterator[Item]:
    for group, rows in TABLE.items():
        for number, row in enumerate(rows):
            for kind in KINDS:
                listed = str(row.get(kind, ""))
                for text in listed if kind == "letters" else listed.split():
                    yield Item(group, number, kind, text, frozenset(tags_of(row)))


ITEMS = tuple(_items())


def are_nested(first: frozenset[str], second: frozenset[str]) -> bool:
    """Whether one holds the other: no language is spoken for by one alone and also the reverse."""
    return first <= second or second <= first


def test_groups_are_disjoint_and_european() -> None:
    members = [tag for group in GROUPS.values() for tag in group]
    assert len(members) == len(set(members))
    assert all(map(is_european, members))
    assert all(len(group) >= 2 for group in GROUPS.values())


def test_lookups() -> None:
    assert group_of("nno_Latn") == "nordic"
    assert group_of("hun_Latn") is None
    assert group_of("jpn_Jpan") is None
    assert set(mates("nob_Latn")) == {"dan_Latn", "nno_Latn", "swe_Latn"}
    assert mates("hun_Latn") == ()
    assert are_confusable("srp_Cyrl", "bos_Latn")
    assert are_confusable("hun_Latn", "hun_Latn")
    assert not are_confusable("hun_Latn", "eus_Latn")


def test_group_score_adds_up_the_group() -> None:
    top = (("hrv_Latn", 0.5), ("bos_Latn", 0.3), ("slv_Latn", 0.1))
    assert group_score("hrv_Latn", top) == pytest.approx(0.8)
    assert group_score("slv_Latn", top) == pytest.approx(0.1)


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_evidence_speaks_for_every_member(group: str) -> None:
    spoken_for = {tag for row in TABLE[group] for tag in tags_of(row)}
    assert spoken_for == set(GROUPS[group])


@pytest.mark.parametrize("group", TABLE)
def test_entries_are_well_formed(group: str) -> None:
    for row in TABLE[group]:
        assert row.keys() <= {"for", "weight", *KINDS}
        assert any(str(row.get(kind, "")).strip() for kind in KINDS), row["for"]
        assert 0.0 < float(str(row.get("weight", 1.0))) <= 2.0
        tags = tags_of(row)
        assert len(set(tags)) == len(tags) > 0
        assert set(tags) <= set(GROUPS[group])
        scripts = {tag[-4:] for tag in tags}
        against = {tag for tag in GROUPS[group] if tag[-4:] in scripts} - set(tags)
        assert against, f"{group}: an entry for {tags} speaks against nobody"


def test_items_are_as_prepared_text_has_them() -> None:
    for item in ITEMS:
        assert prepare(item.text) == item.text, item
        assert len(item.text) == 1 or item.kind != "letters", item


def test_no_item_is_there_twice() -> None:
    assert len(set(ITEMS)) == len(ITEMS)
    for item in ITEMS:
        if item.kind != "letters":
            stems = set(str(TABLE[item.group][item.entry].get("stems", "")).split())
            stems -= {item.text} if item.kind == "stems" else set()
            assert not item.text.startswith(tuple(stems)), item


def test_no_item_speaks_for_and_against_the_same_pair() -> None:
    by_text: dict[tuple[str, str, str], list[frozenset[str]]] = {}
    stems: dict[str, list[Item]] = {}
    for item in ITEMS:
        by_text.setdefault((item.group, item.kind, item.text), []).append(item.tags)
        if item.kind == "stems":
            stems.setdefault(item.group, []).append(item)
    for where, sides in by_text.items():
        assert all(are_nested(*pair) for pair in combinations(sides, 2)), where
    for item in ITEMS:
        for stem in stems.get(item.group, []):
            if item.kind == "words" and item.text.startswith(stem.text):
                assert are_nested(item.tags, stem.tags), (item, stem)


def test_the_index_is_sorted_and_complete() -> None:
    for group, table in evidence().items():
        assert list(table.stem_lengths) == sorted({len(stem) for stem in table.stems})
        for index in (table.letters, table.words, table.stems):
            assert list(map(sorted, index.values())) == list(map(list, index.values()))
        for item in ITEMS:
            if item.group == group:
                assert item.entry in getattr(table, item.kind)[item.text]


SENTENCES = [
    # hbs
    ("hrv_Latn", "bos_Latn", "Tko je prošli tjedan doputovao vlakom u Europu?"),
    ("hrv_Latn", "bos_Latn", "Obitelj je u siječnju dobila tisuću eura, točno koliko je tražila."),
    ("hrv_Latn", "bos_Latn", "Na sveučilištu se raspravljalo o gospodarstvu i o sustavu mirovina."),
    ("hrv_Latn", "srp_Latn", "Općina je također htjela lijepo uređeno mjesto za djecu."),
    ("bos_Latn", "hrv_Latn", "Ko je prošle sedmice putovao vozom kroz Evropu?"),
    (
        "bos_Latn",
        "hrv_Latn",
        "Porodica je u januaru dobila hiljadu maraka, tačno koliko je tražila.",
    ),
    ("bos_Latn", "hrv_Latn", "Saopćenje o saradnji univerziteta stiglo je u augustu."),
    ("bos_Latn", "srp_Latn", "Uvijek je lahko reći gdje je vrijeme općenito ljepše."),
    ("srp_Latn", "bos_Latn", "Predsednik je posle sednice rekao da je bezbednost uvek važna."),
    ("srp_Latn", "hrv_Latn", "Deca su celo leto provela na selu, gde je lepo vreme."),
    ("cnr_Latn", "srp_Latn", "Nijesam znao đe su đeca i zašto sjutra nijesu u gradu."),
    ("cnr_Cyrl", "srp_Cyrl", "Сјутра нијесмо у граду, а ђеца нијесу у школи."),
    # italian
    ("ita_Latn", "vec_Latn", "La storia della città è nota anche nelle isole, dove sono in molti."),
    ("vec_Latn", "ita_Latn", "Le case xe vecie e tuti i fioi i xe drio zugar."),
    ("lmo_Latn", "ita_Latn", "Incoeu el temp l'è minga bell e i fioeu hinn in cà."),
    ("pms_Latn", "ita_Latn", "Ij travaj a son nen finì, ma ël pais a l'é bel për tùit."),
    ("lij_Latn", "ita_Latn", "Inta çittæ vegia gh'é ciù gente che into mâ."),
    ("nap_Latn", "ita_Latn", "Chesta è 'a casa addò stanno 'e guagliune ca nun vonno parlà."),
    ("scn_Latn", "nap_Latn", "Quannu vinni lu nvernu, iddu era nta la casa cu so frati."),
    ("cos_Latn", "ita_Latn", "U mare hè bellu ma ùn hè micca sempre calmu, dinù d'estate."),
    ("srd_Latn", "ita_Latn", "Custa limba est faeddada dae sos mannos e dae totu sas fèminas."),
    # iberian
    ("por_Latn", "glg_Latn", "Não há uma resposta, mas você também pode perguntar em casa."),
    (
        "glg_Latn",
        "por_Latn",
        "Non hai unha resposta, mais tamén podes preguntar cando xa estea feito.",
    ),
    ("spa_Latn", "ast_Latn", "El hombre tenía mucho trabajo donde ahora hay una ciudad."),
    (
        "ast_Latn",
        "spa_Latn",
        "Les cases del pueblu yeren pequeñes y los homes taben ensin trabayu.",
    ),
    ("arg_Latn", "spa_Latn", "Iste lugar ye chicot, pero ista chent ye muit contenta."),
    ("mwl_Latn", "por_Latn", "La lhéngua ye falada por ua pequeinha parte de ls moradores."),
    ("ext_Latn", "spa_Latn", "Los pueblus nu tenían muchu pan dendi que se hue la genti."),
    ("lad_Latn", "spa_Latn", "Kada uno kanta kuando ay djente en kaza, ke muncho les plaze."),
    # german
    ("deu_Latn", "gsw_Latn", "Die Kinder werden nicht mehr einer anderen Schule zugewiesen."),
    ("gsw_Latn", "deu_Latn", "Mir händ geschter nöd gwüsst, was das gsi isch."),
    ("bar_Latn", "deu_Latn", "I hob ned gwusst, wos er gsogt hod, wia ma dahoam warn."),
    ("ltz_Latn", "deu_Latn", "D'Kanner hunn haut keng Schoul, well et am Haus méi kal ass."),
    ("ksh_Latn", "deu_Latn", "Dat Hus es zo klein, ävver öm die Zick kütt och keiner mih."),
    ("pfl_Latn", "deu_Latn", "Isch hab nedd gewisst, wer doi Haisl kaaft unn uffm Dach hockt."),
    # nordic
    ("dan_Latn", "nob_Latn", "Toget kører uden stop mellem de to byer, og det bliver meget koldt."),
    ("dan_Latn", "swe_Latn", "Hun ved ikke, hvornår han kommer, og hvem der går først."),
    ("nob_Latn", "dan_Latn", "Hva har noen gjort etter at hun ble syk?"),
    ("nob_Latn", "nno_Latn", "Jeg vet ikke hva de har gjort hele veien fra gården."),
    ("nno_Latn", "nob_Latn", "Eg veit ikkje kva dei har gjort heile vegen frå garden."),
    ("swe_Latn", "dan_Latn", "Jag vet inte vad de gjorde när snön föll över byn."),
    # east_slavic
    ("rus_Cyrl", "ukr_Cyrl", "Это город, который известен тем, что его жители умеют петь."),
    ("rus_Cyrl", "bel_Cyrl", "Они ещё не знают, что дети пришли из леса."),
    ("ukr_Cyrl", "rus_Cyrl", "Це місто відоме тим, що його мешканці вміють співати."),
    ("ukr_Cyrl", "rue_Cyrl", "Він казав, що вона вже була тут після свята."),
    ("bel_Cyrl", "rus_Cyrl", "Гэты горад вядомы тым, што яго жыхары ўмеюць спяваць."),
    ("rue_Cyrl", "ukr_Cyrl", "Вшыткы тоты люде были лем в селі, котре є за горов."),
    # one or two of the others
    (
        "fra_Latn",
        "wln_Latn",
        "Dans cette ville, les enfants peuvent toujours jouer avec leurs amis.",
    ),
    ("wln_Latn", "fra_Latn", "Dji n' sai nén cwand ki les djins do viyaedje rivnèt."),
    ("cat_Latn", "oci_Latn", "Aquest any els veïns també han obert dues escoles més."),
    ("oci_Latn", "cat_Latn", "Aqueste jorn lo mond parla pas que de las vinhas."),
    ("fur_Latn", "roh_Latn", "La cjase e je plui grande e ancje plui biele di chê altre."),
    ("sco_Latn", "eng_Latn", "The bairns dinna ken whaur thair faither haes gane."),
    ("fry_Latn", "nld_Latn", "De bern binne hjoed mei de bus nei it strân gien."),
    ("ekk_Latn", "fin_Latn", "See raamat on väga hea ning aasta pärast tuleb veel üks."),
    ("krl_Latn", "fin_Latn", "Hiän šano, jotta še on šuuri järvi, ta šilloin oli talvi."),
    ("mkd_Cyrl", "bul_Cyrl", "Оваа книга е во библиотеката, но јас ќе ја вратам."),
    ("bul_Cyrl", "mkd_Cyrl", "Тази книга е в библиотеката, но аз ще я върна."),
    ("slk_Latn", "ces_Latn", "Keď prišiel domov, už sa stmievalo, ale nebol sám."),
    ("ces_Latn", "slk_Latn", "Když přišel domů, už se stmívalo, ale nebyl sám."),
    ("szl_Latn", "pol_Latn", "Ôn niy mōg prziść, bo bōł we robocie."),
    ("dsb_Latn", "hsb_Latn", "Wón jo gronił, až ako góle jo how był."),
    ("rup_Latn", "ron_Latn", "Aestu ficior easti dit hoara ti cari zburãm."),
    ("gla_Latn", "gle_Latn", "Tha mi ag iarraidh taigh ùr airson mo theaghlaich."),
    ("fao_Latn", "isl_Latn", "Tað er ikki langt, men hon hevur eisini verið her fyri."),
    ("azj_Latn", "tur_Latn", "Bu şəhər çox böyük deyil, amma gözəldir."),
    ("hyw_Armn", "hye_Armn", "Ան կը բնակի մեծ տան մը մէջ եւ կը գրէ։"),
]


@pytest.mark.parametrize(("tag", "rival", "sentence"), SENTENCES)
def test_evidence_decides_an_even_vote(tag: str, rival: str, sentence: str) -> None:
    (first, score), *_ = resolve([(rival, 0.5), (tag, 0.5)], prepare(sentence).split())
    assert first == tag
    assert score > 0.5


def test_a_member_that_no_model_knows_is_found_by_its_words() -> None:
    words = prepare("Nijesam znao đe su đeca i zašto sjutra nijesu u gradu.").split()
    ranking = resolve([("srp_Latn", 0.9), ("bos_Latn", 0.1)], words)
    assert ranking[0][0] == "cnr_Latn"


def test_the_groups_sum_and_the_other_tags_stay() -> None:
    before = (
        ("srp_Latn", 0.6),
        ("slv_Latn", 0.15),
        ("hrv_Latn", 0.1),
        ("slk_Latn", 0.1),
        ("bos_Latn", 0.05),
    )
    after = resolve(before, prepare("Tko je prošli tjedan vidio vlak?").split())
    assert after[0][0] == "hrv_Latn"
    assert group_score("hrv_Latn", after) == pytest.approx(group_score("hrv_Latn", before))
    outside = [pair for pair in before if not are_confusable(pair[0], "hrv_Latn")]
    assert [pair for pair in after if not are_confusable(pair[0], "hrv_Latn")] == outside
    assert list(after) == sorted(after, key=lambda pair: (-pair[1], pair[0]))


def test_only_tags_of_the_texts_script_share() -> None:
    after = resolve([("srp_Cyrl", 1.0)], prepare("Увек је лепо време.").split())
    assert {tag for tag, _ in after} == {"srp_Cyrl", "cnr_Cyrl"}


@pytest.mark.parametrize(
    ("ranking", "text"),
    [
        ((("hrv_Latn", 0.5), ("bos_Latn", 0.5)), "Ivan i Marija"),
        ((("hrv_Latn", 0.5), ("bos_Latn", 0.5)), ""),
        ((("hun_Latn", 0.9), ("hrv_Latn", 0.1)), "tko je prošli tjedan vidio vlak"),
        ((("jpn_Jpan", 1.0),), "tko je prošli tjedan vidio vlak"),
        ((), "tko je prošli tjedan vidio vlak"),
    ],
)
def test_without_evidence_or_group_nothing_changes(
    ranking: tuple[tuple[str, float], ...], text: str
) -> None:
    assert resolve(ranking, prepare(text).split()) == ranking


def test_one_more_hit_adds_less_than_the_one_before() -> None:
    even = [("hrv_Latn", 0.5), ("bos_Latn", 0.5)]
    odds = []
    for count in range(1, 5):
        shares = dict(resolve(even, ["tko"] * count))
        odds.append(math.log(shares["hrv_Latn"] / shares["bos_Latn"]))
    gains = [after - before for before, after in pairwise(odds)]
    assert min(gains) > 0.0
    assert gains == sorted(gains, reverse=True)


@given(st.data(), st.sampled_from(sorted(GROUPS)))
def test_any_text_leaves_a_distribution(data: st.DataObject, group: str) -> None:
    signs = st.sampled_from([item.text for item in ITEMS if item.group == group])
    text = " ".join(data.draw(st.lists(st.one_of(st.text(), signs))))
    tags = [tag for tag in GROUPS[group] if tag[-4:] == GROUPS[group][0][-4:]]
    after = resolve([(tag, 1.0 / len(tags)) for tag in tags], prepare(text).split())
    assert sorted(tag for tag, _ in after) == sorted(tags)
    assert math.fsum(score for _, score in after) == pytest.approx(1.0)
    assert all(0.0 <= score <= 1.0 for _, score in after)


def test_the_fast_reader_reads_the_table_alike() -> None:
    """It is of YAML 1.1, where a word such as `no` would be a value."""
    text = resources.files("langid").joinpath("confusables.yaml").read_text("utf-8")
    assert yaml.safe_load(text) == TABLE
