"""Route DynamoDB stream records through EventBridge Pipes, buses and rules, in memory as AWS does it.

The names below are loaded when first used (PEP 562), so that `import perception_events` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__: list[str] = []

_HOMES: dict[str, str] = {}
"""Where each re-exported name lives."""


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
