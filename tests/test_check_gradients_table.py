"""check_gradients over the table of operations: right ones pass, seeded mistakes do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.checks import Case, cases
from tests.table import ROWS, Row
from tests.test_the_tests import DETACHED, MISTAKES, faulty, replaced, usual
from tinydl import dlarray
from tinydl.autodiff import PRIMITIVES
from tinydl.testing import GradientError, check_gradients

TWICE = [row for row in ROWS if row.orders > 1]


def function_of(case: Case) -> tuple[Callable[..., dlarray], list[dlarray]]:
    """A row's operation as a function of the dlarrays that it is followed by."""
    follow = case.row.followed(case.xs)

    def f(*followed: dlarray) -> dlarray:
        xs = list(case.xs)
        for i, x in zip(follow, followed, strict=True):
            xs[i] = x._value
        return dlarray._make(case.row.call(*xs), "")

    return f, [dlarray._make(np.asarray(case.xs[i], float), "") for i in follow]


def has_elements(case: Case) -> bool:
    return all([np.size(x) for x in (*case.xs, case.row.call(*case.xs))])


@pytest.mark.parametrize("row", TWICE[::5], ids=repr)
def test_operations_pass(row: Row) -> None:
    f, xs = function_of(usual(row))
    assert check_gradients(f, *xs).Passed


@pytest.mark.deep
@pytest.mark.parametrize("row", TWICE, ids=repr)
def test_every_operation_passes_in_all_shapes_and_in_single(row: Row) -> None:
    for case in cases([row]):
        if has_elements(case) and not case.label.startswith("special"):  # kinks may be there
            f, xs = function_of(case)
            assert check_gradients(f, *xs, orders=(1, 2, 3)[: row.orders]).Passed
            singles = [dlarray._make(x._value.astype(np.float32), "") for x in xs]
            assert check_gradients(f, *singles).Passed


def first_issue(primitive: str, orders: list[int]) -> Any:
    """What is found wrong with an operation; None if nothing is in any of its cases."""
    for case in cases([row for row in ROWS if row.primitive == primitive]):
        if has_elements(case):
            f, xs = function_of(case)
            try:
                check_gradients(f, *xs, orders=orders)
            except GradientError as error:
                return error.report.Issues[0]
            except ValueError:  # shapes that clash show by themselves
                continue
    return None


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_noticed(mistake: str) -> None:
    name, place, function = MISTAKES[mistake]
    with faulty(PRIMITIVES[name], place, replaced(function)):
        issue = first_issue(name, [1])
    assert issue is not None and issue.Order == 1


@pytest.mark.parametrize("mistake", DETACHED)
def test_a_rule_that_stops_after_first_order_is_named(mistake: str) -> None:
    name, place, function = DETACHED[mistake]
    with faulty(PRIMITIVES[name], place, replaced(function)):
        issue = first_issue(name, [1, 2, 3])
    assert issue is not None and issue.Cause == "higher order"
