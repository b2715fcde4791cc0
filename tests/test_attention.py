"""attention as users call it: formats, masks, dropout, messages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.strategies import normal, numbers, total
from tinydl import attention, dlarray, dlfeval, dlgradient, rng, single, stripdims

HEADS, B, QUERIES, KEYS = 2, 3, 4, 5
Q, K, V = normal((4, B, QUERIES), 1), normal((4, B, KEYS), 2), normal((6, B, KEYS), 3)
MASK = np.array([[1, 1, 0, 1, 0], [1, 1, 1, 1, 1], [0, 1, 1, 0, 0]], float)  # B × keys


def run(q: Any = None, k: Any = None, v: Any = None, heads: int = HEADS, **options: Any) -> Any:
    given = [dlarray(x, "CBT") if y is None else y for x, y in ((Q, q), (K, k), (V, v))]
    return attention(*given, heads, **options)


def assert_same(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(numbers(found), numbers(expected), rtol=1e-13, atol=1e-13)


def test_result_and_weights() -> None:
    Y, weights = run(nargout=2)
    assert (Y.dims, Y.shape) == ("CBT", (6, B, QUERIES))
    assert (weights.dims, weights.shape) == ("", (KEYS, QUERIES, HEADS, B))
    np.testing.assert_allclose(numbers(weights).sum(0), 1.0)
    by_head = V.reshape(HEADS, 3, B, KEYS)
    again = np.einsum("hcbs,sthb->hcbt", by_head, numbers(weights)).reshape(6, B, QUERIES)
    assert_same(Y, again)


def test_positions_may_be_spatial_and_there_may_be_one_observation() -> None:
    Y = run()
    spatial = run(*[dlarray(x, "CBS") for x in (Q, K, V)])
    assert spatial.dims == "SCB"
    assert_same(stripdims(spatial, "CBS"), Y)
    alone = run(*[dlarray(x[:, 0], "CT") for x in (Q, K, V)])
    assert alone.dims == "CT"
    assert_same(alone, numbers(Y)[:, 0])


def test_keys_and_values_without_labels_have_those_of_the_queries() -> None:
    assert_same(run(k=K, v=V), run())


def test_arrays_without_labels() -> None:
    turned = [x.transpose(2, 0, 1) for x in (Q, K, V)]
    Y = attention(*turned, HEADS, DataFormat="TCB")
    assert Y.dims == ""
    assert_same(Y, stripdims(run(), "TCB"))


def test_causal_is_a_mask() -> None:
    seen = np.arange(KEYS)[:, None] <= np.arange(QUERIES)[None]
    Y, weights = run(AttentionMask="causal", nargout=2)
    assert_same(Y, run(AttentionMask=seen))
    assert_same(Y, run(AttentionMask=np.repeat(seen[:, :, None], B, axis=2).astype(float)))
    assert (numbers(weights)[~seen] == 0.0).all()


@pytest.mark.parametrize("padding", [0.0, np.nan, np.inf])
@pytest.mark.parametrize("higher", [False, True])
def test_padding_is_as_if_it_were_not_there(padding: float, higher: bool) -> None:
    k, v = [np.where(MASK == 1, x, padding) for x in (K, V)]

    def slopes(q: dlarray, k: dlarray, v: dlarray, *mask: dlarray) -> Any:
        Y = attention(q, k, v, HEADS, PaddingMask=mask[0] if mask else None)
        return Y, *dlgradient(total(Y * Y), q, k, v, EnableHigherDerivatives=higher)

    mask = dlarray(MASK[None], "CBT")
    found = dlfeval(slopes, *[dlarray(x, "CBT") for x in (Q, k, v)], mask)
    for b in range(B):
        at = MASK[b] == 1
        one = [dlarray(x[:, b : b + 1], "CBT") for x in (Q, k[:, :, at], v[:, :, at])]
        Y, dq, dk, dv = dlfeval(slopes, *one)
        for x, y in ((found[0], Y), (found[1], dq)):
            assert_same(numbers(x)[:, b : b + 1], y)
        for x, y in ((found[2], dk), (found[3], dv)):
            assert_same(numbers(x)[:, b : b + 1, at], y)
            assert (numbers(x)[:, b, ~at] == 0.0).all()


def test_a_padding_mask_may_have_all_channels() -> None:
    expected = run(PaddingMask=dlarray(MASK[None], "CBT"))
    assert_same(run(PaddingMask=np.repeat(MASK[None], 4, axis=0) == 1), expected)
    assert_same(run(PaddingMask=MASK[None], AttentionMask=np.ones((KEYS, QUERIES))), expected)


@pytest.mark.parametrize("higher", [False, True])
def test_a_query_that_sees_nothing_gives_zero(higher: bool) -> None:
    mask = np.ones((KEYS, QUERIES))
    mask[:, 1] = 0.0

    def slopes(q: dlarray, k: dlarray, v: dlarray) -> Any:
        Y, weights = attention(q, k, v, HEADS, AttentionMask=mask, nargout=2)
        return Y, weights, *dlgradient(total(Y * Y), q, k, v, EnableHigherDerivatives=higher)

    Y, weights, *found = dlfeval(slopes, *[dlarray(x, "CBT") for x in (Q, K, V)])
    assert (numbers(Y)[:, :, 1] == 0.0).all() and (numbers(weights)[:, 1] == 0.0).all()
    assert (numbers(found[0])[:, :, 1] == 0.0).all()
    assert all([np.isfinite(numbers(g)).all() for g in found])


def test_dropout_keeps_the_mean_and_draws_from_the_stream() -> None:
    rng(3)
    options = {"DropoutProbability": 0.25, "nargout": 2}
    Y, weights = run(**options)
    full = numbers(run(nargout=2)[1])
    dropped = numbers(weights) == 0.0
    assert 0 < dropped.sum() < dropped.size / 2
    np.testing.assert_allclose(numbers(weights)[~dropped], full[~dropped] / 0.75)
    rng(3)
    assert_same(run(**options)[0], Y)


def test_large_scores_do_not_overflow_and_single_stays_single() -> None:
    Y = run(single(dlarray(1e6 * Q, "CBT")))
    assert Y.dtype.name == "float32" and np.isfinite(numbers(Y)).all()


X4, V6 = dlarray(normal((2, 4, B, KEYS), 5), "SCBT"), dlarray(V, "CBT")
BAD: list[tuple[dict[str, Any], str]] = [
    ({"heads": 3}, "cannot be cut into 3 heads"),
    ({"heads": 4}, "cannot be cut into 4 heads"),
    ({"heads": 0}, "a size is a whole number from 1 on"),
    ({"q": X4}, "queries are .* they need C, one dimension T or S"),
    ({"k": dlarray(K[:, 0], "CB")}, "keys are .* they need C, one dimension T or S"),
    ({"k": dlarray(K[:2], "CBT")}, "queries and keys need equal channels"),
    ({"v": dlarray(V[:, :, :2], "CBT")}, "keys and values equal positions"),
    ({"v": dlarray(V[:, :2], "CBT")}, "all the same observations"),
    ({"DataFormat": "CBT"}, "DataFormat= is for arrays without"),
    ({"q": dlarray(Q), "DataFormat": "CBT"}, "keys have the format CBT; DataFormat= is for"),
    ({"Scale": "none"}, 'Scale is "auto" or a number'),
    ({"AttentionMask": "Causal"}, 'AttentionMask is "none", "causal" or an array'),
    ({"AttentionMask": np.ones((QUERIES, KEYS))}, "AttentionMask is 4×5 .* must be 5×4 or 5×4×3"),
    ({"AttentionMask": np.full((KEYS, QUERIES), -np.inf)}, "holds other numbers than 0 and 1"),
    ({"PaddingMask": MASK[None, :, :3]}, "PaddingMask is 1×3×3 for keys of 4×3×5"),
    ({"PaddingMask": np.eye(4)[:, :B, None] * np.ones((1, 1, KEYS))}, "differs between channels"),
    ({"DropoutProbability": 1.0}, "DropoutProbability is a number from 0 up to 1"),
    ({"nargout": 3}, "gives 1 to 2 outputs; nargout=3"),
]


@pytest.mark.parametrize(("options", "words"), BAD)
def test_what_does_not_fit_raises(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        run(**options)
