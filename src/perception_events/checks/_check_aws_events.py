"""Checks of rules on AWS's own events: those that AWS does not send, unknown fields, calls that never come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from perception_events.checks._aws_events import field_types, is_known_pair, is_read_only, near_pair, unknown_field
from perception_events.checks._context import Context
from perception_events.checks._findings import Found
from perception_events.checks._location import Location
from perception_events.checks._pattern_leaves import Leaf, pattern_leaves, with_stand_ins
from perception_events.checks._values import Holds, leaf_holds
from perception_events.json_values import compact_json
from perception_events.topology import Rule

__all__ = ["check_aws_events"]

_ALL_CALLS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
_API_CALL = "AWS API Call via CloudTrail"


def check_aws_events(context: Context) -> Iterator[Found]:
    """Everything that is wrong with what rules expect of AWS's own events."""
    for rule in context.topology.of(Rule):
        if not isinstance(rule.event_pattern, Mapping):
            continue
        leaves = list(pattern_leaves(rule.event_pattern))
        sources, types = _exact(leaves, "source"), _exact(leaves, "detail-type")
        if not sources or not all(s.startswith("aws.") for s in sources) or any("aws.partner" in s for s in sources):
            continue
        location = Location(rule).of("event_pattern", rule.event_pattern)
        unknown = False
        for leaf in leaves:
            if leaf.path == ("detail-type",) and types:
                for at, detail_type in enumerate(types):
                    if not any(is_known_pair(source, detail_type) for source in sources):
                        unknown = True
                        yield _unknown_pair(sources, detail_type, location.at(*leaf.steps, at))
        if types and not unknown:
            yield from _fields(sources, types, leaves, location)
        yield from _read_only(rule, types, leaves, location)


def _exact(leaves: list[Leaf], name: str) -> tuple[str, ...]:
    """The texts that a top field is compared with; none where it is not compared, or not with texts alone."""
    found = [leaf.values for leaf in leaves if leaf.path == (name,)]
    if len(found) != 1 or not all(isinstance(value, str) for value in found[0]):
        return ()
    return tuple(str(value) for value in found[0])


def _unknown_pair(sources: tuple[str, ...], detail_type: str, here: Location) -> Found:
    who = " or ".join(sources)
    near = near_pair(sources, detail_type)
    if near is None:
        return Found("PE316", here, f"{detail_type!r} from {who} is not among the events that AWS documents")
    if near.detail_type != detail_type:
        return Found("PE315", here, f"{who} sends no {detail_type!r}", f"did you mean {near.detail_type!r}?")
    return Found("PE315", here, f"{who} sends no {detail_type!r}; {near.source} does", f"did you mean {near.source!r}?")


def _fields(
    sources: tuple[str, ...], types: tuple[str, ...], leaves: list[Leaf], location: Location
) -> Iterator[Found]:
    pairs = [(s, t) for s in sources for t in types if is_known_pair(s, t)]
    for leaf in leaves:
        if leaf.path[0] != "detail" or len(leaf.path) < 2 or leaf.may_be_absent:
            continue
        unknown = unknown_field(pairs, leaf.path[1:])
        if unknown is None:
            of = field_types(pairs, leaf.path[1:]) or set()
            if of and all(leaf_holds(leaf.values, one) is Holds.NEVER for one in of):
                kinds = " or ".join(sorted(one.value for one in of))
                values = compact_json(with_stand_ins(list(leaf.values)))
                reason = f"`{leaf.text}` of {types[0]!r} holds {kinds}, which {values} never matches"
                yield Found("PE319", location.at(*leaf.steps), reason)
            continue
        here = location.at(*leaf.steps)
        name = ".".join(unknown.path)
        if unknown.near is not None:
            reason = f"{types[0]!r} has no `{name}` in its detail"
            yield Found("PE317", here, reason, f"did you mean `detail.{unknown.near}`?")
        else:
            yield Found("PE318", here, f"`{name}` is not among the documented fields of {types[0]!r}")


def _read_only(rule: Rule, types: tuple[str, ...], leaves: list[Leaf], location: Location) -> Iterator[Found]:
    if types != (_API_CALL,) or not isinstance(rule.state, str) or rule.state == _ALL_CALLS:
        return
    event_sources = [
        v for leaf in leaves if leaf.path == ("detail", "eventSource") for v in leaf.values if isinstance(v, str)
    ]
    for leaf in leaves:
        if leaf.path != ("detail", "eventName"):
            continue
        reads = [v for v in leaf.values if isinstance(v, str) and is_read_only(v, event_sources)]
        if reads:
            reason = (
                f"{', '.join(reads)} only {'reads' if len(reads) == 1 else 'read'}, and the state is {rule.state!r}"
            )
            yield Found("PE320", location.at(*leaf.steps), reason)
