"""Every operation with its derivative rules, by axes. Labels are unknown here.

``elementwise`` arithmetic, powers, exponentials, activations, comparison
``reduce``      sums, means, extremes along axes; the adjoint pair sum_to and broadcast
``shape``       reshape, transpose, concatenation, indexing, padding
``contract``    matrix products
``convolve``    convolution, with its gradients by the input and by the weights
``pool``        largest elements and averages under a sliding window
``window``      sizes under a sliding window (no operation of its own)
"""

from tinydl.primitives import contract, convolve, elementwise, pool, reduce, shape

__all__ = ["contract", "convolve", "elementwise", "pool", "reduce", "shape"]
