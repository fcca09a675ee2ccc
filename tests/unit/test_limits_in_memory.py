"""What AWS limits, the parts in memory limit: allowed up to each boundary of the table, and rejected beyond it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from perception_events.aws_limits import LIMITS
from perception_events.buses import EventBus, RetryPolicy, Rule, RuleTarget
from perception_events.clock import ManualClock
from perception_events.errors import DeclarationError
from perception_events.input_transforms import InputTransformer, PipeInputTemplate, TemplateRenderError
from perception_events.json_values import JSONValue
from perception_events.patterns import Dialect, EventPattern, RuleSet
from perception_events.pipes import BatchSource, EventBusTarget, FunctionTarget, Pipe
from perception_events.sources import SQS_QUEUE
from perception_events.topology import Queue, SourceParameters
from support.limits import boundaries


def nothing(event: JSONValue) -> None:
    """A target that takes everything."""


def bus() -> EventBus:
    numbers = count()
    return EventBus(clock=ManualClock(1_752_538_268), new_id=lambda: f"id{next(numbers)}")


def stream(name: str) -> Callable[[int], object]:
    return lambda value: pipe(parameters=SourceParameters(**{name: value}))  # type: ignore[arg-type]  # numbers


def queue(*, fifo: bool = False, window: int | None = None) -> Callable[[int], object]:
    return lambda value: pipe(
        kind=SQS_QUEUE,
        resource=Queue("Jobs", fifo=fifo),
        parameters=SourceParameters(batch_size=value, maximum_batching_window=window),
    )


def pipe(**reads: Any) -> Pipe:
    return Pipe("orders", FunctionTarget(nothing), clock=ManualClock(0), source=BatchSource(**reads))


def padded(length: int, form: str) -> str:
    """`form` with as many letters at `~` as make it `length` characters."""
    return form.replace("~", "x" * (length - len(form) + 1))


def put(entries: list[dict[str, Any]]) -> None:
    failed = [entry for entry in bus().put_events(entries)["Entries"] if "ErrorCode" in entry]
    if failed:
        raise DeclarationError(str(failed))


def entry(**fields: str) -> dict[str, Any]:
    return {"Source": "shop", "DetailType": "order", "Detail": "{}", **fields}


def entries_of(octets: int) -> list[dict[str, Any]]:
    """One entry short of `octets`: what a request counts must stay below its limit."""
    return [entry(Detail=padded(octets - 1 - len("shop" + "order"), '{"a":"~"}'))]


def rules(number: int, pattern: dict[str, Any]) -> None:
    one = bus()
    for at in range(number):
        one.put_rule(Rule(f"r{at}", {"source": [f"s{at}"], **pattern}))


ENFORCED: list[tuple[str, Callable[[int], object]]] = [
    ("pipe filters", lambda n: pipe(filters=[{"eventName": ["INSERT"]}] * n)),
    ("pipe filter pattern", lambda n: EventPattern.parse(padded(n, '{"eventName":["~"]}'), dialect=Dialect.PIPE)),
    ("input template", lambda n: PipeInputTemplate.parse(padded(n, '{"a": "~"}'))),
    ("rendered template", lambda n: PipeInputTemplate.parse('"<$.a>"').render({"a": "x" * (n - 2)}, {})),
    ("stream batch size", stream("batch_size")),
    ("queue batch size", queue(window=1)),
    ("queue batch size without window", queue()),
    ("FIFO queue batch size", queue(fifo=True, window=1)),
    ("maximum batching window", stream("maximum_batching_window")),
    ("parallelization factor", stream("parallelization_factor")),
    ("maximum record age", stream("maximum_record_age")),
    ("maximum retry attempts", stream("maximum_retry_attempts")),
    (
        "bus target batch size",
        lambda n: Pipe(
            "orders",
            EventBusTarget(bus()),
            clock=ManualClock(0),
            source=BatchSource(parameters=SourceParameters(batch_size=n)),
        ),
    ),
    ("dynamic path", lambda n: EventBusTarget(bus(), time=padded(n, "$.~"))),
    ("PutEvents entries", lambda n: put([entry()] * n)),
    ("PutEvents size", lambda n: put(entries_of(n))),
    ("entry source", lambda n: EventBusTarget(bus(), source="x" * n)),
    ("entry detail type", lambda n: put([entry(DetailType="x" * n)])),
    ("entry detail type", lambda n: EventBusTarget(bus(), detail_type="x" * n)),
    ("entry resources", lambda n: EventBusTarget(bus(), resources=["r"] * n)),
    ("event pattern", lambda n: EventPattern.parse(padded(n, '{"source":["~"]}'))),
    ("rules", lambda n: rules(n, {})),
    ("wildcard rules", lambda n: rules(n, {"id": [{"wildcard": "a*b"}]})),
    ("rule targets", lambda n: Rule("r", {"source": ["s"]}, [RuleTarget(f"t{at}", nothing) for at in range(n)])),
    ("target input", lambda n: RuleTarget("t", nothing, input="x" * (n - 2))),
    ("input path", lambda n: RuleTarget("t", nothing, input_path=padded(n, "$.detail.~"))),
    ("input paths", lambda n: InputTransformer.parse('{"a": 1}', {f"p{at}": "$.id" for at in range(n)})),
    ("target retry attempts", lambda n: RetryPolicy(n)),
    ("target event age", lambda n: RetryPolicy(maximum_event_age=n)),
]
CHECKED_ONLY = {"function retry attempts", "function event age", "event pattern quota"}
"""What only `check` looks at: a function's own settings, which are values of a topology, and a quota that is raised."""


def cases() -> Iterator[tuple[str, Callable[[int], object], int, bool]]:
    for name, build in ENFORCED:
        limit = LIMITS[name]
        for value, allowed in boundaries(limit):
            if value > 0 or limit.unit not in ("characters", "octets"):  # an empty text is another matter
                yield name, build, value, allowed


@pytest.mark.parametrize(("name", "build", "value", "allowed"), list(cases()))
def test_a_limit_holds_on_both_sides_of_its_boundary(
    name: str, build: Callable[[int], object], value: int, allowed: bool
) -> None:
    if allowed:
        build(value)
    else:
        with pytest.raises((DeclarationError, TemplateRenderError)):
            build(value)


def test_every_limit_is_enforced_in_memory_or_is_of_a_template_only() -> None:
    assert {name for name, _ in ENFORCED} | CHECKED_ONLY == set(LIMITS)


def test_a_rule_set_takes_as_many_patterns_as_it_is_given() -> None:
    high = LIMITS["rules"].high or 0
    names = RuleSet({f"r{at}": {"source": ["s"]} for at in range(high + 1)}).matching_rules({"source": "s"})
    assert len(names) == high + 1
