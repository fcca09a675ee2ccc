"""records.jsonl is what a real stream says: the script that recorded it is run again and compared."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from support.dynamodb_local import start_dynamodb_local

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "perception_pipeline"
VOLATILE = ("eventID", "eventSourceARN", "awsRegion")


def recorder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("record_stream", EXAMPLE / "record_stream.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def without_what_changes(record: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in record.items() if name not in VOLATILE}
    change = {n: v for n, v in record["dynamodb"].items() if n not in ("SequenceNumber", "ApproximateCreationDateTime")}
    return {**kept, "dynamodb": change}


def in_the_file() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (EXAMPLE / "records.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_file_has_every_kind_of_record() -> None:
    records = in_the_file()
    assert records[0] == recorder().SAMPLE_RECORD
    assert {r["eventName"] for r in records} == {"INSERT", "MODIFY", "REMOVE"}
    keys = {r["dynamodb"]["Keys"]["date#event_type"]["S"] for r in records}
    assert {key.split("#")[1] for key in keys} >= {"pose", "recon", "preprocessing", "reid", "postprocessing"}
    assert {r["dynamodb"]["Keys"]["site"]["S"] for r in records} == {"test_site", "haemoro_1x2"}


@pytest.mark.java
def test_a_real_stream_says_the_same_again() -> None:
    with start_dynamodb_local() as database:
        recorded = recorder().record(database.client(), database.client("dynamodbstreams"))
    assert list(map(without_what_changes, recorded)) == list(map(without_what_changes, in_the_file()))
