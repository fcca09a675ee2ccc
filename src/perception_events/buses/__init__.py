"""In-memory event buses: rules, targets, retries, dead letters, archives and replays."""

from perception_events.buses._archive import Archive, Replay
from perception_events.buses._bus import BusTarget, DeliveryScheduler, EventBus
from perception_events.buses._client import InMemoryEventsClient
from perception_events.buses._context import LEADING_RULES
from perception_events.buses._delivery import default_retry_delay
from perception_events.buses._errors import EventBusError, SelfFeedingRuleError, TargetError
from perception_events.buses._rule import ReadsEvent, RetryPolicy, Rule, RuleState, RuleTarget

__all__ = [
    "LEADING_RULES",
    "Archive",
    "BusTarget",
    "DeliveryScheduler",
    "EventBus",
    "EventBusError",
    "InMemoryEventsClient",
    "ReadsEvent",
    "Replay",
    "RetryPolicy",
    "Rule",
    "RuleState",
    "RuleTarget",
    "SelfFeedingRuleError",
    "TargetError",
    "default_retry_delay",
]
