"""The public strategies: what they draw is legal, what they show is code, what fails shrinks."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import numbers, same
from tinydl import dlarray, dlfeval, dlgradient, forward, isequal, networkDataLayout, predict
from tinydl.backend.random import generator
from tinydl.layers import LAYERS
from tinydl.testing import strategies
from tinydl.testing.strategies import (
    Case,
    LayerCase,
    LossCase,
    Network,
    Program,
    code,
    dlarrays,
    expanding_pairs,
    formats,
    layers,
    losses,
    networks,
    orders_of,
    programs,
    sizes_of,
)
from tinydl.testing.strategies.options import ENTRIES

NAMES = {**vars(dl), **{name: getattr(strategies, name) for name in strategies.__all__}}
CLASSES = st.sampled_from(["double", "single"])


def pasted(text: str) -> Any:
    """What code makes, with the names that a user has imported."""
    return eval(text, dict(NAMES))


def found(strategy: Any, is_wanted: Any) -> Any:
    """The first example that is wanted, as it was drawn."""
    as_drawn = settings(phases=[Phase.generate], max_examples=500, database=None)
    return find(strategy, is_wanted, settings=as_drawn)


# ---- formats and arrays -------------------------------------------------------------------------


@given(st.data(), st.sampled_from(["", "C", "CB", "SS"]))
def test_formats_have_what_is_asked_for(data: st.DataObject, needs: str) -> None:
    fmt = data.draw(formats(1, 4, needs=needs))
    assert 1 <= len(fmt) <= 4
    assert all([fmt.count(label) >= needs.count(label) for label in needs])
    assert dlarray(np.zeros((2,) * len(fmt)), fmt).dims == fmt


@given(st.data(), formats(1, 4))
def test_sizes_and_orders_go_with_a_format(data: st.DataObject, fmt: str) -> None:
    sizes, order = data.draw(sizes_of(fmt, 0, 3)), data.draw(orders_of(fmt))
    x = np.arange(float(np.prod(sizes))).reshape(sizes)
    X = dlarray(x, fmt)
    assert X.shape == sizes and X.dims == fmt
    assert same(dlarray(x.transpose(order), "".join([fmt[i] for i in order])), X)


@given(dlarrays(), dlarrays("", sizes=(2, 0)), dlarrays(st.just("BT"), sizes=st.just((2, 1))))
def test_arrays_have_the_format_and_the_sizes(A: dlarray, B: dlarray, C: dlarray) -> None:
    assert 1 <= len(A.dims) == A.ndim <= 4 and A.dtype == np.float64
    assert B.dims == "" and B.shape == (2, 0)
    assert C.dims == "BT" and C.shape == (2, 1)


@given(st.data())
@pytest.mark.parametrize("domain", ["any", "positive", "apart"])
@pytest.mark.parametrize("bounds", [None, (-0.125, 3.0), (0.25, 0.26), (1e3, 1e6)])
def test_bounds(domain: str, bounds: Any, data: st.DataObject) -> None:
    x = numbers(data.draw(dlarrays("SCB", domain=domain, bounds=bounds)))
    low, high = bounds or ((0.25, 2.0) if domain == "positive" else (-2.0, 2.0))
    assert np.all((low <= x) & (x <= high))


@given(dlarrays("SCBT", domain="apart"))
def test_numbers_are_apart(X: dlarray) -> None:
    x = np.sort(numbers(X).ravel())
    step = 4.0 / (2 * (x.size + 1))  # at least: a power of 2 that is more than half of this
    assert np.all(np.diff(x) >= step / 2)
    assert np.all(np.abs(x - np.round(x)) >= step / 4)


@given(
    dlarrays("SCB", domain="probabilities"), dlarrays(domain="one-hot"), dlarrays(dtype="logical")
)
def test_numbers_along_channels_and_logical_ones(P: dlarray, H: dlarray, L: dlarray) -> None:
    np.testing.assert_allclose(numbers(P).sum(1), 1.0, rtol=1e-14)
    assert np.all(numbers(P) > 0)
    hot = numbers(H)
    assert set(np.unique(hot)) <= {0.0, 1.0} and np.all(hot.sum(H.dims.index("C")) == 1)
    assert L.dtype == bool


@given(dlarrays(dtype="single", domain="any"))
def test_single_arrays(X: dlarray) -> None:
    assert X.dtype == np.float32


@pytest.mark.parametrize(
    ("options", "words"),
    [({"domain": "prime"}, "domain is one of"), ({"dtype": "int8"}, "dtype of"),
     ({"bounds": (1, 1)}, "a smaller and a larger"),
     ({"domain": "one-hot", "bounds": (0, 1)}, "bounds="),
     ({"format": "SSB", "domain": "one-hot"}, "needs the dimension C")],
)  # fmt: skip
def test_arrays_that_do_not_exist(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        dlarrays(**options)


@given(st.data())
@pytest.mark.parametrize("way", ["by label", "by position", "without labels"])
def test_pairs_expand(way: str, data: st.DataObject) -> None:
    X, Y = data.draw(expanding_pairs(most=4, ways=[way], dtype=data.draw(CLASSES)))
    assert [bool(X.dims), bool(Y.dims)].count(True) == {"by label": 2, "by position": 1}.get(way, 0)
    assert isequal(X + Y, Y + X)


def test_pairs_differ_in_all_ways() -> None:
    is_new = lambda pair: pair[0].dims != pair[1].dims and pair[0].shape != pair[1].shape
    for way in ("by label", "by position"):
        assert found(expanding_pairs(ways=[way]), is_new)
    assert found(expanding_pairs(ways=["without labels"]), lambda p: p[0].ndim != p[1].ndim)


# ---- layers, networks, programs, losses ---------------------------------------------------------


def test_every_layer_of_the_catalogue_is_drawn() -> None:
    assert set(ENTRIES) == set(LAYERS)


@given(st.data())
@settings(max_examples=5)
@pytest.mark.parametrize("name", ENTRIES)
def test_layers_fit_their_inputs(name: str, data: st.DataObject) -> None:
    case = data.draw(layers([name], dtype=data.draw(CLASSES)))
    assert type(case.layer).__name__ == name
    Y, *_ = forward(case.net, *case.inputs)
    predict(case.net, *case.inputs)
    assert {str(v.dtype) for v in case.net.Learnables.Value} <= {str(case.inputs[0].dtype)}
    assert "B" not in case.inputs[0].dims or "B" in Y.dims
    assert pasted(repr(case)) == case


@given(st.data())
def test_networks_fit_together(data: st.DataObject) -> None:
    dtype = data.draw(CLASSES)
    case = data.draw(networks(st.sampled_from(["CB", "SSCB", "CBT", "SSSCB", "SCB"]), dtype=dtype))
    assert len(case.inputs) == 1 and len(case.layers) <= 1 + 4 * 5
    *Y, _ = forward(case.net, *case.inputs)
    assert len(Y) == 1 and Y[0].shape == predict(case.net, *case.inputs).shape
    assert pasted(repr(case)) == case


@given(networks(only=["tanhLayer", "additionLayer"], most=1), networks(branches=False))
def test_networks_of_few_layers(few: Network, chain: Network) -> None:
    kinds = {type(layer).__name__ for layer in few.layers[1:]}
    assert kinds <= {"tanhLayer", "additionLayer"} and few.layers[0].is_input
    assert not chain.connections and not any([layer.Name for layer in chain.layers])


@pytest.mark.parametrize("name", ["additionLayer", "multiplicationLayer", "concatenationLayer"])
def test_networks_have_skip_connections(name: str) -> None:
    """From the first layer to what joins: directly, and by another."""
    assert found(networks("CB", only=["tanhLayer", name]), lambda case: is_skip(case, name))


def is_skip(case: Network, name: str) -> bool:
    joins = [layer.Name for layer in case.layers if type(layer).__name__ == name]
    sources = [{s for s, d in case.connections if d.startswith(f"{join}/")} for join in joins]
    return any([len(two) == 2 and case.layers[0].Name in two for two in sources])


@given(networks(), st.integers(0, 2**32 - 1))
def test_a_network_is_the_same_each_time_and_draws_none_of_the_random_numbers(
    case: Network, seed: int
) -> None:
    before = dl.rand(3)
    generator.seed(seed)
    first = case.net
    drawn = dl.rand(3)
    generator.seed(seed)
    np.testing.assert_array_equal(dl.rand(3), drawn)
    assert isequal(first, case.net)
    assert all([np.all(numbers(v) != 0) for v in first.Learnables.Value])
    assert before.shape == (3, 3)


@given(programs(), programs(gradient=True), st.data())
def test_programs_run(smooth: Program, inner: Program, data: st.DataObject) -> None:
    n = smooth.inputs[0].shape[0]
    assert smooth(*smooth.inputs).shape == (n, n)
    assert [name for name, *_ in inner.steps].count("gradient") == 1

    def slopes(*X: dlarray) -> Any:
        return dlgradient(dl.sum(inner(*X), "all"), *X)

    for X, slope in zip(inner.inputs, dlfeval(slopes, *inner.inputs), strict=True):
        assert slope.dims == X.dims and slope.shape == X.shape
    assert [pasted(repr(case)) for case in (smooth, inner)] == [smooth, inner]
    single = data.draw(programs(dtype="single"))
    assert single(*single.inputs).dtype == np.float32


@given(losses(dtype="double"), losses(["huber", "crossentropy"], dtype="single"))
def test_losses_are_numbers(case: LossCase, other: LossCase) -> None:
    loss = case()
    assert np.all(np.isfinite(numbers(loss)))
    assert loss.shape == () or case.loss is dl.generalizedDice
    assert isequal(case(case.Y), loss)
    assert other.loss in (dl.huber, dl.crossentropy) and other().dtype == np.float32
    assert pasted(repr(case)) == case


@pytest.mark.parametrize("draw", [layers, networks, losses])
def test_names_that_do_not_exist(draw: Any) -> None:
    with pytest.raises(ValueError, match="fancyLayer"):
        draw(only=["fancyLayer"])


# ---- code ---------------------------------------------------------------------------------------


@given(st.one_of(dlarrays(dtype="single"), dlarrays(), dlarrays(dtype="logical")))
def test_code_of_arrays_makes_the_same_array(X: dlarray) -> None:
    assert same(pasted(code(X)), X)


@pytest.mark.parametrize(
    "value",
    [dlarray(1.5), dlarray(np.zeros((0, 3)), "CB"), dlarray(np.zeros((2, 0, 1)), "SCB"),
     dlarray([np.inf, -np.inf], "C"), networkDataLayout([3, None], "CB"), [1, (2,), {"a": 3.0}],
     dl.lstmLayer(2, OutputMode="last", HiddenState=np.ones(2), Name="long-hyphenated-name"),
     dl.functionLayer(dl.exp)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_code_of_other_values(value: Any) -> None:
    again = pasted(code(value))
    assert code(again) == code(value) and type(again) is type(value)
    assert not isinstance(value, dlarray) or same(again, value)


def test_code_of_nan() -> None:
    assert np.isnan(pasted(code(dlarray([np.nan, 0.0], "C")))[0].item())


def test_lines_are_short_and_break_between_numbers() -> None:
    text = code(dlarray(np.linspace(0, 1, 40)[None] / 3, "CB"))
    assert max(map(len, text.splitlines())) <= 100
    assert len(text.splitlines()) < 30


def test_cases_are_equal_if_their_code_is() -> None:
    make = lambda x: LayerCase(dl.reluLayer(), [dlarray([x], "C")])
    assert make(1.0) == make(1.0) and hash(make(1.0)) == hash(make(1.0))
    assert make(1.0) != make(2.0) and make(1.0) != LayerCase(dl.tanhLayer(), make(1.0).inputs)
    assert isinstance(make(1.0), Case)


# ---- what Hypothesis makes of them --------------------------------------------------------------


def falsified(strategy: Any, is_right: Any) -> str:
    """The example that Hypothesis reports for a wrong claim, as the code of a call f(x=…)."""

    @settings(max_examples=100, database=None, phases=[Phase.generate, Phase.shrink])
    @given(strategy)
    def f(x: Any) -> None:
        assert is_right(x)

    with pytest.raises(AssertionError) as caught:
        f()
    text = "\n".join(caught.value.__notes__)
    found = re.search(r"\bf\($.*^\)", text, re.DOTALL | re.MULTILINE)
    assert found, text
    return found[0]


@pytest.mark.parametrize(
    ("strategy", "is_right", "expected"),
    [
        (dlarrays(), lambda X: X.shape[0] < 2, [2]),
        (dlarrays("CB", dtype="single"), lambda X: X.dtype != np.float32, [1, 1]),
    ],
)
def test_what_is_reported_of_an_array_is_code(strategy: Any, is_right: Any, expected: Any) -> None:
    X = eval(falsified(strategy, is_right), {**NAMES, "f": lambda x: x})
    assert list(X.shape) == expected and not is_right(X)
    assert np.all(numbers(X) * 4 % 1 == 0), "shrunk to quarters"


def test_what_is_reported_of_a_network_is_short_and_code() -> None:
    """A layer that "fails" whenever it is there: alone, without options, on two numbers."""
    has_it = lambda case: any([isinstance(layer, dl.reluLayer) for layer in case.layers])
    text = falsified(networks(), lambda case: not has_it(case))
    case = eval(text, {**NAMES, "f": lambda x: x})
    assert has_it(case) and len(case.layers) == 2 and not case.connections
    assert np.prod(case.inputs[0].shape) == 2 and len(text.splitlines()) < 8


def test_what_is_reported_of_a_program_is_short() -> None:
    text = falsified(programs(), lambda program: ("sin", 1) not in program.steps)
    program = eval(text, {**NAMES, "f": lambda x: x})
    assert len(program.steps) == 2 and program.inputs[0].shape == (2, 2)


def test_random_numbers_are_seeded_for_each_example_and_continue_afterwards() -> None:
    seen = []

    @given(st.integers())
    def test(n: int) -> None:
        seen.append(dl.rand(2).tolist())

    dl.rng(7)
    expected = dl.rand(4)[:, 1]
    dl.rng(7)
    dl.rand(4, 1)
    test()
    assert len(seen) > 1 and all([values == seen[0] for values in seen])
    np.testing.assert_array_equal(dl.rand(4, 1)[:, 0], expected)


# ---- without Hypothesis -------------------------------------------------------------------------

HIDDEN = "import sys; sys.modules['hypothesis'] = None; "


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


def test_the_kit_is_imported_without_hypothesis() -> None:
    assert run(HIDDEN + "import tinydl.testing").returncode == 0
    used = run("import tinydl.testing, sys; print('hypothesis' in sys.modules)")
    assert used.stdout.strip() == "False"


@pytest.mark.parametrize(
    "use", ["from tinydl.testing import strategies", "import tinydl.testing as t; t.strategies"]
)
def test_strategies_without_hypothesis_name_the_extra(use: str) -> None:
    failed = run(HIDDEN + use)
    assert failed.returncode != 0
    assert "ModuleNotFoundError: tinydl.testing.strategies draws with Hypothesis" in failed.stderr
    assert "tinydl[test]" in failed.stderr


def test_strategies_are_an_attribute() -> None:
    used = run("import tinydl.testing as t; print(t.strategies.formats.__name__)")
    assert used.stdout.strip() == "formats", used.stderr
