"""What enters and leaves a network without labels: plain arrays, and the order of their dimensions.

A plain array is read as its input layer says: features as BC, one observation in each row, images
as SSCB, sequences as TCB. Plain arrays in give plain arrays out, in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tinydl.autodiff.record import is_recorded
from tinydl.backend import is_array, xp
from tinydl.functions.convert import extractdata, stripdims
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.display import header
from tinydl.layers.layout import networkDataLayout

if TYPE_CHECKING:
    from tinydl.network.net import dlnetwork

Formats = Sequence[str] | str | None


class Inputs(NamedTuple):
    """The inputs of one call with labels, and what its results will be.

    They are "labelled" or "unlabelled" dlarrays, or "plain" arrays.
    """

    arrays: list[dlarray]
    results: str


def with_labels(net: dlnetwork, inputs: Sequence[Any], verb: str, given: Formats) -> Inputs:
    """The inputs of a network as dlarrays with labels. given is the option InputDataFormats."""
    if not net.Initialized:
        raise ValueError(f"{verb}: the network is not initialized; use net = initialize(net) or "
                         "net = initialize(net, X)")  # fmt: skip
    names = net.InputNames
    if len(inputs) != len(names):
        raise ValueError(f"{verb}: the network has {len(names)} inputs ({', '.join(names)}); "
                         f"{len(inputs)} were given")  # fmt: skip
    wanted = _one_each(given, names, f"{verb}: InputDataFormats")
    arrays = [_labelled(net, name, x, fmt, verb)
              for name, x, fmt in zip(names, inputs, wanted, strict=True)]  # fmt: skip
    if any([isinstance(x, dlarray) and x.dims for x in inputs]):
        return Inputs(arrays, "labelled")
    is_plain = not any([isinstance(x, dlarray) for x in inputs])
    return Inputs(arrays, "plain" if is_plain else "unlabelled")


def without_labels(
    results: Sequence[dlarray], names: Sequence[str], kind: str, verb: str, given: Formats
) -> list[Any]:
    """The results of a call in the form of its inputs. given is the option OutputDataFormats."""
    if kind == "labelled":
        if given is not None:
            raise ValueError(f"{verb}: OutputDataFormats is for results without labels; these have "
                             "labels, as the inputs have: use stripdims(Y, fmt)")  # fmt: skip
        return list(results)
    wanted = _one_each(given, names, f"{verb}: OutputDataFormats")
    return [_in_order(Y, name, fmt, kind, verb)
            for Y, name, fmt in zip(results, names, wanted, strict=True)]  # fmt: skip


def _one_each(given: Formats, names: Sequence[str], option: str) -> list[str | None]:
    """A format for each input or output; None where it is "auto"."""
    if given is None:
        return [None] * len(names)
    chosen = [given] if isinstance(given, str) else list(given)
    if len(chosen) != len(names):
        raise ValueError(f"{option} has {len(chosen)} formats for {len(names)} arrays: "
                         f"{', '.join(names)}")  # fmt: skip
    return [None if fmt == "auto" else formats.check(fmt, option) for fmt in chosen]


def _labelled(net: dlnetwork, name: str, x: Any, fmt: str | None, verb: str) -> dlarray:
    if isinstance(x, dlarray) and x.dims:
        if fmt is not None:
            raise ValueError(f"{verb}: InputDataFormats is for inputs without labels; the input "
                             f"{name!r} is {header(x._value, x.dims)}")  # fmt: skip
        return x
    layer = net._graph.layers[name.partition("/")[0]]
    is_plain = is_array(x)
    default = getattr(layer, "plain_format", None) if is_plain else None
    if not (fmt or default) or not (is_plain or isinstance(x, dlarray)):
        kind = header(x._value, "") if isinstance(x, dlarray) else type(x).__name__
        raise TypeError(
            f"{verb}: the input {name!r} must be a dlarray with labels, such as "
            f'dlarray(X, "SSCB") for images or dlarray(X, "CB") for features; it is a {kind}. '
            f"For an array without labels give them, {verb}(net, X, InputDataFormats=…)"
        )
    try:
        labelled = dlarray(x, fmt or default)
        if layer.is_input:
            layer.output(networkDataLayout(labelled.shape, labelled.dims))
    except ValueError as error:
        shape = formats.describe("", x.shape)
        raise ValueError(
            f"{verb}: the dimensions of {name!r}, an array of {shape}, are read as "
            f"{fmt or default}: {error}; transpose it, or say what they are, InputDataFormats=…"
        ) from None
    return labelled


def _in_order(Y: dlarray, name: str, fmt: str | None, kind: str, verb: str) -> Any:
    if fmt is not None and sorted(fmt) != sorted(Y.dims):
        raise ValueError(f"{verb}: OutputDataFormats says {fmt} of {name!r}, which is "
                         f"{header(Y._value, Y.dims)}")  # fmt: skip
    stripped = stripdims(Y, fmt or plain_order(Y.dims))
    if kind == "unlabelled" or is_recorded(stripped._value):
        return stripped  # a plain array would end its history
    array = extractdata(stripped)
    return xp(array).as_own_copy(array)


def plain_order(fmt: str) -> str:
    """The order of dimensions in a plain array: images SSCB, sequences TCB, features BC.

    Example:
        >>> plain_order("CB"), plain_order("CBT"), plain_order("SSCB")
        ('BC', 'TCB', 'SSCB')
    """
    order = "SCTBU" if "S" in fmt else "TCBU" if "T" in fmt else "BCU"
    return "".join([letter * fmt.count(letter) for letter in order])
