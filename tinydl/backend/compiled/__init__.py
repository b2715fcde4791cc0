"""Whether compiled kernels are to be used: if Numba is there, and an array is large enough.

Who asks for kernels is complete without them. Where ``kernels_for`` gives the module
``numba_kernels``, its loops are called instead. To import Numba takes 0.3 s, to find the first
kernels compiled 0.5 s, and to compile them 1 to 13 s for each family and class of numbers, once on
a machine. Programs that work on small arrays alone pay for none of it.

The choice depends on the size and class of an array, never on what was computed before: the same
call gives the same bits. What fails in Numba (a release for other versions of Python or NumPy, no
folder that it could write to) costs one warning, and NumPy computes everything.

The environment variable TINYDL_NUMBA=0, read when tinydl is imported, turns it off.

``numba_kernels``   all kernels, and their compilation
``numba_options``   how Numba is to compile
``numba_tiles``     products of matrices in registers, put together from instructions

Pieces of the work, and what arrays they suit, beside the kernels that do it:

``windows``         pooling and convolution of each channel by itself; ``numba_windows``
``convolve``        convolution, in tiles; ``numba_convolve``
``single_image``    convolution of one image, in other tiles; ``numba_single_image``
``normalize``       batch normalization of few images, one call each; ``numba_normalize``
``lstm``            all steps of an lstm in one loop; ``numba_lstm``

``numba_gelu`` is called from ``numpy_gelu`` and ``numpy_dense`` themselves, and ``numba_normalize``
also from ``numpy_blocks``.
"""

from __future__ import annotations

import itertools
import os
import threading
import warnings
from typing import Any

import numpy as np

LEAST = 10_000
"""From how many elements on an array goes to the compiled kernels."""

FAMILIES = ("gelu", "normalize", "windows", "tiles", "single image", "lstm")
"""Kernels that are compiled together: who needs one of them soon needs the others."""

_CLASSES = (np.dtype(np.float64), np.dtype(np.float32))
_enabled = os.environ.get("TINYDL_NUMBA", "1") != "0"
_found: dict[Any, Any] = {}
_lock = threading.Lock()


def kernels_for(family: str, size: int, *arrays: Any) -> Any:
    """The compiled kernels, with those of a family for arrays that have so many elements in all.

    None where NumPy computes.
    """
    if size < LEAST or not _enabled:
        return None
    kind = arrays[0].dtype
    for array in arrays:
        if array.dtype != kind:
            return None
    try:
        return _found[family, kind]
    except KeyError:
        return _find(family, kind)


def _find(family: str, kind: Any) -> Any:
    """The kernels for a class, compiled; from now on they are known, or known to be missing."""
    with _lock:
        if (family, kind) not in _found:
            found = _compiled(family, kind) if kind in _CLASSES else None
            _found[family, kind] = found
        return _found[family, kind]


def _compiled(family: str, kind: Any) -> Any:
    try:
        from tinydl.backend.compiled import numba_kernels

        numba_kernels.compile_for(family, kind)
    except Exception as error:  # Numba's own are of many kinds, and NumPy can always compute
        if not (isinstance(error, ModuleNotFoundError) and error.name == "numba"):
            # before the warning, which may be an error
            _found.update(dict.fromkeys(itertools.product(FAMILIES, _CLASSES)))
            reason = str(error).strip().partition("\n")[0]
            warnings.warn(f"tinydl computes without Numba, which is installed but fails here with "
                          f"{type(error).__name__}: {reason}. The environment variable "
                          f"TINYDL_NUMBA=0 turns it off.", UserWarning, stacklevel=2)  # fmt: skip
        return None
    return numba_kernels
