"""What tests of differentiable programs need: oracles that contain no differentiation."""

from tinydl.testing.oracle import (
    contour_derivative,
    difference_derivative,
    directional_derivatives,
)

__all__ = ["contour_derivative", "difference_derivative", "directional_derivatives"]
