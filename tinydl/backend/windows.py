"""A window that slides over an array: which inputs lie under which of its taps, at which outputs.

At output o, tap i of the window lies on the input at position

    o · stride + i · dilation − before

along each dimension, and positions outside of the input are padding. Of all the pairs (output, tap)
those that meet the input fill a few *boxes*: rectangles of outputs and taps. A convolution or a
pooling is one operation on whole arrays for each box, and needs no padded copy of the input.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import NamedTuple

import numpy as np

from tinydl.backend.threads import LEAST, MOST

Shape = tuple[int, ...]


class Slide(NamedTuple):
    """How a window slides: three numbers for each spatial dimension."""

    stride: Shape
    dilation: Shape
    before: Shape  # how far the first tap lies before the input, at the first output

    def from_row(self, row: int) -> Slide:
        """The same slide, when the outputs along the first dimension are counted from a row."""
        first, *others = self.before
        return self._replace(before=(first - row * self.stride[0], *others))


class Part(NamedTuple):
    """Outputs and taps along one dimension, of which each output meets the input with each tap."""

    outputs: slice
    taps: slice
    start: int  # the input position under the first of the taps at the first of the outputs


class Box(NamedTuple):
    """The same in all dimensions: the product of one part for each."""

    outputs: tuple[slice, ...]
    taps: tuple[slice, ...]
    start: Shape
    is_first: bool = False  # whether no box before this one has any of its outputs


def tap_by_tap(
    size: int, taps: int, outputs: int, stride: int, dilation: int, before: int
) -> list[Part]:
    """For each tap the outputs at which it lies on the input."""
    parts = []
    for tap in range(taps):
        offset = tap * dilation - before
        first = max(0, -(offset // stride))  # the least o with o · stride + offset ≥ 0
        end = min(outputs, (size - 1 - offset) // stride + 1)
        if first < end:
            parts.append(Part(slice(first, end), slice(tap, tap + 1), first * stride + offset))
    return parts


def inputs_of(part: Part, stride: int) -> slice:
    """The inputs that a single tap meets at the outputs of a part."""
    count = part.outputs.stop - part.outputs.start
    return slice(part.start, part.start + (count - 1) * stride + 1, stride)


def taps_together(
    size: int, taps: int, outputs: int, stride: int, dilation: int, before: int
) -> list[Part]:
    """Adjacent outputs that see the same taps."""

    def seen(o: int) -> tuple[int, int]:
        first = before - o * stride  # where the input begins, counted from the first tap
        return max(0, -(-first // dilation)), min(taps, -(-(first + size) // dilation))

    parts = []
    for (low, high), group in itertools.groupby(range(outputs), seen):
        first, *rest = group
        if low < high:
            across = slice(first, first + 1 + len(rest))
            start = first * stride + low * dilation - before
            parts.append(Part(across, slice(low, high), start))
    return parts


def phases(
    size: int, taps: int, stride: int, dilation: int, before: int
) -> list[tuple[slice, slice, int, int]]:
    """Along one dimension the inputs by their remainder, for the gradient that comes back to them.

    Input h is under tap i at output (h + before − i · dilation) / stride, where the division leaves
    no remainder. Inputs that lie a multiple of the stride apart have the same taps. For each such
    group: the inputs, their taps in reverse order, and the dilation and the ``before`` with which
    these slide over the outputs, one output at a time.
    """
    found = []
    step = stride // math.gcd(stride, dilation)  # from one fitting tap to the next
    for remainder in range(min(stride, size)):
        fitting = [i for i in range(taps) if (remainder + before - i * dilation) % stride == 0]
        last = max(fitting, default=0)
        reverse = slice(last, None, -step) if fitting else slice(0, 0)
        shift = (last * dilation - remainder - before) // stride
        inputs = slice(remainder, None, stride)
        found.append((inputs, reverse, step * dilation // stride, shift))
    return found


@functools.lru_cache(maxsize=2048)
def by_phase(
    size: Shape, window: Shape, slide: Slide
) -> tuple[tuple[tuple[slice, ...], tuple[slice, ...], Slide], ...]:
    """The groups of ``phases`` in all dimensions: inputs, their taps, and how these slide."""
    lines = zip(size, window, *slide, strict=True)
    groups = []
    for found in itertools.product(*[phases(*line) for line in lines]):
        inputs, taps, apart, shift = zip(*found, strict=True)
        groups.append((inputs, taps, Slide((1,) * len(size), apart, shift)))
    return tuple(groups)


@functools.lru_cache(maxsize=2048)
def reach(
    size: Shape, window: Shape, outputs: Shape, slide: Slide
) -> tuple[Shape, tuple[slice, ...], tuple[slice, ...]]:
    """How many positions the window comes over, padding among them, along each dimension.

    Beside it, which of the inputs those are, and where they lie among the positions.
    """
    needed, there, inside = [], [], []
    for n, taps, o, stride, dilation, before in zip(size, window, outputs, *slide, strict=False):
        end = (o - 1) * stride + (taps - 1) * dilation + 1 - before
        low, high = min(max(-before, 0), n), min(max(end, 0), n)
        needed.append(end + before)
        there.append(slice(low, high))
        inside.append(slice(low + before, high + before))
    return tuple(needed), tuple(there), tuple(inside)


def cover(size: Shape, taps: Shape, outputs: Shape, slide: Slide) -> tuple[Box, ...]:
    """Boxes that hold each pair of an output and a tap that meets the input, once.

    Adjacent taps share a box along the last dimension only, where an array lies in one run of
    memory. If the boxes marked as first do not make up all outputs, none is marked.
    """
    *lines, last = zip(size, taps, outputs, *slide, strict=True)
    parts = [tap_by_tap(*line) for line in lines]
    side_by_side = slide.dilation[-1] == 1
    parts.append(taps_together(*last) if side_by_side else tap_by_tap(*last))
    boxes = [Box(*zip(*product, strict=True)) for product in itertools.product(*parts)]
    boxes.sort(key=lambda box: count(box.outputs), reverse=True)
    return _mark_first(boxes, outputs)


def rows_per_block(rows: int, size: int, work: int, block: int) -> int:
    """The length of equal blocks of rows near the size of a block, an even number of them.

    Little that is worth two threads (see ``par`` for the work) is cut in two, and into more blocks
    if these are long all the same: each takes some twenty calls, none of which should be short.
    """
    blocks = max(-(-size // block), min(MOST, work // (16 * LEAST)), 2 * (work >= 8 * LEAST), 1)
    blocks += blocks % 2 if blocks > 1 else 0
    return -(-rows // blocks) or 1


def count(slices: tuple[slice, ...]) -> int:
    """How many elements they select together."""
    return math.prod(part.stop - part.start for part in slices)


def _mark_first(boxes: list[Box], outputs: Shape) -> tuple[Box, ...]:
    """Mark the boxes that may write where the others add; none, if some output would be missed."""
    seen = np.zeros(outputs, bool)
    marked, is_complete = [], True
    for box in boxes:
        part = seen[box.outputs]
        is_first = not part.any()
        is_complete = is_complete and bool(is_first or part.all())
        marked.append(box._replace(is_first=is_first))
        part[...] = True
    return tuple(marked if is_complete and seen.all() else boxes)
