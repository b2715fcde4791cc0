"""The short-time Fourier transform, in real numbers: dlstft."""

from __future__ import annotations

import math
from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import host, on_device_of
from tinydl.functions.arguments import numbers_too
from tinydl.functions.formats import data_format
from tinydl.functions.window import leading
from tinydl.labels import align, devices, dlarray
from tinydl.labels import format as formats
from tinydl.labels.apply import value_and_format
from tinydl.labels.classes import DOUBLE
from tinydl.labels.display import header
from tinydl.labels.options import named_options
from tinydl.primitives.contract import matmul
from tinydl.primitives.shape import reshape, take, transpose


@named_options
@numbers_too
def dlstft(
    x: Any,
    fs: float | None = None,
    *,
    Window: Any = None,
    OverlapLength: int | None = None,
    FFTLength: int | None = None,
    DataFormat: str | None = None,
    nargout: int = 2,
) -> Any:
    """The short-time Fourier transform of signals, as a real and an imaginary part.

    With the window w of L samples, which hops on by R = L − OverlapLength, and N = FFTLength,

        yr[k, m] + i yi[k, m] = Σ w[n] x[n + m R] exp(−2πi k n / N),   n = 0 … L − 1

    for the frequencies k = 0 … ⌊N/2⌋ and each place m at which the window lies within the signal:
    ⌊(T − OverlapLength) / R⌋ of them. Samples beyond the last one are not used.

    x has the label T, and may have C and B. The frequencies become an S dimension, the places the
    T dimension: "CBT" gives "SCBT". DataFormat= names the dimensions of an x without labels; the
    results then have none either, and their dimensions stand in the order SCBT all the same.

    Window is a vector of at least two numbers; None is MATLAB's hann(128, "periodic"), that is
    (1 − cos(2πn/128)) / 2. OverlapLength is ⌊3L/4⌋ if None, and FFTLength L; it is no less than L.
    x and Window are differentiated, to every order.

    ``yr, yi, f, t = dlstft(x, fs, nargout=4)`` gives the frequencies f and the times t of the
    middle of each window too, as double dlarrays without labels: in Hz and s for the sample rate
    fs, in radians per sample and samples without. There are at least the two parts: MATLAB's later
    releases return one complex array, complex(yr, yi), in their place.

    Example:
        >>> from tinydl import dlarray, dlstft
        >>> x = dlarray([[0.0, 1.0, 0.0, -1.0, 0.0, 1.0]], "CT")
        >>> yr, yi = dlstft(x, Window=[1.0, 1.0, 1.0, 1.0], OverlapLength=2)
        >>> yi.dims, yi.shape, f"{float(yi[1, 0, 0]):.1f}", f"{float(yi[1, 0, 1]):.1f}"
        ('SCT', (3, 1, 2), '-2.0', '2.0')
    """
    if nargout not in (2, 3, 4):
        raise ValueError(f"dlstft gives 2 to 4 outputs, the first two are yr and yi; "
                         f"nargout={nargout!r}")  # fmt: skip
    if fs is not None and not (_is_number(fs) and 0 < fs < math.inf):
        raise ValueError(f"dlstft: fs is the sample rate, a positive number; not {fs!r}")
    labelled = data_format(x, DataFormat, "dlstft", needs="T")
    X = labelled.X
    signal, window = _in_one_class(X, Window)
    length = math.prod(window.shape)
    if length < 2 or max(window.shape) != length:
        raise ValueError(f"dlstft: Window of {formats.describe('', window.shape)}; it is a vector "
                         "of at least two numbers")  # fmt: skip
    overlap, points = _lengths(length, OverlapLength, FFTLength)
    _check_signal(X, length)
    hop = length - overlap
    starts = range(0, X.shape[-1] - length + 1, hop)
    frames = _frames(signal, starts, length) * reshape(window, shape=(length,), order="C")
    parts = [labelled.back(dlarray._make(_transformed(frames, wave), "S" + X.dims))
             for wave in _waves(length, points)]  # fmt: skip
    rate, unit = (1.0, 2 * math.pi) if fs is None else (float(fs), float(fs))
    scales = ([k * unit / points for k in range(points // 2 + 1)],
              [(start + length / 2) / rate for start in starts])  # fmt: skip
    there = [on_device_of(plain(signal), host.asarray(scale, DOUBLE)) for scale in scales]
    return (*parts, *[dlarray._make(scale, "") for scale in there])[:nargout]


def _frames(signal: Any, starts: range, length: int) -> Any:
    """The last dimension cut into pieces, which overlap: one for each start, `length` long."""
    positions = host.asarray([[start + n for n in range(length)] for start in starts])
    index = (*(slice(None),) * (signal.ndim - 1), positions)
    return take(signal, index=on_device_of(plain(signal), index))


def _transformed(frames: Any, wave: Any) -> Any:
    """The products of all frames with each wave; the frequencies become the first dimension."""
    *outer, length = frames.shape
    wave = on_device_of(plain(frames), wave).astype(frames.dtype)
    rows = reshape(frames, shape=(math.prod(outer), length), order="C")
    found = reshape(matmul(rows, wave), shape=(*outer, wave.shape[1]), order="C")
    return transpose(found, axes=leading((len(outer),), len(outer) + 1))


def _waves(length: int, points: int) -> tuple[Any, Any]:
    """cos and −sin of 2πkn/N, with a row for each n and a column for each k from 0 to N/2."""
    n, k = host.arange(length)[:, None], host.arange(points // 2 + 1)[None, :]
    angle = host.remainder(n * k, points) * (2 * math.pi / points)
    return host.cos(angle), -host.sin(angle)


def _in_one_class(X: dlarray, given: Any) -> tuple[Any, Any]:
    """The values of the signal and of the window, which follows the signal to its device."""
    if given is None:
        given = [(1 - math.cos(2 * math.pi * n / 128)) / 2 for n in range(128)]
    window, _ = value_and_format(given, "dlstft: Window", beside=(X,))
    window = devices.beside(X._value, window)
    signal, window = align.classes(X._value, window, ("dlstft: x", "dlstft: Window"))
    return signal, window


def _lengths(length: int, overlap: Any, points: Any) -> tuple[int, int]:
    """OverlapLength and FFTLength for a window of some length."""
    overlap = 3 * length // 4 if overlap is None else overlap
    points = length if points is None else points
    if not (_is_whole(overlap) and 0 <= overlap < length):
        raise ValueError(f"dlstft: OverlapLength is a whole number from 0 to {length - 1}, less "
                         f"than the {length} samples of the window; not {overlap!r}")  # fmt: skip
    if not (_is_whole(points) and points >= length):
        raise ValueError(f"dlstft: FFTLength is a whole number from {length} on, the samples of "
                         f"the window; not {points!r}")  # fmt: skip
    return int(overlap), int(points)


def _check_signal(X: dlarray, length: int) -> None:
    if not set(X.dims) <= set("CBT"):
        raise ValueError(
            f"dlstft: {header(X, X.dims)} has more than the labels C, B and T; fold the others "
            'into the channels with dlarray(reshape(stripdims(x), …), "CBT")'
        )
    if X.shape[-1] < length:
        raise ValueError(
            f"dlstft: {header(X, X.dims)} is shorter than the window of {length} samples; give a "
            "shorter Window=, or a longer signal"
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool)
