"""dlaccelerate: the same numbers as without, to the bit, and nothing is kept that may change."""

from __future__ import annotations

import contextlib
import copy
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tinydl
from tests.conftest import Device
from tests.table import ROWS, Row
from tinydl import (
    AcceleratedFunction,
    AccelerationWarning,
    adamupdate,
    batchNormalizationLayer,
    clearCache,
    convolution2dLayer,
    crossentropy,
    dlaccelerate,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    dropoutLayer,
    extractdata,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    functionLayer,
    geluLayer,
    gruLayer,
    imageInputLayer,
    lstmLayer,
    mse,
    predict,
    rand,
    reluLayer,
    rng,
    selfAttentionLayer,
    sequenceInputLayer,
    sgdmupdate,
    sigmoid,
    single,
    softmaxLayer,
    tanhLayer,
)
from tinydl.autodiff import is_recorded
from tinydl.labels.containers import map_all_arrays

Calls = list[tuple[Any, ...]]


@pytest.fixture(autouse=True)
def _same_draws() -> Iterator[None]:
    before = rng(0)
    yield
    rng(before)


def numbers(*sizes: int, seed: int = 0, fmt: str = "", dtype: Any = np.float64) -> dlarray:
    return dlarray(np.random.default_rng(seed).normal(size=sizes).astype(dtype), fmt)


def arrays(structure: Any) -> list[np.ndarray]:
    """Copies of all arrays in a structure, those of State too."""
    found: list[np.ndarray] = []

    def keep(x: Any) -> Any:
        found.append(np.array(tinydl.gather(x) if isinstance(x, dlarray) else x))
        return x

    map_all_arrays(keep, structure)
    return found


def assert_same_bits(made: Any, expected: Any) -> None:
    pairs = list(zip(arrays(made), arrays(expected), strict=True))
    assert pairs
    for a, b in pairs:
        assert a.dtype == b.dtype and a.shape == b.shape
        assert a.tobytes() == b.tobytes()


def steps_of(fun: Any, net: dlnetwork, data: Calls, count: int) -> Any:
    """Some steps of training: what fun gives, and the network after them."""
    rng(3)
    net, velocity, results = copy.copy(net), [], []
    for k in range(count):
        loss, gradients, state = dlfeval(fun, net, *data[k % len(data)])
        results.append((loss, gradients, state))
        net.State = state
        net, velocity = sgdmupdate(net, gradients, velocity, 0.05)
    return results, net


def assert_trains_alike(
    fun: Callable[..., Any], net: dlnetwork, data: Calls, hits: int = 4
) -> None:
    acc = dlaccelerate(fun)
    clearCache(acc)
    assert_same_bits(steps_of(acc, net, data, 6), steps_of(fun, net, data, 6))
    assert acc.HitRate == hits / 6 and acc.Refusals == ()


def one_hot(classes: int, count: int, seed: int) -> dlarray:
    chosen = np.random.default_rng(seed).integers(0, classes, count)
    return dlarray(np.eye(classes, dtype=np.float32)[:, chosen], "CB")


# ---- programs ------------------------------------------------------------------------------------


def classify(net: dlnetwork, X: dlarray, T: dlarray) -> Any:
    Y, state = forward(net, X)
    loss = crossentropy(Y, T)
    return loss, dlgradient(loss, net.Learnables), state


def regress(net: dlnetwork, X: dlarray, T: dlarray) -> Any:
    Y, state = forward(net, X)
    loss = mse(Y, T)
    return loss, dlgradient(loss, net.Learnables), state


def regression_data(channels: int, outputs: int) -> Calls:
    return [(numbers(channels, 20, seed=k, fmt="CB"), numbers(outputs, 20, seed=9 + k, fmt="CB"))
            for k in range(3)]  # fmt: skip


def test_the_training_step_of_the_digits() -> None:
    net = dlnetwork([
        imageInputLayer([10, 10, 1]), convolution2dLayer(5, 4, Padding="same"),
        batchNormalizationLayer(), reluLayer(), convolution2dLayer(3, 4, Padding=1),
        batchNormalizationLayer(), reluLayer(), fullyConnectedLayer(10), softmaxLayer(),
    ])  # fmt: skip
    data = [(numbers(10, 10, 1, 16, seed=k, fmt="SSCB", dtype=np.float32), one_hot(10, 16, k))
            for k in range(3)]  # fmt: skip
    assert_trains_alike(classify, net, data)


def test_a_perceptron_with_batch_normalization() -> None:
    net = dlnetwork([
        featureInputLayer(6), fullyConnectedLayer(16), batchNormalizationLayer(), geluLayer(),
        fullyConnectedLayer(16), batchNormalizationLayer(), tanhLayer(), fullyConnectedLayer(2),
    ])  # fmt: skip
    assert_trains_alike(regress, net, regression_data(6, 2))


def test_dropout_draws_anew() -> None:
    net = dlnetwork([featureInputLayer(6), fullyConnectedLayer(16), dropoutLayer(0.3),
                     reluLayer(), dropoutLayer(0.1), fullyConnectedLayer(2)])  # fmt: skip
    assert_trains_alike(regress, net, regression_data(6, 2))


@pytest.mark.parametrize("layer", [lstmLayer(5, OutputMode="last"), gruLayer(5, OutputMode="last"),
                                   selfAttentionLayer(2, 4)], ids=lambda x: x.short)  # fmt: skip
def test_sequences(layer: Any) -> None:
    net = dlnetwork([sequenceInputLayer(3), layer, tinydl.globalAveragePooling1dLayer()
                     if isinstance(layer, selfAttentionLayer) else reluLayer(),
                     fullyConnectedLayer(4), softmaxLayer()])  # fmt: skip
    data = [(numbers(3, 7, 6, seed=k, fmt="CBT"), one_hot(4, 7, k)) for k in range(3)]
    # The state of a recurrent layer gets a column for each sequence: that makes another call.
    assert_trains_alike(classify, net, data, hits=4 if isinstance(layer, selfAttentionLayer) else 3)


def burgers(net: dlnetwork, x: dlarray, t: dlarray) -> Any:
    u = predict(net, tinydl.cat("C", x, t))
    u_x, u_t = dlgradient(tinydl.sum(u, "all"), x, t, EnableHigherDerivatives=True)
    u_xx = dlgradient(tinydl.sum(u_x, "all"), x, EnableHigherDerivatives=True)
    residual = u_t + u * u_x - 0.003 * u_xx
    loss = mse(residual, residual * 0)
    return loss, dlgradient(loss, net.Learnables)


def test_second_derivatives_of_a_network_for_physics() -> None:
    net = dlnetwork([featureInputLayer(2), fullyConnectedLayer(8), tanhLayer(),
                     fullyConnectedLayer(8), tanhLayer(), fullyConnectedLayer(1)])  # fmt: skip
    at = [numbers(1, 9, seed=k, fmt="CB") for k in range(6)]
    assert_alike(burgers, [(net, at[k], at[k + 1]) for k in range(5)])


def assert_alike(fun: Callable[..., Any], calls: Calls, *, recorded: bool = True) -> Any:
    """The same bits from fun and from its acceleration, repeated from the third call on."""
    acc = dlaccelerate(fun)
    clearCache(acc)
    run = dlfeval if recorded else lambda f, *args: f(*args)
    rng(5)
    expected = [run(fun, *call) for call in calls]
    rng(5)
    made = [run(acc, *call) for call in calls]
    assert_same_bits(made, expected)
    assert acc.HitRate == (len(calls) - 2) / len(calls) and acc.Refusals == ()
    return acc


def many(a: dlarray, b: dlarray) -> Any:
    y = a
    for _ in range(40):
        y = sigmoid(y * a + b) - a / (b * b + 1.0)
    return y, dlgradient(tinydl.sum(y, "all"), a, b)


def test_many_small_operations() -> None:
    calls = [(numbers(10, seed=k), numbers(10, seed=k + 50)) for k in range(6)]
    assert_alike(many, calls)


def test_shapes_that_expand_and_views() -> None:
    def fun(a: dlarray, b: dlarray) -> Any:
        part = a[1:, :] * b[:1, :]
        wide = tinydl.cat(None, tinydl.transpose(part), tinydl.reshape(a, (4, 3)), axis=1)
        y = tinydl.max(wide, axis=0) + tinydl.mean(wide**2, "all") + (wide > 0.5)
        a[0, :] = 2.0 * b[1, :]
        return y, a, dlgradient(tinydl.sum(y * y, "all") + tinydl.sum(a**3, "all"), b)

    assert_alike(fun, [(numbers(3, 4, seed=k), numbers(2, 4, seed=k + 9)) for k in range(5)])


def test_masks_and_choices_are_computed_anew() -> None:
    def fun(x: dlarray) -> Any:
        return tinydl.abs(x) * (x > 0) + tinydl.min(x, axis=0) + (x == x) - ~(x < 1)

    calls = [(numbers(20, seed=k),) for k in range(5)]
    assert_alike(fun, calls, recorded=False)


def test_prediction_outside_dlfeval() -> None:
    net = dlnetwork([featureInputLayer(6), fullyConnectedLayer(16), batchNormalizationLayer(),
                     reluLayer(), fullyConnectedLayer(2)])  # fmt: skip
    calls = [(net, numbers(6, 5, seed=k, fmt="CB")) for k in range(5)]
    assert_alike(lambda net, X: predict(net, X), calls, recorded=False)


def test_other_parameters_are_other_numbers() -> None:
    net = dlnetwork([featureInputLayer(6), fullyConnectedLayer(2)])
    X = numbers(6, 5, fmt="CB")
    nets = [dlupdate(lambda w, k=k: w * k, net) for k in range(1, 6)]
    assert_alike(lambda net, X: predict(net, X), [(n, X) for n in nets], recorded=False)


def test_a_whole_step_with_its_solver() -> None:
    def step(net: Any, velocity: Any, X: dlarray, T: dlarray) -> Any:
        _, gradients, state = regress(net, X, T)
        net.State = state
        return sgdmupdate(net, gradients, velocity, 0.1)

    net = dlnetwork([featureInputLayer(6), fullyConnectedLayer(4), batchNormalizationLayer(),
                     fullyConnectedLayer(2)])  # fmt: skip
    results = []
    for fun in (step, dlaccelerate(step)):
        now, velocity = copy.copy(net), dlupdate(lambda w: w * 0, net.Learnables)
        for call in regression_data(6, 2) * 3:
            now, velocity = dlfeval(fun, now, velocity, *call)
        results.append((now, velocity))
    assert_same_bits(*results)
    assert dlaccelerate(step).HitRate == 7 / 9


def test_containers_in_and_out() -> None:
    def fun(given: dict[str, Any], *, scale: float) -> Any:
        (a, b), c = given["pair"], given["c"]
        return {"y": [a * b + c, (c * scale,)], "note": "text", "n": 3}

    acc = dlaccelerate(fun)
    for k in range(4):
        given = {"pair": (numbers(3, seed=k), numbers(3, seed=k + 5)), "c": dlarray(float(k))}
        made = acc(given, scale=2.0)
        assert made["note"] == "text" and made["n"] == 3
        assert isinstance(made["y"][1], tuple)
        assert_same_bits(made, fun(given, scale=2.0))
    assert acc.HitRate == 0.5


def test_it_wraps_a_call_of_dlfeval_too() -> None:
    def slope(x: dlarray) -> Any:
        return dlgradient(tinydl.sum(x**3, "all"), x)

    acc = assert_alike(lambda x: dlfeval(slope, x), [(numbers(4, seed=k),) for k in range(4)],
                       recorded=False)  # fmt: skip
    assert isinstance(acc, AcceleratedFunction)


def test_inside_another_recording_it_is_the_function() -> None:
    inner = dlaccelerate(lambda x: tinydl.sin(x) * 2.0)

    def outer(x: dlarray) -> Any:
        return dlgradient(tinydl.sum(inner(x), "all"), x)

    for k in range(4):
        x = numbers(4, seed=k)
        assert_same_bits(dlfeval(outer, x), 2.0 * tinydl.cos(x))
    assert inner.HitRate == 0.0


def moved(structure: Any, device: Device) -> Any:
    """A structure on a device."""
    return map_all_arrays(lambda x: dlarray(device.put(np.array(x._value)), x.dims), structure)


def test_small_operations_on_each_device(device: Device) -> None:
    calls = [(numbers(10, seed=k), numbers(10, seed=k + 50)) for k in range(4)]
    assert_alike(many, moved(calls, device))


def test_training_on_each_device(device: Device) -> None:
    net = dlnetwork([
        featureInputLayer(6), fullyConnectedLayer(8), batchNormalizationLayer(), reluLayer(),
        dropoutLayer(0.2), fullyConnectedLayer(2),
    ])  # fmt: skip
    results = []
    for fun in (regress, dlaccelerate(regress)):
        rng(3)
        now = moved(net, device)
        for call in moved(regression_data(6, 2), device) * 2:
            loss, gradients, now.State = dlfeval(fun, now, *call)
            now = dlupdate(lambda w, g: w - 0.1 * g, now, gradients)
            results.append((loss, gradients, now))
    assert dlaccelerate(regress).Refusals == ()
    assert_same_bits(results[:6], results[6:])


def test_numbers_that_leave_each_device(device: Device) -> None:
    acc = dlaccelerate(lambda x: x * float(tinydl.sum(x, "all")))
    with pytest.warns(AccelerationWarning, match="taken out of an array"):
        for k in range(3):
            x = moved(numbers(4, seed=k), device)
            assert_same_bits(acc(x), x * float(tinydl.sum(x, "all")))


# ---- every operation -----------------------------------------------------------------------------

NEED_NUMBERS = {"accumarray[max]", "accumarray[min]", "det", "dlode45[,[1.0, 0.75, 0.5]]",
                "dlode45[C,[0.0, 0.25, 0.5]]", "dlode45[CB,[0.0, 0.5]]", "interp1", "lu",
                "lu[exchanged rows]", "own_rule"}  # fmt: skip
"""Operations that look at the numbers to decide how to go on, at least for derivatives."""


NEED_NUMBERS_ON_GPU = {"attention[array, auto]", "attention[padding, 0.3]", "over_paths",
                       "ctc[logarithms]", "ctc[blank first]", "ctc[blank last]",
                       "ctc[masked]"}  # fmt: skip
"""Operations that mix constants with arguments in functions of CuPy's that know no other class."""


def with_derivatives(row: Row) -> Callable[..., Any]:
    """An operation, and derivatives of the sum of its squares: the first, and the second if any."""

    def fun(given: list[dlarray], fixed: list[Any]) -> Any:
        values = iter(given)
        y = row.call(*[next(values)._value if x is None else x for x in fixed])
        if not is_recorded(y):
            return dlarray._make(y, "")
        result = dlarray._make(y, "")
        loss = tinydl.sum(result * result, "all")
        followed = [x for x in given if is_recorded(x._value)]
        if row.orders == 1:
            return result, dlgradient(loss, followed)
        slopes = dlgradient(loss, followed, EnableHigherDerivatives=True)
        for slope in slopes:
            loss = loss + tinydl.sum(slope * slope, "all")
        return result, slopes, dlgradient(loss, followed)

    return fun


@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_every_operation(row: Row, device: Device) -> None:
    """Masks are arguments too, which no derivative follows; positions are constants."""
    fun = with_derivatives(row)
    acc = dlaccelerate(fun)
    first = row.draw(np.random.default_rng(0))
    fixed = [None if np.asarray(x).dtype.kind in "fb" else device.put(x) for x in first]
    needs_numbers = row.name in NEED_NUMBERS
    if device.name == "gpu":
        needs_numbers |= row.name in NEED_NUMBERS_ON_GPU
        if row.name == "gelu_slope":
            pytest.skip("the call in its row uses SciPy")
    with pytest.warns(AccelerationWarning) if needs_numbers else contextlib.nullcontext():
        for seed in (0, 0, 1):
            drawn = row.draw(np.random.default_rng(seed))
            if [np.shape(x) for x in drawn] != [np.shape(x) for x in first]:
                drawn = first
            pairs = zip(drawn, fixed, strict=True)
            given = [dlarray(device.put(np.asarray(x))) for x, known in pairs if known is None]
            made = dlfeval(acc, given, fixed)
    assert_same_bits(made, dlfeval(fun, given, fixed))
    assert acc.HitRate == (0.0 if needs_numbers else 1 / 3)


# ---- buffers -------------------------------------------------------------------------------------


def test_results_are_not_overwritten_by_the_next_call() -> None:
    def fun(a: dlarray, b: dlarray) -> Any:
        y = (a + b) * a
        return y, tinydl.reshape(y - b, (2, 10)), tinydl.transpose(y * 2.0), y

    acc = dlaccelerate(fun)
    kept = [acc(numbers(4, 5, seed=k), numbers(4, 5, seed=k + 20)) for k in range(6)]
    for k, made in enumerate(kept):
        assert_same_bits(made, fun(numbers(4, 5, seed=k), numbers(4, 5, seed=k + 20)))


def test_arguments_are_not_written_to() -> None:
    acc = dlaccelerate(many)
    for k in range(4):
        a, b = numbers(10, seed=k), numbers(10, seed=k + 50)
        before = arrays((a, b))
        dlfeval(acc, a, b)
        for now, then in zip(arrays((a, b)), before, strict=True):
            assert now.tobytes() == then.tobytes()


def test_buffers_are_shared_by_arrays_that_do_not_live_together() -> None:
    def fun(a: dlarray, b: dlarray) -> dlarray:
        for _ in range(100):
            a = a * b + 1.0
        return a

    acc = dlaccelerate(fun)
    for _ in range(2):
        acc(numbers(30), numbers(30, seed=1))
    program = next(iter(acc._traces.values()))._program
    assert program is not None
    buffers = {word.strip("),") for word in program.source.split() if word.startswith("b")}
    assert len([name for name in buffers if name[1:-1].isdigit()]) <= 3


def test_how_arrays_lie_in_memory_counts() -> None:
    acc = dlaccelerate(lambda x: tinydl.sum(x * 1.5, axis=0))
    for k in range(4):
        lying = np.random.default_rng(k).normal(size=(6, 4))
        for array in (dlarray(lying), tinydl.transpose(dlarray(lying.T))):
            assert_same_bits(acc(array), tinydl.sum(array * 1.5, axis=0))


# ---- what makes calls alike ----------------------------------------------------------------------


def test_equal_calls_hit() -> None:
    acc = dlaccelerate(many)
    for k in range(100):
        dlfeval(acc, numbers(10, seed=k), numbers(10, seed=k + 1))
    assert acc.HitRate > 0.9
    assert acc.Occupancy == 1 / 50


@pytest.mark.parametrize("other", [
    dlarray(np.ones((2, 4))), dlarray(np.ones((2, 3)), "CB"), dlarray(np.ones((2, 3), np.float32)),
    dlarray(np.ones((2, 3), bool)), [dlarray(np.ones((2, 3)))], 1.0,
], ids=["size", "format", "class", "logical", "list", "number"])  # fmt: skip
def test_what_makes_another_call(other: Any) -> None:
    acc = dlaccelerate(lambda x: [x * 2.0 if isinstance(x, dlarray) else x])
    for _ in range(3):
        acc(dlarray(np.ones((2, 3))))
    acc(other)
    assert acc.Occupancy == 2 / 50 and acc.HitRate == 1 / 4


def test_other_arguments_count_by_value() -> None:
    def fun(x: dlarray, *rest: Any, **options: Any) -> Any:
        return x * (rest[0] if isinstance(rest[0], float) else np.sum(rest[0])), options["mode"]

    acc = dlaccelerate(fun)
    x = dlarray(2.0)
    factors: list[Any] = [0.5, 0.25, np.ones(3), np.full(3, 2.0), np.float64(3.0)]
    for factor in factors * 3:
        y, mode = acc(x, factor, mode="a")
        assert float(y) == 2.0 * float(np.sum(factor)) and mode == "a"
    assert acc.Occupancy == 5 / 50 and acc.HitRate == 5 / 15
    assert acc(x, 0.5, mode="b")[1] == "b"


def test_minus_zero_is_another_number() -> None:
    acc = dlaccelerate(lambda x, p: 1.0 / (x * p))
    for p in (0.0, -0.0) * 3:
        assert float(acc(dlarray(1.0), p)) == (np.inf if str(p) == "0.0" else -np.inf)


def test_the_oldest_is_forgotten() -> None:
    acc = dlaccelerate(lambda x: x + 1.0)
    acc.CacheSize = 2
    for n in (1, 1, 2, 2, 1, 2, 3, 3):  # 3 takes the place of 1
        acc(numbers(n))
    assert acc.Occupancy == 1.0 and acc.HitRate == 2 / 8
    acc(numbers(2))
    assert acc.HitRate == 3 / 9
    acc(numbers(1))
    assert acc.HitRate == 3 / 10
    acc.CacheSize = 1
    assert acc.Occupancy == 1.0


def test_clearing_and_switching_off() -> None:
    acc = dlaccelerate(lambda x: x + 1.0)
    for _ in range(4):
        acc(dlarray(1.0))
    clearCache(acc)
    assert acc.HitRate == 0.0 and acc.Occupancy == 0.0
    acc.Enabled = False
    assert float(acc(dlarray(1.0))) == 2.0 and acc.Occupancy == 0.0
    with pytest.raises(TypeError, match="dlaccelerate"):
        clearCache(lambda x: x)  # type: ignore[arg-type]


def test_one_object_for_one_function() -> None:
    def fun(x: dlarray) -> dlarray:
        return x * 2.0

    assert dlaccelerate(fun) is dlaccelerate(fun) is dlaccelerate(dlaccelerate(fun))
    assert dlaccelerate(fun).Function is fun
    with pytest.raises(TypeError, match=r"dlaccelerate\(f\)"):
        dlaccelerate(3)  # type: ignore[arg-type]


def test_properties() -> None:
    acc = dlaccelerate(lambda x: x)
    assert "CacheSize: 50" in repr(acc)
    for name, value in (("CheckMode", "often"), ("CacheSize", 0), ("CheckTolerance", -1.0)):
        with pytest.raises(ValueError, match=name):
            setattr(acc, name, value)
    with pytest.raises(AttributeError):
        acc.HitRate = 1.0  # type: ignore[misc]
    with pytest.raises(AttributeError):
        acc.Enable = False  # type: ignore[attr-defined]


# ---- what comes from outside ---------------------------------------------------------------------

OUTSIDE = 1.0


def test_global_variables_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def helper(x: dlarray) -> dlarray:
        return x * OUTSIDE

    acc = dlaccelerate(lambda x: helper(x) + 1.0)
    for value in (1.0, 1.0, 1.0, 5.0, 5.0, 5.0, 1.0):
        monkeypatch.setitem(globals(), "OUTSIDE", value)
        assert float(acc(dlarray(2.0))) == 2.0 * value + 1.0
    assert acc.HitRate == 3 / 7


def test_variables_around_are_looked_at() -> None:
    w, rates, settings = dlarray(1.0), [0.5], {"shift": np.zeros(1)}

    class Model:
        gain = 1.0

        def __init__(self) -> None:
            self.bias = dlarray(0.0)

    model = Model()

    def fun(x: dlarray) -> dlarray:
        return (x * w * rates[0] + settings["shift"] + model.bias) * model.gain

    acc = dlaccelerate(fun)

    def assert_right() -> None:
        for _ in range(4):
            assert_same_bits(acc(dlarray(3.0)), fun(dlarray(3.0)))

    assert_right()
    w = dlarray(4.0)
    assert_right()
    w[()] = 5.0
    assert_right()
    rates[0] = 0.25
    assert_right()
    settings["shift"][:] = 7.0
    assert_right()
    model.bias = dlarray(2.0)
    model.gain = 3.0
    assert_right()
    Model.gain = 4.0
    del model.gain
    assert_right()
    assert acc.HitRate == 0.5


def test_functions_in_layers_are_looked_at() -> None:
    power = 2

    def shape(x: dlarray) -> dlarray:
        return x**power

    net = dlnetwork([featureInputLayer(1), functionLayer(shape)])
    acc = dlaccelerate(lambda net, X: predict(net, X))
    for power in (2, 2, 2, 3, 3, 3):
        assert float(acc(net, dlarray([[3.0]], "CB"))) == 3.0**power
    assert acc.HitRate == 2 / 6


def test_the_history_of_a_network_goes_on() -> None:
    """predict warns of State that was never assigned, as it does without acceleration."""
    net = dlnetwork([featureInputLayer(3), fullyConnectedLayer(4), batchNormalizationLayer(),
                     fullyConnectedLayer(2)])  # fmt: skip
    acc, velocity = dlaccelerate(regress), []
    clearCache(acc)
    X, T = numbers(3, 8, fmt="CB"), numbers(2, 8, fmt="CB")
    for _ in range(12):
        _, gradients, _ = dlfeval(acc, net, X, T)
        net, velocity = sgdmupdate(net, gradients, velocity)
    assert acc.HitRate > 0.8
    with pytest.warns(tinydl.StatisticsWarning, match="was not assigned"):
        predict(net, X)


# ---- what cannot be repeated ---------------------------------------------------------------------


def _if(x: dlarray) -> Any:
    return x * 2.0 if tinydl.sum(x, "all") > 0 else x * 3.0


def _while(x: dlarray) -> Any:
    while bool(tinydl.max(x, axis=0) > 1.0):
        x = x * 0.5
    return x


def _extracted(x: dlarray) -> Any:
    return x * dlarray(extractdata(x) ** 2)


def _extracted_within(x: dlarray) -> Any:
    scale = float(np.max(np.abs(extractdata(x))))
    return x / scale


def _float(x: dlarray) -> Any:
    return x * float(tinydl.sum(x, "all"))


def _text(x: dlarray) -> Any:
    return x * float(len(repr(x)))


def _numpy(x: dlarray) -> Any:
    return x * np.asarray(extractdata(x)).sum()


def _masked(x: dlarray) -> Any:
    chosen = x[x > 0]
    return tinydl.sum(chosen, "all") / chosen.shape[0]


def _found(x: dlarray) -> Any:
    return dlarray(float(len(tinydl.find(x > 0))))


def _random(x: dlarray) -> Any:
    return x * rand(1, 1)[0, 0]


def _random_choice(x: dlarray) -> Any:
    return x * 2.0 if rand(1, 1)[0, 0] < 0.5 else x * 3.0


def _random_of_numpy(x: dlarray) -> Any:
    return x * float(np.random.default_rng().random())


def _sorted(x: dlarray) -> Any:
    return x * sorted([float(v) for v in np.array(extractdata(x)).ravel()])[0]


def _plain_result(x: dlarray) -> Any:
    return extractdata(x * 2.0)


LEAKS = [_if, _while, _extracted, _extracted_within, _float, _text, _numpy, _masked, _found,
         _random, _random_choice, _random_of_numpy, _sorted, _plain_result]  # fmt: skip


@pytest.mark.parametrize("fun", LEAKS, ids=lambda f: f.__name__.strip("_"))
@pytest.mark.parametrize("recorded", [True, False], ids=["dlfeval", "plain"])
def test_numbers_that_leave_are_never_kept(fun: Callable[..., Any], recorded: bool) -> None:
    # A float or repr of a recorded array is refused in dlfeval with or without acceleration.
    safe = fun if not recorded else _safely(fun)
    acc = dlaccelerate(lambda x: safe(x))
    run = dlfeval if recorded else lambda f, *args: f(*args)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for k in range(5):
            x = numbers(6, seed=k)
            rng(k)
            made = run(acc, x)
            rng(k)
            if fun is not _random_of_numpy:
                assert_same_bits(made, run(safe, x))
    told = [w for w in caught if w.category is AccelerationWarning]
    assert len(told) == len(acc.Refusals) == 1
    assert acc.HitRate == 0.0


def _safely(fun: Callable[..., Any]) -> Callable[..., Any]:
    """fun on an array that dlfeval does not follow, which still is an argument."""

    def called(x: dlarray) -> Any:
        try:
            return fun(x)
        except (TypeError, NotImplementedError):
            return x * float(extractdata(x).sum())

    return called


def test_a_warning_says_why_once() -> None:
    acc = dlaccelerate(_if)
    with pytest.warns(AccelerationWarning, match="_if runs without acc") as told:
        for k in range(4):
            acc(numbers(3, seed=k))
    assert len(told) == 1
    assert acc.Refusals == ("what happens depends on the numbers of an array (if, while, and, or)",)


def test_what_changes_unseen_is_noticed_by_the_second_run() -> None:
    counter = iter(range(100))

    def hidden() -> float:
        return float(next(counter))

    class Draws:
        def __init__(self) -> None:
            self.generator = np.random.default_rng(0)

        def __call__(self) -> float:
            return self.generator.random()

    # Python's own functions show nothing of what they do, and so does NumPy's global stream.
    for source in (hidden, Draws(), counter.__next__, np.random.random):
        acc = dlaccelerate(lambda x, s=source: x * s())
        with pytest.warns(AccelerationWarning):
            for _ in range(4):
                acc(dlarray(1.0))
        assert acc.HitRate == 0.0 and len(acc.Refusals) == 1


def test_unknown_objects_are_not_trusted() -> None:
    class Box:
        value = 1.0

    acc = dlaccelerate(lambda x, box: x * box.value)
    box = Box()
    with pytest.warns(AccelerationWarning, match="an argument is a Box"):
        for value in (1.0, 2.0, 3.0):
            box.value = value
            assert float(acc(dlarray(2.0), box)) == 2.0 * value
    hiding = dlaccelerate(lambda x: _put_into(Box(), x * 2.0))
    with pytest.warns(AccelerationWarning, match="returns a Box"):
        made = hiding(dlarray(2.0))
    assert float(made.value) == 4.0 and isinstance(made.value._value, (np.ndarray, np.float64))


def _put_into(box: Any, value: Any) -> Any:
    box.value = value
    return box


def test_arrays_that_escape_stay_usable() -> None:
    kept: list[dlarray] = []
    acc = dlaccelerate(lambda x: (kept.append(x * 3.0), x * 2.0)[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccelerationWarning)
        for _ in range(4):
            acc(dlarray([1.0, 2.0]))
    assert [float(v) for v in np.array(kept[0] + 1.0)] == [4.0, 7.0]


def test_exceptions_leave_everything_as_it_was() -> None:
    acc = dlaccelerate(many)
    for k in range(3):
        dlfeval(acc, numbers(10, seed=k), numbers(10, seed=k + 1))
    for _ in range(3):
        with pytest.raises(ValueError, match="sizes do not fit"):
            dlfeval(acc, numbers(10), numbers(7))
    with pytest.raises(RuntimeError, match="inside a function that dlfeval is running"):
        dlfeval(lambda x: dlfeval(acc, x, x), numbers(10))
    a, b = numbers(10, seed=4), numbers(10, seed=5)
    assert_same_bits(dlfeval(acc, a, b), dlfeval(many, a, b))


def test_threads_do_not_share_buffers() -> None:
    acc = dlaccelerate(many)
    for k in range(2):
        dlfeval(acc, numbers(10, seed=k), numbers(10, seed=k + 1))
    expected = [dlfeval(many, numbers(10, seed=k), numbers(10, seed=k + 1)) for k in range(8)]
    wrong: list[Any] = []

    def work(k: int) -> None:
        for _ in range(30):
            made = dlfeval(acc, numbers(10, seed=k), numbers(10, seed=k + 1))
            same = zip(arrays(made), arrays(expected[k]), strict=True)
            if any([a.tobytes() != b.tobytes() for a, b in same]):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and acc.HitRate > 0.0


def test_the_check_mode() -> None:
    acc = dlaccelerate(lambda x: x * 1.0)
    acc.CheckMode = "tolerance"
    for _ in range(4):
        assert float(acc(dlarray(2.0))) == 2.0
    assert acc.HitRate == 0.5
    trace = next(iter(acc._traces.values()))
    assert trace._program is not None
    trace._program._run = lambda arrays: [arrays[0] * 1.5]
    with pytest.warns(AccelerationWarning, match="differs from the function by 1"):
        assert float(acc(dlarray(2.0))) == 2.0
    acc.CheckTolerance = 0.6
    assert float(acc(dlarray(2.0))) == 2.0


def test_single_stays_single() -> None:
    net = dlupdate(single, dlnetwork([featureInputLayer(3), fullyConnectedLayer(2)]))
    calls = [(net, numbers(3, 4, seed=k, fmt="CB", dtype=np.float32)) for k in range(4)]
    acc = assert_alike(lambda net, X: predict(net, X), calls, recorded=False)
    assert acc(*calls[0]).dtype == np.float32


def test_adam_with_its_iteration_counts_by_value() -> None:
    def step(w: dlarray, g: dlarray, m: dlarray, v: dlarray, t: int) -> Any:
        return adamupdate(w, g, m, v, t)

    acc = dlaccelerate(step)
    given = [numbers(4, seed=k) ** 2 for k in range(4)]
    for t in (1, 2, 3):
        assert_same_bits(acc(*given, t), step(*given, t))
    assert acc.Occupancy == 3 / 50
