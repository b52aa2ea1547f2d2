"""The verbs of datasets: `weir index ...` and `weir takedown ...`."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import answers
from pipeline.answers import Text
from pipeline.options import Json, example
from pipeline.places import place

app = typer.Typer()

takedown_app = typer.Typer(no_args_is_help=True, help="Take documents out again, for good.")
app.add_typer(takedown_app, name="takedown")
index_app = typer.Typer(no_args_is_help=True, help="Look after a dataset's duplicate index.")
app.add_typer(index_app, name="index")


DatasetPath = Annotated[
    Path, typer.Argument(metavar="DATASET", parser=place, help="Folder of a dataset.")
]


@index_app.command("info", epilog=example("weir index info DATASET"))
def index_info(path: DatasetPath, as_json: Json = False) -> None:
    """Say what a dataset's index knows: releases, documents, keys, bytes."""
    from audit import index

    data = index.info(path)
    answers.give("index info", data, as_json, lambda: index_text(data))


@index_app.command("compact", epilog=example("weir index compact DATASET"))
def index_compact(path: DatasetPath, as_json: Json = False) -> None:
    """Merge the keys of all releases, so that a run reads them once, in order."""
    from audit import index

    data = index.compact(path)
    answers.give("index compact", data, as_json, lambda: index_text(data))


@index_app.command("verify", epilog=example("weir index verify DATASET"))
def index_verify(path: DatasetPath, as_json: Json = False) -> None:
    """Recompute digests and keys of a dataset's index, and compare it with published files.

    Exit code 3 if anything is wrong.
    """
    from audit import index

    checks = index.verify(path)
    ok = all(check["ok"] for check in checks)
    data = {"checks": checks}
    answers.give("index verify", data, as_json, lambda: answers.checks_text(checks), ok=ok)
    raise typer.Exit(0 if ok else 3)


TargetPath = Annotated[
    Path,
    typer.Argument(
        metavar="RUN|DATASET", parser=place, help="A run, or a dataset with all its runs."
    ),
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


@takedown_app.command("plan", epilog=example("weir takedown plan runs/demo --domain example.org"))
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
    from audit import requests, takedown

    wanted = requests.request(
        *(urls, domains, doc_ids, text_files, kind, reason_class, request_id, direct)
    )
    data = takedown.plan(path, wanted)
    answers.give(
        "takedown plan",
        data,
        as_json,
        lambda: takedown_plan_text(data),
        warnings=data["notes"],
    )


@takedown_app.command(
    "apply", epilog=example("weir takedown apply DATASET --url https://example.org/page")
)
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
    from audit import requests, takedown

    wanted = requests.request(
        *(urls, domains, doc_ids, text_files, kind, reason_class, request_id, direct)
    )
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    data = takedown.apply(path, wanted, when)
    ok = not any(query["must_be_zero"] for query in data["hits"])
    answers.give("takedown apply", data, as_json, lambda: takedown_apply_text(data, path), ok=ok)
    raise typer.Exit(0 if ok else 3)


@takedown_app.command("verify", epilog=example("weir takedown verify DATASET"))
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
    from audit import requests, takedown

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


@takedown_app.command("prove", epilog=example("weir takedown prove DATASET"))
def takedown_prove(path: TargetPath, request_id: RequestId = None, as_json: Json = False) -> None:
    """Print the proofs of takedowns, checked against the files; exit code 3 if they disagree."""
    from audit import takedown

    data = takedown.prove(path, request_id)
    ok = not any(one["faults"] for one in data["proofs"])
    answers.give("takedown prove", data, as_json, lambda: takedown_proof_text(data), ok=ok)
    raise typer.Exit(0 if ok else 3)


def index_text(data: Mapping[str, Any]) -> Text:
    """`weir index info` and `weir index compact`."""
    yield f"{data['dataset']}: bands {data['layout'] or 'none yet'}"
    yield f"{'part':40} {'documents':>12} {'keys':>14} {'bytes':>16}  releases"
    total = {"name": "all", "releases": [], **data["total"]}
    for part in [*data["parts"], total]:
        shown = ", ".join(part["releases"][:3])
        more = len(part["releases"]) - 3
        yield (
            f"{part['name']:40} {part['documents']:>12,} {part['keys']:>14,} {part['bytes']:>16,}  "
            f"{shown}{f' and {more} more' if more > 0 else ''}"
        )
    if data.get("removed"):
        yield f"{len(data['removed'])} files that are merged were removed"


def takedown_plan_text(data: Mapping[str, Any]) -> Text:
    """`weir takedown plan`."""
    yield f"request       {data['request_id']} ({data['kind']}, {data['reason_class']})"
    for run in data["runs"]:
        yield f"run           {run['run']}"
        yield f"  documents   {run['documents']:,}, of which {run['kept']:,} are in the corpus"
        yield f"  records     {run['records']:,} lose their address"
        size = sum(file["bytes"] for file in run["files"]) / 1e6
        yield f"  files       {len(run['files']):,} are rewritten, {size:,.1f} MB"
        gone = len(run["pruned"]) + len(run["removed"])
        yield f"  removed     {gone:,} intermediates, reports and views"
        yield from _documents("taken", run["taken"])
        yield from _documents("stays", run["copies"])
    yield from (f"note: {note}" for note in data["notes"])
    if data["applied"]:
        yield "this request was applied already"


MAX_SHOWN = 20


def _documents(what: str, documents: Sequence[Mapping[str, Any]]) -> Text:
    for document in documents[:MAX_SHOWN]:
        how, similarity = document["how"], document["similarity"]
        near = f" {similarity:.3f}" if similarity is not None else ""
        fate = f"{document['tag']} {document['outcome']}, {how}{near}"
        yield f"  {what:11} {document['doc_id']} {fate}"
    if len(documents) > MAX_SHOWN:
        yield f"  {what:11} and {len(documents) - MAX_SHOWN:,} more (--json names them)"


def takedown_apply_text(data: Mapping[str, Any], path: Path) -> Text:
    """`weir takedown apply`."""
    done = "was applied already" if data["already_applied"] else "applied"
    yield f"{data['request_id']} {done}"
    yield f"documents     {data['documents']:,}"
    yield f"records       {data['records']:,}"
    yield f"files         {data['files']:,} rewritten"
    yield f"suppression   {data['suppression']}"
    yield from (f"proof         {proof}" for proof in data["proofs"])
    for query in data["hits"]:
        yield f"found again   {query['hits']:,} rows of {query['table']} by {query['query']}"
    yield f"next          weir takedown verify {path}; weir report {path} for a new report"


def takedown_proof_text(data: Mapping[str, Any]) -> Text:
    """`weir takedown prove`."""
    for proof in data["proofs"]:
        yield f"{proof['request_id']} in {proof['run']}"
        if "merkle" in proof:
            yield f"  received    {proof['received_at']}, closed {proof['closed_at']}"
            yield f"  documents   {proof['documents']:,}, SHA-256 {proof['doc_ids_sha256']}"
            yield f"  merkle      {proof['merkle']['old']}"
            yield f"          ->  {proof['merkle']['new']}"
            yield from (
                f"  {f['path']}: {f['old'][:12]} -> {f['new'][:12]}" for f in proof["files"]
            )
            for query in proof["queries"]:
                found = f"{query['hits']} of {query['rows']:,} rows"
                yield f"  {query['table']} by {query['query']}: {found}"
        yield from (f"  wrong: {fault}" for fault in proof["faults"])
