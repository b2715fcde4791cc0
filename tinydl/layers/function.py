"""A layer that applies a user's function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from tinydl.labels import dlarray
from tinydl.layers.layer import Layer, register
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.options import whole
from tinydl.layers.users import Results, found_layouts, handed, labelled, port_names


@register
class functionLayer(Layer):
    """PredictFcn of the inputs: a function of dlarrays without parameters.

    With Formattable=False (default) the function gets arrays without labels, their dimensions in
    the order S, C, B, T, U, and returns arrays without labels; a result gets the labels of the
    first input, with as many dimensions. With Formattable=True it gets and returns labelled arrays.

    NumInputs is the number of arguments without a default that the function has, or 1, unless it
    is given; a function with NumOutputs > 1 returns a tuple. InputNames and OutputNames name them;
    unless given they are in, or in1, in2, …, and out, or out1, out2, … Description is for people.

    How large the results are is found by calling the function with arrays of 0.5 of two sizes.

    Example:
        >>> from tinydl import dlarray, functionLayer
        >>> functionLayer(lambda x: x**2).predict(dlarray([1, 3], "C"))
        2(C) × 1(U) dlarray
        [1. 9.]
    """

    short = "layer"

    def __init__(
        self,
        PredictFcn: Callable[..., Any],
        *,
        Name: str = "",
        Description: str = "",
        NumInputs: int | None = None,
        InputNames: Sequence[str] | None = None,
        NumOutputs: int = 1,
        OutputNames: Sequence[str] | None = None,
        Formattable: bool = False,
    ) -> None:
        if not callable(PredictFcn):
            raise TypeError(f"functionLayer: {PredictFcn!r} is no function")
        count = _count(PredictFcn) if NumInputs is None else whole(NumInputs, "NumInputs")
        self.PredictFcn = PredictFcn
        self.Name = Name
        self.Description = Description
        inputs = None if InputNames and NumInputs is None else count
        self._inputs = port_names(InputNames, inputs, "in", "functionLayer")
        outputs = whole(NumOutputs, "NumOutputs")
        self._outputs = port_names(OutputNames, outputs, "out", "functionLayer")
        self.NumInputs = len(self._inputs)
        self.NumOutputs = len(self._outputs)
        self.Formattable = bool(Formattable)

    @property
    def InputNames(self) -> tuple[str, ...]:
        return self._inputs

    @property
    def OutputNames(self) -> tuple[str, ...]:
        return self._outputs

    def output(self, *layouts: networkDataLayout) -> Any:
        results = found_layouts(self._called, layouts)
        return results if self.NumOutputs > 1 else results[0]

    def predict(self, *X: dlarray) -> Any:
        results = self._called(*X)
        return results if self.NumOutputs > 1 else results[0]

    def _called(self, *X: dlarray) -> Results:
        made = self.PredictFcn(*handed(X, self.Formattable))
        results = made if isinstance(made, tuple) else (made,)
        if len(results) != self.NumOutputs:
            raise ValueError(f"the function returns {len(results)} results; NumOutputs is "
                             f"{self.NumOutputs}")  # fmt: skip
        return tuple([labelled(Y, X[0], self.Formattable, "the function") for Y in results])


def _count(function: Callable[..., Any]) -> int:
    """The number of arguments that a function must have, and 1 at least."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some functions written in C do not say
        return 1
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return max(1, sum(p.kind in positional and p.default is p.empty for p in parameters))
