"""State: batch normalization with fixed statistics, in forward too, and forgetting sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import on_device_of, xp
from tinydl.labels import dlarray
from tinydl.labels.classes import DOUBLE, to_class
from tinydl.network.net import dlnetwork, only_network
from tinydl.network.run import keeping_statistics
from tinydl.network.table import Table


def fix_statistics(net: dlnetwork, layers: Sequence[str] | str | None = None) -> dlnetwork:
    """A network whose batch normalization uses State in forward too, and leaves it unchanged.

    State is a constant of differentiation then, so each result depends on its own observation
    only. Everything else stays in training mode; Scale and Offset stay learnable. layers names
    those to fix; without it all are. Layers whose statistics were never given nor learned raise an
    error when forward is called.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(1), batchNormalizationLayer()])
        >>> _, net.State = forward(net, dlarray([[1.0, 3.0]], "CB"))
        >>> fixed = fix_statistics(net)
        >>> X = dlarray([[5.0, 6.0]], "CB")
        >>> extractdata(forward(fixed, X)[0] == predict(net, X)).all()
        np.True_
    """
    return _with_statistics(net, layers, "fixed")


def release_statistics(net: dlnetwork, layers: Sequence[str] | str | None = None) -> dlnetwork:
    """A network whose batch normalization uses the statistics of the batch in forward again."""
    return _with_statistics(net, layers, "batch")


def resetState(net: dlnetwork) -> dlnetwork:
    """The network whose recurrent layers forget what they have seen.

    The state of sequences, such as HiddenState and CellState, gets its first values; statistics of
    batch normalization stay. Class and device of each value stay too.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(1), batchNormalizationLayer()])
        >>> _, net.State = forward(net, dlarray([[1.0, 3.0]], "CB"))
        >>> resetState(net).is_equal_to(net)
        True
    """
    only_network(net, "resetState")
    new: dict[str, Any] = {}
    for name, layer in net._graph.all_layers.items():
        values = layer.initial_state() if layer.Resettable and not layer.parts() else {}
        new |= {f"{name}/{parameter}": like(values[parameter], net.State.get(name, parameter))
                for parameter in layer.Resettable if parameter in values}  # fmt: skip
    return net._set(new)


def like(value: Any, old: dlarray | None) -> dlarray | None:
    """A value in the class and on the device of an old one; None if that is unset."""
    if old is None:
        return None
    array = to_class(plain(dlarray(value)._value), old.dtype)
    return dlarray._make(on_device_of(plain(old._value), array), "")


def host_numbers(state: Table, layer: str, parameter: str) -> Any:
    """A value of State in double precision, in the computer's own memory."""
    array = to_class(plain(state.get(layer, parameter)._value), DOUBLE)
    return xp(array).to_host(array)


def _with_statistics(net: dlnetwork, names: Sequence[str] | str | None, mode: str) -> dlnetwork:
    only_network(net, "fix_statistics" if mode == "fixed" else "release_statistics")
    return net._set({f"{name}/Statistics": mode for name in with_statistics(net, names)})


def with_statistics(net: dlnetwork, names: Sequence[str] | str | None) -> list[str]:
    """The layers that keep statistics: all, or those that are named."""
    able = keeping_statistics(net)
    chosen = list(able) if names is None else [names] if isinstance(names, str) else list(names)
    for name in chosen:
        if name not in able:
            raise ValueError(f"layer {name!r} keeps no statistics; those that do are "
                             f"{', '.join(able) or 'none'}")  # fmt: skip
    return chosen
