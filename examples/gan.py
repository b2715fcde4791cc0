"""A generative adversarial network (GAN): one network draws digits, another tells them from real.

The generator G makes an image of random numbers z, and the discriminator D gives the probability
that an image is real. Each has a loss of its own (Goodfellow et al., "Generative adversarial nets",
2014):

    L_D = −mean ln D(x) − mean ln(1 − D(G(z)))      L_G = −mean ln D(G(z))

except that real images count as real by 0.9 only, which keeps D from being too sure. One call of
dlfeval gives both losses, both gradients, and the States of both networks, which have batch
normalization. D is called twice in a step: merge_states makes one State of the two.

    python examples/gan.py

trains with images of 14 × 14 pixels and prints how far the generated images are from real ones that
were held out: the Fréchet distance between normal distributions of the means μ and covariances Σ of
the pixels,

    d² = |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½)

(Dowson and Landau, 1982). For comparison it does so for a generator that was not trained, for
images whose pixels are right one by one but not together, and for other real images. It saves a
figure of generated and real digits.
"""

from __future__ import annotations

import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinydl import (
    abs,
    adamupdate,
    avgpool,
    batchNormalizationLayer,
    convolution2dLayer,
    crossentropy,
    digitTest4DArrayData,
    digitTrain4DArrayData,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    extractdata,
    forward,
    imageInputLayer,
    leakyReluLayer,
    mean,
    merge_states,
    ones,
    predict,
    randn,
    randperm,
    reluLayer,
    rng,
    sigmoidLayer,
    single,
    size,
    tanhLayer,
    transposedConv2dLayer,
)

FIGURES = Path(__file__).parent / "figures"
NUM_LATENT_INPUTS = 32
SIZE = 14  # pixels, of an image
LARGEST_ANGLE = 15  # degrees: digits that are turned by more are left out


def loadDigits(load):
    """Images of half the size, between −1 and 1: 14 × 14 × 1 × N."""
    X, _, angles = load("synthetic")  # MNIST would have no angles
    upright = dlarray(single(X[:, :, :, abs(angles[:, 0]) <= LARGEST_ANGLE]), "SSCB")
    return extractdata(2 * avgpool(upright, 2, Stride=2) - 1)


def randomInputs(numObservations):
    return dlarray(single(randn(1, 1, NUM_LATENT_INPUTS, numObservations)), "SSCB")


def buildGenerator():
    """From 1 × 1 pixel with random numbers as channels to 7 × 7 and 14 × 14."""
    layers = [
        imageInputLayer([1, 1, NUM_LATENT_INPUTS], Normalization="none"),
        transposedConv2dLayer(7, 32),
        batchNormalizationLayer(),
        reluLayer(),
        transposedConv2dLayer(4, 16, Stride=2, Cropping="same"),
        batchNormalizationLayer(),
        reluLayer(),
        convolution2dLayer(5, 1, Padding="same"),
        tanhLayer(),
    ]
    return dlnetwork(layers)


def buildDiscriminator():
    layers = [
        imageInputLayer([SIZE, SIZE, 1], Normalization="none"),
        convolution2dLayer(4, 16, Stride=2, Padding="same"),
        leakyReluLayer(0.2),
        convolution2dLayer(4, 32, Stride=2, Padding="same"),
        batchNormalizationLayer(),
        leakyReluLayer(0.2),
        convolution2dLayer(4, 1),
        sigmoidLayer(),
    ]
    return dlnetwork(layers)


def binaryCrossEntropy(Y, target):
    T = target * ones(size(Y), like=Y)
    return crossentropy(Y, T, ClassificationMode="multilabel")


def modelLoss(netG, netD, X, Z):
    """Both losses, the gradients of each by its own network, and the State of each network."""
    YReal, stateReal = forward(netD, X)
    XGenerated, stateG = forward(netG, Z)
    YGenerated, stateGenerated = forward(netD, XGenerated)

    lossD = binaryCrossEntropy(YReal, 0.9) + binaryCrossEntropy(YGenerated, 0)
    lossG = binaryCrossEntropy(YGenerated, 1)

    gradientsG = dlgradient(lossG, netG.Learnables, RetainData=True)
    gradientsD = dlgradient(lossD, netD.Learnables)
    stateD = merge_states(netD, [stateReal, stateGenerated], [size(X, "B"), size(Z, "B")])
    return lossG, lossD, gradientsG, gradientsD, stateG, stateD


def train(netG, netD, images, numIterations, miniBatchSize=64, learnRate=0.001):
    """Both networks after training, with rates that fall to 0, by two solvers."""
    gradientDecay = 0.5
    avgGradG, avgSqGradG, avgGradD, avgSqGradD = [], [], [], []
    for iteration in range(1, numIterations + 1):
        idx = randperm(images.shape[3], miniBatchSize)
        X, Z = dlarray(images[:, :, :, idx], "SSCB"), randomInputs(miniBatchSize)
        lossG, lossD, gradientsG, gradientsD, netG.State, netD.State = dlfeval(
            modelLoss, netG, netD, X, Z
        )
        rate = learnRate * (1 - iteration / numIterations)
        netD, avgGradD, avgSqGradD = adamupdate(
            netD, gradientsD, avgGradD, avgSqGradD, iteration, rate, gradientDecay
        )
        netG, avgGradG, avgSqGradG = adamupdate(
            netG, gradientsG, avgGradG, avgSqGradG, iteration, rate, gradientDecay
        )
        if iteration % 50 == 0:
            print(f"Iteration: {iteration}, LossG: {lossG:.4f}, LossD: {lossD:.4f}")
    return netG, netD


def frechetDistance(images, others):
    """d² between two sets of images, by the means and covariances of their pixels."""
    pixels = [X.reshape(SIZE * SIZE, -1).astype(float) for X in (images, others)]
    shift = pixels[0].mean(axis=1) - pixels[1].mean(axis=1)
    cov1, cov2 = [np.cov(X) for X in pixels]
    # Σ₁ Σ₂ has the eigenvalues of a positive semidefinite matrix, but for rounding.
    eigenvalues = np.linalg.eigvals(cov1 @ cov2).real
    traceOfRoot = np.sqrt(np.maximum(eigenvalues, 0)).sum()
    return float(shift @ shift + np.trace(cov1 + cov2) - 2 * traceOfRoot)


def eachPixelAlone(images):
    """Images whose pixels are those of real ones, each taken from another image."""
    pixels = images.reshape(SIZE * SIZE, -1)
    mixed = np.stack([pixel[randperm(pixel.size)] for pixel in pixels])
    return mixed.reshape(images.shape)


def plotDigits(untrained, generated, real):
    """Images of each kind."""
    _, panels = plt.subplots(1, 3, figsize=(10, 3.8))
    titles = ("generated, before training", "generated, after training", "real")
    for panel, title, X in zip(panels, titles, (untrained, generated, real), strict=True):
        rows = [np.hstack([X[:, :, 0, 7 * i + j] for j in range(7)]) for i in range(7)]
        panel.imshow(np.vstack(rows), cmap="gray_r", vmin=-1, vmax=1)
        panel.set_title(title)
        panel.axis("off")
    plt.tight_layout()
    FIGURES.mkdir(exist_ok=True)
    plt.savefig(FIGURES / "gan.png", dpi=100)
    plt.close()


def main(numIterations=500, numGenerated=2000):
    rng("default")
    start = time.perf_counter()
    XTrain, XTest = [loadDigits(load) for load in (digitTrain4DArrayData, digitTest4DArrayData)]
    netG, netD = buildGenerator(), buildDiscriminator()
    Z = randomInputs(numGenerated)
    untrained = extractdata(predict(netG, Z))

    netG, netD = train(netG, netD, XTrain, numIterations)
    generated = extractdata(predict(netG, Z))
    plotDigits(untrained, generated, XTest)

    scores = [predict(netD, dlarray(X, "SSCB")) for X in (XTest, generated)]
    print("D(real) = {:.3f}, D(generated) = {:.3f}, in the mean".format(
        *[float(mean(score, "all")) for score in scores]))  # fmt: skip
    print(f"{time.perf_counter() - start:.0f} s")
    print("Fréchet distance from real images that were held out")
    distances = {
        "generated, before training": frechetDistance(XTest, untrained),
        "real, but each pixel by itself": frechetDistance(XTest, eachPixelAlone(XTrain)),
        "real, of the training set": frechetDistance(XTest, XTrain),
        "generated, after training": frechetDistance(XTest, generated),
    }
    for what, distance in distances.items():
        print(f"  {what:<30} {distance:8.3f}")
    return tuple(distances.values())


if __name__ == "__main__":
    before, alone, real, after = main()
    assert real < after < 0.8 * alone, "the pixels of generated digits belong together"
    assert alone < 0.1 * before
