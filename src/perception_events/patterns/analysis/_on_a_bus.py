"""What every event on a bus is, as a pattern, so that questions about rules can be asked of such events alone."""

from __future__ import annotations

import json

from perception_events.patterns import EventPattern
from perception_events.patterns.analysis._answers import Answer
from perception_events.patterns.analysis._budget import DEFAULT_STEPS
from perception_events.patterns.analysis._inquiry import Inquiry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from perception_events.patterns.analysis._inquiry import PatternSource, PreparedPattern

__all__ = ["satisfiable_on_a_bus"]

_TEXTS = ("version", "id", "detail-type", "source", "account", "time", "region")
"""AWS: EventBridge User Guide, "Event structure": every event has these, as strings, and `resources` and `detail`."""


def satisfiable_on_a_bus(pattern: PatternSource, *, steps: int = DEFAULT_STEPS) -> Answer:
    """Whether some event of a bus matches `pattern`.

    The fields of the envelope are strings there, and an event has no other fields beside `resources` and `detail`. The
    witness has the fields of the envelope; where there is none, the reason names the fields to blame.

    Args:
        pattern: the pattern, or what `EventPattern.parse` reads.
        steps: how much the answer may cost before it is unknown.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
    """
    inquiry = Inquiry(steps=steps)
    prepared = inquiry.prepare(pattern)
    alone = inquiry.satisfy(prepared)
    if alone.verdict is not True:
        return alone
    envelope = _envelope(prepared.pattern)
    answer = inquiry.meet(prepared, inquiry.prepare(envelope))
    if answer.verdict is False:
        return Answer(False, reason=_blamed(inquiry, prepared, envelope))
    return answer


def _envelope(pattern: EventPattern) -> EventPattern:
    """What every event on a bus is, as far as `pattern` asks for it."""
    asked: dict[str, Any] = {name: [{"prefix": ""}] for name in _TEXTS}
    paths = dict.fromkeys(path for rule in pattern.sub_rules for path, _ in rule.fields)
    for path in sorted(paths, key=lambda path: path.count(".")):
        top, *below = path.split(".")
        if top in _TEXTS or top == "resources" or (top == "detail" and below):
            continue
        _ask_for_absence(asked, [top, *below])
    return EventPattern.parse(asked)


def _ask_for_absence(asked: dict[str, Any], steps: list[str]) -> None:
    *above, last = steps
    for step in above:
        asked = asked.setdefault(step, {})
        if not isinstance(asked, dict):
            return  # what lies above is missing already
    if last:
        asked.setdefault(last, [{"exists": False}])


def _blamed(inquiry: Inquiry, prepared: PreparedPattern, envelope: EventPattern) -> str:
    """Which fields no event of a bus has as the pattern asks."""
    texts: list[str] = []
    missing: list[str] = []
    for path, values in envelope.sub_rules[0].fields:
        is_text = path in _TEXTS
        asked: Any = [json.loads(str(value)) for value in values]
        for step in reversed(path.split(".")):
            asked = {step: asked}
        if inquiry.meets(prepared, inquiry.prepare(asked)) is False:
            (texts if is_text else missing).append(path)
    reasons = []
    if "detail" in missing:
        missing.remove("detail")
        reasons.append("detail is an object in every event, which no value equals")
    if texts:
        reasons.append(f"{' and '.join(texts)} {'is a string' if len(texts) == 1 else 'are strings'} in every event")
    if missing:
        reasons.append(f"no event has {' or '.join(missing)}")
    return ", and ".join(reasons) or "its fields cannot all be what they are in every event"
