"""What attention layers share, and dot-product attention of three inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinydl.functions.arguments import one_of
from tinydl.functions.attention import attention
from tinydl.labels import dlarray
from tinydl.layers.layer import Layer, register
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.options import number, whole


class AttendingLayer(Layer):
    """What the attention layers share: their options, the mask's input and the scores' output."""

    ports: tuple[str, ...]

    NumHeads: int
    HasPaddingMaskInput: bool
    HasScoresOutput: bool
    AttentionMask: Any
    DropoutProbability: float
    Scale: Any = "auto"

    def _set_attention(
        self,
        NumHeads: int,
        HasPaddingMaskInput: bool,
        HasScoresOutput: bool,
        AttentionMask: Any,
        DropoutProbability: float,
    ) -> None:
        kind = type(self).__name__
        self.NumHeads = whole(NumHeads, f"{kind}: NumHeads")
        self.HasPaddingMaskInput = bool(HasPaddingMaskInput)
        self.HasScoresOutput = bool(HasScoresOutput)
        if isinstance(AttentionMask, str):
            one_of(AttentionMask, ("none", "causal"), "AttentionMask", kind)
        self.AttentionMask = AttentionMask
        p = number(DropoutProbability, f"{kind}: DropoutProbability", 0.0, 1.0)
        self.DropoutProbability = p
        if p == 1.0:
            raise ValueError(f"{kind}: with DropoutProbability 1 nothing would be left")

    @property
    def InputNames(self) -> tuple[str, ...]:
        return (*self.ports, "mask") if self.HasPaddingMaskInput else self.ports

    @property
    def OutputNames(self) -> tuple[str, ...]:
        return ("out", "scores") if self.HasScoresOutput else ("out",)

    def _check_heads(self, **channels: int) -> None:
        for name, count in channels.items():
            if count % self.NumHeads:
                raise ValueError(f"{count} channels of {name} are not dealt evenly to "
                                 f"{self.NumHeads} heads")  # fmt: skip

    def _outputs(
        self,
        result: networkDataLayout,
        keys: networkDataLayout,
        masks: Sequence[networkDataLayout],
    ) -> Any:
        """The layouts of all outputs. Raises a ValueError for a mask that does not fit the keys."""
        for mask in masks:
            fits = mask.Format == keys.Format and mask.channels in (1, keys.channels)
            if not fits or _differ(mask.size("SBT"), keys.size("SBT")):
                raise ValueError(f"its input 'mask' has the format of the keys, {keys}, with one "
                                 f"channel or as many, and gets {mask}")  # fmt: skip
        if not self.HasScoresOutput:
            return result
        (queries,), (count,) = result.size("ST"), keys.size("ST")
        sizes = [count, queries, self.NumHeads, *_observations(result)]
        return result, networkDataLayout(sizes, "SSCB")

    def _attend(self, Q: dlarray, K: dlarray, V: dlarray, masks: Any, p: float) -> list[dlarray]:
        """The means of the values, and the weights if they are asked for."""
        found = attention(
            Q, K, V, self.NumHeads, Scale=self.Scale, AttentionMask=self.AttentionMask,
            PaddingMask=masks[0] if masks else None, DropoutProbability=p,
            nargout=2 if self.HasScoresOutput else 1,
        )  # fmt: skip
        return [found[0], dlarray(found[1], "SSCB")] if self.HasScoresOutput else [found]

    def _run(self, p: float, X: tuple[dlarray, ...]) -> Any:
        """The result, with dropout of probability p, and the scores if they are asked for."""
        raise NotImplementedError

    def predict(self, *X: dlarray) -> Any:
        return self._run(0.0, X)

    def forward(self, *X: dlarray) -> tuple[Any, dict[str, dlarray]]:
        return self._run(self.DropoutProbability, X), {}


@register
class attentionLayer(AttendingLayer):
    """Dot-product attention of the inputs query, key and value; see the function attention.

    Their channels are cut into NumHeads heads. Queries and keys are multiplied by Scale, 1/√(their
    channels in a head) if it is "auto". AttentionMask is "none", "causal" (no query sees a later
    key) or an array of zeros and ones, keys × queries. With HasPaddingMaskInput=True there is a
    fourth input, mask, with the format of the keys: ones, and zeros where a key is padding. In
    training the weights are dropped with DropoutProbability (0). With HasScoresOutput=True the
    output scores gives them: keys × queries × heads × observations, labelled SSCB.

    Example:
        >>> from tinydl import attentionLayer, dlarray
        >>> K, V = dlarray([[0.0, 100.0]], "CT"), dlarray([[1.0, 2.0]], "CT")
        >>> attentionLayer(1).predict(dlarray([[0.0, 1.0]], "CT"), K, V)
        1(C) × 2(T) dlarray
        [[1.5 2. ]]
    """

    short = "attention"
    ports = ("query", "key", "value")

    def __init__(
        self,
        NumHeads: int,
        *,
        Name: str = "",
        Scale: float | str = "auto",
        HasPaddingMaskInput: bool = False,
        HasScoresOutput: bool = False,
        AttentionMask: Any = "none",
        DropoutProbability: float = 0.0,
    ) -> None:
        self.Name = Name
        if Scale != "auto":
            Scale = number(Scale, 'attentionLayer: a Scale other than "auto"')
        self.Scale = Scale
        self._set_attention(
            NumHeads, HasPaddingMaskInput, HasScoresOutput, AttentionMask, DropoutProbability
        )

    def output(self, *layouts: networkDataLayout) -> Any:
        queries, keys, values, *masks = layouts
        for layout in (queries, keys, values):
            check_positions(layout)
        if (
            queries.channels != keys.channels
            or _differ(keys.size("ST"), values.size("ST"))
            or _differ(_observations(queries), _observations(keys))
            or _differ(_observations(keys), _observations(values))
        ):
            raise ValueError(
                "queries and keys need equal channels, keys and values equal positions, and all "
                f"the same observations; it gets {queries}, {keys} and {values}"
            )
        self._check_heads(queries=queries.channels, values=values.channels)
        return self._outputs(queries.replace("C", [values.channels]), keys, masks)

    def _run(self, p: float, X: tuple[dlarray, ...]) -> Any:
        Q, K, V, *masks = X
        made = self._attend(Q, K, V, masks, p)
        return tuple(made) if self.HasScoresOutput else made[0]


def check_positions(layout: networkDataLayout) -> None:
    """Raise a ValueError for a layout other than channels, positions and perhaps observations."""
    layout.need("C")
    if layout.channels is None or "U" in layout.Format or len(layout.size("ST")) != 1:
        raise ValueError(f"it needs C of a known size, one dimension T or S for positions, and "
                         f"perhaps B; it gets {layout}")  # fmt: skip


def _observations(layout: networkDataLayout) -> tuple[Any, ...]:
    return layout.size("B") or (1,)


def _differ(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    """Whether known sizes are different."""
    return len(a) != len(b) or any(
        [None not in (m, n) and m != n for m, n in zip(a, b, strict=True)]
    )
