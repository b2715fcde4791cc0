"""Whether a GPU computes what NumPy does, function by function and operation by operation.

End to end the two differ at once: an input of relu that is 3e-7 on one of them and −3e-7 on the
other turns a whole gradient. So each call is compared by itself, on the inputs that the GPU has.

In single precision NumPy computes too, in single and in double. What the GPU gives may be as far
from the double result as 32 times what NumPy gives in single precision, or 1e-5 of its largest
number. In double precision the bound is 1e-12 of the largest number of the result or the inputs.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinydl.autodiff import PRIMITIVES
from tinydl.backend import dispatch, is_array, is_on_gpu, kernels, numpy_backend
from tinydl.functions.device import gather
from tinydl.testing.device_cases import CASES, Case
from tinydl.testing.device_sequences import SEQUENCE_CASES

SINGLE, DOUBLE = 1e-5, 1e-12
TIMES_NUMPY = 32.0

NOT_COMPARED = {
    "as_numpy": "it raises an error",
    "as_own_copy": "a copy",
    "as_text": "it is done by NumPy",
    "dtype_of": "a name",
    "gru_backward": "a part of gru_gradients",
    "gru_forward": "a part of gru",
    "indefinite_from": "it is done by NumPy",
    "lstm_backward": "a part of lstm_gradients",
    "lstm_forward": "a part of lstm",
    "orthogonal": "it is done by NumPy",
    "own_all": "no numbers change",
    "par": "it calls what it is given",
    "pivoted_columns": "it is done by NumPy",
    "precision": "a number",
    "quiet": "a context",
    "read_only": "a copy",
    "smallest_normal": "a number",
    "strings": "texts",
    "synchronize": "it waits",
    "to_host": "every comparison uses it",
    "uniform": "random numbers are NumPy's",
}
"""Functions of the backend's own that need no comparison, and why."""


@dataclass
class Finding:
    """What the calls of one function have shown."""

    name: str
    calls: int = 0
    errors: dict[str, float] = field(default_factory=dict)
    """The largest difference of each class, as a part of what it may be."""
    complaints: list[str] = field(default_factory=list)

    def compare(self, found: Any, expected: Any, exact: Any, size: float = 0.0) -> None:
        """Enter one call: the GPU's results, NumPy's, NumPy's in double, and the inputs' size."""
        self.calls += 1
        pairs = [flat(found), flat(expected), flat(exact)]
        if len({len(parts) for parts in pairs}) > 1:
            self.complaints.append("another number of results")
            return
        for a, b, c in zip(*pairs, strict=True):
            complaint = self._difference(a, b, c, size)
            if complaint:
                self.complaints.append(complaint)

    def _difference(self, a: Any, b: Any, exact: Any, size: float) -> str:
        if not isinstance(b, (np.ndarray, np.generic)):
            return "" if a is b or a == b else f"{a!r} instead of {b!r}"
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"{a.dtype}{a.shape} instead of {b.dtype}{b.shape}"
        if b.dtype.kind not in "fc":
            return "" if np.array_equal(a, b) else f"{b.dtype}{b.shape} differs"
        is_finite = np.isfinite(b)
        if not np.array_equal(a[~is_finite], b[~is_finite], equal_nan=True):
            return f"{b.dtype}{b.shape}: other Inf or NaN"
        if not np.isfinite(a[is_finite]).all():
            return f"{b.dtype}{b.shape}: Inf or NaN where there is none"
        a, b, exact = [np.where(is_finite, x, 0.0) for x in (a, b, exact)]
        return self._distance(a, b, exact, size)

    def _distance(self, a: Any, b: Any, exact: Any, size: float) -> str:
        largest, distance = _largest(exact), _largest(a - exact)
        if b.dtype == np.float32:
            by_numpy = _largest(b - exact)
            bound = max(SINGLE * largest, TIMES_NUMPY * by_numpy)
        else:
            bound = DOUBLE * max(largest, size)
        kind = "single" if b.dtype == np.float32 else "double"
        if bound:
            self.errors[kind] = max(self.errors.get(kind, 0.0), distance / bound)
        if distance <= bound:
            return ""
        return f"{kind} {b.shape}: differs by {distance:.1e}, the bound is {bound:.1e}"


def _largest(x: Any) -> float:
    """The size of the largest of some numbers; 0 of what is no array of them."""
    if not isinstance(x, (np.ndarray, np.generic)) or x.dtype.kind not in "fc":
        return 0.0
    return float(np.abs(x).max(initial=0.0))


def flat(results: Any) -> list[Any]:
    """All that a call has given, in one list."""
    if isinstance(results, (list, tuple)):
        return [part for result in results for part in flat(result)]
    return [results]


def doubled(given: Any) -> Any:
    """The same with every array of single precision in double."""
    if isinstance(given, (list, tuple)):
        return type(given)([doubled(part) for part in given])
    if isinstance(given, np.ndarray) and given.dtype == np.float32:
        return given.astype(np.float64)
    return given


def own_functions() -> list[str]:
    """The functions that the backend of CuPy has from this package, not from CuPy or NumPy."""
    return sorted(
        name
        for name, value in vars(dispatch.cupy()).items()
        if not name.startswith("_")
        and callable(value)
        and getattr(value, "__module__", "").startswith("tinydl.backend.")
        and not isinstance(value, type)
    )


@contextmanager
def launched() -> Iterator[Counter[str]]:
    """How often each kernel of this package's own is launched within the block, by its name."""
    counts: Counter[str] = Counter()
    before = kernels.Kernel.launch, kernels.Elementwise.__call__

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: kernels.Kernel, *args: Any, **options: Any) -> Any:
            counts[self.name] += 1
            return method(self, *args, **options)

        return call

    try:
        setattr(kernels.Kernel, "launch", counted(before[0]))  # noqa: B010
        setattr(kernels.Elementwise, "__call__", counted(before[1]))  # noqa: B010
        yield counts
    finally:
        setattr(kernels.Kernel, "launch", before[0])  # noqa: B010
        setattr(kernels.Elementwise, "__call__", before[1])  # noqa: B010


# ---- function by function -----------------------------------------------------------------------


def check_functions(names: Sequence[str] | None = None) -> Iterator[Finding]:
    """Make all calls of the cases on both devices, in both classes; a finding for each function."""
    cases = {**CASES, **SEQUENCE_CASES}
    for name in own_functions() if names is None else names:
        if name in cases:
            finding = Finding(name)
            for case in cases[name]:
                for kind in (np.float32, np.float64):
                    check_case(finding, case, kind)
            yield finding


def without_cases() -> list[str]:
    """Functions that should be compared and have no case."""
    known = {*CASES, *SEQUENCE_CASES, *NOT_COMPARED}
    return [name for name in own_functions() if name not in known]


def check_case(finding: Finding, case: Case, kind: Any) -> None:
    """Make one call on both devices, with inputs of a class, and enter it."""
    far, inputs = dispatch.cupy(), case.draw(kind)
    with numpy_backend.quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = case.call(numpy_backend, *inputs)
        exact = case.call(numpy_backend, *doubled(inputs)) if kind == np.float32 else expected
        try:
            found = gather(case.call(far, *[far.asarray(x) for x in inputs]))
        except Exception as error:
            finding.calls += 1
            finding.complaints.append(f"{type(error).__name__}: {error}")
            return
    finding.compare(found, expected, exact, size=1.0)


# ---- operation by operation ---------------------------------------------------------------------


@contextmanager
def compared() -> Iterator[dict[str, Finding]]:
    """Within the block every operation, and every function of the backend, is compared."""
    findings: dict[str, Finding] = {}
    far = dispatch.cupy()
    functions = [name for name in own_functions() if name not in NOT_COMPARED | {"chooser": ""}]
    forwards = {primitive: primitive.forward for primitive in PRIMITIVES.values()}
    originals = {name: getattr(far, name) for name in functions}
    try:
        for primitive, forward in forwards.items():
            primitive.forward = _beside(primitive.name, forward, forward, findings)
        for name, function in originals.items():
            twin = getattr(numpy_backend, name)
            setattr(far, name, _beside(f"backend {name}", function, twin, findings))
        yield findings
    finally:
        for primitive, forward in forwards.items():
            primitive.forward = forward
        for name, function in originals.items():
            setattr(far, name, function)


def _beside(
    name: str, function: Callable[..., Any], twin: Callable[..., Any], findings: dict[str, Finding]
) -> Callable[..., Any]:
    """The function, which enters what it gives beside what its twin makes of the same inputs."""

    def both(*inputs: Any, **static: Any) -> Any:
        here, options = gather(list(inputs)), gather(static)
        found = function(*inputs, **static)
        if any(map(is_on_gpu, flat(inputs))):
            with numpy_backend.quiet():
                expected = twin(*here, **options)
                exact = twin(*doubled(here), **{k: doubled(v) for k, v in options.items()})
            size = max(map(_largest, flat(here)), default=0.0)
            finding = findings.setdefault(name, Finding(name))
            if not all([is_on_gpu(part) for part in flat(found) if is_array(part)]):
                finding.complaints.append("the result has left the GPU")
            finding.compare(gather(found), expected, exact, size)
        return found

    return both
