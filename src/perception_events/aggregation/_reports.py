"""How a group stands, for people: its status, who is in, who is missing and since when."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from perception_events.aggregation._expectations import Expected
from perception_events.aggregation._join import Join
from perception_events.aggregation._state import JoinState, is_complete, missing_members
from perception_events.json_values import JSONObject, JSONValue
from perception_events.times import to_iso

__all__ = ["JoinReport", "JoinStatus", "report_of"]


class JoinStatus(StrEnum):
    """How a group stands."""

    OPEN = "OPEN"
    """Members are missing."""
    COMPLETE = "COMPLETE"
    """All are in, and the trigger is not written: the sweep will, if the live path does not."""
    OVERDUE = "OVERDUE"
    """Members are missing and the deadline has passed."""
    TRIGGERED = "TRIGGERED"


@dataclass(frozen=True, slots=True)
class JoinReport:
    """One group; times are epoch seconds.

    `expected` is None while it is not known (no manifest yet). `missing_count` is 0 when all are in, None while the
    expectation is unknown; `missing` names them where a set is expected. `missing_since` is when the group was opened,
    or the last time a member came in. `problem` says why the expectation cannot be read or met; somebody has to fix it.
    """

    join: Join
    state: JoinState
    status: JoinStatus
    expected: Expected
    missing: tuple[str, ...]
    missing_count: int | None
    unexpected: tuple[str, ...]
    missing_since: float | None
    problem: str | None = None

    def to_dict(self) -> JSONObject:
        """JSON for machines; times as ISO 8601, UTC."""
        state = self.state
        rows: dict[str, JSONValue] = {
            "join": state.key.join,
            "site": state.key.site,
            "date": state.key.date,
            "group": [*state.key.parts],
            "status": self.status.value,
            "run": state.run,
            "triggers": [*self.join.trigger],
            "members": [*sorted(state.completed)],
            "missing": [*self.missing],
            "missing_count": self.missing_count,
            "missing_since": _iso(self.missing_since),
            "unexpected": [*self.unexpected],
            "late": [*sorted(state.late)],
            "withdrawn": [*sorted(state.withdrawn)],
            "opened_at": _iso(state.opened_at),
            "due_at": _iso(state.due_at),
            "alerted_at": _iso(state.alerted_at),
            "triggered_at": _iso(state.triggered_at),
            "reason": state.reason.value if state.reason is not None else None,
            "problem": self.problem,
        }
        return rows


def report_of(join: Join, state: JoinState, expected: Expected, now: float, problem: str | None = None) -> JoinReport:
    """How `state` stands at `now`."""
    completed = state.completed
    missing = missing_members(expected, completed)
    if isinstance(expected, int):
        count: int | None = max(0, expected - len(completed))
    else:
        count = None if expected is None else len(missing)
    if state.triggered_at is not None:
        status = JoinStatus.TRIGGERED
    elif is_complete(expected, state):
        status = JoinStatus.COMPLETE
    else:
        status = JoinStatus.OVERDUE if state.is_overdue(now) else JoinStatus.OPEN
    unexpected = completed - expected if isinstance(expected, frozenset) else frozenset()
    came_in = [state.members[name].at for name in completed]
    return JoinReport(
        join,
        state,
        status,
        expected,
        tuple(sorted(missing)),
        count,
        tuple(sorted(unexpected)),
        None if count == 0 else max(came_in, default=state.opened_at),
        problem or _look_alikes(missing, unexpected),
    )


def _look_alikes(missing: frozenset[str], unexpected: frozenset[str]) -> str | None:
    """Names that print alike and are different bytes to DynamoDB: composed and decomposed accents."""
    if all(name.isascii() for name in unexpected):
        return None
    composed = {unicodedata.normalize("NFC", name): name for name in missing}
    for name in sorted(unexpected):
        expected = composed.get(unicodedata.normalize("NFC", name))
        if expected is not None:
            return (
                f"the unexpected member {name!a} and the missing {expected!a} look alike and are written in "
                "different Unicode forms; DynamoDB compares bytes"
            )
    return None


def _iso(at: float | None) -> str | None:
    return None if at is None else to_iso(at)
