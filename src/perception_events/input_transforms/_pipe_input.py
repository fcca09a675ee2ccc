"""The input template of a pipe's enrichment or target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perception_events.input_transforms._errors import InvalidTemplateError
from perception_events.input_transforms._json_path import MISSING, JSONPath, Missing
from perception_events.input_transforms._template import Placeholder, Rendered, Template
from perception_events.json_values import JSONValue

__all__ = ["PIPE_VARIABLES", "PipeInputTemplate"]

PIPE_VARIABLES = (
    "aws.pipes.pipe-arn",
    "aws.pipes.pipe-name",
    "aws.pipes.source-arn",
    "aws.pipes.enrichment-arn",
    "aws.pipes.target-arn",
    "aws.pipes.event.ingestion-time",
    "aws.pipes.event",
    "aws.pipes.event.json",
)
_EVENT = ("aws.pipes.event", "aws.pipes.event.json")


@dataclass(frozen=True, slots=True)
class PipeInputTemplate:
    """Text with `<$.path>` and `<aws.pipes.name>` placeholders; applied to each item of a batch by itself.

    Outside quotes a text gets quotes around it; inside, none. Texts are not escaped.

    AWS: EventBridge User Guide, "Pipes input transformation".
    Unknown on AWS: a path that leads nowhere. Here it renders as on the bus, `""` or, inside quotes, nothing; it is
    listed in `Rendered.missing`.
    """

    text: str
    _template: Template
    _paths: Mapping[str, JSONPath]

    @classmethod
    def parse(cls, text: str) -> PipeInputTemplate:
        """Read a template.

        Raises:
            InvalidTemplateError: empty, longer than 8192 characters, a path that cannot be read, an unknown variable.
        """
        template = Template.parse(text)
        paths = {}
        for placeholder in template.placeholders:
            name = placeholder.name
            if name.startswith("$"):
                try:
                    paths[name] = JSONPath.parse(name)
                except InvalidTemplateError as error:
                    offset = placeholder.offset + (error.column or 1)
                    raise InvalidTemplateError(error.reason, text=text, offset=offset) from None
            elif name not in PIPE_VARIABLES:
                reason = f"<{name}> is neither a path (<$.{name}>) nor one of {', '.join(PIPE_VARIABLES)}"
                raise InvalidTemplateError(reason, text=text, offset=placeholder.offset)
            elif name == "aws.pipes.event.json" and placeholder.quoted:
                reason = f"<{name}> is JSON and stands only as a field's value, without quotes"
                raise InvalidTemplateError(reason, text=text, offset=placeholder.offset)
        return cls(text, template, paths)

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """The placeholders in order: what they name, where they stand, and whether inside a JSON string."""
        return self._template.placeholders

    @property
    def json_error(self) -> InvalidTemplateError | None:
        """Why a template that begins like an object or a list never renders JSON, whatever the item; else None.

        A free text is not meant to be JSON: an SQS queue takes it, a function or a bus does not.
        """
        return None if self._template.is_text else self._template.json_error()

    def render(self, event: JSONValue, variables: Mapping[str, str] | None = None) -> Rendered:
        """Render for one item; `variables` gives the reserved variables, but for the event itself."""

        def value_of(name: str) -> JSONValue | Missing:
            if name in _EVENT:
                return event
            path = self._paths.get(name)
            return (variables or {}).get(name, MISSING) if path is None else path.find(event)

        return self._template.render(value_of)

    def render_json(self, event: JSONValue, variables: Mapping[str, str] | None = None) -> JSONValue:
        """Render for one item, as JSON.

        Raises:
            TemplateRenderError: what was rendered is not JSON.
        """
        return self.render(event, variables).json()
