"""How alike two images are: peak signal-to-noise ratio and structural similarity.

The images are the S dimensions of an array, each channel, observation and time step an image of its
own (for psnr all channels of an observation are one image); the result keeps the other dimensions,
with S of size 1. An array without labels, and without DataFormat=, is a single image or volume.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from tinydl.autodiff.record import plain
from tinydl.backend import host, on_device_of
from tinydl.functions.arguments import as_dlarray, numbers_too, outputs, whole_sizes
from tinydl.functions.formats import Labelled, data_format
from tinydl.functions.layerwise import same_class
from tinydl.functions.window import padded
from tinydl.labels import dlarray
from tinydl.labels.classes import arithmetic
from tinydl.labels.display import header
from tinydl.labels.options import named_options
from tinydl.primitives import elementwise as e
from tinydl.primitives import reduce
from tinydl.primitives.convolve import convolve
from tinydl.primitives.shape import reshape, take

TEN_OVER_LOG_10 = 10 / math.log(10)  # 10 log₁₀ x = TEN_OVER_LOG_10 · ln x


@named_options
@numbers_too
def psnr(
    A: Any, ref: Any, peakval: float = 1.0, *, DataFormat: str | None = None, nargout: int = 1
) -> Any:
    """The peak signal-to-noise ratio in decibels: 10 log₁₀(peakval² / mean((A − ref)²)).

    peakval is the largest value that a pixel can have. The mean is taken over all dimensions but B
    and T, which stay; of arrays without labels it is taken over everything. nargout=2 also gives
    10 log₁₀(mean(ref²) / mean((A − ref)²)). Equal images have the ratio Inf.

    Example:
        >>> from tinydl import psnr
        >>> print(f"{psnr([[1.0, 0.5]], [[0.9, 0.6]]):.2f}")
        20.00
    """
    if not peakval > 0:
        raise ValueError(f"psnr: peakval is a positive number, not {peakval!r}")
    images = _pair(A, ref, DataFormat, "psnr")
    fmt = images.fmt
    axis = tuple([i for i in range(images.a.ndim) if not fmt or fmt[i] not in "BT"])
    error = e.subtract(images.a, images.b)
    with host.quiet():  # equal images: the logarithm of 0 is −Inf
        noise = e.log(reduce.mean(e.multiply(error, error), axis=axis))
        signal = e.log(reduce.mean(e.multiply(images.b, images.b), axis=axis))
    peak = (2.0 * math.log(peakval) - noise) * TEN_OVER_LOG_10
    if outputs(nargout, 2, "psnr") == 1:
        return images.result(peak)
    return images.result(peak), images.result(e.subtract(signal, noise) * TEN_OVER_LOG_10)


@named_options
@numbers_too
def ssim(
    A: Any,
    ref: Any,
    *,
    Exponents: Any = (1.0, 1.0, 1.0),
    RegularizationConstants: Any = None,
    DynamicRange: float = 1.0,
    Radius: float = 1.5,
    DataFormat: str | None = None,
    nargout: int = 1,
) -> Any:
    """The structural similarity of two images: the mean of lᵅ cᵝ sᵞ, 1 where they are equal.

    With means μ, deviations σ and the covariance σ₁₂ of both images in a Gaussian window whose
    standard deviation is Radius, at each pixel

        l = (2 μ₁μ₂ + C₁) / (μ₁² + μ₂² + C₁)    luminance
        c = (2 σ₁σ₂ + C₂) / (σ₁² + σ₂² + C₂)    contrast
        s = (σ₁₂ + C₃) / (σ₁σ₂ + C₃)            structure

    Exponents= are α, β, γ and RegularizationConstants= C₁, C₂, C₃, by default (0.01 L)², (0.03 L)²
    and C₂/2 with L = DynamicRange, the largest value that a pixel can have. Beyond the rim the
    outermost pixels are repeated. Where an exponent is no whole number, terms below 0 count as 0.
    With nargout=2 the values at each pixel are given too. An array has two S dimensions, or three
    for volumes. Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment", 2004.

    Example:
        >>> from tinydl import ones, ssim
        >>> print(f"{ssim(ones(8, 8), ones(8, 8)):.3f} {ssim(ones(8, 8), 0.5 * ones(8, 8)):.3f}")
        1.000 0.800
    """
    exponents = _numbers(Exponents, 3, "ssim: Exponents")
    constants = _constants(RegularizationConstants, DynamicRange, "ssim")
    images = _pair(A, ref, DataFormat, "ssim", ranks=(2, 3))
    local = _Statistics.of(images.a, images.b, images.rank, Radius, "ssim")
    if exponents == (1.0, 1.0, 1.0) and constants[2] == constants[1] / 2:
        quality = e.multiply(local.luminance(constants[0]), local.variation(constants[1]))
    else:
        terms = local.luminance(constants[0]), *local.contrast_and_structure(*constants[1:])
        quality = None
        for term, exponent in zip(terms, exponents, strict=True):
            kept = term if exponent.is_integer() else e.maximum(term, 0.0)
            factor = e.power(kept, p=exponent)
            quality = factor if quality is None else e.multiply(quality, factor)
    value = images.result(reduce.mean(quality, axis=tuple(range(images.rank))))
    return value if outputs(nargout, 2, "ssim") == 1 else (value, images.back(quality))


@named_options
@numbers_too
def multissim(
    A: Any,
    ref: Any,
    *,
    NumScales: int = 5,
    ScaleWeights: Any = None,
    Sigma: float = 1.5,
    DynamicRange: float = 1.0,
    DataFormat: str | None = None,
) -> Any:
    """Structural similarity over several sizes of two images: the product of qᵢ^wᵢ.

    Image 1 is the given one, and each further image the means of 2 × 2 pixels of the one before. qᵢ
    is the mean over the pixels of contrast · structure, (2 σ₁₂ + C₂) / (σ₁² + σ₂² + C₂), and for
    the last image of luminance · contrast · structure; a qᵢ below 0 counts as 0. Windows (Sigma)
    and constants are those of ssim. ScaleWeights= are divided by their sum; the default is the bell
    exp(−d²/2) of the distance d from the middle scale. Each image needs 2^(NumScales − 1) pixels in
    each direction. An array has two S dimensions. Wang, Simoncelli and Bovik, "Multiscale
    structural similarity", 2003.

    Example:
        >>> from tinydl import multissim, ones
        >>> print(f"{multissim(ones(16, 16), ones(16, 16)):.3f}")
        1.000
    """
    (scales,) = whole_sizes((NumScales,), "multissim: NumScales", least=1)
    weights = _scale_weights(ScaleWeights, scales)
    constants = _constants(None, DynamicRange, "multissim")
    images = _pair(A, ref, DataFormat, "multissim", ranks=(2,))
    a, b, rank = images.a, images.b, images.rank
    if min(a.shape[:rank]) < 2 ** (scales - 1):
        raise ValueError(
            f"multissim: images of {' × '.join(map(str, a.shape[:rank]))} pixels for {scales} "
            f"scales, which need {2 ** (scales - 1)} in each direction; lower NumScales"
        )
    score = None
    for scale, weight in enumerate(weights, start=1):
        local = _Statistics.of(a, b, rank, Sigma, "multissim")
        quality = local.variation(constants[1])
        if scale == scales:
            quality = e.multiply(quality, local.luminance(constants[0]))
        else:
            a, b = _halved(a, rank), _halved(b, rank)
        mean = e.maximum(reduce.mean(quality, axis=tuple(range(rank))), 0.0)
        factor = e.power(mean, p=weight)
        score = factor if score is None else e.multiply(score, factor)
    return images.result(score)


class _Statistics(NamedTuple):
    """Local means, variances and the covariance of two images."""

    mean_a: Any
    mean_b: Any
    variance_a: Any
    variance_b: Any
    covariance: Any

    @classmethod
    def of(cls, a: Any, b: Any, rank: int, sigma: float, caller: str) -> _Statistics:
        if not (sigma > 0 and math.isfinite(sigma)):
            raise ValueError(f"{caller}: the window's standard deviation must be positive, "
                             f"not {sigma!r}")  # fmt: skip
        mean_a, mean_b = _smoothed(a, rank, sigma), _smoothed(b, rank, sigma)
        moments = []
        for x, y, mx, my in (
            (a, a, mean_a, mean_a),
            (b, b, mean_b, mean_b),
            (a, b, mean_a, mean_b),
        ):
            moments.append(e.subtract(_smoothed(e.multiply(x, y), rank, sigma), e.multiply(mx, my)))
        return cls(mean_a, mean_b, *moments)

    def luminance(self, c: float) -> Any:
        squares = e.add(e.multiply(self.mean_a, self.mean_a), e.multiply(self.mean_b, self.mean_b))
        return e.divide(e.multiply(self.mean_a, self.mean_b) * 2.0 + c, squares + c)

    def variation(self, c: float) -> Any:
        """Contrast · structure with C₃ = C₂/2, in which the deviations cancel."""
        return e.divide(self.covariance * 2.0 + c, e.add(self.variance_a, self.variance_b) + c)

    def contrast_and_structure(self, c2: float, c3: float) -> tuple[Any, Any]:
        variances = [e.maximum(v, 0.0) for v in (self.variance_a, self.variance_b)]
        deviations = e.multiply(e.sqrt(variances[0]), e.sqrt(variances[1]))
        contrast = e.divide(deviations * 2.0 + c2, e.add(*variances) + c2)
        return contrast, e.divide(self.covariance + c3, deviations + c3)


def _smoothed(x: Any, rank: int, sigma: float) -> Any:
    """Means weighted by a Gaussian window of 2⌈3σ⌉ + 1 pixels, along each dimension in turn."""
    reach = math.ceil(3.0 * sigma)
    bell = [math.exp(-((i / sigma) ** 2) / 2) for i in range(-reach, reach + 1)]
    weights = host.asarray([w / math.fsum(bell) for w in bell], plain(x).dtype)
    sizes = x.shape
    x = reshape(x, shape=(*sizes[:rank], 1, math.prod(sizes[rank:])), order="C")
    for axis in range(rank):
        widths = tuple([(reach, reach) if i == axis else (0, 0) for i in range(rank)])
        x, none = padded(x, widths, "replicate")
        window = weights.reshape([-1 if i == axis else 1 for i in range(rank + 2)])
        ones = (1,) * rank
        x = convolve(x, on_device_of(plain(x), window), stride=ones, dilation=ones, padding=none)
    return reshape(x, shape=sizes, order="C")


def _halved(x: Any, rank: int) -> Any:
    """The means of pairs of pixels along each S dimension; a last one without a partner goes."""
    for axis in range(rank):
        n = x.shape[axis] // 2
        even = take(x, index=(*(slice(None),) * axis, slice(0, 2 * n, 2)))
        odd = take(x, index=(*(slice(None),) * axis, slice(1, 2 * n, 2)))
        x = e.add(even, odd) * 0.5
    return x


class _Images(NamedTuple):
    """Two images or stacks of images in one class, and the way back to labels."""

    a: Any
    b: Any
    rank: int  # how many dimensions are pixels
    labelled: Labelled | None

    @property
    def fmt(self) -> str:
        return self.labelled.X.dims if self.labelled else ""

    def back(self, value: Any) -> dlarray:
        made = dlarray._make(value, self.fmt)
        return self.labelled.back(made) if self.labelled else made

    def result(self, value: Any) -> dlarray:
        """A value for each image; one number if there are no labels."""
        return self.back(value if self.labelled else reshape(value, shape=(), order="C"))


def _pair(
    A: dlarray, ref: Any, fmt: str | None, caller: str, ranks: tuple[int, ...] = ()
) -> _Images:
    B = as_dlarray(ref, f"{caller}: ref", beside=(A,))
    labelled = None
    if A.dims or fmt is not None:
        labelled = data_format(A, fmt, caller)
        A = labelled.X
        B = dlarray(B, fmt) if fmt is not None and not B.dims else B
    if B.shape != A.shape or (B.dims and B.dims != A.dims):
        raise ValueError(
            f"{caller}: the image is {header(A, A.dims)} and the reference "
            f"{header(B, B.dims)}; their sizes and labels must be equal"
        )
    if 0 in A.shape:
        raise ValueError(f"{caller}: {header(A, A.dims)} has no pixels to compare")
    rank = A.dims.count("S") if labelled else A.ndim
    if ranks and rank not in ranks:
        raise ValueError(
            f"{caller}: {header(A, A.dims)} has {rank} spatial dimensions instead of "
            f'{" or ".join(map(str, ranks))}; name the dimensions with labels such as "SSCB", or '
            'by DataFormat="SSCB"'
        )
    a, b = same_class(A=A, ref=B)
    return _Images(arithmetic(a), arithmetic(b), rank, labelled)


def _constants(given: Any, dynamic_range: float, caller: str) -> tuple[float, ...]:
    if not dynamic_range > 0:
        raise ValueError(f"{caller}: DynamicRange is a positive number, not {dynamic_range!r}")
    if given is None:
        c2 = (0.03 * dynamic_range) ** 2
        return (0.01 * dynamic_range) ** 2, c2, c2 / 2
    return _numbers(given, 3, f"{caller}: RegularizationConstants")


def _scale_weights(given: Any, scales: int) -> list[float]:
    if given is None:
        middle = (scales - 1) / 2
        weights: Sequence[float] = [math.exp(-((i - middle) ** 2) / 2) for i in range(scales)]
    else:
        weights = _numbers(given, scales, "multissim: ScaleWeights")
    return [w / math.fsum(weights) for w in weights]


def _numbers(given: Any, count: int, option: str) -> tuple[float, ...]:
    """Positive numbers, as many as needed."""
    listed = list(given) if hasattr(given, "__len__") and not isinstance(given, str) else [given]
    if len(listed) != count or not all([hasattr(n, "__float__") and n > 0 for n in listed]):
        raise ValueError(f"{option} is {count} positive numbers, not {given!r}")
    return tuple([float(n) for n in listed])
