"""The builder: what it keeps of a harvest, what it counts words in, and what a pack keeps."""

import csv
import json
from pathlib import Path

from audit import build_packs
from audit.pack_quality import Quality

LINES = {
    f"Vanha tynnyrintekijä taivuttaa laudan numero {n} tulen päällä ja lyö vanteen.": f"s{n % 2}"
    for n in range(400)
}


def stored(folder: Path, whole: list[tuple[str, str]]) -> Path:
    (folder / "reference").mkdir()
    path = folder / "reference" / "fin_Latn.json"
    path.write_text(json.dumps({"whole": whole, "lines": LINES}), "utf-8")
    return folder


def test_words_are_counted_in_the_calibration_half_alone(tmp_path: Path) -> None:
    whole = [(f"Sivu {n} on tämä.\nToinen rivi {n} kuuluu siihen.", "own/tiny") for n in range(9)]
    found = build_packs.load(stored(tmp_path, whole), "fin_Latn")
    held_out = {line for d in found.documents if d.is_held_out for line in d.text.splitlines()}
    counted = {line for _, text in found.pieces for line in text.splitlines()}
    assert held_out
    assert counted
    assert held_out.isdisjoint(counted)
    assert {source for source, _ in found.pieces} == {"s0", "s1", "own"}
    assert sum(d.is_whole for d in found.documents) == 9


def test_few_whole_documents_are_tested_together_with_composed_ones(tmp_path: Path) -> None:
    documents = build_packs.load(stored(tmp_path, []), "fin_Latn").documents
    texts = build_packs.held_out_texts(documents)
    assert texts == [d.text for d in documents if d.is_held_out]


def test_results_are_a_row_a_language(tmp_path: Path) -> None:
    tag = next(tag for tag, pack in build_packs.config.language_packs() if "calibration" in pack)
    rejected = dict.fromkeys(build_packs.KINDS[:-1], 0.95)
    quality = Quality(30, 0.9333, rejected, {"swe_Latn": 0.9, "eng_Latn": 1.0}, {})
    build_packs.write_results({tag: quality}, tmp_path / "results.csv")
    with (tmp_path / "results.csv").open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["tag"] == tag
    assert row["passed"] == "0.9333"
    assert row["neighbours"] == ""
    assert row["worst_neighbour"] == "swe_Latn"
    assert row["worst_neighbour_rejected"] == "0.9000"
