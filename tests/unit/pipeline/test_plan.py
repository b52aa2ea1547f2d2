"""Task keys: what is the same work has the same key, and nothing else has."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pipeline import config, plan
from pipeline.executor import Task
from pipeline.manifest import Books, Manifest, Output
from pipeline.storage import Input

SHARDS = tuple(Input(f"{c}.warc.gz", f"/data/{c}.warc.gz", f"10:{c}") for c in "abc")
ROBOTS = (Input("robots.warc.gz", "/data/robots.warc.gz", "5:r"),)
TABLES = {
    "collate": ("site_files", "site_contents"),
    "extract": ("records", "documents", "signals", "signatures"),
    "band": ("keys",),
    "pair": ("candidates",),
    "gather": ("homes", "candidates"),
    "lend": ("lent",),
    "estimate": ("estimates", "wanted"),
    "shingle": ("shingles",),
    "cluster": ("edges", "members"),
    "judge": ("verdicts",),
    "resolve": ("removals",),
    "decide": ("decisions",),
    "publish": ("corpus",),
    "compact": ("corpus.0",),
}
WORDS = "a source of ten letters"
MODEL = f"{{path: /models/a.ftz, sha256: {'a' * 64}, revision: '1'}}"
MOVED = f"{{name: other.ftz, sha256: {'a' * 64}, revision: '1'}}"
OTHER = f"{{path: /models/a.ftz, sha256: {'b' * 64}, revision: '1'}}"
TOKENS = f"tokens={{tokenizer: a.json, sha256: {'a' * 64}}}"


def run_of(*settings: str) -> config.Run:
    return config.load("europe", settings).run


@pytest.fixture(scope="module")
def settings() -> config.Run:
    return run_of()


def perform(step: str, task: Task, content: str) -> Manifest:
    """A manifest as if the task had run; the digests of its outputs follow from its key.

    `content` "empty" gives each the same digests, as tasks without rows do.
    """
    tables: Sequence[str] = TABLES.get(step, ())
    if step == "prepare":
        tables = TABLES["collate"] if task.name.startswith(plan.ROBOTS) else ("table",)
    identity = "" if content == "empty" else task.key
    rows = 0 if content == "empty" else 10
    outputs = tuple(
        Output(t, f"{t}/{task.name}-{task.key[:12]}.parquet", rows, 0, f"{t}:{identity}", groups)
        for t in tables
        for groups in ([("fin_Latn", 0), ("swe_Latn", 1)] if t in ("corpus", "documents") else [],)
    )
    fixed = tuple(replace(o, groups=tuple(o.groups)) for o in outputs)
    inputs = tuple(task.params["inputs"]) if step == "extract" else ()
    return Manifest(step, task.key, task.name, inputs, fixed, Books(0, 0, 0, 0), ())


def keys(
    settings: config.Run,
    shards: Sequence[Input] = SHARDS,
    robots: Sequence[Input] = ROBOTS,
    snapshot: str = "CC-MAIN-2026-00",
    content: str = "full",
) -> dict[str, list[str]]:
    """Keys of every step's tasks, in order."""
    made: plan.Made = {}
    planned = plan.Plan(settings, snapshot, tuple(shards), tuple(robots))
    found: dict[str, list[str]] = {}
    for step in plan.STEPS:
        tasks = planned.tasks(step, made)
        made[step.name] = [perform(step.name, task, content) for task in tasks]
        found[step.name] = [task.key for task in tasks]
    return found


def changed(before: dict[str, list[str]], after: dict[str, list[str]]) -> set[str]:
    """Steps of which any key differs."""
    return {step for step in before if before[step] != after[step]}


ALL = {step.name for step in plan.STEPS} - {"index"}
"""A run without a dataset has no tasks of step `index`."""
FROM_EXTRACT = ALL - {"prepare", "collate"}
FROM_JUDGE = {"judge", "resolve", "decide", "publish", "compact"}
FROM_RESOLVE = FROM_JUDGE - {"judge"}
FROM_ESTIMATE = {"estimate", "shingle", "cluster"} | FROM_RESOLVE
FROM_PAIR = {"pair", "gather", "lend"} | FROM_ESTIMATE


def test_every_step_has_tasks_with_keys_of_their_own(settings: config.Run) -> None:
    found = keys(settings)
    assert {step for step, tasks in found.items() if tasks} == ALL
    every = [key for of_step in found.values() for key in of_step]
    assert len(every) == len(set(every))
    assert len(found["extract"]) == len(SHARDS)
    assert all(len(key) == 64 for key in every)


@pytest.mark.parametrize("name", ["europe", "sample"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_tasks_without_rows_have_keys_of_their_own(name: str, count: int) -> None:
    """Two tasks of one key are one task: a run of empty files would never be complete."""
    run = config.load(name, ["publish.shards_per_task=1"]).run
    for step, found in keys(run, shards=SHARDS[:count], content="empty").items():
        assert len(found) == len(set(found)), step


def test_the_same_plan_gives_the_same_keys(settings: config.Run) -> None:
    assert keys(settings) == keys(run_of())


@pytest.mark.parametrize(
    ("setting", "steps"),
    [
        ("language.rules.word_count.min=7", FROM_JUDGE),
        ("language.rules.word_count=null", FROM_JUDGE),
        ("limits.max_quarantined_fraction=0.9", set()),
        ("name=other", set()),
        ("publish.target_file_bytes=100000", {"compact"}),
        ("cluster.threshold=0.8", FROM_ESTIMATE),
        ("cluster.partitions=2", FROM_PAIR),
        ("cluster.bands=13", {"band"} | FROM_PAIR),
        ("cluster.rows=7", {"band"} | FROM_PAIR),
        ("gate.max_depth=99", FROM_EXTRACT),
        ("gate.block_list=null", set()),
        ("gate.allow_domains=[a.example]", FROM_EXTRACT),
        ("language.domains.deny=[a.example]", FROM_JUDGE),
        ("languages.fin_Latn.domains.deny=[a.example]", FROM_JUDGE),
        ("gate.url_key=mine", FROM_EXTRACT),
        ("rights.policy=strict", FROM_JUDGE),
        ("rights.policy=none", FROM_EXTRACT),
        ("rights.robots_mode=at_crawl", FROM_JUDGE),
        ("extract.extractor=resiliparse", FROM_EXTRACT),
        ("extract.cpu_limit_s=3", ALL),
        ("identify.languages=[fin_Latn]", FROM_EXTRACT),
        ("redact.kinds=[EMAIL]", FROM_EXTRACT),
        ("limit=5", FROM_EXTRACT),
        (f"languages.fin_Latn.quality_model={MODEL}", FROM_EXTRACT),
        (f"language.perplexity_model={MODEL}", FROM_EXTRACT),
        (TOKENS, FROM_EXTRACT),
        ("datatrove.c4.filter=C4QualityFilter", FROM_EXTRACT),
    ],
)
def test_a_setting_changes_the_steps_that_it_touches(
    settings: config.Run, setting: str, steps: set[str]
) -> None:
    assert changed(keys(settings), keys(run_of(setting))) == steps


def test_a_reworded_source_keeps_extraction(settings: config.Run) -> None:
    after = keys(run_of(f"language.rules.word_count.source='{WORDS}'"))
    assert changed(keys(settings), after) <= FROM_JUDGE


def test_stop_words_change_extraction(settings: config.Run) -> None:
    pack = settings.languages["fin_Latn"]
    words = pack.stop_words.model_copy(update={"words": (*pack.stop_words.words, "uusi")})
    languages = {**settings.languages, "fin_Latn": pack.model_copy(update={"stop_words": words})}
    after = keys(settings.model_copy(update={"languages": languages}))
    assert changed(keys(settings), after) == FROM_EXTRACT


def test_a_model_is_known_by_its_digest_wherever_it_lies() -> None:
    first = keys(run_of(f"languages.fin_Latn.quality_model={MODEL}", TOKENS))
    moved = f"languages.fin_Latn.quality_model={MOVED}", TOKENS.replace("a.json", "/b.json")
    assert keys(run_of(*moved)) == first
    other = f"languages.fin_Latn.quality_model={OTHER}", TOKENS
    assert changed(first, keys(run_of(*other))) == FROM_EXTRACT


def test_a_rule_on_a_filter_s_verdict_keeps_extraction() -> None:
    filters = "datatrove.c4.filter=C4QualityFilter"
    after = keys(run_of(filters, "language.rules.datatrove.c4=null"))
    assert changed(keys(run_of(filters)), after) == FROM_JUDGE


def test_a_rule_of_one_language_keeps_extraction(settings: config.Run) -> None:
    pack = settings.languages["fin_Latn"]
    rule = pack.rules["word_count"]
    assert rule is not None
    rules = {**pack.rules, "word_count": rule.model_copy(update={"min": 1.0})}
    languages = {**settings.languages, "fin_Latn": pack.model_copy(update={"rules": rules})}
    after = keys(settings.model_copy(update={"languages": languages}))
    assert changed(keys(settings), after) == FROM_JUDGE


def test_the_order_of_rules_is_part_of_the_work(settings: config.Run) -> None:
    """The first failed rule in declared order names the reason."""
    order = list(settings.language.rules.items())
    language = settings.language.model_copy(update={"rules": dict(reversed(order))})
    after = keys(settings.model_copy(update={"language": language}))
    assert changed(keys(settings), after) == FROM_JUDGE


def test_changed_bytes_change_one_shard(settings: config.Run) -> None:
    before = keys(settings)
    other = replace(SHARDS[1], identity="10:other")
    after = keys(settings, shards=(SHARDS[0], other, SHARDS[2]))
    same = [a == b for a, b in zip(before["extract"], after["extract"], strict=True)]
    assert same == [True, False, True]
    assert changed(before, after) == FROM_EXTRACT


def test_changed_robots_change_every_shard(settings: config.Run) -> None:
    after = keys(settings, robots=(replace(ROBOTS[0], identity="5:other"),))
    assert changed(keys(settings), after) == ALL


def test_where_a_file_lies_is_no_work(settings: config.Run) -> None:
    moved = tuple(replace(s, uri=f"https://mirror.example/{s.name}") for s in SHARDS)
    assert keys(settings, shards=moved) == keys(settings)


def test_the_snapshot_is_part_of_every_document(settings: config.Run) -> None:
    assert changed(keys(settings), keys(settings, snapshot="CC-MAIN-2026-05")) == ALL


def test_another_order_of_inputs_keeps_extraction(settings: config.Run) -> None:
    before, after = keys(settings), keys(settings, shards=SHARDS[::-1])
    assert after["extract"] == before["extract"][::-1]
    assert after["prepare"] == before["prepare"]


def test_another_input_keeps_the_others(settings: config.Run) -> None:
    more = (Input("0.warc.gz", "/data/0.warc.gz", "10:0"), *SHARDS)
    before, after = keys(settings), keys(settings, shards=more)
    assert after["extract"][1:] == before["extract"]
    assert after["pair"] != before["pair"]


def test_a_block_list_is_known_by_its_content(settings: config.Run) -> None:
    """Its path changes nothing; other lines change what is extracted, and not the robots table."""

    def planned(identity: str, uri: str) -> dict[str, list[str]]:
        listed = Input("list.txt", uri, identity)
        made: plan.Made = {}
        found: dict[str, list[str]] = {}
        whole = plan.Plan(settings, "s", SHARDS, ROBOTS, listed)
        for step in plan.STEPS[:3]:
            tasks = whole.tasks(step, made)
            made[step.name] = [perform(step.name, task, "full") for task in tasks]
            found[step.name] = [task.key for task in tasks]
        return found

    first, moved, other = planned("a", "/x"), planned("a", "/y"), planned("b", "/x")
    assert first == moved
    assert first["prepare"][0] == other["prepare"][0]
    assert first["prepare"][1] != other["prepare"][1]
    assert not set(first["extract"]) & set(other["extract"])


def test_a_raised_version_changes_the_key(settings: config.Run) -> None:
    planned = plan.Plan(settings, "s", SHARDS, ROBOTS)
    (step,) = (s for s in plan.STEPS if s.name == "prepare")
    raised = replace(step, versions={**step.versions, "prepare": step.versions["prepare"] + 1})
    assert planned.tasks(step, {})[0].key != planned.tasks(raised, {})[0].key


def test_every_stage_of_extraction_has_its_version_in_the_key() -> None:
    (step,) = (s for s in plan.STEPS if s.name == "extract")
    stages = {"read", "parse", "gate", "extract", "identify", "redact", "measure", "sign"}
    assert stages <= set(step.versions)


def test_how_shards_are_grouped_is_part_of_the_work(
    settings: config.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row groups are named by group, so a file of another grouping would be read in part only.

    With outputs of equal digests, as from the same documents, only the tasks' own facts differ.
    """
    before = keys(settings, content="empty")
    monkeypatch.setattr(plan, "GROUP_DOCUMENTS", 0)
    after = keys(settings, content="empty")
    assert [len(found["band"]) for found in (before, after)] == [1, len(SHARDS)]
    assert {"band", "pair", "gather", "lend", "estimate", "resolve"} <= changed(before, after)
