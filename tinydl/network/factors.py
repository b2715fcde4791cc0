"""Factors of the learning rate and of L2 regularization: one of each for every parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tinydl.layers.layer import Layer
from tinydl.layers.options import not_negative

if TYPE_CHECKING:
    from tinydl.network.net import dlnetwork


def setLearnRateFactor(net: Any, *where: Any) -> Any:
    """The network or layer with another factor of the learning rate for one parameter.

    ``net = setLearnRateFactor(net, layerName, parameterName, factor)``, or with the place of the
    parameter in one text, ``setLearnRateFactor(net, "layer/parameter", factor)``; of a layer,
    ``layer = setLearnRateFactor(layer, parameterName, factor)``. Solvers multiply their rate by the
    factor: 0 holds a parameter still. A parameter of a nested network is at "outer/fc/Weights".

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(2), fullyConnectedLayer(3)])
        >>> net = setLearnRateFactor(net, "fc", "Bias", 0.5)
        >>> getLearnRateFactor(net, "fc/Bias")
        0.5
    """
    return _with_factor(net, where, "LearnRate", "setLearnRateFactor")


def getLearnRateFactor(net: Any, *where: str) -> float:
    """The factor by which solvers multiply the learning rate of one parameter.

    ``getLearnRateFactor(net, layerName, parameterName)``, ``getLearnRateFactor(net,
    "layer/parameter")`` or ``getLearnRateFactor(layer, parameterName)``. It is 1 unless set.

    Example:
        >>> from tinydl import fullyConnectedLayer, getLearnRateFactor
        >>> getLearnRateFactor(fullyConnectedLayer(3, WeightLearnRateFactor=2), "Weights")
        2.0
    """
    return _factor(net, where, "LearnRate", "getLearnRateFactor")


def setL2Factor(net: Any, *where: Any) -> Any:
    """The network or layer with another factor of L2 regularization for one parameter.

    It is called as setLearnRateFactor is. The factor is kept for loops that regularize: the
    gradient of a parameter w then grows by (λ · factor) w.

    Example:
        >>> from tinydl import fullyConnectedLayer, setL2Factor
        >>> setL2Factor(fullyConnectedLayer(3), "Bias", 1)
        fullyConnectedLayer(OutputSize=3, BiasL2Factor=1.0)
    """
    return _with_factor(net, where, "L2", "setL2Factor")


def getL2Factor(net: Any, *where: str) -> float:
    """The factor of L2 regularization of one parameter; it is called as getLearnRateFactor is.

    Unless set it is 1, and 0 for Bias.

    Example:
        >>> from tinydl import fullyConnectedLayer, getL2Factor
        >>> getL2Factor(fullyConnectedLayer(3), "Bias")
        0.0
    """
    return _factor(net, where, "L2", "getL2Factor")


def freezeNetwork(net: dlnetwork, layers: Sequence[str] | str | None = None) -> dlnetwork:
    """The network with learn-rate factors 0: solvers leave its learnable parameters as they are.

    layers names those to freeze, also "outer" or "outer/fc" for all or one of a nested network;
    without it all are. Batch normalization still uses the statistics of the batch in forward, and
    moves its State; fix_statistics is for that.

    Example:
        >>> from tinydl import *
        >>> net = freezeNetwork(dlnetwork([featureInputLayer(2), fullyConnectedLayer(3)]))
        >>> getLearnRateFactor(net, "fc", "Weights")
        0.0
    """
    return _with_all_factors(net, layers, 0.0, "freezeNetwork")


def unfreezeNetwork(net: dlnetwork, layers: Sequence[str] | str | None = None) -> dlnetwork:
    """The network with learn-rate factors 1, of all layers or of those that are named.

    Factors that differed from 1 before they were frozen are not brought back.

    Example:
        >>> from tinydl import *
        >>> net = freezeNetwork(dlnetwork([featureInputLayer(2), fullyConnectedLayer(3)]))
        >>> getLearnRateFactor(unfreezeNetwork(net, "fc"), "fc", "Weights")
        1.0
    """
    return _with_all_factors(net, layers, 1.0, "unfreezeNetwork")


# ---- what they share ----------------------------------------------------------------------------


def attribute(layer: Layer, parameter: str, kind: str) -> str:
    """The option that holds a factor: WeightLearnRateFactor is that of Weights.

    It is also that of QueryWeights and others in a layer that has one factor for all its weights.
    """
    own = f"{'Weight' if parameter == 'Weights' else parameter}{kind}Factor"
    shared = "Weight" if parameter.endswith("Weights") else "Bias"
    of_all = f"{shared}{kind}Factor"
    is_shared = parameter.endswith(("Weights", "Bias")) and hasattr(layer, of_all)
    return of_all if is_shared and not hasattr(layer, own) else own


def factor_of(layer: Layer, parameter: str, kind: str) -> float:
    """A factor of a layer; for one without the option the usual value."""
    usual = 0.0 if kind == "L2" and parameter == "Bias" else 1.0
    return getattr(layer, attribute(layer, parameter, kind), usual)


def _factor(net: Any, where: tuple[Any, ...], kind: str, caller: str) -> float:
    _, layer, parameter = _place(net, where, caller)
    return factor_of(layer, parameter, kind)


def _with_factor(net: Any, where: tuple[Any, ...], kind: str, caller: str) -> Any:
    if not where:
        _refuse_call(caller, where)
    path, layer, parameter = _place(net, where[:-1], caller)
    factor = not_negative(where[-1], f"{caller}: the factor of {parameter}")
    if isinstance(net, Layer):
        prefix = path[: -len(parameter)]
        return net.copy(**{prefix + attribute(layer, parameter, kind): factor})
    return net._set({f"{path}/{attribute(layer, parameter, kind)}": factor})


def _place(net: Any, where: tuple[Any, ...], caller: str) -> tuple[str, Layer, str]:
    """The path of a layer in a network (of a parameter in a layer), the layer, the parameter."""
    most = 1 if isinstance(net, Layer) else 2
    if not 1 <= len(where) <= most or not all([isinstance(name, str) for name in where]):
        _refuse_call(caller, where)
    whole = "/".join(where)
    name, _, parameter = whole.rpartition("/")
    if isinstance(net, Layer):
        layers = {"": net, **net.parts()}
    elif hasattr(net, "_graph"):
        layers = net._graph.all_layers
    else:
        raise TypeError(f"{caller}: the first argument is a dlnetwork or a layer, not a "
                        f"{type(net).__name__}")  # fmt: skip
    if name not in layers:
        raise ValueError(f"{caller}: there is no layer {name!r}; the layers are "
                         f"{', '.join(filter(None, layers))}")  # fmt: skip
    layer = layers[name]
    if parameter not in layer.Learnable:
        raise ValueError(f"{caller}: layer {layer.Name!r} ({type(layer).__name__}) has no "
                         f"learnable parameter {parameter!r}; it has "
                         f"{', '.join(layer.Learnable) or 'none'}")  # fmt: skip
    return (whole if isinstance(net, Layer) else name), layer, parameter


def _refuse_call(caller: str, where: tuple[Any, ...]) -> None:
    last = ", factor" if caller.startswith("set") else ""
    raise TypeError(
        f'{caller} is called {caller}(net, "layer", "parameter"{last}), {caller}(net, '
        f'"layer/parameter"{last}) or {caller}(layer, "parameter"{last}); beside its first '
        f"argument it was given {', '.join(map(repr, where)) or 'nothing'}"
    )


def _with_all_factors(
    net: dlnetwork, names: Sequence[str] | str | None, factor: float, caller: str
) -> dlnetwork:
    if not hasattr(net, "_graph"):
        raise TypeError(f"{caller}: the first argument is a dlnetwork, not a {type(net).__name__}")
    layers = net._graph.all_layers
    chosen = list(layers) if names is None else [names] if isinstance(names, str) else list(names)
    for name in chosen:
        if name not in layers:
            raise ValueError(f"{caller}: there is no layer {name!r}; the layers are "
                             f"{', '.join(layers)}")  # fmt: skip
    rows = [(layer, parameter) for layer, parameter in net.Learnables.rows
            if any([f"{layer}/".startswith(f"{name}/") for name in chosen])]  # fmt: skip
    return net._set({f"{layer}/{attribute(layers[layer], parameter, 'LearnRate')}": factor
                     for layer, parameter in rows})  # fmt: skip
