"""Checks before anything is deployed: what AWS rejects in a topology, and what silently goes wrong."""

from __future__ import annotations

from perception_events.checks._catalogue import CHECKS
from perception_events.checks._check import check
from perception_events.checks._check_enrichment import EnrichmentHandler
from perception_events.checks._check_events import InvalidSampleError, SampleEvent, sample_events
from perception_events.checks._comment_waivers import comment_waivers
from perception_events.checks._context import EnrichmentEffect
from perception_events.checks._findings import Check, Finding, Found, InvalidWaiverError, Severity, Waiver
from perception_events.checks._location import Location
from perception_events.checks._pattern_leaves import Leaf, branches
from perception_events.checks._report import (
    exit_code,
    findings_github,
    findings_json,
    findings_sarif,
    findings_text,
)
from perception_events.checks._selection import UnknownCheckError, select_checks, select_findings

__all__ = [
    "CHECKS",
    "Check",
    "EnrichmentEffect",
    "EnrichmentHandler",
    "Finding",
    "Found",
    "InvalidSampleError",
    "InvalidWaiverError",
    "Leaf",
    "Location",
    "SampleEvent",
    "Severity",
    "UnknownCheckError",
    "Waiver",
    "branches",
    "check",
    "comment_waivers",
    "exit_code",
    "findings_github",
    "findings_json",
    "findings_sarif",
    "findings_text",
    "sample_events",
    "select_checks",
    "select_findings",
]
