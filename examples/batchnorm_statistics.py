"""Why forward and predict disagree under batch normalization, and what to do about it.

A forum question: State is taken over from ``forward``, ``predict`` is called on the same data, and
the results are far apart. The reason is that State holds *running* statistics. After one forward
they have moved a tenth of the way from (0, 1) to those of the data; after 500 they have arrived.

    python examples/batchnorm_statistics.py

prints the error in both cases and saves a figure of each. It goes on with what the question is
really about: statistics that are constants when U is differentiated with respect to X and T.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinydl import (
    batchNormalizationLayer,
    cat,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    double,
    expandLayers,
    extractdata,
    featureInputLayer,
    fix_statistics,
    forward,
    fullyConnectedLayer,
    geluLayer,
    mse,
    predict,
    randn,
    rng,
    sum,
)

FIGURES = Path(__file__).parent / "figures"


def buildNetwork(MeanDecay=0.1, VarianceDecay=0.1):
    """Eight hidden layers of 80 neurons, each with batch normalization and GELU."""
    numLayer = 9
    numNeurons = 80
    layers = [featureInputLayer(2)]  # two features: x and t
    for _ in range(numLayer - 1):
        layers = [
            layers,
            fullyConnectedLayer(numNeurons),
            batchNormalizationLayer(MeanDecay=MeanDecay, VarianceDecay=VarianceDecay),
            geluLayer(),
        ]
    layers = [layers, fullyConnectedLayer(4)]
    dnn_net = dlnetwork(layers, Initialize=True)
    dnn_net = expandLayers(dnn_net)
    dnn_net = dlupdate(double, dnn_net)  # the Learnables; State stays in single precision
    return dnn_net


def drawPoints():
    """A thousand points (x, t)."""
    X = 2 * np.pi * dlarray(randn(1, 1000), "CB")
    T = 2 * np.pi * dlarray(randn(1, 1000), "CB")
    XT = cat("C", X, T)
    return XT


def plotBoth(Uf, Up, name, title):
    """The first output by forward and by predict, saved as a picture."""
    FIGURES.mkdir(exist_ok=True)
    plt.figure(figsize=(9, 4))
    plt.plot(extractdata(Uf[0, :]).ravel(), "r-", label="Uf: forward")
    plt.plot(extractdata(Up[0, :]).ravel(), "b--", label="Up: predict")
    plt.xlabel("Observation")
    plt.ylabel("First output")
    plt.title(title)
    plt.legend(loc="upper right")
    plt.savefig(FIGURES / name, dpi=100, bbox_inches="tight")
    plt.close()


def theQuestion(dnn_net, XT, numForwards):
    """State from numForwards forwards; then the two results compared."""
    for _ in range(numForwards):
        Uf, statef = forward(dnn_net, XT)
        dnn_net.State = statef
    Up = predict(dnn_net, XT)
    err = mse(Uf[0, :], Up[0, :])
    return Uf, Up, err


def runQuestion(numForwards, state="single"):
    """The script of the question, from a fresh generator; State in single or in double."""
    rng("default")
    dnn_net = buildNetwork()
    if state == "double":
        dnn_net.State = dlupdate(double, dnn_net.State)
    return theQuestion(dnn_net, drawPoints(), numForwards)


def decaysOfOne():
    """The shorter answer: with both decays 1, State is the batch's statistics at once."""
    rng("default")
    dnn_net = buildNetwork(MeanDecay=1, VarianceDecay=1)
    return theQuestion(dnn_net, drawPoints(), 1)[2]


# ---- the question behind it: derivatives with constant statistics --------------------------------


def gradientByBatch(dnn_net, XT):
    """d ΣU/d(x, t) through the statistics of the batch: every point moves all results."""
    U, _ = forward(dnn_net, XT)
    return dlgradient(sum(U[0, :], "all"), XT)


def gradientByPredict(dnn_net, XT):
    """The same with predict, whose statistics are constants: one dU/d(x, t) for each point."""
    U = predict(dnn_net, XT)
    return dlgradient(sum(U[0, :], "all"), XT)


def gradientByFixed(dnn_net, XT):
    """The same with forward and fixed statistics: only batch normalization leaves training."""
    U, _ = forward(dnn_net, XT, Statistics="fixed")
    return dlgradient(sum(U[0, :], "all"), XT)


def finiteDifferences(dnn_net, XT, points, step=1e-5):
    """dU/dx of single points, each moved on its own, with everything else as it is."""
    slopes = []
    for i in points:
        moved = []
        for h in (step, -step):
            shifted = dlarray(XT)
            shifted[0, i] = XT[0, i] + h
            moved.append(float(predict(dnn_net, shifted)[0, i]))
        slopes.append((moved[0] - moved[1]) / (2 * step))
    return np.array(slopes)


def constantStatistics(numPoints=5):
    """dU/dx of some points in four ways."""
    rng("default")
    dnn_net = buildNetwork(MeanDecay=1, VarianceDecay=1)
    XT = drawPoints()
    _, dnn_net.State = forward(dnn_net, XT)
    dnn_net.State = dlupdate(double, dnn_net.State)
    points = range(numPoints)

    def slopes(function, net):
        return extractdata(dlfeval(function, net, XT))[0, :numPoints]

    return {
        "moving the point (finite differences)": finiteDifferences(dnn_net, XT, points),
        "predict inside dlfeval": slopes(gradientByPredict, dnn_net),
        'forward, Statistics="fixed"': slopes(gradientByFixed, dnn_net),
        "forward of fix_statistics(net)": slopes(gradientByBatch, fix_statistics(dnn_net)),
        "forward, statistics of the batch": slopes(gradientByBatch, dnn_net),
    }


def main():
    Uf, Up, err = runQuestion(1)
    print(f"err after one forward            = {float(err):.4f}")
    plotBoth(Uf, Up, "batchnorm_after_1.png", "After one forward: State has begun to move")
    assert 0.05 < float(err) < 2

    Uf, Up, err = runQuestion(500)
    print(f"err after 500 forwards           = {float(err):.4e}")
    plotBoth(Uf, Up, "batchnorm_after_500.png", "After 500 forwards: State has arrived")
    assert 1e-13 < float(err) < 1e-10

    err = runQuestion(500, state="double")[2]
    print(f"the same with State in double    = {float(err):.4e}")
    assert float(err) < 1e-25

    err = decaysOfOne()
    print(f"decays of 1, after one forward   = {float(err):.4e}")
    assert float(err) < 1e-10

    print("\ndU/dx of the first points, where U is the first output")
    table = constantStatistics()
    for how, slopes in table.items():
        print(f"  {how:<38}", "  ".join([f"{slope:9.5f}" for slope in slopes]))
    truth, *constants, batch = table.values()
    for slopes in constants:
        np.testing.assert_allclose(slopes, truth, rtol=1e-5, atol=1e-7)
    assert np.abs(batch - truth).max() > 0.1 * np.abs(truth).max()
    print("\nThrough the statistics of the batch the gradient of the sum is another quantity:")
    print("moving one point shifts the mean and the variance that all points are normalized by.")


if __name__ == "__main__":
    main()
