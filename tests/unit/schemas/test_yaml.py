"""Schemas in YAML: read as their JSON is, and rejected in one line where they cannot be."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any

import pytest

from perception_events.schemas import (
    EventSchema,
    InvalidSchemaError,
    Number,
    Object,
    Property,
    SchemaFormat,
    String,
    YAMLMissingError,
    document_of,
    read_schemas,
)

yaml = pytest.importorskip("yaml", reason="YAML needs the extra [schemas]")

SCHEMA = EventSchema.of_detail(
    "shop.orders",
    "Order Placed",
    Object((Property("state", String(values=("PAID", "on", "2025-07-15"))), Property("total", Number(minimum=1.5)))),
)


@pytest.mark.parametrize("format", list(SchemaFormat))
@pytest.mark.parametrize("suffix", ["yaml", "yml"])
def test_yaml_reads_as_its_json_does(format: SchemaFormat, suffix: str, tmp_path: Path) -> None:
    document = document_of(SCHEMA, format)
    (tmp_path / f"orders.{suffix}").write_text(yaml.safe_dump(document), encoding="utf-8")
    (tmp_path / "orders.json").write_text(json.dumps(document), encoding="utf-8")
    (found,) = read_schemas(tmp_path / f"orders.{suffix}")
    assert [found] == read_schemas(tmp_path / "orders.json")
    assert (found.source, found.detail_type) == ("shop.orders", "Order Placed")


def test_a_folder_may_hold_both_and_versions_count_across_them(tmp_path: Path) -> None:
    for number, suffix in ((1, "json"), (2, "yaml")):
        document = document_of(SCHEMA)
        text = json.dumps(document) if suffix == "json" else yaml.safe_dump(document)
        (tmp_path / f"shop.orders@OrderPlaced.v{number}.{suffix}").write_text(text, encoding="utf-8")
    (found,) = read_schemas(tmp_path)
    assert found.version == 2


def test_dates_stay_texts_and_numbers_as_names_become_texts(tmp_path: Path) -> None:
    text = """\
type: object
x-amazon-events-source: shop
x-amazon-events-detail-type: Order
properties:
  day: {type: string, enum: [2025-07-15]}
  200: {type: integer}
"""
    (tmp_path / "order.yaml").write_text(text, encoding="utf-8")
    (found,) = read_schemas(tmp_path)
    assert isinstance(found.detail, Object)
    assert found.detail.get("day") == Property("day", String(values=("2025-07-15",)), required=False)
    assert found.detail.get("200") is not None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: [1", "line 1: it is not YAML"),
        ("a: &x [1]\nb: *x\n", r"line 2: it has an alias \(\*x\)"),
        ("!!python/object/apply:os.system [ls]", "line 1: it is not YAML"),
        ("? [1, 2]\n: 3\n", "it holds what JSON cannot|it is not YAML"),
        ("- 1\n", "a schema document is a JSON object"),
        ("[" * 300, "nested too deep"),
        ("a: \x07", "it is not YAML"),
    ],
)
def test_what_is_no_schema_is_one_line(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidSchemaError, match=reason) as raised:
        read_schemas(path)
    assert "bad.yaml" in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_without_pyyaml_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_yaml(name: str, *arguments: Any, **more: Any) -> Any:
        if name == "yaml":
            raise ModuleNotFoundError(name)
        return real(name, *arguments, **more)

    (tmp_path / "order.yaml").write_text("type: object", encoding="utf-8")
    monkeypatch.setattr(builtins, "__import__", without_yaml)
    with pytest.raises(YAMLMissingError, match=r"perception-events\[schemas\]"):
        read_schemas(tmp_path)


def test_functions_of_a_template_are_read(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(
        "Resources:\n"
        "  Placed:\n"
        "    Type: AWS::EventSchemas::Schema\n"
        "    Properties:\n"
        "      RegistryName: !GetAtt Registry.RegistryName\n"
        "      SchemaName: shop@Placed\n"
        '      Content: !Sub \'{"type": "object", "properties": {"id": {"type": "string"}}}\'\n',
        encoding="utf-8",
    )
    (schema,) = read_schemas(template)
    assert schema.name == "shop@Placed"
