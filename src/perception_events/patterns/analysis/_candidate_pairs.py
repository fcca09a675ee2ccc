"""Which rules can share an event at all, without asking about each pair: an index over fields that hold few values.

A field that takes only written-out values keeps a rule apart from all others that take other values there. Every
sub-rule is looked up by the field that leaves fewest others.
"""

from __future__ import annotations

from perception_events.patterns import _ast as ast
from perception_events.patterns._numbers import comparable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perception_events.patterns.analysis._groups import Group, PreparedRule
    from perception_events.patterns.analysis._inquiry import PreparedPattern

    Key = str | float

__all__ = ["candidate_pairs"]


class _Entry:
    """A sub-rule of the pattern numbered `owner`, and the values of those of its fields that name all of theirs."""

    __slots__ = ("keys", "owner")

    def __init__(self, owner: int, rule: PreparedRule) -> None:
        self.owner = owner
        # Two odd rules can mean different fields by one path: the question itself has to say that it is unknown.
        fields = {} if rule.odd else rule.fields
        self.keys = {path: keys for path, group in fields.items() if (keys := _keys(group)) is not None}

    def may_meet(self, other: _Entry) -> bool:
        """Whether no field that both name all values of keeps them apart."""
        few, many = sorted((self.keys, other.keys), key=len)
        return not any(path in many and keys.isdisjoint(many[path]) for path, keys in few.items())


def candidate_pairs(patterns: Sequence[PreparedPattern]) -> Iterator[tuple[int, int]]:
    """The numbers of two patterns, the smaller first, for every pair that may share an event; each pair once."""
    entries = [_Entry(number, rule) for number, pattern in enumerate(patterns) for rule in pattern.rules]
    by_value: dict[str, dict[Key, list[int]]] = {}
    holders: dict[str, set[int]] = {}
    for position, entry in enumerate(entries):
        for path, keys in entry.keys.items():
            holders.setdefault(path, set()).add(position)
            for key in keys:
                by_value.setdefault(path, {}).setdefault(key, []).append(position)
    everything = set(range(len(entries)))
    open_fields = {path: sorted(everything - positions) for path, positions in holders.items()}
    seen: set[tuple[int, int]] = set()
    of_owner: dict[int, set[int]] = {}
    for position, entry in enumerate(entries):
        of_owner.setdefault(entry.owner, set()).add(position)
    # For each pattern, the entries that need no look any more: its own, and those of patterns it is known to meet.
    decided = {owner: set(positions) for owner, positions in of_owner.items()}
    for entry in entries:
        lookups = [
            (len(open_fields[path]) + sum(len(by_value[path][key]) for key in keys), path)
            for path, keys in entry.keys.items()
        ]
        if lookups:
            path = min(lookups)[1]
            near = {position for key in entry.keys[path] for position in by_value[path][key]}
            near.update(open_fields[path])
        else:
            near = everything
        for position in near - decided[entry.owner]:
            other = entries[position]
            pair = (entry.owner, other.owner) if entry.owner < other.owner else (other.owner, entry.owner)
            if pair not in seen and entry.may_meet(other):
                seen.add(pair)
                for one, another in (pair, pair[::-1]):
                    if len(of_owner[one]) > 1:  # a pattern of one sub-rule is looked up once
                        decided[one] |= of_owner[another]
    yield from sorted(seen)


def _keys(group: Group) -> frozenset[Key] | None:
    """Every leaf that passes, numbers by what they compare as; None where there are others, or absence passes."""
    if group.absence or group.finite_texts is None or not group.named_numbers_only or group.blocks:
        return None
    keys: list[Key] = [f'"{text}"' for text in group.finite_texts]
    for text in group.number_texts:
        number = comparable(text)
        keys.append(text if number is None else number)
    keys += [value.text for value in group.values if isinstance(value, ast.Literal)]
    return frozenset(keys)
