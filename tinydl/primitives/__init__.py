"""Every operation with its derivative rules, by axes. Labels are unknown here.

``elementwise`` arithmetic, powers, exponentials, circular functions, choice
``activation``  relu, leakyrelu, sigmoid
``gelu``        x Φ(x), with all its derivatives
``reduce``      sums, means, extremes along axes; the adjoint pair sum_to and broadcast
``shape``       reshape, transpose, concatenation, indexing, padding
``product``     the product along an axis
``contract``    matrix products
``convolve``    convolution, with its gradients by the input and by the weights
``pool``        largest elements and averages under a sliding window
``normalize``   variance, and normalization by given statistics
``window``      sizes under a sliding window (no operation of its own)
"""

from tinydl.primitives import (
    activation,
    contract,
    convolve,
    elementwise,
    gelu,
    normalize,
    pool,
    product,
    reduce,
    shape,
)

__all__ = ["activation", "contract", "convolve", "elementwise", "gelu", "normalize", "pool",
           "product", "reduce", "shape"]  # fmt: skip
