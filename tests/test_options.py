"""No option is accepted and ignored; none is misspelt in silence."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinydl
from tests.table.options import FUNCTIONS, LAYERS, Option, Subject
from tinydl import dlarray, dlnetwork, extractdata
from tinydl.labels.options import named_options
from tinydl.layers import LAYERS as CATALOGUE
from tinydl.network.table import Table


def options_of(call: Callable[..., Any]) -> list[str]:
    """The options of a call: for layers all their arguments, else those with MATLAB's spelling."""
    parameters = inspect.signature(call).parameters.values()
    if call in CATALOGUE.values():
        return [p.name for p in parameters]
    return [p.name for p in parameters
            if p.default is not p.empty and re.match("[A-Z].", p.name)]  # fmt: skip


def is_exception(call: Any) -> bool:
    return isinstance(call, type) and issubclass(call, Exception)


CALLS = {
    name: call
    for name, call in vars(tinydl).items()
    if not name.startswith("_") and callable(call) and not is_exception(call)
}
WITH_OPTIONS = {name: call for name, call in CALLS.items() if options_of(call)}
TABLE = {**LAYERS, **FUNCTIONS}
CASES = [(name, option) for name, subject in TABLE.items() for option in subject.options]


def test_the_table_is_complete() -> None:
    """A new option needs a row in tests/table/options.py."""
    expected = {name: set(options_of(call)) for name, call in WITH_OPTIONS.items()}
    assert {name: set(subject.options) for name, subject in TABLE.items()} == expected


def seen(x: Any) -> Any:
    """What can be compared of a result."""
    if isinstance(x, (dlarray, np.ndarray)):
        array = np.asarray(extractdata(x))
        return array.dtype.name, getattr(x, "dims", ""), array.shape, array.tolist()
    if isinstance(x, Table):
        return [(*row[:2], seen(row.Value)) for row in x]
    if isinstance(x, (list, tuple)):
        return [seen(part) for part in x]
    assert x is None or isinstance(x, (str, float, int)), type(x)
    return x


@pytest.mark.parametrize(("name", "option"), CASES)
def test_an_option_has_an_effect(name: str, option: str) -> None:
    subject: Subject = TABLE[name]
    second = subject.options[option]
    second = second if isinstance(second, Option) else Option(second)
    before = {**subject.required, **second.also}
    after = {**before, option: second.value}
    if second.raises:
        with pytest.raises((ValueError, TypeError), match=second.raises):
            subject.observe(**after)
        return
    (first, without), (_, repeated) = subject.observe(**before), subject.observe(**before)
    assert seen(without) == seen(repeated), "what is observed differs without the option"
    made, with_it = subject.observe(**after)
    assert (seen(with_it) == seen(without)) == second.attribute
    if second.attribute:
        assert getattr(made, option) == second.value != getattr(first, option)


@pytest.mark.parametrize("name", TABLE)
def test_a_misspelt_option_raises_and_names_the_options(name: str) -> None:
    call, options = CALLS[name], options_of(CALLS[name])
    longest = max(options, key=len)
    wrong = longest[:-1] + "xy"
    with pytest.raises(TypeError, match=f"{name} has no option {wrong}; .* was meant") as error:
        call(**{wrong: 1})
    assert all([option in str(error.value) for option in options])
    with pytest.raises(TypeError, match=r"has no option Qqqq\. Its options are"):
        call(Qqqq=1)


@pytest.mark.parametrize("name", TABLE)
def test_pairs_as_in_matlab_raise_and_show_how_options_are_written(name: str) -> None:
    call, options = CALLS[name], options_of(CALLS[name])
    with pytest.raises(TypeError, match=f"{name}: options are written {options[-1]}=1, not '"):
        call(options[-1], 1)
    with pytest.raises(TypeError, match=f"options are written {options[-1]}='conv1', not '"):
        call(3, options[-1], "conv1")
    with pytest.raises(TypeError, match=f"options are written {options[-1]}=…"):
        call(options[-1])


def test_the_usual_first_mistakes() -> None:
    with pytest.raises(TypeError, match=r"convolution2dLayer: options are written Name='conv1'"):
        tinydl.convolution2dLayer(5, 20, "Name", "conv1")
    with pytest.raises(TypeError, match="has no option Decay; MeanDecay was meant"):
        tinydl.batchNormalizationLayer(Decay=0.5)
    with pytest.raises(TypeError, match="dlnetwork: options are written Initialize=False"):
        dlnetwork([tinydl.featureInputLayer(2)], "Initialize", False)
    with pytest.raises(TypeError, match=r"no option Qqqq\. Its options are Approximation$"):
        tinydl.gelu(1.0, Qqqq=1)


def test_what_is_passed_by_place_alone_is_no_option() -> None:
    @named_options
    def joined(*parts: int, Sign: int = 1) -> int:
        return Sign * sum(parts)

    assert joined(1, 2, Sign=-1) == -3
    with pytest.raises(TypeError, match=r"has no option parts\. Its options are Sign$"):
        joined(parts=1)


def test_functions_that_are_values_in_matlab_are_no_options() -> None:
    """A function counts as true: Initialize=false would initialize."""
    for function, written in ((tinydl.true, "True"), (tinydl.false, "False"),
                              (tinydl.inf, r"float\('inf'\)")):  # fmt: skip
        words = f"dlnetwork: {function.__name__} is a function; write Initialize={written}"
        with pytest.raises(TypeError, match=words):
            dlnetwork([tinydl.featureInputLayer(2)], Initialize=function)


def test_options_keep_their_place_in_signatures() -> None:
    """The functions that check options still show their own arguments."""
    assert list(inspect.signature(tinydl.gelu).parameters) == ["X", "Approximation"]
    assert next(iter(inspect.signature(tinydl.fullyConnectedLayer).parameters)) == "OutputSize"
    assert inspect.getdoc(tinydl.batchnorm).startswith("Each channel normalized")
