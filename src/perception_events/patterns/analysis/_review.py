"""The review of a list of rules: what can never or must always match, and what two of them do to the same events."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from perception_events.patterns import Dialect, EventPattern
from perception_events.patterns.analysis._budget import DEFAULT_STEPS
from perception_events.patterns.analysis._candidate_pairs import candidate_pairs
from perception_events.patterns.analysis._inquiry import Inquiry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from perception_events.patterns.analysis._answers import Answer
    from perception_events.patterns.analysis._inquiry import PreparedPattern

__all__ = ["FindingKind", "Review", "ReviewedRule", "RuleFinding", "review"]


class FindingKind(StrEnum):
    """What a review finds."""

    NEVER = "never"
    """No event matches the rule."""
    ALWAYS = "always"
    """Every event of its bus matches the rule."""
    EQUAL = "equal"
    """The rules match the same events."""
    INCLUDED = "included"
    """All events of the first rule are matched by the second as well."""
    OVERLAP = "overlap"
    """Some events are matched by both rules, and neither is proved to include the other."""


@dataclass(frozen=True, slots=True)
class ReviewedRule:
    """A rule as a review sees it.

    Args:
        name: what it is called in findings.
        pattern: its event pattern.
        targets: whatever tells its targets apart, such as their ARNs; None where they are not known.
    """

    name: str
    pattern: EventPattern
    targets: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """One thing that a review found.

    Args:
        kind: what it is.
        rules: the names of the rules; of an inclusion, the narrower first.
        message: a sentence that says it.
        witness: an event that all the rules match, confirmed by the matcher; None of a rule that never matches.
        witness_json: the same as text.
        counterexample: of an inclusion, an event that only the wider rule matches.
        shared_targets: targets that receive such an event once for each rule.
    """

    kind: FindingKind
    rules: tuple[str, ...]
    message: str
    witness: dict[str, Any] | None = None
    witness_json: str | None = None
    counterexample: dict[str, Any] | None = None
    shared_targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """The findings in order of the rules, and for which rules or pairs something could not be decided, with why."""

    findings: tuple[RuleFinding, ...]
    undecided: tuple[tuple[tuple[str, ...], str], ...] = ()


_ENVELOPE = EventPattern.parse(
    {name: [{"prefix": ""}] for name in ("version", "id", "detail-type", "source", "account", "time", "region")}
)
"""What every event on a bus has. AWS: EventBridge User Guide, "Event structure": these are strings."""
_OF_AN_OBSERVER = frozenset(("version", "id", "source", "account", "time", "region"))
"""A rule that asks for nothing else takes all events of a source, as an archive or a log does."""


def review(rules: Iterable[ReviewedRule], *, overlaps: bool = False, steps: int = DEFAULT_STEPS) -> Review:
    """Compare the rules of a bus (or the filters of a pipe) with each other.

    Quiet about what is by design: rules with different targets that match the same events (fan-out), and rules that
    take all events of a source (observers). A pair is reported where a target receives an event twice; where targets
    are not known, where all events of a rule are matched by another that is no observer.

    Args:
        rules: the rules, each with a name of its own.
        overlaps: report every pair of rules that shares events.
        steps: how much each answer may cost before it is unknown.

    Raises:
        ValueError: two rules have one name.
    """
    named = list(rules)
    names = [rule.name for rule in named]
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"two rules are called {double!r}: a review tells rules apart by their names")
    work = _Work(overlaps, steps)
    groups: dict[EventPattern, list[_Rule]] = {}
    for rule in named:
        prepared = work.alone(rule)
        if prepared is not None:
            groups.setdefault(rule.pattern, []).append(prepared)
    for group in groups.values():
        work.same_pattern(group)
    # Rules of the same pattern are asked about once.
    different = list(groups.values())
    for first, second in candidate_pairs([group[0].prepared for group in different]):
        work.pair(different[first], different[second])
    order = {name: position for position, name in enumerate(names)}
    findings = sorted(work.all_findings(), key=lambda finding: [order[name] for name in finding.rules])
    return Review(tuple(findings), tuple(work.undecided))


class _Rule:
    """A reviewed rule, prepared for questions."""

    __slots__ = ("is_observer", "name", "prepared", "targets")

    def __init__(self, rule: ReviewedRule, prepared: PreparedPattern, *, always: bool) -> None:
        self.name = rule.name
        self.prepared = prepared
        self.targets = None if rule.targets is None else frozenset(rule.targets)
        paths = {path for sub_rule in rule.pattern.sub_rules for path, _ in sub_rule.fields}
        self.is_observer = always or paths <= _OF_AN_OBSERVER
        """Whether it takes all events, or all of some source."""


class _Work:
    """What a review has found so far."""

    def __init__(self, overlaps: bool, steps: int) -> None:
        self._overlaps = overlaps
        self._inquiry = Inquiry(steps=steps)
        self._several = Inquiry(arrays=True, steps=steps)
        self._envelope = self._inquiry.prepare(_ENVELOPE)
        self._findings: list[RuleFinding] = []
        self._wider: dict[str, list[tuple[_Rule, _Rule]]] = {}
        """By the name of a narrower rule: what includes it without sharing a target."""
        self.undecided: list[tuple[tuple[str, ...], str]] = []

    def all_findings(self) -> list[RuleFinding]:
        """The findings; of the inclusions that share no target, one for each narrower rule."""
        for included in self._wider.values():
            narrow, wide = included[0]
            self._add_inclusion(narrow, wide, others=len(included) - 1)
        self._wider.clear()
        return self._findings

    def alone(self, rule: ReviewedRule) -> _Rule | None:
        """Review a rule by itself; None where it never matches."""
        prepared = self._inquiry.prepare(rule.pattern)
        answer = self._inquiry.satisfy(prepared)
        if answer.verdict is False:
            several = self._several.satisfy(self._several.prepare(rule.pattern))
            message = f"no event matches {rule.name}"
            if several.witness_json is not None:
                message += f", unless a field holds several values, as in {several.witness_json}"
            self._findings.append(RuleFinding(FindingKind.NEVER, (rule.name,), message))
            return None
        always = False
        if not self._is_unknown(answer, rule.name) and rule.pattern.dialect is Dialect.EVENT_BUS:
            on_a_bus = self._inquiry.meet(prepared, self._envelope)
            if on_a_bus.verdict is False:
                message = f"no event of a bus matches {rule.name}: {self._not_in_the_envelope(prepared)}"
                self._findings.append(RuleFinding(FindingKind.NEVER, (rule.name,), message))
                return None
            always = self._inquiry.exceeds(self._envelope, [prepared]) is False
            if always:
                message = f"every event matches {rule.name}"
                shown = on_a_bus.witness, on_a_bus.witness_json
                self._findings.append(RuleFinding(FindingKind.ALWAYS, (rule.name,), message, *shown))
        return _Rule(rule, prepared, always=always)

    def same_pattern(self, group: Sequence[_Rule]) -> None:
        """Review rules that say the same."""
        for same in _that_count(group, everything=self._overlaps):
            answer = self._inquiry.satisfy(same[0].prepared)
            names = [rule.name for rule in same]
            self._add(FindingKind.EQUAL, same, f"{', '.join(names[:-1])} and {names[-1]} match the same events", answer)

    def pair(self, firsts: Sequence[_Rule], seconds: Sequence[_Rule]) -> None:
        """Review the rules of two patterns."""
        pairs = [
            (first, second) for first in firsts for second in seconds if self._overlaps or _may_matter(first, second)
        ]
        if not pairs:
            return
        first, second = firsts[0].prepared, seconds[0].prepared
        first_included = _may_be_included(first, second) and self._inquiry.exceeds(first, [second]) is False
        second_included = _may_be_included(second, first) and self._inquiry.exceeds(second, [first]) is False
        if not (first_included or second_included):
            pairs = [(one, other) for one, other in pairs if self._overlaps or _shared(one, other)]
        answer = self._inquiry.meet(first, second) if pairs else None
        if answer is None or self._is_unknown(answer, pairs[0][0].name, pairs[0][1].name) or not answer.verdict:
            return
        for one, other in pairs:
            if first_included and second_included:
                self._add(FindingKind.EQUAL, (one, other), f"{one.name} and {other.name} match the same events", answer)
            elif first_included or second_included:
                self._included(*((one, other) if first_included else (other, one)))
            else:
                message = f"some events match both {one.name} and {other.name}"
                self._add(FindingKind.OVERLAP, (one, other), message, answer)

    def _included(self, narrow: _Rule, wide: _Rule) -> None:
        if self._overlaps or _shared(narrow, wide):
            self._add_inclusion(narrow, wide)
        elif not wide.is_observer:
            self._wider.setdefault(narrow.name, []).append((narrow, wide))

    def _add_inclusion(self, narrow: _Rule, wide: _Rule, others: int = 0) -> None:
        answer = self._inquiry.meet(narrow.prepared, wide.prepared)
        beyond = self._inquiry.outside(wide.prepared, [narrow.prepared])
        message = f"all events of {narrow.name} match {wide.name} as well"
        if others:
            message += f", and {others} other {'rule' if others == 1 else 'rules'}"
        self._add(FindingKind.INCLUDED, (narrow, wide), message, answer, beyond.witness)

    def _add(
        self,
        kind: FindingKind,
        rules: Sequence[_Rule],
        message: str,
        answer: Answer,
        counterexample: dict[str, Any] | None = None,
    ) -> None:
        names = tuple(rule.name for rule in rules)
        known = [rule.targets for rule in rules if rule.targets]
        shared = tuple(sorted(frozenset.intersection(*known))) if len(known) == len(names) else ()
        if shared:
            times = "twice" if len(names) == 2 else f"{len(names)} times"
            message += f": {', '.join(shared)} {'receives' if len(shared) == 1 else 'receive'} them {times}"
        self._findings.append(
            RuleFinding(kind, names, message, answer.witness, answer.witness_json, counterexample, shared)
        )

    def _is_unknown(self, answer: Answer, *names: str) -> bool:
        if answer.verdict is None:
            self.undecided.append((names, answer.reason))
        return answer.verdict is None

    def _not_in_the_envelope(self, prepared: PreparedPattern) -> str:
        """Which fields no event of a bus has as the rule asks."""
        blamed = []
        for name, _ in _ENVELOPE.sub_rules[0].fields:
            if self._inquiry.meets(prepared, self._inquiry.prepare({name: [{"prefix": ""}]})) is False:
                blamed.append(name)
        if not blamed:
            return "its fields cannot all be what they are in every event"
        return f"{' and '.join(blamed)} {'is a string' if len(blamed) == 1 else 'are strings'} in every event"


def _may_be_included(narrow: PreparedPattern, wide: PreparedPattern) -> bool:
    """Whether it has to be asked if `wide` takes all that `narrow` takes.

    Not where `wide` needs a field of which `narrow` says nothing: an event with just the fields of `narrow` shows that.
    """
    if len(narrow.rules) != 1 or narrow.rules[0].odd:
        return True
    named = narrow.rules[0].fields
    return any(
        rule.odd or all(path in named or group.absence for path, group in rule.fields.items()) for rule in wide.rules
    )


def _shared(first: _Rule, second: _Rule) -> bool:
    return bool(first.targets and second.targets and first.targets & second.targets)


def _may_matter(first: _Rule, second: _Rule) -> bool:
    """Whether a pair can be worth reporting: not where the targets are known and differ."""
    return first.targets is None or second.targets is None or bool(first.targets & second.targets)


def _that_count(group: Sequence[_Rule], *, everything: bool) -> Iterator[list[_Rule]]:
    """Those of the rules of one pattern that are worth reporting together."""
    if everything:
        if len(group) > 1:
            yield list(group)
        return
    by_target: dict[str | None, list[_Rule]] = {}
    for rule in group:
        for target in sorted(rule.targets) if rule.targets is not None else [None]:
            by_target.setdefault(target, []).append(rule)
    told: set[tuple[str, ...]] = set()
    for same in by_target.values():
        names = tuple(rule.name for rule in same)
        if len(same) > 1 and names not in told:
            told.add(names)
            yield same
