"""Third-party event types: found through the entry-point group, and rejected by name when they are broken."""

from __future__ import annotations

import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from perception_events.classifiers import ENTRY_POINT_GROUP, ClassifierError, ClassifierRegistry, default_registry
from support.java import skip_or_fail

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "thermal_event_type"
KEY = "2025-07-15#thermal#sync001#cam6"


def put_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, entry: str) -> None:
    """Leave in `folder` what an installer would: the metadata that names the entry point."""
    info = folder / "somebodys_types-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: somebodys-types\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{ENTRY_POINT_GROUP}]\n{entry}\n")
    monkeypatch.syspath_prepend(str(folder))


def test_the_example_package_brings_its_event_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]["entry-points"][ENTRY_POINT_GROUP]
    ((name, value),) = declared.items()
    monkeypatch.syspath_prepend(str(EXAMPLE / "src"))
    if not entry_points(group=ENTRY_POINT_GROUP, name=name):
        put_on_path(tmp_path, monkeypatch, f"{name} = {value}")
    assert default_registry.classify(KEY) == "unknown"
    assert default_registry.with_entry_points().classify(KEY) == "thermal"
    assert "thermal" in ClassifierRegistry.from_entry_points().event_types


def test_a_broken_entry_point_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_path(tmp_path, monkeypatch, "broken = nowhere_at_all:thing")
    with pytest.raises(ClassifierError, match=r"'broken' \(nowhere_at_all:thing\) cannot be loaded"):
        default_registry.with_entry_points()


def test_the_example_package_as_pip_installs_it() -> None:
    if not entry_points(group=ENTRY_POINT_GROUP, name="thermal"):
        skip_or_fail("the example package is not installed: pip install ./docs/examples/thermal_event_type")
    assert default_registry.with_entry_points().classify(KEY) == "thermal"
