"""Print findings: as text for people, as JSON, as SARIF for code scanning, as annotations of GitHub Actions."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from perception_events.checks._catalogue import CHECKS
from perception_events.checks._findings import Finding, Severity
from perception_events.json_values import JSONObject, JSONValue

__all__ = ["exit_code", "findings_github", "findings_json", "findings_sarif", "findings_text"]

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_SHOWN_OTHERS = 5
_WORD = re.compile(r"[a-z][a-z'-]*[,;:]?")


def exit_code(findings: Iterable[Finding], fail_on: Severity = Severity.ERROR) -> int:
    """1 if a finding that is not waived is as bad as `fail_on` or worse, else 0."""
    return int(any(f.waived is None and f.severity.rank <= fail_on.rank for f in findings))


def findings_text(findings: Sequence[Finding]) -> str:
    """One paragraph a finding, and a last line that counts them."""
    lines = []
    for finding in findings:
        label = "waived" if finding.waived else finding.severity.value
        lines.append(f"{finding.identifier} {label:<7} {finding.printed_location}")
        lines.append(f"    {_said(finding)}")
        if finding.others:
            more = len(finding.others) - _SHOWN_OTHERS
            shown = ", ".join(finding.others[:_SHOWN_OTHERS])
            lines.append(f"    also: {shown}{f' and {more} more' if more > 0 else ''}")
        if finding.waived:
            lines.append(f"    waived: {finding.waived}")
        else:
            lines.append(f"    fix: {finding.fix}")
            lines.append(f"    reference: {finding.check.reference}")
    counted = Counter("waived" if f.waived else f.severity.value for f in findings)
    total = [
        f"{counted[name]} {name}{'' if name == 'waived' or counted[name] == 1 else 's'}"
        for name in (*(severity.value for severity in Severity), "waived")
        if counted[name]
    ]
    lines.append(", ".join(total) if total else "nothing found")
    return "\n".join(lines) + "\n"


def _said(finding: Finding) -> str:
    first = finding.reason.partition(" ")[0]
    is_word = _WORD.fullmatch(first) is not None  # `detail.status` and `eventName` are written as they are
    reason = f"{first[:1].upper()}{finding.reason[1:]}" if is_word else finding.reason
    return f"{finding.check.summary} {reason}."


def _as_object(finding: Finding) -> JSONObject:
    origin = finding.origin
    return {
        "id": finding.identifier,
        "name": finding.check.name,
        "severity": finding.severity.value,
        "file": origin.file if origin else None,
        "line": origin.line if origin else None,
        "resource": finding.resource,
        "location": finding.location,
        "also": [*finding.others],
        "summary": finding.check.summary,
        "reason": finding.reason,
        "reference": finding.check.reference,
        "fix": finding.fix,
        "waived": finding.waived,
    }


def findings_json(findings: Sequence[Finding]) -> str:
    """A JSON array, one object a finding."""
    return json.dumps([_as_object(f) for f in findings], indent=2, ensure_ascii=False) + "\n"


def findings_sarif(findings: Sequence[Finding]) -> str:
    """A SARIF 2.1.0 log: logical locations, and physical ones where the line is known; waivers are suppressions."""
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
            "message": {"text": _without_links(_message(finding))},
            "locations": [_sarif_location(finding)],
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


def _message(finding: Finding) -> str:
    return f"{finding.location}: {finding.check.summary} {finding.reason}. {finding.fix}."


def _without_links(text: str) -> str:
    """A text in which SARIF sees no embedded link. SARIF 2.1.0, 3.11.6: `[text](destination)`, also in plain text."""
    return text.replace("](", "] (")


def _sarif_location(finding: Finding) -> JSONObject:
    origin = finding.origin
    if origin is None or origin.line is None:
        name = finding.location if origin is None else f"{origin.file}.{finding.location}"
        return {"logicalLocations": [{"fullyQualifiedName": name, "kind": "member"}]}
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(origin.file.replace("\\", "/"), safe="/~")},
            "region": {"startLine": origin.line},
        },
        "logicalLocations": [{"fullyQualifiedName": finding.location, "kind": "member"}],
    }


_GITHUB = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def findings_github(findings: Sequence[Finding]) -> str:
    """Workflow commands of GitHub Actions, which shows them at their lines; waived findings are left out.

    Their form: GitHub Docs, "Workflow commands for GitHub Actions".
    """
    lines = []
    for finding in findings:
        if finding.waived:
            continue
        origin = finding.origin
        at = ""
        if origin is not None and origin.line is not None:
            at = f"file={_escaped_property(origin.file)},line={origin.line},"
        title = _escaped_property(f"{finding.identifier} {finding.check.name}")
        text = f"{finding.location}: {_said(finding)} Fix: {finding.fix}."
        lines.append(f"::{_GITHUB[finding.severity]} {at}title={title}::{_escaped(text)}")
    return "".join(f"{line}\n" for line in lines)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
