"""Lambda handlers: thin shims over the core.

Names are loaded when first used: a function that only classifies starts without pydantic and boto3.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from perception_events.lambdas._arguments import ArgumentError
    from perception_events.lambdas._invocations import UnknownInvocationError
    from perception_events.lambdas.context import LambdaContext
    from perception_events.lambdas.enrichment import enrichment_handler
    from perception_events.lambdas.errors import DeadLetterError, RunningLoopError, UnreadableMessageError
    from perception_events.lambdas.handlers import event_handler
    from perception_events.lambdas.router import EventRouter, UnmatchedEventError

__all__ = [
    "ArgumentError",
    "DeadLetterError",
    "EventRouter",
    "LambdaContext",
    "RunningLoopError",
    "UnknownInvocationError",
    "UnmatchedEventError",
    "UnreadableMessageError",
    "enrichment_handler",
    "event_handler",
]

_HOMES = {
    "ArgumentError": "_arguments",
    "DeadLetterError": "errors",
    "EventRouter": "router",
    "LambdaContext": "context",
    "RunningLoopError": "errors",
    "UnknownInvocationError": "_invocations",
    "UnmatchedEventError": "router",
    "UnreadableMessageError": "errors",
    "enrichment_handler": "enrichment",
    "event_handler": "handlers",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
