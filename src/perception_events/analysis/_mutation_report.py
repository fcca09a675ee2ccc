"""What became of mutants, written: as text for people, as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from perception_events.analysis._mutation import MutantOutcome, MutatedRule, TopologyMutation
from perception_events.json_values import JSONObject, JSONValue
from perception_events.patterns.analysis import Mutant

__all__ = ["mutation_json", "mutation_text"]


def mutation_text(mutation: TopologyMutation, *, show: int = 5) -> str:
    """Each rule with the mutants that nothing notices, `show` of them at most, and a last line that counts."""
    lines: list[str] = []
    for rule in mutation.rules:
        lines += _rule_lines(rule, mutation, show)
    lines += [f"not decided: {one.name}: {one.reason}" for one in mutation.undecided]
    noticed = mutation.tried - mutation.survived - mutation.errors
    rules = f"{len(mutation.rules)} {'pattern' if len(mutation.rules) == 1 else 'patterns'}"
    last = f"{rules}: {_who(mutation)} {noticed} of {mutation.tried} mutants"
    if mutation.errors:
        last += f", {mutation.errors} without a result"
    return "\n".join((*lines, last)) + "\n"


def _rule_lines(rule: MutatedRule, mutation: TopologyMutation, show: int) -> Iterator[str]:
    survivors = rule.survivors
    if not (survivors or rule.errors):
        return
    where = [] if rule.origin is None else [f"    at {rule.origin}"]
    if survivors:
        verb = "mutants is" if len(survivors) == 1 else "mutants are"
        yield f"{rule.name}: {len(survivors)} of {rule.tried} {verb} not noticed{_why(rule, mutation)}"
        yield from where
        for mutant in survivors[:show]:
            yield f"    {_said(mutant)}"
            if mutant.witness_json is not None:
                matched = "the rule matches" if _is_matched(mutant) is False else "only the mutant matches"
                yield f"        {matched} {mutant.witness_json}"
        if len(survivors) > show:
            yield f"    and {len(survivors) - show} more"
    if rule.errors:
        yield f"{rule.name}: {len(rule.errors)} of {rule.tried} mutants without a result"
        yield from where
        for trial in rule.errors[:show]:
            yield f"    {_said(trial.mutant)}: {trial.detail}"
        if len(rule.errors) > show:
            yield f"    and {len(rule.errors) - show} more"


def _said(mutant: Mutant) -> str:
    return f"{mutant.path or 'the pattern'}: {mutant.change}"


def _why(rule: MutatedRule, mutation: TopologyMutation) -> str:
    if not rule.is_loaded:
        return ": no test loads it" + ("" if rule.matched or not mutation.events else ", and no sample matches it")
    return "" if rule.matched or mutation.with_tests else ": no sample matches it"


def _who(mutation: TopologyMutation) -> str:
    """What the mutants were tried with, and the verb."""
    parts = []
    if mutation.events or not mutation.with_tests:
        parts.append(f"{mutation.events} {'event' if mutation.events == 1 else 'events'}")
    if mutation.records:
        parts.append(f"{mutation.records} {'record' if mutation.records == 1 else 'records'}")
    if mutation.with_tests:
        parts.append("the tests")
    return f"{' and '.join(parts)} {'notices' if parts in (['1 event'], ['1 record']) else 'notice'}"


def _is_matched(mutant: Mutant) -> bool | None:
    """Whether the mutant matches the event by which it differs from the rule."""
    return None if mutant.witness is None else mutant.pattern.matches(mutant.witness)


def mutation_json(mutation: TopologyMutation) -> str:
    """A JSON object: `events`, `records`, `tests`, `tried`, `survived`, `errors`, `rules`, `undecided`."""
    rules: list[JSONValue] = list(_rule_objects(mutation.rules))
    undecided: list[JSONValue] = [{"rule": one.name, "reason": one.reason} for one in mutation.undecided]
    whole: Mapping[str, Any] = {
        "events": mutation.events,
        "records": mutation.records,
        "tests": mutation.with_tests,
        "tried": mutation.tried,
        "survived": mutation.survived,
        "errors": mutation.errors,
        "rules": rules,
        "undecided": undecided,
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _rule_objects(rules: Iterable[MutatedRule]) -> Iterator[JSONObject]:
    for rule in rules:
        yield {
            "rule": rule.name,
            "file": rule.origin.file if rule.origin else None,
            "line": rule.origin.line if rule.origin else None,
            "matched": rule.matched,
            "loaded": rule.is_loaded,
            "tried": rule.tried,
            "noticed": [
                {"path": trial.mutant.path, "change": trial.mutant.change, "by": trial.detail or "a sample"}
                for trial in rule.trials
                if trial.outcome is MutantOutcome.NOTICED
            ],
            "survivors": [
                {
                    "path": mutant.path,
                    "change": mutant.change,
                    "pattern": str(mutant.pattern),
                    "event": mutant.witness_json,
                    "mutant_matches": _is_matched(mutant),
                }
                for mutant in rule.survivors
            ],
            "errors": [
                {"path": trial.mutant.path, "change": trial.mutant.change, "reason": trial.detail}
                for trial in rule.errors
            ],
        }
