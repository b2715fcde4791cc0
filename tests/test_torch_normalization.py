"""Normalization and resizing beside PyTorch: values and derivatives to second order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import tinydl as dl
from tests.beside_torch import assert_agree
from tests.strategies import normal

torch = pytest.importorskip("torch")
F = torch.nn.functional

SMALL, FEW = st.integers(2, 4), st.integers(1, 3)
EPSILON = st.floats(0.01, 1.0)


def images(x: Any) -> Any:
    """Height × width × channels × observations as PyTorch wants them."""
    return x.permute(3, 2, 0, 1)


def back(x: Any) -> Any:
    return x.permute(2, 3, 1, 0)


def parameters(channels: int) -> list[Any]:
    return [normal((channels,), 7), normal((channels,), 8)]


@given(h=SMALL, w=FEW, c=SMALL, b=FEW, epsilon=EPSILON)
def test_layernorm_of_images(h: int, w: int, c: int, b: int, epsilon: float) -> None:
    def theirs(x: Any, offset: Any, scale: Any) -> Any:
        y = F.layer_norm(images(x), [c, h, w], eps=epsilon)
        return back(y * scale[:, None, None] + offset[:, None, None])

    assert_agree(lambda *xs: dl.layernorm(*xs, Epsilon=epsilon), theirs,
                 [normal((h, w, c, b), 1), *parameters(c)], ["SSCB", "", ""])  # fmt: skip


@given(c=SMALL, b=FEW, t=FEW, epsilon=EPSILON)
def test_layernorm_of_sequences(c: int, b: int, t: int, epsilon: float) -> None:
    def theirs(x: Any, offset: Any, scale: Any) -> Any:
        return F.layer_norm(x.permute(1, 2, 0), [c], scale, offset, epsilon).permute(2, 0, 1)

    assert_agree(lambda *xs: dl.layernorm(*xs, Epsilon=epsilon), theirs,
                 [normal((c, b, t), 1), *parameters(c)], ["CBT", "", ""])  # fmt: skip


@given(h=SMALL, w=FEW, groups=FEW, within=FEW, b=FEW, epsilon=EPSILON)
def test_groupnorm(h: int, w: int, groups: int, within: int, b: int, epsilon: float) -> None:
    c = groups * within

    def theirs(x: Any, offset: Any, scale: Any) -> Any:
        return back(F.group_norm(images(x), groups, scale, offset, epsilon))

    assert_agree(lambda x, *p: dl.groupnorm(x, groups, *p, Epsilon=epsilon), theirs,
                 [normal((h, w, c, b), 1), *parameters(c)], ["SSCB", "", ""])  # fmt: skip


@given(h=SMALL, w=FEW, c=FEW, b=FEW, epsilon=EPSILON)
def test_instancenorm(h: int, w: int, c: int, b: int, epsilon: float) -> None:
    """Derivatives are held against groups of one channel: for an output that is permuted, as here,
    the gradient of PyTorch 2.13's instance_norm contradicts its own differences.
    """

    def values(x: Any, offset: Any, scale: Any) -> Any:
        return back(F.instance_norm(images(x), None, None, scale, offset, eps=epsilon))

    def theirs(x: Any, offset: Any, scale: Any) -> Any:
        return back(F.group_norm(images(x), c, scale, offset, epsilon))

    ours = lambda *xs: dl.instancenorm(*xs, Epsilon=epsilon)
    arrays, formats = [normal((h, w, c, b), 1), *parameters(c)], ["SSCB", "", ""]
    assert_agree(ours, values, arrays, formats, orders=0)
    assert_agree(ours, theirs, arrays, formats)


@given(h=FEW, c=st.integers(1, 6), b=FEW, width=st.integers(1, 6),
       alpha=st.floats(0.01, 1.0), beta=st.floats(0.25, 1.5), k=st.floats(0.5, 3.0))  # fmt: skip
def test_crosschannelnorm(
    h: int, c: int, b: int, width: int, alpha: float, beta: float, k: float
) -> None:
    def theirs(x: Any) -> Any:
        # An even window of PyTorch's looks back, MATLAB's forward.
        flipped = images(x).flip(1)
        return back(F.local_response_norm(flipped, width, alpha, beta, k).flip(1))

    assert_agree(lambda x: dl.crosschannelnorm(x, width, Alpha=alpha, Beta=beta, K=k), theirs,
                 [normal((h, 2, c, b), 1)], ["SSCB"])  # fmt: skip


@given(h=FEW, w=FEW, c=FEW, b=FEW, block=FEW)
def test_blocks_are_pixel_shuffle(h: int, w: int, c: int, b: int, block: int) -> None:
    assert_agree(lambda x: dl.depthToSpace(x, block, Mode="crd"),
                 lambda x: back(F.pixel_shuffle(images(x), block)),
                 [normal((h, w, c * block**2, b), 1)], ["SSCB"])  # fmt: skip


SIZES = st.tuples(st.integers(1, 5), st.integers(1, 5))


@given(old=SIZES, new=SIZES, c=FEW, b=FEW)
def test_linear_resize(old: tuple[int, int], new: tuple[int, int], c: int, b: int) -> None:
    assert_agree(lambda x: dl.dlresize(x, OutputSize=new, Method="linear"),
                 lambda x: back(F.interpolate(images(x), new, mode="bilinear")),
                 [normal((*old, c, b), 1)], ["SSCB"])  # fmt: skip


@given(old=SIZES, scale=st.tuples(*[st.floats(0.3, 3.0)] * 2))
def test_linear_resize_by_a_scale(old: tuple[int, int], scale: tuple[float, float]) -> None:
    new = tuple(int(n * s) for n, s in zip(old, scale, strict=True))
    # PyTorch copies along a dimension whose size does not change, whatever the scale.
    assume(all(n > 0 and (n != m or s == 1.0) for n, m, s in zip(new, old, scale, strict=True)))
    assert_agree(lambda x: dl.dlresize(x, Scale=scale, Method="linear"),
                 lambda x: back(F.interpolate(images(x), scale_factor=scale, mode="bilinear")),
                 [normal((*old, 2, 1), 1)], ["SSCB"])  # fmt: skip


@given(old=SIZES, new=SIZES)
def test_nearest_resize(old: tuple[int, int], new: tuple[int, int]) -> None:
    """PyTorch's "nearest" rounds i / Scale down, in single precision; whole ratios are exact."""
    assume(all(m % n == 0 or n % m == 0 for m, n in zip(new, old, strict=True)))
    options: Any = {"GeometricTransformMode": "asymmetric", "NearestRoundingMode": "floor"}
    assert_agree(lambda x: dl.dlresize(x, OutputSize=new, **options),
                 lambda x: back(F.interpolate(images(x), new, mode="nearest")),
                 [normal((*old, 2, 1), 1)], ["SSCB"])  # fmt: skip
