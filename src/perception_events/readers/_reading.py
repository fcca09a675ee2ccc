"""One call of `read_topology` under way: what was given, what was found, what went wrong; shared by all readers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from perception_events.readers._cloudformation import Exports
from perception_events.readers._declared import Declared
from perception_events.readers._problems import Problem
from perception_events.topology import Account, Origin

__all__ = ["Format", "ReadFile", "Reading"]


class Format(StrEnum):
    """The formats that are read."""

    CLOUDFORMATION = "CloudFormation"
    SAM = "SAM"
    CDK = "CDK"
    TERRAFORM_PLAN = "Terraform plan"
    TERRAFORM_STATE = "Terraform state"
    TERRAFORM = "Terraform"
    SERVERLESS = "Serverless Framework"


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file or folder that was read, and as what."""

    path: str
    format: Format


@dataclass(slots=True)
class Reading:
    """`parameters`, `account`, `region`: as given to `read_topology`. `stack_name`: of the template read now.

    `sources`: one for each template; called when all templates are loaded, so that they can refer to each other.
    """

    parameters: Mapping[str, Any]
    account: str | None
    region: str | None
    stack_name: str = "stack"
    problems: list[Problem] = field(default_factory=list)
    files: list[ReadFile] = field(default_factory=list)
    exports: Exports = field(default_factory=Exports)
    sources: list[tuple[str, Callable[[], Iterable[Declared]]]] = field(default_factory=list)

    def account_in(self, region: str | None = None) -> Account:
        """The account and region, as given, else as the files say (`region`), else made up."""
        standard = Account()
        return Account(self.account or standard.number, self.region or region or standard.region)

    def problem(self, reason: str, fix: str, origin: Origin) -> None:
        """Report a problem and read on."""
        self.problems.append(Problem(reason, fix, origin))

    def add_file(self, path: Path | str, format: Format) -> None:
        """Note that a file or folder is read as `format`."""
        self.files.append(ReadFile(str(path), format))
