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
_PLAIN = "tag:yaml.org,2002:"


class MissingExtraError(PerceptionEventsError, ImportError):
    """A file needs a library that is not installed; the message has the command that installs it."""


def read_yaml(text: str, repeated: list[tuple[str, int]] | None = None) -> Any:
    """The value of the first document of `text`; keys that are written twice are added to `repeated` with their lines.

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
            return _Builder(reader, yaml, repeated).document()
        finally:
            reader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        raise DocumentError(f"not YAML: {error.problem or error.context}", "correct the YAML", line) from None
    except yaml.YAMLError as error:
        raise DocumentError(f"not YAML: {error}".splitlines()[0], "correct the YAML") from None


class _Builder:
    """Makes values of the parser's events, one by one: so depth and size are bounded before anything is built.

    A value that aliases share is made once, and its size is counted each time.
    """

    def __init__(self, reader: Any, yaml: Any, repeated: list[tuple[str, int]] | None) -> None:
        self._repeated = [] if repeated is None else repeated
        self._reader = reader
        self._yaml = yaml
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._open: set[str] = set()
        self._count = 0

    def document(self) -> Any:
        """The first document; None for an empty file."""
        yaml = self._yaml
        while True:
            event = self._reader.get_event()
            if isinstance(event, yaml.StreamEndEvent):
                return None
            if isinstance(event, yaml.DocumentStartEvent):
                return self._value(self._reader.get_event(), 0)

    def _value(self, event: Any, depth: int) -> Any:
        yaml = self._yaml
        line = event.start_mark.line + 1
        anchor = event.anchor
        if isinstance(event, yaml.AliasEvent):
            return self._alias(anchor, line)
        if depth > _DEEPEST:
            raise DocumentError(f"YAML nested more than {_DEEPEST} levels deep", "flatten it", line)
        before = self._count
        self._add(1, line)
        if anchor is not None:
            self._open.add(anchor)
        if isinstance(event, yaml.ScalarEvent):
            value: Any = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(line, depth)
        else:
            value = self._mapping(line, depth)
        value = _tagged(event.tag, value, line)
        if anchor is not None:
            self._open.discard(anchor)
            self._anchors[anchor] = value, self._count - before
        return value

    def _alias(self, anchor: str, line: int) -> Any:
        if anchor in self._open:
            raise DocumentError("an alias that contains itself", "write the value out", line)
        if anchor not in self._anchors:
            raise DocumentError(f"not YAML: the alias *{anchor} has no anchor", "correct the alias", line)
        value, size = self._anchors[anchor]
        self._add(size, line)
        return value

    def _add(self, count: int, line: int) -> None:
        self._count += count
        if self._count > _MOST_VALUES:
            raise DocumentError(f"more than {_MOST_VALUES:,} values, with aliases expanded", "remove aliases", line)

    def _sequence(self, line: int, depth: int) -> LocatedList:
        elements = LocatedList(line=line)
        while not isinstance(event := self._reader.get_event(), self._yaml.SequenceEndEvent):
            elements.append(self._value(event, depth + 1))
            elements.lines.append(self._first_line(event, event.start_mark.line + 1))
        return elements

    def _mapping(self, line: int, depth: int) -> LocatedDict:
        entries = LocatedDict(line=line)
        merged: list[Any] = []
        while not isinstance(event := self._reader.get_event(), self._yaml.MappingEndEvent):
            is_merge = isinstance(event, self._yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]
            key_line = event.start_mark.line + 1
            # A key keeps its spelling: `on`, `012` and `1.0` name a property, and are not values.
            key = event.value if isinstance(event, self._yaml.ScalarEvent) else str(self._value(event, depth + 1))
            value_event = self._reader.get_event()
            value = self._value(value_event, depth + 1)
            if is_merge:
                merged += value if isinstance(value, list) else [value]
                continue
            if key in entries:
                self._repeated.append((key, key_line))
            entries[key] = value
            entries.lines[key] = self._first_line(value_event, key_line)
        for other in merged:
            for name, value in (other if isinstance(other, dict) else {}).items():
                if name not in entries:
                    entries[name] = value
                    entries.lines[name] = line
        return entries

    def _first_line(self, event: Any, otherwise: int) -> int:
        """The line on which a scalar's text begins: of a block (`|`, `>`) the one after its sign."""
        block = isinstance(event, self._yaml.ScalarEvent) and event.style in ("|", ">")
        return event.start_mark.line + 2 if block else otherwise

    def _scalar(self, event: Any) -> Any:
        tag = event.tag
        if tag is None or tag == "!":
            tag = self._reader.resolve(self._yaml.ScalarNode, event.value, event.implicit)
        if not tag.startswith(_PLAIN) or tag in _STRINGS or (tag.endswith(":int") and ":" in event.value):
            return event.value
        try:
            return self._reader.construct_object(self._yaml.ScalarNode(tag, event.value))
        except (ValueError, self._yaml.YAMLError):
            return event.value


def _tagged(tag: str | None, value: Any, line: int) -> Any:
    """A short tag as the long function."""
    if tag is None or tag == "!" or not tag.startswith("!"):
        return value
    name = tag[1:]
    if name == "GetAtt" and isinstance(value, str):
        value = LocatedList(value.split(".", 1), line=line, lines=[line, line])
    function = name if name in ("Ref", "Condition") else f"Fn::{name}"
    return LocatedDict({function: value}, line=line, lines={function: line})
