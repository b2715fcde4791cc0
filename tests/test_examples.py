"""The examples: their functions, and their programs with very few steps.

What an example asserts of its number takes it up to a minute, and is not repeated here.
"""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinydl import (
    cat,
    categorical,
    dlarray,
    dlfeval,
    dlnetwork,
    dlupdate,
    double,
    extractdata,
    forward,
    initialize,
    isequal,
    predict,
    rand,
    randn,
    release_statistics,
    rng,
    sum,
    thresholdGlobalL2Norm,
    thresholdL2Norm,
    unfreezeNetwork,
)

pytest.importorskip("matplotlib")

EXAMPLES = Path(__file__).parents[1] / "examples"


def load(name: str, monkeypatch: pytest.MonkeyPatch, figures: Path) -> Any:
    """An example as a module that saves its figures elsewhere."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    monkeypatch.setattr(example, "FIGURES", figures)
    rng("default")
    return example


def in_double(net: dlnetwork) -> dlnetwork:
    return dlupdate(double, net if net.Initialized else initialize(net))


def assert_gradients(modelLoss: Any, net: dlnetwork, *arguments: Any, step: float = 1e-5) -> None:
    """The gradients of a network in double precision, along one way, against two losses."""
    way = dlupdate(lambda w: randn(like=w), net.Learnables)

    def loss_at(s: float) -> float:
        there = dlupdate(lambda w, v: w + s * v, net, way)
        return float(dlfeval(modelLoss, there, *arguments)[0])

    _, gradients, *_ = dlfeval(modelLoss, net, *arguments)
    pairs = zip(gradients.Value, way.Value, strict=True)
    slope = math.fsum([float(sum(g * v, "all")) for g, v in pairs])
    assert slope == pytest.approx((loss_at(step) - loss_at(-step)) / (2 * step), rel=1e-6)


# ---- transformer -------------------------------------------------------------------------------


@pytest.fixture
def transformer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    return load("transformer", monkeypatch, tmp_path)


def test_transformer_gradients(transformer: Any) -> None:
    net = in_double(transformer.buildNetwork(8))
    assert_gradients(transformer.modelLoss, net, *map(double, transformer.digitsToSort(3)))


def test_transformer_writes_what_it_finds_most_probable(transformer: Any) -> None:
    """All at once or one after the other: the same, because no place sees those behind it."""
    net = dlupdate(lambda w: 3 * w, in_double(transformer.buildNetwork(8)))
    X, T = transformer.digitsToSort(5)
    written = transformer.answer(net, X)
    tokens = transformer.behind(X, written[:, :, :-1])
    Y, scores = predict(net, tokens, Outputs=["probabilities", "attention2/scores"])
    found = extractdata(Y)[:, :, transformer.NUM_DIGITS :].argmax(axis=0)
    np.testing.assert_array_equal(found, extractdata(written)[0])
    assert len(np.unique(found)) > 1
    looked_at = extractdata(scores).sum(axis=(2, 3))
    np.testing.assert_array_equal(np.tril(looked_at, -1), 0)
    np.testing.assert_array_equal(np.sort(extractdata(X), axis=2), extractdata(T))


def test_transformer_runs(transformer: Any, tmp_path: Path) -> None:
    assert 0 <= transformer.main(numIterations=2, numTest=20) < 0.1
    assert (tmp_path / "transformer.png").exists()


# ---- angles of digits --------------------------------------------------------------------------


def test_digit_angles_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    example = load("digit_angles", monkeypatch, tmp_path)
    digits = categorical([str(i % 10) for i in range(128)])
    data = rand(28, 28, 1, 128), digits, 90 * rand(128, 1) - 45
    monkeypatch.setattr(example, "digitTrain4DArrayData", lambda source: data)
    monkeypatch.setattr(example, "digitTest4DArrayData", lambda source: data)
    error, accuracy = example.main(maxEpochs=2)
    assert 0 < error < 60 and 0 <= accuracy < 1
    assert (tmp_path / "digit_angles.png").exists()
    assert example.rmse(np.array([[3.0], [4.0]])) == pytest.approx(math.sqrt(12.5))


# ---- Hamiltonian network -----------------------------------------------------------------------


@pytest.fixture
def hamiltonian(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    example = load("hamiltonian", monkeypatch, tmp_path)
    monkeypatch.setattr(example, "TIMES", np.linspace(0, 5, 26))
    return example


@pytest.mark.parametrize("field", ["plainField", "hamiltonianField"])
def test_hamiltonian_gradients(hamiltonian: Any, field: str) -> None:
    net = hamiltonian.buildNetwork(1 if field == "hamiltonianField" else 2, 5)
    X, T = hamiltonian.measurements(7)
    assert_gradients(hamiltonian.modelLoss, net, X, T, getattr(hamiltonian, field))


def test_hamiltonian_field_keeps_the_energy_of_its_network(hamiltonian: Any) -> None:
    """Also of one that has learned nothing; the energy of another network changes."""
    net, other = hamiltonian.buildNetwork(1), hamiltonian.buildNetwork(1)
    swing = hamiltonian.swing(net, hamiltonian.hamiltonianField)

    def change(of: dlnetwork) -> Any:
        return np.ptp(extractdata(predict(of, dlarray(swing, "CBT"))), axis=2).max()

    assert change(net) < 1e-4 < 1e-2 < change(other)


def test_hamiltonian_truth(hamiltonian: Any) -> None:
    swing = hamiltonian.swing(None, hamiltonian.pendulum)
    assert np.ptp(hamiltonian.energy(swing), axis=2).max() < 1e-5
    np.testing.assert_allclose(swing[0, :, 0], hamiltonian.START_ANGLES)
    assert hamiltonian.drift(swing) < 1e-5
    grown = np.sqrt(1 + hamiltonian.TIMES) * np.array([0.0, 1.0])[:, None, None]
    assert hamiltonian.drift(grown) == pytest.approx(5.5 / 1.5 - 1)


def test_hamiltonian_runs(hamiltonian: Any, tmp_path: Path) -> None:
    drifts = hamiltonian.main(numIterations=2)
    assert drifts[0] < 1e-5 < drifts[1]
    assert (tmp_path / "hamiltonian.png").exists()


# ---- weight decay and clipping -----------------------------------------------------------------


@pytest.fixture
def clipping(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    return load("weight_decay_clipping", monkeypatch, tmp_path)


def test_weight_decay_gradients(clipping: Any) -> None:
    assert_gradients(clipping.modelLoss, clipping.buildNetwork(5), *clipping.observations(7))


@pytest.mark.parametrize(
    ("clip", "ready"),
    [("clipEach", thresholdL2Norm), ("clipTogether", thresholdGlobalL2Norm)],
)
@pytest.mark.parametrize("threshold", [0.1, 0.5, 100])
def test_clipping_is_that_of_the_package(
    clipping: Any, clip: str, ready: Any, threshold: float
) -> None:
    net, (X, T) = clipping.buildNetwork(), clipping.observations(20)
    _, gradients = dlfeval(clipping.modelLoss, net, X, T)
    pairs = zip(
        getattr(clipping, clip)(gradients, threshold).Value,
        ready(gradients, threshold).Value,
        strict=True,
    )
    for mine, theirs in pairs:
        np.testing.assert_allclose(extractdata(mine), extractdata(theirs), rtol=1e-12)


def test_weight_decay_spares_biases(clipping: Any) -> None:
    net = dlupdate(lambda w: w + 1, clipping.buildNetwork(5))
    _, before = dlfeval(clipping.modelLoss, net, *clipping.observations(20))
    after = clipping.decayWeights(before.copy(), net.Learnables, 0.25)
    for row, old, w in zip(after, before.Value, net.Learnables.Value, strict=True):
        factor = 0.25 if row.Parameter == "Weights" else 0
        np.testing.assert_allclose(extractdata(row.Value), extractdata(old + factor * w))


def test_weight_decay_with_few_steps(clipping: Any, tmp_path: Path) -> None:
    net, (X, T) = clipping.buildNetwork(5), clipping.observations(100)
    for clip, method in ((clipping.clipEach, "l2norm"), (clipping.clipTogether, "global-l2norm")):
        assert clipping.differenceFromTrainnet(net, X, T, clip, method, 2) < 1e-12
    assert clipping.differenceFromTrainnet(net, X, T, None, "l2norm", 2) > 1e-6
    decays = (0, 0.1)
    found = clipping.compareDecays(net, (X, T), decays, numEpochs=1)
    assert found[1][2] < found[0][2]
    errors = clipping.compareClipping(net, (X, T), numEpochs=1)
    assert [len(curve) for curve in errors.values()] == [50, 50, 50]
    clipping.plotBoth(decays, found, errors)
    assert (tmp_path / "weight_decay_clipping.png").exists()


# ---- sequence classifier -----------------------------------------------------------------------


@pytest.fixture
def classifier(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    return load("sequence_classifier", monkeypatch, tmp_path)


def test_sequence_classifier_gradients(classifier: Any) -> None:
    X, T = next(classifier.makeQueue(*classifier.writeDigits(5)))
    net = in_double(classifier.buildNetwork(4))
    net.State = dlupdate(double, net.State)
    assert_gradients(classifier.modelLoss, net, double(X), double(T))


def test_sequence_classifier_writes_digits(classifier: Any) -> None:
    sequences, labels = classifier.writeDigits(40)
    assert list(labels) == [str(i % 10) for i in range(40)]
    lengths = []
    for right, down, lifted in sequences:
        assert 11 <= len(right) <= 39
        assert set(lifted) <= {0, 1} and lifted[0] == 0
        steps = np.hypot(right, down)
        lengths.append(steps / steps.max())  # shorter over a corner only
    assert np.median(np.concatenate(lengths)) > 0.95
    assert any(sequence[2].any() for sequence in sequences)


def test_sequence_classifier_pads_before_the_beginning(classifier: Any) -> None:
    sequences, labels = classifier.writeDigits(20)
    X, _ = classifier.preprocessMiniBatch(sequences, labels)
    longest = np.argmax([sequence.shape[1] for sequence in sequences])
    for i, sequence in enumerate(sequences):
        np.testing.assert_array_equal(X[:, -sequence.shape[1] :, i], sequence)
    np.testing.assert_array_equal(X[:, :, longest], sequences[longest])


def test_sequence_classifier_runs(classifier: Any, tmp_path: Path) -> None:
    assert all(0 <= accuracy < 0.95 for accuracy in classifier.main(numEpochs=1, numTest=100))
    assert (tmp_path / "sequence_classifier.png").exists()


# ---- Siamese network ---------------------------------------------------------------------------


@pytest.fixture
def siamese(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    return load("siamese", monkeypatch, tmp_path)


def test_siamese_gradients(siamese: Any) -> None:
    """Those by the network go through both branches."""
    net, fcParams = siamese.buildNetwork()
    net, fcParams = in_double(net), dlupdate(lambda w: 100 * double(w), fcParams)
    X1, X2, T = map(double, siamese.getTwinBatch(rand(28, 28, 1, 6), np.arange(6) % 2, 3))
    assert_gradients(siamese.modelLoss, net, fcParams, X1, X2, T, step=1e-8)
    _, _, gradients = dlfeval(siamese.modelLoss, net, fcParams, X1, X2, T)
    moved = fcParams | {"FcBias": fcParams["FcBias"] + 1e-5}
    ends = [dlfeval(siamese.modelLoss, net, p, X1, X2, T)[0] for p in (fcParams, moved)]
    assert float(ends[1] - ends[0]) / 1e-5 == pytest.approx(float(gradients["FcBias"]), rel=1e-3)


def test_siamese_does_not_ask_which_comes_first(siamese: Any) -> None:
    net, fcParams = siamese.buildNetwork()
    X1, X2, _ = siamese.getTwinBatch(rand(28, 28, 1, 20), np.arange(20) % 7, 10)
    there, back = (siamese.forwardSiamese(net, fcParams, *X) for X in ((X1, X2), (X2, X1)))
    np.testing.assert_array_equal(extractdata(there), extractdata(back))


def test_siamese_pairs(siamese: Any) -> None:
    digits = np.arange(50) % 5
    X = np.broadcast_to(digits.astype(float), (28, 28, 1, 50))
    X1, X2, T = map(extractdata, siamese.getTwinBatch(X, digits, 400))
    np.testing.assert_array_equal(X1[0, 0, 0] == X2[0, 0, 0], T[0] == 1)
    assert 0.4 < T.mean() < 0.6


def test_siamese_runs(siamese: Any, tmp_path: Path) -> None:
    assert all(0.2 < accuracy < 0.8 for accuracy in siamese.main(numIterations=2, numBatches=1))
    assert (tmp_path / "siamese.png").exists()


# ---- generative adversarial network ------------------------------------------------------------


@pytest.fixture
def gan(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    return load("gan", monkeypatch, tmp_path)


def test_gan_gradients(gan: Any) -> None:
    """Each by its own loss and its own network."""
    netG, netD = in_double(gan.buildGenerator()), in_double(gan.buildDiscriminator())
    X, Z = dlarray(rand(14, 14, 1, 4), "SSCB"), double(gan.randomInputs(3))

    def ofGenerator(netG: dlnetwork, netD: dlnetwork) -> Any:
        lossG, _, gradientsG, *_ = gan.modelLoss(netG, netD, X, Z)
        return lossG, gradientsG

    def ofDiscriminator(netD: dlnetwork, netG: dlnetwork) -> Any:
        _, lossD, _, gradientsD, *_ = gan.modelLoss(netG, netD, X, Z)
        return lossD, gradientsD

    assert_gradients(ofGenerator, netG, netD, step=1e-7)
    assert_gradients(ofDiscriminator, netD, netG, step=1e-7)


def test_gan_states(gan: Any) -> None:
    """The generator's is that of forward; the discriminator's has seen real and generated."""
    netG, netD = gan.buildGenerator(), gan.buildDiscriminator()
    X, Z = dlarray(rand(14, 14, 1, 4), "SSCB"), gan.randomInputs(3)
    *_, stateG, stateD = dlfeval(gan.modelLoss, netG, netD, X, Z)
    XGenerated, expected = forward(netG, Z)
    assert isequal(stateG, expected)
    # No batch normalization of the discriminator stands before another: one forward with all
    # images makes the same State.
    _, whole = forward(netD, cat("B", X, XGenerated))
    for found, value in zip(stateD.Value, whole.Value, strict=True):
        np.testing.assert_allclose(extractdata(found), extractdata(value), rtol=1e-4, atol=1e-6)


def test_gan_frechet_distance(gan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images that were shifted and scaled: what d² is can be told from the formula."""
    monkeypatch.setattr(gan, "SIZE", 3)
    images = randn(3, 3, 1, 50)
    assert gan.frechetDistance(images, images) == pytest.approx(0, abs=1e-6)
    assert gan.frechetDistance(images, images + 2) == pytest.approx(9 * 2**2, rel=1e-6)
    centred = images - images.mean(axis=3, keepdims=True)
    total = np.trace(np.cov(centred.reshape(9, -1)))
    assert gan.frechetDistance(centred, 3 * centred) == pytest.approx((3 - 1) ** 2 * total)


def test_gan_runs(gan: Any, tmp_path: Path) -> None:
    before, alone, real, after = gan.main(numIterations=2, numGenerated=100)
    assert real < alone < before and after > alone
    assert (tmp_path / "gan.png").exists()


# ---- transfer learning -------------------------------------------------------------------------


@pytest.fixture
def transfer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    return load("transfer", monkeypatch, tmp_path)


def few_images(count: int) -> tuple[Any, Any]:
    return rand(28, 28, 1, count), np.eye(5)[:, np.arange(count) % 5]


def test_transfer_gradients(transfer: Any) -> None:
    net, (X, T) = in_double(transfer.buildNetwork()), few_images(4)
    assert_gradients(transfer.modelLoss, net, dlarray(X, "SSCB"), T, step=1e-8)


def test_transfer_keeps_what_is_frozen(transfer: Any) -> None:
    old = transfer.train(transfer.buildNetwork(), *few_images(10), 1)
    new = transfer.train(transfer.transferred(old), *few_images(10), 2)
    assert transfer.isFrozenEqual(old, new)
    assert not transfer.isFrozenEqual(old, transfer.train(old, *few_images(10), 1))
    thawed = unfreezeNetwork(transfer.transferred(old))
    assert not transfer.isFrozenEqual(old, transfer.train(thawed, *few_images(10), 1))
    moving = release_statistics(transfer.transferred(old))
    assert not transfer.isFrozenEqual(old, transfer.train(moving, *few_images(10), 1))


def test_transfer_draws_equally_many_of_each(transfer: Any) -> None:
    X, T = few_images(50)
    fewX, fewT = transfer.drawFew(X, T, 3)
    assert fewX.shape == (28, 28, 1, 15)
    np.testing.assert_array_equal(fewT.sum(axis=1), 3)


def test_transfer_runs(transfer: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(transfer, "NUM_DRAWS", 1)
    monkeypatch.setattr(transfer, "IMAGES_OF_EACH", (1, 2))
    means = transfer.main(numIterations=2, numFewIterations=2, numTest=10)
    assert means.shape == (2, 2) and (0 <= means).all() and (means < 0.8).all()
    assert (tmp_path / "transfer.png").exists()
