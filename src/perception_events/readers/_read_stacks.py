"""CloudFormation, SAM and `cdk.out`: files -> stacks with their nested stacks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from perception_events.readers._cloudformation import Stack
from perception_events.readers._declared import Declared
from perception_events.readers._files import read_document
from perception_events.readers._problems import DocumentError
from perception_events.readers._reading import Format, Reading
from perception_events.topology import Account, Origin, Unresolved

__all__ = ["read_cdk", "read_template", "template_format"]

_NESTED = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
_DEEPEST = 10
_ENVIRONMENT = re.compile(r"aws://([^/]*)/(.*)")


def template_format(template: Mapping[str, Any]) -> Format | None:
    """SAM, CDK or plain CloudFormation; None where it is no such template."""
    resources = template.get("Resources")
    if not isinstance(resources, dict):
        return None
    transform = template.get("Transform")
    types = [one.get("Type") for one in resources.values() if isinstance(one, dict)]
    is_marked = "AWSTemplateFormatVersion" in template or transform is not None or not resources
    if not is_marked and not any(isinstance(type, str) and "::" in type for type in types):
        return None
    if any(isinstance(type, str) and type.startswith("AWS::Serverless::") for type in types):
        return Format.SAM
    metadata = (one.get("Metadata") for one in resources.values() if isinstance(one, dict))
    if "CDKMetadata" in resources or any(isinstance(one, dict) and "aws:cdk:path" in one for one in metadata):
        return Format.CDK
    return Format.CLOUDFORMATION


def read_template(reading: Reading, path: Path, template: Mapping[str, Any], format: Format) -> None:
    """Add the stack of one template."""
    reading.add_file(path, format)
    stack = Stack(
        str(path),
        template,
        account=reading.account_in(),
        name=reading.stack_name,
        given=reading.parameters,
        exports=reading.exports,
    )
    _check_parameters(reading, path, template)
    resources = _dict(template.get("Resources"))
    for name in resources:
        if name.startswith(("Fn::ForEach::", "Fn::Transform")):
            origin = Origin(str(path), getattr(resources, "lines", {}).get(name), f"Resources.{name}")
            reading.problem(f"{name} makes resources at the deployment", "give the processed template", origin)
    nested = list(_nested(reading, path, stack, {path.resolve()}))
    reading.sources.append((reading.stack_name, lambda: _declared(stack, nested)))


def read_cdk(reading: Reading, folder: Path, manifest: Mapping[str, Any]) -> None:
    """Add the stacks of a `cdk.out` folder: each has its name, account and region from the manifest."""
    reading.add_file(folder, Format.CDK)
    artifacts = manifest.get("artifacts")
    for name, artifact in (artifacts if isinstance(artifacts, dict) else {}).items():
        if not isinstance(artifact, dict):
            continue
        properties = _dict(artifact.get("properties"))
        if artifact.get("type") == "cdk:cloud-assembly":
            inner = folder / str(properties.get("directoryName", ""))
            document = _document(reading, inner / "manifest.json", Origin(str(folder / "manifest.json"), None, name))
            if isinstance(document, dict):
                read_cdk(reading, inner, document)
        if artifact.get("type") != "aws:cloudformation:stack":
            continue
        path = folder / str(properties.get("templateFile", ""))
        template = _document(reading, path, Origin(str(folder / "manifest.json"), None, f"artifacts.{name}"))
        if not isinstance(template, dict):
            continue
        environment = _ENVIRONMENT.match(str(artifact.get("environment", "")))
        account = reading.account_in()
        if environment is not None:
            number, region = environment[1], environment[2]
            account = Account(
                reading.account or (number if number.isdecimal() else account.number),
                reading.region or (region if "unknown" not in region else account.region),
            )
        stack_name = str(properties.get("stackName", name))
        given = _dict(properties.get("parameters"))
        stack = Stack(
            str(path),
            template,
            account=account,
            name=stack_name,
            given={**given, **reading.parameters},
            exports=reading.exports,
        )
        nested = list(_nested(reading, path, stack, {path.resolve()}))
        reading.sources.append((stack_name, lambda stack=stack, nested=nested: _declared(stack, nested)))  # type: ignore[misc]


def _declared(stack: Stack, nested: list[tuple[str, Stack]]) -> Iterator[Declared]:
    yield from stack.declared()
    for prefix, child in nested:
        yield from child.declared(prefix)


def _nested(
    reading: Reading, path: Path, stack: Stack, open: set[Path], prefix: str = ""
) -> Iterator[tuple[str, Stack]]:
    """The stacks inside `stack`, those inside them after them, each with the prefix of its ids."""
    for logical_id, raw in stack.raw.items():
        location = _NESTED.get(str(raw.get("Type"))) if isinstance(raw, dict) else None
        if location is None:
            continue
        origin = stack.origin(logical_id)
        properties = _dict(raw.get("Properties"))
        metadata = _dict(raw.get("Metadata"))
        written = metadata.get("aws:asset:path") or stack.resolve(properties.get(location))
        if not isinstance(written, str) or "://" in written:
            continue  # in a bucket or a registry: what it declares is not known
        child_path = path.parent / written
        if child_path.resolve() in open or len(open) > _DEEPEST:
            reading.problem(f"the nested stack {logical_id} contains itself", "remove the circle", origin)
            continue
        template = _document(reading, child_path, origin)
        if not isinstance(template, dict):
            continue
        given = stack.resolve(properties.get("Parameters"))
        name = f"{stack.name}-{logical_id}"
        child = Stack(
            str(child_path),
            template,
            account=stack.account,
            name=name,
            given=given if isinstance(given, dict) else {},
            exports=stack.exports,
        )
        stack.nested[logical_id] = child
        inside = f"{prefix}{logical_id}/"
        yield inside, child
        yield from _nested(reading, child_path, child, open | {child_path.resolve()}, inside)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _document(reading: Reading, path: Path, origin: Origin) -> Any:
    """The document that another one names; what is wrong with it is reported where it is named."""
    try:
        return read_document(path)
    except DocumentError as error:
        if error.line is None:
            reading.problem(f"{path}: {error.reason}", error.fix, origin)
        else:
            reading.problems.append(error.problem(str(path)))
        return None


def _check_parameters(reading: Reading, path: Path, template: Mapping[str, Any]) -> None:
    """Values that CloudFormation would not take."""
    parameters = template.get("Parameters")
    for name, declared in (parameters if isinstance(parameters, dict) else {}).items():
        value = reading.parameters.get(name)
        allowed = declared.get("AllowedValues") if isinstance(declared, dict) else None
        if value is None or isinstance(value, Unresolved) or not isinstance(allowed, list):
            continue
        if str(value) not in [str(one) for one in allowed]:
            choices = ", ".join(str(one) for one in allowed)
            line = getattr(parameters, "lines", {}).get(name)
            origin = Origin(str(path), line, f"Parameters.{name}")
            reading.problem(f"{name} cannot be {value!r}", f"give one of {choices}", origin)
