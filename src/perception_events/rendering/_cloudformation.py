"""The declaration as a CloudFormation template, from which the other formats are made."""

from __future__ import annotations

from perception_events.json_values import JSONObject
from perception_events.pipeline import Pipeline
from perception_events.rendering._stack import Stack
from perception_events.rendering._stack_alarms import add_alarms
from perception_events.rendering._stack_bus import add_bus, add_rules
from perception_events.rendering._stack_fallback import add_fallback
from perception_events.rendering._stack_functions import add_functions
from perception_events.rendering._stack_pipe import add_pipe, add_table

__all__ = ["cloudformation_template"]


def cloudformation_template(pipeline: Pipeline, env: str) -> JSONObject:
    """The whole template; its keys are in one order for one declaration.

    Raises:
        RenderError: two parts would have one logical id.
    """
    stack = Stack(pipeline, env)
    add_table(stack)
    add_functions(stack)
    add_bus(stack)
    add_pipe(stack)
    add_rules(stack)
    add_fallback(stack)
    add_alarms(stack)
    template: JSONObject = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{pipeline.name} ({env}), rendered by perception-events from its declaration",
        "Parameters": _parameters(stack),
        "Conditions": {"HasAlarmTopic": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmTopicArn"}, ""]}]}},
        "Resources": dict(stack.resources),
        "Outputs": dict(stack.outputs),
    }
    return template


def _parameters(stack: Stack) -> JSONObject:
    functions = stack.pipeline.functions
    parameters: JSONObject = {}
    if stack.of_type("AWS::Lambda::Function"):
        bucket: JSONObject = {"Type": "String", "Description": "The bucket that holds the functions' zip"}
        if functions.code_bucket:
            bucket["Default"] = functions.code_bucket
        parameters["CodeBucket"] = bucket
        parameters["CodeKey"] = {
            "Type": "String",
            "Description": "The zip in the bucket",
            "Default": functions.code_key,
        }
    parameters["AlarmTopicArn"] = {
        "Type": "String",
        "Description": "The SNS topic that alarms are sent to; none if empty",
        "Default": "",
    }
    return parameters
