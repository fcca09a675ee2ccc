"""A topology as the template that is deployed: CloudFormation, SAM or Terraform JSON."""

from __future__ import annotations

from perception_events.rendering._render import TemplateFormat, render, template
from perception_events.rendering._stack import RenderError

__all__ = ["RenderError", "TemplateFormat", "render", "template"]
