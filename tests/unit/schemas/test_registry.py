"""A registry is a folder: versions are numbered, and an event that fits adds none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from perception_events.schemas import InvalidSchemaError, SchemaFormat, SchemaRegistry, UpdateKind, read_schemas


def event(detail: Any, detail_type: str = "Order Placed") -> dict[str, Any]:
    envelope = dict.fromkeys(("version", "id", "account", "time", "region"), "x")
    return {**envelope, "source": "shop", "detail-type": detail_type, "resources": [], "detail": detail}


@pytest.mark.parametrize("format", SchemaFormat)
def test_only_events_that_do_not_fit_make_a_version(tmp_path: Path, format: SchemaFormat) -> None:
    registry, updates = SchemaRegistry().learn([event({"a": 1, "b": "x"})])
    assert [update.kind for update in updates] == [UpdateKind.ADDED]
    assert [path.name for path in registry.save(tmp_path, format)] == ["shop@OrderPlaced.v1.json"]

    registry, updates = SchemaRegistry.load(tmp_path).learn([event({"a": 2, "b": "y"})])
    assert [update.kind for update in updates] == [UpdateKind.UNCHANGED]
    assert registry.save(tmp_path, format) == []

    registry, updates = SchemaRegistry.load(tmp_path).learn([event({"a": 3, "b": "y"}), event({"a": 2.5, "c": []})])
    assert [update.kind for update in updates] == [UpdateKind.NEW_VERSION]
    assert [path.name for path in registry.save(tmp_path, format)] == ["shop@OrderPlaced.v2.json"]

    (newest,) = read_schemas(tmp_path)
    assert (newest.version, newest.samples) == (2, 3)
    for detail in ({"a": 1, "b": "x"}, {"a": 2.5, "c": []}, {"a": 3, "b": "y"}):
        assert newest.accepts(event(detail))
    assert len(SchemaRegistry.load(tmp_path).versions("shop", "Order Placed")) == 2


def test_detail_types_whose_names_are_alike_have_files_of_their_own(tmp_path: Path) -> None:
    registry, _ = SchemaRegistry().learn([event({}, "Order Placed"), event({}, "orderplaced"), event({}, "../../x")])
    paths = registry.save(tmp_path)
    assert len({path.name.casefold() for path in paths}) == 3
    assert all(path.parent == tmp_path for path in paths)
    assert SchemaRegistry.load(tmp_path).schemas == registry.schemas


def test_a_downloaded_schema_takes_its_events_from_the_file_name(tmp_path: Path) -> None:
    path = tmp_path / "shop@OrderPlaced-v2.json"
    path.write_text(json.dumps({"type": "object", "properties": {"a": {"type": "string"}}}), encoding="utf-8")
    (schema,) = read_schemas(path)
    assert (schema.source, schema.detail_type, schema.version) == ("shop", "OrderPlaced", 2)


def test_a_file_that_is_not_a_schema_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]", encoding="utf-8")
    with pytest.raises(InvalidSchemaError, match=r"a\.json: a schema document is a JSON object"):
        SchemaRegistry.load(tmp_path)
    (tmp_path / "a.json").write_bytes(b"\xff")
    with pytest.raises(InvalidSchemaError, match=r"a\.json: it is not UTF-8 text"):
        read_schemas(tmp_path / "a.json")
    with pytest.raises(InvalidSchemaError, match="not a folder"):
        SchemaRegistry.load(tmp_path / "none")
