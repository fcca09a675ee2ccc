"""From the declaration to what is deployed: checks before, templates for it, pictures of it."""

from __future__ import annotations

from perception_events.infrastructure._catalogue import CHECKS
from perception_events.infrastructure._check import check
from perception_events.infrastructure._findings import Check, Finding, InvalidWaiverError, Severity, Waiver
from perception_events.infrastructure._report import exit_code, findings_json, findings_sarif, findings_text

__all__ = [
    "CHECKS",
    "Check",
    "Finding",
    "InvalidWaiverError",
    "Severity",
    "Waiver",
    "check",
    "exit_code",
    "findings_json",
    "findings_sarif",
    "findings_text",
]
