"""Schemas of real events, checked against real patterns; `PERCEPTION_EVENTS_CORPORA` names the folder that has both.

`PERCEPTION_EVENTS_SERVICE_SPEC`: `db.json.gz` of the npm package `@aws-cdk/aws-service-spec`.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest

from perception_events.models import EventBridgeEvent
from perception_events.patterns import EventPattern, InvalidEventPatternError
from perception_events.schemas import (
    NotAnEventError,
    PatternChecker,
    aws_catalogue,
    can_match,
    discover,
    document_of,
    event_type,
    models_source,
    read_document,
)
from perception_events.schemas.build_catalogue import build

TIME = re.compile(r"\dT\d\d:\d\d:\d\d")


def corpora() -> Path:
    if "PERCEPTION_EVENTS_CORPORA" not in os.environ:
        pytest.skip("PERCEPTION_EVENTS_CORPORA is not set")
    return Path(os.environ["PERCEPTION_EVENTS_CORPORA"])


def real_events() -> list[dict[str, Any]]:
    found = []
    for line in gzip.decompress((corpora() / "events.jsonl.gz").read_bytes()).splitlines():
        event = json.loads(line)["event"]
        try:
            event_type(event)
        except NotAnEventError:
            continue
        found.append(event)
    assert len(found) > 400
    return found


def real_patterns() -> list[EventPattern]:
    found = []
    for line in (corpora() / "patterns.jsonl").read_text(encoding="utf-8").splitlines():
        try:
            found.append(EventPattern.parse(json.loads(line)["pattern"], max_wildcard_complexity=None))
        except (InvalidEventPatternError, TypeError):
            continue
    assert len(found) > 800
    return found


def test_real_events_are_valid_under_their_schemas_written_and_read() -> None:
    events = real_events()
    schemas = {(schema.source, schema.detail_type): schema for schema in discover(events)}
    back = {key: read_document(json.dumps(document_of(schema)))[0] for key, schema in schemas.items()}
    for event in events:
        assert schemas[event_type(event)].violations(event) == []
        assert back[event_type(event)].violations(event) == []


def test_no_real_event_matches_a_pattern_that_was_proved_never_to_match_its_schema() -> None:
    events = real_events()
    schemas = {(schema.source, schema.detail_type): schema for schema in discover(events)}
    matches = 0
    for pattern in real_patterns():
        for key in {event_type(event) for event in events if pattern.matches(event)}:
            assert can_match(pattern, schemas[key]).verdict is not False
            matches += 1
    assert matches > 100


def test_real_patterns_beside_the_catalogue_have_few_findings() -> None:
    checker = PatternChecker(aws_catalogue().values(), complete=False)
    assert sum(bool(checker.check(pattern)) for pattern in real_patterns()) < 10


def test_models_of_real_events_give_the_identical_json_back() -> None:
    pytest.importorskip("datamodel_code_generator", reason="models need the [schemas] extra")
    events = [event for event in real_events() if "detail" in event]
    module = ModuleType("models_of_real_events")
    sys.modules[module.__name__] = module
    exec(compile(models_source(discover(events)), "models.py", "exec"), module.__dict__)
    models = [
        model for model in vars(module).values() if isinstance(model, type) and issubclass(model, EventBridgeEvent)
    ]
    by_type = {
        tuple(get_args(model.model_fields[name].annotation)[0] for name in ("source", "detail_type")): model
        for model in models
        if model.__module__ == module.__name__
    }
    # What a bus delivers: some samples lack parts of it, one has a time that is none, replayed ones lack a name.
    needed = {"id", "account", "region", "version"}
    whole = [event for event in events if needed <= event.keys() and TIME.search(str(event.get("time")))]
    whole = [event for event in whole if "replay-name" not in event]
    assert len(whole) > 300
    for event in whole:
        written = by_type[event_type(event)].parse(event).to_dict()
        assert json.dumps(written, sort_keys=True) == json.dumps(event, sort_keys=True)


def test_the_catalogue_is_what_its_package_has() -> None:
    if "PERCEPTION_EVENTS_SERVICE_SPEC" not in os.environ:
        pytest.skip("PERCEPTION_EVENTS_SERVICE_SPEC is not set")
    events = build(json.loads(gzip.decompress(Path(os.environ["PERCEPTION_EVENTS_SERVICE_SPEC"]).read_bytes())))
    assert {(source, detail_type) for source, detail_type, _ in events} == aws_catalogue().keys()
