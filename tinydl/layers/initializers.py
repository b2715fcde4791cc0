"""First values of parameters.

They come from the one generator of the package, filled in column-major order, in double precision,
and are then cast to single.
"""

from __future__ import annotations

import math
from typing import Any

from tinydl.backend import host
from tinydl.backend.random import generator
from tinydl.labels.classes import SINGLE, as_array

NAMES = ("glorot", "he", "orthogonal", "narrow-normal", "zeros", "ones")


def check(initializer: Any, option: str, also: tuple[str, ...] = ()) -> Any:
    """The initializer, if it is one: a name, a number, or a function of the size."""
    names = (*NAMES, *also)
    is_number = isinstance(initializer, (int, float)) and not isinstance(initializer, bool)
    if initializer not in names and not callable(initializer) and not is_number:
        raise ValueError(
            f"{option} is one of {', '.join(names)}, or a number, or a function of the size; not "
            f"{initializer!r}"
        )
    return initializer


def initial(initializer: Any, size: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
    """An array of single class.

    glorot: uniform with variance 2/(fan_in + fan_out); Glorot and Bengio, 2010.
    he: normal with variance 2/fan_in; He et al., 2015.
    orthogonal: the Q of a normal matrix's QR decomposition; Saxe et al., 2013.
    narrow-normal: normal with standard deviation 0.01.
    A number fills the array.
    """
    if callable(initializer):
        array = as_array(initializer(size), "the initializer's result")
        if array.shape != size:
            raise ValueError(f"the initializer gave {array.shape} for the size {size}")
        return array.astype(SINGLE)
    if initializer == "glorot":
        bound = math.sqrt(6.0 / (fan_in + fan_out))
        array = (generator.uniform(size) * 2.0 - 1.0) * bound
    elif initializer == "he":
        array = generator.normal(size) * math.sqrt(2.0 / fan_in)
    elif initializer == "narrow-normal":
        array = generator.normal(size) * 0.01
    elif initializer == "orthogonal":
        array = host.orthogonal(generator.normal((math.prod(size[:-1]), size[-1])))
        array = array.reshape(size, order="F")
    else:
        array = host.full(size, float({"ones": 1.0, "zeros": 0.0}.get(initializer, initializer)))
    return host.ascontiguousarray(array.astype(SINGLE))


def unit_forget_gate(size: tuple[int, ...], units: int) -> Any:
    """Zeros, and ones for the second of each four blocks: the forget gates of an LSTM.

    So a new LSTM forgets little. Gers, Schmidhuber and Cummins, "Learning to forget", 2000.
    """
    block = host.arange(size[0]) // units % 4
    return (block == 1).astype(SINGLE).reshape(size)
