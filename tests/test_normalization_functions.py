"""layernorm, groupnorm, instancenorm and crosschannelnorm as users call them.

Their values and derivatives are rows of the table; here are labels, classes and what they refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import labelled, normal, numbers, orders_of, same
from tinydl import dlarray
from tinydl.labels import format as f

X = dlarray(normal((4, 3, 6, 2), 0), "SSCB")
ONES, ZEROS = np.ones(6), np.zeros(6)

CALLS: dict[str, Callable[..., dlarray]] = {
    "layernorm": dl.layernorm,
    "groupnorm": lambda X, *more, **options: dl.groupnorm(X, "all-channels", *more, **options),
    "instancenorm": dl.instancenorm,
    "crosschannelnorm": lambda X, offset, scale, **options: dl.crosschannelnorm(X, 3, **options),
}
every_function = pytest.mark.parametrize("name", CALLS)
scaled = pytest.mark.parametrize("name", ["layernorm", "groupnorm", "instancenorm"])


@every_function
@given(pair=labelled(least=2, need="CS"), data=st.data())
def test_labels_stay_and_may_be_named(name: str, pair: tuple[Any, str], data: Any) -> None:
    x, fmt = pair
    b, a = (normal((x.shape[fmt.index("C")],), i) for i in range(2))
    Y = CALLS[name](dlarray(x, fmt), b, a)
    assert (Y.dims, Y.shape) == (fmt, x.shape)
    order = data.draw(orders_of(fmt))
    plain = CALLS[name](x.transpose(order), b, a, DataFormat=f.permute(fmt, order))
    assert plain.dims == ""
    assert np.allclose(numbers(plain), numbers(Y).transpose(order), atol=1e-12)


@scaled
def test_one_single_operand_makes_the_result_single(name: str) -> None:
    for which in range(3):
        given = [numbers(X), ZEROS, ONES]
        given[which] = given[which].astype(np.float32)
        Y = CALLS[name](dlarray(given[0], "SSCB"), *given[1:])
        assert Y.dtype == np.float32
    assert CALLS[name](dlarray(numbers(X) > 0, "SSCB"), ZEROS, ONES).dtype == np.float64


def test_the_default_dimensions_of_layernorm() -> None:
    options = {
        "SSCB": "spatial-channel", "CB": "channel-only", "CBT": "channel-only",
        "SCBT": "spatial-channel", "SSCBT": "spatial-channel", "CBU": "spatial-channel",
    }  # fmt: skip
    for fmt, dimension in options.items():
        x = dlarray(normal((2,) * len(fmt), 1), fmt)
        by_default = dl.layernorm(x, [1.0, 2.0], [3.0, 4.0])
        named = dl.layernorm(x, [1.0, 2.0], [3.0, 4.0], OperationDimension=dimension)
        assert same(by_default, named), fmt


@given(shape=st.tuples(*[st.integers(1, 4)] * 4))
def test_statistics_of_the_result_are_0_and_1(shape: tuple[int, ...]) -> None:
    """Up to Epsilon: the mean is 0 and the mean square σ² / (σ² + Epsilon)."""
    x = normal(shape, 3)
    zero, one = np.zeros(shape[2]), np.ones(shape[2])
    for call, axes in (
        (dl.layernorm, (0, 1, 2)),
        (dl.instancenorm, (0, 1)),
        (lambda X, *p, **o: dl.groupnorm(X, "channel-wise", *p, **o), (0, 1)),
        (lambda X, *p, **o: dl.groupnorm(X, 1, *p, **o), (0, 1, 2)),
    ):
        y = numbers(call(dlarray(x, "SSCB"), zero, one, Epsilon=0.5))
        var = x.var(axis=axes)
        assert np.allclose(y.mean(axis=axes), 0.0, atol=1e-12)
        assert np.allclose((y**2).mean(axis=axes), var / (var + 0.5), atol=1e-12)


def test_epsilon_is_1e_5_by_default() -> None:
    for name in ("layernorm", "groupnorm", "instancenorm"):
        assert same(CALLS[name](X, ZEROS, ONES), CALLS[name](X, ZEROS, ONES, Epsilon=1e-5))


def test_single_observations_and_none() -> None:
    one = dlarray(normal((1, 1, 2, 1), 1), "SSCB")
    assert np.allclose(numbers(dl.instancenorm(one, [3.0, 4.0], [1.0, 1.0])).ravel(), [3.0, 4.0])
    none = dlarray(np.zeros((3, 0)), "CB")
    assert dl.layernorm(none, np.zeros(3), np.ones(3)).shape == (3, 0)
    assert dl.groupnorm(none, 3, np.zeros(3), np.ones(3)).shape == (3, 0)


def test_the_constants_of_crosschannelnorm() -> None:
    ones = dlarray(np.ones((2, 1)), "CB")
    expected = 1 / (2 + 1e-4 / 2 * np.array([2.0, 1.0])) ** 0.75  # an even window looks forward
    assert np.allclose(numbers(dl.crosschannelnorm(ones, 2)).ravel(), expected, rtol=1e-15)
    without = dl.crosschannelnorm(ones, 1, K=0, Alpha=4.0, Beta=0.5)
    assert np.allclose(numbers(without).ravel(), [0.5, 0.5])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dl.layernorm(X, np.ones(5), ONES), "layernorm: offset of 5 for .* needs 6 elem"),
        (lambda: dl.layernorm(X, ONES, np.ones(5)), "layernorm: scaleFactor of 5 for"),
        (lambda: dl.layernorm(X, ONES, ONES, OperationDimension="channels"),
         "layernorm: OperationDimension is one of auto, channel-only, spatial-channel, batch-ex"),
        (lambda: dl.layernorm(X, ONES, ONES, Epsilon=-1.0), "layernorm: Epsilon is a number"),
        (lambda: dl.layernorm(dlarray(np.ones((2, 2)), "SB"), 1, 1), "has no C dimension"),
        (lambda: dl.layernorm(np.ones((2, 2)), 1, 1), 'or DataFormat="CB"'),
        (lambda: dl.groupnorm(X, 4, ONES, ONES), "groupnorm: 4 groups of the 6 channels"),
        (lambda: dl.groupnorm(X, "channels", ONES, ONES), "numGroups is one of all-channels, cha"),
        (lambda: dl.groupnorm(X, 0, ONES, ONES), "groupnorm: numGroups: .* whole number from 1"),
        (lambda: dl.groupnorm(X, 2, np.ones(2), ONES), "groupnorm: offset of 2 for"),
        (lambda: dl.instancenorm(X, np.ones(2), ONES), "instancenorm: offset of 2 for"),
        (lambda: dl.instancenorm(dlarray(np.ones((6, 2)), "CB"), ONES, ONES), "no S, T or U"),
        (lambda: dl.crosschannelnorm(X, 0), "crosschannelnorm: windowSize: .* from 1 on"),
        (lambda: dl.crosschannelnorm(X, 2.5), "crosschannelnorm: windowSize"),
    ],
)  # fmt: skip
def test_what_they_refuse(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_a_parameter_that_is_no_array_is_named() -> None:
    with pytest.raises(TypeError, match="layernorm: offset must be a numeric array, not str"):
        dl.layernorm(X, "zeros", ONES)
