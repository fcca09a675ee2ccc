"""Check the graph of modules and joins: no cycle, no module that nothing starts, no join that cannot complete."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from perception_events.aggregation._errors import InvalidJoinError
from perception_events.aggregation._join import Join
from perception_events.item_names import ItemNames

__all__ = ["check_acyclic", "check_joins", "check_reachable"]


def check_acyclic(edges: Mapping[str, Iterable[str]]) -> None:
    """Reject modules that start each other in a circle.

    Raises:
        InvalidJoinError: there is a cycle; the message shows its path.
    """
    finished: set[str] = set()
    for start in edges:
        path: list[str] = []
        waiting = [iter((start,))]
        while waiting:
            module = next(waiting[-1], None)
            if module is None:
                waiting.pop()
                if path:
                    finished.add(path.pop())
            elif module in path:
                cycle = " -> ".join([*path[path.index(module) :], module])
                raise InvalidJoinError(f"modules start each other in a circle: {cycle}; remove one of these triggers")
            elif module not in finished:
                path.append(module)
                waiting.append(iter(tuple(edges.get(module, ()))))


def check_reachable(entries: Sequence[str], edges: Mapping[str, Iterable[str]]) -> None:
    """Reject modules that nothing starts.

    Raises:
        InvalidJoinError: a module cannot be reached from `entries`; the message shows how far the paths get.
    """
    reached = _reachable(entries, edges)
    for module in edges:
        if module not in reached:
            raise InvalidJoinError(
                f"nothing starts module {module!r}: from the entries ({', '.join(entries)}) the triggers lead to "
                f"{', '.join(sorted(reached))} only; let a module or join trigger it, or name it in entries"
            )


def check_joins(
    joins: Sequence[Join],
    parts: Mapping[str, tuple[str, ...] | None],
    served: Iterable[str],
    names: ItemNames | None = None,
) -> None:
    """Reject joins that cannot work among the modules declared.

    `parts` gives the names of each module's sort-key segments, where they are known; `served` are the modules whose
    events reach a function. `names`: the table's keys.

    Raises:
        InvalidJoinError: a join that can never complete, or two that would start a module twice.
    """
    starts: dict[str, Join] = {}
    table = names or ItemNames()
    seen: set[str] = set()
    reaches_function = frozenset(served)
    for join in joins:
        if join.name in seen:
            raise InvalidJoinError(f"two joins are called {join.name!r}; give one of them another name")
        seen.add(join.name)
        join.check_names(table)
        for module in join.trigger:
            if module not in parts:
                raise InvalidJoinError(f"join {join.name!r} triggers {module!r}, which is not declared")
            other = starts.setdefault(module, join)
            if other is not join:
                raise InvalidJoinError(
                    f"joins {other.name!r} and {join.name!r} both trigger {module!r}, which would start twice for each "
                    f"group; declare one join on {(*other.event_types, *join.event_types)!r}"
                )
        for event_type in join.event_types:
            path = f"{event_type} -> join {join.name} -> {', '.join(join.trigger)}"
            if event_type not in parts:
                raise InvalidJoinError(f"join {join.name!r} can never complete: {event_type!r} is no module ({path})")
            if event_type not in reaches_function:
                raise InvalidJoinError(
                    f"join {join.name!r} can never complete: no function gets the events of {event_type!r} ({path}); "
                    f"give that module targets=('aggregate_{event_type}',)"
                )
            _check_parts(join, event_type, parts[event_type], path, table)


def _check_parts(join: Join, event_type: str, known: tuple[str, ...] | None, path: str, names: ItemNames) -> None:
    if known is None:
        return
    grouping = join.grouping(names)
    for part in grouping.parts:
        if isinstance(part, str) and part not in known:
            raise InvalidJoinError(
                f"join {join.name!r} can never complete: it groups by {part!r}, and the keys of {event_type!r} have "
                f"{', '.join(known) or 'no parts'} after the event type ({path}); for an attribute of the items write "
                f"ItemAttribute({part!r})"
            )
    rest = [part for part in known if part not in join.group_by]
    if not grouping.by_partition_key:
        rest.insert(0, names.partition_key)
    expects = join.expectation.fixed
    if not isinstance(expects, frozenset):
        return
    depth = len(rest) if len(join.event_types) == 1 and rest else len(rest) + 1
    for member in sorted(expects):
        named = member.split("#")
        of_this_type = len(join.event_types) == 1 or named[0] == event_type
        # One text fits `<camera>` as well: the event types themselves are what a join without expects= gets.
        left_out = bool(rest) and expects == frozenset(join.event_types)
        if of_this_type and (len(named) != depth or left_out):
            shape = "#".join([*([event_type] if depth > len(rest) else []), *(f"<{part}>" for part in rest)])
            raise InvalidJoinError(
                f"join {join.name!r} can never complete: members of {event_type!r} are called {shape}, and "
                f"{member!r} is expected ({path}); say who is in expects="
            )


def _reachable(entries: Iterable[str], edges: Mapping[str, Iterable[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(entries)
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting.extend(edges.get(module, ()))
    return reached
