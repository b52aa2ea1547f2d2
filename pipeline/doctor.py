"""Whether a run can be made here: `weir doctor`. Each check says what it found, and what to do.

Nothing is kept of it: what is written to try a disk or a store is removed again. No check prints a
credential, or the value of an environment variable.
"""

import platform
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from langid import identify, models
from pipeline import (
    bounds,
    config,
    context,
    disk_checks,
    lists,
    machine,
    reference,
    remote,
    storage,
    store_checks,
)
from pipeline.answers import Text, folded
from pipeline.checks import FAIL, OK, WARN, Check, gib
from pipeline.executor.machine import memory_mb
from pipeline.sandbox import Sandbox
from stages.errors import CurationError

PINS: Final = Path(__file__).parents[1] / "constraints.txt"
"""Beside the code in a checkout; an installed package has none."""
DEFINING: Final = (
    "datasketch",
    "datatrove",
    "fastwarc",
    "fasttext-wheel",
    "numpy",
    "py3langid",
    "pyarrow",
    "pycld2",
    "ray",
    "resiliparse",
    "trafilatura",
    "warcio",
)
"""Packages whose versions are part of a run's bytes, or that a cluster's nodes must share."""
FILES_PER_WORKER: Final = 256
SHM: Final = Path("/dev/shm")  # noqa: S108 - where Ray puts its objects
SHM_BYTES: Final = 256 << 20
SENTENCE: Final = "Die Katze sitzt auf der Mauer und schaut den Vögeln zu."
ORDEALS: Final = "pipeline.ordeals"
CPU_LIMIT_S, MEMORY_LIMIT_MB = 0.5, 128
READ_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the run is to be: its configuration, places and workers; None for the usual."""

    settings: config.Run
    output: str
    inputs: Sequence[str] = ()
    address: str | None = None
    workers: int | None = None

    @property
    def count(self) -> int:
        """Workers on this machine."""
        return self.workers or max(1, int(machine.cores()))


def examined(wanted: Wanted) -> list[Check]:
    """Every check that concerns such a run, in the order of what depends on what."""
    return [
        *_software(),
        *_hardware(wanted),
        *_children(),
        *_models(wanted),
        *_files(wanted),
        *_output(wanted),
        *_inputs(wanted),
        *(_cluster(wanted) if wanted.address is not None else ()),
    ]


def _software() -> Iterator[Check]:
    yield Check("python", OK, platform.python_version())
    pinned = _pins()
    for name in DEFINING:
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            remedy = "install it: make venv, or pip install -c constraints.txt -e ."
            yield Check(name, FAIL, "is not installed", remedy)
            continue
        meant = pinned.get(name, found)
        if found == meant:
            yield Check(name, OK, found)
        else:
            yield Check(
                name,
                WARN,
                f"{found}, where constraints.txt has {meant}",
                "equal bytes are promised for equal versions: pip install -c constraints.txt -e .",
            )


def _pins() -> dict[str, str]:
    try:
        lines = PINS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("==") for line in lines if "==" in line and not line.startswith("#"))
    return {name.lower().replace("_", "-"): version for name, _, version in pairs}


def _hardware(wanted: Wanted) -> Iterator[Check]:
    has, count = machine.cores(), wanted.count
    if count > has:
        remedy = "more workers than cores only take memory: lower --workers"
        yield Check("cores", WARN, f"{count} workers on {has:g} cores", remedy)
    else:
        yield Check("cores", OK, f"{has:g}, for {count} workers")
    yield _memory(wanted)
    soft, hard = machine.open_files()
    needed = FILES_PER_WORKER * (count + 1)
    if soft >= needed:
        yield Check("open files", OK, f"{soft:,} allowed")
    else:
        most = f"ulimit -n {min(hard, 65536)}" if hard >= needed else "a limit of the machine"
        yield Check(
            "open files", WARN, f"{soft:,} allowed, {needed:,} advised", f"raise it: {most}"
        )
    scratch = Path(tempfile.gettempdir())
    yield disk_checks.room("scratch disk", scratch, 1 << 30, "set TMPDIR to a disk with room")
    if wanted.address is not None:
        return  # its nodes' object stores were made when it was started
    room = disk_checks.free_bytes(SHM)
    if room is not None and room < SHM_BYTES:
        yield Check(
            str(SHM),
            WARN,
            f"{gib(room)} free: Ray would keep its objects on disk",
            "matters with --executor ray only; give the container more (--shm-size=1g)",
        )


def _memory(wanted: Wanted) -> Check:
    """Whether the workers fit, each at the bound of the largest step that runs beside others."""
    has_mb, count = memory_mb(), wanted.count
    each_mb = bounds.worker_mb(wanted.settings)
    found = f"{gib(has_mb << 20)} for {count} workers of at most {gib(each_mb << 20)}"
    fit = has_mb // each_mb
    if fit >= count:
        return Check("memory", OK, found)
    remedy = (
        f"use --workers {fit}" if fit else "a worker may need more than there is"
    ) + ", or lower what moves the bounds (docs/operations.md)"
    # A bound is what the worst page may take; most take a third of it.
    return Check("memory", WARN if has_mb >= bounds.WORKER_MB + 512 else FAIL, found, remedy)


def _children() -> Iterator[Check]:
    """Whether parsers run in a child, and it is ended when it takes too much."""
    guard = Sandbox(context.PARSERS, 5, 512)
    try:
        made = guard.call("survey", b"<p>ok</p>", {"content-type": "text/html"}, (1000, 100))
    finally:
        guard.close()
    works = made.get("visible") == "ok"
    yield Check("killable child", OK if works else FAIL, "parses" if works else f"answers {made}")
    for name, ordeal, reason, cpu_limit_s in (
        ("limit of CPU time", "spin", "extract.timeout", CPU_LIMIT_S),
        ("limit of memory", "grow", "extract.memory", 10 * CPU_LIMIT_S),
    ):
        yield _ordeal(name, ordeal, reason, cpu_limit_s)


def _ordeal(name: str, ordeal: str, reason: str, cpu_limit_s: float = CPU_LIMIT_S) -> Check:
    guard = Sandbox(ORDEALS, cpu_limit_s, MEMORY_LIMIT_MB)
    try:
        ended = guard.call(ordeal).get("reason")
        lives = guard.call("answer").get("ok")
    finally:
        guard.close()
    if ended == reason and lives:
        return Check(name, OK, "a child that passes it is ended, and another one works on")
    found = f"a child that passed it ended with {ended}" if lives else "no child works after it"
    return Check(name, FAIL, found, "run on Linux, with /proc mounted and without a seccomp filter")


def _models(wanted: Wanted) -> Iterator[Check]:
    """Language models: whether they are there, are what they should be, and work."""
    for one in reference.model_checks():
        absent = one["state"] == "absent"
        if not one["ok"]:
            yield Check(f"model {one['name']}", FAIL, str(one["detail"]))
        elif not absent:
            yield Check(f"model {one['name']}", OK, str(one["detail"]))
    found = identify.identify(SENTENCE, models.load(wanted.settings.identify.models))
    is_right = found.tag == "deu_Latn"
    detail = f"{', '.join(wanted.settings.identify.models)}: {found.tag} for a German sentence"
    yield Check(
        "language models",
        OK if is_right else FAIL,
        detail,
        "" if is_right else "weir models verify",
    )


def _files(wanted: Wanted) -> Iterator[Check]:
    """Lists and models that the configuration names."""
    named = {
        lists.KEY: wanted.settings.gate.block_list,
        lists.OPT_OUTS: wanted.settings.rights.optout_domains,
    }
    for key, setting in named.items():
        try:
            listed = lists.locate(setting, key)
        except CurationError as error:
            yield _failed(key, error)
            continue
        if listed is not None:
            yield Check(key, OK, f"{listed.name}, {listed.identity[:19]}...")
    try:
        config.check_files(wanted.settings)
    except CurationError as error:
        yield _failed("models of the configuration", error)
    else:
        yield Check("models of the configuration", OK, "each has the SHA-256 that is named")


def _output(wanted: Wanted) -> Iterator[Check]:
    if storage.is_remote(wanted.output):
        yield from store_checks.of(wanted.output)
    else:
        yield from disk_checks.of(Path(wanted.output.removeprefix("file://")))


def _inputs(wanted: Wanted) -> Iterator[Check]:
    """Whether the first bytes of each input can be had; folders and patterns are for `plan`."""
    for uri in wanted.inputs:
        if not storage.is_remote(uri) and not Path(uri.removeprefix("file://")).is_file():
            continue
        try:
            with storage.open_at(uri) as stream:
                size = len(stream.read(READ_BYTES))
        except CurationError as error:
            yield _failed("input", error)
        else:
            yield Check("input", OK if size else WARN, f"{_shown(uri)}: {size:,} bytes read")


def _cluster(wanted: Wanted) -> Iterator[Check]:
    """Whether every node of a Ray cluster has the same versions, sees the run, and has memory."""
    from pipeline.executor import probe  # noqa: PLC0415 - loads Ray when it is asked

    assert wanted.address is not None  # noqa: S101 - the caller looked
    names = (*DEFINING, "weir-corpus")
    folder = None if storage.is_remote(wanted.output) else str(_standing(wanted.output))
    try:
        nodes = probe.nodes(wanted.address, names, folder)
    except CurationError as error:
        yield _failed("Ray", error)
        return
    cpus = sum(node.cpus for node in nodes)
    yield Check("Ray", OK if cpus else FAIL, f"{len(nodes)} nodes, {cpus:g} CPUs")
    here, each = probe.versions(names), bounds.worker_mb(wanted.settings) << 20
    for node in nodes:
        yield _node(node, here, each)


def _node(node: Any, here: Mapping[str, str], each: int) -> Check:
    name = f"node {node.address}"
    if node.error:
        remedy = "install Weir and constraints.txt on it, or use one image for all nodes"
        return Check(name, FAIL, f"no task runs there ({node.error})", remedy)
    other = [f"{k} {v or 'missing'}" for k, v in node.versions.items() if v != here.get(k)]
    if other:
        remedy = "equal bytes need equal versions: use one image, or constraints.txt, for all nodes"
        return Check(name, FAIL, f"has other versions: {', '.join(other)}", remedy)
    if not node.sees_folder:
        remedy = "use a shared disk or an object store for --output"
        return Check(name, FAIL, "does not see the folder of --output", remedy)
    fit = int(node.memory_bytes // each) if each else 0
    if fit < node.cpus:
        found = f"{gib(node.memory_bytes)} for {node.cpus:g} CPUs: {fit} workers at their bound"
        return Check(name, WARN, found, "start Ray there with a smaller --num-cpus")
    return Check(name, OK, f"{node.cpus:g} CPUs, {gib(node.memory_bytes)}, the same versions")


def _standing(output: str) -> Path:
    """The folder, or the nearest one above it that is there."""
    return disk_checks.standing(Path(output.removeprefix("file://")))


def _shown(uri: str) -> str:
    """An address without what may be secret in it; a path as it is."""
    return remote.shown(uri) if storage.is_remote(uri) else uri


def _failed(name: str, error: CurationError) -> Check:
    where = getattr(error, "where", None) or getattr(error, "what", None) or str(error.args[0])
    problem = getattr(error, "problem", "")
    return Check(name, FAIL, f"{_shown(str(where))}: {problem}", getattr(error, "remedy", ""))


def answer(found: Sequence[Check]) -> list[dict[str, Any]]:
    """The checks as plain values, `ok` false for those that failed."""
    return [{**asdict(one), "ok": one.state != FAIL} for one in found]


def text(found: Sequence[Mapping[str, Any]]) -> Text:
    """`weir doctor`."""
    for one in found:
        mark = {OK: "ok  ", WARN: "warn", FAIL: "FAIL"}[one["state"]]
        said = one["detail"] + (f"; {one['remedy']}" if one["remedy"] else "")
        yield from folded(f"{mark}  {one['name']:28} ", said, 35)
    bad = sum(one["state"] == FAIL for one in found)
    doubtful = sum(one["state"] == WARN for one in found)
    yield ""
    yield f"{len(found)} checks: {bad} failed, {doubtful} to look at"
