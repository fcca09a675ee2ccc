"""A pattern taken apart: every list of values replaced by one of its values, every `$or` by one of its branches.

A pattern matches where one of these does. The engine contradicts itself on some lists; on these it cannot.
"""

from __future__ import annotations

import json
from itertools import islice, product

from perception_events.patterns import EventPattern

__all__ = ["single_value_patterns"]

_MOST = 200


def single_value_patterns(pattern: EventPattern, matching: str | None = None) -> list[str]:
    """The texts, at most 200 of them; `matching`: only values that hold in this event, by our matcher."""
    texts: dict[str, None] = {}
    for rule in pattern.sub_rules:
        names = [f"{json.dumps(path)}:" for path, _ in rule.fields]
        fields = [
            [each for each in values if matching is None or _holds(f"{name}[{each}]", matching)]
            for name, (_, values) in zip(names, rule.fields, strict=True)
        ]
        for values in islice(product(*fields), _MOST):
            texts["{" + ",".join(f"{name}[{value}]" for name, value in zip(names, values, strict=True)) + "}"] = None
    return list(texts)[:_MOST]


def _holds(field: str, event: str) -> bool:
    return EventPattern.parse(f"{{{field}}}", max_wildcard_complexity=None).matches_json(event)
