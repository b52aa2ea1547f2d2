"""Mutation test of the rule compiler: `python -m tests.mutants`, or `make mutants`.

Every small change of `filters/rules.py` (a comparison swapped, a constant one off, a bound taken
for the other, a statement removed ...) must fail a test. A change that no test can see because it
changes nothing is listed below with the reason. Exit code 1 if another one survives.
"""

import argparse
import ast
import copy
import os
import signal
import sys
import types
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MODULE = "filters.rules"
TESTS = ("tests/unit/filters/test_rules.py", "tests/unit/filters/test_whatif.py")
PATIENCE_S = 120

EQUIVALENT = {
    "fails: below | (values > high): BitOr to BitXor": (
        "compiled bounds have low <= high, so no value lies below one and above the other"
    ),
    "attribute: np.float64: float64 to float32 (2)": (
        "zeros and ones are exact in float32, and their product with float64 is of float64"
    ),
    "_check_names: 3: 4": "how many names an error message suggests decides nothing",
    "_check_names: 3: 2": "how many names an error message suggests decides nothing",
}
"""Survivors that change no decision, by their name, and why."""

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add,),
    ast.LShift: (ast.RShift,),
    ast.BitOr: (ast.BitAnd, ast.BitXor),
    ast.BitAnd: (ast.BitOr, ast.BitXor),
    ast.BitXor: (ast.BitOr,),
}
NAMES = {
    "low": "high",
    "high": "low",
    "lo": "hi",
    "hi": "lo",
    "min": "max",
    "max": "min",
    "argmax": "argmin",
    "bitwise_or": "bitwise_and",
    "zeros": "ones",
    "float32": "float64",
    "float64": "float32",
    "uint64": "int64",
    "sorted": "list",
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed module: where, what, and its source."""

    name: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module, each with one change; equal names are numbered."""
    tree = ast.parse(source)
    original, quiet = ast.unparse(tree), set(map(id, _unused(tree)))
    names: Counter[str] = Counter()
    for at, node in enumerate(ast.walk(tree)):
        if id(node) in quiet:
            continue
        for what, change in CHANGES.get(type(node), _none)(node):
            copied = copy.deepcopy(tree)
            change(list(ast.walk(copied))[at])
            made = ast.unparse(ast.fix_missing_locations(copied))
            if made != original:
                name = f"{_where(tree, node)}: {_short(node)}: {what}"
                names[name] += 1
                suffix = f" ({names[name]})" if names[name] > 1 else ""
                yield Mutant(name + suffix, made)


def _unused(tree: ast.Module) -> Iterator[ast.AST]:
    """What decides nothing at run time: annotations and decorators."""
    for node in ast.walk(tree):
        roots: list[ast.AST | None] = []
        if isinstance(node, ast.FunctionDef):
            roots = [node.returns, *node.decorator_list]
        elif isinstance(node, ast.ClassDef):
            roots = [*node.decorator_list]
        elif isinstance(node, ast.arg | ast.AnnAssign):
            roots = [node.annotation]
        for root in roots:
            if root is not None:
                yield from ast.walk(root)


def _where(tree: ast.Module, node: ast.AST) -> str:
    """The function or class that holds a node."""
    line = getattr(node, "lineno", 0)
    kinds = (ast.FunctionDef, ast.ClassDef)
    found = [n for n in tree.body if isinstance(n, kinds) and n.lineno <= line <= _end(n)]
    return found[0].name if found else "module"


def _end(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _short(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text.splitlines()[0] if text else type(node).__name__


Change = tuple[str, Callable[[ast.AST], None]]


def _set(field: str, value: object) -> Callable[[ast.AST], None]:
    return lambda node: setattr(node, field, value)


def _comparison(number: int, other: type[ast.cmpop]) -> Callable[[ast.AST], None]:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Compare)
        node.ops[number] = other()

    return change


def _none(node: ast.AST) -> Iterator[Change]:
    del node
    yield from ()


def _compare(node: ast.Compare) -> Iterator[Change]:
    for number, operator in enumerate(node.ops):
        for other in COMPARISONS[type(operator)]:
            yield f"{type(operator).__name__} to {other.__name__}", _comparison(number, other)


def _binary(node: ast.BinOp) -> Iterator[Change]:
    for operator in OPERATORS.get(type(node.op), ()):
        yield f"{type(node.op).__name__} to {operator.__name__}", _set("op", operator())


def _boolean(node: ast.BoolOp) -> Iterator[Change]:
    other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield f"{type(node.op).__name__} to {type(other).__name__}", _set("op", other)


def _unary(node: ast.UnaryOp) -> Iterator[Change]:
    if isinstance(node.op, ast.Not):
        twice = ast.UnaryOp(ast.Not(), copy.deepcopy(node.operand))
        yield "negated", _set("operand", twice)
    else:
        yield "without its sign", _set("op", ast.UAdd())


def _constant(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield f"{not value}", _set("value", not value)
    elif isinstance(value, int):
        yield f"{value + 1}", _set("value", value + 1)
        yield f"{value - 1}", _set("value", value - 1)


def _name(node: ast.Name | ast.Attribute) -> Iterator[Change]:
    field = "id" if isinstance(node, ast.Name) else "attr"
    other = NAMES.get(getattr(node, field))
    if other is not None and isinstance(node.ctx, ast.Load):
        yield f"{getattr(node, field)} to {other}", _set(field, other)


def _condition(node: ast.If | ast.IfExp) -> Iterator[Change]:
    for value in (True, False):
        yield f"condition is {value}", _set("test", ast.Constant(value))
    if isinstance(node, ast.If):
        yield from _statements(node, "body")


def _body(node: ast.FunctionDef | ast.For) -> Iterator[Change]:
    yield from _statements(node, "body")


CHANGES: dict[type[ast.AST], Callable[[Any], Iterator[Change]]] = {
    ast.Compare: _compare,
    ast.BinOp: _binary,
    ast.BoolOp: _boolean,
    ast.UnaryOp: _unary,
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _name,
    ast.If: _condition,
    ast.IfExp: _condition,
    ast.For: _body,
    ast.FunctionDef: _body,
}
"""What can be changed about each kind of node: a name, and a function on that node of a copy."""


def _statements(node: ast.FunctionDef | ast.If | ast.For, field: str) -> Iterator[Change]:
    """Each statement but docstrings and functions is removed."""
    for number, statement in enumerate(getattr(node, field)):
        is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not is_text and not isinstance(statement, ast.FunctionDef | ast.Pass):
            yield f"without {_short(statement)}", _removed(field, number)


def _removed(field: str, number: int) -> Callable[[ast.AST], None]:
    def change(node: ast.AST) -> None:
        getattr(node, field)[number] = ast.Pass()

    return change


def survives(module: str, source: str, tests: tuple[str, ...]) -> bool:
    """Whether the tests pass with the module as changed; in a child, so that nothing stays."""
    child = os.fork()
    if child == 0:
        signal.alarm(PATIENCE_S)  # a mutant that does not end is found
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os._exit(_tested(module, source, tests))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def _tested(module: str, source: str, tests: tuple[str, ...]) -> int:
    """The exit code of the tests; 1 where the module cannot even be imported."""
    import pytest  # noqa: PLC0415 - the parent has it

    made = types.ModuleType(module)
    made.__file__ = str(ROOT / f"{module.replace('.', '/')}.py")
    sys.modules[module] = made
    package, _, name = module.rpartition(".")
    try:
        exec(compile(source, made.__file__, "exec"), made.__dict__)  # noqa: S102 - our own source
        setattr(sys.modules[package], name, made)
        return int(
            pytest.main(
                ["-x", "-q", "--noconftest", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
                + [str(ROOT / test) for test in tests]
            )
        )
    except BaseException:  # noqa: BLE001 - whatever a mutant does, it is found
        return 1


def main() -> int:
    """Run every mutant; print survivors; exit code 1 if one is not explained."""
    options = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    options.add_argument("--module", default=MODULE)
    options.add_argument("--tests", nargs="*", default=TESTS)
    given = options.parse_args()
    import hypothesis.strategies  # noqa: F401, PLC0415 - imported once, for all children
    import pytest  # noqa: F401, PLC0415

    import filters.catalog  # noqa: F401, PLC0415

    source = (ROOT / f"{given.module.replace('.', '/')}.py").read_text(encoding="utf-8")
    if not survives(given.module, source, tuple(given.tests)):
        print("the tests fail without any change")  # noqa: T201
        return 1
    found, survivors = 0, []
    for mutant in mutants(source):
        found += 1
        if survives(given.module, mutant.source, tuple(given.tests)):
            survivors.append(mutant.name)
            said = EQUIVALENT.get(mutant.name, "NOT EXPLAINED")
            print(f"{mutant.name}\n    {said}", flush=True)  # noqa: T201
    unknown = [name for name in survivors if name not in EQUIVALENT]
    gone = [name for name in EQUIVALENT if name not in survivors and given.module == MODULE]
    print(  # noqa: T201
        f"{found} mutants, {found - len(survivors)} found by a test, {len(survivors)} survive, "
        f"{len(unknown)} of them not explained; {len(gone)} explained that do not survive: {gone}"
    )
    return 1 if unknown or gone else 0


if __name__ == "__main__":
    sys.exit(main())
