"""The picture of a network: nothing overlaps, every row stands below what feeds it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from hypothesis import given
from hypothesis import strategies as st

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from tests.networks import branches, digits
from tinydl import (
    additionLayer,
    addLayers,
    connectLayers,
    dlnetwork,
    featureInputLayer,
    fullyConnectedLayer,
    layerGraph,
    plot,
    reluLayer,
    tanhLayer,
)
from tinydl.plot import graph
from tinydl.plot.layered import arrange, rows


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


def several_ways() -> layerGraph:
    """Connections of different lengths, side branches, two inputs and a layer on its own."""
    made = layerGraph([featureInputLayer(3, Name="x"), fullyConnectedLayer(4, Name="a" * 40),
                        tanhLayer(Name="t"), fullyConnectedLayer(4, Name="fc"),
                        additionLayer(4, Name="add"), reluLayer(Name="out")])  # fmt: skip
    made = addLayers(made, [featureInputLayer(4, Name="y"), tanhLayer(Name="ty")])
    made = addLayers(addLayers(made, fullyConnectedLayer(2, Name="$side$")), reluLayer(Name="r"))
    for pair in (("ty", "add/in2"), ("a" * 40, "add/in3"), ("t", "add/in4"), ("t", "$side$")):
        made = connectLayers(made, *pair)
    return made


DRAWN = {"digits": digits, "branches": branches, "several ways": several_ways,
         "one layer": lambda: dlnetwork([reluLayer()], Initialize=False),
         "none": layerGraph}  # fmt: skip
every_drawing = pytest.mark.parametrize("build", DRAWN.values(), ids=DRAWN)


def drawn(net: Any) -> Any:
    axes = plot(net)
    axes.figure.canvas.draw()
    return axes


@every_drawing
def test_names_and_types_are_written_inside_of_boxes_that_do_not_overlap(build: Any) -> None:
    net = build()
    axes = drawn(net)
    written = [text.get_text() for text in axes.texts]
    assert written == [word for x in net.Layers for word in (x.Name, type(x).__name__)]
    patches = axes.patches
    boxes = [p.get_window_extent() for p in patches[len(net.Connections) :]]
    assert len(boxes) == len(net.Layers)
    for i, text in enumerate(axes.texts):
        inside, box = text.get_window_extent(), boxes[i // 2]
        assert box.x0 < inside.x0 and inside.x1 < box.x1
        assert box.y0 < inside.y0 and inside.y1 < box.y1
    for a, b in itertools.combinations(boxes, 2):
        assert not a.overlaps(b)
    for box in boxes:
        assert axes.bbox.fully_overlaps(box), "outside of the picture"


@every_drawing
def test_arrows_go_down_from_box_to_box_and_around_the_others(build: Any) -> None:
    net = build()
    axes = drawn(net)
    count = len(net.Connections)
    boxes = {layer.Name: patch.get_window_extent()
             for layer, patch in zip(net.Layers, axes.patches[count:], strict=True)}  # fmt: skip
    for (source, destination), arrow in zip(net.Connections, axes.patches[:count], strict=True):
        ends = source.partition("/")[0], destination.partition("/")[0]
        points = axes.transData.transform(arrow._path_original.vertices)
        assert points[0][1] == pytest.approx(boxes[ends[0]].y0)
        assert points[-1][1] == pytest.approx(boxes[ends[1]].y1)
        assert boxes[ends[0]].x0 < points[0][0] < boxes[ends[0]].x1
        assert boxes[ends[1]].x0 < points[-1][0] < boxes[ends[1]].x1
        path = axes.transData.transform_path(arrow._path_original)
        (curve,) = path.to_polygons(closed_only=False)
        assert (curve[1:, 1] <= curve[:-1, 1] + 1e-9).all(), "an arrow goes up"
        for name, box in boxes.items():
            crossed = (box.x0 < curve[:, 0]) & (curve[:, 0] < box.x1) \
                & (box.y0 < curve[:, 1]) & (curve[:, 1] < box.y1)  # fmt: skip
            assert name in ends or not crossed.any(), f"{ends} crosses {name}"


def test_chains_are_straight_lines() -> None:
    layout = arrange("abcdef", [("a", "b"), ("b", "c"), ("c", "d"), ("a", "e"), ("e", "d"),
                                ("d", "f")], dict.fromkeys("abcdef", 1.0), 0.5)  # fmt: skip
    assert layout.x["b"] == layout.x["c"] and layout.x["d"] == layout.x["f"]
    assert layout.x["a"] == pytest.approx((layout.x["b"] + layout.x["e"]) / 2)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, str]]]:
    """Boxes, and connections from earlier to later ones, some several times."""
    names = [f"n{i}" for i in range(draw(st.integers(1, 9)))]
    pairs = list(itertools.combinations(names, 2))
    edges = draw(st.lists(st.sampled_from(pairs), max_size=14)) if pairs else []
    return draw(st.permutations(names)), edges


@given(graphs())
def test_any_graph(drawing: tuple[list[str], list[tuple[str, str]]]) -> None:
    names, edges = drawing
    widths = {name: 0.5 + 0.25 * i for i, name in enumerate(names)}
    layout = arrange(names, edges, widths, gap=0.25)
    assert [way[0 :: len(way) - 1] for way in layout.ways] == [list(edge) for edge in edges]
    for way in layout.ways:
        assert [layout.row[key] for key in way] == list(
            range(layout.row[way[0]], layout.row[way[-1]] + 1)
        )
    for r in set(layout.row.values()):
        line = sorted([key for key in layout.row if layout.row[key] == r], key=layout.x.__getitem__)
        for a, b in itertools.pairwise(line):
            room = (widths.get(a, 0) + widths.get(b, 0)) / 2 + 0.25
            assert layout.x[b] - layout.x[a] >= room - 1e-9


@given(graphs())
def test_rows_are_longest_paths(drawing: tuple[list[str], list[tuple[str, str]]]) -> None:
    names, edges = drawing
    row = rows(names, edges)

    def longest(name: str) -> int:
        return max([1 + longest(a) for a, b in edges if b == name], default=0)

    for name in names:
        following = [b for a, b in edges if a == name]
        if any([b == name for _, b in edges]) or not following:
            assert row[name] == longest(name)
        else:
            assert row[name] == min([longest(b) for b in following]) - 1


def test_pictures_of_long_networks_are_not_larger_than_files_can_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    net = dlnetwork([featureInputLayer(2), [reluLayer()] * 40])
    heights = []
    for most in (graph.MOST_DOTS, 1000):
        monkeypatch.setattr(graph, "MOST_DOTS", most)
        plot(net).figure.savefig(tmp_path / "net.png")
        heights.append(plt.imread(tmp_path / "net.png").shape[0])
    assert heights[0] > 3000 and 900 < heights[1] <= 1000
    assert graph.MOST_DOTS < 2**16


def test_colours_tell_inputs_and_outputs() -> None:
    net = branches()
    axes = plot(net)
    colours = [patch.get_facecolor() for patch in axes.patches[len(net.Connections) :]]
    assert len(set(colours)) == 3
    assert colours[1] == colours[2] == colours[4] and colours[0] != colours[3]


def test_each_picture_has_its_own_figure() -> None:
    assert plot(branches()).figure is not plot(branches()).figure
    assert plot(digits()).figure is plt.gcf()


def test_other_things_are_not_drawn() -> None:
    with pytest.raises(TypeError, match=r"plot: a dlnetwork or a layerGraph is needed, not a list"):
        plot([1, 2, 3])
