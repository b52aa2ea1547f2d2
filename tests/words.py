"""The word list of the glossary, held by a tool: `python -m tests.words`.

One word per idea. Names in our packages use the field's standard terms; the words below are refused
in identifiers and module names, each with the word to use instead.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("pipeline", "stages", "extraction", "langid", "filters", "audit")
INSTEAD = {
    "dump": "snapshot",
    "bucketize": "band",
    "blacklist": "deny list",
    "whitelist": "allow list",
    "exclude": "reject",
    "dataframe": "table or batch",
    "utils": "a name of its own",
    "util": "a name of its own",
    "helpers": "a name of its own",
    "helper": "a name of its own",
    "common": "a name of its own",
    "misc": "a name of its own",
    "metaclass": "a function or a frozen dataclass",
    "threshold_v2": "version as a field",
}
ALLOWED = {
    ("stages/publish.py", "dump"),  # FineWeb-2's column
    ("pipeline/sandbox.py", "helper"),  # the process that forks the child
}


def names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name that a module defines: functions, classes, arguments and assigned variables."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


def refused(root: Path) -> Iterator[str]:
    """One line for each refused word: file, line, name and what to say instead."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            relative = str(path.relative_to(root))
            found = [(1, path.stem), *names(ast.parse(path.read_text(encoding="utf-8")))]
            for line, name in found:
                for part in name.lower().split("_"):
                    if part in INSTEAD and (relative, part) not in ALLOWED:
                        yield f"{relative}:{line}: {name}: say {INSTEAD[part]}, not {part}"


def main() -> int:
    """Print what is refused; exit code 1 if there is any."""
    found = list(refused(Path(__file__).parents[1]))
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
