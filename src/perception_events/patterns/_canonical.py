"""The one text of each meaning: patterns that say the same thing print the same."""

from __future__ import annotations

from collections.abc import Sequence

from perception_events.patterns._ast import String
from perception_events.patterns._compiler import SubRule, values_text
from perception_events.patterns._parser import RESERVED_IN_OR

__all__ = ["canonical_text"]


def canonical_text(rules: Sequence[SubRule]) -> str:
    """JSON with dotted names, sorted, without repetition; `$or` only at the top.

    Names that may not stand inside `$or` are the same in every sub-rule (they can only come from outside it), so
    they are printed before it.
    """
    distinct = {rule.text: rule for rule in sorted(rules, key=lambda rule: rule.text)}
    if len(distinct) == 1:
        return "{" + next(iter(distinct)) + "}"
    outside: dict[str, str] = {}
    branches = []
    for rule in distinct.values():
        inside = []
        for path, values in rule.fields:
            text = f"{String(path)}:{values_text(values)}"
            if path in RESERVED_IN_OR:
                outside[path] = text
            else:
                inside.append(text)
        branches.append("{" + ",".join(inside) + "}")
    head = "".join(f"{text}," for text in outside.values())
    return "{" + head + '"$or":[' + ",".join(branches) + "]}"
