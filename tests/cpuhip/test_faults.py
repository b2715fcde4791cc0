"""Right kernels pass in both orders of the threads; each seeded fault is noticed in one of them."""

from __future__ import annotations

import pytest

from tests.cpuhip import standin

standin.cupy_or_skip()

from tests.cpuhip.faults import FAULTS, Fault, Trial  # noqa: E402


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_noticed(fault: Fault) -> None:
    with fault.made():
        for order in ("forward", "reversed"):
            assert fault.trial.complaints(order) == fault.noticed_by(order), order
    assert fault.forward | fault.reverse


@pytest.mark.parametrize("trial", sorted({fault.trial for fault in FAULTS}, key=str), ids=str)
def test_right_kernels_pass(trial: Trial, thread_order: str) -> None:
    assert trial.complaints(thread_order) == set()


def test_there_are_twelve_faults() -> None:
    assert len({fault.name for fault in FAULTS}) == 12
