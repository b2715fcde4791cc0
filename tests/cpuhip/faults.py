"""Twelve mistakes that people make in kernels, and by what a trial must notice each of them.

They are made in tinydl's own kernels, and the trials are the calls by which a GPU is compared with
NumPy. "values": a number is wrong; "guards": something was written outside an array; "launch": the
kernel was stopped. Some faults show in one order of the threads only, or by the guard bands only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from tests.cpuhip import standin
from tinydl.backend.kernels import all_kernels
from tinydl.testing import device_check
from tinydl.testing.device_cases import CASES
from tinydl.testing.device_check import Finding
from tinydl.testing.device_sequences import SEQUENCE_CASES


@dataclass(frozen=True)
class Fault:
    """`right` stands once in the text of a kernel and is replaced by `wrong`."""

    name: str
    kernel: str
    trial: Trial
    right: str
    wrong: str
    forward: frozenset[str]
    reverse: frozenset[str]

    @contextmanager
    def made(self) -> Iterator[None]:
        """The kernel has the fault within the block."""
        kernel = next(kernel for kernel in all_kernels() if kernel.name == self.kernel)
        source, compiled = kernel.source, kernel._compiled
        assert source.count(self.right) == 1, f"{self.right!r} is not once in {kernel.name}"
        kernel.source, kernel._compiled = source.replace(self.right, self.wrong), {}
        try:
            yield
        finally:
            kernel.source, kernel._compiled = source, compiled

    def noticed_by(self, order: str) -> frozenset[str]:
        return self.forward if order == "forward" else self.reverse


@dataclass(frozen=True)
class Trial:
    """One of the calls of a function of the backend, by its number."""

    function: str
    case: int

    def complaints(self, order: str) -> set[str]:
        """What is wrong when the threads run in this order."""
        finding, case = (
            Finding(self.function),
            {**CASES, **SEQUENCE_CASES}[self.function][self.case],
        )
        with standin.threads_run(order):
            device_check.check_case(finding, case, np.float32)
        found = {"launch" if "hipErrorLaunchFailure" in complaint else "values"
                 for complaint in finding.complaints}  # fmt: skip
        return found | ({"guards"} if standin.damaged_guards() else set())


def fault_of(kernel: str, function: str, case: int) -> Callable[..., Fault]:
    """Faults in one kernel: by what is each noticed forward, and reversed."""

    def fault(name: str, right: str, wrong: str, forward: str, reverse: str) -> Fault:
        ways = frozenset(forward.split()), frozenset(reverse.split())
        return Fault(name, kernel, Trial(function, case), right, wrong, *ways)

    return fault


patches = fault_of("tinydl_patches", "convolve", 3)
from_patches = fault_of("tinydl_from_patches", "convolve_input_gradient", 3)
moments = fault_of("tinydl_moments", "channel_moments", 0)
few = fault_of("tinydl_moments", "normalize_by_own", 1)
softmax = fault_of("tinydl_softmax", "softmax", 4)
momentum = fault_of("tinydl_sgdm", "update_all", 0)

ADD_A_HALF = "sums[at] += sums[at + half * width];\n        __syncthreads();"

FAULTS = [
    patches("the first row counts as padding", "at[k] < 0", "at[k] <= 0",
            forward="values", reverse="values"),
    patches("reads before and behind the array",
            "patches[row * count + column] = is_inside(at, w.size)",
            "patches[row * count + column] = true",
            forward="values", reverse="values"),
    from_patches("the stride is ignored", "distance % w.stride[k] == 0", "true",
                 forward="values", reverse="values"),
    from_patches("one thread too many", "i < elements", "i <= elements",
                 forward="guards", reverse="guards"),
    moments("no barrier", "sums[at] = mine;\n    __syncthreads();", "sums[at] = mine;",
            forward="values", reverse=""),
    moments("a barrier in a branch", ADD_A_HALF, "{ " + ADD_A_HALF + " }",
            forward="launch", reverse="launch"),
    moments("the sum is read before it is there", "__syncthreads();\n    }\n    double sum",
            "if (half > 1) __syncthreads();\n    }\n    double sum",
            forward="", reverse="values"),
    few("more threads than groups", "threadIdx.y != 0 || !is_there", "threadIdx.y != 0",
        forward="values guards", reverse="guards"),
    softmax("the largest value is not exchanged", "top = join(s, top, false);", "",
            forward="values", reverse="values"),
    softmax("the sum is that of half of the threads", "half > 0", "half > 1",
            forward="values", reverse="values"),
    softmax("more threads than lines", "line < lines", "true",
            forward="guards", reverse="guards"),
    momentum("writes one element too far", "i < r.size", "i <= r.size",
             forward="guards", reverse="guards"),
]  # fmt: skip
