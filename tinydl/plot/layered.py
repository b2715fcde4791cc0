"""Where the boxes of a drawn graph stand: in rows, each below all that feed it.

Steps of Sugiyama, Tagawa and Toda, 1981: rows by the longest path; a waypoint in each row that a
connection crosses; an order in each row with few crossings, by averages of neighbours; and places
near the neighbours' average but far enough apart, the same for all boxes of a chain.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Edge = tuple[Any, Any]

SWEEPS = 12


class Layout(NamedTuple):
    """Places of boxes, and the waypoints of connections."""

    row: dict[Any, int]
    x: dict[Any, float]
    ways: list[list[Any]]  # for each connection its source, waypoints and destination, keys of x


def arrange(
    names: Sequence[str], edges: Sequence[Edge], widths: Mapping[str, float], gap: float
) -> Layout:
    """Rows and horizontal places for boxes of some widths, at least gap apart.

    The graph has no circles. Edges may occur several times.

    Example:
        >>> layout = arrange(["a", "b", "c"], [("a", "b"), ("b", "c"), ("a", "c")],
        ...                  {"a": 1.0, "b": 1.0, "c": 1.0}, gap=0.5)
        >>> layout.row["c"], len(layout.ways[2])
        (2, 3)
    """
    row: dict[Any, int] = dict(rows(names, edges))
    ways = []
    for k, (a, b) in enumerate(edges):
        between = [(k, r) for r in range(row[a] + 1, row[b])]
        row.update({point: point[1] for point in between})
        ways.append([a, *between, b])
    links = [pair for way in ways for pair in itertools.pairwise(way)]
    above, below = _neighbours(row, links)
    ordered = _ordered(row, above, below)
    wide = {key: widths.get(key, 0.0) for key in row}
    return Layout(row, _places(ordered, above, below, wide, gap), ways)


def rows(names: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """The row of each box: the length of the longest path to it.

    A box that nothing feeds stands right above the first one that it feeds.

    Example:
        >>> rows(["a", "b", "c", "z"], [("a", "b"), ("b", "c"), ("z", "c")])
        {'a': 0, 'b': 1, 'c': 2, 'z': 1}
    """
    below, above = {n: [b for a, b in edges if a == n] for n in names}, dict.fromkeys(names, 0)
    for _, b in edges:
        above[b] += 1
    fed = {n for n in names if above[n]}
    row = dict.fromkeys(names, 0)
    ready = [n for n in names if not above[n]]
    for name in ready:  # it grows while it is walked
        for b in below[name]:
            row[b] = max(row[b], row[name] + 1)
            above[b] -= 1
            if not above[b]:
                ready.append(b)
    for name in names:
        if name not in fed and below[name]:
            row[name] = min([row[b] for b in below[name]]) - 1
    return row


Neighbours = dict[Any, list[Any]]


def _neighbours(row: Mapping[Any, int], links: Sequence[Edge]) -> tuple[Neighbours, Neighbours]:
    above: Neighbours = {key: [] for key in row}
    below: Neighbours = {key: [] for key in row}
    for a, b in links:
        above[b].append(a)
        below[a].append(b)
    return above, below


def _ordered(row: Mapping[Any, int], above: Neighbours, below: Neighbours) -> list[list[Any]]:
    """The boxes and waypoints of each row from left to right: the order with fewest crossings."""
    lines: list[list[Any]] = [[] for _ in range(max(row.values(), default=-1) + 1)]
    for key, r in row.items():
        lines[r].append(key)
    best, fewest = [list(line) for line in lines], _crossings(lines, below)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        near = above if down else below
        for r in range(len(lines)) if down else reversed(range(len(lines))):
            place = {key: i for line in lines for i, key in enumerate(line)}
            wanted = {key: _mean([place[n] for n in near[key]], place[key]) for key in lines[r]}
            lines[r].sort(key=wanted.__getitem__)
        if (found := _crossings(lines, below)) < fewest:
            best, fewest = [list(line) for line in lines], found
        if not fewest:
            break
    return best


def _crossings(lines: Sequence[Sequence[Any]], below: Neighbours) -> int:
    """How many pairs of lines cross."""
    count = 0
    for line, following in itertools.pairwise(lines):
        place = {key: i for i, key in enumerate(following)}
        ends = [place[b] for key in line for b in sorted(below[key], key=place.__getitem__)]
        count += sum([a > b for i, a in enumerate(ends) for b in ends[i + 1 :]])
    return count


def _places(
    lines: Sequence[Sequence[Any]], above: Neighbours, below: Neighbours,
    widths: Mapping[Any, float], gap: float,
) -> dict[Any, float]:  # fmt: skip
    """The horizontal places: near the average of the neighbours, in order, and apart."""
    apart = [(a, b, (widths[a] + widths[b]) / 2 + gap)
             for line in lines for a, b in itertools.pairwise(line)]  # fmt: skip
    chain = _chains(lines, above, below)
    x = _leftmost(chain, apart)
    if x is None:  # chains that cross cannot all be straight
        chain = {key: key for key in chain}
        x = _leftmost(chain, apart) or {}
    heads = list(x)
    pulls = {head: [chain[n] for key in chain if chain[key] == head
                    for n in (*above[key], *below[key]) if chain[n] != head]
             for head in heads}  # fmt: skip
    left = {head: [(chain[a], d) for a, b, d in apart if chain[b] == head] for head in heads}
    right = {head: [(chain[b], d) for a, b, d in apart if chain[a] == head] for head in heads}
    for sweep in range(SWEEPS * 4):
        for head in heads if sweep % 2 == 0 else reversed(heads):
            low = max([x[a] + d for a, d in left[head]], default=-math.inf)
            high = min([x[b] - d for b, d in right[head]], default=math.inf)
            wanted = _mean([x[n] for n in pulls[head]], x[head])
            x[head] = max(low, min(high, wanted))
    return {key: x[head] for key, head in chain.items()}


def _chains(lines: Sequence[Sequence[Any]], above: Neighbours, below: Neighbours) -> dict[Any, Any]:
    """For each box and waypoint the head of its chain, which is drawn as a straight line.

    A chain goes on while a box feeds one other only, which nothing else feeds.
    """
    head: dict[Any, Any] = {}
    for line in lines:
        for key in line:
            only = above[key][0] if len(above[key]) == 1 else None
            head[key] = head[only] if only is not None and len(below[only]) == 1 else key
    return head


def _leftmost(
    chain: Mapping[Any, Any], apart: Sequence[tuple[Any, Any, float]]
) -> dict[Any, float] | None:
    """The places as far left as the distances allow; None if there are none."""
    x: dict[Any, float] = dict.fromkeys(chain.values(), 0.0)
    for _ in range(len(x) + 1):  # Bellman and Ford: a longest path has fewer steps than heads
        moved = False
        for a, b, distance in apart:
            if x[chain[b]] < x[chain[a]] + distance:
                x[chain[b]] = x[chain[a]] + distance
                moved = True
        if not moved:
            return x
    return None


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
