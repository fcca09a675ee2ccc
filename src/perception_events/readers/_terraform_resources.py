"""Terraform resources, of files or of a plan -> declared resources; targets are put into their rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from perception_events.readers._arns import arn_text, resource_type
from perception_events.readers._declared import Declared
from perception_events.readers._terraform_types import TYPES, known_attribute, properties_of, rule_target
from perception_events.readers._texts import join_texts, spelling
from perception_events.topology import Account, LocatedDict, LocatedList, Origin, Text, Unresolved

__all__ = ["RulesAndTargets", "declared_resource"]


def declared_resource(
    type: str, address: str, name: Text, values: Mapping[str, Any], origin: Origin, account: Account
) -> Declared:
    """One resource in CloudFormation's words; a type that is not known keeps Terraform's."""
    known = TYPES.get(type)
    cloudformation = known.cloudformation if known is not None else type
    arn = known_attribute(type, "arn", name, values, account) if known is None or known.name else ""
    url = known_attribute(type, "url", name, values, account)
    others: list[Text] = [] if url is None else [url]
    if cloudformation == "AWS::Lambda::Alias":
        function = values.get("function_name")
        arn = ""
        if isinstance(function, str | Unresolved):
            others.append(join_texts([_function_arn(function, account), ":", name]))
    named = known is None or bool(known.name)
    return Declared(
        address,
        cloudformation,
        properties_of(type, values),
        origin,
        account,
        name=name if named else "",
        arn=arn or "",
        other_names=tuple(others),
    )


def _function_arn(function: Text, account: Account) -> Text:
    if isinstance(function, str) and function.startswith("arn:"):
        return function
    return arn_text(resource_type("AWS::Lambda::Function"), function, account)


class RulesAndTargets:
    """Brings targets to their rules, which they name by the rule's name and bus.

    `stand_ins`: rules that are only seen as arguments of modules that were not read, or as the rule of a target.
    """

    def __init__(self) -> None:
        self._rules: dict[str, list[Declared]] = {}
        self._targets: list[tuple[Mapping[str, Any], Origin, Account]] = []
        self.stand_ins: list[Declared] = []

    def add_rule(self, rule: Declared) -> None:
        """A rule that targets may name."""
        self._rules.setdefault(_spelled(rule.name), []).append(rule)

    def add_target(self, values: Mapping[str, Any], origin: Origin, account: Account) -> None:
        """A target, by its arguments."""
        self._targets.append((values, origin, account))

    def add_unread_module(self, address: str, arguments: Mapping[str, Any], origin: Origin, account: Account) -> None:
        """A module that was not read: an event pattern among its arguments is that of a rule it makes."""
        bus_name = arguments.get("bus_name")
        has_bus = False
        for path, holder in _with_patterns(arguments):
            properties = LocatedDict(line=origin.line)
            lines: dict[str, int] = getattr(holder, "lines", {})
            for theirs, ours in (
                ("event_pattern", "EventPattern"),
                ("event_bus_name", "EventBusName"),
                ("schedule_expression", "ScheduleExpression"),
            ):
                if holder.get(theirs) is not None:
                    properties[ours] = holder[theirs]
                    properties.lines[ours] = lines.get(theirs, origin.line or 1)
            if isinstance(bus_name, str | Unresolved) and "EventBusName" not in properties:
                has_bus = has_bus or bus_name != "default"
                properties["EventBusName"] = properties["SourceArn"] = bus_name
            id = f"{address}{path}"
            type = "AWS::Events::Archive" if path.startswith(".archives.") else "AWS::Events::Rule"
            if type == "AWS::Events::Rule":
                target = LocatedDict({"Id": "unknown", "Arn": Unresolved(f"${{{address}.targets}}", "", origin)})
                properties["Targets"] = LocatedList([target])
            self.stand_ins.append(Declared(id, type, properties, origin, account, name=id))
        if has_bus and isinstance(bus_name, str | Unresolved):  # the module makes the bus that it is given a name for
            bus = Declared(f"{address}.bus", "AWS::Events::EventBus", {}, origin, account, name=bus_name, existing=True)
            bus.arn = arn_text(resource_type(bus.type), bus_name, account)
            self.stand_ins.append(bus)

    def link(self) -> None:
        """Give each target to its rule; a target of a rule that is not known makes an existing rule."""
        for values, origin, account in self._targets:
            rule = self._rule_of(values) or self._unknown_rule(values, origin, account)
            target = rule_target(values)
            if "Id" not in target:
                target["Id"] = re.sub(r"[^A-Za-z0-9_.\-]", "-", origin.path.replace('"', ""))[:64]
            target.line = origin.line
            targets = rule.properties.setdefault("Targets", LocatedList())
            targets.append(target)
            targets.lines.append(origin.line)

    def _unknown_rule(self, values: Mapping[str, Any], origin: Origin, account: Account) -> Declared:
        name = values.get("rule")
        spelled = _spelled(name) if isinstance(name, str | Unresolved) else f"{origin.path}.rule"
        pattern = Unresolved(f"${{{spelled}}}", f"the rule {spelled} is not declared here", origin)
        properties = LocatedDict({"EventPattern": pattern, "EventBusName": values.get("event_bus_name")})
        named = name if isinstance(name, str | Unresolved) else ""
        rule = Declared(
            f"{origin.path}.rule", "AWS::Events::Rule", properties, origin, account, name=named, existing=True
        )
        self._rules[spelled] = [rule]
        self.stand_ins.append(rule)
        return rule

    def _rule_of(self, values: Mapping[str, Any]) -> Declared | None:
        rule = values.get("rule")
        if not isinstance(rule, str | Unresolved):
            return None
        candidates = self._rules.get(_spelled(rule), [])
        if len(candidates) > 1:
            bus = values.get("event_bus_name") or "default"
            on_bus = [one for one in candidates if _bus(one.properties.get("EventBusName")) == _bus(bus)]
            candidates = on_bus or candidates
        return candidates[0] if candidates else None


def _with_patterns(value: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects in a module's arguments that hold an event pattern, with their path."""
    if isinstance(value, dict):
        if isinstance(value.get("event_pattern"), str | dict | Unresolved):
            yield path, value
            return
        for key, one in value.items():
            yield from _with_patterns(one, f"{path}.{key}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _with_patterns(one, f"{path}[{number}]")


def _spelled(text: Text) -> str:
    return spelling(text) if isinstance(text, Unresolved) else text


def _bus(value: Any) -> str:
    if value is None or value == "":
        return "default"
    return _spelled(value) if isinstance(value, str | Unresolved) else str(value)
