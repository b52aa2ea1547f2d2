from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from audit import flows
from audit.prune import prune
from audit.runs import Run


def test_doubt_is_what_identification_expects(run: Run) -> None:
    found = flows.flows(run)
    assert found is not None
    assert found["doubt"]["fin_Latn"] == (3, pytest.approx(0.3, abs=1e-6))


def test_label_against_rival(folder: Path, rewrite: Callable[..., None]) -> None:
    def close(rows: list[dict]) -> None:
        for row in rows:
            if row["tag"] == "fin_Latn":
                row["runner_up"], row["runner_up_score"] = "fit_Latn", 0.3
            else:
                row["runner_up"], row["runner_up_score"] = "deu_Latn", 0.01

    rewrite(folder, "documents/00000.parquet", close)
    found = flows.flows(Run(folder))
    assert found is not None
    groups = {group["name"]: group for group in found["groups"]}
    finnic, english = groups["Finnic"], groups["English"]
    assert (finnic["doubted"], finnic["documents"]) == (2, 3)
    (row,) = finnic["rows"]
    assert (row["sure"], row["outside"]) == (1, 0)
    assert [cell["documents"] for cell in row["cells"]] == [2]
    assert [column["code"] for column in finnic["columns"]] == ["fit"]
    assert (english["doubted"], english["columns"]) == (0, [])


def test_rows_sum_to_their_documents() -> None:
    count = Counter({"hrv_Latn": 10, "srp_Cyrl": 3})
    rivals = Counter(
        {
            ("hrv_Latn", ""): 5,
            ("hrv_Latn", "bos_Latn"): 3,
            ("hrv_Latn", "slv_Latn"): 2,
            ("srp_Cyrl", ""): 3,
        }
    )
    (group,) = flows._groups(count, rivals)
    assert group["name"] == "Serbo-Croatian"
    for row in group["rows"]:
        cells = sum(cell["documents"] for cell in row["cells"])
        assert row["sure"] + cells + row["outside"] == row["documents"]
    assert group["rows"][0]["outside"] == 2
    assert {row["code"] for row in group["rows"]} == {"hrv", "srp_Cyrl"}
    assert [cell["shade"] for cell in group["rows"][0]["cells"]] == [3]


def test_without_documents_it_is_unknown(folder: Path) -> None:
    prune(Run(folder), ())
    assert flows.flows(Run(folder)) is None
