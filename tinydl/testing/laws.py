"""Laws that functions, networks and layers of tinydl keep, as tests of your own code.

``laws.check(f, X)`` holds a function against all of them, also inside tests of Hypothesis;
``test_f = laws.tests_of(f, X)`` is a whole test module's worth for pytest, one test for each law.
Each law can be called alone: it raises an AssertionError, which says with what it is broken, both
results, and what to write instead; and NotApplicableError, if it says nothing of these inputs.

``formats``      labels of results stand in the order S C B T U
``labels``       erasing labels commutes with the function
``permutation``  the order in which dimensions were given changes nothing
``batch``        the result of a batch is that of its observations, one by one
``classes``      single in gives single out, double gives double
``devices``      arrays on the GPU give the same result, there
``purity``       the same result twice, nothing written into, no random numbers drawn
``saving``       the same result after save and load
``derivatives``  those that an oracle finds that does not differentiate
``state``        forward of a network returns a new State, and changes nothing
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from tinydl.labels.containers import dlarrays_in
from tinydl.layers.layer import Layer
from tinydl.network.call import predict
from tinydl.network.net import dlnetwork
from tinydl.testing.gradients import check_gradients
from tinydl.testing.laws_base import BrokenLawError, NotApplicableError, law, shown
from tinydl.testing.laws_calls import batch, classes, devices, purity, saving
from tinydl.testing.laws_labels import formats, labels, permutation
from tinydl.testing.laws_state import state
from tinydl.testing.layers import check_layer
from tinydl.testing.promises import CHECKS

__all__ = [
    "BrokenLawError",
    "NotApplicableError",
    "batch",
    "check",
    "classes",
    "derivatives",
    "devices",
    "formats",
    "labels",
    "permutation",
    "purity",
    "saving",
    "state",
    "tests_of",
]


@law
def derivatives(f: Callable[..., Any], *inputs: Any, orders: Sequence[int] = (1, 2)) -> None:
    """Derivatives by all dlarrays of the inputs are those of an oracle: see check_gradients.

    Example:
        >>> from tinydl import dlarray, softmax
        >>> derivatives(softmax, dlarray([[1.0, 2.0], [3.0, 5.0]], "CB"))
    """
    if not any([x.dtype.kind == "f" for x in dlarrays_in(inputs)]):
        raise NotApplicableError(
            "derivatives: needed is a dlarray of class single or double, or a "
            f"network, among the inputs; given are {shown(inputs)}"
        )
    check_gradients(f, *inputs, orders=orders)


OF_FUNCTIONS: tuple[Callable[..., None], ...] = (
    formats, labels, permutation, batch, classes, devices, purity, saving, derivatives,
)  # fmt: skip


def check(f: Any, *inputs: Any, without: Sequence[str] = ()) -> None:
    """Raise an AssertionError for the first law that f does not keep with these inputs.

    f is a function, or a network: then its predict is meant, and state is one of the laws. The
    inputs are dlarrays, networks, tables, numbers, whatever f takes. Laws that say nothing of them
    are passed over. without names laws that f need not keep: a normalization over the observations
    is checked ``without=["batch"]``.

    Example:
        >>> from tinydl import *
        >>> from tinydl.testing import laws
        >>> X = dlarray([[1.0, 2.0], [3.0, 5.0]], "CB")
        >>> laws.check(lambda X: softmax(3 * X), X)
        >>> laws.check(dlnetwork([featureInputLayer(2), fullyConnectedLayer(3)]), X)
    """
    if isinstance(f, Layer):
        raise TypeError("laws.check takes a function or a network; for a layer write "
                        "check_layer(layer, layout), or laws.tests_of(layer, layout)")  # fmt: skip
    for held in _laws_of(f, without).values():
        try:
            held(*inputs)
        except NotApplicableError:
            pass


def _laws_of(f: Any, without: Sequence[str]) -> dict[str, Callable[..., None]]:
    """What f has to keep, as functions of its inputs, by their names."""
    if isinstance(f, dlnetwork):
        found = {law.__name__: functools.partial(law, predict, f) for law in OF_FUNCTIONS}
        found["state"] = functools.partial(state, f)
    elif callable(f):
        found = {law.__name__: functools.partial(law, f) for law in OF_FUNCTIONS}
    else:
        raise TypeError(f"laws: {type(f).__name__} is no function, network or layer")
    return _but(found, without)


def _but(found: dict[str, Any], without: Sequence[str]) -> dict[str, Any]:
    """The laws that are not left out, each of which must be one."""
    names = [without] if isinstance(without, str) else list(without)
    for name in names:
        if name not in found:
            raise ValueError(f"laws: without={name!r} is no law; there are {', '.join(found)}")
    return {name: held for name, held in found.items() if name not in names}


def tests_of(f: Any, *inputs: Any, without: Sequence[str] = (), **options: Any) -> Any:
    """Tests for pytest, one for each law: ``test_model = laws.tests_of(model, X)``.

    f is a function, a network or a layer. Inputs may be Hypothesis strategies; each test then draws
    its own examples. For a layer they are layouts (or inputs=), and options are those of
    check_layer: the tests are the promises that checkLayer reports on. A law that says nothing of
    the inputs is skipped, and tells why. Needs pytest, which the extra ``test`` installs.

    Example:
        >>> from tinydl import *
        >>> from tinydl.testing import laws
        >>> test_softmax = laws.tests_of(softmax, dlarray([[1.0, 2.0]], "CB"))
        >>> test_relu = laws.tests_of(reluLayer(), networkDataLayout([3, None], "CB"))
    """
    pytest = _pytest()
    if isinstance(f, Layer):
        promises = {check.__name__.removeprefix("check_"): [check] for check in CHECKS}
        tests = {name: functools.partial(check_layer, f, *inputs, checks=checks, **options)
                 for name, checks in _but(promises, without).items()}  # fmt: skip
    elif options:
        raise TypeError(f"laws.tests_of: {', '.join(options)}: options are for layers")
    else:
        tests = {name: functools.partial(_with_examples, held, inputs)
                 for name, held in _laws_of(f, without).items()}  # fmt: skip

    @pytest.mark.parametrize("law", list(tests))
    def test(law: str) -> None:
        try:
            tests[law]()
        except NotApplicableError as reason:
            pytest.skip(str(reason))

    return test


tests_of.__test__ = False  # type: ignore[attr-defined]  # pytest takes its name for a test's


def _with_examples(held: Callable[..., None], inputs: Sequence[Any]) -> None:
    """The law with these inputs, or with examples of those that are strategies."""
    if not any([_is_strategy(x) for x in inputs]):
        held(*inputs)
        return
    from hypothesis import given
    from hypothesis import strategies as st

    refused: list[NotApplicableError] = []
    counts = {"held": 0}

    @given(st.tuples(*[x if _is_strategy(x) else st.just(x) for x in inputs]))
    def each(drawn: tuple[Any, ...]) -> None:
        try:
            held(*drawn)
            counts["held"] += 1
        except NotApplicableError as reason:
            refused.append(reason)

    each()
    if refused and not counts["held"]:
        raise refused[0]


def _is_strategy(x: Any) -> bool:
    return type(x).__module__.split(".")[0] == "hypothesis"


def _pytest() -> Any:
    try:
        import pytest
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "laws.tests_of makes tests for pytest, which is not installed; the extra test brings "
            "it: pip install 'tinydl[test]'",
            name="pytest",
        ) from error
    return pytest
