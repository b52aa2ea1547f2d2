"""Starting the workbench from the command line."""

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from audit import gates
from audit.runs import Run
from audit.web import server, workbench
from audit.web.bench import Bench, Options


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the command line says."""

    tag: str
    labels: Path = Path("labels")
    pack: Path | None = None
    gates: Path | None = None
    annotator: str | None = None
    read_only: bool = False


def tune(
    path: Path, chosen: Chosen, host: str, port: int, *, opens: bool, say: Callable[[str], None]
) -> None:
    """Serve the workbench of a run until Ctrl-C. `say` is told the address.

    ConfigError for a run that cannot be tuned, and an address that cannot be had.
    """
    pins = gates.load(chosen.gates)[1].pinned if chosen.gates else ()
    options = Options(
        chosen.labels, chosen.pack, pins, chosen.read_only, chosen.annotator or _login()
    )
    bench = Bench(Run(path), options)
    bench.progress(chosen.tag)  # refuses a language without documents, and begins to read others
    door = server.new_door(host)
    app = server.application(workbench.routes(bench, chosen.tag), door, workbench.NAME)
    listening = server.bound(host, port)
    try:
        server.serve(app, listening, server.address(listening, door), opens=opens, say=say)
    finally:
        listening.close()
        bench.close()


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "me"  # a container's user may have no name
