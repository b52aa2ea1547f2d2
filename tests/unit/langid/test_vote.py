"""The vote: what a model does not know it does not vote down; order, ties and abstention."""

import math
from collections.abc import Iterator, Sequence

import pytest

from langid import registry, vote
from langid.identify import identify
from langid.models import Identifier

BIG = {
    "deu_Latn": "Der Schnee schützt das Eis vor dem Frost, deshalb musste nachts geräumt werden.",
    "ell_Grek": "Το χιόνι προστατεύει τον πάγο από το κρύο, γι' αυτό καθάριζαν όλη τη νύχτα.",
    "fin_Latn": "Lumi eristää jäätä pakkaselta, joten väyliä on jouduttu auraamaan yötä myöten.",
    "fra_Latn": "La neige protège la glace du froid, il a donc fallu déblayer toute la nuit.",
    "hun_Latn": "A hó megvédi a jeget a fagytól, ezért egész éjszaka takarítani kellett az utat.",
    "ita_Latn": "La neve protegge il ghiaccio dal freddo, perciò hanno lavorato tutta la notte.",
    "pol_Latn": "Śnieg chroni lód przed mrozem, dlatego drogę trzeba było odśnieżać przez noc.",
    "rus_Cyrl": "Снег защищает лёд от мороза, поэтому дорогу пришлось чистить всю ночь напролёт.",
    "spa_Latn": "La nieve protege el hielo del frío, así que despejaron el camino toda la noche.",
    "swe_Latn": "Snön isolerar isen mot kylan, och därför har man fått ploga leden hela natten.",
}
SMALL = {
    "fur_Latn": (
        "La mê fie e va a scuele ogni dì cun so fradi, e lis maestris a son une vore contentis."
    ),
    "hsb_Latn": (
        "Moja dźowka chodźi kóždy dźeń ze swojim bratrom do šule, a wučerki su z njej spokojne."
    ),
}
ROUNDING = 0.0005  # of a share, which has three digits


@pytest.fixture
def own_profiles() -> Iterator[None]:
    """Undoes `vote.use`."""
    before = vote.profiles()
    yield
    vote.use(before)


def best(scores: Sequence[tuple[str, dict[str, float]]], script: str = "Latn") -> str:
    return vote.posterior(scores, script)[0][0]


@pytest.mark.parametrize(
    ("gone", "tag"),
    [
        *((gone, tag) for gone in ("py3langid", "cld2", "weir") for tag in BIG),
        *((gone, tag) for gone in ("py3langid", "cld2") for tag in SMALL),  # weir alone knows them
    ],
)
def test_two_models_of_three_are_enough(models: Sequence[Identifier], gone: str, tag: str) -> None:
    left = [model for model in models if model.name != gone]
    assert len(left) == len(models) - 1
    assert identify((BIG | SMALL)[tag], left).tag == tag


@pytest.mark.parametrize("tag", SMALL)
def test_only_one_of_the_models_knows_the_small_languages(
    models: Sequence[Identifier], tag: str
) -> None:
    """Else the test above would show nothing."""
    assert [model.name for model in models if tag in model.scores(SMALL[tag])] == ["weir"]


def test_a_model_that_does_not_know_a_tag_does_not_vote_it_down() -> None:
    specialist = ("specialist", {"lij_Latn": 0.9, "ita_Latn": 0.1})
    generalist = ("generalist", {"ita_Latn": 1.0, "spa_Latn": 0.0})
    assert best([specialist, generalist]) == "lij_Latn"
    generalist[1]["lij_Latn"] = 0.0  # a zero is an opinion
    assert best([specialist, generalist]) == "ita_Latn"


def test_a_model_speaks_against_what_it_cannot_mean() -> None:
    """Ligurian looks like Italian, never like Finnish."""
    specialist = ("specialist", {"lij_Latn": 0.9, "ita_Latn": 0.05, "fin_Latn": 0.05})
    assert best([specialist, ("generalist", {"ita_Latn": 1.0, "fin_Latn": 0.0})]) == "lij_Latn"
    assert best([specialist, ("generalist", {"ita_Latn": 0.0, "fin_Latn": 1.0})]) == "fin_Latn"


@pytest.mark.usefixtures("own_profiles")
def test_a_profile_says_what_a_model_means_by_a_label() -> None:
    says = [("x", {"pol_Latn": 0.9, "ces_Latn": 0.1}), ("y", {"hsb_Latn": 0.7, "pol_Latn": 0.3})]
    vote.use({"x": {"hsb_Latn": {"ces_Latn": 1.0}}})
    assert best(says) == "pol_Latn"
    vote.use({"x": {"hsb_Latn": {"pol_Latn": 1.0}, "pol_Latn": {"ces_Latn": 1.0}}})
    assert best(says) == "hsb_Latn"


@pytest.mark.usefixtures("own_profiles")
def test_a_profile_of_a_known_language_is_half_of_what_it_should_say() -> None:
    vote.use({"x": {"fin_Latn": {"fin_Latn": 0.8, "ekk_Latn": 0.2}}})
    assert vote.profile("x", "fin_Latn", {"fin_Latn"}) == pytest.approx(
        {"fin_Latn": 0.9, "ekk_Latn": 0.1}
    )
    assert vote.profile("x", "hsb_Latn", {"dsb_Latn", "pol_Latn"}) == {"dsb_Latn": 1.0}
    assert vote.profile("x", "hun_Latn", {"fin_Latn"}) == {}


@pytest.mark.usefixtures("own_profiles")
def test_a_variant_is_heard_by_the_labels_that_it_has() -> None:
    vote.use({"x": {"hsb_Latn": {"pol_Latn": 0.6, "ces_Latn": 0.4}}})
    everything = {"pol_Latn", "ces_Latn", "dsb_Latn"}
    assert vote.profile("x", "hsb_Latn", everything) == {"pol_Latn": 0.6, "ces_Latn": 0.4}
    assert vote.profile("x", "hsb_Latn", everything - {"ces_Latn"}) == {"pol_Latn": 0.6}
    assert vote.profile("x", "hsb_Latn", {"dsb_Latn"}) == {"dsb_Latn": 1.0}  # as if unseen


def test_our_model_is_not_asked_which_of_the_four_it_is() -> None:
    known = {"bos_Latn", "hrv_Latn", "srp_Latn", "slv_Latn"}
    assert vote.profile("weir", "cnr_Latn", known) == dict.fromkeys(known - {"slv_Latn"}, 1.0)
    sure = ("weir", {"bos_Latn": 1.0, "hrv_Latn": 0.0, "srp_Latn": 0.0})
    hesitant = ("y", {"bos_Latn": 0.2, "hrv_Latn": 0.5, "srp_Latn": 0.3})
    assert best([sure, hesitant]) == "hrv_Latn"


def test_another_script_is_out_of_the_vote() -> None:
    votes = [("x", {"rus_Cyrl": 0.9, "ukr_Cyrl": 0.02, "eng_Latn": 0.08})]
    assert vote.posterior(votes, "Latn") == (("eng_Latn", pytest.approx(1.0)),)


def test_a_model_without_an_answer_abstains() -> None:
    voter = ("x", {"fin_Latn": 0.6, "ekk_Latn": 0.4})
    silent = ("y", {"fin_Latn": 0.0, "ekk_Latn": 0.0})
    elsewhere = ("z", {"fin_Latn": 0.005, "rus_Cyrl": 0.9})  # nearly nothing in this script
    alone = vote.posterior([voter], "Latn")
    assert dict(alone) == pytest.approx({"fin_Latn": 0.6, "ekk_Latn": 0.4}, abs=0.01)
    assert vote.posterior([voter, silent], "Latn") == alone
    assert vote.posterior([voter, elsewhere], "Latn") == alone


@pytest.mark.parametrize(
    "votes",
    [
        [],
        [("x", {})],
        [("x", {"fin_Latn": 0.0})],
        [("x", {"rus_Cyrl": 1.0})],
        [("x", {"zxx_Zyyy": 1.0})],
    ],
)
def test_without_a_vote_there_is_no_ranking(votes: list[tuple[str, dict[str, float]]]) -> None:
    assert vote.posterior(votes, "Latn") == ()


def test_equal_votes_are_ordered_by_tag() -> None:
    for scores in ({"swe_Latn": 0.5, "dan_Latn": 0.5}, {"dan_Latn": 0.5, "swe_Latn": 0.5}):
        ranking = vote.posterior([("x", scores)], "Latn")
        assert [tag for tag, _ in ranking] == ["dan_Latn", "swe_Latn"]
        assert ranking[0][1] == ranking[1][1]


def test_of_two_that_fit_alike_the_state_s_language_is_first() -> None:
    ranking = dict(vote.posterior([("x", {"lij_Latn": 0.5, "ita_Latn": 0.5})], "Latn"))
    assert ranking["ita_Latn"] / ranking["lij_Latn"] == pytest.approx(math.e)


@pytest.mark.parametrize("tag", [*BIG, *SMALL])
def test_a_posterior_is_a_distribution_best_first(models: Sequence[Identifier], tag: str) -> None:
    text = (BIG | SMALL)[tag]
    votes = [(model.name, model.scores(text)) for model in models]
    ranking = vote.posterior(votes, tag[-4:])
    assert list(ranking) == sorted(ranking, key=lambda pair: (-pair[1], pair[0]))
    assert len({name for name, _ in ranking}) == len(ranking)
    assert all(name.endswith(tag[-4:]) for name, _ in ranking)
    assert 0.9 < math.fsum(value for _, value in ranking) <= 1.0 + 1e-9
    for order in (votes[::-1], votes[1:] + votes[:1]):
        assert dict(vote.posterior(order, tag[-4:])) == pytest.approx(dict(ranking), rel=1e-9)


def test_what_was_seen_before_changes_nothing(models: Sequence[Identifier]) -> None:
    """Of a text in Chinese, py3langid's `sr` is Serbian in Cyrillic: as many tags, but others."""
    py3langid = next(model for model in models if model.name == "py3langid")
    serbian = "Sneg štiti led od mraza, pa su putevi morali da se čiste tokom cele noći."
    chinese = "雪保护冰层免受严寒，因此道路不得不整夜清扫，居民们终于可以开车到达对岸的城镇。"
    votes, before = ([("py3langid", py3langid.scores(text))] for text in (serbian, chinese * 2))
    assert len(votes[0][1]) == len(before[0][1])
    vote.use(vote.profiles())  # forgets what was worked out
    fresh = vote.posterior(votes, "Latn")
    vote.use(vote.profiles())
    vote.posterior(before, "Latn")
    assert vote.posterior(votes, "Latn") == fresh


def test_two_models_of_one_name_and_size_are_not_taken_for_each_other() -> None:
    assert best([("x", {"fin_Latn": 0.9, "ekk_Latn": 0.1})]) == "fin_Latn"
    assert best([("x", {"swe_Latn": 0.9, "dan_Latn": 0.1})]) == "swe_Latn"


def test_learnt_profiles_are_mean_shares_of_what_is_said() -> None:
    learnt = vote.learn(
        [
            ("hsb_Latn", [("x", {"pol_Latn": 0.4, "ces_Latn": 0.4, "rus_Cyrl": 0.2})]),
            ("hsb_Latn", [("x", {"pol_Latn": 0.8, "ces_Latn": 0.0})]),
            ("fin_Latn", [("x", {"fin_Latn": 0.995, "ekk_Latn": 0.005}), ("y", {"swe_Latn": 0})]),
        ]
    )
    assert learnt == {
        "x": {
            "fin_Latn": {"fin_Latn": 0.995},
            "hsb_Latn": {"ces_Latn": 0.25, "pol_Latn": 0.75},
        }
    }


def test_a_model_that_is_often_silent_says_less_of_a_language() -> None:
    said, silent = ("x", {"pol_Latn": 0.6}), ("x", {"pol_Latn": 0.0})
    learnt = vote.learn([("hsb_Latn", [said]), ("hsb_Latn", [silent])])
    assert learnt == {"x": {"hsb_Latn": {"pol_Latn": 0.5}}}


def test_the_shipped_profiles_are_shares(models: Sequence[Identifier]) -> None:
    assert {model.name for model in models} <= vote.profiles().keys() <= registry.cards().keys()
    for model, rows in vote.profiles().items():
        for tag, row in rows.items():
            assert all(0.0 < share <= 1.0 for share in row.values()), (model, tag)
            assert math.fsum(row.values()) <= 1.0 + ROUNDING * len(row), (model, tag)
            assert all(label.endswith(tag[-5:]) for label in row), (model, tag)
