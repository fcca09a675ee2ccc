"""The rules of a set together: an event finds those that it may match, and tests only these."""

from perception_events.patterns.index._keys import sure_share
from perception_events.patterns.index._rule_index import RuleIndex

__all__ = ["RuleIndex", "sure_share"]
