"""Datastores: what gives one observation after the other.

A datastore is any object with the methods ``hasdata()``, ``read()`` and ``reset()``. Those that can
also be shuffled and divided know how many observations they have, ``len(ds)``, and give a store of
some of them, ``subset(indices)``. So a class of your own is a datastore too.

What ``read`` gives is one observation: a list with one entry for each variable, or, where there is
only one variable, that alone.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from tinydl.backend.random import generator

END = "the end of the data is reached; {}(…) starts again at the first observation"


class Indexed:
    """What stores share that can read any observation: an order, and a place in it."""

    _order: np.ndarray
    _at = 0

    def _observation(self, position: int) -> Any:
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self._order)

    def __copy__(self) -> Any:
        made = object.__new__(type(self))  # for every observation read, so it has to be fast
        made.__dict__.update(self.__dict__)
        return made

    def hasdata(self) -> bool:
        """Whether there is an observation to read."""
        return self._at < len(self._order)

    def read(self) -> Any:
        """The next observation. The place moves on only if it could be read."""
        observation = self._observation(int(self._order[self._at]))
        self._at += 1
        return observation

    def reset(self) -> None:
        """Start again at the first observation."""
        self._at = 0

    def subset(self, indices: Any) -> Any:
        """A store of these observations, in this order."""
        made = copy.copy(self)
        made._order, made._at = self._order[positions(indices, len(self))], 0
        return made


def hasdata(ds: Any) -> bool:
    """Whether a datastore has an observation left to read, or a minibatchqueue a mini-batch.

    Example:
        >>> from tinydl import arrayDatastore, hasdata
        >>> hasdata(arrayDatastore([3.0, 4.0]))
        True
    """
    return bool(able(ds, "hasdata").hasdata())


def reset(ds: Any) -> None:
    """Start a datastore or a minibatchqueue again, at its first observation.

    Example:
        >>> from tinydl import arrayDatastore, read, reset
        >>> ds = arrayDatastore([3.0, 4.0])
        >>> before = read(ds)
        >>> reset(ds)
        >>> read(ds) == before
        True
    """
    able(ds, "reset").reset()


def read(ds: Any) -> Any:
    """The next observation of a datastore: a list of its variables, or its only variable.

    Raises RuntimeError at the end of the data.

    Example:
        >>> from tinydl import arrayDatastore, combine, read
        >>> ds = combine(arrayDatastore([3.0, 4.0]), arrayDatastore(["a", "b"]))
        >>> read(ds), read(ds)
        ([3.0, 'a'], [4.0, 'b'])
    """
    if not able(ds, "read").hasdata():
        raise RuntimeError(f"read: {END.format('reset')}; ask hasdata(ds) before read(ds)")
    return ds.read()


def readall(ds: Any) -> list[Any]:
    """All observations of a datastore, from the first one on; its own place does not move.

    An observation of one variable is taken out of its list.

    Example:
        >>> from tinydl import arrayDatastore, combine, readall
        >>> numbers = arrayDatastore([3.0, 4.0])
        >>> readall(numbers)
        [3.0, 4.0]
        >>> readall(combine(numbers, arrayDatastore(["a", "b"])))
        [[3.0, 'a'], [4.0, 'b']]
    """
    fresh = restarted(ds, "readall")
    observations = []
    while fresh.hasdata():
        observation = variables(fresh.read())
        observations.append(observation[0] if len(observation) == 1 else observation)
    return observations


def preview(ds: Any) -> Any:
    """The first observation of a datastore; its own place does not move.

    Raises RuntimeError if there is none.

    Example:
        >>> from tinydl import arrayDatastore, preview
        >>> preview(arrayDatastore([3.0, 4.0]))
        [3.0]
    """
    fresh = restarted(ds, "preview")
    if not fresh.hasdata():
        raise RuntimeError("preview: the datastore has no observations")
    return fresh.read()


def subset(ds: Any, indices: Any) -> Any:
    """A datastore of some observations of another: those at these positions, in this order.

    Positions count from 0; a mask, a slice or one position select as well.

    Example:
        >>> from tinydl import arrayDatastore, readall, subset
        >>> readall(subset(arrayDatastore([3.0, 4.0, 5.0]), [2, 0]))
        [5.0, 3.0]
    """
    return able(ds, "subset").subset(indices)


def shuffle(ds: Any) -> Any:
    """The same observations in random order, drawn by the generator that rng sets.

    Of a datastore it gives another one, ``ds = shuffle(ds)``. A minibatchqueue is shuffled itself
    and starts again, ``shuffle(mbq)``; nothing is given back. Raises TypeError for a datastore
    whose observations cannot be put in order: one without ``subset`` and ``len``.

    Example:
        >>> from tinydl import arrayDatastore, readall, rng, shuffle
        >>> before = rng("default")
        >>> readall(shuffle(arrayDatastore([0.0, 1.0, 2.0, 3.0])))
        [2.0, 0.0, 1.0, 3.0]
        >>> _ = rng(before)
    """
    if hasattr(ds, "shuffle"):
        return ds.shuffle()
    return subset(ds, generator.permutation(len(able(ds, "shuffle", "subset", "__len__"))))


def partition(ds: Any, numPartitions: int, index: int) -> Any:
    """One of numPartitions parts, as equal as possible, of a datastore or of a minibatchqueue.

    index counts from 0. The parts follow one another, and have all observations together.

    Example:
        >>> from tinydl import arrayDatastore, partition, readall
        >>> ds = arrayDatastore([0.0, 1.0, 2.0, 3.0, 4.0])
        >>> readall(partition(ds, 2, 0)), readall(partition(ds, 2, 1))
        ([0.0, 1.0], [2.0, 3.0, 4.0])
    """
    parts = whole(numPartitions, "partition: numPartitions")
    place = whole(index, "partition: index", 0)
    if place >= parts:
        raise ValueError(f"partition: index={place} of {parts} parts; they count from 0")
    if hasattr(ds, "partition"):
        return ds.partition(parts, place)
    count = len(able(ds, "partition", "subset", "__len__"))
    return subset(ds, np.arange(place * count // parts, (place + 1) * count // parts))


def able(ds: Any, caller: str, *methods: str) -> Any:
    """ds itself, if it has what a function asks for."""
    missing = [name for name in methods or (caller,) if not hasattr(ds, name)]
    if not missing:
        return ds
    if not hasattr(ds, "hasdata"):
        raise TypeError(
            f"{caller}: a datastore is needed, not a {type(ds).__name__}; make one of arrays by "
            "arrayDatastore(X, axis=…), of several by combine(ds1, ds2)"
        )
    raise TypeError(f"{caller}: a {type(ds).__name__} has no {' and no '.join(missing)}")


def restarted(ds: Any, caller: str) -> Any:
    """A copy that starts at the first observation; the store itself does not move."""
    fresh = copy.copy(able(ds, caller, "hasdata", "read", "reset"))
    fresh.reset()
    return fresh


def variables(observation: Any) -> list[Any]:
    """The variables of one observation, as read gives it."""
    return list(observation) if isinstance(observation, (list, tuple)) else [observation]


def count_of(ds: Any) -> int | None:
    """How many observations there are, if the store can tell."""
    try:
        return len(ds)
    except TypeError:
        return None


def whole(n: Any, argument: str, least: int = 1) -> int:
    """A whole number from `least` on."""
    if isinstance(n, (bool, np.bool_)) or not hasattr(n, "__index__") or n < least:
        if isinstance(n, float) and n.is_integer() and n >= least:
            return int(n)
        raise ValueError(f"{argument} is a whole number from {least} on, not {n!r}")
    return int(n)


def positions(indices: Any, count: int) -> np.ndarray:
    """Positions from 0 to count − 1: of a mask, a slice, a list or a single one."""
    if isinstance(indices, slice):
        return np.arange(count)[indices]
    chosen = np.asarray(indices)
    if chosen.size == 0 and chosen.dtype.kind != "b":
        return np.zeros(0, np.intp)
    if chosen.dtype.kind not in "iub" or chosen.ndim > 1:
        raise IndexError(f"subset: positions are whole numbers or a mask, not {indices!r}")
    if chosen.dtype.kind == "b" and len(chosen.reshape(-1)) != count:
        raise IndexError(f"subset: a mask of {chosen.size} for {count} observations")
    if chosen.dtype.kind != "b" and not ((chosen >= 0) & (chosen < count)).all():
        raise IndexError(f"subset: positions of {count} observations are 0 to {count - 1}")
    return np.arange(count)[np.atleast_1d(chosen)]
