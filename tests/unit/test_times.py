"""Times: seconds, datetimes and texts are read, every other unit is rejected by its name, and nothing hangs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from perception_events.times import InvalidTimeError, from_iso, read_time, to_iso, to_iso_seconds

SEOUL = timezone(timedelta(hours=9))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1752538268, 1752538268.0),
        (1752538268.25, 1752538268.25),
        (Decimal("1752538268"), 1752538268.0),
        ("1752538268", 1752538268.0),
        ("1.46480646E9", 1464806460.0),
        ("2020-04-23T12:00:00+00:00", 1587643200.0),
        ("2020-04-23T12:00:00Z", 1587643200.0),
        ("2020-04-23T21:00:00.500+09:00", 1587643200.5),
        (datetime(2020, 4, 23, 12, tzinfo=UTC), 1587643200.0),
        (datetime(2020, 4, 23, 21, tzinfo=SEOUL), 1587643200.0),
        (0, 0.0),
        (99_999_999_999, 99_999_999_999.0),
    ],
)
def test_seconds_datetimes_and_texts_are_read(value: Any, seconds: float) -> None:
    assert read_time(value) == seconds


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (1654699573622, "this is milliseconds: 1654699573.622 s"),
        ("1654699573622", "this is milliseconds"),
        (100_000_000_000, "this is milliseconds"),
        (1654699573622000, "this is microseconds: 1654699573.622 s"),
        (1654699573622000000, "this is nanoseconds: 1654699573.622 s"),
        (1e30, "after every date"),
        (float("inf"), "finite"),
        (float("nan"), "finite"),
        (Decimal("NaN"), "finite"),
        ("inf", "finite"),
        (-1, "not before 1970"),
        (True, "found bool True"),
        (None, "found NoneType None"),
        ("yesterday", "found str 'yesterday'"),
        ("2020-04-23T12:00:00", "a time zone"),
        (datetime(2020, 4, 23), "a time zone"),
        (datetime(1, 1, 1, tzinfo=UTC), "1970"),
        ([1], "found list"),
        ("9" * 10_000, "found str '999"),
    ],
)
def test_everything_else_is_rejected_by_name(value: Any, says: str) -> None:
    with pytest.raises(InvalidTimeError, match="the field: expected ") as caught:
        read_time(value, "the field")
    assert says in str(caught.value)
    assert len(str(caught.value)) < 300


def test_an_int_of_many_digits_is_no_trouble() -> None:
    with pytest.raises(InvalidTimeError, match="after every date, found int of 16610 bits"):
        read_time(10**5000)


def test_times_are_written_as_the_services_write_them() -> None:
    assert to_iso(1752538268.0004) == "2025-07-15T00:11:08.000Z"
    assert to_iso_seconds(1752538268.9) == "2025-07-15T00:11:08Z"
    assert from_iso(to_iso(1752538268.25)) == 1752538268.25
    with pytest.raises(InvalidTimeError, match="found int 5"):
        from_iso(5)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize("write", [to_iso, to_iso_seconds])
@pytest.mark.parametrize(
    "at",
    [1e30, -1e30, float("nan"), float("inf"), 10**400, Decimal("1E+999999"), None, "1", b"1", [1]],
    ids=lambda at: repr(at)[:20],
)
def test_what_no_date_has_is_not_written(write: Any, at: Any) -> None:
    with pytest.raises(InvalidTimeError, match="the time: expected seconds since the epoch"):
        write(at)
