"""dlstft: values, defaults, formats, derivatives, messages."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal as scipy_signal

import tinydl as dl
from tests.strategies import SEEDS, normal, numbers
from tinydl import dlarray, dlfeval, dlgradient, dlstft

X = normal((2, 3, 300), 1)


def by_scipy(x: Any, window: Any, overlap: int, points: int) -> Any:
    """SciPy's transform of each signal, with the window within the signal, frequencies first."""
    hop = len(window) - overlap
    # Without a shift of phases they count from the first sample of each piece.
    transform = scipy_signal.ShortTimeFFT(
        np.asarray(window), hop, 1.0, mfft=points, phase_shift=None
    )
    y = np.empty((points // 2 + 1, *x.shape[:-1], (x.shape[-1] - overlap) // hop), complex)
    for *at, m in np.ndindex(y.shape[1:]):
        piece = x[tuple(at)][m * hop : m * hop + len(window)]
        y[(slice(None), *at, m)] = transform.stft(piece, 0, 1, k_offset=len(window) // 2)[:, 0]
    return y


@given(seed=SEEDS, length=st.integers(2, 9), more=st.integers(0, 5), data=st.data())
def test_values_agree_with_scipy(seed: int, length: int, more: int, data: Any) -> None:
    overlap = data.draw(st.integers(0, length - 1))
    samples = data.draw(st.integers(length, 30))
    x, window = normal((2, 1, samples), seed), normal((length,), seed + 1)
    options = {"OverlapLength": overlap, "FFTLength": length + more}
    yr, yi = dlstft(dlarray(x, "CBT"), Window=window, **options)
    expected = by_scipy(x, window, overlap, length + more)
    assert yr.dims == yi.dims == "SCBT"
    np.testing.assert_allclose(numbers(yr), expected.real, atol=1e-12)
    np.testing.assert_allclose(numbers(yi), expected.imag, atol=1e-12)


def test_defaults(device: Any) -> None:
    """A periodic Hann window of 128 samples, 96 of which overlap, and as many DFT points."""
    yr, yi = dlstft(dlarray(device.put(X), "CBT"))
    window = scipy_signal.get_window("hann", 128, fftbins=True)
    assert yr.shape == yi.shape == (65, 2, 3, 6)
    _, _, expected = scipy_signal.stft(X, 1.0, window, 128, 96, boundary=None, padded=False)
    expected = np.moveaxis(expected, 2, 0) * window.sum()  # SciPy's is divided by the sum
    for found, part in ((yr, expected.real), (yi, expected.imag)):
        np.testing.assert_allclose(device.take(dl.extractdata(found)), part, atol=1e-11)
    shorter = dlstft(dlarray(X, "CBT"), Window=np.ones(10))[0]
    assert shorter.shape == (6, 2, 3, (300 - 7) // 3)


def test_a_wave_is_found_at_its_frequency() -> None:
    rate = 600.0
    x = 3.0 * np.sin(2 * math.pi * 75.0 * np.arange(600) / rate)
    yr, yi, f, t = dlstft(dlarray(x, "T"), rate, nargout=4)
    size = np.hypot(numbers(yr), numbers(yi))
    assert (numbers(f)[size.argmax(0)] == 75.0).all()
    np.testing.assert_allclose(size.max(0), 3.0 / 2 * 64.0)  # half the amplitude · sum of window
    np.testing.assert_allclose(numbers(t), (64 + 32 * np.arange(15)) / rate)


def test_frequencies_and_times() -> None:
    options = {"Window": np.ones(5), "OverlapLength": 3, "FFTLength": 7}
    *_, f, t = dlstft(dlarray(X, "CBT"), nargout=4, **options)
    np.testing.assert_allclose(numbers(f), 2 * math.pi * np.arange(4) / 7)
    np.testing.assert_allclose(numbers(t), 2.5 + 2 * np.arange(148))
    *_, f, t = dlstft(dlarray(X, "CBT"), 14.0, nargout=4, **options)
    np.testing.assert_allclose(numbers(f), 2.0 * np.arange(4))
    np.testing.assert_allclose(numbers(t), (2.5 + 2 * np.arange(148)) / 14.0)
    assert len(dlstft(dlarray(X, "CBT"), nargout=3)) == 3
    assert f.dims == t.dims == "" and dl.underlyingType(f) == "double"


@pytest.mark.parametrize(("fmt", "expected"), [("CBT", "SCBT"), ("CT", "SCT"), ("BT", "SBT"),
                                               ("T", "ST")])  # fmt: skip
def test_formats(fmt: str, expected: str) -> None:
    x = X[(0,) * (3 - len(fmt))]
    yr, yi = dlstft(dlarray(x, fmt), Window=np.ones(50))
    assert yr.dims == yi.dims == expected and yr.shape == (26, *x.shape[:-1], 20)


def test_results_without_labels_stand_in_one_order() -> None:
    expected = dlstft(dlarray(X, "CBT"))
    for fmt in ("CBT", "TBC", "BTC"):
        x = X.transpose(["CBT".index(label) for label in fmt])
        for given_as in (x, dlarray(x)):
            for found, part in zip(dlstft(given_as, DataFormat=fmt), expected, strict=True):
                assert isinstance(found, dlarray) == isinstance(given_as, dlarray)
                assert getattr(found, "dims", "") == ""
                np.testing.assert_array_equal(numbers(found), numbers(part))


def test_single_stays_single() -> None:
    yr, yi = dlstft(dlarray(X.astype(np.float32), "CBT"), Window=np.ones(8, np.float32))
    assert dl.underlyingType(yr) == dl.underlyingType(yi) == "single"
    yr, _ = dlstft(dlarray(X.astype(np.float32), "CBT"))
    assert dl.underlyingType(yr) == "single"


def test_the_gradient_of_the_energy() -> None:
    """Without overlap and with all ones as the window, Parseval: Σ|Y|² over all N is N Σ x²."""
    x = normal((1, 8), 3)

    def slope(x: dlarray) -> Any:
        yr, yi = dlstft(x, Window=np.ones(4), OverlapLength=0)
        twice = dlarray(np.array([1.0, 2.0, 1.0])[:, None, None], "SCT")  # k and N − k
        energy = dl.sum(twice * (yr * yr + yi * yi), "all")
        first = dlgradient(energy, x, EnableHigherDerivatives=True)
        return first, dlgradient(dl.sum(first * first, "all"), x)

    first, second = dlfeval(slope, dlarray(x, "CT"))
    np.testing.assert_allclose(numbers(first), 2 * 4 * x, atol=1e-12)
    np.testing.assert_allclose(numbers(second), 2 * 8 * 8 * x, atol=1e-11)


def test_messages() -> None:
    x = dlarray(X, "CBT")
    for words, options in {
        "OverlapLength is a whole number from 0 to 127": {"OverlapLength": 128},
        "OverlapLength is a whole number": {"OverlapLength": 1.5},
        "FFTLength is a whole number from 128 on": {"FFTLength": 100},
        "Window of 1×1; it is a vector": {"Window": [[1.0]]},
        "Window of 2×2; it is a vector": {"Window": [[1.0, 2.0], [3.0, 4.0]]},
        "is shorter than the window of 301 samples": {"Window": np.ones(301)},
        "fs is the sample rate": {"fs": 0},
        "dlstft gives 2 to 4 outputs": {"nargout": 1},
        "DataFormat= is for arrays without": {"DataFormat": "CBT"},
    }.items():
        with pytest.raises(ValueError, match=words):
            dlstft(x, **options)
    with pytest.raises(ValueError, match="has no T dimension"):
        dlstft(dlarray(X[0], "CB"))
    with pytest.raises(ValueError, match="more than the labels C, B and T; fold"):
        dlstft(dlarray(X, "SCT"))
