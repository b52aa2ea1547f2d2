"""What deploy/ holds, as far as it can be known without a cluster: fields that are relied on."""

import itertools
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline import bounds, config
from tests.commands import parser_of

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SCRIPTS = sorted([*DEPLOY.glob("slurm/*.sbatch"), *DEPLOY.glob("ray/*.sh")])
PINS = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if "==" in line
)
GIB_MB = 1024


@pytest.fixture(scope="module")
def job() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "kuberay/rayjob.yaml").read_text("utf-8"))
    return found


def templates(job: dict[str, Any]) -> list[dict[str, Any]]:
    cluster = job["spec"]["rayClusterSpec"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    return [group["template"]["spec"] for group in groups]


def directives(script: Path) -> dict[str, str]:
    """The options that sbatch reads: they end where the first command stands."""
    found = {}
    for line in script.read_text("utf-8").splitlines():
        if line.startswith("#SBATCH "):
            name, _, value = line.removeprefix("#SBATCH --").partition("=")
            found[name] = value
        elif line and not line.startswith("#"):
            break
    return found


def weir_words(text: str) -> list[str]:
    """Options of `weir` that a script or manifest gives."""
    return re.findall(r"(?<=\s)--[a-z-]+", text)


# Kubernetes


def test_the_job_frees_its_cluster_and_tries_again(job: dict[str, Any]) -> None:
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    spec = job["spec"]
    assert spec["shutdownAfterJobFinishes"] is True
    assert spec["ttlSecondsAfterFinished"] > 0
    assert spec["backoffLimit"] >= 1
    waits = yaml.safe_load(spec["runtimeEnvYAML"])["env_vars"]["RAY_JOB_STOP_WAIT_TIME_S"]
    grace = {template["terminationGracePeriodSeconds"] for template in templates(job)}
    assert isinstance(waits, str)  # Ray takes no numbers there
    assert {int(waits)} == grace


def test_the_cluster_runs_the_ray_that_is_pinned(job: dict[str, Any]) -> None:
    cluster = job["spec"]["rayClusterSpec"]
    assert cluster["rayVersion"] == PINS["ray"]
    assert cluster["authOptions"] == {"mode": "token"}
    images = {c["image"] for template in templates(job) for c in template["containers"]}
    assert len(images) == 1


def test_no_task_runs_on_the_head(job: dict[str, Any]) -> None:
    head = job["spec"]["rayClusterSpec"]["headGroupSpec"]
    assert head["rayStartParams"]["num-cpus"] == "0"
    groups = [head, *job["spec"]["rayClusterSpec"]["workerGroupSpecs"]]
    values = [value for group in groups for value in group["rayStartParams"].values()]
    assert all(isinstance(value, str) for value in values)  # KubeRay takes nothing else


def test_state_is_in_the_object_store_alone(job: dict[str, Any]) -> None:
    words = shlex.split(job["spec"]["entrypoint"])
    given = dict(itertools.pairwise(words))
    assert given["--input"].startswith("s3://")
    assert given["--output"].startswith("s3://")
    for template in templates(job):
        assert all(set(volume) == {"name", "emptyDir"} for volume in template["volumes"])


def test_pods_run_without_privileges(job: dict[str, Any]) -> None:
    for template in templates(job):
        assert template["securityContext"]["runAsNonRoot"] is True
        assert template["automountServiceAccountToken"] is False
        for container in template["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["requests"] == container["resources"]["limits"]


def test_workers_have_the_memory_that_bounds_ask_for(job: dict[str, Any]) -> None:
    needed = bounds.worker_mb(config.load("europe").run)
    for group in job["spec"]["rayClusterSpec"]["workerGroupSpecs"]:
        template = group["template"]["spec"]
        limits = template["containers"][0]["resources"]["limits"]
        shm = next(v["emptyDir"] for v in template["volumes"] if v["name"] == "shm")
        assert shm["medium"] == "Memory"
        shm_mb = int(shm["sizeLimit"].removesuffix("Gi")) * GIB_MB
        assert int(group["rayStartParams"]["object-store-memory"]) <= shm_mb << 20
        memory_mb = int(limits["memory"].removesuffix("Gi")) * GIB_MB
        assert memory_mb >= int(limits["cpu"]) * needed + shm_mb
        mounts = {m["name"]: m["mountPath"] for m in template["containers"][0]["volumeMounts"]}
        assert mounts["shm"] == "/dev/shm"  # noqa: S108 - where Ray puts it


# Container


def test_the_image_has_what_is_imported_and_no_root() -> None:
    lines = (DEPLOY / "Containerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
    steps = [line.split(" ", 1) for line in lines if line and not line.startswith("#")]
    kinds = [kind for kind, _ in steps]
    assert dict(steps)["ENTRYPOINT"] == '["weir"]'
    last_user = [rest for kind, rest in steps if kind == "USER"][-1]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", last_user)
    assert "RUN" not in kinds[len(kinds) - 1 - kinds[::-1].index("USER") :]
    copied = {word for kind, rest in steps if kind == "COPY" for word in rest.split()[:-1]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = {name.partition(".")[0] for name in project["tool"]["setuptools"]["packages"]}
    assert packages <= copied
    assert {"constraints.txt", "pyproject.toml", project["project"]["readme"]} <= copied
    assert all((ROOT / name).exists() for name in copied)
    installs = [rest for kind, rest in steps if kind == "RUN" and "pip install" in rest]
    assert "-c constraints.txt" in installs[0]
    assert "--no-deps ." in installs[-1]


def test_the_build_sees_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    copies = re.findall(r"^COPY (.+) \S+$", (DEPLOY / "Containerfile").read_text("utf-8"), re.M)
    assert allowed == {word for line in copies for word in line.split()}


# Scripts


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_shell(script: Path) -> None:
    checked = subprocess.run(
        ["/bin/bash", "-n", str(script)], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    if (linter := shutil.which("shellcheck")) is not None:
        found = subprocess.run([linter, str(script)], capture_output=True, text=True, check=False)
        assert found.stdout == ""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_name_options_that_weir_has(script: Path) -> None:
    text = script.read_text("utf-8").replace("\\\n", " ")
    calls = re.findall(r"(?m)^[^#\n]*\bweir run (.*)$", text)
    assert calls
    known = {option for one in parser_of(["run"])[0].params for option in one.opts}
    for call in calls:
        assert set(weir_words(f" {call}")) <= known


@pytest.mark.parametrize("name", ["weir.sbatch", "array.sbatch"])
def test_slurm_jobs_are_told_before_the_end_and_queued_again(name: str) -> None:
    script = DEPLOY / "slurm" / name
    found = directives(script)
    assert re.fullmatch(r"B:TERM@\d{3}", found["signal"])
    assert "requeue" in found
    assert found["open-mode"] == "append"
    assert "scontrol requeue" in script.read_text("utf-8")


def test_symmetric_run_is_given_its_separator_and_nodes_of_its_own() -> None:
    script = DEPLOY / "slurm/weir.sbatch"
    found = directives(script)
    assert "exclusive" in found
    assert found["ntasks-per-node"] == "1"
    call = re.search(r"ray symmetric-run (.*?) -- ", script.read_text("utf-8"), re.S)
    assert call is not None
    # Ray refuses the first four of its own accord, and the last on every node but the head.
    forbidden = ("--head", "--node-ip-address", "--port", "--block", "--include-dashboard")
    assert not any(word.startswith(forbidden) for word in call[1].split())
