"""The commands of `weir`, as its parser knows them."""

from collections.abc import Iterator
from typing import Any

import typer

from pipeline import cli

ROOT_COMMAND: Any = typer.main.get_command(cli.app)


def verbs(command: Any = ROOT_COMMAND, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every verb, `takedown plan` as two words."""
    for name, inner in command.commands.items():
        if hasattr(inner, "commands"):
            yield from verbs(inner, (*prefix, name))
        else:
            yield (*prefix, name)


def parser_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that words name, and the words after its verb. KeyError if there is none."""
    command = ROOT_COMMAND
    while hasattr(command, "commands"):
        command, words = command.commands[words[0] if words else ""], words[1:]
    return command, words
