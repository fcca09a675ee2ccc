"""The joins of a pipeline as a Mermaid picture: modules, what each join waits for, and what it starts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from perception_events.aggregation._join import FallbackPolicy, Join

__all__ = ["joins_mermaid"]


def joins_mermaid(joins: Iterable[Join]) -> str:
    """A Mermaid flowchart (left to right); modules are boxes, joins hexagons. Equal joins give equal texts."""
    lines = ["flowchart LR"]
    modules: dict[str, None] = {}
    edges: list[str] = []
    for join in joins:
        modules |= dict.fromkeys((*join.event_types, *join.trigger))
        story = "<br/>".join(map(_text, _story(join)))
        lines.append(f'    join_{_id(join.name)}{{{{"{story}"}}}}')
        edges += [f"    {_id(module)} --> join_{_id(join.name)}" for module in join.event_types]
        edges += [f"    join_{_id(join.name)} --> {_id(module)}" for module in join.trigger]
    boxes = [f'    {_id(module)}["{_text(module)}"]' for module in modules]
    return "\n".join([lines[0], *boxes, *lines[1:], *edges]) + "\n"


def _story(join: Join) -> list[str]:
    """Lines: what the join waits for, for which group, and what happens when that takes too long."""
    story = [join.expectation.words(), f"for each {', '.join(map(str, join.group_by))}"]
    if join.deadline is None:
        return story
    acts = {
        FallbackPolicy.TRIGGER: "start with who is there",
        FallbackPolicy.QUORUM: f"start with {join.quorum}, or alert",
        FallbackPolicy.ALERT: "alert",
        FallbackPolicy.WAIT: "overdue",
    }
    return [*story, f"after {_duration(join.deadline)}: {acts[join.policy]}"]


def _duration(time: timedelta) -> str:
    """`90 min`, `6 h`, `2 d`: the largest unit that is whole."""
    for unit, name in ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min")):
        if not time % unit:
            return f"{time // unit} {name}"
    return f"{time.total_seconds():g} s"


def _id(name: str) -> str:
    """A Mermaid identifier; `end` alone would close a block, so names get an underscore in front."""
    return "_" + "".join(c if c.isalnum() else f"_{ord(c):x}_" for c in name)


def _text(label: str) -> str:
    """Everything that Mermaid, Markdown or HTML could read as markup as entities; two dollar signs begin no formula."""
    label = re.sub(r"\$(?=\$)", "$\u200b", label)
    return "".join(c if c.isalnum() or c in " _-.,:/=" else f"#{ord(c)};" for c in label)
