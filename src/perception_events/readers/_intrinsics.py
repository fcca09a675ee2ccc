"""CloudFormation's functions and conditions: a template's value -> JSON, with `Unresolved` for what AWS alone knows."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from perception_events.readers._texts import as_text, join_texts
from perception_events.topology import Account, LocatedDict, LocatedList, Origin, Text, Unresolved

__all__ = ["NO_VALUE", "Intrinsics", "json_text"]


class _NoValue:
    """`AWS::NoValue`: the property is not set."""


NO_VALUE = _NoValue()
_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_DYNAMIC_REASON = "a dynamic reference is read at the deployment"
_DYNAMIC = re.compile(r"\{\{resolve:[^}]*\}\}")


class Intrinsics:
    """Resolves the values of one template.

    `file`: the template's path. `template`: its sections. `account`, `stack_name`: the pseudo parameters.
    `given`: parameter values by name; a name with `AWS::` sets a pseudo parameter. `attribute`: the value of `Ref`
    (attribute "") or `Fn::GetAtt` of a resource of the template; None where there is no such resource.
    `imported`: the value of another stack's export; None where no template that was read exports it.
    """

    def __init__(
        self,
        file: str,
        template: Mapping[str, Any],
        account: Account,
        stack_name: str,
        given: Mapping[str, Any],
        attribute: Callable[[str, str], Any | None],
        imported: Callable[[str], Any | None],
    ) -> None:
        self._file = file
        self._given = given
        self._attribute = attribute
        self._imported = imported
        self._parameters = _section(template, "Parameters")
        self._mappings = _section(template, "Mappings")
        self._conditions = _section(template, "Conditions")
        self._open_conditions: list[str] = []
        self._line: int | None = None
        suffix = "amazonaws.com.cn" if account.partition == "aws-cn" else "amazonaws.com"
        self._pseudo: dict[str, Any] = {
            "AWS::AccountId": account.number,
            "AWS::Region": account.region,
            "AWS::Partition": account.partition,
            "AWS::URLSuffix": suffix,
            "AWS::StackName": stack_name,
            "AWS::StackId": account.arn("cloudformation", f"stack/{stack_name}/00000000-0000-0000-0000-000000000000"),
            "AWS::NotificationARNs": [],
            "AWS::NoValue": NO_VALUE,
        }
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::FindInMap": self._find_in_map,
            "Fn::If": self._if,
            "Fn::ImportValue": self._import,
            "Fn::Base64": self._base64,
            "Fn::ToJsonString": self._to_json,
            "Fn::Length": self._length,
        }

    def resolve(self, value: Any) -> Any:
        """`value` with every function resolved; objects and lists keep their lines."""
        if isinstance(value, str):
            return self._unknown(value, _DYNAMIC_REASON) if _is_dynamic(value) else value
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list):
            return self._list(value)
        return value

    def condition(self, name: str) -> bool | None:
        """Whether the condition `name` holds; None where that is not known."""
        if name in self._open_conditions or name not in self._conditions:
            return None
        self._open_conditions.append(name)
        try:
            return self._holds(self._conditions[name])
        finally:
            self._open_conditions.pop()

    def decided(self, name: str) -> bool:
        """Whether the given parameters alone, without any default, decide the condition `name`."""
        return all(one in self._given for one in self._parameters_in(self._conditions.get(name), frozenset({name})))

    def _parameters_in(self, value: Any, seen: frozenset[str]) -> set[str]:
        if isinstance(value, list):
            return {name for one in value for name in self._parameters_in(one, seen)}
        if not isinstance(value, dict):
            return set()
        found: set[str] = set()
        for key, inside in value.items():
            if key == "Ref" and isinstance(inside, str) and inside in self._parameters:
                found.add(inside)
            elif key == "Condition" and isinstance(inside, str) and inside not in seen:
                found |= self._parameters_in(self._conditions.get(inside), seen | {inside})
            else:
                found |= self._parameters_in(inside, seen)
        return found

    # --- objects and lists

    def _object(self, value: dict[str, Any]) -> Any:
        outer = self._line
        if isinstance(value, LocatedDict) and value.line is not None:
            self._line = value.line
        try:
            if len(value) == 1:
                name, argument = next(iter(value.items()))
                function = self._functions.get(name)
                if function is not None:
                    return function(argument)
                if name.startswith("Fn::"):
                    return self._unknown(f"!{name[4:]} {_short(argument)}", f"{name} is not evaluated here")
            lines = getattr(value, "lines", {})
            resolved = LocatedDict(line=getattr(value, "line", None), lines=lines)
            for key, one in value.items():
                self._line = lines.get(key, self._line)
                inside = self.resolve(one)
                if inside is not NO_VALUE:
                    resolved[key] = inside
            return resolved
        finally:
            self._line = outer

    def _list(self, value: list[Any]) -> LocatedList:
        lines = getattr(value, "lines", [])
        resolved = LocatedList(line=getattr(value, "line", None))
        for number, one in enumerate(value):
            inside = self.resolve(one)
            if inside is not NO_VALUE:
                resolved.append(inside)
                if number < len(lines):
                    resolved.lines.append(lines[number])
        return resolved

    def _unknown(self, expression: str, reason: str) -> Unresolved:
        return Unresolved(expression, reason, Origin(self._file, self._line))

    # --- functions

    def _ref(self, name: Any) -> Any:
        if not isinstance(name, str):
            return self._unknown(f"!Ref {_short(name)}", "Ref takes a name")
        if name in self._given and (name in self._pseudo or name in self._parameters):
            return self._typed(name, self._given[name])
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._parameters:
            return self._parameter(name)
        value = self._attribute(name, "")
        if value is None:
            return self._unknown(f"${{{name}}}", f"{name} is neither a parameter nor a resource of this template")
        return value

    def _parameter(self, name: str) -> Any:
        declared = self._parameters[name]
        declared = declared if isinstance(declared, dict) else {}
        type = str(declared.get("Type", "String"))
        if type.startswith("AWS::SSM::Parameter::Value"):
            where = f"{declared['Default']} in " if "Default" in declared else ""
            return self._unknown(f"${{{name}}}", f"parameter {name} is read from {where}SSM; give its value")
        if declared.get("Default") is None:
            return self._unknown(f"${{{name}}}", f"parameter {name} has no default; give its value")
        return self._typed(name, declared["Default"])

    def _typed(self, name: str, value: Any) -> Any:
        declared = self._parameters.get(name)
        type = str(declared.get("Type", "String")) if isinstance(declared, dict) else "String"
        if isinstance(value, Unresolved | list):
            return value
        if type == "CommaDelimitedList" or type.startswith("List<"):
            return [one.strip() for one in as_text(value).split(",")] if value != "" else []
        return as_text(value)

    def _get_att(self, argument: Any) -> Any:
        if isinstance(argument, str):
            argument = argument.split(".", 1)
        if not (isinstance(argument, list) and len(argument) == 2 and isinstance(argument[0], str)):
            return self._unknown(f"!GetAtt {_short(argument)}", "Fn::GetAtt takes a resource and an attribute")
        attribute = self.resolve(argument[1])
        if not isinstance(attribute, str):
            return self._unknown(f"!GetAtt {argument[0]}.{_short(attribute)}", "the attribute is not known")
        value = self._attribute(argument[0], attribute)
        if value is None:
            return self._unknown(f"${{{argument[0]}.{attribute}}}", f"{argument[0]} is not a resource of this template")
        return value

    def _sub(self, argument: Any) -> Any:
        variables: dict[str, Any] = {}
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):
            text, variables = argument
        else:
            text = argument
        if isinstance(text, Unresolved):
            return text
        if not isinstance(text, str):
            return self._unknown(f"!Sub {_short(argument)}", "Fn::Sub takes a text")
        parts: list[Any] = []
        position = 0
        for match in _PLACEHOLDER.finditer(text):
            parts.append(text[position : match.start()])
            position = match.end()
            name = match[1].strip()
            if name.startswith("!"):
                parts.append(f"${{{name[1:]}}}")
            elif name in variables:
                parts.append(self.resolve(variables[name]))
            elif "." in name:
                parts.append(self._get_att(name))
            else:
                parts.append(self._ref(name))
        parts.append(text[position:])
        joined = join_texts("" if part is NO_VALUE else part for part in parts)
        if isinstance(joined, str) and _is_dynamic(joined):
            return self._unknown(joined, _DYNAMIC_REASON)
        return joined

    def _join(self, argument: Any) -> Any:
        if not (isinstance(argument, list) and len(argument) == 2 and isinstance(argument[0], str)):
            return self._unknown(f"!Join {_short(argument)}", "Fn::Join takes a separator and a list")
        elements = self.resolve(argument[1])
        if isinstance(elements, Unresolved):
            return self._unknown(f"!Join ['{argument[0]}', {elements.expression}]", elements.reason)
        if not isinstance(elements, list):
            return self._unknown(f"!Join {_short(argument)}", "Fn::Join takes a separator and a list")
        return join_texts(elements, argument[0])

    def _select(self, argument: Any) -> Any:
        resolved = self.resolve(argument)
        if isinstance(resolved, list) and len(resolved) == 2:
            index, elements = resolved
            if isinstance(elements, Unresolved):
                return self._unknown(f"!Select [{as_text(index)}, {elements.expression}]", elements.reason)
            if as_text(index).isdecimal() and isinstance(elements, list) and int(as_text(index)) < len(elements):
                return elements[int(as_text(index))]
        return self._unknown(f"!Select {_short(argument)}", "the list has no element of this number")

    def _split(self, argument: Any) -> Any:
        resolved = self.resolve(argument)
        if isinstance(resolved, list) and len(resolved) == 2 and isinstance(resolved[0], str) and resolved[0]:
            if isinstance(resolved[1], str):
                return resolved[1].split(resolved[0])
            if isinstance(resolved[1], Unresolved):
                return self._unknown(f"!Split ['{resolved[0]}', {resolved[1].expression}]", resolved[1].reason)
        return self._unknown(f"!Split {_short(argument)}", "Fn::Split takes a separator and a text")

    def _find_in_map(self, argument: Any) -> Any:
        resolved = self.resolve(argument)
        if isinstance(resolved, list) and len(resolved) >= 3:
            unknown = next((one for one in resolved[:3] if isinstance(one, Unresolved)), None)
            if unknown is not None:
                return self._unknown(f"!FindInMap {_short(argument)}", unknown.reason)
            value: Any = self._mappings
            for step in resolved[:3]:
                value = value.get(as_text(step)) if isinstance(value, dict) else None
            if value is None and len(resolved) == 4 and isinstance(resolved[3], dict):
                value = resolved[3].get("DefaultValue")
            if value is not None:
                return self.resolve(value)
        return self._unknown(f"!FindInMap {_short(argument)}", "the mapping has no such key")

    def _if(self, argument: Any) -> Any:
        if not (isinstance(argument, list) and len(argument) == 3 and isinstance(argument[0], str)):
            return self._unknown(f"!If {_short(argument)}", "Fn::If takes a condition and two values")
        holds = self.condition(argument[0])
        if holds is not None:
            return self.resolve(argument[1] if holds else argument[2])
        yes, no = self.resolve(argument[1]), self.resolve(argument[2])
        if yes is no or yes == no:
            return yes
        return self._unknown(f"!If [{argument[0]}, ...]", f"condition {argument[0]} depends on a value not given")

    def _import(self, argument: Any) -> Any:
        name = self.resolve(argument)
        if isinstance(name, Unresolved):
            return self._unknown(f"!ImportValue {name.expression}", name.reason)
        value = self._imported(as_text(name))
        if value is None:
            return self._unknown(f"!ImportValue {as_text(name)}", f"no template read here exports {as_text(name)}")
        return value

    def _base64(self, argument: Any) -> Any:
        text = self.resolve(argument)
        if isinstance(text, str):
            return base64.b64encode(text.encode()).decode()
        return self._unknown("!Base64", "its text is not known")

    def _to_json(self, argument: Any) -> Text:
        return json_text(self.resolve(argument))

    def _length(self, argument: Any) -> Any:
        elements = self.resolve(argument)
        return len(elements) if isinstance(elements, list) else self._unknown("!Length", "the list is not known")

    # --- conditions: True, False or None for not known

    def _holds(self, value: Any) -> bool | None:
        if isinstance(value, dict) and len(value) == 1:
            name, argument = next(iter(value.items()))
            if name == "Condition" and isinstance(argument, str):
                return self.condition(argument)
            if name == "Fn::Not" and isinstance(argument, list) and len(argument) == 1:
                inside = self._holds(argument[0])
                return None if inside is None else not inside
            if name in ("Fn::And", "Fn::Or") and isinstance(argument, list):
                parts = [self._holds(one) for one in argument]
                deciding: bool = name == "Fn::Or"
                if deciding in parts:
                    return deciding
                return None if None in parts else not deciding
            if name == "Fn::Equals" and isinstance(argument, list) and len(argument) == 2:
                left, right = (self.resolve(one) for one in argument)
                if isinstance(left, Unresolved) or isinstance(right, Unresolved):
                    return None
                return bool(as_text(left) == as_text(right))
        return None


def json_text(value: Any) -> Text:
    """`value` as JSON text; with an unknown part, an unknown text."""
    parts: list[Any] = []
    _write(value, parts)
    return join_texts(parts)


def _write(value: Any, parts: list[Any]) -> None:
    if isinstance(value, Unresolved):
        parts += ['"', value, '"']
    elif isinstance(value, dict):
        parts.append("{")
        for number, (key, one) in enumerate(value.items()):
            parts.append(f"{', ' if number else ''}{json.dumps(key)}: ")
            _write(one, parts)
        parts.append("}")
    elif isinstance(value, list):
        parts.append("[")
        for number, one in enumerate(value):
            if number:
                parts.append(", ")
            _write(one, parts)
        parts.append("]")
    else:
        parts.append(json.dumps(value, default=str))


def _is_dynamic(text: str) -> bool:
    return "{{resolve:" in text and _DYNAMIC.search(text) is not None


def _section(template: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = template.get(name)
    return section if isinstance(section, dict) else {}


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."
