"""Datastores made of others: side by side, or with a function behind them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from tinydl.data.datastore import able, count_of, read, reset, restarted, subset, variables


class CombinedDatastore:
    """What combine gives: observations with the variables of several datastores."""

    def __init__(self, stores: list[Any]) -> None:
        self.UnderlyingDatastores = stores

    def hasdata(self) -> bool:
        """Whether all the stores have an observation left."""
        return all([ds.hasdata() for ds in self.UnderlyingDatastores])

    def read(self) -> list[Any]:
        """The variables of the next observation of each store, in one list."""
        before = [copy.copy(ds) for ds in self.UnderlyingDatastores]
        try:
            observations = [read(ds) for ds in self.UnderlyingDatastores]
        except BaseException:  # all of them stay at one observation
            self.UnderlyingDatastores = before
            raise
        return [variable for row in observations for variable in variables(row)]

    def reset(self) -> None:
        """Start all of them again."""
        for ds in self.UnderlyingDatastores:
            reset(ds)

    def subset(self, indices: Any) -> CombinedDatastore:
        """The same observations of each."""
        return CombinedDatastore([subset(ds, indices) for ds in self.UnderlyingDatastores])

    def __len__(self) -> int:
        return len(able(self.UnderlyingDatastores[0], "combine", "__len__"))

    def __copy__(self) -> CombinedDatastore:
        return CombinedDatastore([copy.copy(ds) for ds in self.UnderlyingDatastores])

    @property
    def iteration_axes(self) -> list[int | None] | None:
        """Those of all variables, if every store tells its own."""
        found = [getattr(ds, "iteration_axes", None) for ds in self.UnderlyingDatastores]
        if any([axes is None for axes in found]):
            return None
        return [axis for axes in found for axis in axes or ()]

    def __repr__(self) -> str:
        inside = ", ".join([repr(ds) for ds in self.UnderlyingDatastores])
        return f"CombinedDatastore of {inside}"


def combine(*datastores: Any) -> CombinedDatastore:
    """A datastore that reads several at once: an observation is a list of all their variables.

    The first observations belong together, the second ones, and so on; shuffle keeps them so. The
    combined store reads copies: the places of the others do not move.

    Raises TypeError for what is no datastore, ValueError if they differ in the number of
    observations.

    Example:
        >>> from tinydl import arrayDatastore, combine, read
        >>> ds = combine(arrayDatastore([1.5, 2.5]), arrayDatastore(["low", "high"]))
        >>> read(ds)
        [1.5, 'low']
    """
    if not datastores:
        raise ValueError("combine: there are no datastores: combine(ds1, ds2)")
    stores = [restarted(ds, "combine") for ds in datastores]
    counts = [n for n in map(count_of, stores) if n is not None]
    if len(set(counts)) > 1:
        raise ValueError(
            f"combine: the datastores have {' and '.join(map(str, counts))} observations; those of "
            "equal place belong together, so there must be as many of each"
        )
    return CombinedDatastore(stores)


class TransformedDatastore:
    """What transform gives: the observations of a datastore after a function."""

    def __init__(self, ds: Any, function: Callable[[Any], Any]) -> None:
        self.UnderlyingDatastore = ds
        self.Transform = function

    def hasdata(self) -> bool:
        """Whether there is an observation left."""
        return bool(self.UnderlyingDatastore.hasdata())

    def read(self) -> Any:
        """What the function makes of the next observation."""
        before = copy.copy(self.UnderlyingDatastore)
        try:
            return self.Transform(read(self.UnderlyingDatastore))
        except BaseException:  # the observation is still to come
            self.UnderlyingDatastore = before
            raise

    def reset(self) -> None:
        """Start again at the first observation."""
        reset(self.UnderlyingDatastore)

    def subset(self, indices: Any) -> TransformedDatastore:
        """The transformed ones of these observations."""
        return TransformedDatastore(subset(self.UnderlyingDatastore, indices), self.Transform)

    def __len__(self) -> int:
        return len(able(self.UnderlyingDatastore, "transform", "__len__"))

    def __copy__(self) -> TransformedDatastore:
        return TransformedDatastore(copy.copy(self.UnderlyingDatastore), self.Transform)

    def __repr__(self) -> str:
        return f"TransformedDatastore of {self.UnderlyingDatastore!r}"


def transform(ds: Any, fcn: Callable[[Any], Any]) -> TransformedDatastore:
    """A datastore whose observations are fcn(observation) of those of another one.

    fcn is called when an observation is read, with what read gives for ds: a list of its variables,
    or its only variable. It gives a list of variables, or one. The new store reads a copy of ds.

    Raises TypeError if ds is no datastore or fcn cannot be called.

    Example:
        >>> from tinydl import arrayDatastore, readall, transform
        >>> readall(transform(arrayDatastore([1.0, 2.0]), lambda data: [data[0] / 2, "half"]))
        [[0.5, 'half'], [1.0, 'half']]
    """
    if not callable(fcn):
        raise TypeError(f"transform: fcn is a {type(fcn).__name__}; a function is needed: "
                        "transform(ds, lambda data: …)")  # fmt: skip
    return TransformedDatastore(restarted(ds, "transform"), fcn)
