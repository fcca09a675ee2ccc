"""Notes beside what a command routes: which rules ask for what no schema of the events has."""

from __future__ import annotations

from collections.abc import Iterable

from perception_events.checks import Finding, select_findings
from perception_events.cli.console import note

__all__ = ["note_schema_findings"]


def note_schema_findings(findings: Iterable[Finding]) -> None:
    """One line on standard error for each finding about schemas (PE511 to PE516)."""
    for finding in select_findings(list(findings), ["PE51"], ()):
        note(f"{finding.identifier} {finding.printed_location}: {finding.reason}; fix: {finding.fix}")
