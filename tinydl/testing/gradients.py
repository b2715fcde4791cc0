"""check_gradients: the derivatives of any function held against those of an oracle."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinydl.backend import is_on_gpu
from tinydl.backend.random import generator
from tinydl.labels.classes import DOUBLE, SINGLE, to_class
from tinydl.layers.options import whole
from tinydl.testing.compare import Case, Wrong
from tinydl.testing.explain import issue_of
from tinydl.testing.gradient_report import GradientError, GradientIssue, GradientReport
from tinydl.testing.operation import (
    Operation,
    Variable,
    argument_names,
    exact,
    in_double,
    is_variable,
    own_copy,
    variables_of,
)
from tinydl.testing.purity import Fault, Numbers, impurity
from tinydl.training.recording import current


def check_gradients(
    f: Callable[..., Any],
    *x: Any,
    orders: Sequence[int] = (1, 2),
    follow: Sequence[int | str] | None = None,
    tolerance: float = 0.0,
    seed: int = 0,
) -> GradientReport:
    """Hold the derivatives of f at x against those of an oracle that does not differentiate.

    x are dlarrays, with labels or without, on either device; lists, tuples, dicts and tables of
    them; networks, which stand for their Learnables; and whatever else f takes. f returns a dlarray
    of any size, or several in any container. It may call dlgradient itself. The derivatives of the
    orders given, of Σ w · f with random weights w, are found as dlfeval and dlgradient find them:
    along a random direction of each variable, and then, for mixed derivatives, of all together.

    The oracle is Cauchy's integral formula (``contour_derivative``) where f takes complex numbers
    and is analytic around x, else extrapolated differences, of f itself for the first order and of
    the derivative one order lower for the others. It computes in double precision on the CPU.

    follow    what to differentiate by, everything unless given: positions of arguments, or names as
              in the report: 0, "net", 'net.Learnables "fc/Weights"', 'x[1]["a"]'
    tolerance a relative error that passes in any case. Without it (0) the bound is 50 times the
              rounding error, as it follows from the class of the numbers and the size of f
    seed      of the weights and directions

    A GradientReport is returned if all are right. Otherwise a GradientError, which is an
    AssertionError with that report, says for each variable which entry is furthest off (its index,
    with labels), both numbers, and the likely cause: a kink close by, single precision, a wrong
    sign, a factor, a transposed gradient, a statistic treated as a constant, a rule that is no
    derivative at higher orders, an input that is written into, random numbers. Of gradients with
    more than 200 entries it looks at 200.

    f is called with copies, each time from the present position of tinydl's random numbers, which
    is kept. Neither x nor the State of a network changes. TypeError: nothing to differentiate by,
    or f returns no dlarray.

    Example:
        >>> from tinydl import *
        >>> from tinydl.testing import check_gradients
        >>> X, W = dlarray([[1.0, 2.0], [3.0, 5.0]], "CB"), dlarray([[0.5, -1.0]])
        >>> check_gradients(lambda X, W: tanh(fullyconnect(X, W, 0.1)), X, W)
        derivatives by X, W, orders 1, 2 (contour): no issues
        >>> check_gradients(lambda X: X * extractdata(X), X)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        tinydl.testing.gradient_report.GradientError: derivatives by X, ...: 1 issue
        issue 1: the gradient by X, order 1, is 0.5 times the derivative: at C=1, B=0 it is ...
    """
    orders = _orders(orders)
    if current.record is not None:
        raise RuntimeError("check_gradients is called outside dlfeval; it records f itself")
    position = generator.getstate()
    try:
        report = _report(f, own_copy(x), orders, follow, tolerance, seed)
    finally:
        generator.setstate(position)
    if not report.Passed:
        raise GradientError(report)
    return report


def _report(
    f: Callable[..., Any],
    arguments: tuple[Any, ...],
    orders: Sequence[int],
    follow: Sequence[int | str] | None,
    tolerance: float,
    seed: int,
) -> GradientReport:
    every, chosen = _followed(arguments, argument_names(f, len(arguments)), follow)
    variables = [every[i] for i in chosen]
    names = [v.name for v in variables]
    operation = functools.partial(Operation, f, chosen=chosen, position=generator.getstate())
    numbers = Numbers(arguments, every)
    fault = impurity(operation(arguments), [v.array for v in variables], numbers)
    if fault is not None:
        return GradientReport(names, orders, (), [_issue(fault)])
    case = _case(operation, arguments, variables, tolerance, seed)
    issues = [issue_of(case, wrong) for wrong in _wrong(case, orders)]
    fault = numbers.written_into()  # by a rule for higher orders
    if fault is not None:
        issues = [_issue(fault)]
    return GradientReport(names, orders, sorted(case.oracles), issues)


def _case(
    operation: Callable[[tuple[Any, ...]], Operation],
    arguments: tuple[Any, ...],
    variables: Sequence[Variable],
    tolerance: float,
    seed: int,
) -> Case:
    def doubled() -> Case:
        wide = [v._replace(array=to_class(v.array, DOUBLE)) for v in variables]
        return _case(operation, in_double(arguments), wide, tolerance, seed)

    is_single = any([v.array.dtype == SINGLE for v in variables])
    try:
        return Case(
            operation(arguments),
            operation(exact(arguments)),
            variables,
            np.random.default_rng(seed),
            tolerance,
            doubled if is_single else None,
        )
    except ValueError as error:
        if not any([is_on_gpu(v.array) for v in variables]):
            raise
        raise ValueError(
            "check_gradients: the oracle computes in the computer's own memory, with copies of "
            "the arguments; what f takes from elsewhere stays on the GPU. Pass that as an "
            f"argument too, and say by follow= what to differentiate by: {error}"
        ) from error


def _wrong(case: Case, orders: Sequence[int]) -> list[Wrong]:
    """What is wrong by each variable alone; if nothing is, by all together."""
    count = len(case.variables)
    alone = [case.first_wrong([i], orders) for i in range(count)]
    wrong = [found for found in alone if found is not None]
    higher = [order for order in orders if order > 1]
    if not wrong and count > 1 and higher:
        together = case.first_wrong(range(count), higher)
        wrong = [] if together is None else [together]
    return wrong


def _issue(fault: Fault) -> GradientIssue:
    """A fault that no entry shows."""
    kind, sentence = fault
    return GradientIssue("", 0, (), "", float("nan"), float("nan"), kind, sentence)


def _orders(given: Sequence[int]) -> list[int]:
    orders = sorted({whole(order, "check_gradients: an order") for order in given})
    if not orders or orders[0] < 1:
        raise ValueError(f"check_gradients: orders are such as (1, 2), not {given!r}")
    return orders


def _followed(
    arguments: tuple[Any, ...], names: Sequence[str], follow: Sequence[int | str] | None
) -> tuple[list[Variable], list[int]]:
    """All variables in the arguments, and the positions of those that are differentiated by."""
    every = variables_of(arguments, names)
    able = [i for i, v in enumerate(every) if is_variable(v.array)]
    places: dict[Any, str] = dict(enumerate(names))
    wanted = names if follow is None else [str(places.get(i, i)) for i in follow]
    for name in wanted if follow is not None else []:
        if not any([_belongs(every[i].name, name) for i in able]):
            raise ValueError(
                f"check_gradients: follow names {name!r}; the dlarrays of class single or double "
                f"are: {', '.join([every[i].name for i in able]) or 'none'}"
            )
    chosen = [i for i in able if any([_belongs(every[i].name, name) for name in wanted])]
    if not chosen:
        raise TypeError("check_gradients: nothing to differentiate by; pass dlarrays of class "
                        "single or double, or what holds some, after the function")  # fmt: skip
    return every, chosen


def _belongs(variable: str, name: str) -> bool:
    """Whether a variable is the one of this name, or a part of what has this name."""
    rest = variable.removeprefix(name)
    return variable.startswith(name) and (not rest or rest[0] in ".[ ,")
