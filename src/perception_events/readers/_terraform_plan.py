"""`terraform show -json` of a plan or a state -> what it declares; links of a plan come from its configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perception_events.readers._declared import Declared
from perception_events.readers._reading import Format, Reading
from perception_events.readers._terraform_resources import RulesAndTargets, declared_resource
from perception_events.readers._terraform_types import known_attribute, resource_name
from perception_events.topology import Account, LocatedDict, Origin, Text, Unresolved

__all__ = ["plan_format", "read_plan"]

_COMPUTED = ("arn", "id", "tags_all")
_KEY = re.compile(r"\[[^\]]*\]")


def plan_format(document: Mapping[str, Any]) -> Format | None:
    """Plan or state; None where it is neither."""
    if "planned_values" in document or "resource_changes" in document:
        return Format.TERRAFORM_PLAN
    values = document.get("values")
    if "terraform_version" in document and isinstance(values, dict) and "root_module" in values:
        return Format.TERRAFORM_STATE
    return None


def read_plan(reading: Reading, path: Path, document: Mapping[str, Any], format: Format) -> None:
    """Add the resources of a plan or a state."""
    reading.add_file(path, format)
    plan = _Plan(str(path), document, reading.account_in(_region(document)))
    found = list(plan.declared())
    reading.sources.append((reading.stack_name, lambda: found))


@dataclass(slots=True)
class _Planned:
    """One resource of the plan: its known values, what is unknown, and the expressions of its configuration."""

    address: str
    module: str
    type: str
    label: str
    values: dict[str, Any]
    unknown: dict[str, Any]
    expressions: dict[str, Any]
    origin: Origin


class _Plan:
    def __init__(self, file: str, document: Mapping[str, Any], account: Account) -> None:
        self._file = file
        self._account = account
        self._configuration = dict(_configurations(_dict(_dict(document.get("configuration")).get("root_module")), ""))
        unknown = {
            str(one.get("address")): _dict(_dict(one.get("change")).get("after_unknown"))
            for one in _list(document.get("resource_changes"))
            if isinstance(one, dict)
        }
        self._resources: dict[str, _Planned] = {}
        for one in _resources(document):
            address = str(one.get("address"))
            module = address[: address.rindex(str(one.get("type")))] if str(one.get("type")) in address else ""
            expressions = self._configuration.get(_KEY.sub("", address), {})
            line = one.line if isinstance(one, LocatedDict) else None
            self._resources[address] = _Planned(
                address,
                module,
                str(one.get("type")),
                str(one.get("name")),
                _dict(one.get("values")),
                unknown.get(address, {}),
                expressions,
                Origin(file, line, address),
            )
        self._filled: dict[str, LocatedDict] = {}

    def declared(self) -> Iterator[Declared]:
        """Every managed resource; targets are given to their rules."""
        linked = RulesAndTargets()
        plain: list[Declared] = []
        for one in self._resources.values():
            values = self._values(one)
            if one.type == "aws_cloudwatch_event_target":
                linked.add_target(values, one.origin, self._account)
                continue
            declared = declared_resource(one.type, one.address, self._name(one), values, one.origin, self._account)
            arn = one.values.get("arn")
            if isinstance(arn, str) and arn.startswith("arn:"):
                declared.arn = arn
            stream = one.values.get("stream_arn")
            if isinstance(stream, str) and stream:
                declared.stream_arn = stream
            url = one.values.get("url") if one.type == "aws_sqs_queue" else None
            if isinstance(url, str):
                declared.other_names += (url,)
            if one.type == "aws_cloudwatch_event_rule":
                linked.add_rule(declared)
            plain.append(declared)
        linked.link()
        yield from plain
        yield from linked.stand_ins

    def _name(self, one: _Planned) -> Text:
        return resource_name(one.type, one.label, one.values)

    def _values(self, one: _Planned) -> LocatedDict:
        """The known values, and for unknown ones what the configuration refers to."""
        if one.address not in self._filled:
            filled = LocatedDict(
                one.values, line=getattr(one.values, "line", None), lines=getattr(one.values, "lines", None)
            )
            self._filled[one.address] = filled
            self._fill(one, filled, one.unknown, one.expressions)
        return self._filled[one.address]

    def _fill(self, one: _Planned, values: Any, unknown: Any, expressions: Any) -> None:
        if isinstance(unknown, list) and isinstance(values, list):
            blocks = expressions if isinstance(expressions, list) else [expressions] * len(values)
            for number, part in enumerate(unknown[: len(values)]):
                self._fill(one, values[number], part, blocks[number] if number < len(blocks) else {})
        if not isinstance(unknown, dict) or not isinstance(values, dict):
            return
        for name, part in unknown.items():
            expression = expressions.get(name) if isinstance(expressions, dict) else None
            if part is True:
                is_top = values is self._filled[one.address] and one.type != "aws_cloudwatch_event_target"
                if expression is None and name in _COMPUTED and is_top:
                    continue  # not an argument: AWS sets it
                values[name] = self._referred(one, name, expression)
            elif isinstance(values.get(name), dict | list):
                self._fill(one, values[name], part, expression)

    def _referred(self, one: _Planned, name: str, expression: Any) -> Any:
        """What an argument will be: the attribute that it refers to, where it is that alone."""
        references = _list(_dict(expression).get("references"))
        attributes = [ref for ref in references if isinstance(ref, str) and ref.count(".") >= 2]
        shown = f"${{{attributes[0] if attributes else one.address + '.' + name}}}"
        reason = "it is known after the deployment"
        if name in ("event_pattern", "policy", "definition", "pattern") or len(attributes) != 1:
            return Unresolved(shown, reason, one.origin)  # a text that only contains the attribute
        value = self._attribute(one, attributes[0])
        return Unresolved(shown, reason, one.origin) if value is None else value

    def _attribute(self, one: _Planned, reference: str) -> Any | None:
        """`aws_sqs_queue.q.arn`, `module.m.output`, `var.x`: the made-up attribute of the resource that is meant."""
        steps = _KEY.sub("", reference).split(".")
        if steps[0] == "module" and len(steps) >= 3:
            return self._output(f"{one.module}module.{steps[1]}.", steps[2])
        if len(steps) < 3 or steps[0] in ("var", "local", "data", "each", "count"):
            return None
        wanted = f"{one.module}{steps[0]}.{steps[1]}"
        if wanted == _KEY.sub("", one.address):
            return None
        found = [other for other in self._resources.values() if _KEY.sub("", other.address) == wanted]
        key = re.search(r"\[(?P<key>[^\]]*)\]$", one.address)
        if len(found) > 1 and key is not None:  # the instance of the same key, as `[each.key]` is written
            found = [other for other in found if other.address.endswith(f"[{key['key']}]")] or found
        if not found:
            return None
        other = found[0]
        value = other.values.get(steps[2])
        if value is not None:
            return value
        return known_attribute(other.type, steps[2], self._name(other), self._values(other), self._account)

    def _output(self, module: str, name: str) -> Any | None:
        expression = self._configuration.get(f"{module}output.{name}")
        references = [ref for ref in _list(_dict(expression).get("references")) if str(ref).count(".") >= 2]
        if len(references) != 1:
            return None
        inside = _Planned(f"{module}output.{name}", module, "", "", {}, {}, {}, Origin(self._file))
        return self._attribute(inside, references[0])


def _configurations(module: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The expressions of every resource and output, by address without keys."""
    for one in _list(module.get("resources")):
        if isinstance(one, dict):
            yield f"{path}{one.get('address')}", _dict(one.get("expressions"))
    for name, output in _dict(module.get("outputs")).items():
        yield f"{path}output.{name}", _dict(_dict(output).get("expression"))
    for name, call in _dict(module.get("module_calls")).items():
        yield from _configurations(_dict(_dict(call).get("module")), f"{path}module.{name}.")


def _resources(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The managed resources with address, type, name and values."""
    values = document.get("planned_values", document.get("values"))
    if isinstance(values, dict):
        yield from _of_module(_dict(values.get("root_module")))
        return
    for one in _list(document.get("resource_changes")):  # the plan of `terraform test` has nothing else
        change = _dict(_dict(one).get("change"))
        if isinstance(one, dict) and one.get("mode", "managed") == "managed" and isinstance(change.get("after"), dict):
            yield LocatedDict({**one, "values": change["after"]}, line=getattr(one, "line", None))


def _of_module(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for one in _list(module.get("resources")):
        if isinstance(one, dict) and one.get("mode", "managed") == "managed":
            yield one
    for child in _list(module.get("child_modules")):
        yield from _of_module(_dict(child))


def _region(document: Mapping[str, Any]) -> str | None:
    providers = _dict(_dict(document.get("configuration")).get("provider_config"))
    region = _dict(_dict(_dict(providers.get("aws")).get("expressions")).get("region")).get("constant_value")
    return region if isinstance(region, str) else None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
