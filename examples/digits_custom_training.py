"""Update batch normalization statistics in a custom training loop: the digits network.

A network of three convolutions learns to read digits that are turned by up to 45 degrees. The loop
is written out: shuffle, take a mini-batch, evaluate the gradients with dlfeval, keep the new State,
update the parameters by stochastic gradient descent with momentum.

    python examples/digits_custom_training.py

prints the network, its State and the accuracy on a test set, and saves the training progress as a
figure. ``--epochs 1`` trains for less, ``--shuffled-labels`` shows that nothing is learned from
labels that do not belong to their images. Where a GPU works it is used; ``--executionEnvironment
cpu`` trains without.
"""

from __future__ import annotations

import argparse
from math import ceil, floor, inf
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinydl import (
    addpoints,
    animatedline,
    batchNormalizationLayer,
    canUseGPU,
    categories,
    convolution2dLayer,
    crossentropy,
    digitTest4DArrayData,
    digitTrain4DArrayData,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    double,
    drawnow,
    duration,
    extractdata,
    figure,
    forward,
    fullyConnectedLayer,
    gather,
    gpuArray,
    imageInputLayer,
    layerGraph,
    max,
    mean,
    numel,
    predict,
    randperm,
    reluLayer,
    sgdmupdate,
    single,
    size,
    softmaxLayer,
    tic,
    toc,
    ylim,
    zeros,
)

FIGURE = Path(__file__).parent / "figures" / "digits_training_progress.png"


# ---- model gradients and model predictions ------------------------------------------------------


def modelGradients(dlnet, dlX, Y):
    """The gradients of the loss by the learnable parameters, the new State, and the loss."""
    dlYPred, state = forward(dlnet, dlX)

    loss = crossentropy(dlYPred, Y)
    gradients = dlgradient(loss, dlnet.Learnables)

    return gradients, state, loss


def modelPredictions(dlnet, dlX, miniBatchSize):
    """The scores of all classes for all images, found one mini-batch at a time."""
    numObservations = size(dlX, "B")
    numIterations = ceil(numObservations / miniBatchSize)

    numClasses = dlnet.Layers[10].OutputSize
    dlYPred = zeros(numClasses, numObservations, like=dlX)

    for i in range(numIterations):
        idx = slice(i * miniBatchSize, min((i + 1) * miniBatchSize, numObservations))

        dlYPred[:, idx] = predict(dlnet, dlX[:, :, :, idx])

    return dlYPred


def main(numEpochs=5, plots="training-progress", executionEnvironment="auto", shuffledLabels=False):
    # ---- load training data ---------------------------------------------------------------------
    XTrain, YTrain, _ = digitTrain4DArrayData()
    if shuffledLabels:
        YTrain = YTrain[randperm(numel(YTrain))]
    classes = categories(YTrain)
    numClasses = numel(classes)

    # ---- define network -------------------------------------------------------------------------
    layers = [
        imageInputLayer([28, 28, 1], Name="input", Mean=mean(XTrain, axis=3)),
        convolution2dLayer(5, 20, Name="conv1"),
        batchNormalizationLayer(Name="bn1"),
        reluLayer(Name="relu1"),
        convolution2dLayer(3, 20, Padding=1, Name="conv2"),
        batchNormalizationLayer(Name="bn2"),
        reluLayer(Name="relu2"),
        convolution2dLayer(3, 20, Padding=1, Name="conv3"),
        batchNormalizationLayer(Name="bn3"),
        reluLayer(Name="relu3"),
        fullyConnectedLayer(numClasses, Name="fc"),
        softmaxLayer(Name="softmax"),
    ]
    lgraph = layerGraph(layers)

    dlnet = dlnetwork(lgraph)
    print(dlnet)

    print(dlnet.State)

    # ---- specify training options ---------------------------------------------------------------
    miniBatchSize = 128
    learnRate = 0.01
    momentum = 0.9

    # Network and data have to be in the same place: on a GPU both move there.
    if (executionEnvironment == "auto" and canUseGPU()) or executionEnvironment == "gpu":
        dlnet = gpuArray(dlnet)

    # ---- train model ----------------------------------------------------------------------------
    if plots == "training-progress":
        figure()
        lineLossTrain = animatedline(Color=[0.85, 0.325, 0.098])
        ylim([0, inf])
        plt.xlabel("Iteration")
        plt.ylabel("Loss")
        plt.grid(True)

    velocity = []

    numObservations = numel(YTrain)
    numIterationsPerEpoch = floor(numObservations / miniBatchSize)

    iteration = 0
    start = tic()

    # Loop over epochs.
    for epoch in range(1, numEpochs + 1):
        # Shuffle data.
        idx = randperm(numel(YTrain))
        XTrain = XTrain[:, :, :, idx]
        YTrain = YTrain[idx]

        # Loop over mini-batches.
        for i in range(numIterationsPerEpoch):
            iteration = iteration + 1

            # Read a mini-batch, and convert its labels to one column of zeros and a one each.
            idx = slice(i * miniBatchSize, (i + 1) * miniBatchSize)
            X = XTrain[:, :, :, idx]

            Y = zeros(numClasses, miniBatchSize, "single")
            for c in range(numClasses):
                Y[c, YTrain[idx] == classes[c]] = 1

            # Convert the mini-batch to a dlarray.
            dlX = dlarray(single(X), "SSCB")

            # If there is a GPU to train on, move the data there.
            if (executionEnvironment == "auto" and canUseGPU()) or executionEnvironment == "gpu":
                dlX = gpuArray(dlX)

            # Evaluate gradients, State and loss, and keep the State.
            gradients, state, loss = dlfeval(modelGradients, dlnet, dlX, Y)
            dlnet.State = state

            # Update the parameters.
            dlnet, velocity = sgdmupdate(dlnet, gradients, velocity, learnRate, momentum)

            # Display the training progress.
            D = duration(0, 0, toc(start), Format="hh:mm:ss")
            if plots == "training-progress":
                addpoints(lineLossTrain, iteration, double(gather(extractdata(loss))))
                plt.title(f"Epoch: {epoch}, Elapsed: {D}")
                drawnow()
            print(
                f"\rEpoch: {epoch}, Elapsed: {D}, Iteration: {iteration}, Loss: {loss:.4f}",
                end="",
                flush=True,
            )
    print()

    if plots == "training-progress":
        FIGURE.parent.mkdir(exist_ok=True)
        plt.savefig(FIGURE, dpi=100, bbox_inches="tight")
        print(f"figure: {FIGURE}")

    # ---- test model -----------------------------------------------------------------------------
    XTest, YTest, _ = digitTest4DArrayData()

    dlXTest = dlarray(XTest, "SSCB")
    if (executionEnvironment == "auto" and canUseGPU()) or executionEnvironment == "gpu":
        dlXTest = gpuArray(dlXTest)

    dlYPred = modelPredictions(dlnet, dlXTest, miniBatchSize)
    _, idx = max(extractdata(dlYPred), axis=0, nargout=2)
    YPred = classes[gather(idx)]

    accuracy = mean(YPred == YTest)
    print("data: tinydl synthetic digits v1 (not MATLAB's)")
    print(f"accuracy = {accuracy:.4f}")
    return float(accuracy)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument(
        "--plots", choices=("training-progress", "none"), default="training-progress"
    )
    parser.add_argument("--shuffled-labels", action="store_true")
    parser.add_argument("--executionEnvironment", choices=("auto", "cpu", "gpu"), default="auto")
    options = parser.parse_args()

    accuracy = main(
        options.epochs, options.plots, options.executionEnvironment, options.shuffled_labels
    )
    if options.shuffled_labels:
        assert 0.07 <= accuracy <= 0.13, "nothing can be learned from shuffled labels"
    elif options.epochs == 5:
        assert 0.990 <= accuracy <= 0.998, "after five epochs the digits are read well"
    assert np.isfinite(accuracy)
