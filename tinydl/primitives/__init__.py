"""Every operation with its derivative rules, by axes. Labels are unknown here.

``elementwise`` arithmetic, powers, exponentials, circular functions, choice
``circular``    sec, csc, cot, all inverses, atan2, hypot
``hyperbolic``  sech, csch, coth, all inverses
``logarithm``   logarithms to other bases, mantissa, real roots
``special``     the gamma function and its derivatives, erfc, erfinv
``steps``       rounding, remainders
``activation``  relu, leakyrelu, sigmoid
``gelu``        x Φ(x), with all its derivatives
``reduce``      sums, means, extremes along axes; the adjoint pair sum_to and broadcast
``shape``       reshape, transpose, concatenation, indexing, padding
``sort``        another order along an axis
``product``     the product along an axis
``cumulate``    running sums, products and extremes along an axis
``statistics``  variance, quantiles, mode, norms
``contract``    matrix products
``attend``      dot-product attention
``decompose``   Cholesky, LU, eigenvalues, singular values, the exponential
``linear_algebra``  triangles, inverse, systems of equations, determinant
``convolve``    convolution, with its gradients by the input and by the weights
``surprise``    what crossentropy adds up
``pool``        largest elements and averages under a sliding window
``normalize``   variance, and normalization by given statistics
``dense``       a fully connected layer with batch normalization and gelu
``own_rule``    an operation that brings its rule along
``push``        second derivatives pushed forward: what goes along with a value, and the table
``push_functions``  ``push_linear``  the rules of that table
``bend``        what goes along with a value, through a function of each element
``own_statistics``  normalization by the statistics of the same array
``recur``       recurrent units over a whole sequence
``ctc``         the probability of label sequences, over all alignments
``window``      sizes under a sliding window (no operation of its own)
"""

from tinydl.primitives import (
    activation,
    attend,
    bend,
    circular,
    contract,
    convolve,
    ctc,
    cumulate,
    decompose,
    dense,
    elementwise,
    gelu,
    hyperbolic,
    linear_algebra,
    logarithm,
    normalize,
    own_rule,
    own_statistics,
    pool,
    product,
    push,
    push_functions,
    push_linear,
    recur,
    reduce,
    shape,
    sort,
    special,
    statistics,
    steps,
    surprise,
)

__all__ = ["activation", "attend", "bend", "circular", "contract", "convolve", "ctc",
           "cumulate", "decompose", "dense", "elementwise", "gelu", "hyperbolic",
           "linear_algebra", "logarithm", "normalize", "own_rule", "own_statistics", "pool",
           "product", "push", "push_functions", "push_linear", "recur", "reduce", "shape",
           "sort", "special", "statistics", "steps", "surprise"]  # fmt: skip
