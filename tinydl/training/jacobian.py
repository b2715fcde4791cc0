"""Derivatives of several outputs at once: Jacobian, divergence and Laplacian, observation by
observation.

All three rest on one thought. If every observation of u depends on its own observation of x only,
the gradient of the sum over the observations holds the derivative of each. A computation that
couples observations, such as batch normalization by the statistics of the batch, breaks it: that is
an error, and observation_jacobian takes the gradients of the observations one by one.

Often the record itself shows that nothing is coupled, and how second derivatives go forward with
the values (training/laplacian.py). Where it does not, gradients show both (training/coupling.py).
"""

from __future__ import annotations

from collections.abc import Iterator

from tinydl.functions.arguments import axes
from tinydl.functions.reduce import sum
from tinydl.functions.shape import cat
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.display import header
from tinydl.labels.options import named_options
from tinydl.primitives.shape import reshape
from tinydl.training.coupling import Probe, observation_dimensions
from tinydl.training.differentiate import check_recorded, check_variable, dlgradient
from tinydl.training.laplacian import followed, pushed_laplacian


@named_options
def dljacobian(
    u: dlarray,
    x: dlarray,
    dim: str | None = None,
    *,
    axis: int | None = None,
    EnableHigherDerivatives: bool = True,
) -> dlarray:
    """The derivatives ∂uᵢ/∂x of the elements of u along one dimension, for each observation.

    The dimension of u is named by its label, ``dljacobian(u, x, "C")``, or by its position from 0,
    ``dljacobian(u, x, axis=0)``; it can be left out where only one is longer than 1. Everything
    else of u is summed.

    Dimensions of u that x has too, at the same label or position and with the same size, are those
    of observations, and each observation of u must depend on its own observation of x only. If a
    function on the way couples them, as batch normalization does in training, a ValueError names
    it; predict, fix_statistics and observation_jacobian give the derivatives then. Along
    dimensions that differ, as after a sum of u, the derivative is that of the sum.

    If u has one element along that dimension, the result has the size and labels of x. Otherwise it
    has no labels, and one dimension more, the first: the size is m × (size of x), and
    ``jac[i, j, n]`` is ∂uᵢ/∂xⱼ of observation n.

    Called inside a function that dlfeval evaluates, like dlgradient. The result is recorded and can
    be differentiated again; EnableHigherDerivatives=False makes it a constant. In either case the
    record is kept for further gradients.

    Example:
        >>> from tinydl import dlarray, dlfeval, dljacobian
        >>> turned = lambda x: dljacobian(cat("C", -x[1, :], 2 * x[0, :]), x, "C")
        >>> dlfeval(turned, dlarray([[1.0], [5.0]], "CB"))
        2×2×1 dlarray
        [[[ 0.]
          [-1.]]
        <BLANKLINE>
         [[ 2.]
          [ 0.]]]
    """
    at = _operation_dimension(u, x, dim, axis, "dljacobian")
    rows = [_slope(part, x, EnableHigherDerivatives) for part in _parts(u, at)]
    if followed(u, x, at) is None:
        Probe(u, x, at, 0, "dljacobian").check(rows)
    return _stacked(rows, x)


@named_options
def observation_jacobian(
    u: dlarray,
    x: dlarray,
    dim: str | None = None,
    *,
    axis: int | None = None,
    EnableHigherDerivatives: bool = True,
) -> dlarray:
    """The derivatives ∂uᵢ/∂x of dljacobian where observations are coupled, one by one.

    Element n of the result is the derivative of uᵢ of observation n by x of observation n, with
    all other observations held: the diagonal blocks of the whole Jacobian. It is exact for every
    computation. Arguments, size and labels are those of dljacobian.

    Each observation takes a gradient of its own through the whole batch, so that the time grows
    with the square of the number of observations. Where nothing is coupled dljacobian gives the
    same from one gradient.

    Example:
        >>> from tinydl import dlarray, dlfeval, mean, observation_jacobian
        >>> centred = lambda x: observation_jacobian(x - mean(x, "B"), x, "C")
        >>> dlfeval(centred, dlarray([[1.0, 2.0, 3.0, 6.0]], "CB"))  # 1 − 1/4 each
        1(C) × 4(B) dlarray
        [[0.75 0.75 0.75 0.75]]
    """
    at = _operation_dimension(u, x, dim, axis, "observation_jacobian")
    pairs = observation_dimensions(u, x, at)
    return _stacked([_own_slope(part, x, pairs, EnableHigherDerivatives)
                     for part in _parts(u, at)], x)  # fmt: skip


def _own_slope(u: dlarray, x: dlarray, pairs: list[tuple[int, int]], higher: bool) -> dlarray:
    """The gradient of each observation of u, where x has that observation."""
    if not pairs:
        return _slope(u, x, higher)
    (in_u, in_x), *rest = pairs
    own = [_part(_own_slope(part, x, rest, higher), in_x, n)
           for n, part in enumerate(_parts(u, in_u))]  # fmt: skip
    return cat(None, *own, axis=in_x)


def _stacked(rows: list[dlarray], x: dlarray) -> dlarray:
    """Gradients by x as one array, with a first dimension unless there is only one of them."""
    if len(rows) == 1:
        return rows[0]
    first = (1, *x.shape)
    rows = [dlarray._make(reshape(row._value, shape=first, order="C"), "") for row in rows]
    return cat(None, *rows, axis=0)


@named_options
def dldivergence(
    u: dlarray,
    x: dlarray,
    dim: str | None = None,
    *,
    axis: int | None = None,
    EnableHigherDerivatives: bool = True,
) -> dlarray:
    """The divergence Σᵢ ∂uᵢ/∂xᵢ along one dimension, for each observation.

    u and x have equal sizes along that dimension, which is named as in dljacobian. The result has
    the labels of x, and size 1 along the dimension. Coupled observations are an error, and
    EnableHigherDerivatives works, as in dljacobian.

    Example:
        >>> from tinydl import dlarray, dldivergence, dlfeval
        >>> dlfeval(lambda x: dldivergence(x**2, x, "C"), dlarray([[1.0, 2.0], [5.0, 6.0]], "CB"))
        1(C) × 2(B) dlarray
        [[12. 16.]]
    """
    at = _operation_dimension(u, x, dim, axis, "dldivergence")
    along = _same_dimension(u, x, at, dim, "dldivergence")
    if u.shape[at] != x.shape[along]:
        raise ValueError(
            f"dldivergence: u is {header(u._value, u.dims)} and x is {header(x._value, x.dims)}; "
            f"along the dimension they need equal sizes, not {u.shape[at]} and {x.shape[along]}"
        )
    slopes = [_slope(part, x, EnableHigherDerivatives) for part in _parts(u, at)]
    if followed(u, x, at) is None:
        Probe(u, x, at, along, "dldivergence").check(slopes)
    return _sum_of([_part(slope, along, i) for i, slope in enumerate(slopes)])


@named_options
def dllaplacian(
    u: dlarray,
    x: dlarray,
    dim: str | None = None,
    *,
    axis: int | None = None,
    EnableHigherDerivatives: bool = True,
) -> dlarray:
    """The Laplacian Σⱼ ∂²uᵢ/∂xⱼ² for each element of u along one dimension, and each observation.

    The dimension is named as in dljacobian, and j runs over the same dimension of x. The result has
    the labels of x, and the size of u along the dimension. Coupled observations are an error, and
    EnableHigherDerivatives works, as in dljacobian.

    Where every operation between x and u is of a kind that keeps observations apart and has a known
    second derivative, as in fully connected networks, the derivatives go forward through the record
    once. That is faster than the gradients of gradients which are taken else, and gives the same.

    Example:
        >>> from tinydl import dlarray, dlfeval, dllaplacian, sum
        >>> squared_length = lambda x: dllaplacian(sum(x**2, "C"), x, "C")
        >>> dlfeval(squared_length, dlarray([[1.0, 2.0], [5.0, 6.0]], "CB"))
        1(C) × 2(B) dlarray
        [[4. 4.]]
    """
    at = _operation_dimension(u, x, dim, axis, "dllaplacian")
    along = _same_dimension(u, x, at, dim, "dllaplacian")
    pushed = pushed_laplacian(u, x, at, along, EnableHigherDerivatives)
    return _by_gradients(u, x, at, along, EnableHigherDerivatives) if pushed is None else pushed


def _by_gradients(u: dlarray, x: dlarray, at: int, along: int, higher: bool) -> dlarray:
    """The Laplacian by gradients of gradients, after a look whether observations are coupled."""
    probe = Probe(u, x, at, along, "dllaplacian")
    slopes = [_slope(part, x, True) for part in _parts(u, at)]
    probe.check(slopes)
    curvatures = [[_slope(partial, x, higher) for partial in _parts(slope, along)]
                  for slope in slopes]  # fmt: skip
    probe.check_second([curvature for row in curvatures for curvature in row])
    rows = [_sum_of([_part(curvature, along, j) for j, curvature in enumerate(row)])
            for row in curvatures]  # fmt: skip
    return rows[0] if len(rows) == 1 else cat(None, *rows, axis=along)


def _operation_dimension(
    u: dlarray, x: dlarray, dim: str | None, axis: int | None, caller: str
) -> int:
    """The position of the one dimension of u that is meant, where it has elements."""
    check_recorded(u, caller)
    check_variable(x, caller)
    if u.ndim == 0:
        return 0
    found = axes(u, dim, axis, caller)
    if dim is None and axis is None:
        found = tuple([i for i in found if u.shape[i] != 1][:1]) or (0,)
    if len(found) != 1 or u.shape[found[0]] == 0:
        raise ValueError(
            f"{caller}: one dimension of u with elements is needed, and u is "
            f"{header(u._value, u.dims)}; name it by its label or by axis="
        )
    return found[0]


def _same_dimension(u: dlarray, x: dlarray, at: int, dim: str | None, caller: str) -> int:
    """Where x has the dimension of u: under the same label, or at the same position."""
    label = u.dims[at] if u.dims else ""
    if x.ndim == 0:
        return 0
    found = formats.find(x.dims, label) if label and x.dims else (at,)
    if len(found) != 1 or found[0] >= x.ndim:
        raise ValueError(
            f"{caller}: x is {header(x._value, x.dims)} and does not have the dimension "
            f"{dim or at} of u, {header(u._value, u.dims)}"
        )
    return found[0]


def _parts(u: dlarray, at: int) -> Iterator[dlarray]:
    """The elements along one dimension, which stays, one by one."""
    for i in range(u.shape[at] if u.ndim else 1):
        yield _part(u, at, i)


def _part(u: dlarray, at: int, i: int) -> dlarray:
    if u.ndim == 0:
        return u
    return u[(*(slice(None),) * at, slice(i, i + 1), ...)]


def _slope(u: dlarray, x: dlarray, higher: bool) -> dlarray:
    """The gradient of the sum of u: for each observation its own derivative."""
    slope: dlarray = dlgradient(sum(u, "all"), x, EnableHigherDerivatives=higher, RetainData=True)
    return slope


def _sum_of(parts: list[dlarray]) -> dlarray:
    total, *rest = parts
    for part in rest:
        total = total + part
    return total
