"""trainnet: equal to a loop written by hand, to itself after a break, and to what it documents."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinydl as dl
from tests.conftest import Device
from tests.strategies import normal
from tinydl import (
    batchNormalizationLayer,
    categorical,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    dropoutLayer,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    load,
    minibatchpredict,
    predict,
    randperm,
    reluLayer,
    rng,
    save,
    single,
    softmaxLayer,
    trainingOptions,
    trainnet,
)

ROOT = Path(__file__).parents[1]
COUNT, SIZE = 22, 5
X = normal((COUNT, 3), 1)
T = np.stack([X[:, 0] * X[:, 1], X[:, 2] ** 2], axis=1)
QUIET: dict[str, Any] = {"Verbose": False, "MiniBatchSize": SIZE, "MaxEpochs": 3,
                         "InitialLearnRate": 0.05}  # fmt: skip


@pytest.fixture(autouse=True)
def fresh_random_numbers() -> Iterator[None]:
    before = rng(3)
    yield
    rng(before)


def network(*more: Any) -> dlnetwork:
    rng(0)
    layers = [featureInputLayer(3), fullyConnectedLayer(6), *more, reluLayer(),
              fullyConnectedLayer(2)]  # fmt: skip
    net = dlnetwork(layers)
    rng(7)
    return net


def trained(net: dlnetwork, lossFcn: Any = "mse", solver: str = "sgdm", **options: Any) -> Any:
    return trainnet(X, T, net, lossFcn, trainingOptions(solver, **{**QUIET, **options}), nargout=2)


def same(a: dlnetwork, b: dlnetwork) -> bool:
    tables = [(a.Learnables, b.Learnables), (a.State, b.State)]
    return all([np.array_equal(np.asarray(v), np.asarray(w)) and v.dtype == w.dtype
                for s, t in tables for v, w in zip(s.Value, t.Value, strict=True)])  # fmt: skip


# ---- a loop written by hand ---------------------------------------------------------------------


def by_hand(net: dlnetwork, solver: str, shuffle: str, threshold: str) -> tuple[dlnetwork, Any]:
    """The custom training loop that trainnet stands for, with functions for users only."""

    def modelLoss(net: dlnetwork, X: dlarray, T: dlarray) -> Any:
        Y, state = forward(net, X)
        loss = dl.mse(Y, T)
        return loss, dlgradient(loss, net.Learnables), state

    dlX, dlT = single(dlarray(X, "BC")), single(dlarray(T, "BC"))
    schedule = dl.piecewiseLearnRate(DropFactor=0.5, Period=2)
    factors = [dl.getL2Factor(net, *row) for row in net.Learnables.rows]
    losses, first, second, iteration = [], [], [], 0
    order = randperm(COUNT) if shuffle == "once" else np.arange(COUNT)
    for epoch in (1, 2, 3):
        if shuffle == "every-epoch":
            order = order[randperm(COUNT)]
        for i in range(COUNT // SIZE):
            iteration += 1
            idx = order[i * SIZE : (i + 1) * SIZE]
            loss, gradients, net.State = dlfeval(modelLoss, net, dlX[:, idx], dlT[:, idx])
            for k, factor in enumerate(factors):
                w = net.Learnables.Value[k]
                gradients.Value[k] = gradients.Value[k] + 0.01 * factor * w
            if threshold == "l2norm":
                gradients = dlupdate(lambda g: dl.thresholdL2Norm(g, 0.5), gradients)
            elif threshold == "global-l2norm":
                gradients = dl.thresholdGlobalL2Norm(gradients, 0.5)
            else:
                gradients = dl.thresholdAbsoluteValue(gradients, 0.5)
            rate = schedule(0.05, iteration, epoch)
            if solver == "sgdm":
                net, first = dl.sgdmupdate(net, gradients, first, rate)
            elif solver == "adam":
                net, first, second = dl.adamupdate(net, gradients, first, second, iteration, rate)
            else:
                net, first = dl.rmspropupdate(net, gradients, first, rate)
            losses.append(float(loss))
    return net, losses


@pytest.mark.parametrize(("solver", "shuffle", "threshold"), [
    ("sgdm", "once", "l2norm"), ("adam", "every-epoch", "global-l2norm"),
    ("rmsprop", "never", "absolute-value"),
])  # fmt: skip
def test_it_is_the_custom_loop_bit_for_bit(solver: str, shuffle: str, threshold: str) -> None:
    layers = batchNormalizationLayer(), dropoutLayer(0.2)
    net = dl.setLearnRateFactor(network(*layers), "fc_1", "Weights", 0.5)
    net = dl.setL2Factor(net, "fc_2", "Bias", 2)
    rng(11)
    expected, losses = by_hand(net._with(), solver, shuffle, threshold)
    before = net._with()
    rng(11)
    found, info = trained(
        net, solver=solver, Shuffle=shuffle, GradientThreshold=0.5, L2Regularization=0.01,
        GradientThresholdMethod=threshold, LearnRateSchedule="piecewise", LearnRateDropFactor=0.5,
        LearnRateDropPeriod=2, BatchNormalizationStatistics="moving", ExecutionEnvironment="cpu",
    )  # fmt: skip
    assert info.TrainingHistory["TrainingLoss"] == losses
    assert same(found, expected)
    assert same(net, before), "the network that is given does not change"
    assert info.TrainingHistory["Epoch"] == [1] * 4 + [2] * 4 + [3] * 4
    assert info.TrainingHistory["LearnRate"] == [0.05] * 8 + [0.025] * 4
    assert info.StopReason == "Max epochs completed" and info.OutputNetworkIteration == 12


def test_lbfgs_is_the_loop_of_lbfgsupdate() -> None:
    net = network()

    def modelLoss(net: dlnetwork, X: dlarray, T: dlarray) -> Any:
        Y, _ = forward(net, X)
        loss = objective = dl.mse(Y, T)
        for w, name in zip(net.Learnables.Value, net.Learnables.Parameter, strict=True):
            if name == "Weights":
                objective = objective + 0.5 * 0.01 * dl.sum(w * w, "all")
        return objective, dlgradient(objective, net.Learnables), loss

    data = single(dlarray(X, "BC")), single(dlarray(T, "BC"))
    expected, state, losses = net, dl.lbfgsState(HistorySize=4), []
    for _ in range(6):
        expected, state = dl.lbfgsupdate(
            expected, lambda net: dlfeval(modelLoss, net, *data), state, NumLossFunctionOutputs=3
        )
        losses.append(float(state.AdditionalLossFunctionOutputs[0]))
    options = trainingOptions("lbfgs", MaxIterations=6, HistorySize=4, L2Regularization=0.01,
                              Verbose=False)  # fmt: skip
    found, info = trainnet(X, T, net, "mse", options, nargout=2)
    assert same(found, expected)
    assert info.TrainingHistory["TrainingLoss"] == losses
    assert info.StopReason == "Max iterations completed"


def test_lbfgs_ends_where_there_is_nothing_left_to_gain() -> None:
    net = dlnetwork([featureInputLayer(3), fullyConnectedLayer(1)])
    net = dlupdate(dl.double, net)
    options = trainingOptions("lbfgs", L2Regularization=0, Verbose=False)
    line = X @ np.array([1.0, -2.0, 3.0]) + 0.5
    found, info = trainnet(X, line, net, "mean-squared-error", options, nargout=2)
    assert info.StopReason == "Gradient tolerance reached"
    np.testing.assert_allclose(np.asarray(found.Learnables.Value[0]), [[1, -2, 3]], atol=1e-3)


# ---- a break, and going on ----------------------------------------------------------------------


@pytest.mark.parametrize(("solver", "unit", "frequency", "place"), [
    ("sgdm", "iteration", 3, 6), ("adam", "epoch", 1, 4), ("rmsprop", "iteration", 4, 8),
])  # fmt: skip
def test_it_goes_on_to_the_same_numbers(
    tmp_path: Path, solver: str, unit: str, frequency: int, place: int
) -> None:
    net = network(batchNormalizationLayer(), dropoutLayer(0.3))
    options: dict[str, Any] = {
        "Shuffle": "every-epoch", "ValidationData": (X[:7], T[:7]), "ValidationFrequency": 2,
        "solver": solver, "Metrics": "rmse",
    }  # fmt: skip
    whole, info = trained(net, CheckpointPath=str(tmp_path), CheckpointFrequencyUnit=unit,
                          CheckpointFrequency=frequency, **options)  # fmt: skip
    end = rng()
    rng(99)
    solver = options.pop("solver")
    again, other = trainnet(X, T, net, "mse", trainingOptions(solver, **QUIET, **options),
                            Resume=tmp_path / f"net_checkpoint__{place}.npz",
                            nargout=2)  # fmt: skip
    assert same(whole, again)
    for name in ("TrainingLoss", "TrainingRMSE", "Iteration", "LearnRate"):
        assert info.TrainingHistory[name] == other.TrainingHistory[name]
    assert info.ValidationHistory == other.ValidationHistory
    assert info.OutputNetworkIteration == other.OutputNetworkIteration
    np.testing.assert_array_equal(dl.rand(3), (rng(end), dl.rand(3))[1])


def test_lbfgs_goes_on_to_the_same_numbers(tmp_path: Path) -> None:
    net = network()
    options = {"MaxIterations": 8, "Verbose": False}
    more = {"CheckpointPath": str(tmp_path), "CheckpointFrequency": 3}
    whole = trainnet(X, T, net, "mse", trainingOptions("lbfgs", **options, **more))
    assert sorted(os.listdir(tmp_path)) == ["net_checkpoint__3.npz", "net_checkpoint__6.npz"]
    again = trainnet(X, T, net, "mse", trainingOptions("lbfgs", **options), Resume=tmp_path)
    assert same(whole, again)


def test_a_network_of_a_checkpoint_starts_the_solver_anew(tmp_path: Path) -> None:
    trained(network(), CheckpointPath=str(tmp_path))
    net = load(tmp_path / "net_checkpoint__8.npz")["net"]
    _, info = trained(net)
    assert info.TrainingHistory["Iteration"][0] == 1


KILLED = """
    import os, signal
    from tests.test_trainnet import T, X, QUIET, network
    from tinydl import batchNormalizationLayer, rng, trainingOptions, trainnet

    written = 0
    rename = os.replace
    def replace_or_die(source, target):
        global written
        written += 1
        if written == 3:  # the file is complete but for its name; tear it in two first
            with open(source, "r+b") as stream:
                stream.truncate(os.path.getsize(source) // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        rename(source, target)

    os.replace = replace_or_die
    net = network(batchNormalizationLayer())
    options = trainingOptions("adam", **QUIET, Shuffle="every-epoch", CheckpointPath=FOLDER,
                              CheckpointFrequencyUnit="iteration", CheckpointFrequency=2)
    trainnet(X, T, net, "mse", options)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_program_killed_while_it_writes_goes_on_to_the_same_numbers(tmp_path: Path) -> None:
    program = f"FOLDER = {str(tmp_path)!r}\n" + textwrap.dedent(KILLED)
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert result.returncode == -signal.SIGKILL
    files = sorted(os.listdir(tmp_path))
    assert [f for f in files if f.startswith("net")] == ["net_checkpoint__2.npz",
                                                         "net_checkpoint__4.npz"]  # fmt: skip
    assert len(files) == 3, "the torn file has a name of its own"
    net = network(batchNormalizationLayer())
    options = trainingOptions("adam", **QUIET, Shuffle="every-epoch")
    whole = trainnet(X, T, net, "mse", options)
    rng(99)
    assert same(whole, trainnet(X, T, net, "mse", options, Resume=tmp_path))


def test_checkpoints_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    net = network()
    with pytest.raises(FileNotFoundError, match="has no checkpoint"):
        trainnet(X, T, net, "mse", trainingOptions("sgdm", **QUIET), Resume=tmp_path)
    trained(net, CheckpointPath=str(tmp_path))
    with pytest.raises(ValueError, match="is of 'sgdm', and the options are of 'adam'"):
        trainnet(X, T, net, "mse", trainingOptions("adam", **QUIET), Resume=tmp_path)
    with pytest.raises(ValueError, match="is of 22 observations, and there are 20"):
        trainnet(X[:20], T[:20], net, "mse", trainingOptions("sgdm", **QUIET), Resume=tmp_path)
    other = dlnetwork([featureInputLayer(3), fullyConnectedLayer(2)])
    with pytest.raises(ValueError, match="of another network"):
        trainnet(X, T, other, "mse", trainingOptions("sgdm", **QUIET), Resume=tmp_path)
    save(tmp_path / "net.npz", net=net)
    with pytest.raises(ValueError, match=r"net.npz is not a checkpoint of trainnet"):
        trainnet(X, T, net, "mse", trainingOptions("sgdm", **QUIET), Resume=tmp_path / "net.npz")


# ---- why it stops -------------------------------------------------------------------------------


def test_ctrl_c_keeps_what_was_recorded() -> None:
    def press(info: dict[str, Any]) -> None:
        if info["State"] == "iteration" and info["Iteration"] == 5:
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    found, info = trained(network(), OutputFcn=press)
    assert info.StopReason == "Stopped by the user"
    assert 5 <= len(info.TrainingHistory["TrainingLoss"]) <= 6
    assert signal.getsignal(signal.SIGINT) is before
    whole, _ = trained(network())
    assert not same(found, whole)


def test_output_functions_see_each_iteration_and_can_stop() -> None:
    seen: list[dict[str, Any]] = []
    stops = lambda info: info.get("Iteration") == 3
    _, info = trained(network(), OutputFcn=[seen.append, stops])
    assert [s["State"] for s in seen] == ["start", *["iteration"] * 3, "done"]
    assert [s["Iteration"] for s in seen[1:4]] == [1, 2, 3]
    assert seen[1]["TrainingLoss"] == info.TrainingHistory["TrainingLoss"][0]
    assert info.StopReason == "Stopped by OutputFcn"
    net, info = trained(network(), OutputFcn=lambda info: info["State"] == "start")
    assert same(net, network()) and repr(info) == "TrainingInfo: 0 iterations, Stopped by OutputFcn"


def test_it_stops_when_validation_gets_no_better() -> None:
    worsening = iter([3.0, 2.0, 2.5, 2.0, 7.0])  # equal is not better
    in_training = [True]

    def loss(Y: dlarray, T: dlarray) -> dlarray:
        in_training[0] = T.shape[1] == SIZE
        return dl.mse(Y, T) if in_training[0] else dlarray(next(worsening))

    _, info = trained(network(), loss, ValidationData=(X[:4], T[:4]), ValidationFrequency=1,
                      ValidationPatience=2)  # fmt: skip
    assert info.ValidationHistory == {"Iteration": [1, 2, 3, 4],
                                      "ValidationLoss": [3.0, 2.0, 2.5, 2.0]}  # fmt: skip
    assert info.StopReason == "Met validation criterion"
    assert info.OutputNetworkIteration == 2


def test_the_best_network_is_given_or_the_last() -> None:
    networks: dict[int, dlnetwork] = {}
    data = X[:6], T[:6]
    options: dict[str, Any] = {"ValidationData": data, "ValidationFrequency": 1, "MaxEpochs": 2,
                               "InitialLearnRate": 0.9}  # fmt: skip
    for count in range(1, 9):
        networks[count], _ = trained(
            network(), **options, OutputNetwork="last-iteration",
            OutputFcn=lambda i, n=count: i.get("Iteration") == n,
        )  # fmt: skip
    best, info = trained(network(), **options)
    losses = info.ValidationHistory["ValidationLoss"]
    number = int(np.argmin(losses)) + 1
    assert info.OutputNetworkIteration == number < 8
    assert same(best, networks[number])
    of_best = dl.mse(predict(best, single(dlarray(data[0], "BC"))), single(dlarray(data[1], "BC")))
    assert float(of_best) == pytest.approx(losses[number - 1], rel=1e-6)  # of 5 and 1


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_is_nan_stops_before_it_spoils_the_network() -> None:
    broken = np.where(np.arange(COUNT)[:, None] == 12, np.nan, T)
    options = trainingOptions("sgdm", **QUIET, Shuffle="never")
    found, info = trainnet(X, broken, network(), "mse", options, nargout=2)
    assert info.StopReason == "Training loss is NaN or Inf"
    assert len(info.TrainingHistory["TrainingLoss"]) == 3
    assert all([np.isfinite(np.asarray(w)).all() for w in found.Learnables.Value])


# ---- statistics ---------------------------------------------------------------------------------


def test_population_statistics_are_those_of_all_data() -> None:
    net = network(batchNormalizationLayer())
    moving, _ = trained(net, BatchNormalizationStatistics="moving")
    rng(7)
    auto, _ = trained(net)
    assert all([np.array_equal(np.asarray(v), np.asarray(w)) for v, w in
                zip(moving.Learnables.Value, auto.Learnables.Value, strict=True)])  # fmt: skip
    entering = predict(auto, single(dlarray(X, "BC")), Outputs="fc_1")
    values = np.asarray(entering)
    np.testing.assert_allclose(np.asarray(auto.State.Value[0]).ravel(), values.mean(1), rtol=2e-6,
                               atol=1e-6)  # fmt: skip
    np.testing.assert_allclose(np.asarray(auto.State.Value[1]).ravel(), values.var(1), rtol=2e-6)
    assert not same(moving, auto)


def test_input_layers_get_the_statistics_of_the_data() -> None:
    rng(0)
    layer = featureInputLayer(3, Normalization="zscore", Mean=[9.0, 9.0, 9.0])
    net = dlnetwork([layer, fullyConnectedLayer(2)])
    found, _ = trained(net)
    np.testing.assert_allclose(found.Layers[0].Mean, X.mean(0), atol=1e-6)
    np.testing.assert_allclose(found.Layers[0].StandardDeviation, X.std(0), rtol=1e-6)
    kept, _ = trained(net, ResetInputNormalization=False)
    assert kept.Layers[0].Mean.tolist() == [9.0] * 3
    images = normal((4, 4, 2, 6), 5)
    net = dlnetwork([dl.imageInputLayer([4, 4, 2], Normalization="rescale-zero-one", Min=0, Max=1),
                     fullyConnectedLayer(1)])  # fmt: skip
    found = trainnet(images, images[0, 0, 0], net, "mse", trainingOptions("adam", **QUIET))
    np.testing.assert_allclose(found.Layers[0].Min, images.min((0, 1, 3))[None, None], rtol=1e-6)
    np.testing.assert_allclose(found.Layers[0].Max, images.max((0, 1, 3))[None, None], rtol=1e-6)
    images[:, :, 0] = 1.0
    with pytest.raises(ValueError, match="has a constant part"):
        trainnet(images, images[0, 0, 0], net, "mse", trainingOptions("adam", **QUIET))


# ---- data ---------------------------------------------------------------------------------------


def classifier() -> dlnetwork:
    rng(0)
    return dlnetwork([featureInputLayer(3), fullyConnectedLayer(2), softmaxLayer()])


def test_classes_may_be_names_vectors_or_positions() -> None:
    names = categorical(["no" if x > 0 else "yes" for x in X[:, 0]])
    vectors = np.stack([names == "no", names == "yes"], axis=1).astype(float)
    options = trainingOptions("adam", **{**QUIET, "MaxEpochs": 20}, Metrics="accuracy")
    found = []
    for targets, loss in ((names, "crossentropy"), (vectors, "crossentropy"),
                          (names, "index-crossentropy")):  # fmt: skip
        rng(5)
        net, info = trainnet(X, targets, classifier(), loss, options, nargout=2)
        found.append(info.TrainingHistory["TrainingLoss"])
    assert found[0] == found[1]
    np.testing.assert_allclose(found[2], found[0], rtol=1e-5)
    accuracy = dl.testnet(net, X, names, "accuracy", MiniBatchSize=4)
    right = np.asarray(predict(net, X)).argmax(1) == vectors.argmax(1)
    assert accuracy == right.mean() > 0.9
    assert dl.testnet(net, X, vectors, ["accuracy", dl.crossentropy])[0] == accuracy


def test_mini_batches_may_come_from_a_list_or_a_queue() -> None:
    batches = [(X[i : i + SIZE], T[i : i + SIZE]) for i in range(0, 20, SIZE)]

    class Queue:
        place = 0

        def hasdata(self) -> bool:
            return self.place < len(batches)

        def __next__(self) -> Any:
            self.place += 1
            return batches[self.place - 1]

        def reset(self) -> None:
            self.place = 0

    options = trainingOptions("sgdm", **QUIET, Shuffle="never",
                              BatchNormalizationStatistics="moving")  # fmt: skip
    net = network(batchNormalizationLayer())
    expected = trainnet(X, T, net, "mse", options)
    for source in (batches, Queue()):
        assert same(trainnet(source, net, "mse", options), expected)
    warm = {**QUIET, "LearnRateSchedule": [dl.warmupLearnRate(), dl.piecewiseLearnRate(Period=1)]}
    in_order = trainingOptions("sgdm", **warm, Shuffle="never")
    rates = [trainnet(*data, net, "mse", in_order, nargout=2)[1].TrainingHistory["LearnRate"]
             for data in ((batches,), (Queue(),), (X, T))]  # fmt: skip
    assert rates[0] == rates[1] == rates[2], "the length of an epoch is found while it runs"
    store = dl.combine(dl.arrayDatastore(X), dl.arrayDatastore(T))
    with pytest.raises(TypeError, match=r"make mini-batches of them, minibatchqueue\(ds"):
        trainnet(store, net, "mse", options)
    with pytest.raises(TypeError, match=r"cannot be shuffled; say trainingOptions\(…, Shuffle="):
        trainnet(batches, net, "mse", trainingOptions("sgdm", **QUIET))
    with pytest.raises(TypeError, match="cannot be gone through more than once"):
        trainnet(iter(batches), net, "mse", options)
    with pytest.raises(ValueError, match="gave no mini-batch"):
        trainnet([], net, "mse", options)


def test_mini_batches_from_a_minibatchqueue() -> None:
    store = dl.combine(dl.arrayDatastore(X), dl.arrayDatastore(T))
    queue = dl.minibatchqueue(store, MiniBatchSize=SIZE, MiniBatchFormat="BC",
                              PartialMiniBatch="discard")  # fmt: skip
    net = network()
    found = trainnet(queue, net, "mse", trainingOptions("sgdm", **QUIET, Shuffle="never"))
    assert same(found, trained(net, Shuffle="never")[0])
    _, info = trainnet(queue, net, "mse", trainingOptions("sgdm", **QUIET), nargout=2)
    assert len(info.TrainingHistory["TrainingLoss"]) == 12
    assert dl.testnet(net, queue, "rmse") == pytest.approx(
        dl.testnet(net, X[:20], T[:20], "rmse"), rel=1e-6
    )


def test_sequences_do_not_go_on_from_those_before() -> None:
    rng(0)
    net = dlnetwork([dl.sequenceInputLayer(2), dl.lstmLayer(3, OutputMode="last"),
                     fullyConnectedLayer(1)])  # fmt: skip
    rng(0)
    steps = normal((4, 2, 9), 2)
    found = trainnet(steps, steps[0, 0], net, "mse", trainingOptions("adam", **QUIET))
    assert not np.any([np.asarray(v) for v in found.State.Value])
    assert predict(found, steps).shape == (9, 1)


def test_prediction_in_mini_batches_is_prediction() -> None:
    net = network()
    X32 = X.astype(np.float32)
    for size in (4, 22, 100):
        found = minibatchpredict(net, X, MiniBatchSize=size)
        np.testing.assert_allclose(found, predict(net, X32), rtol=1e-5, atol=1e-6)
        assert found.dtype == np.float32 and found.flags.writeable
    labelled = minibatchpredict(net, dlarray(X, "BC"), MiniBatchSize=7)
    assert labelled.dims == "CB" and labelled.shape == (2, COUNT)
    assert dl.testnet(net, X, T, "rmse") == pytest.approx(
        np.sqrt(np.mean((predict(net, X32) - T) ** 2)), rel=1e-5
    )


def test_training_on_each_device(device: Device, tmp_path: Path) -> None:
    """The network comes back to the computer's own memory, and goes on where it was."""
    given: dict[str, Any] = {"ValidationData": (X[:6], T[:6]), "ValidationFrequency": 4}
    there = trainingOptions("adam", **QUIET, **given, ExecutionEnvironment=device.name,
                            CheckpointPath=str(tmp_path))  # fmt: skip
    net, info = trainnet(X, T, network(batchNormalizationLayer()), "mse", there, nargout=2)
    _, other = trained(network(batchNormalizationLayer()), solver="adam", **given,
                       ExecutionEnvironment="cpu")  # fmt: skip
    for name in ("TrainingLoss", "LearnRate"):
        np.testing.assert_allclose(info.TrainingHistory[name], other.TrainingHistory[name],
                                   rtol=1e-4)  # fmt: skip
    assert isinstance(dl.extractdata(net.Learnables.Value[0]), np.ndarray)
    again = trainnet(X, T, net, "mse", there, Resume=tmp_path / "net_checkpoint__4.npz")
    assert same(net, again)
    found = minibatchpredict(net, X, MiniBatchSize=7, ExecutionEnvironment=device.name)
    np.testing.assert_allclose(found, predict(net, X.astype(np.float32)), rtol=1e-4, atol=1e-6)
    assert isinstance(found, np.ndarray)
    assert dl.testnet(net, X, T, "rmse", ExecutionEnvironment=device.name) == pytest.approx(
        dl.testnet(net, X, T, "rmse", ExecutionEnvironment="cpu"), rel=1e-4
    )


# ---- what is shown, and what is refused ---------------------------------------------------------


def test_verbose_prints_rows(capsys: pytest.CaptureFixture[str]) -> None:
    trained(network(), Verbose=True, VerboseFrequency=5, ValidationData=(X, T),
            ValidationFrequency=5)  # fmt: skip
    rows = capsys.readouterr().out.splitlines()
    assert rows[0].split(" | ")[-1].strip() == "ValidationLoss"
    assert [row.split(" | ")[0].strip() for row in rows[1:-1]] == ["1", "5", "10", "12"]
    assert all([row.split(" | ")[-1].strip() for row in rows[2:-1]])
    assert rows[-1] == "Training stopped: Max epochs completed"


def test_verbose_prints_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    def largest_of_all_errors(Y: dlarray, T: dlarray) -> Any:
        return dl.max(dl.abs(Y - T), "all")

    trained(network(), Verbose=True, ValidationData=(X, T), Metrics=["rmse", largest_of_all_errors])
    head, *rows, _ = capsys.readouterr().out.splitlines()
    names = [name.strip() for name in head.split("|")]
    kinds = ("Training", "Validation")
    assert names[4:] == [kind + metric for metric in ("Loss", "RMSE", "largest_of_all_errors")
                         for kind in kinds]  # fmt: skip
    assert all(len(row) == len(head) for row in rows)
    last = dict(zip(names, rows[-1].split("|"), strict=True))
    for kind in kinds:
        loss, error = float(last[kind + "Loss"]), float(last[kind + "RMSE"])
        assert error == pytest.approx(loss**0.5, rel=1e-3)  # half the sum over two outputs


@pytest.mark.parametrize(("solver", "options", "words"), [
    ("newton", {}, "solverName is one of sgdm, adam, rmsprop, lbfgs, not 'newton'"),
    ("adam", {"Momentum": 0.5}, "Momentum is an option of 'sgdm', not of 'adam'"),
    ("lbfgs", {"MaxEpochs": 5}, "MaxEpochs is an option of 'sgdm' and 'adam' and 'rmsprop'"),
    ("sgdm", {"MaxEpochs": 0}, "MaxEpochs must be a whole number from 1 on"),
    ("sgdm", {"GradientThreshold": -1}, "GradientThreshold must lie between"),
    ("sgdm", {"Metrics": "auc"}, "a metric is one of accuracy, rmse"),
    ("sgdm", {"LearnRateSchedule": "cyclical"}, "LearnRateSchedule is one of none, piecewise"),
    ("sgdm", {"LearnRateDropFactor": 0.5}, 'is for LearnRateSchedule="piecewise"'),
    ("sgdm", {"OutputNetwork": "best-validation"}, r"needs ValidationData=\(X, T\)"),
    ("sgdm", {"ValidationPatience": 3}, r"ValidationPatience needs ValidationData=\(X, T\)"),
    ("sgdm", {"ExecutionEnvironment": "multi-gpu"}, "is one of auto, cpu, gpu"),
    ("sgdm", {"LearnRateSchedule": ["cosine", "warmup"]}, "'cosine' never ends"),
])  # fmt: skip
def test_wrong_options_are_refused(solver: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        trainingOptions(solver, **options)


def test_options_are_read_only_and_say_what_they_have() -> None:
    options = trainingOptions("adam", MaxEpochs=5)
    with pytest.raises(AttributeError, match=r"read-only, MaxEpochs too"):
        options.MaxEpochs = 3
    with pytest.raises(AttributeError, match="have no Momentum; they have SolverName"):
        _ = options.Momentum
    assert "MaxEpochs: 5" in repr(options)


def test_wrong_data_is_refused() -> None:
    options, net = trainingOptions("sgdm", **QUIET), network()
    with pytest.raises(ValueError, match="need the same number of observations"):
        trainnet(X, T[:5], net, "mse", options)
    with pytest.raises(ValueError, match="targets of 22×2×1 are read as BC"):
        trainnet(X, T[:, :, None], net, "mse", options)
    with pytest.raises(TypeError, match="targets are arrays, dlarrays or categorical arrays"):
        trainnet(X, "T", net, "mse", options)
    with pytest.raises(ValueError, match="lossFcn is a function of outputs and targets, or one of"):
        trainnet(X, T, net, "entropy", options)
    with pytest.raises(TypeError, match=r"is called trainnet\(X, T, net, lossFcn, options\)"):
        trainnet(X, T, net, "mse")
    with pytest.raises(ValueError, match=r"1 outputs .* 2 targets"):
        trainnet(X, (T, T), net, "mse", options)
    with pytest.raises(TypeError, match='"lbfgs" takes all data in each step'):
        trainnet([(X, T)], net, "mse", trainingOptions("lbfgs"))


def test_a_loss_beyond_the_numbers_of_its_class_is_inf_without_a_warning() -> None:
    _, info = trained(network(), InitialLearnRate=3e18, MaxEpochs=1,
                      ValidationData=(X, T), ValidationFrequency=1)  # fmt: skip
    assert info.ValidationHistory["ValidationLoss"][0] == float("inf")
    assert info.StopReason == "Training loss is NaN or Inf"
