"""Connectionist temporal classification: a loss for sequences whose alignment is not known."""

from __future__ import annotations

from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import host, on_device_of, xp
from tinydl.functions.arguments import one_of
from tinydl.functions.formats import data_format
from tinydl.labels import align, dlarray
from tinydl.labels import format as formats
from tinydl.labels.apply import value_and_format
from tinydl.labels.classes import arithmetic
from tinydl.labels.display import header
from tinydl.labels.options import named_options
from tinydl.primitives.ctc import log_likelihood
from tinydl.primitives.elementwise import log, maximum, where
from tinydl.primitives.reduce import sum_to


@named_options
def ctc(
    Y: dlarray,
    targets: Any,
    YMask: Any = None,
    targetsMask: Any = None,
    *,
    BlankIndex: str = "first",
    DataFormat: str | None = None,
) -> dlarray:
    """How improbable label sequences are to predicted sequences: the mean of −ln P(targets | Y).

    Y holds for each time step the probabilities of all classes (of softmax, not its input), with
    the labels C, T and perhaps B. One class is the blank: the first one, or with BlankIndex="last"
    the last. An alignment names a class for each time step; it reads as a label sequence after
    equal neighbours have become one and blanks have gone. P is the sum over all alignments that
    read as the targets, of the product of their probabilities.

    targets has the labels of Y, with one channel or without C, and another number of time steps,
    no more labels than a sequence has. Without labels of its own it is taken in the order of Y's
    dimensions. Its numbers are classes, which count from 0 as the rows of Y do, and are never the
    blank: 1 … C − 1 for "first", 0 … C − 2 for "last". Where targetsMask, of the size of targets,
    or YMask, of that of Y or with one channel, are 0, there is padding, which may hold anything.

    The mean is taken over the observations. Where no alignment exists (fewer time steps than labels
    and repetitions need) the loss is Inf and its gradient 0. Probabilities below the smallest
    normal number of their class count as that number. Graves et al., "Connectionist temporal
    classification", 2006.

    Example:
        >>> from tinydl import ctc, dlarray
        >>> Y = dlarray([[0.4, 0.5], [0.6, 0.5]], "CT")  # both steps, or one of them and a blank
        >>> print(f"{ctc(Y, dlarray([1], 'T')):.4f}")    # −ln(0.6 · 0.5 + 0.6 · 0.5 + 0.4 · 0.5)
        0.2231
    """
    one_of(BlankIndex, ("first", "last"), "BlankIndex", "ctc")
    labelled = data_format(Y, DataFormat, "ctc", needs="CT")
    Y = labelled.X
    if not set(Y.dims) <= set("CBT"):
        raise ValueError(f"ctc: {header(Y, Y.dims)} has more than the labels C, B and T")
    y = align.expand(arithmetic(Y._value), Y.dims, "CBT")
    classes, observations, _ = y.shape
    if observations == 0:
        raise ValueError(f"ctc: nothing to average: {header(Y, Y.dims)} has no observations")
    blank = 0 if BlankIndex == "first" else classes - 1
    labels = _label_sequences(targets, targetsMask, Y, DataFormat, observations)
    _check_classes(labels, classes, blank)
    present = None
    if YMask is not None:
        seen = _present(YMask, Y, DataFormat, y.shape)
        y = where(on_device_of(plain(y), seen), y, 1.0)  # padding may hold NaN
        present = on_device_of(plain(y), seen[0].T)
    log_y = log(maximum(y, xp(plain(y)).smallest_normal(y.dtype)))
    paths = {name: on_device_of(plain(y), x) for name, x in _paths(labels, blank).items()}
    losses = -log_likelihood(log_y, **paths, present=present)
    return dlarray._make(sum_to(losses, shape=()) * (1.0 / observations), "")


def _paths(labels: list[list[int]], blank: int) -> dict[str, Any]:
    """For each observation, along the first dimension: the class of every state of its path,
    whether the blank before it may be passed over, and whether the path may end there.
    """
    longest = max([len(sequence) for sequence in labels])
    states: list[list[int]] = []
    may_pass: list[list[bool]] = []
    is_end: list[list[bool]] = []
    for sequence in labels:
        row = [blank, *[k for label in sequence for k in (label, blank)]]
        ends = [len(row) - 1, *([len(row) - 2] if sequence else [])]
        row += [blank] * (2 * (longest - len(sequence)))
        states.append(row)
        may_pass.append([s > 1 and k not in (blank, row[s - 2]) for s, k in enumerate(row)])
        is_end.append([s in ends for s in range(len(row))])
    found = {"states": states, "may_pass": may_pass, "is_end": is_end}
    return {name: host.ascontiguousarray(host.asarray(x).T) for name, x in found.items()}


# ---- arguments, as arrays in the computer's own memory: channels × observations × time steps -----


def _sequences(x: Any, name: str, Y: dlarray, fmt: str | None) -> Any:
    value, own = value_and_format(x, f"ctc: {name}")
    value = plain(value)
    order = fmt or Y.dims
    if not own:
        order = order if value.ndim == len(order) else order.replace("C", "")
        if value.ndim != len(order):
            raise ValueError(
                f"ctc: {name} is {formats.describe('', value.shape)} without labels, for Y of "
                f'{header(Y, Y.dims)}; give it labels, such as dlarray({name}, "BT")'
            )
    X = dlarray(dlarray._make(value, own), None if own else order)
    if "T" not in X.dims or not set(X.dims) <= set("CBT"):
        raise ValueError(f"ctc: {name} is {header(X, X.dims)}; it needs T, and perhaps C and B")
    value = align.expand(plain(X._value), X.dims, "CBT")
    return xp(value).to_host(value)


def _zeros_and_ones(mask: Any, name: str) -> Any:
    if not ((mask == 0) | (mask == 1)).all():
        raise ValueError(f"ctc: {name} holds other numbers than 0 and 1")
    return mask != 0


def _present(mask: Any, Y: dlarray, fmt: str | None, shape: tuple[int, ...]) -> Any:
    """Which time steps of Y count: 1 × observations × time steps."""
    seen = _zeros_and_ones(_sequences(mask, "YMask", Y, fmt), "YMask")
    if seen.shape not in (shape, (1, *shape[1:])) or not (seen == seen[:1]).all():
        raise ValueError(
            f"ctc: YMask is {formats.describe('CBT', seen.shape)} for Y of {header(Y, Y.dims)}; it "
            "needs its sizes, or one channel, and no channel may differ from another"
        )
    return seen[:1]


def _label_sequences(
    targets: Any, mask: Any, Y: dlarray, fmt: str | None, observations: int
) -> list[list[int]]:
    """The labels of each observation, without padding."""
    values = _sequences(targets, "targets", Y, fmt)
    if values.shape[:2] != (1, observations):
        raise ValueError(
            f"ctc: targets are {formats.describe('CBT', values.shape)} for Y of "
            f"{header(Y, Y.dims)}; they need one channel and {observations} observations"
        )
    seen = host.ones(values.shape, bool)
    if mask is not None:
        seen = _zeros_and_ones(_sequences(mask, "targetsMask", Y, fmt), "targetsMask")
    if seen.shape != values.shape:
        raise ValueError(
            f"ctc: targetsMask is {formats.describe('CBT', seen.shape)} and targets are "
            f"{formats.describe('CBT', values.shape)}; their sizes must be equal"
        )
    return [row[kept].tolist() for row, kept in zip(values[0], seen[0], strict=True)]


def _check_classes(labels: list[list[int]], classes: int, blank: int) -> None:
    for i, sequence in enumerate(labels):
        for label in sequence:
            if label not in range(classes) or label == blank:
                raise ValueError(
                    f"ctc: targets of observation {i} hold {label:g}; they are classes from 0 to "
                    f"{classes - 1} without the blank, which is {blank}"
                )
        sequence[:] = map(int, sequence)
