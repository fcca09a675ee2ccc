"""Write a declaration down as what is deployed: one complete template, the same text for the same declaration."""

from __future__ import annotations

import json
from enum import StrEnum

from perception_events.json_values import JSONObject
from perception_events.pipeline import Pipeline
from perception_events.rendering._cloudformation import cloudformation_template
from perception_events.rendering._sam import sam_template
from perception_events.rendering._terraform import terraform_template

__all__ = ["TemplateFormat", "render", "template"]


class TemplateFormat(StrEnum):
    """What a declaration can be rendered as; all three are JSON."""

    CLOUDFORMATION = "cloudformation"
    SAM = "sam"
    TERRAFORM_JSON = "terraform-json"


def template(
    pipeline: Pipeline, env: str = "dev", format: TemplateFormat | str = TemplateFormat.CLOUDFORMATION
) -> JSONObject:
    """The template as JSON values.

    Raises:
        RenderError: two parts of the declaration would have one name in the template.
        ValueError: there is no such format.
    """
    written = cloudformation_template(pipeline, env)
    match TemplateFormat(format):
        case TemplateFormat.CLOUDFORMATION:
            return written
        case TemplateFormat.SAM:
            return sam_template(written)
        case TemplateFormat.TERRAFORM_JSON:
            return terraform_template(written)


def render(pipeline: Pipeline, env: str = "dev", format: TemplateFormat | str = TemplateFormat.CLOUDFORMATION) -> str:
    """The template as text: JSON, indented by two, with a line break at the end.

    Raises:
        RenderError: two parts of the declaration would have one name in the template.
        ValueError: there is no such format.
    """
    return json.dumps(template(pipeline, env, format), indent=2, ensure_ascii=False) + "\n"
