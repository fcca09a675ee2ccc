"""The zip of `perception-events package`, unpacked as Lambda does, on the real runtime client and alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import pytest

from support.java import skip_or_fail
from support.lambda_runtime import start_lambda

pytestmark = pytest.mark.aws_parts

ROOT = Path(__file__).resolve().parents[2]
RECORDS = ROOT / "docs" / "examples" / "perception_pipeline" / "records.jsonl"
POSE: dict[str, Any] = json.loads(RECORDS.read_text(encoding="utf-8").splitlines()[1])

FUNCTION = """
from perception_events.classifiers import default_registry
from perception_events.lambdas import enrichment_handler

handler = enrichment_handler(default_registry)

def typed(event, context):
    from perception_events.models import StreamRecord
    return StreamRecord.parse(event).event_id
"""


def runtime_client(folder: Path) -> Path:
    """A folder that shows the installed runtime client, and what it depends on, by links."""
    folder.mkdir()
    for name in ("awslambdaric", "snapshot_restore_py", "simplejson"):
        distribution = Distribution.from_name(name)
        for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            (folder / top).symlink_to(str(distribution.locate_file(top)))
    return folder


@pytest.mark.parametrize("pydantic", [False, True])
def test_the_zip_holds_all_that_a_function_needs(pydantic: bool, tmp_path: Path) -> None:
    pytest.importorskip("awslambdaric", reason="needs the [dev] extra")
    (tmp_path / "my_function.py").write_text(FUNCTION)
    command = [sys.executable, "-m", "perception_events", "package", "function.zip", "--requirement", str(ROOT)]
    command += ["--add", "my_function.py", *([] if pydantic else ["--without-pydantic"])]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        skip_or_fail(f"the zip could not be built; has pip an index? {done.stderr[-800:]}")
    assert done.stdout.startswith("function.zip: ")
    with zipfile.ZipFile(tmp_path / "function.zip") as archive:
        archive.extractall(tmp_path / "task")
    environment = {
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "task"), str(runtime_client(tmp_path / "runtime"))]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with start_lambda("my_function.handler", tmp_path / "task", environment=environment, only=True) as (function, _):
        assert function.invoke([POSE]).payload == [{**POSE, "PerceptionPipelineEventType": "pose"}]
    with start_lambda("my_function.typed", tmp_path / "task", environment=environment, only=True) as (function, _):
        answer = function.invoke(POSE)
        if pydantic:
            assert (answer.payload, answer.error) == (POSE["eventID"], None)
        else:
            assert answer.error is not None
            assert answer.error["errorType"] == "ModuleNotFoundError"
