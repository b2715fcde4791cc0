"""Layers: what all of them promise, their values beside PyTorch's, and what is special to some."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import tinydl
from tests.checks import DRAWS
from tests.strategies import normal, numbers, same
from tests.table.layers import ROWS, LayerRow
from tinydl import (
    StatisticsWarning,
    additionLayer,
    batchNormalizationLayer,
    convolution2dLayer,
    dlarray,
    dlnetwork,
    dlupdate,
    double,
    dropoutLayer,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    imageInputLayer,
    networkDataLayout,
    predict,
    reluLayer,
    rng,
)
from tinydl.layers import LAYERS, Layer, initializers
from tinydl.layers.layer import Parameter
from tinydl.testing import check_layer
from tinydl.testing.subject import same as same_values

CASES = [(row, i) for row in ROWS for i in range(len(row.layouts))]
every_case = pytest.mark.parametrize(("row", "i"), CASES, ids=lambda x: repr(x))


# ---- the catalogue ------------------------------------------------------------------------------


def test_every_layer_has_a_row() -> None:
    assert {row.kind for row in ROWS} == set(LAYERS)
    assert len({repr(row) for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert type(row.make()).__name__ == row.kind


def test_every_layer_is_public() -> None:
    assert all([getattr(tinydl, name) is kind for name, kind in LAYERS.items()])


@every_case
@pytest.mark.parametrize("draw", range(DRAWS))
def test_what_every_layer_promises(row: LayerRow, i: int, draw: int, device: Any) -> None:
    batch = 2 + (draw + 1) % 4
    check_layer(row.make(), *row.layouts[i], batch=batch, seed=draw, device=device.name,
                inputs=row.inputs, follow=row.follow)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_layers_are_copied_and_printed(row: LayerRow) -> None:
    layer = row.make()
    assert repr(layer).startswith(row.kind + "(")
    makers = [copy.copy, copy.deepcopy]
    if not callable(getattr(layer, "Normalization", None)):  # a lambda cannot be pickled
        makers.append(lambda x: pickle.loads(pickle.dumps(x)))
    for make in makers:
        made = make(layer)
        assert type(made) is type(layer) and made is not layer
        assert all([same_values(v, made.options()[k]) for k, v in layer.options().items()])


# ---- the checks notice what is wrong ------------------------------------------------------------


class Scaled(Layer):
    """A layer with everything in order, from which the faulty ones below differ."""

    Learnable = ("Factor",)
    Stateful = ("Count",)

    def __init__(self, *, Name: str = "", Factor: Any = None, Count: Any = None) -> None:
        self.Name = Name
        self.Factor = Factor
        self.Count = Count
        self.FactorInitializer = "ones"

    def parameters(self, *layouts: networkDataLayout) -> dict[str, Parameter]:
        return {"Factor": Parameter((1, 1))}

    def initial_state(self, *layouts: networkDataLayout) -> dict[str, Any]:
        return {"Count": dlarray(np.zeros((1, 1), np.float32))}

    def predict(self, *X: dlarray) -> dlarray:
        return tinydl.tanh(X[0]) * self.Factor

    def forward(self, *X: dlarray) -> tuple[dlarray, dict[str, dlarray]]:
        return self.predict(*X), {"Count": self.Count + 1.0}


class NotAnalytic(Scaled):
    """In order too, but its code takes no complex numbers: central differences are used."""

    def predict(self, *X: dlarray) -> dlarray:
        return tinydl.abs(X[0]) * X[0] * self.Factor


class OptionLost(Scaled):
    def __init__(self, *, Name: str = "", Factor: Any = None, Count: Any = None) -> None:
        super().__init__(Name=Name, Factor=Factor, Count=Count)
        self.Name = Name + "!"


class AnotherSize(Scaled):
    def initial_learnables(self, *layouts: networkDataLayout) -> dict[str, Any]:
        return {"Factor": dlarray(np.ones((2, 1), np.float32))}


class AnotherRow(Scaled):
    def initial_state(self, *layouts: networkDataLayout) -> dict[str, Any]:
        return {"Number": dlarray(np.zeros((1, 1), np.float32))}


class StartsDouble(Scaled):
    def initial_state(self, *layouts: networkDataLayout) -> dict[str, Any]:
        return {"Count": dlarray(np.zeros((1, 1)))}


class AnotherLayout(Scaled):
    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        return layouts[0].replace("C", [7])


class DrawsInPredict(Scaled):
    def predict(self, *X: dlarray) -> dlarray:
        return X[0] * self.Factor + 0.0 * tinydl.rand(1, 1)[0, 0]


class WritesIntoItsInput(Scaled):
    def predict(self, *X: dlarray) -> dlarray:
        X[0]._value[0] = 1.0
        return X[0] * self.Factor


class WritesIntoState(Scaled):
    def forward(self, *X: dlarray) -> tuple[dlarray, dict[str, dlarray]]:
        self.Count._value[...] += 1.0
        return self.predict(*X), {}


class ChangesClass(Scaled):
    def predict(self, *X: dlarray) -> dlarray:
        return double(tinydl.tanh(X[0]) * self.Factor)


class ClassOfState(Scaled):
    def forward(self, *X: dlarray) -> tuple[dlarray, dict[str, dlarray]]:
        return self.predict(*X), {"Count": tinydl.single(self.Count + 1.0)}


class LooksAtTheOthers(Scaled):
    def predict(self, *X: dlarray) -> dlarray:
        return (X[0] - tinydl.mean(X[0], "B")) * self.Factor


class CutsDerivative(Scaled):
    def predict(self, *X: dlarray) -> dlarray:
        return dlarray(tinydl.extractdata(tinydl.tanh(X[0])), X[0].dims) * self.Factor


class CutsHalfOfIt(Scaled):
    def predict(self, *X: dlarray) -> dlarray:
        return X[0] * dlarray(tinydl.extractdata(X[0]), X[0].dims) * self.Factor


class CutsLearnable(Scaled):
    def predict(self, *X: dlarray) -> dlarray:
        return tinydl.tanh(X[0]) * tinydl.extractdata(self.Factor)


FAULTS = [
    (OptionLost, "Name becomes '!!' instead of '!'"),
    (AnotherSize, r"Factor is \(2, 1\), declared is \(1, 1\)"),
    (AnotherRow, r"State has the rows \('Number',\), declared are \('Count',\)"),
    (StartsDouble, "Count starts as float64"),
    (AnotherLayout, r"predict gives 4\(C\) × 3\(B\), foretold is 7\(C\) × \?\(B\)"),
    (DrawsInPredict, "predict draws random numbers"),
    (WritesIntoItsInput, "predict gives another result|predict writes into its input"),
    (WritesIntoState, "forward changes the parameters of its network"),
    (ChangesClass, "predict of float32 gives float64"),
    (ClassOfState, "forward changes the size or class of Count"),
    (LooksAtTheOthers, "predict of observation 0 alone differs from predict of the batch"),
    (CutsDerivative, "the derivative of predict by input 1, order 1, is 0.0 instead of"),
    (CutsHalfOfIt, "the derivative of predict by input 1, order 1, is"),
    (CutsLearnable, "the derivative of predict by Factor, order 1, is 0.0 instead of"),
]


@pytest.mark.parametrize("kind", [Scaled, NotAnalytic])
def test_a_layer_in_order_passes(kind: type[Layer]) -> None:
    check_layer(kind(), networkDataLayout([4, None], "CB"))


@pytest.mark.parametrize(("kind", "words"), FAULTS, ids=lambda x: getattr(x, "__name__", ""))
def test_a_fault_is_named(kind: type[Layer], words: str) -> None:
    with pytest.raises(AssertionError, match=f"{kind.__name__}: .*({words})"):
        check_layer(kind(), networkDataLayout([4, None], "CB"))


def test_checks_leave_the_random_numbers_alone() -> None:
    rng(7)
    check_layer(dropoutLayer(), networkDataLayout([4, None], "CB"), seed=3)
    drawn = tinydl.rand(1, 3)
    rng(7)
    np.testing.assert_array_equal(drawn, tinydl.rand(1, 3))


# ---- input layers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("normalization", "statistics", "formula"),
    [
        ("none", {}, lambda x, s: x),
        ("zerocenter", ("Mean",), lambda x, s: x - s["Mean"]),
        ("zscore", ("Mean", "StandardDeviation"),
         lambda x, s: (x - s["Mean"]) / s["StandardDeviation"]),
        ("rescale-zero-one", ("Min", "Max"), lambda x, s: (x - s["Min"]) / (s["Max"] - s["Min"])),
        ("rescale-symmetric", ("Min", "Max"),
         lambda x, s: 2 * (x - s["Min"]) / (s["Max"] - s["Min"]) - 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [(3, 2, 4), (1, 1, 4), ()], ids=["element", "channel", "all"])
def test_input_normalization(normalization: str, statistics: Any, formula: Any, size: Any) -> None:
    x = normal((3, 2, 4, 5), 1)
    given = {name: normal(size, i) + 3.0 * i for i, name in enumerate(statistics)}
    layer = imageInputLayer([3, 2, 4], Normalization=normalization, **given)
    expanded = {k: np.reshape(v, (*np.shape(v), 1)[-4:]) for k, v in given.items()}
    expected = formula(x, expanded)
    found = predict(dlnetwork([layer]), dlarray(x, "SSCB"))
    np.testing.assert_allclose(numbers(found), expected, rtol=1e-13, atol=1e-13)
    features = featureInputLayer(
        4, Normalization=normalization, **{k: v.reshape(-1)[:4] for k, v in given.items()}
    )
    rest = {k: np.reshape(v.reshape(-1)[:4], (-1, 1)) for k, v in given.items()}
    found = predict(dlnetwork([features]), dlarray(x[0, 0], "CB"))
    np.testing.assert_allclose(numbers(found), formula(x[0, 0], rest), rtol=1e-13, atol=1e-13)


def test_unset_statistics_count_as_0_and_1() -> None:
    X = dlarray(normal((3, 2), 0), "CB")
    layer = featureInputLayer(3, Normalization="zscore", Mean=[1, 2, 3])
    np.testing.assert_allclose(numbers(layer.predict(X)), numbers(X) - np.c_[[1, 2, 3]])
    assert numbers(imageInputLayer([3, 2, 1]).predict(dlarray(np.ones((3, 2)), "SSCB"))).all()


@pytest.mark.parametrize("normalization", ["rescale-zero-one", "rescale-symmetric"])
def test_a_missing_range_is_named(normalization: str) -> None:
    net = dlnetwork([featureInputLayer(3, Normalization=normalization, Min=0.0)])
    with pytest.raises(ValueError, match=r"layer 'input'.* needs Max; give .* the option Max="):
        predict(net, dlarray(np.ones((3, 2)), "CB"))


@pytest.mark.parametrize(
    ("dimension", "fits"),
    [("auto", [0, 1, 2]), ("element", [2]), ("channel", [1]), ("all", [0])],
)
def test_normalization_dimension_says_what_statistics_vary_along(
    dimension: str, fits: list[int]
) -> None:
    for i, size in enumerate([(), (4,), (3, 2, 4)]):
        make = lambda size=size: imageInputLayer(
            [3, 2, 4], NormalizationDimension=dimension, Mean=np.ones(size)
        )
        if i in fits:
            assert make().Mean.ndim == 3
        else:
            with pytest.raises(ValueError, match=rf"Mean of .* does not fit .*'{dimension}'"):
                make()


def test_statistics_keep_their_class_and_the_data_theirs() -> None:
    mean = np.full((3, 2, 1), 0.1)
    layer = imageInputLayer([3, 2, 1], Mean=mean)
    assert layer.Mean.dtype == np.float64
    found = layer.predict(dlarray(np.ones((3, 2, 1, 1), np.float32), "SSCB"))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(numbers(found), np.float32(1) - np.float32(0.1))
    mean[:] = 5.0
    assert (layer.Mean == 0.1).all(), "the layer shares memory with its argument"
    layer = imageInputLayer([3, 2, 1], Mean=np.float32(0.5))
    assert layer.Mean.dtype == np.float32
    assert layer.predict(dlarray(np.ones((3, 2, 1, 1)), "SSCB")).dtype == np.float64


def test_a_normalization_function_must_keep_the_form() -> None:
    X = dlarray(np.ones((3, 2)), "CB")
    assert numbers(featureInputLayer(3, Normalization=lambda x: x * 3.0).predict(X)).max() == 3.0
    for function in (lambda x: x[0, :], lambda x: tinydl.stripdims(x), lambda x: numbers(x)):
        with pytest.raises(ValueError, match=r"must return a dlarray like 3\(C\) × 2\(B\)"):
            featureInputLayer(3, Normalization=function).predict(X)


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (dlarray(np.ones((3, 2))), r"the input is 3×2 dlarray; 4\(C\) × \?\(B\) is needed"),
        (dlarray(np.ones((3, 2)), "CB"), r"is 3\(C\) × 2\(B\) dlarray; 4\(C\) × \?\(B\) is needed"),
        (dlarray(np.ones((1, 4, 2)), "SCB"), r"4\(C\) × \?\(B\) is needed"),
        (dlarray(np.ones((4, 2)), "SB"), r"4\(C\) × \?\(B\) is needed"),
    ],
)
def test_other_data_is_refused(X: dlarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        featureInputLayer(4).predict(X)


# ---- dropout ------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_expectation(p: float) -> None:
    rng(1)
    X = dlarray(np.ones((100, 400)), "CB")
    layer = dropoutLayer(p)
    Y = numbers(layer.forward(X)[0])
    np.testing.assert_allclose(np.unique(Y), [0.0, 1 / (1 - p)])
    error = np.sqrt(p / (1 - p) / Y.size)  # of the mean of that many draws
    assert abs(Y.mean() - 1) < 4 * error
    assert same(layer.predict(X), X)


def test_dropout_draws_from_the_generator_of_the_package() -> None:
    X, layer = dlarray(np.ones((3, 4)), "CB"), dropoutLayer(0.4)
    rng(5)
    first, second = numbers(layer.forward(X)[0]), numbers(layer.forward(X)[0])
    assert (first != second).any()
    rng(5)
    np.testing.assert_array_equal(numbers(layer.forward(X)[0]), first)
    rng(5)
    np.testing.assert_array_equal(first != 0, tinydl.rand(3, 4) >= 0.4)


# ---- first values -------------------------------------------------------------------------------


def first_values(layer: Any, layout: networkDataLayout, parameter: str = "Weights") -> Any:
    rng(3)
    return numbers(dlnetwork([layer], layout).Learnables.get("layer", parameter))


DENSE = networkDataLayout([300, None], "CB")
PICTURES = networkDataLayout([9, 9, 20, None], "SSCB")


@pytest.mark.parametrize(
    ("layer", "layout", "fan_in", "fan_out"),
    [
        (fullyConnectedLayer(200, Name="layer"), DENSE, 300, 200),
        (convolution2dLayer([5, 3], 40, Name="layer"), PICTURES, 15 * 20, 15 * 40),
    ],
    ids=["dense", "convolution"],
)
def test_weights_start_with_the_variance_that_is_named(
    layer: Any, layout: Any, fan_in: int, fan_out: int
) -> None:
    rest = {name: value for name, value in layer.options().items() if name != "WeightsInitializer"}
    of = lambda name: first_values(type(layer)(**rest, WeightsInitializer=name), layout)
    bound = np.sqrt(6 / (fan_in + fan_out))
    assert 0.99 * bound < np.abs(of("glorot")).max() <= bound
    variances = {"glorot": bound**2 / 3, "he": 2 / fan_in, "narrow-normal": 0.01**2}
    for name, variance in variances.items():
        W = of(name).astype(float)
        assert abs(W.mean()) < 4 * np.sqrt(variance / W.size), name
        assert abs(W.var() / variance - 1) < 4 * np.sqrt(2 / W.size), name
    assert (of("zeros") == 0).all() and (of("ones") == 1).all()
    assert {of(name).dtype for name in initializers.NAMES} == {np.dtype("float32")}


@pytest.mark.parametrize("inputs", [3, 7, 12])
def test_orthogonal_weights(inputs: int) -> None:
    layer = fullyConnectedLayer(7, Name="layer", WeightsInitializer="orthogonal")
    W = first_values(layer, networkDataLayout([inputs, None], "CB")).astype(float)
    product = W.T @ W if inputs <= 7 else W @ W.T
    np.testing.assert_allclose(product, np.eye(min(inputs, 7)), atol=1e-6)


def test_orthogonal_filters_are_columns() -> None:
    layer = convolution2dLayer(3, 8, Name="layer", WeightsInitializer="orthogonal")
    W = first_values(layer, PICTURES).astype(float).reshape(-1, 8, order="F")
    np.testing.assert_allclose(W.T @ W, np.eye(8), atol=1e-6)


def test_weights_from_a_function_of_the_size() -> None:
    layer = fullyConnectedLayer(
        2, Name="layer", WeightsInitializer=lambda size: np.arange(np.prod(size)).reshape(size) / 4,
        BiasInitializer="ones",
    )  # fmt: skip
    layout = networkDataLayout([3, None], "CB")
    np.testing.assert_array_equal(first_values(layer, layout), np.arange(6).reshape(2, 3) / 4)
    np.testing.assert_array_equal(first_values(layer, layout, "Bias"), np.ones((2, 1)))
    wrong = fullyConnectedLayer(2, WeightsInitializer=lambda size: np.ones(3))
    with pytest.raises(ValueError, match=r"the initializer gave .3,. for the size .2, 3."):
        dlnetwork([wrong], layout)


def test_first_values_are_drawn_in_the_order_of_the_layers_column_major() -> None:
    rng("default")
    net = dlnetwork([featureInputLayer(3), fullyConnectedLayer(2), fullyConnectedLayer(1)])
    rng("default")
    stream = tinydl.rand(8, 1)[:, 0]
    W1, _, W2, _ = [numbers(v) for v in net.Learnables.Value]
    bound = lambda n: np.sqrt(6 / n)
    first = (2 * stream[:6].reshape((2, 3), order="F") - 1) * bound(5)
    np.testing.assert_array_equal(W1, first.astype(np.float32))
    np.testing.assert_array_equal(W2, ((2 * stream[None, 6:] - 1) * bound(3)).astype(np.float32))


def test_given_values_keep_their_class_and_must_fit() -> None:
    W = np.arange(6.0).reshape(2, 3)
    net = dlnetwork([featureInputLayer(3), fullyConnectedLayer(2, Weights=W, Bias=[1.0, 2.0])])
    assert [v.dtype for v in net.Learnables.Value] == [np.float64, np.float64]
    assert net.Learnables.Value[1].shape == (2, 1)
    W[:] = 0.0
    assert numbers(net.Learnables.Value[0]).any()
    with pytest.raises(ValueError, match="Weights of layer 'fc': 2×3 was given, 2×4 is needed"):
        dlnetwork([featureInputLayer(4), fullyConnectedLayer(2, Weights=W)])
    with pytest.raises(ValueError, match="TrainedMean of layer 'batchnorm': 3 was given"):
        dlnetwork([featureInputLayer(4), batchNormalizationLayer(
            TrainedMean=np.ones(3), TrainedVariance=np.ones(3))])  # fmt: skip


# ---- what does not fit --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: fullyConnectedLayer(0), "OutputSize must be a whole number from 1 on, not 0"),
        (lambda: fullyConnectedLayer(2.5), "OutputSize must be a whole number"),
        (lambda: fullyConnectedLayer(True), "OutputSize must be a whole number"),
        (lambda: fullyConnectedLayer(2, WeightsInitializer="xavier"), "is one of glorot, he"),
        (lambda: fullyConnectedLayer(2, BiasLearnRateFactor=-1), "BiasLearnRateFactor must lie"),
        (lambda: fullyConnectedLayer(2, BiasL2Factor="0"), "BiasL2Factor must be a number"),
        (lambda: convolution2dLayer([3, 3, 3], 2), "FilterSize is a whole number from 1"),
        (lambda: convolution2dLayer(3, 2, Stride=0), "Stride is a whole number from 1"),
        (lambda: convolution2dLayer(3, 2, Padding="sane"), 'Padding is numbers or "same"'),
        (lambda: convolution2dLayer(3, 2, Padding=-1), "Padding is a whole number from 0"),
        (lambda: convolution2dLayer(3, 2, Padding=[1, 2, 3]), "Padding is a whole number from"),
        (lambda: convolution2dLayer(3, 2, Padding=[[1, 2], [3, 4], [5, 6]]), "Padding"),
        (lambda: convolution2dLayer(3, 2, PaddingValue="zero"), "PaddingValue is a number or one"),
        (lambda: batchNormalizationLayer(MeanDecay=2), "MeanDecay must lie between 0.0 and 1.0"),
        (lambda: batchNormalizationLayer(Epsilon=-1), "Epsilon must lie between"),
        (lambda: batchNormalizationLayer(Statistics="frozen"), "one of batch, fixed"),
        (lambda: batchNormalizationLayer(TrainedMean=[1.0]), "give both TrainedMean and Trained"),
        (lambda: dropoutLayer(1), "with Probability 1 nothing would be left"),
        (lambda: dropoutLayer(1.5), "Probability must lie between"),
        (lambda: additionLayer(1), "NumInputs must be a whole number from 2 on"),
        (lambda: tinydl.multiplicationLayer(1), "multiplicationLayer: NumInputs must be a whole"),
        (lambda: tinydl.concatenationLayer(None, 2), "name the dimension once"),
        (lambda: tinydl.concatenationLayer("C", 2, axis=0), "name the dimension once"),
        (lambda: tinydl.concatenationLayer("X", 2), "is no label"),
        (lambda: tinydl.clippedReluLayer(0), "with Ceiling 0 nothing would be left"),
        (lambda: tinydl.preluLayer(AlphaInitializer="quarter"), "or a number, or a function of"),
        (lambda: tinydl.image3dInputLayer([8, 8, 1]), "InputSize is .height, width, depth, chan"),
        (lambda: tinydl.groupedConvolution2dLayer(3, 2, "all"), 'a whole number or "channel-wise"'),
        (lambda: tinydl.resize2dLayer(Scale=-1), "Scale is a positive number, or 2 of them"),
        (lambda: tinydl.resize2dLayer(Scale=[1, 2, 3]), "Scale is a positive number, or 2 of them"),
        (lambda: imageInputLayer([28, 28]), "InputSize is .height, width, channels."),
        (lambda: featureInputLayer(2.5), "InputSize holds whole numbers"),
        (lambda: featureInputLayer(2, Normalization="z-score"), "Normalization is one of none"),
        (lambda: tinydl.geluLayer(Approximation="erf"), "Approximation is one of none, tanh"),
        (lambda: tinydl.averagePooling2dLayer(2, PaddingValue=1), 'PaddingValue is 0 or "mean"'),
        (lambda: tinydl.leakyReluLayer("0.1"), "Scale must be a number"),
        (lambda: networkDataLayout([3, 2], "CBT"), "2 sizes for the 3 labels"),
        (lambda: networkDataLayout([2.5, None], "CB"), "a size must be a whole number from 0 on"),
        (lambda: networkDataLayout([3, None], "CX"), "is no label"),
    ],
)
def test_bad_options_raise(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(
    ("layer", "layout", "words"),
    [
        (convolution2dLayer(5, 2), networkDataLayout([4, 4, 1, None], "SSCB"), "extends over 5"),
        (convolution2dLayer(2, 2), DENSE, "gets 300.C. × ..B.: the window slides over .* SS or ST"),
        (
            convolution2dLayer(2, 2),
            networkDataLayout([4, 4, 4, 1, None], "SSSCB"),
            "not those of SSSCB",
        ),
        (convolution2dLayer(2, 2, NumChannels=3), PICTURES, "NumChannels is 3, and it gets 9"),
        (tinydl.maxPooling2dLayer(10), PICTURES, "extends over 10 positions"),
        (tinydl.globalAveragePooling2dLayer(), networkDataLayout([4, None], "SB"), "window slides"),
        (fullyConnectedLayer(2), networkDataLayout([4, None], "BT"), "needs a dimension S or C"),
        (tinydl.softmaxLayer(), networkDataLayout([4, None], "SB"), "it needs the dimensions C"),
        (tinydl.flattenLayer(), networkDataLayout([None, None], "BT"), "needs a dimension S or C"),
        (tinydl.groupedConvolution2dLayer(3, 2, 3), PICTURES, "20 channels are not dealt evenly"),
        (tinydl.groupNormalizationLayer(3), PICTURES, "20 channels are not dealt evenly to 3 gr"),
        (tinydl.instanceNormalizationLayer(), DENSE, "it needs a dimension S or T and gets 300"),
        (tinydl.depthToSpace2dLayer(3), PICTURES, "need a multiple of 9 channels"),
    ],
)
def test_layouts_that_do_not_fit_name_the_layer(layer: Any, layout: Any, words: str) -> None:
    with pytest.raises(ValueError, match=rf"{type(layer).__name__}. does not fit .*{words}"):
        dlnetwork([layer], layout)


@pytest.mark.parametrize(
    ("layer", "layouts", "words"),
    [
        (tinydl.concatenationLayer("C", 2), (PICTURES, DENSE), "joins inputs of one format"),
        (tinydl.concatenationLayer(None, 2, axis=4), (PICTURES, PICTURES), "axis=4 .*are 0 to 3"),
        (tinydl.concatenationLayer("S", 2), (PICTURES, PICTURES), "has 2 dimensions S; name one"),
        (tinydl.depthConcatenationLayer(2), (PICTURES, networkDataLayout([8, 9, 3, None], "SSCB")),
         r"differ only in dimension 2 .C., and gets 9.S."),
        (tinydl.crop2dLayer([8, 8]), (PICTURES, networkDataLayout([3, 3, 1, None], "SSCB")),
         "a part of 3 × 3 beginning at row 8 and column 8 is not inside of 9 × 9"),
        (tinydl.maxUnpooling2dLayer(), (PICTURES, DENSE, networkDataLayout([4], "U")),
         "the indices are 300.C.*from one maxPooling2dLayer"),
    ],
)  # fmt: skip
def test_several_inputs_that_do_not_fit_name_the_layer(
    layer: Any, layouts: Any, words: str
) -> None:
    with pytest.raises(ValueError, match=rf"{type(layer).__name__}. does not fit .*{words}"):
        dlnetwork([layer], *layouts)


def test_a_number_does_not_name_the_dimension_of_a_concatenation() -> None:
    with pytest.raises(TypeError, match=r"1 as a dimension could count from 0 or from 1; write"):
        tinydl.concatenationLayer(1, 2)


def test_whole_numbers_may_be_doubles_as_in_matlab() -> None:
    layer = fullyConnectedLayer(2.0)
    assert layer.OutputSize == 2 and type(layer.OutputSize) is int


# ---- one element for each channel ---------------------------------------------------------------


def one_observation() -> tuple[dlnetwork, dlarray]:
    net = dlnetwork([featureInputLayer(3), batchNormalizationLayer(Name="bn"), reluLayer()])
    return net, dlarray(np.ones((3, 1)), "CB")


def test_statistics_of_one_element_give_a_warning_once() -> None:
    net, X = one_observation()
    with pytest.warns(StatisticsWarning, match="layer 'bn' normalizes one element .*Offset") as got:
        Y, state = forward(net, X)
    assert len(got) == 1 and got[0].filename == __file__
    assert not numbers(Y).any()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        forward(net, X)
        net.State = state
        forward(dlupdate(double, net), X)  # replaced, as solvers do it: still the same network
    other, _ = one_observation()
    early, late = copy.copy(other), other
    with pytest.warns(StatisticsWarning):
        forward(late, X)
    with pytest.warns(StatisticsWarning):
        forward(early, X)  # a network of its own since before the warning


def test_the_warning_says_what_to_do_instead() -> None:
    net, X = one_observation()
    with pytest.warns(StatisticsWarning, match="larger batches, predict, or"):
        _, net.State = forward(net, X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predict(one_observation()[0], X)
        forward(one_observation()[0], dlarray(np.ones((3, 2)), "CB"))
        fixed = one_observation()[0]
        fixed.State.Value[0] = np.ones((3, 1))
        forward(fixed, X, Statistics="fixed")
        many = dlnetwork([imageInputLayer([2, 1, 3]), batchNormalizationLayer()])
        forward(many, dlarray(np.ones((2, 1, 3, 1)), "SSCB"))
