"""Every stage of the extract step gives the same rows for any split into batches."""

import itertools
import random
from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import config, shards, steps
from samples import build
from samples.archive import response_of
from stages import base, schema
from tests.data.archives import Inline, batch, present, tools

PER_KIND = 2


@pytest.fixture(scope="module")
def mixed() -> pa.RecordBatch:
    """A few records of each kind of the sample snapshot, as stage read hands them on."""
    seen: dict[tuple[str, str | None], int] = {}
    chosen = []
    for entry in build.all_entries():
        key = (entry.kind, entry.reason)
        if entry.exchange is not None and len(entry.exchange.payload) < 200_000:
            seen[key] = seen.get(key, 0) + 1
            if seen[key] <= PER_KIND:
                chosen.append(response_of(entry.exchange))
    assert len(chosen) > 60
    return batch(*chosen)


@pytest.fixture(scope="module")
def workers() -> dict[str, base.Worker]:
    resolved = config.load("sample").run
    opened = tools(Inline())
    first, *others = ((stage.name, stage.open(opened)) for stage in steps.extract_stages(resolved))
    return {first[0]: all_parts(first[1]), **dict(others)}


def all_parts(unpack: base.Unpacker) -> base.Worker:
    """The unpacker's parts as one."""

    def work(rows: pa.RecordBatch) -> base.Columns:
        parts = list(unpack(rows))
        made = {
            name: pa.concat_arrays([part[name] for part in parts]) for name in present(parts[0])
        }
        return parts[0] | made

    return work


Passed = tuple[pa.RecordBatch, pa.RecordBatch | None]


@pytest.fixture(scope="module")
def whole(mixed: pa.RecordBatch, workers: dict[str, base.Worker]) -> dict[str, Passed]:
    """What goes into each stage as one batch, and what comes out."""
    found: dict[str, Passed] = {}
    live = mixed
    for name, worker in workers.items():
        given_to, (live, gone) = live, base.advance(live, worker)
        found[name] = (given_to, gone)
        found[f"after {name}"] = (live, gone)
    return found


def split(rows: pa.RecordBatch, cuts: Sequence[int]) -> list[pa.RecordBatch]:
    places = sorted({0, rows.num_rows, *(cut % (rows.num_rows + 1) for cut in cuts)})
    return [rows.slice(a, b - a) for a, b in itertools.pairwise(places)]


def together(parts: Sequence[pa.RecordBatch | None]) -> list[dict[str, object]]:
    return [row for part in parts if part is not None for row in part.to_pylist()]


STAGES = ("gate", "extract", "identify", "redact", "measure", "score", "sign")


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_gives_the_same_rows_for_any_split(
    name: str, workers: dict[str, base.Worker], whole: dict[str, Passed]
) -> None:
    rows, _ = whole[name]
    live, gone = whole[f"after {name}"]
    assert rows.num_rows > 20
    order = random.Random(name)  # noqa: S311 - which splits are tried
    for count in (1, 7, rows.num_rows):
        cuts = [order.randrange(rows.num_rows) for _ in range(count)]
        passed = [base.advance(part, workers[name]) for part in split(rows, cuts)]
        assert together([one for one, _ in passed]) == live.to_pylist()
        assert together([one for _, one in passed]) == (gone.to_pylist() if gone else [])


def test_the_sample_reaches_every_stage_and_settles_at_several(whole: dict[str, Passed]) -> None:
    assert tuple(name for name in whole if not name.startswith("after")) == STAGES
    settled = {name for name in STAGES if (gone := whole[f"after {name}"][1]) and gone.num_rows}
    assert "gate" in settled
    gone = whole["after gate"][1]
    assert gone is not None
    assert len(set(gone.column("reason").to_pylist())) > 8


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 500), max_size=8))
def test_the_ledger_s_rows_come_in_the_order_of_the_file(
    whole: dict[str, Passed], cuts: list[int]
) -> None:
    rows, _ = whole["gate"]
    live, gone = whole["after gate"]
    expected = shards.records_table(live, [] if gone is None else [gone])
    assert expected.column("doc_id").to_pylist() == rows.column("doc_id").to_pylist()
    assert set(expected.column("outcome").to_pylist()) >= {schema.PASS, schema.REJECT}
    parts = []
    for part in split(rows, cuts):
        ids = part.column("doc_id")
        one = live.filter(pa.compute.is_in(live.column("doc_id"), value_set=ids))
        other = gone.filter(pa.compute.is_in(gone.column("doc_id"), value_set=ids))
        parts.append(shards.records_table(one, [other]))
    assert pa.concat_tables(parts).to_pylist() == expected.to_pylist()
