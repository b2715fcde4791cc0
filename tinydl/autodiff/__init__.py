"""Reverse-mode differentiation of plain arrays, to any order. No labels, no layers.

``record``    what is remembered of a computation: recorded values and the nodes behind them
``primitive`` an operation together with its derivative rules
``gradient``  the walk back through the record
"""

from tinydl.autodiff.gradient import gradient, pull_back
from tinydl.autodiff.primitive import Primitive
from tinydl.autodiff.record import PRIMITIVES, Node, Record, Recorded, is_recorded, plain

__all__ = ["PRIMITIVES", "Node", "Primitive", "Record", "Recorded", "gradient", "is_recorded",
           "plain", "pull_back"]  # fmt: skip
