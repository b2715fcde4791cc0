"""Random networks, trained for two steps here and in PyTorch: losses, gradients, parameters, State.

Both start from the same parameters in double precision. What is documented to differ is translated:
the order in which pixels are counted, the variance of batch normalization, and the place of
epsilon in Adam.
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.strategies import SEEDS, normal, numbers
from tinydl import (
    adamupdate,
    crossentropy,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    forward,
    getLearnRateFactor,
    mse,
    networkDataLayout,
    sgdmupdate,
    softmax,
)
from tinydl.testing.strategies import Network, networks

torch = pytest.importorskip("torch")
from tests.layers_in_torch import JOINS, LAYERS, OTHERS  # noqa: E402

IS_DEEP = os.environ.get("TINYDL_TEST_PROFILE") == "deep"
STEPS, RATE, MOMENTUM = 2, 0.05, 0.8
DECAY, SQUARE_DECAY = 0.8, 0.95
EPSILON = 1e-4
"""So large that no step is made from a gradient that is 0 but for rounding, as that of a bias in
front of a normalization is."""
TOLERANCE = 1e-9
LARGEST = 100.0
"""Beyond it softmax underflows, which crossentropy of probabilities sees and PyTorch's, which takes
the logarithm at once, does not; and powers of powers amplify rounding."""
FORMATS = st.sampled_from(["CB", "SSCB", "CBT", "SCB", "SSSCB", "SCBT"])
NETWORKS = st.one_of(
    networks(FORMATS, only=[*LAYERS, *JOINS], most=5),
    networks(FORMATS, only=OTHERS, most=4),  # most others act on single elements
)


# ---- here ---------------------------------------------------------------------------------------


def loss_here(kind: str, Y: dlarray, T: Any) -> dlarray:
    target = dlarray(T, Y.dims)
    return mse(Y, target) if kind == "mse" else crossentropy(softmax(Y), target)


class Here:
    """The network, its solver, and what the last step computed."""

    def __init__(self, net: dlnetwork, loss: str, solver: str) -> None:
        self.net, self.loss, self.solver = net, loss, solver
        self.velocity: Any = None
        self.moments: tuple[Any, Any] = (None, None)

    def step(self, iteration: int, X: dlarray, T: Any) -> dict[str, Any]:
        def model(net: dlnetwork, X: dlarray) -> tuple[Any, ...]:
            Y, state = forward(net, X)
            loss = loss_here(self.loss, Y, T)
            return loss, Y, state, *dlgradient(loss, net, X)

        loss, Y, self.net.State, slopes, by_input = dlfeval(model, self.net, X)
        if self.solver == "sgdm":
            self.net, self.velocity = sgdmupdate(self.net, slopes, self.velocity, RATE, MOMENTUM)
        else:
            self.net, *self.moments = adamupdate(
                self.net, slopes, *self.moments, iteration, RATE, DECAY, SQUARE_DECAY, EPSILON
            )
        return {
            "loss": numbers(loss), "result": numbers(Y), "gradient by the input": numbers(by_input),
            **values(slopes, "gradient by "), **values(self.net.Learnables, "new "),
            **values(self.net.State, "new "),
        }  # fmt: skip


def values(table: Any, what: str) -> dict[str, Any]:
    return {f"{what}{layer}/{name}": numbers(value) for layer, name, value in table}


# ---- in PyTorch ---------------------------------------------------------------------------------


class There:
    """The same in PyTorch."""

    def __init__(self, net: dlnetwork, loss: str, solver: str) -> None:
        self.net, self.loss = net, loss
        tensor = lambda value: torch.tensor(numbers(value).copy())
        self.p = {(layer, name): tensor(v).requires_grad_() for layer, name, v in net.Learnables}
        self.state = {(layer, name): tensor(value) for layer, name, value in net.State}
        groups = [{"params": [p], "lr": RATE * getLearnRateFactor(net, *place)}
                  for place, p in self.p.items()] or [{"params": []}]  # fmt: skip
        self.solver: Any = (
            torch.optim.SGD(groups, momentum=MOMENTUM) if solver == "sgdm"
            else torch.optim.Adam(groups, betas=(DECAY, SQUARE_DECAY))
        )  # fmt: skip

    def step(self, iteration: int, X: dlarray, T: Any) -> dict[str, Any]:
        x = torch.tensor(numbers(X).copy()).requires_grad_()
        y, fmt = self.forward(x, X.dims)
        loss = self.loss_of(y, torch.tensor(T), fmt)
        self.solver.zero_grad()
        loss.backward()
        slopes = {place: torch.zeros_like(p) if p.grad is None else p.grad.clone()
                  for place, p in self.p.items()}  # fmt: skip
        # Ours adds epsilon before the root is corrected for its start, PyTorch after it.
        for group in self.solver.param_groups:
            if "eps" in group:
                group["eps"] = EPSILON / math.sqrt(1 - SQUARE_DECAY**iteration)
        self.solver.step()
        found = {
            "loss": loss, "result": y,
            "gradient by the input": torch.zeros_like(x) if x.grad is None else x.grad,
            **{f"gradient by {'/'.join(place)}": slope for place, slope in slopes.items()},
            **{f"new {'/'.join(place)}": v for place, v in {**self.p, **self.state}.items()},
        }  # fmt: skip
        return {name: value.detach().numpy().copy() for name, value in found.items()}

    def loss_of(self, y: Any, t: Any, fmt: str) -> Any:
        count = y.shape[fmt.index("B")]
        if self.loss == "mse":
            return torch.nn.functional.mse_loss(y, t, reduction="sum") / (2 * count)
        return -(t * torch.nn.functional.log_softmax(y, fmt.index("C"))).sum() / count

    def forward(self, x: Any, fmt: str) -> tuple[Any, str]:
        """The result of the last layer, and its format."""
        found: dict[str, tuple[Any, networkDataLayout]] = {}
        sources: dict[str, list[str]] = {}
        for source, destination in self.net.Connections:
            sources.setdefault(destination.split("/")[0], []).append(source)
        first, *rest = self.net.Layers
        found[first.Name] = entering(first, x), networkDataLayout(list(x.shape), fmt)
        for layer in rest:
            xs, layouts = zip(*[found[source] for source in sources[layer.Name]], strict=True)
            after = layer.output(*layouts)
            y = self.apply(layer, xs, layouts[0].Format)
            found[layer.Name] = y.reshape(after.Size), after
        y, after = found[layer.Name]
        return y, after.Format

    def apply(self, layer: Any, xs: Any, fmt: str) -> Any:
        kind = type(layer).__name__
        if kind in JOINS:
            return JOINS[kind](xs, fmt)
        of_layer = lambda table: {name: v for (own, name), v in table.items() if own == layer.Name}
        state = of_layer(self.state)
        y = LAYERS[kind](layer, xs[0], fmt, of_layer(self.p), state)
        self.state.update({(layer.Name, name): value for name, value in state.items()})
        return y


def entering(layer: Any, x: Any) -> Any:
    """What an input layer makes of its input."""
    number = lambda name: torch.tensor(np.array(getattr(layer, name))).reshape(
        *getattr(layer, name).shape, *[1] * (x.ndim - getattr(layer, name).ndim))  # fmt: skip
    way = getattr(layer, "Normalization", "none")
    if way == "none":
        return x
    if way.startswith("rescale"):
        between = (x - number("Min")) / (number("Max") - number("Min"))
        return 2.0 * between - 1.0 if way == "rescale-symmetric" else between
    centred = x - number("Mean")
    return centred / number("StandardDeviation") if way == "zscore" else centred


# ---- side by side -------------------------------------------------------------------------------


@settings(max_examples=3000 if IS_DEEP else 30)
@given(NETWORKS, st.sampled_from(["mse", "crossentropy"]), st.sampled_from(["sgdm", "adam"]), SEEDS)
def test_two_steps_beside_pytorch(case: Network, loss: str, solver: str, seed: int) -> None:
    assume(len(case.layers) > 1)  # more than where the data enters
    assume(not any(getattr(layer, "DropoutProbability", 0.0) for layer in case.layers))
    (X,) = case.inputs
    here, there = Here(case.net, loss, solver), There(case.net, loss, solver)
    T = np.abs(normal(forward(case.net, X)[0].shape, seed))
    for iteration in range(1, STEPS + 1):
        found, expected = [side.step(iteration, X, T) for side in (here, there)]
        assume(np.max(np.abs(expected["result"])) < LARGEST)
        assert found.keys() == expected.keys()
        for name, value in found.items():
            close(value, expected[name], f"step {iteration}: {name}")
        X = X * 0.75 + 0.125  # another batch, as far from kinks as the first one


def close(found: Any, expected: Any, what: str) -> None:
    assert found.shape == expected.shape, f"{what}: {found.shape} and {expected.shape}"
    scale = max(1.0, float(np.abs(expected).max(initial=0.0)))
    np.testing.assert_allclose(
        found, expected, rtol=TOLERANCE, atol=TOLERANCE * scale, err_msg=what
    )
