"""Tables as MATLAB prints them: Learnables and State, and the Connections of a network."""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

from tinydl.autodiff.record import plain
from tinydl.backend import host, is_array
from tinydl.labels import dlarray
from tinydl.labels.classes import class_name
from tinydl.labels.containers import form_of
from tinydl.layers.layer import fitting
from tinydl.network.compare import same_tables
from tinydl.network.display import as_html, as_text


class Row(NamedTuple):
    """One row of Learnables or State."""

    Layer: str
    Parameter: str
    Value: dlarray | None


class Values(list):
    """The column Value. What is put in becomes a dlarray without labels, of the size it had."""

    def _keep(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(f"the column Value has {len(self)} rows, and keeps them in their order; "
                        "replace single ones, t.Value[i] = v")  # fmt: skip

    append = extend = insert = pop = remove = clear = sort = reverse = _keep
    __delitem__ = __iadd__ = __imul__ = _keep

    def __reduce__(self) -> tuple[Any, ...]:
        return Values, (list(self),)

    def __setitem__(self, i: Any, value: Any) -> None:
        if isinstance(i, slice):
            new = list(self)
            new[i] = value
            if len(new) != len(self):
                raise ValueError(f"the column Value has {len(self)} rows, and keeps them")
            value = [_cell(v, old) for v, old in zip(new, self, strict=True)]
            super().__setitem__(slice(None), value)
        else:
            super().__setitem__(i, _cell(value, self[i]))


def _cell(value: Any, old: dlarray | None) -> dlarray | None:
    if value is None:
        return None
    new = dlarray._make(value._value, "") if isinstance(value, dlarray) else dlarray(value)
    if old is None or old._value.shape == new._value.shape:
        return new
    return fitting(new, old.shape, "the new value")


class Table:
    """The columns Layer, Parameter and Value: the parameters of a network, or their gradients.

    Layer and Parameter are arrays of strings, so ``t.Parameter == "Weights"`` is a mask. Value is a
    list of dlarrays without labels. ``t[mask]``, also written ``t[mask, :]``, selects rows, and
    ``t[mask] = u`` replaces their values by those of another table with the same rows. ``len``
    counts the rows, iteration gives them one by one.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(2), fullyConnectedLayer(3)])
        >>> net.Learnables[net.Learnables.Parameter == "Bias"]
        1×3 table
            Layer    Parameter        Value
            _____    _________    _____________
        <BLANKLINE>
            "fc"     "Bias"       {3×1 dlarray}
    """

    __slots__ = ("Layer", "Parameter", "_rows", "_shows_class", "_values")

    def __init__(
        self,
        Layer: Sequence[str],
        Parameter: Sequence[str],
        Value: Sequence[Any],
        *,
        shows_class: bool = False,
    ) -> None:
        self.Layer = host.read_only(host.strings(Layer))
        self.Parameter = host.read_only(host.strings(Parameter))
        if not len(Layer) == len(Parameter) == len(Value):
            raise ValueError(
                f"the columns have {len(Layer)}, {len(Parameter)} and {len(Value)} rows"
            )
        self._rows = list(zip(map(str, Layer), map(str, Parameter), strict=True))
        self._values = Values([_cell(v, None) for v in Value])
        self._shows_class = shows_class  # State shows 'single' where Learnables show 'dlarray'

    @property
    def Value(self) -> Values:
        """The values, a list of dlarrays; None where a network is not initialized."""
        return self._values

    @Value.setter
    def Value(self, values: Sequence[Any]) -> None:
        self._values[:] = values

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Layer and parameter of each row."""
        return list(self._rows)

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Row]:
        return (
            Row(layer, parameter, value)
                for (layer, parameter), value in zip(self._rows, self._values, strict=True)
        )  # fmt: skip

    def get(self, layer: str, parameter: str) -> Any:
        """The value of one parameter."""
        try:
            return self._values[self._rows.index((layer, parameter))]
        except ValueError:
            raise KeyError(f"the table has no row {layer!r}, {parameter!r}") from None

    # ---- rows -----------------------------------------------------------------------------------

    def _positions(self, key: Any) -> list[int]:
        if isinstance(key, tuple):
            if len(key) != 2 or key[1] != slice(None):
                raise IndexError("a table is indexed by rows, t[rows] or t[rows, :]; its columns "
                                 "are t.Layer, t.Parameter and t.Value")  # fmt: skip
            key = key[0]
        if isinstance(key, dlarray):
            key = plain(key._value)
        if isinstance(key, str):
            raise TypeError(f"t[{key!r}]: select rows by a mask, t[t.Layer == {key!r}]")
        if hasattr(key, "__index__") and not getattr(key, "ndim", 0):
            key = [key]
        if is_array(key) and key.dtype == bool and key.shape != (len(self),):
            raise IndexError(f"a mask of {key.shape} for a table of {len(self)} rows")
        return [int(i) for i in host.arange(len(self))[key]]

    def __getitem__(self, key: Any) -> Table:
        chosen = self._positions(key)
        return self._some(chosen)

    def __setitem__(self, key: Any, other: Table) -> None:
        chosen = self._positions(key)
        if not isinstance(other, Table):
            raise TypeError(
                "rows of a table are replaced by those of another table; values in t.Value"
            )
        self._check_rows(other, [self._rows[i] for i in chosen])
        new = [_cell(v, self._values[i]) for i, v in zip(chosen, other.Value, strict=True)]
        values = list(self._values)
        for i, value in zip(chosen, new, strict=True):
            values[i] = value
        list.__setitem__(self._values, slice(None), values)  # at once: an interrupt halves nothing

    def _some(self, chosen: Sequence[int]) -> Table:
        """A table of some rows."""
        layers, parameters = [[self._rows[i][column] for i in chosen] for column in (0, 1)]
        values = [self._values[i] for i in chosen]
        return Table(layers, parameters, values, shows_class=self._shows_class)

    def _with(self, values: Sequence[Any]) -> Table:
        """A table of the same rows with other values."""
        return self._of([
            dlarray._make(v._value, "") if type(v) is dlarray else _cell(v, None) for v in values
        ])  # fmt: skip

    def _replaced(self, values: Sequence[Any], free: Container[tuple[str, str]] = ()) -> Table:
        """The same with values of the sizes that they had, except in the rows that are free."""
        rows = zip(self._rows, values, self._values, strict=True)
        return self._of([_cell(new, None if row in free else old) for row, new, old in rows])

    def _of(self, cells: list[dlarray | None]) -> Table:
        made = object.__new__(Table)
        made.Layer, made.Parameter, made._rows = self.Layer, self.Parameter, self._rows
        made._shows_class = self._shows_class
        made._values = Values(cells)
        return made

    def _check_rows(self, other: Table, rows: list[tuple[str, str]] | None = None) -> None:
        rows = self._rows if rows is None else rows
        if other._rows is not rows and other._rows != rows:
            mine, theirs = set(rows), set(other._rows)
            differing: list[Any] = sorted(mine ^ theirs)[:3] or ["their order"]
            raise ValueError(
                f"the tables have different rows ({len(rows)} and {len(other)}); they differ in "
                f"{', '.join(map(str, differing))}. Do they belong to the same network?"
            )

    def copy(self) -> Table:
        """A table of its own with the same values."""
        return self._with(self._values)

    __copy__ = copy

    def __reduce__(self) -> tuple[Any, ...]:
        rows = self.rows
        columns = [layer for layer, _ in rows], [name for _, name in rows], list(self._values)
        return functools.partial(Table, shows_class=self._shows_class), columns

    def _walk_arrays(self, found: list[tuple[Any, ...]], *others: Any) -> None:
        for other in others:
            if not isinstance(other, Table):
                raise ValueError(f"structures differ: a table meets {form_of(other)}")
            self._check_rows(other)
        columns = zip(self._values, *[other._values for other in others], strict=True)
        found += [cells for cells in columns if cells[0] is not None]

    def _map_arrays(self, function: Callable[[dlarray], Any], is_step: bool) -> Table:
        return self._mapped(function, keeps_sizes=False)

    def _mapped(self, function: Callable[[dlarray], Any], keeps_sizes: bool) -> Table:
        """A table with function(v) in place of each value v; a handle that function made for it
        need not be made again."""
        cells: list[dlarray | None] = []
        for old in self._values:
            new: Any = None if old is None else function(old)
            is_made = type(new) is dlarray and new is not old and not new._format
            if is_made and not (keeps_sizes and new._value.shape != old._value.shape):
                cells.append(new)
            else:
                cells.append(_cell(new, old if keeps_sizes else None))
        return self._of(cells)

    def to_pandas(self) -> Any:
        """The table as a pandas DataFrame."""
        try:
            import pandas
        except ImportError as error:
            raise ImportError("to_pandas needs pandas: pip install 'tinydl[data]'") from error
        return pandas.DataFrame(
            {"Layer": self.Layer, "Parameter": self.Parameter, "Value": list(self._values)}
        )

    def is_equal_to(self, other: Any, nan_equal: bool = False) -> bool:
        """Whether another table has the same rows with equal values.

        With nan_equal NaN equals NaN. Classes do not count: single 1 equals double 1.
        """
        return same_tables(self, other, nan_equal)

    def _cells(self) -> dict[str, list[str]]:
        """The columns as they are shown."""
        quoted = [[f'"{name}"' for name in column] for column in (self.Layer, self.Parameter)]
        shown = [_shown(value, self._shows_class) for value in self._values]
        return {"Layer": quoted[0], "Parameter": quoted[1], "Value": shown}

    def __repr__(self) -> str:
        return as_text(self._cells())

    def _repr_html_(self) -> str:
        return as_html(self._cells(), f"{len(self)}×3 table")


def _shown(value: dlarray | None, shows_class: bool) -> str:
    if value is None:
        return "{0×0 double}"
    sizes = "×".join(map(str, value.shape if value.ndim > 1 else (*value.shape, 1, 1)[:2]))
    return f"{{{sizes} {class_name(value) if shows_class else 'dlarray'}}}"


class Connections:
    """The columns Source and Destination: what is connected to what."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.Source = host.strings([source for source, _ in pairs])
        self.Destination = host.strings([destination for _, destination in pairs])

    def __len__(self) -> int:
        return len(self.Source)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return zip(map(str, self.Source), map(str, self.Destination), strict=True)

    def _cells(self) -> dict[str, list[str]]:
        quoted = {"Source": self.Source, "Destination": self.Destination}
        return {title: [f"'{name}'" for name in cells] for title, cells in quoted.items()}

    def __repr__(self) -> str:
        return as_text(self._cells())

    def _repr_html_(self) -> str:
        return as_html(self._cells(), f"{len(self)}×2 table")
