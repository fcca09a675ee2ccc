"""Which layer each node of a graph stands in, from left to right, and in which order: the first step of a layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

__all__ = ["components", "layers_of", "order_layers"]

_SWEEPS = 4
"""How often the order of the layers is improved; more made no difference in the pictures of the tests."""

Edge = tuple[str, str]


def components(nodes: Sequence[str], edges: Iterable[Edge]) -> list[list[str]]:
    """The nodes that hang together, each group and all groups in the order of `nodes`."""
    neighbours: dict[str, list[str]] = {node: [] for node in nodes}
    for start, end in edges:
        neighbours[start].append(end)
        neighbours[end].append(start)
    component: dict[str, int] = {}
    count = 0
    for node in nodes:
        if node in component:
            continue
        waiting = [node]
        while waiting:
            current = waiting.pop()
            if current not in component:
                component[current] = count
                waiting += neighbours[current]
        count += 1
    found: list[list[str]] = [[] for _ in range(count)]
    for node in nodes:
        found[component[node]].append(node)
    return found


def layers_of(nodes: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """The number of each node's layer, from 0: behind all that lead to it, and as close to them as it can be.

    Edges that close a circle do not count.
    """
    forward = _forward(nodes, edges)
    layer = _longest_ways(nodes, forward)
    for start in sorted(forward, key=lambda node: layer[node], reverse=True):
        layer[start] = min(layer[end] for end in forward[start]) - 1
    return layer


def order_layers(layers: list[list[str]], edges: Iterable[Edge]) -> list[list[str]]:
    """Each layer in an order in which few edges cross: a node stands near the middle of its neighbours.

    `edges`: between neighbouring layers.
    """
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for start, end in edges:
        before.setdefault(end, []).append(start)
        after.setdefault(start, []).append(end)
    ordered = [list(layer) for layer in layers]
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        neighbours = before if down else after
        sequence = range(1, len(ordered)) if down else range(len(ordered) - 2, -1, -1)
        for number in sequence:
            beside = ordered[number - 1 if down else number + 1]
            position = {node: index / max(len(beside), 1) for index, node in enumerate(beside)}
            ordered[number] = _by_mean(ordered[number], neighbours, position)
    return ordered


def _by_mean(nodes: list[str], neighbours: Mapping[str, list[str]], position: Mapping[str, float]) -> list[str]:
    means = {}
    for index, node in enumerate(nodes):
        known = [position[each] for each in neighbours.get(node, ()) if each in position]
        means[node] = sum(known) / len(known) if known else index / len(nodes)
    return sorted(nodes, key=lambda node: means[node])


def _forward(nodes: Iterable[str], edges: Iterable[Edge]) -> dict[str, list[str]]:
    """The edges without those that close a circle, as found by a depth-first walk from the first nodes on."""
    successors: dict[str, list[str]] = {}
    for start, end in edges:
        successors.setdefault(start, []).append(end)
    forward: dict[str, list[str]] = {}
    finished: set[str] = set()
    for node in nodes:
        path: dict[str, None] = {}
        waiting = [iter((node,))]
        while waiting:
            current = next(waiting[-1], None)
            if current is None:
                waiting.pop()
                if path:
                    finished.add(path.popitem()[0])
                continue
            if current in path:
                continue  # it closes a circle
            if path:
                forward.setdefault(next(reversed(path)), []).append(current)
            if current not in finished:
                path[current] = None
                waiting.append(iter(successors.get(current, ())))
    return forward


def _longest_ways(nodes: Iterable[str], forward: Mapping[str, list[str]]) -> dict[str, int]:
    """How many edges the longest way to each node has."""
    incoming = dict.fromkeys(nodes, 0)
    longest = dict.fromkeys(incoming, 0)
    for ends in forward.values():
        for end in ends:
            incoming[end] += 1
    ready = [node for node, count in incoming.items() if not count]
    while ready:
        start = ready.pop()
        for end in forward.get(start, ()):
            longest[end] = max(longest[end], longest[start] + 1)
            incoming[end] -= 1
            if not incoming[end]:
                ready.append(end)
    return longest
