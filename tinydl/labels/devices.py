"""Operands on one device.

Arrays do not move by themselves: where one operand is on the GPU and the other is not, the error
says which, and what moves them. Two things do follow the others: a single number, and a constant
that a computation takes along beside its data (targets and weights of a loss, running statistics).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from tinydl.autodiff.record import is_recorded, plain
from tinydl.backend import is_gpu_in_use, is_on_gpu, on_device_of
from tinydl.labels import format as formats
from tinydl.labels.display import class_and_device

OPERANDS = ("the left operand", "the right operand")


def together(values: Sequence[Any], arguments: Sequence[str] = OPERANDS) -> Sequence[Any]:
    """The values, all on one device. Raises a ValueError that names two that are apart."""
    if not is_gpu_in_use():
        return values
    at = next((i for i, value in enumerate(values) if is_on_gpu(plain(value))), None)
    if at is None:
        return values
    moved = [beside(values[at], value) if _is_number(value) else value for value in values]
    for value, argument in zip(moved, arguments, strict=True):
        if not is_on_gpu(plain(value)):
            _raise_apart(values[at], arguments[at], value, argument)
    return moved


def beside(x: Any, constant: Any) -> Any:
    """A constant on the device of x. A followed one stays: its gradient belongs where it is."""
    if is_recorded(constant) or not is_on_gpu(plain(x)) or is_on_gpu(constant):
        return constant
    return on_device_of(plain(x), constant)


def _is_number(value: Any) -> bool:
    return value.ndim == 0 and not is_recorded(value)


def _raise_apart(there: Any, argument: str, here: Any, other: str) -> NoReturn:
    raise ValueError(
        f"{argument} ({_shown(there)}) is on the GPU, and {other} ({_shown(here)}) is in the "
        f"computer's own memory; bring them together: gpuArray(…) moves {other} to the GPU, "
        f"gather(…) brings {argument} back; net = gpuArray(net) moves all parameters of a network"
    )


def _shown(value: Any) -> str:
    return f"{formats.describe('', value.shape)} {class_and_device(value)}".rstrip()
