"""The changes: small mistakes that can be made in the functions of a module."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

OTHERS: dict[type, list[type]] = {
    ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Div], ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Mult], ast.Mod: [ast.FloorDiv], ast.Pow: [ast.Mult],
    ast.BitAnd: [ast.BitOr], ast.BitOr: [ast.BitAnd], ast.And: [ast.Or], ast.Or: [ast.And],
    ast.Lt: [ast.GtE, ast.LtE], ast.GtE: [ast.Lt, ast.Gt], ast.Gt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Gt, ast.Lt], ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is], ast.In: [ast.NotIn], ast.NotIn: [ast.In],
}  # fmt: skip
"""What each operator is replaced by."""


class Mutant(NamedTuple):
    """One change: what stands in `place` of `holder`, a field or an item of a list, is replaced."""

    name: str  # the module and a number
    function: str  # the innermost function with a name, or "" in a lambda of the module
    line: str
    holder: Any
    place: str | int
    new: Any
    change: str

    def __str__(self) -> str:
        return f"{self.name} [{self.function}] {self.line}   : {self.change}"


def swap(holder: Any, place: str | int, new: Any) -> Any:
    """Put something in a place of the tree, and return what was there."""
    if isinstance(place, int):
        old, holder[place] = holder[place], new
    else:
        old = getattr(holder, place)
        setattr(holder, place, new)
    return old


def inner_changes(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """The changes of one field of an expression or statement: which field, what it becomes."""
    if isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)):
        yield from (("op", other()) for other in OTHERS.get(type(node.op), []))
    elif isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            yield from (("ops", [*node.ops[:i], other(), *node.ops[i + 1 :]])
                        for other in OTHERS[type(op)])  # fmt: skip
    elif isinstance(node, ast.Call):
        yield from (("keywords", node.keywords[:i] + node.keywords[i + 1 :])
                    for i in range(len(node.keywords)))  # fmt: skip
        if len(node.args) > 1 and ast.dump(node.args[0]) != ast.dump(node.args[1]):
            yield "args", [node.args[1], node.args[0], *node.args[2:]]
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "value", not node.value
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        yield from (("value", node.value + step) for step in (1, -1))
    elif isinstance(node, ast.comprehension) and node.ifs:
        yield "ifs", []
    if isinstance(node, (ast.If, ast.IfExp, ast.While)) and not isinstance(node.test, ast.Compare):
        yield "test", ast.UnaryOp(ast.Not(), node.test)


def replacement(node: ast.AST) -> ast.AST | None:
    """What the whole of a node can be replaced by: less of it."""
    if isinstance(node, ast.UnaryOp):
        return node.operand
    left_out = isinstance(node, (ast.AugAssign, ast.Raise, ast.Continue, ast.Break))
    if isinstance(node, ast.Expr):
        left_out = not isinstance(node.value, (ast.Constant, ast.Yield, ast.YieldFrom))
    if isinstance(node, ast.Assign):  # without a name nothing after it would run
        left_out = not any(isinstance(target, (ast.Name, ast.Tuple)) for target in node.targets)
    return ast.Pass() if left_out else None


def walk(node: ast.AST, function: str | None) -> Iterator[tuple[Any, Any, Any, Any, str]]:
    """All that functions do: each node, its parent, the place it stands in, the function's name."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list") or isinstance(node, ast.Assert):
            continue  # nothing that runs, or what is only said to the checker of types
        if isinstance(node, ast.Raise):
            continue  # the words of messages
        within = function
        if field == "body" and isinstance(node, (ast.FunctionDef, ast.Lambda)):
            within = getattr(node, "name", function or "")
        children = enumerate(value) if isinstance(value, list) else [(field, value)]
        for place, child in children:
            if isinstance(child, ast.AST):
                if within is not None:
                    yield child, node, value if isinstance(value, list) else node, place, within
                yield from walk(child, within)


def mutants(module: str, path: Path) -> tuple[ast.Module, list[Mutant]]:
    """The module's tree, and all changes to its functions, in the order of its lines."""
    source = path.read_text(encoding="utf-8")
    tree, lines = ast.parse(source), source.splitlines()
    found: list[Mutant] = []
    for node, parent, holder, place, function in walk(tree, None):
        ways = [(node, field, new) for field, new in inner_changes(node)]
        less = replacement(node)
        ways += [] if less is None else [(holder, place, ast.copy_location(less, node))]
        for at, where, new in ways:
            shown = parent if isinstance(node, ast.Constant) and hasattr(parent, "lineno") else node
            before = ast.unparse(shown)
            old = swap(at, where, new)
            after = ast.unparse(less if at is holder else shown)
            swap(at, where, old)
            line = lines[node.lineno - 1].strip() if hasattr(node, "lineno") else ""
            change = f"{' '.join(before.split())} -> {' '.join(after.split())}"
            found.append(Mutant(f"{module}:{len(found)}", function, line, at, where, new, change))
    return tree, found


# ---- in a running process -----------------------------------------------------------------------

Codes = dict[tuple[str, int, int], CodeType]


def codes(tree: ast.Module, path: Path) -> Codes:
    """The code of every function, by name, line, and place among those of this name and line."""
    found: Codes = {}
    todo = [compile(ast.fix_missing_locations(tree), str(path), "exec", dont_inherit=True)]
    while todo:
        for code in todo.pop().co_consts:
            if isinstance(code, CodeType):
                twins = [key for key in found if key[:2] == (code.co_name, code.co_firstlineno)]
                found[code.co_name, code.co_firstlineno, len(twins)] = code
                todo.append(code)
    return found


def living(path: Path) -> list[FunctionType]:
    """All functions of a module that there are in this process, wherever they are kept."""
    return [f for f in gc.get_objects()
            if type(f) is FunctionType and f.__code__.co_filename == str(path)]  # fmt: skip


def signature(code: CodeType) -> tuple[Any, ...]:
    """Equal if two codes are of the same text; codes that have run compare unequal by ==."""
    constants = [x for x in code.co_consts if not isinstance(x, CodeType)]
    return (code.co_name, code.co_firstlineno, code.co_code, code.co_names, code.co_varnames,
            code.co_freevars, repr(constants))  # fmt: skip


def apply(mutant: Mutant, tree: ast.Module, path: Path, alive: list[FunctionType]) -> int:
    """Give the living functions the code that they would have; how many it changes."""
    before = codes(tree, path)
    old = swap(mutant.holder, mutant.place, mutant.new)
    after = codes(tree, path)
    swap(mutant.holder, mutant.place, old)
    changed = [(code, after[key]) for key, code in before.items()
               if key in after and after[key] != code]  # fmt: skip
    pairs = [(f, new) for f in alive for code, new in changed
             if signature(f.__code__) == signature(code)]  # fmt: skip
    for f, new in pairs:
        f.__code__ = new
    return len(pairs)
