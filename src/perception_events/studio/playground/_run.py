"""The workbench of the playground, as the page's script calls it: texts in, texts out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from perception_events.errors import PerceptionEventsError
from perception_events.studio._samples import Sample
from perception_events.studio._text_source import TextSource
from perception_events.studio._workbench import Workbench
from perception_events.studio.playground._examples import EXAMPLES, SAMPLES

__all__ = ["FILE", "run"]

FILE = "system.yaml"
"""The one file that the playground has; its text is what the editor holds."""


def run(folder: str = ".") -> Callable[[str, str], str]:
    """A function that carries out an action of the page: its name and arguments as JSON give the result as JSON.

    `folder`: where the playground's file is written, in the browser a folder of memory.
    """
    path = Path(folder) / FILE
    path.write_text(next(iter(EXAMPLES.values())), encoding="utf-8")
    samples = [Sample(name, value) for name, value in SAMPLES.items()]
    workbench = Workbench(TextSource(path), samples=samples)

    def call(action: str, arguments: str) -> str:
        try:
            result = workbench.call(action, json.loads(arguments))
        except (PerceptionEventsError, ValueError, RecursionError) as error:
            return json.dumps({"failed": str(error)})
        return json.dumps(result)

    return call
