"""python -m tests.mutation [module …]: see README.md."""

from __future__ import annotations

import argparse
import ast
import functools
import gc
import importlib
import os
import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

os.environ["TINYDL_NUMBA"] = "0"  # the compiled kernels stand in other files

import pytest

from tests.mutation.mapping import TESTS, tests_of
from tests.mutation.mutants import Mutant, apply, living, mutants

TESTS_FOLDER = Path(__file__).resolve().parents[1]
PACKAGE = TESTS_FOLDER.parent / "tinydl"
MEMORY = 8 * 2**30  # a loop that no longer ends may fill so much


class Trials:
    """Collects the tests once; then every mutant lives in a copy of the process, and dies there."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self.chosen = chosen
        self.counts: Counter[str] = Counter()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for module in self.chosen.modules:
            self.try_module(session, module)
        print("\nin all:", dict(self.counts), flush=True)
        return True

    def try_module(self, session: pytest.Session, module: str) -> None:
        path = PACKAGE / f"{module}.py"
        importlib.import_module(f"tinydl.{module.replace('/', '.')}")
        tree, every = mutants(module, path)
        alive, items = living(path), concerned(session, module, self.chosen)
        limit = self.chosen.limit or self.limit(session, module, items)
        counts: Counter[str] = Counter()
        for mutant in drawn(every, module, self.chosen):
            change = functools.partial(apply, mutant, tree, path, alive)
            verdict = trial(change, session, named_first(items, mutant), limit)
            counts[verdict] += 1
            if verdict != "killed":
                print(f"{verdict}: {mutant}", flush=True)
        print(f"{module}: {sum(counts.values())} of {len(every)}, {dict(counts)}", flush=True)
        self.counts += counts

    def limit(self, session: pytest.Session, module: str, items: list[pytest.Item]) -> int:
        """How many seconds a mutant is given: four times what the tests take without one."""
        start = time.monotonic()
        verdict = trial(lambda: True, session, items, limit=3600)
        if verdict != "survived":
            raise SystemExit(f"the tests of {module} fail without a mutant: {verdict}")
        return 20 + 4 * int(time.monotonic() - start)


def drawn(every: list[Mutant], module: str, chosen: argparse.Namespace) -> list[Mutant]:
    """Those that are asked for by name, or a sample that depends on the seed and the module."""
    if chosen.only:
        return [mutant for mutant in every if mutant.name in chosen.only]
    order = random.Random(f"{chosen.seed} {module}").sample(every, len(every))
    return order[chosen.skip : chosen.skip + chosen.sample]


def trial(change: Any, session: pytest.Session, items: list[pytest.Item], limit: int) -> str:
    """Make the change and run the tests in a copy of this process, until one fails."""
    child = os.fork()
    if child == 0:
        verdict = 2
        try:
            signal.alarm(limit)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
            if change():
                forget()
                verdict = 1 if fails(session, items) else 0
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(verdict)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "timed out" if os.WTERMSIG(status) == signal.SIGALRM else "killed"
    return ("survived", "killed", "not applied")[os.WEXITSTATUS(status)]


def fails(session: pytest.Session, items: list[pytest.Item]) -> bool:
    """Whether one of the tests fails; what is left of them is not run then."""
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return True
    return False


def forget() -> None:
    """What was worked out by the code as it was."""
    from tinydl.autodiff import PRIMITIVES

    for primitive in PRIMITIVES.values():
        primitive._plans.clear()
        primitive._due.clear()
    for x in gc.get_objects():
        if type(x) is functools._lru_cache_wrapper and "tinydl" in str(x.__module__):
            x.cache_clear()


# ---- which tests --------------------------------------------------------------------------------


def concerned(
    session: pytest.Session, module: str, chosen: argparse.Namespace
) -> list[pytest.Item]:
    """The tests to run, in the order of the mapping."""
    groups = [[item for item in session.items if belongs(item, entry)]
              for entry in tests_of(module, chosen.more)]  # fmt: skip
    groups += [session.items] if chosen.wide else []
    return list(dict.fromkeys(item for group in groups for item in group))


def named_first(items: list[pytest.Item], mutant: Mutant) -> list[pytest.Item]:
    """In front those whose names contain that of the changed function."""
    word = mutant.function.strip("_")
    return sorted(items, key=lambda item: word not in item.name)


def belongs(item: Any, entry: str) -> bool:
    stem, _, family = entry.rpartition(":")
    if not stem:
        return bool(item.path.stem == entry)
    given = item.callspec.params if hasattr(item, "callspec") else {}
    row = getattr(given.get("case"), "row", given.get("row"))
    return getattr(row, "name", "") in rows(family)


@functools.cache
def rows(family: str) -> frozenset[str]:
    """The rows of a file of the table, and of what a module of primitives defines."""
    from tests.table import ROWS

    names: list[str] = []
    defining = PACKAGE / "primitives" / f"{family}.py"
    if (TESTS_FOLDER / "table" / f"{family}.py").exists():
        names = [row.name for row in importlib.import_module(f"tests.table.{family}").ROWS]
    if defining.exists():
        body = ast.parse(defining.read_text(encoding="utf-8")).body
        own = {node.name for node in body if isinstance(node, ast.FunctionDef)}
        names += [r.name for r in ROWS if r.primitive in own or r.name.partition("[")[0] in own]
    assert names, family
    return frozenset(names)


def files(chosen: argparse.Namespace) -> list[str]:
    """The files of tests to collect."""
    if chosen.wide:
        return [str(TESTS_FOLDER)]
    entries = {entry for module in chosen.modules for entry in tests_of(module, chosen.more)}
    stems = {entry for entry in entries if ":" not in entry}
    stems |= {"test_derivatives", "test_values"} if len(stems) < len(entries) else set()
    return [str(TESTS_FOLDER / f"{stem}.py") for stem in sorted(stems)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("modules", nargs="*", default=[], help="as primitives/gelu; else all")
    parser.add_argument("--sample", type=int, default=25, help="how many mutants of a module")
    parser.add_argument("--skip", type=int, default=0, help="leave out so many of the sample")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", default=[], help="these mutants, as they are printed")
    parser.add_argument("--limit", type=int, default=0, metavar="SECONDS",
                        help="for each mutant, where the tests are known to pass: they are not "
                        "run without one then")  # fmt: skip
    parser.add_argument("--more", action="store_true", help="further tests of the mapping")
    parser.add_argument("--wide", action="store_true", help="all tests there are, after the others")
    chosen = parser.parse_args()
    of_these = list(dict.fromkeys(name.partition(":")[0] for name in chosen.only))
    chosen.modules = chosen.modules or of_these or list(TESTS)
    options = ["-q", "-s", "-p", "no:cacheprovider", *files(chosen)]
    return int(pytest.main(options, [Trials(chosen)]))


if __name__ == "__main__":
    sys.exit(main())
