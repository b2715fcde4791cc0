"""Figures, and redrawing them while a program runs."""

from __future__ import annotations

import time
from typing import Any
from weakref import WeakSet

from tinydl.plot import notebook

_PAUSE = 0.5  # seconds between two redraws: drawing takes longer than a step of training
_figures: WeakSet[Any] = WeakSet()
_shown: WeakSet[Any] = WeakSet()
_next_redraw = 0.0


def pyplot() -> Any:
    """matplotlib.pyplot. Raises ImportError with the way to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"figures need matplotlib ({error}); install it with pip install tinydl[plots]"
        ) from error
    return plt


def figure() -> Any:
    """Open a new figure, which later calls draw into: matplotlib's Figure.

    Raises ImportError without matplotlib.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import matplotlib.pyplot as plt
        >>> from tinydl.plot import figure
        >>> figure() is plt.gcf()
        True
        >>> plt.close()
    """
    return watched(pyplot().figure())


def watched(made: Any) -> Any:
    """The figure itself, which drawnow looks after from now on."""
    _figures.add(made)
    return made


def drawnow() -> None:
    """Show what was added to figures since they were last drawn, at most twice a second.

    It looks after figures of ``figure()`` and those with an animated line. In a window it also
    lets the window react; in a notebook it replaces what the cell shows. Without either, as when
    a program only saves figures, nothing is drawn. The last points of a loop appear with
    ``plt.show()``, at the end of a notebook's cell, and in a saved file, however fast they came.

    Example:
        >>> from tinydl.plot import drawnow
        >>> drawnow()
    """
    global _next_redraw
    if time.monotonic() < _next_redraw:
        return
    for made in list(_figures):
        redraw(made)
    _next_redraw = time.monotonic() + _PAUSE


def redraw(made: Any) -> None:
    """Show a figure as it is now, where figures are shown."""
    canvas = made.canvas
    if notebook.is_inline():
        notebook.show(made)
    elif has_window(canvas) and notebook.is_open(made):
        if made not in _shown:
            canvas.manager.show()
            _shown.add(made)
        canvas.draw_idle()
        canvas.flush_events()


def has_window(canvas: Any) -> bool:
    """Whether the canvas is of a kind that is shown in a window.

    A canvas that only writes files draws at once when it is asked to draw later; those of windows
    have a way of their own to wait.
    """
    from matplotlib.backend_bases import FigureCanvasBase

    return type(canvas).draw_idle is not FigureCanvasBase.draw_idle
