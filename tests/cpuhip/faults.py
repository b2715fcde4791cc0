"""Twelve mistakes that people make in kernels, and by what a trial must notice each of them.

"values": a number is wrong; "guards": something was written outside an array; "launch": the kernel
was stopped. Some faults show in one order of the threads only, or by the guard bands only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.cpuhip import kernels


@dataclass(frozen=True)
class Fault:
    """`right` stands once in the text of a kernel and is replaced by `wrong`."""

    name: str
    trial: kernels.Trial
    text: str
    right: str
    wrong: str
    forward: frozenset[str]
    reverse: frozenset[str]

    def damaged_text(self) -> str:
        assert self.text.count(self.right) == 1, f"{self.right!r} is not once in the kernel"
        return self.text.replace(self.right, self.wrong)

    def noticed_by(self, order: str) -> frozenset[str]:
        return self.forward if order == "forward" else self.reverse


def fault_of(trial: kernels.Trial, text: str) -> Callable[..., Fault]:
    """Faults in one kernel: by what is each noticed forward, and reversed."""

    def fault(name: str, right: str, wrong: str, forward: str, reverse: str) -> Fault:
        ways = frozenset(forward.split()), frozenset(reverse.split())
        return Fault(name, trial, text, right, wrong, *ways)

    return fault


windows = fault_of(kernels.try_windows, kernels.WINDOWS)
from_windows = fault_of(kernels.try_from_windows, kernels.FROM_WINDOWS)
column_sums = fault_of(kernels.try_column_sums, kernels.COLUMN_SUMS)
softmax = fault_of(kernels.try_softmax, kernels.SOFTMAX)

THROUGH_SHARED_MEMORY = """
    __shared__ float sums[4];
    if (lane == {writer}) sums[threadIdx.x / 32] = sum;
    sum = sums[threadIdx.x / 32];
"""
"""A value goes from one lane to all without waiting for the one that writes it."""

EXCHANGED = "sum += __shfl_xor_sync(0xffffffff, sum, by);"

FAULTS = [
    windows("the first row counts as padding", "h >= 0", "h > 0",
            forward="values", reverse="values"),
    windows("reads before and behind the array",
            "h >= 0 && h < height && w >= 0 && w < width", "true",
            forward="values", reverse="values"),
    from_windows("the stride is ignored", "below % stride != 0", "false",
                 forward="values", reverse="values"),
    column_sums("no barrier", "    __syncthreads();\n", "",
                forward="values", reverse=""),
    column_sums("a barrier in each branch", "__syncthreads();",
                "if (r == 0) __syncthreads(); else __syncthreads();",
                forward="launch", reverse="launch"),
    column_sums("writes one row too far", "parts[blockIdx.x * columns + c] = sum",
                "parts[(blockIdx.x + 1) * columns + c] = sum",
                forward="values guards", reverse="values guards"),
    column_sums("more threads than columns", "    if (c >= columns) return;\n", "",
                forward="guards", reverse="guards"),
    softmax("more warps than rows", "    if (row >= rows) return;\n", "",
            forward="guards", reverse="guards"),
    softmax("the largest value is not exchanged",
            "top = fmaxf(top, __shfl_xor_sync(0xffffffff, top, by))", "top = top",
            forward="values", reverse="values"),
    softmax("the sum is that of half a warp", f"by = 16; by > 0; by /= 2) {EXCHANGED}",
            f"by = 8; by > 0; by /= 2) {EXCHANGED}",
            forward="values", reverse="values"),
    softmax("lanes read what the first lane may not have written", EXCHANGED,
            EXCHANGED + THROUGH_SHARED_MEMORY.format(writer=0),
            forward="", reverse="values"),
    softmax("lanes read what the last lane may not have written", EXCHANGED,
            EXCHANGED + THROUGH_SHARED_MEMORY.format(writer=31),
            forward="values", reverse=""),
]  # fmt: skip
