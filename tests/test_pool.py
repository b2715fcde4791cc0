"""Pooling beyond its rows in the table: another framework, ties, what is not finite."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import normal, with_threads
from tinydl.autodiff import Record, gradient, plain
from tinydl.backend import pool
from tinydl.primitives.elementwise import multiply
from tinydl.primitives.pool import (
    avgpool,
    maxpool,
    spread_winners,
    take_winners,
    winner_positions,
)
from tinydl.primitives.reduce import sum_to

WHOLE = {"size": (2, 2), "stride": (2, 2), "padding": ((0, 0), (0, 0))}


@st.composite
def problems(draw: st.DrawFn) -> tuple[Any, dict[str, Any]]:
    """An input and options that torch knows too: even padding, of half a window at most."""
    n = draw(st.integers(1, 3))
    size = tuple(draw(st.integers(1, 4)) for _ in range(n))
    stride = tuple(draw(st.integers(1, 4)) for _ in range(n))
    widths = tuple(draw(st.integers(0, f // 2)) for f in size)
    spatial = tuple(f + draw(st.integers(0, 5)) for f in size)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = rng.permutation(np.arange(np.prod(spatial) * 6, dtype=float)).reshape(*spatial, 2, 3)
    return x, {"size": size, "stride": stride, "padding": tuple((p, p) for p in widths)}


def with_gradient(function: Any, x: Any, **options: Any) -> tuple[Any, Any]:
    """The value, and the gradient of the sum of its elements' halved squares."""
    leaf = Record().leaf(x)
    y = function(leaf, **options)
    (slope,) = gradient(sum_to(multiply(y, multiply(y, 0.5)), shape=()), [leaf])
    return y.data, slope


@given(problems())
def test_agrees_with_torch(problem: tuple[Any, dict[str, Any]]) -> None:
    torch = pytest.importorskip("torch")
    x, options = problem
    n = len(options["size"])
    shared = (options["size"], options["stride"], [before for before, _ in options["padding"]])
    functions = {
        "max": getattr(torch.nn.functional, f"max_pool{n}d"),
        "avg": getattr(torch.nn.functional, f"avg_pool{n}d"),
    }
    ours = [
        (with_gradient(maxpool, x, **options), "max", {}),
        (with_gradient(avgpool, x, **options), "avg", {}),
        (with_gradient(avgpool, x, **options, padding_value="mean"), "avg",
         {"count_include_pad": False}),
    ]  # fmt: skip
    for (y, slope), name, more in ours:
        leaf = torch.from_numpy(np.moveaxis(x, (-1, -2), (0, 1)).copy()).requires_grad_()
        expected = functions[name](leaf, *shared, **more)
        (0.5 * expected * expected).sum().backward()
        for found, tensor in ((y, expected), (slope, leaf.grad)):
            same = np.moveaxis(tensor.detach().numpy(), (0, 1), (-1, -2))
            np.testing.assert_allclose(found, same, rtol=1e-12)


@pytest.mark.parametrize(("size", "stride", "padding"), [(2, 2, 0), (3, 2, 1), (3, 1, 1)])
def test_the_bits_do_not_depend_on_the_number_of_threads(
    size: int, stride: int, padding: int
) -> None:
    options: dict[str, Any] = {"size": (size,) * 2, "stride": (stride,) * 2}
    options["padding"] = ((padding, padding),) * 2
    x = normal((80, 80, 8, 9), 1, np.float32)

    def everything() -> list[Any]:
        winner = maxpool(x, **options, save=True)[1]
        pooled = [with_gradient(f, x, **options) for f in (maxpool, avgpool)]
        return [winner, take_winners(x, winner, **options), *pooled[0], *pooled[1]]

    found = with_threads((1, 2, 3), everything)
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@given(problems())
def test_blocks_of_any_size_give_the_same(problem: tuple[Any, dict[str, Any]]) -> None:
    x, options = problem
    found = []
    for block in (1, 1 << 30):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pool, "BLOCK", block)
            winner = maxpool(x, **options, save=True)[1]
            pooled = [with_gradient(f, x, **options) for f in (maxpool, avgpool)]
            found.append([winner, maxpool(x, **options), *pooled[0], *pooled[1]])
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


@given(problems())
def test_positions_count_the_elements_in_any_order(problem: tuple[Any, dict[str, Any]]) -> None:
    x, options = problem
    y, winner = maxpool(x, **options, save=True)
    numbers = np.arange(x.size)
    for order in ("F", "C"):
        numbered = numbers.reshape(x.shape, order=order)
        unit = np.eye(x.ndim, dtype=int) * (np.array(x.shape) > 1)  # one step along each dimension
        steps = tuple([int(numbered[tuple(step)]) for step in unit])
        positions = winner_positions(winner, **options, steps=steps)
        np.testing.assert_array_equal(x.ravel(order)[positions], y)
    np.testing.assert_array_equal(take_winners(x, winner, **options), y)


def test_the_first_of_equal_elements_in_column_major_order() -> None:
    x = np.array([[1.0, 7.0], [7.0, 7.0]])
    y, winner = maxpool(x, **WHOLE, save=True)
    assert (y.item(), winner.item()) == (7.0, 1)
    np.testing.assert_array_equal(with_gradient(maxpool, x, **WHOLE)[1], [[0, 0], [7, 0]])
    above = {"size": (3, 3), "stride": (1, 1), "padding": ((1, 1), (1, 1))}
    _, winner = maxpool(np.zeros((1, 2)), **above, save=True)
    np.testing.assert_array_equal(winner, [[4, 1]])  # the first that is not padding
    np.testing.assert_array_equal(winner_positions(winner, **above, steps=(1, 1)), [[0, 0]])


def test_padding_never_wins() -> None:
    options = {"size": (2,), "stride": (1,), "padding": ((1, 1),)}
    x = np.array([-np.inf, -3.0, -np.inf])
    y, winner = maxpool(x, **options, save=True)
    np.testing.assert_array_equal(y, [-np.inf, -3.0, -3.0, -np.inf])
    np.testing.assert_array_equal(winner_positions(winner, **options, steps=(1,)), [0, 1, 1, 2])


def test_many_taps_are_numbered_without_overflow() -> None:
    options = {"size": (20, 20), "stride": (20, 20), "padding": ((0, 0), (0, 0))}
    x = np.zeros((20, 20, 3))
    x[19, 18, 0] = x[0, 19, 1] = x[7, 0, 2] = 1.0
    _, winner = maxpool(x, **options, save=True)
    assert winner.ravel().tolist() == [379, 380, 7]
    back = spread_winners(np.ones((1, 1, 3)), winner, **options, shape=x.shape)
    np.testing.assert_array_equal(back, x)


def test_what_is_not_finite_stays_where_it_is() -> None:
    x = np.array([[1.0, 2.0], [np.nan, 0.0], [4.0, 3.0], [0.0, 0.0]])
    assert np.isnan(maxpool(x, **WHOLE)[0, 0]) and maxpool(x, **WHOLE)[1, 0] == 4.0
    _, winner = maxpool(np.arange(4.0).reshape(2, 2), **WHOLE, save=True)
    for value in (np.inf, np.nan):
        back = spread_winners(np.full((1, 1), value), winner, **WHOLE, shape=(2, 2))
        np.testing.assert_array_equal(back, [[0.0, 0.0], [0.0, value]])
        rest = np.full((2, 2), value)
        rest[1, 1] = 5.0
        assert take_winners(rest, winner, **WHOLE).item() == 5.0


@pytest.mark.parametrize("images", [0, 3])
def test_single_stays_single_at_second_order(images: int) -> None:
    for function, more in ((maxpool, {}), (avgpool, {}), (avgpool, {"padding_value": "mean"})):
        x = Record().leaf(np.ones((4, 4, images), np.float32))
        y = function(x, size=(2, 2), stride=(1, 2), padding=((1, 0), (0, 0)), **more)
        (slope,) = gradient(sum_to(multiply(y, multiply(y, y)), shape=()), [x], higher=True)
        (curved,) = gradient(sum_to(multiply(slope, slope), shape=()), [x])
        assert curved.dtype == plain(slope).dtype == y.dtype == np.float32
        assert curved.shape == x.shape


def test_an_unknown_padding_value_is_refused() -> None:
    with pytest.raises(ValueError, match="PaddingValue must be 0 or \"mean\", not 'edge'"):
        avgpool(np.ones((2, 2)), **WHOLE, padding_value="edge")
