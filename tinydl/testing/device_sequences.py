"""More calls such as `device_cases` has: of functions with windows, and of those with time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tinydl.backend.windows import Shape
from tinydl.testing.device_cases import Case


class _Windows(NamedTuple):
    """How windows lie on an image (*spatial, channels, images); filters are for convolution."""

    image: Shape
    window: Shape
    filters: int = 1
    groups: int = 1
    stride: int = 1
    dilation: int = 1
    padding: int = 0

    @property
    def spatial(self) -> Shape:
        return self.image[:-2]

    @property
    def outputs(self) -> Shape:
        reach = [(k - 1) * self.dilation + 1 for k in self.window]
        free = [n + 2 * self.padding - r for n, r in zip(self.spatial, reach, strict=True)]
        return tuple([n // self.stride + 1 for n in free])

    def lie(self, *, dilated: bool) -> dict[str, Shape]:
        n = len(self.window)
        where = {"stride": (self.stride,) * n, "before": (self.padding,) * n}
        return {**where, "dilation": (self.dilation,) * n} if dilated else where


CONVOLUTIONS = [
    _Windows((28, 28, 1, 16), (5, 5), filters=20),
    _Windows((24, 24, 20, 4), (3, 3), filters=20, padding=1),
    _Windows((24, 24, 20, 2), (24, 24), filters=10),
    _Windows((9, 7, 6, 3), (3, 2), filters=4, groups=2, stride=2, padding=1),
    _Windows((11, 8, 4, 2), (2, 3), filters=4, groups=4, dilation=2),
    _Windows((40, 3, 5), (4,), filters=7, stride=3),
    _Windows((5, 6, 4, 2, 3), (2, 3, 2), filters=3, padding=1),
    _Windows((1, 1, 1, 1), (1, 1)),
]
"""The digits network's, groups, steps, gaps, and one and three dimensions."""

POOLS = [
    _Windows((24, 24, 20, 4), (2, 2), stride=2),
    _Windows((9, 7, 3, 2), (3, 3), stride=2, padding=1),
    _Windows((40, 3, 5), (4,), stride=3),
    _Windows((5, 6, 4, 2, 3), (2, 3, 2)),
]


def _convolutions() -> dict[str, list[Case]]:
    """Convolution and its two gradients, each alone and together."""
    found: dict[str, list[Case]] = {
        "convolve": [], "convolve_input_gradient": [], "convolve_weight_gradient": [],
        "convolve_gradients": [],
    }  # fmt: skip
    for w in CONVOLUTIONS:
        channels, images = w.image[-2:]
        weights = (*w.window, channels // w.groups, w.filters)
        to_output = (*w.outputs, w.filters, images)
        how: Any = {**w.lie(dilated=True), "groups": w.groups}
        out, into, window = [{**how, "size": size} for size in (w.outputs, w.spatial, w.window)]

        def forward(lib: Any, x: Any, w: Any, b: Any, out: Any = out) -> Any:
            kinds = [{"bias": b}, {}, {"bias": b, "is_relu": True}]
            return [lib.convolve(x, w, **kind, **out) for kind in kinds]

        def by_input(lib: Any, d: Any, w: Any, into: Any = into) -> Any:
            return lib.convolve_input_gradient(d, w, **into)

        def by_weights(lib: Any, x: Any, d: Any, window: Any = window) -> Any:
            return lib.convolve_weight_gradient(x, d, **window)

        def both(lib: Any, d: Any, x: Any, w: Any, how: Any = how) -> Any:
            return lib.convolve_gradients(d, x, w, **how)

        found["convolve_gradients"].append(Case(both, [to_output, w.image, weights]))
        found["convolve"].append(Case(forward, [w.image, weights, (w.filters, 1)]))
        found["convolve_input_gradient"].append(Case(by_input, [to_output, weights]))
        found["convolve_weight_gradient"].append(Case(by_weights, [w.image, to_output]))
    return found


def _pools() -> dict[str, list[Case]]:
    """Pooling, and where its gradients go."""
    names = ["pool_max", "pool_take", "pool_put", "pool_positions", "pool_sum", "pool_spread"]
    found: dict[str, list[Case]] = {name: [] for name in names}
    for w in POOLS:
        out = {**w.lie(dilated=False), "window": w.window, "size": w.outputs}
        into = {**out, "size": w.spatial}
        steps = tuple([math.prod(w.image[i + 1 :]) for i in range(len(w.image))])
        lie = {**w.lie(dilated=False), "window": w.window, "steps": steps}
        to_output = (*w.outputs, *w.image[-2:])

        def winner(lib: Any, x: Any, out: Any = out) -> Any:
            return lib.pool_max(x, **out, save=True)[1]

        def take(lib: Any, x: Any, y: Any, out: Any = out, winner: Any = winner) -> Any:
            return lib.pool_take(y, winner(lib, x), **out)

        def put(lib: Any, x: Any, d: Any, into: Any = into, winner: Any = winner) -> Any:
            return lib.pool_put(d, winner(lib, x), **into)

        def where(lib: Any, x: Any, lie: Any = lie, win: Any = winner) -> Any:
            return lib.pool_positions(win(lib, x), **lie)

        calls = [Case(take, [w.image] * 2), Case(put, [w.image, to_output]), Case(where, [w.image])]
        for name, case in zip(names[1:4], calls, strict=True):
            found[name].append(case)
        for name, shape, how in [
            ("pool_max", w.image, {**out, "save": True}), ("pool_sum", w.image, out),
            ("pool_spread", to_output, into),
        ]:  # fmt: skip

            def call(lib: Any, x: Any, name: str = name, how: Any = how) -> Any:
                return getattr(lib, name)(x, **how)

            found[name].append(Case(call, [shape]))
    return found


SEQUENCES = [(3, 5, 4, 7), (1, 1, 1, 1), (20, 33, 6, 12)]
"""Channels, hidden units, observations, and steps."""


def _lstm() -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = {"lstm": [], "lstm_gradients": []}
    how = {"state": "tanh", "gate": "sigmoid"}

    def back(lib: Any, g: Any, x: Any, h0: Any, c0: Any, w: Any, r: Any, b: Any) -> Any:
        _, kept = lib.lstm(x, h0, c0, w, r, b, **how)
        return lib.lstm_gradients(g, x, w, r, kept, **how, need=(True,) * 6)

    for inputs, units, n, steps in SEQUENCES:
        arrays: Sequence[Shape] = [
            (inputs, n, steps), (units, n), (units, n), (4 * units, inputs), (4 * units, units),
            (4 * units, 1),
        ]  # fmt: skip
        found["lstm"].append(Case(lambda lib, *xs: lib.lstm(*xs, **how), arrays))
        found["lstm_gradients"].append(Case(back, [(units, n, steps + 1), *arrays]))
    return found


def _gru() -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = {"gru": [], "gru_gradients": []}
    for reset in ("after", "before"):
        how = {"state": "tanh", "gate": "sigmoid", "reset": reset}

        def forward(lib: Any, *xs: Any, how: Any = how) -> Any:
            return lib.gru(*xs, **how)

        def back(lib: Any, g: Any, x: Any, h0: Any, w: Any, r: Any, b: Any, q: Any,
                 how: Any = how) -> Any:  # fmt: skip
            _, kept = lib.gru(x, h0, w, r, b, q, **how)
            return lib.gru_gradients(g, x, w, r, kept, **how, need=(True,) * 6)

        for inputs, units, n, steps in SEQUENCES:
            rows = 3 * units
            arrays: Sequence[Shape] = [
                (inputs, n, steps), (units, n), (rows, inputs), (rows, units), (rows, 1), (rows, 1),
            ]  # fmt: skip
            found["gru"].append(Case(forward, arrays))
            found["gru_gradients"].append(Case(back, [(units, n, steps), *arrays]))
    return found


def _ctc() -> dict[str, list[Case]]:
    """Two label sequences with blanks between, over all their alignments."""

    def paths(lib: Any, emitted: Any) -> Any:
        states, observations, _ = emitted.shape
        may_pass = np.arange(states)[:, None] % 2 + np.zeros((1, observations)) > 0
        is_end = np.arange(states)[:, None] >= states - 2 + np.zeros((1, observations))
        return lib.asarray(may_pass), lib.asarray(is_end)

    def forward(lib: Any, emitted: Any) -> Any:
        return lib.ctc_forward(emitted, *paths(lib, emitted), None, never=-1e30)

    def back(lib: Any, g: Any, emitted: Any) -> Any:
        return lib.ctc_backward(g[0], *forward(lib, emitted)[1:], None)

    shapes: list[Shape] = [(7, 2, 9), (3, 1, 2), (21, 5, 30)]
    return {
        "ctc_forward": [Case(forward, [shape]) for shape in shapes],
        "ctc_backward": [Case(back, [(1, shape[1]), shape]) for shape in shapes],
    }


SEQUENCE_CASES: dict[str, list[Case]] = {
    **_convolutions(),
    **_pools(),
    **_lstm(),
    **_gru(),
    **_ctc(),
}
"""The cases by the function's name."""
