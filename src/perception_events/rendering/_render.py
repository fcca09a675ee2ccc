"""Write a topology down as what is deployed: one complete template, the same text for the same topology."""

from __future__ import annotations

import json
import re
from enum import StrEnum

from perception_events.json_values import JSONObject
from perception_events.rendering._cloudformation import cloudformation_template
from perception_events.rendering._sam import sam_template
from perception_events.rendering._terraform import terraform_template
from perception_events.topology import Topology

__all__ = ["TemplateFormat", "render", "template"]


_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""Characters that JSON takes in a text, and YAML, which reads JSON too, takes for the end of a line or for none."""


class TemplateFormat(StrEnum):
    """What a topology can be rendered as; all three are JSON."""

    CLOUDFORMATION = "cloudformation"
    SAM = "sam"
    TERRAFORM_JSON = "terraform-json"


def template(topology: Topology, format: TemplateFormat | str = TemplateFormat.CLOUDFORMATION) -> JSONObject:
    """The template as JSON values.

    What is made: every resource that is not `existing`, with the roles, permissions and queue policies that follow from
    who refers to whom, and alarms. What exists is referred to by its name or ARN, and its own policies are left alone.

    Raises:
        RenderError: a resource is of a kind that is not rendered, holds a value that is not known, or two would have
            one name in the template.
        ValueError: there is no such format.
    """
    match TemplateFormat(format):
        case TemplateFormat.CLOUDFORMATION:
            return cloudformation_template(topology)
        case TemplateFormat.SAM:
            return sam_template(cloudformation_template(topology))
        case TemplateFormat.TERRAFORM_JSON:
            return terraform_template(topology)


def render(topology: Topology, format: TemplateFormat | str = TemplateFormat.CLOUDFORMATION) -> str:
    """The template as text: JSON, indented by two, with a line break at the end.

    Raises:
        RenderError, ValueError: as `template`.
    """
    text = json.dumps(template(topology, format), indent=2, ensure_ascii=False) + "\n"
    return _NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
