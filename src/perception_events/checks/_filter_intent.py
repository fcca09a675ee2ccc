"""What the filters of a stream let through together, and whether that can be what was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from perception_events.checks._attribute_filters import key_names
from perception_events.checks._context import Reader
from perception_events.checks._findings import Found
from perception_events.checks._location import Location, filter_location
from perception_events.checks._pattern_leaves import Leaf, branches
from perception_events.topology import PartialJSON, Table

__all__ = ["check_intent"]

_EVENT_NAMES = ("INSERT", "MODIFY", "REMOVE")
_MISSING_IMAGE = {"INSERT": "OldImage", "REMOVE": "NewImage"}
"""AWS: DynamoDB Streams API, `StreamRecord`: an item that appears has no old image, one that goes has no new one."""
_CONSTANT_NAME = re.compile(
    r"(?i:(?:.*[_\-.#])?(?:pk|sk|id|ids|type|kind|entity|class|model|category|typename|type_name)\d*)"
    r"|.*[a-z0-9](?:PK|Pk|SK|Sk|ID|Id|Ids|Type|Kind|Entity|Class|Model|Category|TypeName)\d*"
)
"""Attributes that an item has for life: keys and their copies in indexes, and what kind of item it is."""


class _Branch:
    """What one way through a filter lets through, as far as its leaves tell."""

    def __init__(self, location: Location, leaves: Sequence[Leaf]) -> None:
        self.location = location
        self.leaves = leaves
        named = [leaf.values for leaf in leaves if leaf.path == ("eventName",)]
        self.names_event = bool(named)
        self.event_names = {
            name for name in _EVENT_NAMES if all(any(_may_be(v, name) for v in values) for values in named)
        }

    def required(self, image: str) -> list[Leaf]:
        """The leaves that need something in `image`."""
        return [leaf for leaf in self.leaves if leaf.path[:2] == ("dynamodb", image) and not leaf.may_be_absent]

    def compared(self, image: str) -> set[str]:
        """The attributes of `image` that are looked at."""
        return {leaf.path[2] for leaf in self.leaves if leaf.path[:2] == ("dynamodb", image) and len(leaf.path) > 2}

    @property
    def keeps_removals_out(self) -> bool:
        return bool(self.required("NewImage")) or any(leaf.path[0] == "userIdentity" for leaf in self.leaves)


def _may_be(value: PartialJSON, name: str) -> bool:
    return value == name if isinstance(value, str) else not isinstance(value, int | float | None)


def check_intent(reader: Reader, table: Table | None) -> Iterator[Found]:
    """What the filters of `reader`, a reader of a DynamoDB stream, let through or keep out unnoticed."""
    filters = Location(reader).of("filters")
    if not reader.filters:
        if _expires(table):
            yield Found("PE107", filters, "there is no filter: every expiry becomes an event")
        return
    if not all(isinstance(one.pattern, Mapping) for one in reader.filters):
        return
    ways = [
        _Branch(filter_location(reader, at, one), leaves)
        for at, one in enumerate(reader.filters)
        for leaves in branches(one.pattern)
    ]
    for way in ways:
        yield from _contradictions(way)
    alive = [way for way in ways if way.event_names and not list(_contradictions(way))]
    states = sorted({name for way in alive for name in _states(way, table)})
    passed = set().union(*(way.event_names for way in alive)) if alive else set()
    if states and "INSERT" in passed and "MODIFY" not in passed:
        reason = f"only INSERT passes, but an item whose {states[0]} changes to the wanted value is a MODIFY"
        yield Found("PE105", filters, reason)
    for way in alive:
        changing = [name for name in _states(way, table) if name not in way.compared("OldImage")]
        if changing and "MODIFY" in way.event_names:
            reason = f"the new {', '.join(changing)} is compared and the old is not: every later update passes too"
            yield Found("PE106", way.location, reason, _compare_old(changing[0], way))
        if _expires(table) and not way.names_event and not way.keeps_removals_out:
            yield Found("PE107", way.location, "nothing in it keeps a REMOVE by Time to Live out")


def _expires(table: Table | None) -> bool:
    return table is not None and table.ttl_attribute is not None


def _contradictions(way: _Branch) -> Iterator[Found]:
    for name, image in _MISSING_IMAGE.items():
        needed = way.required(image)
        if way.event_names == {name} and needed:
            reason = f"only {name} passes `eventName`, and {'an' if name == 'INSERT' else 'a'} {name} has no {image}"
            yield Found("PE117", way.location.at(*needed[0].steps), reason)


def _states(way: _Branch, table: Table | None) -> list[str]:
    """The attributes of the new image that are compared with whole values and can change: neither keys nor kinds."""
    keys = key_names(table) if table is not None else {}
    indexed = table.attribute_types if table is not None else {}
    return sorted(
        {
            leaf.path[2]
            for leaf in way.required("NewImage")
            if len(leaf.path) > 3
            and leaf.path[2] not in keys
            and leaf.path[2] not in indexed
            and not _CONSTANT_NAME.fullmatch(leaf.path[2])
            and all(isinstance(value, str | bool) for value in leaf.values)
        }
    )


def _compare_old(name: str, way: _Branch) -> str | None:
    leaf = next(leaf for leaf in way.required("NewImage") if leaf.path[2] == name)
    if len(leaf.values) != 1 or len(leaf.path) != 4 or not isinstance(leaf.values[0], str):
        return None
    return f'add `OldImage.{name}.{leaf.path[3]}: [{{"anything-but": "{leaf.values[0]}"}}, {{"exists": false}}]`'
