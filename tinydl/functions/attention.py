"""Attention: each query takes a weighted mean of values, weighted by how its keys fit."""

from __future__ import annotations

import math
from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.functions.arguments import outputs, whole_sizes
from tinydl.functions.convert import stripdims
from tinydl.functions.formats import data_format
from tinydl.functions.layerwise import same_class
from tinydl.labels import align, devices, dlarray
from tinydl.labels import format as formats
from tinydl.labels.apply import value_and_format
from tinydl.labels.display import header
from tinydl.labels.options import named_options
from tinydl.primitives.attend import attend, attention_weights
from tinydl.primitives.contract import matmul
from tinydl.primitives.elementwise import multiply, where
from tinydl.primitives.shape import reshape, transpose


@named_options
def attention(
    queries: dlarray,
    keys: Any,
    values: Any,
    numHeads: int,
    *,
    Scale: Any = "auto",
    AttentionMask: Any = "none",
    PaddingMask: Any = None,
    DropoutProbability: float = 0.0,
    DataFormat: str | None = None,
    nargout: int = 1,
) -> Any:
    """Dot-product attention: for each query a mean of the values, softmax(Scale · Kᵀ q) weighted.

    queries, keys and values have the labels C, one of T and S, and perhaps B. There may be another
    number of positions (T or S) in keys and values than in queries. The channels are cut into
    numHeads groups, one after the other, each of which attends on its own; queries and keys have
    the same number of channels. The result has the format and positions of queries and the channels
    of values. Keys and values without labels have those of queries; DataFormat= names the
    dimensions where queries have none, and the result then has none either.

    Scale="auto" is 1/√(channels of a head). What is left out of the mean: AttentionMask is "none",
    "causal" (keys behind the position of the query) or an array with one number for each key, query
    and perhaps observation, keys × queries × B; PaddingMask has the format of keys, with one
    channel or all of them equal. Where they are 0 nothing is seen, where they are 1 it is. A query
    that sees nothing gives 0. DropoutProbability= sets that part of the weights to 0, drawn from
    the package's generator, and divides the others by 1 − p.

    ``Y, weights = attention(…, nargout=2)`` also gives the weights, after dropout, as an array
    without labels: keys × queries × heads × observations. Vaswani et al., "Attention is all you
    need", 2017.

    Example:
        >>> from tinydl import attention, dlarray
        >>> K = dlarray([[[0.0, 100.0]]], "CBT")
        >>> V = dlarray([[[1.0, 2.0]]], "CBT")
        >>> attention(dlarray([[[0.0, 1.0]]], "CBT"), K, V, 1)
        1(C) × 1(B) × 2(T) dlarray
        [[[1.5 2. ]]]
    """
    nargout = outputs(nargout, 2, "attention")
    (heads,) = whole_sizes((numHeads,), "attention: numHeads", least=1)
    labelled = data_format(queries, DataFormat, "attention", needs="C")
    keys = _labelled(keys, "keys", labelled.X, DataFormat)
    values = _labelled(values, "values", labelled.X, DataFormat)
    Q, K, V = _as_pages(labelled.X, "queries"), _as_pages(keys, "keys"), _as_pages(values, "values")
    _check_sizes(Q, K, V, heads)
    q, k, v = same_class(queries=Q, keys=K, values=V)
    width = q.shape[0] // heads
    allowed = _attention_mask(AttentionMask, k, q.shape[2])
    if PaddingMask is not None:
        seen = _padding_mask(PaddingMask, keys, k)
        k, v = where(seen, k, 0.0), where(seen, v, 0.0)  # padding may hold NaN, and 0 · NaN is NaN
        seen = seen.transpose(1, 0, 2)[:, None]
        allowed = seen if allowed is None else allowed & seen
    q, k, v = [_by_head(x, heads) for x in (q, k, v)]
    scale = _factor(Scale, width)
    if nargout == 2 or _probability(DropoutProbability) > 0.0:
        weights = _dropped(attention_weights(q, k, scale, allowed), DropoutProbability)
        y = transpose(matmul(weights, transpose(v, axes=(2, 0, 3, 1))), axes=(1, 3, 0, 2))
    else:
        y = attend(q, k, v, scale=scale, allowed=allowed)
    y = reshape(y, shape=(V.shape[0], *Q.shape[1:]), order="C")
    Y = labelled.back(_in_format(y, labelled.X.dims))
    if nargout == 1:
        return Y
    return Y, dlarray._make(transpose(weights, axes=(3, 2, 1, 0)), "")


# ---- formats ------------------------------------------------------------------------------------


def _as_pages(X: dlarray, name: str) -> dlarray:
    """X without labels, as channels × observations × positions."""
    position = "".join([label for label in X.dims if label in "STU"])
    if position not in ("S", "T") or "C" not in X.dims:
        raise ValueError(
            f"attention: {name} are {header(X, X.dims)}; they need C, one dimension T or S for "
            "their positions, and perhaps B"
        )
    value = stripdims(X, "CB" + position if "B" in X.dims else "C" + position)._value
    if "B" not in X.dims:
        value = reshape(value, shape=(value.shape[0], 1, value.shape[1]), order="C")
    return dlarray._make(value, "")


def _in_format(y: Any, fmt: str) -> dlarray:
    """Channels × observations × positions in a format."""
    position = "T" if "T" in fmt else "S"
    if "B" not in fmt:
        y = reshape(y, shape=(y.shape[0], y.shape[2]), order="C")
        return dlarray(dlarray._make(y, ""), "C" + position)
    return dlarray(dlarray._make(y, ""), "CB" + position)


def _labelled(x: Any, name: str, like: dlarray, fmt: str | None) -> dlarray:
    """An argument with labels: its own, those of DataFormat=, or those of another array."""
    value, own = value_and_format(x, f"attention: {name}", beside=(like,))
    if own and fmt is not None:
        raise ValueError(
            f"attention: {name} have the format {own}; DataFormat= is for arrays without"
        )
    X = dlarray._make(value, own)
    return X if own else dlarray(X, fmt or like.dims)


def _check_sizes(Q: dlarray, K: dlarray, V: dlarray, heads: int) -> None:
    shown = ", ".join([f"{name} {x.shape[0]}(C) × {x.shape[1]}(B) with {x.shape[2]} positions"
                       for name, x in (("queries", Q), ("keys", K), ("values", V))])  # fmt: skip
    if Q.shape[0] != K.shape[0] or K.shape[2] != V.shape[2] or len(
        {x.shape[1] for x in (Q, K, V)}
    ) > 1:  # fmt: skip
        raise ValueError(
            f"attention: {shown}: queries and keys need equal channels, keys and values equal "
            "positions, and all the same observations"
        )
    if Q.shape[0] % heads or V.shape[0] % heads:
        raise ValueError(f"attention: {shown}: their channels cannot be cut into {heads} heads")


def _by_head(x: Any, heads: int) -> Any:
    """(heads · d, B, positions) as (heads, d, B, positions)."""
    return reshape(x, shape=(heads, x.shape[0] // heads, *x.shape[1:]), order="C")


# ---- weights ------------------------------------------------------------------------------------


def _factor(scale: Any, width: int) -> float:
    if isinstance(scale, str):
        if scale != "auto":
            raise ValueError(f'attention: Scale is "auto" or a number, not {scale!r}')
        return 1.0 / math.sqrt(max(width, 1))
    return float(scale)


def _probability(probability: float) -> float:
    if not 0.0 <= probability < 1.0:
        raise ValueError(
            f"attention: DropoutProbability is a number from 0 up to 1, not {probability!r}"
        )
    return probability


def _dropped(weights: Any, probability: float) -> Any:
    if probability == 0.0:
        return weights
    kept = xp(plain(weights)).uniform(weights.shape[::-1]).transpose() >= probability
    factor = (kept / (1.0 - probability)).astype(weights.dtype)
    return multiply(weights, factor)


# ---- masks: True where a key is seen, as (B, heads, queries, keys) -------------------------------


def _zeros_and_ones(mask: Any, name: str, beside: Any) -> Any:
    """A mask as booleans, on the device of what it is for."""
    value = devices.beside(plain(beside), plain(value_and_format(mask, f"attention: {name}")[0]))
    if not bool(((value == 0) | (value == 1)).all()):
        raise ValueError(f"attention: {name} holds other numbers than 0 and 1")
    return value != 0


def _attention_mask(mask: Any, k: Any, queries: int) -> Any:
    _, observations, keys = k.shape
    if isinstance(mask, str):
        if mask not in ("none", "causal"):
            raise ValueError(
                f'attention: AttentionMask is "none", "causal" or an array, not {mask!r}'
            )
        if mask == "none":
            return None
        lib = xp(plain(k))
        return (lib.arange(keys)[None, :] <= lib.arange(queries)[:, None])[None, None]
    seen = _zeros_and_ones(mask, "AttentionMask", k)
    sizes = align.of_rank(seen.shape, 3)
    if sizes not in ((keys, queries, 1), (keys, queries, observations)):
        raise ValueError(
            f"attention: AttentionMask is {formats.describe('', seen.shape)} for {keys} keys and "
            f"{queries} queries; it must be {keys}×{queries} or {keys}×{queries}×{observations}"
        )
    return seen.reshape(sizes).transpose(2, 1, 0)[:, None]


def _padding_mask(mask: Any, keys: dlarray, k: Any) -> Any:
    """Which keys are no padding: 1 × observations × keys."""
    pages = _as_pages(_labelled(mask, "PaddingMask", keys, None), "the elements of PaddingMask")
    seen = _zeros_and_ones(pages, "PaddingMask", k)
    if seen.shape not in (k.shape, (1, *k.shape[1:])):
        raise ValueError(
            f"attention: PaddingMask is {formats.describe('', seen.shape)} for keys of "
            f"{formats.describe('', k.shape)} (channels × observations × positions); it needs "
            "their sizes, or one channel"
        )
    if not bool((seen == seen[:1]).all()):
        raise ValueError("attention: PaddingMask differs between channels; a key is seen or not")
    return seen[:1]
