"""The data of trainnet: arrays that are cut into mini-batches, or a source of mini-batches."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tinydl.backend import is_array
from tinydl.data.categorical import categorical
from tinydl.data.onehot import onehotencode
from tinydl.functions.arguments import one_of
from tinydl.functions.convert import double, single
from tinydl.functions.device import canUseGPU, gpuArray
from tinydl.functions.random import randperm
from tinydl.labels import dlarray
from tinydl.labels.classes import SINGLE
from tinydl.labels.display import header
from tinydl.labels.format import describe
from tinydl.network.call import predict
from tinydl.network.defaults import plain_order, with_labels
from tinydl.network.net import dlnetwork
from tinydl.training.metrics import observations

ENVIRONMENTS = ("auto", "cpu", "gpu")

Batch = tuple[list[dlarray], list[dlarray]]


class Arrays:
    """Observations in arrays. `order` is the order in which they are taken."""

    def __init__(self, X: Sequence[dlarray], T: Sequence[dlarray], caller: str) -> None:
        self.X, self.T = list(X), list(T)
        counts = [observations(x) for x in [*self.X, *self.T] if "B" in x.dims]
        if len(counts) < len(self.X) + len(self.T) or len(set(counts)) > 1 or not counts[0]:
            forms = ", ".join([header(x._value, x.dims) for x in [*self.X, *self.T]])
            raise ValueError(f"{caller}: predictors and targets need the same number of "
                             f"observations, one at least, along B; they are {forms}")  # fmt: skip
        self.count = counts[0]
        self.order: Any = list(range(self.count))

    def length(self, size: int) -> int:
        """The number of mini-batches of an epoch: a smaller one at the end is left out."""
        return max(self.count // size, 1)

    def shuffle(self) -> None:
        self.order = [self.order[i] for i in randperm(self.count).tolist()]

    def epoch(self, size: int, skip: int = 0) -> Iterator[Batch]:
        """The mini-batches of an epoch, without the first ones."""
        for i in range(skip, self.length(size)):
            yield self.batch(self.order[i * size : (i + 1) * size])

    def all(self, size: int) -> Iterator[Batch]:
        """All observations in their own order; the last mini-batch may be smaller."""
        for start in range(0, self.count, size):
            yield self.batch(slice(start, min(start + size, self.count)))

    def batch(self, index: Any) -> Batch:
        """The observations at some positions."""
        X = [some_observations(x, index) for x in self.X]
        return X, [some_observations(t, index) for t in self.T]


class Source:
    """Mini-batches from an iterable that can be gone through again, or from a queue.

    A mini-batch is a tuple or list: one array for each input of the network, then the targets. A
    queue has the methods hasdata, reset and __next__, and to be shuffled the method shuffle.
    """

    order: Any = None

    def __init__(self, data: Any, prepare: Callable[[Sequence[Any]], Batch], caller: str) -> None:
        self._prepare, self._caller = prepare, caller
        self._is_queue = all([hasattr(data, name) for name in ("hasdata", "__next__", "reset")])
        if hasattr(data, "read") and not self._is_queue:
            raise TypeError(f"{caller}: a datastore gives single observations; make mini-batches "
                            "of them, minibatchqueue(ds, MiniBatchFormat=…)")  # fmt: skip
        if not self._is_queue and (not hasattr(data, "__iter__") or iter(data) is data):
            raise TypeError(
                f"{caller}: data is arrays X and T, a list of mini-batches, or a queue of them, "
                f"not a {type(data).__name__}, which cannot be gone through more than once"
            )
        # A queue is left in the order and at the place where it is.
        self._data = copy.copy(data) if self._is_queue else data

    def length(self, size: int) -> int | None:
        return len(self._data) if not self._is_queue and hasattr(self._data, "__len__") else None

    def shuffle(self) -> None:
        if not hasattr(self._data, "shuffle"):
            raise TypeError(f"{self._caller}: a {type(self._data).__name__} of mini-batches cannot "
                            'be shuffled; say trainingOptions(…, Shuffle="never")')  # fmt: skip
        self._data.shuffle()

    def epoch(self, size: int, skip: int = 0) -> Iterator[Batch]:
        for i, batch in enumerate(self._batches()):
            if i >= skip:
                yield self._prepare(batch)

    def all(self, size: int) -> Iterator[Batch]:
        return self.epoch(size)

    def _batches(self) -> Iterator[Any]:
        if not self._is_queue:
            yield from self._data
            return
        self._data.reset()
        while self._data.hasdata():
            yield next(self._data)


Data = Arrays | Source


def training_data(net: dlnetwork, given: Sequence[Any], loss: Any, device: str,
                  caller: str) -> Data:  # fmt: skip
    """The data of a call: (X, T), or (source,)."""
    if len(given) not in (1, 2):
        raise TypeError(f"{caller} is called with data or with X and T before the network; "
                        f"{len(given)} arguments stand there")  # fmt: skip
    is_indexed = loss == "index-crossentropy"

    def prepare(arrays: Sequence[Any]) -> Batch:
        count = len(net.InputNames)
        if not isinstance(arrays, (tuple, list)) or len(arrays) <= count:
            raise TypeError(f"{caller}: a mini-batch is a tuple of {count} predictors and the "
                            f"targets, not a {type(arrays).__name__}")  # fmt: skip
        X = placed(labelled_predictors(net, arrays[:count], caller), device)
        T = labelled_targets(net, arrays[count:], X, is_indexed, caller)
        return X, placed(T, device)

    if len(given) == 1:
        return Source(given[0], prepare, caller)
    return Arrays(*prepare([*several(given[0]), *several(given[1])]), caller)


def several(x: Any) -> tuple[Any, ...]:
    """The arrays of several inputs, or the only one."""
    return x if isinstance(x, tuple) else (x,)


def labelled_predictors(net: dlnetwork, X: Sequence[Any], caller: str) -> list[dlarray]:
    """What enters the network: plain arrays are read as its input layers say, in its class."""
    arrays = with_labels(net, X, caller, None).arrays
    return [_in_class_of(net, labelled, is_array(x)) for labelled, x in zip(arrays, X, strict=True)]


def labelled_targets(
    net: dlnetwork, T: Sequence[Any], X: Sequence[dlarray], is_indexed: bool, caller: str
) -> list[dlarray]:
    """Targets in the order of dimensions that predict gives for plain arrays, in its class.

    Categorical targets become one-hot vectors along C, or positions of classes.
    """
    first = [some_observations(x, slice(0, 1)) for x in X]
    outputs = predict(net, *first, nargout=len(net.OutputNames) + 1)[:-1]
    if len(outputs) != len(T):
        names = ", ".join(net.OutputNames)
        raise ValueError(f"{caller}: the network has {len(outputs)} outputs ({names}), and there "
                         f"are {len(T)} targets")  # fmt: skip
    return [_target(net, t, Y.dims, is_indexed, caller) for t, Y in zip(T, outputs, strict=True)]


def _target(net: dlnetwork, t: Any, fmt: str, is_indexed: bool, caller: str) -> dlarray:
    if isinstance(t, categorical):
        codes = (t.double() - 1.0)[None, :] if is_indexed else onehotencode(t, axis=0)
        return _in_class_of(net, dlarray(codes, "CB"), True)
    if isinstance(t, dlarray) and t.dims:
        return t
    if not is_array(t) and not isinstance(t, dlarray):
        raise TypeError(f"{caller}: targets are arrays, dlarrays or categorical arrays, not a "
                        f"{type(t).__name__}")  # fmt: skip
    order = plain_order(fmt)
    if order == "BC" and t.ndim == 1:  # one number for each observation
        t = t.reshape(-1, 1) if is_array(t) else t[:, None]
    if t.ndim != len(order):
        raise ValueError(f"{caller}: targets of {describe('', t.shape)} are read as {order}, as "
                         f"the output of the network, which is {fmt}; label them, "
                         "dlarray(T, …)")  # fmt: skip
    return _in_class_of(net, dlarray(t, order), True)


def _in_class_of(net: dlnetwork, x: dlarray, was_plain: bool) -> dlarray:
    classes = {w.dtype for w in net.Learnables.Value}
    if not was_plain or not classes:
        return x
    is_single = classes == {SINGLE}
    return single(x) if is_single else double(x)


def device_of(environment: str, caller: str) -> str:
    """Where an ExecutionEnvironment computes: "cpu" or "gpu"."""
    one_of(environment, ENVIRONMENTS, "ExecutionEnvironment", caller)
    if environment == "auto":
        return "gpu" if canUseGPU() else "cpu"
    return environment


def placed(arrays: Sequence[dlarray], device: str) -> list[dlarray]:
    """The arrays, on the GPU if that is where the network is."""
    return [gpuArray(x) if device == "gpu" else x for x in arrays]


def some_observations(x: dlarray, index: Any) -> dlarray:
    """Some of the observations."""
    if "B" not in x.dims:
        return x
    part: dlarray = x[tuple([index if label == "B" else slice(None) for label in x.dims])]
    return part
