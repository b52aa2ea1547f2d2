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
from typer.core import TyperGroup

from pipeline import (
    answers,
    audit_cli,
    dataset_cli,
    garbage,
    papers_cli,
    reading_cli,
    reference_cli,
    running_cli,
    text_cli,
    tuning_cli,
)
from stages.errors import CurationError, ShardError

PARTS = {
    "Run": running_cli.app,
    "Read a run": reading_cli.app,
    "Compare and audit": audit_cli.app,
    "Tune and label": tuning_cli.app,
    "Papers": papers_cli.app,
    "Look up": reference_cli.app,
    "Try and train on texts": text_cli.app,
    "Datasets and takedowns": dataset_cli.app,
}


class Verbs(TyperGroup):
    """The verbs in the order of PARTS, each with the whole of its first sentence."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each part."""
        for heading, part in PARTS.items():
            rows = [
                (name, self.commands[name].get_short_help_str(limit=200))
                for name in self.commands
                if name in _names(part)
            ]
            with formatter.section(heading):
                formatter.write_dl(rows)


def _names(part: typer.Typer) -> set[str]:
    """The verbs that a part brings."""
    verbs = {
        str(command.name or getattr(command.callback, "__name__", ""))
        for command in part.registered_commands
    }
    return verbs | {str(group.name) for group in part.registered_groups}


app = typer.Typer(
    name="weir",
    cls=Verbs,
    epilog="\b\nExit codes: 0 done, 1 failed, 2 usage or configuration, 3 integrity or a\n"
    "gate, 4 partial and resumable, 130 or 143 stopped by a signal after saving.\n",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="From a web-crawl snapshot to clean, deduplicated, "
    "rights-respecting Parquet in every European language.",
)
for verbs_of in PARTS.values():
    app.add_typer(verbs_of)

UsageError: Any = typer.BadParameter.__bases__[0]  # typer may bring its own click


def _answered() -> tuple[type[Exception], ...]:
    """Errors that a person can act on; looked up when one is raised, so that --help is quick."""
    from langid.registry import ModelError  # noqa: PLC0415

    return CurationError, ModelError


def _give_error(message: str, given: list[str]) -> None:
    if "--json" in given:
        verb = " ".join(
            given[: 2 if given[0] in ("config", "export", "labels", "models", "takedown") else 1]
        )
        answers.give(verb, {"error": message}, True, list, ok=False)


def main(arguments: Iterable[str] | None = None) -> int:
    """Run the command line.

    What a person can act on becomes a message and an exit code, never a traceback.
    """
    given = list(arguments) if arguments is not None else sys.argv[1:]
    garbage.look_seldom()
    try:
        code = app(given, prog_name="weir", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except UsageError as error:
        error.show()
        _give_error(error.format_message(), given)
        return 2
    except _answered() as error:
        sys.stderr.write(
            "".join(f"{answers.plain(line)}\n" for line in f"weir: {error}".split("\n"))
        )
        _give_error(str(error), given)
        if isinstance(error, CurationError) and not isinstance(error, ShardError):
            return error.exit_code
        return 1
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    sys.exit(main())
