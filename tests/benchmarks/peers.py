"""The other engines, each asked in its leanest way: patterns prepared beforehand, events as parsed values."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

__all__ = ["Peer", "peers"]


@dataclass(frozen=True)
class Peer:
    """An engine: makes of a pattern what its `matches` takes."""

    name: str
    version: str
    prepare: Callable[[dict[str, Any]], Any]
    matches: Callable[[Any, dict[str, Any]], bool]

    def matches_pair(self, pair: tuple[Any, dict[str, Any]]) -> bool:
        """Whether a prepared pattern matches an event."""
        return self.matches(*pair)

    def rule_set(self, rules: dict[str, Any]) -> Callable[[dict[str, Any]], list[str]]:
        """A function that asks rule by rule, as the peers do."""
        prepared = [(name, self.prepare(pattern)) for name, pattern in rules.items()]
        matches = self.matches
        return lambda event: [name for name, rule in prepared if matches(rule, event)]


def peers() -> list[Peer]:
    """The peers that are installed."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for make in (_moto, _localstack, _ministack):
            try:
                found.append(make())
            except ImportError as missing:
                print(f"left out: {missing}")
    return found


def _moto() -> Peer:
    from moto.events.models import EventPattern, EventPatternParser

    def prepare(pattern: dict[str, Any]) -> Any:
        text = json.dumps(pattern)
        return EventPattern(text, EventPatternParser(text).parse())

    return Peer("moto", version("moto"), prepare, lambda pattern, event: pattern.matches_event(event))


def _localstack() -> Peer:
    from localstack.services.events.event_rule_engine import EventRuleEngine

    engine = EventRuleEngine()
    return Peer("LocalStack", version("localstack-core"), lambda pattern: pattern, engine.evaluate_pattern_on_event)


def _ministack() -> Peer:
    from ministack.services import eventbridge

    def matches(alternatives: Any, event: dict[str, Any]) -> bool:
        return any(eventbridge._matches_detail(event, alternative) for alternative in alternatives)

    def prepare(pattern: dict[str, Any]) -> Any:
        alternatives, refusal = eventbridge._parse_pattern_text(json.dumps(pattern))
        assert refusal is None, refusal
        return alternatives

    return Peer("ministack", version("ministack"), prepare, matches)
