"""From the declaration to what is deployed: checks before, templates for it, pictures of it."""

from __future__ import annotations

from perception_events.infrastructure._catalogue import CHECKS
from perception_events.infrastructure._check import check
from perception_events.infrastructure._check_handler import EnrichmentHandler
from perception_events.infrastructure._findings import Check, Finding, InvalidWaiverError, Severity, Waiver
from perception_events.infrastructure._mermaid import graph_mermaid
from perception_events.infrastructure._render import TemplateFormat, render, template
from perception_events.infrastructure._report import exit_code, findings_json, findings_sarif, findings_text
from perception_events.infrastructure._stack import RenderError
from perception_events.infrastructure._svg import graph_svg

__all__ = [
    "CHECKS",
    "Check",
    "EnrichmentHandler",
    "Finding",
    "InvalidWaiverError",
    "RenderError",
    "Severity",
    "TemplateFormat",
    "Waiver",
    "check",
    "exit_code",
    "findings_json",
    "findings_sarif",
    "findings_text",
    "graph_mermaid",
    "graph_svg",
    "render",
    "template",
]
