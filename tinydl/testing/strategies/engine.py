"""Hypothesis itself: the only file here that imports it, and says how to get it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinydl.backend.random import generator
from tinydl.labels import dlarray
from tinydl.layers.layer import Layer
from tinydl.layers.layout import networkDataLayout
from tinydl.testing.strategies.code import print_lines


def _imported() -> Any:
    try:
        from hypothesis import strategies
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "tinydl.testing.strategies draws with Hypothesis, which is not installed; the extra "
            "test brings it: pip install 'tinydl[test]'",
            name="hypothesis",
        ) from error
    return strategies


if TYPE_CHECKING:
    from hypothesis import strategies as st
else:
    st = _imported()


def connect() -> None:
    """Let Hypothesis seed and restore tinydl's random numbers, and show what is drawn as code."""
    from hypothesis import register_random
    from hypothesis.vendor.pretty import for_type_by_name

    register_random(generator)
    show = lambda value, printer, cycle: print_lines(value, printer)
    for kind in (dlarray, Layer, networkDataLayout):
        for_type_by_name(kind.__module__, kind.__qualname__, show)
