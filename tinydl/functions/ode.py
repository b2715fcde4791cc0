"""Neural ordinary differential equations: dlode45."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, NoReturn

from tinydl.autodiff.record import is_recorded, plain
from tinydl.backend import computing, host, is_array, xp
from tinydl.labels import align, dlarray
from tinydl.labels import format as formats
from tinydl.labels.classes import DOUBLE, arithmetic
from tinydl.labels.display import header
from tinydl.labels.options import named_options
from tinydl.primitives.shape import concatenate, reshape

Slope = Callable[[float, Any], Any]
Coefficients = tuple[float, ...]

# The pair of Dormand and Prince. Stage i stands at the time t + NODES[i] h, at the point
# y + h Σ STAGES[i][j] k_j. The last stage is the result of order 5, and its slope the first of the
# next step. ERROR gives by how much the result of order 4 differs.
NODES: Coefficients = (0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1)
STAGES: tuple[Coefficients, ...] = (
    (),
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
ERROR: Coefficients = (71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)

# Within a step, at the part s of it, the solution is y + h Σ b_i(s) k_i. Row i has the
# coefficients of s, s², s³, s⁴ in b_i: a formula of order 4 that ends where the step ends.
BETWEEN: tuple[Coefficients, ...] = (
    (1, -183 / 64, 37 / 12, -145 / 128),
    (0, 0, 0, 0),
    (0, 1500 / 371, -1000 / 159, 1000 / 371),
    (0, -125 / 32, 125 / 12, -375 / 64),
    (0, 9477 / 3392, -729 / 106, 25515 / 6784),
    (0, -11 / 7, 11 / 3, -55 / 28),
    (0, 3 / 2, -4, 5 / 2),
)

SAFETY, LEAST_FACTOR, LARGEST_FACTOR = 0.9, 0.2, 5.0


@named_options
def dlode45(
    odefun: Callable[[float, dlarray, Any], dlarray],
    tspan: Any,
    Y0: Any,
    theta: Any,
    *,
    RelativeTolerance: float = 1e-3,
    AbsoluteTolerance: float = 1e-6,
    InitialStepSize: float | None = None,
    MaxStepSize: float | None = None,
    GradientMode: str = "direct",
    DataFormat: str | None = None,
) -> dlarray:
    """The solution of the differential equation y' = odefun(t, y, theta) that starts at Y0.

    odefun gets the time as a Python number, y as a dlarray with the size and labels of Y0 (none,
    if Y0 has none), and theta as it was given: an array, a dict of them, a network, … It returns a
    dlarray of y's size and labels.

    tspan has the times, all growing or all falling; the first belongs to Y0. Of two times the
    result is the solution at the second, with the size and labels of Y0. Of more, it has the
    solutions at all times but the first, along a T dimension: the format gains T, and a Y0 without
    labels a last dimension. DataFormat= names the dimensions of a Y0 without labels; the result has
    none either.

    Steps are as long as they can be with an estimated error of each element below the larger of
    RelativeTolerance·|y| and AbsoluteTolerance, and no longer than MaxStepSize (a tenth of the
    whole interval, if None). The first one tried has InitialStepSize (found from the slope, if
    None). All elements of Y0, of all observations, are one system with the same steps.

    Y0 and theta are differentiated, to every order, through the operations of the steps; their
    lengths count as constants, and times are plain numbers. That is GradientMode="direct"; there
    is no other. Where no step is small enough an error says at which time. The method is of order
    5, between steps of order 4: Dormand and Prince, "A family of embedded Runge-Kutta formulae",
    1980; Chen et al., "Neural ordinary differential equations", 2018.

    Example:
        >>> from tinydl import dlarray, dlode45
        >>> decay = lambda t, y, theta: -theta * y
        >>> Y = dlode45(decay, [0, 1, 2], dlarray([1.0, 2.0], "C"), 0.5)
        >>> Y.dims, Y.shape, f"{float(Y[1, 1]):.3f}"
        ('CT', (2, 2), '0.736')
    """
    if GradientMode != "direct":
        raise ValueError(
            'dlode45: GradientMode is "direct", which gives the derivative of the numbers that '
            f"were computed, and higher ones too; not {GradientMode!r}"
        )
    if not callable(odefun):
        raise TypeError(f"dlode45: odefun is a {type(odefun).__name__}; it is a function of t, y "
                        "and theta, for a network lambda t, y, net: predict(net, y)")  # fmt: skip
    times = _times(tspan)
    Y0 = Y0 if isinstance(Y0, dlarray) else dlarray(Y0)  # a copy: the record may keep it
    _check_format(Y0, DataFormat, several=len(times) > 2)
    tenth = abs(times[-1] - times[0]) / 10
    control = _Control(
        _positive(RelativeTolerance, "RelativeTolerance"),
        _positive(AbsoluteTolerance, "AbsoluteTolerance"),
        None if InitialStepSize is None else _positive(InitialStepSize, "InitialStepSize"),
        tenth if MaxStepSize is None else _positive(MaxStepSize, "MaxStepSize"),
    )
    with computing():  # steps that are not taken may overflow
        values = _solutions(_slope(odefun, theta, Y0.dims), times, arithmetic(Y0._value), control)
    if len(times) == 2:
        return dlarray._make(values[0], Y0.dims)
    at = len(formats.find(Y0.dims, "SCB")) if Y0.dims else Y0.ndim
    fmt = Y0.dims[:at] + "T" + Y0.dims[at:] if Y0.dims else ""
    return dlarray._make(_stacked(values, at), fmt)


# ---- the method ----------------------------------------------------------------------------------


class _Control(NamedTuple):
    """What bounds the steps."""

    relative: float
    absolute: float
    first: float | None
    largest: float


class _Step(NamedTuple):
    """A step from the point y at the time t to the result at the time end."""

    t: float
    end: float
    y: Any
    slopes: tuple[Any, ...]
    result: Any

    def at(self, time: float) -> Any:
        """The solution at a time within the step."""
        if time == self.end:
            return self.result
        s = (time - self.t) / (self.end - self.t)
        weights = [sum([c * s**p for p, c in enumerate(row, 1)]) for row in BETWEEN]
        return _moved(self.y, self.end - self.t, weights, self.slopes)

    def error(self, control: _Control) -> float:
        """The largest estimated error of an element, in units of what is allowed; never NaN."""
        y, result = plain(self.y), plain(self.result)
        module = xp(y)
        slopes = [plain(k) for k in self.slopes]
        error = module.abs(_combined(self.end - self.t, ERROR, slopes))
        size = module.maximum(module.abs(y), module.abs(result))
        largest = _largest(error / _allowed(size, control))
        return math.inf if math.isnan(largest) else largest


def _solutions(slope: Slope, times: list[float], y: Any, control: _Control) -> list[Any]:
    """The solutions at all times but the first."""
    values: list[Any] = []
    for step in _steps(slope, times[0], times[-1], y, control):
        within = (step.end - step.t) * (1 if times[-1] > times[0] else -1)
        while len(values) < len(times) - 1:
            time = times[len(values) + 1]
            if abs(time - step.t) > within and time != step.end:
                break
            values.append(step.at(time))
    return values


def _steps(slope: Slope, t: float, last: float, y: Any, control: _Control) -> Iterator[_Step]:
    """The accepted steps from t to the last time. What a rejected one recorded goes with it."""
    y, k = _in_one_class(y, slope(t, y))
    size = _first_size(t, y, k, control)
    is_after_rejection = False
    while t != last:
        if not size >= 16 * math.ulp(max(abs(t), abs(last))):
            _raise_too_small(t, k)
        step = _step(slope, t, _end(t, last, size), y, k)
        error = step.error(control)
        factor = SAFETY * max(error, 1e-10) ** (-1 / 5)  # the error of a step grows with size⁵
        growth = 1.0 if is_after_rejection else LARGEST_FACTOR
        is_after_rejection = error > 1
        if is_after_rejection:
            size = abs(step.end - t) * max(LEAST_FACTOR, min(SAFETY, factor))
            continue
        size = min(abs(step.end - t) * max(LEAST_FACTOR, min(growth, factor)), control.largest)
        t, y, k = step.end, step.result, step.slopes[-1]
        yield step


def _step(slope: Slope, t: float, end: float, y: Any, k: Any) -> _Step:
    """One step, from the point y with the slope k."""
    h = end - t
    slopes = [k]
    for node, weights in zip(NODES[1:], STAGES[1:], strict=True):
        point = _moved(y, h, weights, slopes)
        slopes.append(slope(end if node == 1 else t + node * h, point))
    return _Step(t, end, y, tuple(slopes), point)


def _moved(y: Any, h: float, weights: Any, slopes: Any) -> Any:
    """y + h Σ weights[i] slopes[i]"""
    return y + _combined(h, weights, slopes)


def _combined(h: float, weights: Any, slopes: Any) -> Any:
    """h Σ weights[i] slopes[i]"""
    first, *others = [k * (h * w) for w, k in zip(weights, slopes, strict=True) if w]
    for term in others:
        first = first + term
    return first


def _end(t: float, last: float, size: float) -> float:
    """Where a step of this size ends. What remains is not left in a piece much smaller."""
    remaining = last - t
    count = math.ceil(abs(remaining) / size * (1 - 1e-9))
    if count <= 1:
        return last
    return t + (remaining / 2 if count == 2 else math.copysign(size, remaining))


def _first_size(t: float, y: Any, k: Any, control: _Control) -> float:
    """A size in which y changes by about what RelativeTolerance makes of it."""
    y, k = plain(y), plain(k)
    module = xp(y)
    rate = _largest(module.abs(k) / _allowed(module.abs(y), control)) * control.relative
    if not math.isfinite(rate):
        _raise_too_small(t, k)
    largest = control.largest if control.first is None else min(control.first, control.largest)
    if control.first is not None or rate == 0:
        return largest
    return min(largest, SAFETY * control.relative ** (1 / 5) / rate)


def _allowed(size: Any, control: _Control) -> Any:
    """How large the error of elements of this size may be."""
    return xp(size).maximum(size * control.relative, control.absolute)


def _largest(x: Any) -> float:
    """The largest element; NaN if one is; 0 if there are none."""
    return float(x.max()) if math.prod(x.shape) else 0.0


# ---- arguments and results -----------------------------------------------------------------------


def _slope(odefun: Callable[..., Any], theta: Any, fmt: str) -> Slope:
    """odefun as a function of values."""

    def slope(t: float, y: Any) -> Any:
        point = dlarray._make(y, fmt)
        dy = odefun(t, point, theta)
        if not isinstance(dy, dlarray):
            raise TypeError(f"dlode45: odefun returned a {type(dy).__name__} instead of a dlarray "
                            "of y's size; compute it from y and theta with tinydl's "
                            "functions")  # fmt: skip
        if dy.dims != fmt or dy.shape != y.shape:
            raise ValueError(
                f"dlode45: odefun returned {header(dy, dy.dims)} for y of {header(point, fmt)}; "
                "its result must have the size and labels of y, which are those of Y0"
            )
        return _in_one_class(y, arithmetic(dy._value))[1]

    return slope


def _in_one_class(y: Any, k: Any) -> tuple[Any, Any]:
    y, k = align.classes(y, k, ("dlode45: Y0", "dlode45: the result of odefun"))
    return y, k


def _times(tspan: Any) -> list[float]:
    """The times as Python's numbers."""
    if isinstance(tspan, dlarray):
        if is_recorded(tspan._value):
            raise TypeError("dlode45: tspan is followed by dlfeval, and is not differentiated; "
                            "pass plain numbers, by extractdata(tspan)")  # fmt: skip
        tspan = tspan._value
    given = tspan if is_array(tspan) else host.asarray(tspan, DOUBLE)
    times = [float(t) for t in xp(given).to_host(given).ravel()]
    steps = [b - a for a, b in itertools.pairwise(times)]
    is_monotone = all([s > 0 for s in steps]) or all([s < 0 for s in steps])
    is_vector = len(times) == max(given.shape, default=1) > 1
    if not (is_vector and is_monotone and all([math.isfinite(t) for t in times])):
        raise ValueError(
            "dlode45: tspan is a list of at least two finite times, all growing or all falling, "
            f"such as [0, 1]; not {given.tolist()}"
        )
    return times


def _check_format(Y0: dlarray, given: str | None, several: bool) -> None:
    if Y0.dims and given is not None:
        raise ValueError(
            f"dlode45: Y0 has the format {Y0.dims}; DataFormat= is for arrays without labels"
        )
    labelled = Y0 if given is None else dlarray(Y0, given)  # it checks their number
    if several and "T" in labelled.dims:
        raise ValueError(
            f"dlode45: Y0 is {header(labelled, labelled.dims)}, and the results at several times "
            "need T; relabel it with dlarray(stripdims(Y0), format), or give tspan two times"
        )


def _stacked(values: list[Any], axis: int) -> Any:
    """The values one after the other along a new dimension."""
    shape = values[0].shape
    wide = (*shape[:axis], 1, *shape[axis:])
    return concatenate(*[reshape(v, shape=wide, order="C") for v in values], axis=axis)


def _positive(value: Any, option: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ValueError(f"dlode45: {option} is a positive number, not {value!r}")
    return float(value)


def _raise_too_small(t: float, k: Any) -> NoReturn:
    k = plain(k)
    what = (
        "no step is small enough for the tolerances: the solution may grow without bound there, "
        "or odefun be stiff or jump"
        if xp(k).isfinite(k).all()
        else "odefun gives values that are not finite"
    )
    raise ArithmeticError(
        f"dlode45: at the time {t:g} {what}; end tspan before it, look at theta, or allow for "
        "more with larger RelativeTolerance= and AbsoluteTolerance="
    )
