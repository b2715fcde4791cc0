"""Are these two the same digit? A Siamese network, which compares two images.

Both images go through one network f, which makes 32 numbers of each, and the distances of those are
weighed:

    p = σ(w · |σ(f(x₁)) − σ(f(x₂))| + b)

is the probability that they show the same digit. The loss is the binary cross entropy of p, for
pairs of which one half is alike. The parameters of f are learned through both branches at once, w
and b together with them: one dlgradient gives both gradients.

    python examples/siamese.py

trains on pairs of the digits 0 to 6, and prints the accuracy on pairs of images that were held out:
of the same digits, and of 7, 8 and 9, of which it has seen none. It saves a figure of some pairs.
"""

from __future__ import annotations

import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinydl import (
    abs,
    adamupdate,
    convolution2dLayer,
    crossentropy,
    digitTest4DArrayData,
    digitTrain4DArrayData,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    double,
    extractdata,
    forward,
    fullyconnect,
    fullyConnectedLayer,
    imageInputLayer,
    maxPooling2dLayer,
    mean,
    numel,
    rand,
    randi,
    randn,
    reluLayer,
    rng,
    sigmoid,
    single,
)

FIGURES = Path(__file__).parent / "figures"
NUM_FEATURES = 32
KNOWN, UNKNOWN = range(7), range(7, 10)  # the digits that are trained with, and the others


def buildNetwork():
    """The network that both images go through, and the weights that compare what it makes."""
    layers = [
        imageInputLayer([28, 28, 1], Normalization="none"),
        convolution2dLayer(5, 16),
        reluLayer(),
        maxPooling2dLayer(2, Stride=2),
        convolution2dLayer(3, 32),
        reluLayer(),
        maxPooling2dLayer(2, Stride=2),
        fullyConnectedLayer(NUM_FEATURES),
    ]
    fcParams = {
        "FcWeights": dlarray(single(0.01 * randn(1, NUM_FEATURES))),
        "FcBias": dlarray(single(0.01 * randn(1, 1))),
    }
    return dlnetwork(layers), fcParams


def imagesOf(digits, X, labels):
    """The images of some digits, and which digit is on each."""
    numbers = double(labels) - 1  # category 1 is the digit 0
    chosen = np.isin(numbers, digits)
    return single(X[:, :, :, chosen]), numbers[chosen]


def getTwinBatch(X, digits, miniBatchSize):
    """Pairs of images, and whether they show the same digit: of about one half they do."""
    pairs = np.empty((2, miniBatchSize), int)
    isAlike = rand(1, miniBatchSize) < 0.5
    for i in range(miniBatchSize):
        pairs[0, i] = randi(numel(digits)) - 1
        others = np.flatnonzero((digits == digits[pairs[0, i]]) == isAlike[0, i])
        pairs[1, i] = others[int(randi(numel(others))) - 1]
    X1, X2 = [dlarray(X[:, :, :, idx], "SSCB") for idx in pairs]
    return X1, X2, dlarray(single(isAlike), "CB")


def forwardSiamese(net, fcParams, X1, X2):
    """The probability that two images show the same digit, for each pair."""
    F1, _ = forward(net, X1)
    F2, _ = forward(net, X2)
    Y = abs(sigmoid(F1) - sigmoid(F2))
    Y = fullyconnect(Y, fcParams["FcWeights"], fcParams["FcBias"])
    return sigmoid(Y)


def modelLoss(net, fcParams, X1, X2, pairLabels):
    Y = forwardSiamese(net, fcParams, X1, X2)
    loss = crossentropy(Y, pairLabels, ClassificationMode="multilabel")
    gradientsSubnet, gradientsParams = dlgradient(loss, net.Learnables, fcParams)
    return loss, gradientsSubnet, gradientsParams


def train(net, fcParams, X, digits, numIterations, miniBatchSize=64, learnRate=0.003):
    avgGradSubnet, avgSqGradSubnet, avgGradParams, avgSqGradParams = [], [], [], []
    for iteration in range(1, numIterations + 1):
        X1, X2, pairLabels = getTwinBatch(X, digits, miniBatchSize)
        loss, gradientsSubnet, gradientsParams = dlfeval(
            modelLoss, net, fcParams, X1, X2, pairLabels
        )
        net, avgGradSubnet, avgSqGradSubnet = adamupdate(
            net, gradientsSubnet, avgGradSubnet, avgSqGradSubnet, iteration, learnRate
        )
        fcParams, avgGradParams, avgSqGradParams = adamupdate(
            fcParams, gradientsParams, avgGradParams, avgSqGradParams, iteration, learnRate
        )
        if iteration % 50 == 0:
            print(f"Iteration: {iteration}, Loss: {loss:.4f}")
    return net, fcParams


def accuracyOf(net, fcParams, X, digits, numBatches, miniBatchSize=250):
    """The part of random pairs that are told to be alike and are, or are not and are not."""
    isRight = []
    for _ in range(numBatches):
        X1, X2, pairLabels = getTwinBatch(X, digits, miniBatchSize)
        Y = forwardSiamese(net, fcParams, X1, X2)
        isRight.append(extractdata(Y > 0.5) == extractdata(pairLabels))
    return float(mean(np.stack(isRight), "all"))


def plotPairs(net, fcParams, images):
    """Some pairs of the known digits, and of the unknown ones, each with its probability."""
    _, panels = plt.subplots(len(images), 9, figsize=(10, 4))
    for row, (title, (X, digits)) in zip(panels, images.items(), strict=True):
        X1, X2, pairLabels = getTwinBatch(X, digits, row.size)
        Y = extractdata(forwardSiamese(net, fcParams, X1, X2))[0]
        isAlike = extractdata(pairLabels)[0] == 1
        for i, panel in enumerate(row):
            pair = [extractdata(side)[:, :, 0, i] for side in (X1, X2)]
            panel.imshow(np.vstack(pair), cmap="gray_r", vmin=0, vmax=1)
            panel.axhline(27.5, color="0.5", lw=0.5)
            panel.set_xticks([])
            panel.set_yticks([])
            isRight = (Y[i] > 0.5) == isAlike[i]
            truth = "same" if isAlike[i] else "different"
            panel.set_title(f"p = {Y[i]:.2f}\n{truth}", color="k" if isRight else "r", fontsize=9)
        row[0].set_ylabel(title, fontsize=9)
    plt.tight_layout()
    FIGURES.mkdir(exist_ok=True)
    plt.savefig(FIGURES / "siamese.png", dpi=100)
    plt.close()


def main(numIterations=400, numBatches=8):
    rng("default")
    start = time.perf_counter()
    XTrain, labelsTrain, _ = digitTrain4DArrayData()
    XTest, labelsTest, _ = digitTest4DArrayData()
    known, unknown = [imagesOf(digits, XTest, labelsTest) for digits in (KNOWN, UNKNOWN)]

    net, fcParams = train(*buildNetwork(), *imagesOf(KNOWN, XTrain, labelsTrain), numIterations)

    accuracy = accuracyOf(net, fcParams, *known, numBatches)
    accuracyUnknown = accuracyOf(net, fcParams, *unknown, numBatches)
    plotPairs(net, fcParams, {"digits 0 to 6": known, "7, 8, 9: not trained": unknown})
    print(f"{time.perf_counter() - start:.0f} s")
    print(f"pairs of the digits 7, 8, 9: accuracy = {accuracyUnknown:.4f}")
    print(f"pairs of the digits 0 to 6: accuracy = {accuracy:.4f}")
    return accuracy, accuracyUnknown


if __name__ == "__main__":
    accuracy, accuracyUnknown = main()
    assert 0.94 <= accuracy <= 1, "pairs of the digits that were trained are told apart"
    assert 0.52 <= accuracyUnknown < accuracy, "others a little better than by guessing"
