"""`perception-events render`: the declaration as the template that is deployed."""

from __future__ import annotations

from typing import Annotated

import typer

from perception_events.checks import Severity
from perception_events.cli.console import note, write_output
from perception_events.cli.load import BUILT_IN_PIPELINE, load_pipeline
from perception_events.cli.options import DeclaredOption, EnvOption, OutputOption
from perception_events.cli.topologies import AccountOption, RegionOption
from perception_events.pipeline.checks import check_pipeline
from perception_events.rendering import TemplateFormat
from perception_events.rendering import render as render_template

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command `render` to `app`."""
    app.command("render")(render)


def render(
    pipeline: DeclaredOption = BUILT_IN_PIPELINE,
    env: EnvOption = "dev",
    format: Annotated[TemplateFormat, typer.Option(help="What to write.")] = TemplateFormat.CLOUDFORMATION,
    account: AccountOption = None,
    region: RegionOption = None,
    output: OutputOption = None,
) -> None:
    """Write one complete template: table, stream, pipe, bus, rules, functions, roles, queues and alarms.

    The account and the region only say which ARNs of existing resources are of the account that is deployed to. Errors
    that `perception-events check` would find are named on standard error; the template is written all the same.
    """
    declared = load_pipeline(pipeline)
    topology = declared.topology(env, account=account, region=region, declared_in=pipeline)
    text = render_template(topology, format)
    errors = [finding.identifier for finding in check_pipeline(declared, env) if finding.severity is Severity.ERROR]
    if errors:
        note(f"this will not work ({', '.join(dict.fromkeys(errors))}); fix: see `perception-events check`")
    write_output(text, output)
