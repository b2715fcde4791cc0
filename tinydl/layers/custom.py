"""The base of layers that users write, in MATLAB's form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinydl.autodiff import is_recorded
from tinydl.backend.random import generator
from tinydl.functions.convert import single
from tinydl.functions.device import gather
from tinydl.labels import dlarray
from tinydl.labels.classes import LOGICAL
from tinydl.layers import layer as base
from tinydl.layers.backward import with_own_rule
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.users import Results, found_layouts, handed, labelled, port_names

_UNSET = object()


class Layer(base.Layer):
    """The base of your own layers: ``class scaleLayer(Layer)``.

    Learnable and Stateful are tuples of the names of its parameters, which are attributes; None
    stands for a value that is not set. A subclass defines

    * ``predict(self, X1, …)``: the result ``Y``; of a layer with several outputs ``Y1, Y2, …``;
      of one with state ``Y, state1, …`` in the order of Stateful, or ``Y, {name: value}``; Y alone
      leaves the state as it is,
    * ``forward(self, X1, …)``: the same for training, if that differs,
    * ``initialize(self, layout1, …)``: sets those of its parameters that are None, from the
      networkDataLayouts of its inputs. It is called on a copy. The values become single; what the
      constructor was given keeps its class, and
    * ``backward(self, X1, …, Y1, …, dLdY1, …)``: the gradients by the inputs and then by the
      learnable parameters, as arrays of their sizes, if not tinydl shall find them. It gets no
      history. Higher derivatives are those of predict, or forward; a backward that is not their
      derivative raises a NotImplementedError there.

    With Formattable=False (default) these methods get arrays without labels, their dimensions in
    the order S, C, B, T, U, and results get the labels of the first input. With Formattable=True
    they get labelled arrays and return such. Parameters never have labels.

    A layer with several inputs or outputs sets NumInputs or NumOutputs, or InputNames or
    OutputNames, in the class or in its constructor. How large results are is found by calling
    predict with arrays of 0.5; a layer that cannot take those defines ``output(self, *layouts)``.

    ``checkLayer`` finds mistakes. ``save`` takes a layer whose class is registered
    (``tinydl.layers.layer.register``) and whose constructor keeps its arguments as attributes.

    Example:
        >>> from tinydl import *
        >>> class scaleLayer(Layer):
        ...     Learnable = ("Scale",)
        ...     def initialize(self, layout):
        ...         self.Scale = ones(layout.channels, 1)
        ...     def predict(self, X):
        ...         return self.Scale * X
        >>> net = dlnetwork([featureInputLayer(2), scaleLayer()])
        >>> predict(net, dlarray([[1.0], [3.0]], "CB"))
        2(C) × 1(B) single dlarray
        [[1.]
         [3.]]
    """

    Name: str = ""
    Formattable: bool = False
    NumInputs: int = 1
    NumOutputs: int = 1
    backward: Any = None
    _input_names: tuple[str, ...] | None = None
    _output_names: tuple[str, ...] | None = None

    def __init__(self, *, Name: str = "") -> None:
        self.Name = Name

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for kind in ("Learnable", "Stateful"):
            setattr(cls, kind, _names(getattr(cls, kind), f"{cls.__name__}.{kind}"))
        for name in (*cls.Learnable, *cls.Stateful):
            if not hasattr(cls, name):
                setattr(cls, name, None)
        for side in ("Input", "Output"):  # the properties below take their place
            given = cls.__dict__.get(f"{side}Names")
            if given is not None and not isinstance(given, property):
                names = _names(given, f"{cls.__name__}.{side}Names")
                delattr(cls, f"{side}Names")
                setattr(cls, f"_{side.lower()}_names", names)
                if f"Num{side}s" not in cls.__dict__:
                    setattr(cls, f"Num{side}s", len(names))

    def __setattr__(self, name: str, value: Any) -> None:
        if self._read_only and name in self.Stateful:
            raise AttributeError(
                f"layer {self.Name!r} ({type(self).__name__}) assigns to its state; the new value "
                f'is returned: return Y, {{"{name}": value}}'
            )
        super().__setattr__(name, value)

    @property
    def InputNames(self) -> tuple[str, ...]:
        return port_names(self._input_names, self.NumInputs, "in", type(self).__name__)

    @InputNames.setter
    def InputNames(self, names: Sequence[str]) -> None:
        self._input_names = _names(names, "InputNames")
        self.NumInputs = len(self._input_names)

    @property
    def OutputNames(self) -> tuple[str, ...]:
        return port_names(self._output_names, self.NumOutputs, "out", type(self).__name__)

    @OutputNames.setter
    def OutputNames(self, names: Sequence[str]) -> None:
        self._output_names = _names(names, "OutputNames")
        self.NumOutputs = len(self._output_names)

    def forward(self, *X: dlarray) -> Any:
        return self.predict(*X)

    def value(self, parameter: str) -> Any:
        return getattr(self, parameter, None)

    def __repr__(self) -> str:
        try:
            return super().__repr__()
        except (AttributeError, TypeError):  # the constructor keeps not all that it needs
            return f"{type(self).__name__}(…)"

    # ---- first values ---------------------------------------------------------------------------

    def initialize(self, *layouts: networkDataLayout) -> None:
        """Set the parameters that are None."""

    def parameters(self, *layouts: networkDataLayout) -> dict[str, base.Parameter]:
        stream = generator.getstate()
        try:
            values = self.initial_learnables(*layouts)
        finally:
            generator.setstate(stream)
        return {name: base.Parameter(value.shape) for name, value in values.items()}

    def initial_learnables(self, *layouts: networkDataLayout) -> dict[str, Any]:
        made = self._initialized(layouts)
        declared: dict[str, Any] = {}
        if type(self).parameters is not Layer.parameters:
            declared = super(Layer, made).initial_learnables(*layouts)
        return {name: declared[name] if name in declared else self._first(name, made)
                for name in self.Learnable}  # fmt: skip

    def initial_state(self, *layouts: networkDataLayout) -> dict[str, Any]:
        if not self.Stateful:
            return {}
        made = self._initialized(layouts)
        return {name: self._first(name, made) for name in self.Stateful}

    def _initialized(self, layouts: tuple[networkDataLayout, ...]) -> Layer:
        """A copy in which initialize has set what is not set in this one."""
        made = self.copy(_read_only=False)
        made.initialize(*layouts)  # type: ignore[attr-defined]
        parameters = {*self.Learnable, *self.Stateful}
        for name in vars(made).keys() - parameters - {"_read_only"}:
            if vars(made)[name] is not vars(self).get(name, _UNSET):
                raise ValueError(
                    f"initialize of {type(self).__name__} sets {name!r}, which would be lost: it "
                    "is neither in Learnable nor in Stateful. Find it in predict from the input, "
                    "or set it in the constructor"
                )
        given = {name: self.value(name) for name in parameters if self.value(name) is not None}
        return made.copy(**given)  # type: ignore[return-value]

    def _first(self, name: str, made: Layer) -> dlarray:
        """The first value of a parameter, as an array without labels."""
        value = made.value(name)
        what = f"{name} of layer {self.Name!r} ({type(self).__name__})"
        if value is None:
            raise ValueError(f"{what} has no first value; set it in initialize(self, *layouts): "
                             f"self.{name} = …")  # fmt: skip
        try:
            array = value if isinstance(value, dlarray) else dlarray(value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{what}: {error}") from None
        if array.dtype == LOGICAL:
            raise ValueError(f"{what} is logical; a parameter is single or double, single(…)")
        array = dlarray._make(array._value, "")
        return array if self.value(name) is not None else single(array)

    # ---- sizes and results ----------------------------------------------------------------------

    def output(self, *layouts: networkDataLayout) -> Any:
        stream = generator.getstate()
        try:
            values = self.initial_learnables(*layouts) | self.initial_state(*layouts)
            bound = self.copy(**gather(values))
            call = lambda *X: bound.called("predict", X)[0]  # type: ignore[attr-defined]
            found = found_layouts(call, layouts)
        except (TypeError, IndexError, NotImplementedError) as error:
            raise ValueError(
                f"predict was called with arrays of 0.5, to find how large its result is: {error} "
                "(a layer that takes no such arrays defines output(self, *layouts))"
            ) from error
        finally:
            generator.setstate(stream)
        return found if self.NumOutputs > 1 else found[0]

    def evaluate(self, verb: str, X: Sequence[dlarray]) -> tuple[Any, dict[str, dlarray]]:
        followed = [*X, *[getattr(self, name) for name in self.Learnable]]
        if self.backward is None or not any([is_recorded(v._value) for v in followed]):
            return self.called(verb, X)
        return with_own_rule(self, verb, X)

    def called(self, verb: str, X: Sequence[dlarray]) -> tuple[Results, dict[str, dlarray]]:
        """What predict or forward returns: results with labels, and new values of the state."""
        method = self.forward if verb == "forward" else self.predict
        results, new = self._sorted(method(*handed(X, self.Formattable)), verb)
        Y = [labelled(part, X[0], self.Formattable, verb) for part in results]
        return tuple(Y), {name: v if isinstance(v, dlarray) else dlarray(v)
                          for name, v in new.items()}  # fmt: skip

    def _sorted(self, made: Any, verb: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Results and state, in any of the forms in which they may be returned."""
        values = made if isinstance(made, tuple) else (made,)
        count, new = self.NumOutputs, {}
        if isinstance(values[-1], dict):
            *parts, new = values
            values = tuple(parts)
            if len(values) == 1 and isinstance(values[0], tuple):
                (values,) = values
        elif self.Stateful and len(values) == count + len(self.Stateful):
            new = dict(zip(self.Stateful, values[count:], strict=True))
            values = values[:count]
        if len(values) != count:
            state = f" and the new state, {', '.join(self.Stateful)}" if self.Stateful else ""
            raise TypeError(f"{verb} returns {len(values)} values; needed is a tuple of {count} "
                            f"({', '.join(self.OutputNames)}){state}")  # fmt: skip
        return values, new


def _names(given: Any, what: str) -> tuple[str, ...]:
    if isinstance(given, str) or not all([isinstance(name, str) for name in given]):
        raise TypeError(f'{what} is a tuple of names, such as ("first", "second") or ("only",), '
                        f"not {given!r}")  # fmt: skip
    return tuple(given)
