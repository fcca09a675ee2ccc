"""YAML text -> values with lines: CloudFormation's short tags become the long functions, aliases are expanded."""

from __future__ import annotations

from typing import Any

from perception_events.errors import PerceptionEventsError
from perception_events.readers._problems import DocumentError
from perception_events.topology import LocatedDict, LocatedList

__all__ = ["MissingExtraError", "read_yaml"]

_MOST_VALUES = 500_000
_DEEPEST = 200
_STRINGS = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:str", "tag:yaml.org,2002:binary")
_MERGE = "tag:yaml.org,2002:merge"
_PLAIN = "tag:yaml.org,2002:"


class MissingExtraError(PerceptionEventsError, ImportError):
    """A file needs a library that is not installed; the message has the command that installs it."""


def read_yaml(text: str) -> Any:
    """The value of the first document of `text`.

    `!Ref x` becomes `{"Ref": "x"}`, `!GetAtt a.B` `{"Fn::GetAtt": ["a", "B"]}`, any other `!Name x` `{"Fn::Name": x}`.
    Dates stay text, as JSON has none. Of equal keys the last one counts.

    Raises:
        DocumentError: it is not YAML, an alias contains itself, or aliases expand to more than 500,000 values.
        MissingExtraError: PyYAML is not installed.
    """
    try:
        import yaml
    except ModuleNotFoundError:
        raise MissingExtraError(
            "YAML templates need PyYAML; run: python -m pip install 'perception-events[templates]'"
        ) from None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        reader = loader(text)
        try:
            node = reader.get_node() if reader.check_node() else None
            return None if node is None else _Builder(reader).value(node, 0)
        finally:
            reader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        raise DocumentError(f"not YAML: {error.problem or error.context}", "correct the YAML", line) from None
    except yaml.YAMLError as error:
        raise DocumentError(f"not YAML: {error}".splitlines()[0], "correct the YAML") from None
    except RecursionError:
        raise DocumentError("YAML that is nested too deeply", "flatten it") from None


class _Builder:
    """Makes values of YAML nodes. A node that aliases share is made once and its size counted each time."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self._made: dict[int, tuple[Any, int]] = {}
        self._open: set[int] = set()
        self._count = 0

    def value(self, node: Any, depth: int) -> Any:
        line = node.start_mark.line + 1
        made = self._made.get(id(node))
        if made is not None:
            self._add(made[1], line)
            return made[0]
        if id(node) in self._open:
            raise DocumentError("an alias that contains itself", "write the value out", line)
        if depth > _DEEPEST:
            raise DocumentError(f"YAML nested more than {_DEEPEST} levels deep", "flatten it", line)
        self._open.add(id(node))
        before = self._count
        self._add(1, line)
        value = self._tagged(node, self._untagged(node, line, depth), line)
        self._open.discard(id(node))
        self._made[id(node)] = value, self._count - before
        return value

    def _add(self, count: int, line: int) -> None:
        self._count += count
        if self._count > _MOST_VALUES:
            raise DocumentError(f"more than {_MOST_VALUES:,} values, with aliases expanded", "remove aliases", line)

    def _untagged(self, node: Any, line: int, depth: int) -> Any:
        if node.id == "scalar":
            return self._scalar(node)
        if node.id == "sequence":
            elements = LocatedList(line=line)
            for one in node.value:
                elements.append(self.value(one, depth + 1))
                elements.lines.append(one.start_mark.line + 1)
            return elements
        entries = LocatedDict(line=line)
        merged: list[Any] = []
        for key_node, value_node in node.value:
            value = self.value(value_node, depth + 1)
            if key_node.tag == _MERGE:
                merged += value if isinstance(value, list) else [value]
                continue
            key = self.value(key_node, depth + 1)
            name = key if isinstance(key, str) else str(getattr(key_node, "value", key))
            entries[name] = value
            entries.lines[name] = key_node.start_mark.line + 1
        for other in merged:
            if isinstance(other, dict):
                for name, value in other.items():
                    if name not in entries:
                        entries[name] = value
                        entries.lines[name] = line
        return entries

    def _scalar(self, node: Any) -> Any:
        tag = node.tag
        if not tag.startswith(_PLAIN) or tag in _STRINGS or (tag.endswith(":int") and ":" in node.value):
            return node.value
        try:
            return self._reader.construct_object(node)
        except ValueError:
            return node.value

    def _tagged(self, node: Any, value: Any, line: int) -> Any:
        if node.tag.startswith(_PLAIN) or not node.tag.startswith("!"):
            return value
        name = node.tag[1:]
        if name == "GetAtt" and isinstance(value, str):
            value = LocatedList(value.split(".", 1), line=line, lines=[line, line])
        function = name if name in ("Ref", "Condition") or not name else f"Fn::{name}"
        return LocatedDict({function: value}, line=line, lines={function: line})
