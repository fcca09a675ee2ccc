"""Real templates of public repositories: errors are true ones, and each finding has its file, its line and its waiver.

The files are not part of this project: `PERCEPTION_EVENTS_TEMPLATES` names their folder.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from pathlib import Path

import pytest

from perception_events.checks import Finding, Severity, Waiver, check
from perception_events.readers import read_topologies

pytestmark = pytest.mark.skipif(
    "PERCEPTION_EVENTS_TEMPLATES" not in os.environ, reason="PERCEPTION_EVENTS_TEMPLATES names no folder of templates"
)
pytest.importorskip("yaml", reason="YAML templates need PyYAML")

TRUE_ERRORS = {
    # Filters with a bare text where a list must be: fixtures of translators.
    ("PE103", "function_with_event_filtering"): 18,
    # `detail_type`: two rules on organizations and the recorder never match.
    ("PE303", "aws-security-reference-architecture-examples"): 2,
    # `eventName` beside `detail`: the alarm on access policies never goes off.
    ("PE303", "easttimor+aws-incident-response"): 1,
    # `State: Enabled`, which EventBridge rejects: a fixture.
    ("PE314", "function_with_event_schedule_state"): 3,
    # `Input: rate(5 minutes)`, which is not JSON: a fixture of bad templates.
    ("PE325", "cfn-lint__test__fixtures__templates__bad__transform_serverless_template"): 1,
}
"""Every error of the collection, read by hand: by check and file, how often."""
MISSING_THINGS = {"PE004", "PE005", "PE006", "PE007", "PE010", "PE011", "PE310", "PE311", "PE313"}


def paths() -> list[Path]:
    """Each template once; a Terraform module is its folder."""
    folder = Path(os.environ["PERCEPTION_EVENTS_TEMPLATES"])
    manifest = [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    found = dict.fromkeys(
        folder.joinpath(*Path(name).parts[: 2 if one["format"] in ("terraform", "tf-json") else None])
        for one in manifest
        if one["format"] != "event"
        for name in one["files"]
    )
    return list(found)


@pytest.fixture(scope="module")
def findings() -> list[Finding]:
    started = time.process_time()
    found = [one for path in paths() for read in read_topologies(path) for one in check(read.topology)]
    assert time.process_time() - started < 60
    return found


def test_errors_are_the_true_ones_and_nothing_else(findings: list[Finding]) -> None:
    counted: Counter[tuple[str, str]] = Counter()
    for finding in findings:
        if finding.severity is Severity.ERROR:
            file = finding.origin.file if finding.origin else ""
            part = next((part for name, part in TRUE_ERRORS if name == finding.identifier and part in file), file)
            counted[finding.identifier, part] += 1
    assert counted == TRUE_ERRORS


def test_warnings_beyond_missing_things_are_few(findings: list[Finding]) -> None:
    others = [f for f in findings if f.severity is Severity.WARNING and f.identifier not in MISSING_THINGS]
    assert Counter(f.identifier for f in others) == {
        "PE105": 2,  # `degree` of a student's application: right as written
        "PE106": 5,  # one is worth acting on (`status` of an inventory); four are fixtures and a test's own filter
        "PE320": 1,
        "PE321": 3,
        "PE322": 1,
        "PE324": 2,
    }


def test_every_finding_has_a_file_and_a_line_and_can_be_waived_as_it_is_printed(findings: list[Finding]) -> None:
    for finding in findings:
        assert finding.origin is not None
        assert finding.origin.line is not None, finding.printed_location
        assert Waiver.parse(f"{finding.identifier}@{finding.printed_location}=known").covers(finding)
