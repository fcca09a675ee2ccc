"""What joins group by, held against the modules' items and the pipe's templates."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from pydantic import BaseModel

from perception_events.aggregation import ItemAttribute, Join
from perception_events.models import EventItem
from perception_events.pipeline import EnrichmentSettings, Module, Pipeline, PipeSettings, TableSettings
from perception_events.pipeline.checks import check_pipeline
from perception_events.schemas import SupportsJSONSchema
from perception_events.sort_keys import KeyFormat


class Shipping(BaseModel):
    carrier: str


class Parcel(EventItem):
    customer: str
    weight: Decimal = Decimal(0)
    shipping: Shipping | None = None
    lines: list[str] | None = None


def pipeline(*group_by: str | ItemAttribute, item: SupportsJSONSchema | None = Parcel) -> Pipeline:
    join = Join(on="parcel", group_by=group_by, expects=2, trigger=("invoice",))
    parcel = Module("parcel", targets=("aggregate_parcel",), joins=(join,), parts=("parcel",), item=item)
    return Pipeline(modules=(parcel, Module("invoice")))


def found(declared: Pipeline) -> list[tuple[str, str, str]]:
    findings = check_pipeline(declared)
    return [(f.identifier, str(f.location), f.reason) for f in findings if f.identifier in ("PE405", "PE406")]


@pytest.mark.parametrize(
    ("attribute", "says"),
    [
        (ItemAttribute("custmer"), "Parcel has no 'custmer'"),
        (ItemAttribute("shipping", "carier"), "Parcel has no 'shipping.carier'"),
        (ItemAttribute("customer", "id"), "Parcel has no 'customer.id'"),
        (ItemAttribute("lines"), "in Parcel it is neither a text nor a number nor a boolean"),
        (ItemAttribute("shipping"), "in Parcel it is neither a text nor a number nor a boolean"),
    ],
)
def test_an_attribute_that_the_modules_items_do_not_have_is_found(attribute: ItemAttribute, says: str) -> None:
    assert found(pipeline("site", attribute)) == [
        ("PE405", "modules[parcel].item", f"join 'parcel' groups by {str(attribute)!r}; {says}")
    ]
    assert found(pipeline("site", attribute, item=None)) == []


@pytest.mark.parametrize(
    "attribute", [ItemAttribute("customer"), ItemAttribute("weight"), ItemAttribute("shipping", "carrier")]
)
def test_attributes_that_the_items_have_are_not_found(attribute: ItemAttribute) -> None:
    assert found(pipeline("site", attribute)) == []


@pytest.mark.parametrize(
    ("settings", "field", "says"),
    [
        (
            {"enrichment_input_template": '{"dynamodb": {"Keys": <$.dynamodb.Keys>}}'},
            "enrichment_input_template",
            "the item has no 'customer'; it has: ",
        ),
        (
            {"target_input_template": '{"status": <$.dynamodb.NewImage.status.S>}'},
            "target_input_template",
            "the event has no 'dynamodb' object",
        ),
    ],
)
def test_a_template_that_drops_what_the_join_reads_is_found(settings: dict[str, str], field: str, says: str) -> None:
    declared = replace(pipeline("site", ItemAttribute("customer")), pipe=PipeSettings(**settings))  # type: ignore[arg-type]
    ((identifier, location, reason),) = found(declared)
    assert (identifier, location) == ("PE406", f"pipe.{field}")
    assert says in reason


def test_what_a_function_of_ones_own_makes_is_not_guessed() -> None:
    settings = PipeSettings(target_input_template='{"status": <$.status>, "kind": <$.kind>}')
    own = EnrichmentSettings(lambda items: items, adds=("kind",))
    assert found(replace(pipeline("site", ItemAttribute("customer")), pipe=settings, enrichment=own)) == []


@pytest.mark.parametrize("key_format", [KeyFormat(None), KeyFormat("created", dated=False)])
def test_tables_of_other_keys_are_checked_with_keys_of_theirs(key_format: KeyFormat) -> None:
    table = TableSettings(partition_key="tenant", sort_key="sk", key_format=key_format)
    assert found(replace(pipeline("site", "parcel", ItemAttribute("customer")), table=table)) == []
