"""Write docs/exactness.md: derivatives of orders 1 to 4 in tinydl and in other frameworks.

``python benchmarks/exactness.py`` measures whatever of PyTorch, JAX and TensorFlow can be imported,
prints the table and writes the page. It installs nothing.

For an operation, an input x, directions v and weights w, all in double precision and the same for
everyone, f(t) = Σ w · tanh(op(x + t v)). Every framework finds f', f'', … at 0 by its own reverse
differentiation: the gradient, its product with v, the gradient of that, and so on. The oracle is
Cauchy's integral formula, which differentiates nothing.
"""

from __future__ import annotations

import os

# Kernels of OpenBLAS are chosen by the processor, not by what is left in the environment.
os.environ.pop("OPENBLAS_CORETYPE", None)
os.environ.pop("OPENBLAS_L2_SIZE", None)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import datetime
import importlib
import inspect
import platform
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import tinydl as dl
from tinydl.testing import contour_derivative, directional_derivatives

PAGE = Path(__file__).parents[1] / "docs" / "exactness.md"
ORDERS = 4
DRAWS = 5
"""How many directions and weights an error is taken over: one derivative may be close to 0."""

WRONG = {"double": 1e-6, "single": 1e-4}
"""From which relative error on a derivative is called wrong, by the class it is computed in."""

rng = np.random.default_rng(1)
IMAGES = rng.standard_normal((4, 4, 5, 5))  # observations × channels × height × width
FEATURES = rng.standard_normal((4, 6))
SEQUENCES = rng.standard_normal((2, 4, 3))  # observations × time × channels
SCALE, OFFSET = rng.uniform(0.5, 1.5, 6), rng.standard_normal(6)
FILTERS = 0.3 * rng.standard_normal((3, 4, 3, 3))  # filters × channels × height × width
INPUT, RECURRENT = 0.5 * rng.standard_normal((8, 3)), 0.5 * rng.standard_normal((8, 2))
BIAS = 0.5 * rng.standard_normal(8)
STEPS = rng.permuted(np.tile([-0.9, -0.3, 0.3, 0.9], (4, 4, 2, 2, 1)), axis=-1)
SEPARATED = STEPS.reshape(4, 4, 2, 2, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(4, 4, 4, 4)
"""In every window of 2 × 2 the elements are 0.6 apart."""

EPSILON = 1e-3

INPUTS = {
    "batch normalization": IMAGES,
    "layer normalization": FEATURES,
    "group normalization": IMAGES,
    "instance normalization": IMAGES,
    "gelu": FEATURES,
    "convolution": IMAGES,
    "max pooling": SEPARATED,
    "lstm": SEQUENCES,
}
RADII = {"layer normalization": 0.05, "instance normalization": 0.05, "max pooling": 0.1}
"""For the oracle's circle: no singularity, no other largest element within twice this."""


class Tinydl:
    """tinydl, on plain and on recorded arrays."""

    name = "tinydl"
    version = dl.__version__
    precision = "double"

    def operations(self) -> dict[str, Callable[[Any], Any]]:
        a, b = SCALE, OFFSET
        norm = {"Epsilon": EPSILON}
        return {
            "batch normalization": _images(lambda x: dl.batchnorm(x, b[:4], a[:4], **norm)[0]),
            "layer normalization": _features(lambda x: dl.layernorm(x, b, a, **norm)),
            "group normalization": _images(lambda x: dl.groupnorm(x, 2, b[:4], a[:4], **norm)),
            "instance normalization": _images(lambda x: dl.instancenorm(x, b[:4], a[:4], **norm)),
            "gelu": _features(dl.gelu),
            "convolution": _images(lambda x: dl.dlconv(x, FILTERS.transpose(2, 3, 1, 0))),
            "max pooling": _images(lambda x: dl.maxpool(x, 2, Stride=2)),
            "lstm": _labelled("CBT", (2, 0, 1), (1, 2, 0), lambda x: dl.lstm(
                x, np.zeros(2), np.zeros(2), INPUT, RECURRENT, BIAS)),
        }  # fmt: skip

    def derivatives(self, op: Callable[[Any], Any], x: Any, v: Any, w: Any) -> Iterator[float]:
        yield float(np.sum(w * op(x)))
        yield from directional_derivatives(op, [x], [v], w, ORDERS)


class SingleTinydl(Tinydl):
    """The same in single precision, beside others that have nothing else."""

    name = "tinydl, single"
    precision = "single"

    def operations(self) -> dict[str, Callable[[Any], Any]]:
        name = "batch normalization"
        return {name: super().operations()[name]}

    def derivatives(self, op: Callable[[Any], Any], x: Any, v: Any, w: Any) -> Iterator[float]:
        return super().derivatives(op, *[part.astype(np.float32) for part in (x, v, w)])


def _labelled(
    fmt: str, there: tuple[int, ...], back: tuple[int, ...], op: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    """tanh of an operation on labelled arrays, for arrays in the order of the other frameworks."""

    def call(x: Any) -> Any:
        y = dl.tanh(op(dl.dlarray(dl.permute(dl.dlarray._make(x, ""), there), fmt)))
        return dl.permute(dl.stripdims(y), back)._value

    return call


def _images(op: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return _labelled("SSCB", (2, 3, 1, 0), (3, 2, 0, 1), op)


def _features(op: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return _labelled("CB", (1, 0), (1, 0), op)


class PyTorch:
    """The fused operations of torch.nn.functional, and torch.nn.LSTM."""

    name = "PyTorch"
    precision = "double"

    def __init__(self) -> None:
        self.torch = importlib.import_module("torch")
        self.version = self.torch.__version__

    def operations(self) -> dict[str, Callable[[Any], Any]]:
        torch, F = self.torch, self.torch.nn.functional
        a, b, filters = (torch.tensor(p) for p in (SCALE, OFFSET, FILTERS))
        lstm = torch.nn.LSTM(3, 2, batch_first=True).double()
        for name, value in (("weight_ih_l0", INPUT), ("weight_hh_l0", RECURRENT),
                            ("bias_ih_l0", BIAS), ("bias_hh_l0", 0.0 * BIAS)):  # fmt: skip
            getattr(lstm, name).data = torch.tensor(value)
        return {
            "batch normalization": lambda x: F.batch_norm(
                x, None, None, a[:4], b[:4], training=True, eps=EPSILON),
            "layer normalization": lambda x: F.layer_norm(x, (6,), a, b, eps=EPSILON),
            "group normalization": lambda x: F.group_norm(x, 2, a[:4], b[:4], eps=EPSILON),
            "instance normalization": lambda x: F.instance_norm(
                x, weight=a[:4], bias=b[:4], eps=EPSILON),
            "gelu": F.gelu,
            "convolution": lambda x: F.conv2d(x, filters),
            "max pooling": lambda x: F.max_pool2d(x, 2),
            "lstm": lambda x: lstm(x)[0],
        }  # fmt: skip

    def derivatives(self, op: Callable[[Any], Any], x: Any, v: Any, w: Any) -> Iterator[float]:
        torch = self.torch
        x, v, w = (torch.tensor(part) for part in (x, v, w))
        x.requires_grad_()
        y = (w * torch.tanh(op(x))).sum()
        yield y.item()
        for _ in range(ORDERS):
            (slope,) = torch.autograd.grad(y, x, create_graph=True, materialize_grads=True)
            y = (slope * v).sum()
            yield y.item()


class Jax:
    """The operations of jax.nn and jax.lax. It has no fused normalizations, and no LSTM."""

    name = "JAX"
    precision = "double"

    def __init__(self) -> None:
        self.jax = importlib.import_module("jax")
        self.jax.config.update("jax_enable_x64", True)
        self.version = self.jax.__version__

    def operations(self) -> dict[str, Callable[[Any], Any]]:
        jax = self.jax
        standard, lax = jax.nn.standardize, jax.lax
        a, b = SCALE[:4, None, None], OFFSET[:4, None, None]

        def groups(x: Any) -> Any:
            split = x.reshape(4, 2, 2, 5, 5)
            return standard(split, axis=(2, 3, 4), epsilon=EPSILON).reshape(x.shape)

        return {
            "batch normalization": lambda x: standard(x, (0, 2, 3), epsilon=EPSILON) * a + b,
            "layer normalization": lambda x: standard(x, -1, epsilon=EPSILON) * SCALE + OFFSET,
            "group normalization": lambda x: groups(x) * a + b,
            "instance normalization": lambda x: standard(x, (2, 3), epsilon=EPSILON) * a + b,
            "gelu": lambda x: jax.nn.gelu(x, approximate=False),
            "convolution": lambda x: lax.conv(x, jax.numpy.asarray(FILTERS), (1, 1), "VALID"),
            "max pooling": lambda x: lax.reduce_window(
                x, -np.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID"),
        }  # fmt: skip

    def derivatives(self, op: Callable[[Any], Any], x: Any, v: Any, w: Any) -> Iterator[float]:
        jnp = self.jax.numpy
        f = lambda x: jnp.sum(w * jnp.tanh(op(x)))
        yield float(f(jnp.asarray(x)))
        for _ in range(ORDERS):
            f = self._along(f, v)
            yield float(f(jnp.asarray(x)))

    def _along(self, f: Callable[[Any], Any], v: Any) -> Callable[[Any], Any]:
        slope = self.jax.grad(f)
        return lambda x: self.jax.numpy.sum(slope(x) * v)


class TensorFlow:
    """The operations of tf.nn, in the layout N × height × width × C, and layers of Keras."""

    name = "TensorFlow"
    precision = "double"

    def __init__(self) -> None:
        self.tf = importlib.import_module("tensorflow")
        self.version = self.tf.__version__

    def operations(self) -> dict[str, Callable[[Any], Any]]:
        tf, layers = self.tf, self.tf.keras.layers
        a, b = SCALE, OFFSET
        options = {"epsilon": EPSILON, "dtype": "float64"}
        lstm = layers.LSTM(2, return_sequences=True, dtype="float64")
        return {
            "batch normalization": self._images(
                self._layer(layers.BatchNormalization(**options), IMAGES.transpose(0, 2, 3, 1),
                            [a[:4], b[:4], 0.0 * a[:4], a[:4]], training=True)),
            "layer normalization": self._layer(layers.LayerNormalization(**options), FEATURES,
                                               [a, b]),
            "group normalization": self._images(
                self._layer(layers.GroupNormalization(2, **options),
                            IMAGES.transpose(0, 2, 3, 1), [a[:4], b[:4]])),
            "instance normalization": self._images(
                self._layer(layers.GroupNormalization(-1, **options),
                            IMAGES.transpose(0, 2, 3, 1), [a[:4], b[:4]])),
            "gelu": lambda x: tf.nn.gelu(x, approximate=False),
            "convolution": self._images(
                lambda x: tf.nn.conv2d(x, FILTERS.transpose(2, 3, 1, 0), 1, "VALID")),
            "max pooling": self._images(lambda x: tf.nn.max_pool2d(x, 2, 2, "VALID")),
            "lstm": self._layer(lstm, SEQUENCES, [INPUT.T, RECURRENT.T, BIAS]),
        }  # fmt: skip

    def _layer(
        self, layer: Any, like: Any, weights: list[Any], **options: Any
    ) -> Callable[[Any], Any]:
        layer.build(like.shape)
        layer.set_weights(weights)
        return lambda x: layer(x, **options)

    def _images(self, op: Callable[[Any], Any]) -> Callable[[Any], Any]:
        tf = self.tf
        return lambda x: tf.transpose(op(tf.transpose(x, (0, 2, 3, 1))), (0, 3, 1, 2))

    def derivatives(self, op: Callable[[Any], Any], x: Any, v: Any, w: Any) -> Iterator[float]:
        tf = self.tf
        dtype = "float64" if self.precision == "double" else "float32"
        x, v, w = (tf.constant(part, dtype) for part in (x, v, w))

        def along(order: int) -> Any:
            if order == 0:
                return tf.reduce_sum(w * tf.tanh(op(x)))
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = along(order - 1)
            zero = tf.UnconnectedGradients.ZERO
            return tf.reduce_sum(tape.gradient(y, x, unconnected_gradients=zero) * v)

        for order in range(ORDERS + 1):
            yield float(along(order))


class FusedTensorFlow(TensorFlow):
    """The fused batch normalization of TensorFlow, which exists in single precision only."""

    name = "TensorFlow, fused, single"
    precision = "single"

    def operations(self) -> dict[str, Callable[[Any], Any]]:
        fused = self.tf.compat.v1.nn.fused_batch_norm
        a, b = (self.tf.constant(p[:4], "float32") for p in (SCALE, OFFSET))
        normalize = lambda x: fused(x, a, b, epsilon=EPSILON, is_training=True)[0]
        return {"batch normalization": self._images(normalize)}


def frameworks() -> Iterator[Any]:
    """tinydl, and those of the others that can be imported here."""
    for framework in (Tinydl, PyTorch, Jax, TensorFlow, SingleTinydl, FusedTensorFlow):
        try:
            yield framework()
        except ImportError:
            print(f"{framework.name} cannot be imported")


Problem = tuple[Any, Any, Any]


def expected(op: Callable[[Any], Any], problem: Problem, radius: float) -> list[float]:
    """The value, and the derivatives by the oracle."""
    x, v, w = problem
    orders = range(1, ORDERS + 1)
    derivatives = [contour_derivative(op, [x], [v], w, k, radius=radius)[0] for k in orders]
    return [float(np.sum(w * op(x))), *derivatives]


def measured(framework: Any, op: Callable[[Any], Any], problem: Problem) -> list[Any]:
    """The value and the derivatives; from where there is none, the name of the exception."""
    found: list[Any] = []
    try:
        found += framework.derivatives(op, *problem)
    except Exception as error:
        found += [type(error).__name__] * (ORDERS + 1 - len(found))
    return found


def cell(values: list[Any], truths: list[float], precision: str) -> str:
    """A relative error over all draws, in bold where the derivative is wrong."""
    names = [value for value in values if isinstance(value, str)]
    if names:
        return f"`{names[0]}`"
    error = np.linalg.norm(np.subtract(values, truths)) / np.linalg.norm(truths)
    return f"{error:.0e}" if error < WRONG[precision] else f"**{error:.1g}, wrong**"


def rows(name: str, everyone: list[tuple[Any, Any]]) -> Iterator[list[str]]:
    """The rows of one operation."""
    x, ours = INPUTS[name], everyone[0][1][name]
    draws = np.random.default_rng(2)
    problems = [(x, draws.uniform(-1.0, 1.0, x.shape), draws.standard_normal(ours(x).shape))
                for _ in range(DRAWS)]  # fmt: skip
    truths = [expected(ours, problem, RADII.get(name, 0.1)) for problem in problems]
    for framework, operations in everyone:
        if name in operations:
            found = [measured(framework, operations[name], problem) for problem in problems]
            columns = zip(zip(*found, strict=True), zip(*truths, strict=True), strict=True)
            yield [name, framework.name,
                   *[cell(list(a), list(b), framework.precision) for a, b in columns]]  # fmt: skip


def table() -> tuple[list[str], str]:
    """The lines of the table, and who was measured."""
    everyone = [(framework, framework.operations()) for framework in frameworks()]
    head = ["operation", "framework", "value", *[f"order {k}" for k in range(1, ORDERS + 1)]]
    found = [head, ["---"] * len(head), *[row for name in INPUTS for row in rows(name, everyone)]]
    versions = ", ".join(
        dict.fromkeys([f"{f.name.split(',')[0]} {f.version}" for f, _ in everyone])
    )
    versions += f", NumPy {np.__version__}, Python {platform.python_version()}"
    return [f"| {' | '.join(row)} |" for row in found], versions


EXAMPLE = '''
import numpy as np
from tinydl import *
from tinydl import sum
from tinydl.testing import contour_derivative

rng = np.random.default_rng(0)
x, v, w = rng.standard_normal((3, 2, 6))

def normalized(x):
    return tanh(batchnorm(dlarray(x, "CB"), [0, 0], [1, 1])[0])

def fourth(x):
    y = sum(normalized(x) * w, "all")
    for _ in range(4):
        y = sum(dlgradient(y, x, EnableHigherDerivatives=True) * v, "all")
    return y

found = float(dlfeval(fourth, dlarray(x)))
op = lambda x: normalized(dlarray._make(x, ""))._value
expected, bound = contour_derivative(op, [x], [v], w, 4, radius=0.05)
assert abs(found - expected) < 50 * bound
'''.strip()  # fmt: skip

TEXT = """
# How exact derivatives are

tinydl's derivatives are exact to rounding at every order. The table holds them, and those of other
frameworks, against an oracle that differentiates nothing: Cauchy's integral formula over values at
complex arguments.

For an input x, directions v and weights w, the same for everyone, it is about
f(t) = Σ w · tanh(op(x + t v)) and its derivatives at t = 0. Every framework finds them by its own
reverse differentiation, order after order. A number is the relative error ‖found − true‖ / ‖true‖
over {draws} directions; in double precision 1e-16 to 1e-10 is rounding, which grows with the
order. **Wrong** is a derivative that comes without an error and is off by more than {wrong:g} of
its size ({single:g} in single precision). The name of an exception stands where a framework says
that it has no such derivative. "value" compares the operation itself with tinydl's.

Measured on {date} on a CPU, with
{versions}.

{lines}

Normalizations use the statistics of the batch or of the observation, as in training, with
Epsilon {epsilon:g}. PyTorch's operations are those of torch.nn.functional. JAX has no fused
normalizations and no LSTM; its normalizations are jax.nn.standardize. TensorFlow's are the layers
of Keras, whose variance holds the mean constant (tf.nn.moments calls stop_gradient), which changes
derivatives from the second on; its fused batch normalization exists in single precision only, so
that tinydl's in single precision stands beside it.

`python benchmarks/exactness.py` measures again, whatever of these frameworks can be imported, and
writes this page. The oracle is public; this is one number of the table in a few lines:

```python
{example}
```
"""


def page() -> str:
    lines, versions = table()
    print("\n".join(lines))
    text = inspect.cleandoc(TEXT).format(
        wrong=WRONG["double"], single=WRONG["single"], date=f"{datetime.date.today():%d %B %Y}",
        versions=versions, lines="\n".join(lines), epsilon=EPSILON, draws=DRAWS, example=EXAMPLE,
    )  # fmt: skip
    return text + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
