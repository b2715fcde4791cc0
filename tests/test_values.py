"""Values of every operation, and what an operation may and may not do to its inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.checks import Case, assert_close, cases, generator, recorded
from tests.table import ROWS, Row
from tinydl.autodiff import Recorded
from tinydl.backend import host
from tinydl.primitives import activation, recur
from tinydl.primitives import elementwise as e
from tinydl.primitives import reduce as r
from tinydl.primitives import shape as s

CASES = list(cases())
every_case = pytest.mark.parametrize("case", CASES, ids=repr)


def put(case: Case, device: Any) -> list[Any]:
    return [device.put(x) for x in case.xs]


def single(x: Any) -> Any:
    """Doubles as singles; masks and indices as they are."""
    return x.astype(np.float32) if x.dtype == float else x


def strided(x: Any) -> Any:
    """The same numbers, read-only, not contiguous, running backwards in every other dimension."""
    wide = np.ones([2 * n for n in x.shape], x.dtype)
    steps = tuple(slice(None, None, 2 - 4 * (i % 2)) for i in range(x.ndim))
    view = wide[(*steps, ...)]
    view[...] = x
    view.flags.writeable = False
    return view


def test_every_row_has_a_reference() -> None:
    assert [row.name for row in ROWS if row.reference is None] == []


def test_names_are_unique() -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)


@every_case
def test_value(case: Case, device: Any) -> None:
    y = case.row.call(*put(case, device))
    assert_close(device.take(y), case.row.reference(*case.xs), repr(case))
    assert y.dtype == (np.float32 if case.row.name == "cast_to_single" else np.float64)


@every_case
def test_single_in_single_out(case: Case, device: Any) -> None:
    xs = [single(x) for x in case.xs]
    y = case.row.call(*[device.put(x) for x in xs])
    assert y.dtype == np.float32
    doubles = [x.astype(float) if x.dtype == np.float32 else x for x in xs]
    expected = case.row.reference(*doubles)
    assert_close(device.take(y), expected, repr(case), float(np.finfo(np.float32).eps))


@every_case
def test_any_strides_read_only_inputs_and_repeated_gradients(case: Case, device: Any) -> None:
    """Non-contiguous inputs change nothing; neither does a gradient with strides of 0."""
    xs = [strided(x) for x in case.xs]
    assert_close(case.row.call(*xs), case.row.call(*case.xs), repr(case))
    shape = np.shape(case.row.call(*case.xs))
    weights = strided(generator(case).standard_normal(shape))
    ones = np.ones(shape)
    for given, same in ((weights, weights.copy()), (None, ones)):
        w = None if given is None else device.put(given)
        found = recorded(case.row, [device.put(x) for x in xs], w).gradients()
        expected = recorded(case.row, put(case, device), device.put(same)).gradients()
        for a, b, i in zip(found, expected, case.row.followed(xs), strict=True):
            assert np.shape(a) == np.shape(case.xs[i])
            assert_close(device.take(a), device.take(b), repr(case))


@every_case
@pytest.mark.parametrize("higher", [False, True], ids=["first", "higher"])
def test_nothing_is_written_into(case: Case, higher: bool, device: Any) -> None:
    """Neither the forward nor a rule changes an input, the output, or what the record keeps."""
    xs = put(case, device)
    inputs = [np.array(device.take(x)) for x in xs]
    recording = recorded(case.row, xs, device.put(np.full(np.shape(case.row.call(*xs)), 2.0)))
    arrays = recording.kept()
    copies = [np.array(device.take(x)) for x in arrays]
    recording.gradients(higher)
    for x, old in zip([*xs, *arrays], [*inputs, *copies], strict=True):
        np.testing.assert_array_equal(device.take(x), old)


@every_case
def test_a_recorded_forward_gives_the_same_value(case: Case, device: Any) -> None:
    xs = put(case, device)
    y = recorded(case.row, xs).y
    assert type(y) is Recorded
    np.testing.assert_array_equal(device.take(y.data), device.take(case.row.call(*xs)))
    assert y.shape == y.node.shape and y.dtype == y.node.dtype


ERRORS = [(row, number) for row in ROWS for number in range(len(row.errors))]


@pytest.mark.parametrize(("row", "number"), ERRORS, ids=repr)
def test_bad_input_raises(row: Row, number: int) -> None:
    xs, exception, words = row.errors[number]
    with pytest.raises(exception, match=words):
        row.call(*xs)


# ---- values at the edge --------------------------------------------------------------------------


def test_zero_wins_over_what_is_infinite() -> None:
    g, slope = np.array([0.0, -0.0, 2.0, np.inf, np.nan]), np.array([np.inf, np.nan, 3.0, 0.0, 0.0])
    with host.quiet():
        np.testing.assert_array_equal(e.chain(g, slope), [0.0, 0.0, 6.0, np.nan, np.nan])
        np.testing.assert_array_equal(e.chain(g, slope, either=True), [0.0, 0.0, 6.0, 0.0, 0.0])


def test_infinities_and_nan_are_passed_on() -> None:
    x = np.array([np.inf, -np.inf, np.nan])
    with host.quiet():
        np.testing.assert_array_equal(activation.relu(x), [np.inf, 0.0, np.nan])
        np.testing.assert_array_equal(activation.sigmoid(x), [1.0, 0.0, np.nan])
        np.testing.assert_array_equal(e.divide(np.ones(2), np.zeros(2)), [np.inf, np.inf])
        assert r.logsumexp(np.full(2, np.inf), axis=(0,)) == np.inf
        assert r.logsumexp(np.full(2, -np.inf), axis=(0,)) == -np.inf
        assert r.logsumexp(np.array([-np.inf, 1.0]), axis=(0,)) == 1.0
    assert np.isnan(r.max(np.array([1.0, np.nan, 2.0]), axis=0)).all()


def test_no_overflow_where_the_result_is_finite() -> None:
    """Warnings are errors here: an overflow on the way would show."""
    large = np.array([-1e4, 0.0, 1e4])
    np.testing.assert_array_equal(activation.sigmoid(large), [0.0, 0.5, 1.0])
    np.testing.assert_array_equal(r.logsumexp(large, axis=(0,)), [1e4])
    np.testing.assert_array_equal(r.softmax(large, axis=(0,)), [0.0, 0.0, 1.0])


def test_the_hard_sigmoid_ends_at_zero_and_one() -> None:
    x = np.array([-np.inf, -9.0, -2.5, 0.0, 2.5, 9.0, np.nan])
    np.testing.assert_array_equal(recur.hard_sigmoid(x), [0.0, 0.0, 0.0, 0.5, 1.0, 1.0, np.nan])


def test_small_arguments_keep_their_digits() -> None:
    x = np.array([1e-12, -3e-15])
    np.testing.assert_allclose(e.expm1(x), x + x * x / 2, rtol=1e-15)
    np.testing.assert_allclose(e.log1p(x), x - x * x / 2, rtol=1e-15)


def test_python_numbers_never_change_the_class() -> None:
    x = np.ones(2, np.float32)
    for f in (e.add, e.subtract, e.multiply, e.divide, e.maximum, e.minimum, e.exponentiate):
        assert f(x, 2.0).dtype == f(2.0, x).dtype == np.float32
    assert e.where(x > 0, x, 0.0).dtype == e.where(x > 0, 0.0, x).dtype == np.float32
    assert s.put(x, 2.0, index=0).dtype == np.float32


def test_a_result_is_an_array_of_its_own_where_assignment_is_meant() -> None:
    """put copies first: whoever holds x does not see it."""
    x = np.zeros(3)
    y = s.put(x, np.ones(1), index=slice(0, 1))
    assert y[0] == 1.0 and x[0] == 0.0 and not np.shares_memory(x, y)


def test_what_is_not_an_array_is_refused_by_its_name() -> None:
    for value, kind in (([1.0], "list"), ("1", "str"), (None, "NoneType")):
        with pytest.raises(TypeError, match=f"expected an array, got {kind}"):
            e.tanh(value)
