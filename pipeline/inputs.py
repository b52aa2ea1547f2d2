"""Inputs: which files a folder, a pattern, a path list or an address of a store stands for."""

import fnmatch
import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, unquote

from pipeline import remote
from pipeline.remote import is_remote
from pipeline.storage import Input, identity, known_by, open_at, path_at
from stages.errors import ConfigError, ShardError

WARC_SUFFIXES = tuple(
    f"{kind}{packed}" for kind in (".warc", ".arc") for packed in ("", ".gz", ".lz4", ".zst")
)
LIST_SUFFIXES = (".paths", ".paths.gz", ".txt", ".txt.gz")
SNAPSHOT = re.compile(r"CC-MAIN-\d{4}-\d{2}")
LOOKUPS = 32
"""Files whose identity is looked up at once."""
ROBOTS_FOLDER = "robotstxt"
PATTERN_SIGNS = frozenset("*?[")
MAX_LIST_BYTES = 256 << 20
"""Of a path list's text: ten snapshots; what is larger is a decompression bomb."""
NO_WARC = f"no WARC or ARC file in this folder (*{', *'.join(WARC_SUFFIXES[:2])} ...)"
NO_MATCH = "no such file, and no file matches it as a pattern"
INPUT_REMEDY = "give WARC files, folders, patterns or path lists with --input"
_Found = tuple[str, str, str]
"""Name and address of a file, and its identity where a listing has told it."""


def expand(sources: Sequence[str], base_uri: str | None) -> list[Input]:
    """Input files from files, folders, globs and path lists, in the order given.

    ConfigError names what matches nothing, and files of equal name.
    """
    located = [found for source in sources for found in _locate(source, base_uri)]
    names: dict[str, str] = {}
    for name, uri, _ in located:
        short = name.rsplit("/", 1)[-1]
        if short in names:
            raise ConfigError(
                uri,
                f"has the same file name as {names[short]}",
                "documents are known by file name: rename one",
            )
        names[short] = uri
    return _identified(located)


def below(folder: str, suffix: str) -> list[Input]:
    """The files of a folder, local or remote, whose names end so; none if there is no such folder.

    Each is named by its place in the folder.
    """
    if not is_remote(folder):
        files = sorted(path_at(folder).glob(f"*{suffix}"))
        return _identified([(path.name, str(path.resolve()), "") for path in files])
    base, key = remote.split(folder)
    depth = len([part for part in key.split("/") if part])
    listed = [facts for facts in remote.listing(folder) if facts.path.endswith(suffix)]
    return [
        Input(facts.path.rpartition("/")[2], _address(base, facts.path), known_by(facts))
        for facts in listed
        if facts.path.count("/") == depth
    ]


def _identified(found: Sequence[_Found]) -> list[Input]:
    """Inputs, looked up one by one but for those that a listing has told of."""
    with ThreadPoolExecutor(LOOKUPS) as pool:  # a snapshot has 90,000 files
        known = pool.map(lambda one: one[2] or identity(one[1]), found)
        return [Input(name, uri, k) for (name, uri, _), k in zip(found, known, strict=True)]


def _locate(source: str, base_uri: str | None) -> Iterator[_Found]:
    """Each file that a source stands for."""
    if not source:
        raise ConfigError("--input", "is empty", "name a file, folder, pattern or path list")
    if source.removesuffix(".gz").endswith((".paths", ".txt")):
        yield from _listed(source, base_uri)
        return
    if is_remote(source):
        yield from _in_store(source)
        return
    path = path_at(source)
    if path.is_dir():
        inside = [p.relative_to(path) for p in path.rglob("*") if p.name.endswith(WARC_SUFFIXES)]
        # Beside its pages, a crawl's folder holds its robots.txt files: `robots_lists` finds them.
        files = [path / p for p in sorted(inside) if ROBOTS_FOLDER not in p.parts]
        missing = NO_WARC
    elif path.exists():
        files, missing = [path], ""
    else:
        root = Path(path.anchor or ".")
        files = sorted(p for p in root.glob(str(path.relative_to(path.anchor))) if p.is_file())
        missing = NO_MATCH
    if not files:
        raise ConfigError(source, missing, INPUT_REMEDY)
    for file in files:
        name = str(file.relative_to(path)) if path.is_dir() else file.name
        yield name, str(file.resolve()), ""


def _in_store(source: str) -> Iterator[_Found]:
    """Each object that an address stands for; a web server lists nothing.

    A name that ends as archives do is taken at its word, without a request.
    """
    is_store = source.startswith(tuple(f"{scheme}://" for scheme in remote.STORES))
    is_named = source.endswith(WARC_SUFFIXES) and PATTERN_SIGNS.isdisjoint(source)
    if not is_store or is_named:
        yield source.split("://", 1)[1].split("/", 1)[-1], source, ""
        return
    base, _ = remote.split(source)
    parts = [unquote(part) for part in source.removeprefix(base).split("/") if part]
    whole = "/".join([base, *map(quote, parts)])  # quoted: else ? would begin a query
    if parts and (there := remote.head(whole)) is not None:
        yield "/".join(parts), whole, known_by(there)
        return
    if "**" in parts:
        raise ConfigError(source, "holds **, which stores do not know", "name the folder above it")
    fixed = next((n for n, part in enumerate(parts) if PATTERN_SIGNS & set(part)), len(parts))
    wanted = parts[fixed:]
    found = []
    for facts in remote.listing("/".join([base, *map(quote, parts[:fixed])])):
        inside = facts.path.split("/")[fixed:]
        if wanted:
            is_match = len(inside) == len(wanted) and all(map(fnmatch.fnmatchcase, inside, wanted))
        else:
            is_match = facts.path.endswith(WARC_SUFFIXES) and ROBOTS_FOLDER not in inside
        if is_match:
            found.append((inside[-1:] if wanted else inside, facts))
    if not found:
        raise ConfigError(source, NO_MATCH if wanted else NO_WARC, INPUT_REMEDY)
    for inside, facts in sorted(found, key=lambda one: one[1].path.split("/")):  # as folders are
        yield "/".join(inside), _address(base, facts.path), known_by(facts)


def _address(base: str, path: str) -> str:
    """The address of an object: quoted, else a ? in its name would begin a query."""
    return f"{base}/{quote(path, safe='/=:+@,~')}"


def _listed(source: str, base_uri: str | None) -> Iterator[_Found]:
    """Entries of a path list.

    They lie under `base_uri`, or beside the crawl-data folder that holds the list.
    """
    try:
        with open_at(source) as stream:
            is_packed = stream.read(2) == b"\x1f\x8b"
            stream.seek(0)
            plain = gzip.GzipFile(fileobj=stream) if is_packed else stream
            data = plain.read(MAX_LIST_BYTES + 1)
        text = data.decode("utf-8")
    except (ShardError, OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise ConfigError(source, f"not readable as a path list ({error})") from None
    if len(data) > MAX_LIST_BYTES:
        raise ConfigError(source, f"is no path list: it holds more than {MAX_LIST_BYTES >> 20} MiB")
    if "\0" in text:
        raise ConfigError(source, "is no path list: it holds bytes of zero", INPUT_REMEDY)
    before, marker, _ = source.partition("crawl-data/")
    root = base_uri or (before if marker else source.rpartition("/")[0])
    for line in text.splitlines():
        name = line.strip()
        if not name:
            continue
        uri = name
        if root and not is_remote(name) and not name.startswith("/"):
            uri = f"{root.rstrip('/')}/{name}"
        try:
            yield name, uri if is_remote(uri) else str(path_at(uri).resolve()), ""
        except (OSError, RuntimeError) as error:
            problem = f"names a file that cannot be ({type(error).__name__})"
            raise ConfigError(source, problem, INPUT_REMEDY) from None


def robots_lists(sources: Sequence[str]) -> list[str]:
    """Where a crawl keeps its robots.txt files, if there is such a place.

    The `robotstxt.paths.gz` beside each `warc.paths.gz`, and folders `robotstxt` inside folders.
    """
    beside = [
        source[: -len("warc.paths.gz")] + "robotstxt.paths.gz"
        for source in sources
        if source.endswith("warc.paths.gz")
    ]
    folders = [path_at(source) for source in sources if source and not is_remote(source)]
    inside = [str(p) for f in folders if f.is_dir() for p in sorted(f.rglob(ROBOTS_FOLDER))]
    stores = tuple(f"{scheme}://" for scheme in remote.STORES)
    for source in sources:
        is_file = source.endswith((*WARC_SUFFIXES, *LIST_SUFFIXES))
        if source.startswith(stores) and not is_file and PATTERN_SIGNS.isdisjoint(source):
            base, key = remote.split(source)
            depth = len([part for part in key.split("/") if part])
            above = [facts.path.split("/")[:-1] for facts in remote.listing(source)]
            ends = {
                tuple(path[: path.index(ROBOTS_FOLDER, depth) + 1])
                for path in above
                if ROBOTS_FOLDER in path[depth:]
            }
            inside += ["/".join([base, *map(quote, end)]) for end in sorted(ends)]
    return [uri for uri in beside if identity(uri) != "missing"] + inside


def snapshot_of(inputs: Sequence[Input]) -> str:
    """The Common Crawl snapshot named in the first path that names one, else `local`."""
    return next((found.group() for item in inputs if (found := SNAPSHOT.search(item.uri))), "local")
