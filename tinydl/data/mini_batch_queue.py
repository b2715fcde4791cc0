"""minibatchqueue: the data of a datastore in mini-batches, made ready for a network."""

from __future__ import annotations

import builtins
import copy
from collections.abc import Callable, Iterator
from typing import Any

from tinydl.data import datastore
from tinydl.data.collate import collate, is_labels, join_labels
from tinydl.data.datastore import restarted, variables, whole
from tinydl.data.deliver import Output, each
from tinydl.labels.options import named_options

_PARTIAL = ("return", "discard")


class minibatchqueue:
    """A queue of mini-batches of a datastore, as dlarrays in the format and class asked for.

    ``X, T = next(mbq)`` takes a mini-batch: as many arrays as the queue has outputs, in a tuple; a
    queue with one output gives the array itself. ``hasdata(mbq)`` asks for more, ``reset(mbq)``
    starts again, ``shuffle(mbq)`` starts again in a random order, which rng makes repeatable, and
    ``partition(mbq, n, index)`` gives the queue of a part. ``for X, T in mbq:`` goes on from the
    present place to the end. After the end next raises RuntimeError.

    ds is a datastore; the queue reads a copy of it. numOutputs is the number of outputs, by default
    that of the variables of ds; it is needed where MiniBatchFcn gives more or fewer. Options:

        MiniBatchSize           observations of a mini-batch, 128
        PartialMiniBatch        "return" the last ones if they are fewer, or "discard" them
        MiniBatchFcn            a function that is called with each variable of the mini-batch and
                                gives the outputs; by default "collate"
        MiniBatchFormat         the labels of the dlarrays, such as "SSCB", "" for none
        OutputCast              their class: "single", "double" or "logical"
        OutputAsDlarray         whether an output becomes a dlarray, True
        OutputEnvironment       where it is: "cpu", "gpu", or "auto", a GPU if there is one
        PreprocessingEnvironment "serial"; DispatchInBackground False: no other way is supported

    The four options about outputs have one value for all, or a list with one for each.

    "collate" joins arrays along the dimension that MiniBatchFormat labels B, else along the one
    that arrayDatastore took them apart, else along a new last one; a function gets a list of the
    observations of a variable. Labels are one categorical array for either. As a dlarray they are
    the numbers of their categories from 1 on; with OutputAsDlarray=False they stay categorical.

    Raises ValueError and TypeError for options that do not fit. Where the function or the
    datastore raises, the queue keeps its place.

    Example:
        >>> import numpy as np
        >>> from tinydl import arrayDatastore, categorical, combine, minibatchqueue, onehotencode
        >>> ds = combine(arrayDatastore(np.arange(10.0).reshape(2, 5), axis=1),
        ...              arrayDatastore(categorical([1, 2, 1, 2, 1])))
        >>> def preprocess(X, labels):
        ...     return np.concatenate(X, axis=1), onehotencode(labels, axis=0)
        >>> mbq = minibatchqueue(ds, MiniBatchSize=2, MiniBatchFcn=preprocess,
        ...                      MiniBatchFormat="CB", PartialMiniBatch="discard")
        >>> for X, T in mbq:
        ...     print(X.dims, X.shape, T.shape)
        CB (2, 2) (2, 2)
        CB (2, 2) (2, 2)
    """

    @named_options
    def __init__(
        self,
        ds: Any,
        numOutputs: int | None = None,
        *,
        MiniBatchSize: int = 128,
        PartialMiniBatch: str = "return",
        MiniBatchFcn: str | Callable[..., Any] = "collate",
        MiniBatchFormat: Any = "",
        OutputCast: Any = "single",
        OutputAsDlarray: Any = True,
        OutputEnvironment: Any = "auto",
        PreprocessingEnvironment: str = "serial",
        DispatchInBackground: bool = False,
    ) -> None:
        _refuse_background(PreprocessingEnvironment, DispatchInBackground)
        if PartialMiniBatch not in _PARTIAL:
            raise ValueError(_not_one_of("PartialMiniBatch", _PARTIAL, PartialMiniBatch))
        if MiniBatchFcn != "collate" and not callable(MiniBatchFcn):
            raise TypeError(f"minibatchqueue: MiniBatchFcn={MiniBatchFcn!r} is no function; "
                            'the default is "collate"')  # fmt: skip
        self._ds = restarted(ds, "minibatchqueue")
        if not self._ds.hasdata():
            raise ValueError("minibatchqueue: the datastore has no observations")
        self._rows = [variables(self._ds.read())]  # read, and not yet given out
        count = len(self._rows[0])
        self.NumOutputs = whole(count if numOutputs is None else numOutputs,
                                "minibatchqueue: numOutputs")  # fmt: skip
        if MiniBatchFcn == "collate" and self.NumOutputs != count:
            raise ValueError(
                f"minibatchqueue: the datastore has {count} variables; {self.NumOutputs} outputs "
                "need a MiniBatchFcn that makes them"
            )
        self.MiniBatchSize = whole(MiniBatchSize, "minibatchqueue: MiniBatchSize")
        self.PartialMiniBatch = PartialMiniBatch
        self.MiniBatchFcn = MiniBatchFcn
        self.MiniBatchFormat = each(MiniBatchFormat, self.NumOutputs, "MiniBatchFormat")
        self.OutputCast = each(OutputCast, self.NumOutputs, "OutputCast")
        self.OutputAsDlarray = each(OutputAsDlarray, self.NumOutputs, "OutputAsDlarray")
        self.OutputEnvironment = each(OutputEnvironment, self.NumOutputs, "OutputEnvironment")
        self._outputs = [Output(i, *options) for i, options in enumerate(zip(
            self.MiniBatchFormat, self.OutputCast, self.OutputAsDlarray, self.OutputEnvironment,
            strict=True))]  # fmt: skip

    def __setattr__(self, name: str, value: Any) -> None:
        if name[0].isupper() and hasattr(self, name):
            raise AttributeError(
                f"{name} of a minibatchqueue cannot be changed; make another one, "
                f"minibatchqueue(ds, {name}=…)"
            )
        super().__setattr__(name, value)

    def hasdata(self) -> bool:
        """Whether there is a mini-batch to take."""
        self._read_ahead()
        least = 1 if self.PartialMiniBatch == "return" else self.MiniBatchSize
        return len(self._rows) >= least

    def __next__(self) -> Any:
        if not self.hasdata():
            raise RuntimeError(
                "next: there is no further mini-batch, the end of the data is reached; "
                "reset(mbq) or shuffle(mbq) starts again, and while hasdata(mbq): stops in time"
            )
        made = self._batch()
        self._rows = []
        return made

    def __iter__(self) -> Iterator[Any]:
        while self.hasdata():
            yield self.__next__()

    def reset(self) -> None:
        """Start again at the first observation."""
        self._start(self._ds)

    def shuffle(self) -> None:
        """Start again, in a random order."""
        self._start(datastore.shuffle(self._ds))

    def _start(self, ds: Any) -> None:
        """Read a store from its beginning; an interrupt comes before or after, never between."""
        vars(self).update(_ds=restarted(ds, "minibatchqueue"), _rows=[])

    def partition(self, numPartitions: int, index: int) -> minibatchqueue:
        """A queue of its own for one of numPartitions parts."""
        made = copy.copy(self)
        made._ds = datastore.partition(self._ds, numPartitions, index)
        made.reset()
        return made

    def __copy__(self) -> minibatchqueue:
        made = object.__new__(minibatchqueue)
        made.__dict__.update(self.__dict__)
        made._ds, made._rows = copy.copy(self._ds), list(self._rows)
        return made

    def __repr__(self) -> str:
        shown = ["MiniBatchSize", "PartialMiniBatch", "MiniBatchFcn", "MiniBatchFormat",
                 "OutputCast", "OutputAsDlarray", "OutputEnvironment"]  # fmt: skip
        lines = [f"{name:>18}: {getattr(self, name)}" for name in shown]
        return "\n".join([f"minibatchqueue with {self.NumOutputs} outputs:", *lines])

    def _read_ahead(self) -> None:
        """Read the observations of the next mini-batch, as far as there are some."""
        rows = self._rows
        while len(rows) < self.MiniBatchSize and self._ds.hasdata():
            before = copy.copy(self._ds)
            try:
                row = variables(self._ds.read())
                rows += [row]  # calls nothing, so that no interrupt comes after it
            except BaseException:  # the observation is still to come
                self._ds = before
                raise

    def _batch(self) -> Any:
        counts = {len(row) for row in self._rows}
        if len(counts) > 1:
            raise ValueError("minibatchqueue: the observations of the datastore differ in the "
                             f"number of variables: {sorted(counts)}")  # fmt: skip
        columns = [list(column) for column in zip(*self._rows, strict=True)]
        values = self._collated(columns) if self.MiniBatchFcn == "collate" else self._made(columns)
        made = [output.deliver(value) for output, value in zip(self._outputs, values, strict=True)]
        return made[0] if self.NumOutputs == 1 else tuple(made)

    def _collated(self, columns: list[list[Any]]) -> list[Any]:
        axes = getattr(self._ds, "iteration_axes", None) or [None] * self.NumOutputs
        return [
            collate(column, output.format, axis, f"minibatchqueue: variable {output.number}")
            for column, output, axis in zip(columns, self._outputs, axes, strict=True)
        ]

    def _made(self, columns: list[list[Any]]) -> list[Any]:
        """What MiniBatchFcn gives, as a list with one entry for each output."""
        assert callable(self.MiniBatchFcn)
        made = self.MiniBatchFcn(*[join_labels(c) if is_labels(c) else c for c in columns])
        values = list(made) if isinstance(made, tuple) else [made]
        if len(values) != self.NumOutputs:
            raise ValueError(
                f"minibatchqueue: MiniBatchFcn gave {len(values)} outputs, and the queue has "
                f"{self.NumOutputs}; write minibatchqueue(ds, {len(values)}, …), or return a tuple "
                f"of {self.NumOutputs}"
            )
        return values


def next(mbq: Any) -> Any:
    """The next mini-batch of a minibatchqueue: a tuple of its outputs, or its only output.

    Python's own next, which this replaces where it is imported, does the same.

    Raises RuntimeError at the end of the data.

    Example:
        >>> import numpy as np
        >>> from tinydl import arrayDatastore, minibatchqueue, next
        >>> mbq = minibatchqueue(arrayDatastore(np.ones((3, 2))), MiniBatchFormat="BC")
        >>> next(mbq).dims
        'CB'
    """
    return builtins.next(mbq)


def _refuse_background(environment: Any, in_background: Any) -> None:
    if environment != "serial":
        raise ValueError(
            f'minibatchqueue: PreprocessingEnvironment={environment!r} is not supported; "serial", '
            "the default, prepares each mini-batch when it is taken"
        )
    if in_background is not False:
        raise ValueError(
            f"minibatchqueue: DispatchInBackground={in_background!r} is not supported; False, the "
            "default, prepares each mini-batch when it is taken"
        )


def _not_one_of(option: str, choices: tuple[str, ...], value: Any) -> str:
    return f"minibatchqueue: {option} is one of {', '.join(choices)}, not {value!r}"
