"""The command line: `weir VERB RUN|CONFIG [options]`.

stdout is the answer, stderr is progress and logs. Exit codes: 0 done, 1 failed, 2 usage or
configuration, 3 integrity or limits, 4 partial and resumable, 130 / 143 stopped by a signal after
saving. The verbs are in the modules imported here, each with its users; what they need is imported
when they are called, so that `--help` answers at once.
"""

import sys
from collections.abc import Iterable
from typing import Any

import typer

from pipeline import (
    answers,
    dataset_cli,
    labels_cli,
    reading_cli,
    reference_cli,
    running_cli,
    text_cli,
)
from stages.errors import CurationError, ShardError

app = typer.Typer(
    name="weir",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="From a web-crawl snapshot to clean, deduplicated, "
    "rights-respecting Parquet in every European language.",
)
for part in (running_cli, reading_cli, labels_cli, reference_cli, text_cli, dataset_cli):
    app.add_typer(part.app)

UsageError: Any = typer.BadParameter.__bases__[0]  # typer may bring its own click


def _answered() -> tuple[type[Exception], ...]:
    """Errors that a person can act on; looked up when one is raised, so that --help is quick."""
    from langid.registry import ModelError  # noqa: PLC0415

    return CurationError, ModelError


def _give_error(message: str, given: list[str]) -> None:
    if "--json" in given:
        verb = " ".join(given[: 2 if given[0] in ("config", "labels", "models", "takedown") else 1])
        answers.give(verb, {"error": message}, True, list, ok=False)


def main(arguments: Iterable[str] | None = None) -> int:
    """Run the command line.

    What a person can act on becomes a message and an exit code, never a traceback.
    """
    given = list(arguments) if arguments is not None else sys.argv[1:]
    try:
        code = app(given, prog_name="weir", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except UsageError as error:
        error.show()
        _give_error(error.format_message(), given)
        return 2
    except _answered() as error:
        sys.stderr.write(f"weir: {error}\n")
        _give_error(str(error), given)
        if isinstance(error, CurationError) and not isinstance(error, ShardError):
            return error.exit_code
        return 1
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    sys.exit(main())
