"""dlupdate: a function of every parameter."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.networks import features, small
from tests.strategies import numbers
from tinydl import (
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    double,
    extractdata,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    predict,
    single,
    sum,
)


class Pair(NamedTuple):
    first: dlarray
    second: dlarray


def pair() -> Pair:
    return Pair(dlarray([1.0, 2.0], "C"), dlarray([[3.0]], "CB"))


@pytest.mark.parametrize(
    "fun",
    [double, np.float64, lambda w: w.dtype.type is None or double(w)],
    ids=["double", "float64", "lambda"],
)
def test_a_network_in_double_has_a_state_in_single(fun: Any) -> None:
    net = dlupdate(single, small())
    made = dlupdate(fun, net)
    assert {v.dtype for v in net.Learnables.Value} == {np.dtype("float32")}
    assert {v.dtype for v in made.Learnables.Value} == {np.dtype("float64")}
    assert {v.dtype for v in made.State.Value} == {np.dtype("float32")}
    for old, new in zip(net.Learnables.Value, made.Learnables.Value, strict=True):
        np.testing.assert_array_equal(numbers(old), numbers(new))
    assert predict(made, features()).dtype == np.float32
    made.State = dlupdate(fun, made.State)
    assert predict(made, features()).dtype == np.float64


def test_converting_the_network_itself_shows_dlupdate() -> None:
    for convert in (double, single):
        with pytest.raises(TypeError, match=f"use net = dlupdate.{convert.__name__}, net"):
            convert(small())


def test_containers_keep_their_form() -> None:
    w = dlarray([1.0, 2.0], "C")
    made = dlupdate(lambda x: x * 2.0, {"a": [w, (w, "text", None)], "b": pair(), "n": 3})
    assert made["a"][1][1:] == ("text", None) and made["n"] == 3
    assert isinstance(made["b"], Pair) and made["b"].second.dims == "CB"
    np.testing.assert_array_equal(numbers(made["a"][1][0]), [2.0, 4.0])
    np.testing.assert_array_equal(numbers(w), [1.0, 2.0])
    table = dlupdate(lambda x: x * 0.0, small().Learnables)
    assert not any([numbers(v).any() for v in table.Value])


def test_containers_of_equal_form_are_walked_together() -> None:
    less = dlupdate(lambda a, b: a - b, {"a": [dlarray(3.0)]}, {"a": [dlarray(1.0)]})
    assert float(less["a"][0]) == 2.0
    net = small()
    twice = dlupdate(lambda w, g: w + g, net, net.Learnables)
    again = dlupdate(lambda w, g: w + g, net, net)
    for made in (twice, again):
        for old, new in zip(net.Learnables.Value, made.Learnables.Value, strict=True):
            np.testing.assert_array_equal(numbers(old) * 2, numbers(new))
    two = dlupdate(lambda a, b, c: a + b * c, [pair()], [pair()], [pair()])
    np.testing.assert_array_equal(numbers(two[0].first), [2.0, 6.0])


def test_rows_with_one_name_are_updated() -> None:
    """Weight decay, as users write it."""
    net = small()
    gradients = dlupdate(lambda w: w * 0.0, net.Learnables)
    rows = net.Learnables.Parameter == "Weights"
    gradients[rows, :] = dlupdate(
        lambda g, w: g + 0.1 * w, gradients[rows, :], net.Learnables[rows, :]
    )
    for row, old in zip(gradients, net.Learnables, strict=True):
        decay = 0.1 if row.Parameter == "Weights" else 0.0
        np.testing.assert_array_equal(numbers(row.Value), decay * numbers(old.Value))


def test_several_results() -> None:
    net = small()
    halves, signs = dlupdate(lambda w: (w * 0.5, np.sign(w)), net, nargout=2)
    assert isinstance(halves, dlnetwork) and isinstance(signs, dlnetwork)
    for old, half, sign in zip(*[n.Learnables.Value for n in (net, halves, signs)], strict=True):
        np.testing.assert_array_equal(numbers(half), numbers(old) / 2)
        np.testing.assert_array_equal(numbers(sign), np.sign(numbers(old)))
    first, second = dlupdate(lambda a, b: (a + b, a - b), pair(), pair(), nargout=2)
    assert numbers(first.first).tolist() == [2.0, 4.0] and not numbers(second.first).any()
    for wrong in (lambda w: w, lambda w: (w, w, w), lambda w: [w, w]):
        with pytest.raises(ValueError, match="fun did not return 2 results"):
            dlupdate(wrong, net, nargout=2)


def test_plain_results_get_the_labels_of_their_argument() -> None:
    for fun in (lambda w: extractdata(w) * 2, lambda w: (numbers(w) * 2).tolist()):
        made = dlupdate(fun, pair())
        assert (made.first.dims, made.second.dims) == ("C", "CB")
        np.testing.assert_array_equal(numbers(made.first), [2.0, 4.0])
    buffer = np.ones(2)
    made = dlupdate(lambda w: buffer, dlarray([1.0, 2.0], "C"))
    buffer[:] = 5.0
    np.testing.assert_array_equal(numbers(made), [1.0, 1.0])
    assert dlupdate(lambda w: dlarray(1.0), pair()).first.shape == ()


def test_a_result_that_the_function_keeps_is_not_edited() -> None:
    kept, table = dlarray([7.0, 7.0]), small().Learnables
    made = dlupdate(lambda w: kept, [dlarray([1.0, 2.0]), table])
    kept[0] = 5.0
    np.testing.assert_array_equal(numbers(made[0]), [7.0, 7.0])
    for value in made[1].Value:
        np.testing.assert_array_equal(numbers(value), [7.0, 7.0])
    same = dlupdate(lambda w: w, table)
    same.Value[0][...] = 3.0
    assert not (numbers(table.Value[0]) == 3.0).any()


def test_it_is_differentiated() -> None:
    def function(net: dlnetwork) -> Any:
        scaled = dlupdate(lambda w: w * w, net)
        return dlgradient(sum(scaled.Learnables.Value[0], "all"), net)

    net = small()
    slope = dlfeval(function, net).Value[0]
    np.testing.assert_allclose(numbers(slope), 2 * numbers(net.Learnables.Value[0]))


def test_what_cannot_be_updated() -> None:
    net = small()
    other = dlnetwork([featureInputLayer(3), fullyConnectedLayer(4)])
    with pytest.raises(ValueError, match=r"the function made 2 of 1\(C\) × 1\(B\) dlarray"):
        dlupdate(lambda w: [1.0, 2.0], pair())
    with pytest.raises(TypeError, match="the first argument is a function, not dlnetwork"):
        dlupdate(net, double)
    with pytest.raises(ValueError, match="Do they belong to the same network"):
        dlupdate(lambda w, g: w, net, other.Learnables)
    with pytest.raises(ValueError, match="a table meets a list"):
        dlupdate(lambda w, g: w, net, [])
    with pytest.raises(ValueError, match="structures differ: a tuple of 2 meets a list of 1"):
        dlupdate(lambda a, b: a, (dlarray(1.0), dlarray(1.0)), [dlarray(1.0)])
    with pytest.raises(ValueError, match=r"the keys \['a'\] meets .* the keys \['b'\]"):
        dlupdate(lambda a, b: a, {"a": dlarray(1.0)}, {"b": dlarray(1.0)})
    with pytest.raises(ValueError, match=r"the keys \['a'\] meets a list of 1"):
        dlupdate(lambda a, b: a, {"a": dlarray(1.0)}, [dlarray(1.0)])
    for wrong, kind in ((np.ones(3), "ndarray"), (3.0, "float"), ([np.ones(3)], "ndarray")):
        with pytest.raises(TypeError, match=f"dlupdate: a {kind} has no parameters; make it a dl"):
            dlupdate(double, wrong)


def test_state_is_left_alone() -> None:
    net = small()
    _, net.State = forward(net, features())
    made = dlupdate(lambda w: w * 0.0, net)
    for old, new in zip(net.State.Value, made.State.Value, strict=True):
        np.testing.assert_array_equal(numbers(old), numbers(new))


def test_several_results_of_nothing() -> None:
    assert dlupdate(lambda w: (w, w), {"none": []}, nargout=2) == ({"none": []}, {"none": []})
