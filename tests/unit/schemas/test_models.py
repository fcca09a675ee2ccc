"""Models written from schemas: they import, type-check, take what they came from and give it back."""

from __future__ import annotations

import builtins
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from perception_events.lambdas import event_handler
from perception_events.models import InvalidRecordError
from perception_events.schemas import (
    EventSchema,
    ModelGeneratorMissingError,
    Number,
    Object,
    Property,
    Reference,
    String,
    aws_catalogue,
    discover,
    example,
    models_source,
)

ALL_MODELS = "PERCEPTION_EVENTS_ALL_MODELS" in os.environ
"""Whether the models of all AWS events are written and type-checked: some minutes."""

pytest.importorskip("datamodel_code_generator", reason="models need the [schemas] extra")


RECORD: dict[str, Any] = {
    "eventSource": "aws:dynamodb",
    "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2025-07-15T00:11:08.000",
    "eventName": "INSERT",
    "dynamodb": {"NewImage": {"order-id": {"S": "o-1"}, "total": {"N": "1"}, "at": {"M": {"x": {"L": []}}}}},
}


def event(detail: Any, detail_type: str = "Order Placed", source: str = "shop") -> dict[str, Any]:
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": detail_type,
        "source": source,
        "account": "123456789012",
        "time": "2025-07-15T00:11:08Z",
        "region": "eu-west-1",
        "resources": ["arn:aws:s3:::bucket"],
        "detail": detail,
    }


SAMPLES = [
    event(
        {
            "order-id": f"o{number}",
            "class": "a",
            "total": 5 if number % 2 else 5.5,
            "status": ["PAID", "PLACED"][number % 2],
            "note": None if number % 3 else "a note",
            "at": "2025-07-15T00:11:08.120+02:00",
            "lines": [{"sku": "s", "count": 2, "to_dict": True}],
            "scores": {f"2025-07-{day:02d}": {"value": day} for day in range(1, 10)},
            "mixed": [1, "1", 1.0, True, None],
            "image": {"site": {"S": "a"}, "n": {"N": "1"}},
            "parse": [],
            **({"model_dump": 1} if number else {}),
            "toDict": 1,
            "_private": "x",
            "2fast": False,
        }
    )
    for number in range(20)
]


def load(source: str) -> ModuleType:
    module = ModuleType("generated_models")
    sys.modules[module.__name__] = module
    exec(compile(source, "generated_models.py", "exec"), module.__dict__)
    return module


def test_models_take_their_samples_and_give_the_identical_json_back() -> None:
    module = load(models_source(discover(SAMPLES)))
    for sample in SAMPLES:
        read = module.OrderPlaced.parse(sample)
        assert json.dumps(read.to_dict(), sort_keys=True) == json.dumps(sample, sort_keys=True)
    assert read.detail.order_id == "o19"
    assert read.detail.lines[0].to_dict() == {"sku": "s", "count": 2, "to_dict": True}


@pytest.mark.parametrize("wrong", [{"status": "LOST"}, {"total": "5"}, {"order-id": 5}, {"lines": [{"sku": "s"}]}])
def test_models_reject_what_the_schema_rejects(wrong: dict[str, Any]) -> None:
    module = load(models_source(discover(SAMPLES)))
    sample = SAMPLES[0]
    with pytest.raises(InvalidRecordError, match=f"detail.{next(iter(wrong))}"):
        module.OrderPlaced.parse({**sample, "detail": {**sample["detail"], **wrong}})
    with pytest.raises(InvalidRecordError, match="detail-type"):
        module.OrderPlaced.parse({**sample, "detail-type": "Order Shipped"})


def test_typed_handlers_use_them_as_they_are() -> None:
    module = load(models_source(discover(SAMPLES)))

    def handle(placed: Any) -> str:
        return f"{placed.detail.order_id}"

    handle.__annotations__["placed"] = module.OrderPlaced
    assert event_handler(handle)(SAMPLES[3], None) == "o3"


def test_the_module_is_the_same_whatever_the_order_of_the_schemas() -> None:
    schemas = discover([*SAMPLES, event({"a": 1}, "Order Shipped"), event({"a": 1}, "Order Shipped", "other")])
    assert models_source(schemas) == models_source(list(reversed(schemas)))


def test_names_are_told_apart_by_source() -> None:
    source = models_source(discover([event({"a": 1}), event({"a": 1}, source="aws.other"), event({}, "order placed")]))
    assert "class ShopOrderPlaced(EventBridgeEvent[ShopOrderPlacedDetail]):" in source
    assert "class OtherOrderPlaced(EventBridgeEvent[OtherOrderPlacedDetail]):" in source
    assert "class ShopOrderPlaced2(EventBridgeEvent[ShopOrderPlaced2Detail]):" in source


def test_recursive_and_scalar_details_have_models() -> None:
    node = Object((Property("name", String()), Property("child", Reference("Node"), required=False)))
    module = load(
        models_source(
            [
                EventSchema.of_detail("shop", "Tree", Reference("Node"), {"Node": node}),
                EventSchema.of_detail("shop", "Count", Number(integer=True, minimum=1)),
            ]
        )
    )
    tree = event({"name": "a", "child": {"name": "b"}}, "Tree")
    assert module.Tree.parse(tree).detail.child.name == "b"
    assert module.Count.parse(event(5, "Count")).to_dict()["detail"] == 5
    with pytest.raises(InvalidRecordError):
        module.Count.parse(event(0, "Count"))


def test_a_detail_that_is_only_a_reference_to_itself_has_a_model_that_takes_anything() -> None:
    schema = EventSchema.of_detail("shop", "Loop", Reference("a"), {"a": Reference("b"), "b": Reference("a")})
    assert load(models_source([schema])).Loop.parse(event({"x": 1}, "Loop")).to_dict()["detail"] == {"x": 1}


def test_models_of_aws_events_take_examples_of_them() -> None:
    schemas = [schema for (source, _), schema in aws_catalogue().items() if ALL_MODELS or source == "aws.s3"]
    module = load(models_source(schemas))
    models: dict[tuple[str, str], Any] = {}
    for model in vars(module).values():
        fields = getattr(model, "model_fields", {})
        if "detail_type" in fields and model.__module__ == module.__name__:
            models[fields["source"].annotation.__args__[0], fields["detail_type"].annotation.__args__[0]] = model
    for schema in schemas:
        sample = example(schema, seed=3)
        assert json.dumps(
            models[schema.source, schema.detail_type].parse(sample).to_dict(), sort_keys=True
        ) == json.dumps(sample, sort_keys=True)


def test_the_module_is_typed_and_formatted(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy and ruff are part of the [dev] extra")
    path = tmp_path / "models.py"
    schemas = [*(aws_catalogue().values() if ALL_MODELS else discover(SAMPLES)), *discover([RECORD])]
    path.write_text(models_source(schemas), encoding="utf-8")
    mypy = ["mypy", "--strict", "--no-error-summary", "--cache-dir", str(tmp_path / "cache"), str(path)]
    for command in (
        *([mypy] if ALL_MODELS else []),  # it takes several seconds
        ["ruff", "format", "--check", "--isolated", "--line-length", "120", str(path)],
        ["ruff", "check", "--isolated", "--select", "F,I", "--line-length", "120", str(path)],
    ):
        if command[1:2] == ["check"]:
            command[2:2] = ["--config", 'lint.isort.known-first-party = ["perception_events"]']
        done = subprocess.run(
            [sys.executable, "-m", *command], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *arguments: Any, **more: Any) -> Any:
        if name.startswith("datamodel_code_generator"):
            raise ModuleNotFoundError(name)
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ModelGeneratorMissingError, match=r"pip install 'perception-events\[schemas\]'"):
        models_source(discover(SAMPLES))
