"""Laws of calls: observations one by one, classes, devices, purity, and saved parameters."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinydl.autodiff.record import plain
from tinydl.backend import gpu, is_on_gpu
from tinydl.functions.convert import double, single
from tinydl.functions.device import gather, gpuArray
from tinydl.labels import dlarray
from tinydl.labels.containers import map_all_arrays
from tinydl.network.net import dlnetwork
from tinydl.network.table import Table
from tinydl.store import load, save
from tinydl.testing.closeness import difference
from tinydl.testing.laws_base import (
    BrokenLawError,
    Calls,
    NotApplicableError,
    arrays_of,
    as_list,
    computed,
    copied,
    labelled,
    law,
    map_labelled,
    need_labels,
    shown,
)


@law
def batch(f: Callable[..., Any], *inputs: Any) -> None:
    """Each observation is on its own: f of one alone is that observation of f of the batch.

    The observations are those of the dimension B of the inputs; inputs without it, and those that
    have one observation for all, stay as they are. Compared are the results with a dimension B, up
    to rounding. A loss, or what normalizes by the batch, does not keep this law.

    Example:
        >>> from tinydl import dlarray, softmax
        >>> batch(softmax, dlarray([[1.0, 2.0], [3.0, 5.0]], "CB"))
    """
    need_labels(inputs, "batch", "B")
    call = Calls(f)
    count = max([_observations(X) for X in labelled(inputs)])
    results = as_list(call(*inputs))
    places = [i for i in computed(call, inputs) if _observations(results[i])]
    if not places:
        raise NotApplicableError(f"batch: no result of {call.name} has the dimension B")
    for i in places:
        if _observations(results[i]) != count:
            raise BrokenLawError(
                f"{call.name} of {count} observations gives {shown([results[i]])}; "
                "it has to keep the dimension B as it is"
            )
    for k in range(count):
        one = functools.partial(_observation, k=k, count=count)
        alone = as_list(call(*map_labelled(one, inputs)))
        call.check_equal(
            [alone[i] for i in places], [one(results[i]) for i in places],
            f"of observation {k} alone differs from {call.name} of the batch",
            "use no sums or means over B there",
        )  # fmt: skip


def _observations(X: Any) -> int:
    """The size of the dimension B; 0 if there is none."""
    dims = getattr(X, "dims", "")
    return int(X.shape[dims.index("B")]) if "B" in dims else 0


def _observation(X: dlarray, k: int, count: int) -> dlarray:
    if _observations(X) != count:
        return X
    return X[tuple([slice(k, k + 1) if label == "B" else slice(None) for label in X.dims])]


@law
def classes(f: Callable[..., Any], *inputs: Any) -> None:
    """Single precision in gives single out, and double gives double.

    All arrays of the inputs are converted, the parameters of networks among them. Logical and whole
    numbers among the results do not count, nor do results without a derivative, such as positions,
    unless no result has one.

    Example:
        >>> from tinydl import dlarray, softmax
        >>> classes(softmax, dlarray([[1.0, 2.0]], "CB"))
    """
    call = Calls(f)
    for convert, kind in ((single, np.dtype(np.float32)), (double, np.dtype(np.float64))):
        converted = map_all_arrays(lambda x, to=convert: to(x) if _is_float(x) else x, inputs)
        results = as_list(call(*converted))
        arrays = arrays_of([results[i] for i in computed(call, converted)])
        others = sorted({str(x.dtype) for x in arrays if _is_float(x)} - {kind.name})
        if others:
            raise BrokenLawError(
                f"{call.name} of {kind} gives {', '.join(others)}; make arrays like others, "
                "zeros(…, like=X), and convert none"
            )


def _is_float(x: Any) -> bool:
    return bool(x.dtype.kind == "f")


@law
def devices(f: Callable[..., Any], *inputs: Any) -> None:
    """Arrays on the GPU give results there, which are those of the CPU up to rounding.

    All arrays of the inputs are moved. Where there is no GPU the law is not applicable. Results
    without a derivative may lie anywhere, unless no result has one.

    Example:
        >>> from tinydl import canUseGPU, dlarray, softmax
        >>> if canUseGPU():
        ...     devices(softmax, dlarray([[1.0, 2.0]], "CB"))
    """
    reason = gpu.why_not()
    if reason:
        raise NotApplicableError(f"devices: there is no GPU: {reason}")
    call, here, there = Calls(f), gather(tuple(inputs)), gpuArray(tuple(inputs))
    results, expected = as_list(call(*there)), as_list(call(*here))
    for x in arrays_of([results[i] for i in computed(call, there)]):
        if not is_on_gpu(plain(x._value) if isinstance(x, dlarray) else x):
            raise BrokenLawError(
                f"{call.name} of arrays on the GPU gives {shown([x])} in the computer's own "
                "memory; compute with tinydl's functions, make arrays like others, zeros(…, like=X)"
            )
    call.check_equal(gather(results), expected, "gives another result on the GPU than on the CPU",
                     "compute with tinydl's functions alone")  # fmt: skip


@law
def purity(f: Callable[..., Any], *inputs: Any, draws: bool = False) -> None:
    """The same inputs give the same result, to the last bit; nothing is written into, or drawn.

    With draws=True f may draw random numbers, and gives the same result from the same position of
    them, as rng sets it.

    Example:
        >>> from tinydl import dlarray, rand, softmax
        >>> X = dlarray([[1.0, 2.0]], "CB")
        >>> purity(softmax, X)
        >>> purity(lambda X: X * rand(1, 2), X, draws=True)
    """
    call, before = Calls(f), copied(inputs)
    first = call(*inputs)
    _check_untouched(call.name, inputs, before)
    if call.has_drawn() and not draws:
        advice = ("what only training needs stands in forward" if call.name == "predict" else
                  "where it is meant to, check it with draws=True")  # fmt: skip
        raise BrokenLawError(f"{call.name} draws random numbers; {advice}")
    first = copied(first)
    what, instead = (
        ("gives another result from the same random numbers",
         "draw them by tinydl's rand and randn")
        if draws else
        ("gives another result the second time",
         "it may depend on nothing but its inputs and its parameters")
    )  # fmt: skip
    call.check_equal(copied(call(*inputs)), first, what, instead, margin=0)


def _check_untouched(name: str, inputs: Sequence[Any], before: Sequence[Any]) -> None:
    for i, (now, then) in enumerate(zip(inputs, before, strict=True)):
        found = difference(copied(now), then, margin=0)
        if not found:
            continue
        if isinstance(now, (dlnetwork, Table)):
            kind = "network" if isinstance(now, dlnetwork) else "table"
            raise BrokenLawError(
                f"{name} changes the parameters of its {kind}; return the new state, and leave the "
                f"old one as it is ({found})"
            )
        raise BrokenLawError(
            f"{name} writes into its input {i + 1}: {found}; compute a new array instead"
        )


@law
def saving(f: Callable[..., Any], *inputs: Any) -> None:
    """After save and load f gives the same result, to the last bit: ``saving(predict, net, X)``.

    Saved are the networks and tables among the inputs, and what is in lists and dicts. f computes
    in the computer's own memory, where load puts all that it reads.

    Example:
        >>> from tinydl import dlarray, dlnetwork, featureInputLayer, fullyConnectedLayer, predict
        >>> net = dlnetwork([featureInputLayer(2), fullyConnectedLayer(3)])
        >>> saving(predict, net, dlarray([[1.0], [2.0]], "CB"))
    """
    kinds = (dlnetwork, Table, dict, list, tuple)
    kept = {f"input{i}": x for i, x in enumerate(inputs) if isinstance(x, kinds)}
    if not kept:
        raise NotApplicableError(
            "saving: needed is a network, a table, a list or a dict among the "
            f"inputs; given are {shown(inputs)}"
        )
    call, here = Calls(f), gather(tuple(inputs))
    expected = call(*here)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "inputs.npz"
        save(file, **kept)
        restored = load(file)
    again = [restored.get(f"input{i}", x) for i, x in enumerate(here)]
    call.check_equal(
        call(*again), expected, "gives another result after save and load",
        "a layer has nothing but what its constructor is given and keeps, self.Name = Name, its "
        "Learnable and its Stateful", margin=0,
    )  # fmt: skip
