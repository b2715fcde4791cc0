"""An operation together with its derivative rules.

The forward takes plain arrays. Its positional parameters are the *inputs*, its keyword-only
parameters the *statics* (axes, shapes, options: never differentiated). Below it stands one rule
for each input::

    @Primitive
    def exp(x):
        return xp(x).exp(x)

    exp.gradient(x=lambda g, y: chain(g, y))

A rule turns ``g``, the gradient of the output, into the gradient of its input. The names of its
other parameters say what the record keeps for it, and nothing else is kept:

    an input's name     that input's value
    <input>_shape       only its shape
    y                   the output
    a static's name     that static
    a by-product's name something the forward worked out on its way (``Primitive.saving``)
    need                which inputs are wanted, a tuple of bools

Rules are written with operators and primitives only, never with NumPy's functions. They run on
plain arrays for a first derivative, and on recorded values if that derivative will be
differentiated again: one text, every order.

A by-product that is piecewise constant in the inputs (a mask, an index) may stand in any rule. One
that varies smoothly with them is a constant to the rules, which is only right for a first
derivative. Such a primitive also states how to go on: a second table of rules (``higher``), or a
``definition`` out of smaller primitives. Either takes the place of the rules above as soon as the
rules themselves are recorded.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tinydl.autodiff.record import PRIMITIVES, Node, Recorded
from tinydl.backend import observed


class Rule(NamedTuple):
    """A derivative rule for some of a primitive's inputs."""

    inputs: tuple[int, ...]  # whose gradients it gives
    function: Callable[..., Any]
    wants: tuple[str, ...]  # its parameters after g
    gives_several: bool


Due = tuple[Rule, Sequence[int]]
"""A rule to call, and the places of the inputs whose gradients it gives."""

Plan = tuple[list[tuple[str, int]], list[tuple[str, int]]]
"""The names of the arrays, and of the shapes, that a node keeps, each with the place of its value
among the inputs, the output and the by-products."""


class Primitive:
    """An operation on arrays that knows its own derivatives. See this module's head."""

    def __init__(self, forward: Callable[..., Any], saves: tuple[str, ...] = ()) -> None:
        self.forward = observed(forward)
        self.name = forward.__name__
        self.__doc__ = forward.__doc__
        self.saves = saves
        parameters = inspect.signature(forward).parameters.values()
        self.inputs = tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY)
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.defaults = {
            p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "save"
        }
        self.rules: list[Rule] = []
        self.higher_rules: list[Rule] = []
        self.define: Callable[..., Any] | None = None
        self._plans: dict[int, Plan] = {}
        self._due: dict[tuple[tuple[bool, ...], bool], list[Due]] = {}
        self._check_signature()
        PRIMITIVES[self.name] = self

    @classmethod
    def saving(cls, *names: str) -> Callable[[Callable[..., Any]], Primitive]:
        """Decorator for a forward with by-products.

        While it is being recorded the forward is called with ``save=True`` and returns
        ``y, by_product, …``. All other calls return y alone and pay nothing.
        """
        return lambda forward: cls(forward, names)

    # ---- declaring rules ------------------------------------------------------------------------

    def gradient(self, **rules: Callable[..., Any]) -> None:
        """One rule for each input: ``p.gradient(a=lambda g, b: g * b, b=lambda g, a: g * a)``."""
        for name, function in rules.items():
            self._declare(self.rules, (name,), function, gives_several=False)

    def gradients(self, *names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorator: one rule for several inputs, which share its work. It returns a tuple."""
        return lambda function: self._declare(self.rules, names, function, gives_several=True)

    def higher(self, *names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorator like ``gradients``, for the rules that are recorded themselves."""
        return lambda function: self._declare(self.higher_rules, names, function, True)

    def definition(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: the same operation, composed of other primitives, to be recorded instead."""
        self.define = function
        return function

    def _declare(
        self,
        table: list[Rule],
        names: tuple[str, ...],
        function: Callable[..., Any],
        gives_several: bool,
    ) -> Callable[..., Any]:
        first, *wants = inspect.signature(function).parameters
        allowed = {"y", "need", *self.defaults, *self.saves}
        allowed |= set() if self.variadic else set(self.inputs)
        allowed |= {f"{name}_shape" for name in self.inputs}
        unknown = sorted((set(wants) - allowed) | (set(names) - set(self.inputs)))
        if first != "g" or unknown:
            raise TypeError(
                f"a rule of {self.name} names {unknown or [first]}; "
                f"its first parameter is g and the others are of {sorted(allowed)}"
            )
        indices = tuple(self.inputs.index(name) for name in names)
        table.append(Rule(indices, function, tuple(wants), gives_several))
        return function

    def _check_signature(self) -> None:
        taken = [n for n in self.inputs if n in ("g", "y", "need") or n.endswith("_shape")]
        taken += [n for n in self.defaults if n.removesuffix("_shape") in self.inputs]
        if taken:
            raise TypeError(f"{self.name}: a parameter cannot be called {taken[0]}; rules use it")
        if self.name in PRIMITIVES:
            raise TypeError(f"there are two primitives called {self.name}")
        if self.variadic and len(self.inputs) != 1:
            raise TypeError(f"{self.name}: *{self.inputs[-1]} must be the only input")

    # ---- calling --------------------------------------------------------------------------------

    def __call__(self, *inputs: Any, **static: Any) -> Any:
        """Run the forward; record the call if an input is recorded. There is no other way."""
        for x in inputs:
            if type(x) is Recorded:
                return self._record(inputs, static)
        return self.forward(*inputs, **static)

    def _record(self, inputs: tuple[Any, ...], static: dict[str, Any]) -> Recorded:
        values: list[Any] = []
        parents: list[Node | None] = []
        followed = 1  # a binary number: behind this 1 stands 1 for each followed input, else 0
        for x in inputs:
            if type(x) is Recorded:
                node = x.node
                if not node.record.is_open:
                    node.record.check_open()
                record = node.record
                values.append(x.data)
                parents.append(node)
                followed += followed + 1
            else:
                values.append(x)
                parents.append(None)
                followed += followed
        plan = self._plans.get(followed)
        if plan is None:
            plan = self._plans[followed] = self._plan(parents)
        if self.saves:
            values += self.forward(*values, save=True, **static)
        else:
            values.append(self.forward(*values, **static))
        y = values[len(inputs)]
        arrays, shapes = plan
        kept = {}
        for name, place in arrays:
            kept[name] = values[place]
        for name, place in shapes:
            kept[name] = values[place].shape
        if self.variadic and shapes:
            kept[shapes[0][0]] = tuple([x.shape for x in values[: len(inputs)]])
        return Recorded(y, Node(self, tuple(parents), kept, static, y.shape, y.dtype, record))

    def _plan(self, parents: Sequence[Node | None]) -> Plan:
        """What to keep when just the inputs with a node are followed."""
        followed = [node is not None for node in parents]
        self._check_followed(followed)
        count = len(followed)
        place = {name: i for i, name in enumerate(self.inputs)}
        place |= {"y": count, **{name: count + 1 + i for i, name in enumerate(self.saves)}}
        rules = [r for r in self.rules + self.higher_rules if self._serves(r, followed)]
        names = {name for rule in rules for name in rule.wants} - set(self.defaults) - {"need"}
        if self.define is not None:
            names |= set(self.inputs[:count])
        arrays = sorted(names & set(place))
        shapes = sorted(names - set(place))
        return ([(name, place[name]) for name in arrays],
                [(name, place[name.removesuffix("_shape")]) for name in shapes])  # fmt: skip

    def due(self, need: tuple[bool, ...], recorded: bool) -> list[Due]:
        """The rules to call where these inputs are needed; recorded: those to be recorded."""
        due = self._due.get((need, recorded))
        if due is None:
            rules = (self.higher_rules or self.rules) if recorded else self.rules
            places = [range(len(need)) if self.variadic else rule.inputs for rule in rules]
            due = [(rule, at) for rule, at in zip(rules, places, strict=True)
                   if any([need[i] for i in at if i < len(need)])]  # fmt: skip
            self._due[need, recorded] = due
        return due

    def _serves(self, rule: Rule, followed: Sequence[bool]) -> bool:
        return self.variadic or any(followed[i] for i in rule.inputs if i < len(followed))

    def _check_followed(self, followed: Sequence[bool]) -> None:
        ruled = {i for rule in self.rules for i in rule.inputs}
        for i, is_followed in enumerate(followed):
            if is_followed and (0 if self.variadic else i) not in ruled:
                raise NotImplementedError(
                    f"{self.name} has no derivative with respect to its input "
                    f"{self.inputs[i]}; pass the numbers alone, by extractdata"
                )

    def __repr__(self) -> str:
        return f"<primitive {self.name}({', '.join(self.inputs)})>"
