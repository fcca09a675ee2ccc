"""`review_topology` and `review_pipeline`: what is found, with which event, and what is passed over by design."""

from __future__ import annotations

from typing import Any

from perception_events.analysis import (
    ReviewKind,
    TopologyReview,
    review_exit_code,
    review_pipeline,
    review_text,
    review_topology,
)
from perception_events.checks import Severity
from perception_events.patterns import EventPattern
from perception_events.pipeline import Module, Pipeline, perception_pipeline
from perception_events.schemas import EventSchema, Object, Property, String
from perception_events.topology import (
    EventBus,
    Filter,
    Function,
    Pipe,
    Queue,
    Resource,
    Rule,
    RuleTarget,
    Topology,
    Unresolved,
)

BUS = EventBus("Bus", name="orders")
OTHER = EventBus("Other", name="other")
SHIP, MAIL, QUEUE = Function("Ship", name="ship"), Function("Mail", name="mail"), Queue("Queue", name="queue")


def rule(name: str, pattern: Any, *targets: str, bus: str = "Bus", **more: Any) -> Rule:
    return Rule(
        name,
        name=name,
        bus=bus,
        event_pattern=pattern,
        targets=tuple(RuleTarget(target, target) for target in targets),
        **more,
    )


def reviewed(*resources: Resource, **options: Any) -> TopologyReview:
    return review_topology(Topology([BUS, OTHER, SHIP, MAIL, QUEUE, *resources]), **options)


PAID = {"source": ["orders"], "detail": {"state": ["PAID"]}}
DONE = {"source": ["orders"], "detail": {"state": ["PAID", "SENT"]}}


def test_a_target_that_receives_an_event_twice_is_a_warning_with_the_event() -> None:
    (found,) = reviewed(rule("Paid", PAID, "Ship"), rule("Done", DONE, "Ship", "Mail")).findings
    assert (found.kind, found.severity, found.rules) == (ReviewKind.INCLUDED, Severity.WARNING, ("Paid", "Done"))
    assert found.shared_targets == ("Ship",)
    assert found.witness is not None
    assert EventPattern.parse(PAID).matches(found.witness)
    assert found.counterexample is not None
    assert not EventPattern.parse(PAID).matches(found.counterexample)


def test_fan_out_to_different_targets_is_by_design_unless_overlaps_are_asked_for() -> None:
    rules = rule("Paid", PAID, "Ship"), rule("Also", PAID, "Mail")
    assert reviewed(*rules).findings == ()
    (found,) = reviewed(*rules, overlaps=True).findings
    assert (found.kind, found.severity) == (ReviewKind.EQUAL, Severity.NOTE)


def test_rules_of_different_buses_are_not_compared() -> None:
    assert reviewed(rule("Paid", PAID, "Ship"), rule("Same", PAID, "Ship", bus="Other"), overlaps=True).findings == ()


def test_disabled_rules_and_rules_that_may_exclude_each_other_are_not_compared() -> None:
    assert reviewed(rule("Paid", PAID, "Ship"), rule("Off", PAID, "Ship", state="DISABLED")).findings == ()
    conditions = rule("Paid", PAID, "Ship", condition="IsProd"), rule("Dev", PAID, "Ship", condition="IsDev")
    assert reviewed(*conditions).findings == ()
    assert reviewed(rule("Paid", PAID, "Ship"), rule("Dev", PAID, "Ship", condition="IsDev")).findings != ()


def test_a_rule_that_can_never_match_is_an_error_and_nothing_else_is_said_of_it() -> None:
    never = rule("Never", {"source": ["orders"], "time": [5]}, "Ship")
    (found,) = reviewed(rule("Paid", PAID, "Ship"), never).findings
    assert (found.kind, found.severity, found.rules) == (ReviewKind.NEVER, Severity.ERROR, ("Never",))
    assert "time is a string in every event" in found.message


def test_a_rule_that_asks_for_a_field_that_no_event_has_is_an_error() -> None:
    (found,) = reviewed(rule("Paid", {"source": ["orders"], "detail_type": ["Paid"]}, "Ship")).findings
    assert (found.kind, found.message) == (ReviewKind.NEVER, "no event of a bus matches Paid: no event has detail_type")


def test_a_rule_that_takes_every_event_is_noted() -> None:
    (found,) = reviewed(rule("All", {"version": [{"prefix": ""}]}, "Ship")).findings
    assert (found.kind, found.severity) == (ReviewKind.ALWAYS, Severity.NOTE)


def test_a_filter_that_adds_nothing_to_the_other_filters_of_its_pipe_is_found() -> None:
    wide: Any = {"eventName": ["INSERT", "MODIFY"]}
    narrow: Any = {"eventName": ["INSERT"]}
    pipe = Pipe("Pipe", source="Queue", target="Bus", filters=(Filter(narrow), Filter(wide)))
    found = reviewed(pipe)
    assert [(one.kind, one.rules) for one in found.findings] == [
        (ReviewKind.INCLUDED, ("Pipe.filters[0]", "Pipe.filters[1]"))
    ]
    assert (found.rules, found.filters) == (0, 2)
    never = Pipe("Pipe", source="Queue", target="Bus", filters=(Filter({"a": [{"numeric": [">", 2, "<", 3]}]}),))
    assert reviewed(never).findings == ()


def test_the_values_that_rules_leave_out_are_shown_by_an_event() -> None:
    sent = {"source": ["orders"], "detail": {"state": ["SENT"]}}
    (found,) = reviewed(rule("Paid", PAID, "Ship"), rule("Sent", sent, "Mail")).findings
    assert (found.kind, found.rules) == (ReviewKind.UNHANDLED, ("Paid", "Sent"))
    assert "detail.state" in found.message
    assert found.witness is not None
    assert found.witness["source"] == "orders"
    assert not any(EventPattern.parse(pattern).matches(found.witness) for pattern in (PAID, sent))


def test_no_value_is_left_out_where_a_rule_takes_the_rest_or_the_events_are_those_of_aws() -> None:
    sent = {"source": ["orders"], "detail": {"state": ["SENT"]}}
    rest = {"source": ["orders"], "detail": {"state": [{"anything-but": ["PAID", "SENT"]}]}}
    rules = rule("Paid", PAID, "Ship"), rule("Sent", sent, "Mail"), rule("Rest", rest, "Mail")
    assert reviewed(*rules).findings == ()
    calls = [{"source": ["aws.ec2"], "detail": {"eventName": [name]}} for name in ("RunInstances", "StopInstances")]
    assert reviewed(rule("Run", calls[0], "Ship"), rule("Stop", calls[1], "Mail")).findings == ()


def test_an_event_that_goes_round_between_two_buses_is_found_once_with_the_event() -> None:
    out = rule("Out", {"source": [{"prefix": "ord"}]}, "Other")
    back = rule("Back", {"source": [{"suffix": "s"}]}, "Bus", bus="Other")
    (found,) = reviewed(out, back).findings
    assert (found.kind, found.severity, found.rules) == (ReviewKind.LOOP, Severity.WARNING, ("Out", "Back"))
    assert "Bus -> Out -> Other -> Back -> Bus" in found.message
    assert found.witness is not None
    assert found.witness["source"].startswith("ord")
    elsewhere = rule("Back", {"source": ["billing"]}, "Bus", bus="Other")
    assert reviewed(out, elsewhere).findings == ()


def test_a_loop_through_a_queue_and_a_pipe_is_certain_where_the_rule_asks_for_no_more_than_is_known() -> None:
    parameters = {"EventBridgeEventBusParameters": {"Source": "orders", "DetailType": "again"}}
    pipe = Pipe("Pipe", source="Queue", target="Bus", target_parameters=parameters)
    (certain,) = reviewed(rule("All", {"source": ["orders"]}, "Queue"), pipe).findings
    assert (certain.kind, certain.severity) == (ReviewKind.LOOP, Severity.WARNING)
    (possible,) = reviewed(rule("Paid", PAID, "Queue"), pipe).findings
    assert possible.severity is Severity.NOTE
    assert "may lead back" in possible.message
    assert reviewed(rule("Billing", {"source": ["billing"]}, "Queue"), pipe).findings == ()


def test_patterns_that_are_not_known_are_listed_as_not_decided() -> None:
    unknown = rule("Unknown", {"source": [Unresolved("${Source}")]}, "Ship")
    review = reviewed(rule("Paid", PAID, "Ship"), unknown)
    assert [one.name for one in review.undecided] == ["Unknown"]
    assert "not decided: Unknown: " in review_text(review)


def test_schemas_say_which_rules_ask_for_what_no_event_has_and_which_events_no_rule_takes() -> None:
    detail = Object((Property("state", String(values=("PAID", "SENT")), required=True),))
    schemas = [EventSchema.of_detail("orders", kind, detail) for kind in ("Order", "Refund")]
    misspelt = {"source": ["orders"], "detail-type": ["Order"], "detail": {"stat": ["PAID"]}}
    review = reviewed(rule("Paid", misspelt, "Ship"), schemas=schemas)
    found = [(one.kind, one.severity, one.rules) for one in review.findings]
    assert (ReviewKind.SCHEMA, Severity.ERROR, ("Paid",)) in found  # it can never match
    assert (ReviewKind.NOT_TAKEN, Severity.NOTE, ()) in found
    assert any("did you mean detail.state?" in one.message for one in review.findings)


def test_the_built_in_pipeline_says_which_event_types_end_nowhere() -> None:
    (found,) = review_pipeline(perception_pipeline).findings
    assert found.kind is ReviewKind.UNHANDLED
    assert '"unknown"' in found.message
    assert '"pose"' not in found.message
    assert review_exit_code(review_pipeline(perception_pipeline)) == 0


def test_modules_that_start_each_other_feed_themselves() -> None:
    modules = (Module("a", targets=("do_a",), triggers=("b",)), Module("b", targets=("do_b",), triggers=("a",)))
    loops = [f for f in review_pipeline(Pipeline(modules=modules)).findings if f.kind is ReviewKind.LOOP]
    assert [len(loop.rules) for loop in loops] == [2]
    assert review_exit_code(review_pipeline(Pipeline(modules=modules))) == 1
    straight = (modules[0], Module("b", targets=("do_b",)))
    assert not [f for f in review_pipeline(Pipeline(modules=straight)).findings if f.kind is ReviewKind.LOOP]
