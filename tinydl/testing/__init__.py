"""What tests of differentiable programs need: oracles that contain no differentiation.

``oracle``       derivatives of every order, found without differentiating
``layers``       checkLayer and check_layer: a report, or an error
``subject``      a layer under test
``promises``     what every layer promises
``device_check``  whether a GPU computes what NumPy does; ``gpucheck`` prints it
``device_cases`` ``device_sequences``  the calls by which it is compared
``device_steps`` training steps of the digits network there
``derivatives``  that its derivatives are right, and those that its own backward states
``gradients``    check_gradients: derivatives of any function, beside an oracle's
``gradient_report``  what it found
``operation``    the function with its variables taken out of dicts, tables and networks
``purity``       whether it leaves its inputs alone, and gives the same twice
``compare``      what the engine finds beside what is true, along directions and by entries
``truth``        what is true, by whichever oracle fits
``closeness``    assert_close and tolerance: equal up to rounding
``laws``         what functions, networks and layers keep, as tests for your own
``laws_base`` ``laws_labels`` ``laws_calls`` ``laws_state``  the laws
``plugin``       for pytest: devices, and random numbers that can be replayed
``strategies``   what Hypothesis draws: arrays, layers, networks, programs, losses
``explain`` ``causes`` ``statistics``  why a derivative is wrong
"""

from importlib import import_module
from typing import Any

from tinydl.testing import laws
from tinydl.testing.closeness import assert_close, tolerance
from tinydl.testing.gradient_report import GradientError, GradientIssue, GradientReport
from tinydl.testing.gradients import check_gradients
from tinydl.testing.layers import LayerReport, check_layer, checkLayer
from tinydl.testing.oracle import (
    contour_derivative,
    difference_derivative,
    directional_derivatives,
)

__all__ = [
    "GradientError",
    "GradientIssue",
    "GradientReport",
    "LayerReport",
    "assert_close",
    "checkLayer",
    "check_gradients",
    "check_layer",
    "contour_derivative",
    "difference_derivative",
    "directional_derivatives",
    "laws",
    "tolerance",
]


def __getattr__(name: str) -> Any:
    """The strategies, when they are asked for: they need Hypothesis."""
    if name == "strategies":
        return import_module("tinydl.testing.strategies")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
