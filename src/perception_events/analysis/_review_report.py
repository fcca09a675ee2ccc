"""Print a review: as text for people, as JSON for machines."""

from __future__ import annotations

import json
from collections import Counter

from perception_events.analysis._review import ReviewFinding, TopologyReview
from perception_events.checks import Severity
from perception_events.json_values import JSONObject, JSONValue, compact_json

__all__ = ["review_exit_code", "review_json", "review_text"]


def review_exit_code(review: TopologyReview, fail_on: Severity = Severity.WARNING) -> int:
    """1 if a finding is as bad as `fail_on` or worse, else 0."""
    return int(any(found.severity.rank <= fail_on.rank for found in review.findings))


def review_text(review: TopologyReview) -> str:
    """A paragraph for each finding, the worst first, and a last line that counts."""
    lines: list[str] = []
    for found in sorted(review.findings, key=lambda found: found.severity.rank):
        lines.append(f"{found.severity.value}: {found.kind.value}: {found.message}")
        lines += [f"    at {where}" for where in _locations(found)]
        if found.witness_json is not None:
            lines.append(f"    event: {found.witness_json}")
        if found.counterexample is not None:
            lines.append(f"    only {found.rules[-1]}: {compact_json(found.counterexample)}")
    for one in review.undecided:
        lines.append(f"not decided: {one.name}: {one.reason}")
    counted = Counter(found.severity for found in review.findings)
    total = [f"{counted[s]} {s.value}{'s' * (counted[s] != 1)}" for s in Severity if counted[s]]
    looked = f"{review.rules} {'rule' if review.rules == 1 else 'rules'}"
    if review.filters:
        looked += f", {review.filters} {'filter' if review.filters == 1 else 'filters'}"
    lines.append(f"{looked}: {', '.join(total) if total else 'nothing found'}")
    return "\n".join(lines) + "\n"


def review_json(review: TopologyReview) -> str:
    """A JSON object: `rules`, `filters`, `findings`, `undecided`."""
    findings: list[JSONValue] = [_as_object(found) for found in review.findings]
    undecided: list[JSONValue] = [{"rule": one.name, "reason": one.reason} for one in review.undecided]
    whole: JSONObject = {
        "rules": review.rules,
        "filters": review.filters,
        "findings": findings,
        "undecided": undecided,
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _as_object(found: ReviewFinding) -> JSONObject:
    return {
        "kind": found.kind.value,
        "severity": found.severity.value,
        "bus": found.bus,
        "rules": [*found.rules],
        "locations": [
            None if origin is None else {"file": origin.file, "line": origin.line, "location": origin.path}
            for origin in found.origins
        ],
        "message": found.message,
        "event": None if found.witness is None else dict(found.witness),
        "event_text": found.witness_json,
        "only_last": None if found.counterexample is None else dict(found.counterexample),
        "shared_targets": [*found.shared_targets],
    }


def _locations(found: ReviewFinding) -> list[str]:
    """Where the rules were written, as `file:line location`, the form in which waivers take it."""
    shown = []
    for origin in found.origins:
        if origin is not None:
            shown.append(f"{origin.file}:{origin.line} {origin.path}" if origin.line is not None else str(origin))
    return shown
