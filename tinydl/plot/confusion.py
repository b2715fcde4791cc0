"""The picture of a confusion matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydl.data.categorical import categorical
from tinydl.data.confusion import confusionmat
from tinydl.labels.options import named_options
from tinydl.plot.window import pyplot, watched

DIAGONAL, OFF_DIAGONAL = (0.0, 0.4471, 0.7412), (0.8510, 0.3255, 0.0980)
_NORMALIZATIONS = ("absolute", "row-normalized", "column-normalized", "total-normalized")
_SUMMARIES = ("off", "absolute", "row-normalized", "column-normalized")
_CELL, _MARGIN = 0.5, 1.8  # inches: of a cell, and of what stands around all of them
_SMALLEST, _LARGEST = 4.0, 14.0
_PALEST = 0.12  # of the colour of a cell with a small count


@named_options
def confusionchart(
    trueLabels: Any,
    predictedLabels: Any = None,
    *,
    Title: str = "",
    XLabel: str = "Predicted Class",
    YLabel: str = "True Class",
    Normalization: str = "absolute",
    RowSummary: str = "off",
    ColumnSummary: str = "off",
    DiagonalColor: Any = DIAGONAL,
    OffDiagonalColor: Any = OFF_DIAGONAL,
    FontSize: float = 10.0,
) -> Any:
    """Draw a confusion matrix: a row for each true class, a column for each predicted one.

    ``confusionchart(trueLabels, predictedLabels)`` counts the labels as confusionmat does;
    ``confusionchart(m, classLabels)`` draws a square matrix of counts with these names, which may
    be left out. The axes of matplotlib in a new figure are returned. Options:

        Title, XLabel, YLabel  what stands around the matrix
        Normalization          what a cell shows: "absolute", its count; "row-normalized",
                               "column-normalized", "total-normalized", its share in percent
        RowSummary             beside each row what is right and wrong of it: "off", "absolute",
                               "row-normalized" in percent
        ColumnSummary          the same below each column: "off", "absolute", "column-normalized"
        DiagonalColor, OffDiagonalColor   the colours of what is right and wrong
        FontSize               in points, 10

    Raises TypeError and ValueError as confusionmat, and for what is no matrix of counts;
    ImportError without matplotlib.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> from tinydl import confusionchart
        >>> axes = confusionchart(["cat", "cat", "dog"], ["cat", "dog", "dog"])
        >>> [text.get_text() for text in axes.texts]
        ['1', '1', '1']
    """
    _one_of(Normalization, _NORMALIZATIONS, "Normalization")
    _one_of(RowSummary, (*_SUMMARIES[:2], "row-normalized"), "RowSummary")
    _one_of(ColumnSummary, (*_SUMMARIES[:2], "column-normalized"), "ColumnSummary")
    counts, classes = _counts(trueLabels, predictedLabels)
    axes = _axes(len(classes), RowSummary != "off", ColumnSummary != "off")
    colors = {True: DiagonalColor, False: OffDiagonalColor}
    _cells(axes, counts, Normalization, colors, FontSize)
    if RowSummary != "off":
        _summary(axes, counts, RowSummary, colors, FontSize, beside=True)
    if ColumnSummary != "off":
        _summary(axes, counts, ColumnSummary, colors, FontSize, beside=False)
    _names(axes, classes, FontSize)
    for put, text in ((axes.set_title, Title), (axes.set_xlabel, XLabel),
                      (axes.set_ylabel, YLabel)):  # fmt: skip
        put(text, fontsize=FontSize * 1.1, parse_math=False)
    return axes


def _counts(first: Any, second: Any) -> tuple[np.ndarray, list[str]]:
    """The matrix and the names of its classes."""
    is_matrix = not isinstance(first, categorical) and np.ndim(first) == 2
    if second is not None and not (is_matrix and min(np.shape(first)) > 1):
        matrix, order = confusionmat(first, second, nargout=2)
        return matrix, _text(order)
    if not is_matrix:
        raise TypeError("confusionchart: the predicted labels are missing: "
                        "confusionchart(trueLabels, predictedLabels)")  # fmt: skip
    matrix = np.asarray(first)
    if matrix.shape[0] != matrix.shape[1] or matrix.dtype.kind not in "iuf":
        raise ValueError("confusionchart: a matrix of counts is square, with numbers; this is "
                         f"{'×'.join(map(str, matrix.shape))} {matrix.dtype}")  # fmt: skip
    if not ((matrix >= 0) & (matrix == np.floor(matrix)) & np.isfinite(matrix)).all():
        raise ValueError("confusionchart: counts are whole numbers from 0 on")
    names = _text(range(1, len(matrix) + 1) if second is None else second)
    if len(names) != len(matrix):
        raise ValueError(f"confusionchart: {len(names)} class labels for {len(matrix)} classes")
    return matrix.astype(float), names


def _text(names: Any) -> list[str]:
    """The names of classes, numbers as MATLAB prints them."""
    return list(categorical(names, list(names)))


def _axes(count: int, has_rows: bool, has_columns: bool) -> Any:
    """Axes with a unit for each cell, the first row on top, and room for the summaries."""
    width = min(max(_CELL * (count + 2.4 * has_rows) + _MARGIN, _SMALLEST), _LARGEST)
    height = min(max(_CELL * (count + 2.4 * has_columns) + _MARGIN * 0.8, _SMALLEST * 0.85),
                 _LARGEST)  # fmt: skip
    figure = watched(pyplot().figure(figsize=(width, height), layout="constrained"))
    axes = figure.add_subplot()
    right, bottom = count + 2.3 * has_rows, count + 2.3 * has_columns
    axes.set(xlim=(-0.02, right + 0.02), ylim=(bottom + 0.02, -0.02), aspect="equal")
    axes.set_frame_on(False)
    return axes


def _cells(axes: Any, counts: np.ndarray, normalization: str, colors: Any, size: float) -> None:
    shares, is_share = _normalized(counts, normalization), normalization != "absolute"
    largest = max(float(shares.max(initial=0.0)), np.finfo(float).tiny)
    for (i, j), count in np.ndenumerate(counts):
        strength = float(shares[i, j]) / largest
        text = _percent(float(shares[i, j])) if is_share else f"{count:.0f}"
        _draw(axes, j, i, colors[i == j], strength, text if count else "", size)


def _normalized(counts: np.ndarray, normalization: str) -> np.ndarray:
    """Each count divided by the sum of its row, its column, or all; 0 where that is 0."""
    axis = {"row-normalized": 1, "column-normalized": 0}.get(normalization)
    if normalization == "absolute":
        return counts
    total = counts.sum(axis=axis, keepdims=True)
    return np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)


def _summary(
    axes: Any, counts: np.ndarray, kind: str, colors: Any, size: float, *, beside: bool
) -> None:
    """Right and wrong of each row beside it, or of each column below it."""
    total = counts.sum(axis=1 if beside else 0)
    right = np.diag(counts)
    for place, of in enumerate(total):
        for step, (part, is_right) in enumerate(((right[place], True),
                                                 (of - right[place], False))):  # fmt: skip
            share = float(part / of) if of else 0.0
            text = f"{part:.0f}" if kind == "absolute" else _percent(share)
            at = len(total) + 0.3 + step
            x, y = (at, place) if beside else (place, at)
            _draw(axes, x, y, colors[is_right], share, text if part else "", size)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _draw(
    axes: Any, x: float, y: float, color: Any, strength: float, text: str, size: float
) -> None:
    """One cell: the paler, the smaller the number in it, and white without one."""
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle

    share = _PALEST + (1 - _PALEST) * strength if text else 0.0
    red, green, blue = (1 + share * (part - 1) for part in to_rgb(color))
    axes.add_patch(Rectangle((x, y), 1, 1, facecolor=(red, green, blue), edgecolor="#c8c8c8",
                             linewidth=0.8))  # fmt: skip
    if text:
        is_dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
        axes.text(x + 0.5, y + 0.5, text, ha="center", va="center", parse_math=False,
                  size=size * (0.8 if "%" in text else 1.0),
                  color="white" if is_dark else "#222222")  # fmt: skip


def _names(axes: Any, classes: list[str], size: float) -> None:
    at = np.arange(len(classes)) + 0.5
    is_long = max([len(name) for name in classes], default=0) > 4
    turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if is_long else {}
    axes.set_xticks(at, classes, fontsize=size, parse_math=False, **turned)
    axes.set_yticks(at, classes, fontsize=size, parse_math=False)
    axes.tick_params(length=0)


def _one_of(value: Any, choices: tuple[str, ...], option: str) -> None:
    if value not in choices:
        raise ValueError(f"confusionchart: {option} is one of {', '.join(choices)}, not {value!r}")
