"""A decorator that turns a function of one typed event into a Lambda handler."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from threading import local
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from perception_events.json_values import JSONValue
from perception_events.lambdas._arguments import Reader, argument_reader, takes_context
from perception_events.lambdas._invocations import Invocation, Message, Source, read_invocation
from perception_events.lambdas.errors import DeadLetterError
from perception_events.targets import Target

if TYPE_CHECKING:
    from asyncio import Runner

__all__ = ["Handle", "Handler", "event_handler", "handle_invocation"]

Handler: TypeAlias = Callable[[Any, Any], Any]
Handle: TypeAlias = Callable[[Message, Any], Any]

_log = logging.getLogger("perception_events.handlers")


@overload
def event_handler(function: Callable[..., Any], /) -> Handler: ...


@overload
def event_handler(*, dead_letters: Target | None = None) -> Callable[[Callable[..., Any]], Handler]: ...


def event_handler(function: Callable[..., Any] | None = None, *, dead_letters: Target | None = None) -> Any:
    """Turn `function(event)` or `function(event, context)`, also an async one, into a Lambda handler.

    The function is called once for each event or record; its first parameter's annotation says what it gets (see
    `argument_reader`). Async functions run on one event loop, which stays for the next invocation.

    The handler takes a rule's event, a pipe's batch and an event source mapping's, and answers the latter two with
    `batchItemFailures`, by `eventID` and by `SequenceNumber`. Records of one item are handled in order: after a failed
    one, the later ones of the same item fail with it, unhandled. An event source mapping rewinds to the first failure,
    so that what follows it is not handled at all.

    Every message is logged through `logging` (`perception_events.handlers`) with `event_id`, `aws_request_id` and
    `function_name` as extra fields.

    AWS: Lambda Developer Guide, "Reporting batch item failures"; EventBridge User Guide, "Batching and concurrency".

    Raises:
        ArgumentError: the function's parameter cannot be filled.
    """
    if function is None:
        return functools.partial(event_handler, dead_letters=dead_letters)
    handle = bound_function(function)

    @functools.wraps(function)
    def handler(event: Any, context: Any = None) -> Any:
        return handle_invocation(read_invocation(event), context, handle, dead_letters)

    # Lambda calls with two arguments, whatever the function behind takes.
    del handler.__wrapped__
    return handler


def bound_function(function: Callable[..., Any]) -> Handle:
    """`function` as something that takes a message and the context."""
    read: Reader = argument_reader(function)
    with_context = takes_context(function)
    is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004
    )

    def handle(message: Message, context: Any) -> Any:
        argument = read(message)
        answer = function(argument, context) if with_context else function(argument)
        return _event_loop().run(answer) if is_async else answer

    return handle


class _EventLoops(local):
    runner: Runner | None = None


_event_loops = _EventLoops()


def _event_loop() -> Runner:
    """The thread's event loop; kept, since clients that a module holds belong to the loop that they were used on."""
    if _event_loops.runner is None:
        import asyncio  # here, because it costs a cold start twenty milliseconds
        import atexit

        _event_loops.runner = asyncio.Runner()
        atexit.register(_event_loops.runner.close)
    return _event_loops.runner


def handle_invocation(invocation: Invocation, context: Any, handle: Handle, dead_letters: Target | None) -> Any:
    """Handle every message; what the function answers for a bus event, `batchItemFailures` for a batch."""
    if invocation.source is Source.EVENT_BUS:
        return _handle(invocation.messages[0], context, handle, dead_letters)
    failed: list[Message] = []
    blocked: set[str] = set()
    for message in invocation.messages:
        if message.keys in blocked:
            failed.append(message)
            continue
        try:
            _handle(message, context, handle, dead_letters)
        except Exception:
            if message.identifier is None:
                raise  # nothing names it, so the whole batch has to come again
            failed.append(message)
            blocked.add(message.keys)
            if invocation.source is Source.EVENT_SOURCE_MAPPING:
                break
    return {"batchItemFailures": [{"itemIdentifier": message.identifier} for message in failed]}


def _handle(message: Message, context: Any, handle: Handle, dead_letters: Target | None) -> Any:
    extra = {
        "event_id": message.event_id,
        "aws_request_id": getattr(context, "aws_request_id", None),
        "function_name": getattr(context, "function_name", None),
    }
    try:
        answer = handle(message, context)
    except DeadLetterError as error:
        if dead_letters is None:
            _log.exception("cannot be fixed, and there is no dead-letter target: it will be tried again", extra=extra)
            raise
        _log.error("dead-lettered: %s", error, extra=extra)
        letter: dict[str, JSONValue] = {"reason": str(error), "event": dict(message.event)}
        dead_letters.invoke(letter)
        return None
    except Exception:
        _log.exception("failed; it will be tried again", extra=extra)
        raise
    _log.info("handled", extra=extra)
    return answer
