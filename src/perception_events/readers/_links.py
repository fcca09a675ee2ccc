"""Who is meant: an ARN, a name, a queue's URL or an unknown expression -> the id of a resource of the topology."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from perception_events.readers._arns import (
    arn_key,
    arn_text,
    existing_resource,
    is_arn,
    resource_type,
    spelled_name,
)
from perception_events.readers._declared import Declared
from perception_events.readers._texts import text_or_unknown
from perception_events.topology import Account, EventBus, Opaque, Reference, Resource, Text, Unresolved

__all__ = ["Directory"]

_MODULE_OUTPUT = re.compile(r"\$\{((?:module\.[^.}]+\.)+[^{}]*)\}")
_TYPES_OF_NAMES = {
    "bus": "AWS::Events::EventBus",
    "function": "AWS::Lambda::Function",
    "queue": "AWS::SQS::Queue",
    "topic": "AWS::SNS::Topic",
    "table": "AWS::DynamoDB::Table",
}


class Directory:
    """Every resource that was declared, by all that can refer to it, and those that are only referred to.

    `existing`: the resources that nothing declares, in the order in which they were first referred to.

    What is known refers to one resource wherever it stands. An expression with unknown parts means something only in
    the file that holds it, so its file is part of the key.
    """

    def __init__(self, declared: Iterable[Declared]) -> None:
        self.existing: dict[str, Resource] = {}
        self._by_arn: dict[tuple[str, ...], str] = {}
        self._by_text: dict[tuple[str, ...], str] = {}
        self._by_name: dict[tuple[str, ...], str] = {}
        self._ids: set[str] = set()
        for one in declared:
            self._ids.add(one.id)
            self.add(one.id, one.arn, one.origin.file)
            for text in one.other_names:
                self.add(one.id, text, one.origin.file)
            if one.name != "":
                kind = resource_type(one.type).kind.kind
                name = _scoped(spelled_name(one.name), one.origin.file)
                self._by_name.setdefault((kind, *name), one.id)
                self._by_text.setdefault(name, one.id)

    def add(self, id: str, text: Text, file: str) -> None:
        """Let `text`, an ARN or any other text of `file`, refer to `id`."""
        if text != "":
            spelled = spelled_name(text)
            key = arn_key(spelled)
            if key is not None:
                self._by_arn.setdefault((*_scope(spelled, file), *key), id)
            else:
                self._by_text.setdefault(_scoped(spelled, file), id)

    def reference(self, value: Any, declared: Declared, names: str = "") -> Reference | None:
        """The id of the resource that `value`, a property of `declared`, refers to; None where it is not set.

        A resource that nothing declares is added as existing. `names`: what a bare name stands for: `bus`, `function`,
        `queue`, `topic`, `table`; "" for any resource that was read.
        """
        text = text_or_unknown(value)
        if text is None or text == "":
            return None if value is None or value == "" else Unresolved(str(value), "an ARN or a name is expected")
        spelled = spelled_name(text)
        found = self._found(spelled, names, declared.origin.file)
        if found is not None:
            return found
        if isinstance(text, Unresolved):
            # An output of a module that was not read: what it is is not known, but which one it is.
            output = _MODULE_OUTPUT.fullmatch(text.expression)
            return text if output is None else self.external(output[1], "Terraform module")
        account = declared.account
        if is_arn(text):
            return self._existing(text, account)
        if text.startswith("https://sqs.") and text.count("/") >= 4:
            return self._existing(_arn("queue", text.rsplit("/", 1)[1], account), account)
        if names == "function" and ":" in text:  # 123456789012:function:name, or name:alias
            name = text.partition("function:")[2] or text.partition(":")[0]
            return self.reference(name.partition(":")[0], declared, names)
        if names:
            return self._existing(_arn(names, text, account), account)
        if text not in self._ids:
            self._add_existing(Opaque(text, name=text, existing=True))
        return text

    def external(self, id: str, type: str) -> str:
        """An existing resource without an ARN, such as a self-managed Kafka."""
        if id not in self._ids:
            self._add_existing(Opaque(id, type=type, existing=True))
        return id

    def _found(self, spelled: str, names: str, file: str) -> str | None:
        key = arn_key(spelled)
        if key is not None:
            return self._by_arn.get((*_scope(spelled, file), *key))
        scoped = _scoped(spelled, file)
        if names and "/" not in spelled and "${" not in spelled:
            return self._by_name.get((_KINDS[names], *scoped))
        if names and (found := self._by_name.get((_KINDS[names], *scoped))):
            return found
        return self._by_text.get(scoped)

    def _existing(self, arn: str, account: Account) -> str:
        key = arn_key(arn)
        known = None if key is None else self._by_arn.get(key)
        if known is not None:
            return known
        default_bus = account.arn_of(EventBus, "default")
        id = "default" if arn == default_bus and "default" not in self._ids else arn
        self._add_existing(existing_resource(arn, id))
        self.add(id, arn, "")
        return id

    def _add_existing(self, resource: Resource) -> None:
        self.existing[resource.id] = resource
        self._ids.add(resource.id)


_KINDS = {name: resource_type(type).kind.kind for name, type in _TYPES_OF_NAMES.items()}


def _arn(names: str, name: str, account: Account) -> str:
    return spelled_name(arn_text(resource_type(_TYPES_OF_NAMES[names]), name, account))


def _scope(spelled: str, file: str) -> tuple[str, ...]:
    return (file,) if "${" in spelled else ()


def _scoped(spelled: str, file: str) -> tuple[str, ...]:
    return (*_scope(spelled, file), spelled)
