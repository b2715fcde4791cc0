"""What layers compute: fullyconnect and batchnorm."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import SEEDS, labelled, normal, numbers, orders_of, same
from tinydl import dlarray, dlfeval, dlgradient
from tinydl.labels import format as f


def inputs_of(fmt: str) -> int:
    """How many dimensions fullyconnect reads as one: they come first."""
    return len(f.find(fmt, "SC"))


WITH_INPUTS = labelled().filter(lambda pair: inputs_of(pair[1]) > 0)


# ---- fullyconnect -------------------------------------------------------------------------------


def weighted_sums(x: Any, W: Any, b: Any, count: int) -> Any:
    """The reference: one product for each observation, whose elements are read column by column."""
    rest = x.shape[count:]
    y = np.empty((len(W), *rest))
    for at in itertools.product(*[range(n) for n in rest]):
        y[(slice(None), *at)] = W @ x[(..., *at)].ravel(order="F") + b
    return y


@given(pair=WITH_INPUTS, seed=SEEDS, outputs=st.sampled_from([1, 2, 3, 30]))
def test_fullyconnect(device: Any, pair: tuple[Any, str], seed: int, outputs: int) -> None:
    x, fmt = pair
    count = inputs_of(fmt)
    W = normal((outputs, int(np.prod(x.shape[:count]))), seed)
    b = normal((outputs,), seed + 1)
    X, expected = dlarray(device.put(x), fmt), weighted_sums(x, W, b, count)
    whole = W.reshape(outputs, *x.shape[:count], order="F")
    pairs = ((W, b), (whole, b), (W, b[:, None]), (W, b[None, :]))
    there = [(device.put(weights), device.put(bias)) for weights, bias in pairs]
    for weights, bias in (*there, [dlarray(x) for x in there[0]]):
        Y = dl.fullyconnect(X, weights, bias)
        assert Y.dims == "C" + fmt[count:]
        assert Y.shape == expected.shape
        assert np.allclose(numbers(Y, device), expected, atol=1e-13)
    without = dl.fullyconnect(X, device.put(W))
    assert np.allclose(numbers(without, device), weighted_sums(x, W, 0 * b, count), atol=1e-13)


@given(pair=WITH_INPUTS, seed=SEEDS, outputs=st.sampled_from([2, 30]))
def test_the_derivatives_of_fullyconnect(
    device: Any, pair: tuple[Any, str], seed: int, outputs: int
) -> None:
    x, fmt = pair
    count = inputs_of(fmt)
    columns = x.reshape(-1, int(np.prod(x.shape[count:])), order="F")
    W, b = normal((outputs, len(columns)), seed), normal((outputs, 1), seed + 1)
    v = normal((outputs, *x.shape[count:]), seed + 2)

    def slopes(X: dlarray, W: dlarray, b: dlarray) -> Any:
        Y = dl.fullyconnect(X, W, b)
        return dlgradient(dl.sum(Y * device.put(v), "all"), X, W, b)

    given = dlarray(device.put(x), fmt), dlarray(device.put(W)), dlarray(device.put(b))
    by_x, by_w, by_b = dlfeval(slopes, *given)
    vs = v.reshape(outputs, -1, order="F")
    assert by_x.dims == fmt
    assert np.allclose(numbers(by_x, device), (W.T @ vs).reshape(x.shape, order="F"), atol=1e-13)
    assert np.allclose(numbers(by_w, device), vs @ columns.T, atol=1e-13)
    assert np.allclose(numbers(by_b, device), vs.sum(axis=1, keepdims=True), atol=1e-13)


def test_refusals_of_arrays_of_one_layout_show_each_of_them() -> None:
    for convert, shown in ((dl.double, "1(B) dlarray"), (dl.single, "1(B) single dlarray")):
        X = convert(dlarray(dl.ones(4, 4, 1, 1), "SSCB"))
        for _ in range(2):
            with pytest.raises(ValueError, match=re.escape(shown)):
                dl.dlconv(X, dl.ones(3, 1, 1), WeightsFormat="TCU")


def test_fullyconnect_of_arrays_without_labels() -> None:
    x, W, b = normal((5, 3), 0), normal((2, 3), 1), normal((2,), 2)
    for X in (x, dlarray(x)):
        Y = dl.fullyconnect(X, W, b, DataFormat="BC")
        assert (type(Y), Y.dims) == (dlarray, "")
        assert np.allclose(numbers(Y), x @ W.T + b)
    images = normal((4, 3, 3, 2), 0)
    Y = dl.fullyconnect(images, normal((5, 18), 1), DataFormat="BSSC")
    by_label = dl.fullyconnect(dlarray(images, "BSSC"), normal((5, 18), 1))
    assert Y.shape == (4, 5)
    assert np.allclose(numbers(Y).T, numbers(by_label))


def test_the_class_of_fullyconnect() -> None:
    x, W, b = np.ones((3, 2)), np.ones((2, 3)), np.ones(2)
    for single in range(3):
        args = [v.astype(np.float32) if i == single else v for i, v in enumerate((x, W, b))]
        assert dl.fullyconnect(dlarray(args[0], "CB"), *args[1:]).dtype == np.float32
    assert dl.fullyconnect(dlarray(x > 0, "CB"), W > 0).dtype == np.float64


@pytest.mark.parametrize(
    ("X", "more", "words"),
    [
        (dlarray(np.ones((3, 2)), "CB"), (np.ones((2, 4)),),
         r"weights of 2×4 for 3\(C\) × 2\(B\) dlarray; they need 3 columns"),
        (dlarray(np.ones((3, 2)), "CB"), (np.ones(3),), "weights of 3 for"),
        (dlarray(np.ones((3, 2)), "CB"), (np.ones((2, 3)), np.ones(3)),
         "a bias of 3 for weights of 2×3; it needs one element for each row"),
        (dlarray(np.ones((3, 2)), "BT"), (np.ones((2, 3)),), "has neither an S nor a C dimension"),
        (np.ones((3, 2)), (np.ones((2, 3)),), "X is 3×2 dlarray without labels"),
    ],
)  # fmt: skip
def test_what_fullyconnect_refuses(X: Any, more: Any, words: str) -> None:
    with pytest.raises(ValueError, match=f"fullyconnect: .*{words}"):
        dl.fullyconnect(X, *more)


# ---- batchnorm ----------------------------------------------------------------------------------

WITH_CHANNELS = labelled(need="C")


def statistics(x: Any, fmt: str) -> tuple[Any, Any, Any]:
    """Mean and variance of each channel, and the shape in which they expand to x."""
    at = fmt.index("C")
    axes = tuple(i for i in range(x.ndim) if i != at)
    return x.mean(axis=axes), x.var(axis=axes), [-1 if i == at else 1 for i in range(x.ndim)]


def normalized(x: Any, mu: Any, var: Any, b: Any, a: Any, shape: Any, epsilon: float) -> Any:
    mu, var, b, a = (v.reshape(shape) for v in (mu, var, b, a))
    return a * (x - mu) / np.sqrt(var + epsilon) + b


@given(pair=WITH_CHANNELS, seed=SEEDS, epsilon=st.floats(1e-5, 1))
def test_the_three_modes_of_batchnorm(
    device: Any, pair: tuple[Any, str], seed: int, epsilon: float
) -> None:
    x, fmt = pair
    mu, var, shape = statistics(x, fmt)
    b, a, old_mu, old_var = (normal(mu.shape, seed + i) for i in range(4))
    old_var = old_var**2
    X, offset, scale = dlarray(device.put(x), fmt), device.put(b), device.put(a)
    by_batch = normalized(x, mu, var, b, a, shape, epsilon)

    Y, m, v = dl.batchnorm(X, offset, scale, Epsilon=epsilon)
    assert (Y.dims, m.dims, v.dims) == (fmt, "", "")
    assert np.allclose(numbers(Y, device), by_batch, atol=1e-12)
    assert np.allclose(numbers(m, device), mu)
    assert np.allclose(numbers(v, device), var)

    Y = dl.batchnorm(X, offset, scale, old_mu, old_var, Epsilon=epsilon)
    expected = normalized(x, old_mu, old_var, b, a, shape, epsilon)
    assert np.allclose(numbers(Y, device), expected, atol=1e-12)

    Y, m, v = dl.batchnorm(X, offset, scale, old_mu, old_var, Epsilon=epsilon, MeanDecay=0.3,
                           VarianceDecay=0.2, nargout=3)  # fmt: skip
    assert np.allclose(numbers(Y, device), by_batch, atol=1e-12)
    assert np.allclose(numbers(m, device), 0.3 * mu + 0.7 * old_mu)
    assert np.allclose(numbers(v, device), 0.2 * var + 0.8 * old_var)


def test_the_defaults_of_batchnorm() -> None:
    x, one, zero = normal((3, 8), 0), np.ones(3), np.zeros(3)
    X = dlarray(x, "CB")
    Y, mu, var = dl.batchnorm(X, zero, one)
    assert np.allclose(numbers(Y), normalized(x, *statistics(x, "CB")[:2], zero, one, (3, 1), 1e-5))
    _, m, v = dl.batchnorm(X, zero, one, zero, one, nargout=3)
    assert np.allclose(numbers(m), 0.1 * numbers(mu))
    assert np.allclose(numbers(v), 0.1 * numbers(var) + 0.9)


@pytest.mark.parametrize("shape", [(3,), (3, 1), (1, 1, 3)])
def test_statistics_have_the_shape_of_the_offset(shape: tuple[int, ...]) -> None:
    X = dlarray(normal((4, 5, 3, 2), 0), "SSCB")
    b, a = np.zeros(shape), dlarray(np.ones(shape))
    _, mu, var = dl.batchnorm(X, b, a)
    assert mu.shape == var.shape == shape
    _, m, v = dl.batchnorm(X, b, a, numbers(mu).ravel(), var, nargout=3)
    assert m.shape == v.shape == shape
    assert np.allclose(numbers(m), numbers(mu))


@given(pair=WITH_CHANNELS, data=st.data())
def test_batchnorm_of_arrays_without_labels(pair: tuple[Any, str], data: st.DataObject) -> None:
    x, fmt = pair
    order = data.draw(orders_of(fmt))
    b, a = (normal((x.shape[fmt.index("C")],), i) for i in range(2))
    labelled_result, mu, var = dl.batchnorm(dlarray(x, fmt), b, a)
    Y, m, v = dl.batchnorm(x.transpose(order), b, a, DataFormat=f.permute(fmt, order))
    assert Y.dims == ""
    assert np.allclose(numbers(Y), numbers(labelled_result).transpose(order))
    assert same(m, mu)
    assert same(v, var)


def test_the_class_of_batchnorm() -> None:
    x, one = np.ones((3, 4)), np.ones(3)
    Y, mu, var = dl.batchnorm(dlarray(np.float32(x), "CB"), one, one)
    assert (Y.dtype, mu.dtype, var.dtype) == (np.float32,) * 3
    assert dl.batchnorm(dlarray(x, "CB"), one, one, np.float32(one), one).dtype == np.float32
    assert dl.batchnorm(dlarray(x, "CB"), one, one, one, one).dtype == np.float64


def test_statistics_are_followed() -> None:
    def slopes(X: dlarray) -> Any:
        _, mu, var = dl.batchnorm(X, np.zeros(2), np.ones(2))
        by_mu = dlgradient(dl.sum(mu, "all"), X, RetainData=True)
        return by_mu, dlgradient(dl.sum(var, "all"), X)

    x = normal((2, 4), 0)
    by_mu, by_var = dlfeval(slopes, dlarray(x, "CB"))
    assert np.allclose(numbers(by_mu), np.full((2, 4), 0.25))
    assert np.allclose(numbers(by_var), (x - x.mean(axis=1, keepdims=True)) / 2)


def test_given_statistics_are_constants_or_variables() -> None:
    x, b, a, mu, var = (normal(s, i) for i, s in enumerate([(2, 3), (2,), (2,), (2,), (2,)]))
    var = var**2
    inverse = 1 / np.sqrt(var + 1e-5)

    def slopes(*values: dlarray) -> Any:
        return dlgradient(dl.sum(dl.batchnorm(*values), "all"), *values)

    found = dlfeval(slopes, dlarray(x, "CB"), *[dlarray(v) for v in (b, a, mu, var)])
    centred = (x - mu[:, None]).sum(axis=1)
    expected = [np.repeat((a * inverse)[:, None], 3, 1), np.full(2, 3), centred * inverse,
                -3 * a * inverse, -0.5 * a * centred * inverse**3]  # fmt: skip
    for g, value in zip(found, expected, strict=True):
        assert np.allclose(numbers(g), value)
    with_constants = dlfeval(
        lambda X: dlgradient(dl.sum(dl.batchnorm(X, b, a, mu, var), "all"), X), dlarray(x, "CB")
    )
    assert np.allclose(numbers(with_constants), expected[0])


@settings(max_examples=5)
@given(seed=SEEDS)
def test_batchnorm_against_pytorch(seed: int) -> None:
    torch = pytest.importorskip("torch")
    x, w = (normal((3, 4, 2, 5), seed + i) for i in range(2))
    b, a = (normal((2,), seed + i) for i in range(2, 4))

    def slopes(X: dlarray, b: dlarray, a: dlarray) -> Any:
        Y, *_ = dl.batchnorm(X, b, a)
        loss = dl.sum(Y**3 * w, "all")
        return loss, *dlgradient(loss, X, b, a)

    found = dlfeval(slopes, dlarray(x, "SSCB"), dlarray(b), dlarray(a))
    leaves = [torch.tensor(v, requires_grad=True) for v in (x, b, a)]
    tx, tb, ta = leaves
    y = torch.nn.functional.batch_norm(tx.permute(3, 2, 0, 1), None, None, ta, tb, training=True)
    loss = (y.permute(2, 3, 1, 0) ** 3 * torch.tensor(w)).sum()
    loss.backward()
    for mine, other in zip(found, (loss.detach(), *[v.grad for v in leaves]), strict=True):
        assert np.allclose(numbers(mine), other.numpy(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("args", "options", "words"),
    [
        ((np.ones(2), np.ones(3)), {},
         r"offset of 2 for 3\(C\) × 4\(B\) dlarray; it needs 3 elements, one for each channel"),
        ((np.ones(3), np.ones((3, 3))), {}, "scaleFactor of 3×3 for"),
        ((np.ones(3),) * 2 + (np.ones(2), np.ones(3)), {}, "mu of 2 for"),
        ((np.ones(3),) * 2 + (np.ones(3), np.ones(4)), {}, "sigmaSq of 4 for"),
        ((np.ones(3),) * 3, {}, "give both mu and sigmaSq, or neither"),
        ((np.ones(3),) * 2, {"sigmaSq": np.ones(3)}, "give both mu and sigmaSq, or neither"),
        ((np.ones(3),) * 2, {"nargout": 1}, "nargout=1; .* without them always 3"),
        ((np.ones(3),) * 4, {"nargout": 2}, "nargout=2; with mu and sigmaSq it is 1 .* or 3"),
        ((np.ones(3),) * 2, {"DataFormat": "CB"}, "X has the format CB"),
    ],
)  # fmt: skip
def test_what_batchnorm_refuses(args: Any, options: Any, words: str) -> None:
    with pytest.raises(ValueError, match=f"batchnorm: .*{words}"):
        dl.batchnorm(dlarray(np.ones((3, 4)), "CB"), *args, **options)


def test_batchnorm_needs_channels() -> None:
    with pytest.raises(ValueError, match="has no C dimension"):
        dl.batchnorm(dlarray(np.ones((3, 4)), "SB"), np.ones(3), np.ones(3))
    with pytest.raises(TypeError, match="batchnorm: offset has the class int64"):
        dl.batchnorm(dlarray(np.ones((3, 4)), "CB"), np.ones(3, int), np.ones(3))
