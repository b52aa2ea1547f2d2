"""Counts of shards in files of their own, and statistics summed over ranges of them."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline import manifest, statistics, tally
from pipeline.manifest import Books, Count, Manifest, Output
from stages import schema
from stages.errors import IntegrityError

COUNTS: tuple[Count, ...] = (
    ("fin_Latn", "documents.kept", "", 3),
    ("fin_Latn", "histogram.word_count.kept", "0:1", 2),
    ("mlt_Latn", "documents.rejected", "rule.word_count", 1),
)

JUDGED: tuple[Count, ...] = (("fin_Latn", "rights.reserved", "", 2),)


def _made(step: str, number: int, counts: tuple[Count, ...]) -> Manifest:
    name = f"{number:05d}"
    return Manifest(step, f"{step}{number:012d}", name, (), (), Books(4, 3, 1, 0), counts)


def test_counts_of_a_shard_are_put_in_a_file_and_found_there(tmp_path: Path) -> None:
    made = tally.put_aside(tmp_path, _made("decide", 0, COUNTS))
    assert made.counts == ()
    assert tally.of(tmp_path, made) == list(COUNTS)
    output = tally.output_of(made)
    assert output is not None
    assert (tmp_path / output.path).stat().st_size == output.bytes
    assert pq.read_schema(tmp_path / output.path).remove_metadata() == schema.TALLY.schema


def test_few_counts_stay_in_the_manifest(tmp_path: Path) -> None:
    made = tally.put_aside(tmp_path, _made("pair", 0, COUNTS))
    assert made.counts == COUNTS
    assert tally.output_of(made) is None
    assert tally.of(tmp_path, made) == list(COUNTS)


def test_a_shard_without_counts_has_an_empty_file(tmp_path: Path) -> None:
    made = tally.put_aside(tmp_path, _made("extract", 0, ()))
    assert tally.of(tmp_path, made) == []


def test_a_lost_file_is_named(tmp_path: Path) -> None:
    made = tally.put_aside(tmp_path, _made("decide", 0, COUNTS))
    output = tally.output_of(made)
    assert output is not None
    (tmp_path / output.path).unlink()
    with pytest.raises(IntegrityError, match="tally/decide-00000"):
        tally.of(tmp_path, made)


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[Manifest]]:
    """A run of 50 shards, where more than 40 are many."""
    monkeypatch.setattr(statistics, "MAX_SHARDS", 40)
    read = [_made("extract", n, (("fin_Latn", "documents.read", "", 4),)) for n in range(50)]
    decided = [_made("decide", n, COUNTS) for n in range(50)]
    judged = [_made("judge", n, JUDGED) for n in range(50)]
    made = [tally.put_aside(tmp_path, m) for m in (*read, *judged, *decided)]
    corpus = Output("corpus.0", "corpus/fin_Latn/fin_Latn-00000.parquet", 150, 1, "0" * 64)
    return tmp_path, [*made, replace(_made("compact", 0, ()), outputs=(corpus,))]


def test_statistics_of_many_shards_are_sums_over_ranges(large: tuple[Path, list[Manifest]]) -> None:
    run, made = large
    statistics.write(run, "large", made)
    table = pq.read_table(run / statistics.PARQUET)
    assert table.schema.remove_metadata() == schema.COUNTS.schema
    rows = table.to_pylist()
    decided = [row for row in rows if row["step"] == "decide"]
    assert [row["shard"] for row in decided[::3]][:2] == ["00000-00002", "00003-00005"]
    assert len({row["shard"] for row in decided}) == 17
    sums: Counter[tuple[str, str, str]] = Counter()
    for row in decided:
        sums[row["language"], row["metric"], row["label"]] += row["count"]
    assert sums == {(tag, metric, label): 50 * count for tag, metric, label, count in COUNTS}
    judged = [row for row in rows if row["step"] == "judge"]
    assert len({row["shard"] for row in judged}) == 17, "steps whose tasks count little, too"
    assert sum(row["count"] for row in judged) == 100
    assert (run / statistics.CSV).read_text().count("\n") == len(rows) + 1


def test_books_that_do_not_balance_are_refused_for_many_shards(
    large: tuple[Path, list[Manifest]],
) -> None:
    run, made = large
    with pytest.raises(IntegrityError, match="do not balance: 196 records read, 200"):
        statistics.write(run, "large", made[1:])


def test_a_driver_holds_no_times_and_shares_names() -> None:
    groups = tuple((f"t{n:02d}_Latn", n) for n in range(3))
    one, other = (
        Manifest.from_json(
            replace(
                _made("extract", number, ()),
                outputs=(Output("documents", f"{number}", 1, 1, "0" * 64, groups),),
                timing={"wall_s": 1.0},
            ).to_json(),
            "here",
        ).held()
        for number in range(2)
    )
    assert one.timing == {}
    assert one.outputs[0].groups == groups
    pairs = zip(one.outputs[0].groups, other.outputs[0].groups, strict=True)
    assert all(a is b for a, b in pairs)


def test_a_glance_sees_what_the_whole_says(tmp_path: Path) -> None:
    made = replace(_made("extract", 0, COUNTS), timing={"wall_s": 2.0, "cpu_s": 1.0})
    manifest.commit(tmp_path, made)
    seen = manifest.glance(manifest.folder_of(tmp_path, made.step), made.key)
    assert seen.books == made.books
    assert seen.ended - seen.began == pytest.approx(2.0)


def test_a_glance_at_damage_says_so(tmp_path: Path) -> None:
    made = _made("extract", 0, COUNTS)
    manifest.commit(tmp_path, made)
    path = manifest.path_of(tmp_path, made.step, made.key)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(IntegrityError, match="not a manifest"):
        manifest.glance(manifest.folder_of(tmp_path, made.step), made.key)
