"""Convolution in compiled form, by Numba: sums of products in tiles.

Arrays are matrices with the images along their rows: x has a row for each channel at each position,
y one for each filter at each output. w (taps · channels, filters) has a row for each channel of a
group under each tap. near (outputs, taps) holds the position under a tap at an output, and −1 where
the tap lies outside. Where the next tap lies on the next position, and all channels are one group,
their channels are adjacent rows: they make a single run.

There are at least as many images as a vector has lanes. Where they, or the filters, are no multiple
of what a tile has, the last tile overlaps the one before.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydl.backend.compiled.numba_options import kernel, scalar, sum_in_double
from tinydl.backend.compiled.numba_tiles import (
    BYTES,
    HEIGHTS,
    SIDES,
    VECTORS,
    WIDTHS,
    add_tile,
    write_tile,
)

NEAR, FAR = 1 << 15, 1 << 19
"""Bytes that stay in the two caches of a processor, while a tile or all tiles are added up."""

LONG = 1024
"""How many products make a sum that is not added to any more."""


def lanes_for(images: int, itemsize: int) -> int:
    """How many numbers the longest vector has that so many images fill; 0 if they fill none."""
    lanes = 0
    for size in VECTORS[::-1]:
        if size // itemsize <= images:
            lanes = size // itemsize
    return lanes


longest_lanes = scalar(lanes_for)


def fitting(count: int, sizes: tuple[int, ...]) -> int:
    """The size of tiles that takes least for so many rows; a tile takes a bit more than its rows.

    The last tile may overlap the one before. None is larger than all rows.
    """
    best, least = 0, 0
    for size in sizes:
        cost = -(-count // size) * (size + 1)
        if size <= count and (best == 0 or cost < least):
            best, least = size, cost
    return best


fitting_size = scalar(fitting)


@scalar
def _find_runs(near: Any, output: int, channels: int, groups: int, group: int, runs: Any) -> int:
    """How many runs the rows make that an output sees of a group: in x, in w, and their length."""
    rows, count, after = channels * groups, 0, -1
    for tap in range(near.shape[1]):
        place = near[output, tap]
        if place >= 0 and place == after and groups == 1:
            runs[count - 1, 2] += channels
        elif place >= 0:
            runs[count, 0], runs[count, 1] = place * rows + group * channels, tap * channels
            runs[count, 2], runs[count, 3] = channels, 0
            count += 1
        after = place + 1 if place >= 0 else -1
    return count


@kernel
def output_tiles(
    x: Any, w: Any, plus: Any, least: Any, y: Any, near: Any, groups: int, first: int, end: int
) -> None:
    """Σ w · x over taps and the channels of a group, + plus, but no less than least."""
    taps, filters, images = near.shape[1], w.shape[1], x.shape[1]
    lanes = longest_lanes(images, x.itemsize)
    channels, each = len(w) // taps, filters // groups
    height, runs = fitting_size(each, HEIGHTS), np.empty((taps, 4), np.intp)
    for o in range(first, end):
        for group in range(groups):
            count = _find_runs(near, o, channels, groups, group, runs)
            b, last = 0, (group + 1) * each - height
            while b < images:
                width = min(WIDTHS[0], max(1, (images - b) // lanes))
                here = min(b, images - lanes)
                for k in range(group * each, (group + 1) * each, height):
                    f = min(k, last)
                    row = o * filters + f
                    write_tile(
                        height, width, lanes, x, w, plus, least, y, row, f, here, runs, count
                    )
                b += width * lanes


@kernel
def weight_tiles(x: Any, d: Any, total: Any, near: Any, groups: int, first: int, end: int) -> None:
    """Add to total (taps · channels, filters) the sums of x · d over outputs, for whole vectors.

    There is a sum for each lane, of the class of x. Once it is LONG, it goes into double.
    """
    lanes, row = BYTES // x.itemsize, x.shape[1] * x.itemsize
    vectors = x.shape[1] // lanes
    taps, filters = near.shape[1], total.shape[1]
    channels, each = len(total) // taps, filters // groups
    height, width = fitting_size(channels, SIDES), fitting_size(each, SIDES)
    few = max(1, NEAR // (row * (height + width)))
    many = max(1, min(FAR // (row * (channels + each)), LONG // vectors))
    tiles = _tiles_of_weights(taps, channels, height, filters, each, width)
    together = -(-channels // height) * taps  # these have the same filters
    sums, added = np.zeros((len(tiles), height * width * lanes), x.dtype), 0
    pairs = np.empty((few, 2), np.intp)
    for block in range(first, end, many):
        stop = min(block + many, end)
        for begin in range(0, len(tiles), together):
            for some in range(block, stop, few):
                for n in range(begin, begin + together):
                    f, c, tap = tiles[n, 0], tiles[n, 1], tiles[n, 2]
                    count = 0
                    for o in range(some, min(some + few, stop)):
                        if near[o, tap] >= 0:
                            pairs[count, 0] = near[o, tap] * channels * groups
                            pairs[count, 1] = o * filters
                            count += 1
                    at = f // each * channels + c
                    add_tile(height, width, lanes, x, d, at, f, vectors, pairs, count, sums, n)
        added += (stop - block) * vectors
        if stop == end or added + many * vectors > LONG:
            for n in range(len(tiles)):
                _move(sums, n, tiles, total, channels, height, width, lanes)
            added = 0


@scalar
def _move(
    sums: Any, n: int, tiles: Any, total: Any, channels: int, height: int, width: int, lanes: int
) -> None:
    """Add the sums of a tile to total, but where it overlaps the one before, and begin anew."""
    f, c, tap, first_f, first_c = tiles[n]
    for i in range(first_c - c, height):
        for j in range(first_f - f, width):
            at = (i * width + j) * lanes
            total[tap * channels + c + i, f + j] += sum_in_double(sums[n][at : at + lanes])
    sums[n] = 0


@scalar
def _tiles_of_weights(
    taps: int, channels: int, height: int, filters: int, each: int, width: int
) -> Any:
    """For each tile its first filter, channel and tap; then those that no tile before it has.

    The taps run fastest, as their tiles meet almost the same images, and the filters slowest.
    """
    down, across = -(-channels // height), -(-each // width)
    tiles = np.empty((filters // each * across * down * taps, 5), np.intp)
    for n in range(len(tiles)):
        strip, rest = divmod(n, down * taps)
        group, part = divmod(strip, across)
        tiles[n, 3] = group * each + part * width
        tiles[n, 4], tiles[n, 2] = rest // taps * height, rest % taps
        tiles[n, 0] = min(tiles[n, 3], (group + 1) * each - width)
        tiles[n, 1] = min(tiles[n, 4], channels - height)
    return tiles
