"""A layer of the catalogue with options, and inputs that fit it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tinydl.functions.convert import single
from tinydl.labels import dlarray
from tinydl.layers.layer import Layer
from tinydl.network.net import dlnetwork
from tinydl.testing.strategies.arrays import dlarrays
from tinydl.testing.strategies.code import Case
from tinydl.testing.strategies.engine import st
from tinydl.testing.strategies.formats import layouts_of
from tinydl.testing.strategies.network import Network
from tinydl.testing.strategies.options import Entry, chosen
from tinydl.testing.strategies.values import SEEDS

FORMATS = ("CB", "SSCB", "CBT", "SCB", "SSSCB", "SCBT", "SSCBT", "CT", "C")


@dataclass(frozen=True, eq=False, repr=False)
class LayerCase(Case):
    """A layer and what enters it.

    layer   the layer, of no network yet
    inputs  an array for each of its inputs
    seed    of the first values of its parameters
    """

    layer: Layer
    inputs: Sequence[dlarray]
    seed: int = 0

    @property
    def net(self) -> dlnetwork:
        """A network of the layer alone, whose parameters are in the class of the inputs."""
        return Network([self.layer], self.inputs, seed=self.seed).net


def layers(
    only: Collection[str] | None = None, *, dtype: str = "double"
) -> st.SearchStrategy[LayerCase]:
    """Layers with options and inputs, each a LayerCase with ``layer``, ``inputs`` and ``net``.

    Options are drawn so that they are legal: windows that are not larger than what they slide
    over, groups that divide the channels. Inputs have all formats that the layer takes, of the
    class dtype, "double" or "single", and are away from 0 and from each other.

    only: the names of the constructors to choose from; all of the catalogue unless given.

    Example:
        >>> from hypothesis import given
        >>> from tinydl import predict
        >>> @given(layers(["lstmLayer", "gruLayer"]))
        ... def test(case):
        ...     Y = predict(case.net, *case.inputs)
        ...     assert Y.shape[0] == case.layer.NumHiddenUnits
        >>> test()
    """
    return _layers(chosen(only), dtype)


@st.composite
def _layers(draw: st.DrawFn, entries: dict[str, Entry], dtype: str) -> LayerCase:
    name = draw(st.sampled_from(list(entries)))
    entry = entries[name]
    fmt = draw(st.sampled_from([fmt for fmt in FORMATS if entry.takes(fmt)]))
    layout = draw(layouts_of(fmt, entry.least))
    layer = entry.layer(draw, name, layout)
    if entry.inputs is None:
        inputs = [draw(dlarrays(layout.Format, sizes=layout.Size, domain="apart"))]  # type: ignore[arg-type]
    else:
        inputs = entry.inputs(draw, layout, layer)
    if dtype == "single":
        inputs = [single(X) for X in inputs]
    return LayerCase(layer, inputs, draw(SEEDS))
