"""The models of AWS's own events, against the sample events of EventBridge's console.

`PERCEPTION_EVENTS_AWS_SAMPLES`: a JSON file with a list of those events. The models of all events are written and
imported: about a minute. What is not accepted is printed, one line each, with the reason (`pytest -s`).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest

from perception_events.models import EventBridgeEvent, InvalidRecordError
from perception_events.schemas import aws_catalogue, models_source


def sample_events() -> list[dict[str, Any]]:
    if "PERCEPTION_EVENTS_AWS_SAMPLES" not in os.environ:
        pytest.skip("PERCEPTION_EVENTS_AWS_SAMPLES is not set")
    found = json.loads(Path(os.environ["PERCEPTION_EVENTS_AWS_SAMPLES"]).read_text(encoding="utf-8"))
    assert len(found) > 200
    events: list[dict[str, Any]] = found
    return events


def parsers() -> dict[tuple[str, str], Callable[[Any], Any]]:
    """How an event of each source and detail type of the catalogue is parsed."""
    pytest.importorskip("datamodel_code_generator", reason="models need the [schemas] extra")
    module = ModuleType("models_of_all_aws_events")
    sys.modules[module.__name__] = module
    exec(compile(models_source(list(aws_catalogue().values())), "models.py", "exec"), module.__dict__)
    found: dict[tuple[str, str], Callable[[Any], Any]] = {}
    for model in vars(module).values():
        if isinstance(model, type) and issubclass(model, EventBridgeEvent) and model.__module__ == module.__name__:
            kinds = [get_args(model.model_fields[name].annotation)[0] for name in ("source", "detail_type")]
            found[kinds[0], kinds[1]] = model.parse
    assert found.keys() == aws_catalogue().keys()
    return found


def test_models_of_aws_events_accept_aws_samples_but_those_of_other_types() -> None:
    events = sample_events()
    parse = parsers()
    accepted = changed = unknown = 0
    exceptions = []
    for event in events:
        key = event.get("source", ""), event.get("detail-type", "")
        if key not in parse:
            unknown += 1
            continue
        try:
            written = parse[key](event).to_dict()
        except InvalidRecordError as error:
            exceptions.append(f"{key[0]}, {str(error).removeprefix('not a valid ')}")
            continue
        accepted += 1
        changed += json.dumps(written, sort_keys=True) != json.dumps(event, sort_keys=True)
    known = accepted + len(exceptions)
    print(f"\n{len(events)} samples: {unknown} of events that the catalogue lacks; of {known}, {accepted} are accepted")
    print(f"({accepted / known:.1%}), {changed} of them do not give the identical JSON back")
    print("\n".join(sorted(exceptions)))
    assert accepted / known > 0.85
