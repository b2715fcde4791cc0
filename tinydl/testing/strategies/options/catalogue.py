"""The catalogue: for each layer which formats it takes, and options that are legal for them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from tinydl.labels import dlarray
from tinydl.layers.layer import LAYERS, Layer
from tinydl.layers.layout import networkDataLayout
from tinydl.testing.strategies.engine import st
from tinydl.testing.strategies.values import FACTORS

Options = Callable[[st.DrawFn, networkDataLayout], dict[str, Any]]
Inputs = Callable[[st.DrawFn, networkDataLayout, Layer], list[dlarray]]


class Entry(NamedTuple):
    """How one layer is drawn.

    takes    whether arrays of a format can enter
    options  draws the options, for the layout that enters, all of whose sizes are known
    inputs   draws the inputs, if they are not a single array of any numbers
    least    how many observations there must be at least
    """

    takes: Callable[[str], bool]
    options: Options
    inputs: Inputs | None = None
    least: int = 1

    def layer(self, draw: st.DrawFn, name: str, layout: networkDataLayout, **also: Any) -> Layer:
        """A layer of this kind for an input of the layout."""
        return LAYERS[name](**self.options(draw, layout), **also)


ENTRIES: dict[str, Entry] = {}
"""By the layer's name. Shrinking prefers the first ones."""


def entry(
    name: str, takes: Callable[[str], bool], inputs: Inputs | None = None, least: int = 1
) -> Callable[[Options], Options]:
    """Enter a layer, whose options the decorated function draws."""

    def entered(options: Options) -> Options:
        ENTRIES[name] = Entry(takes, options, inputs, least)
        return options

    return entered


def without_options(name: str, takes: Callable[[str], bool]) -> None:
    """Enter a layer that has no options but its name."""
    ENTRIES[name] = Entry(takes, lambda draw, layout: {})


def some(draw: st.DrawFn, **choices: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Each option is left out, or drawn."""
    return {name: draw(values) for name, values in choices.items() if draw(st.booleans())}


def learning(draw: st.DrawFn, *parameters: str) -> dict[str, Any]:
    """Factors of some parameters' learning rates."""
    return some(draw, **{f"{name}LearnRateFactor": FACTORS for name in parameters})


def anything(format: str) -> bool:
    """Arrays with channels, of every format."""
    return "C" in format


def observations(format: str) -> bool:
    """Arrays of observations with channels."""
    return "C" in format and "B" in format


def divisors(n: int) -> list[int]:
    """The numbers that divide n, small ones first."""
    return [k for k in range(1, n + 1) if n % k == 0]


def chosen(only: Collection[str] | None) -> dict[str, Entry]:
    """The entries of these names, in the order of the catalogue."""
    unknown = sorted(set(only or ()) - set(ENTRIES))
    if unknown:
        raise ValueError(f"layers: {', '.join(unknown)} is no layer of the catalogue; give the "
                         "names of constructors, such as 'reluLayer'")  # fmt: skip
    return {name: one for name, one in ENTRIES.items() if only is None or name in only}
