"""Lines that grow point by point."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np

from tinydl.labels.options import named_options
from tinydl.plot.window import pyplot, watched


class AnimatedLine:
    """A line to which addpoints adds points, in an axes of matplotlib. Made by animatedline.

    ``artist`` is matplotlib's line, to change its looks. It always has all points, so that a saved
    figure has them too; to add a point costs little, since drawing waits.
    """

    def __init__(self, artist: Any) -> None:
        self.artist = artist
        self._x, self._y = array("d"), array("d")

    def _append(self, x: np.ndarray, y: np.ndarray) -> None:
        self._x.extend(x)
        self._y.extend(y)
        self.artist.set_data(self._x, self._y)
        axes = self.artist.axes
        if axes is not None:  # the line may have been removed from its figure
            axes.update_datalim(np.stack([x, y], axis=1))
            axes.autoscale(None)

    def _points(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array(self._x), np.array(self._y)

    def __repr__(self) -> str:
        return f"AnimatedLine with {len(self._x)} points"


@named_options
def animatedline(
    *,
    Color: Any = None,
    LineStyle: str = "-",
    LineWidth: float | None = None,
    Marker: str = "none",
    DisplayName: str = "",
    Parent: Any = None,
) -> AnimatedLine:
    """A line without points in the current axes, to which addpoints adds.

    Color is red, green and blue between 0 and 1, or a name; by default the next colour of the
    axes. LineStyle, LineWidth (in points) and Marker are matplotlib's. DisplayName is what a legend
    calls the line. Parent is the axes to use instead of the current one.

    Raises ValueError for colours and styles that matplotlib does not know, ImportError without
    matplotlib.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import matplotlib.pyplot as plt
        >>> from tinydl.plot import addpoints, animatedline, drawnow, figure
        >>> _ = figure()
        >>> line = animatedline(Color=[0.85, 0.325, 0.098])
        >>> for iteration in range(1, 4):
        ...     addpoints(line, iteration, 1 / iteration)
        ...     drawnow()
        >>> line
        AnimatedLine with 3 points
        >>> plt.close()
    """
    axes = pyplot().gca() if Parent is None else Parent
    (artist,) = axes.plot(
        [], [], color=Color, linestyle=LineStyle, linewidth=LineWidth, marker=Marker,
        label=DisplayName or None,
    )  # fmt: skip
    watched(axes.figure.canvas.figure)  # an axes of a subfigure belongs to the whole one
    return AnimatedLine(artist)


def addpoints(line: AnimatedLine, x: Any, y: Any) -> None:
    """Add a point to the line, or as many as x and y have elements.

    x and y are numbers or arrays of numbers. Nothing is drawn before drawnow, plt.show() or
    saving the figure.

    Raises TypeError for a dlarray and for an array on a GPU, and shows how to make it a number;
    ValueError if x and y differ in their number of elements.

    Example: see animatedline.
    """
    if not isinstance(line, AnimatedLine):
        raise TypeError(f"addpoints: line is a {type(line).__name__}; make it by animatedline()")
    across, up = _doubles(x, "x"), _doubles(y, "y")
    if len(across) != len(up):
        raise ValueError(f"addpoints: x has {len(across)} elements, y has {len(up)}")
    line._append(across, up)


def getpoints(line: AnimatedLine) -> tuple[np.ndarray, np.ndarray]:
    """x and y of all points that were added to the line, as arrays of double.

    Example:
        >>> from tinydl.plot import animatedline, addpoints, getpoints
        >>> import matplotlib.pyplot as plt
        >>> line = animatedline()
        >>> addpoints(line, [1, 2], [0.5, 0.25])
        >>> getpoints(line)
        (array([1., 2.]), array([0.5 , 0.25]))
        >>> plt.close()
    """
    return line._points()


def _doubles(value: Any, argument: str) -> np.ndarray:
    """A number, or an array of them, as a one-dimensional array of double."""
    if hasattr(value, "dims"):
        raise TypeError(
            f"addpoints: {argument} is a dlarray; a plot takes plain numbers, for example "
            "double(gather(extractdata(loss)))"
        )
    if hasattr(value, "__cuda_array_interface__"):
        raise TypeError(f"addpoints: {argument} is an array on a GPU; use double(gather(loss))")
    numbers = np.asarray(value)
    if numbers.dtype.kind not in "fiu":
        raise TypeError(
            f"addpoints: {argument} is {value!r}; a number or an array of real numbers is needed"
        )
    return numbers.astype(float).reshape(-1, order="F")
