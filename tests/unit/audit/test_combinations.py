from collections import Counter

from audit import combinations
from audit.runs import Run


def test_masks_by_language(run: Run) -> None:
    assert combinations.combinations(run) == {"": Counter({1: 1}), "fin_Latn": Counter({1: 1})}


def test_matrix_over_the_rules_of_the_commonest_sets(run: Run) -> None:
    first, second, third = run.rules[:3]
    made = combinations.matrix(run, Counter({0b001: 4, 0b101: 9, 0b010: 1}))
    assert made["columns"] == [first, second, third]
    assert [row["documents"] for row in made["rows"]] == [9, 4, 1]
    assert made["rows"][0]["cells"] == [True, False, True]
    assert made["rows"][0]["width"] == 1000
    assert (made["documents"], made["alone"], made["rest"]) == (14, 5, 0)


def test_rows_and_rest_are_all_that_fail(run: Run) -> None:
    masks = Counter({mask: mask for mask in range(1, 40)})
    made = combinations.matrix(run, masks)
    assert len(made["rows"]) == combinations.TOP
    assert made["rest_sets"] == 39 - combinations.TOP
    assert sum(row["documents"] for row in made["rows"]) + made["rest"] == masks.total()


def test_nothing_fails(run: Run) -> None:
    made = combinations.matrix(run, Counter())
    assert (made["rows"], made["columns"], made["documents"]) == ([], [], 0)
