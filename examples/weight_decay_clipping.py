"""Weight decay and gradient clipping in a custom training loop, line by line.

Between dlgradient and the solver a loop can do with gradients what it likes. Weight decay adds to
the gradient of each weight, not of a bias, what λ/2 Σ w² would add; clipping shortens gradients
that are too long, each array by itself or all by one factor:

    g ← g + λ w
    g ← g · min(1, threshold / ‖g‖)                       each array
    g ← g · min(1, threshold / √(‖g₁‖² + ‖g₂‖² + …))      all together

    python examples/weight_decay_clipping.py

compares the loop with trainnet, which has both as options: the parameters are the same but for
rounding. Then it prints what both are good for, and saves it as a figure. With few noisy
observations weight decay keeps the weights small and lowers the error on others. Where some targets
were mistyped, a hundred times too large, clipping bounds the harm that one of them does.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinydl import (
    abs,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    double,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    max,
    mse,
    predict,
    rand,
    randn,
    rng,
    sgdmupdate,
    sin,
    size,
    sum,
    tanhLayer,
    trainingOptions,
    trainnet,
)

FIGURES = Path(__file__).parent / "figures"
NUM_FEATURES = 10
MINI_BATCH_SIZE = 20
LEARN_RATE, MOMENTUM = 0.05, 0.9
THRESHOLD = 0.5


# ---- what stands between dlgradient and the solver ----------------------------------------------


def decayWeights(gradients, learnables, l2Regularization):
    """The gradients, with λ w added for weights."""
    isWeight = learnables.Parameter == "Weights"
    gradients[isWeight] = dlupdate(
        lambda g, w: g + l2Regularization * w, gradients[isWeight], learnables[isWeight]
    )
    return gradients


def clipEach(gradients, threshold):
    """Each array of gradients, shortened to the threshold if it is longer."""
    return dlupdate(lambda g: g * shrinkage(sum(g**2, "all"), threshold), gradients)


def clipTogether(gradients, threshold):
    """All gradients, multiplied by one factor: the direction of the step stays."""
    factor = shrinkage(sum([float(sum(g**2, "all")) for g in gradients.Value]), threshold)
    return dlupdate(lambda g: g * factor, gradients)


def shrinkage(squaredLength, threshold):
    length = math.sqrt(squaredLength)
    return threshold / length if length > threshold else 1


WAYS = {"no clipping": None, "each array clipped": clipEach, "all clipped together": clipTogether}


# ---- network and loop ---------------------------------------------------------------------------


def buildNetwork(numHidden=50):
    layers = [
        featureInputLayer(NUM_FEATURES),
        fullyConnectedLayer(numHidden),
        tanhLayer(),
        fullyConnectedLayer(numHidden),
        tanhLayer(),
        fullyConnectedLayer(1),
    ]
    return dlupdate(double, dlnetwork(layers))


def observations(count, noise=0.0):
    """Ten features, of which three matter: t = sin(2 x₀) + x₁ x₂, with noise."""
    X = dlarray(randn(NUM_FEATURES, count), "CB")
    T = sin(2 * X[0, :]) + X[1, :] * X[2, :] + noise * randn(1, count)
    return X, T


def modelLoss(net, X, T):
    Y, _ = forward(net, X)
    loss = mse(Y, T)
    return loss, dlgradient(loss, net.Learnables)


def train(net, X, T, numEpochs, l2Regularization=0.0, clip=None, watch=None):
    """The network after training, and what watch(net) was after each iteration."""
    velocity, watched = [], []
    for _ in range(numEpochs):
        for i in range(0, size(X, "B"), MINI_BATCH_SIZE):
            idx = slice(i, i + MINI_BATCH_SIZE)
            _, gradients = dlfeval(modelLoss, net, X[:, idx], T[:, idx])
            gradients = decayWeights(gradients, net.Learnables, l2Regularization)
            if clip is not None:
                gradients = clip(gradients, THRESHOLD)
            net, velocity = sgdmupdate(net, gradients, velocity, LEARN_RATE, MOMENTUM)
            if watch is not None:
                watched.append(watch(net))
    return net, watched


def rmse(net, X, T):
    return math.sqrt(2 * float(mse(predict(net, X), T)))  # mse is half the mean square


def weightsNorm(net):
    """√(Σ w²) over all weights."""
    isWeight = net.Learnables.Parameter == "Weights"
    return math.sqrt(sum([float(sum(w**2, "all")) for w in net.Learnables[isWeight].Value]))


# ---- three comparisons --------------------------------------------------------------------------


def differenceFromTrainnet(net, X, T, clip, method, numEpochs=5):
    """The largest difference between parameters of the loop and of trainnet."""
    l2Regularization = 0.01
    options = trainingOptions(
        "sgdm",
        InitialLearnRate=LEARN_RATE,
        Momentum=MOMENTUM,
        MaxEpochs=numEpochs,
        MiniBatchSize=MINI_BATCH_SIZE,
        Shuffle="never",
        L2Regularization=l2Regularization,
        GradientThreshold=THRESHOLD,
        GradientThresholdMethod=method,
        Verbose=False,
    )
    byTrainnet = trainnet(X, T, net, "mse", options)
    byLoop, _ = train(net, X, T, numEpochs, l2Regularization, clip)
    pairs = zip(byLoop.Learnables.Value, byTrainnet.Learnables.Value, strict=True)
    return float(max([max(abs(a - b), "all") for a, b in pairs]))


def compareDecays(net, test, decays, numEpochs=100):
    """For each λ: the error where it was trained, the error on others, the norm of the weights."""
    X, T = observations(200, noise=0.5)
    found = []
    for l2Regularization in decays:
        trained, _ = train(net, X, T, numEpochs, l2Regularization)
        found.append((rmse(trained, X, T), rmse(trained, *test), weightsNorm(trained)))
    return found


def compareClipping(net, test, numEpochs=10):
    """For each way: the error on right targets after each iteration with some wrong ones."""
    X, T = observations(1000, noise=0.1)
    isMistyped = rand(1, 1000) < 0.01
    T[isMistyped] = 100 * T[isMistyped]
    watch = lambda net: rmse(net, *test)
    return {
        name: train(net, X, T, numEpochs, clip=clip, watch=watch)[1] for name, clip in WAYS.items()
    }


def plotBoth(decays, found, errors):
    """Errors and norms over λ; the error over the iterations for each way of clipping."""
    FIGURES.mkdir(exist_ok=True)
    _, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    onTraining, onTest, norms = zip(*found, strict=True)
    places = [f"{decay:g}" for decay in decays]
    lines = left.plot(places, onTest, "o-", label="RMSE on other observations")
    lines += left.plot(places, onTraining, "s-", label="RMSE where it was trained")
    left.set_ylim(0)
    left.set_xlabel("Weight decay λ")
    left.set_ylabel("RMSE")
    norm = left.twinx()
    lines += norm.plot(places, norms, "k^--", label="norm of the weights (right)")
    norm.set_ylim(0)
    norm.set_ylabel("Norm of the weights")
    left.legend(handles=lines, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    for name, curve in errors.items():
        right.semilogy(curve, linewidth=0.8, label=name)
    right.set_xlabel("Iteration")
    right.set_ylabel("RMSE on right targets")
    right.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
    plt.savefig(FIGURES / "weight_decay_clipping.png", dpi=90)
    plt.close()


def main():
    rng("default")
    start = time.perf_counter()
    net, test = buildNetwork(), observations(1000)
    X, T = observations(200, noise=0.5)
    differences = [
        differenceFromTrainnet(net, X, T, clipEach, "l2norm"),
        differenceFromTrainnet(net, X, T, clipTogether, "global-l2norm"),
    ]
    print(f"the loop and trainnet differ by at most {max(differences):.1e}")

    decays = (0, 0.001, 0.003, 0.01, 0.03, 0.1)
    found = compareDecays(net, test, decays)
    print("     λ  RMSE in training  RMSE on others  norm of the weights")
    for decay, (onTraining, onTest, norm) in zip(decays, found, strict=True):
        print(f"{decay:>6}  {onTraining:>16.3f}  {onTest:>14.3f}  {norm:>19.2f}")

    errors = compareClipping(net, test)
    afterwards = {name: float(np.median(curve[-50:])) for name, curve in errors.items()}
    for name, error in afterwards.items():
        print(f"1 % of the targets wrong, {name}: RMSE on right targets = {error:.2f}")
    plotBoth(decays, found, errors)
    print(f"{time.perf_counter() - start:.0f} s")
    return differences, found, list(afterwards.values())


if __name__ == "__main__":
    differences, found, afterwards = main()
    assert max(differences) < 1e-12
    _, onTest, norms = np.transpose(found)
    assert (np.diff(norms) < 0).all(), "the more decay, the smaller the weights"
    assert onTest.min() < 0.85 * onTest[0], "some decay is better than none"
    assert onTest.argmin() < len(onTest) - 1, "and more is too much"
    without, *clipped = afterwards
    assert max(clipped) < 1 < 3 < without, "clipping bounds the harm of wrong targets"
