"""dlfeval and dlgradient: containers, orders, what depends on what, and the gradients."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import labelled, normal, numbers, same, total
from tinydl import dlarray, dlfeval, dlgradient, stripdims


class Pair(NamedTuple):
    """A container with names."""

    first: Any
    second: Any


# ---- containers ---------------------------------------------------------------------------------


def structure(leaf: Callable[[float], Any]) -> list[Any]:
    """One of each container that may hold dlarrays."""
    return [
        leaf(1.0),
        [leaf(2.0), leaf(3.0)],
        (leaf(4.0), [leaf(5.0)]),
        {"W": leaf(6.0), "more": {"b": leaf(7.0)}},
        Pair(leaf(8.0), {"x": leaf(9.0)}),
        [],
        {"text": "text", "none": None, "x": leaf(10.0)},
    ]


def leaves(part: Any) -> list[Any]:
    if isinstance(part, dict):
        part = list(part.values())
    return [x for e in part for x in leaves(e)] if isinstance(part, (list, tuple)) else [part]


def test_gradients_have_the_form_of_their_containers() -> None:
    variables = structure(dlarray)
    arrays = [x for x in leaves(variables) if dl.isdlarray(x)]

    def function(*parts: Any) -> Any:
        followed = [x for x in leaves(list(parts)) if dl.isdlarray(x)]
        loss = total(*[x * x for x in followed])
        return dlgradient(loss, *parts, RetainData=True), dlgradient(loss, list(parts))

    apart, together = dlfeval(function, *variables)
    assert type(apart) is tuple
    assert type(together) is list
    for found in (list(apart), together):
        assert [type(part) for part in found] == [type(part) for part in variables]
        assert type(found[4]) is Pair
        assert found[6].keys() == variables[6].keys()
        assert (found[6]["text"], found[6]["none"]) == ("text", None)
        values = [float(x) for x in leaves(found) if dl.isdlarray(x)]
        assert values == [2 * float(x) for x in arrays]


def test_one_variable_gives_no_tuple() -> None:
    g = dlfeval(lambda x: dlgradient(x * x, x), dlarray(3.0))
    assert float(g) == 6.0
    (h,) = dlfeval(lambda x: dlgradient(x * x, (x,)), dlarray(3.0))
    assert float(h) == 6.0


def test_arguments_by_name_and_results_of_any_nesting() -> None:
    def function(x: dlarray, *, scale: float, more: Any) -> Any:
        y = scale * x * more["w"]
        return {"y": y, "g": [dlgradient(y, x, more), Pair(y, "text")], "n": 3, "none": None}

    found = dlfeval(function, dlarray(3.0), scale=2.0, more={"w": dlarray(5.0)})
    assert float(found["y"]) == 30.0
    assert float(found["g"][0][0]) == 10.0
    assert float(found["g"][0][1]["w"]) == 6.0
    assert (type(found["g"][1]), found["g"][1].second, found["n"]) == (Pair, "text", 3)
    assert found["none"] is None
    for y in (found["y"], found["g"][1].first, found["g"][0][0]):
        assert (float(y + 1), np.asarray(y).shape) == (float(y) + 1, ())
    assert dlfeval(lambda: None) is None


def test_the_same_variable_twice_gets_gradients_of_its_own() -> None:
    first, second = dlfeval(lambda x: dlgradient(total(x * x), x, x), dlarray([1.0, 2.0]))
    assert same(first, second)
    assert not np.shares_memory(numbers(first), numbers(second))


# ---- orders -------------------------------------------------------------------------------------


def nested(function: Callable[[Any], Any], order: int) -> Callable[[dlarray], Any]:
    """The derivatives of a function of one number from the first to the given order."""

    def run(x: dlarray) -> Any:
        y, found = function(x), []
        for _ in range(order):
            y = dlgradient(y, x, EnableHigherDerivatives=True)
            found.append(y)
        return found

    return run


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: x**4, [32, 48, 48, 24]),
        (lambda x: dl.exp(2 * x), [2**k * np.exp(4) for k in range(1, 5)]),
        (lambda x: dl.sin(x), [np.cos(2), -np.sin(2), -np.cos(2), np.sin(2)]),
        (lambda x: 1 / x, [-1 / 4, 2 / 8, -6 / 16, 24 / 32]),
        (lambda x: x * 3 + 1, [3, 0, 0, 0]),
        (lambda x: dl.relu(x), [1, 0, 0, 0]),
        (lambda x: dl.log(x), [1 / 2, -1 / 4, 2 / 8, -6 / 16]),
        (lambda x: x**x, [4 * (np.log(2) + 1), 4 * ((np.log(2) + 1) ** 2 + 0.5)]),
    ],
)
def test_derivatives_of_higher_order(function: Any, expected: list[float]) -> None:
    found = dlfeval(nested(function, len(expected)), dlarray(2.0))
    assert np.allclose([float(y) for y in found], expected, rtol=1e-13)


def test_a_hessian_row_by_row() -> None:
    A = normal((3, 3), 0)

    def hessian(x: dlarray) -> Any:
        y = total((dlarray(A) @ x) ** 3)
        g = dlgradient(y, x, EnableHigherDerivatives=True)
        return [dlgradient(g[i, 0], x, RetainData=True) for i in range(3)]

    x = normal((3, 1), 1)
    rows = np.hstack([numbers(row) for row in dlfeval(hessian, dlarray(x))])
    assert np.allclose(rows, A.T @ np.diag((6 * A @ x).ravel()) @ A)


def test_the_result_of_higher_derivatives_is_always_followed() -> None:
    def function(x: dlarray, unused: dlarray) -> Any:
        g, h = dlgradient(3.0 * x, x, unused, EnableHigherDerivatives=True)
        second = dlgradient(g, x, EnableHigherDerivatives=True)
        third = dlgradient(second, x, unused)
        return g, h, second, third, dlgradient(h, unused)

    g, h, second, third, last = dlfeval(function, dlarray(2.0), dlarray(5.0))
    assert [float(v) for v in (g, h, second, *third, last)] == [3, 0, 0, 0, 0, 0]


def test_a_gradient_inside_the_loss_is_differentiated() -> None:
    def penalty(x: dlarray, w: dlarray) -> Any:
        g = dlgradient(total(w * x**3), x, EnableHigherDerivatives=True)
        loss = total(g * g)
        return loss, dlgradient(loss, w)

    x, w = normal((2, 3), 0), normal((2, 3), 1)
    loss, by_w = dlfeval(penalty, dlarray(x, "CB"), dlarray(w, "CB"))
    assert np.isclose(float(loss), ((3 * w * x**2) ** 2).sum())
    assert np.allclose(numbers(by_w), 18 * w * x**4)


def test_a_record_is_released_unless_it_is_retained() -> None:
    def twice(x: dlarray, **options: Any) -> Any:
        y = dl.exp(x) * x
        return dlgradient(y, x, **options), dlgradient(y, x)

    with pytest.raises(
        RuntimeError, match=r"was released by an earlier dlgradient.*RetainData=Tru"
    ):
        dlfeval(twice, dlarray(1.0))
    for option in ("RetainData", "EnableHigherDerivatives"):
        first, second = dlfeval(twice, dlarray(1.0), **{option: True})
        assert float(first) == float(second) == pytest.approx(2 * np.e)


# ---- what depends on what -----------------------------------------------------------------------


@given(pair=labelled(), single=st.booleans())
def test_a_variable_that_is_not_used_has_the_gradient_zeros(
    pair: tuple[Any, str], single: bool
) -> None:
    X = dlarray(pair[0].astype(np.float32 if single else float), pair[1])
    for options in ({}, {"EnableHigherDerivatives": True}):
        G = dlfeval(lambda x, y, o=options: dlgradient(total(y), x, **o), X, dlarray(1.0))
        assert (G.dims, G.shape, G.dtype) == (X.dims, X.shape, X.dtype)
        assert not numbers(G).any()


@pytest.mark.parametrize(
    ("derive", "name"),
    [
        (lambda x: x[0, :], "take"),
        (lambda x: dl.single(x), "cast"),
        (lambda x: dlarray(x, "BC"), "transpose"),
        (lambda x: x * 1.0, "multiply"),
        (lambda x: dl.reshape(x, -1), "reshape"),
    ],
)
def test_a_derived_array_must_be_what_y_was_computed_from(derive: Any, name: str) -> None:
    def function(x: dlarray) -> Any:
        y = total(x * x)
        return dlgradient(y, derive(x))

    with pytest.raises(ValueError, match=f"not computed from this array: it was made by {name}"):
        dlfeval(function, dlarray(normal((2, 2), 0), "CB"))

    def other_way(x: dlarray) -> Any:
        z = derive(x)
        return dlgradient(total(z * z), z), z

    g, z = dlfeval(other_way, dlarray(normal((2, 2), 0), "CB"))
    assert np.array_equal(numbers(g), 2 * numbers(z))
    assert (g.dims, g.dtype) == (z.dims, z.dtype)


@pytest.mark.parametrize(
    "relabel",
    [stripdims, lambda x: dlarray(x, "SC"), lambda x: dlarray(stripdims(x), "CB"), dlarray,
     lambda x: dlarray(x, ""), lambda x: stripdims(x, x.dims)],
)  # fmt: skip
def test_labels_may_change_after_the_computation(relabel: Callable[[dlarray], dlarray]) -> None:
    def function(X: dlarray) -> Any:
        U = dl.sin(X) * X
        Xs = relabel(X)
        g = dlgradient(dl.sum(stripdims(U), "all"), Xs, EnableHigherDerivatives=True)
        return g, dlgradient(total(g), Xs)

    x = normal((2, 3), 0)
    g, h = dlfeval(function, dlarray(x, "CB"))
    assert g.dims == h.dims == relabel(dlarray(x, "CB")).dims
    assert np.allclose(numbers(g), np.cos(x) * x + np.sin(x))
    assert np.allclose(numbers(h), 2 * np.cos(x) - np.sin(x) * x)


def test_assignments_give_new_values_to_differentiate_by() -> None:
    def function(x: dlarray) -> Any:
        before = dlarray(x)
        x[0] = 5.0
        y = total(x**2)
        return dlgradient(y, x, before)

    now, before = dlfeval(function, dlarray([1.0, 2.0]))
    assert np.array_equal(numbers(now), [10, 4])
    assert np.array_equal(numbers(before), [0, 4])


def test_arrays_that_change_after_their_use_do_not_change_the_gradient() -> None:
    W = normal((2, 2), 0)
    uses: list[Callable[[dlarray, Any], dlarray]] = [
        lambda x, a: x * a, lambda x, a: a * x, lambda x, a: x / a, lambda x, a: a / x,
        lambda x, a: x @ a, lambda x, a: a @ x, lambda x, a: np.multiply(a, x),
        lambda x, a: dl.power(a, x), lambda x, a: x**a, lambda x, a: dl.max(x, a) ** 2,
        lambda x, a: dl.fullyconnect(dlarray(x, "CB"), a, a[0]),
        lambda x, a: dl.fullyconnect(a, x, DataFormat="CB"),
        lambda x, a: dl.batchnorm(dlarray(x, "CB"), a[0], a[1])[0] ** 2,
        lambda x, a: dl.batchnorm(dlarray(x, "CB"), a[0], a[1], a[0], a[1]) ** 2,
        lambda x, a: np.where(a > 1, x * a, x),
        lambda x, a: x[a[0] > 1, :] ** 2,
        lambda x, a: dlarray(a) * x,
    ]  # fmt: skip

    def slope(x: dlarray, use: Any, changes: bool) -> Any:
        constant = W**2 + 0.5
        y = total(use(x, constant))
        if changes:
            constant[:] = 1e6
        return dlgradient(y, x)

    X = dlarray(normal((2, 2), 1) ** 2 + 0.5)
    for use in uses:
        assert same(dlfeval(slope, X, use, True), dlfeval(slope, X, use, False))


# ---- gradients ----------------------------------------------------------------------------------

SHARING: dict[str, Callable[[Any, Any], Any]] = {
    "sum": lambda a, b: total(a) + total(b),
    "same": lambda a, b: total((a + b) * 2.0),
    "views": lambda a, b: total(dl.reshape(a, -1)) + total(dl.permute(stripdims(b), (1, 0))),
    "slices": lambda a, b: total(dl.cat("C", a, b) * 3.0),
    "mean": lambda a, b: dl.mean(a * 1.0, "all") + dl.mean(b, "all"),
    "unused": lambda a, b: total(a * a),
    "repmat": lambda a, b: total(dl.repmat(a, 2, 2)) + total(b),
}


@pytest.mark.parametrize("name", sorted(SHARING))
@pytest.mark.parametrize("options", [{}, {"RetainData": True}, {"EnableHigherDerivatives": True}])
def test_gradients_are_full_arrays_of_their_own(name: str, options: Any) -> None:
    A, B = (dlarray(normal((2, 3), i), "CB") for i in range(2))

    def function(a: dlarray, b: dlarray) -> Any:
        return dlgradient(SHARING[name](a, b), a, b, a, **options)

    arrays = [g._value for g in dlfeval(function, A, B)]
    for g in arrays:
        assert g.shape == (2, 3)
        assert 0 not in g.strides
        assert g.base is None
        assert not any(np.shares_memory(g, X._value) for X in (A, B))
    if not options.get("EnableHigherDerivatives"):
        assert not np.shares_memory(arrays[0], arrays[1])
        assert not np.shares_memory(arrays[0], arrays[2])


def test_results_hold_on_to_no_more_than_they_show() -> None:
    def function(x: dlarray) -> Any:
        return x[0, :], dlgradient(total(x), x, EnableHigherDerivatives=True)[0, :], (x * 2)[:, 1]

    for part in dlfeval(function, dlarray(np.ones((1000, 3)))):
        assert part._value.base is None


def test_division_by_zero_gives_inf_without_a_warning() -> None:
    def function(x: dlarray) -> Any:
        y = total(1.0 / x) + total(dl.log(x)) + total(dl.exp(1000.0 + x)) + total(x**-0.5)
        return y, dlgradient(y, x)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y, g = dlfeval(function, dlarray([0.0]))
        assert np.isposinf(float(y)) or np.isnan(float(y))
        assert not np.isfinite(numbers(g)).any()
        g = dlfeval(lambda x: dlgradient(dl.sqrt(x), x), dlarray(0.0))
    assert np.isposinf(float(g))
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        1.0 / dlarray(0.0)
