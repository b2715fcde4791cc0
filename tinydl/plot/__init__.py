"""Figures that grow while a network is trained, and a clock.

Lines that grow and the limits that MATLAB has and matplotlib lacks are here; titles, labels and
grids are matplotlib's own, such as ``plt.xlabel``. matplotlib is imported when a figure is made.

``window``    the figure and its redrawing
``notebook``  the same in the output of a notebook's cell
``lines``     lines to which points are added
``limits``    limits of an axis of which one may be automatic
``clock``     how long something took
``graph``     the picture of a network
``layered``   where its boxes stand
``monitor``   the progress of training: what is kept, shown and written
``record``    what a loop tells the monitor
``progress_text``, ``progress_figure``  its two looks
``interrupt`` Ctrl-C as a wish to stop after the current step
``confusion`` the picture of a confusion matrix

``tinydl.plot`` is MATLAB's function of that name, which draws a network; what else is here is
imported as ``from tinydl.plot import figure``.
"""

from tinydl.plot.clock import duration, tic, toc
from tinydl.plot.confusion import confusionchart
from tinydl.plot.graph import plot
from tinydl.plot.limits import ylim
from tinydl.plot.lines import addpoints, animatedline, getpoints
from tinydl.plot.window import drawnow, figure

__all__ = ["addpoints", "animatedline", "confusionchart", "drawnow", "duration", "figure",
           "getpoints", "plot", "tic", "toc", "ylim"]  # fmt: skip
