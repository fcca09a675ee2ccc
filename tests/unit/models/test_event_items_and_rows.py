"""`models.EventItem` and `aws.event_items.EventRow` are two views of one row: both read and write it alike."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perception_events.attribute_values import image_from_python, image_to_python
from perception_events.aws.event_items import EventRow, InvalidRowError
from perception_events.event_status import EventStatus
from perception_events.item_names import ItemNames
from perception_events.models import EventItem, InvalidRecordError
from perception_events.sort_keys import KeyFormat

TABLES = (
    ItemNames(),
    ItemNames("tenant", "sk", "gone_at", "state", ("DONE", "PAID"), ("OPEN",), ("LOST",), KeyFormat("created", False)),
    ItemNames("tenant", "sk", done=("DONE",), key_format=KeyFormat(None)),
)
KEYS = {None: "order#A17", "date": "2025-07-15#order#A17", "created": "2026-02-03T10:11:12Z#order#A17"}
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["total", "note", "lines", "paid"]),
    st.one_of(
        st.text(max_size=5),
        st.decimals(-1000, 1000, places=2),
        st.booleans(),
        st.lists(st.text(max_size=3), max_size=3),
    ),
    max_size=3,
)


def model(names: ItemNames) -> type[EventItem]:
    class Item(EventItem, names=names):
        pass

    return Item


MODELS = {id(names): model(names) for names in TABLES}


@given(
    st.sampled_from(TABLES),
    st.text(min_size=1, max_size=8),
    st.sampled_from(list(EventStatus)),
    st.none() | st.integers(1_600_000_000, 2_000_000_000),
    ATTRIBUTES,
)
def test_a_row_is_the_same_read_and_written_by_either(
    names: ItemNames, site: str, status: EventStatus, expires_at: int | None, attributes: dict[str, Any]
) -> None:
    row = EventRow.from_item(
        {
            names.partition_key: site,
            names.sort_key: KEYS[names.key_format.prefix],
            names.status_attribute: names.status_texts(status)[-1],
            **({} if expires_at is None else {names.ttl_attribute: Decimal(expires_at)}),
            **attributes,
        },
        names,
    )
    image = image_from_python(row.to_item(names))
    item = MODELS[id(names)].from_image(image)
    assert (item.site, item.key, item.status, item.expires_at) == (row.site, row.sort_key, row.status, row.expires_at)
    assert EventRow.from_item(image_to_python(item.to_image()), names) == row


@pytest.mark.parametrize(
    "change",
    [{"status": "LOST"}, {"date#event_type": "yesterday#pose"}, {"site": None}, {"date#event_type": "2025-07-15"}],
)
def test_what_is_not_a_row_is_one_to_neither(change: dict[str, Any]) -> None:
    values = {"site": "haemoro_1x2", "date#event_type": "2025-07-15#pose#sync001#cam1", "status": "COMPLETED"} | change
    with pytest.raises(InvalidRowError):
        EventRow.from_item(values, ItemNames())
    with pytest.raises(InvalidRecordError):
        EventItem.from_image(image_from_python(values))
