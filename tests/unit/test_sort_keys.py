"""Sort keys: parsed into parts, formatted back to the identical text, ordered as DynamoDB orders."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perception_events.sort_keys import InvalidSortKeyError, SortKey


def test_the_seeds_pose_key_has_named_parts() -> None:
    key = SortKey.parse("2025-07-15#pose#sync001#cam3")
    assert key.date == datetime.date(2025, 7, 15)
    assert key.event_type == "pose"
    assert key.segments == ("pose", "sync001", "cam3")
    assert (key.part("sync"), key.part("camera"), key.part("lens")) == ("sync001", "cam3", None)


def test_a_part_that_is_not_there_is_none() -> None:
    assert SortKey.parse("2024-10-28#preprocessing").part("sync") is None
    assert SortKey.parse("2024-10-28#recon#sync007").part("camera") is None


def test_names_can_be_given_per_event_type() -> None:
    key = SortKey.parse("2024-10-28#thermal#north", names={"thermal": ("sensor",)})
    assert key.part("sensor") == "north"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "must start with a date"),
        ("2025-07-15", "ends after the date"),
        ("2025-07-15#", "event type is empty"),
        ("2025-07-15#pose##cam3", "segment 3 is empty"),
        ("2025-02-30#pose", "not a day of the calendar"),
        ("20250715#pose", "must start with a date"),
        ("2025-7-15#pose", "must start with a date"),
        ("pose#2025-07-15", "must start with a date"),
        ("２０２５-07-15#pose", "must start with a date"),
    ],
)
def test_malformed_keys_say_why(text: str, why: str) -> None:
    with pytest.raises(InvalidSortKeyError, match=why):
        SortKey.parse(text)


def test_a_segment_cannot_hold_the_separator() -> None:
    with pytest.raises(InvalidSortKeyError, match="holds '#'"):
        SortKey.of(datetime.date(2025, 7, 15), "pose", "a#b")


segments = st.text(st.characters(exclude_characters="#", exclude_categories=["Cs"]), min_size=1, max_size=8)
keys = st.builds(lambda d, p: "#".join((d.isoformat(), *p)), st.dates(), st.lists(segments, min_size=1, max_size=5))


@given(keys)
def test_formats_back_to_the_identical_text(text: str) -> None:
    assert SortKey.parse(text).format() == text == str(SortKey.parse(text))


@given(keys, keys)
def test_orders_by_utf8_bytes(a: str, b: str) -> None:
    assert (SortKey.parse(a) < SortKey.parse(b)) == (a.encode() < b.encode())
    assert (SortKey.parse(a) == SortKey.parse(b)) == (a == b)
