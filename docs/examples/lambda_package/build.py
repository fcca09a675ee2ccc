"""Builds the zip that a Lambda function takes: perception-events, what it depends on, and your own modules.

python docs/examples/lambda_package/build.py function.zip --add my_functions.py
python docs/examples/lambda_package/build.py enrichment.zip --without-pydantic --add my_enrichment.py
"""

from __future__ import annotations

import argparse
import compileall
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from py_compile import PycInvalidationMode

ROOT = Path(__file__).resolve().parents[3]
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
PLATFORMS = {"x86_64": "manylinux2014_x86_64", "arm64": "manylinux2014_aarch64"}


def build(
    zip_file: Path,
    *,
    project: str = str(ROOT),
    pydantic: bool = True,
    python: str = RUNNING,
    architecture: str = "x86_64",
    add: list[Path] | None = None,
) -> None:
    """Write `zip_file`; `project` is what pip installs: a checkout, a wheel or a requirement.

    Without pydantic the enrichment, routers, event tables and the poller work; typed events need it.
    """
    with tempfile.TemporaryDirectory() as temporary:
        wheels, task = Path(temporary, "wheels"), Path(temporary, "task")
        pip("wheel", project, "--no-deps", "--wheel-dir", str(wheels))
        (wheel,) = wheels.glob("*.whl")
        platform = ["--platform", PLATFORMS[architecture], "--python-version", python, "--only-binary", ":all:"]
        alone = [] if pydantic else ["--no-deps"]
        pip("install", str(wheel), "--target", str(task), "--no-compile", "--no-warn-conflicts", *platform, *alone)
        shutil.rmtree(task / "bin", ignore_errors=True)
        for module in add or []:
            shutil.copy(module, task)
        if python == RUNNING:
            # Lambda cannot write bytecode beside the modules, so that without it every cold start compiles them. A
            # zip rounds times to two seconds: bytecode that is checked by time would be thrown away.
            compileall.compile_dir(task, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
        with zipfile.ZipFile(zip_file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(task.rglob("*")):
                archive.write(path, path.relative_to(task))


def pip(*arguments: str) -> None:
    """Run pip of this interpreter."""
    subprocess.run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments], check=True)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Build the zip that a Lambda function takes.")
    parser.add_argument("zip_file", type=Path)
    parser.add_argument("--project", default=str(ROOT), help="what pip installs (default: this checkout)")
    parser.add_argument("--without-pydantic", action="store_true")
    parser.add_argument("--python", default=RUNNING, help="Lambda's Python; bytecode is added where it is this one")
    parser.add_argument("--architecture", choices=sorted(PLATFORMS), default="x86_64")
    parser.add_argument("--add", type=Path, action="append", metavar="MODULE", help="a module of yours")
    given = parser.parse_args()
    build(
        given.zip_file,
        project=given.project,
        pydantic=not given.without_pydantic,
        python=given.python,
        architecture=given.architecture,
        add=given.add,
    )
    print(f"{given.zip_file}: {given.zip_file.stat().st_size / 1000:,.0f} kB")


if __name__ == "__main__":
    main()
