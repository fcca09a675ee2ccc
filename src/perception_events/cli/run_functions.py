"""Before `perception-events run`: what runs here for each function of a declaration, in words and as a target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from perception_events.cli.errors import CommandError
from perception_events.cli.load import load_function
from perception_events.cli.options import LOCATION
from perception_events.pipeline import Pipeline

__all__ = ["LocalFunction", "local_functions"]


@dataclass(frozen=True, slots=True)
class LocalFunction:
    """What stands in for a function. `call`: None where its events are only shown. `description`: what it is."""

    call: Callable[[Any], Any] | None
    description: str


def local_functions(
    declared: Pipeline, texts: Iterable[str], join_handler: Callable[[], Callable[..., Any]]
) -> dict[str, LocalFunction]:
    """What runs for each function that is a target of a rule, by its name in the declaration.

    `texts`: `NAME=LOCATION`, which go before everything; then come the declared `handlers`, then the joins that the
    function records members of, by what `join_handler` makes.

    Raises:
        CommandError: a text names no function of the declaration, or no handler.
        ObjectNotFoundError: there is no such handler.
        UserCodeError: its module raised when it was imported.
    """
    names = list(dict.fromkeys(name for rule in declared.rule_settings() for name in rule.functions))
    given: dict[str, str] = {}
    for text in texts:
        name, equals, location = text.partition("=")
        if not equals or name not in names:
            known = ", ".join(names) or "none"
            raise CommandError(f"--function {text!r} names no function", f"write NAME={LOCATION} with one of: {known}")
        given[name] = location
    return {name: _local_function(declared, name, given, join_handler) for name in names}


def _local_function(
    declared: Pipeline, name: str, given: Mapping[str, str], join_handler: Callable[[], Callable[..., Any]]
) -> LocalFunction:
    handler = declared.functions.handlers.get(name)
    if name in given:
        return LocalFunction(load_function(given[name], "--function"), given[name])
    if handler is not None:
        location = ":".join(handler.rsplit(".", 1))
        return LocalFunction(load_function(location, f"the handler of {name}"), f"{location}, its declared handler")
    joins = declared.joins_of(name)
    if joins:
        handle = join_handler()
        return LocalFunction(lambda event: handle(event, None), f"the joins {', '.join(join.name for join in joins)}")
    return LocalFunction(None, "nothing; its events are only shown")
