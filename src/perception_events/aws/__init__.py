"""Adapters to AWS through boto3: event table, join store, publisher, stream poller, checkpoints."""

from __future__ import annotations
