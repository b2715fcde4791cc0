"""Windows in compiled form, by Numba: pooling, and convolution of each channel by itself.

x is (positions, M) and y is (outputs, M): what belongs to a position lies in one run of memory.
near (outputs, taps) holds the position under each tap at each output, and −1 where the tap lies
outside; ``compiled.windows`` makes it, the other way round for a gradient. So a kernel knows
nothing of dimensions, strides and padding. It works on outputs from a first one on to an end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydl.backend.compiled.numba_options import in_long_vectors, kernel, scalar

LONG = 64
"""Over how many outputs products are added up in their own class. Such sums go into double."""


@scalar
def _seen(near: Any, output: int, places: Any, taps: Any) -> int:
    """How many taps lie on the input at an output; which ones, and where, goes into two arrays."""
    count = 0
    for tap in range(near.shape[1]):
        if near[output, tap] >= 0:
            places[count], taps[count] = near[output, tap], tap
            count += 1
    return count


# ---- pooling -------------------------------------------------------------------------------------


@scalar
def _better(best: Any, tap: Any, here: Any, its_tap: Any) -> tuple[Any, Any]:
    """The larger number and the tap it is under: NaN, and of equal numbers the first, stays."""
    return (best if here <= best or best != best else here), (its_tap if here > best else tap)


@kernel
def largest(x: Any, y: Any, winner: Any, near: Any, first: int, end: int) -> None:
    """The largest number under the window, and the tap it is under; −Inf if nothing is there.

    At first the tap is a number of the class of x: vectors like numbers of one size.
    """
    in_long_vectors()
    number, size = type(x[0, 0]), x.shape[1]
    places, taps = np.empty(near.shape[1], np.intp), np.zeros(near.shape[1], np.intp)
    found = np.empty(size, x.dtype)
    for o in range(first, end):
        count, k = _seen(near, o, places, taps), 1
        place, tap, nothing = places[0], number(taps[0]), number(-np.inf)
        for m in range(size):
            y[o, m], found[m] = x[place, m] if count else nothing, tap
        while k + 3 <= count:
            a0, a1, a2 = places[k], places[k + 1], places[k + 2]
            t0, t1, t2 = number(taps[k]), number(taps[k + 1]), number(taps[k + 2])
            for m in range(size):
                best, tap = _better(y[o, m], found[m], x[a0, m], t0)
                best, tap = _better(best, tap, x[a1, m], t1)
                y[o, m], found[m] = _better(best, tap, x[a2, m], t2)
            k += 3
        while k < count:
            a0, t0 = places[k], number(taps[k])
            for m in range(size):
                y[o, m], found[m] = _better(y[o, m], found[m], x[a0, m], t0)
            k += 1
        for m in range(size):
            winner[o, m] = np.uint8(np.int32(found[m]))


@kernel
def add_up(x: Any, winner: Any, y: Any, near: Any, first: int, end: int) -> None:
    """The sum of what lies under the window; with a winner, of what won with the tap over it."""
    in_long_vectors()
    zero, size = type(x[0, 0])(0), x.shape[1]
    places, taps = np.empty(near.shape[1], np.intp), np.empty(near.shape[1], np.intp)
    for o in range(first, end):
        count = _seen(near, o, places, taps)
        for m in range(size):
            y[o, m] = zero
        for k in range(count):
            place, tap = places[k], np.uint8(taps[k])
            for m in range(size):
                here = x[place, m]
                if winner is not None:
                    here = here if winner[place, m] == tap else zero
                y[o, m] += here


# ---- convolution of each channel by itself -------------------------------------------------------


@kernel
def correlate(
    x: Any, w: Any, plus: Any, least: Any, y: Any, near: Any, first: int, end: int
) -> None:
    """Σ w · x over the taps of w (taps, M), + plus, but no less than least.

    All taps of a window of 3 × 3 go at a time: memory sets the pace. Of others three do.
    """
    in_long_vectors()
    size, zero = x.shape[1], type(x[0, 0])(0)
    at, tap = np.empty(near.shape[1], np.intp), np.empty(near.shape[1], np.intp)
    for o in range(first, end):
        count, k = _seen(near, o, at, tap), 0
        if count == 9:
            a0, a1, a2, a3, a4, a5 = at[0], at[1], at[2], at[3], at[4], at[5]
            t0, t1, t2, t3, t4, t5 = tap[0], tap[1], tap[2], tap[3], tap[4], tap[5]
            a6, a7, a8, t6, t7, t8 = at[6], at[7], at[8], tap[6], tap[7], tap[8]
            for m in range(size):
                total = w[t0, m] * x[a0, m] + w[t1, m] * x[a1, m] + w[t2, m] * x[a2, m]
                total += w[t3, m] * x[a3, m] + w[t4, m] * x[a4, m] + w[t5, m] * x[a5, m]
                total += w[t6, m] * x[a6, m] + w[t7, m] * x[a7, m] + w[t8, m] * x[a8, m]
                total += plus[m]
                y[o, m] = least if total < least else total
            continue
        for m in range(size):
            y[o, m] = zero
        while k + 3 <= count:
            a0, a1, a2 = at[k], at[k + 1], at[k + 2]
            t0, t1, t2 = tap[k], tap[k + 1], tap[k + 2]
            for m in range(size):
                y[o, m] += w[t0, m] * x[a0, m] + w[t1, m] * x[a1, m] + w[t2, m] * x[a2, m]
            k += 3
        while k < count:
            a0, t0 = at[k], tap[k]
            for m in range(size):
                y[o, m] += w[t0, m] * x[a0, m]
            k += 1
        for m in range(size):
            total = y[o, m] + plus[m]
            y[o, m] = least if total < least else total


@kernel
def add_products(x: Any, d: Any, total: Any, near: Any, first: int, end: int) -> None:
    """Add to total (taps, M) the products of d and what lies under the tap, for some outputs.

    If four outputs see three taps, all of these go at a time: what is read of d, and read and
    written of the sums, is used as often as registers allow. The sums are of the class of x.
    """
    in_long_vectors()
    sums, taps, size = np.zeros(total.shape, x.dtype), len(total), x.shape[1]
    for few in range(first, end, 4):
        stop, t = min(few + 4, end), 0
        while t < taps:
            seen = 0
            for o in range(few, stop):
                for tap in range(t, min(t + 3, taps)):
                    seen += near[o, tap] >= 0
            if seen == 12:
                o1, o2, o3, t1, t2 = few + 1, few + 2, few + 3, t + 1, t + 2
                a0, a1, a2, a3 = near[few, t], near[o1, t], near[o2, t], near[o3, t]
                b0, b1, b2, b3 = near[few, t1], near[o1, t1], near[o2, t1], near[o3, t1]
                c0, c1, c2, c3 = near[few, t2], near[o1, t2], near[o2, t2], near[o3, t2]
                for m in range(size):
                    d0, d1, d2, d3 = d[few, m], d[o1, m], d[o2, m], d[o3, m]
                    sums[t, m] += d0 * x[a0, m] + d1 * x[a1, m] + d2 * x[a2, m] + d3 * x[a3, m]
                    sums[t1, m] += d0 * x[b0, m] + d1 * x[b1, m] + d2 * x[b2, m] + d3 * x[b3, m]
                    sums[t2, m] += d0 * x[c0, m] + d1 * x[c1, m] + d2 * x[c2, m] + d3 * x[c3, m]
                t += 3
                continue
            for o in range(few, stop):
                place = near[o, t]
                if place >= 0:
                    for m in range(size):
                        sums[t, m] += d[o, m] * x[place, m]
            t += 1
        if stop == end or (few - first) % LONG == LONG - 4:
            for t in range(taps):
                for m in range(size):
                    total[t, m] += sums[t, m]
                    sums[t, m] = 0
