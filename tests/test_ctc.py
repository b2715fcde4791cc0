"""ctc as users call it: formats, padding, what is impossible, messages."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.strategies import normal, numbers
from tinydl import ctc, dlarray, dlfeval, dlgradient, single, softmax

C, B, T = 4, 2, 5
Y = softmax(dlarray(normal((C, B, T), 1), "CBT"))
LABELS = np.array([[1, 3, 0], [2, 2, 1]], float)
LENGTHS = np.array([[1, 1, 0], [1, 1, 1]])
TARGETS, MASK = dlarray(LABELS, "BT"), dlarray(LENGTHS == 1, "BT")
PRESENT = np.array([[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]], float)


def loss(y: Any = Y, t: Any = TARGETS, yMask: Any = None, tMask: Any = MASK, **more: Any) -> float:
    return float(ctc(y, t, yMask, tMask, **more))


def test_the_formats_of_targets_and_masks() -> None:
    expected = loss()
    with_channel, mask = dlarray(LABELS[None], "CBT"), dlarray(LENGTHS[None] == 1, "CBT")
    assert loss(t=with_channel) == loss(t=with_channel, tMask=mask) == expected
    assert loss(t=LABELS, tMask=LENGTHS == 1) == loss(t=LABELS[None]) == expected
    assert loss(t=dlarray(LABELS.T, "TB")) == expected
    y = numbers(Y).transpose(2, 1, 0)
    for t in (LABELS.T, LABELS.T[:, :, None]):
        assert loss(y, t, tMask=LENGTHS.T == 1, DataFormat="TBC") == pytest.approx(expected)


def test_without_a_batch_it_is_one_observation() -> None:
    alone = [loss(dlarray(numbers(Y)[:, b], "CT"), dlarray(LABELS[b], "T"), None,
                  dlarray(LENGTHS[b] == 1, "T")) for b in range(B)]  # fmt: skip
    assert loss() == pytest.approx(np.mean(alone))


@pytest.mark.parametrize("padding", [0.0, np.nan, np.inf])
@pytest.mark.parametrize("higher", [False, True])
def test_padding_in_time_is_as_if_it_were_not_there(padding: float, higher: bool) -> None:
    def slope(y: dlarray, mask: Any) -> Any:
        value = ctc(y, TARGETS, mask, MASK)
        return value, dlgradient(value, y, EnableHigherDerivatives=higher)

    cut = dlarray(numbers(Y)[:, :, :4], "CBT")
    padded = np.concatenate([numbers(cut), np.full((C, B, 1), padding)], axis=2)
    everywhere = np.ones((1, B, 5))
    everywhere[:, :, 4] = 0.0
    expected, dy = dlfeval(slope, cut, None)
    for mask in (everywhere, np.repeat(everywhere, C, axis=0), dlarray(everywhere[0], "BT")):
        found, slopes = dlfeval(slope, dlarray(padded, "CBT"), mask)
        assert float(found) == pytest.approx(float(expected), rel=1e-13)
        np.testing.assert_allclose(numbers(slopes)[:, :, :4], numbers(dy), rtol=1e-12)
        assert (numbers(slopes)[:, :, 4] == 0.0).all()


def test_padding_may_stand_anywhere() -> None:
    moved = dlarray([[1, 0, 3], [2, 2, 1]], "BT")
    seen = dlarray(np.array([[1, 0, 1], [1, 1, 1]]) == 1, "BT")
    assert loss(t=moved, tMask=seen) == loss()
    front = np.concatenate([np.full((C, B, 2), 0.25), numbers(Y)], axis=2)
    mask = np.concatenate([np.zeros((1, B, 2)), np.ones((1, B, T))], axis=2)
    assert loss(dlarray(front, "CBT"), yMask=mask) == pytest.approx(loss(), rel=1e-14)


def test_what_no_alignment_reads_as_costs_inf_and_has_no_gradient() -> None:
    short = dlarray(numbers(Y)[:, :, :3], "CBT")  # 2, 2, 1 needs four steps

    def slope(y: dlarray, higher: bool) -> Any:
        value = ctc(y, TARGETS, None, MASK)
        return value, dlgradient(value, y, EnableHigherDerivatives=higher)

    def alone(y: dlarray) -> Any:
        return dlgradient(ctc(y, [[1, 3]]), y)

    possible = numbers(dlfeval(alone, dlarray(numbers(short)[:, :1], "CBT")))
    for higher in (False, True):
        value, slopes = dlfeval(slope, short, higher)
        assert float(value) == math.inf
        assert (numbers(slopes)[:, 1] == 0.0).all()
        np.testing.assert_allclose(numbers(slopes)[:, :1], possible / 2, rtol=1e-13)


def test_nothing_to_say_is_all_blanks() -> None:
    none = dlarray(np.zeros((B, 1), bool), "BT")
    expected = -np.log(numbers(Y)[0]).sum(axis=1).mean()
    assert loss(t=dlarray([[0], [0]], "BT"), tMask=none) == pytest.approx(expected)


def test_long_and_certain_sequences_neither_underflow_nor_overflow() -> None:
    steps = 2000
    x = single(dlarray(20.0 * normal((C, 1, steps), 4), "CBT"))
    labels = np.tile([1.0, 2.0, 3.0, 3.0], 100)[None]

    def slope(x: dlarray) -> Any:
        value = ctc(softmax(x), labels)
        return value, dlgradient(value, x)

    value, slopes = dlfeval(slope, x)
    assert value.dtype.name == "float32" and 1e3 < float(value) < 1e5
    assert np.isfinite(numbers(slopes)).all() and np.abs(numbers(slopes)).max() > 0.1


def test_a_probability_of_zero_counts_as_the_smallest_normal_number() -> None:
    y = dlarray([[0.0, 0.0], [1.0, 1.0]], "CT")
    tiny = np.finfo(float).tiny
    assert float(ctc(y, [1])) == pytest.approx(0.0, abs=1e-15)
    none = dlarray([False], "T")
    assert float(ctc(y, [1], None, none)) == pytest.approx(-2.0 * np.log(tiny))


BAD: list[tuple[dict[str, Any], str]] = [
    ({"y": dlarray(normal((2, C, B, T), 1), "SCBT")}, "has more than the labels C, B and T"),
    ({"y": dlarray(normal((C, B), 1), "CB")}, "has no T dimension"),
    (
        {"y": dlarray(normal((C, 0, T), 1), "CBT"), "t": np.ones((0, 1)), "tMask": None},
        "nothing to average",
    ),
    ({"t": dlarray([[1, 3, 0], [2, 0, 1]], "BT")}, "observation 1 hold 0; .* blank, which is 0"),
    ({"BlankIndex": "last"}, "observation 0 hold 3; .* from 0 to 3 without the blank, which is 3"),
    ({"t": dlarray([[1, 3, 0], [2, 4, 1]], "BT")}, "observation 1 hold 4; they are classes from 0"),
    ({"t": dlarray([[1, 1.5, 0], [2, 2, 1]], "BT")}, "observation 0 hold 1.5"),
    ({"t": dlarray([[1, np.nan, 0], [2, 2, 1]], "BT")}, "observation 0 hold nan"),
    ({"t": dlarray([[1, 3]], "BT"), "tMask": None}, "they need one channel and 2 observations"),
    ({"t": dlarray(np.ones((C, B, 2)), "CBT"), "tMask": None}, "they need one channel"),
    ({"t": dlarray([1, 2], "B")}, r"targets is 2\(B\) × 1\(U\) dlarray; it needs T"),
    ({"t": [1, 2]}, r"targets is 2 without labels, for Y of .* dlarray\(targets, \"BT\"\)"),
    ({"tMask": dlarray([[True], [True]], "BT")}, "targetsMask is .* their sizes must be equal"),
    ({"tMask": 2.0 * LENGTHS}, "targetsMask holds other numbers than 0 and 1"),
    ({"yMask": 2.0 * PRESENT}, "YMask holds other numbers than 0 and 1"),
    ({"yMask": PRESENT[:, :3]}, "YMask is .* it needs its sizes, or one channel"),
    ({"yMask": np.eye(C)[:, :B, None] * np.ones((1, 1, T))}, "no channel may differ from another"),
    ({"BlankIndex": "none"}, "BlankIndex is one of first, last"),
    ({"DataFormat": "CBT"}, "DataFormat= is for arrays without"),
]


@pytest.mark.parametrize(("options", "words"), BAD)
def test_what_does_not_fit_raises(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        loss(**options)
