"""What tests of differentiable programs need: oracles that contain no differentiation.

``oracle``  derivatives of every order, found without differentiating
``layers``  check_layer: what every layer promises
"""

from tinydl.testing.layers import check_layer
from tinydl.testing.oracle import (
    contour_derivative,
    difference_derivative,
    directional_derivatives,
)

__all__ = [
    "check_layer",
    "contour_derivative",
    "difference_derivative",
    "directional_derivatives",
]
