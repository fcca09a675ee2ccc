"""The real parts that more than one test file of this folder uses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.dynamodb_local import DynamoDBLocal, start_dynamodb_local


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[DynamoDBLocal]:
    """A DynamoDB Local of the session; tables have fresh names, so tests do not meet."""
    with start_dynamodb_local() as server:
        yield server
