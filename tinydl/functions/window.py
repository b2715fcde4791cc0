"""Windows of convolution and pooling, as MATLAB writes them: dimensions, strides, padding."""

from __future__ import annotations

from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import host, on_device_of
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.display import header
from tinydl.primitives.shape import pad, take, transpose
from tinydl.primitives.window import Shape, Widths, same_padding

PADDING_VALUES = ("symmetric-include-edge", "symmetric-exclude-edge", "replicate")


def slid_over(X: dlarray, labels: str | None, source: str, caller: str) -> tuple[int, ...]:
    """The dimensions of X that a window slides over.

    Those are named by S and T in labels, the format which the caller got from the source. None
    means all S dimensions or, if there are none, T.
    """
    spatial = X.dims.count("S")
    if labels is None:
        labels = "S" * spatial or "T"
        if labels not in X.dims:
            raise ValueError(
                f"{caller}: {header(X, X.dims)} has no S or T dimension to slide a window over; "
                "S is for space, T for time"
            )
    named = labels.count("S")
    if not labels or named not in (0, spatial) or ("T" in labels and "T" not in X.dims):
        raise ValueError(
            f"{caller}: {source} names the dimensions {labels or 'none'} for the window, and "
            f"{header(X, X.dims)} has {'S' * spatial + 'T' * X.dims.count('T') or 'none'}; all S "
            "dimensions are named, or T, or all of these"
        )
    return formats.find(X.dims, labels)


def leading(axes: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """The permutation that brings some dimensions before the others."""
    return (*axes, *[i for i in range(rank) if i not in axes])


def permuted(x: Any, order: tuple[int, ...]) -> Any:
    """Dimension i of the result is dimension order[i] of x; no operation where nothing moves."""
    return x if order == tuple(range(len(order))) else transpose(x, axes=order)


def per_dimension(value: Any, rank: int, option: str, least: int = 1) -> Shape:
    """One whole number for each dimension of the window; a single one is meant for all."""
    if type(value) is tuple and len(value) == rank:
        if all([type(n) is int and n >= least for n in value]):
            return value  # what layers keep
    given = list(value) if hasattr(value, "__len__") and not isinstance(value, str) else [value]
    numbers = given * rank if len(given) == 1 else given
    if len(numbers) != rank or not all(_is_whole(n, least) for n in numbers):
        raise ValueError(
            f"{option} is a whole number from {least} on, or {rank} of them, one for each dimension"
            f" that the window slides over; not {value!r}"
        )
    return tuple([int(n) for n in numbers])


def both_sides(value: Any, rank: int, option: str) -> Widths:
    """(before, after) for each dimension: one number for all, one for each, or two rows.

    Example:
        >>> both_sides([[1, 2], [3, 4]], 2, "Padding")
        ((1, 3), (2, 4))
    """
    if hasattr(value, "__len__") and len(value) == 2 and hasattr(value[0], "__len__"):
        before, after = (per_dimension(row, rank, option, 0) for row in value)
    else:
        before = after = per_dimension(value, rank, option, 0)
    return tuple(zip(before, after, strict=True))


def padding_widths(
    value: Any,
    spatial: Shape,
    window: Shape,
    stride: Shape,
    dilation: Shape,
    words: tuple[str, ...] = ("same", "causal"),
) -> Widths:
    """Padding= as (before, after) for each dimension that a window slides over.

    It is a number for all sides, one for each dimension, or two rows: what comes before, and what
    comes after. "same" is what makes the output ⌈input / stride⌉ long. "causal", over a single
    dimension, comes before alone and is so long that no output sees an input after its own place.

    Example:
        >>> padding_widths("causal", (9,), (3,), (1,), (2,))
        ((4, 0),)
    """
    if not isinstance(value, str):
        return both_sides(value, len(spatial), "Padding")
    if value not in words:
        choices = " or ".join([f'"{word}"' for word in words])
        raise ValueError(f"Padding is numbers or {choices}, not {value!r}")
    if value == "same":
        return same_padding(spatial, window, stride=stride, dilation=dilation)
    if len(spatial) != 1:
        raise ValueError(
            f'Padding="causal" is for windows over one dimension, not over {len(spatial)}; give '
            "two rows of numbers, what comes before and what comes after"
        )
    return (((window[0] - 1) * dilation[0], 0),)


def padded(x: Any, widths: Widths, value: Any) -> tuple[Any, Widths]:
    """x with the padding that is no zeros, and what is left to pad with zeros.

    The value is a number, "replicate" for the outermost element, or one of the two mirrors:
    "symmetric-include-edge" repeats the outermost element, "symmetric-exclude-edge" does not.
    """
    none = ((0, 0),) * len(widths)
    if isinstance(value, str):
        if value not in PADDING_VALUES:
            raise ValueError(
                f"PaddingValue is a number or one of {', '.join(PADDING_VALUES)}, not {value!r}"
            )
        for axis, (before, after) in enumerate(widths):
            x = _mirrored(x, axis, before, after, value)
        return x, none
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise ValueError(
            f"PaddingValue is a number or one of {', '.join(PADDING_VALUES)}, not {value!r}"
        )
    if float(value) == 0:
        return x, widths
    rest = ((0, 0),) * (x.ndim - len(widths))
    return pad(x, widths=(*widths, *rest), value=float(value)), none


def _mirrored(x: Any, axis: int, before: int, after: int, value: str) -> Any:
    """x with its own elements repeated beyond both ends of one dimension."""
    n = x.shape[axis]
    most = n - 1 if value == "symmetric-exclude-edge" else n
    if value != "replicate" and max(before, after) > most:
        raise ValueError(f"PaddingValue={value!r} mirrors at most {most} of {n} elements; Padding "
                         f"asks for {max(before, after)}")  # fmt: skip
    if before == after == 0:
        return x
    positions = [_inside(i, n, value) for i in range(-before, n + after)]
    there = on_device_of(plain(x), host.asarray(positions))
    return take(x, index=(*(slice(None),) * axis, there))


def _inside(i: int, n: int, value: str) -> int:
    """The position of the element that stands at a place outside of 0 … n − 1."""
    if 0 <= i < n:
        return i
    if value == "replicate":
        return 0 if i < 0 else n - 1
    shift = 1 if value == "symmetric-include-edge" else 0
    return -i - shift if i < 0 else 2 * (n - 1) - i + shift


def _is_whole(n: Any, least: int) -> bool:
    if isinstance(n, bool) or not hasattr(n, "__float__"):
        return False
    return float(n).is_integer() and n >= least
