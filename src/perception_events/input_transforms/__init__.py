"""Input templates of pipes and input transformers of rule targets, rendered as AWS renders them."""

from perception_events.input_transforms._errors import InvalidTemplateError, TemplateRenderError
from perception_events.input_transforms._input_transformer import EVENT_VARIABLES, InputTransformer
from perception_events.input_transforms._json_path import MISSING, JSONPath, Missing
from perception_events.input_transforms._pipe_input import PIPE_VARIABLES, PipeInputTemplate
from perception_events.input_transforms._template import MAX_TEMPLATE_LENGTH, Placeholder, Rendered

__all__ = [
    "EVENT_VARIABLES",
    "MAX_TEMPLATE_LENGTH",
    "MISSING",
    "PIPE_VARIABLES",
    "InputTransformer",
    "InvalidTemplateError",
    "JSONPath",
    "Missing",
    "PipeInputTemplate",
    "Placeholder",
    "Rendered",
    "TemplateRenderError",
]
