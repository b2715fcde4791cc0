"""The algebra of formats.

A format has one letter for each dimension: S spatial, C channel, B batch (observations), T time,
U unspecified. S and U may repeat. The letters of an array always stand in this order, so a format
is a sorted string, and the empty one means an array without labels. Nothing here sees an array.
"""

from __future__ import annotations

import functools

LABELS = "SCBTU"
REPEATABLE = "SU"
MEANING = "S spatial, C channel, B batch, T time, U unspecified"


def check(fmt: object, argument: str = "format") -> str:
    """The format in upper case, if it is one.

    Example:
        >>> check("sscb")
        'SSCB'
    """
    if not isinstance(fmt, str):
        raise TypeError(f"{argument} must be a string such as 'SSCB', not {type(fmt).__name__}")
    return _checked(fmt, argument)


@functools.lru_cache(maxsize=2048)
def _checked(fmt: str, argument: str) -> str:
    letters = fmt.upper()
    for letter in letters:
        if letter not in LABELS:
            raise ValueError(
                f"{argument} {fmt!r}: {letter!r} is no label; the labels are {MEANING}"
            )
        if letter not in REPEATABLE and letters.count(letter) > 1:
            raise ValueError(f"{argument} {fmt!r}: the label {letter} may stand once, only S and U "
                             "may repeat")  # fmt: skip
    return letters


def sorting(fmt: str) -> tuple[int, ...]:
    """The permutation that brings the letters into the order SCBTU, stable among equal ones.

    Example:
        >>> sorting("TS")
        (1, 0)
    """
    return tuple(sorted(range(len(fmt)), key=lambda i: LABELS.index(fmt[i])))


def permute(fmt: str, order: tuple[int, ...]) -> str:
    """The letters in another order."""
    return "".join([fmt[i] for i in order])


def join(a: str, b: str) -> str:
    """The smallest format that holds both: the common format of two operands.

    It is commutative, associative and idempotent.

    Example:
        >>> join("CB", "SSC")
        'SSCB'
    """
    return "".join([letter * max(a.count(letter), b.count(letter)) for letter in LABELS])


@functools.lru_cache(maxsize=2048)
def places(fmt: str, into: str) -> tuple[int | None, ...]:
    """For each dimension of a larger format, which dimension of fmt it is; None where it is new.

    S or U that are missing come at the end of the block of that letter.

    Example:
        >>> places("CB", "SSCB")
        (None, None, 0, 1)
        >>> places("SCB", "SSCB")
        (0, None, 1, 2)
    """
    found: list[int | None] = []
    for letter in LABELS:
        start, have, want = fmt.find(letter), fmt.count(letter), into.count(letter)
        found += [start + i for i in range(have)]
        found += [None] * (want - have)
    return tuple(found)


def find(fmt: str, labels: str) -> tuple[int, ...]:
    """The dimensions that carry any of the labels.

    Example:
        >>> find("SSCB", "SB")
        (0, 1, 3)
    """
    return tuple([i for i, letter in enumerate(fmt) if letter in labels])


def without(fmt: str, dimensions: tuple[int, ...]) -> str:
    """The format after some dimensions have been taken away."""
    return "".join([letter for i, letter in enumerate(fmt) if i not in dimensions])


def describe(fmt: str, shape: tuple[int, ...]) -> str:
    """Sizes with their labels, as MATLAB prints them.

    Example:
        >>> describe("CB", (4, 7)), describe("", (3, 2)), describe("C", (4,)), describe("", ())
        ('4(C) × 7(B)', '3×2', '4(C) × 1(U)', '1×1')
    """
    if not fmt:
        return "×".join(map(str, shape)) if shape else "1×1"
    if len(fmt) == 1:  # MATLAB's arrays have two dimensions at least
        fmt, shape = fmt + "U", (*shape, 1)
    return " × ".join([f"{n}({letter})" for n, letter in zip(shape, fmt, strict=True)])
