"""`perception-events schema ...`, as a user runs it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from perception_events.cli.app import app
from perception_events.schemas import read_schemas


def run(*arguments: str | Path, input: str | None = None) -> Result:
    return CliRunner().invoke(app, ["schema", *map(str, arguments)], input=input)


def event(detail: Any, detail_type: str = "Order Placed") -> dict[str, Any]:
    envelope = dict.fromkeys(("version", "id", "account", "time", "region"), "x")
    return {**envelope, "source": "shop", "detail-type": detail_type, "resources": [], "detail": detail}


def lines(path: Path, *values: Any) -> Path:
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    return path


@pytest.mark.parametrize("format", ["openapi", "draft4", "2020-12"])
def test_infer_makes_a_registry_and_adds_versions_only_where_events_do_not_fit(tmp_path: Path, format: str) -> None:
    registry = tmp_path / "schemas"
    first = lines(tmp_path / "1.jsonl", event({"id": 1}), event({"id": 2, "note": "x"}))
    done = run("infer", first, "-o", registry, "--format", format)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"shop@OrderPlaced: added, version 1, 2 events\n1 files written to {registry}\n"
    assert run("infer", first, "-o", registry).stdout.startswith("shop@OrderPlaced: unchanged, version 1, 2 events\n0 ")
    second = lines(tmp_path / "2.jsonl", event({"id": "three"}))
    done = run("infer", second, "-o", registry, "--format", format)
    assert done.stdout.startswith("shop@OrderPlaced: new version, version 2, 3 events\n1 ")
    assert read_schemas(registry)[0].accepts(event({"id": 5}))


def test_infer_reads_entries_lists_records_and_standard_input(tmp_path: Path) -> None:
    entries = {"Entries": [{"Source": "shop", "DetailType": "A", "Detail": '{"a": 1}'}]}
    (tmp_path / "entries.json").write_text(json.dumps(entries, indent=1), encoding="utf-8")
    records = {"Records": [{"eventName": "INSERT", "dynamodb": {"Keys": {"id": {"S": "1"}}}}]}
    (tmp_path / "records.json").write_text(json.dumps(records), encoding="utf-8")
    done = run("infer", tmp_path, "-", "-o", tmp_path / "out", input=json.dumps([event({}, "B")]))
    assert done.exit_code == 0, done.output
    assert [line.split(":")[0] for line in done.stdout.splitlines()[:-1]] == ["aws", "shop@A", "shop@B"]


def test_infer_says_what_it_could_not_read_and_reads_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps(event({"a": 1})) + '\n{"a": 1}\nnot json\n[5]\n', encoding="utf-8")
    done = run("infer", path, tmp_path / "none.json", "-o", tmp_path / "out")
    assert done.exit_code == 2
    assert "shop@OrderPlaced: added" in done.stdout
    for part in (
        ":2: not an EventBridge event",
        ":3: is not JSON",
        ":4: is a int, an event is",
        "none.json: cannot be opened",
    ):
        assert part in done.stderr


@pytest.fixture
def versions(tmp_path: Path) -> tuple[Path, Path]:
    for name, detail in (("old", {"id": 1, "state": "x"}), ("new", {"id": 1, "status": "x"})):
        done = run("infer", lines(tmp_path / f"{name}.jsonl", event(detail)), "-o", tmp_path / name)
        assert done.exit_code == 0, done.output
    return tmp_path / "old", tmp_path / "new"


def test_diff_names_changes_broken_consumers_and_rules(versions: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = versions
    rules = tmp_path / "rules.json"
    rules.write_text(
        json.dumps({"on-state": {"detail": {"state": ["x"]}}, "any": {"source": ["shop"]}}), encoding="utf-8"
    )
    done = run("diff", old, new, "--rules", rules)
    assert done.exit_code == 1
    assert "detail.state was removed (renamed to detail.status?) [field-removed]" in done.stdout
    assert "rule on-state: it can no longer match: detail.state" in done.stdout
    assert "rule any" not in done.stdout
    assert done.stdout.endswith("2 changes, 2 of them breaking\n")
    printed = json.loads(run("diff", old, new, "--format", "json").stdout)
    assert [(change["kind"], change["path"]) for change in printed] == [
        ("field-removed", "detail.state"),
        ("field-added", "detail.status"),
    ]
    assert "state" not in printed[0]["newEventThatOldConsumersReject"]["detail"]


def test_diff_exits_by_whom_it_breaks(versions: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = versions
    assert run("diff", old, old).exit_code == 0
    assert run("diff", old, new, "--fail-on", "rules").exit_code == 0
    more = lines(tmp_path / "more.jsonl", event({"id": 1, "state": "x", "extra": 1}))
    run("infer", more, "-o", tmp_path / "more")
    assert run("diff", old, tmp_path / "more", "--fail-on", "old-consumers").exit_code == 0
    assert run("diff", old, tmp_path / "more", "--fail-on", "new-consumers").exit_code == 1
    assert run("diff", old, tmp_path / "nowhere").exit_code == 2


MODULE = """\
from typing import Literal
from perception_events.models import EventBridgeEvent, WireModel

class Order(WireModel):
    id: str
    state: str

class OrderPlaced(EventBridgeEvent[Order]):
    source: Literal["shop"]
    detail_type: Literal["Order Placed"]
"""


def test_diff_compares_a_handlers_model_with_what_producers_put_and_nothing_around_it(
    versions: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop_handlers.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "shop_number_handlers.py").write_text(MODULE.replace("id: str", "id: int"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("shop_handlers", "shop_number_handlers"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    done = run("diff", "shop_handlers:OrderPlaced", versions[0])
    assert done.exit_code == 1
    assert "detail.id was string, is integer [type-changed]" in done.stdout
    done = run("diff", "shop_number_handlers:OrderPlaced", versions[0])
    assert (done.exit_code, done.stdout) == (0, "0 changes, 0 of them breaking\n")
    done = run("diff", "shop_handlers:Other", versions[0])
    assert (done.exit_code, "the model shop_handlers:Other: shop_handlers has no 'Other'" in done.stderr) == (2, True)


def test_example_prints_the_same_valid_events_for_the_same_seed(versions: tuple[Path, Path]) -> None:
    done = run("example", versions[0], "--seed", "5", "--count", "3")
    assert done.stdout == run("example", versions[0], "--seed", "5", "--count", "3").stdout
    (schema,) = read_schemas(versions[0])
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(events) == 3
    assert all(map(schema.accepts, events))
    assert json.loads(run("example", "aws", "--name", "aws.s3@ObjectCreated").stdout)["source"] == "aws.s3"
    assert run("example", "aws", "--name", "aws.s3@None").exit_code == 2


def test_models_are_written_to_a_file(versions: tuple[Path, Path], tmp_path: Path) -> None:
    pytest.importorskip("datamodel_code_generator", reason="models need the [schemas] extra")
    done = run("models", versions[0], "-o", tmp_path / "models.py")
    assert done.exit_code == 0, done.output
    text = (tmp_path / "models.py").read_text(encoding="utf-8")
    assert "class OrderPlaced(EventBridgeEvent[OrderPlacedDetail]):" in text
    assert run("models", versions[0]).stdout == text
    assert "StrictInt | None = None" in run("models", versions[0], "--relaxed").stdout
    assert run("models", tmp_path / "nowhere").exit_code == 2
