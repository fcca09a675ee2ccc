"""A declaration in Python as what the studio shows: read again when its file changes, its findings at their lines."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from perception_events.checks import Finding
from perception_events.cli.declared_lines import DeclaredLines
from perception_events.cli.errors import short_path
from perception_events.cli.load import load_pipeline
from perception_events.pipeline import Pipeline
from perception_events.pipeline.checks import check_pipeline
from perception_events.studio import System
from perception_events.topology import Origin

__all__ = ["PipelineSource"]


class PipelineSource:
    """The `Pipeline` at `location`, in the environment `env`; its module is imported again for each reading."""

    def __init__(self, location: str, env: str) -> None:
        self._location = location
        self._env = env
        self.declared = load_pipeline(location)
        self._is_first = True

    def read(self, edits: Mapping[str, str]) -> System:
        """See `SystemSource.read`; the text of a declaration is shown, and not edited in the page."""
        if not self._is_first and not self._location.startswith("perception_events."):
            self.declared = self._imported_again()
        self._is_first = False
        files = tuple(short_path(str(path)) for path in self.watched())
        return System(
            self.declared.topology(self._env, declared_in=self._location),
            self.declared.graph(self._env, queues=True),
            self.declared.local_functions(),
            findings=tuple(self._placed(files)),
            files=files,
            is_editable=False,
        )

    def watched(self) -> Iterable[Path]:
        """The file of the module."""
        place = self._location.rpartition(":")[0]
        file = place if place.endswith(".py") else getattr(sys.modules.get(place), "__file__", None)
        return [Path(file).resolve()] if file else []

    def _placed(self, files: tuple[str, ...]) -> Iterable[Finding]:
        """The findings, with the line of the file in which each thing is declared."""
        findings = check_pipeline(self.declared, self._env, declared_in=self._location)
        for file in files:
            text = Path(file).read_text(encoding="utf-8", errors="replace")
            lines = DeclaredLines(text, self._location.rpartition(":")[2])
            return [
                replace(one, origin=Origin(file, line, one.location))
                if (line := lines.line_of(self._written(one.location))) is not None
                else one
                for one in findings
            ]
        return findings

    def _written(self, location: str) -> str:
        """A location in the declaration's own words: a rule beside those of the modules is an extra rule there."""
        for rule in self.declared.extra_rules:
            deployed = f"rules[{self.declared.names(self._env).of(rule.name)}]"
            if location.startswith(deployed):
                return f"extra_rules[{rule.name}]{location[len(deployed) :]}"
        return location

    def _imported_again(self) -> Pipeline:
        files = {str(path) for path in self.watched()}
        before = {name: one for name, one in sys.modules.items() if getattr(one, "__file__", None) in files}
        for name in before:
            del sys.modules[name]
        importlib.invalidate_caches()
        try:
            return load_pipeline(self._location)
        except BaseException:
            sys.modules.update(before)
            raise
