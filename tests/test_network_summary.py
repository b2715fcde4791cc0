"""What networks say of themselves: summary, tables of a notebook, and whether two are equal."""

from __future__ import annotations

import copy
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from tests.networks import branches, digits, features, small
from tinydl import (
    addLayers,
    connectLayers,
    dlnetwork,
    dlupdate,
    double,
    featureInputLayer,
    fix_statistics,
    forward,
    fullyConnectedLayer,
    imageInputLayer,
    networkLayer,
    reluLayer,
    replaceLayer,
    sequenceInputLayer,
    setLearnRateFactor,
    single,
    summary,
)
from tinydl.network.describe import short_number

# ---- summary ------------------------------------------------------------------------------------


def test_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert summary(digits()) is None
    assert capsys.readouterr().out == (
        "Initialized: true\n\nNumber of learnables: 123.1k\n\n"
        "Inputs:\n    1    'imageinput'    28×28×1 images\n"
    )
    layers = [fullyConnectedLayer(4, Name="fc"), reluLayer()]
    summary(dlnetwork(layers, Initialize=False))
    assert capsys.readouterr().out == (
        "Initialized: false\n\nNumber of learnables: not known\n\n"
        "Inputs:\n    1    'fc'    any data that fits\n"
    )
    summary(dlnetwork())
    assert capsys.readouterr().out.endswith("Number of learnables: 0\n\nInputs: none\n")


def test_summary_lists_all_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    net = addLayers(branches(), imageInputLayer([5, 4, 3], Name="photo"))
    net = addLayers(net, sequenceInputLayer(6, Name="s"))
    net = addLayers(net, sequenceInputLayer([8, 7, 2], Name="film"))
    summary(addLayers(net, reluLayer(Name="r")))
    lines = capsys.readouterr().out.splitlines()[5:]
    assert lines == ["    1    'in'       3 features", "    2    'photo'    5×4×3 images",
                     "    3    's'        sequences of 6 channels",
                     "    4    'film'     sequences of 8×7×2 images",
                     "    5    'r'        any data that fits"]  # fmt: skip
    with pytest.raises(TypeError, match="summary: the first argument is a dlnetwork"):
        summary([reluLayer()])


def test_parameters_are_counted() -> None:
    """5·5·20 + 20, twice 9·400 + 20, three times 40, and 10·24·24·20 + 10."""
    expected = 520 + 2 * 3620 + 3 * 40 + 115_210
    assert np.sum([np.prod(v.shape) for v in digits().Learnables.Value]) == expected
    cases = {0: "0", 999: "999", 1000: "1k", 84_123: "84.1k", 99_949: "99.9k", 999_949: "999.9k",
             999_951: "1M", 25_600_000: "25.6M", 7_000_000_000: "7B"}  # fmt: skip
    assert {n: short_number(n) for n in cases} == cases


# ---- notebooks ----------------------------------------------------------------------------------


class Reader(HTMLParser):
    """The cells of a page, and the tags that are open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_notebooks_show_the_layers() -> None:
    net = replaceLayer(small(), "tanh", reluLayer(Name="<b>&"))
    text = Reader(net._repr_html_()).text
    assert repr(net) in text
    assert "<b>&" in text and "reluLayer(Name='<b>&')" in text
    assert Reader(dlnetwork()._repr_html_()).text[0] == repr(dlnetwork())


def test_notebooks_show_tables() -> None:
    net = small()
    text = Reader(net.State._repr_html_()).text
    assert text == ["2×3 table", "Layer", "Parameter", "Value", '"bn"', '"TrainedMean"',
                    "{4×1 single}", '"bn"', '"TrainedVariance"', "{4×1 single}"]  # fmt: skip
    text = Reader(net.Connections._repr_html_()).text
    assert text[:5] == ["4×2 table", "Source", "Destination", "'in'", "'fc'"]


# ---- equality -----------------------------------------------------------------------------------


def with_value(net: dlnetwork, value: float) -> dlnetwork:
    made = copy.copy(net)
    made.Learnables.Value[1][0, 0] = value
    return made


CHANGES: dict[str, Any] = {
    "an option": lambda net: setLearnRateFactor(net, "fc/Bias", 2),
    "a value": lambda net: with_value(net, 0.125),
    "the outputs": lambda net: dlnetwork(list(net.Layers), OutputNames="fc"),
    "a layer": lambda net: replaceLayer(net, "tanh", reluLayer(Name="tanh")),
    "a name": lambda net: replaceLayer(net, "tanh", type(net.Layers[3])(Name="t")),
    "the mode": fix_statistics,
    "one more layer": lambda net: addLayers(net, reluLayer(Name="more")),
    "the class": lambda net: net.Layers,
    "nothing set": lambda net: dlnetwork(list(small().Layers[:1]), Initialize=False),
}


def test_copies_are_equal() -> None:
    inner = networkLayer(dlnetwork([fullyConnectedLayer(2)], Initialize=False))
    for net in (small(), branches(), digits(), dlnetwork(),
                dlnetwork([featureInputLayer(3), inner]),
                dlnetwork([fullyConnectedLayer(2)], Initialize=False)):  # fmt: skip
        for other in (copy.copy(net), copy.deepcopy(net)):
            assert net.is_equal_to(other) and net.is_equal_to(other, nan_equal=True)
            assert net.Learnables.is_equal_to(other.Learnables)


@pytest.mark.parametrize("name", CHANGES)
def test_networks_that_differ(name: str) -> None:
    net = small()
    other = CHANGES[name](net)
    assert not net.is_equal_to(other)
    assert not hasattr(other, "is_equal_to") or not other.is_equal_to(net)


def test_states_and_classes() -> None:
    net = small()
    other = copy.copy(net)
    _, other.State = forward(net, features())
    assert not net.is_equal_to(other) and not net.State.is_equal_to(other.State)
    other.State = net.State
    assert net.is_equal_to(other)
    one = dlupdate(single, net)
    assert one.is_equal_to(dlupdate(double, one)), "the class does not count"


def test_missing_numbers_are_equal_when_asked() -> None:
    net = with_value(small(), float("nan"))
    other = copy.copy(net)
    assert not net.is_equal_to(other) and not net.Learnables.is_equal_to(other.Learnables)
    assert net.is_equal_to(other, nan_equal=True)
    assert net.Learnables.is_equal_to(other.Learnables, nan_equal=True)
    assert not net.is_equal_to(with_value(small(), 1.0), nan_equal=True)
    assert not net.Learnables.is_equal_to(net.State) and not net.Learnables.is_equal_to([])


def test_arrays_in_options_are_compared() -> None:
    made = lambda mean: dlnetwork([featureInputLayer(2, Normalization="zerocenter", Mean=mean)])
    assert made([1, 2]).is_equal_to(made([1, 2])) and not made([1, 2]).is_equal_to(made([1, 3]))
    assert not made([1, 2]).is_equal_to(made(None))
    ways = [connectLayers(addLayers(branches(), reluLayer(Name="r")), end, "r") for end in "ab"]
    assert not ways[0].is_equal_to(ways[1])
