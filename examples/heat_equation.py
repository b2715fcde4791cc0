"""The heat equation by a network: the solution, and the conductivity from measurements.

    u_t = α u_xx   for 0 < x < 1, 0 < t < 1,   u(x, 0) = sin πx,   u(0, t) = u(1, t) = 0

Its solution is u = e^(−α π² t) sin πx. First α is known and u is looked for. Then some values of u
are known and α is looked for: it is a parameter like the weights, in one dlgradient with them.

    python examples/heat_equation.py

prints the error of both, and saves a figure.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinydl import (
    adamupdate,
    cat,
    dlarray,
    dlfeval,
    dlgradient,
    dllaplacian,
    dlnetwork,
    dlupdate,
    double,
    extractdata,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    lbfgsState,
    lbfgsupdate,
    mse,
    predict,
    rand,
    rng,
    size,
    stripdims,
    sum,
    tanhLayer,
    zeros,
)

FIGURES = Path(__file__).parent / "figures"
CONDUCTIVITY = 0.2


def exactSolution(x, t):
    return np.exp(-CONDUCTIVITY * np.pi**2 * t) * np.sin(np.pi * x)


def buildNetwork():
    layers = [featureInputLayer(2)]  # x and t
    for _ in range(2):
        layers = [layers, fullyConnectedLayer(20), tanhLayer()]
    return dlupdate(double, dlnetwork([layers, fullyConnectedLayer(1)]))


def points(x, t):
    """Points as 2 × N, and the exact solution there."""
    return dlarray(np.stack([x, t]), "CB"), dlarray(exactSolution(x, t)[None], "CB")


def rimPoints():
    """The beginning and both ends, where the solution is known."""
    ends = np.linspace(0, 1, 20)
    x = np.concatenate([np.linspace(0, 1, 30), np.zeros(20), np.ones(20)])
    return points(x, np.concatenate([np.zeros(30), ends, ends]))


def modelLoss(parameters, X, T, known, U0):
    """How far the network is from the equation inside, and from what is known of u."""
    net = parameters["net"]
    U, _ = forward(net, cat("C", X, T))
    U, x, t = stripdims(U), stripdims(X), stripdims(T)
    Ut = dlgradient(sum(U, "all"), t, EnableHigherDerivatives=True)
    Uxx = dllaplacian(U, x, axis=0)
    alpha = parameters.get("alpha", CONDUCTIVITY)  # a parameter, or known
    residual = dlarray(Ut - alpha * Uxx, "CB")
    atKnown, _ = forward(net, known)
    loss = mse(residual, zeros(size(residual), like=residual)) + 10 * mse(atKnown, U0)
    return loss, dlgradient(loss, parameters)


def solve(parameters, known, U0, adamSteps=200, lbfgsSteps=200):
    """The parameters after training: a network, and the conductivity if it is among them."""
    X, T = dlarray(rand(1, 300), "CB"), dlarray(rand(1, 300), "CB")
    lossFcn = lambda parameters: dlfeval(modelLoss, parameters, X, T, known, U0)
    averageGrad, averageSqGrad, solverState = [], [], lbfgsState(HistorySize=30)
    for iteration in range(1, adamSteps + 1):
        _, gradients = lossFcn(parameters)
        parameters, averageGrad, averageSqGrad = adamupdate(
            parameters, gradients, averageGrad, averageSqGrad, iteration, 0.01
        )
    for _ in range(lbfgsSteps):
        parameters, solverState = lbfgsupdate(parameters, lossFcn, solverState)
    return parameters


def compare(net):
    """The relative distance (L2) from the exact solution, and a figure of both."""
    FIGURES.mkdir(exist_ok=True)
    x, times = np.linspace(0, 1, 101), (0.0, 0.25, 0.5, 1.0)
    distance, norm = 0.0, 0.0
    plt.figure(figsize=(6, 4))
    for t in times:
        XT, exact = points(x, np.full(x.size, t))
        U, exact = extractdata(predict(net, XT))[0], extractdata(exact)[0]
        distance += np.sum((U - exact) ** 2)
        norm += np.sum(exact**2)
        plt.plot(x, exact, "b-", label="exact" if t == 0 else None)
        plt.plot(x, U, "r--", label="network" if t == 0 else None)
        plt.text(0.5, exact[50] + 0.02, f"t = {t}", ha="center")
    plt.xlabel("x")
    plt.ylabel("u")
    plt.ylim(0, 1.12)
    plt.legend()
    plt.tight_layout()
    plt.savefig(FIGURES / "heat_equation.png", dpi=120)
    plt.close()
    return float(np.sqrt(distance / norm))


def main():
    rng("default")
    rim, U0 = rimPoints()
    error = compare(solve({"net": buildNetwork()}, rim, U0)["net"])
    print(f"the solution: relative L2 error = {error:.5f}")

    numbers = np.random.default_rng(0)
    measured, values = points(numbers.uniform(0, 1, 40), numbers.uniform(0, 1, 40))
    known, U0 = cat("B", rim, measured), cat("B", U0, values)
    parameters = {"net": buildNetwork(), "alpha": dlarray(1.0)}
    found = float(solve(parameters, known, U0)["alpha"])
    print(f"the conductivity: {found:.4f}, from a first guess of 1; it is {CONDUCTIVITY}")
    assert error < 0.01
    assert abs(found / CONDUCTIVITY - 1) < 0.02
    return error, found


if __name__ == "__main__":
    main()
