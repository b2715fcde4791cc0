"""The steps of recurrent units for CuPy arrays: a product and one kernel for each."""

from __future__ import annotations

from typing import Any

import cupy

from tinydl.backend.kernels import recur as kernels


def lstm_forward(
    r: Any, gate: str, state: str, gates: Any, hidden: Any, cells: Any, shown: Any
) -> None:
    """Turn the products with x into the gates, and write the states, step by step."""
    numbers = kernels.NUMBERS[gate], kernels.NUMBERS[state]
    product = cupy.empty(gates.shape[1:], gates.dtype)
    for t in range(len(gates)):
        cupy.matmul(r, hidden[t], out=product)
        kernels.LSTM(product, cells[t], shown[t].size, *numbers,
                     gates[t], shown[t], cells[t + 1], hidden[t + 1])  # fmt: skip


def lstm_backward(
    back: Any, gate: str, state: str, gates: Any, cells: Any, shown: Any, dy: Any, dh: Any
) -> Any:
    """The gradients by the gates, from those of all steps by the states.

    Behind it dh and the last of dy hold the gradients by the first hidden and cell state.
    """
    numbers = kernels.NUMBERS[gate], kernels.NUMBERS[state]
    d = cupy.empty(gates.shape, gates.dtype)
    for t in reversed(range(len(gates))):
        kernels.LSTM_GRADIENT(gates[t], cells[t], shown[t], dy[t], dh.size, *numbers,
                              d[t], dh, dy[-1])  # fmt: skip
        cupy.matmul(back, d[t], out=dh)
    return d


def gru_forward(
    r: Any, q: Any, reset: str, gate: str, state: str, gates: Any, hidden: Any, inner: Any
) -> None:
    """Turn the products with x into the gates, and write the states, step by step."""
    by_gate, by_state = kernels.NUMBERS[gate], kernels.NUMBERS[state]
    units, observations = inner.shape[1:]
    block, q = units * observations, cupy.ascontiguousarray(q)
    if reset == "after":
        product = cupy.empty(gates.shape[1:], gates.dtype)
        for t in range(len(gates)):
            cupy.matmul(r, hidden[t], out=product)
            kernels.GRU_AFTER(product, q, hidden[t], block, observations, by_gate, by_state,
                              gates[t], inner[t], hidden[t + 1])  # fmt: skip
        return
    r_open, r_candidate = r[: 2 * units], r[2 * units :]
    open_, product = [cupy.empty((n, observations), gates.dtype) for n in (2 * units, units)]
    for t in range(len(gates)):
        cupy.matmul(r_open, hidden[t], out=open_)
        kernels.GRU_OPEN(open_, hidden[t], block, by_gate, gates[t], inner[t])
        cupy.matmul(r_candidate, inner[t], out=product)
        kernels.GRU_MIX(product, hidden[t], block, by_state, gates[t], hidden[t + 1])


def gru_backward(
    r: Any, reset: str, gate: str, state: str, gates: Any, hidden: Any, inner: Any, dy: Any,
    dh: Any,
) -> tuple[Any, Any]:  # fmt: skip
    """The gradients by the gates and by the product r h; dh is by the first hidden state then.

    That of the product is the same, but behind the reset gate where this multiplies the product.
    """
    numbers = kernels.NUMBERS[gate], kernels.NUMBERS[state]
    units, d = len(dh), cupy.empty(gates.shape, gates.dtype)
    by_product = cupy.zeros(dh.shape, dh.dtype)  # what the product of the step behind adds to dh
    if reset == "after":
        to_product, back = cupy.empty(gates.shape, gates.dtype), cupy.ascontiguousarray(r.T)
        for t in reversed(range(len(gates))):
            kernels.GRU_AFTER_GRADIENT(gates[t], hidden[t], inner[t], dy[t], by_product, dh.size,
                                       *numbers, d[t], to_product[t], dh)  # fmt: skip
            cupy.matmul(back, to_product[t], out=by_product)
        dh += by_product
        return d, to_product
    back = [cupy.ascontiguousarray(rows.T) for rows in (r[: 2 * units], r[2 * units :])]
    by_inner = cupy.empty(dh.shape, dh.dtype)
    for t in reversed(range(len(gates))):
        kernels.GRU_MIX_GRADIENT(gates[t], hidden[t], dy[t], by_product, dh.size, *numbers,
                                 d[t], dh)  # fmt: skip
        cupy.matmul(back[1], d[t, 2 * units :], out=by_inner)
        kernels.GRU_OPEN_GRADIENT(gates[t], hidden[t], by_inner, numbers[0], d[t], dh)
        cupy.matmul(back[0], d[t, : 2 * units], out=by_product)
    dh += by_product
    return d, d
