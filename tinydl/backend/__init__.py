"""Arrays: which library an array belongs to, and the few functions that differ between libraries.

Everything above this folder is written once for all devices. It asks ``xp(x)`` for the module of
array functions that fits ``x`` and calls the functions that NumPy and CuPy share by name.

``dispatch``        the library of an array
``numpy_backend``   NumPy's functions, and those with a form of their own
``cupy_backend``    the same names for CuPy; imported when a GPU is asked for
``gpu``             whether there is a GPU that works, and what its errors mean
``gpu_versions``    what a GPU computes with, for a report
``threads``         loops whose pieces are shared among threads
``awake``           processors that do not fall asleep between them
``process``         what belongs to the whole process: the threads of BLAS, the allocator
``windows``         where a sliding window meets its input, as pure arithmetic
``numpy_convolve`` ``cupy_convolve``  convolution on either
``numpy_patches`` ``numpy_few_images``  two forms more of it for NumPy
``kernels``         the GPU's kernels that are written by hand, for the ``cupy_`` files
``numpy_elementwise`` ``cupy_elementwise``  functions number by number, on either
``numpy_gelu``      the normal distribution and gelu
``numpy_normalize`` ``cupy_normalize``  batch normalization on either
``numpy_blocks``    its passes over blocks that fit into the cache
``compiled``        what is compiled by Numba, where it is there
``memory``          large arrays, at the beginning of a line of the cache
``numpy_reduce``    sums and means along axes
``numpy_softmax`` ``cupy_softmax``  softmax and the logarithm of a sum of exponentials
``numpy_groups``    convolution in groups of channels
``numpy_matmul``    products of matrices, in threads
``numpy_scatter`` ``cupy_scatter``  sums of what goes to the same place
``numpy_attend`` ``cupy_attend``  dot-product attention on either
``numpy_layernorm`` ``cupy_layernorm``  normalization by own statistics on either
``numpy_bend`` ``cupy_bend``  streams of derivatives through a function on either
``numpy_linalg`` ``cupy_linalg``  inverses and decompositions of matrices on either
``pool``            pooling on both
``recur``           what recurrent units share, on both: ``lstm``, ``gru``; ``cupy_recur``
``numpy_solvers`` ``cupy_solvers``  the steps of solvers on either
``ctc``             the sum over all alignments of label sequences on both
``random``          the one generator of random numbers
``tape`` ``traced`` what is asked of the library while a function runs
``replay``          the same asked again, as a program
"""

from __future__ import annotations

from typing import Any

from tinydl.backend import numpy_backend
from tinydl.backend.dispatch import is_array, is_gpu_in_use, is_on_gpu, join, on_device_of, xp
from tinydl.backend.gpu import computing, observed

__all__ = ["computing", "host", "is_array", "is_gpu_in_use", "is_on_gpu", "observed",
           "on_device_of", "xp"]  # fmt: skip

host: Any = join(numpy_backend)
"""The module of array functions in the computer's own memory."""
