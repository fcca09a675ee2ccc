"""Checks of the pipe's filter: what it rejects to take, what it never matches, what it lets through unnoticed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from perception_events.checks._pattern_leaves import Leaf, operators, pattern_leaves
from perception_events.checks._shapes import RECORD, TYPE_KEYS, missing_step
from perception_events.json_values import JSONObject, JSONValue
from perception_events.patterns import DIALECTS, Dialect, EventPattern, InvalidEventPatternError, Support
from perception_events.pipeline import Pipeline

__all__ = ["attribute_mistakes", "check_filter", "compact", "pattern_mistakes"]

_IMAGES = ("Keys", "NewImage", "OldImage")
_NOT_IN_PIPES = {name for name, support in DIALECTS[Dialect.PIPE].operators.items() if support is Support.NO}
_NOT_FILTERABLE = {"awsRegion", "eventSource", "eventSourceARN", "eventVersion", "eventID"}
_VIEWS = {
    "NewImage": ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"),
    "OldImage": ("OLD_IMAGE", "NEW_AND_OLD_IMAGES"),
}


def compact(value: JSONValue) -> str:
    """The text that is deployed: no blanks, Unicode as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def check_filter(pipeline: Pipeline, env: str) -> Iterator[tuple[str, str, str]]:
    """Identifier, location and reason of everything that is wrong with the filter criteria."""
    filters = pipeline.pipe.filter_criteria
    if len(filters) > 5:
        yield "PE101", "pipe.filter_criteria", f"there are {len(filters)}"
    views = []
    for at, pattern in enumerate(filters):
        location = f"pipe.filter_criteria[{at}]"
        if len(compact(pattern)) > 4096:
            yield "PE102", location, f"the pattern has {len(compact(pattern))} characters"
        yield from pattern_mistakes(pattern, "PE103", location)
        leaves = list(pattern_leaves(pattern))
        views.append(_View(leaves))
        for leaf in leaves:
            yield from _leaf_mistakes(leaf, location, pipeline.table.stream_view_type)
    yield from _what_passes(views)


def pattern_mistakes(pattern: JSONObject, identifier: str, location: str) -> Iterator[tuple[str, str, str]]:
    """What the engine rejects about `pattern`, wherever it is used."""
    try:
        EventPattern.parse(pattern)
    except InvalidEventPatternError as error:
        hint = f" ({error.hint})" if error.hint else ""
        yield identifier, location + error.pointer.replace("/", "."), f"{error.reason.rstrip('.')}{hint}"


def _leaf_mistakes(leaf: Leaf, location: str, view_type: str) -> Iterator[tuple[str, str, str]]:
    location = f"{location}.{leaf.text}"
    for operator in dict.fromkeys(name for value in leaf.values for name in operators(value)):
        if operator in _NOT_IN_PIPES:
            yield "PE104", location, f"`{operator}` is an operator of the bus only: the pipe is rejected"
    if leaf.path[0] in _NOT_FILTERABLE:
        yield "PE112", location, f"AWS does not document `{leaf.path[0]}` as something a pipe can filter on"
    missing = missing_step(RECORD, leaf.path)
    if missing:
        yield "PE113", location, f"`{missing}` is in no stream record, so the filter drops every record"
    if leaf.path[0] == "dynamodb" and len(leaf.path) > 1:
        image = leaf.path[1]
        if image in _VIEWS and view_type not in _VIEWS[image]:
            yield "PE108", location, f"the stream's view type is {view_type}, which has no {image}"
        yield from attribute_mistakes(leaf.path[1:], leaf.values, location)


def attribute_mistakes(
    path: Sequence[str], values: Sequence[JSONValue], location: str
) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a leaf whose `path` begins with `Keys`, `NewImage` or `OldImage`."""
    if path[0] not in _IMAGES:
        return
    used = {name for value in values for name in operators(value)}
    if len(path) < 3 or path[-1] not in TYPE_KEYS:
        if used == {"exists"}:
            yield "PE110", location, f"`{path[-1]}` holds an object, and `exists` looks at leaves only"
        else:
            yield "PE111", location, f'`{path[-1]}` holds an object such as {{"S": ...}}, which no value equals'
    elif path[-1] == "N" and ("numeric" in used or any(isinstance(v, int | float) for v in values)):
        yield "PE109", location, 'the record has a string here, such as "N": "101", and no number equals it'


class _View:
    """What one filter lets through, as far as its leaves tell."""

    def __init__(self, leaves: Sequence[Leaf]) -> None:
        self.leaves = leaves
        named = [v for leaf in leaves if leaf.path == ("eventName",) for v in leaf.values]
        self.event_names = [v for v in named if isinstance(v, str)]
        self.any_event_name = not named or len(self.event_names) < len(named)

    def passes(self, event_name: str) -> bool:
        return self.any_event_name or event_name in self.event_names

    def attributes(self, image: str) -> set[tuple[str, ...]]:
        return {
            leaf.path[2:]
            for leaf in self.leaves
            if leaf.path[:2] == ("dynamodb", image) and leaf.values != ({"exists": False},)
        }

    @property
    def knows_removals(self) -> bool:
        return bool(self.attributes("NewImage")) or any(leaf.path[0] == "userIdentity" for leaf in self.leaves)


def _what_passes(views: Sequence[_View]) -> Iterator[tuple[str, str, str]]:
    """What the filters together let through; a pipe without filters takes every record."""
    if not views:
        yield "PE107", "pipe.filter_criteria", "there is no filter: every expiry becomes an event"
        return
    wants_state = any(view.attributes("NewImage") for view in views)
    if wants_state and not any(view.passes("MODIFY") for view in views):
        yield (
            "PE105",
            "pipe.filter_criteria",
            "only INSERT passes, but an item that goes from PROCESSING to COMPLETED is a MODIFY",
        )
    for at, view in enumerate(views):
        location = f"pipe.filter_criteria[{at}]"
        wanted = view.attributes("NewImage")
        if wanted and view.passes("MODIFY") and not wanted & view.attributes("OldImage"):
            names = ", ".join(sorted(path[0] for path in wanted if path))
            yield "PE106", location, f"the new {names} is compared and the old is not: every later update passes too"
        if view.passes("REMOVE") and not view.knows_removals:
            yield "PE107", location, "nothing in it keeps a REMOVE by Time to Live out"
