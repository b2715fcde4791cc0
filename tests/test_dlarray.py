"""The dlarray itself: how it is made, shown, read, copied and computed with."""

from __future__ import annotations

import copy
import operator
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given

import tinydl as dl
from tests.strategies import labelled, normal, numbers, same
from tinydl import dlarray, dlfeval, extractdata, stripdims

A = np.arange(6.0).reshape(2, 3)


# ---- construction -------------------------------------------------------------------------------


def test_labels_are_sorted_and_their_dimensions_with_them() -> None:
    X = dlarray(normal((3, 4, 5), 0), "TCB")
    assert (X.dims, X.shape) == ("CBT", (4, 5, 3))
    Y = dlarray(normal((2, 3, 4, 5), 0), "BSCS")
    assert (Y.dims, Y.shape) == ("SSCB", (3, 5, 4, 2))
    assert dl.dims(dlarray(A, "TS")) == "ST"


def test_the_format_of_minibatches_in_bc() -> None:
    X = dlarray([[1.0, 2.0]], "BC")
    assert (X.dims, X.shape) == ("CB", (2, 1))


@pytest.mark.parametrize("vector", [[1, 2, 3], [[1, 2, 3]], [[1], [2], [3]], [[[1, 2, 3]]]])
def test_a_vector_with_one_label_has_one_dimension(vector: Any) -> None:
    X = dlarray(vector, "C")
    assert (X.dims, X.shape) == ("C", (3,))
    assert repr(X).startswith("3(C) × 1(U) dlarray")


def test_more_labels_than_dimensions_add_dimensions_of_size_one() -> None:
    X = dlarray(normal((4, 4, 1), 0), "SSCB")
    assert (X.dims, X.shape) == ("SSCB", (4, 4, 1, 1))
    assert dlarray(3.0, "CB").shape == (1, 1)
    assert dlarray([1.0, 2.0], "BC").shape == (1, 2)


def test_single_u_at_the_end_goes_away_beyond_the_second_dimension() -> None:
    assert dlarray(normal((2, 3, 1), 0), "CBU").dims == "CB"
    assert dlarray(normal((2, 3, 1, 1), 0), "CBUU").dims == "CB"
    assert dlarray(normal((2, 3, 4), 0), "CBU").dims == "CBU"
    assert dlarray(normal((2, 1), 0), "CU").dims == "CU"
    assert dlarray(normal((1, 2, 3), 0), "UCB").dims == "CB"


def test_an_array_is_copied_once_into_c_order() -> None:
    source = np.asfortranarray(A)
    X, Y = dlarray(source), dlarray(source, "BC")
    source[:] = 0
    assert np.array_equal(numbers(X), A)
    assert np.array_equal(numbers(Y), A.T)
    for Z in (X, Y, dlarray(A[:, ::-1], "CB")):
        assert extractdata(Z).flags.c_contiguous


def test_a_dlarray_keeps_its_format_unless_another_is_given() -> None:
    X = dlarray(A, "CB")
    assert same(dlarray(X), X)
    assert dlarray(X, "").dims == ""
    assert dlarray(X, "CB").dims == "CB"
    relabelled = dlarray(X, "BC")
    assert (relabelled.dims, relabelled.shape) == ("CB", (3, 2))
    assert np.array_equal(numbers(relabelled), A.T)


def test_relabelling_and_stripping_share_the_array() -> None:
    X = dlarray(A, "CB")
    for Y in (dlarray(X), dlarray(X, "SC"), stripdims(X), dlarray(stripdims(X), "SB")):
        assert np.shares_memory(numbers(X), numbers(Y))


@pytest.mark.parametrize(
    ("value", "dtype", "shape"),
    [
        (3, float, ()), (2.5, float, ()), (True, bool, ()), ([1, 2], float, (2,)),
        ([[1, 2.5], [3, 4]], float, (2, 2)), ((1, 2), float, (2,)), ([], float, (0,)),
        ([True, False], bool, (2,)), (np.float32(2), np.float32, ()),
        ([[], []], float, (2, 0)),
    ],
)  # fmt: skip
def test_numbers_and_lists(value: Any, dtype: Any, shape: tuple[int, ...]) -> None:
    X = dlarray(value)
    assert (X.dtype, X.shape) == (dtype, shape)
    assert np.array_equal(numbers(X), np.array(value, dtype))


class Subclass(np.ndarray):
    """An array with ways of its own."""


def test_other_kinds_of_numpy_arrays(tmp_path: Path) -> None:
    mapped = np.memmap(tmp_path / "numbers", np.float32, "w+", shape=(2, 3))
    mapped[:] = A
    for array in (mapped, A.view(Subclass)):
        X = dlarray(array)
        assert type(extractdata(X)) is np.ndarray
        assert np.array_equal(numbers(X), A)
        assert np.array_equal(numbers(X + array), 2 * A)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.arange(3), r"X has the class int64.*double\(x\) or single\(x\)"),
        (np.uint8([1]), r"uint8.*double\(x\)"),
        (np.float16([1]), r"float16.*double\(x\)"),
        (np.array([1j]), r"complex128.*real\(x\) and imag\(x\)"),
        (np.array([None, 1.0]), "array of objects"),
        ([1.0, None], "array of objects"),
        (np.array(["a"]), "text is not a number"),
        (["a", "b"], "text is not a number"),
        ("abc", "not str"),
        (None, "not NoneType"),
        (1j, "not complex"),
        ({"a": 1}, "not dict"),
        (np.ma.array([1.0, 2.0], mask=[False, True]), r"masked array.*x\.filled\(value\)"),
        (scipy.sparse.csr_array(A), r"sparse; convert it with x\.toarray\(\)"),
    ],
)
def test_what_is_no_array_of_these_classes(value: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        dlarray(value)
    with pytest.raises(TypeError, match=words.replace("X has", "the right operand has")):
        dlarray(A) + value


@pytest.mark.skipif(np.dtype("longdouble") == float, reason="long double is double here")
def test_long_doubles_are_refused() -> None:
    with pytest.raises(TypeError, match=r"X has the class (longdouble|float\d+).*double\(x\)"):
        dlarray(np.longdouble([1]))


def test_rows_of_different_lengths() -> None:
    with pytest.raises(ValueError, match="X: the rows of this list have different lengths"):
        dlarray([[1, 2], [3]])


@pytest.mark.parametrize(
    ("fmt", "error", "words"),
    [
        ("CX", ValueError, "'X' is no label; the labels are S spatial, C channel"),
        ("CC", ValueError, "C may stand once"),
        ("C", ValueError, "1 labels for an array of 2 dimensions, 2×3; give one label for each"),
        (5, TypeError, "format must be a string such as 'SSCB', not int"),
        (0, TypeError, "format must be a string"),
    ],
)
def test_what_is_no_format(fmt: Any, error: type[Exception], words: str) -> None:
    for X in (A, dlarray(A), dlarray(A, "SC")):
        with pytest.raises(error, match=words):
            dlarray(X, fmt)


# ---- what it is ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "text"),
    [
        (dlarray(A, "CB"), "2(C) × 3(B) dlarray\n[[0. 1. 2.]\n [3. 4. 5.]]"),
        (dlarray(A > 2, "SS"), "2(S) × 3(S) logical dlarray\n[[False False False]\n"),
        (dlarray(np.float32(A)), "2×3 single dlarray\n"),
        (dlarray(np.float32(1.23456)), "1×1 single dlarray\n1.2346"),
        (dlarray([1.0, 2.0], "C"), "2(C) × 1(U) dlarray\n[1. 2.]"),
        (dlarray(np.zeros((3, 2, 1, 2))), "3×2×1×2 dlarray\n"),
        (dlarray(np.zeros((0, 2)), "CB"), "0(C) × 2(B) dlarray\n[]"),
    ],
)
def test_display(X: dlarray, text: str) -> None:
    assert repr(X).startswith(text)
    assert str(X) == repr(X) == f"{X}"


def test_long_arrays_are_shown_in_part() -> None:
    assert len(repr(dlarray(np.zeros((1000, 1000)), "CB"))) < 1000


def test_attributes_are_numpys_and_no_more() -> None:
    X = dlarray(np.float32(A), "CB")
    assert (X.shape, X.ndim, X.dtype, X.dims) == ((2, 3), 2, np.float32, "CB")
    for name in ("size", "T", "sum", "reshape", "data", "grad"):
        assert not hasattr(X, name)
    for name in ("shape", "dims", "new"):
        with pytest.raises(AttributeError):
            setattr(X, name, "SC")


def test_len_iteration_and_hash_say_what_to_do() -> None:
    X = dlarray(A, "CB")
    with pytest.raises(TypeError, match=r"numel\(X\), or size\(X, 'B'\)"):
        len(X)
    with pytest.raises(TypeError, match=r"X\[i, \.\.\.\] or X\[\.\.\., i\]"):
        list(X)
    with pytest.raises(TypeError, match="unhashable"):
        hash(X)
    with pytest.raises(TypeError):
        1.0 in X  # noqa: B015


@pytest.mark.parametrize("X", [dlarray(2.5), dlarray([2.5]), dlarray([[2.5]], "CB")])
def test_an_array_of_one_element_is_a_number(X: dlarray) -> None:
    assert (X.item(), float(X), int(X), bool(X)) == (2.5, 2.5, 2, True)
    assert type(X.item()) is float
    assert f"{X:.3f}" == "2.500"
    assert not dlarray(0.0)
    assert dlarray(True).item() is True


def test_an_array_of_several_elements_is_none() -> None:
    X = dlarray(A, "CB")
    for convert in (float, int, dlarray.item, lambda x: f"{x:.3f}"):
        with pytest.raises(ValueError, match=r"one element is a number; this is 2\(C\) × 3\(B\)"):
            convert(X)
    with pytest.raises(ValueError, match=r"truth of 2\(C\) × 3\(B\).*extractdata\(X\)\.any\(\)"):
        bool(X)


def test_its_array_is_read_only_and_a_copy_is_not() -> None:
    X = dlarray(A, "CB")
    for view in (extractdata(X), np.asarray(X)):
        assert np.shares_memory(view, X._value)
        with pytest.raises(ValueError, match="read-only"):
            view[0, 0] = 9
    own = np.array(X)
    own[0, 0] = 9
    assert numbers(X)[0, 0] == 0
    assert np.asarray(X, np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="without a copy"):
        np.array(X, dtype=np.float32, copy=False)
    assert extractdata(A) is A


# ---- copies -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda X: pickle.loads(pickle.dumps(X))]
)
@given(pair=labelled(least=0))
def test_copies_are_equal_and_independent(
    duplicate: Callable[[Any], Any], pair: tuple[Any, str]
) -> None:
    X = dlarray(*pair)
    for original in (X, dl.single(X), X > 0, dl.sum(X, "all")):
        Y = duplicate(original)
        assert same(Y, original)
        before = numbers(original).copy()
        Y[...] = 7.0
        assert np.array_equal(numbers(original), before)


def test_pickle_keeps_a_last_label_u_of_size_one() -> None:
    X = dlarray(normal((2, 3, 4), 0), "SCU")[:, :, 0]
    assert X.dims == pickle.loads(pickle.dumps(X)).dims == "SCU"


def test_a_recorded_value_has_no_copy_and_no_plain_array() -> None:
    refused: list[Callable[[Any], Any]] = [
        pickle.dumps, copy.deepcopy, np.asarray, np.array, float, int, dlarray.item,
        lambda x: f"{x:.2f}", lambda x: np.asarray([x]),
    ]  # fmt: skip

    def function(x: dlarray) -> Any:
        for take in refused:
            with pytest.raises(TypeError, match=r"is recorded.*extractdata\(X\)"):
                take(x)
        assert x > 1
        assert repr(x) == "1×1 dlarray\n2."
        return copy.copy(x), extractdata(x)

    Y, array = dlfeval(function, dlarray(2.0))
    assert float(Y) == float(array) == 2.0


# ---- operators ----------------------------------------------------------------------------------

ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]


@pytest.mark.parametrize("operation", ARITHMETIC + COMPARISONS)
@given(pair=labelled())
def test_operators_are_numpys(operation: Callable[[Any, Any], Any], pair: tuple[Any, str]) -> None:
    a, b = np.abs(pair[0]) + 0.5, normal(pair[0].shape, 1)
    X, Y = dlarray(a, pair[1]), dlarray(b, pair[1])
    for Z, expected in (
        (operation(X, Y), operation(a, b)),
        (operation(X, b), operation(a, b)),
        (operation(a, Y), operation(a, b)),
        (operation(X, 2), operation(a, 2)),
        (operation(2.0, Y), operation(2.0, b)),
    ):
        assert type(Z) is dlarray
        assert (Z.dims, Z.dtype) == (pair[1], expected.dtype)
        assert np.array_equal(numbers(Z), expected)


def test_unary_operators() -> None:
    X = dlarray(A - 2, "CB")
    for Y, expected in ((-X, 2 - A), (+X, A - 2), (abs(X), np.abs(A - 2)), (~X, A == 2)):
        assert Y.dims == "CB"
        assert np.array_equal(numbers(Y), expected)


def test_assignment_operators_bind_anew() -> None:
    X = dlarray(A, "CB")
    Y = X
    Y += 1
    Y *= 2
    assert np.array_equal(numbers(X), A)
    assert np.array_equal(numbers(Y), 2 * (A + 1))


def test_logical_operators_take_all_but_zero_as_true() -> None:
    a, b = np.array([0.0, 0, 2, -1]), np.array([0.0, 3, 0, 5])
    X = dlarray(a, "C")
    for other in (b, dlarray(b, "C"), dlarray(b != 0)):
        for Y in (X & other, other & X):
            assert np.array_equal(numbers(Y), [False, False, False, True])
        for Y in (X | other, other | X):
            assert np.array_equal(numbers(Y), [False, True, True, True])
        assert Y.dims == "C"
    assert np.array_equal(numbers(X & True), a != 0)
    assert np.array_equal(numbers(False | X), a != 0)
    assert (X & other).dtype == bool


@pytest.mark.parametrize("exponent", [0, 1, 2, 3.0, -1, 0.5, np.float64(2), dlarray(2.0)])
def test_powers(exponent: Any) -> None:
    base = np.array([0.5, 1.0, 2.0])
    assert np.allclose(numbers(dlarray(base) ** exponent), base ** float(exponent), rtol=1e-15)
    if float(exponent) >= 0:
        assert np.allclose(numbers(dl.power(exponent, dlarray(base))), float(exponent) ** base)


# ---- the matrix product -------------------------------------------------------------------------


def test_matrix_product() -> None:
    a, b = normal((2, 3), 0), normal((3, 4), 1)
    X, Y = dlarray(a), dlarray(b)
    for Z in (X @ Y, X @ b, a @ Y, dl.mtimes(X, Y), np.matmul(a, Y)):
        assert type(Z) is dlarray
        assert (Z.dims, Z.shape) == ("", (2, 4))
        assert np.allclose(numbers(Z), a @ b)
    assert (X @ np.float32(b)).dtype == np.float32
    assert (dlarray(a > 0) @ dlarray(b > 0)).dtype == np.float64


@pytest.mark.parametrize("number", [3, 3.0, np.float64(3), dlarray(3.0)])
@pytest.mark.parametrize("fmt", ["", "CB"])
def test_matrix_product_with_a_number(number: Any, fmt: str) -> None:
    for Z in (dlarray(A, fmt) @ number, number @ dlarray(A, fmt)):
        assert Z.dims == fmt
        assert np.array_equal(numbers(Z), 3 * A)


def test_matrix_product_of_labelled_arrays_is_refused() -> None:
    X, W = dlarray(A, "CB"), dlarray(np.ones((2, 2)))
    words = r"2×2 and 2\(C\) × 3\(B\): labelled arrays are not matrices; use fullyconnect"
    for left in (W, extractdata(W)):
        with pytest.raises(ValueError, match=words):
            left @ X
    with pytest.raises(ValueError, match=r"2\(C\) × 3\(B\) and 3×1"):
        X @ np.ones((3, 1))


@pytest.mark.parametrize(
    ("a", "b"), [((2, 3), (2, 3)), ((2, 3), (3,)), ((3,), (3, 2)), ((4, 2, 3), (3, 2))]
)
def test_matrix_product_needs_two_fitting_matrices(a: Any, b: Any) -> None:
    with pytest.raises(ValueError, match=r"two matrices with equal inner sizes.*pagemtimes"):
        dlarray(np.ones(a)) @ dlarray(np.ones(b))
