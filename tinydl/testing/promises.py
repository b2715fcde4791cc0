"""What every layer promises: one function for each promise, which tells a Subject of what fails."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydl.backend.random import generator
from tinydl.functions.convert import double, single
from tinydl.labels import dlarray
from tinydl.layers.layer import LAYERS
from tinydl.layers.layout import networkDataLayout
from tinydl.network.call import predict
from tinydl.network.paths import split
from tinydl.network.update import dlupdate
from tinydl.testing.derivatives import MARGIN, check_derivatives
from tinydl.testing.subject import Subject, numbers, same


def check_options(subject: Subject) -> None:
    layer = subject.layer
    try:
        options = layer.options()
    except AttributeError as error:
        is_registered = LAYERS.get(type(layer).__name__) is type(layer)
        subject.claim(
            not is_registered,
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
    X, net = subject.X, subject.net
    arrays = [x._value for x in (*X, *net.Learnables.Value, *net.State.Value)]
    copies = [numbers(a) for a in arrays]
    first, _ = subject.run(net, "predict", X)
    stream = generator.getstate()["state"]
    second = predict(net, *X, nargout=len(first))
    drawn = not all([same(stream[k], v) for k, v in generator.getstate()["state"].items()])
    subject.claim(
        not drawn, "predict draws random numbers; what only training needs stands in forward"
    )
    subject.claim(
        same(first, second if len(first) > 1 else (second,)),
        "predict gives another result the second time; it may depend on nothing but its inputs "
        "and its parameters",
    )
    unchanged = all([same(a, c) for a, c in zip(arrays, copies, strict=True)])
    subject.claim(
        unchanged,
        "predict writes into its input or its parameters; compute a new array instead",
    )


def check_forward(subject: Subject) -> None:
    X, net = subject.X, subject.net
    handles: list[Any] = [*net.Learnables.Value, *net.State.Value]
    copies = [numbers(v) for v in handles]
    attributes = dict(vars(subject.bound))
    Y, state = subject.run(net, "forward", X)
    again, _ = subject.run(net, "forward", X)
    subject.claim(
        same(Y, again),
        "forward gives another result from the same random numbers; draw them by tinydl's rand "
        "and randn",
    )
    subject.claim(state is not net.State, "forward returns the network's own State, no new one")
    subject.claim(state.rows == net.State.rows, f"forward returns a State of the rows {state.rows}")
    forms = [[(v.shape, v.dtype) for v in table.Value] for table in (net.State, state)]
    for (_, parameter), before, after in zip(state.rows, *forms, strict=True):
        free = parameter in subject.bound.Resettable  # has the batch size of what was seen last
        is_kept = before[1] == after[1] if free else before == after
        subject.claim(
            is_kept,
            f"forward changes the size or class of {parameter}, from {_form(*before)} to "
            f"{_form(*after)}",
        )
    unchanged = all([same(v, c) for v, c in zip(handles, copies, strict=True)])
    subject.claim(
        unchanged,
        "forward changes the parameters of its network; return the new state, and leave the "
        "old one as it is",
    )
    kept = vars(subject.bound)
    unchanged = attributes.keys() == kept.keys() and all(
        [kept[k] is v for k, v in attributes.items()]
    )
    subject.claim(unchanged, "forward changes attributes of the layer; return what is to be kept")


def _form(shape: tuple[int, ...], dtype: Any) -> str:
    return f"{'×'.join(map(str, shape)) or '1×1'} {dtype}"


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
    places = subject.places()
    for convert, dtype in ((single, np.float32), (double, np.float64)):
        net = dlupdate(convert, subject.net)
        net.State = dlupdate(convert, net.State)
        for verb in subject.verbs:
            Y, state = subject.run(net, verb, [convert(x) for x in subject.X])
            made = [Y[i] for i in places]
            kinds = {str(v.dtype) for v in (*made, *state.Value)} - {np.dtype(dtype).name}
            subject.claim(
                not kinds,
                f"{verb} of {np.dtype(dtype)} gives {', '.join(kinds)}; make arrays like others, "
                "zeros(…, like=X), and convert none",
            )


def check_parts(subject: Subject) -> None:
    if not all(["B" in x.dims for x in subject.X]):
        return
    together, _ = subject.run(subject.net, "predict", subject.X)
    places = subject.places()
    for i in range(subject.X[0].shape[subject.X[0].dims.index("B")]):
        alone, _ = subject.run(subject.net, "predict", [_observation(x, i) for x in subject.X])
        if not all([
            _close(numbers(alone[k]), numbers(_observation(together[k], i)))
            for k in places if "B" in together[k].dims
        ]):  # fmt: skip
            subject.claim(
                False,
                f"predict of observation {i} alone differs from predict of the batch; use no sums "
                "or means over B there",
            )
            return


def _observation(X: dlarray, i: int) -> dlarray:
    return X[tuple([i if label == "B" else slice(None) for label in X.dims])]


def _close(a: Any, b: Any) -> bool:
    """Whether two arrays of double class differ by rounding only."""
    bound = MARGIN * np.finfo(float).eps * max(1.0, float(np.max(np.abs(b), initial=0.0)))
    return bool(a.shape == b.shape and np.max(np.abs(a - b), initial=0.0) <= bound)


CHECKS = (
    check_options,
    check_parameters,
    check_predict,  # before any other call: what is written into shows in the first one only
    check_forward,
    check_sizes,
    check_classes,
    check_parts,
    check_derivatives,
)
