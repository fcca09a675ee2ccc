"""Shapes of rule sets that users have, and events for them: which fields the rules share, and which tell them apart.

`SHAPES[name].rules(count)` gives that many patterns and `SHAPES[name].events(count, seed, rules)` events for a set of
`rules` of them, other events for every seed. Everything is generated from the seed.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

__all__ = ["SHAPES", "Shape"]

Event = dict[str, Any]
Pattern = dict[str, Any]

SOURCE, DETAIL_TYPE = "shop.orders", "Order changed"
_SPAN = 1_000_000.0
"""Amounts and positions lie between 0 and this."""
_STATES = ("NEW", "PAID", "SENT", "DONE", "LATE", "LOST")
_SYLLABLES = ("ka", "lo", "mi", "re", "sun", "tor", "vel", "bra", "cho", "de")


@dataclass(frozen=True, slots=True)
class Shape:
    """Rules of one shape and events for them."""

    rules: Callable[[int], list[Pattern]]
    """As many patterns as asked for."""
    events: Callable[[int, int, int], list[Event]]
    """How many events, the seed, for how many rules."""
    group: str = "few"
    """What is promised: `few` (selective by one test), `some` (by several, or by search), `address`, `boxes`, `output`
    (the matches decide the cost), `arrays`."""
    largest: int = 10_000


def _word(number: int) -> str:
    """A readable text of 4 to 12 letters; different for different numbers."""
    text = ""
    number += 100
    while number:
        number, digit = divmod(number, 10)
        text += _SYLLABLES[digit]
    return text


def _code(number: int, digits: int = 10) -> str:
    """A hexadecimal text that looks random; different for different numbers below 16 ** digits."""
    return f"{(number * 0x9E3779B1 + 0x3C6EF35F) * 0xA5A5B % 16**digits:0{digits}x}"


def _ordered(detail: Pattern) -> Pattern:
    """A rule with the source and the detail type that all rules and events share."""
    return {"source": [SOURCE], "detail-type": [DETAIL_TYPE], "detail": detail}


def _detail(random: Random) -> dict[str, Any]:
    return {
        "order": "o-" + _code(random.getrandbits(40)),
        "customer": "c-" + _code(random.getrandbits(32), 8),
        "state": random.choice(_STATES[:4]),
        "amount": round(random.random() * _SPAN, 2),
        "items": random.randrange(1, 20),
        "channel": random.choice(("web", "app", "shop")),
        "express": random.random() < 0.3,
        "path": f"/files/{_word(random.randrange(5_000))}/{_code(random.getrandbits(24), 6)}",
        "address": f"192.0.2.{random.randrange(256)}",
        "note": None,
        "tags": [_word(random.randrange(5_000)), _word(random.randrange(5_000))],
    }


def _event(random: Random, detail: dict[str, Any], source: str = SOURCE, detail_type: str = DETAIL_TYPE) -> Event:
    bits = f"{random.getrandbits(128):032x}"
    return {
        "version": "0",
        "id": f"{bits[:8]}-{bits[8:12]}-{bits[12:16]}-{bits[16:20]}-{bits[20:]}",
        "detail-type": detail_type,
        "source": source,
        "account": "123456789012",
        "time": f"2025-07-15T{random.randrange(24):02}:{random.randrange(60):02}:{random.randrange(60):02}Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }


def _details(change: Callable[[Random, dict[str, Any], int], None]) -> Callable[[int, int, int], list[Event]]:
    """Events whose details were changed by `change`, which is also given the number of rules."""

    def events(count: int, seed: int, rules: int) -> list[Event]:
        random = Random(f"events {seed}")
        made = []
        for _ in range(count):
            detail = _detail(random)
            change(random, detail, rules)
            made.append(_event(random, detail))
        return made

    return events


def _aimed(name: str, value: Callable[[Random, int], Any]) -> Callable[[int, int, int], list[Event]]:
    """Every second event has in `name` a value made for one of the rules, the others one made for none."""

    def change(random: Random, detail: dict[str, Any], rules: int) -> None:
        number = random.randrange(rules) if random.random() < 0.5 else rules + random.randrange(10 * rules + 10)
        detail[name] = value(random, number)

    return _details(change)


def _one_field(
    name: str,
    test: Callable[[int], Any],
    value: Callable[[Random, int], Any],
    group: str = "few",
    largest: int = 10_000,
) -> Shape:
    """Rules that differ in one test of one field: rule i has `test(i)`, and `value(random, i)` passes it."""
    return Shape(
        lambda count: [_ordered({name: [test(number)]}) for number in range(count)],
        _aimed(name, value),
        group,
        largest,
    )


def _between(low: float, high: float) -> Pattern:
    return {"numeric": [">=", low, "<", high]}


def _ranges(count: int, start: float, width: float) -> list[Pattern]:
    random = Random(f"ranges {count}")
    lows = [round(random.random() * start, 2) for _ in range(count)]
    return [_ordered({"amount": [_between(low, round(low + width, 2))]}) for low in lows]


def _low_amounts(random: Random, detail: dict[str, Any], rules: int) -> None:
    detail["amount"] = round(random.expovariate(1 / 1_000), 2)


def _nothing(random: Random, detail: dict[str, Any], rules: int) -> None:
    """The detail as it is."""


def _tenant_rules(count: int) -> list[Pattern]:
    rules = []
    for number in range(count):
        turn = number // 20
        detail: Pattern = {"tenant": [f"t{number % 20:03}"]}
        kind = [f"k{turn % 997:03}"]
        match turn % 6:
            case 0:
                detail["state"] = [_STATES[turn // 6 % 6]]
            case 1:
                detail["amount"] = [{"numeric": [">", 1_000 + 1_000 * turn]}]
            case 2:
                detail["path"] = [{"prefix": f"/files/{_word(turn % 5_000)}"}]
            case 3:
                detail["kind"] = kind
            case 4:
                detail |= {"channel": [{"anything-but": ["web", "app"]}], "kind": kind}
            case _:
                detail |= {"error": [{"exists": True}], "kind": kind}
        rules.append(_ordered(detail))
    return rules


def _tenant_detail(random: Random, detail: dict[str, Any], rules: int) -> None:
    detail |= {"tenant": f"t{random.randrange(20):03}", "kind": f"k{random.randrange(997):03}"}
    if random.random() < 0.1:
        detail["error"] = "E"


def _side(count: int, dimensions: int) -> int:
    return max(2, round(float(count ** (1 / dimensions))))


def _product_rules(*names: str) -> Callable[[int], list[Pattern]]:
    """Every combination of as many values of each field as it takes."""

    def rules(count: int) -> list[Pattern]:
        side = _side(count, len(names))
        numbers = [[count_ // side**place % side for place in range(len(names))] for count_ in range(count)]
        return [_ordered({n: [f"{n}-{v:03}"] for n, v in zip(names, values, strict=True)}) for values in numbers]

    return rules


def _product_detail(*names: str) -> Callable[[Random, dict[str, Any], int], None]:
    def change(random: Random, detail: dict[str, Any], rules: int) -> None:
        side = _side(rules, len(names))
        detail |= {name: f"{name}-{random.randrange(side):03}" for name in names}

    return change


def _zipf(universe: int) -> Callable[[Random], int]:
    weights = list(itertools.accumulate(1 / (place + 1) ** 1.1 for place in range(universe)))
    return lambda random: bisect_left(weights, random.random() * weights[-1])


_customer, _kind = _zipf(10_000), _zipf(200)


def _zipf_rules(count: int) -> list[Pattern]:
    random = Random("zipf rules")
    return [
        _ordered({"customer": [f"c{_customer(random):05}"], "kind": [f"k{_kind(random):03}"]}) for _ in range(count)
    ]


def _zipf_detail(random: Random, detail: dict[str, Any], rules: int) -> None:
    detail |= {"customer": f"c{_customer(random):05}", "kind": f"k{_kind(random):03}"}


def _hot_rules(count: int) -> list[Pattern]:
    """Half of the rules name one of ten hot values and a rare one, in turn in different fields."""
    rules = []
    for number in range(count):
        rare = _code(number)
        hot = f"hot-{number % 10}"
        rules.append(_ordered({"a": [hot], "b": [rare]} if number % 2 else {"a": [rare], "b": [hot]}))
    return rules


def _hot_detail(random: Random, detail: dict[str, Any], rules: int) -> None:
    number = random.randrange(rules)
    detail |= {"a": f"hot-{number % 10}", "b": _code(number) if random.random() < 0.5 else f"hot-{number % 7}"}


def _or_rules(count: int) -> list[Pattern]:
    return [
        {
            "source": [SOURCE],
            "detail-type": [DETAIL_TYPE],
            "$or": [
                {"detail": {"order": [f"o-{_code(number)}"]}},
                {"detail": {"path": [{"prefix": f"/files/{_code(number, 8)}"}]}},
                {"detail": {"amount": [_between(number * 10, number * 10 + 5)]}},
            ],
        }
        for number in range(count)
    ]


def _mixed_rules(count: int) -> list[Pattern]:
    """Rules of eight shapes, in turn."""
    kinds = ("exact", "number", "prefix with a common beginning", "suffix", "middle wildcard", "narrow range", "pair")
    sets = [SHAPES[kind].rules(count // len(kinds) + 1) for kind in kinds]
    return [sets[number % len(kinds)][number // len(kinds)] for number in range(count)]


def _mixed_events(count: int, seed: int, rules: int) -> list[Event]:
    random = Random(f"mixed {seed}")
    kinds = ("exact", "number", "prefix with a common beginning", "suffix", "middle wildcard", "narrow range", "pair")
    sets = [SHAPES[kind].events(count // len(kinds) + 1, seed, rules // len(kinds) + 1) for kind in kinds]
    events = [sets[number % len(kinds)][number // len(kinds)] for number in range(count)]
    random.shuffle(events)
    return events


def _service_rules(count: int) -> list[Pattern]:
    services = max(2, count // 40)
    return [
        {"source": [f"shop.service-{number % services:04}"], "detail-type": [f"Type {number // services % 20:02}"]}
        for number in range(count)
    ]


def _service_events(count: int, seed: int, rules: int) -> list[Event]:
    services, random = max(2, rules // 40), Random(f"services {seed}")
    return [
        _event(
            random, _detail(random), f"shop.service-{random.randrange(services):04}", f"Type {random.randrange(20):02}"
        )
        for _ in range(count)
    ]


def _box_rules(count: int) -> list[Pattern]:
    random, side = Random("boxes"), _SPAN / count**0.5
    corners = [(random.random() * _SPAN, random.random() * _SPAN) for _ in range(count)]
    return [
        _ordered({"x": [_between(int(x), int(x + side) + 1)], "y": [_between(int(y), int(y + side) + 1)]})
        for x, y in corners
    ]


def _box_detail(random: Random, detail: dict[str, Any], rules: int) -> None:
    detail |= {"x": round(random.random() * _SPAN, 1), "y": round(random.random() * _SPAN, 1)}


def _line_rules(count: int) -> list[Pattern]:
    return [
        _ordered({"lines": {"sku": [f"sku{_code(number, 6)}"], "state": ["OK"], "stock": [{"numeric": ["<", 5]}]}})
        for number in range(count)
    ]


def _joint_rules(count: int) -> list[Pattern]:
    """Two fields that only together tell the rules apart must hold in one element."""
    side = _side(count, 2)
    return [
        _ordered({"lines": {"site": [f"s{number % side:03}"], "sensor": [f"c{number // side:03}"]}})
        for number in range(count)
    ]


def _lines(elements: int) -> Callable[[Random, dict[str, Any], int], None]:
    def change(random: Random, detail: dict[str, Any], rules: int) -> None:
        side = _side(rules, 2)
        detail["lines"] = [
            {
                "sku": "sku" + _code(random.randrange(rules) if random.random() < 0.1 else random.getrandbits(24), 6),
                "state": random.choice(("OK", "BAD")),
                "stock": random.randrange(10),
                "site": f"s{random.randrange(side):03}",
                "sensor": f"c{random.randrange(side):03}",
            }
            for _ in range(elements)
        ]

    return change


def _address(number: int, last: int) -> str:
    return f"10.{number >> 8 & 255}.{number & 255}.{last}"


def _small_block(number: int) -> tuple[int, int, int]:
    return number >> 12 & 255, number >> 4 & 255, (number & 15) << 4


_ARN = "arn:aws:states:eu-central-1:123456789012:execution:a-state-machine-with-quite-a-long-name-of-its-own:"

SHAPES: dict[str, Shape] = {
    "exact": _one_field("order", lambda i: f"o-{_code(i)}", lambda r, i: f"o-{_code(i)}", largest=100_000),
    "exact, 4 characters": _one_field(
        "order", lambda i: f"{i * 7919 % 10_000:04}", lambda r, i: f"{i * 7919 % 10_000:04}"
    ),
    "number": _one_field("items", lambda i: 1_000 + i, lambda r, i: 1_000 + i),
    "list of five": Shape(
        lambda n: [_ordered({"order": [f"o-{_code(5 * i + k)}" for k in range(5)]}) for i in range(n)],
        _aimed("order", lambda r, i: f"o-{_code(5 * i + r.randrange(5))}"),
    ),
    "prefix": _one_field("path", lambda i: {"prefix": _code(i, 8)}, lambda r, i: f"{_code(i, 8)}/{r.random()}"),
    "prefix with a common beginning": _one_field(
        "path", lambda i: {"prefix": f"/tenants/{i:06}/"}, lambda r, i: f"/tenants/{i:06}/{r.random()}", largest=100_000
    ),
    "prefix of an ARN": _one_field(
        "path", lambda i: {"prefix": f"{_ARN}{i:06}"}, lambda r, i: f"{_ARN}{i:06}:{r.random()}"
    ),
    "prefixes of many lengths": _one_field(
        "path", lambda i: {"prefix": f"/{'deep/' * (i % 40)}{i:05}"}, lambda r, i: f"/{'deep/' * (i % 40)}{i:05}/x"
    ),
    "prefix in any case": _one_field(
        "path",
        lambda i: {"prefix": {"equals-ignore-case": f"/Tenants/{_word(i)}/"}},
        lambda r, i: f"/TENANTS/{_word(i)}/x",
    ),
    "suffix": _one_field("path", lambda i: {"suffix": f"-cam{i:05}.jpg"}, lambda r, i: f"{r.random()}-cam{i:05}.jpg"),
    "wildcard with an end": _one_field(
        "path", lambda i: {"wildcard": f"logs/*/{i:05}.gz"}, lambda r, i: f"logs/{r.random()}/{i:05}.gz"
    ),
    "middle wildcard": _one_field(
        "path",
        lambda i: {"wildcard": f"*/tenant-{i:05}/*"},
        lambda r, i: f"s3/{r.randrange(1_000)}/tenant-{i:05}/{_code(r.getrandbits(24), 6)}",
        "some",
    ),
    "middle wildcard, long": _one_field(
        "path",
        lambda i: {"wildcard": f"*/the-same-long-folder-for-all/of-them/{i:05}/*"},
        lambda r, i: f"s3/the-same-long-folder-for-all/of-them/{i:05}/{r.randrange(1_000)}",
        "some",
    ),
    "narrow range": Shape(lambda n: _ranges(n, _SPAN, _SPAN / n / 2), _details(_nothing), "some", 100_000),
    "ranges of all widths": Shape(
        lambda n: [_ordered({"amount": [_between(i * _SPAN / n, i * _SPAN / n + 2 ** (i % 12))]}) for i in range(n)],
        _details(_nothing),
        "some",
    ),
    "threshold": Shape(
        lambda n: [_ordered({"amount": [{"numeric": [">", 10_000 + i]}]}) for i in range(n)],
        _details(_low_amounts),
        "some",
    ),
    "addresses, /24": _one_field(
        "address", lambda i: {"cidr": _address(i, 0) + "/24"}, lambda r, i: _address(i, r.randrange(256)), "address"
    ),
    "addresses, /28": _one_field(
        "address",
        lambda i: {"cidr": "10.{}.{}.{}/28".format(*_small_block(i))},
        lambda r, i: "10.{}.{}.{}".format(*_small_block(i)),
        "address",
    ),
    "addresses, v6 /62": _one_field(
        "address",
        lambda i: {"cidr": f"2001:db8:{i >> 8:x}:{(i & 255) << 2:x}::/62"},
        lambda r, i: f"2001:db8:{i >> 8:x}:{(i & 255) << 2:x}::{r.randrange(65536):x}",
        "address",
    ),
    "ignoring case": _one_field(
        "order",
        lambda i: {"equals-ignore-case": f"O-{_code(i)}"},
        lambda r, i: r.choice(("o-", "O-")) + _code(i),
    ),
    "exists": _one_field("order", lambda i: {"exists": True}, lambda r, i: "x", "output"),
    "code and exists": Shape(
        lambda n: [_ordered({"order": [f"o-{_code(i)}"], "channel": [{"exists": True}]}) for i in range(n)],
        _aimed("order", lambda r, i: f"o-{_code(i)}"),
    ),
    "code and absence": Shape(
        lambda n: [_ordered({"order": [f"o-{_code(i)}"], "error": [{"exists": False}]}) for i in range(n)],
        _aimed("order", lambda r, i: f"o-{_code(i)}"),
    ),
    "pair": Shape(_product_rules("site", "sensor"), _details(_product_detail("site", "sensor")), "few", 100_000),
    "triple": Shape(
        _product_rules("site", "sensor", "step"), _details(_product_detail("site", "sensor", "step")), "some"
    ),
    "source and type": Shape(_service_rules, _service_events, "few", 100_000),
    "tenants": Shape(_tenant_rules, _details(_tenant_detail), "some"),
    "two Zipf fields": Shape(_zipf_rules, _details(_zipf_detail), "some"),
    "hot keys": Shape(_hot_rules, _details(_hot_detail), "some"),
    "$or": Shape(_or_rules, _aimed("order", lambda r, i: f"o-{_code(i)}"), "some"),
    "mixed": Shape(_mixed_rules, _mixed_events, "some"),
    "boxes": Shape(_box_rules, _details(_box_detail), "boxes", 100_000),
    "all match": Shape(lambda n: [_ordered({"state": list(_STATES)}) for _ in range(n)], _details(_nothing), "output"),
    "all match, lists that differ": Shape(
        lambda n: [_ordered({"state": [*_STATES[:4], f"X{i}"]}) for i in range(n)], _details(_nothing), "output"
    ),
    "wide range": Shape(lambda n: _ranges(n, _SPAN / 2, _SPAN / 2), _details(_nothing), "output"),
    "anything but": _one_field(
        "state", lambda i: {"anything-but": [f"X{i}", "NEW"]}, lambda r, i: r.choice(_STATES[:4]), "output"
    ),
    "10 objects": Shape(_line_rules, _details(_lines(10)), "arrays"),
    "100 objects": Shape(_line_rules, _details(_lines(100)), "arrays"),
    "10 objects, joint": Shape(_joint_rules, _details(_lines(10)), "arrays"),
    "100 objects, joint": Shape(_joint_rules, _details(_lines(100)), "arrays"),
}
"""By name."""
