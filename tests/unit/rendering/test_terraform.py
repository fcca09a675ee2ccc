"""The Terraform JSON is what the AWS provider 6.25.0 takes, and every expression in it leads somewhere.

The provider itself comes from Terraform's registry only; where it can be had, `terraform validate` runs too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from perception_events.rendering import render
from perception_events.rendering._terraform import Expressions
from support.declarations import DECLARATIONS
from support.terraform_schema import mistakes
from support.topologies import every_kind

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "data" / "terraform_aws_6.25.0.json").read_text("utf-8"))
EXPRESSION = re.compile(r"(?<!\$)\$\{([^}]*)\}")


TOPOLOGIES = {**{name: p.topology(env) for name, (p, env) in DECLARATIONS.items()}, "every-kind": every_kind()}


def rendered(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render(TOPOLOGIES[name], "terraform-json"))
    return found


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_arguments_are_those_of_the_provider(name: str) -> None:
    found = [
        mistake
        for kind, resources in rendered(name)["resource"].items()
        for logical, arguments in resources.items()
        for mistake in mistakes(SCHEMA[kind]["arguments"], arguments, f"{kind}.{logical}")
    ]
    assert found == []


def test_the_schema_finds_mistakes() -> None:
    schema = SCHEMA["aws_sqs_queue_policy"]["arguments"]
    assert list(mistakes(schema, {"queue_url": 1, "polic": "x"}, "it")) == [
        "it.queue_url: 1 is no string",
        "it: there is no argument 'polic'",
        "it: 'policy' is required",
    ]


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_every_expression_leads_to_something(name: str) -> None:
    template = rendered(name)
    for text in texts(template):
        for expression in EXPRESSION.findall(text):
            for address in re.findall(r"[a-z_0-9]+(?:\.[a-z_0-9]+)+", expression):
                kind, logical, *attribute = address.split(".")
                if kind == "var":
                    assert logical in template["variable"]
                elif kind == "data":
                    assert attribute[0] in template["data"][logical]
                else:
                    assert logical in template["resource"][kind], address
                    assert attribute[0] in SCHEMA[kind]["attributes"], address


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_no_intrinsic_function_is_left(name: str) -> None:
    text = json.dumps(rendered(name))
    assert not re.search(r"Fn::|AWS::|\\\"Ref\\\"", text)


def test_a_template_sign_in_a_name_stays_text() -> None:
    assert Expressions({}).value({"a": "${x} %{y}"}) == {"a": "$${x} %%{y}"}


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_terraform_validates_it(name: str, tmp_path: Path) -> None:
    terraform, providers = shutil.which("terraform"), os.environ.get("PERCEPTION_EVENTS_TERRAFORM_PROVIDERS")
    if not terraform or not providers:
        pytest.skip("needs terraform, and PERCEPTION_EVENTS_TERRAFORM_PROVIDERS: a folder with the AWS provider")
    (tmp_path / "main.tf.json").write_text(render(TOPOLOGIES[name], "terraform-json"), encoding="utf-8")
    for arguments in (["init", "-backend=false", f"-plugin-dir={providers}"], ["validate"]):
        done = subprocess.run(
            [terraform, *arguments, "-no-color"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
