"""One text as a system: a pattern, rules by name, or a template; what the playground's editor holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from perception_events.diagrams import topology_graph
from perception_events.errors import PerceptionEventsError
from perception_events.patterns import EventPattern, InvalidEventPatternError
from perception_events.studio._system import System, TemplateSource
from perception_events.topology import EventBus, Origin, Rule, Topology

__all__ = ["InvalidRulesError", "TextSource"]

_FIELDS = {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail", "$or"}
"""The fields of an event: an object that has one of them is a pattern, and not rules by name."""


class InvalidRulesError(PerceptionEventsError, ValueError):
    """A pattern of the text is rejected. `origin`: its file, and the line where it is known."""

    def __init__(self, reason: str, origin: Origin) -> None:
        self.reason = reason
        self.origin = origin
        super().__init__(f"{origin}: {reason}")


class TextSource:
    """The text of the file at `path`: an event pattern, an object of event patterns by rule name, or a template."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._template = TemplateSource([path])

    def read(self, edits: Mapping[str, str]) -> System:
        """See `SystemSource.read`.

        Raises:
            InvalidRulesError: a pattern is rejected.
        """
        file = str(self._path)
        text = edits[file] if file in edits else self._path.read_text(encoding="utf-8")
        rules = _rules(text)
        if rules is None:
            return self._template.read(edits)
        bus = EventBus("default", name="default")
        topology = Topology([bus, *self._parsed(text, rules)], name="rules")
        return System(topology, topology_graph(topology), files=(file,), title="Rules")

    def watched(self) -> Iterable[Path]:
        """The file."""
        return [self._path]

    def _parsed(self, text: str, rules: Mapping[str, Any]) -> Iterator[Rule]:
        for name, pattern in rules.items():
            try:
                # Of a single pattern the text itself, so that an error has its line.
                EventPattern.parse(text if rules.keys() == {"pattern"} else pattern)
            except InvalidEventPatternError as error:
                hint = f" ({error.hint})" if error.hint else ""
                where = Origin(str(self._path), error.line or _line_of(text, name))
                raise InvalidRulesError(f"rule {name}: {error.reason}{hint}", where) from error
            yield Rule(name, name=name, bus="default", event_pattern=pattern, origin=Origin(str(self._path)))


def _rules(text: str) -> dict[str, Any] | None:
    """The patterns of a text by rule name; None where it is something else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not value or "Resources" in value:
        return None
    if _FIELDS & value.keys():
        return {"pattern": value}
    return value if all(isinstance(one, dict) and _FIELDS & one.keys() for one in value.values()) else None


def _line_of(text: str, name: str) -> int | None:
    before, found, _ = text.partition(json.dumps(name, ensure_ascii=False))
    return before.count("\n") + 1 if found else None
