"""Checks before anything is deployed: what AWS rejects, and what silently goes wrong."""

from __future__ import annotations

from perception_events.checks._catalogue import CHECKS
from perception_events.checks._check import check
from perception_events.checks._check_handler import EnrichmentHandler
from perception_events.checks._findings import Check, Finding, InvalidWaiverError, Severity, Waiver
from perception_events.checks._report import exit_code, findings_json, findings_sarif, findings_text

__all__ = [
    "CHECKS",
    "Check",
    "EnrichmentHandler",
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
