"""`perception-events init`: what it writes passes its own tests and `check`, and says how to go on."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytest.importorskip("typer", reason="the command line needs the [cli] extra")

from typer.testing import CliRunner

from perception_events.cli.app import app
from perception_events.cli.init import write_project


def command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *arguments], cwd=cwd, capture_output=True, text=True, check=False)


def test_the_project_passes_its_own_tests_and_check(tmp_path: Path) -> None:
    write_project(tmp_path / "shop", "shop")
    tests = command(
        "pytest", "-q", "-p", "no:cacheprovider", "-p", "perception_events.pytest_plugin", cwd=tmp_path / "shop"
    )
    assert "4 passed" in tests.stdout, tests.stdout + tests.stderr
    check = command("perception_events", "check", "--pipeline", "pipeline.py:pipeline", cwd=tmp_path / "shop")
    assert (check.returncode, check.stdout, check.stderr) == (0, "nothing found\n", "")
    route = command(
        "perception_events", "route", "--pipeline", "pipeline.py:pipeline", "records.jsonl", cwd=tmp_path / "shop"
    )
    assert "2 records: 1 delivered, 0 no rule, 1 filtered out, 0 failed" in route.stdout


def test_each_command_of_its_readme_exists_with_its_options(tmp_path: Path) -> None:
    write_project(tmp_path, "shop")
    lines = [
        line.split() for line in (tmp_path / "README.md").read_text().splitlines() if "    perception-events" in line
    ]
    assert len(lines) == 7
    for _, name, *arguments in lines:
        help_text = (
            CliRunner(env={"COLUMNS": "200"}).invoke(app, [name, *arguments[: name == "tables"], "--help"]).stdout
        )
        for option in (argument for argument in arguments if argument.startswith("--")):
            assert option in help_text, (name, option)


def test_the_projects_name_is_one_that_aws_takes(tmp_path: Path) -> None:
    write_project(tmp_path / "My Shop_2", "My Shop_2")
    text = (tmp_path / "My Shop_2" / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["project"]["name"] == "my-shop-2"
    done = CliRunner().invoke(app, ["init", str(tmp_path / "x"), "--name", "42"])
    assert (done.exit_code, "fix: begin with a letter: --name orders" in done.stderr) == (2, True)


def test_nothing_of_the_users_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "handlers.py").write_text("mine\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["init", str(tmp_path), "--name", "shop"])
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
    assert "handlers.py exists; fix: name an empty folder" in done.stderr
    assert os.listdir(tmp_path) == ["handlers.py"]
