"""What is measured: events in the shape of event-ruler's own benchmark, rules over them, and the pipeline's records.

Everything is generated from a seed. The events have the shape of San Francisco's city lots: properties and a polygon.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

from perception_events.pipeline import perception_pipeline

__all__ = [
    "EXACT_FIELD",
    "city_lots",
    "exact_rules",
    "mixed_rules",
    "pipeline_events",
    "pipeline_rules",
    "rules_over_elements",
    "texts",
    "with_elements",
]

Event = dict[str, Any]
Pattern = dict[str, Any]

EXACT_FIELD = "MAPBLKLOT"
_STREET_TYPES = ("ST", "AVE", "BLVD", "WAY", "DR", "CT", "LN", "TER", "PL", None)
_CONSONANTS, _VOWELS = "BCDFGHJKLMNPRSTVWXZ", "AEIOU"


def _street(random: Random) -> str:
    return "".join(random.choice(_CONSONANTS) + random.choice(_VOWELS) for _ in range(random.randint(3, 5)))


def _lot(random: Random) -> Event:
    block, lot = f"{random.randrange(10_000):04}", f"{random.randrange(1_000):03}"
    first = random.randrange(0, 4_000)
    x, y = -122.51 + random.random() / 8, 37.70 + random.random() / 8
    ring = [[x + random.random() / 1e4, y + random.random() / 1e4, 0.0] for _ in range(random.randint(4, 8))]
    return {
        "type": "Feature",
        "properties": {
            "MAPBLKLOT": block + lot,
            "BLKLOT": block + lot,
            "BLOCK_NUM": block,
            "LOT_NUM": lot,
            "FROM_ST": str(first),
            "TO_ST": str(first + random.randrange(0, 40)),
            "STREET": _street(random),
            "ST_TYPE": random.choice(_STREET_TYPES),
            "ODD_EVEN": random.choice("EO"),
        },
        "geometry": {"type": "Polygon", "area": random.randrange(10_000), "coordinates": [[*ring, ring[0]]]},
    }


def city_lots(count: int, seed: int = 1) -> list[Event]:
    """Generated lots."""
    random = Random(seed)
    return [_lot(random) for _ in range(count)]


def exact_rules(count: int, seed: int = 2) -> dict[str, Pattern]:
    """Rules with one exact field."""
    lots = city_lots(count, seed)
    return {
        f"exact-{number}": {"properties": {EXACT_FIELD: [lot["properties"][EXACT_FIELD]]}}
        for number, lot in enumerate(lots)
    }


def _mixed_value(random: Random, kind: str, value: str, selective: tuple[int, int]) -> Any:
    cut = random.randint(*selective)
    match kind:
        case "exact":
            return value
        case "prefix":
            return {"prefix": value[:cut]}
        case "suffix":
            return {"suffix": value[-cut:]}
        case _:
            middle = random.randrange(0, len(value) - 1)
            return {"wildcard": f"*{value[middle : middle + 2]}*{value[-max(2, cut - 1) :]}"}


def mixed_rules(count: int, seed: int = 3, affix: tuple[int, int] = (4, 6)) -> dict[str, Pattern]:
    """Rules of two or three fields: one of them exact, prefix, suffix or wildcard with a leading `*`, the others
    exact, anything-but or numeric, all made of values that lots have. `affix`: the shortest and longest prefix."""
    random = Random(seed)
    rules: dict[str, Pattern] = {}
    for number in range(count):
        lot = _lot(random)
        properties: dict[str, Any] = lot["properties"]
        kind = random.choice(("exact", "prefix", "suffix", "wildcard"))
        name = random.choice(("MAPBLKLOT", "BLKLOT", "STREET"))
        pattern: Pattern = {"properties": {name: [_mixed_value(random, kind, properties[name], affix)]}}
        others = ["anything-but", "numeric", "exact"]
        for other in random.sample(others, random.choice((1, 2))):
            match other:
                case "anything-but":
                    pattern["properties"]["ST_TYPE"] = [{"anything-but": [properties["ST_TYPE"] or "ST"]}]
                case "numeric":
                    low = random.randrange(9_000)
                    pattern["geometry"] = {"area": [{"numeric": [">=", low, "<", low + random.randrange(1, 1_000)]}]}
                case _:
                    pattern["properties"]["ODD_EVEN"] = [properties["ODD_EVEN"]]
        rules[f"mixed-{number}"] = pattern
    return rules


def with_elements(count: int, seed: int = 4) -> Event:
    """An event with an array of `count` objects."""
    random = Random(seed)
    lots = [lot["properties"] for lot in (_lot(random) for _ in range(count))]
    return {"source": "lots", "detail": {"lots": lots}}


def rules_over_elements(count: int, seed: int = 5) -> dict[str, Pattern]:
    """Rules with three fields in the elements of an array."""
    random = Random(seed)
    rules: dict[str, Pattern] = {}
    for number in range(count):
        lot = _lot(random)["properties"]
        fields = {
            "STREET": [{"prefix": lot["STREET"][:3]}],
            "ODD_EVEN": [lot["ODD_EVEN"]],
            "BLOCK_NUM": [lot["BLOCK_NUM"]],
        }
        rules[f"elements-{number}"] = {"detail": {"lots": fields}}
    return rules


def texts(events: list[Event]) -> list[str]:
    """The events as JSON text."""
    return [json.dumps(event) for event in events]


def pipeline_rules() -> dict[str, Pattern]:
    """The perception pipeline's rules."""
    return dict(perception_pipeline.rules("dev"))


def pipeline_events() -> list[Event]:
    """What the pipe puts on the bus for finished modules."""
    return [
        {
            "version": "0",
            "id": f"00000000-0000-0000-0000-{number:012}",
            "detail-type": "Event from aws:dynamodb",
            "source": "Pipe perception-pipeline-pipe-dev",
            "account": "123456789012",
            "time": "2025-07-15T00:11:08Z",
            "region": "ap-northeast-2",
            "resources": [],
            "detail": {
                "dynamodb": {
                    "NewImage": {
                        "site": {"S": "haemoro_1x2"},
                        "date#event_type": {"S": f"2025-07-15#{event_type}#sync{number:03}"},
                        "status": {"S": "COMPLETED"},
                        "expires_at": {"N": "1752624667"},
                    }
                },
                "PerceptionPipelineEventType": event_type,
            },
        }
        for number, event_type in enumerate(("pose", "recon", "preprocessing", "reid") * 5)
    ]
