import numpy as np
import pytest
from numpy.typing import NDArray

from audit import precision
from audit.labels import Label
from audit.precision import judged, quality, wilson
from tests.unit.audit.test_labels import label

SIMULATIONS = 1000
N = 40_000
LIMIT = 0.3


class Population:
    """Documents whose chance to be good falls along a signal, with a line drawn through it."""

    def __init__(self) -> None:
        random = np.random.default_rng(1)
        self.value = random.beta(2, 4, N)
        self.good = random.random(N) < 1 / (1 + np.exp(12 * (self.value - 0.42)))
        self.kept = self.value <= LIMIT
        self.precision = self.good[self.kept].mean()
        self.recall = self.kept[self.good].mean()
        self.distance = np.abs(self.value - LIMIT)
        self.totals = (int(self.kept.sum()), int((~self.kept).sum()))

    def evenly(self, random: np.random.Generator, n: int) -> NDArray[np.float64]:
        """Chances: n of what is kept and n of what is rejected; zero for what was not drawn."""
        chances = np.zeros(N)
        for side in (self.kept, ~self.kept):
            rows = np.flatnonzero(side)
            chances[random.choice(rows, n, replace=False)] = n / rows.size
        return chances

    def margin(self, random: np.random.Generator, n: int) -> NDArray[np.float64]:
        """More often near the line, never with chance zero."""
        levels = 1 / (0.05 + np.digitize(self.distance, np.linspace(0, 0.5, 20)) / 20)
        chances = np.minimum(1, n * levels / levels.sum())
        return np.where(random.random(N) < chances, chances, 0)

    def mixed(self, random: np.random.Generator, n: int) -> NDArray[np.float64]:
        """The 80 nearest the line for certain, and even draws, some of which are among the 80."""
        chances = self.evenly(random, n)
        chances[np.argpartition(self.distance, 80)[:80]] = 1
        return chances


POPULATION = Population()


@pytest.mark.parametrize(
    ("queue", "n"), [("evenly", 120), ("evenly", 200), ("margin", 500), ("mixed", 200)]
)
def test_estimates_are_right_and_intervals_cover(queue: str, n: int) -> None:
    """Check 20: within 1 point of the truth, covered in 93 to 97 % of 1,000 simulations."""
    population, random = POPULATION, np.random.default_rng(3)
    values, covered = np.zeros((SIMULATIONS, 2)), np.zeros((SIMULATIONS, 2))
    truths = (population.precision, population.recall)
    for run in range(SIMULATIONS):
        chances = getattr(population, queue)(random, n)
        rows = np.flatnonzero(chances)
        made = quality(
            population.good[rows], population.kept[rows], chances[rows], population.totals, run, 400
        )
        for at, (share, truth) in enumerate(
            zip((made.precision, made.recall), truths, strict=True)
        ):
            assert share.value is not None
            assert share.low is not None
            assert share.high is not None
            values[run, at] = share.value
            covered[run, at] = share.low <= truth <= share.high
    assert np.abs(values.mean(axis=0) - truths).max() < 0.01
    assert 0.93 <= covered.mean(axis=0).min() <= covered.mean(axis=0).max() <= 0.97


def drawn(
    numbers: range, verdict: str, queue: str = "random_kept", frame: int = 1000
) -> list[Label]:
    chance = 1.0 if queue == "margin" else 40 / frame
    frames = {} if queue == "margin" else {"frame": frame}
    return [
        label(number, verdict, queue=queue, inclusion_probability=chance, **frames)
        for number in numbers
    ]


def test_a_queue_left_half_read_counts_by_what_was_read() -> None:
    """Both queues offered 40 of 1,000; 30 and 10 were read."""
    found = judged([*drawn(range(30), "keep"), *drawn(range(50, 60), "drop", "random_dropped")])
    assert {round(one.probability, 9) for one in found} == {30 / 1000, 10 / 1000}


def test_a_document_that_two_queues_show_has_both_chances() -> None:
    evenly = drawn(range(40), "keep")
    again = drawn(range(1), "keep", "random_dropped", frame=100)
    (both,) = [one for one in judged([*evenly, *again]) if one.doc_id == evenly[0].doc_id]
    assert both.probability == pytest.approx(1 - (1 - 0.04) * (1 - 0.01))
    (certain,) = [
        one
        for one in judged([*evenly, *drawn(range(1), "keep", "margin")])
        if one.doc_id == evenly[0].doc_id
    ]
    assert certain.probability == 1


def test_two_people_who_disagree_make_half_a_good_page() -> None:
    found = judged([label(1, "keep"), label(1, "drop", "ben"), label(2, "skip")])
    assert [one.good for one in found] == [0.5]


def test_fewer_than_a_hundred_effective_labels_show_no_number() -> None:
    made = quality([1] * 60 + [0] * 60, [True] * 60 + [False] * 60, [0.01] * 120, (6000, 6000))
    assert made.precision.value is None
    assert (made.precision.labels, made.precision.needed) == (60, 40)
    assert made.recall.effective == pytest.approx(60)
    assert quality([], [], [], (5, 5)).precision.needed == 100


def test_uneven_labels_count_for_less() -> None:
    chances = [0.001] * 60 + [0.1] * 60
    made = quality([1] * 119 + [0], [True] * 120, chances, (60_600, 0))
    assert made.precision.labels == 120
    assert made.precision.effective < 70
    assert made.precision.value is None


def test_picked_documents_alone_say_nothing_of_the_language() -> None:
    """300 labels at the margin, none drawn evenly: no number, however many there are."""
    made = quality([1, 0] * 150, [True] * 300, [1.0] * 300, (5000, 5000))
    assert made.precision.value is None
    assert made.precision.effective == 0
    whole = quality([1, 0] * 150, [True] * 300, [1.0] * 300, (300, 0))  # all that there is
    assert whole.precision.value == 0.5
    assert whole.precision.low == whole.precision.high == pytest.approx(0.5)


def test_what_is_rejected_must_be_seen_for_recall() -> None:
    made = quality([1] * 199 + [0], [True] * 200, [0.1] * 200, (2000, 9000))
    assert made.precision.value == pytest.approx(0.995)
    assert made.recall.value is None


def test_labels_that_all_agree_still_leave_doubt() -> None:
    made = quality([1] * 200, [True] * 200, [0.1] * 200, (2000, 0))
    assert made.precision.value == 1
    assert made.precision.low == pytest.approx(wilson(200, 200)[0])


def test_wilson_is_wilsons() -> None:
    """Values from Newcombe 1998, table I: 81 of 263, and 0 of 20."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    with pytest.raises(ValueError, match="no share"):
        wilson(3, 2)


def test_bounds_that_moved_after_labelling_are_met_by_the_new_totals() -> None:
    """A rule is loosened: a tenth of what was rejected is kept now, all of it bad."""
    labels = [
        *drawn(range(300), "keep", frame=9000),
        *drawn(range(1000, 1300), "drop", "random_dropped", frame=3000),
    ]
    kept = {one.doc_id: at < 330 for at, one in enumerate(judged(labels))}
    made = precision.summary(labels, kept, (9300, 2700))
    tuning, held = made["tuning"], made["held_out"]
    assert tuning["labels"] + held["labels"] == made["documents"] == 600
    assert tuning["precision"]["value"] == pytest.approx(9000 / 9300, abs=0.01)
    assert held["precision"]["value"] is None  # 30 % of 330 are fewer than a hundred
    assert made["random_kept"]["interval"] == wilson(300, 300)


@pytest.mark.parametrize("chance", [0.0, 1.5])
def test_a_chance_is_a_chance(chance: float) -> None:
    with pytest.raises(ValueError, match="chance"):
        quality([1], [True], [chance], (1, 1))
