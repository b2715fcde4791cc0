"""The outputs of a minibatchqueue: values in the class, format and place asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydl.backend import computing, gpu, is_array, is_on_gpu, xp
from tinydl.data.categorical import categorical
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.classes import DTYPE, refuse_hidden

_ENVIRONMENTS = ("auto", "cpu", "gpu")


def each(value: Any, count: int, option: str) -> list[Any]:
    """The value of an option for each output: one for all, or a list with one for each."""
    if not isinstance(value, (list, tuple)):
        return [value] * count
    if len(value) != count:
        raise ValueError(
            f"minibatchqueue: {option} has {len(value)} values for {count} outputs; give one for "
            "all of them, or one for each"
        )
    return list(value)


class Output:
    """What is asked for one output."""

    def __init__(self, number: int, fmt: Any, cast: Any, as_dlarray: Any, environment: Any) -> None:
        self.number = number
        self.format = formats.check(fmt, "minibatchqueue: MiniBatchFormat")
        self.as_dlarray = _truth(as_dlarray)
        if cast not in DTYPE:
            raise ValueError(f"minibatchqueue: OutputCast is one of {', '.join(DTYPE)}, not "
                             f"{cast!r}")  # fmt: skip
        self.cast = DTYPE[cast]
        if environment not in _ENVIRONMENTS:
            raise ValueError("minibatchqueue: OutputEnvironment is one of "
                             f"{', '.join(_ENVIRONMENTS)}, not {environment!r}")  # fmt: skip
        self.on_gpu = environment == "gpu" or (environment == "auto" and not gpu.why_not())
        if self.on_gpu and gpu.why_not():
            raise RuntimeError(
                f'minibatchqueue: OutputEnvironment="gpu", and there is no GPU: {gpu.why_not()}. '
                '"auto" takes one if there is one'
            )

    def deliver(self, value: Any) -> Any:
        """A value of a mini-batch as the output that was asked for."""
        if not self.as_dlarray:
            return self._placed(self._cast(value)) if _has_numbers(value) else value
        fmt = self.format
        if isinstance(value, dlarray):
            fmt = fmt or value.dims
        elif isinstance(value, categorical):
            value = _numbered(value, fmt)
        return dlarray(self._placed(self._cast(self._numbers(value))), fmt)

    def _numbers(self, value: Any) -> Any:
        if _has_numbers(value):
            return value
        if isinstance(value, (int, float)):
            return np.asarray(value)
        kind = f"a {value.dtype} array" if is_array(value) else f"a {type(value).__name__}"
        raise TypeError(
            f"minibatchqueue: output {self.number} is {kind}, which makes no dlarray; make it an "
            "array of numbers in MiniBatchFcn, or leave it as it is by OutputAsDlarray="
            "[…], with False for this output"
        )

    def _cast(self, value: Any) -> Any:
        array = value._numbers() if isinstance(value, dlarray) else value
        refuse_hidden(array, f"minibatchqueue: output {self.number}")
        if self.cast == DTYPE["logical"] and xp(array).isnan(array).any():
            raise ValueError(f"minibatchqueue: output {self.number} has NaN, which is neither true "
                             "nor false; it cannot become logical")  # fmt: skip
        return array.astype(self.cast, copy=False)

    def _placed(self, array: Any) -> Any:
        if self.on_gpu:
            with computing():
                return gpu.upload(array)
        return xp(array).to_host(array) if is_on_gpu(array) else array


def _has_numbers(value: Any) -> bool:
    return isinstance(value, dlarray) or (is_array(value) and value.dtype.kind in "fiub")


def _numbered(labels: categorical, fmt: str) -> np.ndarray:
    """The numbers of the categories, from 1, along the dimension that the format labels B."""
    sizes = [-1 if label == "B" else 1 for label in fmt] if "B" in fmt else [-1]
    return labels.double().reshape(sizes)


def _truth(value: Any) -> bool:
    if isinstance(value, (bool, np.bool_)) or (isinstance(value, int) and value in (0, 1)):
        return bool(value)
    raise ValueError(f"minibatchqueue: OutputAsDlarray is True or False, not {value!r}")
