"""Devices: who moves arrays, who refuses to, and that all of them compute the same.

Where there is no GPU a pretended one shows who moves what. With TINYDL_TEST_DEVICE=gpu the same
tests run with CuPy, and every operation of a training step is compared with NumPy's result.
"""

from __future__ import annotations

import ast
import copy
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import tinydl as dl
from tests import pretend_gpu
from tests.conftest import ON_GPU, expected_failures
from tests.cpuhip import standin
from tests.networks import digits
from tests.strategies import normal, numbers
from tinydl import (
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    forward,
    gather,
    gpuArray,
    gpuDevice,
    predict,
)
from tinydl.autodiff import PRIMITIVES, plain
from tinydl.backend import gpu, host, is_array, is_on_gpu

BACKEND = Path(host.__file__).parent
A = np.arange(1.0, 7.0).reshape(2, 3)


@pytest.fixture
def there(device: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A GPU: the one that the tests run on, or a pretended one."""
    if not ON_GPU:
        pretend_gpu.install(monkeypatch)
    yield


def far(x: Any) -> bool:
    """Whether an array or a dlarray is on the GPU."""
    return is_on_gpu(plain(x._value) if isinstance(x, dlarray) else x)


def same_numbers(a: Any, b: Any) -> bool:
    return np.array_equal(numbers(a), numbers(b))


# ---- the two backends ---------------------------------------------------------------------------


def names(path: Path) -> set[str]:
    """What a module binds that is public: functions, constants, and what it passes on."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.ImportFrom) and node.module not in (
            "__future__", "collections.abc", "contextlib", "typing", "tinydl.backend"
        ):  # fmt: skip
            found |= {alias.name for alias in node.names}
    return {name for name in found if not name.startswith("_")}


def test_both_backends_answer_the_same_names() -> None:
    found = names(BACKEND / "cupy_backend.py")
    assert found == names(BACKEND / "numpy_backend.py")
    assert len(found) > 80


def test_few_tests_are_expected_to_fail_with_cupy_and_each_has_a_reason() -> None:
    listed = expected_failures()
    assert len(listed) <= 15
    assert all([reason for _, reason in listed])


def test_importing_tinydl_imports_no_cupy() -> None:
    script = """
        import sys, tinydl
        x = tinydl.dlarray(tinydl.ones(2, 3), "CB")
        assert (x + x).dims == "CB" and tinydl.gather(x).dims == "CB"
        assert not [name for name in sys.modules if name.split(".")[0] == "cupy"]
    """
    program = "\n".join([line.strip() for line in script.splitlines()])
    subprocess.run([sys.executable, "-c", program], check=True)


# ---- is there a GPU? ----------------------------------------------------------------------------


def cupy_that(available: Callable[[], bool], arange: Callable[[float], Any]) -> Any:
    return SimpleNamespace(cuda=SimpleNamespace(is_available=available), arange=arange)


def failing(message: str) -> Callable[..., Any]:
    def fail(*_: Any) -> Any:
        raise RuntimeError(message)

    return fail


@pytest.mark.parametrize(
    ("cupy", "words"),
    [
        (None, r"CuPy cannot be imported.*pip install 'tinydl\[gpu\]'.*'tinydl\[gpu13\]'"),
        (cupy_that(lambda: False, np.arange), "no GPU, or no driver"),
        (cupy_that(failing("driver too old"), np.arange), "no driver for a GPU .driver too old"),
        (cupy_that(lambda: True, failing("no compiler")), "failed .RuntimeError: no compiler.*pip"),
        (cupy_that(lambda: True, lambda n: np.zeros(4)), "a wrong result"),
        (cupy_that(lambda: True, np.arange), "^$"),
    ],
    ids=["no CuPy", "no GPU", "no driver", "no kernel", "wrong", "all is well"],
)
def test_why_not(cupy: Any, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setattr(gpu, "why_not", gpu.why_not.__wrapped__)
    reason = gpu.why_not()
    assert re.search(words, reason)
    assert dl.canUseGPU() == (reason == "")
    if reason:
        found = gpuDevice()
        assert not found and found.reason == reason and repr(found) == f"no GPU: {reason}"
        with pytest.raises(RuntimeError, match=r"gpuArray: there is no GPU.*canUseGPU\(\)"):
            gpuArray(A)


def test_what_is_known_about_a_gpu(there: None) -> None:
    assert dl.canUseGPU() is True
    found = gpuDevice()
    assert found and found.Name
    assert 0 < found.AvailableMemory <= found.TotalMemory
    assert f"Name: {found.Name}" in repr(found) and "AvailableMemory: " in repr(found)


# ---- there and back -----------------------------------------------------------------------------


def test_arrays_go_there_and_back(there: None) -> None:
    for x in (A, A.astype(np.float32), A > 2, np.arange(3), dlarray(A, "CB"), dlarray(2.0)):
        moved = gpuArray(x)
        assert far(moved) and not far(x)
        back = gather(moved)
        assert type(back) is type(x) and back.dtype == x.dtype and not far(back)
        assert same_numbers(back, x)
        assert getattr(back, "dims", "") == getattr(x, "dims", "")
    for x in ([1.0, 2.0], [[1.0, 2.0], [3.0, 4.0]], 2.0, True):
        assert far(gpuArray(x)) and same_numbers(gpuArray(x), np.array(x))


def test_what_is_there_already_stays(there: None) -> None:
    X = gpuArray(dlarray(A, "CB"))
    assert gpuArray(X)._value is X._value and gpuArray(X) is not X
    assert gather(A) is A
    slope = dlfeval(lambda X: dlgradient(dl.sum(gpuArray(X) * 2, "all"), X), X)
    assert same_numbers(slope, np.full((2, 3), 2.0))


@pytest.mark.parametrize("wrong", ["text", None, np.array(["a"])])
def test_what_is_no_array_does_not_move(there: None, wrong: Any) -> None:
    with pytest.raises(TypeError, match="gpuArray: X"):
        gpuArray(wrong)


def test_recorded_values_do_not_move(there: None) -> None:
    with pytest.raises(TypeError, match=r"recorded for differentiation.*extractdata"):
        dlfeval(lambda X: gpuArray(X), dlarray(A))
    with pytest.raises(TypeError, match=r"recorded for differentiation.*extractdata"):
        dlfeval(lambda X: gather(X), gpuArray(dlarray(A)))


def test_containers_move_with_all_they_hold(there: None) -> None:
    X = dlarray(A, "CB")
    given = {"a": [X, A], "b": (X, "text", None, 3), "c": [], "empty": {}}
    moved = gpuArray(given)
    assert far(moved["a"][0]) and far(moved["a"][1]) and far(moved["b"][0])
    assert moved["b"][1:] == ("text", None, 3) and moved["c"] == [] and moved["empty"] == {}
    back = gather(moved)
    assert not far(back["a"][0]) and not far(back["a"][1])
    assert same_numbers(back["b"][0], X)


def small(**options: Any) -> dlnetwork:
    """Convolution, batch normalization, dropout and pooling, with a mean image."""
    dl.rng(0)
    return dlnetwork([
        dl.imageInputLayer([6, 5, 2], Mean=np.ones((6, 5, 2))), dl.convolution2dLayer(3, 3),
        dl.batchNormalizationLayer(), dl.reluLayer(), dl.dropoutLayer(0.25),
        dl.maxPooling2dLayer(2, Stride=2, Padding=1), dl.averagePooling2dLayer(2),
        dl.fullyConnectedLayer(4), dl.softmaxLayer(),
    ])  # fmt: skip


def batch() -> tuple[dlarray, Any]:
    return dlarray(normal((6, 5, 2, 4), 1, np.float32), "SSCB"), np.eye(4, dtype=np.float32)


def losses(net: dlnetwork, X: dlarray, T: Any, higher: bool = False) -> Any:
    Y, state = forward(net, X)
    loss = dl.crossentropy(Y, T, [0.1, 0.2, 0.3, 0.4], Mask=np.ones((4, 4)))
    return loss, state, dlgradient(loss, net.Learnables, EnableHigherDerivatives=higher)


def arrays(*tables: Any) -> list[dlarray]:
    return [value for table in tables for value in table.Value]


def test_networks_tables_and_solver_states_move(there: None) -> None:
    net, (X, T) = small(), batch()
    moved = gpuArray(net)
    assert all([far(v) for v in arrays(moved.Learnables, moved.State)])
    assert not any([far(v) for v in arrays(net.Learnables, net.State)])
    _, moved.State, slopes = dlfeval(losses, moved, gpuArray(X), T)
    for update in (
        lambda net, g: dl.sgdmupdate(net, g, []),
        lambda net, g: dl.adamupdate(net, g, [], [], 1),
        lambda net, g: dl.rmspropupdate(net, g, None),
    ):
        new, *states = update(moved, slopes)
        assert all([far(v) for v in arrays(new.Learnables, new.State, *states)])
        back, *home = gather([new, *states])
        assert not any([far(v) for v in arrays(back.Learnables, back.State, *home)])
        again, *_ = update(gather(moved), gather(slopes))
        for a, b in zip(arrays(again.Learnables), arrays(back.Learnables), strict=True):
            np.testing.assert_allclose(numbers(a), numbers(b), rtol=1e-6, atol=1e-7)
    assert predict(back, X).dims == "CB"


def test_dlupdate_moves_learnables_and_state_follows(there: None) -> None:
    net, (X, _) = small(), batch()
    moved = dlupdate(gpuArray, net)
    assert all([far(v) for v in moved.Learnables.Value])
    assert not any([far(v) for v in moved.State.Value])
    assert far(predict(moved, gpuArray(X)))
    _, state = forward(moved, gpuArray(X))
    assert all([far(v) for v in state.Value])


def test_copies_stay_there_and_files_do_not(there: None) -> None:
    X = gpuArray(dlarray(A, "CB"))
    assert far(copy.copy(X)) and far(copy.deepcopy(X))
    back = pickle.loads(pickle.dumps(X))
    assert not far(back) and same_numbers(back, A)


# ---- what there is to see -----------------------------------------------------------------------


def test_an_array_shows_where_it_is(there: None) -> None:
    X = gpuArray(dl.single(dlarray(A, "CB")))
    first, *rest = repr(X).splitlines()
    assert first == "2(C) × 3(B) single gpuArray dlarray"
    assert rest == ["[[1. 2. 3.]", " [4. 5. 6.]]"]
    assert repr(dl.sum(X, "all")) == "1×1 single gpuArray dlarray\n21."
    assert repr(gpuArray(dlarray(A))).startswith("2×3 gpuArray dlarray\n")
    assert float(dl.sum(X, "all")) == 21.0 and f"{dl.sum(X, 'all'):.1f}" == "21.0"


def test_numpy_does_not_take_it(there: None) -> None:
    with pytest.raises(TypeError, match=r"on the GPU.*gather\(X\)"):
        np.asarray(gpuArray(dlarray(A)))
    assert np.allclose(gpuArray(dlarray(A)), A) and np.array_equal(gpuArray(dlarray(A)), A)


def test_extractdata_gives_a_copy_that_can_be_written_to(there: None) -> None:
    X = gpuArray(dlarray(A))
    array = dl.extractdata(X)
    assert far(array)
    array[...] = 0.0
    assert same_numbers(X, A)


# ---- two devices in one expression --------------------------------------------------------------

HERE, B = dlarray(A, "CB"), np.ones((2, 3))
APART: dict[str, tuple[Callable[[dlarray], Any], str, str]] = {
    "operators": (lambda X: X + HERE, "the left operand", "the right operand"),
    "reversed": (lambda X: HERE * X, "the right operand", "the left operand"),
    "a plain array": (lambda X: X - B, "the left operand", "the right operand"),
    "a list": (lambda X: X / [[1.0, 2.0, 3.0]], "the left operand", "the right operand"),
    "a comparison": (lambda X: X > HERE, "the left operand", "the right operand"),
    "NumPy": (lambda X: np.maximum(B, X), "the right operand", "the left operand"),
    "a matrix product": (lambda X: dl.stripdims(X) @ B.T, "the left operand", "the right operand"),
    "max": (lambda X: dl.max(X, HERE), "the left operand", "the right operand"),
    "cat": (lambda X: dl.cat("C", HERE, X), "array 1", "array 0"),
    "concatenate": (lambda X: np.concatenate([X, HERE]), "array 0", "array 1"),
    "where": (lambda X: np.where(X > 1, HERE, B), "the condition", "a choice"),
    "fullyconnect": (lambda X: dl.fullyconnect(X, np.ones((1, 2))), "X", "weights"),
    "a bias": (lambda X: dl.fullyconnect(X, gpuArray(np.ones((1, 2))), [1.0]), "X", "bias"),
    "batchnorm": (lambda X: dl.batchnorm(X, [0.0, 0], gpuArray([1.0, 1])), "X", "offset"),
    "assignment": (lambda X: X.__setitem__((0, slice(None)), B[0]), "the array", "the value"),
    "a solver": (lambda X: dl.sgdmupdate(HERE, X, []), "its gradient", "a parameter"),
    "its state": (lambda X: dl.sgdmupdate(X, X, HERE), "a parameter", "its solver state"),
    "a loss": (lambda X: dlfeval(lambda T: dl.mse(X, T), HERE), "mse: Y", "mse: targets"),
}


@pytest.mark.parametrize("case", APART)
def test_two_devices_in_one_expression(there: None, case: str) -> None:
    call, far_one, near_one = APART[case]
    sizes = r"\([0-9×]+( logical)?( gpuArray)?\)"
    words = (
        rf"{far_one} {sizes} is on the GPU, and {near_one} {sizes} is in the computer's own "
        rf"memory.*gpuArray\(…\) moves {near_one} to the GPU, gather\(…\) brings {far_one} back"
    )
    with pytest.raises(ValueError, match=words):
        call(gpuArray(dlarray(A, "CB")))


def test_a_network_and_data_apart(there: None) -> None:
    net, (X, _) = small(), batch()
    with pytest.raises(ValueError, match=r"layer 'conv'.*X .*GPU, and weights.*gpuArray\(net\)"):
        forward(net, gpuArray(X))
    with pytest.raises(ValueError, match=r"layer 'conv'.*weights .*GPU, and X "):
        predict(gpuArray(net), X)


def test_numbers_are_at_home_everywhere(there: None) -> None:
    X = gpuArray(dlarray(A, "CB"))
    for number in (2, 2.0, np.float64(2), np.array(2.0), dlarray(2.0), gpuArray(2.0)):
        assert far(X * number) and same_numbers(X * number, 2 * A)
        assert same_numbers(number - X, 2 - A)
    Y = dlarray(X)
    Y[:, 1] = 7.0
    assert far(Y) and numbers(Y).tolist() == [[1, 7, 3], [4, 7, 6]]
    conv = dl.dlconv(gpuArray(dlarray(np.ones((3, 3, 1, 1)), "SSCB")), gpuArray(np.ones((2, 2))), 1)
    assert same_numbers(conv, np.full((2, 2, 1, 1), 5.0))


def test_what_goes_with_the_data_follows_it(there: None) -> None:
    Y, T = gpuArray(dlarray(A / 10, "CB")), np.ones((2, 3))
    for loss in (dl.crossentropy, dl.l1loss, dl.l2loss, dl.huber):
        found = loss(Y, T, [0.5, 2.0], Mask=A > 1)
        assert far(found)
        expected = loss(gather(Y), T, [0.5, 2.0], Mask=A > 1)
        np.testing.assert_allclose(numbers(found), numbers(expected), rtol=1e-14)
    assert far(dl.mse(Y, dlarray(T, "CB")))


def test_arrays_are_made_where_like_is(there: None) -> None:
    X = gpuArray(dlarray(dl.single(A)))
    for function in (dl.zeros, dl.ones, dl.rand, dl.randn):
        dl.rng(3)
        made = function(2, 3, like=X)
        assert far(made) and made.dtype == np.float32
        dl.rng(3)
        assert same_numbers(made, dl.single(function(2, 3)))


# ---- subscripts ---------------------------------------------------------------------------------


def test_subscripts_from_either_device(there: None) -> None:
    X = gpuArray(dlarray(A, "CB"))
    _, where = dl.max(X, axis=1, nargout=2)
    assert far(where) and where.tolist() == [[2], [2]]
    for rows, columns in (([1, 0], [2, 2]), (np.array([1, 0]), where), (where.ravel() // 2, [2])):
        expected = A[np.ix_(*[np.ravel(gather(i)) for i in (rows, columns)])]
        assert far(X[rows, columns]) and same_numbers(X[rows, columns], expected)
    for mask in (A > 2, X > 2, gpuArray(A > 2)):
        assert far(X[mask]) and sorted(numbers(X[mask]).tolist()) == [3, 4, 5, 6]
    X[[0, 0], :] = gpuArray(np.array([[1.0, 2, 3], [7, 8, 9]]))
    assert numbers(X)[0].tolist() == [7, 8, 9]


def test_subscripts_are_checked_before_they_go(there: None) -> None:
    X = gpuArray(dlarray(A, "CB"))
    for key in ((2, 0), (0, [0, 3]), (0, np.array([-4])), (0, gpuArray(np.array([0, 3])))):
        with pytest.raises(IndexError, match="counted from 0"):
            X[key]
        with pytest.raises(IndexError, match="counted from 0"):
            X[key] = 1.0
    with pytest.raises(IndexError, match="this mask has 2"):
        X[0, gpuArray(np.array([True, False]))]


# ---- the same numbers ---------------------------------------------------------------------------


def test_random_numbers_do_not_depend_on_the_device(there: None) -> None:
    net, (X, _) = small(), batch()
    moved = gpuArray(net)
    for a, b in zip(arrays(net.Learnables), arrays(moved.Learnables), strict=True):
        assert same_numbers(a, b)
    layer = dl.dropoutLayer(0.5)
    dl.rng(5)
    Y, _ = layer.forward(X)
    dl.rng(5)
    Z, _ = layer.forward(gpuArray(X))
    assert far(Z) and same_numbers(Y, Z)
    dl.rng(5)
    assert isinstance(dl.randperm(10), np.ndarray)
    example = gpuArray(dlarray(normal((3, 2), 0), "CB"))
    dl.rng(0)
    net = dlnetwork([dl.fullyConnectedLayer(3)], example)
    dl.rng(0)
    other = dlnetwork([dl.fullyConnectedLayer(3)], gather(example))
    assert same_numbers(net.Learnables.Value[0], other.Learnables.Value[0])


def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every operation be compared with what NumPy makes of the same inputs."""
    done: list[str] = []
    for name, primitive in PRIMITIVES.items():
        monkeypatch.setattr(primitive, "forward", _beside_numpy(name, primitive.forward, done))
    return done


def _beside_numpy(name: str, function: Callable[..., Any], done: list[str]) -> Callable[..., Any]:
    def both(*inputs: Any, **static: Any) -> Any:
        found = function(*inputs, **static)
        here = dict(zip(static, gather(list(static.values())), strict=True))
        expected = function(*gather(inputs), **here)
        parts = [found, expected] if isinstance(found, tuple) else [(found,), (expected,)]
        for a, b in zip(*parts, strict=True):
            if is_array(a):
                assert far(a), f"{name} has left the GPU"
                a = gather(a)
                assert (a.shape, a.dtype) == (b.shape, b.dtype), name
                bound = 1e-5 if a.dtype == np.float32 else 1e-12
                size = max(1.0, float(np.max(np.abs(b), initial=0.0)))
                np.testing.assert_allclose(a, b, rtol=bound, atol=bound * size, err_msg=name)
        done.append(name)
        return found

    return both


@pytest.mark.parametrize("convert", [dl.single, dl.double], ids=["single", "double"])
def test_a_step_of_the_digits_network_operation_by_operation(
    there: None, convert: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With higher derivatives the rules are operations too, and so are compared as well."""
    dl.rng(0)
    net = dlupdate(convert, digits())
    X = convert(dlarray(normal((28, 28, 1, 3), 2), "SSCB"))
    T = np.eye(10)[:, :3]

    def step(net: dlnetwork, X: dlarray) -> Any:
        Y, state = forward(net, X)
        loss = dl.crossentropy(Y, T)
        return loss, state, dlgradient(loss, net.Learnables, EnableHigherDerivatives=True)

    done = compared(monkeypatch)
    loss, _, slopes = dlfeval(step, gpuArray(net), gpuArray(X))
    assert far(loss) and all([far(g) for g in slopes.Value])
    assert {"convolve_add", "convolve_input", "convolve_weight", "batch_normalize_relu", "relu",
            "softmax", "affine", "multiply"} <= set(done)  # fmt: skip


def test_pooling_and_dropout_operation_by_operation(
    there: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, (X, T) = small(), batch()
    done = compared(monkeypatch)
    dlfeval(losses, gpuArray(net), gpuArray(X), gpuArray(T), True)
    assert {"maxpool", "spread_winners", "avgpool", "spread"} <= set(done)


# ---- no waiting ---------------------------------------------------------------------------------


def test_a_training_step_downloads_nothing(there: None) -> None:
    net, X = gpuArray(digits()), gpuArray(dlarray(normal((28, 28, 1, 3), 2, np.float32), "SSCB"))
    T, velocity = np.eye(10, dtype=np.float32)[:, :3], []

    def step(net: dlnetwork, X: dlarray) -> Any:
        Y, state = forward(net, X)
        loss = dl.crossentropy(Y, T)
        return loss, state, dlgradient(loss, net.Learnables)

    def train() -> dlarray:
        nonlocal net, velocity
        loss, net.State, slopes = dlfeval(step, net, X)
        net, velocity = dl.sgdmupdate(net, slopes, velocity)
        return loss

    train()
    if not ON_GPU:
        before = pretend_gpu.FarArray.downloads
        loss = train()
        assert pretend_gpu.FarArray.downloads == before
        assert float(loss) > 0
        assert pretend_gpu.FarArray.downloads > before
    elif standin.is_running():
        with standin.counted() as counts:
            train()
        assert counts.launches > 0
        assert (counts.downloads, counts.waits) == (0, 0)
    else:
        pytest.skip("only the stand-in counts what a real GPU does")


# ---- errors of the device -----------------------------------------------------------------------


@pytest.mark.skipif(not ON_GPU, reason="a pretended GPU has no memory of its own")
def test_a_full_memory_says_what_to_do(device: Any) -> None:
    large = np.broadcast_to(np.float32(0), (2**24, 2**24))
    X = gpuArray(dlarray(np.ones((2**24, 1), np.float32)))
    for call in (lambda: gpuArray(large), lambda: dlfeval(lambda X: dl.repmat(X, 1, 2**24), X)):
        with pytest.raises(MemoryError, match=r"no room.*MB are free.*free_all_blocks\(\)"):
            call()


def test_the_words_for_a_full_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    megabyte = 2**20
    pool = SimpleNamespace(total_bytes=lambda: 300 * megabyte, used_bytes=lambda: 200 * megabyte)
    device = SimpleNamespace(mem_info=(50 * megabyte, 400 * megabyte))
    cupy = SimpleNamespace(get_default_memory_pool=lambda: pool,
                           cuda=SimpleNamespace(Device=lambda: device))  # fmt: skip
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    full = type("OutOfMemoryError", (MemoryError,), {"__module__": "cupy.cuda.memory"})
    with pytest.raises(MemoryError, match=r"room.*asked.*400 MB 50 MB.*holds 300 MB.*use 200 MB"):
        with gpu.computing():
            raise full("asked for much.")
    with pytest.raises(MemoryError, match=r"^of another library$"):
        with gpu.computing():
            raise MemoryError("of another library")


def test_with_debugging_an_operation_names_itself(
    there: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exp(x: Any) -> Any:
        return x

    assert gpu.observed(exp) is exp
    monkeypatch.setenv("TINYDL_GPU_DEBUG", "1")
    watched = gpu.observed(exp)
    assert watched(3.0) == 3.0
    monkeypatch.setattr(gpu.dispatch, "synchronize", failing("illegal address"))
    with pytest.raises(RuntimeError, match="exp failed on the GPU: illegal address"):
        watched(gpuArray(A))


def test_debugging_changes_no_result() -> None:
    script = (
        "import tinydl as dl; x = dl.dlarray([1.0, 2.0]);"
        "assert float(dl.dlfeval(lambda x: dl.dlgradient(dl.sum(x * x, 'all'), x), x)[1]) == 4.0;"
        "from tinydl.autodiff import PRIMITIVES;"
        "assert all(p.forward.__name__ == n for n, p in PRIMITIVES.items());"
        "assert hasattr(PRIMITIVES['exp'].forward, '__wrapped__')"
    )
    environment = {**os.environ, "TINYDL_GPU_DEBUG": "1"}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)
