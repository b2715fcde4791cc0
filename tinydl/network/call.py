"""forward and predict: a network called with data, and initialize, which prepares it for that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tinydl.labels.options import named_options
from tinydl.network import initialize as first
from tinydl.network.defaults import Formats, with_labels, without_labels
from tinydl.network.history import follow
from tinydl.network.net import dlnetwork, only_network
from tinydl.network.run import result_names, run
from tinydl.network.table import Table


@named_options
def forward(
    net: dlnetwork,
    *X: Any,
    Outputs: Sequence[str] | str | None = None,
    Statistics: str | Mapping[str, str] | None = None,
    InputDataFormats: Formats = None,
    OutputDataFormats: Formats = None,
) -> tuple[Any, ...]:
    """The results of a network for training, and its new State: ``Y, state = forward(net, X)``.

    Batch normalization uses the statistics of the batch, dropout is active. The network itself
    does not change; keep the new State by ``net.State = state``.

    There is one X for each of net.InputNames, and one result for each of net.OutputNames, or of
    the layers in Outputs=; State comes last. Plain arrays may be given too: see predict.
    Statistics="fixed" lets batch normalization use State
    as constants of differentiation and leave it unchanged, in all layers or, with a dict such as
    {"bn1": "fixed"}, in some.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(1), batchNormalizationLayer()])
        >>> Y, state = forward(net, dlarray([[1.0, 3.0]], "CB"))
        >>> net.State = state
        >>> float(net.State.Value[0])
        0.20000000298023224
    """
    formats = InputDataFormats, OutputDataFormats
    results, state = _call(net, X, "forward", Outputs, Statistics, formats)
    return (*results, state)


@named_options
def predict(
    net: dlnetwork,
    *X: Any,
    Outputs: Sequence[str] | str | None = None,
    InputDataFormats: Formats = None,
    OutputDataFormats: Formats = None,
    nargout: int | None = None,
) -> Any:
    """The results of a network for prediction: ``Y = predict(net, X)``.

    Batch normalization uses State, dropout does nothing. It can be differentiated as forward can.
    Several results, for several net.OutputNames or Outputs=, are a tuple; nargout= asks for a
    number of them, and one more than there are results adds the State.

    A plain array is read as its input layer says: features as BC, one observation in each row,
    images as SSCB, sequences as TCB; plain arrays in give plain arrays out, in the same order of
    dimensions. InputDataFormats= gives the labels of inputs that have none, one format for each
    input, and OutputDataFormats= the order of dimensions of such results; "auto" is the order said
    above. A dlarray without labels needs InputDataFormats. Inside dlfeval a plain array becomes a
    dlarray without labels, because its history goes on.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(1), reluLayer()])
        >>> predict(net, dlarray([[-1.0, 3.0]], "CB"))
        1(C) × 2(B) dlarray
        [[0. 3.]]
        >>> predict(net, double([[-1.0], [3.0]]))
        array([[0.],
               [3.]])
    """
    formats = InputDataFormats, OutputDataFormats
    results, state = _call(net, X, "predict", Outputs, None, formats)
    everything = (*results, state)
    count = len(results) if nargout is None else nargout
    if not 1 <= count <= len(everything):
        raise ValueError(f"predict gives 1 to {len(everything)} outputs; nargout={nargout!r}")
    return everything[0] if count == 1 else everything[:count]


def _call(
    net: dlnetwork, X: tuple[Any, ...], verb: str, Outputs: Any, Statistics: Any,
    formats: tuple[Formats, Formats],
) -> tuple[list[Any], Table]:  # fmt: skip
    """One call of forward or predict: labels on, run, labels off where there were none."""
    given = with_labels(only_network(net, verb), X, verb, formats[0])
    results, state = run(net, given.arrays, verb, Outputs, Statistics)
    follow(net, verb, state)
    names = result_names(net, Outputs)
    return without_labels(results, names, given.results, verb, formats[1]), state


def initialize(net: dlnetwork, *X: Any) -> dlnetwork:
    """A network in which all unset parameters have their first values; those that are set stay.

    X are example inputs or networkDataLayouts, needed where no input layer says the sizes.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([fullyConnectedLayer(3)], Initialize=False)
        >>> initialize(net, networkDataLayout([2, None], "CB")).Initialized
        True
    """
    only_network(net, "initialize")
    kept = {(r.Layer, r.Parameter): r.Value for r in (*net.Learnables, *net.State)}
    learnables, state = first.tables(net._graph, X, kept)
    return net._with(learnables=learnables, state=state)
