"""Laws of labels: formats are sorted, labels can be erased, and their order does not matter."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from tinydl.backend import is_array
from tinydl.functions.convert import stripdims
from tinydl.labels import dlarray
from tinydl.labels.format import LABELS, join, permute, places, sorting
from tinydl.testing.laws_base import (
    BrokenLawError,
    Calls,
    NotApplicableError,
    as_list,
    labelled,
    law,
    map_labelled,
    need_labels,
    shown,
)


@law
def formats(f: Callable[..., Any], *inputs: Any) -> None:
    """Every result has a format: labels in the order S C B T U, one for each dimension.

    Example:
        >>> from tinydl import dlarray, softmax
        >>> formats(softmax, dlarray([[1.0, 2.0]], "CB"))
    """
    call = Calls(f)
    for Y in labelled(as_list(call(*inputs))):
        order = permute(Y.dims, sorting(Y.dims))
        if order != Y.dims or len(Y.dims) != Y.ndim:
            raise BrokenLawError(
                f"{call.name} of {shown(inputs)} gives a {Y.ndim}-dimensional result with the "
                f"format {Y.dims!r}; labels stand in the order S C B T U, one for each dimension: "
                "label an array by dlarray(array, format), which brings it into order"
            )


@law
def labels(
    f: Callable[..., Any], *inputs: Any, unlabelled: Callable[..., Any] | None = None
) -> None:
    """Erasing labels commutes with f: f(stripdims(X)) has the numbers of f(X), or is refused.

    f may refuse arrays without labels by a ValueError or a TypeError. unlabelled is a function to
    take in its place there, which may not refuse: ``lambda X: sum(X, axis=0)`` beside
    ``lambda X: sum(X, "C")``. Inputs of different formats first get the dimensions that they lack,
    of size 1, because without labels dimensions are matched by position.

    Example:
        >>> from tinydl import dlarray, sum
        >>> X = dlarray([[1.0, 2.0]], "CB")
        >>> labels(lambda X: 2 * X, X)
        >>> labels(lambda X: sum(X, "B"), X, unlabelled=lambda X: sum(X, axis=1))
    """
    need_labels(inputs, "labels")
    call, other = Calls(f), Calls(f if unlabelled is None else unlabelled)
    joined = functools.reduce(join, [x.dims for x in labelled(inputs)])
    full = map_labelled(lambda x: _expanded(x, joined), inputs)
    try:
        expected = [_without(Y) for Y in as_list(call(*full))]
        found = [_without(Y) for Y in as_list(other(*map_labelled(stripdims, full)))]
    except (TypeError, ValueError):
        if unlabelled is not None:
            raise
        return
    call.check_equal(
        found, expected,
        f"of {shown(inputs)} gives other numbers without the labels than with them",
        'let it refuse arrays without labels (X.dims == ""), or name dimensions by their labels '
        "where there are some",
    )  # fmt: skip


def _expanded(X: dlarray, into: str) -> dlarray:
    """X with the dimensions of a larger format, of size 1 where they are new."""
    sizes = [1 if i is None else X.shape[i] for i in places(X.dims, into)]
    return X if X.dims == into else dlarray(X._value.reshape(sizes), into)


def _without(Y: Any) -> Any:
    """The result without labels, and without dimensions of size 1 at the end."""
    if not isinstance(Y, dlarray):
        return Y
    sizes = list(Y.shape)
    while sizes and sizes[-1] == 1:
        sizes.pop()
    return dlarray._make(Y._value.reshape(sizes), "")


@law
def permutation(f: Callable[..., Any], *inputs: Any) -> None:
    """The order in which dimensions were given, and so lie in memory, changes nothing.

    Each dlarray with labels is entered anew with its dimensions in other orders. A plain array that
    is followed by its format, ``permutation(f, array, "CB")``, is permuted together with it.

    Example:
        >>> import numpy as np
        >>> from tinydl import dlarray, softmax
        >>> permutation(softmax, dlarray([[1.0, 2.0]], "CB"))
        >>> permutation(lambda x, fmt: softmax(dlarray(x, fmt)), np.ones((2, 3)), "CB")
    """
    call = Calls(f)
    expected = call(*inputs)
    is_permuted = False
    for name, order_of in (("reversed", _reversed), ("rotated", _rotated)):
        entered = _entered(inputs, order_of)
        if entered is None:
            continue
        is_permuted = True
        call.check_equal(
            call(*entered), expected,
            f"of {shown(inputs)} gives another result if the dimensions are given in {name} order",
            "find dimensions by their labels, and not by how they lie in memory: an array may be "
            'a view, which order="K" and pointers see',
        )  # fmt: skip
    if not is_permuted:
        raise NotApplicableError(
            "permutation: needed is a dlarray with two different labels, or a plain array followed "
            f"by its format; given are {shown(inputs)}"
        )


Order = Callable[[str], list[int]]


def _reversed(fmt: str) -> list[int]:
    """The labels from the last to the first."""
    return sorted(range(len(fmt)), key=lambda i: -LABELS.index(fmt[i]))


def _rotated(fmt: str) -> list[int]:
    """The first label comes last."""
    return sorted(range(len(fmt)), key=lambda i: fmt[i] == fmt[0])


def _entered(inputs: Sequence[Any], order_of: Order) -> list[Any] | None:
    """The inputs with their dimensions in another order; None if none has another."""
    entered, k, is_other = [], 0, False
    while k < len(inputs):
        x, fmt = inputs[k], inputs[k + 1] if k + 1 < len(inputs) else None
        if is_array(x) and isinstance(fmt, str) and len(fmt) == x.ndim > 0:
            order = order_of(fmt.upper())
            entered += [x.transpose(order), permute(fmt, tuple(order))]
            k, is_other = k + 2, is_other or order != sorted(order)
            continue
        several = [x for x in labelled([x]) if len(set(x.dims)) > 1]
        entered.append(map_labelled(lambda x: _laid_out(x, order_of(x.dims)), x))
        k, is_other = k + 1, is_other or bool(several)
    return entered if is_other else None


def _laid_out(X: dlarray, order: Sequence[int]) -> dlarray:
    """The same dlarray, a view of an array whose dimensions lie in memory in another order."""
    back = sorted(range(len(order)), key=lambda i: order[i])
    array = dlarray(X._value.transpose(order))  # a copy
    return dlarray._make(array._value.transpose(back), X.dims)
