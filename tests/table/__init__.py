"""The table of operations. Most of the suite is generated from it.

A family of operations has a module here with its rows. A new module is imported below and its
ROWS are added to the list.
"""

from . import (
    arrange,
    attention,
    bend,
    circular,
    contract,
    convolve,
    ctc,
    cumulate,
    dense,
    elementwise,
    hyperbolic,
    image,
    linear_algebra,
    logarithm,
    normalize,
    own_rule,
    pool,
    recur,
    reduce,
    shape,
    signal,
    sort,
    special,
    statistics,
    steps,
    surprise,
)
from .row import Row

ROWS: list[Row] = [
    *elementwise.ROWS,
    *reduce.ROWS,
    *cumulate.ROWS,
    *statistics.ROWS,
    *shape.ROWS,
    *sort.ROWS,
    *arrange.ROWS,
    *contract.ROWS,
    *linear_algebra.ROWS,
    *normalize.ROWS,
    *dense.ROWS,
    *convolve.ROWS,
    *pool.ROWS,
    *image.ROWS,
    *recur.ROWS,
    *ctc.ROWS,
    *attention.ROWS,
    *circular.ROWS,
    *hyperbolic.ROWS,
    *logarithm.ROWS,
    *signal.ROWS,
    *special.ROWS,
    *steps.ROWS,
    *surprise.ROWS,
    *own_rule.ROWS,
    *bend.ROWS,
]

__all__ = ["ROWS", "Row"]
