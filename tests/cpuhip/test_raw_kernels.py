"""Kernels written by hand: threads, shared memory, barriers, shuffles, atomics, constants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.cpuhip import standin

cupy = standin.cupy_or_skip()

LAUNCH_FAILURE = "hipErrorLaunchFailure"
KernelError = cupy.cuda.driver.CUDADriverError


def run(
    body: str, out: Any, grid: Any = 1, block: Any = 32, shared: int = 0, head: str = ""
) -> Any:
    """Run a kernel of this body on one array, x, and return the array as NumPy has it."""
    kind = {"f": "float", "d": "double", "i": "int", "e": "half", "q": "long long"}[out.dtype.char]
    text = f'{head}\nextern "C" __global__ void kernel({kind} *x) {{ {body} }}'
    grid, block = ((size,) if isinstance(size, int) else size for size in (grid, block))
    cupy.RawKernel(text, "kernel")(grid, block, (out,), shared_mem=shared)
    return out.get()


# ---- threads ------------------------------------------------------------------------------------


def test_every_thread_of_every_block_runs_once(thread_order: str) -> None:
    body = """
        int thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
        int block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
        atomicAdd(&x[block * (blockDim.x * blockDim.y * blockDim.z) + thread], 1);
    """
    counts = run(body, cupy.zeros(24 * 30, "i"), grid=(2, 3, 4), block=(5, 3, 2))
    assert (counts == 1).all()


@pytest.mark.parametrize("waiting", ["", "__syncthreads();"])
def test_the_order_of_threads(waiting: str, thread_order: str) -> None:
    """Each thread writes down its turn: blocks and threads go up, or both go down."""
    body = f"x[1 + blockIdx.x * blockDim.x + threadIdx.x] = atomicAdd(&x[0], 1); {waiting}"
    turns = run(body, cupy.zeros(1 + 3 * 70, "i"), grid=3, block=70)[1:]
    forward = np.arange(3 * 70)
    assert (turns == (forward if thread_order == "forward" else forward[::-1])).all()


@pytest.mark.parametrize(
    ("grid", "block", "shared"),
    [(1, 1025, 0), (1, (32, 32, 2), 0), (1, (1, 1, 65), 0), ((1, 65536), 1, 0), (1, 1, 49153)],
)
def test_a_launch_that_no_device_allows_is_refused(grid: Any, block: Any, shared: int) -> None:
    with pytest.raises(KernelError, match="hipErrorInvalidValue"):
        run("x[0] = 1;", cupy.zeros(1, "f"), grid, block, shared)


# ---- shared memory and barriers -----------------------------------------------------------------

REVERSE_A_BLOCK = """
    buffer[threadIdx.x] = x[blockIdx.x * blockDim.x + threadIdx.x];
    __syncthreads();
    x[blockIdx.x * blockDim.x + threadIdx.x] = buffer[blockDim.x - 1 - threadIdx.x];
"""


@pytest.mark.parametrize(
    ("declaration", "shared"),
    [("__shared__ float buffer[100];", 0), ("extern __shared__ float buffer[];", 400)],
    ids=["static", "dynamic"],
)
def test_shared_memory(declaration: str, shared: int, thread_order: str) -> None:
    x = np.arange(300, dtype="f")
    actual = run(declaration + REVERSE_A_BLOCK, cupy.asarray(x), 3, 100, shared)
    np.testing.assert_array_equal(actual, x.reshape(3, 100)[:, ::-1].ravel())


def test_dynamic_shared_memory_is_not_a_number_in_every_block(thread_order: str) -> None:
    body = "extern __shared__ float buffer[]; x[blockIdx.x] = buffer[0]; buffer[0] = 1;"
    assert np.isnan(run(body, cupy.zeros(4, "f"), grid=4, block=1, shared=4)).all()


@pytest.mark.parametrize("place", [-1, 32])
def test_writing_outside_dynamic_shared_memory_is_noticed(place: int) -> None:
    body = f"extern __shared__ float buffer[]; buffer[{place}] = 1;"
    with pytest.raises(KernelError, match=LAUNCH_FAILURE):
        run(body, cupy.zeros(1, "f"), block=1, shared=4 * 32)


def test_a_barrier_in_a_loop(thread_order: str) -> None:
    """A tree of sums: every thread needs what others wrote in the step before."""
    body = """
        __shared__ double sums[256];
        sums[threadIdx.x] = x[threadIdx.x];
        for (int half = 128; half > 0; half /= 2) {
            __syncthreads();
            if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
        }
        if (threadIdx.x == 0) x[0] = sums[0];
    """
    assert run(body, cupy.arange(256.0), block=256)[0] == 255 * 128


def test_different_barriers_are_noticed(thread_order: str) -> None:
    with pytest.raises(KernelError, match=LAUNCH_FAILURE):
        run("if (threadIdx.x < 5) __syncthreads(); else __syncthreads();", cupy.zeros(1, "f"))


def test_leaving_before_a_barrier(monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices of today let it pass; the strict mode does not."""
    body = "if (threadIdx.x > 5) return; __syncthreads(); x[threadIdx.x] = 1;"
    assert (run(body, cupy.zeros(6, "f")) == 1).all()
    monkeypatch.setenv("CPUHIP_STRICT_EXIT", "1")
    with pytest.raises(KernelError, match=LAUNCH_FAILURE):
        run(body, cupy.zeros(6, "f"))


# ---- shuffles -----------------------------------------------------------------------------------

LANES = np.arange(64) % 32
SHUFFLES = {
    "__shfl_sync(-1, value, 3)": np.arange(64) // 32 * 32 + 3,
    "__shfl_up_sync(-1, value, 2)": np.where(LANES < 2, np.arange(64), np.arange(64) - 2),
    "__shfl_down_sync(-1, value, 5)": np.where(LANES > 26, np.arange(64), np.arange(64) + 5),
    "__shfl_xor_sync(-1, value, 9)": np.arange(64) ^ 9,
    "__shfl_xor_sync(-1, value, 8, 8)": np.arange(64),
    "__shfl_down(value, 1, 8)": np.where(LANES % 8 == 7, np.arange(64), np.arange(64) + 1),
}


@pytest.mark.parametrize("call", SHUFFLES)
def test_shuffles(call: str, thread_order: str) -> None:
    body = f"float value = x[threadIdx.x]; x[threadIdx.x] = {call};"
    np.testing.assert_array_equal(run(body, cupy.arange(64, dtype="f"), block=64), SHUFFLES[call])


@pytest.mark.parametrize("kind", ["d", "i", "e", "q"])
def test_shuffles_of_other_classes(kind: str) -> None:
    body = "x[threadIdx.x] = __shfl_xor_sync(-1, x[threadIdx.x], 9);"
    values = run(body, cupy.asarray(np.arange(32).astype(kind)))
    np.testing.assert_array_equal(values, np.arange(32) ^ 9)


def test_lanes_that_do_not_come_to_a_shuffle_are_noticed(thread_order: str) -> None:
    body = "if (threadIdx.x < 16) x[0] = __shfl_xor_sync(-1, x[0], 1); __syncthreads();"
    with pytest.raises(KernelError, match=LAUNCH_FAILURE):
        run(body, cupy.zeros(1, "f"))


def test_shuffles_of_lanes_that_had_a_different_number_of_them(thread_order: str) -> None:
    body = """
        float value = x[threadIdx.x];
        if (threadIdx.x < 16) value = __shfl_xor_sync(0xffff, value, 1);
        __syncwarp();
        x[threadIdx.x] = __shfl_xor_sync(0xffffffff, value, 16);
    """
    expected = np.r_[np.arange(16, 32), np.arange(16) ^ 1]
    np.testing.assert_array_equal(run(body, cupy.arange(32, dtype="f")), expected)


def test_a_lane_that_takes_no_part_has_no_value(thread_order: str) -> None:
    body = "if (threadIdx.x == 7) return; x[threadIdx.x] = __shfl_xor_sync(-1, x[threadIdx.x], 1);"
    values = run(body, cupy.arange(20, dtype="f"), block=19)
    expected = np.array(np.arange(20) ^ 1, "f")
    expected[[6, 18]] = np.nan  # their partners have left, or do not exist
    expected[[7, 19]] = [7, 19]  # not written
    np.testing.assert_array_equal(values, expected)


def test_a_warp_waits_for_its_lanes() -> None:
    body = """
        __shared__ volatile int turn;
        if (threadIdx.x == 31) turn = 5;
        __syncwarp();
        x[threadIdx.x] = turn;
    """
    assert (run(body, cupy.zeros(32, "i")) == 5).all()


# ---- texts --------------------------------------------------------------------------------------


def test_atomic_functions(thread_order: str) -> None:
    body = """
        atomicAdd(&x[0], 1); atomicSub(&x[1], 1); atomicMax(&x[2], (int)threadIdx.x);
        atomicMin(&x[3], -(int)threadIdx.x); atomicOr(&x[4], 1 << threadIdx.x % 4);
        atomicXor(&x[5], 1); atomicCAS(&x[6], 0, 9); atomicExch(&x[7], 4); atomicAnd(&x[8], 0);
    """
    values = run(body, cupy.zeros(9, "i"), block=33)
    np.testing.assert_array_equal(values, [33, -33, 32, -32, 15, 1, 9, 4, 0])


def test_a_template_is_asked_for_by_its_arguments() -> None:
    text = "template <class T, int n> __global__ void fill(T *x) { x[threadIdx.x] = T(n) / 2; }"
    names = ["fill<float, 3>", "fill<int, 7>"]
    module = cupy.RawModule(code=text, options=("-std=c++17",), name_expressions=names)
    for name, kind, value in zip(names, "fi", [1.5, 3], strict=True):
        x = cupy.zeros(4, kind)
        module.get_function(name)((1,), (4,), (x,))
        assert (x.get() == value).all()


def test_constants_of_a_module() -> None:
    text = """
    __constant__ float weights[3];
    extern "C" { __global__ __launch_bounds__(64) void weigh(float *x) {
        x[threadIdx.x] *= weights[threadIdx.x]; } }
    """
    module = cupy.RawModule(code=text)
    weights = cupy.ndarray(3, "f", module.get_global("weights"))
    weights.set(np.array([2, 3, 5], "f"))
    x = cupy.ones(3, "f")
    module.get_function("weigh")((1,), (3,), (x,))
    np.testing.assert_array_equal(x.get(), [2, 3, 5])


def test_device_numbers() -> None:
    """Functions that C++ does not have, or has differently."""
    body = """
        x[0] = __popc(255); x[1] = __clz(1); x[2] = __ffs(8); x[3] = fminf(NAN, 2);
        x[4] = max(1, 2.5f);
        x[5] = __int_as_float(__float_as_int(1.5f)); x[6] = rsqrtf(4); x[7] = __saturatef(3);
        x[8] = __half2float(__float2half(0.1f)); x[9] = min(NAN, 3.0f); x[10] = normcdff(0);
    """
    expected = [8, 31, 4, 2, 2.5, 1.5, 0.5, 1, np.float16(0.1), 3, 0.5]
    np.testing.assert_array_equal(run(body, cupy.zeros(11, "f"), block=1), np.array(expected, "f"))


def test_comments_do_not_name_kernels() -> None:
    head = '// extern "C" __global__ void absent(int a) {}\n/* __global__ void too(int) {} */'
    assert run("x[0] = 2;", cupy.zeros(1, "f"), block=1, head=head)[0] == 2


def test_a_wrong_text_is_refused_with_its_line() -> None:
    with pytest.raises(cupy.cuda.compiler.CompileException, match=r":3:\d+: error"):
        run("\n x[0] = no_such_name;", cupy.zeros(1, "f"))
    with pytest.raises(cupy.cuda.compiler.CompileException, match="read-only"):
        run("threadIdx.x = 1;", cupy.zeros(1, "f"))


def test_a_kernel_that_is_not_in_the_text() -> None:
    with pytest.raises(KernelError, match="hipErrorNotFound"):
        cupy.RawModule(code='extern "C" __global__ void one() {}').get_function("other")
