"""What the DynamoDB store does when DynamoDB is busy: waits and tries again, and gives up with a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from perception_events.aggregation import COMPLETED, Commit, JoinContentionError, JoinKey, JoinState, Member
from perception_events.aggregation._items import join_item, open_item
from perception_events.aws.errors import BackOff
from perception_events.aws.join_store import DynamoDBJoinStore, JoinStoreError
from perception_events.item_names import ItemNames

NAMES = ItemNames()
STATE = JoinState(JoinKey("pose", "a", "2025-07-15", ("s1",)), 1.0, None, 2, {"c": Member(COMPLETED, "011", 1.0)})
STATES = [STATE, JoinState(JoinKey("pose", "a", "2025-07-15", ("s2",)), 1.0, None, 2)]


class ClientError(Exception):
    """A botocore error, as far as the store reads it."""

    def __init__(self, code: str, *reasons: str | None) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}, "CancellationReasons": [{"Code": reason} for reason in reasons]}


class Client:
    """Answers from a script, one entry a call; an exception is raised."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.calls: list[str] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            self.calls.append(operation)
            answer = self.script.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def store(client: Client, attempts: int = 3) -> tuple[DynamoDBJoinStore, list[float]]:
    slept: list[float] = []
    back_off = BackOff(attempts=attempts, base=1.0, jitter=lambda: 1.0)
    return DynamoDBJoinStore(client, "table", back_off=back_off, sleep=slept.append), slept


MEMBER = Member(COMPLETED, "011", 1.0)
UPDATED = {"Attributes": join_item(STATE, NAMES)}


@pytest.mark.parametrize(
    "busy", [ClientError("TransactionConflictException"), ClientError("ProvisionedThroughputExceededException")]
)
def test_a_member_is_recorded_when_the_table_is_free(busy: ClientError) -> None:
    tried, slept = store(Client(busy, busy, UPDATED))
    assert tried.record(STATE, "c", MEMBER).changed
    assert slept == [1.0, 2.0]


def test_what_does_not_pass_is_raised() -> None:
    tried, slept = store(Client(*[ClientError("TransactionConflictException")] * 3))
    with pytest.raises(JoinStoreError, match="failed 3 times: TransactionConflictException") as contended:
        tried.record(STATE, "c", MEMBER)
    assert (contended.value.code, contended.value.retryable) == ("TransactionConflictException", True)
    assert slept == [1.0, 2.0]
    tried, slept = store(Client(ClientError("AccessDeniedException")))
    with pytest.raises(JoinStoreError, match="AccessDenied") as denied:
        tried.record(STATE, "c", MEMBER)
    assert (denied.value.code, denied.value.retryable) == ("AccessDeniedException", False)
    assert slept == []


def test_opening_races_are_tried_again_and_end() -> None:
    rejected = ClientError("ConditionalCheckFailedException")
    raced = ClientError("TransactionCanceledException", "ConditionalCheckFailed", "None")
    tried, _ = store(Client(rejected, raced, UPDATED))
    assert tried.record(STATE, "c", MEMBER).changed
    tried, _ = store(Client(*[rejected, raced] * 3))
    with pytest.raises(JoinContentionError, match="lost the race to open or update it 3 times"):
        tried.record(STATE, "c", MEMBER)


@pytest.mark.parametrize(
    ("error", "commit"),
    [
        (ClientError("TransactionCanceledException", "ConditionalCheckFailed", "None"), Commit.CONFLICT),
        (
            ClientError("TransactionCanceledException", "ConditionalCheckFailed", "ConditionalCheckFailed"),
            Commit.CONFLICT,
        ),
        (ClientError("TransactionCanceledException", "None", "ConditionalCheckFailed"), Commit.EXISTS),
    ],
)
def test_why_a_transition_was_rejected(error: ClientError, commit: Commit) -> None:
    assert store(Client(error))[0].commit(STATE, STATE) is commit


def test_a_transition_waits_for_others() -> None:
    conflict = ClientError("TransactionCanceledException", "TransactionConflict", "None")
    throttled = ClientError("TransactionCanceledException", "None", "ThrottlingError")
    tried, slept = store(Client(conflict, throttled, {}))
    assert tried.commit(STATE, STATE) is Commit.DONE
    assert slept == [1.0, 2.0]


def test_reads_that_were_left_undone_are_asked_for_again() -> None:
    items = [join_item(state, NAMES) for state in STATES]
    entries = {"Items": [open_item(state, NAMES) for state in STATES]}
    undone = {"table": {"Keys": [{"site": {"S": "a"}}]}}
    client = Client(
        entries,
        {"Responses": {"table": items[:1]}, "UnprocessedKeys": undone},
        {"Responses": {"table": items[1:]}, "UnprocessedKeys": {}},
    )
    tried, slept = store(client)
    assert [state.key for state in tried.open_states() if isinstance(state, JoinState)] == [
        state.key for state in STATES
    ]
    assert (client.calls, slept) == (["query", "batch_get_item", "batch_get_item"], [1.0])
    tried, _ = store(Client(entries, *[{"Responses": {}, "UnprocessedKeys": undone}] * 3))
    with pytest.raises(JoinContentionError, match="left 1 reads undone 3 times"):
        list(tried.open_states())
