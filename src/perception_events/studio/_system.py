"""What the page shows: a topology with its picture, what was found in it, and the files that it was read from."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from perception_events.checks import Finding, check, comment_waivers
from perception_events.diagrams import Graph, topology_graph
from perception_events.errors import PerceptionEventsError
from perception_events.readers import Problem, read_topology
from perception_events.targets import Invocable
from perception_events.topology import Origin, Topology

__all__ = ["InvalidEditError", "System", "SystemSource", "TemplateSource"]

MAX_EDITED_BYTES = 5_000_000
"""Folders with more than this are not copied for an edit in the page."""
_SKIPPED = shutil.ignore_patterns(".git", "node_modules", ".terraform", ".venv", "__pycache__")


class InvalidEditError(PerceptionEventsError, ValueError):
    """A text of a file that cannot be tried; the message says what to do."""


@dataclass(frozen=True, slots=True)
class System:
    """One reading of what was given.

    `topology`, `graph`: what runs and what is drawn. `functions`: what stands in for enrichments, by the resource's id.
    `problems`: what could not be read. `findings`: what `check` says. `files`: those that may be shown in the page.
    `is_editable`: whether another text of them can be tried. `title`: what the page calls it.
    `copies`: by path of a copy that was read in its place, what was given.
    """

    topology: Topology
    graph: Graph
    functions: Mapping[str, Invocable] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    findings: tuple[Finding, ...] = ()
    files: tuple[str, ...] = ()
    title: str = ""
    is_editable: bool = True
    copies: Mapping[str, str] = field(default_factory=dict)

    def given_name(self, file: str) -> str:
        """The name by which a file was given, of one that may have been read from a copy."""
        for copy, path in self.copies.items():
            if file == copy or file.startswith(f"{copy}/"):
                return path + file[len(copy) :]
        return file


class SystemSource(Protocol):
    """Where a `System` comes from, again and again."""

    def read(self, edits: Mapping[str, str]) -> System:
        """Read it. `edits`: by file, the text that is tried in place of the file's own.

        Raises:
            PerceptionEventsError: it cannot be read at all.
        """
        ...

    def watched(self) -> Iterable[Path]:
        """The files and folders that it depends on."""
        ...


class TemplateSource:
    """Templates by path, read as one system.

    `paths`: templates and folders. `parameters`, `account`, `region`: as of `read_topology`. `functions`: what stands
    in for enrichments, by the resource's id, name or ARN. An edit is read from a copy of the paths; nothing is written
    to them.
    """

    def __init__(
        self,
        paths: Iterable[str | Path],
        *,
        parameters: Mapping[str, Any] | None = None,
        account: str | None = None,
        region: str | None = None,
        functions: Mapping[str, Invocable] | None = None,
    ) -> None:
        self._paths = [Path(path) for path in paths]
        self._parameters = dict(parameters or {})
        self._account = account
        self._region = region
        self._functions = dict(functions or {})

    def read(self, edits: Mapping[str, str]) -> System:
        """See `SystemSource.read`.

        Raises:
            InvalidEditError: an edited file is not one of those that were given, or there is too much to copy.
            MissingExtraError: a template needs a library that is not installed.
        """
        if not edits:
            return self._read(self._paths, {})
        with TemporaryDirectory() as folder:
            copies = self._copied(Path(folder))
            for file, text in edits.items():
                self._copy_of(file, copies).write_text(text, encoding="utf-8")
            return self._read(list(copies.values()), {str(copy): str(path) for path, copy in copies.items()})

    def watched(self) -> Iterable[Path]:
        """The paths themselves."""
        return self._paths

    def _read(self, paths: list[Path], names: Mapping[str, str]) -> System:
        result = read_topology(paths, parameters=self._parameters, account=self._account, region=self._region)
        topology = result.topology
        origins = [resource.origin.file for resource in topology if resource.origin is not None]
        origins += [problem.origin.file for problem in result.problems]
        origins += [str(path) for path in paths if path.is_file()]
        files = [file for file in dict.fromkeys(origins) if Path(file).is_file()]
        waivers = [waiver for file in files for waiver in comment_waivers(_text(Path(file)), file)]
        system = _renamed(
            System(
                topology,
                topology_graph(topology, queues=True),
                {id: one for id, one in self._functions.items() if topology.find(id) is not None},
                result.problems,
                tuple(check(topology, waivers=waivers)),
                tuple(files),
                topology.name or ", ".join(path.name for path in self._paths),
                copies=names,
            )
        )
        return replace(system, files=tuple(filter(self._is_given, system.files)))

    def _is_given(self, file: str) -> bool:
        """Whether a file lies in what was given: a module beside it, or the end of a link, is read and not shown."""
        real = Path(file).resolve()
        return any(real.is_relative_to(path.resolve()) for path in self._paths)

    def _copied(self, folder: Path) -> dict[Path, Path]:
        if sum(_sizes(self._paths)) > MAX_EDITED_BYTES:
            raise InvalidEditError("there is too much to copy for an edit here; edit the file itself, with --watch")
        copies = {}
        for number, path in enumerate(self._paths):
            copy = folder / str(number) / (path.name or "folder")
            copy.parent.mkdir()
            if path.is_dir():
                shutil.copytree(path, copy, ignore=_SKIPPED, ignore_dangling_symlinks=True)
            elif path.is_file():
                shutil.copyfile(path, copy)
            copies[path] = copy
        return copies

    def _copy_of(self, file: str, copies: Mapping[Path, Path]) -> Path:
        for path, copy in copies.items():
            given = Path(file)
            inside = given == path or (given.is_relative_to(path) and ".." not in given.parts)
            found = copy / given.relative_to(path) if inside else None
            if found is not None and found.is_file() and not found.is_symlink():
                return found
        raise InvalidEditError(f"{file} is not a file of what was given")


def _renamed(system: System) -> System:
    """What was read from copies, with the names of the files that were copied; the topology keeps the copies' names."""
    if not system.copies:
        return system

    def named(origin: Origin | None) -> Origin | None:
        return None if origin is None else replace(origin, file=system.given_name(origin.file))

    return replace(
        system,
        problems=tuple(replace(one, origin=named(one.origin) or one.origin) for one in system.problems),
        findings=tuple(
            replace(one, origin=named(one.origin), resource_origin=named(one.resource_origin))
            for one in system.findings
        ),
        files=tuple(map(system.given_name, system.files)),
    )


def _sizes(paths: Iterable[Path]) -> Iterator[int]:
    for path in paths:
        for file in path.rglob("*") if path.is_dir() else [path]:
            if file.is_file():
                yield file.stat().st_size


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
