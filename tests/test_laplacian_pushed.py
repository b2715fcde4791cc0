"""The Laplacian pushed forward beside gradients of gradients, and beside the oracle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.checks import MARGIN
from tests.networks import features, small
from tests.strategies import SEEDS, normal, numbers, total
from tinydl import (
    cat,
    dlarray,
    dldivergence,
    dlfeval,
    dlgradient,
    dljacobian,
    dllaplacian,
    dlnetwork,
    dlupdate,
    double,
    featureInputLayer,
    forward,
    fullyconnect,
    fullyConnectedLayer,
    functionLayer,
    geluLayer,
    get_num_threads,
    mean,
    permute,
    predict,
    reluLayer,
    reshape,
    rng,
    set_num_threads,
    sigmoidLayer,
    sin,
    single,
    softmax,
    sort,
    sqrt,
    stripdims,
    sum,
    tanh,
    tanhLayer,
)
from tinydl.autodiff import is_recorded
from tinydl.autodiff.gradient import ancestors_of
from tinydl.backend import numpy_bend
from tinydl.primitives import activation as a
from tinydl.primitives import circular as ci
from tinydl.primitives import elementwise as e
from tinydl.primitives import gelu as ge
from tinydl.primitives import hyperbolic as hy
from tinydl.primitives import logarithm as lo
from tinydl.primitives import reduce as r
from tinydl.primitives import shape as s
from tinydl.primitives import special as sp
from tinydl.primitives.contract import affine, matmul
from tinydl.primitives.normalize import normalize
from tinydl.primitives.push import PUSH_RULES
from tinydl.testing import contour_derivative
from tinydl.testing.strategies import Program, programs
from tinydl.training import jacobian
from tinydl.training.jacobian import _by_gradients
from tinydl.training.laplacian import followed, pushed_laplacian

Function = Callable[[Any], Any]

K, N = 2, 7
"""Channels and observations. No other dimension has as many elements as there are observations."""


def agree(found: dlarray, expected: dlarray, bound: float = 1e-12) -> None:
    """Equal but for rounding, relative to the largest number, with the same labels and class."""
    assert (found.dims, found.shape, found.dtype) == (
        expected.dims, expected.shape, expected.dtype)  # fmt: skip
    scale = np.abs(numbers(expected)).max()
    assert np.abs(numbers(found) - numbers(expected)).max() <= bound * max(scale, 1e-300)


def pushed(u: dlarray, x: dlarray, higher: bool = True) -> dlarray:
    """The Laplacian along the first dimension, which must not be left to gradients."""
    found = pushed_laplacian(u, x, 0, 0, higher)
    assert found is not None, "it was left to gradients"
    return found


def both(f: Callable[..., dlarray], x: dlarray, *parameters: Any, orders: int = 2) -> None:
    """Hold the pushed Laplacian of f against gradients of gradients, and derivatives of both."""

    def derivatives(x: dlarray, *parameters: Any) -> list[list[dlarray]]:
        u = f(x, *parameters)
        variables = [x, *[v for p in parameters for v in arrays(p)]]
        results = []
        for lap in (pushed(u, x), _by_gradients(u, x, 0, 0, True)):
            found = [lap]
            y = total(lap**2, 0.1 * sum(lap, "all"))
            for _ in range(orders):
                slopes = dlgradient(y, *variables, EnableHigherDerivatives=True, RetainData=True)
                slopes = slopes if isinstance(slopes, tuple) else (slopes,)
                found += slopes
                y = total(*[g**2 for g in slopes])
            results.append(found)
        constant = pushed(u, x, higher=False)
        results[0].append(constant)
        results[1].append(results[1][0])
        return results

    found, expected = dlfeval(derivatives, x, *parameters)
    for one, other in zip(found, expected, strict=True):
        agree(one, other)


def arrays(parameter: Any) -> list[dlarray]:
    return list(parameter.Learnables.Value) if isinstance(parameter, dlnetwork) else [parameter]


# ---- every rule ----------------------------------------------------------------------------------

CONSTANT = normal((K, N), 7) + 3.0
ROW, COLUMN, NUMBER = CONSTANT[:1], CONSTANT[:, :1], np.array(1.7)
COLUMNS = slice(None)


def with_constants(f: Callable[[Any, Any], Any]) -> list[Function]:
    """A function of two with constants on either side, and with both sides from x."""
    return [lambda v, c=c: f(v, c) for c in (CONSTANT, ROW, COLUMN, NUMBER, 1.5)] + [
        lambda v: f(CONSTANT, v), lambda v: f(1.5, v), lambda v: f(v, e.sin(v) + 2.0),
        lambda v: f(s.take(v, index=(slice(0, 1), COLUMNS)), v), lambda v: f(v, v),
    ]  # fmt: skip


def gelu_slope(v: Any) -> Any:
    _, slope = ge.gelu.forward(v.data, save=True)
    return ge.gelu_slope(v, slope)


def columns(v: Any) -> Any:
    """Three dimensions."""
    return s.reshape(v, shape=(K, 1, N), order="C")


CASES: dict[str, list[Function]] = {
    "identity": [e.identity],
    "negative": [e.negative],
    "cast": [lambda v: e.cast(v, dtype=np.dtype(float))],
    "add": with_constants(e.add),
    "subtract": with_constants(e.subtract),
    "multiply": [*with_constants(e.multiply), lambda v: e.multiply(s.take(
        v, index=(slice(0, 1), COLUMNS)), e.tanh(v))],
    "divide": with_constants(e.divide),
    "chain": [lambda v: e.chain(v, CONSTANT), lambda v: e.chain(CONSTANT, v),
              lambda v: e.chain(v, e.sin(v))],
    "normalize": [lambda v: normalize(v, COLUMN, COLUMN, COLUMN, COLUMN, epsilon=0.1)],
    "tanh": [e.tanh],
    "sigmoid": [a.sigmoid],
    "gelu": [ge.gelu],
    "sin": [e.sin],
    "cos": [e.cos],
    "exp": [e.exp],
    "relu": [lambda v: a.relu(v - 0.5)],
    "leakyrelu": [lambda v: a.leakyrelu(v - 0.5, scale=0.1)],
    "maximum": [lambda v: e.maximum(v, 0.5), lambda v: e.maximum(0.5, v),
                lambda v: e.maximum(v, 0.6 - e.sin(v)), lambda v: e.maximum(v, v * 1.0)],
    "minimum": [lambda v: e.minimum(v, 0.5), lambda v: e.minimum(v, 0.6 - e.sin(v))],
    "where": [lambda v: e.where(CONSTANT > 3.0, v, e.sin(v)),
              lambda v: e.where(ROW > 3.0, v, 1.0), lambda v: e.where(COLUMN > 3.0, 2.0, v)],
    "acosh": [lambda v: hy.acosh(v + 1.5)],
    "acoth": [lambda v: hy.acoth(v + 1.5)],
    "acsc": [lambda v: ci.acsc(v + 1.5)],
    "asec": [lambda v: ci.asec(v + 1.5)],
    "gelu_derivative": [lambda v: ge.gelu_derivative(v, order=2)],
    "gelu_slope": [gelu_slope],
    "nthroot": [lambda v: lo.nthroot(v, n=3.0)],
    "polygamma": [lambda v: sp.polygamma(v, order=1)],
    "power": [lambda v, p=p: e.power(v, p=p) for p in (0, 1, 2, 3, -1, 0.5)],
    **{f.name: [f] for f in (
        e.abs, e.acos, ci.acot, hy.acsch, hy.asech, e.asin, hy.asinh, e.atan, hy.atanh, e.cosh,
        ci.cot, hy.coth, ci.csc, hy.csch, e.erf, sp.erfc, sp.erfinv, e.expm1, sp.gamma,
        sp.gammaln, e.log, lo.log10, e.log1p, lo.log2, ci.sec, hy.sech, e.sinh, a.softplus,
        e.sqrt, e.tan,
    )},
    "matmul": [lambda v: matmul(normal((4, K), 1), v), lambda v: matmul(normal((5, 4, K), 1),
               r.broadcast(v, shape=(5, K, N))),
               lambda v: matmul(s.transpose(v, axes=(1, 0)), normal((K, 4), 1)),
               lambda v: matmul(s.reshape(s.transpose(v, axes=(1, 0)), shape=(N, 1, K), order="C"),
                                s.reshape(s.transpose(e.sin(v), axes=(1, 0)), shape=(N, K, 1),
                                          order="C"))],
    "affine": [lambda v: affine(normal((4, K), 1), v, normal((4, 1), 2))],
    "sum": [lambda v: r.sum(v, axis=(0,)), lambda v: v * r.sum(v, axis=(0,))],
    "mean": [lambda v: r.mean(v, axis=(0,))],
    "sum_to": [lambda v: r.sum_to(v, shape=(1, N)), lambda v: r.sum_to(v, shape=(N,)),
               lambda v: r.sum_to(v, shape=(K, N))],
    "broadcast": [lambda v: r.broadcast(r.sum(v, axis=(0,)), shape=(4, N)),
                  lambda v: r.broadcast(v, shape=(5, K, N))],
    "reshape": [lambda v: s.reshape(v, shape=(1, K, N, 1)), columns,
                lambda v: s.reshape(s.reshape(v, shape=(1, K, N)), shape=(K, N), order="C")],
    "transpose": [lambda v: s.transpose(v, axes=(1, 0)),
                  lambda v: s.transpose(columns(v), axes=(1, 2, 0))],
    "concatenate": [lambda v: s.concatenate(v, e.sin(v), axis=0),
                    lambda v: s.concatenate(CONSTANT, v, ROW, axis=0),
                    lambda v: s.concatenate(columns(v), columns(e.exp(v)), axis=1)],
    "take": [lambda v: s.take(v, index=(slice(1, 2), COLUMNS)),
             lambda v: s.take(v, index=slice(0, 1)),
             lambda v: s.take(v, index=(np.array([1, 1, 0]),))],
    "scatter": [lambda v: s.scatter(v, index=(slice(1, 3), COLUMNS), shape=(4, N)),
                lambda v: s.scatter(v, index=(np.array([1, 1]), COLUMNS), shape=(4, N))],
    "pad": [lambda v: s.pad(v, widths=((1, 2), (0, 0)), value=1.0)],
    "crop": [lambda v: s.crop(v, widths=((1, 0), (0, 0)))],
}  # fmt: skip


def before(x: dlarray, W: dlarray, is_straight: bool) -> Any:
    """K numbers between 0.2 and 0.8 for each observation, in the first dimension."""
    product = matmul(W._value, x._value)
    return product * 0.01 + 0.5 if is_straight else e.tanh(product) * 0.25 + 0.5


def as_columns(y: Any) -> Any:
    """What belongs to one observation as a column, by operations that are left out if it is one."""
    at = y.shape.index(N)
    order = (*[i for i in range(y.ndim) if i != at], at)
    if order != tuple(range(y.ndim)):
        y = s.transpose(y, axes=order)
    return y if y.ndim == 2 else s.reshape(y, shape=(y.data.size // N, N), order="C")


def nodes(u: dlarray, x: dlarray) -> set[str]:
    """The names of the primitives between x and u."""
    found = followed(u, x, 0)
    assert found is not None
    return {node.primitive.name for node in found if node.primitive}


def test_every_rule_has_a_case() -> None:
    assert set(CASES) == set(PUSH_RULES)


@pytest.mark.parametrize("is_straight", [True, False], ids=["of a line", "of a curve"])
@pytest.mark.parametrize(
    ("name", "f"), [(name, f) for name, found in sorted(CASES.items()) for f in found]
)
def test_rules(name: str, f: Function, is_straight: bool) -> None:
    def u(x: dlarray, W: dlarray) -> dlarray:
        y = dlarray._make(as_columns(f(before(x, W, is_straight))), "")
        assert name in nodes(y, x)
        return y

    both(u, dlarray(normal((3, N), 1)), dlarray(normal((K, 3), 2)))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("streams", [2, 3])
def test_pieces_make_up_the_whole(streams: int, threads: int) -> None:
    """Long arrays are worked on piece by piece, by any number of threads, to the same bits."""
    shape = (3, numpy_bend.STEP)
    stack, g = normal((streams, *shape), 1), normal((3, *shape), 2)
    slope, curvature = normal((2, *shape), 3)
    y, squares = np.empty((3, *shape)), np.empty(shape)
    numpy_bend.bend_part(stack, slope, curvature, y, squares, count=2)
    made = [np.empty(stack.shape), np.empty(shape), np.empty(shape)]
    numpy_bend.bend_gradients_part(g, stack, slope, curvature, squares, *made, count=2)
    before = get_num_threads()
    try:
        set_num_threads(threads)
        found = [*numpy_bend.bend(stack, slope, curvature, 2),
                 *numpy_bend.bend_gradients(g, stack, slope, curvature, squares, 2)]  # fmt: skip
    finally:
        set_num_threads(before)
    for one, other in zip(found, [y, squares, *made], strict=True):
        np.testing.assert_array_equal(one, other)


# ---- networks -----------------------------------------------------------------------------------


def network(layer: Any, inputs: int = 2, outputs: int = 1) -> dlnetwork:
    rng(0)
    return dlupdate(double, dlnetwork(
        [featureInputLayer(inputs), fullyConnectedLayer(6), layer(), fullyConnectedLayer(5),
         layer(), fullyConnectedLayer(outputs)]
    ))  # fmt: skip


LAYERS: dict[str, Callable[[], Any]] = {
    "tanh": tanhLayer, "gelu": geluLayer, "sigmoid": sigmoidLayer, "relu": reluLayer,
    "sin": lambda: functionLayer(sin, Formattable=True),
}  # fmt: skip


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("inputs", [1, 2, 3])
@pytest.mark.parametrize("name", LAYERS)
def test_networks(name: str, inputs: int, outputs: int) -> None:
    net = network(LAYERS[name], inputs, outputs)
    x = features(N, inputs)
    both(lambda x, net: forward(net, x)[0], x, net, orders=2 if inputs == 2 else 1)
    found = dlfeval(lambda net, x: dllaplacian(forward(net, x)[0], x, "C"), net, x)
    assert found.dims == "CB" and found.shape == (outputs, N)


@pytest.mark.parametrize("outputs", [slice(0, 1), slice(0, 2), [1, 0]])
def test_inputs_that_are_joined_and_outputs_that_are_taken(outputs: Any) -> None:
    net, t = network(tanhLayer, 3, 2), features(N, 2, seed=5)
    both(lambda x, net: forward(net, cat("C", x, t))[0][outputs, :], features(N, 1), net)
    plain_ = lambda x, net: stripdims(forward(net, cat("C", t, dlarray(x, "CB")))[0])
    both(plain_, stripdims(features(N, 1)), net)


def test_fixed_statistics_are_constants() -> None:
    net = small()
    _, net.State = forward(net, features())
    net.State = dlupdate(double, net.State)
    both(lambda x, net: predict(net, x), features(N), net)
    both(lambda x, net: forward(net, x, Statistics="fixed")[0], features(N), net)


def test_observations_over_time_and_in_space() -> None:
    both(lambda x: tanh(x) * sum(x**2, "C"), dlarray(normal((2, 3, 4), 1), "CBT"))
    f = lambda x: permute(permute(sin(x), (1, 0, 2)) * 2.0, (1, 0, 2)) * x
    both(f, stripdims(dlarray(normal((2, 3, 4), 1))))


def test_the_class_is_that_of_x() -> None:
    net = small()
    _, net.State = forward(net, features())
    x = features(N)

    def lap(net: dlnetwork, x: dlarray) -> tuple[dlarray, ...]:
        u = predict(net, x)
        assert u.dtype == np.float32  # the statistics are single
        return pushed(u, x), _by_gradients(u, x, 0, 0, True)

    found, expected = dlfeval(lap, net, x)
    agree(found, expected, bound=1e-5)
    assert found.dtype == np.float64


def test_single_stays_single() -> None:
    net = dlupdate(single, network(geluLayer))
    x = single(features(N, 2))
    lap = lambda net, x, call: call(forward(net, x)[0], x)
    found = dlfeval(lap, net, x, pushed)
    expected = dlfeval(lap, net, x, lambda u, x: _by_gradients(u, x, 0, 0, True))
    assert found.dtype == np.float32
    agree(found, expected, bound=1e-5)


THIRD: dict[str, tuple[Function, Function]] = {
    "tanh": (tanh, np.tanh),
    "product": (lambda x: x * sin(x), lambda x: x * np.sin(x)),
    "quotient": (lambda x: x / (x**2 + 4.0), lambda x: x / (x**2 + 4.0)),
    "softplus": (lambda x: dlarray._make(a.softplus(x._value), x.dims),
                 lambda x: np.log(1.0 + np.exp(x))),
}  # fmt: skip


@pytest.mark.parametrize("name", THIRD)
def test_third_derivatives_beside_the_oracle(name: str) -> None:
    """u is a function of one x for each observation: the gradient of the Laplacian is u'''."""
    f, by_numpy = THIRD[name]
    x, w = normal((1, N), 3), normal((1, N), 4)
    third = lambda x: dlgradient(sum(pushed(f(x), x) * w, "all"), x)
    found = numbers(dlfeval(third, dlarray(x)))
    for n in range(N):
        unit = np.eye(N)[n : n + 1]
        expected, bound = contour_derivative(by_numpy, [x], [unit], w, 3, radius=0.5)
        assert abs(found[0, n] - expected) <= MARGIN * bound


# ---- programs -----------------------------------------------------------------------------------

STEPS: dict[str, Callable[[Any, Any], Any]] = {
    "sin": lambda v, w: e.sin(v),
    "tanh": lambda v, w: e.tanh(v),
    "sigmoid": lambda v, w: a.sigmoid(v),
    "gelu": lambda v, w: ge.gelu(v),
    "exp": lambda v, w: e.exp(e.sin(v) - 1.0),
    "softplus": lambda v, w: a.softplus(v),
    "power": lambda v, w: e.power(e.sin(v), p=2),
    "add": lambda v, w: v + w,
    "subtract": lambda v, w: v - w * 0.5,
    "multiply": lambda v, w: v * w * 0.5,
    "divide": lambda v, w: v / (e.cos(w) + 3.0),
    "matmul": lambda v, w: matmul(normal((K, K), 5), v),
    "sum": lambda v, w: w + r.sum(v, axis=(0,)),
    "mean": lambda v, w: w * r.mean(v, axis=(0,)),
    "where": lambda v, w: e.where(CONSTANT > 3.0, v, w),
    "rows": lambda v, w: s.concatenate(s.take(v, index=slice(1, 2)), s.take(w, index=slice(0, 1)),
                                       axis=0),
    "turned": lambda v, w: s.transpose(s.reshape(s.transpose(v, axes=(1, 0)), shape=(1, N, K)),
                                       axes=(0, 2, 1)) * columns_first(w),
    "constant": lambda v, w: v * CONSTANT * 0.3 + COLUMN,
}  # fmt: skip


def columns_first(w: Any) -> Any:
    return s.reshape(w, shape=(1, K, N), order="C")


STEP = st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 9), st.integers(0, 9))


@given(st.lists(STEP, min_size=1, max_size=7), st.integers(1, 3), SEEDS)
def test_programs(steps: list[tuple[str, int, int]], inputs: int, seed: int) -> None:
    def u(x: dlarray, W: dlarray) -> dlarray:
        values = [matmul(W._value, x._value)]
        for name, first, second in steps:
            v, w = values[first % len(values)], values[second % len(values)]
            values.append(s.reshape(STEPS[name](v, w), shape=(K, N), order="C"))
        return dlarray._make(values[-1] + values[0] * 0.5, "")

    x, W = dlarray(normal((inputs, N), seed)), dlarray(normal((K, inputs), seed + 1))
    both(u, x, W, orders=1)


@given(programs(most=5, format=""))
def test_what_is_certain_is_so(program: Program) -> None:
    """Where the record is said to couple nothing, other observations of u do not see a change.

    All matrices are square: observations cannot be told from other dimensions by their number.
    """
    x, held = program.inputs

    def is_certain(x: dlarray) -> bool:
        u = program(x, held)
        return is_recorded(u._value) and followed(u, x, 0) is not None

    if dlfeval(is_certain, x):
        for m in range(x.shape[1]):
            moved = dlarray(x)
            moved[:, m] = x[:, m] + 0.5
            off = np.abs(numbers(program(moved, held) - program(x, held))).max(axis=0)
            assert (np.delete(off, m) <= 1e-14).all()


# ---- what is left to gradients ------------------------------------------------------------------

X = dlarray(normal((2, N), 1), "CB")
W = normal((N, N), 3)

UNCERTAIN: dict[str, Function] = {
    "mean over observations": lambda x: x**2 + 0.0 * mean(x, "B"),
    "sum over observations": lambda x: x**2 + 0.0 * sum(x, "B"),
    "a primitive without a rule": lambda x: softmax(x),
    "observations in another order": lambda x: x**2 + 0.0 * sort(x, "B"),
    "some observations": lambda x: x**2 + 0.0 * x[:, 0],
    "listed observations": lambda x: x**2 + 0.0 * x[:, [2, 0, 1, 3, 4, 6, 5]],
    "single elements": lambda x: x**2 + 0.0 * sum(x[numbers(X) > 0.0], "all"),
    "observations joined": lambda x: x**3 + 0.0 * cat("B", x[:, 1:], x[:, :1]),
    "reshaped": lambda x: x**2 + 0.0 * dlarray(reshape(reshape(stripdims(x), (N, 2)), (2, N)),
                                               "CB"),
    "columns times a matrix": lambda x: x**2 + 0.0 * dlarray._make(matmul(x._value, W), "CB"),
    "rows for columns": lambda x: x**2 + 0.0 * dlarray._make(
        matmul(matmul(x._value, s.transpose(x._value, axes=(1, 0))), x._value), "CB"),
    "statistics of the batch": lambda x: x**2 + 0.0 * dlarray._make(normalize(
        x._value, r.mean(x._value, axis=(1,)), COLUMN, COLUMN, COLUMN, epsilon=0.1), "CB"),
    "padded": lambda x: x**2 + 0.0 * dlarray._make(s.crop(s.pad(
        x._value, widths=((0, 0), (1, 0))), widths=((0, 0), (0, 1))), "CB"),
    "summed to": lambda x: x**2 + 0.0 * dlarray._make(r.sum_to(x._value, shape=(2, 1)), "CB"),
    "spread": lambda x: x**2 + 0.0 * dlarray._make(s.take(s.scatter(
        x._value, index=(slice(None), slice(1, None)), shape=(2, N + 1)),
        index=(slice(None), slice(0, N))), "CB"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNCERTAIN)
def test_what_is_not_certain_is_left_to_gradients(name: str) -> None:
    """Where nothing is coupled in fact, the result is the same; else the Probe refuses."""

    def derivatives(x: dlarray) -> list[dlarray]:
        u = UNCERTAIN[name](x)
        assert pushed_laplacian(u, x, 0, 0, True) is None and followed(u, x, 0) is None
        return [dllaplacian(u, x, "C"), _by_gradients(u, x, 0, 0, True)]

    found, expected = dlfeval(derivatives, X)
    np.testing.assert_array_equal(numbers(found), numbers(expected))


@pytest.mark.parametrize("call", [dljacobian, dldivergence, dllaplacian])
def test_coupled_observations_are_refused_as_before(call: Callable[..., dlarray]) -> None:
    for f in (lambda x: tanh(x) - mean(tanh(x), "B"), lambda x: x + x * sum(x, "B") ** 2):
        with pytest.raises(ValueError, match="couples observations"):
            dlfeval(lambda x, f=f: call(f(x), x, "C"), X)
    net = small()
    lap = lambda net, x: dllaplacian(forward(net, x)[0][0, :], x, "C")
    with pytest.raises(ValueError, match="layer 'bn' couples"):
        dlfeval(lap, net, features())


def test_further_dimensions_of_x_take_mixed_derivatives() -> None:
    """Pixels of x beside the channels are no observations of u: both ways stay one."""
    x, w = dlarray(normal((3, 2, 2, N), 1), "SSCB"), normal((4, 12), 2)

    def lap(x: dlarray) -> dlarray:
        u = tanh(fullyconnect(x, w))
        assert followed(u, x, 0) is not None
        assert pushed_laplacian(u, x, 0, 2, True) is None
        return dllaplacian(u, x, "C")

    assert dlfeval(lap, x).shape == (3, 2, 4, N)


def test_sums_of_u_that_x_lacks_are_pushed() -> None:
    """x has one observation, u has some: the derivative is that of the sum."""
    both(lambda x: tanh(fullyconnect(x * X, normal((3, 2), 1))), dlarray(normal((2, 1), 1), "CB"))


def test_the_laplacian_of_x_itself() -> None:
    both(lambda x: x, X)
    both(lambda x: dlarray._make(x._value, ""), stripdims(X))


def test_infinite_slopes_are_left_to_gradients() -> None:
    """√x at 0 has an infinite slope, which a factor of 0 takes out."""
    x = dlarray([[0.0, 4.0, 9.0, 16.0]], "CB")

    def laplacian(x: dlarray) -> dlarray:
        u = sqrt(x) * np.array([[0.0, 1.0, 1.0, 1.0]])
        assert followed(u, x, 0) is not None and pushed_laplacian(u, x, 0, 0, True) is None
        return dllaplacian(u, x, "C")

    lap = dlfeval(laplacian, x)
    np.testing.assert_allclose(numbers(lap)[0], [0.0, -1 / 32, -1 / 108, -1 / 256], rtol=1e-14)


def test_a_released_record_says_so() -> None:
    def lap(x: dlarray) -> dlarray:
        u = tanh(x)
        dlgradient(sum(u, "all"), x)
        return dllaplacian(u, x, "C")

    with pytest.raises(RuntimeError, match="RetainData=True"):
        dlfeval(lap, X)


def test_variables_that_u_does_not_depend_on_are_left_to_gradients() -> None:
    zeros = dlfeval(lambda x, y: dllaplacian(tanh(y), x, "C"), X, X)
    assert not numbers(zeros).any()
    with pytest.raises(ValueError, match="not computed from this array"):
        dlfeval(lambda x: dllaplacian(tanh(x), x + 1.0, "C"), X)


def test_no_gradient_is_taken_to_look_for_coupling(monkeypatch: pytest.MonkeyPatch) -> None:
    """dljacobian and its kin need no Probe where the record shows that nothing is coupled."""

    def refuse(*_: Any) -> None:
        raise AssertionError("a Probe was made")

    monkeypatch.setattr(jacobian, "Probe", refuse)
    for call in (dljacobian, dldivergence, dllaplacian):
        dlfeval(lambda x, call=call: call(fullyconnect(tanh(x), W[:2, :2]), x, "C"), X)


def test_the_laplacian_of_a_laplacian() -> None:
    """Every rule is made of operations that have a rule, or that gradients pass."""

    def biharmonic(x: dlarray) -> tuple[dlarray, dlarray]:
        lap = dllaplacian(tanh(sum(x**2, "C")), x, "C")
        slow = _by_gradients(tanh(sum(x**2, "C")), x, 0, 0, True)
        return dllaplacian(lap, x, "C"), _by_gradients(slow, x, 0, 0, True)

    found, expected = dlfeval(biharmonic, X)
    agree(found, expected)


def test_messages_name_the_layer_of_what_was_pushed() -> None:
    def note(net: dlnetwork, x: dlarray) -> dlarray:
        u, _ = forward(net, x)
        lap = pushed(u, x)
        kinds = {node.note for node in ancestors(lap)}
        assert {"layer 'tanh_1'", "layer 'tanh_2'"} <= kinds
        assert u._value.node.record.note is None
        return lap

    dlfeval(note, network(tanhLayer), features(N, 2))


def ancestors(y: dlarray) -> set[Any]:
    return ancestors_of(y._value.node, frozenset())


def test_on_a_device(device: Any) -> None:
    x, W = device.put(normal((2, N), 1)), device.put(normal((3, 2), 2))

    def lap(x: dlarray, W: dlarray) -> tuple[dlarray, ...]:
        u = stripdims(fullyconnect(dlarray(x, "CB"), W))
        u = dlarray._make(ge.gelu(e.sin(u._value)) * e.tanh(u._value), "")
        laps = pushed(u, x), _by_gradients(u, x, 0, 0, True)
        return (*laps, *[dlgradient(sum(v**2, "all"), W, RetainData=True) for v in laps])

    found = [numbers(v, device) for v in dlfeval(lap, dlarray(x), dlarray(W))]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(found[2], found[3], rtol=1e-11, atol=1e-13)
