"""A decorator that turns a function of one typed event into a Lambda handler."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeAlias, overload

from perception_events.lambdas._arguments import Reader, argument_reader, function_name, takes_context
from perception_events.lambdas._batches import Handle, handle_invocation
from perception_events.lambdas._invocations import DEFAULT_KEY_NAMES, Message, read_invocation
from perception_events.lambdas.errors import NeverRunError
from perception_events.targets import Target

__all__ = ["Handle", "Handler", "event_handler", "handle_invocation"]

Handler: TypeAlias = Callable[[Any, Any], Any]


@overload
def event_handler(function: Callable[..., Any], /) -> Handler: ...


@overload
def event_handler(
    *, dead_letters: Target | None = None, key_names: tuple[str, ...] = ..., concurrency: int = 1
) -> Callable[[Callable[..., Any]], Handler]: ...


def event_handler(
    function: Callable[..., Any] | None = None,
    *,
    dead_letters: Target | None = None,
    key_names: tuple[str, ...] = DEFAULT_KEY_NAMES,
    concurrency: int = 1,
) -> Any:
    """Turn `function(event)` or `function(event, context)`, also an async one, into a Lambda handler.

    The function is called once for each event or record; its first parameter's annotation says what it gets (see
    `argument_reader`). What an async function returns is awaited, also behind a wrapper that is not async, on one event
    loop, which stays for the next invocation.

    - `dead_letters`: where messages go that can never be handled: unreadable ones, and `DeadLetterError`s.
    - `key_names`: the table's key attributes; they tell a record's item where the input template has dropped `Keys`.
    - `concurrency`: how many records of a batch an async function handles at once; those of one item in order.

    The handler takes a rule's event, a pipe's batch and an event source mapping's, of a stream or a queue, and answers
    batches with `batchItemFailures`, by `eventID`, `SequenceNumber` or `messageId`. Records of one item are handled in
    order: after a failed one, the later ones of the same item fail with it, unhandled; where nothing says of which
    item a record is (a warning is logged), all such records count as one item. An event source mapping of a stream
    rewinds to the first failure, so that what follows it is not handled at all, unless it was already under way.

    Every message is logged through `logging` (`perception_events.handlers`) with `event_id`, `aws_request_id` and
    `function_name` as extra fields.

    AWS: Lambda Developer Guide, "Reporting batch item failures"; EventBridge User Guide, "Batching and concurrency".

    Raises:
        ArgumentError: the function's parameter cannot be filled, or it is a generator function.
        ValueError: a concurrency below 1.

    Raises (the handler):
        UnknownInvocationError: the event has none of these forms.
        RunningLoopError: the function is async, and an event loop runs already in this thread.
    """
    if concurrency < 1:
        raise ValueError(f"concurrency is at least 1, not {concurrency}")
    if function is None:
        return functools.partial(event_handler, dead_letters=dead_letters, key_names=key_names, concurrency=concurrency)
    handle = bound_function(function)

    @functools.wraps(function)
    def handler(event: Any, context: Any = None) -> Any:
        invocation = read_invocation(event)
        return handle_invocation(
            invocation, context, handle, dead_letters, key_names=tuple(key_names), concurrency=concurrency
        )

    # Lambda calls with two arguments, whatever the function behind takes.
    del handler.__wrapped__
    return handler


def bound_function(function: Callable[..., Any]) -> Handle:
    """`function` as something that takes a message and the context; what it returns may have to be awaited."""
    read: Reader = argument_reader(function)
    with_context = takes_context(function)
    name = function_name(function)

    def handle(message: Message, context: Any) -> Any:
        argument = read(message)
        result = function(argument, context) if with_context else function(argument)
        if inspect.isgenerator(result) or inspect.isasyncgen(result):
            raise NeverRunError(f"{name} returned a generator, whose body has not run: return a value, or await it")
        return result

    return handle
