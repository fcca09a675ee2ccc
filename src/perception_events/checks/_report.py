"""Print findings: as text for people, as JSON, and as SARIF for code scanning."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from perception_events.checks._catalogue import CHECKS
from perception_events.checks._findings import Finding, Severity
from perception_events.json_values import JSONObject, JSONValue

__all__ = ["exit_code", "findings_json", "findings_sarif", "findings_text"]

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def exit_code(findings: Iterable[Finding], fail_on: Severity = Severity.ERROR) -> int:
    """1 if a finding that is not waived is as bad as `fail_on` or worse, else 0."""
    return int(any(f.waived is None and f.severity.rank <= fail_on.rank for f in findings))


def findings_text(findings: Sequence[Finding]) -> str:
    """One paragraph a finding, and a last line that counts them."""
    lines = []
    for finding in findings:
        label = "waived" if finding.waived else finding.severity.value
        lines.append(f"{finding.identifier} {label:<7} {finding.location}")
        lines.append(f"    {finding.check.summary} {finding.reason[:1].upper()}{finding.reason[1:]}.")
        if finding.waived:
            lines.append(f"    waived: {finding.waived}")
        else:
            lines.append(f"    fix: {finding.check.fix}")
            lines.append(f"    reference: {finding.check.reference}")
    counted = Counter("waived" if f.waived else f.severity.value for f in findings)
    total = [f"{counted[name]} {name}{'' if name == 'waived' or counted[name] == 1 else 's'}" for name in counted]
    lines.append(", ".join(total) if total else "nothing found")
    return "\n".join(lines) + "\n"


def _as_object(finding: Finding) -> JSONObject:
    return {
        "id": finding.identifier,
        "name": finding.check.name,
        "severity": finding.severity.value,
        "location": finding.location,
        "summary": finding.check.summary,
        "reason": finding.reason,
        "reference": finding.check.reference,
        "fix": finding.check.fix,
        "waived": finding.waived,
    }


def findings_json(findings: Sequence[Finding]) -> str:
    """A JSON array, one object a finding."""
    return json.dumps([_as_object(f) for f in findings], indent=2, ensure_ascii=False) + "\n"


def findings_sarif(
    findings: Sequence[Finding], declaration: str = "perception_events.pipeline:perception_pipeline"
) -> str:
    """A SARIF 2.1.0 log; the locations are logical locations within `declaration`, waivers are suppressions."""
    rules: list[JSONValue] = [
        {
            "id": check.identifier,
            "name": check.name,
            "shortDescription": {"text": check.summary},
            "help": {"text": f"{check.fix}. Reference: {check.reference}."},
            "defaultConfiguration": {"level": check.severity.value},
        }
        for check in CHECKS
    ]
    order = {check.identifier: at for at, check in enumerate(CHECKS)}
    results: list[JSONValue] = []
    for finding in findings:
        result: JSONObject = {
            "ruleId": finding.identifier,
            "ruleIndex": order[finding.identifier],
            "level": finding.severity.value,
            "message": {"text": f"{finding.location}: {finding.check.summary} {finding.reason}. {finding.check.fix}."},
            "locations": [
                {"logicalLocations": [{"fullyQualifiedName": f"{declaration}.{finding.location}", "kind": "member"}]}
            ],
        }
        if finding.waived:
            result["suppressions"] = [{"kind": "external", "justification": finding.waived}]
        results.append(result)
    log: JSONObject = {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": {"name": "perception-events", "rules": rules}}, "results": results}],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"
