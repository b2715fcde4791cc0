"""What every layer promises, as checks: for the layers of the package and for those of users."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinydl.autodiff import plain
from tinydl.backend import is_on_gpu
from tinydl.backend.random import generator
from tinydl.functions.convert import double, extractdata, single
from tinydl.functions.device import gather, gpuArray
from tinydl.labels import dlarray
from tinydl.layers.layer import Layer
from tinydl.layers.layout import networkDataLayout
from tinydl.network.initialize import layouts as layouts_of
from tinydl.network.net import dlnetwork, forward, predict
from tinydl.network.table import Table
from tinydl.network.update import dlupdate
from tinydl.testing.oracle import (
    contour_derivative,
    difference_derivative,
    directional_derivatives,
    is_analytic,
)

MARGIN = 50
"""How many times its computed bound a rounding error may be."""

RANGE = 2.5
"""Inputs lie between plus and minus this number."""


def check_layer(
    layer: Layer,
    *layouts: networkDataLayout,
    batch: int = 3,
    seed: int = 0,
    device: str = "cpu",
) -> None:
    """Raise an AssertionError that says what a layer does not keep of what layers promise.

    layouts are those of its inputs; batch observations are drawn for a size that varies. With
    device="gpu" the layer computes on the GPU, and is compared with what is found on the CPU.
    Checked is that

    * its options make an equal layer;
    * Learnables and State have the declared names and sizes, and start in single precision;
    * predict gives the same twice, draws no random numbers and writes into nothing;
    * forward returns a State of the same form, and changes neither network nor layer;
    * labels and sizes of the result are those it foretells;
    * single in gives single out, double gives double;
    * in predict each observation is on its own;
    * the derivatives by inputs (to second order) and learnables are those of an oracle that does
      not differentiate. Inputs are drawn away from 0 and from each other, where kinks are.

    Example:
        >>> from tinydl import fullyConnectedLayer, networkDataLayout
        >>> check_layer(fullyConnectedLayer(3), networkDataLayout([2, None], "CB"))
    """
    before = generator.getstate()
    try:
        generator.seed(seed)
        subject = _Subject(layer, layouts, batch, seed, device)
        for check in CHECKS:
            check(subject)
    finally:
        generator.setstate(before)


class _Subject:
    """A network of the one layer, in double precision, with inputs and parameters drawn for it."""

    def __init__(
        self,
        layer: Layer,
        layouts: tuple[networkDataLayout, ...],
        batch: int,
        seed: int,
        device: str,
    ) -> None:
        rng = np.random.default_rng(seed)
        self.put = gpuArray if device == "gpu" else gather
        self.seed = seed
        self.layer = layer
        self.fresh = dlnetwork([layer], *layouts)
        self.bound = self.fresh._graph.layers[self.fresh.OutputNames[0]]
        self.entering = layouts_of(self.fresh._graph, layouts)[self.bound.Name]
        self.X = self.put([_apart(layout, batch, rng) for layout in layouts])
        self.net = dlupdate(lambda w: double(w) + rng.uniform(-0.5, 0.5, w.shape), self.fresh)
        self.net.State = dlupdate(  # variances stay positive
            lambda s: double(s) + rng.uniform(0.0, 0.5, s.shape), self.net.State
        )
        self.net = self.put(self.net)
        self.rng = rng

    @property
    def verbs(self) -> tuple[str, ...]:
        """forward and predict, or predict alone if they are the same."""
        same = type(self.layer).forward is Layer.forward
        return ("predict",) if same else ("predict", "forward")

    def run(self, net: dlnetwork, verb: str, X: list[dlarray]) -> tuple[dlarray, Table]:
        """The result and the State, from the same position of the random numbers every time."""
        generator.seed(self.seed)
        return forward(net, *X) if verb == "forward" else predict(net, *X, nargout=2)

    def claim(self, truth: bool, sentence: str) -> None:
        if not truth:
            raise AssertionError(f"{type(self.layer).__name__}: {sentence}")


def _apart(layout: networkDataLayout, batch: int, rng: np.random.Generator) -> dlarray:
    """Elements at distances of at least 2 · RANGE / n from each other, and half that from 0."""
    varying = {"B": batch, "T": batch + 1, "S": batch + 2}
    shape = [varying.get(label, 2) if n is None else n
             for n, label in zip(layout.Size, layout.Format, strict=True)]  # fmt: skip
    count = math.prod(shape)
    sizes = np.arange(1, count + 1) * (RANGE / max(count, 1))
    values = rng.permutation(sizes * np.where(np.arange(count) % 2, 1.0, -1.0))
    return dlarray(values.reshape(shape), layout.Format)


def _same(a: Any, b: Any) -> bool:
    """Whether two values of options or tables are equal, arrays included."""
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all([_same(x, y) for x, y in zip(a, b, strict=True)])
    if isinstance(a, (np.ndarray, dlarray)) or isinstance(b, (np.ndarray, dlarray)):
        return np.array_equal(_numbers(a), _numbers(b))
    return type(a) is type(b) and bool(a is b or a == b)


def _numbers(x: Any) -> Any:
    """A NumPy array of its own, from either device."""
    return np.array(gather(extractdata(x)))


def _close(a: Any, b: Any) -> bool:
    """Whether two arrays of double class differ by rounding only."""
    bound = MARGIN * np.finfo(float).eps * max(1.0, float(np.max(np.abs(b), initial=0.0)))
    return bool(a.shape == b.shape and np.max(np.abs(a - b), initial=0.0) <= bound)


# ---- what is checked ----------------------------------------------------------------------------


def _check_options(subject: _Subject) -> None:
    options = subject.layer.options()
    again = type(subject.layer)(**options).options()
    for name, value in options.items():
        subject.claim(
            _same(value, again[name]),
            f"made again from its own options, {name} becomes {again[name]!r} instead of {value!r}",
        )


def _check_parameters(subject: _Subject) -> None:
    bound, entering = subject.bound, subject.entering
    declared = bound.parameters(*entering)
    for what, table, names in (("Learnables", subject.fresh.Learnables, bound.Learnable),
                               ("State", subject.fresh.State, bound.Stateful)):  # fmt: skip
        found = tuple([row.Parameter for row in table])
        subject.claim(found == names, f"{what} has the rows {found}, declared are {names}")
        for name, value in zip(names, table.Value, strict=True):
            given = getattr(subject.layer, name)
            kind = np.float32 if given is None else dlarray(given).dtype
            subject.claim(value.dtype == kind, f"{name} starts as {value.dtype}, not {kind}")
            if what == "Learnables":
                size = declared[name].size
                subject.claim(value.shape == size, f"{name} is {value.shape}, declared is {size}")


def _check_predict(subject: _Subject) -> None:
    X, net = subject.X, subject.net
    arrays = [x._value for x in (*X, *net.Learnables.Value, *net.State.Value)]
    copies = [_numbers(a) for a in arrays]
    first, _ = subject.run(net, "predict", X)
    stream = generator.getstate()["state"]
    second = predict(net, *X)
    drawn = not all([_same(stream[k], v) for k, v in generator.getstate()["state"].items()])
    subject.claim(not drawn, "predict draws random numbers")
    subject.claim(_same(first, second), "predict gives another result the second time")
    unchanged = all([_same(a, c) for a, c in zip(arrays, copies, strict=True)])
    subject.claim(unchanged, "predict writes into its input or its parameters")


def _check_forward(subject: _Subject) -> None:
    X, net = subject.X, subject.net
    handles: list[Any] = [*net.Learnables.Value, *net.State.Value]
    copies = [_numbers(v) for v in handles]
    attributes = dict(vars(subject.bound))
    Y, state = subject.run(net, "forward", X)
    again, _ = subject.run(net, "forward", X)
    subject.claim(_same(Y, again), "forward gives another result from the same random numbers")
    subject.claim(state is not net.State, "forward returns the network's own State, no new one")
    subject.claim(state.rows == net.State.rows, f"forward returns a State of the rows {state.rows}")
    forms = [[(v.shape, v.dtype) for v in table.Value] for table in (net.State, state)]
    for (_, parameter), before, after in zip(state.rows, *forms, strict=True):
        subject.claim(before == after, f"forward changes the size or class of {parameter}")
    unchanged = all([_same(v, c) for v, c in zip(handles, copies, strict=True)])
    subject.claim(unchanged, "forward changes the parameters of its network")
    unchanged = attributes.keys() == vars(subject.bound).keys() and all(
        [vars(subject.bound)[k] is v for k, v in attributes.items()]
    )
    subject.claim(unchanged, "forward changes attributes of the layer")


def _check_sizes(subject: _Subject) -> None:
    foretold = subject.bound.output(*subject.entering)
    for verb in subject.verbs:
        Y, _ = subject.run(subject.net, verb, subject.X)
        fits = Y.dims == foretold.Format and all(
            [n in (None, m) for n, m in zip(foretold.Size, Y.shape, strict=True)]
        )
        made = networkDataLayout(Y.shape, Y.dims) if Y.dims else Y.shape
        subject.claim(fits, f"{verb} gives {made}, foretold is {foretold}")
        subject.claim(
            list(Y.dims) == sorted(Y.dims, key="SCBTU".index),
            f"{verb} gives the labels {Y.dims}, which are not in the order SCBTU",
        )


def _check_classes(subject: _Subject) -> None:
    for convert, dtype in ((single, np.float32), (double, np.float64)):
        net = dlupdate(convert, subject.net)
        net.State = dlupdate(convert, net.State)
        for verb in subject.verbs:
            Y, state = subject.run(net, verb, [convert(x) for x in subject.X])
            kinds = {str(v.dtype) for v in (Y, *state.Value)} - {np.dtype(dtype).name}
            subject.claim(not kinds, f"{verb} of {np.dtype(dtype)} gives {', '.join(kinds)}")


def _check_parts(subject: _Subject) -> None:
    Y = predict(subject.net, *subject.X)
    if not all(["B" in x.dims for x in (Y, *subject.X)]):
        return
    for i in range(Y.shape[Y.dims.index("B")]):
        alone = predict(subject.net, *[_observation(x, i) for x in subject.X])
        together = _observation(Y, i)
        subject.claim(
            _close(_numbers(alone), _numbers(together)),
            f"predict of observation {i} alone differs from predict of the batch",
        )


def _observation(X: dlarray, i: int) -> dlarray:
    return X[tuple([i if label == "B" else slice(None) for label in X.dims])]


# ---- derivatives --------------------------------------------------------------------------------


def _check_derivatives(subject: _Subject) -> None:
    inputs = [_numbers(x) for x in subject.X]
    learnables = [_numbers(w) for w in subject.net.Learnables.Value]
    names = [*[f"input {i + 1}" for i in range(len(inputs))], *subject.bound.Learnable]
    xs = [*inputs, *learnables]
    for verb in subject.verbs:
        op = _operation(subject, verb)
        w = subject.rng.standard_normal(np.shape(op(*xs)))
        for i, name in enumerate(names):
            vs = [subject.rng.uniform(-1.0, 1.0, x.shape) if k == i else None
                  for k, x in enumerate(xs)]  # fmt: skip
            orders = 2 if i < len(inputs) else 1
            _compare(subject, op, xs, vs, w, orders, f"{verb} by {name}")


def _operation(subject: _Subject, verb: str) -> Callable[..., Any]:
    """The layer as a function of arrays: its inputs, then its learnables."""
    here, there = gather(subject.net).Layers[0], subject.net.Layers[0]  # with their State
    formats = [x.dims for x in subject.X]

    def op(*arrays: Any) -> Any:
        generator.seed(subject.seed)  # the same draws in every call
        X = [dlarray._make(a, fmt) for a, fmt in zip(arrays, formats, strict=False)]
        values = [dlarray._make(a, "") for a in arrays[len(X) :]]
        layer = there if is_on_gpu(plain(arrays[0])) else here
        bound = layer.copy(**dict(zip(layer.Learnable, values, strict=True)))
        return (bound.predict(*X) if verb == "predict" else bound.forward(*X)[0])._value

    return op


def _compare(
    subject: _Subject, op: Any, xs: list[Any], vs: list[Any], w: Any, orders: int, what: str
) -> None:
    there, along, weights = subject.put([xs, vs, w])
    found = directional_derivatives(op, there, along, weights, orders)
    step = min(
        0.1, RANGE / 2 / max(1, *[x.size for x in xs[: len(subject.X)]])
    )  # half way to kinks
    analytic = is_analytic(op, xs, vs, w, step)
    for order, value in enumerate(found, start=1):
        if analytic:
            expected, bound = contour_derivative(op, xs, vs, w, order, radius=step)
        else:
            expected, bound = difference_derivative(op, xs, vs, w, order, step=min(step, 2.0**-5))
        subject.claim(
            abs(value - expected) <= MARGIN * bound,
            f"the derivative of {what}, order {order}, is {value} instead of {expected}",
        )


CHECKS = (
    _check_options,
    _check_parameters,
    _check_predict,  # before any other call: what is written into shows in the first one only
    _check_forward,
    _check_sizes,
    _check_classes,
    _check_parts,
    _check_derivatives,
)
