"""What Terraform's AWS provider takes, distilled from its published bindings, and a check of a template against it.

The bindings on PyPI (`cdktf-cdktf-provider-aws`) are generated from the provider's own schema. To distil another
version, unpack its `.jsii` assembly and run `python tests/support/terraform_schema.py ASSEMBLY > tests/data/...`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["RESOURCES", "distil", "mistakes"]

RESOURCES = (
    "aws_cloudwatch_event_archive",
    "aws_cloudwatch_event_bus",
    "aws_cloudwatch_event_rule",
    "aws_cloudwatch_event_target",
    "aws_cloudwatch_log_group",
    "aws_cloudwatch_log_resource_policy",
    "aws_cloudwatch_metric_alarm",
    "aws_dynamodb_table",
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_kinesis_stream",
    "aws_lambda_event_source_mapping",
    "aws_lambda_function",
    "aws_lambda_function_event_invoke_config",
    "aws_lambda_permission",
    "aws_pipes_pipe",
    "aws_scheduler_schedule",
    "aws_schemas_discoverer",
    "aws_sfn_state_machine",
    "aws_sns_topic",
    "aws_sns_topic_policy",
    "aws_sqs_queue",
    "aws_sqs_queue_policy",
)
_META = {"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioners"}
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SHAPES: dict[str, tuple[type, ...]] = {"string": (str,), "number": (int, str), "bool": (bool, str)}


def _attributes(types: dict[str, Any], fqn: str) -> dict[str, Any]:
    found = {}
    for one in types[fqn].get("properties", []):
        docs = one.get("docs", {})
        link = re.search(r"#(\w+) ", docs.get("summary", "") + docs.get("remarks", ""))
        name = link[1] if link else _CAMEL.sub("_", one["name"]).lower()
        if name not in _META:
            found[name] = {"required": not one.get("optional", False), **_type(types, one["type"])}
    return found


def _type(types: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    if "primitive" in described:
        return {"type": {"boolean": "bool"}.get(described["primitive"], described["primitive"])}
    if "collection" in described:
        inside = _type(types, described["collection"]["elementtype"])
        if "block" in inside:
            return {"type": "blocks", "block": inside["block"]}
        return {"type": "map" if described["collection"]["kind"] == "map" else "list"}
    if "union" in described:
        inner = [_type(types, one) for one in described["union"]["types"] if one.get("fqn") != "cdktf.IResolvable"]
        return inner[0]
    if described["fqn"] == "cdktf.IResolvable":
        return {"type": "bool"}
    return {"type": "block", "block": _attributes(types, described["fqn"])}


def distil(assembly: Path) -> dict[str, Any]:
    """Each of RESOURCES: its arguments (type, whether required, what a block holds), and the attributes to refer to."""
    types = json.loads(assembly.read_text(encoding="utf-8"))["types"]
    configs = {
        re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", fqn.rsplit(".", 1)[1].removesuffix("Config")).lower(): fqn
        for fqn in types
        if fqn.endswith("Config") and fqn.rsplit(".", 1)[1].removesuffix("Config").lower() == fqn.split(".")[-2].lower()
    }
    found = {}
    for name in RESOURCES:
        config = configs[name.removeprefix("aws_")]
        of_class = types[config.removesuffix("Config")].get("properties", [])
        readable = sorted({_CAMEL.sub("_", one["name"]).lower() for one in of_class if not one.get("static")})
        found[name] = {"arguments": _attributes(types, config), "attributes": readable}
    return found


def mistakes(schema: dict[str, Any], arguments: Any, place: str) -> Iterator[str]:
    """Arguments that are not there, that are missing, or that have another type."""
    for name, value in arguments.items():
        if name in _META:
            continue
        if name not in schema:
            yield f"{place}: there is no argument {name!r}"
            continue
        expected = schema[name]
        match expected["type"]:
            case "block" if isinstance(value, dict):
                yield from mistakes(expected["block"], value, f"{place}.{name}")
            case "blocks" if isinstance(value, (dict, list)):
                for one in value if isinstance(value, list) else [value]:
                    yield from mistakes(expected["block"], one, f"{place}.{name}")
            case "list" if isinstance(value, list) or (isinstance(value, str) and value.startswith("${")):
                pass
            case "map" if isinstance(value, dict):
                pass
            case shape if shape in _SHAPES and isinstance(value, _SHAPES[shape]):
                pass
            case shape:
                yield f"{place}.{name}: {value!r} is no {shape}"
    for name, expected in schema.items():
        if expected["required"] and name not in arguments:
            yield f"{place}: {name!r} is required"


if __name__ == "__main__":
    lines = (
        f"{json.dumps(name)}: {json.dumps(one, sort_keys=True)}" for name, one in distil(Path(sys.argv[1])).items()
    )
    print("{" + ",\n".join(lines) + "}")
