"""The verbs of datasets: `weir index ...` and `weir takedown ...`."""

import time
from pathlib import Path
from typing import Annotated

import typer

from pipeline import answers

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]

takedown_app = typer.Typer(no_args_is_help=True, help="Take documents out again, for good.")


index_app = typer.Typer(no_args_is_help=True, help="Look after a dataset's duplicate index.")


DatasetPath = Annotated[Path, typer.Argument(metavar="DATASET", help="Folder of a dataset.")]


@index_app.command("info")
def index_info(path: DatasetPath, as_json: Json = False) -> None:
    """Say what a dataset's index knows: releases, documents, keys, bytes."""
    from audit import index  # noqa: PLC0415

    data = index.info(path)
    answers.give("index info", data, as_json, lambda: answers.index_text(data))


@index_app.command("compact")
def index_compact(path: DatasetPath, as_json: Json = False) -> None:
    """Merge the keys of all releases, so that a run reads them once, in order."""
    from audit import index  # noqa: PLC0415

    data = index.compact(path)
    answers.give("index compact", data, as_json, lambda: answers.index_text(data))


@index_app.command("verify")
def index_verify(path: DatasetPath, as_json: Json = False) -> None:
    """Recompute digests and keys of a dataset's index, and compare it with published files.

    Exit code 3 if anything is wrong.
    """
    from audit import index  # noqa: PLC0415

    checks = index.verify(path)
    ok = all(check["ok"] for check in checks)
    data = {"checks": checks}
    answers.give("index verify", data, as_json, lambda: answers.checks_text(checks), ok=ok)
    raise typer.Exit(0 if ok else 3)


TargetPath = Annotated[
    Path, typer.Argument(metavar="RUN|DATASET", help="A run, or a dataset with all its runs.")
]


Urls = Annotated[list[str] | None, typer.Option("--url", help="Page; may be repeated.")]


Domains = Annotated[
    list[str] | None, typer.Option("--domain", help="Domain with its subdomains; may be repeated.")
]


DocIds = Annotated[list[str] | None, typer.Option("--doc-id", help="Document; may be repeated.")]


TextFiles = Annotated[
    list[Path] | None,
    typer.Option("--text-file", help="File with a text; its copies and near copies are meant."),
]


RequestKind = Annotated[
    str | None,
    typer.Option(
        "--kind",
        help="person, source or rights: a person's copies go everywhere, a source's stay "
        "elsewhere. Default: person for texts and documents, source for addresses.",
    ),
]


ReasonClass = Annotated[
    str | None, typer.Option("--reason-class", help="What the public tombstone says; one word.")
]


RequestId = Annotated[
    str | None, typer.Option("--request-id", help="Default: derived from the request's content.")
]


DirectOnly = Annotated[
    bool,
    typer.Option(
        "--direct-copies", help="Copies joined by an edge of their own, not the whole cluster."
    ),
]


@takedown_app.command("plan")
def takedown_plan(  # noqa: PLR0913, PLR0917 - one parameter an option
    path: TargetPath,
    urls: Urls = None,
    domains: Domains = None,
    doc_ids: DocIds = None,
    text_files: TextFiles = None,
    kind: RequestKind = None,
    reason_class: ReasonClass = None,
    request_id: RequestId = None,
    direct: DirectOnly = False,
    as_json: Json = False,
) -> None:
    """Say what a takedown would remove, rewrite and leave; nothing is written."""
    from audit import requests, takedown  # noqa: PLC0415

    wanted = requests.request(
        *(urls, domains, doc_ids, text_files, kind, reason_class, request_id, direct)
    )
    data = takedown.plan(path, wanted)
    answers.give(
        "takedown plan",
        data,
        as_json,
        lambda: answers.takedown_plan_text(data),
        warnings=data["notes"],
    )


@takedown_app.command("apply")
def takedown_apply(  # noqa: PLR0913, PLR0917 - one parameter an option
    path: TargetPath,
    urls: Urls = None,
    domains: Domains = None,
    doc_ids: DocIds = None,
    text_files: TextFiles = None,
    kind: RequestKind = None,
    reason_class: ReasonClass = None,
    request_id: RequestId = None,
    direct: DirectOnly = False,
    as_json: Json = False,
) -> None:
    """Take down: suppression list, files, statistics, proof. Interrupted, run it again.

    Exit code 3 if something is found again afterwards.
    """
    from audit import requests, takedown  # noqa: PLC0415

    wanted = requests.request(
        *(urls, domains, doc_ids, text_files, kind, reason_class, request_id, direct)
    )
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    data = takedown.apply(path, wanted, when)
    ok = not any(query["must_be_zero"] for query in data["hits"])
    answers.give(
        "takedown apply", data, as_json, lambda: answers.takedown_apply_text(data, path), ok=ok
    )
    raise typer.Exit(0 if ok else 3)


@takedown_app.command("verify")
def takedown_verify(  # noqa: PLR0913, PLR0917 - one parameter an option
    path: TargetPath,
    urls: Urls = None,
    domains: Domains = None,
    doc_ids: DocIds = None,
    text_files: TextFiles = None,
    kind: RequestKind = None,
    request_id: RequestId = None,
    direct: DirectOnly = False,
    as_json: Json = False,
) -> None:
    """Look again for what was taken down; exit code 3 if anything is found.

    Without a request all on the suppression list are looked for, by their hashes.
    """
    from audit import requests, takedown  # noqa: PLC0415

    wanted = None
    if urls or domains or doc_ids or text_files:
        wanted = requests.request(
            urls, domains, doc_ids, text_files, kind, None, request_id, direct
        )
    checks = takedown.verify(path, wanted, request_id)
    ok = all(check["ok"] for check in checks)
    answers.give(
        "takedown verify",
        {"checks": checks},
        as_json,
        lambda: answers.checks_text(checks),
        ok=ok,
    )
    raise typer.Exit(0 if ok else 3)


@takedown_app.command("prove")
def takedown_prove(path: TargetPath, request_id: RequestId = None, as_json: Json = False) -> None:
    """Print the proofs of takedowns, checked against the files; exit code 3 if they disagree."""
    from audit import takedown  # noqa: PLC0415

    data = takedown.prove(path, request_id)
    ok = not any(one["faults"] for one in data["proofs"])
    answers.give("takedown prove", data, as_json, lambda: answers.takedown_proof_text(data), ok=ok)
    raise typer.Exit(0 if ok else 3)
