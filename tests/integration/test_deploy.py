"""The files of deploy/ that can run here, run as they are.

Commands of schedulers (srun, scontrol) are replaced by scripts that do on this machine what they
would do on a node; `ray` and `weir` are the real ones.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Small
from tests.data.extracting import SHORT
from tests.integration.runs import ROOT, committed, digests, result_of, until

SLURM = ROOT / "deploy" / "slurm"
BASH = "/bin/bash"
PATIENCE_S = 600.0
SHARES = 3
APART = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "--net")
"""`ray symmetric-run` ends every Ray that it sees, and takes ports: it gets processes and a network
of its own."""
LOOPBACK = """\
import fcntl, os, socket, struct, sys
with socket.socket() as plug:
    fcntl.ioctl(plug, 0x8914, struct.pack("16sh14x", b"lo", 0x41))  # SIOCSIFFLAGS: up, running
os.execvp(sys.argv[1], sys.argv[1:])
"""
CLUSTER = """\
import os, subprocess, sys, tempfile
import ray
made = ray.init(num_cpus=2, include_dashboard=True, object_store_memory=128 << 20,
                _temp_dir=tempfile.mkdtemp(prefix="weir-ray-", dir="/tmp"), log_to_driver=False)
os.environ["RAY_API_SERVER_ADDRESS"] = "http://" + made.dashboard_url
ended = subprocess.run(sys.argv[1:])
ray.shutdown()
sys.exit(ended.returncode)
"""
"""A cluster with a dashboard, and a command that submits to it."""


class Node:
    """A folder of commands that stand before all others, as on a node of a cluster."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder.parent / "scontrol.log"
        folder.mkdir()
        self.command("weir", f'exec {sys.executable} -m pipeline.cli "$@"')
        self.command("scontrol", f'echo "$*" >> {self.log}\n[ "$1" != show ] || echo 127.0.0.1')
        # Options of srun end where the command begins.
        self.command("srun", 'while [[ $1 == --* ]]; do shift; done\nexec "$@"')

    def command(self, name: str, script: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def environment(self, **more: str) -> dict[str, str]:
        paths = [str(self.folder), str(Path(sys.executable).parent), os.environ["PATH"]]
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("RAY_", "SLURM_"))}
        return {**kept, "PATH": ":".join(paths), "PYTHONPATH": str(ROOT), **more}

    def requeued(self) -> list[str]:
        said = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        return [line for line in said if line.startswith("requeue")]


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "bin")


def given(small: Small, output: Path) -> list[str]:
    """Arguments of `weir run`, as they are passed through by every script."""
    settings = [word for one in (SHORT, *small.settings) for word in ("--set", one)]
    return ["sample", "--input", str(small.paths), *settings, "--output", str(output)]


def share(number: int) -> dict[str, str]:
    """What Slurm sets in a task of an array of `SHARES` whose indices begin at 5."""
    return {
        "SLURM_JOB_ID": str(100 + number),
        "SLURM_ARRAY_TASK_ID": str(5 + number),
        "SLURM_ARRAY_TASK_MIN": "5",
        "SLURM_ARRAY_TASK_STEP": "1",
        "SLURM_ARRAY_TASK_COUNT": str(SHARES),
        "SLURM_CPUS_PER_TASK": "1",
    }


def allocation(job: int) -> dict[str, str]:
    """What Slurm sets in the batch shell of a job on one node with two cores."""
    return {
        "SLURM_JOB_ID": str(job),
        "SLURM_JOB_NUM_NODES": "1",
        "SLURM_JOB_NODELIST": "node[1]",
        "SLURM_CPUS_PER_TASK": "2",
    }


@pytest.fixture(scope="module")
def extracted(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of which the tasks of an array, all at once, have done their shares."""
    folder = tmp_path_factory.mktemp("array")
    node, run = Node(folder / "bin"), folder / "run"
    tasks = [
        subprocess.Popen(
            [BASH, str(SLURM / "array.sbatch"), *given(small, run)],
            env=node.environment(**share(number)),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(SHARES)
    ]
    said = [task.communicate(timeout=PATIENCE_S)[0] for task in tasks]
    assert [task.returncode for task in tasks] == [0] * SHARES, said
    assert node.requeued() == []
    return run


@pytest.fixture
def half(extracted: Path, tmp_path: Path) -> Path:
    """A copy of it, to be finished."""
    return shutil.copytree(extracted, tmp_path / "run")


@pytest.fixture
def apart() -> list[str]:
    """What stands before a command that is to have processes and a network of its own."""
    tried = subprocess.run([*APART, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        reason = tried.stderr.strip()
        pytest.skip(f"processes of its own are not to be had here, without root: {reason}")
    return [*APART, sys.executable, "-c", LOOPBACK]


def finished(command: list[str], environment: dict[str, str]) -> str:
    """Run a command to its end; what it said."""
    ended = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S,
        check=False,
    )  # fmt: skip
    said = ended.stdout[-4000:] + ended.stderr[-4000:]
    assert ended.returncode == 0, said
    return said


def test_an_array_extracts_and_a_plain_run_finishes(
    small_run: Path, half: Path, node: Node
) -> None:
    assert len(committed(half, "extract")) == SHARES
    assert not (half / "corpus").exists()
    finished(["weir", "run", str(half), "--workers", "1"], node.environment())
    assert result_of(half) == result_of(small_run)
    assert digests(half, "statistics") == digests(small_run, "statistics")


def test_a_slurm_job_finishes_on_a_ray_cluster_of_its_own(
    small: Small, small_run: Path, half: Path, node: Node, apart: list[str]
) -> None:
    job = [BASH, str(SLURM / "weir.sbatch"), *given(small, half)]
    said = finished([*apart, *job], node.environment(**allocation(os.getpid())))
    assert "Stopped all" in said  # Ray's own word: nothing is left of the cluster
    assert result_of(half) == result_of(small_run)
    assert node.requeued() == []
    assert not Path(f"/tmp/weir-{os.getpid()}").exists()  # noqa: S108 - the script's


def test_a_cluster_is_looked_at_and_a_submitted_job_finishes(
    small: Small, small_run: Path, half: Path, node: Node, apart: list[str]
) -> None:
    pytest.importorskip("aiohttp", reason="ray[default] is not installed: pip install -e .[jobs]")
    script = str(ROOT / "deploy" / "ray" / "submit.sh")
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16)}
    asked = node.folder / "doctor.json"
    doctor = f"weir doctor sample --output {half} --address auto --workers 1 --json > {asked}"
    command = [BASH, "-c", f'{doctor} && exec "$@"', BASH, script, *given(small, half)]
    cluster = [sys.executable, "-c", CLUSTER]
    said = finished([*apart, *cluster, *command], node.environment(**token))
    assert "succeeded" in said
    checks = json.loads(asked.read_text("utf-8"))["data"]["checks"]
    nodes = [one for one in checks if one["name"].startswith("node ")]
    assert [one["state"] for one in nodes] in (["ok"], ["warn"]), nodes  # warn: little memory
    assert "2 CPUs" in nodes[0]["detail"]
    assert result_of(half) == result_of(small_run)


# Signals and exit codes: what the scripts do, whatever runs below them

ENDS = 'echo "$*" >> {log}\nexit {code}'
DRAINS = """\
trap 'echo drained >> {log}; exit 143' TERM
echo "$*" >> {log}
while true; do sleep 0.05; done
"""
RAY = """\
[ "$1" = symmetric-run ] || exit 99
while [ "$1" != -- ]; do shift; done
shift
"$@"
exit 9
"""
"""As `ray symmetric-run` on the head: it runs the command; Slurm may spoil its exit code."""


def started_job(script: str, node: Node, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [BASH, str(SLURM / script), "europe", "--output", "a folder"],
        env=node.environment(**environment),
        cwd=node.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


JOBS = {"weir.sbatch": allocation(20_000_000), "array.sbatch": share(1)}


@pytest.mark.parametrize("script", JOBS)
def test_before_its_end_a_job_lets_tasks_finish_and_is_queued_again(
    script: str, node: Node
) -> None:
    calls = node.folder / "calls"
    node.command("ray", RAY)
    node.command("weir", DRAINS.format(log=calls))
    with started_job(script, node, JOBS[script]) as job:
        until(calls.exists, "for the driver")
        job.send_signal(signal.SIGTERM)
        said = job.communicate(timeout=30)[0]
    assert job.returncode == 143, said
    first, *rest = calls.read_text("utf-8").splitlines()
    assert "run europe --output a folder" in first
    assert rest == ["drained"]
    assert node.requeued() == [f"requeue {JOBS[script]['SLURM_JOB_ID']}"]


@pytest.mark.parametrize(
    ("script", "code", "restarts", "ends", "requeued"),
    [
        ("weir.sbatch", 0, 0, 0, False),
        ("weir.sbatch", 3, 0, 3, False),
        ("weir.sbatch", 4, 0, 4, True),
        ("weir.sbatch", 4, 2, 4, False),
        ("weir.sbatch", 143, 50, 143, True),
        ("array.sbatch", 4, 0, 0, False),
        ("array.sbatch", 2, 0, 2, False),
        ("array.sbatch", 143, 9, 143, True),
    ],
)
def test_only_what_another_try_may_mend_is_queued_again(
    script: str, code: int, restarts: int, ends: int, requeued: bool, node: Node
) -> None:
    node.command("ray", RAY)
    node.command("weir", ENDS.format(log=node.folder / "calls", code=code))
    environment = {**JOBS[script], "SLURM_RESTART_COUNT": str(restarts)}
    with started_job(script, node, environment) as job:
        said = job.communicate(timeout=30)[0]
    assert job.returncode == ends, said
    assert bool(node.requeued()) == requeued
