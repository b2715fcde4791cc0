"""A layer under test, in a network of its own, with inputs and parameters drawn for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinydl.autodiff import plain
from tinydl.backend import is_on_gpu
from tinydl.backend.random import generator
from tinydl.functions.convert import double
from tinydl.functions.device import gather, gpuArray
from tinydl.labels import dlarray
from tinydl.layers import custom
from tinydl.layers.layer import Layer
from tinydl.layers.layout import networkDataLayout
from tinydl.network.call import forward, predict
from tinydl.network.initialize import layouts as layouts_of
from tinydl.network.net import dlnetwork
from tinydl.network.table import Table
from tinydl.network.update import dlupdate
from tinydl.testing.closeness import numbers
from tinydl.testing.laws_base import BrokenLawError, NotApplicableError

RANGE = 2.5
"""Inputs lie between plus and minus this number."""


class Subject:
    """A network of the one layer, in double precision, with inputs and parameters drawn for it."""

    def __init__(
        self,
        layer: Layer,
        layouts: Sequence[networkDataLayout],
        issues: list[str],
        inputs: Sequence[dlarray] | None,
        batch: int,
        seed: int,
        device: str,
        follow: Sequence[int] | None,
    ) -> None:
        rng = np.random.default_rng(seed)
        generator.seed(seed)
        self.issues = issues
        self.device = device
        self.put = gpuArray if device == "gpu" else gather
        self.seed = seed
        self.rng = rng
        self.layer = layer
        self.fresh = dlnetwork([layer], *layouts)
        (self.bound,) = self.fresh._graph.layers.values()
        self.entering = layouts_of(self.fresh._graph, layouts)[self.bound.Name]
        drawn = [_apart(layout, batch, rng) for layout in layouts] if inputs is None else inputs
        self.X = self.put([double(x) for x in drawn])
        self.follow = tuple(range(len(self.X))) if follow is None else tuple(follow)
        self.net = dlupdate(lambda w: double(w) + rng.uniform(-0.5, 0.5, w.shape), self.fresh)
        self.net.State = dlupdate(  # variances stay positive
            lambda s: double(s) + rng.uniform(0.0, 0.5, s.shape), self.net.State
        )
        self.net = self.put(self.net)

    @property
    def verbs(self) -> tuple[str, ...]:
        """forward and predict, or predict alone if they are the same."""
        same = type(self.layer).forward in (Layer.forward, custom.Layer.forward)
        return ("predict",) if same else ("predict", "forward")

    def run(
        self, net: dlnetwork, verb: str, X: Sequence[dlarray]
    ) -> tuple[tuple[dlarray, ...], Table]:
        """The results and the State, from the same position of the random numbers every time."""
        generator.seed(self.seed)
        if verb == "forward":
            *Y, state = forward(net, *X)
        else:
            *Y, state = predict(net, *X, nargout=len(net.OutputNames) + 1)
        return tuple(Y), state

    def claim(self, truth: bool, sentence: str) -> None:
        """Note what is wrong, once."""
        if not truth and sentence not in self.issues:
            self.issues.append(sentence)

    def hold(self, law: Callable[..., None], *functions: Any) -> None:
        """Note it if the network does not keep a law; some laws are about one of its functions."""
        generator.seed(self.seed)
        try:
            law(*functions, self.net, *self.X)
        except BrokenLawError as broken:
            self.claim(False, str(broken))
        except NotApplicableError:
            pass

    def operation(self, verb: str, place: int) -> Callable[..., Any]:
        """One result as a function of arrays: the followed inputs, then the learnables."""
        sides = [(gather(self.net).Layers[0], gather(self.X)), (self.net.Layers[0], self.X)]
        count = len(self.follow)

        def op(*arrays: Any) -> Any:
            generator.seed(self.seed)  # the same draws in every call
            layer, X = sides[is_on_gpu(plain(arrays[0]))] if arrays else sides[1]
            X = list(X)
            for i, array in zip(self.follow, arrays[:count], strict=True):
                X[i] = dlarray._make(array, X[i].dims)
            values = [dlarray._make(array, "") for array in arrays[count:]]
            bound = layer.copy(**dict(zip(layer.Learnable, values, strict=True)))
            Y, _ = bound.evaluate(verb, X)
            return (Y if isinstance(Y, tuple) else (Y,))[place]._value

        return op

    def arrays(self) -> dict[str, Any]:
        """What can be differentiated by: the followed inputs and the learnables, by name."""
        names = [f"input {i + 1}" for i in self.follow] + list(self.bound.Learnable)
        values = [*[self.X[i] for i in self.follow], *self.net.Learnables.Value]
        return dict(zip(names, map(numbers, values), strict=True))


def _apart(layout: networkDataLayout, batch: int, rng: np.random.Generator) -> dlarray:
    """Elements at distances of at least 2 · RANGE / n from each other, and half that from 0."""
    varying = {"B": batch, "T": batch + 1, "S": batch + 2}
    shape = [varying.get(label, 2) if n is None else n
             for n, label in zip(layout.Size, layout.Format, strict=True)]  # fmt: skip
    count = math.prod(shape)
    sizes = np.arange(1, count + 1) * (RANGE / max(count, 1))
    values = rng.permutation(sizes * np.where(np.arange(count) % 2, 1.0, -1.0))
    return dlarray(values.reshape(shape), layout.Format)


def same(a: Any, b: Any) -> bool:
    """Whether two values of options or tables are equal, arrays and networks included."""
    if isinstance(a, dlnetwork):
        return a.is_equal_to(b, nan_equal=True)
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all([same(x, y) for x, y in zip(a, b, strict=True)])
    if isinstance(a, (np.ndarray, dlarray)) or isinstance(b, (np.ndarray, dlarray)):
        return np.array_equal(numbers(a), numbers(b))
    return type(a) is type(b) and bool(a is b or a == b)
