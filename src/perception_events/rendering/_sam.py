"""The CloudFormation template as a SAM template: functions in SAM's own, shorter form."""

from __future__ import annotations

from typing import cast

from perception_events.json_values import JSONObject, JSONValue

__all__ = ["sam_template"]

_SHARED = ("Runtime", "Timeout", "MemorySize")


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
    shared: JSONObject = {}
    rewritten: JSONObject = {}
    for logical, resource in resources.items():
        properties = cast(JSONObject, resource["Properties"])
        match resource["Type"]:
            case "AWS::Lambda::Function":
                shared = {name: properties[name] for name in _SHARED}
                rewritten[logical] = _function(properties, invoke.get(logical))
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


def _referred(value: JSONValue) -> str:
    return str(cast(JSONObject, value)["Ref"])


def _function(properties: JSONObject, invoke: JSONObject | None) -> JSONObject:
    code = cast(JSONObject, properties["Code"])
    kept = {name: value for name, value in properties.items() if name not in ("Code", *_SHARED)}
    kept["CodeUri"] = {"Bucket": code["S3Bucket"], "Key": code["S3Key"]}
    if invoke:
        limits = {name: value for name, value in invoke.items() if name.startswith("Maximum")}
        if "DestinationConfig" in invoke:
            failure = cast(JSONObject, cast(JSONObject, invoke["DestinationConfig"])["OnFailure"])
            limits["DestinationConfig"] = {"OnFailure": {"Type": "SQS", "Destination": failure["Destination"]}}
        kept["EventInvokeConfig"] = limits
    return {"Type": "AWS::Serverless::Function", "Properties": kept}
