"""The shape of the project, read from its source: who imports whom, sizes, names, completeness."""

from __future__ import annotations

import ast
import importlib
import io
import pkgutil
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import tinydl.primitives
from tests.table import ROWS
from tinydl.autodiff import PRIMITIVES

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "tinydl"
FILES = sorted(PACKAGE.rglob("*.py"))

CHAIN = ["backend", "autodiff", "primitives", "labels", "functions", "layers", "network",
         "training"]  # fmt: skip
MAY_IMPORT = {
    **{folder: set(CHAIN[:place]) for place, folder in enumerate(CHAIN)},
    "data": {"backend", "labels"},
    "plot": {"data", "labels"},
    "store": set(CHAIN) - {"training"},
    "training": {*CHAIN, "data", "plot", "store"},
    "testing": {*CHAIN, "data", "store", "plot"},
}
"""What each folder may import besides itself: the folders to its left, or what is said."""

MAY_IMPORT_NUMPY = {"backend", "data", "store", "plot", "testing"}
ONLY_WHEN_USED = {"scipy", "matplotlib", "pandas", "PIL", "hypothesis", "cupy", "numba", "pytest",
                  "IPython"}  # fmt: skip
"""Imported inside functions only: users pay for them, and need them, when they ask for them."""

LINES_OF_A_FILE = 300
LINES_OF_A_FUNCTION = 40
LINES_OF_AUTODIFF = 400
MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:home|tmp|root|work|mnt|Users|opt|var)/\w|\b[A-Z]:\\\w")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def folder(path: Path) -> str:
    """The folder of the package that a file belongs to; "" for the package's own file."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def imports(path: Path, tree: ast.AST) -> Iterator[str]:
    """The full names of the modules that are imported anywhere in a tree."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def at_import(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements that run when the module is imported."""
    for node in tree.body:
        is_typing = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not is_typing and not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_point_to_the_left(path: Path) -> None:
    here = folder(path)
    if not here:
        return  # the package's own file imports everything, to name what is public
    assert here in MAY_IMPORT, f"{here} has no place in the architecture"
    for module in imports(path, parse(path)):
        root, _, rest = module.partition(".")
        if root != "tinydl":
            continue
        there = rest.partition(".")[0]
        assert there == here or there in MAY_IMPORT[here], f"{name(path)} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_numpy_is_named_only_where_arrays_are_made(path: Path) -> None:
    roots = {module.partition(".")[0] for module in imports(path, parse(path))}
    assert "numpy" not in roots or folder(path) in MAY_IMPORT_NUMPY
    assert not roots & {"cupy", "numba"} or folder(path) == "backend"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_heavy_or_optional_packages_are_imported_when_used(path: Path) -> None:
    if path.name.startswith(("cupy_", "numba_")):
        return  # these files are imported when used themselves, see the next test
    if path == PACKAGE / "testing" / "plugin.py":
        return  # pytest itself imports it
    for statement in at_import(parse(path)):
        roots = {module.partition(".")[0] for module in imports(path, statement)}
        assert not roots & ONLY_WHEN_USED, f"{name(path)}:{statement.lineno}"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_files_of_cupy_and_numba_are_imported_when_used(path: Path) -> None:
    for statement in at_import(parse(path)):
        parts = {part for module in imports(path, statement) for part in module.split(".")}
        for library in ("cupy", "numba"):
            names = [part for part in parts if part.startswith(library)]
            place = f"{name(path)}:{statement.lineno}"
            assert not names or path.name.startswith(f"{library}_"), place


def code_lines(path: Path) -> int:
    """Lines with code on them: no blank lines, comments, or docstrings."""
    text = path.read_text(encoding="utf-8")
    quiet = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
             tokenize.ENCODING, tokenize.ENDMARKER}  # fmt: skip
    lines: set[int] = set()
    for token in tokenize.tokenize(io.BytesIO(text.encode()).readline):
        if token.type not in quiet:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def test_lines_of_code_are_counted_without_prose(tmp_path: Path) -> None:
    file = tmp_path / "example.py"
    file.write_text('"""Two\n\nlines."""\n\n# why\nx = (\n    1\n)\n\n\ndef f():\n    """Doc."""\n')
    assert code_lines(file) == 4


def test_the_engine_stays_small() -> None:
    assert sum(code_lines(path) for path in (PACKAGE / "autodiff").glob("*.py")) < LINES_OF_AUTODIFF


def test_long_files_and_functions_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Their lengths are advice: what exceeds them is printed, and nothing fails."""
    long = []
    for path in FILES:
        length = len(path.read_text(encoding="utf-8").splitlines())
        if length > LINES_OF_A_FILE:
            long.append(f"{name(path)}: {length} lines")
        for node in ast.walk(parse(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > LINES_OF_A_FUNCTION:
                    long.append(f"{name(path)}:{node.lineno}: {node.name} has {length} lines")
    with capsys.disabled():
        print("", *long, sep="\n  long: ")


# ---- completeness -------------------------------------------------------------------------------


def declared() -> list[str]:
    """The names of all primitives, read from their decorators."""
    found = []
    for path in (PACKAGE / "primitives").glob("*.py"):
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.FunctionDef):
                marks = [ast.unparse(mark) for mark in node.decorator_list]
                if any(re.match(r"Primitive\b", mark) for mark in marks):
                    found.append(node.name)
    return found


def test_primitives_have_names_of_their_own() -> None:
    for module in pkgutil.iter_modules(tinydl.primitives.__path__, "tinydl.primitives."):
        importlib.import_module(module.name)
    names = declared()
    assert len(set(names)) == len(names)
    assert set(names) == set(PRIMITIVES), "a primitive is declared outside primitives/"


def test_every_primitive_has_a_row() -> None:
    covered = {row.primitive for row in ROWS} - {""}
    assert set(declared()) - covered == set(), "primitives without a row in tests/table"
    assert covered - set(declared()) == set(), "rows of primitives that do not exist"


def test_every_row_starts_with_a_letter_and_has_its_own_name() -> None:
    assert all(re.match(r"[a-z]", row.name) for row in ROWS)


# ---- words --------------------------------------------------------------------------------------

TEXTS = [
    path
    for pattern in ("*.py", "*.md", "*.cfg", "*.toml", "Makefile")
    for path in ROOT.rglob(pattern)
    if not any(part.startswith((".venv", ".git")) for part in path.relative_to(ROOT).parts)
    and not {"build", "dist"} & set(path.relative_to(ROOT).parts)
]


def test_no_file_names_a_place_on_someones_machine() -> None:
    places = [
        f"{name(path)}:{number}: {line.strip()}"
        for path in sorted(TEXTS)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]
    assert not places, "\n".join(places)


@pytest.mark.parametrize(
    ("line", "is_place"),
    [("see /" + "home/ada/x.npz", True), ("C:" + "\\data", True), ("a ratio n/tmp/2", False),
     ("https://example.org/" + "home/page", False)],
)  # fmt: skip
def test_places_are_recognized(line: str, is_place: bool) -> None:
    assert bool(MACHINE_PATH.search(line)) == is_place
