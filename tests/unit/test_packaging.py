"""What a user's tools find of the package: the pytest plugin, the hooks, the action and the package description."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def yaml(path: str) -> Any:
    module = pytest.importorskip("yaml", reason="needs PyYAML, the [templates] extra")
    return module.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_the_plugin_gives_its_fixtures_to_a_project_without_a_word_in_it(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "from perception_events.pipeline import perception_pipeline\n"
        "def test_it(simulate_pipeline, record_builder):\n"
        "    record = record_builder.insert('s', '2025-07-15#pose#sync001#cam1', status='COMPLETED')\n"
        "    assert simulate_pipeline(perception_pipeline).route_record(record).targets == ('aggregate_pose-dev',)\n",
        encoding="utf-8",
    )
    (name,) = PYPROJECT["project"]["entry-points"]["pytest11"].values()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_loading_the_plugin_loads_nothing_else_of_ours() -> None:
    code = (
        "import sys, perception_events.pytest_plugin as p;"
        "print([m for m in sys.modules if m.startswith('perception_events.') and m != p.__name__])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_each_hook_and_the_action_call_a_command_that_exists() -> None:
    pytest.importorskip("typer", reason="the command line needs the [cli] extra")
    from perception_events.cli.app import COMMANDS

    hooks = {hook["id"]: hook["entry"].split() for hook in yaml(".pre-commit-hooks.yaml")}
    assert {program for program, _ in hooks.values()} == set(PYPROJECT["project"]["scripts"])
    offered = {command for _, command in hooks.values()}
    assert offered <= set(COMMANDS)
    script = yaml("action.yml")["runs"]["steps"][-1]["run"]
    assert set(re.findall(r"[a-z]+(?= \||\))", script.split("*)")[0].split(" in\n")[1])) == offered


@pytest.mark.parametrize(
    ("command", "arguments", "status", "shown"),
    [
        ("check", "docs/examples/orders_template --ignore PE3", 1, "::error file=docs/examples/orders_template/templ"),
        ("check", "docs/examples/shop_events/*.none", 2, "the file does not exist"),
        ("delete", ".", 2, "::error::command must be check, review or diff, not delete"),
    ],
)
def test_the_action_s_script_runs_its_command(command: str, arguments: str, status: int, shown: str) -> None:
    script = yaml("action.yml")["runs"]["steps"][-1]["run"]
    environment = {
        **os.environ,
        "COMMAND": command,
        "ARGUMENTS": arguments,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["bash", "-e", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, shown in done.stdout + done.stderr) == (status, True), done.stdout + done.stderr


def test_every_link_of_the_package_description_is_absolute() -> None:
    hook = PYPROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for each in hook["substitutions"]:
        text = re.sub(each["pattern"], each["replacement"], text)
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 20
    assert [link for link in links if not link.startswith("https://")] == []
    for link in links:
        path = re.sub(r"^https://[^/]+/perception-events/perception-events/(blob/)?main/", "", link)
        assert (ROOT / path.split("#")[0]).exists(), link


def test_the_classifiers_name_each_python_from_the_lowest_on() -> None:
    named = re.findall(r"Python :: 3\.(\d+)", "\n".join(PYPROJECT["project"]["classifiers"]))
    lowest = PYPROJECT["project"]["requires-python"].removeprefix(">=3.")
    assert [int(each) for each in named] == list(range(int(lowest), 15))
