"""A layer as a file keeps it: its class, and the options of its constructor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinydl.layers.layer import LAYERS, Layer

MOST_INPUTS = 10_000  # a graph lists the names of all inputs, even of those not connected


def options_of(layer: Layer) -> dict[str, Any]:
    """The options with which an equal layer is made. Raises TypeError if there are none such."""
    cls = type(layer)
    if LAYERS.get(cls.__name__) is not cls:
        raise TypeError(
            f"load could not find the class {cls.__name__}; put the decorator "
            "@tinydl.layers.layer.register before it, there and here"
        )
    try:
        return layer.options()
    except AttributeError as error:
        raise TypeError(
            f"{cls.__name__} does not keep its option as an attribute: {error}; set "
            f"self.{error.name} in __init__"
        ) from None


def check_restored(layer: Layer, options: Mapping[str, Any]) -> None:
    """Raise TypeError if a layer has attributes that its options do not bring back."""
    restored = layer_from(type(layer).__name__, options)
    lost = layer.__dict__.keys() - restored.__dict__.keys() - {"_read_only"}
    if lost:
        raise TypeError(
            f"{type(layer).__name__} has attributes that are no options of its constructor, and "
            f"would be lost: {', '.join(sorted(lost))}"
        )


def layer_from(name: str, options: Mapping[str, Any]) -> Layer:
    """The layer of a class and options. Raises ValueError for a class that is not known."""
    if name not in LAYERS:
        raise ValueError(
            f"there is no layer class {name!r} in this tinydl; import the program that registers "
            "it, or update tinydl"
        )
    layer = LAYERS[name](**options)
    if not isinstance(layer.Name, str):
        raise ValueError(f"the name of a layer is text, not {layer.Name!r}")
    if getattr(layer, "NumInputs", 0) > MOST_INPUTS:
        raise ValueError(f"a layer in a file has {MOST_INPUTS} inputs at most")
    return layer
