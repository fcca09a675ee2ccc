"""The rules of a set together: an event finds those that it may match, and tests only these."""

from perception_events.patterns.index._keys import sure_share
from perception_events.patterns.index._rule_index import RuleIndex
from perception_events.patterns.index._text_matcher import TextMatcher, text_matcher

__all__ = ["RuleIndex", "TextMatcher", "sure_share", "text_matcher"]
