"""Checks of filters: what AWS rejects, what never or always passes by what a record can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from perception_events.aws_limits import LIMITS
from perception_events.checks._attribute_filters import attribute_problems
from perception_events.checks._context import Context, Reader, dialect_of
from perception_events.checks._filter_intent import check_intent
from perception_events.checks._findings import Found
from perception_events.checks._location import Location, filter_location
from perception_events.checks._pattern_leaves import Leaf, operators, pattern_leaves, with_stand_ins
from perception_events.checks._shapes import (
    missing_step,
    shape_at,
)
from perception_events.checks._values import Holds, JSONType, leaf_holds, looks_like_an_operator
from perception_events.json_values import compact_json
from perception_events.patterns import DIALECTS, EventPattern, InvalidEventPatternError, Support
from perception_events.sources import DYNAMODB_STREAM, KINESIS_STREAM, Shape, Special
from perception_events.topology import Filter, Pipe, TableStream, Unresolved, unresolved_in

__all__ = ["check_filters", "quirk_mistakes", "text_mistakes", "validity"]

_NOT_FILTERABLE = frozenset({"awsRegion", "eventSource", "eventSourceARN", "eventVersion", "eventID"})
_VIEWS = {
    "NewImage": ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"),
    "OldImage": ("OLD_IMAGE", "NEW_AND_OLD_IMAGES"),
}
_CLOSED_SETS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("eventName",): ("INSERT", "MODIFY", "REMOVE"),
    ("eventSource",): ("aws:dynamodb",),
    ("dynamodb", "StreamViewType"): ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"),
}
"""Fields of a stream record with few values. AWS: DynamoDB Streams API, `Record` and `StreamRecord`."""
_MEANT = {"UPDATE": "MODIFY", "DELETE": "REMOVE", "CREATE": "INSERT", "ADD": "INSERT", "PUT": "INSERT"}
_NUMBERS = frozenset({("dynamodb", "ApproximateCreationDateTime"), ("dynamodb", "SizeBytes")})


def check_filters(context: Context) -> Iterator[Found]:
    """Everything that is wrong with the filters of pipes and event source mappings."""
    for reader in context.readers:
        limit = LIMITS["pipe filters"]
        if not limit.allows(len(reader.filters)):
            reason = f"there are {len(reader.filters)}, and AWS takes at most {limit.high}"
            yield Found("PE101", Location(reader).of("filters"), reason)
        for at, one in enumerate(reader.filters):
            yield from _filter_mistakes(context, reader, one, filter_location(reader, at, one))
        stream = context.stream_of(reader)
        if stream is not None:
            yield from check_intent(reader, context.table_of(stream))


def _filter_mistakes(context: Context, reader: Reader, filter: Filter, location: Location) -> Iterator[Found]:
    pattern = filter.pattern
    if isinstance(pattern, Unresolved):
        return
    limit = LIMITS["pipe filter pattern"]
    text = compact_json(with_stand_ins(pattern))
    if not limit.allows(len(text)):
        yield Found("PE102", location, f"the pattern has {len(text)} characters, and AWS takes at most {limit.high}")
    yield from validity(pattern, "PE103", location)
    yield from quirk_mistakes(pattern, location)
    if not isinstance(pattern, Mapping):
        return
    rejected = {name for name, how in DIALECTS[dialect_of(reader)].operators.items() if how is Support.NO}
    shape = _shape(context, reader)
    stream = context.stream_of(reader)
    for leaf in pattern_leaves(pattern):
        here = location.at(*leaf.steps)
        for operator in dict.fromkeys(name for value in leaf.values for name in operators(value)):
            if operator in rejected:
                yield Found("PE104", here, f"`{operator}` is an operator of the bus only: the pipe is rejected")
        yield from text_mistakes(leaf, here)
        missing = missing_step(shape, leaf.path)
        if missing and not leaf.takes_absence:
            yield _unknown_field(leaf, missing, shape, here)
        elif stream is not None and not missing:
            yield from _stream_leaf(context, reader, stream, leaf, here)


def _shape(context: Context, reader: Reader) -> Shape:
    source = context.source_of(reader)
    if source is None or (source is KINESIS_STREAM and not isinstance(reader, Pipe)):
        return Special.ANYTHING  # a mapping hands a function Kinesis records of another form
    return source.shape


def _unknown_field(leaf: Leaf, missing: str, shape: Shape, here: Location) -> Found:
    *above, name = missing.split(".")
    siblings = shape_at(shape, tuple(above))
    known = list(siblings) if isinstance(siblings, Mapping) else []
    inside = shape.get("dynamodb") if isinstance(shape, Mapping) else None
    fix = None
    if isinstance(inside, Mapping) and not above and name in inside:
        fix = f"write `dynamodb.{leaf.text}`"
    elif near := get_close_matches(name, known, 1, 0.75):
        fix = f"did you mean `{'.'.join([*above, near[0]])}`?"
    return Found("PE113", here, f"`{missing}` is in no record of this source, so the filter drops every record", fix)


def _stream_leaf(context: Context, reader: Reader, stream: TableStream, leaf: Leaf, here: Location) -> Iterator[Found]:
    top = leaf.path[0]
    if isinstance(reader, Pipe) and top in _NOT_FILTERABLE:
        yield Found("PE112", here, f"AWS does not document `{top}` as something a pipe can filter on")
    closed = _CLOSED_SETS.get(leaf.path)
    unknown = [v for v in leaf.values if isinstance(v, str) and closed and v not in closed]
    if closed and unknown:
        reason = f"`{leaf.path[-1]}` is one of {', '.join(closed)}, so {unknown[0]!r} never comes"
        meant = next((_MEANT[v.upper()] for v in unknown if v.upper() in _MEANT), None)
        meant = meant or next((v.upper() for v in unknown if v.upper() in closed), None)
        yield Found("PE114", here, reason, f"write {meant!r}" if meant else None)
    if top == "dynamodb" and leaf.path[1:2] and leaf.path[1] in ("Keys", "NewImage", "OldImage"):
        image = leaf.path[1]
        view = stream.stream_view_type
        if image in _VIEWS and isinstance(view, str) and view not in _VIEWS[image] and not leaf.is_absence:
            yield Found("PE108", here, f"the stream's view type is {view}, which has no {image}")
        table = context.table_of(stream)
        for problem in attribute_problems(leaf.path[1:], leaf.values, table):
            yield Found(problem.identifier, here, problem.reason, problem.fix)
        return
    record = DYNAMODB_STREAM.shape
    if missing_step(record, leaf.path) is None and shape_at(record, leaf.path) is Special.VALUE:
        of = JSONType.NUMBER if leaf.path in _NUMBERS else JSONType.STRING
        yield from type_mistakes(leaf, of, here)


def type_mistakes(leaf: Leaf, of: JSONType, here: Location) -> Iterator[Found]:
    """What the type of a field alone decides about a leaf."""
    match leaf_holds(leaf.values, of):
        case Holds.NEVER:
            yield Found("PE115", here, f"`{leaf.text}` always holds {of.value}, which {_list(leaf)} never matches")
        case Holds.ALWAYS:
            yield Found("PE116", here, f"`{leaf.text}` always holds {of.value}, so {_list(leaf)} excludes nothing")


def _list(leaf: Leaf) -> str:
    return compact_json(with_stand_ins(list(leaf.values)))


def text_mistakes(leaf: Leaf, here: Location) -> Iterator[Found]:
    """Values that are texts where an operator was meant."""
    for value in leaf.values:
        if looks_like_an_operator(value):
            yield Found("PE120", here, f"{value!r} is compared letter by letter", "write the operator as a JSON object")


def validity(pattern: object, identifier: str, location: Location) -> Iterator[Found]:
    """What the engine rejects about `pattern`, wherever it is used; what is not known in it is not held against it."""
    try:
        EventPattern.parse(pattern if isinstance(pattern, str) else with_stand_ins(pattern))  # type: ignore[arg-type]
    except InvalidEventPatternError as error:
        hint = f" ({error.hint})" if error.hint else ""
        steps = pointer_steps(error.pointer)
        yield Found(identifier, location.at(*steps), f"{error.reason.rstrip('.')}{hint}")


def quirk_mistakes(pattern: object, location: Location) -> Iterator[Found]:
    """Where the engine contradicts itself about `pattern`: what it answers is not what its values say."""
    if any(unresolved_in(pattern)):
        return
    try:
        quirks = EventPattern.parse(pattern).quirks  # type: ignore[arg-type]  # it says so
    except (InvalidEventPatternError, TypeError):
        return
    for quirk in quirks:
        yield Found("PE121", location, f"`{quirk.path}`: {quirk.here}, but the engine {quirk.engine}", quirk.rewrite)


def pointer_steps(pointer: str) -> tuple[str | int, ...]:
    """The steps of a JSON Pointer; digits count as an index."""
    steps = (step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
    return tuple(int(step) if step.isdigit() else step for step in steps)
