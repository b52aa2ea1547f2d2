"""`weir train-quality`: what is read and refused, and that equal texts give an equal file."""

import gzip
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filters import quality
from filters.text import TextView
from langid import registry
from pipeline import classifier, cli
from stages import score
from stages.errors import ConfigError

NOUNS = ("garten", "baum", "wiese", "dorf", "brücke", "fluss", "berg", "straße", "haus", "schule")
VERBS = ("wächst", "steht", "liegt", "kommt", "geht", "ruht", "spricht", "liest", "schreibt")
SHOP = ("kaufen", "billig", "rabatt", "gratis", "klick", "angebot", "sofort", "warenkorb", "preis")
QUICK = classifier.Settings(dimensions=4, buckets=2000, epochs=5, kept_features=1000)


def prose(n: int, seed: int = 1) -> list[str]:
    order = random.Random(seed)  # noqa: S311
    return [
        " ".join(f"Der {order.choice(NOUNS)} {order.choice(VERBS)} {i}." for i in range(n, n + 6))
        for n in range(n)
    ]


def adverts(n: int, seed: int = 2) -> list[str]:
    order = random.Random(seed)  # noqa: S311
    return [" ".join(order.choices(SHOP, k=12)) + f" {n}" for n in range(n)]


def jsonl(path: Path, texts: Sequence[str], tag: str | None = None) -> str:
    lines = (json.dumps({"text": t, **({"tag": tag} if tag else {})}) + "\n" for t in texts)
    data = "".join(lines).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return str(path)


def gathered(folder: Path, name: str, texts: Sequence[str]) -> classifier.Texts:
    return classifier.gather(name, [jsonl(folder / f"{name}.jsonl", texts)], "deu_Latn")


def refused(*arguments: Any) -> str:
    with pytest.raises(ConfigError) as raised:
        classifier.gather(*arguments)
    return str(raised.value)


def test_all_kinds_of_files_give_the_same_texts(tmp_path: Path) -> None:
    texts = prose(20)
    plain = jsonl(tmp_path / "a.jsonl", texts)
    packed = jsonl(tmp_path / "b.jsonl.gz", texts[::-1])
    table = tmp_path / "c.parquet"
    pq.write_table(pa.table({"text": pa.array(texts, pa.large_string()), "other": texts}), table)
    found = [classifier.gather("positive", [p], "deu_Latn") for p in (plain, packed, str(table))]
    assert len({one.digest for one in found}) == 1
    assert [one.read for one in found] == [20, 20, 20]
    twice = classifier.gather("positive", [str(tmp_path)], "deu_Latn")
    assert (twice.read, twice.repeated, twice.digest) == (60, 40, found[0].digest)


def test_rows_of_other_languages_and_without_words_are_left_out(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", ["Ein Satz", "..."], "deu_Latn")
    jsonl(tmp_path / "b.jsonl", ["Yksi lause"], "fin_Latn")
    found = classifier.gather("positive", [str(tmp_path)], "deu_Latn")
    assert (found.read, found.other_language, found.empty) == (3, 1, 1)
    assert list(found.prepared.values()) == ["ein satz"]


def test_of_a_run_the_corpus_in_the_language_is_read(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    for tag, text in (("deu_Latn", "Ein Satz"), ("fin_Latn", "Yksi lause")):
        folder = tmp_path / "corpus" / tag
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"text": [text], "tag": [tag]}), folder / f"{tag}-00000.parquet")
    found = classifier.gather("positive", [str(tmp_path)], "deu_Latn")
    assert list(found.prepared.values()) == ["ein satz"]
    assert "holds no text of swe_Latn; `weir stats" in refused(
        "positive", [str(tmp_path)], "swe_Latn"
    )


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.txt", b"text", "is none of .parquet, .jsonl"),
        ("x.parquet", b"text", "cannot be read as Parquet"),
        ("x.jsonl", b'{"text": "a"}\n{"txt": "b"}\n', "x.jsonl:2: is no JSON object with a string"),
        ("x.jsonl", b'{"text": 3}\n', "x.jsonl:1: is no JSON object"),
        ("x.jsonl", b"\xff\xfe\n", "is not JSON Lines"),
        ("x.jsonl", b"[" * 100_000, "is not JSON Lines"),
        ("x.jsonl.gz", b"not gzip", "is not JSON Lines, or is damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert said in refused("positive", [str(path)], "deu_Latn")


def test_files_that_are_missing_or_have_no_text_are_refused(tmp_path: Path) -> None:
    assert "no such file or folder" in refused("positive", [str(tmp_path / "x")], "deu_Latn")
    assert "holds no text" in refused("positive", [str(tmp_path)], "deu_Latn")
    pq.write_table(pa.table({"body": ["a"]}), tmp_path / "x.parquet")
    assert "has no column `text`" in refused("positive", [str(tmp_path)], "deu_Latn")


def test_too_few_texts_are_refused_with_what_became_of_them(tmp_path: Path) -> None:
    few, many = gathered(tmp_path, "positive", ["a b"] * 200), gathered(tmp_path, "x", prose(200))
    with pytest.raises(ConfigError, match=r"--positive: 1 different texts.*repeated 199"):
        classifier.train("deu_Latn", few, many, tmp_path / "q.ftz", QUICK)
    with pytest.raises(ConfigError, match=r"named \*\.ftz"):
        classifier.train("deu_Latn", many, many, tmp_path / "q.bin", QUICK)
    with pytest.raises(ConfigError, match="of both kinds 200"):
        classifier.train("deu_Latn", many, many, tmp_path / "q.ftz", QUICK)
    assert not list(tmp_path.glob("q*"))


def test_the_same_texts_in_another_order_give_the_same_file_and_card(tmp_path: Path) -> None:
    good, bad = prose(300), adverts(300)
    cards = []
    for at, step in enumerate((1, -1)):
        folder = tmp_path / str(at)
        folder.mkdir()
        positive = gathered(folder, "positive", good[::step])
        negative = gathered(folder, "negative", bad[::step])
        cards.append(classifier.train("deu_Latn", positive, negative, folder / "q.ftz", QUICK))
    assert cards[0] == cards[1]
    assert (tmp_path / "0" / "q.ftz").read_bytes() == (tmp_path / "1" / "q.ftz").read_bytes()
    card = json.loads((tmp_path / "0" / "q.json").read_text(encoding="utf-8"))
    assert card == cards[0]
    assert card["model"]["sha256"] == registry.digest(tmp_path / "0" / "q.ftz")
    assert card["held_out"]["auc"] > 0.99
    held_out = card["held_out"]["positives"] + card["held_out"]["negatives"]
    used = sum(card["data"][kind]["used"] for kind in card["classes"])
    assert 0.1 < held_out / used < 0.3
    assert classifier.warnings(card) == []
    # The model is one that a run can use.
    model = score.Model(str(tmp_path / "0" / "q.ftz"), card["model"]["sha256"])
    judge = score.load_classifier(model)
    assert (judge(TextView(good[0])) or 0) > 0.5 > (judge(TextView(bad[0])) or 1)


def test_kinds_that_cannot_be_told_apart_are_warned_of(tmp_path: Path) -> None:
    texts = prose(400)
    positive, negative = gathered(tmp_path, "p", texts[::2]), gathered(tmp_path, "n", texts[1::2])
    card = classifier.train("deu_Latn", positive, negative, tmp_path / "q.ftz", QUICK)
    assert any("hardly told apart" in warning for warning in classifier.warnings(card))


def test_of_too_many_texts_the_same_ones_are_taken_in_any_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(classifier, "MAX_TEXTS", 10)
    taken = []
    for step in (1, -1):
        found = classifier.Texts([], {})
        for text in prose(100)[::step]:
            found.add(quality.prepare(TextView(text)))
        found.cut()
        taken.append(found.digest)
        assert len(found.prepared) == 10
    assert taken[0] == taken[1]


def test_the_command_prints_what_the_configuration_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = jsonl(tmp_path / "good.jsonl", prose(150))
    bad = jsonl(tmp_path / "bad.jsonl", adverts(150))
    output = tmp_path / "q.ftz"
    words = ["train-quality", "--language", "de", "--positive", good, "--negative", bad]
    assert cli.main([*words, "--output", str(output), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["data"]["card"]["language"] == "deu_Latn"
    assert answer["data"]["card"]["model"]["sha256"] == registry.digest(output)
    assert cli.main([*words, "--output", str(tmp_path / "q.bin")]) == 2
    assert "*.ftz" in capsys.readouterr().err
