"""Two versions of a topology -> for every receiver what it newly gets, no longer gets, and gets in another form.

Receivers are told apart by kind and name, and by the bus or stream that feeds them: rules may have other names, stand
in other files or be cut in another way. What both versions do alike is taken away first; only the rest is worked out.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perception_events.analysis._receivers import Reception, receptions
from perception_events.json_values import JSONObject
from perception_events.patterns import EventPattern
from perception_events.patterns.analysis import Change, difference, equivalent, overlap
from perception_events.schemas import ENVELOPE_EXAMPLE
from perception_events.topology import Topology

__all__ = ["InputChange", "ReceiverDiff", "TopologyDiff", "UndecidedReception", "diff_topologies"]

_MOST_PAIRS = 2000
_MOST_INPUTS = 5
_PATH = re.compile(r'\$((?:\.[A-Za-z0-9_-]+|\[\d+\]|\[\\?[\'"][^\'"\\]+\\?[\'"]\])+)')
_STEP = re.compile(r'\.([A-Za-z0-9_-]+)|\[\\?[\'"]([^\'"\\]+)\\?[\'"]\]|\[(\d+)\]')
_SAMPLES: tuple[Any, ...] = ("sample", 7, {"sample": 1}, ["sample"])


@dataclass(frozen=True, slots=True)
class InputChange:
    """An event for which a receiver receives something else, or as often as not before.

    `event_json`: the event as text. `before`, `after`: what it receives, in order, as JSON texts; a text that begins
    with `!` is not delivered.
    """

    event: Mapping[str, Any]
    event_json: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReceiverDiff:
    """What changes for one receiver.

    `receiver`, `source`: by kind and name. `gained`, `lost`: what it newly receives and no longer receives. `inputs`:
    events that it receives in both versions, in another form or another number. `old`, `new`: the ids of the rules,
    pipes or mappings that differ.
    """

    receiver: str
    source: str
    gained: Change
    lost: Change
    inputs: tuple[InputChange, ...]
    old: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def changes(self) -> bool:
        """Whether an event shows a difference."""
        return bool(self.gained.verdict or self.lost.verdict or self.inputs)


@dataclass(frozen=True, slots=True)
class UndecidedReception:
    """What could not be compared, and why. `version`: `old`, `new` or `both`."""

    receiver: str
    source: str
    version: str
    holder: str
    reason: str


@dataclass(frozen=True, slots=True)
class TopologyDiff:
    """The receivers whose events differ, how many are proved not to, and what could not be compared."""

    receivers: tuple[ReceiverDiff, ...]
    unchanged: int
    undecided: tuple[UndecidedReception, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether anything differs."""
        return bool(self.receivers)


def diff_topologies(old: Topology, new: Topology) -> TopologyDiff:
    """Compare what two versions of a system deliver to whom.

    Args:
        old: the system before.
        new: the system after.

    Receivers are the targets of rules and pipes, archives, and the functions of event source mappings.
    """
    before, after = _by_receiver(old), _by_receiver(new)
    changed: list[ReceiverDiff] = []
    undecided: list[UndecidedReception] = []
    unchanged = 0
    for key in sorted({*before, *after}):
        known = len(undecided)
        found = _compare(key, before.get(key, []), after.get(key, []), undecided)
        if found is not None and found.changes:
            changed.append(found)
        elif len(undecided) == known:
            unchanged += 1
    return TopologyDiff(tuple(changed), unchanged, tuple(undecided))


def _by_receiver(topology: Topology) -> dict[tuple[str, str], list[Reception]]:
    found: dict[tuple[str, str], list[Reception]] = {}
    for one in receptions(topology):
        found.setdefault((one.receiver, one.source), []).append(one)
    return found


def _compare(
    key: tuple[str, str], old: list[Reception], new: list[Reception], undecided: list[UndecidedReception]
) -> ReceiverDiff | None:
    old_rest, new_rest = _without_common(old, new)
    for version, rest in (("old", old_rest), ("new", new_rest)):
        undecided += [UndecidedReception(*key, version, one.holder, one.reason) for one in rest if one.pattern is None]
    if not (old_rest or new_rest) or any(one.pattern is None for one in (*old_rest, *new_rest)):
        return None
    before, after = _known(old), _known(new)
    found = difference([pattern for _, pattern in before], [pattern for _, pattern in after])
    for version, change in (("new", found.gained), ("old", found.lost)):
        if change.verdict is None:
            undecided.append(UndecidedReception(*key, version, "", change.reason))
    inputs = tuple(_input_changes(key, old_rest, new_rest, before, after, undecided))
    return ReceiverDiff(*key, found.gained, found.lost, inputs, _holders(old_rest), _holders(new_rest))


def _holders(rest: Iterable[Reception]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.holder for one in rest))


def _known(side: Iterable[Reception]) -> list[tuple[Reception, EventPattern]]:
    return [(one, one.pattern) for one in side if one.pattern is not None]


def _without_common(old: Sequence[Reception], new: Sequence[Reception]) -> tuple[list[Reception], list[Reception]]:
    """What is left of both sides without what they have in common: the same text first, then the same meaning."""
    left = Counter((one.text, one.form) for one in new)
    old_rest = []
    for one in old:
        if left[one.text, one.form] > 0:
            left[one.text, one.form] -= 1
        else:
            old_rest.append(one)
    new_rest = []
    for one in reversed(new):
        if left[one.text, one.form] > 0:
            left[one.text, one.form] -= 1
            new_rest.append(one)
    new_rest.reverse()
    for one in list(old_rest):
        for other in new_rest:
            if one.form == other.form and _mean_the_same(one, other):
                old_rest.remove(one)
                new_rest.remove(other)
                break
    return old_rest, new_rest


def _mean_the_same(one: Reception, other: Reception) -> bool:
    if one.pattern is None or other.pattern is None:
        return False
    return equivalent(one.pattern, other.pattern).verdict is True


_Known = Sequence[tuple[Reception, EventPattern]]


def _input_changes(
    key: tuple[str, str],
    old_rest: Sequence[Reception],
    new_rest: Sequence[Reception],
    before: _Known,
    after: _Known,
    undecided: list[UndecidedReception],
) -> Iterator[InputChange]:
    """Events that both versions deliver and that are received otherwise, one for each pair that shows such."""
    pairs = [(one, other) for one in _known(old_rest) for other in after]
    pairs += [(one, other) for other in _known(new_rest) for one in before if one[0] not in old_rest]
    if len(pairs) > _MOST_PAIRS:
        reason = f"{len(pairs)} pairs of rules are too many to look for other inputs"
        undecided.append(UndecidedReception(*key, "both", "", reason))
        return
    shown: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
    unshown: set[tuple[str, ...]] = set()
    for (one, first), (other, second) in pairs:
        answer = overlap(first, second)
        if answer.witness is None:
            continue
        for event in _events(answer.witness, (first, second), (one.form, other.form)):
            sides = _received(event, before), _received(event, after)
            if sides[0] != sides[1]:
                if sides not in shown and len(shown) < _MOST_INPUTS:
                    shown.add(sides)
                    yield InputChange(event, json.dumps(event, sort_keys=True, ensure_ascii=False), *sides)
                break
        else:
            if _forms(answer.witness, before) != _forms(answer.witness, after):
                unshown.add((one.holder, other.holder))
    if not shown:
        for old_holder, new_holder in sorted(unshown):
            reason = f"{old_holder} and {new_holder} write its input otherwise; the events tried show no difference"
            undecided.append(UndecidedReception(*key, "both", new_holder, reason))


def _received(event: JSONObject, side: _Known) -> tuple[str, ...]:
    return tuple(sorted(one.received(event) for one, pattern in side if pattern.matches(event)))


def _forms(event: Mapping[str, Any], side: _Known) -> list[str]:
    return sorted(one.form for one, pattern in side if pattern.matches(event))


def _events(witness: Mapping[str, Any], patterns: Sequence[EventPattern], forms: Sequence[str]) -> Iterator[JSONObject]:
    """The witness with values where the forms read, of one type after the other; as it is; with one more field."""
    paths = [steps for form in forms for steps in _paths(form)]
    for sample in _SAMPLES if paths else ():
        event = json.loads(json.dumps(witness))
        for steps in paths:
            _fill(event, steps, sample)
        if all(pattern.matches(event) for pattern in patterns):
            yield event
    yield dict(witness)
    detail = witness.get("detail", {})
    if isinstance(detail, Mapping) and "other" not in detail:
        event = {**witness, "detail": {**detail, "other": _SAMPLES[0]}}
        if all(pattern.matches(event) for pattern in patterns):
            yield event


def _paths(form: str) -> Iterator[list[str | int]]:
    for found in _PATH.finditer(form):
        yield [int(number) if number else name or quoted for name, quoted, number in _STEP.findall(found[1])]


def _fill(event: Any, steps: Sequence[str | int], sample: Any) -> None:
    """Put a sample at a path, where nothing is yet."""
    for at, step in enumerate(steps):
        if isinstance(step, int) or not isinstance(event, dict):
            return
        last = at == len(steps) - 1
        if step not in event:
            following = None if last else steps[at + 1]
            value = ENVELOPE_EXAMPLE.get(step, sample) if at == 0 and last else sample
            event[step] = value if last else [sample] if isinstance(following, int) else {}
        event = event[step]
