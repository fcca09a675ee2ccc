"""What a review finds in real templates, each read as a system of its own: no crash, and an event for what it claims.

`PERCEPTION_EVENTS_TEMPLATES`: a folder of real templates; `-s` prints the counts of docs/conformance.md.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

pytest.importorskip("yaml", reason="templates in YAML need the extra [templates]")

from perception_events.analysis import ReviewKind, review_topology
from perception_events.readers import read_topologies

SHOWN_BY_AN_EVENT = {ReviewKind.OVERLAP, ReviewKind.INCLUDED, ReviewKind.EQUAL, ReviewKind.ALWAYS, ReviewKind.UNHANDLED}


def test_real_templates_are_reviewed_with_an_event_for_every_finding() -> None:
    if "PERCEPTION_EVENTS_TEMPLATES" not in os.environ:
        pytest.skip("PERCEPTION_EVENTS_TEMPLATES is not set")
    counts: Counter[str] = Counter()
    systems = 0
    for read in read_topologies(os.environ["PERCEPTION_EVENTS_TEMPLATES"]):
        systems += 1
        found = review_topology(read.topology)
        counts["undecided"] += len(found.undecided)
        for finding in found.findings:
            counts[f"{finding.kind} ({finding.severity})"] += 1
            print(f"{finding.kind}: {finding.message[:150]}: {', '.join(map(str, finding.origins))}")
            assert finding.kind not in SHOWN_BY_AN_EVENT or finding.witness_json is not None, finding
    print(f"{systems} systems: {dict(sorted(counts.items()))}")
    assert systems > 0
