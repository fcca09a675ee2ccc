"""A page to look at a system: its picture, an event on its way, why rules are silent, and what an edit changes.

`Workbench` is what the page works on: JSON in, JSON out, no server and no clock. `studio_app` (extra `[studio]`, in
`perception_events.studio.server`) serves it on this machine; the playground runs it in the browser.
"""

from __future__ import annotations

from perception_events.studio._samples import Sample
from perception_events.studio._system import InvalidEditError, System, SystemSource, TemplateSource
from perception_events.studio._text_source import InvalidRulesError, TextSource
from perception_events.studio._workbench import InvalidCallError, Workbench

__all__ = [
    "InvalidCallError",
    "InvalidEditError",
    "InvalidRulesError",
    "Sample",
    "System",
    "SystemSource",
    "TemplateSource",
    "TextSource",
    "Workbench",
]
