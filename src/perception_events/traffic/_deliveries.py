"""A topology -> what each of its rules sends to whom, so that two versions can be held against each other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from perception_events.errors import PerceptionEventsError
from perception_events.input_transforms import MISSING, InputTransformer, JSONPath, TemplateRenderError
from perception_events.json_values import JSONObject
from perception_events.topology import Rule, RuleTarget, Topology, Unresolved, unresolved_in
from perception_events.traffic._rules import UndecidedRule, rules_of

__all__ = ["Delivery", "deliveries_of", "received_input"]

_INGESTION_TIME = "1970-01-01T00:00:00Z"
"""The same on both sides; AWS's is not recorded in the event."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a rule sends to one of its targets.

    `target`: the name of the resource. `form`: how the input is made, as JSON; deliveries of one target and one form
    are the same for every event. `rule`: the rule's id, `rule_name` and `rule_arn`: what its templates see of it.
    """

    target: str
    form: str
    rule: str
    rule_name: str
    rule_arn: str


def deliveries_of(
    topology: Topology, bus: str | None
) -> tuple[dict[str, list[Delivery]], dict[str, str], list[UndecidedRule]]:
    """The deliveries of each enabled rule, the rules' patterns, and what cannot be decided.

    Raises:
        UnknownResourceError: there is no such bus.
    """
    rules, undecided = rules_of(topology, bus)
    deliveries: dict[str, list[Delivery]] = {}
    patterns: dict[str, str] = {}
    for one in rules:
        rule = topology[one.name]
        if not one.enabled or not isinstance(rule, Rule):
            continue
        patterns[one.name] = one.pattern
        deliveries[one.name] = []
        for target in rule.targets:
            form, reason = _form(target)
            if reason:
                undecided.append(UndecidedRule(one.name, f"target {target.id}: {reason}"))
            uses_rule = "aws.events.rule" in form
            deliveries[one.name].append(
                Delivery(
                    _name_of(topology, target),
                    form,
                    one.name,
                    str(rule.name) if uses_rule else "",
                    str(rule.arn) if uses_rule else "",
                )
            )
    return deliveries, patterns, undecided


def _name_of(topology: Topology, target: RuleTarget) -> str:
    """The name of what is invoked: ids differ between templates that deploy the same; a made-up name says nothing."""
    if isinstance(target.target, Unresolved):
        return str(target.target)
    resource = topology[target.target]
    named = isinstance(resource.name, str) and resource.name and not resource.made_up_name
    return f"{resource.kind} {resource.name if named else resource.id}"


def _form(target: RuleTarget) -> tuple[str, str]:
    """How the input is made, as JSON, and why that is not known where it is not."""
    transformer = target.input_transformer
    parts: dict[str, Any] = {"Input": target.input, "InputPath": target.input_path}
    if transformer is not None:
        parts["InputTransformer"] = [dict(transformer.input_paths_map), transformer.input_template]
    form = {name: value for name, value in parts.items() if value is not None}
    unknown = next(unresolved_in(form), None)
    if unknown is not None:
        return json.dumps({"Unknown": str(unknown)}), f"its input has a value that is not known: {unknown}"
    return json.dumps(form, sort_keys=True, ensure_ascii=False), ""


def received_input(delivery: Delivery, event: JSONObject) -> str:
    """What the target receives for `event`, as JSON with sorted keys; what AWS would not deliver begins with `!`."""
    form = json.loads(delivery.form)
    try:
        if "Unknown" in form:
            return f"! not known: {form['Unknown']}"
        if "Input" in form:
            value = json.loads(form["Input"])
        elif "InputPath" in form:
            value = JSONPath.parse(form["InputPath"]).find(event)
            if value is MISSING:
                return f"! nothing is at InputPath {form['InputPath']}"
        elif "InputTransformer" in form:
            paths, template = form["InputTransformer"]
            variables = {
                "aws.events.rule-name": delivery.rule_name,
                "aws.events.rule-arn": delivery.rule_arn,
                "aws.events.event.ingestion-time": _INGESTION_TIME,
            }
            value = InputTransformer.parse(template, paths).render_input(event, variables)
        else:
            value = event
    except TemplateRenderError as error:
        return f"! not delivered: {error}"
    except (PerceptionEventsError, ValueError) as error:
        return f"! invalid: {error}"
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
