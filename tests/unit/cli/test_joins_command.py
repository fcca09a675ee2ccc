"""`perception-events joins` and `sweep` over a table on moto."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from perception_events.aggregation import FallbackPolicy, ItemAttribute, Join, Manifest
from perception_events.item_names import ItemNames
from perception_events.lambdas.joins import join_handler
from perception_events.pipeline import Module, Pipeline, TableSettings
from perception_events.sort_keys import KeyFormat
from perception_events.testing import RecordBuilder
from support.joins import CAMERAS, bus_event
from support.moto_dynamodb import create_table, moto_client

pytestmark = pytest.mark.aws_parts
pytest.importorskip("typer", reason="typer is not installed: pip install '.[cli]'")
TABLE = "PerceptionPipelineEvents-dev"

pipeline = Pipeline(
    modules=(
        Module(
            "pose",
            targets=("a",),
            joins=(
                Join(
                    on="pose",
                    group_by=("site", "date", "sync"),
                    expects=CAMERAS,
                    trigger=("recon",),
                    deadline=timedelta(microseconds=1),
                    policy=FallbackPolicy.TRIGGER,
                ),
            ),
        ),
        Module(
            "recon", targets=("a",), joins=(Join(on="recon", expects=Manifest("manifest_recon"), trigger=("reid",)),)
        ),
        Module("reid", targets=("a",), joins=(Join(on="reid", expects=9, trigger=("end",)),)),
        Module("end"),
    )
)
no_joins = Pipeline(modules=(Module("pose"),))
by_customer = Pipeline(
    table=TableSettings("Orders", "tenant_id", "sk", key_format=KeyFormat(None)),
    modules=(
        Module(
            "order",
            targets=("a",),
            joins=(Join(on="order", group_by=(ItemAttribute("customer"),), expects=2, trigger=("invoice",)),),
        ),
        Module("invoice"),
    ),
)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with moto_client(monkeypatch) as client:
        create_table(client, TABLE)
        yield client


def run(*arguments: str) -> tuple[int, str, str]:
    from typer.testing import CliRunner

    from perception_events.cli.app import app

    command, *rest = arguments
    if "--pipeline" not in rest:
        rest += ["--pipeline", f"{__name__}:pipeline"]
    done = CliRunner().invoke(app, [command, *rest, "--region", "ap-northeast-2"])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def groups(client: Any) -> None:
    handler = join_handler(pipeline, "dev", client=client)
    for sort_key in ("pose#sync001#cam1", "pose#sync001#cam3", "recon#sync001", "reid#person1"):
        handler(bus_event(f"2025-07-15#{sort_key}"), None)
    for camera in CAMERAS:
        handler(bus_event(f"2025-07-15#pose#sync002#{camera}"), None)


@pytest.mark.usefixtures("groups")
def test_what_has_not_triggered() -> None:
    code, out, err = run("joins")
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    assert [row[:5] for row in rows[1:]] == [
        ["pose", "haemoro_1x2", "2025-07-15", "sync001", "OVERDUE"],
        ["recon", "haemoro_1x2", "2025-07-15", "-", "OPEN"],
        ["reid", "haemoro_1x2", "2025-07-15", "-", "OPEN"],
    ]
    assert "2 of 3  cam2 " in out
    assert "1 of ?  manifest" in out
    assert "1 of 9  any 8" in out
    assert err == "3 groups: 2 open, 0 complete, 1 overdue, 0 triggered\n"


@pytest.mark.usefixtures("groups")
def test_a_site_and_day_with_what_has_triggered() -> None:
    code, out, _ = run(
        "joins", "--site", "haemoro_1x2", "--date", "2025-07-15", "--status", "TRIGGERED", "--format", "json"
    )
    assert code == 0
    (row,) = [json.loads(line) for line in out.splitlines()]
    assert (row["group"], row["status"], row["reason"]) == (["sync002"], "TRIGGERED", "COMPLETE")


@pytest.mark.usefixtures("groups")
def test_the_sweep_acts_once() -> None:
    code, out, err = run("sweep")
    assert (code, err) == (0, "1 of 3 open groups acted on\n")
    assert out == "TRIGGERED  haemoro_1x2#2025-07-15#pose#sync001  2025-07-15#trigger_recon#sync001\n"
    assert run("sweep", "--format", "json")[1:] == ("", "0 of 2 open groups acted on\n")


@pytest.mark.usefixtures("groups")
def test_a_manifest_that_cannot_be_read_is_one_line_and_the_other_groups_go_on(client: Any) -> None:
    key = {"site": {"S": "haemoro_1x2"}, "date#event_type": {"S": "2025-07-15#manifest_recon"}}
    client.put_item(TableName=TABLE, Item={**key, "members": {"N": "2.5"}})
    code, out, err = run("joins")
    assert code == 1
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["pose", "recon", "reid"]
    assert "manifest_recon" in out + err
    assert "2.5" in out + err
    code, out, err = run("sweep")
    assert code == 1
    assert out.startswith("TRIGGERED  haemoro_1x2#2025-07-15#pose#sync001")
    assert "2.5" in err
    assert "Traceback" not in err


@pytest.mark.usefixtures("client")
def test_an_empty_table() -> None:
    assert run("joins") == (0, "0 groups: 0 open, 0 complete, 0 overdue, 0 triggered\n", "")


@pytest.mark.usefixtures("client")
def test_rejections() -> None:
    code, _, err = run("joins", "--table", "missing")
    assert code == 2
    assert "ResourceNotFoundException" in err
    assert run("joins", "--site", "a")[0] == 2
    assert "declares no joins" in run("sweep", "--pipeline", f"{__name__}:no_joins")[2]
    assert "has no 'x'" in run("sweep", "--pipeline", f"{__name__}:x")[2]


def test_tables_of_other_keys_have_their_own_names_as_headings(client: Any) -> None:
    create_table(client, "Orders-dev", ItemNames("tenant_id", "sk"))
    record = RecordBuilder("Orders-dev", "tenant_id", "sk").insert("acme", "order#A17", status="COMPLETED", customer=17)
    join_handler(by_customer, "dev", client=client)(record, None)
    declared = ("--pipeline", f"{__name__}:by_customer")
    for arguments in ((), ("--site", "-")):
        code, shown, _ = run("joins", *declared, *arguments)
        heading, row, *_ = shown.splitlines()
        assert (code, heading.split()[:4], row.split()[:4]) == (
            0,
            ["JOIN", "TENANT_ID", "-", "GROUP"],
            ["order", "-", "-", "17"],
        )
    code, _, said = run("joins", *declared, "--site", "-", "--date", "2026-02-03")
    assert code == 2
    assert "sort keys begin with the event type" in said
