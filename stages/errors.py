"""The errors that cross stage and task boundaries.

    CurationError
        ConfigError          a value in a configuration is wrong; raised before any work
        ShardError           this shard's input cannot be read; the shard is quarantined, the run
                             goes on
        TransientError       storage or a worker was lost; the only kind that an executor retries
          DiskError          where the run is written; no other task is begun
          StoreError         a store or server does not answer; several in a row end the run
          LeaseError          the run in a store is no longer this driver's
        IntegrityError       digests, schemas, alignment or counts disagree; the run stops

Every field is positional and a string, so that an error survives pickling between processes.
"""


class CurationError(Exception):
    """Something that a person can act on; the message names the place and the remedy."""

    exit_code = 1


class ConfigError(CurationError):
    """A configuration value is wrong.

    Correct the named file and key, then run the command again.
    """

    exit_code = 2

    def __init__(self, where: str, problem: str, remedy: str = "") -> None:
        super().__init__(where, problem, remedy)
        self.where, self.problem, self.remedy = where, problem, remedy

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}" + (f"; {self.remedy}" if self.remedy else "")


class ShardError(CurationError):
    """An input shard cannot be read at all: check the file, then run again to retry it."""

    exit_code = 4

    def __init__(self, shard: str, problem: str) -> None:
        super().__init__(shard, problem)
        self.shard, self.problem = shard, problem

    def __str__(self) -> str:
        return f"{self.shard}: {self.problem}"


class TransientError(CurationError):
    """Storage or a worker failed in a way that another try may mend.

    Run the command again to resume.
    """

    exit_code = 4

    def __init__(self, what: str, problem: str) -> None:
        super().__init__(what, problem)
        self.what, self.problem = what, problem

    def __str__(self) -> str:
        return f"{self.what}: {self.problem}"


class DiskError(TransientError):
    """The disk that the run is written to is full, fails or refuses: every other task would too.

    Free or mend it, then run the command again to resume.
    """


class StoreError(TransientError):
    """A store or web server cannot be reached, or refuses the run's key: no fault of a task.

    Run the command again to resume, once it answers.
    """


class LeaseError(TransientError):
    """The lease of a run in a store ended: another driver took over, or the store was away.

    See which it is with `weir status`; then run the command again to resume.
    """


class IntegrityError(CurationError):
    """Stored data contradict their manifest or their books: do not use the run.

    `weir verify` says what is wrong.
    """

    exit_code = 3

    def __init__(self, what: str, problem: str) -> None:
        super().__init__(what, problem)
        self.what, self.problem = what, problem

    def __str__(self) -> str:
        return f"{self.what}: {self.problem}"
