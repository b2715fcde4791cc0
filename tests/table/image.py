"""Rows of the functions of images, and of interpolation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinydl.functions.image import depthToSpace, dlresize, spaceToDepth
from tinydl.functions.image_losses import focalCrossEntropy, generalizedDice
from tinydl.functions.interpolate import interp1
from tinydl.functions.similarity import multissim, psnr, ssim
from tinydl.labels import dlarray

from .row import Draw, Row, Shape, apart, normal, uniform


def labelled(call: Callable[..., dlarray], *formats: str) -> Callable[..., Any]:
    """A function of dlarrays as one of arrays, which get these formats."""
    return lambda *xs: call(*[dlarray._make(x, f) for x, f in zip(xs, formats, strict=True)])._value


# ---- pixels and channels ------------------------------------------------------------------------


def blocks(mode: str) -> Callable[[Any], Any]:
    """depthToSpace of height × width × channels × observations with blocks of 2 × 3."""

    def reference(x: Any) -> Any:
        h, w, c, b = x.shape
        y = np.empty((2 * h, 3 * w, c // 6, b))
        for i, j, k in itertools.product(*map(range, y.shape[:3])):
            place = (i % 2) * 3 + j % 3
            y[i, j, k] = x[i // 2, j // 3, place * (c // 6) + k if mode == "dcr" else k * 6 + place]
        return y

    return reference


def depths(x: Any) -> Any:
    """spaceToDepth of height × width × channels × observations with blocks of 2 × 3."""
    h, w, c, b = x.shape
    y = np.empty((h // 2, w // 3, 6 * c, b))
    for i, j, k in itertools.product(*map(range, y.shape[:3])):
        y[i, j, k] = x[2 * i + k // c // 3, 3 * j + k // c % 3, k % c]
    return y


def resized(shape: Shape) -> Callable[[Any], Any]:
    """Bilinear interpolation at the centres of the new pixels of height × width × rest."""

    def reference(x: Any) -> Any:
        y = np.zeros((*shape, *x.shape[2:]))
        for i, j in itertools.product(*map(range, shape)):
            row, column = (min(max((k + 0.5) * n / m - 0.5, 0.0), n - 1.0)
                           for k, n, m in zip((i, j), x.shape, shape, strict=False))  # fmt: skip
            for a, b in itertools.product(*map(range, x.shape[:2])):
                y[i, j] += max(0.0, 1 - abs(row - a)) * max(0.0, 1 - abs(column - b)) * x[a, b]
        return y

    return reference


# ---- similarity ---------------------------------------------------------------------------------


def smoothed(x: Any, sigma: float) -> Any:
    """Gaussian means of the pixels around each pixel, the outermost ones repeated."""
    reach = math.ceil(3 * sigma)
    y = np.zeros(x.shape)
    h, w = x.shape[:2]
    steps = range(-reach, reach + 1)
    total = sum(math.exp(-(a * a + b * b) / (2 * sigma**2)) for a in steps for b in steps)
    for i, j, a, b in itertools.product(range(h), range(w), steps, steps):
        weight = math.exp(-(a * a + b * b) / (2 * sigma**2)) / total
        y[i, j] += weight * x[min(max(i + a, 0), h - 1), min(max(j + b, 0), w - 1)]
    return y


def moments(a: Any, b: Any, sigma: float) -> tuple[Any, ...]:
    """Local means, variances and covariance."""
    ma, mb = smoothed(a, sigma), smoothed(b, sigma)
    va, vb = smoothed(a * a, sigma) - ma**2, smoothed(b * b, sigma) - mb**2
    return ma, mb, va, vb, smoothed(a * b, sigma) - ma * mb


def similar(a: Any, b: Any) -> Any:
    """ssim by its usual formula, for each channel and observation."""
    ma, mb, va, vb, cov = moments(a, b, 1.0)
    c1, c2 = (0.01 * RANGE) ** 2, (0.03 * RANGE) ** 2
    quality = (2 * ma * mb + c1) * (2 * cov + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))
    return quality.mean(axis=(0, 1), keepdims=True)


RANGE = 20.0  # with the usual 1 the constants are so small that poles lie near
EXPONENTS, CONSTANTS = (0.5, 1.0, 2.0), (0.1, 0.2, 0.3)


def powers(a: dlarray, b: dlarray) -> dlarray:
    return ssim(a, b, Exponents=EXPONENTS, RegularizationConstants=CONSTANTS, Radius=1.0)


def weighted_similarity(a: Any, b: Any) -> Any:
    """ssim with exponents, by its three factors."""
    ma, mb, va, vb, cov = moments(a, b, 1.0)
    deviations = np.sqrt(va * vb)
    c1, c2, c3 = CONSTANTS
    factors = [(2 * ma * mb + c1) / (ma**2 + mb**2 + c1), (2 * deviations + c2) / (va + vb + c2),
               (cov + c3) / (deviations + c3)]  # fmt: skip
    quality = np.prod([f**p for f, p in zip(factors, EXPONENTS, strict=True)], axis=0)
    return quality.mean(axis=(0, 1), keepdims=True)


def two_scales(a: Any, b: Any) -> Any:
    """multissim with two scales of equal weights."""
    *_, va, vb, cov = moments(a, b, 1.0)
    c2 = (0.03 * RANGE) ** 2
    first = ((2 * cov + c2) / (va + vb + c2)).mean(axis=(0, 1), keepdims=True)
    h, w = a.shape[0] // 2 * 2, a.shape[1] // 2 * 2
    halves = [(x[0:h:2, 0:w:2] + x[1:h:2, 0:w:2] + x[0:h:2, 1:w:2] + x[1:h:2, 1:w:2]) / 4
              for x in (a, b)]  # fmt: skip
    return np.sqrt(first * similar(*halves))


def near(shape: Shape) -> Draw:
    """An image, and one that is like it."""

    def draw(rng: np.random.Generator) -> list[Any]:
        a = rng.uniform(0.2, 0.8, shape)
        return [a, a + rng.uniform(-0.05, 0.05, shape)]

    return draw


def signal_to_noise(a: Any, b: Any) -> Any:
    y = np.empty((1, 1, 1, a.shape[3]))
    for k in range(a.shape[3]):
        pairs = zip(a[..., k].ravel(), b[..., k].ravel(), strict=True)
        errors = [(p - q) ** 2 for p, q in pairs]
        y[..., k] = 10 * math.log10(4.0 / (math.fsum(errors) / len(errors)))
    return y


# ---- classes ------------------------------------------------------------------------------------


def overlap(x: Any, t: Any) -> Any:
    y = np.empty((1, 1, 1, x.shape[3]))
    for b in range(x.shape[3]):
        top = bottom = 0.0
        for k in range(x.shape[2]):
            p, q = x[:, :, k, b], t[:, :, k, b]
            top += 2 * (p * q).sum() / q.sum() ** 2
            bottom += (p * p + q * q).sum() / q.sum() ** 2
        y[..., b] = top / bottom
    return y


def focal(y: Any, t: Any) -> Any:
    total = 0.0
    for p, q in zip(y.ravel(), t.ravel(), strict=True):
        total -= 0.3 * (1 - p) ** 1.5 * q * math.log(p) + 0.7 * p**1.5 * (1 - q) * math.log(1 - p)
    return total / y.shape[1]


def focal_call(y: dlarray, t: dlarray) -> dlarray:
    return focalCrossEntropy(y, t, Gamma=1.5, Alpha=0.3, ClassificationMode="multilabel",
                             NormalizationFactor="batch-size")  # fmt: skip


# ---- interpolation ------------------------------------------------------------------------------


def between(x: Any, v: Any, xq: Any) -> Any:
    return np.stack([np.interp(xq, x, column) for column in v.T], axis=1)


def samples(rng: np.random.Generator) -> list[Any]:
    """Points about 2 apart, and query points that are in the middle third between two of them."""
    x = np.arange(6) * 2.0 + rng.uniform(-0.3, 0.3, 6)
    left = rng.integers(0, 5, 7)
    xq = x[left] + (x[left + 1] - x[left]) * rng.uniform(0.4, 0.6, 7)
    return [x, rng.standard_normal((6, 3)), xq]


ROWS = [
    *[
        Row(f"depthToSpace[{mode}]", "",
            labelled(lambda x, mode=mode: depthToSpace(x, [2, 3], Mode=mode), "SSCB"),
            normal((2, 3, 12, 2)), reference=blocks(mode), also=[normal((1, 0, 6, 1))])
        for mode in ("dcr", "crd")
    ],
    Row("spaceToDepth", "", labelled(lambda x: spaceToDepth(x, [2, 3]), "SSCB"),
        normal((4, 6, 2, 2)), reference=depths,
        also=[normal((5, 8, 1, 1)), normal((1, 3, 1, 1))]),
    Row("dlresize[linear]", "",
        labelled(lambda x: dlresize(x, OutputSize=[5, 3], Method="linear"), "SSCB"),
        normal((3, 4, 2, 2)), reference=resized((5, 3)),
        also=[normal((1, 2, 1, 1)), normal((7, 3, 2, 0))]),
    Row("dlresize[nearest]", "", labelled(lambda x: dlresize(x, Scale=[2, 1]), "SSC"),
        normal((3, 2, 2)), reference=lambda x: np.repeat(x, 2, axis=0), also=[normal((1, 1, 0))]),
    Row("psnr", "", labelled(lambda a, b: psnr(a, b, 2.0), "SSCB", "SSCB"),
        apart(*[(3, 2, 2, 2)] * 2), radius=0.25, reference=signal_to_noise),
    Row("ssim", "",
        labelled(lambda a, b: ssim(a, b, Radius=1.0, DynamicRange=RANGE), "SSCB", "SSCB"),
        near((4, 5, 2, 1)), radius=0.05, reference=similar, also=[near((2, 2, 1, 2))]),
    Row("ssim[exponents]", "", labelled(powers, "SSC", "SSC"), near((4, 4, 1)),
        radius=0.05, reference=weighted_similarity),
    Row("multissim", "",
        labelled(lambda a, b: multissim(a, b, NumScales=2, Sigma=1.0, DynamicRange=RANGE),
                 "SSC", "SSC"),
        near((5, 4, 1)), radius=0.05, reference=two_scales),
    Row("generalizedDice", "", labelled(generalizedDice, "SSCB", "SSCB"),
        uniform(0.2, 0.8, *[(2, 3, 2, 2)] * 2), radius=0.1, reference=overlap),
    Row("focalCrossEntropy", "", labelled(focal_call, "CB", "CB"),
        uniform(0.3, 0.7, *[(3, 2)] * 2), radius=0.1, reference=focal),
    Row("interp1", "", labelled(interp1, "", "", ""), samples, radius=0.1, reference=between),
]  # fmt: skip
