"""Events for tests: realistic ones that a pattern matches, such as just miss it, and any at random."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from perception_events.errors import PerceptionEventsError
from perception_events.patterns import Dialect, EventPattern
from perception_events.patterns.analysis._inquiry import Inquiry, pattern_of
from perception_events.patterns.analysis._leaf_samples import any_scalar, any_text, sample_leaf
from perception_events.patterns.analysis._plausible_values import ENVELOPE_NAMES, envelope, plausible_value
from perception_events.patterns.analysis._witness import build_witness, leaf_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from perception_events.patterns.analysis._event_search import Leaves
    from perception_events.patterns.analysis._groups import PreparedRule
    from perception_events.patterns.analysis._inquiry import PatternSource

__all__ = ["NearMiss", "NoExampleError", "draw_match", "draw_miss", "example", "near_misses"]


class NoExampleError(PerceptionEventsError, ValueError):
    """No event matches the pattern, or none was found."""


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An event that a pattern does not match, though it would but for one change.

    Args:
        event: the event.
        path: the field that was changed.
        change: what was done to it, such as `in other case`.
    """

    event: dict[str, Any]
    path: str
    change: str


def example(
    pattern: PatternSource, *, seed: int = 0, fields: Mapping[str, Sequence[Any]] | None = None
) -> dict[str, Any]:
    """A realistic event that `pattern` matches: with the envelope that AWS sends, and values that read like values.

    Args:
        pattern: the pattern, or what `EventPattern.parse` reads.
        seed: another seed gives another event; the same seed always the same.
        fields: for the dotted paths of fields, values to choose from where the pattern leaves a choice, such as a
            schema or a catalogue of event types has them. A field that the pattern does not name is added.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
        NoExampleError: no event matches the pattern, or none was found.
    """
    read = pattern_of(pattern)
    random = Random(seed)
    leaves = _choose(read, random, fields or {}, realistic=True)
    minimal = build_witness(leaves).event
    around = {path: random.choice(values) for path, values in (fields or {}).items() if values}
    event = _dressed(read, minimal, around, random)
    return event if read.matches(event) else minimal


def draw_match(pattern: PatternSource, random: Random) -> dict[str, Any]:
    """Any event that `pattern` matches, chosen by `random`: odd texts, further fields, arrays of several values.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
        NoExampleError: no event matches the pattern, or none was found.
    """
    read = pattern_of(pattern)
    leaves = _choose(read, random, {}, realistic=False)
    event = build_witness(leaves).event
    for path in leaves:
        if random.random() < 0.2:
            several = _copied(event)
            _change(several, path, lambda value: [*(value if isinstance(value, list) else [value]), any_scalar(random)])
            event = several if read.matches(several) else event
    further = {f"{any_text(random)}_{number}": any_scalar(random) for number in range(random.randrange(3))}
    wider = {**event, **further}
    return wider if read.matches(wider) else event


def draw_miss(pattern: PatternSource, random: Random) -> dict[str, Any]:
    """Any event that `pattern` does not match, chosen by `random`: often one that would but for one change.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
        NoExampleError: every event that was tried matches the pattern.
    """
    read = pattern_of(pattern)
    try:
        near = draw_match(read, random) if random.random() < 0.8 else {}
    except NoExampleError:
        near = {}
    paths = sorted({path for rule in read.sub_rules for path, _ in rule.fields})
    for _ in range(20):
        event = _copied(near)
        for path in random.sample(paths, random.randint(1, len(paths))):
            if random.random() < 0.4:
                _change(event, path, lambda value: _REMOVED)
            else:
                scalar = any_scalar(random)
                _change(event, path, lambda value, scalar=scalar: scalar)
        if not read.matches(event):
            return event
    inquiry = Inquiry()
    answer = inquiry.missed(inquiry.prepare(read))
    if answer.witness is None:
        raise NoExampleError(f"every event that was tried matches the pattern {read}")
    return answer.witness


def near_misses(
    pattern: PatternSource, *, seed: int = 0, fields: Mapping[str, Sequence[Any]] | None = None
) -> list[NearMiss]:
    """Events that `pattern` does not match for one small change of one that it matches: what a test should try.

    Each field is left out, put in other case, lengthened, shortened, moved by one, made a text or a number, or null;
    a field that must be missing is added. Arguments as of `example`.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
        NoExampleError: no event matches the pattern, or none was found.
    """
    read = pattern_of(pattern)
    random = Random(seed)
    found: list[NearMiss] = []
    matching = False
    for rule in _satisfiable_rules(read):
        leaves = _leaves_of(rule, random, fields or {}, realistic=True)
        if leaves is None:
            continue
        matching = True
        event = _dressed(read, build_witness(leaves).event, {}, random)
        for path in rule.fields:
            for change, make in _changes(leaves, path, random):
                changed = _copied(event)
                _change(changed, path, make)
                miss = NearMiss(changed, path, change)
                if not read.matches(changed) and miss not in found:
                    found.append(miss)
    if not matching:
        raise NoExampleError(f"no event was found that matches the pattern {read}")
    return found


_REMOVED = object()


def _changes(leaves: Leaves, path: str, random: Random) -> Iterator[tuple[str, Any]]:
    """Small mistakes in the value of a field."""
    if path not in leaves:
        added = plausible_value(path, random)
        yield "added", lambda value: added
        return
    value = leaf_value(leaves[path][0])
    yield "left out", lambda _: _REMOVED
    changed: list[tuple[str, Any]] = [("null", None)]
    if isinstance(value, str):
        changed += [("in other case", value.swapcase()), ("with a blank behind", f"{value} "), ("longer", f"{value}x")]
        changed += [("with something before", f"x{value}")]
        changed += [("shorter", value[:-1])] if value else []
        changed += [("a number", int(value))] if value.isdecimal() and len(value) < 16 else []
    elif isinstance(value, bool):
        changed += [("the other", not value), ("a text", str(value).lower())]
    elif value is not None:
        changed += [("one more", value + 1), ("one less", value - 1), ("a text", leaves[path][0])]
    for name, other in changed:
        if other != value or type(other) is not type(value):
            yield name, lambda _, other=other: other


def _choose(pattern: EventPattern, random: Random, fields: Mapping[str, Sequence[Any]], *, realistic: bool) -> Leaves:
    rules = _satisfiable_rules(pattern)
    random.shuffle(rules)
    for _ in range(4):
        for rule in rules:
            leaves = _leaves_of(rule, random, fields, realistic=realistic)
            # As a mapping: a number that only a text can spell would not do.
            if leaves is not None and pattern.matches(build_witness(leaves).event):
                return leaves
    raise NoExampleError(f"no event was found that matches the pattern {pattern}")


def _satisfiable_rules(pattern: EventPattern) -> list[PreparedRule]:
    inquiry = Inquiry()
    prepared = inquiry.prepare(pattern)
    return [rule for rule in prepared.rules if inquiry.can_match(rule) is not False]


def _leaves_of(
    rule: PreparedRule, random: Random, fields: Mapping[str, Sequence[Any]], *, realistic: bool
) -> Leaves | None:
    leaves: Leaves = {}
    for path, group in rule.fields.items():
        if group.absence and (realistic or random.random() < 0.5):
            continue
        leaf = sample_leaf(group, path, random, suggested=fields.get(path, ()), realistic=realistic)
        if leaf is None and not group.absence:
            return None
        if leaf is not None:
            leaves[path] = (leaf,)
    return leaves


def _dressed(pattern: EventPattern, event: dict[str, Any], around: Mapping[str, Any], random: Random) -> dict[str, Any]:
    """The event with what AWS sends around it, and further fields; nothing that the pattern speaks of is touched."""
    named = [path for rule in pattern.sub_rules for path, _ in rule.fields]
    whole = _copied(event)
    for path, value in around.items():
        if not any(path == other or path.startswith(f"{other}.") or other.startswith(f"{path}.") for other in named):
            _change(whole, path, lambda _, value=value: value)
    order: tuple[str, ...] = ENVELOPE_NAMES
    if pattern.dialect is Dialect.EVENT_BUS:
        further = envelope(random)
    elif any(path == "eventName" or path.partition(".")[0] == "dynamodb" for path in named):
        further, order = _stream_record(random), _RECORD_NAMES
    else:
        return whole
    untouched = {name for name in further if not any(path.partition(".")[0] == name for path in named)}
    further = {name: value for name, value in further.items() if name in untouched and name not in whole}
    both = {**further, **whole}
    return {name: both[name] for name in (*order, *both) if name in both}


_RECORD_NAMES = ("eventID", "eventName", "eventVersion", "eventSource", "awsRegion", "dynamodb")


def _stream_record(random: Random) -> dict[str, Any]:
    return {
        "eventID": f"{random.getrandbits(128):032x}",
        "eventName": random.choice(("INSERT", "MODIFY")),
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "dynamodb": {},
    }


def _copied(event: dict[str, Any]) -> dict[str, Any]:
    """A copy down to the scalars; without recursion, for an event may be as deep as its pattern."""
    copied = dict(event)
    waiting: list[Any] = [copied]
    while waiting:
        node = waiting.pop()
        for key, member in list(node.items() if isinstance(node, dict) else enumerate(node)):
            if isinstance(member, dict | list):
                node[key] = member.copy()
                waiting.append(node[key])
    return copied


def _change(event: dict[str, Any], path: str, make: Any) -> None:
    """Put what `make` makes of a field's value in its place; objects on the way are added."""
    names = path.split(".") if "" not in path.split(".") else [path]
    node = event
    for name in names[:-1]:
        inner = node.get(name)
        if not isinstance(inner, dict):
            inner = node[name] = {}
        node = inner
    value = make(node.get(names[-1]))
    if value is _REMOVED:
        node.pop(names[-1], None)
    else:
        node[names[-1]] = value
