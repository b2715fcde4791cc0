"""Whether a computation couples observations, found from gradients alone.

dljacobian and its like differentiate the sum over the observations. If element n of u depends on
element n of x only, then with any numbers w

    ∂/∂xₙ Σₘ wₘ uₘ = wₙ ∂uₙ/∂xₙ = wₙ · ∂/∂xₙ Σₘ uₘ.

If others take part, the two sides differ by Σₘ (wₘ − wₙ) ∂uₘ/∂xₙ, which random w do not let vanish.
So one more gradient shows it, whatever the functions in between, with and without labels. The same
holds for second derivatives.

A difference may also be rounding, of a derivative much smaller than its terms. Therefore it is
looked at again with powers of two as w: multiplied by these all terms round as before, and where
nothing is coupled both sides are equal to the last bit.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from tinydl.autodiff import gradient
from tinydl.autodiff.gradient import ancestors_of, on_a_path
from tinydl.autodiff.record import Node, Recorded, is_recorded, plain
from tinydl.backend import host, on_device_of, xp
from tinydl.backend.random import Generator
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.primitives.elementwise import multiply
from tinydl.primitives.reduce import sum_to

POWERS = 16
"""The powers of two among the weights are 2⁰ … 2¹⁶."""

ROUNDING = 1000
"""How many units of the last place two sides may differ at first sight."""


def observation_dimensions(u: dlarray, x: dlarray, at: int) -> list[tuple[int, int]]:
    """The dimensions of observations, as pairs of positions in u and in x.

    They lie beside the operation dimension, which is at the position `at` of u, and have the same
    label in both, or the same position where one has no labels, and the same size above 1. An x
    without labels and with one dimension less than u is taken to lack the operation dimension.
    """
    others = [i for i in range(u.ndim) if i != at]
    if u.dims and x.dims:
        pairs = [(i, k) for label in dict.fromkeys(u.dims)
                 for i, k in zip(formats.find(u.dims, label), formats.find(x.dims, label),
                                 strict=False)]  # fmt: skip
    elif not x.dims and x.ndim == u.ndim - 1:
        pairs = list(zip(others, range(x.ndim), strict=True))
    else:
        pairs = [(i, i) for i in range(min(u.ndim, x.ndim))]
    return [(i, k) for i, k in pairs if i in others and u.shape[i] == x.shape[k] > 1]


class Probe:
    """Derivatives of weighted sums of u by x, to hold the usual ones against.

    The elements of u along the operation dimension, and for second derivatives those of x along
    the dimension `along`, are added up with random factors: one gradient serves them all.
    """

    def __init__(self, u: dlarray, x: dlarray, at: int, along: int, caller: str) -> None:
        self.u, self.x, self.caller = u, x, caller
        self.pairs = observation_dimensions(u, x, at)
        self.sizes = tuple([u.shape[i] for i, _ in self.pairs])
        self.random = Generator(1)  # of its own: the user's random numbers stay what they are
        self.factors = self._drawn(u.shape[at : at + 1])
        self.partials = self._drawn(x.shape[along : along + 1])
        self.over_u = self._placed(self.factors, u, [at])
        self.over_x = self._placed(self.partials, x, [along])

    def check(self, slopes: Sequence[dlarray]) -> None:
        """Raise a ValueError unless the gradients of the sums are those of the observations.

        slopes are the gradients by x, one for each element of u along the operation dimension.
        """
        self._compare(slopes, self.factors.reshape(-1), 1)

    def check_second(self, curvatures: Sequence[dlarray]) -> None:
        """The same for the gradients of the slopes' elements along x, all of one u together."""
        factors = self.factors.reshape(-1, 1) * self.partials.reshape(1, -1)
        self._compare(curvatures, factors.reshape(-1), 2)

    def _compare(self, found: Sequence[dlarray], factors: Any, order: int) -> None:
        if not self.pairs:
            return
        usual: Any = 0.0
        for factor, part in zip(factors, found, strict=True):
            usual = usual + float(factor) * plain(part._value)
        off = self._difference(self._drawn(self.sizes), usual, order)
        if not off.any():
            return
        powers = 2.0 ** self.random.integers(0, POWERS - 1, self.sizes)
        where = [int(indices[0]) for indices in xp(off).nonzero(off == off.max())]
        powers[tuple([where[k] for _, k in self.pairs])] = 2.0**POWERS  # unlike all others
        usual = self._derivative(host.ones(self.sizes), order)
        if self._difference(powers, usual, order).any():
            self._refuse(powers)

    def _difference(self, weights: Any, usual: Any, order: int) -> Any:
        """How far the weighted derivative, divided by its weights, is from the usual one.

        It is relative to the largest of all observations, and 0 where it may be rounding.
        """
        array = xp(usual)
        found = self._derivative(weights, order) / self._placed(weights, self.x, self._in_x())
        sizes = array.maximum(array.abs(found), array.abs(usual))
        largest = sizes.max(axis=tuple(self._in_x()), keepdims=True)
        off = array.abs(found - usual)
        bound = ROUNDING * array.precision(usual.dtype) * largest
        return array.where(off > bound, off / largest, 0.0)  # NaN is none

    def _derivative(self, weights: Any, order: int) -> Any:
        """The gradient by x of Σ w u; or, of order 2, of the sum of that gradient."""
        y = self._sum(weights)
        for _ in range(1, order):
            (slope,) = gradient(y, [self.x._value], higher=True)
            if not is_recorded(slope):
                return slope * 0.0  # u is linear in x
            y = sum_to(multiply(slope, self.over_x), shape=())
        (found,) = gradient(y, [self.x._value], retain=True)
        return found

    def _sum(self, weights: Any) -> Recorded:
        w = self.over_u * self._placed(weights, self.u, [i for i, _ in self.pairs])
        total = sum_to(multiply(self.u._value, w), shape=())
        assert type(total) is Recorded
        return total

    def _in_x(self) -> list[int]:
        return [k for _, k in self.pairs]

    def _drawn(self, sizes: tuple[int, ...]) -> Any:
        return self.random.uniform(sizes) + 0.5

    def _placed(self, values: Any, like: dlarray, positions: Sequence[int]) -> Any:
        """An array that expands to another one, with the values along some of its dimensions."""
        sizes = [like.shape[i] if i in positions else 1 for i in range(like.ndim)]
        array = plain(like._value)
        return on_device_of(array, values.reshape(sizes).astype(array.dtype))

    # ---- the message ----------------------------------------------------------------------------

    def _refuse(self, powers: Any) -> NoReturn:
        culprit = self._culprit(powers)
        who = "the computation" if culprit is None else (
            culprit.note or f"the operation {culprit.maker}"
        )  # fmt: skip
        names = " and ".join([
            repr(self.u.dims[i]) if self.u.dims else f"dimension {i}" for i, _ in self.pairs
        ])  # fmt: skip
        raise ValueError(
            f"{self.caller}: {who} couples observations (elements along {names}): each element of "
            "u depends on several of x, and the gradient of the sum of u is not the derivative of "
            "each. Batch normalization uses constants instead of the statistics of the batch in "
            'predict(net, X), forward(net, X, Statistics="fixed") and by fix_statistics(net). '
            "observation_jacobian(u, x) differentiates each observation by itself, with one "
            "gradient for each. If the derivative of the sum is meant, sum u along "
            f"{names} first"
        )

    def _culprit(self, powers: Any) -> Node | None:
        """The node at which observations meet, if first derivatives show it.

        On the way back from u each observation has its power of two as a factor, exactly, until
        the gradients pass it. It has used the youngest array where that is not so, and perhaps made
        one without observations out of it.
        """
        u, x = self.u._value.node, self.x._value.node
        path = sorted(on_a_path(ancestors_of(u, frozenset([x])), frozenset([x])))
        handles = [Recorded(plain(self.x._value), node) for node in path]
        sides = [gradient(self._sum(w), handles, retain=True)
                 for w in (powers, host.ones(self.sizes))]  # fmt: skip
        for node, weighted, usual in zip(path, *sides, strict=True):  # the youngest first
            factors = list(_placements(powers, node.shape))
            here = [on_device_of(usual, w.astype(usual.dtype)) for w in factors]
            if here and not any([bool((weighted == usual * w).all()) for w in here]):
                users = [user for user in path if node in user.parents]
                return min(
                    users, key=lambda user: any(True for _ in _placements(powers, user.shape))
                )
        return None


def _placements(weights: Any, shape: tuple[int, ...]) -> Iterator[Any]:
    """The weights along every choice of dimensions of a shape that have their sizes."""
    for chosen in itertools.permutations(range(len(shape)), weights.ndim):
        if all([shape[i] == n for i, n in zip(chosen, weights.shape, strict=True)]):
            order = sorted(range(weights.ndim), key=chosen.__getitem__)
            sizes = [n if i in chosen else 1 for i, n in enumerate(shape)]
            yield weights.transpose(order).reshape(sizes)
