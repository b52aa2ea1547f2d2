"""Training, on two languages and a few words of each: the same text gives the same model."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from langid import train, vote
from langid.corpus import Lines, Package, sources
from langid.models import Weir
from langid.tags import NOT_LANGUAGE
from langid.words import prepare

SETTINGS = train.Settings(
    dimensions=8, longest_ngram=3, buckets=2_000, epochs=2, shortest_count=2, kept_features=500
)
WORDS = {
    "deu_Latn": (
        "der eimer entsteht in einer kleinen werkstatt jedes brett wird gehobelt winter verkauft "
        "man ihn auf dem markt alte meister lehren junge leute haltbare gefäße herzustellen"
    ),
    "fin_Latn": (
        "kiulu syntyy pienessä verstaassa jokainen kimpi höylätään käsin talven aikana kylässä "
        "myydään torilla kesällä vanhat mestarit opettavat nuoria tekemään kestäviä astioita"
    ),
}


def seeded(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - messages need repeatability, not secrecy


def made(tag: str, count: int) -> dict[str, str]:
    """Messages of seven words each, by number from one kind of source and the other."""
    rng = seeded(tag)
    words = WORDS[tag].split()
    texts = (" ".join(rng.choices(words, k=7)).capitalize() + "." for _ in range(count))
    return {text: "games" if n % 2 else "firefox" for n, text in enumerate(texts)}


@pytest.fixture(scope="module")
def lines() -> Lines:
    return {tag: made(tag, 600) for tag in WORDS}


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def model(lines: Lines, work: Path) -> Path:
    path, _ = train.train(lines, work, SETTINGS)
    return path


@pytest.fixture
def own_profiles() -> Iterator[None]:
    """Undoes what `fit` does to the process."""
    before = vote.profiles()
    yield
    vote.use(before)


def test_the_same_text_gives_the_same_bytes(lines: Lines, model: Path, tmp_path: Path) -> None:
    again, counts = train.train(lines, tmp_path, SETTINGS)
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (model, again)}
    assert len(digests) == 1
    assert counts.keys() == {*WORDS, NOT_LANGUAGE}
    assert counts.total() == len((tmp_path / "training.txt").read_text("utf-8").splitlines())


def test_the_model_tells_the_languages_apart(lines: Lines, model: Path) -> None:
    weir = Weir(model)
    for tag, texts in lines.items():
        for text in filter(train.is_held_out, texts):
            scores = weir.scores(text)
            assert max(scores, key=lambda label: scores[label]) == tag


def test_held_out_messages_are_not_in_the_training_file(
    lines: Lines, model: Path, work: Path
) -> None:
    assert model.is_file()
    text = (work / "training.txt").read_text("utf-8")
    held_out = [text for texts in lines.values() for text in texts if train.is_held_out(text)]
    kept = [text for texts in lines.values() for text in texts if not train.is_held_out(text)]
    assert 20 <= len(held_out) <= len(kept) / 10
    assert all(prepare(message) in text for message in kept)
    assert not [message for message in held_out if prepare(message) in text]


def test_a_language_with_little_text_is_not_learnt(lines: Lines) -> None:
    few = {
        "fin_Latn": dict(list(lines["fin_Latn"].items())[:30]),
        "swh_Latn": {text.replace("e", "u"): "x" for text in lines["deu_Latn"]},
        "deu_Latn": lines["deu_Latn"],
    }
    tags = {tag for tag, _ in train.training_lines(few)}
    # Swahili has as much text as German, but is no language of Europe, which needs less.
    assert tags == {"deu_Latn", "swh_Latn", NOT_LANGUAGE}
    few["swh_Latn"] = dict(list(few["swh_Latn"].items())[:200])
    few["deu_Latn"] = dict(list(few["deu_Latn"].items())[:200])
    assert {tag for tag, _ in train.training_lines(few)} == {"deu_Latn", NOT_LANGUAGE}


def test_combine_makes_three_lengths_of_the_text_that_is_asked_for() -> None:
    messages = [letter * 20 for letter in "abcdefghijklmnopqrstuvwx"] * 10  # no line left over
    chars, generator = 20_000, seeded("7")
    made = list(train.combine(messages, chars, generator))
    assert made == list(train.combine(messages, chars, seeded("7")))
    sizes = [len(line.replace(" ", "")) for line in made]
    assert chars <= sum(sizes) < chars + 20 + 160 + 600
    single = [size for size in sizes if size == 20]
    long = [size for size in sizes if size >= 600]
    middle = [size for size in sizes if 150 <= size < 600]
    assert sum(single) == pytest.approx(0.2 * chars, abs=100)
    assert max(middle) == 160  # the first sum of twenties that is enough
    assert max(long) == 600
    assert sum(middle) == pytest.approx(0.5 * chars, rel=0.1)
    assert sum(long) == pytest.approx(0.3 * chars, rel=0.1)


def test_combine_repeats_few_messages_in_new_combinations() -> None:
    made = list(train.combine(["aa bb", "cc dd", "ee ff"], 3_000, seeded("7")))
    whole = {line for line in made if len(line) > 10}
    assert {line for line in made if len(line) <= 5} == {"aa bb", "cc dd", "ee ff"}
    assert len(whole) == 6  # every order of the three


def test_joined_documents_are_long_enough_and_no_more_than_asked_for() -> None:
    documents = list(train.joined(["aaaa", "bbbb", "cccc", "dddd", "ee"], 7, 5))
    assert documents == ["aaaa bbbb", "cccc dddd"]
    assert list(train.joined(iter("abcdef"), 1, 2)) == ["a", "b"]
    assert list(train.joined([], 1, 2)) == []


def test_documents_to_judge_by_are_of_held_out_messages(lines: Lines) -> None:
    documents = list(train.held_out_documents(lines, 40, 3))
    assert [tag for tag, _ in documents] == [tag for tag in lines for _ in range(3)]
    for tag, document in documents:
        assert len(document) >= 40
        messages = [f"{part}." for part in document.split(".") if part]
        assert {message.strip() for message in messages} <= lines[tag].keys()
        assert all(train.is_held_out(message.strip()) for message in messages)


@pytest.mark.usefixtures("own_profiles")
def test_fit_gives_profiles_and_a_calibration(lines: Lines, model: Path) -> None:
    assert not {g.permissive for g in sources() if g.name == "games"} - {False}
    profiles, calibration = train.fit(lines, model, model)
    assert profiles.keys() >= {"py3langid", "cld2", "weir"}
    for rows in profiles.values():
        assert rows.keys() == WORDS.keys()
        for tag, row in rows.items():
            assert max(row, key=lambda label: row[label]) == tag
            assert sum(row.values()) <= 1.0 + 0.0005 * len(row)
    assert calibration.keys() == {"mapping", "offsets"}
    mapping = calibration["mapping"]
    assert isinstance(mapping, dict)
    assert mapping.keys() == {"intercept", "vote", "letters", "vote_letters"}
    assert isinstance(calibration["offsets"], dict)
    assert vote.profiles() == profiles


def test_the_card_names_every_package_and_its_licence(lines: Lines, tmp_path: Path) -> None:
    packages = [
        Package("tiny-fi", "1.2-3", "a" * 64, "firefox", "MPL-2.0"),
        Package("tiny-de", "4.5-6", "b" * 64, "firefox", "MPL-2.0"),
        Package("game-data", "7.8-9", "c" * 64, "games", "GPL-2+"),
    ]
    path = tmp_path / "card.md"
    counts = {"fin_Latn": 12, NOT_LANGUAGE: 34}
    train.write_card(path, packages, lines, counts, {"english": 5})
    card = path.read_text("utf-8")
    for p in packages:
        assert f"| {p.name} | {p.version} | {p.sha256} |" in card
        assert card.index(f"{p.source} ({p.licence})") < card.index(p.name)
    assert "| english | 5 |" in card
    assert f"| fin_Latn | {sum(map(len, lines['fin_Latn']))} | 12 |" in card
    assert "| deu_Latn |" not in card  # no line of it was trained on
    assert "| 34 |" in card


def test_the_shipped_card_names_packages_of_the_sources_alone() -> None:
    card = (Path(train.__file__).parent / "weir.md").read_text("utf-8")
    group, named = None, 0
    by_title = {f"{source.name} ({source.licence})": source for source in sources()}
    for line in card.splitlines():
        if line.startswith("### "):
            group = by_title[line.removeprefix("### ")]
        cells = line.strip("| ").split(" | ")
        if group and len(cells) == 3 and len(cells[2]) == 64:
            assert group.covers(cells[0]), line
            named += 1
    assert named > 100


def test_the_command_needs_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        train.main([])
    assert "--work" in capsys.readouterr().err
