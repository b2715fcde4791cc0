"""Digits written by a pen: grey images, with no font and no file behind them.

Each digit can be written in a few styles. A style is a handful of strokes, smooth curves through
control points. To write one, the control points are shifted a little, the curves bent, slanted,
scaled and turned by a known angle, and a soft pen is drawn along them.

The images are the same bits on every machine. Their only source of randomness is NumPy's frozen
RandomState.random_sample, and after it come only + − × ÷ √, min, max and rounding, element by
element, which the floating-point standard fixes: no sin or exp of a library, no matrix product, no
long sum. For that reason the order of the operations below matters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SIZE = 28  # pixels, of an image

# The size of what varies from image to image, chosen so that telling these digits apart is as hard
# as it is with MATLAB's. Lengths are pixels unless they are parts of the digit's height.
LARGEST_ANGLE = 45  # degrees
HEIGHT = (15.0, 20.5)
ASPECT = (0.64, 0.86)  # width by height
SLANT = 0.05  # of the height
JITTER = 0.017  # shift of a control point, of the height
BEND = 0.05
PEN = (1.7, 3.3)  # width of the stroke
EDGE = (1.0, 1.7)  # width of its soft edge
INK = (0.80, 1.0)  # darkest grey
SHIFT = 1.5
NIB = 0.25  # part by which strokes in one direction are thinner
PRESSURE = 0.35  # part by which the width changes along the way

# x points to the right and y down, both from 0 to 100. Where one stroke ends and the next starts
# there is a corner; strokes of one style that name the same point share it.
STROKES = {
    0: ["54,2 28,8 8,48 26,92 52,99 78,90 92,48 74,9 48,2",
        "70,12 44,0 14,24 10,64 34,97 66,94 90,62 84,22 62,3 44,8",
        "50,0 20,14 12,50 20,86 50,100 80,86 88,50 80,14 50,0"],
    1: ["50,0 50,50 50,100",
        "30,28 43,16 54,0 | 54,0 53,50 52,100",
        "32,26 44,15 54,0 | 54,0 53,50 52,100 | 24,100 52,99 82,100",
        "56,0 52,34 50,68 46,100"],
    2: ["12,26 22,6 48,0 76,10 80,34 60,60 34,82 10,99 | 10,99 48,97 88,98",
        "14,24 30,4 56,0 78,16 72,46 44,76 18,95 10,86 26,77 52,90 90,96",
        "14,16 46,1 78,16 70,46 42,72 12,98 | 12,98 48,97 88,95",
        "8,30 16,8 46,0 80,10 84,30 70,50 44,66 18,82 12,99 | 12,99 50,100 90,99"],
    3: ["14,14 40,0 72,8 78,28 60,44 36,48 | 36,48 66,53 84,72 68,95 38,100 10,88",
        "12,16 34,1 66,4 76,24 58,43 40,49 46,52 72,58 84,76 66,97 34,100 8,86",
        "14,3 44,2 78,2 | 78,2 60,21 42,40 | 42,40 72,46 86,70 66,95 36,100 10,88",
        "20,6 52,0 76,18 62,40 34,46 | 34,46 70,48 82,76 56,98 14,96"],
    4: ["30,0 22,28 12,56 | 12,56 50,57 92,56 | 68,22 66,60 64,100",
        "66,0 38,33 8,66 | 8,66 50,66 94,66 | 66,0 66,50 66,100",
        "22,2 14,38 28,56 56,56 80,48 | 80,2 74,50 66,100",
        "24,0 20,30 18,54 | 18,54 48,54 80,52 | 78,0 78,50 78,100",
        "58,0 34,30 10,60 | 10,60 50,60 90,58 | 68,34 64,66 60,100"],
    5: ["82,2 52,2 24,3 | 24,3 21,24 17,45 | 17,45 46,36 80,52 80,80 50,99 10,91",
        "80,3 50,3 30,10 24,28 22,43 | 22,43 52,40 82,58 76,86 44,100 10,90",
        "28,5 24,24 20,44 | 20,44 50,36 82,54 78,84 46,100 10,90 | 28,5 56,4 86,0",
        "76,0 48,2 26,3 | 26,3 24,24 22,46 | 22,46 60,44 80,66 66,92 34,99 12,94"],
    6: ["72,4 40,20 16,54 20,86 46,100 76,90 82,68 62,52 36,58 19,78",
        "58,0 32,32 14,68 26,95 54,100 80,84 76,62 52,52 26,64 16,80",
        "82,16 62,0 32,14 14,50 18,84 46,100 78,88 82,64 56,50 28,60 16,74",
        "40,0 24,34 14,70 30,98 60,98 82,78 72,56 44,54 20,70"],
    7: ["4,4 48,4 92,2 | 92,2 64,50 40,100",
        "10,4 48,4 88,2 | 88,2 62,50 42,100 | 32,52 56,51 80,50",
        "6,20 5,10 6,3 | 6,3 50,4 92,2 | 92,2 62,44 46,100",
        "4,9 26,3 56,9 92,2 | 92,2 68,40 54,100",
        "12,6 50,5 86,3 | 86,3 72,36 50,64 38,100 | 36,48 58,49 78,47"],
    8: ["74,16 50,0 22,14 34,40 66,56 82,78 52,100 18,80 34,56 66,40 78,18 60,2",
        "50,0 24,9 22,34 50,46 77,34 76,9 50,0 | 50,46 18,58 14,86 50,100 86,86 82,58 50,46",
        "48,46 22,32 24,8 52,0 78,10 76,32 46,48 16,64 16,90 50,100 84,90 84,64 50,47",
        "82,12 54,0 24,10 30,36 62,52 84,74 66,98 30,98 16,76 40,52 70,34 82,12"],
    9: ["80,16 54,0 22,12 16,38 38,53 68,44 80,18 | 80,12 78,56 76,100",
        "80,20 56,0 24,10 15,36 36,54 66,46 80,20 | 80,16 82,56 66,90 26,99",
        "82,14 52,0 20,14 18,42 44,54 72,42 82,14 80,60 62,97 22,92",
        "76,10 44,0 16,22 28,50 62,48 80,16 | 80,16 74,58 58,100"],
}  # fmt: skip

_SAMPLES = 112  # places of the pen along a digit
_MOST_POINTS = 24  # control points of a style
_CHANCES = 40  # random numbers of an image besides those that shift its control points
_AT_ONCE = 256  # images that are drawn together: more would not fit into the cache


def draw_digits(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, the digits on them and their angles; the same for the same count and seed.

    The images are count×28×28 bytes, 0 where there is no ink. Each digit occurs count/10 times.
    The angles are whole degrees, clockwise positive.
    """
    chances = _CHANCES + 2 * 3 * _MOST_POINTS
    uniform = np.random.RandomState(seed).random_sample((count, chances))
    digits = np.empty(count, np.intp)
    digits[np.argsort(uniform[:, 0], kind="stable")] = np.arange(count) % 10
    angles = np.floor(uniform[:, 1] * (2 * LARGEST_ANGLE + 1)) - LARGEST_ANGLE
    images = np.empty((count, SIZE, SIZE), np.uint8)
    for digit, texts in STROKES.items():
        styles = np.minimum(np.floor(uniform[:, 2] * len(texts)), len(texts) - 1)
        for number, text in enumerate(texts):
            style = _style(text)
            chosen = np.flatnonzero((digits == digit) & (styles == number))
            for start in range(0, len(chosen), _AT_ONCE):
                some = chosen[start : start + _AT_ONCE]
                images[some] = _draw(style, uniform[some], angles[some, None])
    return images, digits, angles


# ---- styles -------------------------------------------------------------------------------------


class _Style(NamedTuple):
    """The control points of a digit, and each place of the pen as a weighted sum of four."""

    points: np.ndarray  # K×2, from 0 to 1
    nearest: np.ndarray  # places×4: which control points
    weights: np.ndarray  # places×4


class _Span(NamedTuple):
    """A piece of a stroke: from one control point to the next, and their neighbours, if any."""

    before: int | None
    start: int
    end: int
    after: int | None


def _style(text: str) -> _Style:
    """The pen's way through the strokes of one style, at the same pace everywhere."""
    points, spans = _spans(text)
    step = points[[span.end for span in spans]] - points[[span.start for span in spans]]
    lengths = np.sqrt(step[:, 0] * step[:, 0] + step[:, 1] * step[:, 1])
    travelled = np.concatenate([[0.0], np.cumsum(lengths)])
    places = (np.arange(_SAMPLES) + 0.5) / _SAMPLES * travelled[-1]
    at = np.clip(np.searchsorted(travelled, places, side="right") - 1, 0, len(spans) - 1)
    part = (places - travelled[at]) / lengths[at]
    part[0], part[-1] = 0.0, 1.0  # the pen touches its very ends
    weights = _catmull_rom(part)
    nearest = np.empty((_SAMPLES, 4), np.intp)
    for place, (before, start, end, after) in enumerate(spans[i] for i in at):
        first = start if before is None else before
        last = end if after is None else after
        nearest[place] = first, start, end, last
        if before is None:  # the neighbour that is missing is 2 start − end
            weights[place] += weights[place, 0] * np.array([-1.0, 2.0, -1.0, 0.0])
        if after is None:
            weights[place] += weights[place, 3] * np.array([0.0, -1.0, 2.0, -1.0])
    return _Style(points, nearest, weights)


def _spans(text: str) -> tuple[np.ndarray, list[_Span]]:
    """The different control points of the strokes, and the pieces between them."""
    points: list[tuple[int, ...]] = []
    spans = []
    for stroke in text.split("|"):
        way = [tuple(map(int, point.split(","))) for point in stroke.split()]
        points += [point for point in dict.fromkeys(way) if point not in points]
        on = [points.index(point) for point in way]
        is_closed = on[0] == on[-1]
        before = on[-2] if is_closed else None
        after = on[1] if is_closed else None
        around = [before, *on, after]
        spans += [_Span(around[i], on[i], on[i + 1], around[i + 3]) for i in range(len(on) - 1)]
    return np.array(points, float) / 100, spans


def _catmull_rom(t: np.ndarray) -> np.ndarray:
    """The weights of four neighbouring points in the smooth curve between the two in the middle.

    It is the cubic that goes from the second point (t = 0) to the third (t = 1), and whose slope
    there is half the way between the neighbours of each (Catmull and Rom, 1974).
    """
    before = ((2 - t) * t - 1) * t / 2
    start = ((3 * t - 5) * t * t + 2) / 2
    end = ((4 - 3 * t) * t + 1) * t / 2
    after = (t - 1) * t * t / 2
    return np.stack([before, start, end, after], axis=1)


# ---- one digit many times -----------------------------------------------------------------------


class _Chances:
    """The random numbers of some images, handed out one after the other, as columns."""

    def __init__(self, uniform: np.ndarray) -> None:
        self._columns = iter(uniform[:, 3:_CHANCES].T[:, :, None])

    def between(self, low: float, high: float) -> np.ndarray:
        return low + (high - low) * next(self._columns)

    def about_normal(self, size: float) -> np.ndarray:
        first, second, third = (next(self._columns) for _ in range(3))
        return size * _bell(first, second, third)


def _bell(first: np.ndarray, second: np.ndarray, third: np.ndarray) -> np.ndarray:
    """Nearly normal numbers of mean 0 and variance 1, from three that are uniform."""
    return (first + second + third - 1.5) * 2


Way = tuple[np.ndarray, np.ndarray]  # x and y of each image at each place of the pen


def _draw(style: _Style, uniform: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """One image of the style for each row of random numbers."""
    chances = _Chances(uniform)
    way = _bent(_written(style, uniform), chances)
    way = _turned(_sized(way, chances), angles)
    pen, edge, ink = (chances.between(*limits) for limits in (PEN, EDGE, INK))
    way = _placed(way, pen, edge, chances)
    distance = _distance(way, pen, chances)
    grey = (pen[..., None] * 0.7 - distance) / edge[..., None] + 0.5
    grey = np.minimum(np.maximum(grey, 0.0), 1.0)
    return np.rint(grey * (255 * ink[..., None])).astype(np.uint8)


def _written(style: _Style, uniform: np.ndarray) -> Way:
    """The curve through shifted control points, around 0, of width and height 1."""
    shifts = uniform[:, _CHANCES:].reshape(-1, 3, 2, _MOST_POINTS)[..., : len(style.points)]
    points = style.points.T + JITTER * _bell(shifts[:, 0], shifts[:, 1], shifts[:, 2])
    curve = sum(points[:, :, style.nearest[:, i]] * style.weights[:, i] for i in range(4)) - 0.5
    return curve[:, 0], curve[:, 1]


def _bent(way: Way, chances: _Chances) -> Way:
    """Curved as a whole, and with uneven proportions: top to bottom, left to right."""
    x, y = way
    arch, cone, wave, sag, squeeze = (chances.about_normal(BEND) for _ in range(5))
    return (
        x + arch * (4 * y * y - 0.5) * 0.5 + cone * 2 * x * y + wave * 2 * (y * y * y - 0.15 * y),
        y + sag * (4 * x * x - 0.5) * 0.4 + squeeze * 2 * (y * y - 0.25) * 0.5,
    )


def _sized(way: Way, chances: _Chances) -> Way:
    """Of some height in pixels, narrower than high, leaning to one side."""
    x, y = way
    height, aspect = chances.between(*HEIGHT), chances.between(*ASPECT)
    x = x * aspect + chances.about_normal(SLANT) * -y
    return x * height, y * height


def _turned(way: Way, angles: np.ndarray) -> Way:
    """Clockwise as one sees it, since y points down."""
    x, y = way
    sin, cos = _sin_and_cos(angles)
    return x * cos - y * sin, x * sin + y * cos


def _sin_and_cos(degrees: np.ndarray) -> Way:
    """By their power series, of which these terms give all bits up to LARGEST_ANGLE."""
    angle = degrees * 0.017453292519943295
    square = angle * angle
    sin, cos = np.ones_like(square), np.ones_like(square)
    for k in range(18, 1, -2):
        sin = 1 - square / (k * (k + 1)) * sin
        cos = 1 - square / (k * (k - 1)) * cos
    return angle * sin, cos


def _placed(way: Way, pen: np.ndarray, edge: np.ndarray, chances: _Chances) -> Way:
    """Around a point near the middle of the image, and smaller if it would not fit in."""
    spans = [(v.min(axis=1, keepdims=True), v.max(axis=1, keepdims=True)) for v in way]
    widest = np.maximum(*(high - low for low, high in spans))
    scale = np.minimum(1.0, (27.0 - pen - edge) / widest)
    placed = []
    for v, (low, high) in zip(way, spans, strict=True):
        shift = chances.between(-SHIFT, SHIFT)
        room = np.maximum((27.5 - pen - edge - (high - low) * scale) / 2, 0.0)
        middle = (SIZE - 1) / 2 + np.minimum(np.maximum(shift, -room), room)
        placed.append((v - (low + high) / 2) * scale + middle)
    return placed[0], placed[1]


def _distance(way: Way, pen: np.ndarray, chances: _Chances) -> np.ndarray:
    """How far each pixel is from the middle of the nearest stroke.

    The nib is flat: distances across it count more, so that strokes in one direction are thinner.
    Where the pen presses less, something is added to the distance.
    """
    nib = chances.between(-NIB, NIB)
    stretch = 1 / (1 - np.maximum(nib, 0.0)), 1 / (1 + np.minimum(nib, 0.0))
    change = chances.between(-PRESSURE, PRESSURE) * pen
    along = (np.arange(_SAMPLES) + 0.5) / _SAMPLES - 0.5
    radius = np.maximum(pen + change * along, 0.8) / 2
    lighter = (pen * 0.7) * (pen * 0.7) - radius * radius
    pixels = np.arange(float(SIZE))
    dx, dy = ((pixels - v[..., None]) * s[..., None] for v, s in zip(way, stretch, strict=True))
    dx, dy = dx * dx + lighter[..., None], dy * dy
    nearest = np.full((len(pen), SIZE, SIZE), np.inf)
    for place in range(_SAMPLES):
        np.minimum(nearest, dy[:, place, :, None] + dx[:, place, None, :], out=nearest)
    return np.sqrt(np.maximum(nearest, 0.0))
