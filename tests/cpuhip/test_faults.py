"""Right kernels pass in both orders of the threads; each seeded fault is noticed in one of them."""

from __future__ import annotations

import pytest

from tests.cpuhip import kernels, standin
from tests.cpuhip.faults import FAULTS, Fault

cupy = standin.cupy_or_skip()

TRIALS: dict[kernels.Trial, str] = {
    kernels.try_windows: kernels.WINDOWS,
    kernels.try_from_windows: kernels.FROM_WINDOWS,
    kernels.try_column_sums: kernels.COLUMN_SUMS,
    kernels.try_softmax: kernels.SOFTMAX,
}


def complaints(trial: kernels.Trial, text: str, order: str) -> set[str]:
    """What a trial of a text has against it, when the threads run in this order."""
    found = set()
    with standin.threads_run(order):
        try:
            trial(cupy, text)
        except AssertionError:
            found.add("values")
        except cupy.cuda.driver.CUDADriverError as error:
            assert "hipErrorLaunchFailure" in str(error)
            found.add("launch")
    if standin.damaged_guards():
        found.add("guards")
    return found


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.__name__)
def test_right_kernels_pass(trial: kernels.Trial, thread_order: str) -> None:
    assert complaints(trial, TRIALS[trial], thread_order) == set()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_noticed(fault: Fault) -> None:
    text = fault.damaged_text()
    for order in ("forward", "reversed"):
        assert complaints(fault.trial, text, order) == fault.noticed_by(order), order
    assert fault.forward | fault.reverse


def test_there_are_twelve_faults() -> None:
    assert len({fault.name for fault in FAULTS}) == 12
