"""What a join groups by: parts of an item's key and attributes of the item, read against a table's names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from perception_events.aggregation._errors import InvalidJoinError
from perception_events.attribute_values import InvalidAttributeValueError, to_python
from perception_events.errors import describe
from perception_events.item_names import ItemNames

__all__ = ["GroupPart", "Grouping", "ItemAttribute", "grouping_of"]


@dataclass(frozen=True, slots=True, init=False)
class ItemAttribute:
    """An attribute of the item that a join groups by: `ItemAttribute("customer")`.

    Further names lead into maps: `ItemAttribute("shipping", "carrier")`. The attribute is a text, a number or a
    boolean; numbers that are equal are one group, however they are written.

    Raises:
        InvalidJoinError: a name is not a text, or empty.
    """

    path: tuple[str, ...]

    def __init__(self, *path: str) -> None:
        if not path or not all(isinstance(name, str) and name for name in path):
            raise InvalidJoinError(f"an ItemAttribute is named by texts that are not empty, not {describe(path)}")
        object.__setattr__(self, "path", path)

    def __str__(self) -> str:
        return ".".join(self.path)

    def __repr__(self) -> str:
        return f"ItemAttribute({', '.join(map(repr, self.path))})"

    def value_in(self, item: Mapping[str, Any]) -> str:
        """The attribute of an item in DynamoDB JSON, as a text.

        Raises:
            LookupError: the item does not have it, or has something there that groups cannot be told apart by.
        """
        value: Any = {"M": item}
        for depth, name in enumerate(self.path):
            inside = value.get("M") if isinstance(value, Mapping) else None
            if not isinstance(inside, Mapping) or name not in inside:
                has = f"; it has: {', '.join(map(str, list(item)[:8])) or 'nothing'}"
                raise LookupError(f"the item has no {'.'.join(self.path[: depth + 1])!r}{has}")
            value = inside[name]
        return _text(value, str(self))


def _text(value: Any, name: str) -> str:
    try:
        found = to_python(value, name)
    except InvalidAttributeValueError as error:
        raise LookupError(str(error)) from error
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, Decimal):
        return _number(found)
    if isinstance(found, str) and found:
        return found
    what = "empty" if found == "" else f"of the type {next(iter(value))}"
    raise LookupError(f"the item's {name!r} is {what}; a group needs a text, a number or a boolean")


def _number(number: Decimal) -> str:
    """One text for equal numbers: `130` for 130, 130.0 and 1.3E+2."""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if not number else text


GroupPart: TypeAlias = str | ItemAttribute


@dataclass(frozen=True, slots=True)
class Grouping:
    """A join's `group_by` against the names of a table.

    `by_partition_key`, `by_prefix`: whether the items of a group have one partition key, and one prefix, in common.
    `parts`: the other parts of the group, in order: names of segments of the sort key, and attributes.
    """

    by_partition_key: bool
    by_prefix: bool
    parts: tuple[GroupPart, ...]

    @property
    def attributes(self) -> tuple[ItemAttribute, ...]:
        """The attributes among the parts."""
        return tuple(part for part in self.parts if isinstance(part, ItemAttribute))


def grouping_of(group_by: tuple[GroupPart, ...], names: ItemNames) -> Grouping:
    """What `group_by` means in a table; `site` and `date` stand for its partition key and its prefix."""
    prefix = names.key_format.prefix
    partition_names = {names.partition_key, "site"}
    prefix_names = set() if prefix is None else {prefix, "date"}
    return Grouping(
        any(part in partition_names for part in group_by),
        any(part in prefix_names for part in group_by),
        tuple(part for part in group_by if part not in partition_names and part not in prefix_names),
    )
