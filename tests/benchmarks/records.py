"""Typed records, attribute values, imports, and the whole way from record to target."""

from __future__ import annotations

import cProfile
import itertools
import json
import pstats
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import import_milliseconds, microseconds
from benchmarks.report import Section, number
from perception_events import attribute_values
from perception_events.buses import EventBus, Rule, RuleTarget
from perception_events.classifiers import Enrichment, default_registry
from perception_events.clock import ManualClock
from perception_events.json_values import JSONObject, JSONValue
from perception_events.models import StreamRecord
from perception_events.pipeline import perception_pipeline
from perception_events.pipes import EventBusTarget, Pipe
from perception_events.testing import RecordBuilder

__all__ = ["imports", "typed_records", "whole_way"]

_ROOT = Path(__file__).resolve().parents[2]
_RECORDS = 50_000
