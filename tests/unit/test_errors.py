"""The errors form one tree of four branches, and `docs/reference/errors.md` lists all of them."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import perception_events
from perception_events.aggregation import JoinContentionError
from perception_events.buses import TargetError
from perception_events.errors import (
    AWSCallError,
    DeclarationError,
    DeliveryError,
    InputError,
    PerceptionEventsError,
    UnretriableError,
)
from perception_events.lambdas import DeadLetterError
from perception_events.pipes import EnrichmentResponseError, PipeInternalError, PipeTargetError

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"
BRANCHES = (DeclarationError, InputError, DeliveryError, AWSCallError)
TREE = (PerceptionEventsError, *BRANCHES, UnretriableError)
HEAD = "| error | module | it says |\n| --- | --- | --- |\n"
PROGRAMS = ("cli", "studio", "pytest_plugin", "__main__", "schemas.build_catalogue")
"""What is run and not imported by users; its errors are its own."""
NEEDS_AN_EXTRA = (*PROGRAMS, "testing.fixtures", "testing.strategies", "testing.schemas")
"""What is not imported here."""


def is_of(module: str, parts: tuple[str, ...]) -> bool:
    return module.removeprefix("perception_events.").startswith(parts)


def subclasses(cls: type[PerceptionEventsError]) -> Iterator[type[PerceptionEventsError]]:
    for one in cls.__subclasses__():
        yield one
        yield from subclasses(one)


def public_module(cls: type[PerceptionEventsError]) -> str | None:
    """The shortest name of a module from which a user imports `cls`; None where it is not offered."""
    parts = cls.__module__.split(".")
    for end in range(2, len(parts) + 1):
        module = sys.modules[".".join(parts[:end])]
        if cls.__name__ in getattr(module, "__all__", ()) and not parts[end - 1].startswith("_"):
            return module.__name__.removeprefix("perception_events.")
    return None


def public_errors() -> list[type[PerceptionEventsError]]:
    for module in pkgutil.walk_packages(perception_events.__path__, "perception_events."):
        if not is_of(module.name, NEEDS_AN_EXTRA):
            importlib.import_module(module.name)
    found = {one for one in subclasses(PerceptionEventsError) if one.__module__.startswith("perception_events.")}
    ours = [one for one in found - set(TREE) if not is_of(one.__module__, PROGRAMS) and public_module(one)]
    return sorted(ours, key=lambda one: (one.__name__, one.__module__))


def tables() -> str:
    titles = {
        DeclarationError: "Declarations",
        InputError: "Input",
        DeliveryError: "Deliveries",
        AWSCallError: "Calls to AWS",
        None: "Others",
    }
    errors, text = public_errors(), ""
    for branch, title in titles.items():
        rows = [
            f"| `{one.__name__}` | `{public_module(one)}` | {(one.__doc__ or '').splitlines()[0]} |\n"
            for one in errors
            if (issubclass(one, branch) if branch else not issubclass(one, BRANCHES))
        ]
        text += f"## {title}\n\n{HEAD}{''.join(rows)}\n"
    return text.rstrip() + "\n"


def test_the_page_lists_every_error_that_is_offered() -> None:
    """Run with PERCEPTION_EVENTS_UPDATE_GOLDEN=1 to write the tables again."""
    page = PAGE.read_text(encoding="utf-8")
    head, _, _ = page.partition("## Declarations\n")
    if os.environ.get("PERCEPTION_EVENTS_UPDATE_GOLDEN"):
        PAGE.write_text(head + tables(), encoding="utf-8")
    else:
        assert page == head + tables()


def test_no_error_is_of_two_branches() -> None:
    for one in public_errors():
        assert sum(issubclass(one, branch) for branch in BRANCHES) <= 1, one


def test_every_error_is_one_of_pythons_own_as_well() -> None:
    for one in public_errors():
        own = [base for base in one.__mro__ if base.__module__ == "builtins"]
        assert own[0] is not Exception, f"{one} is caught by no natural builtin"


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (TargetError("busy", code="THROTTLING"), True),
        (TargetError("gone", code="NO_RESOURCE"), False),
        (PipeInternalError("down"), True),
        (EnrichmentResponseError("a text"), True),
        (PipeTargetError("no such path"), False),
        (DeadLetterError("never"), False),
        (JoinContentionError("lost the race"), True),
    ],
)
def test_a_failed_delivery_says_whether_it_may_succeed_later(error: DeliveryError, retryable: bool) -> None:
    assert error.retryable is retryable


def test_a_call_to_aws_says_its_code_and_whether_it_may_succeed_later() -> None:
    error = AWSCallError("slow down", code="ThrottlingException", retryable=True)
    assert (error.code, error.retryable) == ("ThrottlingException", True)
