"""dlfeval and dlgradient: what they refuse, and how a recording ends."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinydl as dl
from tests.strategies import normal, numbers, total
from tinydl import dlarray, dlfeval, dlgradient

# ---- what is refused ----------------------------------------------------------------------------


def test_outside_dlfeval_nothing_is_recorded() -> None:
    x = dlarray(2.0)
    with pytest.raises(RuntimeError, match=r"outside dlfeval; .* call dlfeval\(function, x\)"):
        dlgradient(x * x, x)


@pytest.mark.parametrize(
    ("function", "error", "words"),
    [
        (lambda x, c: dlgradient(x * x, x), ValueError,
         r'must be one number, not 2\(C\) × 1\(U\) dlarray; use sum\(Y, "all"\)'),
        (lambda x, c: dlgradient(total(c), x), ValueError,
         "must be a recorded dlarray; this 1×1 dlarray does not depend on an arg"),
        (lambda x, c: dlgradient(3.0, x), ValueError, "recorded dlarray; this float"),
        (lambda x, c: dlgradient(total(x) > 1, x), ValueError, "this 1×1 logical dlarray does not"),
        (lambda x, c: dlgradient(total(x), c), ValueError,
         r"2\(C\) × 1\(U\) dlarray is a constant of this computation; pass it as an argument of"),
        (lambda x, c: dlgradient(total(x), [x, {"c": c}]), ValueError, "is a constant of this"),
        (lambda x, c: dlgradient(total(x), x > 0), ValueError, "has no derivative; it is logical"),
        (lambda x, c: dlgradient(total(x)), TypeError, r"with respect to what\? .*\(y, x"),
        (lambda x, c: dlgradient(total(x), 3.0), TypeError, "a float cannot be differentiated by"),
        (lambda x, c: dlgradient(total(x), np.ones(2)), TypeError, "a ndarray cannot be"),
        (lambda x, c: dlgradient(total(x), {"x": x, "W": [np.ones(2)]}), TypeError, "a ndarray"),
        (lambda x, c: dlgradient(total(x), None), TypeError, "a NoneType cannot be"),
        (lambda x, c: dlgradient(total(x), "x"), TypeError, "a str cannot be"),
        (lambda x, c: dlgradient(total(x), x, retaindata=True), TypeError, "retaindata"),
    ],
)  # fmt: skip
def test_what_cannot_be_differentiated(function: Any, error: type[Exception], words: str) -> None:
    constant = dlarray([1.0, 2.0], "C")
    with pytest.raises(error, match=words):
        dlfeval(lambda x: function(x, constant), dlarray([1.0, 2.0], "C"))


def test_a_logical_argument_is_a_constant() -> None:
    def function(x: dlarray, mask: dlarray) -> Any:
        return dlgradient(total(x * mask), x)

    mask = dlarray(np.array([True, False]), "C")
    assert np.array_equal(numbers(dlfeval(function, dlarray([1.0, 2.0], "C"), mask)), [1, 0])
    with pytest.raises(ValueError, match=r"2\(C\) × 1\(U\) logical dlarray has no derivative"):
        dlfeval(lambda x, m: dlgradient(total(x * m), m), dlarray([1.0, 2.0], "C"), mask)


def test_an_array_made_inside_is_a_constant() -> None:
    def function(x: dlarray) -> Any:
        w = dlarray([3.0])
        return dlgradient(total(x * w), w)

    with pytest.raises(ValueError, match=r"is a constant .* pass it as an argument of dlfeval"):
        dlfeval(function, dlarray([1.0]))


@pytest.mark.parametrize("value", [3.0, dlarray(3.0), [1, 2], None])
def test_the_function_comes_first(value: Any) -> None:
    with pytest.raises(TypeError, match=r"not .*; write dlfeval\(f, x\), not dlfeval\(f\(x\)\)"):
        dlfeval(value, dlarray(1.0))


def test_dlfeval_is_not_nested() -> None:
    def outer(x: dlarray) -> Any:
        with pytest.raises(RuntimeError, match="inside a function that dlfeval is running"):
            dlfeval(lambda x: x, x)
        return dlgradient(x * x, x)

    assert float(dlfeval(outer, dlarray(3.0))) == 6.0


# ---- the end of a record ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "use",
    [
        lambda x: x + 1, lambda x: 2.0 * x, lambda x: -x, lambda x: x @ x, lambda x: dl.exp(x),
        lambda x: np.exp(x), lambda x: x[0, :], lambda x: x.__setitem__((0, 0), 1.0),
        lambda x: dl.sum(x, "all"), lambda x: dl.reshape(x, -1), float, np.asarray,
        lambda x: dlgradient(x, x), lambda x: dlfeval(lambda y: y, x),
        lambda x: dlfeval(lambda y: y + x, dlarray([[1.0]])), lambda x: f"{x:.2f}",
    ],
)  # fmt: skip
def test_a_value_that_escapes_names_dlfeval_at_its_first_use(use: Callable[[Any], Any]) -> None:
    escaped: list[dlarray] = []
    dlfeval(lambda x: escaped.append(x * 1.0), dlarray([[2.0]]))
    with pytest.raises(RuntimeError, match="recorded by a dlfeval that has ended; return it from"):
        use(escaped[0])
    assert repr(escaped[0]).startswith("1×1 dlarray")


def test_a_variable_of_an_earlier_call_is_none_of_this_one() -> None:
    escaped: list[dlarray] = []
    dlfeval(escaped.append, dlarray(2.0))
    with pytest.raises(RuntimeError, match="recorded by a dlfeval that has ended"):
        dlfeval(lambda x: dlgradient(x * x, escaped[0]), dlarray(3.0))


def test_an_exception_closes_the_record() -> None:
    escaped: list[dlarray] = []

    def failing(x: dlarray) -> None:
        escaped.append(x)
        raise KeyError("from the function")

    with pytest.raises(KeyError, match="from the function"):
        dlfeval(failing, dlarray(1.0))
    with pytest.raises(RuntimeError, match="dlfeval that has ended"):
        escaped[0] + 1
    assert float(dlfeval(lambda x: dlgradient(x * x, x), dlarray(3.0))) == 6.0


def test_assignments_inside_do_not_reach_the_caller() -> None:
    X, more = dlarray([1.0, 2.0]), {"list": [dlarray(3.0)]}

    def function(x: dlarray, more: Any) -> dlarray:
        x[0] = 9.0
        x += 1
        more["list"][0][...] = 9.0
        more["list"].append(x)
        more["new"] = x
        return x

    Y = dlfeval(function, X, more)
    assert np.array_equal(numbers(Y), [10, 3])
    assert np.array_equal(numbers(X), [1, 2])
    assert more.keys() == {"list"}
    assert [float(x) for x in more["list"]] == [3.0]


@pytest.mark.parametrize("ending", ["return", "raise", "retain", "higher"])
def test_no_memory_is_kept_without_the_cycle_collector(ending: str) -> None:
    alive: list[weakref.ref[Any]] = []

    def function(x: dlarray) -> Any:
        hidden = dl.exp(x) * x
        y = total(dl.tanh(hidden))
        alive.extend(weakref.ref(v._value.data) for v in (hidden, dl.sin(hidden)))
        alive.append(weakref.ref(hidden))
        if ending == "raise":
            raise ValueError("stop")
        options = {"RetainData": ending == "retain", "EnableHigherDerivatives": ending == "higher"}
        return dlgradient(y, x, **options)

    was_enabled = gc.isenabled()
    gc.disable()
    try:
        try:
            g = dlfeval(function, dlarray(normal((3, 3), 0)))
            assert g.shape == (3, 3)
        except ValueError:
            pass
        assert len(alive) == 3
        assert [ref() for ref in alive] == [None] * 3
    finally:
        if was_enabled:
            gc.enable()


# ---- threads ------------------------------------------------------------------------------------


def test_every_thread_has_a_record_of_its_own() -> None:
    meet = threading.Barrier(2, timeout=10)
    found: dict[int, Any] = {}

    def function(x: dlarray) -> Any:
        meet.wait()
        y = x
        for _ in range(50):
            y = dl.tanh(y) + x
        meet.wait()
        return dlgradient(total(y), x)

    def work(number: int) -> None:
        try:
            found[number] = numbers(dlfeval(function, dlarray(normal((4, 4), number))))
        except Exception as error:  # a thread cannot raise into the test
            found[number] = error

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(2):
        alone = dlfeval(nested_tanh, dlarray(normal((4, 4), number)))
        assert np.array_equal(found[number], numbers(alone))


def nested_tanh(x: dlarray) -> Any:
    y = x
    for _ in range(50):
        y = dl.tanh(y) + x
    return dlgradient(total(y), x)


def test_a_value_of_another_threads_record_is_no_argument() -> None:
    def outer(x: dlarray) -> Any:
        found: list[Exception] = []

        def work() -> None:
            try:
                dlfeval(lambda y: y, x)
            except RuntimeError as error:
                found.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert "recorded by a dlfeval of another thread" in str(found[0])
        return dlgradient(x * x, x)

    assert float(dlfeval(outer, dlarray(3.0))) == 6.0
