"""Recordings of AWS in LocalStack's repository: snapshots of what its tests got when they were run against AWS.

`PERCEPTION_EVENTS_RECORDINGS` is a checkout of github.com/localstack/localstack (its folder `tests` is enough). In a
snapshot what changes from run to run is a placeholder, `<uuid:1>`; the same one is the same value everywhere.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

__all__ = ["ACCOUNT", "REGION", "Recording", "concrete", "differences", "recordings", "template"]

ACCOUNT = "111111111111"
REGION = "us-east-1"

_FILES = {
    "events": (
        *("api_destinations_and_connection", "archive_and_replay", "events", "events_cross_account_region"),
        *("events_inputs", "events_patterns", "events_schedule", "events_tags", "events_targets"),
    ),
    "dynamodbstreams": ("dynamodb_streams",),
    "lambda_/event_source_mapping": (
        *("cfn_resource", "lambda_integration_dynamodbstreams", "lambda_integration_kinesis"),
        "lambda_integration_sqs",
    ),
}
_PLACEHOLDER = re.compile(r"<([a-z0-9-]+(?:-[a-z])?)(?::([^<>]*))?>")
_WORDS = {
    "date": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "sent-timestamp": r"\d+",
    "m-d5-of-body": r"[0-9a-f]{32}",
    **dict.fromkeys(("event-id", "message-id", "receipt-handle", "sender-id", "detail"), r"(?s:.+)"),
}
"""Placeholders that are written without brackets, and what stands there."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One snapshot: `events_inputs::TestInputPath::test_...`, and what was recorded under each name."""

    id: str
    content: Mapping[str, Any]

    @property
    def case(self) -> str:
        """What stands in the brackets of the test's name."""
        return self.id.partition("[")[2][:-1]


def _tests() -> Path:
    folder = os.environ.get("PERCEPTION_EVENTS_RECORDINGS")
    if not folder:
        pytest.skip("PERCEPTION_EVENTS_RECORDINGS names no checkout of LocalStack's repository")
    return Path(folder) / "tests" / "aws" / "services"


def recordings() -> list[Recording]:
    """All snapshots of buses, event source mappings and streams. Skips the test where there are none."""
    found = []
    for folder, names in _FILES.items():
        for name in names:
            path = _tests() / folder / f"test_{name}.snapshot.json"
            for test, snapshot in json.loads(path.read_text(encoding="utf-8")).items():
                found.append(Recording(f"{name}::{test.partition('::')[2]}", snapshot["recorded-content"]))
    return found


def template(name: str) -> dict[str, Any] | None:
    """Event and pattern of a recorded test of a pattern; None where the repository has it no more."""
    path = _tests() / "events" / "event_pattern_templates" / f"{name}.json5"
    if not path.exists():
        return None
    # JSON5 as far as these files use it: comments in lines, and commas before a closing bracket.
    text = re.sub(r'^((?:[^"/\n]|"(?:\\.|[^"\\])*"|/(?!/))*)//.*$', r"\1", path.read_text(encoding="utf-8"), flags=re.M)
    read: dict[str, Any] = json.loads(re.sub(r",(\s*[}\]])", r"\1", text))
    return read


def concrete(value: Any) -> Any:
    """`value` with a value for each placeholder, the same for the same one; sequence numbers in their order."""
    if isinstance(value, dict):
        return {name: concrete(each) for name, each in value.items()}
    if isinstance(value, list):
        return [concrete(each) for each in value]
    if not isinstance(value, str):
        return value
    if value.startswith(("<approximate-arrival-timestamp", "<approximate-creation-datetime")):
        return 1_752_538_268.0
    if value == "sent-timestamp":
        return "1752538268000"
    return _PLACEHOLDER.sub(_concrete, value)


def _concrete(match: re.Match[str]) -> str:
    name, detail = match[1], match[2] or ""
    if name == "sequence-number":
        return str(4_960_000_000 + int(detail))
    return {"region": REGION, "partition": "aws"}.get(name, f"{name}-{detail}")


def differences(recorded: Any, ours: Any, known: dict[str, str] | None = None, at: str = "") -> Iterator[str]:
    """Where `ours` is not what was recorded; a recorded null is what is not there.

    `known`: the values of placeholders so far, shared by comparisons that belong together.
    """
    known = {} if known is None else known
    if isinstance(recorded, dict) and isinstance(ours, dict):
        for name in {**recorded, **ours}:
            if recorded.get(name) is not None or ours.get(name) is not None:
                if name not in ours or name not in recorded:
                    yield f"{at}/{name}: only {'recorded' if name in recorded else 'here'}"
                else:
                    yield from differences(recorded[name], ours[name], known, f"{at}/{name}")
    elif isinstance(recorded, list) and isinstance(ours, list):
        if len(recorded) != len(ours):
            yield f"{at}: {len(recorded)} recorded, {len(ours)} here"
        for number, (one, other) in enumerate(zip(recorded, ours, strict=False)):
            yield from differences(one, other, known, f"{at}/{number}")
    elif isinstance(recorded, str):
        if not _same_text(recorded, ours, known):
            yield f"{at}: recorded {recorded!r}, here {ours!r}"
    elif type(recorded) is not type(ours) or recorded != ours:
        yield f"{at}: recorded {recorded!r}, here {ours!r}"


def _same_text(recorded: str, ours: Any, known: dict[str, str]) -> bool:
    if not isinstance(ours, str):
        whole = _PLACEHOLDER.fullmatch(recorded)
        if whole is None and recorded not in _WORDS:
            return False
        ours = json.dumps(ours)
    pattern, names, end = "", [], 0
    for match in _PLACEHOLDER.finditer(recorded):
        pattern += re.escape(recorded[end : match.start()])
        detail = match[2] or ""
        if match[1] == "timestamp":  # `<timestamp:2022-07-13T13:48:01.000Z>` shows how it is written
            pattern += re.sub(r"\d", r"\\d", re.escape(detail))
        else:
            names.append(match[0] if detail else None)
            pattern += "((?s:.*?))"
        end = match.end()
    pattern += re.escape(recorded[end:])
    found = re.fullmatch(_WORDS.get(recorded, pattern), ours)
    if found is None:
        return False
    return all(
        known.setdefault(name, value) == value for name, value in zip(names, found.groups(), strict=False) if name
    )
