"""L-BFGS: steps along −H·gradient, where the last steps approximate the inverse H of the Hessian.

Nocedal and Wright, Numerical Optimization, section 7.2. x are all parameters that may move, as one
vector, g is the gradient there. A pair of differences (s, y) = (x₂ − x₁, g₂ − g₁) tells how the
gradient changes along s: H y = s holds for the inverse Hessian of a quadratic loss.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tinydl.backend import computing, xp
from tinydl.labels import dlarray
from tinydl.labels.classes import DOUBLE, to_class
from tinydl.labels.devices import together
from tinydl.labels.options import named_options
from tinydl.layers.options import whole
from tinydl.network.solver_state import lbfgsState
from tinydl.training.flat import Flat
from tinydl.training.line_search import METHODS, Trial, search
from tinydl.training.parameters import is_empty

Pair = tuple[Any, Any]


class Point(NamedTuple):
    """Parameters x, the gradient g there, and all that the loss function returned."""

    x: Any
    g: Any
    outputs: Sequence[Any]


@named_options
def lbfgsupdate(
    net: Any,
    lossFcn: Callable[[Any], Any],
    solverState: Any = None,
    *,
    LineSearchMethod: str = "weak-wolfe",
    MaxNumLineSearchIterations: int = 20,
    NumLossFunctionOutputs: int = 2,
) -> tuple[Any, lbfgsState]:
    """One step of limited-memory BFGS: ``net, solverState = lbfgsupdate(net, lossFcn, …)``.

    lossFcn(net) returns the loss, its gradients, and NumLossFunctionOutputs − 2 further results:
    ``lossFcn = lambda net: dlfeval(modelLoss, net, X, T)`` with all of the data. It is called for
    net itself and for every step tried, so data and network may change between two calls of
    lbfgsupdate. net may be all that adamupdate takes. solverState starts as [], None or
    lbfgsState(…); the new one holds what the loss function returned for the new parameters.

    The direction comes from the last steps (algorithm 7.4 of Nocedal and Wright), its length from a
    line search that tries at most MaxNumLineSearchIterations steps, 1 first. LineSearchMethod is
    "weak-wolfe", "strong-wolfe" or "backtracking", whose steps need not have the curvature that
    approximates the Hessian; such steps are not kept. If the search fails the best step tried is
    taken, or none where no step lowered the loss, and the LineSearchStatus is "failed".

    Learn-rate factors of 0 hold parameters still; others do not count, for the method finds the
    scale of each parameter itself. Only Learnables move. For the State of batch normalization
    return it as a third result: ``net.State = solverState.AdditionalLossFunctionOutputs[0]``.

    Raises ValueError where gradients or solverState do not fit the parameters, where the loss is
    not one number, and for fewer results than NumLossFunctionOutputs; more are left out. A loss
    that is Inf or NaN is none: as a step it is too long, and at the start the search fails.

    Example:
        >>> from tinydl import dlarray, dlfeval, dlgradient, lbfgsupdate
        >>> def modelLoss(x):
        ...     loss = (x - 3.0) ** 4
        ...     return loss, dlgradient(loss, x)
        >>> x, solverState = dlarray(0.0), []
        >>> for iteration in range(30):
        ...     x, solverState = lbfgsupdate(x, lambda x: dlfeval(modelLoss, x), solverState)
        >>> print(f"{float(x):.3f} {solverState.LineSearchStatus}")
        3.000 completed
    """
    method = _one_of(METHODS, LineSearchMethod)
    most = whole(MaxNumLineSearchIterations, "lbfgsupdate: MaxNumLineSearchIterations")
    count = whole(NumLossFunctionOutputs, "lbfgsupdate: NumLossFunctionOutputs", 2)
    if not callable(lossFcn):
        raise TypeError(
            f"lbfgsupdate: lossFcn is a function of net, not a {type(lossFcn).__name__}; "
            "write lossFcn = lambda net: dlfeval(modelLoss, net, X, T)"
        )
    state = _state(solverState)
    flat = Flat(net, "lbfgsupdate")

    def evaluate(x: Any) -> Point:
        outputs = _outputs(lossFcn(flat.parameters(x)), count)
        g, _ = together([flat.vector(outputs[1], "gradient"), x], ["the gradient", "the parameter"])
        return Point(x, g, outputs)

    start = evaluate(flat.vector(net, "parameter"))
    pairs = _known_pairs(state, start.x)
    end, succeeded = _step(start, pairs, state, evaluate, (method, most))
    return flat.parameters(end.x), _next_state(state, pairs, start, end, succeeded)


def direction(g: Any, pairs: Sequence[Pair], factor: float) -> Any:
    """−H g by two loops over the pairs (s, y), H being `factor` where they say nothing.

    With none it is −factor · g. Algorithm 7.4 of Nocedal and Wright.
    """
    p = -g
    passed = []
    for s, y in reversed(pairs):
        curvature = dot(s, y)
        share = dot(s, p) / curvature
        p = p - share * y
        passed.append((s, y, share, curvature))
    p = factor * p
    for s, y, share, curvature in reversed(passed):
        p = p + (share - dot(y, p) / curvature) * s
    return p


def dot(a: Any, b: Any) -> float:
    """The inner product, in double precision."""
    module = xp(a)
    return float(module.sum(module.multiply(a, b, dtype=DOUBLE)))


def norm(a: Any) -> float:
    """The Euclidean length."""
    with computing():
        return math.sqrt(dot(a, a))


def is_curved(s: Any, y: Any) -> bool:
    """Whether the curvature s·y along a step is positive, beyond what rounding may feign."""
    with computing():
        return 0.0 < sys.float_info.epsilon * norm(s) * norm(y) < dot(s, y)


def largest(a: Any) -> float:
    """The largest absolute value; 0 for none."""
    return float(xp(a).abs(a).max()) if len(a) else 0.0


# ---- one step -----------------------------------------------------------------------------------


def _step(
    start: Point,
    pairs: Sequence[Pair],
    state: lbfgsState,
    evaluate: Callable[[Any], Point],
    how: tuple[str, int],
) -> tuple[Point, bool]:
    """Where the line search ends, and whether it succeeded."""
    loss = _number(start)
    if norm(start.g) == 0.0 and math.isfinite(loss):
        return start, True  # no step is needed: a step of 0 meets all conditions
    p, slope = _descent(start, pairs, state)
    if not (math.isfinite(loss) and -math.inf < slope < 0.0):
        return start, False

    def line(step: float) -> Trial:
        with computing():
            x = start.x + step * p
        point = evaluate(x)
        with computing():
            return Trial(step, _number(point), dot(point.g, p), point)

    trial, succeeded = search(line, Trial(0.0, loss, slope, start), *how)
    return trial.found, succeeded


def _descent(start: Point, pairs: Sequence[Pair], state: lbfgsState) -> tuple[Any, float]:
    """The direction and its slope. Where rounding spoils what the pairs say they are left out."""
    with computing():
        if pairs:
            s, y = pairs[-1]
            p = direction(start.g, pairs, dot(s, y) / dot(y, y))
            slope = dot(p, start.g)
            if -math.inf < slope < 0.0:
                return p, slope
        p = direction(start.g, [], _first_factor(start, state))
        return p, dot(p, start.g)


def _first_factor(start: Point, state: lbfgsState) -> float:
    """λ of a step before which none is known."""
    size = state.InitialStepSize
    if size is None:
        return state.InitialInverseHessianFactor
    if isinstance(size, str):  # "auto"
        size = 0.5 * largest(start.x) + 0.1
    return size / largest(start.g)


def _next_state(
    state: lbfgsState, pairs: list[Pair], start: Point, end: Point, succeeded: bool
) -> lbfgsState:
    with computing():
        s, y = end.x - start.x, end.g - start.g
    if end is start and not succeeded:
        pairs = []  # a further call starts again, from the steepest descent
    elif is_curved(s, y):
        pairs = [*pairs, (s, y)][-state.HistorySize :]
    loss, gradients, *others = end.outputs
    return state._with(
        Loss=loss,
        Gradients=gradients,
        AdditionalLossFunctionOutputs=others,
        GradientsNorm=norm(end.g),
        StepNorm=norm(s),
        LineSearchStatus="completed" if succeeded else "failed",
        StepHistory=[dlarray._make(s, "") for s, _ in pairs],
        GradientsDifferenceHistory=[dlarray._make(y, "") for _, y in pairs],
    )


# ---- what is given ------------------------------------------------------------------------------


def _one_of(names: Sequence[str], given: Any) -> str:
    if not isinstance(given, str) or given not in names:
        raise ValueError(f"lbfgsupdate: LineSearchMethod must be one of "
                         f"{', '.join(map(repr, names))}, not {given!r}")  # fmt: skip
    return given


def _state(given: Any) -> lbfgsState:
    if is_empty(given):
        return lbfgsState()
    if not isinstance(given, lbfgsState):
        raise TypeError(
            f"lbfgsupdate: solverState is an lbfgsState, [] or None, not a {type(given).__name__}; "
            "start with solverState = lbfgsState()"
        )
    return given


def _known_pairs(state: lbfgsState, x: Any) -> list[Pair]:
    """The pairs of the state, in the class of the parameters x."""
    pairs = []
    for step, difference in zip(state.StepHistory, state.GradientsDifferenceHistory, strict=True):
        if not step.shape == difference.shape == x.shape:
            raise ValueError(
                f"lbfgsupdate: solverState comes from {math.prod(step.shape)} numbers that move, "
                f"and these parameters have {len(x)}; start again with solverState = lbfgsState()"
            )
        arguments = ("the parameters", "solverState", "solverState")
        _, s, y = together([x, step._value, difference._value], arguments)
        pair = to_class(s, x.dtype), to_class(y, x.dtype)
        if step.dtype == x.dtype or is_curved(*pair):  # in single they may underflow
            pairs.append(pair)
    return pairs


def _outputs(results: Any, count: int) -> Sequence[Any]:
    """The first `count` results of a loss function; the rest was not asked for."""
    if not isinstance(results, (tuple, list)) or len(results) < count:
        given = len(results) if isinstance(results, (tuple, list)) else 1
        raise ValueError(
            f"lbfgsupdate: lossFcn must return {count} results, the loss, the gradients, and as "
            f"many more as NumLossFunctionOutputs={count} says; it returned {given}"
        )
    loss = results[0]
    shape = getattr(loss, "shape", ())
    if not hasattr(loss, "__float__") or math.prod(shape) != 1:
        kind = f"a {type(loss).__name__}" + (f" of the size {shape}" if shape else "")
        raise ValueError(f"lbfgsupdate: the loss must be one number, not {kind}; use "
                         'sum(Y, "all") or a loss')  # fmt: skip
    return results[:count]


def _number(point: Point) -> float:
    return float(point.outputs[0])
