"""Regression with a convolutional network: by how many degrees is a digit turned?

The digits are turned by −45 to 45 degrees, and the network has one output, the angle. Its loss is
half the mean squared error. There is no loop: trainnet trains, trainingOptions say how.

    python examples/digit_angles.py

prints the root-mean-square error on the test set in degrees, beside that of always answering the
mean angle, and how many answers lie within 10 degrees. It saves a figure: the predicted angles over
the true ones, and which digits are harder.
"""

from __future__ import annotations

import time
from pathlib import Path

import matplotlib.pyplot as plt

from tinydl import (
    abs,
    averagePooling2dLayer,
    batchNormalizationLayer,
    categories,
    convolution2dLayer,
    digitTest4DArrayData,
    digitTrain4DArrayData,
    dlnetwork,
    dropoutLayer,
    fullyConnectedLayer,
    imageInputLayer,
    mean,
    minibatchpredict,
    reluLayer,
    rng,
    sqrt,
    trainingOptions,
    trainnet,
)

FIGURES = Path(__file__).parent / "figures"
THRESHOLD = 10  # degrees


def buildNetwork():
    layers = [
        imageInputLayer([28, 28, 1]),
        convolution2dLayer(3, 8, Padding="same"),
        batchNormalizationLayer(),
        reluLayer(),
        averagePooling2dLayer(2, Stride=2),
        convolution2dLayer(3, 16, Padding="same"),
        batchNormalizationLayer(),
        reluLayer(),
        averagePooling2dLayer(2, Stride=2),
        convolution2dLayer(3, 32, Padding="same"),
        batchNormalizationLayer(),
        reluLayer(),
        convolution2dLayer(3, 32, Padding="same"),
        batchNormalizationLayer(),
        reluLayer(),
        dropoutLayer(0.2),
        fullyConnectedLayer(1),
    ]
    return dlnetwork(layers)


def rmse(errors):
    return float(sqrt(mean(errors**2, "all")))


def plotAngles(anglesTest, YTest, labels, errors):
    """Predicted over true angles, and the errors digit by digit."""
    FIGURES.mkdir(exist_ok=True)
    _, panels = plt.subplots(1, 2, figsize=(10, 4.5), width_ratios=(1, 1.2))
    panels[0].plot(anglesTest, YTest, ".", markersize=2, alpha=0.5)
    panels[0].plot([-60, 60], [-60, 60], "r--", linewidth=1)
    panels[0].set_xlim(-60, 60)
    panels[0].set_ylim(-60, 60)
    panels[0].set_aspect("equal")
    panels[0].set_xlabel("True angle (degrees)")
    panels[0].set_ylabel("Predicted angle (degrees)")
    classes = categories(labels)
    panels[1].bar(classes, [rmse(errors[labels == digit]) for digit in classes])
    panels[1].set_xlabel("Digit")
    panels[1].set_ylabel("RMSE (degrees)")
    plt.tight_layout()
    plt.savefig(FIGURES / "digit_angles.png", dpi=100)
    plt.close()


def main(maxEpochs=10):
    rng("default")
    XTrain, _, anglesTrain = digitTrain4DArrayData("synthetic")  # MNIST would have no angles
    XTest, labels, anglesTest = digitTest4DArrayData("synthetic")

    options = trainingOptions(
        "sgdm",
        InitialLearnRate=0.001,
        LearnRateSchedule="cosine",
        MaxEpochs=maxEpochs,
        MiniBatchSize=128,
        Shuffle="every-epoch",
        Metrics="rmse",
        VerboseFrequency=39,
    )
    start = time.perf_counter()
    net = trainnet(XTrain, anglesTrain, buildNetwork(), "mse", options)
    print(f"{time.perf_counter() - start:.0f} s")

    YTest = minibatchpredict(net, XTest)
    errors = anglesTest - YTest
    rmseTest = rmse(errors)
    rmseOfMean = rmse(anglesTest - mean(anglesTrain, "all"))
    accuracy = float(mean(abs(errors) < THRESHOLD, "all"))
    plotAngles(anglesTest, YTest, labels, errors)
    print("data: tinydl synthetic digits v1 (not MATLAB's)")
    print(f"RMSE = {rmseTest:.2f} degrees; always the mean angle: {rmseOfMean:.2f} degrees")
    print(f"within {THRESHOLD} degrees: {accuracy:.4f}")
    return rmseTest, accuracy


if __name__ == "__main__":
    rmseTest, accuracy = main()
    assert 4 <= rmseTest <= 6
    assert 0.90 <= accuracy <= 0.98
