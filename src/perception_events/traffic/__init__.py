"""Recorded traffic: files of events and stream records -> what rules cover, and what a change of rules changes."""

from __future__ import annotations

from perception_events.traffic._blocks import MAX_LINE, STANDARD_INPUT, Block, UnreadableInput, read_blocks
from perception_events.traffic._entries import FoundEvent, FoundRecord
from perception_events.traffic._reading import read_events, read_records, read_traffic

__all__ = [
    "MAX_LINE",
    "STANDARD_INPUT",
    "Block",
    "FoundEvent",
    "FoundRecord",
    "UnreadableInput",
    "read_blocks",
    "read_events",
    "read_records",
    "read_traffic",
]
