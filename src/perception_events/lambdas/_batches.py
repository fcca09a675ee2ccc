"""Between an invocation and the function: every message once, items in order, failures named."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from perception_events.json_values import JSONValue
from perception_events.lambdas import _event_loops
from perception_events.lambdas._invocations import DEFAULT_KEY_NAMES, Invocation, Message, Source
from perception_events.lambdas.errors import DeadLetterError, UnreadableMessageError
from perception_events.targets import Target

__all__ = ["Handle", "handle_invocation"]

Handle: TypeAlias = Callable[[Message, Any], Any]

_log = logging.getLogger("perception_events.handlers")
_NO_KEY = ""
"""The item of all records that do not say which item they are of."""


def handle_invocation(
    invocation: Invocation,
    context: Any,
    handle: Handle,
    dead_letters: Target | None,
    *,
    key_names: tuple[str, ...] = DEFAULT_KEY_NAMES,
    concurrency: int = 1,
) -> Any:
    """Handle every message; what the function returns for a bus event, `batchItemFailures` for a batch."""
    batch = _Batch(invocation, context, handle, dead_letters, key_names)
    if invocation.source is Source.EVENT_BUS:
        return batch.one(invocation.messages[0])
    if concurrency > 1 and len(invocation.messages) > 1:
        _event_loops.run(batch.concurrently(concurrency))
    else:
        batch.in_turn()
    return batch.failures()


class _Batch:
    """The messages of one invocation, and which of them have failed."""

    def __init__(
        self,
        invocation: Invocation,
        context: Any,
        handle: Handle,
        dead_letters: Target | None,
        key_names: tuple[str, ...],
    ) -> None:
        self._source = invocation.source
        self._messages = invocation.messages
        self._context = context
        self._handle = handle
        self._dead_letters = dead_letters
        self._key_names = key_names
        self._failed: dict[int, Exception | None] = {}
        """Position of a failed message to its error; None where it was not handled, since one before it has failed."""

    def one(self, message: Message) -> Any:
        """Handle a message and log what became of it."""
        try:
            result = self._call(message)
            result = _event_loops.run(result) if inspect.isawaitable(result) else result
        except Exception as error:
            self._end_failed(message, error)
            return None
        _log.info("handled", extra=self._extra(message))
        return result

    def in_turn(self) -> None:
        """Handle the messages one after the other."""
        blocked: set[str] = set()
        for position, (message, item) in enumerate(self._with_items()):
            if item in blocked:
                self._failed[position] = None
                continue
            try:
                self.one(message)
            except Exception as error:
                self._failed[position] = error
                blocked.add(item)
                if self._source is Source.EVENT_SOURCE_MAPPING and message.identifier is not None:
                    return  # it rewinds to this one: what follows comes again

    async def concurrently(self, concurrency: int) -> None:
        """Handle messages of different items at once, those of one item in order."""
        import asyncio

        free = asyncio.Semaphore(concurrency)
        items: dict[str, list[tuple[int, Message]]] = {}
        for position, (message, item) in enumerate(self._with_items()):
            items.setdefault(item, []).append((position, message))

        async def handle_item(messages: Iterable[tuple[int, Message]]) -> None:
            has_failed = False
            for position, message in messages:
                if has_failed:
                    self._failed[position] = None
                    continue
                async with free:
                    error = await self._one_async(message)
                if error is not None:
                    self._failed[position] = error
                    has_failed = True

        await asyncio.gather(*(handle_item(messages) for messages in items.values()))

    async def _one_async(self, message: Message) -> Exception | None:
        try:
            result = self._call(message)
            if inspect.isawaitable(result):
                await result
        except Exception as error:
            try:
                self._end_failed(message, error)
            except Exception as final:
                return final
        else:
            _log.info("handled", extra=self._extra(message))
        return None

    def failures(self) -> dict[str, Any]:
        """What AWS is told. A failure that nothing names fails the whole batch, once all others have been handled."""
        for position, error in sorted(self._failed.items()):
            if error is not None and self._messages[position].identifier is None:
                raise error
        names = [self._messages[position].identifier for position in sorted(self._failed)]
        return {"batchItemFailures": [{"itemIdentifier": name} for name in names if name is not None]}

    def _with_items(self) -> Iterable[tuple[Message, str]]:
        """The messages with the item that each is of, whose messages keep their order."""
        keyless = 0
        for position, message in enumerate(self._messages):
            key = message.group if self._source is Source.QUEUE else message.item_key(self._key_names)
            if key is None and message.is_record and self._source is not Source.QUEUE:
                keyless += 1
                key = _NO_KEY
            yield message, f"message {position}" if key is None else key
        if keyless > 1:
            _log.warning(
                "%d records of the batch have neither Keys nor the attributes %s in an image: they count as one item, "
                "so that its order holds; keep Keys in the input template, or give key_names=",
                keyless,
                ", ".join(self._key_names),
            )

    def _call(self, message: Message) -> Any:
        if message.problem is not None:
            raise UnreadableMessageError(message.problem)
        return self._handle(message, self._context)

    def _end_failed(self, message: Message, error: Exception) -> None:
        """Dead-letter what can never succeed, where there is a place for it; raise everything else."""
        extra = self._extra(message)
        if not isinstance(error, DeadLetterError):
            _log.error("failed; it will be tried again", exc_info=error, extra=extra)
            raise error
        if self._dead_letters is None:
            _log.error(
                "not retryable, and no dead-letter target is configured: it will be tried again",
                exc_info=error,
                extra=extra,
            )
            raise error
        _log.error("dead-lettered: %s", error, extra=extra)
        letter: dict[str, JSONValue] = {"reason": str(error), "event": dict(message.event)}
        self._dead_letters.invoke(letter)

    def _extra(self, message: Message) -> dict[str, Any]:
        return {
            "event_id": message.event_id,
            "aws_request_id": getattr(self._context, "aws_request_id", None),
            "function_name": getattr(self._context, "function_name", None),
        }
