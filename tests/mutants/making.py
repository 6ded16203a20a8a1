"""What can be wrong with a function, one thing at a time: its mutants.

In: a module's source. Out: mutants, each with the code of its function. Not here: running tests against them (`plugin.py`).
"""

import ast
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from types import CodeType

COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
CALCULATED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}
DROPPED = (ast.Raise, ast.Assign, ast.AugAssign, ast.Expr, ast.Continue, ast.Break)


@dataclass(frozen=True)
class Mutant:
    """A mistake: in which function of which file, what was there and what is there now."""

    path: str
    function: str
    was: str
    becomes: str
    source: ast.Module
    number: int = 1

    @property
    def name(self) -> str:
        """The mutant's name, which does not depend on line numbers; of several that are alike all but the first are numbered."""
        alike = f" ({self.number})" if self.number > 1 else ""
        return f"{self.path} {self.function}: {self.was} -> {self.becomes}{alike}"

    def code(self, filename: str) -> CodeType:
        """The module's code with the mistake in it."""
        return compile(ast.fix_missing_locations(self.source), filename, "exec")


def mutants_of(path: str, source: str) -> Iterator[Mutant]:
    """Every mutant of every function in a module."""
    tree = ast.parse(source)
    alike: Counter[tuple[str, ...]] = Counter()
    for names, function in _functions(tree, ()):
        for place in range(sum(1 for _ in ast.walk(function))):
            if not _can_be_wrong(_at(function, place)):
                continue
            copy = deepcopy(tree)
            twin = next(found for known, found in _functions(copy, ()) if known == names and found.lineno == function.lineno)
            node = _at(twin, place)
            was = _text(node)
            becomes = _spoil(twin, node)
            alike[*names, was, becomes] += 1
            yield Mutant(path, ".".join(names), was, becomes, copy, alike[*names, was, becomes])


def _functions(tree: ast.AST, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Functions of a module and methods of its classes; what is defined inside a function is part of it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from _functions(node, (*names, node.name))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (*names, node.name), node


def _at(function: ast.AST, place: int) -> ast.AST:
    return next(node for number, node in enumerate(ast.walk(function)) if number == place)


def _can_be_wrong(node: ast.AST) -> bool:
    """Whether there is a mistake that can be made here."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in COMPARED:
            return True
        case ast.BoolOp() | ast.UnaryOp(op=ast.Not()) | ast.If() | ast.IfExp():
            return True
        case ast.BinOp(op=operator) if type(operator) in CALCULATED and not _is_type(node):
            return True
        case ast.Call(func=ast.Name(id=name)) if name in CALLED:
            return True
        case ast.Constant(value=bool()) | ast.Constant(value=int()):
            return True
        case _ if isinstance(node, DROPPED) and not _is_docstring(node):
            return True
    return False


def _spoil(function: ast.AST, node: ast.AST) -> str:
    """Make the mistake; returns what stands there now."""
    match node:
        case ast.Compare(ops=[operator]):
            node.ops = [COMPARED[type(operator)]()]
        case ast.BoolOp(op=ast.And()):
            node.op = ast.Or()
        case ast.BoolOp():
            node.op = ast.And()
        case ast.UnaryOp():
            _put(function, node, node.operand)
            return ast.unparse(node.operand)
        case ast.If() | ast.IfExp():
            node.test = ast.Constant(False)
            return _text(node)
        case ast.BinOp(op=operator):
            node.op = CALCULATED[type(operator)]()
        case ast.Call(func=ast.Name() as called):
            called.id = CALLED[called.id]
        case ast.Constant(value=bool(value)):
            node.value = not value
        case ast.Constant(value=int(value)):
            node.value = value + 1
        case _:
            _put(function, node, ast.Pass())
            return "nothing"
    return _text(node)


def _put(function: ast.AST, old: ast.AST, new: ast.AST) -> None:
    """Put `new` where `old` is."""
    for parent in ast.walk(function):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list) and any(item is old for item in value):
                setattr(parent, field, [new if item is old else item for item in value])


def _text(node: ast.AST) -> str:
    """A node in one line; of a statement with a body its head."""
    if isinstance(node, ast.If):
        return f"if {ast.unparse(node.test)}"
    return " ".join(ast.unparse(node).split())


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_type(node: ast.AST) -> bool:
    """`A | B` of types looks like a sum of sets."""
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.BitOr)
        and any(
            (isinstance(side, ast.Name) and side.id[:1].isupper()) or isinstance(side, ast.Constant) for side in (node.left, node.right)
        )
    )
