"""A run as a member of a dataset: what it was compared with, and its release."""

from dataclasses import dataclass
from pathlib import Path

from pipeline import book, config, dataset
from pipeline.dataset import Index
from pipeline.plan import Made, Plan
from stages.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Membership:
    """What the dataset had published when the run was compared with it."""

    run: Path
    snapshot: str
    index: Index
    is_released: bool

    def refuse_change(self, step: str) -> None:
        """ConfigError if the step would alter what later snapshots were compared with."""
        if not self.is_released:
            return
        home = self.index.dataset
        late = dataset.changed_since(dataset.read(home), self.index, self.snapshot)
        if late:
            raise ConfigError(
                str(self.run),
                f"{', '.join(late)} of {home} came after it, and step {step} would "
                "change its published files: the suppression list or the version of Weir is "
                "another one",
                "apply a takedown with `weir takedown apply`, or start another run with "
                f"--reuse {self.run} --set snapshot=NAME",
            )

    def release(self, made: Made) -> None:
        """Add what is published to the dataset, unless it is there."""
        home = self.index.dataset
        if self.is_released and dataset.is_current(home, self.snapshot, made["compact"]):
            return
        dataset.release(self.index, self.run, self.snapshot, made["compact"], made["index"])


def join(run: Path, home: Path, plan: Plan, limits: config.Cluster) -> Membership:
    """A run that is released keeps to what it has seen. One that is not sees what is there now."""
    known = book.read(run)
    if known.get("dataset") not in (None, str(home)):
        raise ConfigError(
            "--dataset",
            f"{run} belongs to {known['dataset']}",
            "leave --dataset away, or start another run with --reuse",
        )
    # It may have ended after it was released, and before it could write that down.
    if known.get("released") or (
        known.get("index") is not None and dataset.has_release(home, plan.snapshot, run)
    ):
        runs = tuple((name, folder) for name, folder in known["index_runs"])
        return Membership(run, plan.snapshot, Index.from_json(home, known["index"], runs), True)
    index = dataset.read(home).without(plan.snapshot)
    dataset.check(index, run, plan.snapshot, f"{limits.bands}x{limits.rows}")
    return Membership(run, plan.snapshot, index, False)
