"""What a takedown request names, and which documents, copies and files that concerns.

Nothing here writes. A request names URLs, domains, documents or texts; `open_target` says in which
runs they are looked for, `search` finds them. Erasing is in `audit.erasure`.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit import matching
from audit.matching import Match
from audit.runs import Run
from filters import domains
from filters import suppression as rules
from filters.text import TextView, shingle_hashes
from pipeline import config, storage, suppression
from stages.errors import ConfigError, IntegrityError

PERSON, SOURCE, RIGHTS = "person", "source", "rights"
REASON_CLASSES = {PERSON: "erasure", SOURCE: "source", RIGHTS: "rights"}
"""Kinds of request, and the reason class that the public is told where none is given."""
REASON_CLASS = re.compile(r"[a-z][a-z0-9_-]{0,39}")
MAX_TEXT_BYTES = 10 << 20
DATASET_FOLDERS = ("index", "releases", "suppression")
NOTES = "takedowns"
"""Folder of tombstones and proofs, in a run and in a dataset."""
MAX_SEEDS = 64
"""Texts whose near copies are looked for by signature; copies of more are known by edges alone."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be taken down. Addresses are canonical, texts as they were given."""

    kind: str
    urls: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    doc_ids: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    reason_class: str = ""
    request_id: str | None = None
    is_direct: bool = False
    """Copies are the direct verified neighbours alone, not the whole cluster."""

    @property
    def propagates(self) -> bool:
        """Whether copies of what is named are taken down as well."""
        return self.kind == PERSON or bool(self.texts)

    def scope(self, key: str) -> str:
        """SHA-256 of what is asked for, by hashes: it tells nobody what that is."""
        return config.digest(
            [
                *(self.kind, self.is_direct),
                sorted(rules.hashed(rules.canonical(url), key) for url in self.urls),
                sorted(rules.hashed(domain, key) for domain in self.domains),
                sorted(self.doc_ids),
                sorted(rules.text_digest(TextView(text)) for text in self.texts),
            ]
        )

    def name(self, key: str) -> str:
        """The request's id; one that follows from its content where none was given."""
        return self.request_id or f"{self.kind}-{self.scope(key)[:16]}"


def request(
    urls: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    doc_ids: Sequence[str] | None = None,
    text_files: Sequence[Path] | None = None,
    kind: str | None = None,
    reason_class: str | None = None,
    request_id: str | None = None,
    is_direct: bool = False,
) -> Request:
    """A checked request; `names` are domains. ConfigError names the option that is wrong."""
    if not (urls or names or doc_ids or text_files):
        raise ConfigError(
            "takedown", "nothing to look for", "give --url, --domain, --doc-id or --text-file"
        )
    chosen = kind or (PERSON if text_files or doc_ids else SOURCE)
    if chosen not in REASON_CLASSES:
        raise ConfigError("--kind", f"{chosen!r} is none of {', '.join(REASON_CLASSES)}")
    told = reason_class or REASON_CLASSES[chosen]
    if not REASON_CLASS.fullmatch(told):
        raise ConfigError("--reason-class", "use lower-case letters, digits, - and _, at most 40")
    if request_id is not None and not suppression.REQUEST_ID.fullmatch(request_id):
        raise ConfigError("--request-id", "use letters, digits, - and _, at most 64")
    return Request(
        chosen,
        tuple(sorted({_url(url) for url in urls or ()})),
        tuple(sorted({_domain(name) for name in names or ()})),
        tuple(sorted({_doc_id(doc_id) for doc_id in doc_ids or ()})),
        tuple(_text(path) for path in text_files or ()),
        told,
        request_id,
        is_direct,
    )


def _url(url: str) -> str:
    full = url.strip() if "://" in url else f"https://{url.strip()}"
    if domains.located(full) is None:
        raise ConfigError("--url", "is no http(s) address of a host", "for example https://a.eu/b")
    return full


def _domain(name: str) -> str:
    host = domains.as_host(name.strip())
    if host is None or "." not in host:
        raise ConfigError("--domain", "is no domain", "write the host alone, for example a.eu")
    return host


def _doc_id(doc_id: str) -> str:
    found = doc_id.strip().lower()
    if not suppression.HEX.fullmatch(found):
        raise ConfigError("--doc-id", "is not 32 hex digits", "find it with: weir trace RUN URL")
    return found


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_TEXT_BYTES:
            raise ConfigError("--text-file", f"{path} is larger than 10 MiB", "give one text")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ConfigError("--text-file", f"{path} cannot be read as UTF-8 text") from None
    if not len(shingle_hashes(text)):
        raise ConfigError("--text-file", f"{path} holds no words")
    return text


# Where


@dataclass(frozen=True, slots=True)
class Target:
    """A run or a dataset: its runs, where its suppression list lies, and what was released."""

    path: Path
    runs: tuple[Path, ...]
    home: Path
    """The folder whose `suppression/` holds the list: the dataset, or the run without one."""
    releases: tuple[Path, ...]

    @property
    def key(self) -> str:
        """The key of the list's hashes: the first run's `gate.url_key` for a new list."""
        default = Run(self.runs[0]).settings.gate.url_key if self.runs else "weir"
        return suppression.key_of(self.home, default)


def open_target(path: Path) -> Target:
    """The runs of a run or a dataset. ConfigError for a folder that is neither."""
    path = path.resolve()
    if (path / "run.json").is_file():
        dataset = Run(path).book.get("dataset")
        home = storage.place(dataset) if dataset else path
        if not home.is_dir():
            raise IntegrityError(
                str(home), f"is the dataset of {path}, but is not there; make it readable again"
            )
        named = [file for file in _releases(home) if _run_of(home, file) == path]
        return Target(path, (path,), home, tuple(named))
    if not any((path / folder).is_dir() for folder in DATASET_FOLDERS):
        raise ConfigError(
            str(path), "is neither a run nor a dataset", "name the folder with run.json or releases"
        )
    files = _releases(path)
    runs = dict.fromkeys(_run_of(path, file) for file in files)
    for run in runs:
        if not (run / "run.json").is_file():
            raise IntegrityError(
                str(run), f"is named in {path}/releases, but is no run; make it readable again"
            )
    return Target(path, tuple(runs), path, files)


def _releases(home: Path) -> tuple[Path, ...]:
    return tuple(sorted((home / "releases").glob("[!.]*.json")))


def _run_of(home: Path, file: Path) -> Path:
    """The run that a release is of."""
    try:
        named = storage.place(str(json.loads(file.read_text(encoding="utf-8"))["run"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise IntegrityError(str(file), "is damaged: not a release; restore it") from None
    return (named if named.is_absolute() else home / named).resolve()


# What


@dataclass(frozen=True, slots=True)
class Document:
    """A document that is taken down, or listed: where it stands and how it was found."""

    doc_id: str
    shard: int
    tag: str
    outcome: str
    keeper_id: str | None
    how: str
    similarity: float | None = None


@dataclass(slots=True)
class Finding:
    """What a request finds in one run."""

    run: Run
    taken: dict[str, Document] = field(default_factory=dict)
    records: dict[int, list[str]] = field(default_factory=dict)
    """doc_ids by shard of records that are blanked: of the documents, and those without one."""
    copies: dict[str, Document] = field(default_factory=dict)
    """Documents joined to what is taken by an edge or a digest, which stay."""
    promotable: dict[str, str] = field(default_factory=dict)
    """Duplicate that stays out, and the taken document it was removed in favour of."""

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.run.path


def search(
    target: Target, wanted: Request, known: Sequence[str] = ()
) -> tuple[list[Finding], dict[str, Any]]:
    """What the request finds in each run, and the texts that go on the list, by digest.

    `known` are doc_ids that an interrupted takedown found before.
    """
    runs = [Run(path) for path in target.runs]
    matches = [matching.addressed(run, wanted.urls, wanted.domains, wanted.doc_ids) for run in runs]
    hits = [{d: m for d, m in found.items() if m.is_document} for found in matches]
    texts = matching.Texts.of(wanted.texts)
    if wanted.propagates:
        named = [d for found in hits for d in found]
        if len(named) <= MAX_SEEDS:
            for run in runs:
                texts.add(matching.signed(run, named))
    if wanted.texts or wanted.propagates:
        for run, found in zip(runs, hits, strict=True):
            for doc_id, match in matching.similar(run, texts).items():
                found.setdefault(doc_id, match)
    ids = {doc_id for found in hits for doc_id in found} | set(known)
    copies = matching.copies(runs, ids, wanted.is_direct) - ids
    findings = [
        _finding(run, found, hit, ids, copies, wanted.propagates)
        for run, found, hit in zip(runs, matches, hits, strict=True)
    ]
    if not wanted.propagates:
        return findings, {}
    entries = dict(matching.Texts.of(wanted.texts).entries())
    for finding in findings:
        entries |= matching.signed(finding.run, list(finding.taken))
    return findings, entries


def _finding(
    run: Run,
    matches: dict[str, Match],
    hits: dict[str, Match],
    ids: set[str],
    copies: set[str],
    propagates: bool,
) -> Finding:
    made = Finding(run)
    taken = ids | copies if propagates else ids
    wanted = sorted(ids | copies)
    shards = frozenset(match.shard for match in hits.values())
    is_placed = not copies and ids <= hits.keys() and -1 not in shards
    for shard, row in matching.decided(run, wanted, shards if is_placed else None):
        doc_id = row["doc_id"]
        match = hits.get(doc_id, Match("copy", shard))
        document = Document(
            *(doc_id, shard, row["tag"], row["outcome"], row["keeper_id"]),
            *(match.how, match.similarity),
        )
        if doc_id in taken:
            made.taken[doc_id] = document
            made.records.setdefault(shard, []).append(doc_id)
        else:
            made.copies[doc_id] = document
    for doc_id, match in matches.items():
        if doc_id not in made.taken:
            made.records.setdefault(match.shard, []).append(doc_id)
    if made.taken:
        kept_for = matching.kept_out(run, sorted(made.taken))
        made.promotable = {d: keeper for d, keeper in kept_for.items() if d not in made.taken}
    return made


def entry(
    target: Target,
    wanted: Request,
    findings: Sequence[Finding],
    texts: dict[str, Any],
    received_at: str,
) -> dict[str, Any]:
    """The request's file of the suppression list."""
    key = target.key
    ids = {doc_id for found in findings for rows in found.records.values() for doc_id in rows}
    return {
        "version": suppression.VERSION,
        "request_id": wanted.name(key),
        "key": key,
        "kind": wanted.kind,
        "reason_class": wanted.reason_class,
        "received_at": received_at,
        "scope": wanted.scope(key),
        "entries": {
            rules.URL: sorted(rules.hashed(rules.canonical(url), key) for url in wanted.urls),
            rules.DOMAIN: sorted(rules.hashed(name, key) for name in wanted.domains),
            rules.DOC_ID: sorted(ids | set(wanted.doc_ids)),
            rules.TEXT: [{"digest": d, "signature": texts[d]} for d in sorted(texts)],
        },
    }
