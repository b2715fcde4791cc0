"""The table of operations. Most of the suite is generated from it.

A family of operations has a module here with its rows. A new module is imported below and its
ROWS are added to the list.
"""

from . import contract, convolve, elementwise, normalize, pool, reduce, shape
from .row import Row

ROWS: list[Row] = [
    *elementwise.ROWS,
    *reduce.ROWS,
    *shape.ROWS,
    *contract.ROWS,
    *normalize.ROWS,
    *convolve.ROWS,
    *pool.ROWS,
]

__all__ = ["ROWS", "Row"]
