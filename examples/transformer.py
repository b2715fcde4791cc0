"""A small transformer sorts digits, one after the other.

A sequence holds ten random digits, a bar, and the same digits in order, and the network learns
what comes next behind the bar. It sees only what came before (attention is causal), so it can write
the answer itself: the digit it finds most probable is appended, and it is asked again.

    x₀ = word(token) + position                 a column of 32 numbers at each place
    x ← x + attention(norm(x))                  what other places hold
    x ← x + W₂ gelu(W₁ norm(x) + b₁) + b₂       what to make of it
    probabilities = softmax(W norm(x) + b)

Two blocks of the middle lines: "pre-norm", as in GPT-2. Vaswani et al., "Attention is all you
need", 2017; Radford et al., "Language models are unsupervised multitask learners", 2019.

    python examples/transformer.py

prints how many of 1000 new sequences are sorted without a fault, after training with 25600 of the
10¹⁰ that there are. It saves the loss and what each digit of one answer looked at.
"""

from __future__ import annotations

import time
from pathlib import Path

import matplotlib.pyplot as plt

from tinydl import (
    adamupdate,
    additionLayer,
    addLayers,
    all,
    cat,
    connectLayers,
    cosineLearnRate,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    extractdata,
    forward,
    fullyConnectedLayer,
    geluLayer,
    indexcrossentropy,
    initialize,
    layerNormalizationLayer,
    max,
    mean,
    ones,
    positionEmbeddingLayer,
    predict,
    randi,
    rng,
    selfAttentionLayer,
    sequenceInputLayer,
    single,
    size,
    softmaxLayer,
    sort,
    thresholdGlobalL2Norm,
    wordEmbeddingLayer,
)

FIGURES = Path(__file__).parent / "figures"
NUM_DIGITS = 10
BAR = 10  # the token behind the digits 0 … 9


def buildNetwork(numChannels=32, numHeads=2, numBlocks=2):
    layers = [
        sequenceInputLayer(1, Name="tokens"),
        wordEmbeddingLayer(numChannels, BAR + 1, Name="word"),
        additionLayer(2, Name="x0"),
    ]
    for k in range(1, numBlocks + 1):
        layers = [
            layers,
            layerNormalizationLayer(Name=f"norm{k}"),
            selfAttentionLayer(
                numHeads,
                numChannels,
                AttentionMask="causal",
                HasScoresOutput=True,
                Name=f"attention{k}",
            ),
            additionLayer(2, Name=f"attended{k}"),
            layerNormalizationLayer(),
            fullyConnectedLayer(4 * numChannels),
            geluLayer(),
            fullyConnectedLayer(numChannels),
            additionLayer(2, Name=f"x{k}"),
        ]
    layers = [
        layers,
        layerNormalizationLayer(),
        fullyConnectedLayer(10),
        softmaxLayer(Name="probabilities"),
    ]

    net = addLayers(dlnetwork(), layers)
    net = addLayers(net, positionEmbeddingLayer(numChannels, 2 * NUM_DIGITS, Name="position"))
    net = connectLayers(net, "tokens", "position")
    net = connectLayers(net, "position", "x0/in2")
    for k in range(1, numBlocks + 1):
        net = connectLayers(net, f"x{k - 1}", f"attended{k}/in2")
        net = connectLayers(net, f"attended{k}", f"x{k}/in2")
    return net


def digitsToSort(numObservations):
    """Random digits and the same in order, each of the format CBT with one channel."""
    X = dlarray(single(randi([0, 9], 1, numObservations, NUM_DIGITS)), "CBT")
    return X, sort(X, "T")


def behind(X, *answer):
    """The tokens of sequences: digits, the bar, and what there is of the answer."""
    bar = BAR * ones(1, size(X, "B"), 1, like=X)
    return cat("T", X, bar, *answer)


def modelLoss(net, X, T):
    """The loss, and its gradients, if every next token is asked for at once.

    No place sees those behind it, so the right answer can stand in the input.
    """
    Y, _ = forward(net, behind(X, T[:, :, :-1]), Outputs=["probabilities"])
    Y = Y[:, :, NUM_DIGITS:]  # from the bar on; the digits before it are random
    loss = indexcrossentropy(Y, T, NormalizationFactor="all-elements")
    return loss, dlgradient(loss, net.Learnables)


def train(numIterations=400, miniBatchSize=64, learnRate=0.005):
    """The network, and its loss in each iteration."""
    net = initialize(buildNetwork())
    schedule = cosineLearnRate(Period=numIterations, FrequencyUnit="iteration")
    losses, averageGrad, averageSqGrad = [], [], []
    for iteration in range(1, numIterations + 1):
        X, T = digitsToSort(miniBatchSize)  # new ones each time
        loss, gradients = dlfeval(modelLoss, net, X, T)
        gradients = thresholdGlobalL2Norm(gradients, 1)
        net, averageGrad, averageSqGrad = adamupdate(
            net, gradients, averageGrad, averageSqGrad, iteration, schedule(learnRate, iteration, 1)
        )
        losses.append(float(loss))
        if iteration % 100 == 0:
            print(f"iteration {iteration}: loss = {loss:.4f}")
    return net, losses


def answer(net, X):
    """What the network writes behind the bar: each time the most probable digit."""
    tokens = behind(X)
    for _ in range(NUM_DIGITS):
        Y = predict(net, tokens, Outputs=["probabilities"])
        _, digit = max(Y[:, :, -1], "C", nargout=2)
        tokens = cat("T", tokens, single(digit))
    return tokens[:, :, NUM_DIGITS + 1 :]


def plotTraining(net, losses):
    """The loss, and for one sequence how much each written digit looked at each place before."""
    FIGURES.mkdir(exist_ok=True)
    X, T = digitsToSort(1)
    tokens = behind(X, T[:, :, :-1])
    names = [f"attention{k}/scores" for k in (1, 2)]
    maps = [extractdata(A)[:, NUM_DIGITS:, :, 0] for A in predict(net, tokens, Outputs=names)]
    read = ["|" if token == BAR else str(int(token)) for token in extractdata(tokens)[0, 0]]
    written = [str(int(digit)) for digit in extractdata(T)[0, 0]]

    whole, panels = plt.subplot_mosaic(
        "ABC;ADE", figsize=(11, 5.5), width_ratios=(1, 1.2, 1.2), layout="constrained"
    )
    panels["A"].semilogy(losses, linewidth=0.8)
    panels["A"].set_xlabel("Iteration")
    panels["A"].set_ylabel("Loss")
    panels["A"].grid(True, alpha=0.3)
    most = max([A.max() for A in maps])
    for i, name in enumerate("BCDE"):
        block, head = divmod(i, 2)
        panel = panels[name]
        shown = panel.imshow(
            maps[block][:, :, head].T, cmap="Blues", vmin=0, vmax=most, aspect="auto"
        )
        panel.axvline(NUM_DIGITS - 0.5, color="gray", linewidth=0.8)
        panel.set_xticks(range(len(read)), read)
        panel.set_yticks(range(len(written)), written)
        panel.set_title(f"Block {block + 1}, head {head + 1}", fontsize=10)
        panel.set_xlabel("Digits read, bar, digits written" if block else "")
        panel.set_ylabel("Digit to write" if head == 0 else "")
    whole.colorbar(shown, ax=[panels["C"], panels["E"]], label="Attention")
    plt.savefig(FIGURES / "transformer.png", dpi=100)
    plt.close()


def main(numIterations=400, numTest=1000):
    rng("default")
    start = time.perf_counter()
    net, losses = train(numIterations)
    X, T = digitsToSort(numTest)
    isRight = answer(net, X) == T
    ofDigits = float(mean(isRight, "all"))
    ofSequences = float(mean(all(isRight, "T"), "all"))
    plotTraining(net, losses)
    print(f"{time.perf_counter() - start:.0f} s")
    print(f"right digits: {ofDigits:.4f}, sequences without a fault: {ofSequences:.4f}")
    return ofSequences


if __name__ == "__main__":
    accuracy = main()
    assert 0.97 <= accuracy <= 1, "nearly all new sequences are sorted"
