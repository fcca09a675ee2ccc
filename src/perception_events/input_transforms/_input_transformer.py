"""The input of a rule's target: a path into the event, or values of paths put into a template."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from perception_events.aws_limits import at_most
from perception_events.errors import describe
from perception_events.input_transforms._errors import InvalidTemplateError, TemplateRenderError
from perception_events.input_transforms._json_path import MISSING, JSONPath, Missing
from perception_events.input_transforms._template import Placeholder, Rendered, Template
from perception_events.json_values import JSONObject, JSONValue, PlainText

__all__ = ["EVENT_VARIABLES", "InputTransformer"]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
MAX_PATHS = at_most("input paths")
MAX_PATH_LENGTH = at_most("input path")
EVENT_VARIABLES = (
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
)
_EVENT = ("aws.events.event", "aws.events.event.json")


@dataclass(frozen=True, slots=True)
class InputTransformer:
    """`InputPathsMap` and `InputTemplate` of a rule's target.

    AWS: service model `events`, `InputTransformer`; rendering as recorded on AWS. A value that is not there renders
    as `""`, inside quotes as nothing (the documentation says otherwise). Texts are not escaped.
    Unknown on AWS: a JSON null. Here it renders as null.
    """

    input_paths_map: Mapping[str, str]
    input_template: str
    _template: Template
    _paths: Mapping[str, JSONPath]

    @classmethod
    def parse(cls, input_template: str, input_paths_map: Mapping[str, str] | None = None) -> InputTransformer:
        """Read both.

        Raises:
            InvalidTemplateError: a path or the template cannot be read, a placeholder is not in the map, more than
                100 paths, a name with other characters than letters, digits, `_` and `-`.
        """
        given = dict(input_paths_map or {})
        if len(given) > MAX_PATHS:
            raise InvalidTemplateError(f"InputPathsMap has {len(given)} paths, at most {MAX_PATHS} are allowed")
        paths = {}
        for name, path in given.items():
            if name.lower().startswith("aws."):
                raise InvalidTemplateError(f"InputPathsMap: the name {name!r} begins with 'AWS.', which is reserved")
            if not _NAME.fullmatch(name):
                raise InvalidTemplateError(
                    f"InputPathsMap: the name {describe(name)} is not 1 to 256 letters, digits, _ or -"
                )
            if len(path) > MAX_PATH_LENGTH:
                raise InvalidTemplateError(f"InputPathsMap: the path of {name!r} is over {MAX_PATH_LENGTH} characters")
            paths[name] = JSONPath.parse(path)
        template = Template.parse(input_template)
        for placeholder in template.placeholders:
            name = placeholder.name
            if name not in paths and name not in EVENT_VARIABLES:
                reason = f"InputTemplate contains invalid placeholder {name}; {_known(name, paths)}"
                raise InvalidTemplateError(reason, text=input_template, offset=placeholder.offset)
            if name in _EVENT and placeholder.quoted:
                reason = f"<{name}> is JSON and stands only as a field's value, without quotes"
                raise InvalidTemplateError(reason, text=input_template, offset=placeholder.offset)
        return cls(given, input_template, template, paths)

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """The placeholders in order: what they name, where they stand, and whether inside a JSON string."""
        return self._template.placeholders

    @property
    def json_error(self) -> InvalidTemplateError | None:
        """Why the target never gets anything, whatever the event: neither JSON nor quoted lines; None where it may."""
        if self._template.is_text and _is_quoted_lines(self.input_template):
            return None
        return self._template.json_error()

    def render(self, event: JSONObject, variables: Mapping[str, str] | None = None) -> Rendered:
        """Render for one event; `variables` gives the reserved ones, but for the event itself."""
        given = variables or {}

        def value_of(name: str) -> JSONValue | Missing:
            if name == "aws.events.event.json":
                return event
            if name == "aws.events.event":
                return _without_detail(event, given.get("aws.events.event.ingestion-time"))
            path = self._paths.get(name)
            return given.get(name, MISSING) if path is None else path.find(event)

        return self._template.render(value_of)

    def render_input(self, event: JSONObject, variables: Mapping[str, str] | None = None) -> JSONValue:
        """What the target gets: JSON, or the text as it is (`PlainText`) where it is several quoted lines.

        Raises:
            TemplateRenderError: it is neither, so AWS would not deliver it.
        """
        rendered = self.render(event, variables)
        try:
            return rendered.json()
        except TemplateRenderError:
            if _is_quoted_lines(rendered.text):
                return PlainText(rendered.text)
            raise


def _is_quoted_lines(text: str) -> bool:
    lines = [line.strip() for line in text.strip().split("\n")]
    return len(lines) > 1 and all(len(line) > 1 and line[0] == line[-1] == '"' for line in lines)


def _known(name: str, paths: Mapping[str, JSONPath]) -> str:
    """What could stand for the unknown placeholder `name`."""
    if name.startswith("$"):
        return (
            f"a template of a rule names no path: put {name!r} into InputPathsMap under a name, and write <that name>"
        )
    if name.startswith("aws.pipes."):
        return f"<{name}> belongs to pipes; a rule has {', '.join(EVENT_VARIABLES)}"
    return f"known: {', '.join([*paths, *EVENT_VARIABLES])}"


def _without_detail(event: JSONObject, ingestion_time: str | None) -> JSONObject:
    """The envelope as recorded for `aws.events.event`: `detailType`, and the ingestion time for `time`."""
    envelope = {"detailType" if name == "detail-type" else name: v for name, v in event.items() if name != "detail"}
    return envelope | ({"time": ingestion_time} if ingestion_time else {})
