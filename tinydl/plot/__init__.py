"""Figures that grow while a network is trained, and a clock.

Lines that grow and the limits that MATLAB has and matplotlib lacks are here; titles, labels and
grids are matplotlib's own, such as ``plt.xlabel``. matplotlib is imported when a figure is made.

``window``    the figure and its redrawing
``notebook``  the same in the output of a notebook's cell
``lines``     lines to which points are added
``limits``    limits of an axis of which one may be automatic
``clock``     how long something took
"""

from tinydl.plot.clock import duration, tic, toc
from tinydl.plot.limits import ylim
from tinydl.plot.lines import addpoints, animatedline, getpoints
from tinydl.plot.window import drawnow, figure

__all__ = ["addpoints", "animatedline", "drawnow", "duration", "figure", "getpoints", "tic", "toc",
           "ylim"]  # fmt: skip
