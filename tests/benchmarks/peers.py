"""The other engines, each asked in its leanest way: patterns prepared beforehand, events as parsed values."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any

__all__ = ["Peer", "peers"]


@dataclass(frozen=True)
class Peer:
    """An engine: `matcher` makes of a pattern a function that tells whether it matches an event."""

    name: str
    version: str
    matcher: Callable[[dict[str, Any]], Callable[[dict[str, Any]], bool]]

    def rule_set(self, rules: dict[str, Any]) -> Callable[[dict[str, Any]], list[str]]:
        """A function that asks rule by rule, as the peers do."""
        matchers = [(name, self.matcher(pattern)) for name, pattern in rules.items()]
        return lambda event: [name for name, matches in matchers if matches(event)]


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

    def matcher(pattern: dict[str, Any]) -> Any:
        text = json.dumps(pattern)
        return EventPattern(text, EventPatternParser(text).parse()).matches_event

    return Peer("moto", version("moto"), matcher)


def _localstack() -> Peer:
    from localstack.services.events.event_rule_engine import EventRuleEngine

    engine = EventRuleEngine()
    return Peer(
        "LocalStack", version("localstack-core"), lambda pattern: partial(engine.evaluate_pattern_on_event, pattern)
    )


def _ministack() -> Peer:
    from ministack.services import eventbridge

    def matcher(pattern: dict[str, Any]) -> Callable[[dict[str, Any]], bool]:
        alternatives, rejection = eventbridge._parse_pattern_text(json.dumps(pattern))
        assert rejection is None, rejection
        return lambda event: any(eventbridge._matches_detail(event, alternative) for alternative in alternatives)

    return Peer("ministack", version("ministack"), matcher)
