"""Burgers' equation by a physics-informed network with batch normalization.

    u_t + u u_x = ν u_xx   for −1 < x < 1, 0 < t < 1,   u(x, 0) = −sin πx,   u(±1, t) = 0

The network is u(x, t). Its loss is how far it is from the equation at points inside, and from the
known values at the rim. The derivatives by x and t are meant point by point, so that the statistics
of batch normalization must be constants: they are learned once, from all points, and then fixed.

    python examples/burgers.py                      # ν = 0.1/π, half a minute
    python examples/burgers.py --viscosity classic  # ν = 0.01/π, with a steep front: some minutes

Adam finds the way, L-BFGS goes to its end. The result is compared with the exact solution, which is
a quotient of two integrals (Cole and Hopf), and saved as a figure.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinydl import (
    adamupdate,
    batchNormalizationLayer,
    cat,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    double,
    extractdata,
    featureInputLayer,
    fix_statistics,
    forward,
    fullyConnectedLayer,
    lbfgsState,
    lbfgsupdate,
    mse,
    predict,
    rand,
    rng,
    size,
    sum,
    tanhLayer,
    zeros,
)

FIGURES = Path(__file__).parent / "figures"
TIMES = (0.25, 0.5, 0.75, 1.0)
# viscosity: points inside, steps of Adam, steps of L-BFGS, the largest error allowed
SETTINGS = {"easy": (0.1 / math.pi, 400, 300, 100, 0.03),
            "classic": (0.01 / math.pi, 2000, 500, 800, None)}  # fmt: skip


def exactSolution(x, t, viscosity):
    """u(x, t) for arrays x and numbers t > 0, by Gauss-Hermite quadrature.

    u = −∫ sin π(x − η) f(x − η) e^(−η²/4νt) dη / ∫ f(x − η) e^(−η²/4νt) dη with
    f(y) = e^(−cos πy / 2πν); Basdevant et al., "Spectral and finite difference solutions of the
    Burgers equation", 1986.
    """
    nodes, weights = np.polynomial.hermite.hermgauss(200)
    y = x[..., None] - np.sqrt(4 * viscosity * t) * nodes
    exponent = -np.cos(np.pi * y) / (2 * np.pi * viscosity)
    f = weights * np.exp(exponent - exponent.max(axis=-1, keepdims=True))
    return -(np.sin(np.pi * y) * f).sum(axis=-1) / f.sum(axis=-1)


def buildNetwork(numNeurons=20, numHidden=3):
    layers = [featureInputLayer(2)]  # x and t
    for _ in range(numHidden):
        layers = [
            layers,
            fullyConnectedLayer(numNeurons),
            batchNormalizationLayer(MeanDecay=1, VarianceDecay=1),
            tanhLayer(),
        ]
    return dlupdate(double, dlnetwork([layers, fullyConnectedLayer(1)]))


def rimPoints():
    """Points (x, t) at the beginning and at both ends, and u there."""
    x = np.concatenate([np.linspace(-1, 1, 50), -np.ones(25), np.ones(25)])
    t = np.concatenate([np.zeros(50), np.linspace(0, 1, 25), np.linspace(0, 1, 25)])
    u = np.where(t == 0, -np.sin(np.pi * x), 0.0)
    return dlarray(np.stack([x, t]), "CB"), dlarray(u[None], "CB")


def modelLoss(net, X, T, rim, U0, viscosity):
    U, _ = forward(net, cat("C", X, T))
    Ux, Ut = dlgradient(sum(U, "all"), X, T, EnableHigherDerivatives=True)
    Uxx = dlgradient(sum(Ux, "all"), X, EnableHigherDerivatives=True)
    residual = Ut + U * Ux - viscosity * Uxx
    atRim, _ = forward(net, rim)
    loss = mse(residual, zeros(size(residual), like=residual)) + 10 * mse(atRim, U0)
    return loss, dlgradient(loss, net.Learnables)


def train(numPoints, viscosity, adamSteps, lbfgsSteps):
    net = buildNetwork()
    X, T = dlarray(2 * rand(1, numPoints) - 1, "CB"), dlarray(rand(1, numPoints), "CB")
    rim, U0 = rimPoints()
    _, state = forward(net, cat("C", X, T))  # decays of 1: these are the statistics of the points
    net.State = dlupdate(double, state)
    net = fix_statistics(net)
    averageGrad, averageSqGrad = [], []
    for iteration in range(1, adamSteps + 1):
        loss, gradients = dlfeval(modelLoss, net, X, T, rim, U0, viscosity)
        net, averageGrad, averageSqGrad = adamupdate(
            net, gradients, averageGrad, averageSqGrad, iteration, 0.01
        )
    print(f"loss after {adamSteps} steps of Adam: {loss:.2e}")
    solverState = lbfgsState(HistorySize=30)
    for _ in range(lbfgsSteps):
        net, solverState = lbfgsupdate(
            net, lambda net: dlfeval(modelLoss, net, X, T, rim, U0, viscosity), solverState
        )
        if solverState.LineSearchStatus == "failed":
            break
    print(f"loss after L-BFGS: {solverState.Loss:.2e}")
    return net


def compare(net, viscosity):
    """The relative distance (L2) from the exact solution, and a figure of both."""
    FIGURES.mkdir(exist_ok=True)
    x = np.linspace(-1, 1, 201)
    _, panels = plt.subplots(1, len(TIMES), figsize=(12, 3), sharey=True)
    distance, norm = 0.0, 0.0
    for t, panel in zip(TIMES, panels, strict=True):
        U = extractdata(predict(net, dlarray(np.stack([x, np.full(x.size, t)]), "CB")))[0]
        exact = exactSolution(x, t, viscosity)
        distance += np.sum((U - exact) ** 2)
        norm += np.sum(exact**2)
        panel.plot(x, exact, "b-", label="exact")
        panel.plot(x, U, "r--", label="network")
        panel.set_title(f"t = {t}")
        panel.set_xlabel("x")
    panels[0].set_ylabel("u")
    panels[0].legend()
    plt.tight_layout()
    plt.savefig(FIGURES / f"burgers_{viscosity * math.pi:.2g}_over_pi.png", dpi=120)
    plt.close()
    return float(np.sqrt(distance / norm))


def main(viscosity="easy"):
    rng("default")
    value, numPoints, adamSteps, lbfgsSteps, most = SETTINGS[viscosity]
    start = time.perf_counter()
    net = train(numPoints, value, adamSteps, lbfgsSteps)
    error = compare(net, value)
    print(f"{time.perf_counter() - start:.0f} s, relative L2 error = {error:.4f}")
    assert most is None or error < most
    return error


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Burgers' equation by a network.")
    parser.add_argument("--viscosity", choices=list(SETTINGS), default="easy")
    main(**vars(parser.parse_args()))
