"""Sizes under a sliding window, for convolution and pooling: pure functions of shapes.

Every argument has one entry for each spatial dimension; padding has a pair (before, after) for
each. A window of f taps with the dilation d extends over (f − 1) d + 1 positions.
"""

from __future__ import annotations

import functools

Shape = tuple[int, ...]
Widths = tuple[tuple[int, int], ...]


def leading(padding: Widths) -> Shape:
    """The padding before the input, of each dimension."""
    return tuple([before for before, _ in padding])


@functools.lru_cache(maxsize=2048)
def output_size(
    spatial: Shape, window: Shape, *, stride: Shape, dilation: Shape, padding: Widths
) -> Shape:
    """How many positions a window takes: ⌊(n + before + after − extent) / stride⌋ + 1.

    Raises ValueError where the window is larger than the input with its padding.

    Example:
        >>> output_size((28, 10), (5, 3), stride=(1, 2), dilation=(1, 1), padding=((0, 0), (1, 1)))
        (24, 5)
    """
    outputs = []
    for i, (n, f, s, d, (before, after)) in enumerate(
        zip(spatial, window, stride, dilation, padding, strict=True)
    ):
        extent = (f - 1) * d + 1
        if extent > n + before + after:
            raise ValueError(
                f"a window of size {f} with dilation {d} extends over {extent} positions, but "
                f"spatial dimension {i + 1} has {n} and padding {before} + {after}; use a smaller "
                'window or more padding, for example Padding="same"'
            )
        outputs.append((n + before + after - extent) // s + 1)
    return tuple(outputs)


def same_padding(spatial: Shape, window: Shape, *, stride: Shape, dilation: Shape) -> Widths:
    """The least padding with which a window takes ⌈n / stride⌉ positions.

    It is the same before and after the input; if the total is odd the rest goes to the end.

    Example:
        >>> same_padding((28, 28), (5, 2), stride=(1, 1), dilation=(1, 1))
        ((2, 2), (0, 1))
    """
    widths = []
    for n, f, s, d in zip(spatial, window, stride, dilation, strict=True):
        total = max(0, (-(-n // s) - 1) * s + (f - 1) * d + 1 - n)
        widths.append((total // 2, total - total // 2))
    return tuple(widths)


def transposed_size(
    spatial: Shape, window: Shape, *, stride: Shape, dilation: Shape, cropping: Widths
) -> Shape:
    """How large an input is whose convolution has the given size: (n − 1) stride + extent − crop.

    Where the stride leaves several, the smallest. Raises ValueError where nothing would be left.

    Example:
        >>> transposed_size((5,), (3,), stride=(2,), dilation=(1,), cropping=((1, 0),))
        (10,)
    """
    sizes = []
    for i, (n, f, s, d, (before, after)) in enumerate(
        zip(spatial, window, stride, dilation, cropping, strict=True)
    ):
        whole = (n - 1) * s + (f - 1) * d + 1
        if n < 1 or before + after >= whole:
            raise ValueError(
                f"cropping {before} + {after} leaves nothing of the {max(whole, 0)} positions that "
                f"dimension {i + 1} would have, of {n} positions with stride {s} and a window of "
                f"size {f} with dilation {d}"
            )
        sizes.append(whole - before - after)
    return tuple(sizes)


def same_cropping(window: Shape, *, stride: Shape, dilation: Shape) -> Widths:
    """The cropping with which a transposed convolution of n positions has n · stride.

    It is the same at both ends; if the total is odd the rest is cropped at the end. Where the
    stride is longer than the window nothing is cropped: zeros follow instead.

    Example:
        >>> same_cropping((5, 4), stride=(2, 1), dilation=(1, 1))
        ((1, 2), (1, 2))
    """
    widths = []
    for f, s, d in zip(window, stride, dilation, strict=True):
        total = max(0, (f - 1) * d + 1 - s)
        widths.append((total // 2, total - total // 2))
    return tuple(widths)


def visible_taps(
    spatial: Shape, window: Shape, *, stride: Shape, padding: Widths
) -> tuple[list[int], ...]:
    """Along each dimension, how many taps of the window lie on the input at each output.

    Raises ValueError if there are none at some output: nothing can be said about such a window.

    Example:
        >>> visible_taps((4,), (3,), stride=(1,), padding=((1, 1),))
        ([2, 3, 3, 2],)
    """
    outputs = output_size(
        spatial, window, stride=stride, dilation=(1,) * len(window), padding=padding
    )
    counts = []
    for i, (n, f, o, s, (before, after)) in enumerate(
        zip(spatial, window, outputs, stride, padding, strict=True)
    ):
        starts = [k * s - before for k in range(o)]
        counts.append([min(start + f, n) - max(start, 0) for start in starts])
        if min(counts[-1]) < 1:
            raise ValueError(
                f"a window of size {f} sees nothing but padding, {before} + {after} around the {n} "
                f"positions of spatial dimension {i + 1}; the padding must be smaller than the "
                "window"
            )
    return tuple(counts)
