"""The pytest plugin: devices, random numbers that can be replayed, and laws as tests."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

from tests import pretend_gpu
from tinydl.testing.plugin import devices

pytest_plugins = ["pytester"]

PLUGIN = ("-p", "tinydl.testing.plugin", "-p", "no:cacheprovider")


def run(pytester: pytest.Pytester, text: str, *options: str) -> pytest.RunResult:
    """What pytest says of this test module, with the plugin."""
    pytester.makepyfile(test_it=text)
    return pytester.runpytest_inprocess(*PLUGIN, *options)


DRAWS = """
import tinydl
def test_one(seed): print("one", seed, tinydl.rand(1, 1).item())
def test_two(seed): print("two", seed, tinydl.rand(1, 1).item())
"""


def drawn(result: pytest.RunResult) -> dict[str, tuple[int, float]]:
    found = re.findall(r"(one|two) (\d+) (\S+)", result.stdout.str())
    return {name: (int(seed), float(number)) for name, seed, number in found}


# ---- random numbers -----------------------------------------------------------------------------


def test_each_test_has_random_numbers_of_its_own(pytester: pytest.Pytester) -> None:
    first = drawn(run(pytester, DRAWS, "-s"))
    assert set(first) == {"one", "two"}
    assert first["one"] != first["two"]
    assert drawn(pytester.runpytest_inprocess(*PLUGIN, "-s")) == first
    alone = drawn(pytester.runpytest_inprocess(*PLUGIN, "-s", "test_it.py::test_two"))
    assert alone == {"two": first["two"]}


def test_all_tests_start_at_a_seed_that_is_given(pytester: pytest.Pytester) -> None:
    found = drawn(run(pytester, DRAWS, "-s", "--tinydl-seed=7"))
    assert found["one"] == found["two"]
    assert found["one"][0] == 7
    other = drawn(run(pytester, DRAWS, "-s", "--tinydl-seed=8"))
    assert other["one"][1] != found["one"][1]


@pytest.mark.parametrize("bad", ["-1", "4294967296", "x"])
def test_a_seed_is_a_whole_number(pytester: pytest.Pytester, bad: str) -> None:
    result = run(pytester, DRAWS, f"--tinydl-seed={bad}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--tinydl-seed*"])


def test_a_failure_shows_the_line_that_replays_it(pytester: pytest.Pytester) -> None:
    text = """
        import tinydl, pytest
        @pytest.mark.parametrize("name", ["a b", "c"])
        def test_fails(name): assert tinydl.rand(1, 1).item() < 0
        def test_passes(): pass
    """
    result = run(pytester, text)
    result.assert_outcomes(failed=2, passed=1)
    lines = [x for x in result.stdout.lines if x.startswith("python -m pytest -p tinydl.testing")]
    assert len(lines) == 2
    shown = re.findall(r"^E +assert (\S+) < 0", result.stdout.str(), re.M)
    for line, number in zip(lines, shown, strict=True):
        words = shlex.split(line)[3:]
        again = pytester.runpytest_inprocess("-p", "no:cacheprovider", *words)
        again.assert_outcomes(failed=1)
        again.stdout.fnmatch_lines([f"E*assert {number} < 0*"])


def test_a_failure_before_the_test_itself_can_be_replayed_too(pytester: pytest.Pytester) -> None:
    text = """
        import tinydl, pytest
        @pytest.fixture
        def broken(): raise ValueError(tinydl.rand(1, 1).item())
        def test_it(broken): pass
    """
    result = run(pytester, text)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*random numbers of tinydl*", "*--tinydl-seed=*"])


# ---- devices ------------------------------------------------------------------------------------

ASKS = """
import tinydl
def test_it(device):
    X = device.put(tinydl.dlarray([[1.0]], "CB"))
    print("on", device.name, tinydl.extractdata(device.take(X)).item())
def test_other(): pass
"""


def test_a_test_runs_on_each_device_that_is_there(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinydl.backend.gpu.why_not", lambda: "pulled out")
    result = run(pytester, ASKS, "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*test_it[[]cpu[]] PASSED*", "*test_other PASSED*"])
    pretend_gpu.install(monkeypatch)
    for option, names in (("all", ["cpu", "gpu"]), ("cpu", ["cpu"]), ("gpu", ["gpu"])):
        result = run(pytester, ASKS, "-s", f"--device={option}")
        assert re.findall(r"on (\w+) 1\.0", result.stdout.str()) == names
        result.assert_outcomes(passed=1 + len(names))


def test_a_gpu_that_is_not_there_is_no_silent_pass(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinydl.backend.gpu.why_not", lambda: "pulled out")
    result = run(pytester, ASKS, "--device=gpu")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--device=gpu: there is no GPU: pulled out*"])
    with pytest.raises(RuntimeError, match="pulled out"):
        devices("gpu")
    assert run(pytester, ASKS, "--device=tpu").ret == pytest.ExitCode.USAGE_ERROR


def test_a_project_may_have_a_device_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("""
        import pytest
        pytest_plugins = ["tinydl.testing.plugin"]
        @pytest.fixture(params=["mine"])
        def device(request): return request.param
    """)
    pytester.makepyfile("def test_it(device, seed): assert (device, seed > 0) == ('mine', True)")
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


# ---- laws as tests ------------------------------------------------------------------------------


def test_laws_are_tests_one_for_each(pytester: pytest.Pytester) -> None:
    text = """
        from tinydl import *
        from tinydl import mean
        from tinydl.testing import laws
        X = dlarray([[1.0, 2.0, 4.0], [3.0, 5.0, 9.0]], "CB")
        test_right = laws.tests_of(lambda X: sigmoid(2 * X), X)
        test_mixed = laws.tests_of(lambda X: X - mean(X, "B"), X)
        test_spared = laws.tests_of(lambda X: X - mean(X, "B"), X, without="batch")
        test_net = laws.tests_of(dlnetwork([featureInputLayer(2), fullyConnectedLayer(3)]), X)
    """
    result = run(pytester, text, "-rfs", "-k", "not devices")
    result.assert_outcomes(passed=28, failed=1, skipped=3, deselected=4)
    result.stdout.fnmatch_lines(["E*BrokenLawError: <lambda> of observation 0 alone differs*",
                                 "FAILED test_it.py::test_mixed[[]batch[]]*",
                                 "SKIPPED*saving: needed is a network*"])  # fmt: skip


def test_promises_of_a_layer_are_tests(pytester: pytest.Pytester) -> None:
    text = """
        from tinydl import *
        from tinydl.testing import laws
        class wrongLayer(Layer):
            def predict(self, X): return X * extractdata(X)
        layout = networkDataLayout([3, None], "CB")
        test_wrong = laws.tests_of(wrongLayer(), layout, batch=2)
        test_right = laws.tests_of(reluLayer(), layout, without=["saving"])
    """
    result = run(pytester, text, "-rf")
    result.assert_outcomes(passed=20, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_it.py::test_wrong[[]derivatives[]]*"])


def test_inputs_of_laws_may_be_drawn(pytester: pytest.Pytester) -> None:
    text = """
        from hypothesis import strategies as st
        from tinydl import *
        from tinydl import mean
        from tinydl.testing import laws
        inputs = st.sampled_from(["C", "CT", "CB"]).map(
            lambda fmt: dlarray([[1.0, 2.0], [3.0, 5.0]][:len(fmt)], fmt)
            if len(fmt) > 1 else dlarray([1.0, 2.0], fmt))
        test_right = laws.tests_of(lambda X, a: sigmoid(a * X), inputs, 2.0)
        test_wrong = laws.tests_of(lambda X: X - mean(X, "B") if "B" in X.dims else X, inputs)
    """
    result = run(pytester, text, "-rf", "-k", "batch or purity or saving or permutation")
    result.assert_outcomes(passed=5, failed=1, skipped=2, deselected=10)
    result.stdout.fnmatch_lines(["E*BrokenLawError: <lambda> of observation 0 alone differs*",
                                 "FAILED test_it.py::test_wrong[[]batch[]]*"])  # fmt: skip


# ---- without pytest -----------------------------------------------------------------------------


def test_the_kit_imports_neither_pytest_nor_hypothesis() -> None:
    program = """
import sys
sys.modules.update(pytest=None, hypothesis=None)
from tinydl import *
from tinydl.testing import check_layer, laws
laws.check(lambda X: 2 * X, dlarray([[1.0]], "CB"))
check_layer(reluLayer(), networkDataLayout([2, None], "CB"))
try:
    laws.tests_of(relu, dlarray([[1.0]], "CB"))
except ModuleNotFoundError as error:
    print(error)
"""
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert "pip install 'tinydl[test]'" in found.stdout, found.stderr
