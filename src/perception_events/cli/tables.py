"""`perception-events tables create`: the declared tables on DynamoDB Local or moto, for `run` and for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perception_events.cli.console import COMMAND, note, print_line
from perception_events.cli.errors import CommandError
from perception_events.cli.guard import EXIT_USAGE
from perception_events.cli.load import BUILT_IN_PIPELINE
from perception_events.cli.local_aws import use_endpoint
from perception_events.cli.options import EnvOption
from perception_events.cli.topologies import (
    AccountOption,
    ParameterOption,
    PipelineOption,
    RegionOption,
    load_topology,
)

__all__ = ["register"]

tables_app = typer.Typer(no_args_is_help=True, help="Tables on DynamoDB Local or moto: create.")


def register(app: typer.Typer) -> None:
    """Add the commands `tables ...` to `app`."""
    app.add_typer(tables_app, name="tables")


@tables_app.callback()
def _commands(context: typer.Context) -> None:
    COMMAND.set(f"perception-events tables {context.invoked_subcommand}")


@tables_app.command("create")
def create(
    endpoint_url: Annotated[
        str,
        typer.Option(
            "--endpoint-url", metavar="URL", help="Where DynamoDB Local or moto is; AWS itself is not touched."
        ),
    ],
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="Templates, or folders that hold them.")
    ] = None,
    pipeline: PipelineOption = None,
    env: EnvOption = "dev",
    parameter: ParameterOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
) -> None:
    """Make the tables of templates, or of a Pipeline (the built-in one without paths), with streams and Time to Live.

    A table that exists stays as it is. Needs credentials of any kind: DynamoDB Local and moto take all.
    """
    place = pipeline if paths or pipeline else BUILT_IN_PIPELINE
    loaded = load_topology(paths or (), pipeline=place, env=env, parameters=parameter, account=account, region=region)
    for problem in loaded.problems:
        note(problem)
    use_endpoint(endpoint_url, region)
    from perception_events.aws.join_store import dynamodb_client
    from perception_events.aws.tables import create_tables

    client = dynamodb_client(endpoint_url=endpoint_url, region=region)
    created = create_tables(client, loaded.topology)
    for table in created:
        print_line(f"{table.name}: {'created' if table.is_new else 'exists, left as it is'}")
    if not created:
        raise CommandError("no table is declared", "declare one, or read the template that does")
    if loaded.problems:
        raise typer.Exit(EXIT_USAGE)
