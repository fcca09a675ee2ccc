"""Templates for what is declared: CloudFormation, SAM and Terraform JSON."""

from __future__ import annotations

from perception_events.rendering._render import TemplateFormat, render, template
from perception_events.rendering._stack import RenderError

__all__ = ["RenderError", "TemplateFormat", "render", "template"]
