"""Sums of tallies are what a counter of their rows is."""

from collections import Counter

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline import tally
from pipeline.manifest import Count
from pipeline.sums import Sum

COUNTS = st.lists(
    st.tuples(
        st.sampled_from(["fin_Latn", "ell_Grek", "und_Zyyy"]),
        st.sampled_from(["documents.read", "documents.kept", "histogram.word_count.kept"]),
        st.sampled_from(["", "0:1", "1:2", "rule.word_count"]),
        st.integers(0, 2**50),
    ),
    max_size=30,
)


@given(st.lists(st.tuples(COUNTS, st.booleans()), max_size=8))
def test_sums_are_those_of_the_rows(tallies: list[tuple[list[Count], bool]]) -> None:
    total, expected = Sum(), Counter[tuple[str, str, str]]()
    for counts, is_coded in tallies:
        table = tally.table_of(counts)
        if is_coded:
            names = table.column_names[:3]
            coded = [table.column(name).dictionary_encode() for name in names]
            table = pa.table(dict(zip(names, coded, strict=True)) | {"count": table["count"]})
        total.add(table)
        for *key, count in counts:
            expected[tuple(key)] += count
    assert set(total.counts()) == {(*key, count) for key, count in expected.items() if count}
