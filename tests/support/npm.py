"""Packages of npm that tests need, installed in a folder of their own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["npm_package"]


def npm_package(name: str, version: str, folder: Path) -> Path:
    """The folder of a package; the test is skipped where npm is missing or does not bring it."""
    if shutil.which("npm") is None:
        pytest.skip(f"no npm, which brings {name}")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", f"{name}@{version}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"npm did not bring {name}: {done.stderr[-200:]}")
    return folder / "node_modules" / name
