"""Steps of solvers, and sums by place, in kernels: against NumPy, in both orders of the threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.cpuhip import standin
from tests.strategies import normal
from tinydl import adamupdate, dlarray, rmspropupdate, sgdmupdate
from tinydl.backend import numpy_backend
from tinydl.backend.kernels import solvers as kernels
from tinydl.training import solver

cupy = standin.cupy_or_skip()
from tinydl.backend import cupy_backend  # noqa: E402

pytestmark = pytest.mark.usefixtures("device")

CONSTANTS = {"sgdm": (0.1, 0.9), "adam": (0.1, 0.9, 0.99, 1e-3), "rmsprop": (0.1, 0.9, 1e-3)}
STATES = {"sgdm": 1, "adam": 2, "rmsprop": 1}
SHAPES = [(), (1,), (3, 5), (257,), (0, 4), (7, 11, 13)]
TOLERANCE = {np.float32: 1e-5, np.float64: 1e-13}


def rule(name: str) -> Any:
    """A solver's step, taken from a call of it."""
    taken: list[Any] = []

    class Library:
        @staticmethod
        def update_all(name: str, constants: Any, rule: Any, rows: Any) -> Any:
            taken.extend([constants, rule])
            return numpy_backend.update_all(name, constants, rule, rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solver, "xp", lambda *_: Library)
        w, g = dlarray(1.0), dlarray(2.0)
        if name == "sgdm":
            sgdmupdate(w, g, [], *CONSTANTS[name])
        elif name == "adam":
            adamupdate(w, g, [], [], 1, *CONSTANTS[name])
        else:
            rmspropupdate(w, g, [], *CONSTANTS[name])
    return taken


def rows(dtype: Any, states: int, fresh: bool, shapes: Any) -> list[Any]:
    made = []
    for i, shape in enumerate(shapes):
        w, g, *old = [
            np.asarray(np.abs(normal(shape, 10 * i + k)), dtype) for k in range(2 + states)
        ]
        made.append((w, g, 0.5 + i, *([None] * states if fresh else old)))
    return made


def there(row: Any) -> tuple[Any, ...]:
    return tuple([cupy.asarray(x) if isinstance(x, np.ndarray) else x for x in row])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("fresh", [True, False])
@pytest.mark.parametrize("name", CONSTANTS)
def test_steps_of_solvers(name: str, fresh: bool, dtype: Any, thread_order: str) -> None:
    constants, step = rule(name)
    given = rows(dtype, STATES[name], fresh, SHAPES)
    expected = numpy_backend.update_all(name, constants, step, given)
    found = cupy_backend.update_all(name, constants, step, [there(row) for row in given])
    for here, other in zip(expected, found, strict=True):
        assert len(here) == len(other) == 1 + STATES[name]
        for a, b in zip(here, other, strict=True):
            assert b.dtype == dtype and b.shape == a.shape
            np.testing.assert_allclose(b.get(), a, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("count", [1, kernels.MOST, kernels.MOST + 1])
def test_many_parameters_take_one_launch(count: int, thread_order: str) -> None:
    constants, step = rule("adam")
    given = rows(np.float32, 2, False, [(3,)] * count)
    moved = [there(row) for row in given]
    with standin.counted() as counts:
        found = cupy_backend.update_all("adam", constants, step, moved)
    assert counts.launches == -(-count // kernels.MOST)
    assert (counts.uploads, counts.waits) == (0, 0)
    for a, b in zip(numpy_backend.update_all("adam", constants, step, given), found, strict=True):
        np.testing.assert_allclose(b[0].get(), a[0], rtol=1e-5, atol=1e-6)


def test_parameters_with_steps_in_memory(thread_order: str) -> None:
    """Transposed gradients and classes that differ from one parameter to the next."""
    constants, step = rule("sgdm")
    given = [
        (normal((3, 4), k).astype(dtype), normal((4, 3), k + 1).astype(dtype).T, 1.0, None)
        for k, dtype in enumerate((np.float64, np.float32))
    ]
    moved = [(cupy.asarray(w), cupy.asarray(g.T).T, f, v) for w, g, f, v in given]
    found = cupy_backend.update_all("sgdm", constants, step, moved)
    for a, b in zip(numpy_backend.update_all("sgdm", constants, step, given), found, strict=True):
        np.testing.assert_allclose(b[0].get(), a[0], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("rows_", "columns", "count"), [(1, 1, 1), (3, 7, 50), (5, 300, 11)])
def test_columns_are_added(
    rows_: int, columns: int, count: int, dtype: Any, thread_order: str
) -> None:
    x = normal((rows_, count), 1).astype(dtype)
    positions = np.random.default_rng(2).integers(-columns, columns, count)
    index, shape = (slice(None), positions), (rows_, columns)
    expected = numpy_backend.scatter(x, index, shape)
    found = cupy_backend.scatter(cupy.asarray(x), (slice(None), cupy.asarray(positions)), shape)
    np.testing.assert_array_equal(found.get(), expected)  # the same order, in double precision


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("shape", "axis"), [((1,), 0), ((3, 1, 5), 1), ((1, 7), 0), ((7, 1), 1)])
def test_positions_along_an_axis(
    shape: tuple[int, ...], axis: int, dtype: Any, thread_order: str
) -> None:
    x = normal(shape, 1).astype(dtype)
    index = np.random.default_rng(2).integers(-4, 4, shape)
    expected = numpy_backend.put_along_axis(x, index, axis, 4)
    found = cupy_backend.put_along_axis(cupy.asarray(x), cupy.asarray(index), axis, 4)
    np.testing.assert_array_equal(found.get(), expected)
