"""What networks and tables show in a terminal and in a notebook."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinydl.network.net import dlnetwork


def as_text(columns: Mapping[str, Sequence[str]]) -> str:
    """Columns of text under their titles, as MATLAB prints a table."""
    count = len(next(iter(columns.values())))
    lines = lines_of(columns)
    return "\n".join(
        [f"{count}×{len(columns)} table", *[("    " + line).rstrip() for line in lines]]
    )


def lines_of(columns: Mapping[str, Sequence[str]]) -> list[str]:
    """The lines of a table: titles, rules, and rows if there are any."""
    rows = list(zip(*columns.values(), strict=True))
    widths = [max([len(title), *map(len, cells)]) for title, cells in columns.items()]
    lines = [
        "    ".join([title.center(w) for title, w in zip(columns, widths, strict=True)]),
        "    ".join(["_" * w for w in widths]),
        "",
        *["    ".join([cell.ljust(w) for cell, w in zip(row, widths, strict=True)])
          for row in rows],
    ]  # fmt: skip
    return lines if rows else lines[:2]


def as_html(columns: Mapping[str, Sequence[str]], caption: str = "") -> str:
    """Columns of text as a table of a page."""
    head = "".join([f"<th>{html.escape(title)}</th>" for title in columns])
    rows = ["".join([f'<td style="text-align:left">{html.escape(cell)}</td>' for cell in row])
            for row in zip(*columns.values(), strict=True)]  # fmt: skip
    body = "".join([f"<tr>{row}</tr>" for row in rows])
    title = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def properties(net: dlnetwork) -> str:
    """The properties of a network, as MATLAB lists them."""
    graph = net._graph
    shown = {
        "Layers": f"[{len(graph.layers)}×1 Layer]",
        "Connections": f"[{len(graph.connections)}×2 table]",
        "Learnables": f"[{len(net.Learnables)}×3 table]",
        "State": f"[{len(net.State)}×3 table]",
        "InputNames": "{" + "  ".join([f"'{name}'" for name in net.InputNames]) + "}",
        "OutputNames": "{" + "  ".join([f"'{name}'" for name in net.OutputNames]) + "}",
        "Initialized": str(int(net.Initialized)),
    }
    lines = [f"{name:>15}: {value}" for name, value in shown.items()]
    return "\n".join(["dlnetwork with properties:", "", *lines])


def network_html(net: dlnetwork) -> str:
    """The properties of a network, and a table of its layers."""
    layers = net._graph.layers
    table = {
        "": [str(i) for i in range(len(layers))],
        "Name": list(layers),
        "Layer": [repr(layer) for layer in layers.values()],
    }
    return f"<pre>{html.escape(properties(net))}</pre>{as_html(table)}"
