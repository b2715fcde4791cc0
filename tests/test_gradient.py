"""The walk back: sums of gradients, and what may be a variable."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from tests.checks import leaf, leaves, total
from tinydl.autodiff import (
    Primitive,
    Record,
    gradient,
    plain,
)
from tinydl.primitives import elementwise as e
from tinydl.primitives import shape as s

# ---- sums of gradients --------------------------------------------------------------------------


@pytest.mark.parametrize("higher", [False, True])
@pytest.mark.parametrize("uses", [1, 2, 3, 4, 50])
def test_many_uses_add_up(uses: int, higher: bool) -> None:
    x = leaf(1.0, 2.0)
    y: Any = 0.0
    for k in range(uses):
        y = y + x * float(k + 1)
    (g,) = gradient(total(y), [x], higher=higher)
    assert plain(g).tolist() == [uses * (uses + 1) / 2] * 2


class Counting(np.ndarray):
    """An array that counts how it is added to."""

    added: ClassVar[list[str]] = []

    def __add__(self, other: Any) -> Any:
        self.added.append("+")
        return super().__add__(other)

    def __iadd__(self, other: Any) -> Any:
        self.added.append("+=")
        return super().__iadd__(other)


def test_from_the_third_on_gradients_are_added_in_place(declared: None) -> None:
    @Primitive
    def counting(x: Any) -> Any:
        return x * 1.0

    counting.gradient(x=lambda g: (g * 1.0).view(Counting))
    x = leaf(1.0, 2.0)
    uses = [counting(x) for _ in range(5)]
    (g,) = gradient(total(uses[0] + uses[1] + uses[2] + uses[3] + uses[4]), [x])
    assert g.tolist() == [5.0, 5.0]
    assert Counting.added == ["+", "+=", "+=", "+="]


def test_the_sum_of_gradients_does_not_write_into_borrowed_ones() -> None:
    """a and c both receive g itself. a's then grows by further uses; c's must not."""
    a, c = leaves([1.0, 2.0], [3.0, 4.0])
    weights = np.array([5.0, 7.0])
    later = e.identity(a)
    y = e.add(later, c) * weights
    y = total(y + a * 2.0 + a * 3.0 + a * 4.0)
    to_a, to_c, to_later = gradient(y, [a, c, later])
    assert to_a.tolist() == [14.0, 16.0]
    assert to_c.tolist() == to_later.tolist() == [5.0, 7.0] == weights.tolist()


def test_a_constant_passed_on_as_gradient_stays_what_it_was() -> None:
    """multiply's rule for a hands 1.0 · b on; b itself is never the array that is added to."""
    b = np.array([2.0, 3.0])
    x = leaf(1.0, 1.0)
    gradient(total(x * b + x * b + x * b + x * b), [x])
    assert b.tolist() == [2.0, 3.0]


def test_expanded_operands_get_sums() -> None:
    a, b, c = leaves(np.ones((2, 1)), np.ones((1, 3)), 2.0)
    for higher in (False, True):
        y = total((a * b + a * b) * c)
        to_a, to_b, to_c = [plain(g) for g in gradient(y, [a, b, c], higher=higher)]
        assert to_a.tolist() == [[12.0], [12.0]]
        assert to_b.tolist() == [[8.0, 8.0, 8.0]]
        assert to_c.tolist() == 12.0 and to_c.shape == ()


@pytest.mark.parametrize("higher", [False, True])
def test_one_array_at_several_places(higher: bool) -> None:
    x = leaf(3.0)
    for f, slope in ((e.multiply, 6.0), (e.add, 2.0), (e.subtract, 0.0), (e.divide, 0.0)):
        (g,) = gradient(total(f(x, x)), [x], higher=higher)
        assert plain(g) == [slope]
    y = s.concatenate(x, np.ones(1), x, axis=0) * np.array([2.0, 5.0, 4.0])
    assert plain(gradient(total(y), [x], higher=higher)[0]) == [6.0]


@pytest.mark.parametrize("higher", [False, True])
def test_concatenation_of_followed_and_constant_parts(higher: bool) -> None:
    record = Record()
    a, b = record.leaf(np.ones((2, 1))), record.leaf(np.ones((2, 2)))
    w = np.arange(12.0).reshape(2, 6)
    y = s.concatenate(np.zeros((2, 2)), b, a, np.zeros((2, 1)), axis=1)
    to_a, to_b = [plain(g) for g in gradient(total(y * w), [a, b], higher=higher)]
    np.testing.assert_array_equal(to_b, w[:, 2:4])
    np.testing.assert_array_equal(to_a, w[:, 4:5])


# ---- variables ----------------------------------------------------------------------------------


def test_a_variable_that_does_not_matter_has_zeros() -> None:
    record = Record()
    a, b = record.leaf(np.ones(2)), record.leaf(np.ones((2, 3), np.float32))
    for higher in (False, True):
        _, g = gradient(total(a * 2.0), [a, b], higher=higher)
        assert g.shape == (2, 3) and g.dtype == np.float32 and not g.any()


def test_masked_out_branches_have_zeros() -> None:
    x = leaf(2.0)
    (g,) = gradient(total(e.sign(x) * 1.0), [x])
    assert g.tolist() == [0.0]


def test_an_array_made_on_the_way_is_a_variable_too() -> None:
    x = leaf(1.0, 2.0)
    z = x * 3.0
    y = total(z * z)
    to_x, to_z, to_y = gradient(y, [x, z, y])
    assert to_z.tolist() == [6.0, 12.0] and to_x.tolist() == [18.0, 36.0] and to_y == 1.0


def test_an_array_derived_afterwards_raises() -> None:
    x = leaf(1.0, 2.0)
    y = total(x * x)
    with pytest.raises(ValueError, match="made by take and not used after that"):
        gradient(y, [s.take(x, index=0)])
    assert gradient(y, [x])[0].tolist() == [2.0, 4.0]  # the refusal has released nothing


def test_a_closed_record_refuses() -> None:
    record = Record()
    x = record.leaf(np.ones(2))
    y = total(x * x)
    record.close()
    with pytest.raises(RuntimeError, match="dlfeval that has ended"):
        gradient(y, [x])
    with pytest.raises(RuntimeError, match="dlfeval that has ended"):
        e.exp(x)
