"""The fallback as a Step Functions workflow, generated from the declared joins: the sweep without a function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from perception_events.aggregation._errors import InvalidJoinError
from perception_events.aggregation._join import FallbackPolicy, Join
from perception_events.aggregation._keys import (
    OPEN_JOINS_PARTITION,
    ItemNames,
    alert_event_type,
    trigger_event_type,
)
from perception_events.aggregation._state import TriggerReason

__all__ = ["fallback_schedule", "fallback_state_machine", "workflow_actions"]

CONTAINS_UP_TO = 50
"""Members up to which a set is tested one by one; a condition expression holds 4 KB and 300 operators."""

_LONGEST_NAME = 80
"""Characters of a state's name. AWS: Step Functions Developer Guide, "States"."""

_CANCELLED = "DynamoDb.TransactionCanceledException"
_RETRY = [
    {
        "ErrorEquals": [
            "DynamoDb.InternalServerErrorException",
            "DynamoDb.ProvisionedThroughputExceededException",
            "DynamoDb.RequestLimitExceededException",
            "DynamoDb.SdkClientException",
        ],
        "IntervalSeconds": 2,
        "MaxAttempts": 4,
        "BackoffRate": 2,
    }
]
_NOW = "$$.State.EnteredTime"
_ENTRY = ("join", "join_site", "join_sort_key", "date", "suffix")
"""What an entry of the list of open groups has, as texts."""
_STATE = {"join": "S", "revision": "N", "run": "N", "opened_at": "S", "triggered_at": "S"}
"""What is read of a group's state, with the types; the last is there once it has triggered."""

_WRITES = {"ConditionCheck": "ConditionCheckItem", "Delete": "DeleteItem", "Put": "PutItem", "Update": "UpdateItem"}

State = dict[str, Any]


def _absent(path: str) -> State:
    return {"Variable": path, "IsPresent": False}


def _ends(outcome: str, comment: str) -> State:
    return {"Type": "Pass", "Result": outcome, "Comment": comment, "End": True}


def _says(form: str, *paths: str) -> State:
    """An end whose outcome is a text."""
    return {"Type": "Pass", "Parameters": {"text.$": f"States.Format('{form}', {', '.join(paths)})"}, "End": True}


def fallback_state_machine(
    joins: Iterable[Join], table: str, *, names: ItemNames | None = None, page_size: int = 100
) -> State:
    """The workflow that sweeps `table`, in Amazon States Language (JSONPath).

    It reads the list of open joins, page by page, and for each group tries the writes that `Aggregator.sweep` would:
    the trigger if the group is complete, else the policy's trigger or alert if it is overdue. Every write is the same
    conditional transaction on the group's revision, so it may run beside the live path and beside other sweeps. What is
    wrong with one group (a manifest that lists no names, a rejected write, a damaged item) does not keep the others
    from it; the execution then fails at its end, with a cause that names them.

    Differs from `Aggregator.sweep`: a callable in `expects` cannot be asked here, so its groups are only looked at once
    they are overdue; a manifest (and a fixed set of more than 50) must be met exactly, members that nobody expects
    leave the group to the live path; triggers do not list who is missing, alerts list no members; the members' own
    attributes are not read, so that damage there is not seen.

    AWS: Step Functions has no optimised `dynamodb:query`; `aws-sdk:dynamodb:query` and `:transactWriteItems` are used.
    A task's result holds 256 KiB, and an entry of the list about 0.5 KB.

    Raises:
        InvalidJoinError: a join's name is too long for the names of states.
    """
    return _Workflow(table, names or ItemNames()).definition(tuple(joins), page_size)


def fallback_schedule(
    name: str, state_machine_arn: str, role_arn: str, *, every: timedelta = timedelta(minutes=5)
) -> State:
    """The properties of an EventBridge Scheduler schedule that starts the workflow.

    AWS: `AWS::Scheduler::Schedule`; the role needs `states:StartExecution` and trusts `scheduler.amazonaws.com`.

    Raises:
        ValueError: `every` is no whole number of minutes, of at least one.
    """
    minutes, rest = divmod(every, timedelta(minutes=1))
    if rest or minutes < 1:
        raise ValueError(f"a schedule's rate is a whole number of minutes, at least 1; {every} is not")
    return {
        "Name": name,
        "ScheduleExpression": f"rate({minutes} minute{'s' if minutes > 1 else ''})",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": state_machine_arn,
            "RoleArn": role_arn,
            "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 300},
        },
    }


def workflow_actions(state: Any) -> Iterator[str]:
    """The IAM actions that the tasks of a workflow need, more than once where several tasks need them.

    AWS: a task's resource ends in the service and the API call; a transaction needs the rights of its parts.
    """
    if isinstance(state, list):
        for one in state:
            yield from workflow_actions(one)
    elif isinstance(state, dict):
        if state.get("Type") == "Task":
            service, call = state["Resource"].split(":")[-2:]
            if call == "transactWriteItems":
                yield from (
                    f"{service}:{_WRITES[verb]}" for item in state["Parameters"]["TransactItems"] for verb in item
                )
            else:
                yield f"{service}:{call[0].upper()}{call[1:]}"
        for one in state.values():
            yield from workflow_actions(one)


class _Workflow:
    """Builds the states of one table's workflow."""

    def __init__(self, table: str, names: ItemNames) -> None:
        self._table = table
        self._names = names

    def definition(self, joins: tuple[Join, ...], page_size: int) -> State:
        states: State = {
            "WhichJoin": {
                "Type": "Choice",
                "Choices": [
                    {"Or": [_absent(f"$.{name}.S") for name in _ENTRY], "Next": "NotAnEntry"},
                    *({"Variable": "$.join.S", "StringEquals": j.name, "Next": f"{j.name}: whole"} for j in joins),
                ],
                "Default": "NotDeclared",
            },
            "NotDeclared": _ends("", "a join that is declared no more: its TTL clears it away"),
            "Settled": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.problem", "IsPresent": True, "Next": "Report"}],
                "Default": "LeftAlone",
            },
            "LeftAlone": _ends("", "acted, or not complete and nothing to do yet, or somebody else acted"),
            "Report": _says("problem: {} {}: {}", "$.join_site.S", "$.join_sort_key.S", "$.problem"),
            "Failed": _says("problem: {} {}: {}", "$.join_site.S", "$.join_sort_key.S", "$.error.Error"),
            "Unreadable": _says(
                "problem: {} {}: the item is not the state of a group", "$.join_site.S", "$.join_sort_key.S"
            ),
            "NotAnEntry": _says(
                "problem: the entry {} of the list of open groups names no group",
                f"$['{self._names.sort_key}'].S",
            ),
        }
        for join in joins:
            states |= self._join(join)
        for state in states:
            if len(state) > _LONGEST_NAME:
                raise InvalidJoinError(
                    f"the workflow's state {state!r} has {len(state)} characters, and Step Functions takes "
                    f"{_LONGEST_NAME}; give the join a shorter name="
                )
        # A key within, since an empty map may stand for "no more".
        more = f"$.found.LastEvaluatedKey['{self._names.partition_key}']"
        page = {
            "TableName": self._table,
            "KeyConditionExpression": "#partition = :joins",
            "ExpressionAttributeNames": {"#partition": self._names.partition_key},
            "ExpressionAttributeValues": {":joins": {"S": OPEN_JOINS_PARTITION}},
            "ConsistentRead": True,
            "Limit": page_size,
        }
        return {
            "Comment": "Triggers joins that are complete and untriggered, and acts by policy on overdue ones",
            "StartAt": "Begin",
            "States": {
                "Begin": {"Type": "Pass", "Result": {"problems": ""}, "Next": "FindOpenJoins"},
                "FindOpenJoins": self._query(page),
                "FindMore": self._query({**page, "ExclusiveStartKey.$": "$.found.LastEvaluatedKey"}),
                "EachOpenJoin": {
                    "Type": "Map",
                    "ItemsPath": "$.found.Items",
                    "MaxConcurrency": 4,
                    "ItemProcessor": {
                        "ProcessorConfig": {"Mode": "INLINE"},
                        "StartAt": "WhichJoin" if joins else "NotDeclared",
                        "States": states if joins else {"NotDeclared": states["NotDeclared"]},
                    },
                    "ResultPath": "$.outcomes",
                    "Next": "Outcomes",
                },
                "Outcomes": {
                    "Type": "Pass",
                    "Parameters": {
                        "found.$": "$.found",
                        "problems.$": "$.problems",
                        "outcomes.$": "States.JsonToString($.outcomes)",
                    },
                    "Next": "AnyProblem",
                },
                # The first page with problems is kept: all of them might be more than an execution's input holds.
                "AnyProblem": {
                    "Type": "Choice",
                    "Choices": [
                        {
                            "And": [
                                {"Variable": "$.outcomes", "StringMatches": "*problem: *"},
                                {"Variable": "$.problems", "StringEquals": ""},
                            ],
                            "Next": "KeepProblems",
                        }
                    ],
                    "Default": "AnyMore",
                },
                "KeepProblems": {
                    "Type": "Pass",
                    "Parameters": {"found.$": "$.found", "problems.$": "$.outcomes"},
                    "Next": "AnyMore",
                },
                "AnyMore": {
                    "Type": "Choice",
                    "Choices": [
                        {"Variable": more, "IsPresent": True, "Next": "FindMore"},
                        {"Variable": "$.problems", "StringEquals": "", "Next": "Done"},
                    ],
                    "Default": "SomeFailed",
                },
                "Done": {"Type": "Succeed"},
                "SomeFailed": {"Type": "Fail", "Error": "JoinFailures", "CausePath": "$.problems"},
            },
        }

    def _query(self, request: State) -> State:
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:dynamodb:query",
            "Parameters": request,
            "Retry": _RETRY,
            "ResultPath": "$.found",
            "Next": "EachOpenJoin",
        }

    def _join(self, join: Join) -> State:
        """Read the group, try the trigger of a complete one, then the policy of an overdue one."""
        now, is_it_due = f"{join.name}: now", f"{join.name}: is it due"
        overdue = self._overdue(join)
        after_complete = now if overdue else "Settled"
        complete = self._complete(join, after_complete)
        first = next(iter(complete), after_complete)
        # A path that finds nothing would end the whole execution, uncaught: all that later states read is tested here.
        parts = [_absent(f"$.part{n}.S") for n in range(len(join.group_parts(self._names.key_format)))]
        whole: State = {"Type": "Pass", "Next": f"{join.name}: read"}
        if parts:
            lacking: State = {"Or": parts} if len(parts) > 1 else parts[0]
            choices = [{**lacking, "Next": "NotAnEntry"}]
            whole = {"Type": "Choice", "Choices": choices, "Default": f"{join.name}: read"}
        read = (self._names.ttl_attribute, *_STATE, "due_at", "completed")
        states: State = {
            f"{join.name}: whole": whole,
            f"{join.name}: read": self._get(
                {"S.$": "$.join_site.S"}, {"S.$": "$.join_sort_key.S"}, "$.state", attributes=read
            )
            | {"Next": f"{join.name}: is it there"},
            f"{join.name}: is it there": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.state.Item", "IsPresent": False, "Next": "LeftAlone"},
                    {"Or": self._damages(), "Next": "Unreadable"},
                    {"Variable": "$.state.Item.triggered_at", "IsPresent": True, "Next": "LeftAlone"},
                    {"Variable": "$.state.Item.completed", "IsPresent": True, "Next": first},
                ],
                "Default": after_complete,
            },
            **complete,
        }
        if not overdue:
            return states
        # Interpreters differ in whether a comparison may name the context object and in the times they take: the time
        # becomes part of the input, and ISO texts of one zone order as times do.
        states[now] = {"Type": "Pass", "Parameters": {"at.$": _NOW}, "ResultPath": "$.now", "Next": is_it_due}
        states[is_it_due] = {
            "Type": "Choice",
            "Choices": [
                {
                    "And": [
                        {"Variable": "$.state.Item.due_at.S", "IsPresent": True},
                        {"Variable": "$.state.Item.due_at.S", "StringLessThanEqualsPath": "$.now.at"},
                    ],
                    "Next": next(iter(overdue)),
                }
            ],
            "Default": "Settled",
        }
        return states | overdue

    def _complete(self, join: Join, otherwise: str) -> State:
        name = f"{join.name}: trigger if complete"
        expects = join.expects
        condition: str
        values: State
        if isinstance(expects, int):
            condition, values = "size(completed) >= :expected", {":expected": {"N": str(expects)}}
            return {name: self._trigger(join, TriggerReason.COMPLETE, condition, values, otherwise)}
        if isinstance(expects, frozenset):
            members = sorted(expects)
            condition = " AND ".join(f"contains(completed, :expected{n})" for n in range(len(members)))
            values = {f":expected{n}": {"S": member} for n, member in enumerate(members)}
            if len(members) > CONTAINS_UP_TO:
                condition, values = "completed = :expected", {":expected": {"SS": members}}
            return {name: self._trigger(join, TriggerReason.COMPLETE, condition, values, otherwise)}
        if join.manifest is None:
            return {}
        return self._complete_by_manifest(join, otherwise)

    def _complete_by_manifest(self, join: Join, otherwise: str) -> State:
        manifest = join.manifest
        assert manifest is not None
        parts = join.group_parts(self._names.key_format)
        places = [f"$.part{parts.index(part)}.S" for part in manifest.group_by if part in parts]
        sort_key = self._format(manifest.event_type + "#{}" * len(places), *places)
        listed = f"$.manifest.Item['{manifest.attribute}']"
        reason, exactly = TriggerReason.COMPLETE, "completed = :expected"
        by_set, by_list, by_number = (f"{join.name}: trigger if as in {kind}" for kind in ("set", "list", "number"))
        count, whole_list, bad = (f"{join.name}: {what}" for what in ("count list", "whole list", "bad manifest"))
        not_whole = ("*.*", "-*", "0", "*E-*")
        return {
            f"{join.name}: manifest": self._get(
                {"S.$": "$.join_site.S"}, {"S.$": sort_key}, "$.manifest", attributes=(manifest.attribute,)
            )
            | {"Next": f"{join.name}: which manifest"},
            f"{join.name}: which manifest": {
                "Type": "Choice",
                "Choices": [
                    {**_absent(listed), "Next": otherwise},
                    {"Variable": f"{listed}.SS", "IsPresent": True, "Next": by_set},
                    {"Variable": f"{listed}.L[0].S", "IsPresent": True, "Next": count},
                    {**_absent(f"{listed}.N"), "Next": bad},
                    {"Or": [{"Variable": f"{listed}.N", "StringMatches": form} for form in not_whole], "Next": bad},
                ],
                "Default": by_number,
            },
            # The texts of a mixed list are fewer than its members: they must not trigger for all of them.
            count: {
                "Type": "Pass",
                "Parameters": {
                    "names.$": f"States.ArrayUnique({listed}.L[*].S)",
                    "texts.$": f"States.ArrayLength({listed}.L[*].S)",
                    "members.$": f"States.ArrayLength({listed}.L)",
                    "nameless.$": f"States.ArrayContains({listed}.L[*].S, '')",
                },
                "ResultPath": "$.listed",
                "Next": whole_list,
            },
            whole_list: {
                "Type": "Choice",
                "Choices": [
                    {
                        "And": [
                            {"Variable": "$.listed.texts", "NumericEqualsPath": "$.listed.members"},
                            {"Variable": "$.listed.nameless", "BooleanEquals": False},
                        ],
                        "Next": by_list,
                    }
                ],
                "Default": bad,
            },
            bad: {
                "Type": "Pass",
                "Result": "the manifest is neither a set or list of names nor a whole number of at least 1",
                "ResultPath": "$.problem",
                "Next": otherwise,
            },
            by_set: self._trigger(join, reason, exactly, {":expected": {"SS.$": f"{listed}.SS"}}, otherwise),
            by_list: self._trigger(join, reason, exactly, {":expected": {"SS.$": "$.listed.names"}}, otherwise),
            by_number: self._trigger(
                join, reason, "size(completed) >= :expected", {":expected": {"N.$": f"{listed}.N"}}, otherwise
            ),
        }

    def _overdue(self, join: Join) -> State:
        """What the policy wants done; empty when it wants to wait."""
        alert, trigger = f"{join.name}: alert", f"{join.name}: trigger what is there"
        if join.policy is FallbackPolicy.ALERT:
            return {alert: self._alert(join)}
        if join.policy is FallbackPolicy.TRIGGER:
            states = self._trigger(join, TriggerReason.DEADLINE, "attribute_exists(completed)", {}, "LeftAlone")
            return self._if_anybody(join, {trigger: states}, "LeftAlone")
        if join.policy is FallbackPolicy.QUORUM:
            values = {":quorum": {"N": str(join.quorum)}}
            states = self._trigger(join, TriggerReason.QUORUM, "size(completed) >= :quorum", values, alert)
            return self._if_anybody(join, {trigger: states}, alert) | {alert: self._alert(join)}
        return {}

    def _if_anybody(self, join: Join, states: State, otherwise: str) -> State:
        """A workflow cannot read a set that is not there."""
        choice = {
            "Type": "Choice",
            "Choices": [{"Variable": "$.state.Item.completed", "IsPresent": True, "Next": next(iter(states))}],
            "Default": otherwise,
        }
        return {f"{join.name}: is anybody in": choice, **states}

    def _trigger(self, join: Join, reason: TriggerReason, condition: str, values: State, otherwise: str) -> State:
        update = {
            "UpdateExpression": "SET #status = :triggered, triggered_at = :now, reason = :reason REMOVE reserved "
            "ADD revision :one",
            "ConditionExpression": f"attribute_not_exists(triggered_at) AND revision = :revision AND {condition}",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {
                ":triggered": {"S": "TRIGGERED"},
                ":now": {"S.$": _NOW},
                ":reason": {"S": reason.value},
                ":one": {"N": "1"},
                ":revision": {"N.$": "$.state.Item.revision.N"},
                **values,
            },
        }
        told = {"reason": {"S": reason.value}, "triggered_at": {"S.$": _NOW}, "members.$": "$.state.Item.completed"}
        puts = []
        for module in join.trigger:
            event_type = trigger_event_type(module)
            trigger_id = self._format(event_type + "{}", "$.suffix.S", before=("$.join_site.S",))
            which = {"module": {"S": module}, "trigger_id": {"S.$": trigger_id}}
            puts.append(self._put(join, event_type, {**told, **which}))
        key = self._key({"S": OPEN_JOINS_PARTITION}, {"S.$": f"$['{self._names.sort_key}'].S"})
        entry = {"TableName": self._table, "Key": key}
        return self._transaction([{"Update": self._group(update)}, *puts, {"Delete": entry}], otherwise)

    def _alert(self, join: Join) -> State:
        update = {
            "UpdateExpression": "SET alerted_at = :now ADD revision :one",
            "ConditionExpression": "attribute_not_exists(alerted_at) AND attribute_not_exists(triggered_at) "
            "AND revision = :revision",
            "ExpressionAttributeValues": {
                ":now": {"S.$": _NOW},
                ":one": {"N": "1"},
                ":revision": {"N.$": "$.state.Item.revision.N"},
            },
        }
        alert = self._put(join, alert_event_type(join.name), {"alerted_at": {"S.$": _NOW}})
        return self._transaction([{"Update": self._group(update)}, alert], "LeftAlone")

    def _format(self, form: str, *places: str, before: tuple[str, ...] = ()) -> str:
        """A key of the group: `form` filled with `places`, after the prefix where the table's keys have one."""
        first = (*before, *(("$.date.S",) if self._names.key_format.prefix is not None else ()))
        # A form without any place is no call: Step Functions formats nothing into nothing.
        values = ", ".join((*first, *places))
        return f"States.Format('{'{}#' * len(first)}{form}', {values})" if values else form

    def _put(self, join: Join, event_type: str, told: State) -> State:
        sort_key = self._format(event_type + "{}", "$.suffix.S")
        item = {
            **self._key({"S.$": "$.join_site.S"}, {"S.$": sort_key}),
            f"{self._names.ttl_attribute}.$": f"$.state.Item['{self._names.ttl_attribute}']",
            self._names.status_attribute: {"S": self._names.done[0]},
            "event_type": {"S": event_type},
            "join": {"S": join.name},
            "run.$": "$.state.Item.run",
            "opened_at.$": "$.state.Item.opened_at",
            **told,
        }
        return {
            "Put": {
                "TableName": self._table,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(#partition)",
                "ExpressionAttributeNames": {"#partition": self._names.partition_key},
            }
        }

    def _transaction(self, items: list[State], otherwise: str) -> State:
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:dynamodb:transactWriteItems",
            "Parameters": {"TransactItems": items},
            "Retry": _RETRY,
            "Catch": [
                {"ErrorEquals": [_CANCELLED], "ResultPath": None, "Next": otherwise},
                {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Failed"},
            ],
            "ResultPath": None,
            "Next": "Settled",
        }

    def _damages(self) -> list[State]:
        """What makes an item none of a group's, as far as the workflow reads it."""
        names = (f"{name}.{kind}" for name, kind in _STATE.items() if name != "triggered_at")
        absent = [_absent(f"$.state.Item.{name}") for name in names]
        absent.append(_absent(f"$.state.Item['{self._names.ttl_attribute}'].N"))
        optional = (("completed", "SS"), ("due_at", "S"))
        wrong: list[State] = [
            {
                "And": [
                    {"Variable": f"$.state.Item.{name}", "IsPresent": True},
                    _absent(f"$.state.Item.{name}.{kind}"),
                ]
            }
            for name, kind in optional
        ]
        return [*absent, *wrong]

    def _get(self, site: State, sort_key: State, result_path: str, *, attributes: Sequence[str]) -> State:
        # Only what is needed: a state holds 256 KiB, a group's item 400.
        named = {f"#a{n}": name for n, name in enumerate(attributes)}
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:getItem",
            "Parameters": {
                "TableName": self._table,
                "Key": self._key(site, sort_key),
                "ConsistentRead": True,
                "ProjectionExpression": ", ".join(named),
                "ExpressionAttributeNames": named,
            },
            "Retry": _RETRY,
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Failed"}],
            "ResultPath": result_path,
        }

    def _group(self, update: State) -> State:
        key = self._key({"S.$": "$.join_site.S"}, {"S.$": "$.join_sort_key.S"})
        return {"TableName": self._table, "Key": key, **update}

    def _key(self, site: State, sort_key: State) -> State:
        return {self._names.partition_key: site, self._names.sort_key: sort_key}
