"""Solvers: one step of parameters, from their gradients. Pure functions; nothing is changed.

The parameters are a network, a table, a dlarray, or lists, tuples and dicts of those; gradients and
solver states have the same form. The learn-rate factors of a network's layers multiply its rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import computing, xp
from tinydl.labels import dlarray
from tinydl.labels.classes import to_class
from tinydl.labels.containers import rebuild, refuse_plain, walk
from tinydl.labels.devices import together
from tinydl.training.parameters import check_fits, factors, is_empty, learnables

Rule = Callable[..., tuple[Any, ...]]

ARGUMENTS = ("a parameter", "its gradient", "its solver state", "its solver state")


def sgdmupdate(
    net: Any, grad: Any, vel: Any, learnRate: float = 0.01, momentum: float = 0.9
) -> tuple[Any, Any]:
    """One step of stochastic gradient descent with momentum: ``net, vel = sgdmupdate(…)``.

    v ← momentum · v − learnRate · g and w ← w + v. vel starts as [] or None. Polyak, 1964.

    Example:
        >>> from tinydl import dlarray, sgdmupdate
        >>> w, vel = sgdmupdate(dlarray(1.0), dlarray(2.0), [], 0.1)
        >>> float(w), float(vel)
        (0.8, -0.2)
    """
    rate, inertia = _from_0(learnRate, "learnRate"), _decay(momentum, "momentum")

    def step(w: Any, g: Any, factor: float, v: Any) -> tuple[Any, Any]:
        change = g * (-rate * factor)
        if v is not None:
            change += v * inertia
        return w + change, change

    new, state = _update("sgdm", (rate, inertia), step, net, grad, [vel])
    return new, state[0]


def adamupdate(
    net: Any,
    grad: Any,
    avgGrad: Any,
    avgSqGrad: Any,
    iteration: int,
    learnRate: float = 0.001,
    gradDecay: float = 0.9,
    sqGradDecay: float = 0.999,
    epsilon: float = 1e-8,
) -> tuple[Any, Any, Any]:
    """One step of Adam: ``net, avgGrad, avgSqGrad = adamupdate(…, iteration)``.

    m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², and w ← w − α m / (√v + ε) with the rate
    α = learnRate √(1 − β₂ᵗ)/(1 − β₁ᵗ), t = iteration. ε stands outside of the bias correction. The
    averages start as [] or None, and t at 1. Kingma and Ba, 2015.

    Example:
        >>> from tinydl import adamupdate, dlarray
        >>> w, m, v = adamupdate(dlarray(1.0), dlarray(2.0), [], [], 1)
        >>> print(f"{w:.4f}")
        0.9990
    """
    if isinstance(iteration, bool) or not hasattr(iteration, "__float__") or not iteration >= 1:
        raise ValueError(f"adamupdate: iteration counts from 1, and is {iteration!r}")
    b1, b2 = _decay(gradDecay, "gradDecay"), _decay(sqGradDecay, "sqGradDecay")
    eps = _from_0(epsilon, "epsilon")
    t = float(iteration)
    rate = _from_0(learnRate, "learnRate") * math.sqrt(1.0 - b2**t) / (1.0 - b1**t)

    def step(w: Any, g: Any, factor: float, m: Any, v: Any) -> tuple[Any, ...]:
        m, v = _averaged(m, g, b1), _averaged(v, g * g, b2)
        return w - _quotient(m * (rate * factor), v, eps), m, v

    new, state = _update("adam", (rate, b1, b2, eps), step, net, grad, [avgGrad, avgSqGrad])
    return new, state[0], state[1]


def rmspropupdate(
    net: Any,
    grad: Any,
    avgSqGrad: Any,
    learnRate: float = 0.001,
    sqGradDecay: float = 0.9,
    epsilon: float = 1e-8,
) -> tuple[Any, Any]:
    """One step of RMSProp: ``net, avgSqGrad = rmspropupdate(…)``.

    v ← ρv + (1 − ρ)g² and w ← w − learnRate g / (√v + ε). avgSqGrad starts as [] or None. Tieleman
    and Hinton, 2012.

    Example:
        >>> from tinydl import dlarray, rmspropupdate
        >>> w, v = rmspropupdate(dlarray(1.0), dlarray(2.0), [])
        >>> print(f"{w:.4f} {v:.4f}")
        0.9968 0.4000
    """
    rate, decay = _from_0(learnRate, "learnRate"), _decay(sqGradDecay, "sqGradDecay")
    eps = _from_0(epsilon, "epsilon")

    def step(w: Any, g: Any, factor: float, v: Any) -> tuple[Any, Any]:
        v = _averaged(v, g * g, decay)
        return w - _quotient(g * (rate * factor), v, eps), v

    new, state = _update("rmsprop", (rate, decay, eps), step, net, grad, [avgSqGrad])
    return new, state[0]


# ---- what they share ----------------------------------------------------------------------------


def _averaged(average: Any, x: Any, decay: float) -> Any:
    """decay · average + (1 − decay) x; None is an average that starts from 0."""
    new = x * (1.0 - decay)
    if average is not None:
        new += average * decay
    return new


def _quotient(x: Any, square: Any, eps: float) -> Any:
    """x / (√square + eps)."""
    root = square**0.5
    root += eps
    return x / root


def _from_0(value: Any, name: str) -> float:
    if isinstance(value, (bool, str)) or not hasattr(value, "__float__") or not float(value) >= 0:
        raise ValueError(f"{name} must be a number from 0 on, not {value!r}")
    return float(value)


def _decay(value: Any, name: str) -> float:
    if isinstance(value, (bool, str)) or not hasattr(value, "__float__"):
        raise ValueError(f"{name} must be a number, not {value!r}")
    if not 0 <= float(value) < 1:
        raise ValueError(f"{name} must be from 0 to less than 1, not {value!r}")
    return float(value)


def _update(
    name: str, constants: tuple[float, ...], step: Rule, parameters: Any, gradients: Any,
    states: list[Any],
) -> tuple[Any, list[Any]]:  # fmt: skip
    """step for every parameter: new parameters, and new solver states of the gradients' form.

    The constants are those of the step, for a GPU's kernel of that name.
    """
    caller = f"{name}update"
    refuse_plain(parameters, caller + ": {kind} cannot be updated; make it a dlarray")
    fresh = [is_empty(s) for s in states]
    kept = [s for s, is_fresh in zip(states, fresh, strict=True) if not is_fresh]
    places = walk(parameters, gradients, *kept)
    rows: list[tuple[Any, ...]] = []
    with computing():
        for (w, g, *old), factor in zip(places, factors(parameters), strict=True):
            value, slope, *given = _arrays(caller, w, g, old)
            states_of_w = iter(given)
            arrays = [None if is_fresh else next(states_of_w) for is_fresh in fresh]
            rows.append((value, slope, factor, *arrays))
        results = _stepped(name, constants, step, rows)
    new, *columns = [
        [dlarray._make(row[i], w._format) for row, (w, *_) in zip(results, places, strict=True)]
        for i in range(1 + len(states))
    ]
    form = learnables(parameters)
    after = [rebuild(form, column) for column in columns]
    return rebuild(parameters, new, is_step=True), after


def _arrays(caller: str, w: dlarray, g: dlarray, old: Sequence[dlarray]) -> Sequence[Any]:
    """The arrays of a parameter, its gradient and solver states, in its class, on one device."""
    check_fits(caller, w, g, "gradient")
    for s in old:
        check_fits(caller, w, s, "solver state")
    arrays = [plain(x._value) for x in (w, g, *old)]
    dtype = arrays[0].dtype
    arrays = [x if x.dtype is dtype else to_class(x, dtype) for x in arrays]
    return together(arrays, ARGUMENTS[: len(arrays)])


def _stepped(
    name: str, constants: tuple[float, ...], step: Rule, rows: list[tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    """The new arrays of each row. The rows of one device are worked on together."""
    libraries = [xp(row[0]) for row in rows]
    results: dict[int, tuple[Any, ...]] = {}
    for library in {id(lib): lib for lib in libraries}.values():
        places = [i for i, lib in enumerate(libraries) if lib is library]
        found = library.update_all(name, constants, step, [rows[i] for i in places])
        results.update(zip(places, found, strict=True))
    return [results[i] for i in range(len(rows))]
