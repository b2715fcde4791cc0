"""A pendulum learned from noisy measurements, by a network that keeps its energy.

The state of a pendulum is its angle q and its momentum p. It moves by

    q̇ = ∂H/∂p,   ṗ = −∂H/∂q,   with the energy H(q, p) = p²/2 + 1 − cos q

Measured are (q̇, ṗ) at some points, with noise. One network learns q̇ and ṗ as its two outputs. The
other has the one output H, and q̇ and ṗ are its derivatives by its inputs: whatever it has learned,
Ḣ = ∂H/∂q q̇ + ∂H/∂p ṗ = 0, so that its pendulum swings on a closed curve for ever. Its loss is made
of derivatives, and dlgradient goes through them once more. Greydanus, Dzamba and Yosinski,
"Hamiltonian neural networks", 2019.

    python examples/hamiltonian.py

lets both swing from the same points for 100 units of time, by dlode45. It prints how far the true
energy drifts, and saves the phase portraits as a figure.
"""

from __future__ import annotations

import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinydl import (
    abs,
    adamupdate,
    cat,
    cos,
    cosineLearnRate,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlode45,
    dlupdate,
    double,
    extractdata,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    mean,
    mse,
    rand,
    randn,
    rng,
    sin,
    sum,
    tanhLayer,
)

FIGURES = Path(__file__).parent / "figures"
NOISE = 0.1  # standard deviation of the measured q̇ and ṗ
START_ANGLES = (0.5, 1.0, 1.5, 2.0)  # let go there, with p = 0
TIMES = np.linspace(0, 100, 1001)  # the shortest period is 2π


def energy(X):
    """H of states in a plain array, whose first dimension is (q, p)."""
    return X[1:2] ** 2 / 2 + 1 - cos(X[0:1])


# Three fields (q̇, ṗ) at states X of the format CB. The first is the truth.


def pendulum(net, X):
    return cat("C", X[1, :], -sin(X[0, :]))


def plainField(net, X):
    """The outputs of a network as they are."""
    Y, _ = forward(net, X)
    return Y


def hamiltonianField(net, X):
    """The derivatives of the network's one output, turned by 90 degrees."""
    H, _ = forward(net, X)
    dH = dlgradient(sum(H, "all"), X, EnableHigherDerivatives=True)
    return cat("C", dH[1, :], -dH[0, :])


def buildNetwork(numOutputs, numHidden=32):
    layers = [
        featureInputLayer(2),
        fullyConnectedLayer(numHidden),
        tanhLayer(),
        fullyConnectedLayer(numHidden),
        tanhLayer(),
        fullyConnectedLayer(numOutputs),
    ]
    return dlupdate(double, dlnetwork(layers))


def measurements(numPoints):
    """States −2.5 < q < 2.5, −2 < p < 2, and the motion there, with noise."""
    X = dlarray((2 * rand(2, numPoints) - 1) * np.array([[2.5], [2.0]]), "CB")
    return X, pendulum(None, X) + NOISE * randn(2, numPoints)


def modelLoss(net, X, T, field):
    loss = mse(field(net, X), T)
    return loss, dlgradient(loss, net.Learnables)


def train(net, X, T, field, numIterations, learnRate=0.01):
    schedule = cosineLearnRate(Period=numIterations, FrequencyUnit="iteration")
    averageGrad, averageSqGrad = [], []
    for iteration in range(1, numIterations + 1):
        _, gradients = dlfeval(modelLoss, net, X, T, field)
        net, averageGrad, averageSqGrad = adamupdate(
            net, gradients, averageGrad, averageSqGrad, iteration, schedule(learnRate, iteration, 1)
        )
    return net


def swing(net, field):
    """The states at TIMES, from the start angles: 2 × angles × times."""
    X0 = dlarray(np.array([START_ANGLES, np.zeros(len(START_ANGLES))]), "CB")
    odefun = lambda t, X, net: dlfeval(field, net, X)
    X = dlode45(odefun, TIMES, X0, net, RelativeTolerance=1e-6, AbsoluteTolerance=1e-8)
    return extractdata(cat("T", dlarray(X0, "CBT"), X))


def drift(X):
    """How far the energy has gone from the first to the last fifth of the time, relative to it.

    Means over a time longer than a swing, since the energy may go to and fro within one. The
    result is the mean over all pendulums.
    """
    H = energy(X)[0]
    fifth = TIMES[-1] / 5
    first = mean(H[:, TIMES <= fifth], axis=1)
    last = mean(H[:, TIMES >= 4 * fifth], axis=1)
    return float(mean(abs(last / first - 1), "all"))


def plotSwings(swings):
    """The phase portraits, and the energy over the time."""
    FIGURES.mkdir(exist_ok=True)
    _, panels = plt.subplot_mosaic(
        "ABC;DEF", figsize=(10, 5.5), height_ratios=(1.5, 1), layout="constrained"
    )
    for (name, X), above, below in zip(swings.items(), "ABC", "DEF", strict=True):
        portrait, over = panels[above], panels[below]
        for i in range(len(START_ANGLES)):
            portrait.plot(X[0, i], X[1, i], linewidth=0.6)
            over.plot(TIMES, energy(X)[0, i], linewidth=0.8)
        portrait.set_title(name)
        portrait.set_xlim(-2.6, 2.6)
        portrait.set_ylim(-2.3, 2.3)
        portrait.set_xlabel("Angle q")
        over.set_ylim(0, 2)
        over.set_xlabel("Time")
    panels["A"].set_ylabel("Momentum p")
    panels["D"].set_ylabel("Energy H")
    plt.savefig(FIGURES / "hamiltonian.png", dpi=80)
    plt.close()


def main(numIterations=1000):
    rng("default")
    start = time.perf_counter()
    X, T = measurements(300)
    plainNet = train(buildNetwork(2), X, T, plainField, numIterations)
    hamiltonianNet = train(buildNetwork(1), X, T, hamiltonianField, numIterations)
    swings = {
        "Pendulum": swing(None, pendulum),
        "Network of q̇ and ṗ": swing(plainNet, plainField),
        "Network of H": swing(hamiltonianNet, hamiltonianField),
    }
    plotSwings(swings)
    drifts = [drift(X) for X in swings.values()]
    print(f"{time.perf_counter() - start:.0f} s")
    for name, number in zip(swings, drifts, strict=True):
        print(f"{name + ': ':>20}the energy drifts by {100 * number:.3f} %")
    return drifts


if __name__ == "__main__":
    ofPendulum, ofPlain, ofHamiltonian = main()
    assert ofPendulum < 1e-4  # what dlode45 itself contributes
    assert ofPlain > 0.1
    assert ofHamiltonian < 0.01
