"""A folder of Terraform files -> what it declares, with the modules whose source is a folder on this machine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from perception_events.readers._declared import Declared
from perception_events.readers._files import read_text
from perception_events.readers._hcl import parse_body, parse_template
from perception_events.readers._hcl_syntax import (
    Attribute,
    Block,
    Body,
    Literal,
    Node,
    ObjectExpression,
    TupleExpression,
)
from perception_events.readers._json import read_json
from perception_events.readers._problems import DocumentError
from perception_events.readers._reading import Format, Reading
from perception_events.readers._terraform_instances import ResourceInstance
from perception_events.readers._terraform_module import Module
from perception_events.readers._terraform_resources import RulesAndTargets, declared_resource
from perception_events.topology import Account, LocatedDict, Origin

__all__ = ["called_folders", "is_module", "is_terraform_json", "read_terraform", "read_terraform_json"]

_DEEPEST = 10
_SOURCE = re.compile(r'^[ \t]*+source[ \t]*+=[ \t]*+"(\.[^"\n]*)"', re.MULTILINE)


def is_module(folder: Path) -> bool:
    """Whether a folder holds Terraform files."""
    return any(one.suffix == ".tf" or one.name.endswith(".tf.json") for one in folder.iterdir() if one.is_file())


def called_folders(folder: Path) -> set[Path]:
    """The folders that the files of a module name as sources of the modules they call."""
    found: set[Path] = set()
    for path in folder.glob("*.tf"):
        try:
            sources = _SOURCE.findall(read_text(path))
        except DocumentError:
            continue
        found.update((folder / source).resolve() for source in sources)
    return found


def read_terraform(reading: Reading, folder: Path) -> None:
    """Add a root module and the modules it calls."""
    _read(reading, folder, folder, _bodies(reading, folder))


def read_terraform_json(reading: Reading, path: Path, document: Mapping[str, Any]) -> None:
    """Add a root module that is one file in JSON syntax, such as the `main.tf.json` of a generator."""
    _read(reading, path, path.parent, {str(path): json_body(document)})


def is_terraform_json(document: Mapping[str, Any]) -> bool:
    """Whether a document is Terraform in its JSON syntax."""
    resources = document.get("resource")
    return isinstance(resources, dict) and any(isinstance(one, dict) for one in resources.values())


def _read(reading: Reading, path: Path, folder: Path, bodies: dict[str, Body]) -> None:
    reading.add_file(path, Format.TERRAFORM)
    given = {**_variable_files(reading, folder), **reading.parameters}
    missing: set[Path] = set()

    def call(caller: Module, block: Block, path: str, names: Mapping[str, Any]) -> Module | None:
        source = block.body.attributes.get("source")
        text = source.value.value if source is not None and isinstance(source.value, Literal) else None
        if not isinstance(text, str) or not text.startswith("."):
            return None
        inside = caller.folder / text
        origin = Origin(caller.file_of(block), block.line, path.rstrip("."))
        if not inside.is_dir() or not is_module(inside):
            if inside not in missing:
                what = "does not exist" if not inside.is_dir() else "has no Terraform files"
                reading.problem(f"the folder {text} of {origin.path} {what}", "correct `source`", origin)
                missing.add(inside)
            return None
        if path.count("module.") > _DEEPEST:
            reading.problem("modules that call each other in a circle", "remove the circle", origin)
            return None
        return Module(inside, _bodies(reading, inside), caller.account, caller.call_arguments(block, names), call, path)

    root = Module(folder, bodies, reading.account_in(_region(bodies)), given, call)
    found = list(_declared(root))
    reading.sources.append((reading.stack_name, lambda: found))


def _declared(root: Module) -> Iterator[Declared]:
    """Every resource of a module and of those it calls; targets are given to their rules."""
    linked = RulesAndTargets()
    plain: list[tuple[ResourceInstance, Declared]] = []
    for module in _all(root, linked):
        for instance in module.resources():
            if instance.type == "aws_cloudwatch_event_target":
                linked.add_target(instance.values(), instance.origin, module.account)
                continue
            declared = declared_resource(
                instance.type, instance.address, instance.name, instance.values(), instance.origin, module.account
            )
            if instance.type == "aws_cloudwatch_event_rule":
                linked.add_rule(declared)
            plain.append((instance, declared))
    linked.link()
    for instance, declared in plain:
        declared.other_names += tuple(instance.asked)
        yield declared
    yield from linked.stand_ins


def _all(module: Module, linked: RulesAndTargets) -> Iterator[Module]:
    yield module
    for name, block, children in module.children():
        for child in children.values():
            if child is not None:
                yield from _all(child, linked)
        if any(child is None for child in children.values()):
            address = f"{module.path}module.{name}"
            origin = Origin(module.file_of(block), block.line, address)
            linked.add_unread_module(address, module.object(block.body, {}, block.line), origin, module.account)


def _bodies(reading: Reading, folder: Path) -> dict[str, Body]:
    """The files of a module; one that cannot be read is a problem, and the others are read."""
    bodies: dict[str, Body] = {}
    for path in sorted(folder.iterdir()):
        try:
            if path.suffix == ".tf" and path.is_file():
                bodies[str(path)] = parse_body(read_text(path))
            elif path.name.endswith(".tf.json") and path.is_file():
                bodies[str(path)] = json_body(read_json(read_text(path)))
        except DocumentError as error:
            reading.problems.append(error.problem(str(path)))
    return bodies


def json_body(document: Any) -> Body:
    """Terraform's JSON syntax as the body that it stands for."""
    body = Body()
    if not isinstance(document, dict):
        return body
    for kind, content in document.items():
        depth = {"resource": 2, "data": 2, "module": 1, "variable": 1, "output": 1, "provider": 1}.get(kind)
        if depth is None:
            if kind == "locals" and isinstance(content, dict):
                body.blocks.append(Block(kind, (), _json_attributes(content), content_line(document, kind)))
            continue
        for labels, inside, line in _labelled(content, depth, content_line(document, kind)):
            body.blocks.append(Block(kind, labels, _json_attributes(inside), line))
    return body


def content_line(document: dict[str, Any], key: str) -> int:
    """The line of a key."""
    return document.lines.get(key, 1) if isinstance(document, LocatedDict) else 1


def _labelled(content: Any, depth: int, line: int) -> Iterator[tuple[tuple[str, ...], dict[str, Any], int]]:
    for one in content if isinstance(content, list) else [content]:
        if not isinstance(one, dict):
            continue
        if depth == 0:
            yield (), one, line
            continue
        for label, inside in one.items():
            if label != "//":
                for labels, found, at in _labelled(inside, depth - 1, content_line(one, label)):
                    yield (label, *labels), found, at


def _json_attributes(content: dict[str, Any]) -> Body:
    body = Body()
    for name, value in content.items():
        if name != "//":
            line = content_line(content, name)
            body.attributes[name] = Attribute(_json_node(value, line), line)
    return body


def _json_node(value: Any, line: int) -> Node:
    if isinstance(value, str):
        return parse_template(value, line)
    if isinstance(value, dict):
        items = tuple(
            (Literal(key, content_line(value, key), key), _json_node(one, content_line(value, key)))
            for key, one in value.items()
            if key != "//"
        )
        return ObjectExpression(items, line, "{...}")
    if isinstance(value, list):
        return TupleExpression(tuple(_json_node(one, line) for one in value), line, "[...]")
    return Literal(value, line, str(value))


def _variable_files(reading: Reading, folder: Path) -> dict[str, Any]:
    """The values that Terraform reads by itself: `terraform.tfvars`, then `*.auto.tfvars`."""
    values: dict[str, Any] = {}
    names = ["terraform.tfvars", "terraform.tfvars.json"]
    names += sorted(one.name for one in folder.iterdir() if ".auto.tfvars" in one.name)
    for name in names:
        path = folder / name
        if not path.is_file():
            continue
        try:
            if name.endswith(".json"):
                document = read_json(read_text(path))
                values.update(document if isinstance(document, dict) else {})
            else:
                body = parse_body(read_text(path))
                module = Module(folder, {}, Account(), {}, lambda *_: None)
                values.update({key: module.argument(body, key, {}) for key in body.attributes})
        except DocumentError as error:
            reading.problems.append(error.problem(str(path)))
    return values


def _region(bodies: Mapping[str, Body]) -> str | None:
    """The region that the AWS provider names as a text."""
    for body in bodies.values():
        for block in body.blocks:
            region = block.body.attributes.get("region")
            is_default = block.type == "provider" and block.labels == ("aws",) and "alias" not in block.body.attributes
            if is_default and region is not None and isinstance(region.value, Literal):
                return str(region.value.value)
    return None
