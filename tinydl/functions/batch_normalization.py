"""Batch normalization: by the statistics that a batch has for each channel, or by given ones."""

from __future__ import annotations

from typing import Any

from tinydl.autodiff.record import noted, plain
from tinydl.functions.formats import data_format
from tinydl.functions.layerwise import of_one_class
from tinydl.functions.normalization import for_channels, of_channels
from tinydl.labels import devices, dlarray
from tinydl.labels.align import classes
from tinydl.labels.options import named_options
from tinydl.primitives import elementwise, normalize
from tinydl.primitives.shape import in_shape, take


@named_options
def batchnorm(
    X: dlarray,
    offset: Any,
    scaleFactor: Any,
    mu: Any = None,
    sigmaSq: Any = None,
    *,
    Epsilon: float = 1e-5,
    MeanDecay: float = 0.1,
    VarianceDecay: float = 0.1,
    DataFormat: str | None = None,
    nargout: int | None = None,
) -> Any:
    """Each channel normalized, then scaled and shifted: scale · (x − μ) / √(σ² + Epsilon) + offset.

    Which statistics are used depends on what is given and asked for:

    * ``Y, mu, sigmaSq = batchnorm(X, offset, scale)``: those of this batch, which are returned.
      The variance is divided by the number of elements N, not by N − 1.
    * ``Y = batchnorm(X, offset, scale, mu, sigmaSq)``: the given ones.
    * ``Y, mu, sigmaSq = batchnorm(X, offset, scale, mu, sigmaSq, nargout=3)``: those of this batch;
      the given ones are moved towards them, by φ · batch + (1 − φ) · given with φ = MeanDecay and
      VarianceDecay, and returned.

    Statistics are taken over all dimensions but C. They are differentiated like everything else;
    mu and sigmaSq have the shape of offset. Ioffe and Szegedy, "Batch normalization", 2015.

    Example:
        >>> from tinydl import batchnorm, dlarray
        >>> X = dlarray([[1.0, 3.0]], "CB")
        >>> Y, mu, sigmaSq = batchnorm(X, [0.0], [1.0], Epsilon=1e-12)
        >>> Y, float(mu), float(sigmaSq)
        (1(C) × 2(B) dlarray
        [[-1.  1.]], 2.0, 1.0)
    """
    labelled = data_format(X, DataFormat, "batchnorm", needs="C")
    given = mu is not None and sigmaSq is not None
    if (mu is None) != (sigmaSq is None):
        raise ValueError("batchnorm: give both mu and sigmaSq, or neither")
    nargout = (1 if given else 3) if nargout is None else nargout
    if nargout not in ((1, 3) if given else (3,)):
        raise ValueError(
            f"batchnorm: nargout={nargout}; with mu and sigmaSq it is 1 (normalize with them) or 3 "
            "(update them), without them always 3"
        )
    if nargout == 1:
        return labelled.back(_by_given(labelled.X, offset, scaleFactor, mu, sigmaSq, Epsilon))
    Y, *statistics = by_batch(
        labelled.X, offset, scaleFactor, mu, sigmaSq, Epsilon=Epsilon, MeanDecay=MeanDecay,
        VarianceDecay=VarianceDecay,
    )  # fmt: skip
    return labelled.back(Y), *statistics


def by_batch(
    X: dlarray,
    offset: Any,
    scaleFactor: Any,
    mu: Any,
    sigmaSq: Any,
    *,
    Epsilon: float,
    MeanDecay: float,
    VarianceDecay: float,
    function: Any = normalize.batch_normalize,
    follow: bool = True,
) -> tuple[dlarray, dlarray, dlarray]:
    """batchnorm by the statistics of the batch, for an X with labels: its three results.

    function is batch_normalize, or a primitive that does more to the result. Without follow the
    statistics are given as constants; that they depend on X counts in the first result anyway.
    """
    x, b, a = of_one_class(
        X=X._value, offset=of_channels(offset, X, "offset", "batchnorm"),
        scaleFactor=of_channels(scaleFactor, X, "scaleFactor", "batchnorm"),
    )  # fmt: skip
    olds = [_running(s, X, name) for s, name in ((mu, "mu"), (sigmaSq, "sigmaSq"))
            if s is not None]  # fmt: skip
    data = x if follow else plain(x)
    channel, decays = X.dims.index("C"), (float(MeanDecay), float(VarianceDecay))
    if olds and olds[0].dtype == olds[1].dtype == x.dtype:
        moments = normalize.moved_moments(data, *olds, channel=channel, decays=decays)
        news = [_of_shape(b.shape, moments, i) for i in (2, 3)]
    else:
        moments = normalize.channel_moments(data, channel=channel)
        news = [_of_shape(b.shape, moments, i) for i in (0, 1)]
        if olds:
            news = [moved(*of_one) for of_one in zip(olds, news, decays, strict=True)]
    y = function(x, noted(moments, "batchnorm"), a, b, channel=channel, epsilon=float(Epsilon))
    m, v = [dlarray._make(value, "") for value in news]
    return dlarray._make(noted(y, "batchnorm"), X.dims), m, v


def _of_shape(sizes: tuple[int, ...], moments: Any, i: int) -> Any:
    """One of the moments in the shape of a parameter, often the first dimensions of its own."""
    long, kept = moments.shape[1:], len(sizes)
    if long[:kept] != sizes:
        return in_shape(take(moments, index=i), sizes)
    return take(moments, index=(i, *(slice(None),) * kept, *(0,) * (len(long) - kept)))


def moved(old: Any, new: Any, decay: float) -> Any:
    """A running statistic after one more batch: decay · new + (1 − decay) · old."""
    old, new = classes(in_shape(old, new.shape), new)
    return elementwise.between(old, new, weight=decay)


def _by_given(
    X: dlarray, offset: Any, scaleFactor: Any, mu: Any, sigmaSq: Any, epsilon: float
) -> dlarray:
    """batchnorm by given statistics."""
    x, b, a, m, v = of_one_class(
        X=X._value, offset=for_channels(offset, X, "offset", "batchnorm"),
        scaleFactor=for_channels(scaleFactor, X, "scaleFactor", "batchnorm"),
        mu=_running(mu, X, "mu"), sigmaSq=_running(sigmaSq, X, "sigmaSq"),
    )  # fmt: skip
    return dlarray._make(normalize.normalize(x, m, v, a, b, epsilon=float(epsilon)), X.dims)


def _running(statistic: Any, X: dlarray, name: str) -> Any:
    """A running statistic on the device of the data, where State may not have been yet."""
    return devices.beside(X._value, for_channels(statistic, X, name, "batchnorm"))
