"""The options of each layer of the catalogue, drawn so that the layer fits what enters it.

``catalogue``  where all entries are
One family each: ``activations`` ``dense`` ``normalizations`` ``windows`` ``images`` ``sequences``
``inputs`` ``several``, which have more than one input
"""

from tinydl.testing.strategies.options import (
    activations,
    dense,
    images,
    inputs,
    normalizations,
    sequences,
    several,
    windows,
)
from tinydl.testing.strategies.options.catalogue import ENTRIES, Entry, chosen

__all__ = [
    "ENTRIES",
    "Entry",
    "activations",
    "chosen",
    "dense",
    "images",
    "inputs",
    "normalizations",
    "sequences",
    "several",
    "windows",
]
