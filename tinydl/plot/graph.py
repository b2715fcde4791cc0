"""The picture of a network: a box for each layer, arrows for the connections."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

from tinydl.plot.layered import Layout, arrange
from tinydl.plot.window import pyplot, watched

# Lengths are inches: the picture has the size that its boxes need.
NAME_SIZE, TYPE_SIZE = 10.0, 7.5  # points
PADDING, BOX_HEIGHT, ROW, GAP, MARGIN = 0.14, 0.46, 0.82, 0.35, 0.3
PORT = 0.22  # between two arrows at one box
MOST_DOTS = 60_000  # of a picture's height or width; matplotlib writes no larger files

FILL = {"input": "#d7ecd9", "inner": "#eaf1fb", "output": "#fbe9d5"}
EDGE = {"input": "#4d8a54", "inner": "#5b7fb5", "output": "#b97f3c"}
ARROW = "#666666"


class _Box(NamedTuple):
    name: str
    kind: str
    width: float
    role: str


def plot(net: Any) -> Any:
    """Draw the layers of a network and their connections; the axes of matplotlib are returned.

    Each layer stands below all that feed it. Layers that feed no other, and input layers, have
    colours of their own. net is a dlnetwork or a layerGraph. It opens a new figure of the size that
    the picture needs; ``plot(net).figure.savefig("net.png")`` writes a file. Raises ImportError
    without matplotlib.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> from tinydl import *
        >>> from tinydl.plot.graph import plot
        >>> axes = plot(dlnetwork([featureInputLayer(2), fullyConnectedLayer(3)]))
        >>> [text.get_text() for text in axes.texts]
        ['input', 'featureInputLayer', 'fc', 'fullyConnectedLayer']
    """
    if not hasattr(net, "Layers") or not hasattr(net, "Connections"):
        raise TypeError(f"plot: a dlnetwork or a layerGraph is needed, not a {type(net).__name__}; "
                        "lines are drawn by matplotlib's plt.plot")  # fmt: skip
    plt = pyplot()
    boxes = _boxes(net)
    edges = [(a.partition("/")[0], b.partition("/")[0]) for a, b in net.Connections]
    widths = {name: box.width for name, box in boxes.items()}
    layout = arrange(list(boxes), edges, widths, GAP)
    axes = _axes(plt, layout, widths)
    for way in _ways(layout, boxes):
        axes.add_patch(_arrow(way))
    for name, box in boxes.items():
        _draw(axes, box, layout.x[name], -ROW * layout.row[name])
    return axes


def _boxes(net: Any) -> dict[str, _Box]:
    feeding = {a.partition("/")[0] for a, _ in net.Connections}
    found = {}
    for layer in net.Layers:
        kind = type(layer).__name__
        role = "input" if layer.is_input else "inner" if layer.Name in feeding else "output"
        width = max(_length(layer.Name, NAME_SIZE), _length(kind, TYPE_SIZE)) + 2 * PADDING
        found[layer.Name] = _Box(layer.Name, kind, width, role)
    return found


def _length(text: str, size: float) -> float:
    """The length of a text in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=size)
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]) / 72


def _axes(plt: Any, layout: Layout, widths: dict[str, float]) -> Any:
    """Axes in which a unit is an inch, without frame and ticks, that fill their figure."""
    sides = [(x - widths.get(key, 0.0) / 2, x + widths.get(key, 0.0) / 2)
             for key, x in layout.x.items()] or [(0.0, 1.0)]  # fmt: skip
    left, right = min([a for a, _ in sides]) - MARGIN, max([b for _, b in sides]) + MARGIN
    depth = ROW * max(layout.row.values(), default=0)
    bottom, top = -depth - BOX_HEIGHT / 2 - MARGIN, BOX_HEIGHT / 2 + MARGIN
    size = (right - left, top - bottom)
    figure = watched(plt.figure(figsize=size, dpi=min(100, int(MOST_DOTS / max(size)))))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    return axes


def _draw(axes: Any, box: _Box, x: float, y: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    corner = (x - box.width / 2, y - BOX_HEIGHT / 2)
    axes.add_patch(FancyBboxPatch(
        corner, box.width, BOX_HEIGHT, boxstyle="round,pad=0,rounding_size=0.07",
        facecolor=FILL[box.role], edgecolor=EDGE[box.role], linewidth=1.0, zorder=2,
    ))  # fmt: skip
    middle = {"ha": "center", "va": "center", "zorder": 3, "parse_math": False}
    axes.text(x, y + 0.08, box.name, size=NAME_SIZE, color="#222222", **middle)
    axes.text(x, y - 0.12, box.kind, size=TYPE_SIZE, color="#666666", **middle)


def _ways(layout: Layout, boxes: dict[str, _Box]) -> list[list[tuple[float, float]]]:
    """The points of each connection, from the lower side of a box to the upper side of another."""
    points = [[(layout.x[key], -ROW * layout.row[key]) for key in way] for way in layout.ways]
    for end, step, side in ((0, 1, -1), (-1, -2, 1)):
        for name, box in boxes.items():
            here = [i for i, way in enumerate(layout.ways) if way[end] == name]
            here.sort(key=lambda i: points[i][step][0])
            apart = min(PORT, box.width / (len(here) + 1))
            for place, i in enumerate(here):
                x, y = points[i][end]
                shift = (place - (len(here) - 1) / 2) * apart
                points[i][end] = (x + shift, y + side * BOX_HEIGHT / 2)
    return points


def _arrow(points: Sequence[tuple[float, float]]) -> Any:
    """An arrow through points, which leaves each of them downwards."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    curve, codes = [points[0]], [Path.MOVETO]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        bend = (y0 - y1) / 2
        curve += [(x0, y0 - bend), (x1, y1 + bend), (x1, y1)]
        codes += [Path.CURVE4] * 3
    return FancyArrowPatch(path=Path(curve, codes), arrowstyle="-|>", mutation_scale=9,
                           color=ARROW, linewidth=1.0, shrinkA=0, shrinkB=0, zorder=1)  # fmt: skip
