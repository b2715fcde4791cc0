"""What every layer promises: one function for each promise, which tells a Subject of what fails."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinydl.labels import dlarray
from tinydl.layers.layer import LAYERS, Layer
from tinydl.layers.layout import networkDataLayout
from tinydl.network.call import forward, predict
from tinydl.network.paths import split
from tinydl.testing.derivatives import check_derivatives
from tinydl.testing.laws_calls import batch, classes, devices, purity, saving
from tinydl.testing.laws_labels import permutation
from tinydl.testing.laws_state import state
from tinydl.testing.subject import Subject, same


def check_options(subject: Subject) -> None:
    layer = subject.layer
    try:
        options = layer.options()
    except AttributeError as error:
        subject.claim(
            not is_registered(layer),
            f"its constructor does not keep an argument: {error}; save needs self.{error.name} = …",
        )
        return
    again = type(layer)(**options).options()
    for name, value in options.items():
        subject.claim(
            same(value, again[name]),
            f"made again from its own options, {name} becomes {again[name]!r} instead of "
            f"{value!r}; keep what the constructor is given, self.{name} = {name}",
        )


def is_registered(layer: Layer) -> bool:
    """Whether save and load find the layer's class."""
    return LAYERS.get(type(layer).__name__) is type(layer)


def check_parameters(subject: Subject) -> None:
    bound, entering = subject.bound, subject.entering
    declared = bound.parameters(*entering)
    for what, table, names in (("Learnables", subject.fresh.Learnables, bound.Learnable),
                               ("State", subject.fresh.State, bound.Stateful)):  # fmt: skip
        found = tuple([split(*row[:2])[1] for row in table])
        subject.claim(found == names, f"{what} has the rows {found}, declared are {names}")
        for name, value in zip(names, table.Value, strict=False):
            given = subject.layer.value(name)
            kind = np.float32 if given is None else dlarray(given).dtype
            subject.claim(
                value.dtype == kind,
                f"{name} starts as {value.dtype}, not {np.dtype(kind)}; its first value is of "
                "class single, single(…)",
            )
            if what == "Learnables" and name in declared:
                size = declared[name].size
                subject.claim(value.shape == size, f"{name} is {value.shape}, declared is {size}")


def check_predict(subject: Subject) -> None:
    subject.hold(purity, predict)


def check_forward(subject: Subject) -> None:
    subject.hold(state)


def check_sizes(subject: Subject) -> None:
    foretold = subject.bound.output(*subject.entering)
    foretold = foretold if isinstance(foretold, tuple) else (foretold,)
    for verb in subject.verbs:
        results, _ = subject.run(subject.net, verb, subject.X)
        for Y, layout in zip(results, foretold, strict=True):
            fits = Y.dims == layout.Format and all(
                [n in (None, m) for n, m in zip(layout.Size, Y.shape, strict=True)]
            )
            made = networkDataLayout(Y.shape, Y.dims) if Y.dims else Y.shape
            subject.claim(
                fits, f"{verb} gives {made}, foretold is {layout}; output(self, *layouts) foretells"
            )


def check_classes(subject: Subject) -> None:
    for verb in subject.verbs:
        subject.hold(classes, {"predict": predict, "forward": forward}[verb])


def check_permutation(subject: Subject) -> None:
    subject.hold(permutation, predict)


def check_batch(subject: Subject) -> None:
    if all(["B" in x.dims for x in subject.X]):
        subject.hold(batch, predict)


def check_devices(subject: Subject) -> None:
    if subject.device == "gpu":
        subject.hold(devices, predict)


def check_saving(subject: Subject) -> None:
    layer = subject.layer
    holds_function = lambda: any([callable(value) for value in layer.options().values()])
    if is_registered(layer) and not holds_function():  # files hold no functions
        subject.hold(saving, predict)


Check = Callable[[Subject], None]

CHECKS: tuple[Check, ...] = (
    check_options,
    check_parameters,
    check_predict,  # before any other call: what is written into shows in the first one only
    check_forward,
    check_sizes,
    check_classes,
    check_permutation,
    check_batch,
    check_devices,
    check_saving,
    check_derivatives,
)
