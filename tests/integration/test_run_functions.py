"""`tables create` and `run` on DynamoDB Local: a user's function and joins, with nothing else set up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.dynamodb_local import DynamoDBLocal

pytest.importorskip("typer", reason="the command line needs the [cli] extra")
boto3 = pytest.importorskip("boto3", reason="needs the [aws] extra")
pytestmark = [pytest.mark.java, pytest.mark.aws_parts]

ROOT = Path(__file__).resolve().parents[2]
SHOP = str(ROOT / "docs/examples/shop/shop.py:pipeline")
REVIEW = """\
import json, os
def review(event, context):
    with open("reviewed.jsonl", "a") as file:
        row = {"order": event["detail"]["order"], "env": os.environ["PERCEPTION_EVENTS_ENV"], "context": context}
        print(json.dumps(row), file=file)
"""


def call(here: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(here)}
    command = [sys.executable, "-m", "perception_events", *arguments]
    return subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=False)


def client(url: str) -> Any:
    """A client with the credentials that the commands make up."""
    made_up = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    return boto3.client("dynamodb", endpoint_url=url, region_name="us-east-1", **made_up)


def row(sort_key: str, **attributes: Any) -> dict[str, Any]:
    return {"tenant_id": {"S": "acme"}, "created#kind#order_id": {"S": sort_key}, "state": {"S": "DONE"}, **attributes}


def test_the_declared_table_is_made_and_the_users_functions_and_joins_run(
    dynamodb_local: DynamoDBLocal, tmp_path: Path
) -> None:
    url = dynamodb_local.endpoint_url
    created = call(tmp_path, "tables", "create", "--pipeline", SHOP, "--env", "fns", "--endpoint-url", url)
    assert (created.returncode, created.stdout, created.stderr) == (0, "Orders-fns: created\n", "")
    again = call(tmp_path, "tables", "create", "--pipeline", SHOP, "--env", "fns", "--endpoint-url", url)
    assert again.stdout == "Orders-fns: exists, left as it is\n"

    table = client(url)
    total = {"total": {"N": "129.90"}, "lines": {"L": []}}
    table.put_item(TableName="Orders-fns", Item=row("2026-02-03T10:11:12Z#order#A17", **total))
    table.put_item(TableName="Orders-fns", Item=row("2026-02-03T10:15:00Z#payment#A17"))
    (tmp_path / "review.py").write_text(REVIEW, encoding="utf-8")
    run = call(
        tmp_path,
        *("run", "--pipeline", SHOP, "--env", "fns", "--endpoint-url", url, "--idle-seconds", "2"),
        *("--function", "review_order=review.py:review"),
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr.splitlines()[:5] == [
        "collect_order runs the joins ready",
        "trigger_shipping runs nothing; its events are only shown",
        "alert_joins runs nothing; its events are only shown",
        "review_order runs review.py:review",
        "reading Orders-fns; end with Ctrl-C",
    ]
    reviewed = [json.loads(line) for line in (tmp_path / "reviewed.jsonl").read_text().splitlines()]
    assert reviewed == [{"order": "A17", "env": "fns", "context": None}]
    assert "acme -#trigger_shipping#A17" in run.stdout, "the join's trigger is a row that came through the stream"


def test_what_cannot_run_is_named_before_anything_is_read(dynamodb_local: DynamoDBLocal, tmp_path: Path) -> None:
    arguments = ("run", "--pipeline", SHOP, "--endpoint-url", dynamodb_local.endpoint_url)
    for function, expected in [
        ("revew_order=review.py:review", "fix: write NAME=MODULE:NAME with one of: collect_order, "),
        ("review_order=none.py:review", "--function none.py: there is no such file; fix: check the path"),
    ]:
        done = call(tmp_path, *arguments, "--function", function)
        assert (done.returncode, done.stdout) == (2, "")
        (line,) = done.stderr.splitlines()
        assert expected in line


def test_a_function_that_raises_is_a_failure_of_its_record(dynamodb_local: DynamoDBLocal, tmp_path: Path) -> None:
    url = dynamodb_local.endpoint_url
    call(tmp_path, "tables", "create", "--pipeline", SHOP, "--env", "bad", "--endpoint-url", url)
    (tmp_path / "review.py").write_text(
        "def review(event, context):\n    raise ValueError('too dear')\n", encoding="utf-8"
    )
    table = client(url)
    total = {"total": {"N": "129.90"}, "lines": {"L": []}}
    table.put_item(TableName="Orders-bad", Item=row("2026-02-03T10:11:12Z#order#A17", **total))
    run = call(
        tmp_path,
        *("run", "--pipeline", SHOP, "--env", "bad", "--endpoint-url", url, "--idle-seconds", "1"),
        *("--function", "review_order=review.py:review"),
    )
    assert "failed: " in run.stdout
    assert "too dear" in run.stdout
