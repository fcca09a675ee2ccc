"""What all commands have in common: option names, forms of output, and what a report on nothing says."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import typing
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

import pytest

pytest.importorskip("typer", reason="the command line needs the [cli] extra")

import typer
from typer.testing import CliRunner

from perception_events.cli.app import COMMANDS, app

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "docs/examples/orders_template"
TEMPLATE, ENTRIES = str(EXAMPLE / "template.yaml"), str(EXAMPLE / "entries.json")
BUILT_IN = "perception_events.pipeline:perception_pipeline"

ONE_DOCUMENT = {
    "check": [TEMPLATE],
    "review": [TEMPLATE],
    "diff": [TEMPLATE, TEMPLATE],
    "mutate": [TEMPLATE, "--events", ENTRIES],
    "coverage": [ENTRIES, "--template", TEMPLATE],
    "compare": [ENTRIES, "--old", TEMPLATE, "--new", TEMPLATE],
    "schema diff": [f"{EXAMPLE}/../shop_events", f"{EXAMPLE}/../shop_events"],
}
"""Commands whose result is one report, with a call."""
LINES = {"match": ["Paid", ENTRIES], "route": [], "replay": [], "run": [], "joins": [], "sweep": []}
"""Commands that print one result after the other."""
OWN_FORMS = {"graph", "render", "schema infer"}
"""Commands that write a file's format."""


def commands() -> Iterator[tuple[str, Callable[..., object]]]:
    """Every command by its name, and the function that it is."""
    for name, module in COMMANDS.items():
        own = typer.Typer()
        importlib.import_module(f"perception_events.cli.{module}").register(own)
        for one in own.registered_commands:
            if one.name == name and one.callback is not None:
                yield name, one.callback
        for group in own.registered_groups:
            for each in getattr(group.typer_instance, "registered_commands", ()):
                if each.callback is not None:
                    yield f"{group.name} {each.name}", each.callback


def options_of(command: Callable[..., object]) -> Iterator[tuple[str, list[str]]]:
    """Long names of options, and the values of those that are a choice."""
    for name, annotation in typing.get_type_hints(command, include_extras=True).items():
        for info in getattr(annotation, "__metadata__", ()):
            if type(info).__name__ == "OptionInfo":
                names = [one for one in info.param_decls or () if one.startswith("--")]
                kind = annotation.__origin__
                choice = [one.value for one in kind] if isinstance(kind, type) and issubclass(kind, StrEnum) else []
                yield (names or [f"--{name.replace('_', '-')}"])[0], choice


OPTIONS = {name: dict(options_of(command)) for name, command in commands()}


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [*arguments], prog_name="perception-events")
    return done.exit_code, done.stdout, done.stderr


def test_one_option_chooses_the_form_of_the_output_in_every_command() -> None:
    assert {name for name, found in OPTIONS.items() if "--format" in found} == {*ONE_DOCUMENT, *LINES, *OWN_FORMS}
    for name in (*ONE_DOCUMENT, *LINES):
        assert OPTIONS[name]["--format"][:1] == ["text"], name
        assert "json" in OPTIONS[name]["--format"], name
    assert not [name for name, found in OPTIONS.items() if "--json" in found]


def test_fail_on_says_what_ends_with_1_where_there_are_degrees_and_exit_code_where_there_are_none() -> None:
    chosen = {name: found["--fail-on"] for name, found in OPTIONS.items() if "--fail-on" in found}
    assert {*chosen} == {"check", "review", "schema diff", "route"}
    assert {name for name, found in OPTIONS.items() if "--exit-code" in found} == {"diff", "mutate", "compare"}
    assert not [name for name, values in chosen.items() if values[-1] != "never"]


def test_what_is_one_document_can_be_written_to_a_file() -> None:
    for name in (*ONE_DOCUMENT, *OWN_FORMS):
        assert "--output" in OPTIONS[name], name


@pytest.mark.parametrize("command", [*ONE_DOCUMENT])
def test_json_of_a_report_is_one_document_also_in_a_file(command: str, tmp_path: Path) -> None:
    pytest.importorskip("yaml", reason="templates need PyYAML")
    arguments = [*command.split(), *ONE_DOCUMENT[command], "--format", "json"]
    _, printed, _ = run(*arguments)
    status, nothing, _ = run(*arguments, "--output", str(tmp_path / "report.json"))
    assert nothing == ""
    assert (tmp_path / "report.json").read_text(encoding="utf-8") == printed
    assert json.loads(printed) is not None
    assert status in (0, 1)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("check", ["bad.yaml"]),
        ("check", ["bad.yaml", "nowhere.yaml"]),
        ("review", ["bad.yaml"]),
        ("mutate", ["bad.yaml", "--events", ENTRIES]),
        ("diff", ["bad.yaml", TEMPLATE]),
        ("compare", ["--old", TEMPLATE, "--new", "bad.yaml", ENTRIES]),
        ("coverage", ["--template", "bad.yaml", ENTRIES]),
        ("graph", ["bad.yaml"]),
        ("route", ["--template", "bad.yaml", ENTRIES]),
        ("replay", ["--template", "bad.yaml", ENTRIES]),
        ("match", ["--template", "bad.yaml", "Paid", ENTRIES]),
    ],
)
def test_where_nothing_could_be_read_there_is_no_report_that_reads_as_if_all_were_well(
    command: str, arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("yaml", reason="templates need PyYAML")
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_bytes(b"\xff\xfe")
    status, out, err = run(command, *arguments)
    assert (status, out) == (2, "")
    first, *more = err.splitlines()
    assert first == (
        f"perception-events {command}: bad.yaml: not UTF-8 text: invalid start byte at byte 0; fix: save it as UTF-8"
    )
    assert more == (
        [f"perception-events {command}: nowhere.yaml: the file does not exist; fix: correct the path"]
        if "nowhere.yaml" in arguments
        else []
    )


def test_what_could_not_be_read_is_said_before_the_report_on_the_rest(tmp_path: Path) -> None:
    pytest.importorskip("yaml", reason="templates need PyYAML")
    bad = tmp_path / "bad.yaml"
    bad.write_bytes(b"\xff\xfe")
    command = [sys.executable, "-m", "perception_events", "check", str(bad), TEMPLATE]
    both = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert both.returncode == 2
    assert both.stdout.splitlines()[0].endswith("fix: save it as UTF-8")
    assert "warning" in both.stdout.splitlines()[-1]


def test_no_character_that_a_terminal_obeys_is_in_a_report_and_json_stays_json(tmp_path: Path) -> None:
    pytest.importorskip("yaml", reason="templates need PyYAML")
    rule = "a\x9b31m\u2028b\u202e"
    entry = {"Type": "AWS::Events::Rule", "Properties": {"Name": rule, "EventPattern": {"source": [rule]}}}
    template = tmp_path / "rules.json"
    template.write_text(json.dumps({"Resources": {"R": entry}}), encoding="utf-8")
    events = tmp_path / "events.jsonl"
    event = {"source": rule, "detail-type": rule, "detail": {}}
    events.write_text(json.dumps(event) + "\n" + json.dumps(event | {"source": "other"}) + "\n", encoding="utf-8")
    for command in (
        ["coverage", str(events), "--template", str(template)],
        ["replay", str(events), "--template", str(template)],
        ["review", str(template)],
        ["mutate", str(template), "--events", str(events)],
    ):
        for form in ("text", "json"):
            _, out, _ = run(*command, "--format", form)
            assert out
            assert [c for c in out if not c.isprintable()] == ["\n"] * out.count("\n"), command
            if form == "json" and command[0] in ("coverage", "mutate"):
                assert "a\\u009b31m\\u2028b\\u202e" in out
                json.loads(out)
