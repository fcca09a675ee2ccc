"""Findings: one location once, one line a file where it says more, waivers by any location as it is printed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from perception_events.checks import (
    Finding,
    InvalidWaiverError,
    Severity,
    UnknownCheckError,
    Waiver,
    check,
    comment_waivers,
    exit_code,
    findings_github,
    findings_json,
    findings_sarif,
    findings_text,
    select_findings,
)
from perception_events.topology import LocatedDict, LocatedList, Origin, Topology
from support.checked_topologies import BUS, FUNCTION, LETTERS, rule, rule_topology, target

PATTERN = LocatedDict({"detail_type": LocatedList(["a"], line=7, lines=[7])}, line=6, lines={"detail_type": 7})
ORIGIN = Origin(
    "stacks/shop.yaml",
    3,
    "Resources.Rule",
    parts={
        "event_pattern": Origin("stacks/shop.yaml", 6, "Resources.Rule.Properties.EventPattern"),
        "targets": Origin("stacks/shop.yaml", 9, "Resources.Rule.Properties.Targets"),
    },
)


def read_topology(**fields: Any) -> Topology:
    """A rule as a reader makes it: with file and lines."""
    fields = {"origin": ORIGIN, "targets": (), **fields}
    return rule_topology(rule(PATTERN, **fields))


def only(identifier: str, findings: list[Finding]) -> Finding:
    (found,) = [finding for finding in findings if finding.identifier == identifier]
    return found


def test_a_finding_names_the_line_of_the_key_and_the_path_in_the_words_of_the_file() -> None:
    found = only("PE303", check(read_topology()))
    assert found.location == "Resources.Rule.Properties.EventPattern.detail_type"
    assert found.origin == Origin("stacks/shop.yaml", 7, found.location)
    assert (found.resource, found.resource_origin) == ("Rule", ORIGIN)
    assert found.printed_location == f"stacks/shop.yaml:7 {found.location}"
    assert only("PE313", check(read_topology())).printed_location.startswith("stacks/shop.yaml:9 ")


def test_without_an_origin_a_location_begins_with_the_resource() -> None:
    found = only("PE303", check(read_topology(origin=None)))
    assert (found.location, found.origin) == ("Rule.event_pattern.detail_type", None)


def test_missing_things_of_one_file_are_one_finding_that_names_the_others() -> None:
    rules = [
        rule(
            {"source": [name]}, name, targets=(target(dead_letter_queue=None),), origin=Origin(f"{file}.yaml", 1, name)
        )
        for name, file in (("one", "a"), ("two", "a"), ("three", "b"))
    ]
    found = [f for f in check(rule_topology(*rules)) if f.identifier == "PE310"]
    assert [(f.location, f.others) for f in found] == [
        ("one.targets[0].dead_letter_queue", ("two.targets[0].dead_letter_queue",)),
        ("three.targets[0].dead_letter_queue", ()),
    ]
    assert "(and so at 1 more)" in found[0].reason
    assert "also: two.targets[0].dead_letter_queue" in findings_text(found)


def test_a_terraform_module_is_its_folder() -> None:
    rules = [
        rule({"source": [name]}, name, targets=(target(dead_letter_queue=None),), origin=Origin(file, 1, name))
        for name, file in (("one", "bus/a.tf"), ("two", "bus/b.tf"), ("three", "other/a.tf"), ("four", "other/b.json"))
    ]
    found = [f for f in check(rule_topology(*rules)) if f.identifier == "PE310"]
    assert [(f.location.split(".")[0], len(f.others)) for f in found] == [("one", 1), ("three", 0), ("four", 0)]


def test_a_waived_one_of_several_stays_apart() -> None:
    topology = rule_topology(
        *[rule({"source": [n]}, n, targets=(target(dead_letter_queue=None),)) for n in ("a", "b", "c")]
    )
    found = [f for f in check(topology, waivers=[Waiver("PE310", "known", "b.*")]) if f.identifier == "PE310"]
    assert [(f.location, len(f.others), f.waived) for f in found] == [
        ("a.targets[0].dead_letter_queue", 1, None),
        ("b.targets[0].dead_letter_queue", 0, "known"),
    ]


# --- waivers


@pytest.mark.parametrize(
    "location",
    [
        "Resources.Rule.Properties.EventPattern.detail_type",
        "stacks/shop.yaml:7 Resources.Rule.Properties.EventPattern.detail_type",
        "stacks/shop.yaml:7 (Resources.Rule.Properties.EventPattern.detail_type)",
        "stacks/shop.yaml:7",
        "stacks/shop.yaml",
        "stacks/*.yaml",
        "Resources.Rule.*",
        "*",
    ],
)
def test_a_waiver_covers_its_location_in_each_form(location: str) -> None:
    findings = check(read_topology(), waivers=[Waiver.parse(f"PE303@{location}=on purpose")])
    assert only("PE303", findings).waived == "on purpose"


@pytest.mark.parametrize(
    "location", ["Resources.Rule", "stacks/shop.yaml:8", "shop.yaml", "Resources.Rul?", "*.detail"]
)
def test_a_waiver_of_another_location_covers_nothing(location: str) -> None:
    assert only("PE303", check(read_topology(), waivers=[Waiver("PE303", "why", location)])).waived is None


@pytest.mark.parametrize("name", ["a[0]", "a=b", "x*y", "a?", "[!a]"])
def test_every_location_works_as_it_is_printed(name: str) -> None:
    topology = rule_topology(rule({"source": ["a"], name: ["b"]}))
    printed = only("PE303", check(topology)).printed_location
    waived = check(topology, waivers=[Waiver.parse(f"PE303@{printed}=as printed")])
    assert only("PE303", waived).waived == "as printed"


def test_a_bracket_in_a_location_is_a_bracket() -> None:
    findings = check(rule_topology(rule(targets=(target(dead_letter_queue=None), target(id="two")))))
    other = Waiver("PE310", "why", "Rule.targets[1].dead_letter_queue")
    same = Waiver("PE310", "why", "Rule.targets[0].dead_letter_queue")
    found = only("PE310", findings)
    assert (other.covers(found), same.covers(found)) == (False, True)


COMMENTED = """\
Resources:
  # perception-events: waive PE303=the field is ours
  Rule:
    Properties:
      EventPattern:
        detail_type: [a]
  Other: {}  # perception-events: waive PE310, PE313=known
# perception-events: waive-file PE601=elsewhere
"""


def test_comments_waive_the_next_line_their_own_line_or_the_file() -> None:
    waivers = list(comment_waivers(COMMENTED, "stacks/shop.yaml"))
    assert [(w.identifier, w.reason, w.lines) for w in waivers] == [
        ("PE303", "the field is ours", frozenset({3})),
        ("PE310", "known", frozenset({7})),
        ("PE313", "known", frozenset({7})),
        ("PE601", "elsewhere", None),
    ]
    findings = check(read_topology(), waivers=waivers)
    assert only("PE303", findings).waived == "the field is ours"  # the rule begins in line 3
    assert only("PE313", findings).waived is None
    elsewhere = check(read_topology(origin=replace(ORIGIN, file="other.yaml", parts={})), waivers=waivers)
    assert only("PE303", elsewhere).waived is None


def test_a_comment_without_a_reason_is_rejected_with_its_line() -> None:
    with pytest.raises(InvalidWaiverError, match=r"shop\.tf:2: the waiver gives no reason"):
        list(comment_waivers("a\n// perception-events: waive PE303\n", "shop.tf"))


# --- selection, exit codes, reports


def test_checks_are_selected_and_ignored_by_identifier_beginning_and_name() -> None:
    findings = check(read_topology())
    assert {f.identifier for f in findings} == {"PE303", "PE313"}
    assert [f.identifier for f in select_findings(findings, select=["rule-without-target"])] == ["PE313"]
    assert [f.identifier for f in select_findings(findings, select=["PE3"], ignore=["PE313"])] == ["PE303"]
    with pytest.raises(UnknownCheckError, match="PE9"):
        select_findings(findings, ignore=["PE9"])


def test_the_exit_code_follows_the_severity_asked_for() -> None:
    findings = check(read_topology())
    assert exit_code(findings) == 1
    assert exit_code(select_findings(findings, ignore=["PE303"])) == 0
    assert exit_code(select_findings(findings, ignore=["PE303"]), Severity.WARNING) == 1
    assert (
        exit_code(check(read_topology(), waivers=[Waiver("PE303", "why"), Waiver("PE313", "why")]), Severity.NOTE) == 0
    )


def test_text_says_where_why_and_what_to_do() -> None:
    text = findings_text([only("PE303", check(read_topology()))])
    assert text == (
        "PE303 error   stacks/shop.yaml:7 Resources.Rule.Properties.EventPattern.detail_type\n"
        "    The rule matches on what never comes to its bus. "
        "An event has no field `detail_type`; what it carries lies under `detail`.\n"
        "    fix: did you mean `detail-type`?\n"
        "    reference: EventBridge User Guide, events\n"
        "1 error\n"
    )
    assert findings_text([]) == "nothing found\n"


def test_json_has_file_line_and_resource() -> None:
    (found,) = json.loads(findings_json([only("PE303", check(read_topology()))]))
    assert {name: found[name] for name in ("id", "severity", "file", "line", "resource", "fix", "waived")} == {
        "id": "PE303",
        "severity": "error",
        "file": "stacks/shop.yaml",
        "line": 7,
        "resource": "Rule",
        "fix": "did you mean `detail-type`?",
        "waived": None,
    }


def test_sarif_has_physical_locations_where_the_line_is_known() -> None:
    findings = [only("PE303", check(read_topology())), only("PE303", check(read_topology(origin=None)))]
    located, bare = json.loads(findings_sarif(findings))["runs"][0]["results"]
    assert located["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "stacks/shop.yaml"},
                "region": {"startLine": 7},
            },
            "logicalLocations": [
                {"fullyQualifiedName": "Resources.Rule.Properties.EventPattern.detail_type", "kind": "member"}
            ],
        }
    ]
    assert "physicalLocation" not in bare["locations"][0]


def test_github_shows_each_finding_at_its_line_and_leaves_waived_ones_out() -> None:
    found = only("PE303", check(read_topology()))
    assert findings_github([found]).startswith(
        "::error file=stacks/shop.yaml,line=7,title=PE303 rule-matches-nothing::Resources.Rule.Properties.EventPattern"
    )
    assert findings_github([replace(found, waived="why")]) == ""
    hostile = replace(found, reason="50%\nof ::error::", origin=Origin("a,b:c.yaml", 1))
    line = findings_github([hostile])
    assert line.count("\n") == 1
    assert "file=a%2Cb%3Ac.yaml,line=1" in line
    assert "50%25%0Aof" in line


def test_an_empty_topology_has_no_findings() -> None:
    assert check(Topology()) == []
    assert check(Topology([BUS, LETTERS, FUNCTION])) == []
