"""Bad input: each file gives one problem with file, line and fix, quickly, and the others are still read."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from perception_events.readers import ReadError, read_topologies, read_topology
from perception_events.topology import Queue, Rule, Unresolved

pytest.importorskip("yaml", reason="YAML templates need PyYAML")

GOOD = "Resources: {Q: {Type: AWS::SQS::Queue}}\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)
DEEP = "Resources: " + "[" * 5000


@pytest.mark.parametrize(
    ("name", "text", "line", "reason"),
    [
        ("t.yaml", "Resources:\n  A: [1, 2\n  B: 1\n", 3, "not YAML"),
        ("t.json", '{"Resources": {\n"A": }\n}', 2, "not JSON"),
        ("main.tf", 'resource "a" "b" {\n  c = [1\n', 3, "not HCL"),
        ("t.yaml", f"Resources: {{}}\n{BOMB}", 7, "with aliases expanded"),
        ("t.yaml", "Resources: &a [*a]\n", 1, "an alias that contains itself"),
        ("t.yaml", DEEP, None, "nest"),
        ("t.json", '{"Resources": ' + "[" * 3000 + "]" * 3000 + "}", 1, "nested"),
        ("t.yaml", "Resources: {}\n" + "# filler\n" * 600_000, None, "at most 1 MB"),
        ("t.yaml", "just: text\n", None, "not a template of a known format"),
        ("t.yaml", "", None, "not a template of a known format"),
    ],
)
def test_one_problem_within_two_seconds_and_the_rest_is_read(
    tmp_path: Path, name: str, text: str, line: int | None, reason: str
) -> None:
    bad, good = tmp_path / "bad", tmp_path / "good.yaml"
    bad.mkdir()
    (bad / name).write_text(text, encoding="utf-8")
    good.write_text(GOOD, encoding="utf-8")
    start = time.perf_counter()
    result = read_topology([bad if name == "main.tf" else bad / name, good])
    assert time.perf_counter() - start < 10  # two seconds on a free machine; the loop of a bomb would take hours
    (problem,) = result.problems
    assert reason in problem.reason
    assert problem.fix
    assert problem.origin.file == str(bad / name)
    if line is not None:
        assert problem.origin.line == line
    assert [queue.id for queue in result.topology.of(Queue)] == ["Q"]


def test_files_that_are_not_there_or_not_text(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"Resources: \xff")
    result = read_topology([tmp_path / "none.yaml", tmp_path / "latin.yaml"])
    assert ["does not exist" in result.problems[0].reason, "not UTF-8" in result.problems[1].reason] == [True, True]


def test_strict_reading_raises_all_problems_together(tmp_path: Path) -> None:
    paths = [tmp_path / "none.yaml", tmp_path / "neither.yaml"]
    with pytest.raises(ReadError) as caught:
        read_topology(paths, strict=True)
    assert len(caught.value.problems) == 2
    assert str(paths[1]) in str(caught.value)


def test_references_and_conditions_in_circles_end(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        "Conditions: {A: {Condition: B}, B: {Condition: A}}\n"
        "Resources:\n"
        "  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub 'x-${P}'}}\n"
        "  P: {Type: AWS::SQS::Queue, Properties: {QueueName: !GetAtt Q.QueueName}}\n"
        "  R: {Type: AWS::Events::Rule, Condition: A, Properties: {EventPattern: {source: [!Ref P]},\n"
        "      Targets: [{Id: a, Arn: !GetAtt Q.Arn}]}}\n"
        "  N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: t.yaml}}\n"
    )
    result = read_topology(path)
    assert ["contains itself" in problem.reason for problem in result.problems] == [True]
    assert any("refers to itself" in unknown.reason for unknown in result.unresolved)


def test_names_that_double_do_not_fill_the_memory(tmp_path: Path) -> None:
    resources = ["  R0: {Type: AWS::SQS::Queue, Properties: {QueueName: aaaaaaaaaa}}"]
    for number in range(1, 60):
        name = f"!Sub '${{R{number - 1}}}${{R{number - 1}}}'"
        resources.append(f"  R{number}: {{Type: AWS::Events::EventBus, Properties: {{Name: {name}}}}}")
    path = tmp_path / "t.yaml"
    path.write_text("Resources:\n" + "\n".join(resources))
    topology = read_topology(path).topology
    assert isinstance(topology["R59"].name, Unresolved)


def test_a_pattern_that_is_not_json_is_a_problem_at_its_line(tmp_path: Path) -> None:
    path = tmp_path / "main.tf"
    path.write_text('resource "aws_cloudwatch_event_rule" "r" {\n  event_pattern = <<E\n{\n  "source": [,]\n}\nE\n}\n')
    result = read_topology(tmp_path)
    (problem,) = result.problems
    assert "the event pattern is not JSON" in problem.reason
    assert problem.origin.line == 4
    assert isinstance(result.topology.of(Rule)[0].event_pattern, Unresolved)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("a = 1" + "+1" * 300_000, "more than 200 steps or operations in a row", id="operations"),
        pytest.param("a = b" + ".c" * 300_000, "more than 200 steps or operations in a row", id="attributes"),
        pytest.param("a = b" + "[0]" * 300_000, "more than 200 steps or operations in a row", id="indices"),
        pytest.param("a = [" + "1," * 300_000 + "]", "more than 100,000 values", id="values"),
        pytest.param("x" * 1_000_000, "not HCL: xxx", id="long name"),
    ],
)
def test_a_module_of_a_megabyte_made_to_be_slow_is_one_short_problem(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "main.tf").write_text(text)
    started = time.process_time()
    (problem,) = read_topology(tmp_path).problems
    assert time.process_time() - started < 10
    assert reason in problem.reason
    assert len(str(problem)) < 2_000


def test_a_module_of_a_million_empty_lines_is_read(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("\n" * 1_000_000)
    started = time.process_time()
    assert read_topology(tmp_path).problems == ()
    assert time.process_time() - started < 10


def test_of_keys_that_are_written_twice_twenty_are_named(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text('{"Resources": {' + ",".join(['"Q": {}'] * 100_000) + "}}")
    reasons = [problem.reason for problem in read_topology(path).problems]
    assert reasons[:20] == ["the key Q is written twice"] * 20
    assert "99,979 more keys are written twice" in reasons


@pytest.mark.parametrize("name", ["t.yaml", "t.json"])
def test_a_key_that_is_written_twice_is_a_problem_and_the_last_one_counts(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    resource = '{"Type": "AWS::SQS::Queue", "Properties": {\n"QueueName": "a",\n"QueueName": "b"}}'
    path.write_text('{"Resources": {"Q": ' + resource + "}}")
    result = read_topology(path)
    assert [(one.reason, one.origin.line) for one in result.problems] == [("the key QueueName is written twice", 3)]
    assert result.topology["Q"].name == "b"


def test_resources_that_only_the_deployment_makes_are_named(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        "Resources:\n  'Fn::ForEach::Queues': [X, [a], {'Q${X}': {Type: AWS::SQS::Queue}}]\n  Q: {Type: A::B::C}\n"
    )
    (problem,) = read_topology(path).problems
    assert ("Fn::ForEach::Queues" in problem.reason, problem.origin.line) == (True, 2)


def test_a_folder_is_walked_and_other_files_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "t.yaml").write_text(GOOD)
    (tmp_path / "a" / "events.json").write_text(json.dumps({"source": "x"}))
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "t.yaml").write_text(GOOD)
    result = read_topology(tmp_path)
    assert result.problems == ()
    assert [Path(file.path).name for file in result.files] == ["t.yaml"]


def test_each_template_of_a_folder_can_be_a_system_of_its_own(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(GOOD)
    (tmp_path / "c.yaml").write_text("Resources: {[}")
    results = list(read_topologies(tmp_path))
    assert [len(result.topology) for result in results] == [0, 1, 1]
    assert len(results[0].problems) == 1
