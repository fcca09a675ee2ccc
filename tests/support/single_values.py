"""A pattern taken apart: every list of values replaced by one of its values, every `$or` by one of its branches.

A pattern matches where one of these does. The engine contradicts itself on some lists; on these it cannot.
"""

from __future__ import annotations

import json
from itertools import islice, product

from perception_events.patterns import EventPattern

__all__ = ["single_value_patterns"]

_MOST = 200


def single_value_patterns(pattern: EventPattern) -> list[str]:
    """The texts, at most 200 of them."""
    texts: dict[str, None] = {}
    for rule in pattern.sub_rules:
        names = [f"{json.dumps(path)}:" for path, _ in rule.fields]
        for values in islice(product(*(field for _, field in rule.fields)), _MOST):
            texts["{" + ",".join(f"{name}[{value}]" for name, value in zip(names, values, strict=True)) + "}"] = None
    return list(texts)[:_MOST]
