"""The plan: which tasks each step has, and the key by which a task's work is known.

Key = SHA-256 of the step, its stages' versions, the configuration slice that they declare, the
digests of the inputs and the schema. Dependencies follow from keys; nobody types them.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from filters import minhash
from filters.catalog import BY_NAME
from filters.text import HASH_VERSION
from langid import models
from pipeline import config, lists, robots_index, selection, site_inputs, site_tables
from pipeline.dataset import Index
from pipeline.executor import Task
from pipeline.manifest import Manifest, Output
from pipeline.storage import Input
from pipeline.suppression import Listing
from stages import (
    band,
    cluster,
    decide,
    extract,
    gate,
    identify,
    measure,
    pair,
    parse,
    prepare,
    publish,
    read,
    redact,
    reserve,
    schema,
    score,
    sign,
    suppress,
)
from stages.errors import ConfigError

Made = dict[str, list[Manifest]]
"""Manifests of finished steps, in task order."""
Tasks = Iterator[tuple[str, list[str], dict[str, Any]]]
"""Name, input digests and parameters of each task of a step."""
GROUP_DOCUMENTS = 500_000
"""Documents whose keys are sorted together: 8.5 million keys, 0.3 GB, and twice that while sorting.
"""
PART_DOCUMENTS = 1_500_000
"""Documents a partition: with two fifths of them in components, 0.3 GB of signatures."""
MIN_PARTS = 4
MAX_GROUPS, MAX_PARTS = 1500, 256
"""Beyond 750 million documents groups grow, beyond 384 million partitions do: each group writes a
row group for each partition, and a file's footer lists them all.
"""


NOTHING = Listing()


@dataclass(frozen=True, slots=True)
class Step:
    """What identifies a step's work, and how its tasks follow from what is there."""

    name: str
    versions: dict[str, int]
    config: tuple[str, ...]
    tasks: Callable[["Plan", Made], "Tasks"]


@dataclass(frozen=True, slots=True)
class Guide:
    """Where an index-guided run finds its WARC files, and what its questions are known by."""

    root: str
    known: str
    robots: tuple[Input, ...] = ()
    """The index's files of robots.txt records, where these choose which are read."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A run's inputs and configuration.

    Gives each step's tasks once the steps before it are done.
    """

    settings: config.Run
    snapshot: str
    shards: tuple[Input, ...]
    robots: tuple[Input, ...]
    block_list: Input | None = None
    suppressed: Listing = NOTHING
    """The suppression list as it stood when the run began: `gate` heeds it."""
    suppressed_now: Listing = NOTHING
    """As it stands now, without what was erased from this run: `judge` heeds it."""
    index: Index | None = None
    """What earlier snapshots of the run's dataset published; None for a run without a dataset."""
    beside: Mapping[str, Input] = field(default_factory=dict)
    """Files of sites that were given beside the snapshot, by kind (`site_inputs`)."""
    optouts: Input | None = None
    """The list of domains that opted out."""
    guide: Guide | None = None
    """Of an index-guided run, whose `shards` are files of the index."""

    def tasks(self, step: Step, made: Made) -> list[Task]:
        """The step's tasks in order; `made` holds the manifests of the steps before it."""
        slice_of = self.settings.slice(*step.config)
        digest = config.digester(step.name, step.versions, slice_of, self.snapshot)
        # Names and numbers are among the digests: two empty shards are two tasks.
        return [
            Task(step.name, digest(digests, schema.VERSION), name, params)
            for name, digests, params in step.tasks(self, made)
        ]


def prepared(robots: int, has_optouts: bool) -> int:
    """Tasks of `prepare` for so many files of robots.txt, without other files of sites."""
    return max(1, len(_spread(robots))) + 3 + has_optouts


def _ordinal(number: int) -> str:
    return f"{number:05d}"


def _prepare(plan: Plan, made: Made) -> Tasks:
    del made
    for number, places in enumerate(_spread(len(plan.robots)) or [range(0)]):
        group = plan.robots[places.start : places.stop]
        yield (
            f"{ROBOTS}-{_ordinal(number)}",
            [f"{i.name}:{i.identity}" for i in group],
            {"robots": [i.to_json() for i in group], "inputs": [i.name for i in group]},
        )
    if plan.guide is not None:
        for number, item in enumerate(plan.shards):
            yield (
                f"{selection.KIND}-{_ordinal(number)}",
                [selection.KIND, item.name, item.identity, plan.guide.known],
                {"index": item.to_json(), "inputs": [item.name]},
            )
        for number, item in enumerate(plan.guide.robots):
            yield (
                f"{robots_index.KIND}-{_ordinal(number)}",
                [robots_index.KIND, item.name, item.identity, robots_index.KNOWN],
                {robots_index.KIND: item.to_json(), "inputs": [item.name]},
            )
    found: dict[str, Any]
    for kind, item in plan.beside.items():
        for number, groups in enumerate(_spread(site_inputs.row_groups(item))):
            bounds = [groups.start, groups.stop]
            yield (
                f"{kind}-{_ordinal(number)}",
                [kind, item.identity, str(bounds)],
                {"beside": item.to_json(), "kind": kind, "groups": bounds, "inputs": [item.name]},
            )
    for name, listed in (("block_list", plan.block_list), (OPTOUTS, plan.optouts)):
        if listed or name == "block_list":
            found = {"list": listed and listed.to_json(), "key": LIST_KEYS[name]}
            found["inputs"] = [listed.name] if listed else []
            yield name, [name, listed.identity if listed else "none"], found

    for name, listing in (("suppressed", plan.suppressed), (NOW, plan.suppressed_now)):
        params = {"files": listing.to_json(), "inputs": [item.name for item in listing.files]}
        yield name, [name, listing.digest], params


NOW = "suppressed_now"
ROBOTS = "robots"
"""Names of tasks of `prepare` and `collate`: those of robots.txt files begin with this."""
OPTOUTS = "optout_domains"
LIST_KEYS = {"block_list": lists.KEY, OPTOUTS: lists.OPT_OUTS}
MAX_READERS = 1000
"""Tasks that read robots.txt files, or what is given beside them; beyond that they grow."""


def _spread(count: int) -> list[range]:
    """So many things in ranges of equal length, one a task."""
    size = max(1, -(-count // MAX_READERS))
    return [range(start, min(count, start + size)) for start in range(0, count, size)]


def _collate(plan: Plan, made: Made) -> Tasks:
    by_index = plan.guide is not None and bool(plan.guide.robots)
    if plan.guide is not None and by_index:
        yield from _chosen_robots(plan.guide, plan.settings, made)
    for kind in (*(() if by_index else (ROBOTS,)), *plan.beside):
        found = [m for m in made["prepare"] if m.task.startswith(f"{kind}-")]
        names = [table.name for table in site_tables.TABLES]
        of = {name: [site_tables.groups(m.output(name)) for m in found] for name in names}
        known = _digests(found, *names)
        rows = sum(m.output(names[0]).rows for m in found)
        for first, last in site_tables.ranges(rows):
            params = {
                "kind": kind,
                "buckets": [first, last],
                **{name: [between(first, last) for between in of[name]] for name in names},
            }
            name = f"{kind}-{first:02d}"
            digests = [f"{kind}:{first}:{last}", *known]
            yield name, digests, params

    if plan.guide is not None:
        yield from _regroup(plan.guide, made)


def _regroup(guide: Guide, made: Made) -> Tasks:
    found = [m for m in made["prepare"] if m.task.startswith(f"{selection.KIND}-")]
    every = selection.groups_of(found)
    for first, last in selection.parts(sum(m.output("selected").rows for m in found)):
        params = {"selected": [selection.groups(m, first, last) for m in found], "all": every}
        digests = [f"{selection.KIND}:{first}:{last}", guide.known, *_digests(found, "selected")]
        yield f"{selection.KIND}-{first:02d}", digests, params


def _chosen_robots(guide: Guide, settings: config.Run, made: Made) -> Tasks:
    """A range of keys each, of the robots.txt files that the index has."""
    pages, files = (
        [m for m in made["prepare"] if m.task.startswith(f"{kind}-")]
        for kind in (selection.KIND, robots_index.KIND)
    )
    tables = [m.output("indexed_robots") for m in files]
    between, known = [site_tables.groups(table) for table in tables], _digests(pages, "selected")
    limits = settings.slice("extract.cpu_limit_s", "extract.memory_limit_mb")
    known += [str(limits), str(read.VERSION), *(table.known for table in tables)]
    for first, last in site_tables.ranges(sum(table.rows for table in tables)):
        params = {
            "kind": ROBOTS,
            "root": guide.root,
            "indexed": [groups(first, last) for groups in between],
            "every": [groups(0, prepare.BUCKETS) for groups in between],
            "pages": selection.groups_of(pages),
        }
        yield f"{ROBOTS}-{first:02d}", [f"{ROBOTS}:{first}:{last}", *known], params


def _shards(plan: Plan, made: Made) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """What each task of `extract` reads, as parameters and as digests."""
    if plan.guide is None:
        for shard in plan.shards:
            yield {"shard": shard.to_json()}, [shard.name, shard.identity]
        return
    found = [m for m in made["collate"] if m.task.startswith(f"{selection.KIND}-")]
    warcs = list(selection.warcs(found))
    if not warcs:
        raise ConfigError(
            "cc_index", "selects no record of the index", "`weir plan` says what it asks for"
        )
    for warc, place, known in warcs:
        shard = Input(warc, f"{plan.guide.root}/{warc}", f"selected:{known}")
        yield {"shard": shard.to_json(), "selected": place}, [warc, shard.identity]


def _site_table(made: Made, kind: str) -> tuple[list[Any], list[str]]:
    """Parts of a table of files of sites, as tasks are given them, and their digests."""
    found = [m for m in made["collate"] if m.task.startswith(f"{kind}-")]
    names = [table.name for table in site_tables.TABLES]
    firsts = [int(m.task.rpartition("-")[2]) for m in found]
    lasts = [*firsts[1:], prepare.BUCKETS]
    entries = [
        [first, last, *(m.output(name).path for name in names)]
        for m, first, last in zip(found, firsts, lasts, strict=True)
    ]
    return entries, _digests(found, *names)


def _prepared(made: Made, task: str) -> Output:
    """The only table that the step's task of that name made."""
    return next(m.outputs[0] for m in made["prepare"] if m.task == task)


def _extract(plan: Plan, made: Made) -> Tasks:
    blocked, listed = (_prepared(made, task) for task in ("block_list", "suppressed"))
    robots, known = _site_table(made, ROBOTS)
    for number, (shard, identity) in enumerate(_shards(plan, made)):
        params = {
            **shard,
            "robots": robots,
            "block_list": blocked.path,
            "suppressed": listed.path,
            "inputs": [shard["shard"]["name"]],
        }
        digests = [
            *(*identity, blocked.known, *known),
            *(plan.suppressed.digest, *_at_gate(plan)),
        ]
        yield _ordinal(number), digests, params


def _at_gate(plan: Plan) -> tuple[str, ...]:
    """What the gate heeds: the policies `standard` and `strict` share an extraction."""
    rights = plan.settings.rights
    return ("rights", rights.gate_policy, str(rights.heeds_crawl), *rights.at_gate)


def _digests(made: Sequence[Manifest], *tables: str) -> list[str]:
    return [m.output(table).known for m in made for table in tables]


def _paths(made: Sequence[Manifest], table: str) -> list[str]:
    return [m.output(table).path for m in made]


def _sources(plan: Plan, made: Made) -> list[dict[str, Any]]:
    """Files of signatures and of texts beside them: the run's shards, by file name.

    Then those of earlier snapshots. A source is known by its number in this list, so neither the
    order in which inputs were given nor that in which they were read has a part in clustering.
    """
    own = [
        {
            "number": number,
            "name": m.inputs[0],
            "signatures": m.output("signatures").path,
            "sha256": m.output("signatures").sha256,
            "known": m.output("signatures").known,
            "rows": m.output("signatures").rows,
            "documents": m.output("documents").path,
            "texts": m.output("documents").known,
        }
        for number, m in enumerate(by_name(made["extract"]))
    ]
    return own + (plan.index.sources(len(own)) if plan.index else [])


def by_name(extracted: Sequence[Manifest]) -> list[Manifest]:
    """Manifests of step extract in the order of the names of their input files."""
    return sorted(extracted, key=lambda m: m.inputs[0])


def _own(sources: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the run itself."""
    return [source for source in sources if not source.get("is_old")]


def _groups(sources: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Neighbouring sources of together at least `GROUP_DOCUMENTS` rows; published ones apart.

    More rows, where there would be more than `MAX_GROUPS` of them.
    """
    groups: list[list[dict[str, Any]]] = []
    rows, least = 0, max(GROUP_DOCUMENTS, sum(s["rows"] for s in sources) // MAX_GROUPS)
    for source in sources:
        is_other = groups and source.get("is_old") != groups[-1][0].get("is_old")
        if not groups or is_other or rows >= least:
            groups.append([])
            rows = 0
        groups[-1].append(source)
        rows += source["rows"]
    return groups


def _bounds(groups: Sequence[Sequence[dict[str, Any]]]) -> list[list[Any]]:
    """Name, first source and the one after the last, of each group."""
    return [
        [_ordinal(number), group[0]["number"], group[-1]["number"] + 1]
        for number, group in enumerate(groups)
    ]


def _parts(plan: Plan, sources: Sequence[dict[str, Any]]) -> int:
    """Partitions of keys, and of components."""
    documents = sum(source["rows"] for source in _own(sources))
    found = min(MAX_PARTS, max(MIN_PARTS, -(-documents // PART_DOCUMENTS)))
    return plan.settings.cluster.partitions or found


def _row_groups(output: Output) -> Callable[[str], list[Any]]:
    """By name, the file and its row groups of that name: what a task is to read of it."""
    groups: dict[str, list[int]] = {}
    for tag, group in output.groups:
        groups.setdefault(tag, []).append(group)
    return lambda name: [output.path, groups.get(name, [])]


def _band(plan: Plan, made: Made) -> Tasks:
    for number, group in enumerate(_groups(_own(_sources(plan, made)))):
        digests = [x for source in group for x in (str(source["number"]), source["known"])]
        yield _ordinal(number), digests, {"sources": group}


def _pair(plan: Plan, made: Made) -> Tasks:
    sources = _sources(plan, made)
    parts = _parts(plan, sources)
    keys = [
        {"path": o.path, "rows": o.rows, "offset": 0, "is_old": False}
        for o in (m.output("keys") for m in made["band"])
    ]
    published = plan.index.keys(len(_own(sources))) if plan.index else []
    params = {
        "keys": keys + published,
        "parts": parts,
        "old_from": len(_own(sources)),
        "names": [source["name"] for source in sources],
    }
    for part in range(parts):
        digests = [
            f"{part} of {parts}",
            *_digests(made["band"], "keys"),
            *(str([f["sha256"], f["offset"], f["gone"]]) for f in published),
        ]
        yield _ordinal(part), digests, {**params, "part": part}


def _gather(plan: Plan, made: Made) -> Tasks:
    sources = _sources(plan, made)
    rows = [source["rows"] for source in _own(sources)]
    params = {
        "candidates": _paths(made["pair"], "candidates"),
        "source_rows": rows,
        "old_from": len(rows),
        "has_old": len(rows) < len(sources),
        "groups": _bounds(_groups(sources)),
        "parts": _parts(plan, sources),
    }
    digests = [
        *(str(params[name]) for name in ("parts", "source_rows", "groups")),
        *_digests(made["pair"], "candidates"),
    ]
    yield "components", digests, params


def _lend(plan: Plan, made: Made) -> Tasks:
    homes = made["gather"][0].output("homes")
    of = _row_groups(homes)
    for number, group in enumerate(_groups(_sources(plan, made))):
        name = _ordinal(number)
        params = {"sources": group, "homes": of(name)}
        yield name, [name, homes.known, *(source["known"] for source in group)], params


def _estimate(plan: Plan, made: Made) -> Tasks:
    sources = _sources(plan, made)
    gathered = made["gather"][0].output("candidates")
    candidates, lent = _row_groups(gathered), [_row_groups(m.output("lent")) for m in made["lend"]]
    known = _digests(made["lend"], "lent")
    groups = _bounds(_groups(sources))
    for part in range(_parts(plan, sources)):
        params = {
            "candidates": candidates(str(part)),
            "lent": [of(str(part)) for of in lent],
            "groups": groups,
        }
        digests = [str(part), str(groups), gathered.known, *known]
        yield _ordinal(part), digests, params


def _shingle(plan: Plan, made: Made) -> Tasks:
    wanted = [_row_groups(m.output("wanted")) for m in made["estimate"]]
    known = _digests(made["estimate"], "wanted")
    for number, group in enumerate(_groups(_sources(plan, made))):
        name = _ordinal(number)
        params = {"sources": group, "wanted": [of(name) for of in wanted]}
        digests = [name, *known, *(source["texts"] for source in group)]
        yield name, digests, params


def _cluster(plan: Plan, made: Made) -> Tasks:
    old_from = len(_own(_sources(plan, made)))
    lent = [_row_groups(m.output("lent")) for m in made["lend"]]
    shingles = [_row_groups(m.output("shingles")) for m in made["shingle"]]
    known = [*_digests(made["lend"], "lent"), *_digests(made["shingle"], "shingles")]
    for part, estimated in enumerate(made["estimate"]):
        name = str(part)
        params = {
            "lent": [of(name) for of in lent],
            "shingles": [of(name) for of in shingles],
            "estimates": estimated.output("estimates").path,
            "old_from": old_from,
        }
        yield _ordinal(part), [name, estimated.output("estimates").known, *known], params


def _judge(plan: Plan, made: Made) -> Tasks:
    listed = _prepared(made, NOW).path
    tables, known = dict[str, Any](), list[str]()
    for kind in plan.beside:
        tables[kind], digests = _site_table(made, kind)
        known += [kind, *digests]
    optouts = _prepared(made, OPTOUTS) if plan.optouts else None
    known += [OPTOUTS, optouts.known] if optouts else []
    for m in made["extract"]:
        params = {
            **{t: m.output(t).path for t in ("documents", "signals", "signatures")},
            "suppressed": listed,
            "beside": tables,
            "optouts": optouts and optouts.path,
        }
        digests = [m.task, *_digests([m], "documents", "signals"), plan.suppressed_now.digest]
        digests += known
        yield m.task, digests, params


def _resolve(plan: Plan, made: Made) -> Tasks:
    groups = _bounds(_groups(_sources(plan, made)))
    judged = dict(zip((m.task for m in made["extract"]), made["judge"], strict=True))
    verdicts = [judged[m.task] for m in by_name(made["extract"])]
    paths, known = _paths(verdicts, "verdicts"), _digests(verdicts, "verdicts")
    for clustered in made["cluster"]:
        members, edges = clustered.output("members"), clustered.output("edges")
        params = {
            "members": members.path,
            "edges": edges.path,
            "verdicts": paths,
            "groups": groups,
        }
        digests = [clustered.task, str(groups), members.known, edges.known, *known]
        yield clustered.task, digests, params


def _decide(plan: Plan, made: Made) -> Tasks:
    removed = [_row_groups(m.output("removals")) for m in made["resolve"]]
    known = _digests(made["resolve"], "removals")
    removals = functools.cache(lambda group: [of(group) for of in removed])
    number_of = {m.task: number for number, m in enumerate(by_name(made["extract"]))}
    group_of = {
        number: name
        for name, first, last in _bounds(_groups(_sources(plan, made)))
        for number in range(first, last)
    }
    for extracted, judged in zip(made["extract"], made["judge"], strict=True):
        number = number_of[extracted.task]
        digests = [
            str(number),
            *_digests([extracted], "documents", "signals"),
            *_digests([judged], "verdicts"),
            *known,
        ]
        params = {
            "ordinal": number,
            "documents": extracted.output("documents").path,
            "signals": extracted.output("signals").path,
            "verdicts": judged.output("verdicts").path,
            "removals": removals(group_of[number]),
        }
        yield extracted.task, digests, params


LEAST_PUBLISHING = 32
"""Tasks of `publish` that even a small run has, so that its workers share that work."""


def published_together(settings: config.Run, shards: int) -> int:
    """Shards that one task of `publish` gathers. The corpus has the same bytes for any number."""
    return min(settings.publish.shards_per_task, max(1, -(-shards // LEAST_PUBLISHING)))


def _publish(plan: Plan, made: Made) -> Tasks:
    pairs = list(zip(made["extract"], made["decide"], strict=True))
    size = published_together(plan.settings, len(pairs))
    for part, start in enumerate(range(0, len(pairs), size)):
        group = pairs[start : start + size]
        shards = [
            {
                "documents": e.output("documents").path,
                "signals": e.output("signals").path,
                "decisions": d.output("decisions").path,
                "groups": e.output("documents").groups,
                **({"signatures": e.output("signatures").path} if plan.index else {}),
            }
            for e, d in group
        ]
        digests = [
            x
            for e, d in group
            for x in (*_digests([e], "documents", "signals"), *_digests([d], "decisions"))
        ]
        if plan.index:
            digests += [x for e, _ in group for x in ("indexed", *_digests([e], "signatures"))]
        params = {"shards": shards, "is_indexed": plan.index is not None}
        yield _ordinal(part), [str(part), *digests], params


def _compact(plan: Plan, made: Made) -> Tasks:
    del plan
    of = [_row_groups(m.output("corpus")) for m in made["publish"]]
    known = [output.known for m in made["publish"] for output in m.outputs]
    for tag in sorted({tag for m in made["publish"] for tag, _ in m.output("corpus").groups}):
        parts = [
            [[output.path for output in m.outputs], groups]
            for m, find in zip(made["publish"], of, strict=True)
            if (groups := find(tag)[1])
        ]
        yield tag, [tag, *known], {"tag": tag, "parts": parts}


def _index(plan: Plan, made: Made) -> Tasks:
    """Nothing for a run without a dataset."""
    if plan.index is None:
        return
    signed = [o for m in made["compact"] for o in m.outputs if o.base == "signatures"]
    sources = [
        {
            "number": number,
            "signatures": o.path,
            "sha256": o.sha256,
            "rows": o.rows,
            "known": o.known,
        }
        for number, o in enumerate(signed)
    ]
    for number, group in enumerate(_groups(sources)):
        digests = [x for source in group for x in (str(source["number"]), source["known"])]
        yield _ordinal(number), ["index", *digests], {"sources": group}


_GATE = tuple(f"gate.{name}" for name in config.Gate.model_fields if name != "block_list")
"""The block list is known by its content, wherever it lies."""
_SIGNALS = {f"signal.{name}": signal.version for name, signal in BY_NAME.items()}
_JUDGED = ("language.rules", "languages.rules", "language.domains", "languages.domains")
_PAIR = {"pair": pair.VERSION}
_CLUSTER = {"cluster": cluster.VERSION}
_DECIDE = {"decide": decide.VERSION}
_PUBLISH = {"publish": publish.VERSION}
_EXTRACT = {
    "read": read.VERSION,
    "parse": parse.VERSION,
    "gate": gate.VERSION,
    "extract": extract.VERSION,
    "identify": identify.VERSION,
    "langid": models.fingerprint(),
    "redact": redact.VERSION,
    "measure": measure.VERSION,
    "score": score.VERSION,
    "sign": sign.VERSION,
    "suppress": suppress.VERSION,
    "permutations": minhash.PERMUTATIONS,
    **_SIGNALS,
}

STEPS: tuple[Step, ...] = (
    Step(
        "prepare",
        {"prepare": prepare.VERSION, "read": read.VERSION},
        ("extract.cpu_limit_s", "extract.memory_limit_mb"),
        _prepare,
    ),
    Step("collate", {"prepare": prepare.VERSION}, (), _collate),
    Step(
        "extract",
        _EXTRACT,
        (
            *("limit", "read", *_GATE, "extract", "identify", "redact"),
            *(f"languages.{key}" for key in config.WORD_LISTS),
            *("tokens", "datatrove"),
            *(f"{part}.{key}" for part in ("language", "languages") for key in config.PACK_MODELS),
        ),
        _extract,
    ),
    Step("band", {"band": band.VERSION}, ("cluster.bands", "cluster.rows"), _band),
    Step("pair", _PAIR, (), _pair),
    Step("gather", _PAIR, (), _gather),
    Step("lend", _PAIR, (), _lend),
    Step("estimate", _CLUSTER, ("cluster.threshold",), _estimate),
    Step("shingle", {"shingles": HASH_VERSION}, (), _shingle),
    Step("cluster", _CLUSTER, ("cluster.threshold",), _cluster),
    Step(
        "judge",
        {**_DECIDE, "reserve": reserve.VERSION},
        (*_JUDGED, "rights.policy", "rights.robots_mode"),
        _judge,
    ),
    Step("resolve", _DECIDE, (), _resolve),
    Step("decide", _DECIDE, ("language.rules",), _decide),
    Step("publish", _PUBLISH, ("publish.upsampling_weights",), _publish),
    Step("compact", _PUBLISH, ("publish",), _compact),
    Step("index", {"band": band.VERSION}, ("cluster.bands", "cluster.rows"), _index),
)
