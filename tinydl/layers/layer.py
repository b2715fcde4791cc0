"""What every layer is: options, parameters, and two methods that compute.

A layer is written as in MATLAB: a class whose parameters are attributes, with ``predict`` and, if
training differs from prediction, ``forward``. The network keeps the values of all parameters in its
tables; before it calls a layer it makes a copy of it in which they are attributes. So a layer
holds nothing that training changes, and knows no mode: the verb says it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from tinydl.functions.shape import reshape
from tinydl.labels import dlarray
from tinydl.labels.display import header
from tinydl.labels.options import check_options
from tinydl.layers.initializers import initial
from tinydl.layers.layout import networkDataLayout

LAYERS: dict[str, type[Layer]] = {}
"""Every layer of the package by its constructor's name; the common checks go through it."""


def register(cls: type[Layer]) -> type[Layer]:
    """Enter a layer into the catalogue."""
    LAYERS[cls.__name__] = cls
    return cls


class Parameter(NamedTuple):
    """The size of a learnable parameter, and how many values feed and leave each of its sums."""

    size: tuple[int, ...]
    fan_in: int = 1
    fan_out: int = 1


class Layer:
    """The base of all layers. See this module's head, and ``docs/design.md`` for a new one.

    A subclass declares the names of its parameters, which are also constructor options with which
    values can be given, and defines

    * ``output(*layouts)``: the layout of its result, or a ValueError for inputs that do not fit,
    * ``parameters(*layouts)``: the size of each learnable parameter,
    * ``initial_state(*layouts)``: the first value of each state parameter,
    * ``predict(*X)``: its result,
    * ``forward(*X)``: its result and a dict of new state values, if training differs, and
    * ``advance(*X)``: its result and such a dict, if prediction moves the state too, as along a
      sequence; ``predict`` then gives the result alone.

    A layer with several outputs says their ``OutputNames``, and its results and layouts are tuples.
    Resettable names the state parameters that resetState sets back; for those ``initial_state`` is
    asked without layouts, as their first values follow from the options.
    """

    short: ClassVar[str] = "layer"  # what a network calls one without a name
    Learnable: tuple[str, ...] = ()
    Stateful: tuple[str, ...] = ()
    Resettable: tuple[str, ...] = ()
    is_input: ClassVar[bool] = False

    Name: str
    _read_only: bool = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "__init__" in cls.__dict__:
            cls.__init__ = _with_kind_errors(cls.__init__)  # type: ignore[method-assign]

    def __setattr__(self, name: str, value: Any) -> None:
        if self._read_only:
            raise AttributeError(
                f"layer {self.Name!r} belongs to a network, where it does not change; use net = "
                f"replaceLayer(net, {self.Name!r}, {type(self).__name__}(…)) for another layer, or "
                "net.Learnables and net.State for its values"
            )
        object.__setattr__(self, name, value)

    # ---- what a subclass defines ----------------------------------------------------------------

    @property
    def InputNames(self) -> tuple[str, ...]:
        """The names of the inputs."""
        return ("in",)

    @property
    def OutputNames(self) -> tuple[str, ...]:
        """The names of the outputs."""
        return ("out",)

    def output(self, *layouts: networkDataLayout) -> Any:
        """The layout of the result; a tuple of several."""
        return layouts[0]

    def parameters(self, *layouts: networkDataLayout) -> dict[str, Parameter]:
        """The size of each learnable parameter."""
        return {}

    def initial_state(self, *layouts: networkDataLayout) -> dict[str, Any]:
        """The first value of each state parameter."""
        return {}

    def predict(self, *X: dlarray) -> Any:
        """The result for prediction; a tuple of several."""
        raise NotImplementedError(f"{type(self).__name__} defines no predict")

    def advance(self, *X: dlarray) -> tuple[Any, dict[str, dlarray]]:
        """The result for prediction, and the new values of the state that prediction moves."""
        return self.predict(*X), {}

    def forward(self, *X: dlarray) -> tuple[Any, dict[str, dlarray]]:
        """The result for training, and the new values of the state."""
        return self.advance(*X)

    def caution(self, *X: dlarray) -> str | None:
        """What a user should know about training with this input; None if nothing."""
        return None

    # ---- what the network does with it ----------------------------------------------------------

    def evaluate(self, verb: str, X: Sequence[dlarray]) -> tuple[Any, dict[str, dlarray]]:
        """The result of predict or forward, and the new values of the state."""
        return self.forward(*X) if verb == "forward" else self.advance(*X)

    def copy(self, **changes: Any) -> Layer:
        """The same layer as an object of its own, with other values for some attributes."""
        made = object.__new__(type(self))
        object.__setattr__(made, "__dict__", self.__dict__ | changes)
        return made

    def value(self, parameter: str) -> Any:
        """The value that the layer was given for a parameter; None if it was given none."""
        return getattr(self, parameter)

    def parts(self) -> dict[str, Layer]:
        """The layers inside of this one, by name."""
        return {}

    def initializer(self, parameter: str) -> Any:
        """How a learnable parameter starts; the option of its name says it, if no other does."""
        return getattr(self, f"{parameter}Initializer")

    def initial_learnables(self, *layouts: networkDataLayout) -> dict[str, Any]:
        """The first value of each learnable parameter: as given, or from its initializer."""
        values = {}
        for name, parameter in self.parameters(*layouts).items():
            given = getattr(self, name)
            if given is None:
                values[name] = dlarray._make(initial(self.initializer(name), *parameter), "")
            else:
                values[name] = fitting(given, parameter.size, f"{name} of layer {self.Name!r}")
        return values

    def options(self) -> dict[str, Any]:
        """The constructor's arguments with which an equal layer is made."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def _chosen_options(self) -> dict[str, Any]:
        """The options that every such layer needs, and those that are not as usual."""
        parameters = inspect.signature(type(self)).parameters.values()
        needed = {p.name: getattr(self, p.name) for p in parameters if p.default is p.empty}
        try:
            usual = type(self)(**needed).options()  # as the constructor keeps what is not given
        except ValueError:  # one option stands for another that is needed
            usual = {p.name: p.default for p in parameters}
        return {name: value for name, value in self.options().items()
                if name in needed or hasattr(value, "shape") or value != usual[name]}  # fmt: skip

    def __repr__(self) -> str:
        shown = [f"{name}={_shown(value)}" for name, value in self._chosen_options().items()]
        return f"{type(self).__name__}({', '.join(shown)})"


def _shown(value: Any) -> str:
    """An option's value; of an array its size, of a network its number of layers."""
    if hasattr(value, "Layers"):
        return f"<{type(value).__name__} of {len(value.Layers)} layers>"
    if isinstance(value, dlarray):
        return f"<{header(value, value.dims)}>"
    if hasattr(value, "shape"):
        return f"<{'×'.join(map(str, value.shape)) or '1×1'} {value.dtype} array>"
    return repr(value)


def fitting(value: Any, size: tuple[int, ...], what: str) -> dlarray:
    """A given parameter as a dlarray without labels, of the size that the layer needs."""
    array = dlarray(value) if not isinstance(value, dlarray) else dlarray._make(value._value, "")
    short = tuple([n for n in array.shape if n != 1])
    if short != tuple([n for n in size if n != 1]):
        raise ValueError(
            f"{what}: {'×'.join(map(str, array.shape)) or '1×1'} was given, "
            f"{'×'.join(map(str, size))} is needed"
        )
    return reshape(array, size) if array.shape != size else array


def _with_kind_errors(init: Any) -> Any:
    """Say what to write when an option is misspelt, or given as MATLAB's 'Name','value' pairs."""
    parameters = inspect.signature(init).parameters
    options = [name for name in parameters if name != "self"]
    if any([p.kind is p.VAR_KEYWORD for p in parameters.values()]):
        return init  # it takes options of any name

    @functools.wraps(init)
    def checked(self: Layer, *given: Any, **named: Any) -> None:
        check_options(type(self).__name__, options, options, given, named)
        init(self, *given, **named)

    return checked
