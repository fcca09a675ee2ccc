"""Imported only by the process that workers are forked from: reads what each of them would read when it starts."""

from __future__ import annotations

from support.join_worker import client

__all__: list[str] = []

client("http://127.0.0.1:9")
