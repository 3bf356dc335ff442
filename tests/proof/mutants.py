"""Mutants of a module: one small change each, by its syntax tree.

Not changed: what says nothing at run time (annotations, docstrings, imports), what never happens
in a program that is right (assertions), and the words of an error.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType

COMPARED = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
COMPUTED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
CALLED = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "bisect_left": "bisect_right",
    "bisect_right": "bisect_left",
}
TYPES = frozenset({"Literal", "Annotated", "TypeVar"})
NAMES = frozenset({"__all__", "__slots__"})
SILENT = (ast.Raise, ast.Assert, ast.Import, ast.ImportFrom, ast.JoinedStr)
SILENT_FIELDS = frozenset({"annotation", "returns", "decorator_list", "type_params", "bases"})


class Where(NamedTuple):
    """The function and the lines that a node belongs to."""

    scope: str = ""
    """The outermost function; "" for what runs when the module is imported."""
    around: str = ""
    """The scope in which that function, or one within it, is made: its defaults run there."""
    first: int = 1
    last: int = 1
    """The lines of its statement, of a compound one its head."""
    classes: tuple[str, ...] = ()

    def entered(self, node: ast.AST) -> Where:
        here = self
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            here = here._replace(first=node.lineno, last=max(node.lineno, last))
        if isinstance(node, ast.ClassDef):
            return here._replace(classes=(*here.classes, node.name))
        if isinstance(node, ast.FunctionDef):
            name = ".".join((*here.classes, node.name))
            return here._replace(scope=self.scope or name, around=self.scope)
        return here


class Place(NamedTuple):
    """Where a node hangs in the tree."""

    parent: ast.AST
    field: str
    index: int | None
    where: Where


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change; `number` counts those of a module, `scope`, `first`, `last` are as in `Where`."""

    number: int
    line: int
    scope: str
    first: int
    last: int
    before: str
    after: str


def mutants(source: str) -> Iterator[Mutant]:
    """List every mutant of a module."""
    for number, (place, node, new) in enumerate(_changes(ast.parse(source))):
        yield Mutant(
            number,
            getattr(node, "lineno", place.where.first),
            place.where.scope,
            place.where.first,
            place.where.last,
            ast.unparse(node).replace("\n", " "),
            ast.unparse(new).replace("\n", " "),
        )


def compiled(source: str, filename: str, number: int) -> CodeType:
    """Compile a module with one change made."""
    tree = ast.parse(source)
    for at, (place, node, new) in enumerate(_changes(tree)):
        if at == number:
            ast.copy_location(new, node)
            if place.index is None:
                setattr(place.parent, place.field, new)
            else:
                getattr(place.parent, place.field)[place.index] = new
            break
    return compile(ast.fix_missing_locations(tree), filename, "exec")


def _changes(tree: ast.Module) -> Iterator[tuple[Place, ast.AST, ast.AST]]:
    for place, node in _nodes(tree, Where()):
        for new in _instead(node, place):
            yield place, node, new


def _nodes(parent: ast.AST, where: Where) -> Iterator[tuple[Place, ast.AST]]:
    for field, index, node in _children(parent):
        here = where
        if field == "args" and isinstance(parent, ast.FunctionDef):
            here = where._replace(scope=where.around)
        here = here.entered(node)
        yield Place(parent, field, index, here), node
        yield from _nodes(node, here)


def _children(parent: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    for field, value in ast.iter_fields(parent):
        if field in SILENT_FIELDS:
            continue
        found = enumerate(value) if isinstance(value, list) else ((None, value),)
        for index, node in found:
            if isinstance(node, ast.AST) and not _says_nothing(node):
                yield field, index, node


def _says_nothing(node: ast.AST) -> bool:
    if isinstance(node, SILENT):
        return True
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Name) and node.value.id in TYPES
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id in NAMES for target in node.targets)
    return isinstance(node, ast.AnnAssign) and node.value is None


def _instead(node: ast.AST, place: Place) -> Iterator[ast.AST]:
    make = _MAKERS.get(type(node))
    if make is not None:
        yield from make(node)
    if place.field in ("test", "ifs") and not isinstance(node, _JUDGED) and place.where.scope:
        yield ast.UnaryOp(ast.Not(), node)


_JUDGED = (ast.Compare, ast.BoolOp, ast.UnaryOp)


def _of_compare(node: ast.Compare) -> Iterator[ast.AST]:
    for at, operator in enumerate(node.ops):
        for other in COMPARED[type(operator)]:
            operators = [*node.ops[:at], other(), *node.ops[at + 1 :]]
            yield ast.Compare(node.left, operators, node.comparators)


def _of_bool(node: ast.BoolOp) -> Iterator[ast.AST]:
    """Leave out one part after the other."""
    for at in range(len(node.values)):
        left = [*node.values[:at], *node.values[at + 1 :]]
        yield left[0] if len(left) == 1 else ast.BoolOp(node.op, left)


def _of_unary(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not | ast.USub):
        yield node.operand


def _of_binary(node: ast.BinOp) -> Iterator[ast.AST]:
    other = COMPUTED.get(type(node.op))
    if other is not None:
        yield ast.BinOp(node.left, other(), node.right)


def _of_constant(node: ast.Constant) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield ast.Constant(node.value + 1)
    elif isinstance(node.value, str):
        yield ast.Constant(node.value + "!")


def _of_choice(node: ast.IfExp) -> Iterator[ast.AST]:
    yield node.body
    yield node.orelse


def _of_call(node: ast.Call) -> Iterator[ast.AST]:
    if isinstance(node.func, ast.Name) and node.func.id in CALLED:
        yield ast.Call(ast.Name(CALLED[node.func.id], ast.Load()), node.args, node.keywords)


def _of_set(node: ast.Set) -> Iterator[ast.AST]:
    """Leave out one element after the other."""
    for at in range(len(node.elts)) if len(node.elts) > 1 else ():
        yield ast.Set([*node.elts[:at], *node.elts[at + 1 :]])


def _nothing(_: ast.AST) -> Iterator[ast.AST]:
    yield ast.Pass()


def _of_break(_: ast.Break) -> Iterator[ast.AST]:
    yield ast.Continue()


_MAKERS: dict[type, Callable[[ast.AST], Iterator[ast.AST]]] = {
    ast.Compare: _of_compare,
    ast.BoolOp: _of_bool,
    ast.UnaryOp: _of_unary,
    ast.BinOp: _of_binary,
    ast.Constant: _of_constant,
    ast.IfExp: _of_choice,
    ast.Call: _of_call,
    ast.Set: _of_set,
    ast.Expr: _nothing,
    ast.AugAssign: _nothing,
    ast.Continue: _nothing,
    ast.Break: _of_break,
}
