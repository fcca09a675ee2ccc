"""Event patterns as EventBridge's engine decides them: parse, compile, match."""

from perception_events.patterns._complexity import MAX_WILDCARD_COMPLEXITY
from perception_events.patterns._dialects import DIALECTS, Dialect, DialectRules, Support
from perception_events.patterns._errors import InvalidEventError, InvalidEventPatternError
from perception_events.patterns._event_pattern import EventPattern
from perception_events.patterns._explanation import Mismatch, MismatchKind
from perception_events.patterns._nearest_rules import RuleExplanation
from perception_events.patterns._partial import PartialPattern
from perception_events.patterns._quirks import EngineQuirk
from perception_events.patterns._rule_set import DuplicateRuleError, RuleSet, UnknownRuleError
from perception_events.patterns.index import TextMatcher

__all__ = [
    "DIALECTS",
    "MAX_WILDCARD_COMPLEXITY",
    "Dialect",
    "DialectRules",
    "DuplicateRuleError",
    "EngineQuirk",
    "EventPattern",
    "InvalidEventError",
    "InvalidEventPatternError",
    "Mismatch",
    "MismatchKind",
    "PartialPattern",
    "RuleExplanation",
    "RuleSet",
    "Support",
    "TextMatcher",
    "UnknownRuleError",
]
