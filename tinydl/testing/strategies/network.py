"""A network as a value: its layers, how they are connected, and its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinydl.backend.random import generator
from tinydl.functions.convert import double, single
from tinydl.labels import dlarray
from tinydl.layers.layer import Layer
from tinydl.network.call import initialize
from tinydl.network.edit import addLayers, connectLayers
from tinydl.network.net import dlnetwork
from tinydl.network.update import dlupdate
from tinydl.testing.strategies.code import Case

MOVED = 0.5
"""By how much a parameter moves from its first value at most: none stays 0 or 1."""


@dataclass(frozen=True, eq=False, repr=False)
class Network(Case):
    """Layers that fit together, and what enters them.

    layers       the layers, one after the other unless there are connections
    inputs       an array for each input of the network
    connections  pairs of what is connected to what, as connectLayers takes them
    seed         of the first values of the parameters
    """

    layers: Sequence[Layer]
    inputs: Sequence[dlarray]
    connections: Sequence[tuple[str, str]] = ()
    seed: int = 0

    @property
    def net(self) -> dlnetwork:
        """The network, made anew. Learnables have random values around those of their
        initializers, and all parameters are in the class of the first input. tinydl's random
        numbers continue as if none had been drawn."""
        before = generator.getstate()
        generator.seed(self.seed)
        try:
            net = self._connected()
            move = lambda w: w + MOVED * (2.0 * generator.uniform(w.shape) - 1.0)
            convert = single if self.inputs[0].dtype == np.float32 else double
            net = dlupdate(lambda w: convert(move(double(w))), net)
            net.State = dlupdate(convert, net.State)
            return net
        finally:
            generator.setstate(before)

    def _connected(self) -> dlnetwork:
        if not self.connections:
            has_sizes = self.layers[0].is_input
            return dlnetwork(list(self.layers), *(() if has_sizes else self.inputs))
        net = dlnetwork()
        for layer in self.layers:
            net = addLayers(net, layer)
        for source, destination in self.connections:
            net = connectLayers(net, source, destination)
        return initialize(net)
