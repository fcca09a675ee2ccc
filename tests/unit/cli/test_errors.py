"""What a user's mistake looks like: one line that says what, where and the fix, and the exit status 2."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("typer", reason="the command line needs the [cli] extra")

from typer.testing import CliRunner, Result

from perception_events.cli.app import app

ROOT = Path(__file__).resolve().parents[3]
RECORDS = str(ROOT / "docs/examples/perception_pipeline/records.jsonl")
IMAGE = {"site": {"S": "s"}, "date#event_type": {"S": "2025-07-15#pose#sync001#cam1"}, "status": {"S": "COMPLETED"}}


def record(**image: object) -> str:
    return json.dumps({"eventID": "1", "eventName": "INSERT", "dynamodb": {"NewImage": IMAGE | image}})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(sys, "path", sys.path[:])
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]  # modules of one test have the names of another's


def run(*arguments: str, stdin: str = "") -> Result:
    """In this process: what needs no stream or signal of a real one."""
    return CliRunner().invoke(app, [*arguments], input=stdin, prog_name="perception-events")


def start(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "perception_events", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


def only_line(done: Result | subprocess.CompletedProcess[str]) -> str:
    """The one line on standard error."""
    status = done.exit_code if isinstance(done, Result) else done.returncode
    assert status == 2, done.stderr
    (line,) = done.stderr.splitlines()
    return line


MODULES = {
    "raises.py": "import json\n\nNAMES = {}['pipeline']\n",
    "broken.py": "def f(:\n    pass\n",
    "imports.py": "import a_package_that_is_not_installed\n",
    "leaves.py": "import sys\nsys.exit('bye')\n",
    "invalid.py": "from perception_events.pipeline import Module, Pipeline\n"
    "pipeline = Pipeline(modules=(Module('a'), Module('a')))\n",
}


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("raises.py", "raises.py:3: KeyError: 'pipeline'; fix: correct it; --traceback shows all"),
        ("broken.py", "broken.py:1: SyntaxError: invalid syntax; fix: correct it"),
        ("imports.py", "imports.py:1: ModuleNotFoundError: No module named 'a_package_that_is_not_installed'; fix: "),
        ("leaves.py", "leaves.py:2: SystemExit: bye; fix: correct it"),
        ("invalid.py", "invalid.py:2: InvalidPipelineError: module 'a' is declared twice"),
    ],
)
@pytest.mark.parametrize("form", ["file", "module"])
def test_a_module_of_the_users_that_raises_shows_its_own_last_line(
    here: Path, module: str, expected: str, form: str
) -> None:
    (here / module).write_text(MODULES[module], encoding="utf-8")
    place = f"./{module}" if form == "file" else module.removesuffix(".py")
    line = only_line(run("route", "--pipeline", f"{place}:pipeline", RECORDS))
    assert line.startswith(f"perception-events route: {expected}")


def test_traceback_shows_all_wherever_it_stands(here: Path) -> None:
    (here / "raises.py").write_text(MODULES["raises.py"], encoding="utf-8")
    for arguments in (["--traceback", "check"], ["check", "--traceback"]):
        done = run(*arguments, "--pipeline", "raises:pipeline")
        assert done.exit_code == 2
        assert "Traceback (most recent call last)" in done.stderr
        assert done.stderr.splitlines()[-1].startswith("perception-events check: raises.py:3: KeyError")


def test_a_function_of_the_users_that_raises_is_named_by_its_line(here: Path) -> None:
    (here / "enrich.py").write_text(
        "from perception_events.pipeline import Module, Pipeline\n"
        "class Pipe(Pipeline):\n    def topology(self, *args, **more):\n        return 1 / 0\n"
        "pipeline = Pipe(modules=(Module('pose'),))\n",
        encoding="utf-8",
    )
    line = only_line(run("render", "--pipeline", "enrich.py:pipeline"))
    assert line.startswith("perception-events render: enrich.py:4: ZeroDivisionError: division by zero; fix: ")


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("shop.py", "names no object in a module; fix: write package.module:NAME or path/to/file.py:NAME"),
        ("none.py:pipeline", "none.py: there is no such file; fix: check the path"),
        ("nowhere:pipeline", "it cannot be imported: No module named 'nowhere'; fix: run where it can be imported"),
        ("shop.py:pipelin", "shop.py has no 'pipelin'; fix: write shop.py:pipeline"),
        ("shop.py:number", "it is a int, not a Pipeline; fix: write"),
    ],
)
def test_a_location_in_code_that_names_nothing_says_what_to_write(here: Path, location: str, expected: str) -> None:
    (here / "shop.py").write_text(
        "from perception_events.pipeline import Module, Pipeline\n"
        "pipeline = Pipeline(modules=(Module('pose'),))\nnumber = 1\n",
        encoding="utf-8",
    )
    assert expected in only_line(run("check", "--pipeline", location))


def test_a_file_in_a_package_and_one_named_like_pythons_own_module_are_found(here: Path) -> None:
    (here / "app").mkdir()
    (here / "app" / "__init__.py").touch()
    (here / "app" / "names.py").write_text("NAME = 'pose'\n", encoding="utf-8")
    text = "from perception_events.pipeline import Module, Pipeline\n{}pipeline = Pipeline(modules=(Module(NAME),))\n"
    (here / "app" / "declared.py").write_text(text.format("from .names import NAME\n"), encoding="utf-8")
    (here / "app" / "tests").mkdir()
    (here / "app" / "tests" / "json.py").write_text(text.format("NAME = 'pose'\n"), encoding="utf-8")
    for location in ("app/declared.py:pipeline", "app/tests/json.py:pipeline"):
        done = run("route", "--pipeline", location, RECORDS)
        assert "25 records" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["graph", "-o", "no/such/folder/x.mmd"], "cannot be written: No such file or directory; fix: make its folder"),
        (["render", "-o", "."], ". cannot be written: Is a directory; fix: name another file with --output"),
        (["check", "--waivers", "none.txt"], "none.txt: No such file or directory; fix: check the path"),
        (["check", "none.yaml"], "none.yaml: the file does not exist"),
        (["match", "none.json", "{}"], "none.json: No such file or directory; fix: check the path"),
        (["match", '{"a": "x"}', "{}"], 'is not valid. Reason: "a" must be an object or an array at /a (line 1, col'),
        (["coverage", RECORDS], "no system is named; fix: give --template or --pipeline"),
        (["joins", "--pipeline", "perception_events.pipeline:perception_pipeline"], "declares no joins; fix: add a J"),
        (["route", RECORDS, "--no-such", "x"], "--no-such"),
        (["route", RECORDS, "--fail-on", "x"], "; fix: see `perception-events route --help`"),
        (["rout", RECORDS], "No such command 'rout'"),
        (["sweep"], "Missing option '--pipeline'; fix: see `perception-events sweep --help`"),
    ],
)
def test_a_call_that_cannot_be_done_is_one_line(here: Path, arguments: list[str], expected: str) -> None:
    line = only_line(run(*arguments))
    assert line.startswith("perception-events")
    assert expected in line
    assert "fix: " in line or "does not exist" in line


def test_a_file_that_is_not_utf_8_is_named(here: Path) -> None:
    (here / "waivers").write_bytes("PE004=größer\n".encode("latin-1"))
    (here / "records.json").write_bytes(b'{"a": "\xff"}\n')
    assert "waivers is not UTF-8 text" in only_line(run("check", "--waivers", "waivers"))
    assert "records.json is not UTF-8 text" in only_line(run("route", "records.json")).replace(":", "")


def test_standard_input_is_utf_8_whatever_the_locale_says(here: Path) -> None:
    done = start("route", stdin=record(site={"S": "Köln"}), PYTHONIOENCODING="", LC_ALL="C", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert "K\\u00f6ln 2025-07-15#pose" in done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-16", "utf-8"])
def test_output_in_any_encoding_loses_nothing_and_json_stays_json(here: Path, encoding: str) -> None:
    (here / "r.json").write_text(record(site={"S": "K\u00f6ln \u6771\u4eac \U0001f600 \ud800"}), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "perception_events", "route", "--format", "json", "r.json"],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout.decode(encoding))["partition_key"] == "K\u00f6ln \u6771\u4eac \U0001f600 \ud800"


def test_control_characters_in_keys_do_not_reach_the_terminal(here: Path) -> None:
    done = run("route", stdin=record(site={"S": "a\x1b[31m\r\nb\u202e\x9b"}))
    assert done.stdout.startswith("a\\u001b[31m\\r\\nb\\u202e\\u009b 2025-07-15#pose")
    assert done.exit_code == 0


def test_output_that_nobody_reads_ends_quietly(here: Path) -> None:
    (here / "r.json").write_text(f"{record()}\n" * 3000, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "perception_events", "route", "r.json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert (process.wait(), process.stderr.read()) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_one_line(here: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "perception_events", "graph"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert only_line(done).endswith("the output cannot be written: No space left on device; fix: free some space, or "
                                    "write to another disk")  # fmt: skip


def test_a_mistake_of_ours_is_traced_and_has_a_status_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from perception_events.cli import graph

    monkeypatch.setattr(graph, "load_pipeline", json.JSONDecoder().decode)
    done = run("graph")
    assert done.exit_code == 70
    errors = done.stderr.splitlines()
    assert errors[0] == "Traceback (most recent call last):"
    assert errors[-1].startswith("perception-events graph: this is a mistake of perception-events; fix: report it")


def test_the_version_and_the_completion_are_printed(here: Path) -> None:
    assert run("--version").stdout.startswith("perception-events ")
    complete = {"COMP_WORDS": "perception-events ro", "COMP_CWORD": "1"}
    names = start(_PERCEPTION_EVENTS_COMPLETE="complete_bash", **complete)
    assert names.stdout.split() == ["route"]


def test_no_arguments_print_the_help_and_end_with_2(here: Path) -> None:
    done = run()
    assert done.exit_code == 2
    assert "Usage: " in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["route", "match", "coverage"])
def test_a_terminal_that_waits_for_input_is_told_so(here: Path, command: str) -> None:
    more = {"match": ['{"a": ["x"]}'], "coverage": ["--pipeline", "perception_events.pipeline:perception_pipeline"]}
    main, terminal = pty.openpty()
    os.write(main, b"\x04")  # Ctrl-D
    done = subprocess.run(
        [sys.executable, "-m", "perception_events", command, *more.get(command, [])],
        stdin=terminal,
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(main)
    os.close(terminal)
    assert f"perception-events {command}: reading " in done.stderr
    assert "end with Ctrl-D, or name files" in done.stderr


@pytest.fixture
def failed_record(here: Path) -> str:
    image = IMAGE | {"date#event_type": {"S": "2025-07-15#pose"}, "status": {"S": "COMPLETED"}}
    image.pop("date#event_type")
    return json.dumps({"eventID": "1", "eventName": "INSERT", "dynamodb": {"NewImage": image}})


def test_route_fails_on_what_it_is_told_to(here: Path, failed_record: str) -> None:
    delivered, no_rule = record(), record(**{"date#event_type": {"S": "2025-07-15#reid"}})
    for text, level, status in [
        (delivered, "undelivered", 0),
        (no_rule, "failed", 0),
        (no_rule, "undelivered", 1),
        (failed_record, "failed", 1),
        (failed_record, "never", 0),
    ]:
        assert run("route", "--fail-on", level, stdin=text).exit_code == status, (level, text)
    assert run("route", stdin=failed_record).exit_code == 1, "failed is the default"


@pytest.mark.aws_parts
class TestWithoutAWS:
    """What boto3 misses is named with what sets it."""

    @pytest.fixture(autouse=True)
    def boto3(self, here: Path) -> None:
        pytest.importorskip("boto3", reason="boto3 is not installed: pip install '.[aws]'")

    @pytest.mark.parametrize("command", ["run", "joins", "sweep"])
    def test_a_missing_region_is_named_with_the_option_that_sets_it(self, command: str) -> None:
        line = only_line(run(command, "--pipeline", str(ROOT / "docs/examples/ten_modules/ten_modules.py:pipeline")))
        assert line == (
            f"perception-events {command}: You must specify a region.; fix: name one with --region, or set "
            "AWS_DEFAULT_REGION (boto3 does not read AWS_REGION)"
        )

    def test_missing_credentials_are_named_with_what_sets_them(self) -> None:
        line = only_line(run("run", "--region", "eu-west-1"))
        assert "Unable to locate credentials; fix: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and" in line

    def test_an_endpoint_that_does_not_answer_is_named(self) -> None:
        keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        done = start("run", "--region", "eu-west-1", "--endpoint-url", "http://127.0.0.1:9", **keys)
        assert "http://127.0.0.1:9" in only_line(done)
        assert "fix: start it, or correct --endpoint-url or --region" in only_line(done)

    @pytest.mark.parametrize("content", [b"{", b"[1, 2]", b"\xff\xfe"])
    def test_a_checkpoint_file_that_is_not_one_is_named_and_left_as_it_is(
        self, here: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
    ) -> None:
        moto = pytest.importorskip("moto", reason="moto is not installed: pip install '.[dev]'")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        checkpoint = here / "checkpoints.json"
        checkpoint.write_bytes(content)
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        with moto.mock_aws():
            import boto3

            boto3.client("dynamodb", region_name="eu-west-1").create_table(
                TableName="events",
                KeySchema=[{"AttributeName": "site", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "site", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
                StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            )
            done = run(
                "run", "--table", "events", "--checkpoint", str(checkpoint), "--idle-seconds", "0.1", "--route-only"
            )
        for number, handler in handlers.items():
            signal.signal(number, handler)
        assert done.exit_code == 2, done.stderr
        *_, error = done.stderr.splitlines()
        assert error.startswith("perception-events run: ")
        assert "checkpoints.json" in error, error
        assert "fix: " in error or "; " in error
        assert checkpoint.read_bytes() == content
