"""Figures in a notebook whose cells show pictures: one output, replaced while the cell runs."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple


class _Output(NamedTuple):
    """What a cell shows of a figure, and whether pyplot had the figure when it was last drawn."""

    handle: Any
    was_open: bool


_outputs: dict[Any, _Output] = {}  # of the cell that runs


def is_inline() -> bool:
    """Whether figures appear as pictures below a notebook's cell."""
    matplotlib = sys.modules.get("matplotlib")
    return matplotlib is not None and "inline" in str(matplotlib.rcParams["backend"])


def show(figure: Any) -> None:
    """Put the figure below the cell, in the place of what is there of it already."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return
    shell = get_ipython()
    if shell is None:
        return
    if not _outputs:
        shell.events.register("post_execute", _finish)
    if figure in _outputs:
        handle = _outputs[figure].handle
        handle.update(figure)
    else:
        handle = display(figure, display_id=True)
    _outputs[figure] = _Output(handle, is_open(figure))


def is_open(figure: Any) -> bool:
    """Whether pyplot still has the figure: its window, or the notebook's intention to show it."""
    import matplotlib.pyplot as plt

    manager = figure.canvas.manager
    return manager is not None and plt.fignum_exists(manager.num)


def _finish() -> None:
    """At the end of a cell: leave one picture of each figure there, with all its points.

    The notebook itself shows the figures that were made in this cell once more, and closes them.
    """
    from IPython import get_ipython

    get_ipython().events.unregister("post_execute", _finish)
    while _outputs:
        figure, output = _outputs.popitem()
        if output.was_open and not is_open(figure):
            output.handle.update({"text/plain": ""}, raw=True)
        else:
            output.handle.update(figure)
