"""One Terraform module: its variables, locals, data sources, resources and the modules that it calls, evaluated lazily.

Lazily, because most of a module has nothing to do with events, and what a missing file or an unknown function makes
unknown should only be what asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from perception_events.readers._files import read_text
from perception_events.readers._hcl import parse_template
from perception_events.readers._hcl_functions import MissingValueError
from perception_events.readers._hcl_syntax import (
    Block,
    Body,
    Call,
    Literal,
    Name,
    Node,
    ObjectExpression,
)
from perception_events.readers._hcl_values import Evaluator
from perception_events.readers._problems import DocumentError
from perception_events.readers._terraform_instances import (
    Lookup,
    Resource,
    ResourceInstance,
    UnknownLookup,
    UnreadModule,
    address_of,
    block_label,
)
from perception_events.readers._terraform_types import policy_text
from perception_events.readers._texts import as_text
from perception_events.topology import Account, LocatedDict, Origin, Unresolved

__all__ = ["Module"]

_CALL_META = {"for_each", "count", "depends_on", "source", "version", "providers"}


class Module:
    """The evaluated content of one folder.

    `path`: the address's beginning, such as `module.rules.`. `given`: the variables' values. `call`: what makes a
    child of a module block, None where its source is not to be had.
    """

    def __init__(
        self,
        folder: Path,
        bodies: Mapping[str, Body],
        account: Account,
        given: Mapping[str, Any],
        call: Callable[[Module, Block, str, Mapping[str, Any]], Module | None],
        path: str = "",
    ) -> None:
        self.folder = folder
        self.account = account
        self.path = path
        self._call = call
        self._given = given
        self._files: dict[int, str] = {}
        self.variables: dict[str, Block] = {}
        self.calls: dict[str, Block] = {}
        self._locals: dict[str, tuple[str, Node]] = {}
        self._outputs: dict[str, Block] = {}
        self._resources: dict[tuple[str, str], Resource] = {}
        self._data: dict[tuple[str, str], Resource] = {}
        self._children: dict[str, tuple[str, dict[Any, Module | None]]] = {}
        self._cache: dict[tuple[str, str], Any] = {}
        self._open: set[tuple[str, str]] = set()
        for file, body in bodies.items():
            for block in body.blocks:
                self._files[id(block)] = file
                self._add(file, block)
        self._evaluator = Evaluator(str(folder), self._root, self._function)

    def _add(self, file: str, block: Block) -> None:
        kind, labels = block.type, block.labels
        if kind == "variable" and len(labels) == 1:
            self.variables[labels[0]] = block
        elif kind == "locals":
            self._locals.update({name: (file, one.value) for name, one in block.body.attributes.items()})
        elif kind == "output" and len(labels) == 1:
            self._outputs[labels[0]] = block
        elif kind == "module" and len(labels) == 1:
            self.calls[labels[0]] = block
        elif kind == "resource" and len(labels) == 2:
            address = f"{self.path}{labels[0]}.{labels[1]}"
            self._resources[labels[0], labels[1]] = Resource(self, block, address, managed=True)
        elif kind == "data" and len(labels) == 2:
            address = f"{self.path}data.{labels[0]}.{labels[1]}"
            self._data[labels[0], labels[1]] = Resource(self, block, address, managed=False)

    # --- for readers

    def resources(self) -> Iterator[ResourceInstance]:
        """Every managed resource of this module, without those of the modules it calls."""
        for resource in self._resources.values():
            try:
                yield from resource.all().values()
            except MissingValueError:
                continue

    def children(self) -> Iterator[tuple[str, Block, dict[Any, Module | None]]]:
        """The modules that this one calls: name, block and instances; None for one that was not read."""
        for name, block in self.calls.items():
            try:
                yield name, block, self._child(name)[1]
            except MissingValueError:
                continue

    def file_of(self, block: Block) -> str:
        """The file that holds a block."""
        return self._files.get(id(block), str(self.folder))

    def argument(self, body: Body, name: str, names: Mapping[str, Any]) -> Any:
        """One argument of a body, or its blocks of this name as a list of objects."""
        attribute = body.attributes.get(name)
        if attribute is not None:
            return self._evaluator.value(attribute.value, names)
        blocks = [one for one in body.blocks if block_label(one) == name]
        if not blocks:
            return None
        found: list[Any] = []
        for block in blocks:
            if block.type != "dynamic":
                found.append(self.object(block.body, names, block.line))
                continue
            content = next((one for one in block.body.blocks if one.type == "content"), None)
            collection = self.argument(block.body, "for_each", names)
            if content is None:
                continue
            iterator = block.body.attributes.get("iterator")
            label = iterator.value.source if iterator is not None else name
            if isinstance(collection, Unresolved):
                unknown = Unresolved(f"${{{label}.value}}", collection.reason, collection.origin)
                found.append(self.object(content.body, {**names, label: UnknownLookup(unknown)}, content.line))
                continue
            pairs = collection.items() if isinstance(collection, dict) else enumerate(_as_list(collection))
            for key, value in pairs:
                each = {**names, label: {"key": key, "value": value}}
                found.append(self.object(content.body, each, content.line))
        return found

    def object(self, body: Body, names: Mapping[str, Any], line: int) -> LocatedDict:
        """A body as an object: its attributes, and its blocks as lists."""
        found = LocatedDict(line=line)
        for name, attribute in body.attributes.items():
            found[name] = self._evaluator.value(attribute.value, names)
            found.lines[name] = attribute.line
        for block in body.blocks:
            label = block_label(block)
            if label not in found:
                found[label] = self.argument(body, label, names)
                found.lines[label] = block.line
        return found

    def keys(self, body: Body, address: str) -> tuple[str, list[tuple[Any, dict[str, Any]]]]:
        """The instances of a resource or module block: by what (`for_each`, `count`, unknown, ""), keys and names."""
        if "for_each" in body.attributes:
            collection = self._evaluator.value(body.attributes["for_each"].value)
            if isinstance(collection, dict):
                return "for_each", [(key, {"each": {"key": key, "value": one}}) for key, one in collection.items()]
            if isinstance(collection, list) and not any(isinstance(one, Unresolved) for one in collection):
                keys = [as_text(one) for one in collection]
                return "for_each", [(key, {"each": {"key": key, "value": key}}) for key in keys]
            reason = collection.reason if isinstance(collection, Unresolved) else "for_each takes a map or a set"
            each = {part: Unresolved(f"${{each.{part} of {address}}}", reason) for part in ("key", "value")}
            return "unknown", [(None, {"each": UnknownLookup(each["value"], each)})]
        if "count" in body.attributes:
            count = self._evaluator.value(body.attributes["count"].value)
            if isinstance(count, bool) or not isinstance(count, int | float | str):
                return "count", [(0, {"count": {"index": 0}})]
            number = int(count) if as_text(count).isdecimal() else 0
            return "count", [(index, {"count": {"index": index}}) for index in range(min(number, 1_000))]
        return "", [(None, {})]

    def output(self, name: str) -> Any:
        """The value of an output."""
        block = self._outputs.get(name)
        if block is None or "value" not in block.body.attributes:
            raise MissingValueError(f"the module has no output {name}")
        return self._once("output", name, lambda: self._evaluator.value(block.body.attributes["value"].value))

    def attribute(self, name: str) -> Any:
        """`module.this.name` from outside: an output."""
        return self.output(name)

    def instance(self, key: Any) -> Any:
        """A module without `count`."""
        return self

    def instances(self) -> Any:
        """Itself alone."""
        return [self]

    # --- first steps

    def _root(self, name: str) -> Any:
        if name == "var":
            return Lookup(self.variable)
        if name == "local":
            return Lookup(self._local)
        if name == "module":
            return Lookup(self._module)
        if name == "data":
            return Lookup(lambda type: Lookup(lambda label: self._resource(self._data, type, label, "data.")))
        if name == "path":
            return {"module": str(self.folder), "root": str(self.folder), "cwd": str(self.folder)}
        if name == "terraform":
            return {"workspace": "default"}
        if name in ("each", "count", "self"):
            raise MissingValueError(f"{name} is not known here")
        return Lookup(lambda label: self._resource(self._resources, name, label, ""))

    def variable(self, name: str) -> Any:
        """The value of a variable: given, or its default."""
        return self._once("var", name, lambda: self._variable(name))

    def _variable(self, name: str) -> Any:
        block = self.variables.get(name)
        type = block.body.attributes.get("type") if block is not None else None
        if name in self._given:
            value = self._given[name]
        elif block is not None and "default" in block.body.attributes:
            value = self._evaluator.value(block.body.attributes["default"].value)
        elif block is None:
            return Unresolved(f"${{var.{name}}}", f"variable {name} is not declared")
        else:
            origin = Origin(self.file_of(block), block.line, f"{self.path}var.{name}")
            where = f" of {self.path.rstrip('.')}" if self.path else ""
            return Unresolved(f"${{var.{name}}}", f"variable {name}{where} has no default; give its value", origin)
        return value if type is None else self._converted(value, type.value)

    def _converted(self, value: Any, type: Node) -> Any:
        """`value` as its type says: a text of the command line as a number or list, an object with its defaults."""
        if isinstance(type, Name) and isinstance(value, str):
            if type.name == "bool" and value in ("true", "false"):
                return value == "true"
            if type.name == "number" and value.lstrip("-").isdecimal():
                return int(value)
        if not isinstance(type, Call) or not type.arguments:
            return value
        if isinstance(value, str) and type.name in ("list", "set", "map", "object", "tuple"):
            try:
                value = json.loads(value)
            except ValueError:
                return value
        inner = type.arguments[0]
        if type.name in ("list", "set") and isinstance(value, list):
            return [self._converted(one, inner) for one in value]
        if type.name == "map" and isinstance(value, dict):
            return {key: self._converted(one, inner) for key, one in value.items()}
        if type.name == "object" and isinstance(value, dict) and isinstance(inner, ObjectExpression):
            filled = dict(value)
            for key_node, kind in inner.items:
                key = str(key_node.value) if isinstance(key_node, Literal) else ""
                optional = isinstance(kind, Call) and kind.name == "optional"
                if key not in filled and optional:
                    assert isinstance(kind, Call)
                    filled[key] = self._evaluator.value(kind.arguments[1]) if len(kind.arguments) > 1 else None
                elif key in filled and filled[key] is not None:
                    inside = kind.arguments[0] if optional and isinstance(kind, Call) else kind
                    filled[key] = self._converted(filled[key], inside)
            return filled
        return value

    def _local(self, name: str) -> Any:
        if name not in self._locals:
            raise MissingValueError(f"there is no local {name}")
        return self._once("local", name, lambda: self._evaluator.value(self._locals[name][1]))

    def _resource(self, table: Mapping[tuple[str, str], Resource], type: str, label: str, kind: str) -> Resource:
        resource = table.get((type, label))
        if resource is None:
            raise MissingValueError(f"there is no {kind}{type}.{label} in the module")
        return resource

    def _module(self, name: str) -> Any:
        if name not in self.calls:
            raise MissingValueError(f"the module calls no module {name}")
        form, children = self._child(name)
        if any(child is None for child in children.values()):
            source = self.calls[name].body.attributes.get("source")
            shown = source.value.source if source is not None else "?"
            reason = f"module {name} was not read: its source {shown} is not among the files; nothing is fetched"
            return UnreadModule(f"{self.path}module.{name}", reason)
        if form == "":
            return next(iter(children.values()))
        return dict(children) if form == "for_each" else list(children.values())

    def _child(self, name: str) -> tuple[str, dict[Any, Module | None]]:
        if name not in self._children:
            block = self.calls[name]
            key = ("module", name)
            if key in self._open:
                raise MissingValueError(f"module {name} refers to itself")
            self._open.add(key)
            try:
                form, keys = self.keys(block.body, f"{self.path}module.{name}")
            finally:
                self._open.discard(key)
            children = {
                one: self._call(self, block, address_of(f"{self.path}module.{name}", one) + ".", names)
                for one, names in keys
            }
            self._children[name] = form, children
        return self._children[name]

    def call_arguments(self, block: Block, names: Mapping[str, Any]) -> Mapping[str, Any]:
        """The arguments of a module call, each evaluated when the called module asks for it."""
        return _CallArguments(self, block.body, names)

    def _once(self, kind: str, name: str, compute: Callable[[], Any]) -> Any:
        key = (kind, name)
        if key not in self._cache:
            if key in self._open:
                return Unresolved(f"${{{kind}.{name}}}", f"{kind}.{name} refers to itself", Origin(str(self.folder)))
            self._open.add(key)
            try:
                self._cache[key] = compute()
            finally:
                self._open.discard(key)
        return self._cache[key]

    # --- data sources and functions of files

    def data_attribute(self, data: ResourceInstance, name: str) -> Any | None:
        """An attribute of a data source that says where one is, or is a policy; None for any other."""
        account = self.account
        if data.type == "aws_caller_identity":
            arn = f"arn:{account.partition}:iam::{account.number}:root"
            return {"account_id": account.number, "id": account.number, "arn": arn}.get(name)
        if data.type == "aws_region":
            return account.region if name in ("name", "id", "region") else None
        if data.type == "aws_partition":
            suffix = "amazonaws.com.cn" if account.partition == "aws-cn" else "amazonaws.com"
            return {"partition": account.partition, "id": account.partition, "dns_suffix": suffix}.get(name)
        if data.type == "aws_iam_policy_document" and name == "json":
            return self._function("jsonencode of a policy", [data.values()])
        if data.type == "template_file" and name == "rendered":
            variables = data.argument("vars")
            template = data.argument("template")
            if isinstance(template, str):
                return self._rendered(template, variables if isinstance(variables, dict) else {})
        return None

    def _function(self, name: str, arguments: list[Any]) -> Any:
        """Functions that read files, which need the module's folder; None for a name that is not one of them."""
        if name == "jsonencode of a policy":
            return policy_text(arguments[0])
        if name not in ("file", "templatefile", "fileexists") or not arguments or not isinstance(arguments[0], str):
            return None
        path = Path(arguments[0])
        if not path.is_absolute() and not str(path).startswith(str(self.folder)):
            path = self.folder / path
        if name == "fileexists":
            return path.is_file()
        try:
            text = read_text(path) if path.is_file() else None
        except DocumentError:
            text = None
        if text is None:
            raise MissingValueError(f"{path}: the file does not exist, or is not text")
        if name == "file":
            return text
        variables = arguments[1] if len(arguments) > 1 and isinstance(arguments[1], dict) else {}
        return self._rendered(text, variables)

    def _rendered(self, text: str, variables: Mapping[str, Any]) -> Any:
        try:
            return self._evaluator.value(parse_template(text), variables)
        except DocumentError as error:
            raise MissingValueError(error.reason) from None


class _CallArguments(dict[str, Any]):
    """A module call's arguments by name, evaluated in the calling module."""

    def __init__(self, module: Module, body: Body, names: Mapping[str, Any]) -> None:
        super().__init__()
        self._module = module
        self._body = body
        self._names = names

    def __contains__(self, name: object) -> bool:
        return name in self._body.attributes and name not in _CALL_META

    def __getitem__(self, name: str) -> Any:
        return self._module.argument(self._body, name, self._names)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
