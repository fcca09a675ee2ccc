"""The studio's joins: of a table, and as a recording leaves them, are the same groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("typer", reason="the command line needs the [cli] extra")

from perception_events.aggregation import Join
from perception_events.cli.errors import CommandError
from perception_events.cli.studio_joins import page_joins
from perception_events.json_values import JSONObject
from perception_events.lambdas.joins import joins_of
from perception_events.pipeline import Module, Pipeline
from perception_events.simulation import InputForm
from perception_events.studio import Sample, Workbench
from perception_events.testing import RecordBuilder
from support.moto_dynamodb import REGION, create_table, moto_client
from support.studio import FixedSource
from support.topologies import many_rules

pytestmark = pytest.mark.aws_parts
PIPELINE = Pipeline(
    modules=(
        Module(
            "pose",
            targets=("collect",),
            parts=("sync", "camera"),
            joins=(Join("pose", ("site", "date", "sync"), expects={"cam1", "cam2"}, trigger=("recon",)),),
        ),
        Module("recon"),
    )
)
TABLE = PIPELINE.names("dev").table


def records() -> list[JSONObject]:
    rows = RecordBuilder()
    return [
        rows.insert("lab", f"2025-07-15#pose#{sync}#{camera}", status="COMPLETED")
        for sync, camera in (("sync001", "cam1"), ("sync002", "cam1"), ("sync002", "cam2"))
    ]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with moto_client(monkeypatch) as client:
        yield client


def shown(source: Any) -> list[tuple[Any, ...]]:
    workbench = Workbench(FixedSource(many_rules(2)), joins=source)
    overview: Any = workbench.call("overview", {})
    assert overview["has_joins"] is True
    groups: Any = workbench.call("joins", {})["groups"]
    return [(one["join"], tuple(one["group"]), one["status"], one["members"], one["missing"]) for one in groups]


def test_the_groups_of_a_table_are_shown_with_their_members(client: Any) -> None:
    create_table(client, TABLE)
    source = page_joins(PIPELINE, "dev", (), TABLE, None, REGION)
    assert shown(source) == []
    deployed = joins_of(PIPELINE, "dev", client=client, table=TABLE)
    for record in records():
        deployed.handle(record)
    # What has triggered is history: `joins --site --date` lists it.
    assert shown(source) == [("pose", ("sync001",), "OPEN", ["cam1"], ["cam2"])]


def test_a_recording_shows_the_same_groups_and_those_that_triggered() -> None:
    samples = [(Sample(str(number), record), InputForm.STREAM_RECORD) for number, record in enumerate(records())]
    found = shown(page_joins(PIPELINE, "dev", samples, None, None, None))
    assert ("pose", ("sync001",), "OPEN", ["cam1"], ["cam2"]) in found
    assert ("pose", ("sync002",), "TRIGGERED", ["cam1", "cam2"], []) in found


def test_a_table_that_is_not_there_is_one_line_with_a_fix(client: Any) -> None:
    source = page_joins(PIPELINE, "dev", (), "no-such-table", None, REGION)
    assert source is not None
    with pytest.raises(CommandError, match=r"ResourceNotFoundException.*fix: check the name, --env, --region"):
        source()


def test_a_declaration_without_joins_or_records_has_no_groups_to_show() -> None:
    assert page_joins(Pipeline(modules=(Module("pose"),)), "dev", (), TABLE, None, None) is None
    assert page_joins(PIPELINE, "dev", (), None, None, None) is None
