"""What the stand-in adds to a device: guard bands, NaN in fresh memory, counters, clean folders."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cpuhip import standin

cupy = standin.cupy_or_skip()

WRITE = cupy.RawKernel(
    'extern "C" __global__ void write_at(float *x, long long place) { x[place] = 1; }', "write_at"
)

# ---- memory -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 128, 1000])
@pytest.mark.parametrize("outside", [1, 60, 1000])
def test_a_write_outside_an_array_is_noticed(size: int, outside: int, capfd: Any) -> None:
    x = cupy.zeros(size, "f")
    WRITE((1,), (1,), (x, size - 1))
    assert standin.damaged_guards() == 0
    for place in (-outside, size - 1 + outside):
        WRITE((1,), (1,), (x, place))
        assert standin.damaged_guards() == 1
        assert standin.damaged_guards() == 0, "damage is reported once"
    assert f"an allocation of {4 * size} bytes" in capfd.readouterr().err


def test_damage_is_remembered_when_the_array_goes() -> None:
    x = cupy.zeros(3, "f")
    WRITE((1,), (1,), (x, 3))
    del x
    assert standin.damaged_guards() == 1


def test_fresh_memory_is_not_a_number() -> None:
    for kind in "efdFD":
        assert np.isnan(cupy.empty(100, kind).get()).all()


def test_copies_beyond_an_allocation_are_refused() -> None:
    x, host = cupy.zeros(4, "f"), np.zeros(8, "f")
    runtime = cupy.cuda.runtime
    for to, source, kind in (
        (x.data.ptr, host.ctypes.data, runtime.memcpyHostToDevice),
        (host.ctypes.data, x.data.ptr, runtime.memcpyDeviceToHost),
    ):
        with pytest.raises(runtime.CUDARuntimeError, match="InvalidValue"):
            runtime.memcpy(to, source, host.nbytes, kind)


def test_too_much_memory_is_refused() -> None:
    with pytest.raises(cupy.cuda.runtime.CUDARuntimeError, match="OutOfMemory"):
        cupy.empty(9 << 30, "b")


# ---- counters -----------------------------------------------------------------------------------


def test_launches_are_counted_by_name() -> None:
    x = cupy.ones(10, "f")
    with standin.counted() as counts:
        WRITE((1,), (1,), (x, 3))
        WRITE((1,), (1,), (x, 4))
        x + x
    assert counts.launches == 3
    assert counts.launches_of("write_at") == 2
    assert counts.launches_of("cupy_add__float32_float32_float32") == 1
    assert (counts.gemms, counts.uploads, counts.downloads, counts.waits) == (0, 0, 0, 0)


def test_products_are_counted() -> None:
    x, batch = cupy.ones((4, 4), "f"), cupy.ones((3, 4, 4), "f")
    with standin.counted() as counts:
        x @ x
        x.T @ x
        batch @ batch
    assert (counts.gemms, counts.launches) == (3, 0)


def test_copies_and_waits_are_counted() -> None:
    with standin.counted() as counts:
        x = cupy.asarray(np.ones(3))
    assert (counts.uploads, counts.downloads, counts.waits) == (1, 0, 0)
    with standin.counted() as counts:
        x.get()
    assert (counts.uploads, counts.downloads, counts.waits) == (0, 1, 1)
    with standin.counted() as counts:
        float(x.sum())
    assert (counts.launches, counts.downloads, counts.waits) == (1, 1, 1)
    with standin.counted() as counts:
        cupy.cuda.Device().synchronize()
        cupy.cuda.get_current_stream().synchronize()
        cupy.cuda.Event().synchronize()
    assert (counts.downloads, counts.waits) == (0, 3)


def test_allocations_are_counted() -> None:
    with standin.counted() as counts:
        cupy.empty(3)
        cupy.empty(3)
    assert counts.allocations == 2


def test_the_pool_allocates_once(memory_pool: None) -> None:
    with standin.counted() as first:
        cupy.empty(3)
    with standin.counted() as second:
        cupy.empty(3)
    assert (first.allocations, second.allocations) == (1, 0)


def test_counts_may_be_nested() -> None:
    x = cupy.ones(3)
    with standin.counted() as outer:
        x + x
        with standin.counted() as inner:
            x + x
    assert (outer.launches, inner.launches) == (2, 1)


# ---- streams and events -------------------------------------------------------------------------


def test_streams_and_events() -> None:
    begin, end = cupy.cuda.Event(), cupy.cuda.Event()
    with cupy.cuda.Stream() as stream:
        begin.record()
        x = cupy.arange(10.0) * 2
        time.sleep(0.01)
        end.record()
        stream.synchronize()
    assert 10 <= cupy.cuda.get_elapsed_time(begin, end) < 60_000
    np.testing.assert_array_equal(x.get(), np.arange(10.0) * 2)


# ---- order and files ----------------------------------------------------------------------------


def test_the_order_of_threads_is_set_for_a_block_only() -> None:
    before = os.environ.get(standin.REVERSE)
    with standin.threads_run("reversed"):
        assert os.environ[standin.REVERSE] == "1"
        with standin.threads_run("forward"):
            assert os.environ[standin.REVERSE] == "0"
    assert os.environ.get(standin.REVERSE) == before


def compile_something_new() -> None:
    text = f'extern "C" __global__ void fresh() {{ }} // {time.time_ns()}'
    cupy.RawKernel(text, "fresh")((1,), (1,), ())


def test_no_file_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with standin.counted() as counts:
        compile_something_new()
    assert counts.compilations == 1
    assert not list(tmp_path.iterdir())


def test_texts_are_kept_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("CPUHIP_KEEP", "1")
    compile_something_new()
    kept = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert "kernel.cpp" in kept
    assert "cpuhip: kept" in capfd.readouterr().err


def test_launches_are_told_on_request(monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.setenv("CPUHIP_TRACE", "1")
    WRITE((1,), (1,), (cupy.zeros(1, "f"), 0))
    assert "launch write_at grid 1,1,1 block 1,1,1 shared 0" in capfd.readouterr().err
