"""Lines that grow, their redrawing in windows and notebooks, limits, and the clock."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
import types
from collections.abc import Iterator
from typing import Any

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg

from tinydl.labels import dlarray
from tinydl.plot import clock, notebook, window
from tinydl.plot.clock import duration, tic, toc
from tinydl.plot.limits import ylim
from tinydl.plot.lines import AnimatedLine, addpoints, animatedline, getpoints
from tinydl.plot.window import drawnow, figure

INF = float("inf")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No figures, and time enough since the latest redraw."""
    plt.close("all")
    window._figures.clear()
    monkeypatch.setattr(window, "_next_redraw", 0.0)
    yield
    plt.close("all")


def picture() -> np.ndarray:
    """The pixels of the current figure as it would be saved."""
    file = io.BytesIO()
    plt.savefig(file, format="png", dpi=40)
    file.seek(0)
    return plt.imread(file)


# ---- lines --------------------------------------------------------------------------------------


def test_the_plot_of_a_training_loop() -> None:
    """The statements of MATLAB's example, and what a saved figure then shows."""
    figure()
    line = animatedline(Color=[0.85, 0.325, 0.098])
    ylim([0, INF])
    plt.xlabel("Iteration")
    plt.ylabel("Loss")
    plt.grid(True)
    start = tic()
    for iteration in range(1, 41):
        D = duration(0, 0, toc(start), Format="hh:mm:ss")
        addpoints(line, iteration, 2.3 / iteration)
        plt.title(f"Epoch: 1, Elapsed: {D}")
        drawnow()
    assert len(plt.get_fignums()) == 1
    low, high = plt.gca().get_xlim()
    assert low < 1 < 40 < high < 45
    assert plt.ylim()[0] == 0 and 2.3 < plt.ylim()[1] < 2.6
    assert plt.gca().get_title() == "Epoch: 1, Elapsed: 00:00:00"
    x, y = getpoints(line)
    assert x.tolist() == list(range(1, 41)) and y.tolist() == [2.3 / i for i in range(1, 41)]


@pytest.mark.parametrize("tight", [None, "tight"])
def test_a_saved_figure_shows_all_points_without_drawnow(tight: str | None) -> None:
    def saved() -> bytes:
        file = io.BytesIO()
        plt.savefig(file, format="png", dpi=40, bbox_inches=tight)
        return file.getvalue()

    line = animatedline(Color="red")
    addpoints(line, 1, 1)
    saved()  # drawn once already: what comes later must appear all the same
    for x in (2, 3, 4):
        addpoints(line, x, x * x)
    grown = saved()
    figure()
    plt.plot([1, 2, 3, 4], [1, 4, 9, 16], color="red")
    assert saved() == grown


def test_points_are_seen_by_all_of_matplotlib() -> None:
    line = animatedline()
    addpoints(line, 3, 5.0)
    addpoints(line, 4, 7.0)
    assert line.artist.get_xydata().tolist() == [[3, 5], [4, 7]]
    before = plt.ylim()
    plt.gca().relim()
    plt.gca().autoscale_view()
    assert plt.ylim() == before


@given(st.lists(st.lists(st.floats(-1e6, 1e6), max_size=3), max_size=5))
def test_points_are_kept_in_order(blocks: list[list[float]]) -> None:
    line = animatedline()
    try:
        for block in blocks:
            addpoints(line, block, [2 * x for x in block])
        x, y = getpoints(line)
        assert x.tolist() == [x for block in blocks for x in block]
        assert y.tolist() == [2 * x for block in blocks for x in block]
        x[:] = 0  # the caller's own
        assert getpoints(line)[0].tolist() == [x for block in blocks for x in block]
    finally:
        plt.close("all")


@pytest.mark.parametrize(
    "value", [3, 3.0, np.float32(3), np.int64(3), np.array(3.0), np.array([3.0]), np.array([[3]])]
)
def test_one_number_in_any_form(value: Any) -> None:
    line = animatedline()
    addpoints(line, value, value)
    assert [v.tolist() for v in getpoints(line)] == [[3.0], [3.0]]
    assert repr(line) == "AnimatedLine with 1 points"


def test_points_without_a_place_leave_a_gap() -> None:
    line = animatedline()
    addpoints(line, [1, 2, 3, 4, 5], [1, np.nan, INF, -INF, 2])
    picture()
    low, high = plt.ylim()
    assert 0.5 < low < 1 < 2 < high < 2.5


@pytest.mark.parametrize("wrong", ["x", "y"])
def test_a_dlarray_is_refused_with_the_cure(wrong: str) -> None:
    line, good = animatedline(), {"x": 1, "y": 1}
    with pytest.raises(TypeError, match=rf"{wrong} is a dlarray.*double\(gather\(extractdata"):
        addpoints(line, **{**good, wrong: dlarray(1.0)})
    assert len(getpoints(line)[0]) == 0


@pytest.mark.parametrize("value", ["1", None, 1j, [None], [[1, 2], ["a", "b"]], True])
def test_other_values_are_refused(value: Any) -> None:
    line = animatedline()
    with pytest.raises(TypeError, match=r"y is .* a number or an array of real"):
        addpoints(line, 1, value)


def test_an_array_on_a_gpu_is_refused() -> None:
    class Elsewhere:
        __cuda_array_interface__ = {"shape": ()}

    with pytest.raises(TypeError, match="on a GPU; use double"):
        addpoints(animatedline(), 1, Elsewhere())


def test_x_and_y_have_as_many_elements() -> None:
    line = animatedline()
    with pytest.raises(ValueError, match="x has 1 elements, y has 2"):
        addpoints(line, 1, [1, 2])
    with pytest.raises(TypeError, match="line is a Line2D; make it by animatedline"):
        addpoints(line.artist, 1, 1)


def test_looks_of_a_line() -> None:
    first, second = animatedline(), animatedline()
    assert first.artist.get_color() != second.artist.get_color()
    red = animatedline(Color=[1, 0, 0], LineStyle="--", LineWidth=3, Marker="o", DisplayName="loss")
    assert matplotlib.colors.to_rgb(red.artist.get_color()) == (1, 0, 0)
    assert red.artist.get_linestyle() == "--" and red.artist.get_linewidth() == 3
    assert red.artist.get_marker() == "o" and first.artist.get_marker() == "none"
    plt.legend()
    assert [text.get_text() for text in plt.gca().get_legend().get_texts()] == ["loss"]
    with pytest.raises(ValueError):
        animatedline(Color="no colour")
    assert len(plt.gca().lines) == 3


def test_lines_in_several_axes() -> None:
    _, (left, right) = plt.subplots(1, 2)
    line = animatedline(Parent=left)
    assert line.artist.axes is left and animatedline().artist.axes is right
    addpoints(line, [1, 2], [5, 6])
    picture()
    assert left.get_ylim()[1] > 6 > right.get_ylim()[1]


def test_a_line_outlives_its_figure() -> None:
    line = animatedline()
    addpoints(line, 1, 1)
    line.artist.remove()
    addpoints(line, 2, 2)
    plt.close("all")
    addpoints(line, 3, 3)
    drawnow()
    assert getpoints(line)[0].tolist() == [1, 2, 3]


def test_a_figure_can_be_pickled() -> None:
    made = figure()
    line = animatedline()
    ylim([0, INF])
    addpoints(line, [1, 2], [3, 4])
    copied = pickle.loads(pickle.dumps(made))
    assert copied.axes[0].lines[0].get_ydata().tolist() == [3, 4]


# ---- redrawing ----------------------------------------------------------------------------------


class Window(FigureCanvasAgg):
    """A canvas of the kind that windows have, which counts what is asked of it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.asked: list[str] = []

    def draw_idle(self, *args: Any) -> None:
        self.asked.append("draw")

    def flush_events(self) -> None:
        self.asked.append("events")


def in_window(made: Any) -> Window:
    number, canvas = made.number, Window(made)
    canvas.manager = types.SimpleNamespace(num=number, show=lambda: canvas.asked.append("show"))
    return canvas


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    """A clock whose hands the test moves."""
    hands = types.SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr(window.time, "monotonic", lambda: hands.seconds)
    return hands


def test_nothing_is_drawn_without_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    made, line = figure(), animatedline()
    addpoints(line, 1, 1)
    monkeypatch.setattr(made.canvas, "draw", lambda: pytest.fail("it was drawn"))
    monkeypatch.setattr(made, "draw", lambda renderer: pytest.fail("it was drawn"))
    drawnow()


def test_a_window_is_redrawn_twice_a_second(now: types.SimpleNamespace) -> None:
    canvas = in_window(figure())
    for tick in range(1, 31):  # three seconds of steps that take 0.1 s
        drawnow()
        now.seconds = 1000 + tick / 10
    assert canvas.asked == ["show"] + ["draw", "events"] * 6


def test_a_figure_of_ones_own_is_redrawn_when_it_has_an_animated_line() -> None:
    made, other = plt.subplots()[0], plt.subplots()[0]
    canvases = in_window(made), in_window(other)
    animatedline(Parent=made.axes[0])
    drawnow()
    assert [canvas.asked for canvas in canvases] == [["show", "draw", "events"], []]


def test_a_closed_window_stays_closed() -> None:
    made = figure()
    canvas = in_window(made)
    plt.close(made)
    made.set_canvas(canvas)  # some versions of matplotlib take it away
    drawnow()
    assert canvas.asked == []


def test_figures_are_not_kept_alive() -> None:
    import gc

    figure()
    plt.close("all")
    gc.collect()
    assert len(window._figures) == 0


class Cell:
    """The cell of a notebook: IPython as far as it is asked for, and the outputs it shows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.outputs: list[Any] = []
        self.at_the_end: list[Any] = []
        events = types.SimpleNamespace(
            register=self.register,
            unregister=lambda event, do: self.at_the_end.remove((event, do)),
        )
        ipython, display = types.ModuleType("IPython"), types.ModuleType("IPython.display")
        ipython.get_ipython = lambda: types.SimpleNamespace(events=events)  # type: ignore[attr-defined]
        display.display = self.display  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "IPython", ipython)
        monkeypatch.setitem(sys.modules, "IPython.display", display)
        monkeypatch.setattr(notebook, "is_inline", lambda: True)

    def register(self, event: str, do: Any) -> None:
        assert (event, do) not in self.at_the_end
        self.at_the_end.append((event, do))

    def display(self, shown: Any, display_id: bool) -> Any:
        assert display_id
        place = len(self.outputs)
        self.outputs.append([shown])
        return types.SimpleNamespace(
            update=lambda shown, raw=False: self.outputs[place].append(shown)
        )

    def end(self) -> None:
        for event, do in list(self.at_the_end):
            assert event == "post_execute"
            do()
        assert self.at_the_end == []


def test_a_notebook_replaces_the_picture(
    monkeypatch: pytest.MonkeyPatch, now: types.SimpleNamespace
) -> None:
    cell = Cell(monkeypatch)
    first, second = figure(), figure()
    for _ in range(10):
        drawnow()
        now.seconds += 0.25
    assert sorted(map(len, cell.outputs)) == [5, 5]
    assert {output[0] for output in cell.outputs} == {first, second}
    plt.close("all")  # as the notebook does, after it has shown them itself
    cell.end()
    assert [output[-1] for output in cell.outputs] == [{"text/plain": ""}] * 2
    now.seconds += 1
    drawnow()
    assert len(cell.outputs) == 4  # the next cell has outputs of its own
    cell.end()
    assert {output[-1] for output in cell.outputs[2:]} == {first, second}


def test_a_notebook_ends_with_all_points(
    monkeypatch: pytest.MonkeyPatch, now: types.SimpleNamespace
) -> None:
    cell, made = Cell(monkeypatch), figure()
    drawnow()
    drawnow()  # too early
    assert cell.outputs == [[made]]
    cell.end()
    assert cell.outputs == [[made, made]]


def test_a_notebook_without_ipython_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cell, _ = Cell(monkeypatch), figure()
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: None)
    drawnow()
    monkeypatch.setattr(window, "_next_redraw", 0.0)
    monkeypatch.setitem(sys.modules, "IPython", None)
    drawnow()
    assert cell.outputs == []


def test_the_kind_of_notebook_is_seen_from_the_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not notebook.is_inline()
    for backend in ("module://matplotlib_inline.backend_inline", "inline"):
        monkeypatch.setattr(matplotlib, "rcParams", {"backend": backend})
        assert notebook.is_inline()


# ---- matplotlib ---------------------------------------------------------------------------------


def test_matplotlib_is_imported_only_when_used() -> None:
    program = (
        "import sys; from tinydl.plot import drawnow, tic, toc; toc(tic()); drawnow()\n"
        "assert not any(name.startswith(('matplotlib', 'IPython')) for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("make", [figure, animatedline, lambda: ylim([0, 1])])
def test_without_matplotlib_the_error_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install tinydl\[plots\]"):
        make()


# ---- limits -------------------------------------------------------------------------------------


@pytest.mark.parametrize("height", [0.01, 0.3, 1.0, 250.0])
def test_one_limit_is_fixed_and_the_other_follows(height: float) -> None:
    line = animatedline()
    assert ylim([0, INF])[0] == 0
    addpoints(line, [1, 2], [height / 2, height])
    picture()
    assert plt.ylim()[0] == 0 and height < plt.ylim()[1] < 1.1 * height
    addpoints(line, 3, 10 * height)
    assert ylim()[0] == 0 and 10 * height < ylim()[1] < 11 * height
    ylim([-INF, 20 * height])
    assert ylim()[1] == 20 * height and 0 < ylim()[0] < height / 2
    addpoints(line, 4, -height)
    assert ylim()[1] == 20 * height and -2 * height < ylim()[0] < -height


def test_both_limits_fixed_or_both_automatic() -> None:
    line = animatedline()
    addpoints(line, [1, 2], [3, 4])
    assert ylim([0, 2]) == (0, 2)
    addpoints(line, 3, 50)
    assert ylim() == (0, 2)
    low, high = ylim([-INF, INF])
    assert 0 < low < 3 and 50 < high < 55
    addpoints(line, 3, 100)
    assert 100 < ylim()[1] < 110


def test_data_beyond_the_fixed_limit_do_not_turn_the_axis_over() -> None:
    line = animatedline()
    ylim([0, INF])
    addpoints(line, [1, 2], [-3, -4])
    assert ylim() == (0, 1)
    ylim([-INF, -10])
    assert ylim() == (-11, -10)


def test_limits_set_by_matplotlib_count() -> None:
    line = animatedline()
    ylim([0, INF])
    plt.ylim(-1, 2)
    addpoints(line, 1, 7)
    assert plt.ylim() == (-1, 2)
    ylim([0, INF])
    assert plt.ylim()[0] == 0 and plt.ylim()[1] > 7


def test_other_axes_keep_their_limits() -> None:
    _, (left, right) = plt.subplots(1, 2)
    plt.sca(left)
    ylim([0, INF])
    for axes in (left, right):
        addpoints(animatedline(Parent=axes), [1, 2], [5, 6])
    assert left.get_ylim()[0] == 0 and right.get_ylim()[0] > 4


@pytest.mark.parametrize(
    "limits", [[1, 0], [0, 0], [0, float("nan")], [INF, INF], [-INF, -INF], [0], [0, 1, 2], 3, "ab",
               [None, 1]]
)  # fmt: skip
def test_bad_limits_change_nothing(limits: Any) -> None:
    before = ylim([2, 3])
    with pytest.raises(ValueError, match=r"limits are \[lower, upper\] with lower < upper"):
        ylim(limits)
    assert ylim() == before


# ---- the clock ----------------------------------------------------------------------------------


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    moved = types.SimpleNamespace(nanoseconds=5_000_000_000)
    monkeypatch.setattr(clock.time, "perf_counter_ns", lambda: moved.nanoseconds)
    monkeypatch.setattr(clock, "_latest", None)
    return moved


def test_seconds_since_a_start_and_since_the_latest(hands: types.SimpleNamespace) -> None:
    start = tic()
    hands.nanoseconds += 1_500_000_000
    assert toc() == toc(start) == 1.5
    tic()
    hands.nanoseconds += 250_000_000
    assert (toc(), toc(start)) == (0.25, 1.75)


def test_a_clock_that_was_not_started(hands: types.SimpleNamespace) -> None:
    with pytest.raises(RuntimeError, match=r"call tic\(\) first"):
        toc()
    for wrong in (0, 1.5, "now", tic):
        with pytest.raises(TypeError, match=r"start = tic\(\)"):
            toc(wrong)  # type: ignore[arg-type]


@given(st.integers(0, 10**6), st.floats(0, 0.999))
def test_hours_minutes_seconds(seconds: int, fraction: float) -> None:
    hours, minutes, rest = map(int, str(duration(0, 0, seconds + fraction)).split(":"))
    assert hours * 3600 + minutes * 60 + rest == seconds
    assert minutes < 60 and rest < 60


@pytest.mark.parametrize(
    ("lengths", "fmt", "text"),
    [
        ((0, 0, 0), "hh:mm:ss", "00:00:00"),
        ((1, 2, 3.9), "hh:mm:ss", "01:02:03"),
        ((100, 59, 60), "hh:mm:ss", "101:00:00"),
        ((1.13, 0, 0), "hh:mm:ss", "01:07:48"),
        ((0, 0, -61.5), "hh:mm:ss", "-00:01:01"),
        ((49, 2, 3), "dd:hh:mm:ss", "02:01:02:03"),
        ((2, 0, 5), "mm:ss", "120:05"),
        ((2, 5, 59), "hh:mm", "02:05"),
        ((0, 0, 3.25), "s", "3.25 sec"),
        ((0, 0, 90), "m", "1.5 min"),
        ((0, 90, 0), "h", "1.5 hr"),
        ((36, 0, 0), "d", "1.5 days"),
    ],
)
def test_formats_of_a_duration(lengths: tuple, fmt: str, text: str) -> None:
    made = duration(*lengths, Format=fmt)
    assert str(made) == repr(made) == f"{made}" == text and made.Format == fmt


def test_equal_durations() -> None:
    assert duration(1, 0, 0) == duration(0, 60, 0, Format="m") != duration(0, 0, 1)
    assert len({duration(1, 0, 0), duration(0, 60, 0)}) == 1
    assert duration(1, 0, 0) != 3600


@pytest.mark.parametrize("fmt", ["ss", "hh:mm:ss.SSS", "", None, "HH:MM:SS"])
def test_other_formats_are_refused_with_those_there_are(fmt: Any) -> None:
    with pytest.raises(ValueError, match="one of dd:hh:mm:ss, hh:mm:ss, hh:mm, mm:ss, d, h, m, s"):
        duration(0, 0, 1, Format=fmt)


@pytest.mark.parametrize("seconds", [INF, float("nan")])
def test_lengths_are_finite(seconds: float) -> None:
    with pytest.raises(ValueError, match="not all finite"):
        duration(0, 0, seconds)


def test_the_class_of_lines() -> None:
    assert isinstance(animatedline(), AnimatedLine)
