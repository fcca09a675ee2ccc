"""Values that read like those of real events, by the name of their field."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from random import Random
    from typing import Any

__all__ = ["ENVELOPE_NAMES", "envelope", "plausible_value", "plausible_word"]

ENVELOPE_NAMES = (
    "version",
    "id",
    "detail-type",
    "source",
    "account",
    "time",
    "region",
    "resources",
    "detail",
)
"""What every event on a bus has, in AWS's order. AWS: EventBridge User Guide, "Event structure"."""

_WORDS = ("alpha", "blue", "cedar", "delta", "harbour", "lime", "north", "orbit", "quartz", "river", "stone", "willow")
_NUMBERS = (
    "count",
    "size",
    "amount",
    "price",
    "total",
    "score",
    "age",
    "code",
    "version-number",
    "length",
    "duration",
    "quantity",
)
_CAMEL = re.compile("(?<=[a-z0-9])(?=[A-Z])")
_TYPE_NAMES = frozenset(("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"))


def plausible_word(random: Random) -> str:
    """A short word with a number."""
    return f"{random.choice(_WORDS)}-{random.randrange(1, 100)}"


def plausible_value(path: str, random: Random) -> Any:
    """A value for the field of a path, such as an instant for `time`."""
    names = path.split(".")
    kind = names[-1]
    if kind in _TYPE_NAMES and len(names) > 1:
        if kind == "N":
            return str(random.randrange(1, 1000))
        if kind in ("BOOL", "NULL"):
            return True
        names = names[:-1]
    return _by_name(names[-1], random)


def _by_name(written: str, random: Random) -> Any:
    name = written.lower().replace("_", "-")
    words = _CAMEL.sub("-", written).lower().replace("_", "-").split("-")
    if name == "version":
        return "0"
    if name == "account" or name.endswith(("accountid", "account-id")):
        return "123456789012"
    if "region" in name:
        return random.choice(("eu-central-1", "eu-west-1", "us-east-1"))
    if name == "source":
        return f"com.example.{random.choice(_WORDS)}"
    if name == "detail-type":
        return f"{random.choice(_WORDS).title()} Changed"
    if name.endswith("arn") or name == "resources":
        return f"arn:aws:sqs:eu-central-1:123456789012:{random.choice(_WORDS)}"
    if name == "time" or name.endswith(("time", "timestamp", "date")) or words[1:][-1:] == ["at"]:
        day, hour, minute = random.randrange(1, 29), random.randrange(24), random.randrange(60)
        return f"2025-07-{day:02d}T{hour:02d}:{minute:02d}:00Z"
    if name in ("status", "state", "result"):
        return random.choice(("COMPLETED", "FAILED", "PENDING", "RUNNING"))
    if name == "id" or name.endswith("uuid"):
        parts = (random.getrandbits(4 * digits) for digits in (8, 4, 4, 4, 12))
        return "-".join(f"{part:0{digits}x}" for part, digits in zip(parts, (8, 4, 4, 4, 12), strict=True))
    if "email" in name:
        return f"{random.choice(_WORDS)}@example.com"
    if name in ("ip", "sourceip", "ip-address", "source-ip", "ipaddress", "sourceipaddress"):
        return f"203.0.113.{random.randrange(1, 255)}"
    if name.endswith("url"):
        return f"https://example.com/{random.choice(_WORDS)}"
    if name in ("key", "path", "file", "filename"):
        return f"{random.choice(_WORDS)}/{plausible_word(random)}.json"
    if any(name.endswith(number) for number in _NUMBERS):
        return random.randrange(1, 1000)
    if name == "currency":
        return random.choice(("EUR", "GBP", "USD"))
    if (words[0] in ("is", "has") and len(words) > 1) or name in ("enabled", "active", "deleted"):
        return random.random() < 0.5
    return plausible_word(random)


def envelope(random: Random) -> dict[str, Any]:
    """An event on a bus whose detail is empty."""
    made = {name: plausible_value(name, random) for name in ENVELOPE_NAMES}
    return {**made, "resources": [], "detail": {}}
