"""Calls of the backend's own functions, by which a GPU is compared with NumPy.

A case draws its inputs once; its call is made with NumPy's backend and arrays, and with CuPy's.
Where a result is not unique (the signs of eigenvectors) the call makes of it what is. Sizes fit no
block of threads, and among them are 1 and, where that is allowed, 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinydl.backend.windows import Shape

Call = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """call(library, *arrays), with arrays of these shapes from the normal distribution."""

    call: Call
    shapes: Sequence[Shape]

    def draw(self, kind: Any) -> list[np.ndarray]:
        """The inputs, in a class such as float32: the same ones each time."""
        rng = np.random.default_rng(7)
        return [rng.standard_normal(shape).astype(kind) for shape in self.shapes]


def _plain(name: str, *shapes: Shape, **options: Any) -> Case:
    """The function of this name, of nothing but arrays and options."""
    return Case(lambda lib, *xs: getattr(lib, name)(*xs, **options), shapes)


FLAT: list[Shape] = [(1,), (1000,), (37, 70), (0, 3)]
ROWS: list[tuple[Shape, tuple[int, ...]]] = [
    ((10, 128), (0,)), ((37, 70), (1,)), ((3, 1, 300), (0, 2)), ((70_001, 2), (0,)),
    ((7, 45), (0,)), ((1,), (0,)),
]  # fmt: skip
"""Shapes, and the axes that a reduction goes over."""


def _number_by_number() -> dict[str, list[Case]]:
    """Functions that treat each element by itself."""
    positive = lambda lib, x: lib.gamma(lib.abs(x) + 0.5)
    inside = lambda lib, x: lib.erfinv(lib.tanh(x))
    kept = lambda lib, x: lib.kept((x > 0.0) * 0.5, 0.25, x.dtype)
    twice = lambda lib, *xs: lib.in_pieces(lambda a, b: (a + b, a * b), *xs)
    steps = lambda lib, g, x: lib.chain(g * (g > 0.0), lib.log(x * (x > 0.5)))  # −Inf slopes
    return {
        "gamma": [Case(positive, [shape]) for shape in FLAT],
        "erfinv": [Case(inside, [shape]) for shape in FLAT],
        "chain": [Case(steps, [shape, shape]) for shape in FLAT],
        "in_pieces": [Case(twice, [shape, shape]) for shape in FLAT],
        "kept": [Case(kept, [shape]) for shape in FLAT],
        "between": [_plain("between", shape, shape, weight=0.1) for shape in FLAT],
        "relu": [_plain("relu", shape, save=save) for shape in FLAT for save in (False, True)],
        "leakyrelu": [_plain("leakyrelu", shape, scale=0.01) for shape in FLAT],
        "frexp": [_plain("frexp", shape) for shape in FLAT],
        "sigmoid": [_plain("sigmoid", shape) for shape in FLAT],
        "gelu": [_plain("gelu", shape, save=save) for shape in FLAT for save in (False, True)],
        "gelu_derivative": [
            _plain("gelu_derivative", shape, coefficients=[1.0, -4.0], is_odd=is_odd)
            for shape in FLAT
            for is_odd in (False, True)
        ],
    }


def _losses() -> dict[str, list[Case]]:
    """What crossentropy adds up, of numbers between 0 and 1."""
    least = 1e-3
    some = lambda lib, y, t: lib.surprise(lib.abs(lib.tanh(y)), t, least)
    total = lambda lib, y, t: lib.total_surprise(lib.abs(lib.tanh(y)), t, least, 0.1)
    back = lambda lib, g, y, t: lib.surprise_gradient(g, lib.abs(lib.tanh(y)), t, least, 0.1)
    return {
        "surprise": [Case(some, [shape] * 2) for shape in FLAT],
        "total_surprise": [Case(total, [shape] * 2) for shape in FLAT],
        "surprise_gradient": [Case(back, [of, shape, shape]) for shape in FLAT
                              for of in [shape, ()]],
    }  # fmt: skip


def _solvers() -> dict[str, list[Case]]:
    """One step for two parameters at once, the second of which has no state yet."""

    def momentum(w: Any, g: Any, factor: float, v: Any) -> tuple[Any, Any]:
        v = g * (-0.01 * factor) + (0.0 if v is None else 0.9 * v)
        return w + v, v

    def root_mean_square(w: Any, g: Any, factor: float, v: Any) -> tuple[Any, Any]:
        v = 0.1 * g * g + (0.0 if v is None else 0.9 * v)
        return w - 0.01 * factor * g / (v**0.5 + 1e-3), v

    def adam(w: Any, g: Any, factor: float, m: Any, v: Any) -> tuple[Any, Any, Any]:
        m = 0.1 * g + (0.0 if m is None else 0.9 * m)
        v = 0.01 * g * g + (0.0 if v is None else 0.99 * v)
        return w - 0.01 * factor * m / (v**0.5 + 1e-3), m, v

    rules: list[tuple[str, Sequence[float], Call, int]] = [
        ("sgdm", (0.01, 0.9), momentum, 1), ("rmsprop", (0.01, 0.9, 1e-3), root_mean_square, 1),
        ("adam", (0.01, 0.9, 0.99, 1e-3), adam, 2),
    ]  # fmt: skip
    cases: list[Case] = []
    sizes: list[tuple[Shape, Shape]] = [((1000,), (37, 70)), ((1,), (3, 3, 2))]
    for name, constants, rule, states in rules:

        def call(lib: Any, w: Any, g: Any, other: Any, slope: Any, *old: Any,
                 how: Any = (name, constants, rule)) -> Any:  # fmt: skip
            rows = [(w, g, 1.0, *[v * v for v in old]), (other, slope, 0.5, *[None for _ in old])]
            return lib.update_all(*how, rows)

        cases += [Case(call, [a, a, b, b, *[a] * states]) for a, b in sizes]
    return {"update_all": cases}


def _along_axes() -> dict[str, list[Case]]:
    """Sums, and what is normalized by them."""
    found = {name: [_plain(name, shape, axis=axis) for shape, axis in ROWS]
             for name in ("sum_over", "mean_over", "softmax", "logsumexp")}  # fmt: skip
    found["softmax_gradient"] = [_plain("softmax_gradient", shape, shape, axis=axis)
                                 for shape, axis in ROWS]  # fmt: skip
    return found


def _by_channel() -> dict[str, list[Case]]:
    """Batch normalization, with the channel at several places."""
    found: dict[str, list[Case]] = {
        "channel_moments": [], "moved_moments": [], "channel_normalize": [],
        "channel_normalize_gradients": [],
    }  # fmt: skip
    for shape, channel in [((24, 24, 20, 16), 2), ((5, 3), 0), ((7, 1, 9), 1), ((4, 5, 6, 7), 0)]:
        own = tuple([n if i == channel else 1 for i, n in enumerate(shape)])
        options = {"channel": channel, "epsilon": 1e-5}

        def normalize(lib: Any, *xs: Any, how: Any = options) -> Any:
            x, mean, variance, scale, offset = xs
            given = x, mean, variance * variance, scale, offset
            return [lib.channel_normalize(*given, **how, is_relu=it) for it in (False, True)]

        def gradients(lib: Any, *xs: Any, how: Any = options) -> Any:
            g, x, scale = xs
            given = g, x, *lib.channel_moments(x, channel=how["channel"]), scale
            every = lib.channel_normalize_gradients(*given, **how)
            return [*every, *lib.channel_normalize_gradients(*given, **how, y=x)]

        moved = _plain("moved_moments", shape, own, own, channel=channel, decays=(0.1, 0.3))
        found["moved_moments"].append(moved)
        found["channel_moments"].append(_plain("channel_moments", shape, channel=channel))
        found["channel_normalize"].append(Case(normalize, [shape, own, own, own, own]))
        found["channel_normalize_gradients"].append(Case(gradients, [shape, shape, own]))
    return found


def _by_own_statistics() -> dict[str, list[Case]]:
    """Layer, instance and group normalization."""
    values, gradients = [], []
    for shape, axis, own in [
        ((6, 5, 8, 3), (0, 1, 2), (1, 1, 8, 1)), ((33, 7), (0,), (33, 1)),
        ((9, 2, 4), (0,), (1, 2, 1)), ((20_001, 3), (0,), (1, 3)),
    ]:  # fmt: skip

        def back(lib: Any, g: Any, x: Any, scale: Any, over: Any = axis) -> Any:
            _, centred, inverse = lib.normalize_by_own(x, scale, scale, over, 1e-5)
            need = (True, True, True)
            return lib.normalize_by_own_gradients(g, centred, inverse, scale, over, need)

        values.append(_plain("normalize_by_own", shape, own, own, axis=axis, epsilon=1e-5))
        gradients.append(Case(back, [shape, shape, own]))
    return {"normalize_by_own": values, "normalize_by_own_gradients": gradients}


def _dense() -> dict[str, list[Case]]:
    """A fully connected layer with batch normalization and gelu, in two functions."""
    found: dict[str, list[Case]] = {
        "centred_affine": [], "normalize_gelu": [], "normalize_gelu_gradients": [],
    }  # fmt: skip
    for units, inputs, n in [(80, 80, 128), (3, 2, 1000), (1, 5, 2)]:
        column, full = (units, 1), (units, n)
        affine: list[Shape] = [(units, inputs), (inputs, n), column]

        def normalized(lib: Any, scale: Any, offset: Any, *wxb: Any) -> Any:
            return lib.normalize_gelu(lib.centred_affine(*wxb), scale, offset, 1e-5, True)

        def normalized_back(lib: Any, g: Any, slope: Any, scale: Any, *wxb: Any) -> Any:
            packed = lib.centred_affine(*wxb)
            return lib.normalize_gelu_gradients(g, packed, slope, scale, 1e-5)

        found["centred_affine"].append(_plain("centred_affine", *affine))
        found["normalize_gelu"].append(Case(normalized, [column, column, *affine]))
        found["normalize_gelu_gradients"].append(
            Case(normalized_back, [full, full, column, *affine])
        )
    return found


def _attention() -> dict[str, list[Case]]:
    """Queries see the keys that are not later than they are, or all of them."""
    found: dict[str, list[Case]] = {"attend": [], "attend_gradients": []}
    for heads, d, e, images, queries, keys in [(2, 8, 5, 3, 17, 17), (1, 3, 3, 2, 4, 33)]:
        q, k, v = (heads, d, images, queries), (heads, d, images, keys), (heads, e, images, keys)
        for is_causal in (False, True):

            def forward(lib: Any, q: Any, k: Any, v: Any, causal: bool = is_causal) -> Any:
                seen = np.arange(k.shape[-1]) <= np.arange(q.shape[-1])[:, None]
                return lib.attend(q, k, v, 0.4, lib.asarray(seen[None, None]) if causal else None)

            def values(lib: Any, *qkv: Any, forward: Any = forward) -> Any:
                return forward(lib, *qkv)[0]  # each library lays out the weights its own way

            def back(lib: Any, g: Any, *qkv: Any, forward: Any = forward) -> Any:
                return lib.attend_gradients(g, *qkv, *forward(lib, *qkv), 0.4)

            found["attend"].append(Case(values, [q, k, v]))
            found["attend_gradients"].append(Case(back, [(heads, e, images, queries), q, k, v]))
    return found


def _bend() -> dict[str, list[Case]]:
    """Streams of derivatives through a function of each element."""
    found: dict[str, list[Case]] = {"bend": [], "bend_gradients": []}
    for count, rows, values in [(1, 2, (37, 70)), (3, 4, (5, 9)), (3, 3, (5, 9))]:

        def back(lib: Any, g: Any, *xs: Any, count: int = count) -> Any:
            return lib.bend_gradients(g, *xs, lib.bend(*xs, count)[1], count)

        arrays: list[Shape] = [(rows, *values), values, values]
        found["bend"].append(_plain("bend", *arrays, count=count))
        found["bend_gradients"].append(Case(back, [(count + 1, *values), *arrays]))
    return found


def _to_places() -> dict[str, list[Case]]:
    """What goes to places that are given by their numbers."""

    def scattered(lib: Any, x: Any) -> Any:
        at = np.arange(x.shape[0]) * 7 % 5  # several elements have the same place
        return lib.scatter(x, (lib.asarray(at),), (5, *x.shape[1:]))

    def columns(lib: Any, x: Any) -> Any:
        at = np.arange(x.shape[1]) * 7 % 5 - 1  # −1 is the last
        return lib.scatter(x, (slice(None), lib.asarray(at)), (len(x), 6))

    def put(lib: Any, x: Any, axis: int) -> Any:
        last = np.arange(x.size).reshape(x.shape) % 6 - 1
        return lib.put_along_axis(x, lib.asarray(last), axis, 6)

    masked = lambda lib, x, y: lib.chooser(x)(y > 0.0, x)
    ties = lambda lib, x: lib.stable_argsort(lib.rint(x * 2.0), axis=0)
    return {
        "scatter": [Case(scattered, [shape]) for shape in [(300,), (37, 70), (1, 2)]]
        + [Case(columns, [shape]) for shape in [(37, 70), (300, 4), (1, 1)]]
        + [Case(lambda lib, x: lib.scatter(x, (slice(1, 4),), (6, 5)), [(3, 5)])],
        "put_along_axis": [
            Case(lambda lib, x: put(lib, x, 1), [(37, 1)]),
            Case(lambda lib, x: put(lib, x, 0), [(1, 5, 4)]),
        ],
        "chooser": [Case(masked, [shape, shape]) for shape in FLAT],
        "stable_argsort": [Case(ties, [shape]) for shape in [(1000,), (37, 70)]],
    }


def _matrices() -> dict[str, list[Case]]:
    """Square matrices far from singular, and tall ones."""

    def positive(lib: Any, a: Any) -> Any:
        return a @ a.T / len(a) + lib.identity(len(a)).astype(a.dtype)

    def composed(lib: Any, a: Any) -> Any:
        u, s, vt = lib.svd(a)
        return s, (u * s) @ vt

    def from_eigenvectors(lib: Any, a: Any) -> Any:
        w, v = lib.eigh(a + a.T)
        return w, (v * w) @ v.T

    square: list[Shape] = [(1, 1), (5, 5), (37, 37)]
    of = lambda name: [Case(lambda lib, a: getattr(lib, name)(positive(lib, a)), [n])
                       for n in square]  # fmt: skip
    tall: list[Shape] = [(9, 4), (40, 37), (3, 1)]
    return {
        **{name: of(name) for name in ("cholesky", "inverse", "determinant")},
        "lu": [_plain("lu", n) for n in square],
        "expm": [Case(lambda lib, a: lib.expm(a * 0.2), [n]) for n in square],
        "solve": [Case(lambda lib, a, b: lib.solve(positive(lib, a), b), [n, (n[0], 3)])
                  for n in square],
        "svd": [Case(composed, [n]) for n in [*square, *tall]],
        "eigh": [Case(from_eigenvectors, [n]) for n in square],
        "least_squares": [_plain("least_squares", n, (n[0], 2)) for n in tall],
        "least_norm": [_plain("least_norm", n, (n[1], 2)) for n in tall],
    }  # fmt: skip


CASES: dict[str, list[Case]] = {
    **_number_by_number(), **_losses(), **_solvers(), **_along_axes(), **_by_channel(),
    **_by_own_statistics(), **_dense(), **_attention(), **_bend(), **_to_places(), **_matrices(),
}  # fmt: skip
"""The cases by the function's name; those with windows or time are in `device_sequences`."""
