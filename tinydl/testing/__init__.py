"""What tests of differentiable programs need: oracles that contain no differentiation.

``oracle``       derivatives of every order, found without differentiating
``layers``       checkLayer and check_layer: a report, or an error
``subject``      a layer under test
``promises``     what every layer promises
``device_check``  whether a GPU computes what NumPy does; ``gpucheck`` prints it
``device_cases`` ``device_sequences``  the calls by which it is compared
``device_steps`` training steps of the digits network there
``derivatives``  that its derivatives are right, and those that its own backward states
"""

from tinydl.testing.layers import LayerReport, check_layer, checkLayer
from tinydl.testing.oracle import (
    contour_derivative,
    difference_derivative,
    directional_derivatives,
)

__all__ = [
    "LayerReport",
    "checkLayer",
    "check_layer",
    "contour_derivative",
    "difference_derivative",
    "directional_derivatives",
]
