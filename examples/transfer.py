"""Transfer learning: what was learned from the digits 0 to 4 helps to read 5 to 9.

A network learns to tell 0, 1, 2, 3 and 4 apart, from 500 images of each. Then its last layer with
weights is replaced by a new one, all before it is frozen, and the new layer learns 5, 6, 7, 8 and 9
from a few images of each. The same network, learned from those few images alone, is what it is
compared with.

Frozen are the Learnables, by learn-rate factors of 0, which solvers honour: w ← w − 0 · step leaves
w as it is, bit for bit. Frozen is also the State of batch normalization, by fix_statistics: forward
would move it otherwise.

    python examples/transfer.py

prints the accuracy with and without transfer for several numbers of images, on images that were
held out, checks that what is frozen stayed the same, and saves a figure.
"""

from __future__ import annotations

import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinydl import (
    adamupdate,
    batchNormalizationLayer,
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
    fix_statistics,
    forward,
    freezeNetwork,
    fullyConnectedLayer,
    imageInputLayer,
    initialize,
    isequal,
    max,
    maxPooling2dLayer,
    mean,
    onehotencode,
    predict,
    randperm,
    reluLayer,
    replaceLayer,
    rng,
    single,
    softmaxLayer,
)

FIGURES = Path(__file__).parent / "figures"
OLD_DIGITS, NEW_DIGITS = range(5), range(5, 10)
IMAGES_OF_EACH = (1, 2, 5, 10)  # of the new digits
NUM_DRAWS = 3  # of those images


def buildNetwork():
    layers = [
        imageInputLayer([28, 28, 1], Normalization="none"),
        convolution2dLayer(5, 16, Name="conv1"),
        batchNormalizationLayer(Name="bn1"),
        reluLayer(),
        maxPooling2dLayer(2, Stride=2),
        convolution2dLayer(3, 32, Name="conv2"),
        batchNormalizationLayer(Name="bn2"),
        reluLayer(),
        maxPooling2dLayer(2, Stride=2),
        convolution2dLayer(3, 32, Padding=1, Name="conv3"),
        batchNormalizationLayer(Name="bn3"),
        reluLayer(),
        fullyConnectedLayer(5, Name="fc"),
        softmaxLayer(),
    ]
    return dlnetwork(layers)


def transferred(net):
    """The network frozen, with a new last layer that is not."""
    net = fix_statistics(freezeNetwork(net))
    net = replaceLayer(net, "fc", fullyConnectedLayer(5, Name="new_fc"))
    return initialize(net)


def loadDigits(load, digits):
    """The images of some digits, and the one-hot columns that say which of them each is."""
    X, labels, _ = load()
    numbers = double(labels) - 1  # category 1 is the digit 0
    chosen = np.isin(numbers, digits)
    return single(X[:, :, :, chosen]), onehotencode(numbers[chosen], axis=0, ClassNames=digits)


def drawFew(X, T, numOfEach):
    """Some images of each class, at random."""
    idx = np.concatenate([np.flatnonzero(row)[randperm(int(row.sum()), numOfEach)] for row in T])
    return X[:, :, :, idx], T[:, idx]


def modelLoss(net, X, T):
    Y, state = forward(net, X)
    loss = crossentropy(Y, T)
    return loss, dlgradient(loss, net.Learnables), state


def train(net, X, T, numIterations, miniBatchSize=64, learnRate=0.003):
    averageGrad, averageSqGrad, order = [], [], []
    for iteration in range(1, numIterations + 1):
        if len(order) < miniBatchSize:
            order = randperm(X.shape[3])
        idx, order = order[:miniBatchSize], order[miniBatchSize:]
        _, gradients, net.State = dlfeval(
            modelLoss, net, dlarray(X[:, :, :, idx], "SSCB"), T[:, idx]
        )
        net, averageGrad, averageSqGrad = adamupdate(
            net, gradients, averageGrad, averageSqGrad, iteration, learnRate
        )
    return net


def accuracyOf(net, X, T):
    _, found = max(extractdata(predict(net, dlarray(X, "SSCB"))), axis=0, nargout=2)
    _, truth = max(T, axis=0, nargout=2)
    return float(mean(found == truth, "all"))


def isFrozenEqual(before, after):
    """Whether the Learnables before the last layer, and all State, are the same in both."""
    rows = [*zip(before.Learnables, after.Learnables, strict=True),
            *zip(before.State, after.State, strict=True)]  # fmt: skip
    return all([bitsOf(old) == bitsOf(new) for old, new in rows if new.Layer != "new_fc"])


def bitsOf(row):
    return extractdata(row.Value).tobytes()


def compare(old, few, test, numIterations):
    """The accuracy with and without transfer after training with a few images."""
    first = transferred(old)
    net = train(first, *few, numIterations)
    assert isFrozenEqual(old, net)
    assert not isequal(first.Learnables, net.Learnables)  # what is new has learned
    return accuracyOf(net, *test), accuracyOf(train(buildNetwork(), *few, numIterations), *test)


def plotAccuracies(accuracies):
    """Both accuracies over the number of images: means as lines, all draws as dots."""
    plt.figure(figsize=(6, 4))
    styles = {"with transfer": "bo", "without": "rs"}
    for (name, style), found in zip(styles.items(), np.moveaxis(accuracies, 2, 0), strict=True):
        plt.semilogx(IMAGES_OF_EACH, found.mean(axis=1), style + "-", label=name)
        plt.semilogx(IMAGES_OF_EACH, found, style[0] + ".", alpha=0.4)
    plt.xticks(IMAGES_OF_EACH, [str(n) for n in IMAGES_OF_EACH])
    plt.minorticks_off()
    plt.axhline(0.2, color="k", ls=":", label="guessing")
    plt.xlabel("Images of each new digit")
    plt.ylabel("Accuracy on the digits 5 to 9")
    plt.ylim(0, 1)
    plt.legend(loc="lower right")
    plt.grid(True, alpha=0.3)
    plt.tight_layout()
    FIGURES.mkdir(exist_ok=True)
    plt.savefig(FIGURES / "transfer.png", dpi=120)
    plt.close()


def main(numIterations=150, numFewIterations=50, numTest=100):
    rng("default")
    start = time.perf_counter()
    net = train(buildNetwork(), *loadDigits(digitTrain4DArrayData, OLD_DIGITS), numIterations)
    accuracy = accuracyOf(net, *loadDigits(digitTest4DArrayData, OLD_DIGITS))
    print(f"the digits 0 to 4: accuracy = {accuracy:.4f}")

    many = loadDigits(digitTrain4DArrayData, NEW_DIGITS)
    test = drawFew(*loadDigits(digitTest4DArrayData, NEW_DIGITS), numTest)
    accuracies = np.array([
        [compare(net, drawFew(*many, numOfEach), test, numFewIterations) for _ in range(NUM_DRAWS)]
        for numOfEach in IMAGES_OF_EACH
    ])  # fmt: skip
    plotAccuracies(accuracies)
    print(f"{time.perf_counter() - start:.0f} s")
    print(f"the digits 5 to 9, means of {NUM_DRAWS} draws\nimages of each  transfer   without")
    for numOfEach, (with_, without) in zip(IMAGES_OF_EACH, accuracies.mean(axis=1), strict=True):
        print(f"{numOfEach:>14} {with_:>9.4f} {without:>9.4f}")
    print("what is frozen stayed the same, bit for bit")

    return accuracies.mean(axis=1)


if __name__ == "__main__":
    with_, without = main().T
    assert 0.65 <= with_[IMAGES_OF_EACH.index(5)] <= 0.9, "five images of each digit do much"
    assert np.mean(with_[:3] - without[:3]) > 0.02, "the fewer there are, the more transfer helps"
