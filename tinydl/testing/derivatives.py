"""The derivatives of a layer, and those that its own backward states, beside an oracle's."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydl.autodiff import Record, Recorded, gradient
from tinydl.primitives.elementwise import multiply
from tinydl.primitives.reduce import sum_to
from tinydl.testing.oracle import (
    contour_derivative,
    difference_derivative,
    directional_derivatives,
    is_analytic,
)
from tinydl.testing.subject import RANGE, Subject, numbers

MARGIN = 50
"""How many times its computed bound a rounding error may be."""

Arrays = list[Any]


def check_derivatives(subject: Subject) -> None:
    arrays = subject.arrays()
    names, xs = list(arrays), list(arrays.values())
    if not xs:
        return
    outputs = subject.bound.OutputNames
    for verb in subject.verbs:
        for place, output in enumerate(outputs):
            op = subject.operation(verb, place)
            w = subject.rng.standard_normal(np.shape(op(*xs)))
            for i, name in enumerate(names):
                v = subject.rng.uniform(-1.0, 1.0, xs[i].shape)
                what = f"{verb} by {name}" if len(outputs) == 1 else f"{verb}, {output}, by {name}"
                case = _Case(subject, op, xs, i, w, what)
                if getattr(subject.bound, "backward", None) is None:
                    case.compare(v, 2 if i < len(subject.follow) else 1)
                else:
                    case.compare_backward(v)


class _Case:
    """One result of one verb, by one of its variables."""

    def __init__(self, subject: Subject, op: Any, xs: Arrays, i: int, w: Any, what: str) -> None:
        self.subject, self.op, self.xs, self.i, self.w, self.what = subject, op, xs, i, w, what
        largest = max(1, *[x.size for x in xs[: max(1, len(subject.follow))]])
        self.step = min(0.1, RANGE / 2 / largest)  # half way to kinks

    def along(self, v: Any) -> Arrays:
        """Directions: v for the variable, None for all else, which is held."""
        return [v if k == self.i else None for k in range(len(self.xs))]

    def expected(self, v: Any, order: int = 1) -> tuple[float, float]:
        """The derivative along v, and a bound for the error of its rounding."""
        vs = self.along(v)
        if is_analytic(self.op, self.xs, vs, self.w, self.step):
            return contour_derivative(self.op, self.xs, vs, self.w, order, radius=self.step)
        step = min(self.step, 2.0**-5)
        return difference_derivative(self.op, self.xs, vs, self.w, order, step=step)

    def compare(self, v: Any, orders: int) -> None:
        """Hold the engine's derivatives against the oracle's."""
        there, along, weights = self.subject.put([self.xs, self.along(v), self.w])
        found = directional_derivatives(self.op, there, along, weights, orders)
        for order, value in enumerate(found, start=1):
            self._claim(order, value, *self.expected(v, order))

    def _claim(self, order: int, value: float, expected: float, bound: float) -> None:
        why = (
            "a derivative of 0 comes from extractdata, NumPy or a comparison on the way"
            if value == 0
            else "compute with tinydl's functions and operators alone"
        )
        self.subject.claim(
            abs(value - expected) <= MARGIN * bound,
            f"the derivative of {self.what}, order {order}, is {value} instead of {expected}; "
            f"{why}",
        )

    # ---- a backward of the layer's own ----------------------------------------------------------

    def compare_backward(self, v: Any) -> None:
        """Hold what backward gives against the oracle; and higher orders, if they exist."""
        stated = self._stated()
        expected, bound = self.expected(v)
        if abs(float(np.sum(stated * v)) - expected) > MARGIN * bound:
            self.subject.claim(False, f"backward, of {self.what}, {self._mistake(stated)}")
        elif self.i < len(self.subject.follow):
            try:
                self.compare(v, 2)
            except NotImplementedError:
                pass  # predict itself has no derivative; that is what the backward is for

    def _stated(self) -> Any:
        """The gradient of Σ w · result by the variable, by backward."""
        record = Record()
        there, weights = self.subject.put([self.xs, self.w])
        inputs = [record.leaf(x) if k == self.i else x for k, x in enumerate(there)]
        y = sum_to(multiply(self.op(*inputs), weights), shape=())
        assert type(y) is Recorded
        return numbers(gradient(y, [inputs[self.i]])[0])

    def _mistake(self, stated: Any) -> str:
        """What is wrong with a gradient, in words."""
        units = np.eye(stated.size).reshape(-1, *stated.shape)
        true = np.array([self.expected(unit)[0] for unit in units]).reshape(stated.shape)
        close = lambda a, b: np.allclose(a, b, rtol=1e-6, atol=1e-6 * np.abs(true).max())
        if not stated.any():
            return "gives 0; nothing of dLdY reaches this gradient"
        if close(stated, -true):
            return "has the wrong sign: multiply this gradient by −1"
        factor = float(np.sum(stated * true) / np.sum(true * true))
        if close(stated, factor * true):
            return f"is {factor:.4g} times the derivative: divide this gradient by that"
        if stated.shape == true.T.shape and close(stated, true.T):
            return "is transposed: transpose this gradient"
        at = np.unravel_index(np.abs(stated - true).argmax(), stated.shape)
        where = ", ".join([str(int(k)) for k in at])
        return f"is wrong: element [{where}] is {stated[at]:.6g}, the derivative {true[at]:.6g}"
