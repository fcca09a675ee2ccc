"""One version of a system by one text: a path, `REVISION:PATH` of a git repository, or `package.module:name`."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from perception_events.cli.errors import CommandError
from perception_events.cli.load import ObjectNotFoundError
from perception_events.cli.topologies import LoadedTopology, load_topology
from perception_events.readers import Problem, ReadError

__all__ = ["SystemNotFoundError", "load_system"]


class SystemNotFoundError(CommandError, LookupError):
    """A text that names no system: neither a path, nor a path of a revision, nor a Pipeline."""


def load_system(
    text: str,
    *,
    env: str,
    parameters: Iterable[str] | None = None,
    account: str | None = None,
    region: str | None = None,
) -> LoadedTopology:
    """Read the system that `text` names.

    What exists as a path is one. Of `REVISION:PATH` all files of the revision are read from git, so that templates
    find what they refer to; the path begins where git's does: at the root of the repository, or, with `./`, here.

    Raises:
        SystemNotFoundError: there is no such path, no such revision or module, or git cannot read the revision.
        ReadError: nothing of it could be read.
        ObjectNotFoundError: a module has no such Pipeline.
        MissingExtraError: a template needs a library that is not installed.
    """
    options = {"env": env, "parameters": parameters, "account": account, "region": region}
    if Path(text).exists():
        return load_topology([text], pipeline=None, **options)  # type: ignore[arg-type]
    revision, colon, path = text.partition(":")
    if not colon:
        raise SystemNotFoundError(
            f"{text}: there is no such file or folder", "give a path, REVISION:PATH or MODULE:NAME"
        )
    if _is_revision(revision):
        with _checked_out(revision, path) as location:
            prefix = str(location)
            try:
                loaded = load_topology([location], pipeline=None, **options)  # type: ignore[arg-type]
            except ReadError as error:
                raise ReadError(_renamed(error.problems, prefix, text)) from None
        return LoadedTopology(loaded.topology, _renamed(loaded.problems, prefix, text))
    try:
        return load_topology([], pipeline=text, **options)  # type: ignore[arg-type]
    except ObjectNotFoundError as error:
        if not isinstance(error.__cause__, ModuleNotFoundError):
            raise
        raise SystemNotFoundError(
            f"{text}: {revision} is neither a revision of a git repository here nor a module that can be imported",
            "check the spelling, and run inside the repository or where the module can be imported",
        ) from None


def _renamed(problems: Iterable[Problem], prefix: str, text: str) -> tuple[Problem, ...]:
    """Problems in the folder of a revision, their files in the user's words."""
    return tuple(
        replace(one, origin=replace(one.origin, file=one.origin.file.replace(prefix, text))) for one in problems
    )


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *arguments], capture_output=True, check=False)
    except OSError as error:
        raise SystemNotFoundError(f"git cannot be run: {error}", "install git, or give a path") from None


def _is_revision(text: str) -> bool:
    """Whether git knows `text` as a commit here."""
    if not text or text.startswith("-"):
        return False
    try:
        return _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{text}^{{commit}}").returncode == 0
    except SystemNotFoundError:
        return False


@contextmanager
def _checked_out(revision: str, path: str) -> Iterator[Path]:
    """The path in a folder of its own with all files of the revision."""
    prefix = _git("rev-parse", "--show-prefix").stdout.decode().strip() if path.startswith(("./", "../")) else ""
    wanted = _normal(PurePosixPath(prefix, path))
    root = _git("rev-parse", "--show-toplevel").stdout.decode().strip()
    archived = _git("-C", root, "archive", "--format=tar", revision)
    if archived.returncode:
        reason = archived.stderr.decode(errors="replace").strip().splitlines()
        told = reason[-1] if reason else "no reason"
        raise SystemNotFoundError(f"{revision}:{path}: git cannot read it: {told}", "check the revision")
    with TemporaryDirectory(prefix="perception-events-") as folder:
        base = Path(folder, Path(root).name)  # names that are made up from a folder's name stay the same
        with tarfile.open(fileobj=io.BytesIO(archived.stdout)) as files:
            files.extraction_filter = _inside
            files.extractall(base)
        location = Path(base, *wanted.parts)
        if not location.exists():
            raise SystemNotFoundError(f"{revision}:{path}: there is no {wanted} in {revision}", "check the path")
        yield location


def _inside(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
    """Leave out links that lead out of the folder; the first releases of Python 3.11 have no filter to ask."""
    check = getattr(tarfile, "data_filter", None)
    if check is None:
        return member if member.isfile() or member.isdir() else None
    try:
        checked: tarfile.TarInfo = check(member, path)
    except tarfile.TarError:
        return None
    return checked


def _normal(path: PurePosixPath) -> PurePosixPath:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts:
            parts.pop()
        elif part not in ("..", "/"):
            parts.append(part)
    return PurePosixPath(*parts)
