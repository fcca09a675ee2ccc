"""Resources of a Terraform module and what else its expressions refer to, each computed when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from perception_events.readers._hcl_functions import MissingValueError
from perception_events.readers._hcl_syntax import Block
from perception_events.readers._terraform_types import known_attribute, resource_name
from perception_events.readers._texts import as_text
from perception_events.topology import LocatedDict, Origin, Text, Unresolved

TYPE_CHECKING = False
if TYPE_CHECKING:
    from perception_events.readers._terraform_module import Module

__all__ = ["Lookup", "Resource", "ResourceInstance", "UnknownLookup", "UnreadModule", "address_of", "block_label"]

_META = {"for_each", "count", "depends_on", "provider", "lifecycle"}


class Lookup:
    """A first or second step whose names are computed when they are asked for."""

    def __init__(self, attribute: Callable[[str], Any]) -> None:
        self.attribute = attribute

    def instance(self, key: Any) -> Any:
        """The same by a key: `var["name"]`."""
        return self.attribute(as_text(key))

    def instances(self) -> Any:
        """Not to be taken as a whole."""
        raise MissingValueError("it has no value of its own")


class ResourceInstance:
    """One resource or data source, or one of its instances."""

    def __init__(self, module: Module, block: Block, address: str, names: Mapping[str, Any], *, managed: bool) -> None:
        self.module = module
        self.type, self.label = block.labels[0], block.labels[1]
        self.block = block
        self.address = address
        self.managed = managed
        self.asked: list[Text] = []
        self._names = names
        self._arguments: dict[str, Any] = {}
        self._open: set[str] = set()

    @property
    def name(self) -> Text:
        """Its name on AWS."""
        inside = self.address.removesuffix(self.label)
        label = self.address.replace(f"{self.type}.", "")
        label = "".join(one if one.isalnum() else "-" for one in label).strip("-") if inside else self.label
        return resource_name(self.type, label, _Arguments(self))

    def argument(self, name: str) -> Any:
        """The value of an argument, or the list of the blocks of this name; None where it is not set."""
        if name in self._arguments:
            return self._arguments[name]
        if name in self._open:
            return Unresolved(f"${{{self.address}.{name}}}", "it refers to itself", self.origin)
        self._open.add(name)
        try:
            value = self.module.argument(self.block.body, name, self._names)
        finally:
            self._open.discard(name)
        self._arguments[name] = value
        return value

    def values(self) -> LocatedDict:
        """All arguments and blocks."""
        body = self.block.body
        names = [*body.attributes, *(block_label(one) for one in body.blocks)]
        found = LocatedDict(line=self.block.line)
        for name in dict.fromkeys(names):
            if name not in _META:
                found[name] = self.argument(name)
                if name in body.attributes:
                    attribute = body.attributes[name]
                    # The text of a heredoc begins on the next line, and so do the lines inside it.
                    is_heredoc = attribute.value.source.startswith("<<")
                    found.lines[name] = attribute.value.line if is_heredoc else attribute.line
        for one in body.blocks:
            found.lines.setdefault(block_label(one), one.line)
        return found

    def attribute(self, name: str) -> Any:
        """What `resource.label.name` is."""
        if not self.managed:
            value = self.module.data_attribute(self, name)
            if value is not None:
                return value
        elif name in self.block.body.attributes and name not in ("arn", "id"):
            return self.argument(name)
        value = known_attribute(self.type, name, self.name, _Arguments(self), self.module.account)
        if value is not None:
            return value
        if any(block_label(one) == name for one in self.block.body.blocks):
            return self.argument(name)
        reason = "it is known after the deployment" if self.managed else "the data source is read at the deployment"
        unknown = Unresolved(f"${{{self.address}.{name}}}", reason, self.origin)
        self.asked.append(unknown)
        return unknown

    def instance(self, key: Any) -> Any:
        """A resource without `count` has no instances; `[0]` is taken for it all the same."""
        if key == 0 or isinstance(key, Unresolved):
            return self
        raise MissingValueError(f"{self.address} has no instance {as_text(key)}")

    def instances(self) -> Any:
        """Itself alone."""
        return [self]

    @property
    def origin(self) -> Origin:
        """Where it was written."""
        return Origin(self.module.file_of(self.block), self.block.line, self.address)


class _Arguments(dict[str, Any]):
    """The arguments of an instance, each evaluated when it is asked for."""

    def __init__(self, instance: ResourceInstance) -> None:
        super().__init__()
        self._instance = instance

    def get(self, key: str, default: Any = None) -> Any:
        value = self._instance.argument(key)
        return default if value is None else value


class Resource:
    """A resource block with its instances."""

    def __init__(self, module: Module, block: Block, address: str, *, managed: bool) -> None:
        self._module = module
        self._block = block
        self._address = address
        self._managed = managed
        self._made: dict[Any, ResourceInstance] | None = None
        self._open = False
        self._form = ""

    def all(self) -> dict[Any, ResourceInstance]:
        """The instances by key: None for a single one."""
        if self._made is None:
            if self._open:
                raise MissingValueError(f"{self._address} refers to itself")
            self._open = True
            try:
                self._form, keys = self._module.keys(self._block.body, self._address)
            finally:
                self._open = False
            self._made = {
                key: ResourceInstance(
                    self._module, self._block, address_of(self._address, key), names, managed=self._managed
                )
                for key, names in keys
            }
        return self._made

    def attribute(self, name: str) -> Any:
        made = self.all()
        if len(made) == 1:
            return next(iter(made.values())).attribute(name)
        raise MissingValueError(f"{self._address} has {len(made)} instances")

    def instance(self, key: Any) -> Any:
        made = self.all()
        if self._form in ("", "unknown") or isinstance(key, Unresolved):
            if len(made) == 1:
                return next(iter(made.values()))
            raise MissingValueError(f"the instance of {self._address} is not known")
        wanted = int(key) if self._form == "count" and as_text(key).lstrip("-").isdecimal() else as_text(key)
        if wanted in made:
            return made[wanted]
        raise MissingValueError(f"{self._address} has no instance {as_text(key)!r}")

    def instances(self) -> Any:
        made = self.all()
        if self._form == "unknown":
            return Unresolved(f"${{{self._address}}}", "its instances are not known")
        return dict(made) if self._form == "for_each" else list(made.values())


class UnreadModule(Lookup):
    """A module whose source is not among the files: each of its outputs is unknown."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(lambda name: Unresolved(f"${{{address}.{name}}}", reason))
        self._unread = address, reason

    def instance(self, key: Any) -> Any:
        """The same for an instance."""
        return self

    def instances(self) -> Any:
        """All instances are unknown."""
        return Unresolved(f"${{{self._unread[0]}}}", self._unread[1])


class UnknownLookup(Lookup):
    """`each`, or a dynamic block's iterator, of which the collection is not known."""

    def __init__(self, value: Unresolved, parts: Mapping[str, Unresolved] | None = None) -> None:
        super().__init__(lambda name: (parts or {}).get(name, value))


def address_of(address: str, key: Any) -> str:
    if key is None:
        return address
    return f"{address}[{key}]" if isinstance(key, int) else f'{address}["{key}"]'


def block_label(block: Block) -> str:
    return block.labels[0] if block.type == "dynamic" and block.labels else block.type
