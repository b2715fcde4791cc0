"""Recurrent units over a whole sequence: lstm and gru."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.functions.arguments import one_of, outputs
from tinydl.functions.formats import Labelled, data_format
from tinydl.functions.layerwise import same_class
from tinydl.labels import align, dlarray
from tinydl.labels import format as formats
from tinydl.labels.display import header
from tinydl.labels.options import named_options
from tinydl.primitives import recur
from tinydl.primitives.shape import reshape, take

RESET_MODES = ("after-multiplication", "before-multiplication",
               "recurrent-bias-after-multiplication")  # fmt: skip


@named_options
def lstm(
    X: dlarray,
    H0: Any,
    C0: Any,
    weights: Any,
    recurrentWeights: Any,
    bias: Any,
    *,
    StateActivationFunction: str = "tanh",
    GateActivationFunction: str = "sigmoid",
    DataFormat: str | None = None,
    nargout: int = 1,
) -> Any:
    """Long short-term memory: the hidden state h after each time step of a sequence.

    From the states h and c before a step, and the channels x of that step,

        i, f, g, o = σ, σ, τ, σ of the four blocks of  weights x + recurrentWeights h + bias
        c = f ∘ c + i ∘ g
        h = o ∘ τ(c)

    X has the labels C, B, T, or C with one of the other two (without T it is one step). weights is
    4H × C, recurrentWeights 4H × H and bias has 4H elements; their blocks are input gate, forget
    gate, candidate, output gate. H0 and C0 have H elements, or H × B: one column for each
    observation. They carry no labels, or CB.

    ``Y, hiddenState, cellState = lstm(…, nargout=3)`` gives the last states too, with the labels
    CB; Y has H channels and the labels of X. τ is "tanh", "softsign" or "relu", σ is "sigmoid" or
    "hard-sigmoid". DataFormat= names the dimensions of an X without labels; the results then have
    none either. Hochreiter and Schmidhuber, "Long short-term memory", 1997.

    Example:
        >>> from tinydl import dlarray, lstm, ones, zeros
        >>> X = dlarray([[[1.0, 2.0, 3.0]]], "CBT")
        >>> Y, h, c = lstm(X, [0], [0], ones(4, 1), zeros(4, 1), zeros(4, 1), nargout=3)
        >>> Y.shape, Y.dims, f"{float(h):.4f}", f"{float(c):.4f}"
        ((1, 1, 3), 'CBT', '0.9305', '2.2238')
    """
    nargout = outputs(nargout, 3, "lstm")
    state, gate = _activations(StateActivationFunction, GateActivationFunction, "lstm")
    sequence = _sequence(X, DataFormat, "lstm")
    X = sequence.labelled.X
    x, h, c, w, r, b = same_class(
        X=X, H0=H0, C0=C0, weights=weights, recurrentWeights=recurrentWeights, bias=bias
    )
    w, r, b = _parameters(w, r, b, X, blocks=4, biases=4, caller="lstm")
    h = _state(h, H0, "H0", r.shape[1], X, "lstm")
    c = _state(c, C0, "C0", r.shape[1], X, "lstm")
    packed = recur.lstm(align.expand(x, X.dims, "CBT"), h, c, w, r, b, state=state, gate=gate)
    steps = packed.shape[2] - 1
    Y = sequence.result(take(packed, index=(..., slice(0, steps))))
    if nargout == 1:
        return Y
    states = sequence.state(packed, steps - 1), sequence.state(packed, steps)
    return (Y, *states)[:nargout]


@named_options
def gru(
    X: dlarray,
    H0: Any,
    weights: Any,
    recurrentWeights: Any,
    bias: Any,
    *,
    ResetGateMode: str = "after-multiplication",
    StateActivationFunction: str = "tanh",
    GateActivationFunction: str = "sigmoid",
    DataFormat: str | None = None,
    nargout: int = 1,
) -> Any:
    """Gated recurrent unit: the hidden state h after each time step of a sequence.

    With W, R, b for weights, recurrentWeights, bias, each with a block of H rows for the reset gate
    r, the update gate z and the candidate h̃, and σ and τ as for lstm:

        r, z = σ(W x + R h + b)      in their blocks
        h̃ = τ(W x + r ∘ (R h) + b)   with ResetGateMode="after-multiplication"
        h̃ = τ(W x + R (r ∘ h) + b)   with "before-multiplication"
        h = (1 − z) ∘ h̃ + z ∘ h

    weights is 3H × C, recurrentWeights 3H × H and bias has 3H elements. In the third mode,
    "recurrent-bias-after-multiplication", bias has 6H: the second half q belongs to R h, so that
    r, z = σ(W x + b + R h + q) and h̃ = τ(W x + b + r ∘ (R h + q)).

    ``Y, hiddenState = gru(…, nargout=2)`` gives the last state too. Formats, H0 and DataFormat= as
    for lstm. Cho et al., "Learning phrase representations using RNN encoder–decoder", 2014.

    Example:
        >>> from tinydl import dlarray, gru, ones, zeros
        >>> X = dlarray([[[1.0, 2.0, 3.0]]], "CBT")
        >>> Y, h = gru(X, [0], ones(3, 1), zeros(3, 1), zeros(3, 1), nargout=2)
        >>> Y.shape, Y.dims, f"{float(h):.4f}"
        ((1, 1, 3), 'CBT', '0.3285')
    """
    nargout = outputs(nargout, 2, "gru")
    state, gate = _activations(StateActivationFunction, GateActivationFunction, "gru")
    one_of(ResetGateMode, RESET_MODES, "ResetGateMode", "gru")
    sequence = _sequence(X, DataFormat, "gru")
    X = sequence.labelled.X
    x, h, w, r, b = same_class(
        X=X, H0=H0, weights=weights, recurrentWeights=recurrentWeights, bias=bias
    )
    has_second_bias = ResetGateMode == RESET_MODES[2]
    w, r, b = _parameters(w, r, b, X, blocks=3, biases=6 if has_second_bias else 3, caller="gru")
    h = _state(h, H0, "H0", r.shape[1], X, "gru")
    b, q = recur.rows(b, 2) if has_second_bias else (b, xp(plain(b)).zeros(b.shape, b.dtype))
    reset = "before" if ResetGateMode == "before-multiplication" else "after"
    x = align.expand(x, X.dims, "CBT")
    y = recur.gru(x, h, w, r, b, q, reset=reset, state=state, gate=gate)
    Y = sequence.result(y)
    return Y if nargout == 1 else (Y, sequence.state(y, y.shape[2] - 1))


class _Sequence(NamedTuple):
    """The input of a recurrent unit, and how its results are labelled."""

    labelled: Labelled

    def result(self, y: Any) -> dlarray:
        """(H, B, T) in the format of the input."""
        X = self.labelled.X
        y = reshape(y, shape=(y.shape[0], *X.shape[1:]), order="C")
        return self.labelled.back(dlarray._make(y, X.dims))

    def state(self, y: Any, t: int) -> dlarray:
        """The state at one place of the last axis."""
        value = reshape(take(y, index=(..., slice(t, t + 1))), shape=y.shape[:2], order="C")
        return self.labelled.back(dlarray._make(value, "CB"))


def _sequence(X: dlarray, fmt: str | None, caller: str) -> _Sequence:
    labelled = data_format(X, fmt, caller, needs="C")
    X = labelled.X
    if not set(X.dims) <= set("CBT"):
        raise ValueError(
            f"{caller}: {header(X, X.dims)} has more than the labels C, B and T; fold the others "
            'into the channels with dlarray(reshape(stripdims(X), …), "CBT")'
        )
    if "T" in X.dims and X.shape[-1] == 0:
        raise ValueError(f"{caller}: {header(X, X.dims)} has no time steps; there must be one")
    return _Sequence(labelled)


def _activations(state: str, gate: str, caller: str) -> tuple[str, str]:
    one_of(state, tuple(recur.STATES), "StateActivationFunction", caller)
    one_of(gate, tuple(recur.GATES), "GateActivationFunction", caller)
    return state, gate


def _parameters(
    w: Any, r: Any, b: Any, X: dlarray, *, blocks: int, biases: int, caller: str
) -> tuple[Any, Any, Any]:
    """The parameters of H units, the bias as a column."""
    units = r.shape[1] if r.ndim == 2 else 0
    if r.ndim != 2 or r.shape[0] != blocks * units:
        raise ValueError(
            f"{caller}: recurrentWeights of {formats.describe('', r.shape)}; for H units they are "
            f"{blocks}H×H"
        )
    if w.shape != (blocks * units, X.shape[0]):
        raise ValueError(
            f"{caller}: weights of {formats.describe('', w.shape)} for {header(X, X.dims)} and "
            f"{units} units; they must be {blocks * units}×{X.shape[0]}"
        )
    if math.prod(b.shape) != biases * units:
        raise ValueError(
            f"{caller}: a bias of {formats.describe('', b.shape)} for {units} units; it needs "
            f"{biases * units} elements"
        )
    return w, r, reshape(b, shape=(biases * units, 1), order="C")


def _state(value: Any, given: Any, argument: str, units: int, X: dlarray, caller: str) -> Any:
    """A first state, with one column or one for each observation."""
    fmt = given.dims if isinstance(given, dlarray) else ""
    observations = X.shape[X.dims.index("B")] if "B" in X.dims else 1
    if set(fmt) <= set("CB"):
        sizes = align.of_rank(value.shape, 2)
        state = align.expand(value, fmt, "CB") if fmt else value
        if state.shape in ((units,), (units, 1), (units, observations)):
            return reshape(state, shape=sizes if not fmt else state.shape, order="C")
    raise ValueError(
        f"{caller}: {argument} is {formats.describe(fmt, value.shape)} for {units} units and "
        f"{header(X, X.dims)}; it must be {units}×1 or {units}×{observations}, without labels or "
        "with the labels CB"
    )
