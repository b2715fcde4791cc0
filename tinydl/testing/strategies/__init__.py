"""Hypothesis strategies: formats, labelled arrays, layers, networks, programs and losses.

They need Hypothesis, which the extra ``test`` installs. What they draw is shown as code: a
falsifying example can be copied out of the report into a test, behind ``from tinydl import *`` and
``from tinydl.testing.strategies import *``. Small integers and quarters are tried first, so
examples shrink to short ones. While Hypothesis runs a test, tinydl's random numbers begin at the
same place in each example, and afterwards they continue as if there had been none.

``formats``   formats, sizes for a format, permutations that keep a format
``arrays``    dlarrays, in bounds and domains
``pairs``     two dlarrays that expand to each other
``layers``    a layer with options, and inputs for it
``options``   the options of each layer of the catalogue
``networks``  ``network``  layers that fit together, with branches, and inputs for them
``programs``  compositions of differentiable functions, with gradients in the middle
``losses``    a loss with predictions, targets and options
``code``      the code that makes a value
``values``    where all numbers come from
``engine``    Hypothesis
"""

from tinydl.testing.strategies.arrays import dlarrays
from tinydl.testing.strategies.code import Case, code
from tinydl.testing.strategies.engine import connect
from tinydl.testing.strategies.formats import formats, orders_of, sizes_of
from tinydl.testing.strategies.layers import LayerCase, layers
from tinydl.testing.strategies.losses import LossCase, losses
from tinydl.testing.strategies.network import Network
from tinydl.testing.strategies.networks import networks
from tinydl.testing.strategies.pairs import expanding_pairs
from tinydl.testing.strategies.programs import Program, programs

connect()

__all__ = [
    "Case",
    "LayerCase",
    "LossCase",
    "Network",
    "Program",
    "code",
    "dlarrays",
    "expanding_pairs",
    "formats",
    "layers",
    "losses",
    "networks",
    "orders_of",
    "programs",
    "sizes_of",
]
