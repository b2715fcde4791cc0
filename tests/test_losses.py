"""The losses: MATLAB's printed numbers, every option, PyTorch's values and gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import SEEDS, labelled, matlab_rand, normal, numbers, orders_of, same
from tinydl import dlarray, dlfeval, dlgradient
from tinydl.labels import format as f

WITH_OPTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "crossentropy": lambda y, t: -t * np.log(y),
    "l1loss": lambda y, t: np.abs(y - t),
    "l2loss": lambda y, t: (y - t) ** 2,
    "huber": lambda y, t: np.where(abs(y - t) <= 1, (y - t) ** 2 / 2, abs(y - t) - 0.5),
}
ALL = {**WITH_OPTIONS, "mse": lambda y, t: (y - t) ** 2 / 2}
every_loss = pytest.mark.parametrize("name", sorted(ALL))
with_options = pytest.mark.parametrize("name", sorted(WITH_OPTIONS))


def probabilities(pair: tuple[Any, str]) -> Any:
    """Numbers between 0 and 1, for losses with a logarithm; errors up to 3 for those without."""
    return 1 / (1 + np.exp(-pair[0]))


def observations(array: Any, fmt: str) -> int:
    return array.shape[fmt.index("B")] if "B" in fmt else 1


# ---- MATLAB's numbers ---------------------------------------------------------------------------


def test_the_documented_losses() -> None:
    (Y,) = matlab_rand((6, 6, 1, 1))
    assert f"{dl.mse(dlarray(Y, 'SSCB'), np.ones((6, 6, 1, 1))):.4f}" == "5.2061"
    Y, T = matlab_rand((10, 12), (10, 12))
    assert f"{dl.l2loss(dlarray(Y, 'CB'), T):.4f}" == "1.4748"
    assert f"{dl.l1loss(dlarray(Y, 'CB'), dlarray(T, 'CB')):.4f}" == "3.1679"
    Y, draws = matlab_rand((10, 12), (1, 12))
    targets = np.floor(10 * draws) == np.arange(10)[:, None]
    assert f"{dl.crossentropy(dl.softmax(dlarray(Y, 'CB')), targets):.4f}" == "2.3343"


# ---- the formula --------------------------------------------------------------------------------


@every_loss
@given(pair=labelled(), seed=SEEDS)
def test_values(device: Any, name: str, pair: tuple[Any, str], seed: int) -> None:
    y, fmt = probabilities(pair), pair[1]
    t = 3 * normal(y.shape, seed)
    expected = ALL[name](y, t).sum() / observations(y, fmt)
    Y = dlarray(device.put(y), fmt)
    for T in (device.put(t), dlarray(device.put(t)), dlarray(device.put(t), fmt)):
        loss = getattr(dl, name)(Y, T)
        assert type(loss) is dlarray
        assert (loss.dims, loss.shape, loss.dtype) == ("", (), np.float64)
        assert np.isclose(numbers(loss, device), expected, rtol=1e-12)


@every_loss
@given(pair=labelled(), data=st.data())
def test_dataformat_names_the_dimensions_of_both(
    name: str, pair: tuple[Any, str], data: st.DataObject
) -> None:
    y, fmt = probabilities(pair), pair[1]
    t = np.round(y)
    order = data.draw(orders_of(fmt))
    given_format = f.permute(fmt, order)
    expected = getattr(dl, name)(dlarray(y, fmt), t)
    turned = t.transpose(order)
    for T in (turned, dlarray(turned), dlarray(turned, given_format)):
        assert same(getattr(dl, name)(y.transpose(order), T, DataFormat=given_format), expected)


@given(pair=labelled(), seed=SEEDS)
def test_multilabel(pair: tuple[Any, str], seed: int) -> None:
    y, fmt = probabilities(pair), pair[1]
    t = (normal(y.shape, seed) > 0).astype(float)
    terms = -t * np.log(y) - (1 - t) * np.log(1 - y)
    loss = dl.crossentropy(dlarray(y, fmt), t, ClassificationMode="multilabel")
    assert np.isclose(float(loss), terms.sum() / observations(y, fmt), rtol=1e-12)


@given(pair=labelled(), seed=SEEDS, delta=st.floats(0.1, 3))
def test_transition_point_of_huber(pair: tuple[Any, str], seed: int, delta: float) -> None:
    y, fmt = pair
    t = normal(y.shape, seed)
    e = np.abs(y - t)
    terms = np.where(e <= delta, e**2 / 2, delta * e - delta**2 / 2)
    loss = dl.huber(dlarray(y, fmt), t, TransitionPoint=delta)
    assert np.isclose(float(loss), terms.sum() / observations(y, fmt), rtol=1e-12)


def test_the_class_of_a_loss() -> None:
    y = np.full((2, 3), 0.5)
    for name in ALL:
        loss = getattr(dl, name)
        assert loss(dlarray(np.float32(y), "CB"), y).dtype == np.float32
        assert loss(dlarray(y, "CB"), np.float32(y)).dtype == np.float32
        assert loss(dlarray(y, "CB"), y > 1).dtype == np.float64
        assert loss(dlarray(np.float32(y), "CB"), [[1, 0, 0], [0, 1, 1]]).dtype == np.float32
    for name in WITH_OPTIONS:
        single = getattr(dl, name)(dlarray(y, "CB"), y, np.float32([1, 2]))
        assert single.dtype == np.float32


# ---- weights ------------------------------------------------------------------------------------


@with_options
def test_weights(name: str) -> None:
    y, t = probabilities((normal((3, 4), 0), "CB")), normal((3, 4), 1)
    loss, Y = getattr(dl, name), dlarray(y, "CB")
    by_class, by_observation = np.array([1.0, 2.0, 0.0]), np.array([0.5, 1.0, 3.0, 2.0])
    terms = WITH_OPTIONS[name](y, t)
    for weights, options, expected in (
        (by_class, {}, terms * by_class[:, None]),
        (by_class.tolist(), {}, terms * by_class[:, None]),
        (by_class[:, None], {}, terms * by_class[:, None]),
        (by_class, {"WeightsFormat": "C"}, terms * by_class[:, None]),
        (by_class[None, :], {"WeightsFormat": "UC"}, None),
        (by_observation, {"WeightsFormat": "B"}, terms * by_observation),
        (by_observation[None, :], {}, terms * by_observation),
        (dlarray(by_observation, "B"), {}, terms * by_observation),
        (np.outer(by_observation, by_class), {"WeightsFormat": "BC"},
         terms * np.outer(by_class, by_observation)),
        (np.outer(by_class, by_observation), {}, terms * np.outer(by_class, by_observation)),
        (2.0, {}, 2 * terms),
    ):  # fmt: skip
        if expected is None:
            with pytest.raises(ValueError, match="weights with the format CU for predictions with"):
                loss(Y, t, weights, **options)
        else:
            assert np.isclose(float(loss(Y, t, weights, **options)), expected.sum() / 4)


def test_a_row_of_weights_belongs_to_the_observations_even_in_a_square() -> None:
    y, t, w = normal((3, 3), 0), normal((3, 3), 1), np.array([1.0, 2.0, 3.0])
    loss = dl.l1loss(dlarray(y, "CB"), t, w[None, :])
    assert np.isclose(float(loss), (np.abs(y - t) * w).sum() / 3)


@with_options
@pytest.mark.parametrize(
    ("weights", "options", "words"),
    [
        (np.ones(4), {}, r"sizes do not fit: 4\(C\) × 1\(U\) and 3\(C\) × 4\(B\)"),
        (np.ones((2, 4)), {}, r"3\(C\) × 4\(B\)"),
        (dlarray(np.ones((3, 4)), "CT"), {}, "weights with the format CT for .* the format CB"),
        (dlarray(np.ones(3), "C"), {"WeightsFormat": "C"}, "weights have the format C; WeightsF"),
        (None, {"WeightsFormat": "C"}, "WeightsFormat= without weights"),
        (np.ones(3), {"WeightsFormat": "X"}, "no label"),
    ],
)
def test_weights_that_do_not_fit(name: str, weights: Any, options: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        getattr(dl, name)(dlarray(np.ones((3, 4)), "CB"), np.ones((3, 4)), weights, **options)


@with_options
def test_weights_and_masks_never_enlarge_the_predictions(name: str) -> None:
    Y, T = dlarray(np.ones((3, 1)), "CB"), np.ones((3, 1))
    for key, argument in (("weights", "weights"), ("Mask", "Mask")):
        with pytest.raises(ValueError, match=rf"{argument} are 3×4 .* of 3\(C\) × 1\(B\)"):
            getattr(dl, name)(Y, T, **{key: np.ones((3, 4))})


# ---- masks and divisors -------------------------------------------------------------------------


@with_options
def test_normalization_factors(name: str) -> None:
    y = probabilities((normal((3, 4), 0), "CB"))
    t = np.array([[1.0, 0, 0, 2], [0, 1, 0, 0], [0, 0, 0, 0]])
    mask = np.array([[True, True, False, False], [True] * 4, [False] * 4])
    loss, Y, terms = getattr(dl, name), dlarray(y, "CB"), WITH_OPTIONS[name](y, t)
    for factor, count, masked_count in (
        ("batch-size", 4, 4), ("all-elements", 12, 12), ("target-included", 3, 2),
        ("mask-included", None, 6), ("none", 1, 1),
    ):  # fmt: skip
        found = loss(Y, t, Mask=mask, NormalizationFactor=factor)
        assert np.isclose(float(found), (terms * mask).sum() / masked_count)
        if count is not None:
            assert np.isclose(float(loss(Y, t, NormalizationFactor=factor)), terms.sum() / count)


@with_options
def test_masks(name: str) -> None:
    y, t = probabilities((normal((3, 4), 0), "CB")), normal((3, 4), 1)
    loss, Y, terms = getattr(dl, name), dlarray(y, "CB"), WITH_OPTIONS[name](y, t)
    row = np.array([[1.0, 0.0, 3.0, 0.0]])
    for mask in (row, row > 0, dlarray(row, "CB"), dlarray(row[0], "B"), np.repeat(row, 3, 0)):
        assert np.isclose(float(loss(Y, t, Mask=mask)), (terms * (row > 0)).sum() / 4)
        found = loss(Y, t, Mask=mask, NormalizationFactor="mask-included")
        assert np.isclose(float(found), (terms * (row > 0)).sum() / 6)
        weighted = loss(Y, t, [1, 2, 3], Mask=mask)
        assert np.isclose(float(weighted), (terms * (row > 0) * [[1], [2], [3]]).sum() / 4)
    with pytest.raises(ValueError, match="Mask with the format CT"):
        loss(Y, t, Mask=dlarray(np.ones((3, 4)), "CT"))
    with pytest.raises(ValueError, match=r"sizes do not fit: 3×2 and 3\(C\) × 4\(B\)"):
        loss(Y, t, Mask=np.ones((3, 2)))


@with_options
@pytest.mark.parametrize("options", [{}, {"Reduction": "none"}])
def test_what_a_mask_leaves_out_may_be_nan(name: str, options: Any) -> None:
    y, t, w = np.full((2, 3), 0.5), np.ones((2, 3)), np.ones((2, 3))
    y[0, 0] = t[0, 1] = w[0, 2] = y[1, 0] = t[1, 0] = np.nan
    mask = np.isfinite(y + t + w)

    def slopes(Y: dlarray, T: dlarray) -> Any:
        terms = getattr(dl, name)(Y, T, w, Mask=mask, **options)
        g = dlgradient(dl.sum(terms, "all"), Y, T, EnableHigherDerivatives=True)
        return terms, g, dlgradient(dl.sum(g[0] * g[1], "all"), Y)

    terms, (by_y, by_t), second = dlfeval(slopes, dlarray(y, "CB"), dlarray(t, "CB"))
    for array in (terms, by_y, by_t, second):
        assert np.isfinite(numbers(array)).all()
    for gradient in (by_y, by_t):
        assert np.array_equal(numbers(gradient) == 0, ~mask)


@with_options
def test_reduction_none_leaves_each_loss(name: str) -> None:
    y, t = probabilities((normal((2, 3, 4), 0), "SCB")), normal((2, 3, 4), 1)
    terms = WITH_OPTIONS[name](y, t)
    found = getattr(dl, name)(dlarray(y, "SCB"), t, [1, 2, 3], Reduction="none")
    assert found.dims == "SCB"
    assert np.allclose(numbers(found), terms * [[1], [2], [3]])
    plain = getattr(dl, name)(y, t, Reduction="none", DataFormat="BTC")
    assert plain.dims == ""
    assert np.allclose(numbers(plain), terms)


# ---- what is refused ----------------------------------------------------------------------------


@every_loss
@pytest.mark.parametrize(
    ("Y", "T", "error", "words"),
    [
        (np.ones((2, 3)), np.ones((2, 3)), ValueError, 'without labels; .*DataFormat="CB"'),
        (dlarray(np.ones((2, 3)), "CB"), np.ones((3, 2)), ValueError,
         r"predictions are 2\(C\) × 3\(B\) dlarray and targets are 3×2 dlarray; .*equal"),
        (dlarray(np.ones((2, 3)), "CB"), dlarray(np.ones((2, 3)), "SC"), ValueError,
         "predictions have the format CB and targets SC"),
        (dlarray(np.ones((2, 3)), "CB"), np.ones((2, 3), int), TypeError,
         r"targets has the class int64.*double\(x\)"),
        (dlarray(np.ones((2, 3)), "CB"), None, TypeError, "targets must be a numeric array"),
        (dlarray(np.ones((2, 0)), "CB"), np.ones((2, 0)), ValueError,
         r"nothing to average: 2\(C\) × 0\(B\) dlarray has no elements"),
    ],
)  # fmt: skip
def test_what_is_no_pair(name: str, Y: Any, T: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=f"^{name}: .*{words}"):
        getattr(dl, name)(Y, T)


@with_options
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"Reduction": "mean"}, "Reduction is one of sum, none, not 'mean'"),
        ({"NormalizationFactor": "batch"}, "NormalizationFactor is one of batch-size, all-elem"),
        ({"NormalizationFactor": "mask-included"}, '"mask-included" needs Mask='),
        ({"NormalizationFactor": "target-included"}, "nothing to average.*'target-included'"),
        ({"Mask": np.zeros((2, 3)), "NormalizationFactor": "mask-included"}, "nothing to average"),
        ({"Reduction": "none", "NormalizationFactor": "none"}, "divides the sum"),
        ({"DataFormat": "CB"}, "X has the format CB; DataFormat= is for arrays without"),
    ],
)
def test_options_that_there_are_not(name: str, options: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        getattr(dl, name)(dlarray(np.ones((2, 3)), "CB"), np.zeros((2, 3)), **options)
    with pytest.raises(TypeError, match="reduction"):
        getattr(dl, name)(dlarray(np.ones((2, 3)), "CB"), np.zeros((2, 3)), reduction="none")


def test_options_of_single_losses() -> None:
    Y = dlarray(np.ones((2, 3)), "CB")
    with pytest.raises(ValueError, match="ClassificationMode is one of single-label, multilabel"):
        dl.crossentropy(Y, np.ones((2, 3)), ClassificationMode="exclusive")
    for point in (0, -1, np.nan):
        with pytest.raises(ValueError, match="huber: TransitionPoint must be positive"):
            dl.huber(Y, np.ones((2, 3)), TransitionPoint=point)
    with pytest.raises(TypeError, match="Mask"):
        dl.mse(Y, np.ones((2, 3)), Mask=np.ones((2, 3)))


# ---- derivatives --------------------------------------------------------------------------------


def test_the_logarithm_of_zero_is_bounded() -> None:
    for dtype in (np.float32, np.float64):
        Y = dlarray(np.array([[0.0], [1.0]], dtype), "CB")
        for mode, factor in (("single-label", 1), ("multilabel", 2)):

            def function(Y: dlarray, mode: str = mode) -> Any:
                loss = dl.crossentropy(Y, [[1], [0]], ClassificationMode=mode)
                return loss, dlgradient(loss, Y)

            loss, gradient = dlfeval(function, Y)
            assert np.isclose(float(loss), -factor * np.log(np.finfo(dtype).tiny))
            assert np.isfinite(numbers(gradient)).all()


def test_a_training_step_through_softmax_has_the_usual_slope() -> None:
    x, t = normal((4, 5), 0), np.eye(4)[:, [0, 1, 3, 3, 2]]

    def function(X: dlarray) -> Any:
        return dlgradient(dl.crossentropy(dl.softmax(X), t), X)

    y = numbers(dl.softmax(dlarray(x, "CB")))
    assert np.allclose(numbers(dlfeval(function, dlarray(x, "CB"))), (y - t) / 5, atol=1e-15)


def test_targets_that_change_later_do_not_change_the_gradient() -> None:
    def function(Y: dlarray) -> Any:
        t, w, m = np.ones((2, 3)), np.ones((2, 3)), np.ones((2, 3))
        loss = dl.l2loss(Y, t, w, Mask=m)
        for array in (t, w, m):
            array[:] = 0
        return dlgradient(loss, Y)

    G = dlfeval(function, dlarray(np.full((2, 3), 3.0), "CB"))
    assert np.allclose(numbers(G), np.full((2, 3), 4 / 3))


def torch_losses(torch: Any) -> dict[str, tuple[Callable[..., Any], Callable[..., Any]]]:
    """Each loss with an option or two, and the same sum with PyTorch's functions."""
    F, n = torch.nn.functional, 5
    w, m = normal((3,), 7) ** 2, normal((3, 5), 8) > 0
    weight, mask = torch.tensor(w)[:, None], torch.tensor(m)
    return {
        "crossentropy": (
            lambda Y, T: dl.crossentropy(dl.softmax(Y), T),
            lambda y, t: F.cross_entropy(y.T, t.T, reduction="sum") / n,
        ),
        "weighted": (
            lambda Y, T: dl.crossentropy(dl.softmax(Y), T, w, NormalizationFactor="none"),
            lambda y, t: F.cross_entropy(y.T, t.T, weight=weight[:, 0], reduction="sum"),
        ),
        "multilabel": (
            lambda Y, T: dl.crossentropy(dl.sigmoid(Y), T, ClassificationMode="multilabel"),
            lambda y, t: F.binary_cross_entropy_with_logits(y, t, reduction="sum") / n,
        ),
        "mse": (dl.mse, lambda y, t: F.mse_loss(y, t, reduction="sum") / (2 * n)),
        "l2loss": (
            lambda Y, T: dl.l2loss(Y, T, w, Mask=m, NormalizationFactor="mask-included"),
            lambda y, t: (weight * mask * F.mse_loss(y, t, reduction="none")).sum() / mask.sum(),
        ),
        "l1loss": (
            lambda Y, T: dl.l1loss(Y, T, NormalizationFactor="all-elements"),
            lambda y, t: F.l1_loss(y, t),
        ),
        "huber": (
            lambda Y, T: dl.huber(Y, T, TransitionPoint=0.7),
            lambda y, t: F.huber_loss(y, t, delta=0.7, reduction="sum") / n,
        ),
        "each huber": (
            lambda Y, T: dl.sum(dl.huber(Y, T, w, Reduction="none") ** 2, "all"),
            lambda y, t: ((weight * F.huber_loss(y, t, reduction="none")) ** 2).sum(),
        ),
    }


@pytest.mark.parametrize("name", ["crossentropy", "weighted", "multilabel", "mse", "l2loss",
                                  "l1loss", "huber", "each huber"])  # fmt: skip
@settings(max_examples=5)
@given(seed=SEEDS)
def test_against_pytorch(name: str, seed: int) -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = torch_losses(torch)[name]
    y, t = normal((3, 5), seed), 1 / (1 + np.exp(-normal((3, 5), seed + 1)))
    v = normal((3, 5), seed + 2)

    def function(Y: dlarray, T: dlarray) -> Any:
        loss = ours(Y, T)
        by_y, by_t = dlgradient(loss, Y, T, EnableHigherDerivatives=True)
        return loss, by_y, by_t, *dlgradient(dl.sum(by_y * v, "all"), Y, T)

    found = dlfeval(function, dlarray(y, "CB"), dlarray(t, "CB"))
    leaves = [torch.tensor(x, requires_grad=True) for x in (y, t)]
    loss = theirs(*leaves)
    first = torch.autograd.grad(loss, leaves, create_graph=True)
    second = torch.autograd.grad((first[0] * torch.tensor(v)).sum(), leaves,
                                 materialize_grads=True)  # fmt: skip
    for mine, other in zip(found, (loss, *first, *second), strict=True):
        assert np.allclose(numbers(mine), other.numpy(force=True), rtol=1e-9, atol=1e-11)
