"""Tiles of matrix products that stay in registers, for Numba.

A processor multiplies and adds vectors of 4 to 16 numbers twice in a cycle, if they are there, but
loads only two of them. So a small tile of a product, some rows by some vectors, is added up from
the first term to the last in registers, where each vector that is loaded meets several others.
Loops in Python cannot say that, since there an array of sums lies in memory. Here instructions are
put together one by one, with about as many sums as the processor has registers.

All arrays are matrices in C order, with the images along their rows.

* ``write_tile``: y[k, b] = Σⱼ w[j, k] · x[j, b], plus a bias, and no less than a least value. A
  vector of x meets a weight of each row of the tile.
* ``add_tile``: Σ_b x[c, b] · d[k, b], with a sum for each lane of a vector. A vector of each row
  of x meets one of each row of d.

Which rows of x belong to which ones of w, or of d, is told by a table.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array


def _vector_unit() -> tuple[int, bool]:
    """How many bytes a vector has, and whether there are 32 registers for vectors, or else 16."""
    has = llvmlite.binding.get_host_cpu_features()
    if has.get("avx512f"):
        return 64, True
    return (32 if has.get("avx") else 16), bool(has.get("neon"))


BYTES, MANY = _vector_unit()
VECTORS = (BYTES, BYTES // 2) if BYTES > 16 else (BYTES,)
"""How many bytes a vector may have: the short ones are for few images."""

HEIGHTS = (10, 8, 5, 4) if MANY else (5, 4)  # how many rows of y a tile may have
WIDTHS = (2, 1)  # how many vectors in each of these rows
SIDES = (5, 4) if MANY else (3, 2)  # how many rows of x, and of d, ``add_tile`` may take

TOGETHER = ("contract",)  # a product and the sum after it, which are rounded once


@intrinsic
def write_tile(
    typing: Any, height: Any, width: Any, lanes: Any, x: Any, w: Any, plus: Any, least: Any, y: Any,
    row: Any, k: Any, b: Any, runs: Any, count: Any,
) -> Any:  # fmt: skip
    """Write a tile of height rows and width vectors of y, from a row and image b on.

    Its rows are those of the filters from k on: these are columns of w, and elements of plus. Each
    of count runs is a row of x, a row of w, how many rows of both are met from there on, and how
    many columns of w lie before those of the filters.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        code = _Code(context, builder, x.dtype)
        x_, w_, plus_, y_, runs_ = [code.array(signature, args, i) for i in (3, 4, 5, 7, 11)]
        least_, row_, k_, b_, count_ = [args[i] for i in (6, 8, 9, 10, 12)]

        def tile(height: int, width: int) -> None:
            sums = code.sums(height, width)
            for total in itertools.chain(*sums):
                builder.store(code.everywhere(code.of_number(0)), total)
            with code.loop(count_) as i:
                of_x, of_w, terms, skip = [code.number(runs_, i, code.index(n)) for n in range(4)]
                column = builder.add(k_, skip)
                with code.loop(terms) as j:
                    at_x, at_w = builder.add(of_x, j), builder.add(of_w, j)
                    images = [code.vector(x_, at_x, b_, plus=v) for v in range(width)]
                    for f, line in enumerate(sums):
                        weight = code.everywhere(code.number(w_, at_w, column, plus=f))
                        for total, image in zip(line, images, strict=True):
                            code.add_product(total, weight, image)
            for f, line in enumerate(sums):
                bias = code.everywhere(code.number(plus_, k_, plus=f))
                for v, total in enumerate(line):
                    value = code.at_least(least_, builder.fadd(builder.load(total), bias))
                    code.put(value, y_, builder.add(row_, code.index(f)), b_, plus=v)

        code.choose(tile, args, HEIGHTS, WIDTHS, VECTORS)
        return context.get_dummy_value()

    return types.void(height, width, lanes, x, w, plus, least, y, row, k, b, runs, count), generate


@intrinsic
def add_tile(
    typing: Any, height: Any, width: Any, lanes: Any, x: Any, d: Any, c: Any, k: Any, vectors: Any,
    pairs: Any, count: Any, sums: Any, at: Any,
) -> Any:  # fmt: skip
    """Add to a row of sums the products of height rows of x and width rows of d, each by each.

    They are the rows c and k after those named by each of count pairs, and the ones that follow.
    There is a sum for each lane of a vector. So many vectors of each row take part.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        code = _Code(context, builder, x.dtype)
        x_, d_, pairs_, sums_ = [code.array(signature, args, i) for i in (3, 4, 8, 10)]
        c_, k_, vectors_, count_, at_ = [args[i] for i in (5, 6, 7, 9, 11)]

        def tile(height: int, width: int) -> None:
            first, sums = code.index(0), list(itertools.chain(*code.sums(height, width)))
            for n, total in enumerate(sums):
                builder.store(code.vector(sums_, at_, first, plus=n), total)
            with code.loop(count_) as i:
                of_x, of_d = [code.number(pairs_, i, code.index(n)) for n in range(2)]
                of_x, of_d = builder.add(of_x, c_), builder.add(of_d, k_)
                with code.loop(vectors_) as v:
                    along = builder.mul(v, code.index(code.lanes))
                    rows = [builder.add(of_x, code.index(r)) for r in range(height)]
                    images = [code.vector(x_, row, along) for row in rows]
                    for r in range(width):
                        slope = code.vector(d_, builder.add(of_d, code.index(r)), along)
                        for n, image in enumerate(images):
                            code.add_product(sums[n * width + r], image, slope)
            for n, total in enumerate(sums):
                code.put(builder.load(total), sums_, at_, first, plus=n)

        code.choose(tile, args, SIDES, SIDES, (BYTES,))
        return context.get_dummy_value()

    return types.void(height, width, lanes, x, d, c, k, vectors, pairs, count, sums, at), generate


class _Code:
    """Instructions for arrays of a class of numbers, and for vectors of these."""

    def __init__(self, context: Any, builder: Any, number: Any) -> None:
        self.context, self.builder = context, builder
        self.of_number, self.itemsize = context.get_value_type(number), number.bitwidth // 8
        self.use_lanes(1)

    def use_lanes(self, lanes: int) -> None:
        """Let vectors have so many numbers from now on."""
        self.lanes, self.kind = lanes, ir.VectorType(self.of_number, lanes)

    def index(self, n: int) -> Any:
        return self.context.get_constant(types.intp, n)

    # ---- arrays: a matrix takes a row and a column, others take one index -----------------------

    def array(self, signature: Any, args: Any, i: int) -> Any:
        return make_array(signature.args[i])(self.context, self.builder, args[i])

    def _address(self, array: Any, where: tuple[Any, ...], plus: int) -> Any:
        build, at = self.builder, where[0]
        if len(where) == 2:
            columns = build.extract_value(array.shape, 1)
            at = build.add(build.mul(at, columns), where[1])
        return build.gep(array.data, [build.add(at, self.index(plus))])

    def number(self, array: Any, *where: Any, plus: int = 0) -> Any:
        """An element; plus is how many elements it lies beyond."""
        return self.builder.load(self._address(array, where, plus))

    def _vector_address(self, array: Any, where: tuple[Any, ...], plus: int) -> Any:
        address = self._address(array, where, plus * self.lanes)
        return self.builder.bitcast(address, self.kind.as_pointer())

    def vector(self, array: Any, *where: Any, plus: int = 0) -> Any:
        """The vector that begins at an element, or a few vectors beyond."""
        return self.builder.load(self._vector_address(array, where, plus), align=1)

    def put(self, vector: Any, array: Any, *where: Any, plus: int = 0) -> None:
        self.builder.store(vector, self._vector_address(array, where, plus), align=1)

    # ---- vectors --------------------------------------------------------------------------------

    def everywhere(self, number: Any) -> Any:
        """The vector that has a number in all its lanes."""
        nothing, first = ir.Constant(self.kind, ir.Undefined), ir.IntType(32)
        alone = self.builder.insert_element(nothing, number, first(0))
        lanes = ir.VectorType(first, self.lanes)([0] * self.lanes)
        return self.builder.shuffle_vector(alone, nothing, lanes)

    def sums(self, height: int, width: int) -> list[list[Any]]:
        """Variables for vectors, which the compiler keeps in registers."""
        new = lambda: cgutils.alloca_once(self.builder, self.kind)
        return [[new() for _ in range(width)] for _ in range(height)]

    def add_product(self, total: Any, a: Any, b: Any) -> None:
        """total += a · b"""
        build = self.builder
        product = build.fmul(a, b, flags=TOGETHER)
        build.store(build.fadd(build.load(total), product, flags=TOGETHER), total)

    def at_least(self, least: Any, vector: Any) -> Any:
        """The larger of a number and those of a vector; NaN stays."""
        least = self.everywhere(least)
        return self.builder.select(self.builder.fcmp_ordered("<", vector, least), least, vector)

    # ---- what is done when ----------------------------------------------------------------------

    @contextmanager
    def loop(self, count: Any) -> Iterator[Any]:
        with cgutils.for_range(self.builder, count, intp=count.type) as loop:
            yield loop.index

    def choose(self, tile: Callable[[int, int], None], args: Any, *forms: tuple[int, ...]) -> None:
        """The instructions for tiles of every height, width and size of vectors in bytes.

        The first three arguments choose among them: a height, a width, and how many lanes.
        """
        build = self.builder
        for height, width, size in itertools.product(*forms):
            self.use_lanes(size // self.itemsize)
            form = zip(args, (height, width, self.lanes), strict=False)
            fits = [build.icmp_signed("==", is_, is_.type(n)) for is_, n in form]
            with build.if_then(functools.reduce(build.and_, fits)):
                tile(height, width)
