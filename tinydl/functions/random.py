"""Random numbers with MATLAB's names.

rand, randi and randperm give the numbers of MATLAB's default stream; randn does not, because
MATLAB draws normal numbers by another method.
"""

from __future__ import annotations

from typing import Any

from tinydl.backend.random import generator
from tinydl.functions.create import placed, shape_and_class
from tinydl.labels.classes import DTYPE

_WORDS = 624  # of which the state of a Mersenne twister is made


def rng(seed: int | str | dict[str, Any] | None = None) -> dict[str, Any]:
    """Start the random numbers anew, and give the position they were at before.

    The seed is a whole number from 0 to 2³² − 1; "default" is 0, which is also what a fresh
    import starts with. A position that rng gave brings the stream back there; without an argument
    nothing changes.

    Example:
        >>> from tinydl import rand, rng
        >>> before = rng("default")
        >>> rand(1, 2).round(4)
        array([[0.8147, 0.9058]])
        >>> _ = rng(before)
    """
    before = generator.getstate()
    if isinstance(seed, dict):
        generator.setstate(_position(seed))
    elif seed is not None:
        number: Any = 0 if seed == "default" else seed
        if isinstance(number, bool) or not hasattr(number, "__index__") or not 0 <= number < 2**32:
            raise ValueError(
                f'rng: the seed is a whole number from 0 to 2³² − 1, or "default", not {seed!r}'
            )
        generator.seed(int(number))
    return before


def _position(state: dict[str, Any]) -> dict[str, Any]:
    """A position that rng gave. Any other could make the generator read beyond its memory."""
    inner = state.get("state")
    words: dict[Any, Any] = inner if isinstance(inner, dict) else {}
    key, place, has_normal = words.get("key"), words.get("pos"), state.get("has_gauss")
    is_position = (
        state.get("bit_generator") == "MT19937"
        and getattr(key, "shape", None) == (_WORDS,)
        and str(getattr(key, "dtype", "")) == "uint32"
        and isinstance(place, int)
        and 0 <= place <= _WORDS
        and isinstance(has_normal, int)
        and 0 <= has_normal <= 1
        and isinstance(state.get("gauss"), float)
    )
    if not is_position:
        raise ValueError("rng: this dict is no position of the random numbers; give one that rng() "
                         "gave, or a seed")  # fmt: skip
    return state


def rand(*sizes: Any, like: Any = None) -> Any:
    """Random numbers between 0 and 1. Sizes, class and like= as in zeros.

    Example:
        >>> from tinydl import rand, rng, size
        >>> size(rand(3, 4))
        (3, 4)
    """
    shape, dtype = shape_and_class(sizes, "rand")
    return _numbers(generator.uniform(shape), dtype, like, "rand")


def randn(*sizes: Any, like: Any = None) -> Any:
    """Random numbers of mean 0 and variance 1. They are not those of MATLAB's randn.

    Example:
        >>> from tinydl import randn, size
        >>> size(randn(3))
        (3, 3)
    """
    shape, dtype = shape_and_class(sizes, "randn")
    return _numbers(generator.normal(shape), dtype, like, "randn")


def randi(limits: Any, *sizes: Any, like: Any = None) -> Any:
    """Random whole numbers from 1 to limits, or between both of two limits, as doubles.

    randi(10, 2, 3) is 2×3; without sizes it is one number.

    Example:
        >>> from tinydl import randi, rng
        >>> before = rng(0)
        >>> randi(10, 1, 3)
        array([[ 9., 10.,  2.]])
        >>> _ = rng(before)
    """
    low, high = (1, limits) if not hasattr(limits, "__len__") else limits
    if low > high or int(low) != low or int(high) != high:
        raise ValueError(f"randi: {limits!r} is no range of whole numbers")
    shape, dtype = shape_and_class(sizes or (1, 1), "randi")
    made = _numbers(generator.integers(int(low), int(high), shape), dtype, like, "randi")
    return made if sizes or like is not None else float(made[0, 0])


def randperm(n: int, k: int | None = None) -> Any:
    """The positions 0 … n − 1 in random order, or the first k of them: an index for n things.

    They are MATLAB's, less 1.

    Example:
        >>> from tinydl import randperm, rng
        >>> before = rng(0)
        >>> randperm(6)
        array([5, 2, 4, 0, 1, 3])
        >>> _ = rng(before)
    """
    count = n if k is None else k
    if n < 0 or not 0 <= count <= n:
        raise ValueError(f"randperm: {count} of {n} positions")
    return generator.permutation(int(n))[: int(count)]


def _numbers(array: Any, dtype: Any, like: Any, caller: str) -> Any:
    made = placed(array, dtype, like, caller)
    if made.dtype == DTYPE["logical"]:
        raise ValueError(f"{caller}: truth values are no random numbers; name the class single or "
                         f"double, or compare: {caller}(…) > 0.5")  # fmt: skip
    return made
