"""The CloudFormation template as a SAM template: functions in SAM's own, shorter form."""

from __future__ import annotations

from typing import cast

from perception_events.json_values import JSONObject, JSONValue

__all__ = ["sam_template"]

_SHARED = ("Runtime", "Timeout", "MemorySize")
_DESTINATIONS = {"AWS::SQS::Queue": "SQS", "AWS::SNS::Topic": "SNS", "AWS::Events::EventBus": "EventBridge"}


def sam_template(template: JSONObject) -> JSONObject:
    """`template` with what SAM has a form for rewritten; everything else stays CloudFormation.

    The state machine stays as it is: SAM's own takes no definition as text, and an object may hold no nulls.

    AWS: SAM has no resource for a pipe; AWS's own SAM samples use `AWS::Pipes::Pipe`.
    """
    resources = cast("dict[str, JSONObject]", template["Resources"])
    invoke = {
        _referred(cast(JSONObject, resource["Properties"])["FunctionName"]): cast(JSONObject, resource["Properties"])
        for resource in resources.values()
        if resource["Type"] == "AWS::Lambda::EventInvokeConfig"
    }
    shared = _shared(resources)
    rewritten: JSONObject = {}
    for logical, resource in resources.items():
        match resource["Type"]:
            case "AWS::Lambda::Function":
                properties = cast(JSONObject, resource["Properties"])
                rewritten[logical] = _function(properties, shared, invoke.get(logical), resources)
            case "AWS::Lambda::EventInvokeConfig":
                pass
            case _:
                rewritten[logical] = resource
    sam: JSONObject = {}
    for section, value in template.items():
        sam[section] = rewritten if section == "Resources" else value
        if section == "AWSTemplateFormatVersion":
            sam["Transform"] = "AWS::Serverless-2016-10-31"
        if section == "Description" and shared:
            sam["Globals"] = {"Function": shared}
    return sam


def _shared(resources: dict[str, JSONObject]) -> JSONObject:
    """What all functions have in common."""
    functions = [cast(JSONObject, r["Properties"]) for r in resources.values() if r["Type"] == "AWS::Lambda::Function"]
    return {
        name: functions[0][name]
        for name in _SHARED
        if functions and all(name in one and one[name] == functions[0].get(name) for one in functions)
    }


def _referred(value: JSONValue) -> str:
    return str(cast(JSONObject, value)["Ref"])


def _function(
    properties: JSONObject, shared: JSONObject, invoke: JSONObject | None, resources: dict[str, JSONObject]
) -> JSONObject:
    code = cast(JSONObject, properties["Code"])
    kept = {name: value for name, value in properties.items() if name != "Code" and name not in shared}
    kept["CodeUri"] = {"Bucket": code["S3Bucket"], "Key": code["S3Key"]}
    if (letters := kept.pop("DeadLetterConfig", None)) is not None:
        queue = cast(JSONObject, letters)["TargetArn"]
        kept["DeadLetterQueue"] = {"Type": _destination_type(queue, resources), "TargetArn": queue}
    if invoke:
        limits = {name: value for name, value in invoke.items() if name.startswith("Maximum")}
        if "DestinationConfig" in invoke:
            failure = cast(JSONObject, cast(JSONObject, invoke["DestinationConfig"])["OnFailure"])
            destination = failure["Destination"]
            limits["DestinationConfig"] = {
                "OnFailure": {"Type": _destination_type(destination, resources), "Destination": destination}
            }
        kept["EventInvokeConfig"] = limits
    return {"Type": "AWS::Serverless::Function", "Properties": kept}


def _destination_type(destination: JSONValue, resources: dict[str, JSONObject]) -> str:
    """`SQS`, `SNS`, `EventBridge` or `Lambda`: by the resource that is referred to, or by the ARN's service."""
    if isinstance(destination, dict):
        reference = destination.get("Ref") or cast("list[str]", destination.get("Fn::GetAtt", [""]))[0]
        if reference in resources:
            return _DESTINATIONS.get(str(resources[str(reference)]["Type"]), "Lambda")
        destination = destination.get("Fn::Sub", "")
    service = str(destination).split(":")
    services = {"sqs": "SQS", "sns": "SNS", "events": "EventBridge"}
    return next((name for part, name in services.items() if part in service), "Lambda")
