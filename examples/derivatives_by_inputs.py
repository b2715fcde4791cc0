"""dU/dX point by point: why the sum trick is wrong through batch statistics, and what is right.

The derivative of each output by its own input is usually found for all points at once, as the
gradient of the sum of the outputs. That is right if no output depends on another point's input.
With batch normalization in training each depends on all: the statistics are those of the batch.

    python examples/derivatives_by_inputs.py

compares with central differences, in which one point is moved while the others stay. It prints a
table of relative errors for several batch sizes, and saves it as a figure.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinydl import (
    batchNormalizationLayer,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    double,
    extractdata,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    geluLayer,
    predict,
    randn,
    rng,
    sum,
)

FIGURES = Path(__file__).parent / "figures"
BATCH_SIZES = (8, 32, 128, 512)
POINTS = 8  # that central differences are taken at
STEP = 1e-5


def buildNetwork():
    """One input, three hidden layers with batch normalization, one output, in double precision."""
    layers = [featureInputLayer(1)]
    for _ in range(3):
        layers = [
            layers,
            fullyConnectedLayer(40),
            batchNormalizationLayer(MeanDecay=1, VarianceDecay=1),
            geluLayer(),
        ]
    net = dlupdate(double, dlnetwork([layers, fullyConnectedLayer(1)]))
    net.State = dlupdate(double, net.State)
    return net


# Three ways to compute the outputs of all points.


def throughBatch(net, X):
    """Training: the statistics are those of X, and every output depends on all of it."""
    U, _ = forward(net, X)
    return U


def throughState(net, X):
    """Prediction: the statistics are the State, constants."""
    return predict(net, X)


def throughFixed(net, X):
    """Training in which batch normalization takes the State as constants."""
    U, _ = forward(net, X, Statistics="fixed")
    return U


WAYS = {
    "forward": throughBatch,
    "predict": throughState,
    'forward, Statistics="fixed"': throughFixed,
}


def sumTrick(net, X, outputs):
    """The gradient of the sum of all outputs by all inputs."""
    return dlgradient(sum(outputs(net, X), "all"), X)


def oneByOne(net, X, outputs):
    """dU/dX of the first points, each by moving just that point."""
    found = []
    for i in range(POINTS):
        ends = []
        for step in (STEP, -STEP):
            moved = dlarray(X)
            moved[0, i] = X[0, i] + step
            ends.append(float(outputs(net, moved)[0, i]))
        found.append((ends[0] - ends[1]) / (2 * STEP))
    return np.array(found)


def relativeError(net, X, outputs):
    """How far the sum trick is from the derivatives, relative to their size."""
    truth = oneByOne(net, X, outputs)
    found = extractdata(dlfeval(sumTrick, net, X, outputs))[0, :POINTS]
    return np.linalg.norm(found - truth) / np.linalg.norm(truth)


def plotErrors(errors):
    """One curve for each way, over the batch sizes."""
    FIGURES.mkdir(exist_ok=True)
    plt.figure(figsize=(6, 4))
    for (name, curve), style in zip(errors.items(), ("o-", "s-", "k--"), strict=True):
        plt.loglog(BATCH_SIZES, curve, style, label=name)
    plt.xlabel("Batch size")
    plt.ylabel("Relative error of dU/dX by the sum trick")
    plt.legend()
    plt.grid(True, alpha=0.3)
    plt.tight_layout()
    plt.savefig(FIGURES / "derivatives_by_inputs.png", dpi=120)
    plt.close()


def main():
    rng("default")
    net = buildNetwork()
    errors = {name: [] for name in WAYS}
    print(f"{'batch size':>10}  " + "  ".join(f"{name:>27}" for name in WAYS))
    for size in BATCH_SIZES:
        X = dlarray(randn(1, size), "CB")
        _, net.State = forward(net, X)  # decays of 1: the State is that of this batch
        for name, outputs in WAYS.items():
            errors[name].append(relativeError(net, X, outputs))
        print(f"{size:>10}  " + "  ".join(f"{curve[-1]:>27.1e}" for curve in errors.values()))
    plotErrors(errors)
    assert min(errors["forward"]) > 0.3  # wrong, whatever the batch size
    assert max(errors["predict"]) < 1e-6
    assert max(errors['forward, Statistics="fixed"']) < 1e-6
    return errors


if __name__ == "__main__":
    main()
