"""Layers that are computed together give what they give one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.strategies import normal
from tinydl import (
    additionLayer,
    batchNormalizationLayer,
    connectLayers,
    convolution2dLayer,
    dlarray,
    dlfeval,
    dlgradient,
    dljacobian,
    dlnetwork,
    dlupdate,
    double,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    geluLayer,
    get_fusion,
    groupedConvolution2dLayer,
    imageInputLayer,
    layerGraph,
    networkLayer,
    predict,
    reluLayer,
    rng,
    sequenceInputLayer,
    set_fusion,
    sum,
)
from tinydl.autodiff import PRIMITIVES
from tinydl.primitives import dense


@pytest.fixture(autouse=True)
def _fusion_as_it_was() -> Iterator[None]:
    before = get_fusion()
    yield
    set_fusion(before)


def trained(layers: list[Any], X: dlarray) -> dlnetwork:
    """A network in double precision whose State and Learnables are no longer the first ones."""
    rng(0)
    net = dlupdate(double, dlnetwork(layers))
    for _ in range(3):
        _, state = forward(net, X)
        net.State = state
    net.State.Value[:] = [double(value) for value in net.State.Value]
    shift = np.random.default_rng(1)
    return dlupdate(lambda p: p + 0.1 * shift.standard_normal(p.shape), net)


FEATURES = dlarray(normal((3, 7), 0), "CB")
CASES: dict[str, tuple[list[Any], dlarray]] = {
    "features": (
        [featureInputLayer(3), fullyConnectedLayer(5), batchNormalizationLayer(), geluLayer(),
         fullyConnectedLayer(4), batchNormalizationLayer(Epsilon=0.1), geluLayer()],
        FEATURES,
    ),
    "sequences": (
        [sequenceInputLayer(3), fullyConnectedLayer(4), batchNormalizationLayer(), geluLayer()],
        dlarray(normal((3, 2, 5), 0), "CBT"),
    ),
    "another activation": (
        [featureInputLayer(3), fullyConnectedLayer(5), batchNormalizationLayer(), reluLayer()],
        FEATURES,
    ),
    "an approximation": (
        [featureInputLayer(3), fullyConnectedLayer(5), batchNormalizationLayer(),
         geluLayer(Approximation="tanh")],
        FEATURES,
    ),
    "images": (
        [imageInputLayer([6, 5, 2], Normalization="none"), convolution2dLayer(3, 4, Padding=1),
         batchNormalizationLayer(), geluLayer(), fullyConnectedLayer(3),
         batchNormalizationLayer(), geluLayer()],
        dlarray(normal((6, 5, 2, 3), 0), "SSCB"),
    ),
    "images and relu": (
        [imageInputLayer([6, 5, 2], Normalization="none"), convolution2dLayer(3, 4, Padding=1),
         batchNormalizationLayer(), reluLayer(), convolution2dLayer(2, 3), reluLayer(),
         groupedConvolution2dLayer(2, 2, 3), batchNormalizationLayer(), reluLayer(),
         convolution2dLayer(1, 2), geluLayer()],
        dlarray(normal((6, 5, 2, 3), 0), "SSCB"),
    ),
    "normalization first": (
        [featureInputLayer(3), batchNormalizationLayer(), reluLayer(), batchNormalizationLayer(),
         fullyConnectedLayer(2)],
        FEATURES,
    ),
    "a network in a network": (
        [featureInputLayer(3),
         networkLayer(dlnetwork([fullyConnectedLayer(5), batchNormalizationLayer(), geluLayer()],
                                Initialize=False), Name="part"),
         fullyConnectedLayer(2), batchNormalizationLayer()],
        FEATURES,
    ),
}  # fmt: skip


def everything(net: dlnetwork, X: dlarray, verb: str, orders: int) -> list[Any]:
    """Results, State, and derivatives by X and by the Learnables up to an order."""

    def evaluate(net: dlnetwork, X: dlarray) -> list[Any]:
        if verb == "predict":
            Y, state = predict(net, X), net.State
        else:
            Y, state = forward(net, X, Statistics=verb)
        found, y = [Y, *state.Value], sum(Y**2, "all")
        for order in range(1, orders + 1):
            last = order == orders
            slopes, by_x = dlgradient(y, net.Learnables, X, EnableHigherDerivatives=not last)
            found += [*slopes.Value, by_x]
            y = sum(by_x**2, "all")
        return found

    return list(dlfeval(evaluate, net, X))


@pytest.mark.parametrize("verb", ["predict", "batch", "fixed"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("orders", [1, 3])
def test_values_and_derivatives_are_those_of_single_layers(
    case: str, verb: str, orders: int
) -> None:
    net = trained(*CASES[case])
    results = []
    for enabled in (False, True):
        set_fusion(enabled)
        results.append(everything(net, CASES[case][1], verb, orders))
    # A bias before a normalization has the derivative 0: what is found is rounding of the others.
    largest = max([1.0, *[float(np.abs(np.asarray(x)).max(initial=0.0)) for x in results[0]]])
    for apart, together in zip(*results, strict=True):
        assert together.shape == apart.shape
        assert together.dims == apart.dims
        assert together.dtype == apart.dtype
        np.testing.assert_allclose(together, apart, rtol=1e-9, atol=1e-12 * largest)


def test_fusion_takes_place(monkeypatch: pytest.MonkeyPatch) -> None:
    net = trained(*CASES["features"])
    calls: list[int] = []
    real = dense.affine_normalize_gelu.forward

    def counted(*inputs: Any, **static: Any) -> Any:
        calls.append(1)
        return real(*inputs, **static)

    monkeypatch.setattr(dense.affine_normalize_gelu, "forward", counted)
    forward(net, FEATURES)
    assert len(calls) == 2
    predict(net, FEATURES)
    forward(net, FEATURES, Statistics="fixed")
    forward(net, FEATURES, Outputs=["batchnorm_1", "gelu_2"])  # of the second pair alone
    assert len(calls) == 3
    set_fusion(False)
    forward(net, FEATURES)
    assert len(calls) == 3


@pytest.mark.parametrize(("layers", "names"), [
    ("batch_normalize_relu", {"forward": 2, "predict": 0, "fixed": 0}),
    ("convolve_relu", {"forward": 1, "predict": 3, "fixed": 3}),
])  # fmt: skip
def test_relu_is_taken_in(
    layers: str, names: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    net, X = trained(*CASES["images and relu"]), CASES["images and relu"][1]
    calls: list[int] = []
    real = PRIMITIVES[layers].forward

    def counted(*inputs: Any, **static: Any) -> Any:
        calls.append(1)
        return real(*inputs, **static)

    monkeypatch.setattr(PRIMITIVES[layers], "forward", counted)
    evaluate = {
        "forward": lambda **given: forward(net, X, **given),
        "predict": lambda **given: predict(net, X, **given),
        "fixed": lambda **given: forward(net, X, Statistics="fixed", **given),
    }
    for verb, count in names.items():
        calls.clear()
        evaluate[verb]()
        assert len(calls) == count
        between = [name for name in layer_names(net) if not name.startswith("relu")]
        evaluate[verb](Outputs=between)
        assert len(calls) == count


def layer_names(net: dlnetwork) -> list[str]:
    return [layer.Name for layer in net.Layers]


def test_relu_goes_into_what_it_alone_follows() -> None:
    """Not into a normalization that feeds another layer too."""
    graph = layerGraph([featureInputLayer(3, Name="in"), batchNormalizationLayer(Name="bn"),
                        reluLayer(Name="relu"), additionLayer(2, Name="add")])  # fmt: skip
    net = dlnetwork(connectLayers(graph, "bn", "add/in2"))
    X = FEATURES
    results = []
    for enabled in (False, True):
        set_fusion(enabled)
        results.append(forward(net, X)[0])
    np.testing.assert_array_equal(*results)
    assert (np.asarray(results[0]) < 0).any()


def test_a_bias_before_a_normalization_has_no_derivative() -> None:
    net, X = trained(*CASES["images"]), CASES["images"][1]

    def slopes(net: dlnetwork, X: dlarray) -> Any:
        made = dlupdate(lambda p: p * 1.0, net)  # what they are computed by may be a part of it
        Y, state = forward(made, X)
        return dlgradient(sum(Y**2, "all"), made.Learnables), state

    found, state = dlfeval(slopes, net, X)
    assert [float(np.abs(np.asarray(found.get(layer, "Bias"))).max()) for layer in ("conv", "fc")
            ] == [0.0, 0.0]  # fmt: skip
    shifted = dlupdate(lambda p: p, net)
    at = shifted.Learnables.rows.index(("conv", "Bias"))
    shifted.Learnables.Value[at] = shifted.Learnables.Value[at] + 2.0
    _, moved = dlfeval(slopes, shifted, X)
    further = np.asarray(moved.Value[0]) - np.asarray(state.Value[0])  # by the MeanDecay of 2
    np.testing.assert_allclose(further, 0.2, rtol=1e-9)


def test_a_bias_that_is_the_only_variable_has_the_derivative_0() -> None:
    net, X = trained(*CASES["images"]), CASES["images"][1]

    def slope(bias: dlarray) -> Any:
        made = dlupdate(lambda p: p, net)
        made.Learnables.Value[made.Learnables.rows.index(("conv", "Bias"))] = bias
        return dlgradient(sum(forward(made, X)[0] ** 2, "all"), bias)

    bias = net.Learnables.get("conv", "Bias")
    assert not np.asarray(dlfeval(slope, bias)).any()


def test_what_lies_between_can_be_asked_for() -> None:
    net = trained(*CASES["features"])
    names = ["fc_1", "batchnorm_1", "gelu_1", "batchnorm_2", "gelu_2"]
    for call in (lambda: predict(net, FEATURES, Outputs=names),
                 lambda: forward(net, FEATURES, Outputs=names)[:-1]):  # fmt: skip
        set_fusion(True)
        together = call()
        set_fusion(False)
        for a, b in zip(together, call(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)


def test_single_state_beside_double_parameters() -> None:
    layers, X = CASES["features"]
    rng(0)
    net = dlupdate(double, dlnetwork(layers))
    _, net.State = forward(net, X)
    results = {}
    for enabled in (False, True):
        set_fusion(enabled)
        Y, state = forward(net, X)
        results[enabled] = [Y, *state.Value, predict(net, X)]
    for a, b in zip(*results.values(), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert Y.dtype == np.float64
    assert state.Value[0].dtype == np.float32


def test_one_observation_is_warned_of() -> None:
    net = dlnetwork(CASES["features"][0])
    with pytest.warns(UserWarning, match="normalizes one element") as seen:
        forward(net, dlarray(normal((3, 1), 0), "CB"))
    assert [str(w.message)[:19] for w in seen] == ["layer 'batchnorm_1'", "layer 'batchnorm_2'"]


def test_a_coupling_is_laid_on_the_normalization() -> None:
    net = trained(*CASES["features"])
    with pytest.raises(ValueError, match=r"layer 'batchnorm_.' couples observations"):
        dlfeval(lambda X: dljacobian(forward(net, X)[0], X, "C"), FEATURES)


def test_the_switch_is_a_bool() -> None:
    with pytest.raises(TypeError, match="True or False"):
        set_fusion(1)  # type: ignore[arg-type]
