"""The ten-module example of the docs, loaded as a user runs it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

__all__ = ["MODULES", "SYNCS", "load_example"]

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "ten_modules"
MODULES = (
    "recon",
    "preprocessing",
    "reid",
    "tracking",
    "smoothing",
    "actions",
    "biomechanics",
    "summary",
    "postprocessing",
)
"""The modules that others start, in an order in which that happens."""
SYNCS = ("sync001", "sync002", "sync003")


def load_example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example's `run.py`, its own module `ten_modules` beside it for as long as the test runs."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    spec = importlib.util.spec_from_file_location("ten_modules_run", EXAMPLE / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, "ten_modules", sys.modules.pop("ten_modules"))  # gone when the test ends
    return module
