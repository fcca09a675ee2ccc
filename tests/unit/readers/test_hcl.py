"""HCL: every form of expression is read and evaluated; what is not HCL is rejected with its line."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from perception_events.readers._hcl import parse_body
from perception_events.readers._hcl_values import Evaluator
from perception_events.readers._problems import DocumentError
from perception_events.topology import Unresolved

ROOT: dict[str, Any] = {
    "var": {"name": "orders", "list": ["a", "b"], "map": {"k": "v", "n": 2}, "objects": [{"id": 1}, {"id": 2}]},
    "unknown": Unresolved("${unknown}", "a reason"),
}


def value_of(expression: str) -> Any:
    body = parse_body(f"x = {expression}\n")
    return Evaluator("main.tf", ROOT.__getitem__).value(body.attributes["x"].value)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 / 4", 2.5),
        ("-1", -1),
        ("1 < 2 && !(2 <= 1) || false", True),
        ('var.name == "orders" ? "yes" : "no"', "yes"),
        ('"a${var.name}-${1 + 1}"', "aorders-2"),
        ('"$${not} %%{this}"', "${not} %{this}"),
        (r'"q\"n\nu\u00e9"', 'q"n\nu\u00e9'),
        ("<<EOT\nline ${var.name}\n  second\nEOT", "line orders\n  second\n"),
        ("<<-EOT\n    a\n      b\n    EOT", "a\n  b\n"),
        ("<<EOT\nx\nEOT  ", "x\n"),
        ('"%{ if true }a%{ else }b%{ endif }%{ for x in var.list }${x},%{ endfor }"', "aa,b,"),
        ('[1, "two", true, null,]', [1, "two", True, None]),
        ('{a = 1, "b" : 2, (var.name) = 3}', {"a": 1, "b": 2, "orders": 3}),
        ("{\n  a = 1\n  b = [\n    1,\n    2\n  ]\n}", {"a": 1, "b": [1, 2]}),
        ('var.map["k"]', "v"),
        ("var.list[1]", "b"),
        ("var.list.0", "a"),
        ("var.objects[*].id", [1, 2]),
        ("var.objects.*.id", [1, 2]),
        ("[for x in var.list : upper(x)]", ["A", "B"]),
        ('{for k, v in var.map : k => v if k != "n"}', {"k": "v"}),
        ('{for o in var.objects : "all" => o.id...}', {"all": [1, 2]}),
        ('jsonencode({source = ["a"], n = 1})', '{"source": ["a"], "n": 1}'),
        ("merge({a = 1}, {b = 2})", {"a": 1, "b": 2}),
        ('lookup(var.map, "none", "default")', "default"),
        ('try(var.map.none, var.list[7], "last")', "last"),
        ("can(var.map.none)", False),
        ('format("%s-%03d-%v%%", "a", 7, true)', "a-007-true%"),
        ('join(",", concat(var.list, ["c"]))', "a,b,c"),
        ('coalesce(null, "", "x")', "x"),
        ("max([1, 5]...)", 5),
        ('replace("a.b", ".", "-")', "a-b"),
        ("1 // another\n", 1),
        ("/* one\nmore */ 1", 1),
    ],
)
def test_expressions(expression: str, expected: Any) -> None:
    assert value_of(expression) == expected


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("unknown", "${unknown}"),
        ("unknown.arn", "${unknown.arn}"),
        ('"a-${unknown}"', "a-${unknown}"),
        ('join("-", ["a", unknown])', "a-${unknown}"),
        ("unknown ? 1 : 2", "${unknown ? 1 : 2}"),
        ("var.map.none", "${var.map.none}"),
        ("timestamp()", "${timestamp()}"),
        ('regex("(a+)+$", "aaaa")', '${regex("(a+)+$", "aaaa")}'),
    ],
)
def test_what_is_not_known_stays_an_expression(expression: str, shown: str) -> None:
    value = value_of(expression)
    assert isinstance(value, Unresolved)
    assert value.expression == shown
    assert value.reason or expression == "unknown"


def test_a_known_part_beside_an_unknown_one_stays_known() -> None:
    value = value_of("{a = 1, b = unknown.x}")
    assert value["a"] == 1
    assert isinstance(value["b"], Unresolved)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a = 1\nb = \n", 2, "a value"),
        ('a = "open\n', 1, "closing quote"),
        ("a {\n  b = 1\n", 3, "not closed"),
        ("a = [1, 2\nb = 3\n", 2, "missing"),
        ("x = <<EOT\nnever\n", 1, "EOT does not end"),
        ("}\n", 1, "closes nothing"),
        ("a = 1 2\n", 1, "followed by something else"),
        ("x = " + "[" * 500, 1, "nested"),
    ],
)
def test_what_is_not_hcl_is_rejected_with_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(DocumentError, match=what) as caught:
        parse_body(text)
    assert caught.value.line == line
    assert caught.value.fix


def test_endless_growth_ends() -> None:
    text = "\n".join(['a = "' + "x" * 1000 + '"'])
    body = parse_body(text + "\nb = [for x in range(9000) : [for y in range(9000) : x + y]]\n")
    value = Evaluator("main.tf", ROOT.__getitem__).value(body.attributes["b"].value)
    assert isinstance(value, Unresolved)


def test_blocks_keep_their_labels_lines_and_order() -> None:
    body = parse_body('resource "a" "b" {\n  x = 1\n  inner {\n    y = 2\n  }\n  inner { y = 3 }\n}\n')
    (block,) = body.blocks
    assert (block.type, block.labels, block.line) == ("resource", ("a", "b"), 1)
    assert [(one.type, one.line) for one in block.body.blocks] == [("inner", 3), ("inner", 6)]
    assert block.body.attributes["x"].line == 2


def test_the_reference_parser_reads_the_same(tmp_path: Path) -> None:
    """HashiCorp's own parser (`@cdktf/hcl2json`) gives the same literal values; `PERCEPTION_EVENTS_HCL2JSON` has it."""
    import os

    module = os.environ.get("PERCEPTION_EVENTS_HCL2JSON")
    if module is None or shutil.which("node") is None:
        pytest.skip("PERCEPTION_EVENTS_HCL2JSON names no folder with @cdktf/hcl2json, or node is missing")
    text = (
        'resource "t" "n" {\n  s = "a\\"b\\n\\u00e9"\n  h = <<-E\n      x\n        y\n    E\n  n = 1.5\n'
        '  l = [1, "two", true, null]\n  o = { a = 1, "b c" = { d = "e" } }\n  inner {\n    z = false\n  }\n}\n'
    )
    script = "require('@cdktf/hcl2json').parse('main.tf', process.argv[1]).then(x => console.log(JSON.stringify(x)))"
    done = subprocess.run(["node", "-e", script, text], cwd=module, capture_output=True, text=True, check=True)
    theirs = json.loads(done.stdout)["resource"]["t"]["n"][0]
    body = parse_body(text).blocks[0].body
    evaluator = Evaluator("main.tf", ROOT.__getitem__)
    ours = {name: evaluator.value(one.value) for name, one in body.attributes.items()}
    assert ours == {name: value for name, value in theirs.items() if name != "inner"}
    assert theirs["inner"] == [{"z": False}]
