"""`perception-events package`: the zip that a Lambda function takes: this library, what it depends on, your modules."""

from __future__ import annotations

import compileall
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Annotated

import typer

from perception_events.cli.console import print_line
from perception_events.cli.errors import CommandError

__all__ = ["Architecture", "build_package", "register"]

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"


class Architecture(StrEnum):
    """Lambda's instruction sets."""

    X86_64 = "x86_64"
    ARM64 = "arm64"


_PLATFORMS = {Architecture.X86_64: "manylinux2014_x86_64", Architecture.ARM64: "manylinux2014_aarch64"}


def register(app: typer.Typer) -> None:
    """Add the command `package` to `app`."""
    app.command("package")(package)


def package(
    zip_file: Annotated[Path, typer.Argument(metavar="ZIP", help="The file to write.")],
    add: Annotated[
        list[Path] | None, typer.Option(metavar="PATH", help="A module or a package of yours; may be repeated.")
    ] = None,
    without_pydantic: Annotated[
        bool, typer.Option("--without-pydantic", help="Leave pydantic out: only typed events need it.")
    ] = False,
    python: Annotated[str, typer.Option(metavar="3.N", help="Lambda's Python.")] = RUNNING,
    architecture: Annotated[Architecture, typer.Option(help="Lambda's instruction set.")] = Architecture.X86_64,
    requirement: Annotated[
        str | None,
        typer.Option(metavar="REQUIREMENT", help="What pip installs: a checkout, a wheel; what is installed, without."),
    ] = None,
) -> None:
    """Build the zip that a Lambda function takes, with bytecode where Lambda's Python is the one that runs here."""
    build_package(
        zip_file,
        requirement=requirement or installed_requirement(),
        pydantic=not without_pydantic,
        python=python,
        architecture=architecture,
        add=add or (),
    )
    print_line(f"{zip_file}: {zip_file.stat().st_size / 1000:,.0f} kB")


def installed_requirement() -> str:
    """What pip is to install for the version that runs here: its checkout or file, or the released version.

    Raises:
        CommandError: it is not installed.
    """
    try:
        installed = distribution("perception-events")
    except PackageNotFoundError:
        raise CommandError(
            "perception-events is not installed here", "name a checkout or a wheel with --requirement"
        ) from None
    origin = installed.read_text("direct_url.json")
    return json.loads(origin)["url"] if origin else f"perception-events=={installed.version}"


def build_package(
    zip_file: Path,
    *,
    requirement: str,
    pydantic: bool = True,
    python: str = RUNNING,
    architecture: Architecture = Architecture.X86_64,
    add: list[Path] | tuple[Path, ...] = (),
) -> None:
    """Write `zip_file`.

    `requirement`: what pip installs: a checkout, a wheel, a requirement. `pydantic`: whether the library's dependencies
    come along; without them the enrichment, routers, event tables and the poller work. `python`, `architecture`: of
    the function. `add`: modules and packages that stand beside the library.

    Raises:
        CommandError: pip failed, or one of `add` does not exist.
    """
    with tempfile.TemporaryDirectory() as temporary:
        wheels, task = Path(temporary, "wheels"), Path(temporary, "task")
        _pip("wheel", requirement, "--no-deps", "--wheel-dir", str(wheels))
        (wheel,) = wheels.glob("*.whl")
        platform = ["--platform", _PLATFORMS[architecture], "--python-version", python, "--only-binary", ":all:"]
        alone = [] if pydantic else ["--no-deps"]
        _pip("install", str(wheel), "--target", str(task), "--no-compile", "--no-warn-conflicts", *platform, *alone)
        shutil.rmtree(task / "bin", ignore_errors=True)
        for path in add:
            _copy(path, task)
        if python == RUNNING:
            # Lambda cannot write bytecode beside the modules, so that without it every cold start compiles them. A
            # zip rounds times to two seconds: bytecode that is checked by time would be thrown away.
            compileall.compile_dir(task, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
        with zipfile.ZipFile(zip_file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(task.rglob("*")):
                archive.write(path, path.relative_to(task))


def _copy(path: Path, task: Path) -> None:
    if not path.exists():
        raise CommandError(f"--add {path}: there is no such file or folder", "check the path")
    if path.is_dir():
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(path, task / path.resolve().name, dirs_exist_ok=True, ignore=ignore)
    else:
        shutil.copy(path, task)


def _pip(*arguments: str) -> None:
    """Run pip of this interpreter."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise CommandError(f"pip {arguments[0]} failed: {last}", "run it by hand: " + " ".join(command[1:]))
