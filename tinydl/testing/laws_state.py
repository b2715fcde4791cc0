"""The law of state: a network changes only where its user assigns to it."""

from __future__ import annotations

from typing import Any

from tinydl.network.call import forward
from tinydl.network.net import dlnetwork
from tinydl.testing.closeness import difference
from tinydl.testing.laws_base import BrokenLawError, copied, law
from tinydl.testing.laws_calls import purity


@law
def state(net: dlnetwork, *X: Any) -> None:
    """forward returns a new State of the same form, and leaves network and layers as they were.

    Rows, sizes and classes stay. (What a layer names as Resettable has the batch size of what was
    seen last, and keeps only its class.) The attributes of layers are equal to what they were.

    Example:
        >>> from tinydl import batchNormalizationLayer, dlarray, dlnetwork, featureInputLayer
        >>> net = dlnetwork([featureInputLayer(2), batchNormalizationLayer()])
        >>> state(net, dlarray([[1.0, 2.0], [3.0, 5.0]], "CB"))
    """
    layers = net._graph.layers
    attributes = {name: copied(vars(layer)) for name, layer in layers.items()}
    purity(forward, net, *X, draws=True)
    *_, new = forward(net, *X)
    if new is net.State:
        raise BrokenLawError("forward returns the network's own State, no new one")
    if new.rows != net.State.rows:
        raise BrokenLawError(
            f"forward returns a State of the rows {new.rows}, not {net.State.rows}"
        )
    for (name, parameter), old, value in zip(new.rows, net.State.Value, new.Value, strict=True):
        is_kept = old.dtype == value.dtype and (
            _long(old) == _long(value) or parameter in getattr(layers.get(name), "Resettable", ())
        )
        if not is_kept:
            raise BrokenLawError(
                f"forward changes the size or class of {parameter}, from {_form(old)} "
                f"to {_form(value)}; it has to stay as initialize made it"
            )
    for name, before in attributes.items():
        now = vars(layers[name])
        changed = [k for k in now if k not in before or difference(now[k], before[k], margin=0)]
        if changed:
            raise BrokenLawError(
                f"forward changes the attribute {changed[0]} of layer {name!r}; return "
                "what is to be kept, as its State"
            )


def _form(value: Any) -> str:
    return f"{'×'.join(map(str, value.shape)) or '1×1'} {value.dtype}"


def _long(value: Any) -> list[int]:
    """The sizes that count where State is assigned: those other than 1."""
    return [n for n in value.shape if n != 1]
