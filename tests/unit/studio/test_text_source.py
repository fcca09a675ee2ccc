"""What the playground's editor holds: a pattern, rules by name, or a template; and the files that are published."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from perception_events.studio import InvalidRulesError, TextSource, Workbench
from perception_events.studio.playground import EXAMPLES, PYODIDE, SAMPLES, build_playground, run
from perception_events.topology import Rule


def read(tmp_path: Path, text: str) -> Workbench:
    path = tmp_path / "system.yaml"
    path.write_text(text)
    return Workbench(TextSource(path))


def rules(workbench: Workbench) -> list[str]:
    overview: Any = workbench.call("overview", {})
    return [one["id"] for one in overview["resources"] if one["kind"] == Rule.kind]


def test_a_pattern_is_one_rule(tmp_path: Path) -> None:
    workbench = read(tmp_path, '{"source": ["shop"]}')
    assert rules(workbench) == ["pattern"]
    sent: Any = workbench.call("send", {"text": '{"source": "shop", "detail-type": "x", "detail": {}}'})
    assert sent["rules"][0]["verdict"] == "matched"


def test_patterns_by_name_are_the_rules_of_a_bus(tmp_path: Path) -> None:
    assert rules(read(tmp_path, '{"a": {"source": ["shop"]}, "b": {"detail": {"x": [1]}}}')) == ["a", "b"]


def test_a_template_is_read_as_one(tmp_path: Path) -> None:
    pytest.importorskip("yaml", reason="YAML templates need PyYAML")
    assert rules(read(tmp_path, EXAMPLES["A template"])) == ["PaidOrders", "LargeOrders"]


@pytest.mark.parametrize(
    ("text", "line"),
    [('{\n"source": ["a", {"prefix": 5}]}', 2), ('{"a": {"source": ["a"]},\n "b": {"source": [{"prefix": 5}]}}', 2)],
)
def test_a_rejected_pattern_has_its_line_and_keeps_what_was_there(tmp_path: Path, text: str, line: int) -> None:
    workbench = read(tmp_path, '{"source": ["shop"]}')
    after: Any = workbench.call("edit", {"file": str(tmp_path / "system.yaml"), "text": text})
    assert [error["line"] for error in after["errors"]] == [line]
    assert rules(workbench) == ["pattern"]
    (tmp_path / "system.yaml").write_text(text)
    with pytest.raises(InvalidRulesError):
        Workbench(TextSource(tmp_path / "system.yaml"))


def test_every_example_takes_every_sample(tmp_path: Path) -> None:
    pytest.importorskip("yaml", reason="YAML templates need PyYAML")
    call = run(str(tmp_path))
    matched = set()
    for text in EXAMPLES.values():
        overview = json.loads(call("edit", json.dumps({"file": str(tmp_path / "system.yaml"), "text": text})))
        assert overview["errors"] == []
        assert overview["samples"] == list(SAMPLES)
        for event in SAMPLES.values():
            result = json.loads(call("send", json.dumps({"text": json.dumps(event)})))
            matched |= {rule["id"] for rule in result["rules"] if rule["verdict"] == "matched"}
    assert matched == {"PaidOrders", "LargeOrders", "paid-orders", "test-customers", "not-cancelled"}


def test_what_fails_in_the_browser_is_said_there(tmp_path: Path) -> None:
    pytest.importorskip("yaml", reason="YAML templates need PyYAML")
    assert "no action" in json.loads(run(str(tmp_path))("no_such", "{}"))["failed"]


def test_the_published_page_loads_pyodide_by_version_and_hash_and_nothing_else(tmp_path: Path) -> None:
    build_playground(tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert re.fullmatch(r"https://[\w./-]+/pyodide@\d+\.\d+\.\d+/", PYODIDE.base)
    assert set(re.findall(r"https?://[^\s\"'/]+", page)) == {"https://cdn.jsdelivr.net"}
    imports = json.loads(re.findall(r'<script type="importmap">(.*?)</script>', page)[0])
    assert set(imports["integrity"]) == {f"{PYODIDE.base}{name}" for name in ("pyodide.mjs", "pyodide.asm.mjs")}
    assert "default-src 'none'" in page
    assert "'unsafe-eval'" not in page
    with zipfile.ZipFile(tmp_path / "core.zip") as archive:
        names = set(archive.namelist())
    assert "perception_events/studio/_workbench.py" in names
    assert not any(name.startswith(("perception_events/aws/", "perception_events/cli/")) for name in names)


def test_the_same_sources_give_the_same_files(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        build_playground(tmp_path / folder)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
