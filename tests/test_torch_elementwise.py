"""Functions element by element beside PyTorch's: values, first and second derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.beside_torch import assert_agree
from tests.strategies import SEEDS, labelled, normal

torch = pytest.importorskip("torch")


def away(x: Any) -> Any:
    """Numbers from 0.2 to 1.2 of the signs of x."""
    return np.sign(x) * (0.2 + np.tanh(np.abs(x)))


def beyond_one(x: Any) -> Any:
    return x + 1.2 * np.sign(x)


def positive(x: Any) -> Any:
    return 0.2 + np.abs(x)


def from_three(x: Any) -> Any:
    """PyTorch's derivative of digamma has 12 digits here, and only 9 below 1."""
    return 3.0 + np.abs(x)


UNARY: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "sec": (lambda x: 1 / torch.cos(x), np.tanh), "csc": (lambda x: 1 / torch.sin(x), away),
    "cot": (lambda x: 1 / torch.tan(x), away), "sech": (lambda x: 1 / torch.cosh(x), np.tanh),
    "csch": (lambda x: 1 / torch.sinh(x), away), "coth": (lambda x: 1 / torch.tanh(x), away),
    "asinh": (torch.asinh, np.asarray), "acosh": (torch.acosh, lambda x: np.abs(x) + 1.2),
    "atanh": (torch.atanh, lambda x: np.tanh(x) * 0.8),
    "asec": (lambda x: torch.acos(1 / x), beyond_one),
    "acsc": (lambda x: torch.asin(1 / x), beyond_one), "acot": (lambda x: torch.atan(1 / x), away),
    "asech": (lambda x: torch.acosh(1 / x), lambda x: 0.1 + 0.8 / positive(x + 2)),
    "acsch": (lambda x: torch.asinh(1 / x), away),
    "acoth": (lambda x: torch.atanh(1 / x), beyond_one), "log2": (torch.log2, positive),
    "log10": (torch.log10, positive), "gammaln": (torch.lgamma, from_three),
    "gamma": (lambda x: torch.exp(torch.lgamma(x)), from_three), "psi": (torch.digamma, from_three),
    "erfc": (torch.erfc, np.asarray), "erfinv": (torch.erfinv, lambda x: np.tanh(x) * 0.8),
    "floor": (torch.floor, np.asarray), "ceil": (torch.ceil, np.asarray),
    "fix": (torch.trunc, np.asarray), "round": (torch.round, np.asarray),
    "angle": (torch.angle, away), "uminus": (torch.neg, np.asarray),
}  # fmt: skip
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "atan2": torch.atan2, "hypot": torch.hypot, "plus": torch.add, "minus": torch.sub,
    "times": torch.mul, "rdivide": torch.div, "ldivide": lambda a, b: b / a,
    "mod": torch.remainder, "rem": torch.fmod,
}  # fmt: skip


def to_domain(array: Any, into: Callable[[Any], Any]) -> Any:
    # Where an angle is close to a pole, or a number to the edge of a domain, double precision has
    # fewer digits than the comparison asks for.
    return into(np.clip(array, -1.5, 1.5))


@pytest.mark.parametrize("name", UNARY)
@given(pair=labelled())
def test_functions_of_one_array(name: str, pair: tuple[Any, str]) -> None:
    theirs, into = UNARY[name]
    assert_agree(getattr(dl, name), theirs, [to_domain(pair[0], into)], [pair[1]])


@pytest.mark.parametrize("name", BINARY)
@given(pair=labelled(), data=st.data(), seed=SEEDS)
def test_functions_of_two_arrays(
    name: str, pair: tuple[Any, str], data: st.DataObject, seed: int
) -> None:
    array, fmt = pair
    sizes = [data.draw(st.sampled_from([n, 1])) for n in array.shape]
    if len(fmt) > 2 and fmt[-1] == "U":
        sizes[-1] = array.shape[-1]  # a last U of size 1 goes away
    other = away(normal(sizes, seed))
    assert_agree(getattr(dl, name), BINARY[name], [away(array), other], [fmt, fmt])


@given(order=st.integers(0, 3), pair=labelled())
def test_psi(order: int, pair: tuple[Any, str]) -> None:
    array = to_domain(pair[0], from_three)
    assert_agree(lambda X: dl.psi(order, X), lambda x: torch.polygamma(order, x), [array],
                 [pair[1]])  # fmt: skip


@given(n=st.sampled_from([1, 2, 3, 5, -1, -3, 2.5]), pair=labelled())
def test_nthroot(n: float, pair: tuple[Any, str]) -> None:
    """Odd roots of negative numbers are the negative roots of their sizes."""
    array = away(pair[0]) if n % 2 == 1 else positive(pair[0])
    theirs = lambda x: torch.sign(x) * torch.abs(x) ** (1 / n)
    assert_agree(lambda X: dl.nthroot(X, n), theirs, [array], [pair[1]])


@given(pair=labelled())
def test_mantissa(pair: tuple[Any, str]) -> None:
    def theirs(x: Any) -> Any:
        _, exponent = torch.frexp(x.detach())
        return x * 2.0 ** -exponent.double()

    assert_agree(lambda X: dl.log2(X, nargout=2)[0], theirs, [away(pair[0])], [pair[1]])


def test_constants_of_the_comparison_are_those_of_mathematics() -> None:
    assert math.isclose(float(dl.gamma(0.5)), math.sqrt(math.pi), rel_tol=1e-15)
    assert math.isclose(float(dl.psi(1, 1.0)), math.pi**2 / 6, rel_tol=1e-15)
