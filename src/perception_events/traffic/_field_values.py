"""A sample of recorded lines -> the values that the fields have which rules and filters name.

The sample is chosen by numbers that follow from file and line alone, so that it is the same however the traffic is cut,
and whatever the number of processes.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from perception_events.patterns import Dialect, EventPattern
from perception_events.traffic._blocks import Block
from perception_events.traffic._sample import MAX_SAMPLE
from perception_events.traffic._smallest import SmallestKeys

__all__ = ["MAX_SAMPLED", "FieldValues", "SampleKey", "add_sample", "fields_of", "leaves_at", "pattern_paths"]

MAX_SAMPLED = 2000
"""Lines."""
_MAX_VALUE = 120
_MOST_VALUES = 10
_TEXT = json.JSONEncoder(ensure_ascii=False).encode
_MASK = 2**32 - 1
_MISSING = object()
_STEP = 2654435761
"""2**32 by the golden ratio: its multiples are spread evenly."""
SampleKey: TypeAlias = tuple[int, str, int]
"""What orders the sample; file and line."""


@dataclass(frozen=True, slots=True)
class FieldValues:
    """What a field had in the sample.

    `path`: the field. `events`: events (records) of the sample that have it. `distinct`: how many values it had there.
    `values`: the most frequent: the value as JSON, its events, and those of them that a rule (a filter) took.
    """

    path: str
    events: int
    distinct: int
    values: tuple[tuple[str, int, int], ...]


def add_sample(
    sample: SmallestKeys[bytes], block: Block, numbers: Sequence[int], texts: Sequence[bytes], *, slack: int
) -> None:
    """Add those lines of a block that belong to the sample; one of more than `MAX_SAMPLE` counts as empty."""
    most = _MASK if sample.bound is None else sample.bound[0]
    found: Iterable[tuple[int, int, bytes]]
    if block.values:  # many may be in one line
        found = [(zlib.crc32(text), number, text) for number, text in zip(numbers, texts, strict=True)]
    else:
        base = zlib.crc32(block.file.encode(errors="replace"))
        chosen = [at for at, number in enumerate(numbers) if (base + number * _STEP) & _MASK <= most]
        found = [((base + numbers[at] * _STEP) & _MASK, numbers[at], texts[at]) for at in chosen]
    for key, number, text in found:
        if key <= most:
            sample.table[key, block.file, number] = text if len(text) <= MAX_SAMPLE else b""
    sample.trim(_one, slack=slack)


def _one(text: bytes) -> int:
    return 1


def pattern_paths(patterns: Iterable[str], dialect: Dialect = Dialect.EVENT_BUS) -> list[str]:
    """The fields that patterns name, in order of names."""
    parsed = [EventPattern.parse(text, dialect=dialect) for text in patterns]
    return sorted({path for pattern in parsed for rule in pattern.sub_rules for path, _ in rule.fields})


def fields_of(paths: Iterable[str], sample: Sequence[tuple[dict[str, Any], bool]]) -> list[FieldValues]:
    """For each path that an event of the sample has: its values; `sample` has events, and whether they are taken."""
    found = []
    for path in paths:
        events: Counter[str] = Counter()
        taken: Counter[str] = Counter()
        with_field = 0
        steps = path.split(".")
        for event, is_taken in sample:
            node: Any = event
            for step in steps:
                node = node.get(step, _MISSING) if type(node) is dict else _MISSING
            # Nearly all are texts.
            values = {_shown(leaf) for leaf in ([node] if type(node) is str else leaves_at(event, steps))}
            with_field += bool(values)
            events.update(values)
            if is_taken:
                taken.update(values)
        if with_field:
            most = sorted(events.items(), key=lambda item: (-item[1], item[0]))[:_MOST_VALUES]
            found.append(FieldValues(path, with_field, len(events), tuple((v, n, taken[v]) for v, n in most)))
    return found


def leaves_at(value: Any, steps: Sequence[str]) -> Iterator[Any]:
    """The leaves at a path of an event, those in arrays included."""
    if isinstance(value, list):
        for member in value:
            yield from leaves_at(member, steps)
    elif not steps:
        if not isinstance(value, dict):
            yield value
    elif isinstance(value, dict) and steps[0] in value:
        yield from leaves_at(value[steps[0]], steps[1:])


def _shown(leaf: Any) -> str:
    text = _TEXT(leaf)
    return text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 3] + "..."
