"""Following an explanation leads to a match, and no field is blamed that needs no change.

`PERCEPTION_EVENTS_EXPLANATIONS` sets the number of misses.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from perception_events.patterns import EventPattern, Mismatch, MismatchKind
from property.test_pattern_laws import case
from support.satisfying import satisfying_leaf

MISSES = int(os.environ.get("PERCEPTION_EVENTS_EXPLANATIONS", "600"))
NEVER = {f'{{"anything-but":{{"{o}":[]}}}}' for o in ("prefix", "suffix", "wildcard", "equals-ignore-case")}
UNUSED = "no such field..at all"
"""A path with the empty name in it, which no event has."""
SEED = int(os.environ.get("PERCEPTION_EVENTS_SEED", "20261125"))


def misses() -> list[tuple[EventPattern, dict[str, Any]]]:
    random = Random(SEED)
    found: list[tuple[EventPattern, dict[str, Any]]] = []
    while len(found) < MISSES:
        pattern, event = case(random)
        if not pattern.matches(event):
            found.append((pattern, event))
    return found


def without(value: Any, pieces: list[str]) -> Any:
    """`value` with nothing left at the path, whichever way it is reached: through arrays and dotted names."""
    if isinstance(value, list):
        return [without(each, pieces) for each in value if pieces or isinstance(each, dict | list)]
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, member in value.items():
        steps = name.split(".")
        if steps == pieces and not _nests(member):
            continue
        inner = pieces[len(steps) :] if pieces[: len(steps)] == steps else None
        kept[name] = member if inner is None else without(member, inner)
    return kept


def _nests(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(e, dict | list) for e in value))


def followed(pattern: EventPattern, event: dict[str, Any], mismatch: Mismatch, rule: int) -> dict[str, Any] | None:
    """`event` changed as the mismatch says; None where no leaf satisfies the field."""
    values = dict(pattern.sub_rules[rule].fields)
    for path in mismatch.path.split(", ") if mismatch.kind is MismatchKind.DIFFERENT_ELEMENTS else [mismatch.path]:
        event = without(event, path.split("."))
        leaf = satisfying_leaf(values[path])
        if leaf is None:
            return None
        if leaf.present:
            event = {**event, path: leaf.value}
    return event


def rules_of(pattern: EventPattern, mismatches: list[Mismatch]) -> list[int]:
    """The sub-rules that have all the fields that are blamed, with these lists.

    Fields that are blamed together are named without their lists: branches of an `$or` may have the same ones.
    """
    found = []
    for number, rule in enumerate(pattern.sub_rules):
        lists = {path: expected(values) for path, values in rule.fields}
        if all(
            set(m.path.split(", ")) <= set(lists)
            if m.kind is MismatchKind.DIFFERENT_ELEMENTS
            else lists.get(m.path) == m.expected
            for m in mismatches
        ):
            found.append(number)
    assert found, f"no sub-rule of {pattern} has the fields {[m.path for m in mismatches]}"
    return found


def expected(values: Sequence[Any]) -> str:
    """The list as an explanation shows it: sorted, without an anything-but of nothing."""
    return f"[{','.join(sorted({str(v) for v in values} - NEVER))}]"


def test_following_the_explanation_leads_to_a_match() -> None:
    unfollowed = []
    for pattern, event in misses():
        if any(
            "," in path or path.startswith(".") or path.endswith(".") or ".." in path or not path
            for rule in pattern.sub_rules
            for path, _ in rule.fields
        ):
            continue
        now = event
        for _ in range(8):
            mismatches = [m for m in pattern.explain(now) if m.alternative == 0]
            if not mismatches:
                break
            rule = rules_of(pattern, mismatches)[0]
            following: dict[str, Any] | None = now
            for mismatch in mismatches:
                following = followed(pattern, following, mismatch, rule) if following is not None else None
            if following is None:
                break
            now = following
        else:
            unfollowed.append((pattern, event, now))
    assert not unfollowed, f"{len(unfollowed)}: {unfollowed[0]}"


def test_no_field_is_blamed_that_needs_no_change() -> None:
    """Each blamed field keeps the event out by itself; of fields blamed together, none can be left out."""
    for pattern, event in misses():
        mismatches = pattern.explain(event)
        assert mismatches, (pattern, event)
        for alternative in {m.alternative for m in mismatches}:
            blamed = [m for m in mismatches if m.alternative == alternative]
            rules = [dict(pattern.sub_rules[number].fields) for number in rules_of(pattern, blamed)]
            assert any(each_is_needed(fields, blamed, event) for fields in rules), (
                pattern,
                event,
                list(map(str, blamed)),
            )


def each_is_needed(fields: Mapping[str, Any], blamed: list[Mismatch], event: dict[str, Any]) -> bool:
    """Whether each of `blamed` keeps the event out of the sub-rule of `fields`, with all of its paths."""
    for mismatch in blamed:
        paths = [path for path in fields if path == mismatch.path or path in mismatch.path.split(", ")]
        if alone(fields, paths).matches(event):
            return False
        if mismatch.kind is MismatchKind.DIFFERENT_ELEMENTS and not all(
            alone(fields, [path for path in paths if path != left_out]).matches(event) for left_out in paths
        ):
            return False
    return True


def test_branches_with_the_same_fields_are_told_apart() -> None:
    """Found among 50,000 misses: only the second branch has its values in the array, in different elements."""
    pattern = EventPattern.parse('{"a":{"x":[1],"$or":[{"c":["p"],"d":[-1]},{"c":["q"]}]}}')
    event = {"a": [{"c": "q"}, {"x": 1}]}
    (blamed,) = [[m] for m in pattern.explain(event) if m.kind is MismatchKind.DIFFERENT_ELEMENTS]
    assert rules_of(pattern, blamed) == [0, 1]
    assert not each_is_needed(dict(pattern.sub_rules[0].fields), blamed, event)
    assert each_is_needed(dict(pattern.sub_rules[1].fields), blamed, event)


def test_a_field_is_judged_with_the_names_that_the_whole_pattern_uses() -> None:
    """Found among 50,000 misses: that the engine sees `b.` at all hangs on `.a`, which names the empty one."""
    pattern = EventPattern.parse('{"b.c.b.":[{"prefix":"x"}],"b.c.d":["true"],"x..a":[{"exists":false}]}')
    event = {"b": [{"c": [{"b": {"": "xy"}}]}, {"c": [{"d": "true"}]}]}
    (blamed,) = pattern.explain(event)
    assert blamed.path == "b.c.b., b.c.d"
    assert "under an empty name at a path's end only because another field" in blamed.fix
    fields = dict(pattern.sub_rules[0].fields)
    assert each_is_needed(fields, [blamed], event)
    del fields["x..a"]
    assert alone(fields, ["b.c.b."]).explain(event)[0].kind is MismatchKind.NOT_A_LEAF


def alone(fields: Mapping[str, Any], paths: Sequence[str]) -> EventPattern:
    """Some fields as a pattern; if the whole one uses the empty name before a path's end, one more field does.

    For the engine passes over what lies under the empty name where no rule uses it, and forgets that `a.` does.
    """
    listed = [f"{json.dumps(path)}:[{','.join(map(str, fields[path]))}]" for path in paths]
    if any("" in path.rstrip(".").split(".") for path in fields):
        listed.append(f'"{UNUSED}":[{{"exists":false}}]')
    return EventPattern.parse("{" + ",".join(listed) + "}", max_wildcard_complexity=None)
