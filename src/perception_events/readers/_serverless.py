"""serverless.yml -> the CloudFormation template that the Serverless Framework makes of it, as far as events go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from perception_events.readers._cloudformation import Stack
from perception_events.readers._declared import Declared
from perception_events.readers._intrinsics import json_text
from perception_events.readers._reading import Format, Reading
from perception_events.readers._serverless_variables import Variables
from perception_events.topology import LocatedDict, LocatedList, Origin, Unresolved

__all__ = ["is_service", "read_serverless"]


def is_service(document: Mapping[str, Any]) -> bool:
    """Whether a document is a serverless.yml."""
    provider = document.get("provider")
    return "service" in document and (isinstance(provider, str) or (isinstance(provider, dict) and "name" in provider))


def read_serverless(reading: Reading, path: Path, document: Mapping[str, Any]) -> None:
    """Add a service; another provider than AWS is a problem."""
    origin = Origin(str(path), _line(document, "provider"), "provider")
    provider = document.get("provider")
    name = provider.get("name") if isinstance(provider, dict) else provider
    if name != "aws":
        reading.problem(f"the provider {name} is not AWS", "give a service whose provider is aws", origin)
        return
    reading.add_file(path, Format.SERVERLESS)

    def missing(reason: str, fix: str) -> None:
        reading.problem(reason, fix, Origin(str(path)))

    variables = Variables(path, document, reading.account_in(), reading.parameters, missing)
    region = variables.at("provider.region")
    account = reading.account_in(region if isinstance(region, str) else None)
    variables = Variables(path, document, account, reading.parameters, missing)
    service = _Service(path, document, variables)
    stack = Stack(
        str(path),
        service.template(),
        account=account,
        name=service.stack_name(reading.stack_name),
        given=reading.parameters,
        exports=reading.exports,
    )
    reading.sources.append((reading.stack_name, lambda: [service.shown(one) for one in stack.declared()]))


class _Service:
    """The resources of a service by CloudFormation's logical ids, and the ids by which users know them."""

    def __init__(self, path: Path, document: Mapping[str, Any], variables: Variables) -> None:
        self._path = path
        self._document = document
        self._variables = variables
        self._resources = LocatedDict()
        self._ids: dict[str, str] = {}
        self._places: dict[str, str] = {}

    def stack_name(self, default: str) -> str:
        """`service-stage`, as the framework names the stack."""
        service = self._variables.at("service")
        stage = self._variables.stage
        known = isinstance(service, str) and isinstance(stage, str)
        return f"{service}-{stage}" if known else default

    def template(self) -> LocatedDict:
        """The template: what the functions' events make, and `resources` as they are written."""
        functions = self._variables.resolve(self._document.get("functions"))
        for one in functions if isinstance(functions, list) else [functions]:
            for name, function in (one if isinstance(one, dict) else {}).items():
                if isinstance(function, dict):
                    self._function(str(name), function, _line(one, name))
        template = LocatedDict()
        resources = self._variables.resolve(self._document.get("resources"))
        for part in resources if isinstance(resources, list) else [resources]:
            if not isinstance(part, dict):
                continue
            for section, content in part.items():
                if section == "Resources" and isinstance(content, dict):
                    self._resources.update(content)
                    self._resources.lines.update(getattr(content, "lines", {}))
                elif isinstance(content, dict):
                    template[section] = {**template.get(section, {}), **content}
        template["Resources"] = self._resources
        return template

    def shown(self, declared: Declared) -> Declared:
        """A resource under the id and at the place where the service's file has it."""
        if declared.id not in self._ids:
            return declared
        place = self._places[declared.id]
        return replace(
            declared, id=self._ids[declared.id], origin=Origin(declared.origin.file, declared.origin.line, place)
        )

    # --- functions and their events

    def _function(self, name: str, function: dict[str, Any], line: int | None) -> None:
        logical_id = f"{_normalised(name)}LambdaFunction"
        written = function.get("name")
        properties = LocatedDict(
            {
                "FunctionName": written or f"{self.stack_name('service')}-{name}",
                "Handler": function.get("handler"),
                "Runtime": function.get("runtime") or self._variables.at("provider.runtime"),
                "Timeout": function.get("timeout") or self._variables.at("provider.timeout"),
                "MemorySize": function.get("memorySize") or self._variables.at("provider.memorySize"),
                "DeadLetterConfig": {"TargetArn": function.get("onError")},
                "EventInvokeConfig": self._invoke_config(function),
            }
        )
        self._add(logical_id, "AWS::Lambda::Function", properties, name, f"functions.{name}", line)
        events = function.get("events")
        if isinstance(events, Unresolved):
            return
        for number, event in enumerate(events if isinstance(events, list) else []):
            if not isinstance(event, dict) or len(event) != 1:
                continue
            kind, settings = next(iter(event.items()))
            made = _EVENTS.get(kind)
            if made is not None:
                at = _line(event, kind) or line
                place = f"functions.{name}.events[{number}]"
                for suffix, type, content in made(self, logical_id, name, number, settings):
                    id = f"{name}.events[{number}]{suffix}"
                    logical = f"{_normalised(name)}Events{number}{_normalised(suffix)}{type.rpartition('::')[2]}"
                    self._add(logical, type, content, id, f"{place}.{kind}", at)

    def _add(self, logical_id: str, type: str, properties: LocatedDict, id: str, place: str, line: int | None) -> None:
        self._resources[logical_id] = LocatedDict({"Type": type, "Properties": properties}, line=line)
        if line is not None:
            self._resources.lines[logical_id] = line
        self._ids[logical_id] = id
        self._places[logical_id] = place

    def _invoke_config(self, function: dict[str, Any]) -> dict[str, Any]:
        destinations = function.get("destinations")
        failed = destinations.get("onFailure") if isinstance(destinations, dict) else None
        failed = failed.get("arn") if isinstance(failed, dict) and "arn" in failed else failed
        config = {
            "MaximumRetryAttempts": function.get("maximumRetryAttempts"),
            "MaximumEventAgeInSeconds": function.get("maximumEventAge"),
        }
        return config | ({} if failed is None else {"DestinationConfig": {"OnFailure": {"Destination": failed}}})

    def rule(self, function: str, name: str, number: int, settings: Any, pattern: str) -> Iterator[_Made]:
        """A rule on a bus; a bus that is only named is made by the framework."""
        settings = settings if isinstance(settings, dict) else {}
        properties = _renamed(
            settings, {pattern: "EventPattern", "schedule": "ScheduleExpression", "description": "Description"}
        )
        bus = settings.get("eventBus")
        if isinstance(bus, str) and bus != "default" and not bus.startswith("arn:") and not self._has_bus(bus):
            yield ".eventBus", _BUS, LocatedDict({"Name": bus})
        if bus is not None:
            properties["EventBusName"] = bus
        rules = f"{self.stack_name('service')}-{name}-rule-{number + 1}"
        properties["Name"] = settings.get("name") or rules
        if settings.get("enabled") is False or settings.get("state") == "DISABLED":
            properties["State"] = "DISABLED"
        properties["Targets"] = LocatedList([_target(function, f"{name}-rule-{number + 1}-target", settings)])
        yield "", "AWS::Events::Rule", properties
        yield ".permission", "AWS::Lambda::Permission", _permission(function, "events.amazonaws.com")

    def schedule(self, function: str, name: str, number: int, settings: Any) -> Iterator[_Made]:
        """One rule, or one schedule, for each rate."""
        settings = settings if isinstance(settings, dict) else {"rate": settings}
        rates = settings.get("rate")
        rates = rates if isinstance(rates, list) else [rates]
        for at, rate in enumerate(rates):
            suffix = f".rate[{at}]" if len(rates) > 1 else ""
            state = "DISABLED" if settings.get("enabled") is False else "ENABLED"
            target = _target(function, f"{name}Schedule{number}", settings)
            if settings.get("method") == "scheduler":
                target.pop("Id", None)
                schedule = {"ScheduleExpression": rate, "State": state, "Target": target}
                yield suffix, "AWS::Scheduler::Schedule", LocatedDict(schedule)
            else:
                rule = {"ScheduleExpression": rate, "State": state, "Targets": [target]}
                yield suffix, "AWS::Events::Rule", LocatedDict(rule)
                permission = _permission(function, "events.amazonaws.com")
                yield f"{suffix}.permission", "AWS::Lambda::Permission", permission

    def mapping(self, function: str, name: str, number: int, settings: Any) -> Iterator[_Made]:
        """An event source mapping of a stream, a queue, a cluster or a broker."""
        settings = settings if isinstance(settings, dict) else {"arn": settings}
        mapping = _renamed(settings, _MAPPING)
        mapping["FunctionName"] = {"Fn::GetAtt": [function, "Arn"]}
        if "EventSourceArn" not in mapping and "bootstrapServers" in settings:
            mapping["SelfManagedEventSource"] = settings["bootstrapServers"]
        patterns = settings.get("filterPatterns")
        if isinstance(patterns, list):
            mapping["FilterCriteria"] = {"Filters": [{"Pattern": one} for one in patterns]}
        response = settings.get("functionResponseType")
        if response is not None:
            mapping["FunctionResponseTypes"] = [response]
        destinations = settings.get("destinations")
        failed = destinations.get("onFailure") if isinstance(destinations, dict) else None
        if failed is not None:
            failed = failed.get("arn") if isinstance(failed, dict) and "arn" in failed else failed
            mapping["DestinationConfig"] = {"OnFailure": {"Destination": failed}}
        arn = settings.get("arn")
        is_stream = settings.get("type") in ("dynamodb", "kinesis") or (
            isinstance(arn, str) and (":kinesis:" in arn or ":dynamodb:" in arn)
        )
        if is_stream and "StartingPosition" not in mapping:
            mapping["StartingPosition"] = "TRIM_HORIZON"
        yield "", "AWS::Lambda::EventSourceMapping", mapping

    def _has_bus(self, name: str) -> bool:
        written = [*self._resources.values(), *self._written_resources()]
        return any(isinstance(one, dict) and one.get("Type") == _BUS and _name_of(one) == name for one in written)

    def _written_resources(self) -> list[Any]:
        resources = self._document.get("resources")
        parts = resources if isinstance(resources, list) else [resources]
        found = [part.get("Resources") for part in parts if isinstance(part, dict)]
        return [self._variables.resolve(one) for part in found if isinstance(part, dict) for one in part.values()]


_Made = tuple[str, str, LocatedDict]
_BUS = "AWS::Events::EventBus"
_EVENTS: dict[str, Any] = {
    "eventBridge": lambda service, *event: service.rule(*event, "pattern"),
    "cloudwatchEvent": lambda service, *event: service.rule(*event, "event"),
    "schedule": _Service.schedule,
    "stream": _Service.mapping,
    "sqs": _Service.mapping,
    "msk": _Service.mapping,
    "kafka": _Service.mapping,
    "activemq": _Service.mapping,
    "rabbitmq": _Service.mapping,
}
_MAPPING = {
    "arn": "EventSourceArn",
    "batchSize": "BatchSize",
    "batchWindow": "MaximumBatchingWindowInSeconds",
    "maximumBatchingWindow": "MaximumBatchingWindowInSeconds",
    "startingPosition": "StartingPosition",
    "startingPositionTimestamp": "StartingPositionTimestamp",
    "parallelizationFactor": "ParallelizationFactor",
    "maximumRetryAttempts": "MaximumRetryAttempts",
    "maximumRecordAgeInSeconds": "MaximumRecordAgeInSeconds",
    "bisectBatchOnFunctionError": "BisectBatchOnFunctionError",
    "enabled": "Enabled",
}


def _target(function: str, id: str, settings: Mapping[str, Any]) -> LocatedDict:
    target = LocatedDict({"Arn": {"Fn::GetAtt": [function, "Arn"]}, "Id": id})
    if settings.get("input") is not None:
        value = settings["input"]
        target["Input"] = json_text(value) if isinstance(value, dict | list) else value
    if settings.get("inputPath") is not None:
        target["InputPath"] = settings["inputPath"]
    transformer = settings.get("inputTransformer")
    if isinstance(transformer, dict):
        target["InputTransformer"] = _renamed(
            transformer, {"inputPathsMap": "InputPathsMap", "inputTemplate": "InputTemplate"}
        )
    retry = settings.get("retryPolicy")
    if isinstance(retry, dict):
        target["RetryPolicy"] = _renamed(
            retry,
            {"maximumEventAge": "MaximumEventAgeInSeconds", "maximumRetryAttempts": "MaximumRetryAttempts"},
        )
    if settings.get("deadLetterQueueArn") is not None:
        target["DeadLetterConfig"] = {"Arn": settings["deadLetterQueueArn"]}
    return target


def _permission(function: str, principal: str) -> LocatedDict:
    return LocatedDict({"Action": "lambda:InvokeFunction", "FunctionName": {"Ref": function}, "Principal": principal})


def _renamed(settings: Mapping[str, Any], names: Mapping[str, str]) -> LocatedDict:
    found = LocatedDict(line=getattr(settings, "line", None))
    lines = getattr(settings, "lines", {})
    for theirs, ours in names.items():
        if settings.get(theirs) is not None:
            found[ours] = settings[theirs]
            if theirs in lines:
                found.lines[ours] = lines[theirs]
    return found


def _name_of(resource: dict[str, Any]) -> Any:
    properties = resource.get("Properties")
    return properties.get("Name") if isinstance(properties, dict) else None


def _line(holder: Any, key: Any) -> int | None:
    return holder.lines.get(key) if isinstance(holder, LocatedDict) else None


def _normalised(name: str) -> str:
    """A name as the framework puts it into logical ids."""
    name = name.replace("-", "Dash").replace("_", "Underscore")
    return re.sub(r"[^A-Za-z0-9]", "", name[:1].upper() + name[1:])
