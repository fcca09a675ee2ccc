"""The event loop of async functions: one a thread, kept between invocations."""

from __future__ import annotations

import sys
from collections.abc import Awaitable
from threading import local
from typing import TYPE_CHECKING, Any

from perception_events.lambdas.errors import RunningLoopError

if TYPE_CHECKING:
    from asyncio import Runner

__all__ = ["run"]


class _EventLoops(local):
    runner: Runner | None = None


_event_loops = _EventLoops()


def run(awaitable: Awaitable[Any]) -> Any:
    """Wait for `awaitable` on the thread's event loop.

    The loop is kept, since clients that a module holds belong to the loop that they were used on.

    Raises:
        RunningLoopError: a loop runs in this thread already.
    """
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        close = getattr(awaitable, "close", None)
        if close is not None:
            close()  # or Python warns that it was never awaited
        raise RunningLoopError(
            "the handler was called where an event loop runs already, which cannot wait for an async function; call it "
            "from another thread (await asyncio.to_thread(handler, event, context)) or from code that is not async"
        )
    return _runner().run(_awaited(awaitable))


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _runner() -> Runner:
    if _event_loops.runner is None:
        import asyncio  # here, because it costs a cold start twenty milliseconds
        import atexit

        _event_loops.runner = asyncio.Runner()
        atexit.register(_event_loops.runner.close)
    return _event_loops.runner
