"""Whole programs on every device: both examples, the solvers, a layer from outside the package.

Under the stand-in a step of the digits network takes seconds, so that it learns from few images.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.conftest import Device
from tinydl import (
    adamupdate,
    digitTest4DArrayData,
    digitTrain4DArrayData,
    dlarray,
    dlfeval,
    dlnetwork,
    dlupdate,
    double,
    extractdata,
    featureInputLayer,
    fullyConnectedLayer,
    gather,
    gpuArray,
    networkDataLayout,
    randn,
    rmspropupdate,
    rng,
    sgdmupdate,
    single,
)
from tinydl.layers.layer import Layer, Parameter
from tinydl.testing import check_layer

EXAMPLES = Path(__file__).parents[1] / "examples"


def example(name: str) -> ModuleType:
    """A file of examples/, without its main program."""
    pytest.importorskip("matplotlib")
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def moved(device: Device, x: Any) -> Any:
    return gpuArray(x) if device.name == "gpu" else x


def test_the_digits_example_by_changing_one_word(
    device: Device, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module: Any = example("digits_custom_training")
    for name, load, count in (
        ("digitTrain4DArrayData", digitTrain4DArrayData, 256),
        ("digitTest4DArrayData", digitTest4DArrayData, 100),
    ):
        X, Y, angles = load()
        few = (X[:, :, :, :count], Y[:count], angles[:count])
        monkeypatch.setattr(module, name, lambda few=few: few)
    rng("default")
    accuracy = module.main(numEpochs=1, plots="none", executionEnvironment=device.name)
    assert "Iteration: 2, Loss: " in capsys.readouterr().out
    assert 0.0 <= accuracy <= 1.0


def test_the_statistics_example(device: Device) -> None:
    """The questions and the answers give on each device what they give on the CPU."""
    module: Any = example("batchnorm_statistics")
    found = []
    for there in (lambda x: x, lambda x: moved(device, x)):
        rng("default")
        net, XT = there(module.buildNetwork()), there(dlarray(module.drawPoints()[:, :100]))
        err = module.theQuestion(net, XT, 2)[2]
        gradients = (module.gradientByBatch, module.gradientByPredict, module.gradientByFixed)
        slopes = [dlfeval(gradient, net, XT) for gradient in gradients]
        found.append([float(gather(err)), *[np.array(extractdata(gather(s))) for s in slopes]])
    (err, *slopes), (err_there, *slopes_there) = found
    assert err_there == pytest.approx(err, rel=1e-6)
    for here, other in zip(slopes, slopes_there, strict=True):
        np.testing.assert_allclose(other, here, rtol=1e-5, atol=1e-5 * np.abs(here).max())


SOLVERS: dict[str, Callable[..., Any]] = {
    "sgdm": lambda net, g, states, t: sgdmupdate(net, g, *states, 0.1),
    "adam": lambda net, g, states, t: adamupdate(net, g, *states, t, 0.1),
    "rmsprop": lambda net, g, states, t: rmspropupdate(net, g, *states, 0.1),
}


@pytest.mark.parametrize(("convert", "bound"), [(single, 1e-5), (double, 1e-12)])
@pytest.mark.parametrize("name", SOLVERS)
def test_solvers_step_alike(
    device: Device, name: str, convert: Callable[[Any], Any], bound: float
) -> None:
    """Three steps from equal parameters and gradients, each compared by itself."""
    solver = SOLVERS[name]
    rng("default")
    net = dlupdate(convert, dlnetwork([featureInputLayer(3), fullyConnectedLayer(4)]))
    states: list[Any] = [[]] * (2 if name == "adam" else 1)
    for t in (1, 2, 3):
        gradients = dlupdate(lambda w: convert(randn(*w.shape)), net.Learnables)
        there = [moved(device, x) for x in (net, gradients, states)]
        net_there, *states_there = solver(*there, t)
        net, *states = solver(net, gradients, states, t)
        for here, other in zip((net.Learnables, *states), (net_there.Learnables, *states_there),
                               strict=True):  # fmt: skip
            for a, b in zip(here.Value, gather(other).Value, strict=True):
                assert a.dtype == b.dtype
                np.testing.assert_allclose(extractdata(b), extractdata(a), rtol=bound, atol=bound)


class bendLayer(Layer):
    """Strength · x³ + x, with one Strength for each channel."""

    short = "bend"
    Learnable = ("Strength",)

    def __init__(
        self, *, Name: str = "", Strength: Any = None, StrengthInitializer: Any = "ones"
    ) -> None:
        self.Name, self.Strength, self.StrengthInitializer = Name, Strength, StrengthInitializer

    def parameters(self, *layouts: networkDataLayout) -> dict[str, Parameter]:
        return {"Strength": Parameter((layouts[0].channels, 1))}

    def predict(self, *X: dlarray) -> dlarray:
        return X[0] ** 3 * dlarray(self.Strength, "CB") + X[0]


def test_a_layer_from_outside(device: Device) -> None:
    check_layer(bendLayer(), networkDataLayout([3, None], "CB"), device=device.name)
