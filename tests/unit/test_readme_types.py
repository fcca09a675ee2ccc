"""The README's example passes the strict modes of mypy and pyright in a project that has no settings of ours."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert blocks
    (tmp_path / "example.py").write_text("\n".join(blocks), encoding="utf-8")
    return tmp_path


def test_mypy_strict_takes_the_example(project: Path) -> None:
    pytest.importorskip("mypy", reason="needs mypy, of the [dev] extra")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull, "example.py"]
    environment = {**os.environ, "MYPYPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("Success"), done.stdout + done.stderr


def test_pyright_strict_takes_the_example(project: Path) -> None:
    """Where the [dev] extra is not installed, a `pyright` on the PATH does as well."""
    if importlib.util.find_spec("pyright") is not None:
        pyright = [sys.executable, "-m", "pyright"]
    elif found := shutil.which("pyright"):
        pyright = [found]
    else:
        pytest.skip("needs pyright, of the [dev] extra or on the PATH")
    settings = {
        "typeCheckingMode": "strict",
        "extraPaths": [str(ROOT / "src")],
        "include": ["example.py"],
    }
    (project / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [*pyright, "--pythonpath", sys.executable]
    environment = {**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
