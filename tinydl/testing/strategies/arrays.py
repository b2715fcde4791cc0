"""Labelled arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinydl.functions.convert import logical, single
from tinydl.labels import dlarray
from tinydl.testing.strategies import values
from tinydl.testing.strategies.engine import st
from tinydl.testing.strategies.formats import formats, sizes_of

BOUNDS = {"any": (-2.0, 2.0), "positive": (0.25, 2.0), "apart": (-2.0, 2.0)}
ALONG_CHANNELS = {"probabilities": values.shares, "one-hot": values.one_hot}
DOMAINS = (*BOUNDS, *ALONG_CHANNELS)
CLASSES = ("double", "single", "logical")


def dlarrays(
    format: str | st.SearchStrategy[str] | None = None,
    *,
    sizes: Sequence[int] | st.SearchStrategy[Sequence[int]] | None = None,
    dtype: str = "double",
    domain: str = "any",
    bounds: tuple[float, float] | None = None,
) -> st.SearchStrategy[dlarray]:
    """Labelled arrays, shown as the code that makes them.

    format  a format such as "CB", a strategy of formats, or None for any of one to four labels;
            "" with sizes= gives arrays without labels
    sizes   the sizes of the dimensions in the order of the labels (sorted, SCBTU), or a strategy
            of them; 1 to 3 each by default
    dtype   the class: "double", "single" or "logical"
    domain  "any"            numbers between the bounds, −2 and 2 by default
            "positive"       numbers between ¼ and 2 by default
            "apart"          no two are equal or nearly so, and none is a whole number: away from
                             the ties of max and sort, and from the kinks of abs, relu or huber
            "probabilities"  positive, of sum 1 along the dimension C
            "one-hot"        one 1 along the dimension C, else 0
    bounds  the least and the largest number, for the first three domains

    Numbers come from a seed; those of simple examples are multiples of ¼ where the domain allows.

    Raises ValueError for a domain or class that does not exist, bounds that are not in order or do
    not belong to the domain, and a format that has no C where the domain needs it.

    Example:
        >>> from hypothesis import given
        >>> from tinydl import exp, log
        >>> @given(dlarrays("SCB", domain="positive"))
        ... def test_exp_undoes_log(X):
        ...     assert abs(float((exp(log(X)) - X)[0, 0, 0])) < 1e-12
        >>> test_exp_undoes_log()
    """
    if domain not in DOMAINS or dtype not in CLASSES:
        raise ValueError(f"dlarrays: domain is one of {', '.join(DOMAINS)}, and dtype of "
                         f"{', '.join(CLASSES)}, not {domain!r} and {dtype!r}")  # fmt: skip
    if bounds is not None and (domain in ALONG_CHANNELS or not bounds[0] < bounds[1]):
        raise ValueError(
            f"dlarrays: bounds={bounds!r} for the domain {domain!r}; they are a smaller and a "
            "larger number, for numbers that need not sum up to 1"
        )
    needs = "C" if domain in ALONG_CHANNELS else ""
    if isinstance(format, str) and needs not in format:
        raise ValueError(f"dlarrays: the domain {domain!r} needs the dimension C, and format is "
                         f"{format!r}")  # fmt: skip
    return _dlarrays(format, sizes, dtype, domain, bounds or BOUNDS.get(domain, (0.0, 1.0)))


@st.composite
def _dlarrays(
    draw: st.DrawFn,
    format: Any,
    sizes: Any,
    dtype: str,
    domain: str,
    bounds: tuple[float, float],
) -> dlarray:
    needs = "C" if domain in ALONG_CHANNELS else ""
    if not isinstance(format, str):
        format = draw(formats(1, needs=needs) if format is None else format)
    if sizes is None:
        sizes = sizes_of(format)
    shape = draw(sizes) if isinstance(sizes, st.SearchStrategy) else tuple(sizes)
    numbers = numbers_in(draw, domain, format, shape, bounds)
    if dtype == "logical":
        numbers = numbers > np.mean(bounds)
    X = dlarray(numbers, format) if format else dlarray(numbers)
    return {"double": dlarray, "single": single, "logical": logical}[dtype](X)


def numbers_in(
    draw: st.DrawFn, domain: str, format: str, shape: Sequence[int], bounds: tuple[float, float]
) -> np.ndarray:
    """Numbers of a domain of dlarrays."""
    if domain in ALONG_CHANNELS:
        return ALONG_CHANNELS[domain](draw, shape, format.index("C"))
    return (values.apart if domain == "apart" else values.evenly)(draw, shape, *bounds)
