"""The plan: which tasks each step has, and the key by which a task's work is known.

Key = SHA-256 of the step, its stages' versions, the configuration slice that they declare, the
digests of the inputs and the schema. Dependencies follow from keys; nobody types them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from filters import minhash
from filters.catalog import BY_NAME
from langid import models
from pipeline import config
from pipeline.executor import Task
from pipeline.manifest import Manifest, Output
from pipeline.storage import Input
from pipeline.suppression import Listing
from stages import (
    cluster,
    decide,
    extract,
    gate,
    identify,
    measure,
    parse,
    prepare,
    publish,
    read,
    redact,
    schema,
    score,
    sign,
    suppress,
)

Made = dict[str, list[Manifest]]
"""Manifests of finished steps, in task order."""


NOTHING = Listing()


@dataclass(frozen=True, slots=True)
class Step:
    """What identifies a step's work, and how its tasks follow from what is there."""

    name: str
    versions: dict[str, int]
    config: tuple[str, ...]
    tasks: Callable[["Plan", Made], Iterator[tuple[str, list[str], dict[str, Any]]]]
    """Yields (name, input digests, parameters)."""


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

    def tasks(self, step: Step, made: Made) -> list[Task]:
        """The step's tasks in order; `made` holds the manifests of the steps before it."""
        slice_of = self.settings.slice(*step.config)
        found = []
        for name, digests, params in step.tasks(self, made):
            identity = [step.name, step.versions, slice_of, self.snapshot, digests, schema.VERSION]
            # Names and numbers are among the digests: two empty shards are two tasks.
            found.append(Task(step.name, config.digest(identity), name, params))
        return found


def _ordinal(number: int) -> str:
    return f"{number:05d}"


def _prepare(plan: Plan, made: Made) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    del made
    yield (
        "robots",
        [f"{i.name}:{i.identity}" for i in plan.robots],
        {"robots": [i.to_json() for i in plan.robots], "inputs": [i.name for i in plan.robots]},
    )
    listed = plan.block_list
    yield (
        "block_list",
        ["block_list", listed.identity if listed else "none"],
        {"list": listed and listed.to_json(), "inputs": [listed.name] if listed else []},
    )

    for name, listing in (("suppressed", plan.suppressed), (NOW, plan.suppressed_now)):
        params = {"files": listing.to_json(), "inputs": [item.name for item in listing.files]}
        yield name, [name, listing.digest], params


NOW = "suppressed_now"


def _prepared(made: Made, task: str) -> Output:
    """The only table that the step's task of that name made."""
    return next(m.outputs[0] for m in made["prepare"] if m.task == task)


def _extract(plan: Plan, made: Made) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    robots, blocked, listed = (
        _prepared(made, task) for task in ("robots", "block_list", "suppressed")
    )
    for number, shard in enumerate(plan.shards):
        params = {
            "shard": shard.to_json(),
            "robots_table": robots.path,
            "block_list": blocked.path,
            "suppressed": listed.path,
            "inputs": [shard.name],
        }
        digests = [
            *(shard.name, shard.identity, robots.known, blocked.known),
            plan.suppressed.digest,
        ]
        yield _ordinal(number), digests, params


def _digests(made: Sequence[Manifest], *tables: str) -> list[str]:
    return [m.output(table).known for m in made for table in tables]


def _paths(made: Sequence[Manifest], table: str) -> list[str]:
    return [m.output(table).path for m in made]


def _pair(plan: Plan, made: Made) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    partitions = min(plan.settings.cluster.partitions, schema.N_BANDS)
    signatures = _paths(made["extract"], "signatures")
    for part in range(partitions):
        bands = list(range(part, schema.N_BANDS, partitions))
        yield (
            _ordinal(part),
            [str(bands), *_digests(made["extract"], "signatures")],
            {"signatures": signatures, "bands": bands},
        )


def _verify(plan: Plan, made: Made) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    partitions = min(plan.settings.cluster.partitions, max(1, len(plan.shards)))
    for part in range(partitions):
        shards = list(range(part, len(made["extract"]), partitions))
        digests = [
            str(shards),
            *_digests(made["pair"], "candidates"),
            *_digests(made["extract"], "documents"),
        ]
        params = {
            "candidates": _paths(made["pair"], "candidates"),
            "documents": _paths(made["extract"], "documents"),
            "shards": shards,
        }
        yield _ordinal(part), digests, params


def _cluster(plan: Plan, made: Made) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    digests = [*_digests(made["extract"], "signatures"), *_digests(made["verify"], "edges")]
    params = {
        "signatures": _paths(made["extract"], "signatures"),
        "edges": _paths(made["verify"], "edges"),
        "partitions": plan.settings.cluster.partitions,
    }
    yield "components", digests, params


def _judge(plan: Plan, made: Made) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    listed = _prepared(made, NOW).path
    for m in made["extract"]:
        params = {
            **{t: m.output(t).path for t in ("documents", "signals", "signatures")},
            "suppressed": listed,
        }
        digests = [m.task, *_digests([m], "documents", "signals"), plan.suppressed_now.digest]
        yield m.task, digests, params


def _resolve(plan: Plan, made: Made) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    (clustered,) = made["cluster"]
    verdicts = _paths(made["judge"], "verdicts")
    for part in range(plan.settings.cluster.partitions):
        members, edges = clustered.output(f"members.{part}"), clustered.output(f"edges.{part}")
        digests = [str(part), members.known, edges.known, *_digests(made["judge"], "verdicts")]
        yield (
            _ordinal(part),
            digests,
            {"members": members.path, "edges": edges.path, "verdicts": verdicts},
        )


def _decide(plan: Plan, made: Made) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    del plan
    removals = made["resolve"]
    for number, (extracted, judged) in enumerate(zip(made["extract"], made["judge"], strict=True)):
        digests = [
            str(number),
            *_digests([extracted], "documents", "signals"),
            *_digests([judged], "verdicts"),
            *_digests(removals, "removals"),
        ]
        params = {
            "ordinal": number,
            "documents": extracted.output("documents").path,
            "signals": extracted.output("signals").path,
            "verdicts": judged.output("verdicts").path,
            "removals": _paths(removals, "removals"),
        }
        yield extracted.task, digests, params


def _publish(plan: Plan, made: Made) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    pairs = list(zip(made["extract"], made["decide"], strict=True))
    size = plan.settings.publish.shards_per_task
    for part, start in enumerate(range(0, len(pairs), size)):
        group = pairs[start : start + size]
        shards = [
            {
                "documents": e.output("documents").path,
                "signals": e.output("signals").path,
                "decisions": d.output("decisions").path,
                "groups": [list(g) for g in e.output("documents").groups],
            }
            for e, d in group
        ]
        digests = [
            x
            for e, d in group
            for x in (*_digests([e], "documents", "signals"), *_digests([d], "decisions"))
        ]
        yield _ordinal(part), [str(part), *digests], {"shards": shards}


def _compact(plan: Plan, made: Made) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    del plan
    parts = [m.output("corpus") for m in made["publish"]]
    for tag in sorted({tag for part in parts for tag, _ in part.groups}):
        holding = [
            (p.path, [g for t, g in p.groups if t == tag])
            for p in parts
            if any(t == tag for t, _ in p.groups)
        ]
        yield (
            tag,
            [tag, *(p.known for p in parts)],
            {"tag": tag, "parts": [[path, groups] for path, groups in holding]},
        )


_GATE = tuple(f"gate.{name}" for name in config.Gate.model_fields if name != "block_list")
"""The block list is known by its content, wherever it lies."""
_SIGNALS = {f"signal.{name}": signal.version for name, signal in BY_NAME.items()}
_JUDGED = ("language.rules", "languages.rules", "language.domains", "languages.domains")
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
    Step("pair", _CLUSTER, (), _pair),
    Step("verify", _CLUSTER, ("cluster.threshold",), _verify),
    Step("cluster", _CLUSTER, ("cluster.partitions",), _cluster),
    Step(
        "judge",
        _DECIDE,
        ("language.rules", "languages.rules", "language.domains", "languages.domains"),
        _judge,
    ),
    Step("resolve", _DECIDE, (), _resolve),
    Step("decide", _DECIDE, ("language.rules",), _decide),
    Step("publish", _PUBLISH, (), _publish),
    Step("compact", _PUBLISH, ("publish",), _compact),
)
