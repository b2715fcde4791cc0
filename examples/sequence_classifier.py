"""A sequence classifier: which digit is a pen writing?

A digit is the way of a pen, in n − 1 steps of equal length. Each step is three numbers, how far it
goes to the right, how far down, and whether the pen is lifted meanwhile. An LSTM network reads one
step after the other; what it remembers after the last one, h_n, decides:

    p = softmax(W h_n + b)

    python examples/sequence_classifier.py

trains in a loop of its own, over mini-batches of minibatchqueue. Their sequences differ in length,
n is from 12 to 40, and are padded to one length before their beginning: OutputMode="last" gives the
state after the last time of the batch, which has to be the end of every sequence. The accuracy on
digits that were held out is printed, for comparison also with padding behind the end, and a figure
shows some of them, and how the network makes up its mind.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinydl import (
    adamupdate,
    arrayDatastore,
    categorical,
    combine,
    crossentropy,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    extractdata,
    forward,
    fullyConnectedLayer,
    hasdata,
    lstmLayer,
    mean,
    minibatchqueue,
    next,
    onehotdecode,
    onehotencode,
    padsequences,
    predict,
    rand,
    randi,
    randn,
    rng,
    sequenceInputLayer,
    shuffle,
    single,
    softmaxLayer,
    thresholdL2Norm,
)
from tinydl.data.pen import STROKES

FIGURES = Path(__file__).parent / "figures"
DIGITS = [str(digit) for digit in STROKES]
NUM_POINTS = [12, 40]  # the fewest and the most of a digit
JITTER = 0.08  # shift of a corner, of the height
SLANT = 0.2
LARGEST_ANGLE = 30  # degrees


# ---- data: digits as the ways of a pen -----------------------------------------------------------


def writeDigit(digit):
    """A digit in one of its styles, as 3 × time: steps to the right and down, and pen lifted."""
    styles = STROKES[digit]
    strokes = [np.array([corner.split(",") for corner in stroke.split()], float) / 100 - 0.5
               for stroke in styles[int(randi(len(styles))) - 1].split("|")]  # fmt: skip
    begins = np.concatenate([np.arange(len(stroke)) == 0 for stroke in strokes])
    corners = np.concatenate(strokes)
    corners = (corners + JITTER * randn(*corners.shape)) @ randomShape()

    # Points at equal distances along the lines from corner to corner.
    way = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))])
    at = np.linspace(0, way[-1], int(randi(NUM_POINTS)))
    points = np.stack([np.interp(at, way, corners[:, i]) for i in range(2)])
    lifted = begins[np.searchsorted(way, at[:-1], side="right")]
    return single(np.vstack([10 * np.diff(points), lifted]))


def randomShape():
    """A matrix that makes a digit narrower, slants it, and turns it."""
    angle = np.deg2rad(LARGEST_ANGLE) * (2 * rand() - 1)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.array([[0.75, 0], [SLANT * float(randn()), 1]]) @ turn


def writeDigits(numObservations):
    """The sequences in a list, and which digit each is."""
    digits = [i % len(DIGITS) for i in range(numObservations)]
    return [writeDigit(digit) for digit in digits], categorical(digits, range(10), DIGITS)


def preprocessMiniBatch(sequences, labels, Direction="left"):
    """Sequences as channels × time × observations, and a column of 0 and 1 for each label."""
    X = padsequences(sequences, axis=1, Direction=Direction)
    return X, onehotencode(labels, axis=0)


def makeQueue(sequences, labels, preprocess=preprocessMiniBatch, **options):
    ds = combine(arrayDatastore(sequences), arrayDatastore(labels))
    formats = ["CTB", "CB"]
    return minibatchqueue(ds, MiniBatchFcn=preprocess, MiniBatchFormat=formats, **options)


# ---- network, loss and loop ----------------------------------------------------------------------


def buildNetwork(numHiddenUnits=48):
    layers = [
        sequenceInputLayer(3),
        lstmLayer(numHiddenUnits, OutputMode="last"),
        fullyConnectedLayer(len(DIGITS)),
        softmaxLayer(),
    ]
    return dlnetwork(layers)


def modelLoss(net, X, T):
    Y, _ = forward(net, X)  # each mini-batch holds other sequences: the State is not kept
    loss = crossentropy(Y, T)
    return loss, dlgradient(loss, net.Learnables)


def train(net, mbq, numEpochs, learnRate=0.01, gradientThreshold=1):
    averageGrad, averageSqGrad, iteration = [], [], 0
    for epoch in range(1, numEpochs + 1):
        shuffle(mbq)
        while hasdata(mbq):
            iteration = iteration + 1
            X, T = next(mbq)
            loss, gradients = dlfeval(modelLoss, net, X, T)
            gradients = dlupdate(lambda g: thresholdL2Norm(g, gradientThreshold), gradients)
            net, averageGrad, averageSqGrad = adamupdate(
                net, gradients, averageGrad, averageSqGrad, iteration, learnRate
            )
        print(f"Epoch: {epoch}, Iteration: {iteration}, Loss: {loss:.4f}")
    return net


def accuracyOf(net, mbq):
    isRight = [
        onehotdecode(predict(net, X), DIGITS, axis=0) == onehotdecode(T, DIGITS, axis=0)
        for X, T in mbq
    ]
    return float(mean(np.concatenate(isRight, axis=None)))


# ---- figure --------------------------------------------------------------------------------------


def scoresOf(net, sequences):
    """The probabilities of all digits, for each sequence: 10 × B."""
    X = padsequences(sequences, axis=1, Direction="left")
    return extractdata(predict(net, dlarray(X, "CTB")))


def plotDigit(panel, sequence):
    """The way of the pen, with a dot after each step; dotted where it is lifted."""
    points = np.cumsum(np.hstack([np.zeros((2, 1)), sequence[:2]]), axis=1)
    for i, lifted in enumerate(sequence[2]):
        panel.plot(*points[:, i : i + 2], "k:" if lifted else "b.-", markersize=4)
    panel.plot(*points[:, 0], "go")
    panel.set_aspect("equal")
    panel.invert_yaxis()
    panel.axis("off")


def plotResults(net, sequences, labels):
    """Some digits with what they were read as, and the probabilities while one is written."""
    found = scoresOf(net, sequences).argmax(axis=0)
    truth = np.array([int(name) for name in labels])
    wrong = np.flatnonzero(found != truth)
    shown = np.concatenate([np.flatnonzero(found == truth)[: 12 - wrong[:3].size], wrong[:3]])
    figure, panels = plt.subplot_mosaic(
        [[*range(4), "course"], [*range(4, 8), "course"], [*range(8, 12), "course"]],
        figsize=(10, 4.5), width_ratios=[1, 1, 1, 1, 4],
    )  # fmt: skip
    for place, i in enumerate(shown):
        plotDigit(panels[place], sequences[i])
        text = f"{found[i]}" if found[i] == truth[i] else f"{found[i]}, but is {truth[i]}"
        panels[place].set_title(text, color="k" if found[i] == truth[i] else "r", fontsize=10)
    figure.suptitle("held out (the pen begins at the green dot), and read as", x=0.3, fontsize=10)
    plotCourse(panels["course"], net, sequences[shown[8]], truth[shown[8]])
    figure.tight_layout()
    FIGURES.mkdir(exist_ok=True)
    plt.savefig(FIGURES / "sequence_classifier.png", dpi=100)
    plt.close()


def plotCourse(panel, net, sequence, digit):
    """The probabilities after each step of one digit; those that are ever large have a name."""
    numSteps = range(1, sequence.shape[1] + 1)
    scores = scoresOf(net, [sequence[:, :k] for k in numSteps])
    for i, curve in enumerate(scores):
        isNamed = curve.max() > 0.3
        panel.plot(numSteps, curve, label=DIGITS[i] if isNamed else None, lw=2 if isNamed else 0.5)
    panel.set_xlabel("Steps of the pen")
    panel.set_ylabel("Probability")
    panel.set_title(f"while a {digit} is written")
    panel.legend(title="digit")


def main(numEpochs=8, numTest=1000):
    rng("default")
    start = time.perf_counter()
    mbqTrain = makeQueue(*writeDigits(2000), MiniBatchSize=64, PartialMiniBatch="discard")
    net = train(buildNetwork(), mbqTrain, numEpochs)

    sequences, labels = writeDigits(numTest)
    behind = partial(preprocessMiniBatch, Direction="right")
    accuracy = accuracyOf(net, makeQueue(sequences, labels))
    atPadding = accuracyOf(net, makeQueue(sequences, labels, behind))
    plotResults(net, sequences, labels)
    print(f"{time.perf_counter() - start:.0f} s")
    print(f"padded behind the end: accuracy = {atPadding:.4f}")
    print(f"padded before the beginning: accuracy = {accuracy:.4f}")
    return accuracy, atPadding


if __name__ == "__main__":
    accuracy, atPadding = main()
    assert 0.93 <= accuracy <= 1, "nearly all digits that were held out are read"
    assert atPadding < accuracy - 0.1, "the last time of a batch has to be that of each sequence"
