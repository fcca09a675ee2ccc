"""The fallback as a Step Functions workflow, generated from the declared joins: the sweep without a function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from perception_events.aggregation._errors import InvalidJoinError
from perception_events.aggregation._expectations import Manifest, MemberCount, NamedMembers
from perception_events.aggregation._join import FallbackPolicy, Join
from perception_events.aggregation._keys import OPEN_JOINS_PARTITION
from perception_events.aggregation._state import TriggerReason
from perception_events.aggregation._workflow_tasks import NOW, STATE_ATTRIBUTES, State, Tasks, absent
from perception_events.item_names import ItemNames

__all__ = ["fallback_schedule", "fallback_state_machine", "workflow_actions"]

CONTAINS_UP_TO = 50
"""Members up to which a set is tested one by one; a condition expression holds 4 KB and 300 operators."""

MOST_NAMED = 200
"""Groups of the list, from the first page with a problem on, whose problems the cause of a failure can hold.

AWS: Step Functions API, `Cause`: 32,768 characters; a problem takes about 130.
"""

_LONGEST_NAME = 80
"""Characters of a state's name. AWS: Step Functions Developer Guide, "States"."""

_ENTRY = ("join", "join_site", "join_sort_key", "date", "suffix")
"""What an entry of the list of open groups has, as texts."""
_WRITES = {"ConditionCheck": "ConditionCheckItem", "Delete": "DeleteItem", "Put": "PutItem", "Update": "UpdateItem"}


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
    from it; the execution then fails at its end, with a cause that names them (of 200 groups at most, page by page).

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
        self._tasks = Tasks(table, names)

    def definition(self, joins: tuple[Join, ...], page_size: int) -> State:
        states: State = {
            "WhichJoin": {
                "Type": "Choice",
                "Choices": [
                    {"Or": [absent(f"$.{name}.S") for name in _ENTRY], "Next": "NotAnEntry"},
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
                "Begin": {"Type": "Pass", "Result": {"problems": "", "kept": 0}, "Next": "FindOpenJoins"},
                "FindOpenJoins": self._tasks.query(page),
                "FindMore": self._tasks.query({**page, "ExclusiveStartKey.$": "$.found.LastEvaluatedKey"}),
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
                        "kept.$": "$.kept",
                        "outcomes.$": "States.JsonToString($.outcomes)",
                    },
                    "Next": "AnyProblem",
                },
                # Of so many pages with problems: all of them might be more than a cause holds.
                "AnyProblem": {
                    "Type": "Choice",
                    "Choices": [
                        {
                            "And": [
                                {"Variable": "$.outcomes", "StringMatches": "*problem: *"},
                                {"Variable": "$.kept", "NumericLessThan": max(1, MOST_NAMED // page_size)},
                            ],
                            "Next": "KeepProblems",
                        }
                    ],
                    "Default": "AnyMore",
                },
                "KeepProblems": {
                    "Type": "Pass",
                    "Parameters": {
                        "found.$": "$.found",
                        "problems.$": "States.Format('{}{}', $.problems, $.outcomes)",
                        "kept.$": "States.MathAdd($.kept, 1)",
                    },
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

    def _join(self, join: Join) -> State:
        """Read the group, try the trigger of a complete one, then the policy of an overdue one."""
        now, is_it_due = f"{join.name}: now", f"{join.name}: is it due"
        overdue = self._overdue(join)
        after_complete = now if overdue else "Settled"
        complete = self._complete(join, after_complete)
        first = next(iter(complete), after_complete)
        # A path that finds nothing would end the whole execution, uncaught: all that later states read is tested here.
        grouping = join.grouping(self._names)
        parts = [absent(f"$.part{n}.S") for n in range(len(grouping.parts))]
        parts += [absent(f"$.value{n}.S") for n, part in enumerate(grouping.parts) if part in grouping.attributes]
        whole: State = {"Type": "Pass", "Next": f"{join.name}: read"}
        if parts:
            lacking: State = {"Or": parts} if len(parts) > 1 else parts[0]
            choices = [{**lacking, "Next": "NotAnEntry"}]
            whole = {"Type": "Choice", "Choices": choices, "Default": f"{join.name}: read"}
        read = (self._names.ttl_attribute, *STATE_ATTRIBUTES, "due_at", "completed")
        states: State = {
            f"{join.name}: whole": whole,
            f"{join.name}: read": self._tasks.get(
                {"S.$": "$.join_site.S"}, {"S.$": "$.join_sort_key.S"}, "$.state", attributes=read
            )
            | {"Next": f"{join.name}: is it there"},
            f"{join.name}: is it there": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.state.Item", "IsPresent": False, "Next": "LeftAlone"},
                    {"Or": self._tasks.damages(), "Next": "Unreadable"},
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
        states[now] = {"Type": "Pass", "Parameters": {"at.$": NOW}, "ResultPath": "$.now", "Next": is_it_due}
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
        reason = TriggerReason.COMPLETE
        match join.expectation:
            case MemberCount(count):
                values: State = {":expected": {"N": str(count)}}
                return {name: self._tasks.trigger(join, reason, "size(completed) >= :expected", values, otherwise)}
            case NamedMembers(names):
                members = sorted(names)
                condition = " AND ".join(f"contains(completed, :expected{n})" for n in range(len(members)))
                values = {f":expected{n}": {"S": member} for n, member in enumerate(members)}
                if len(members) > CONTAINS_UP_TO:
                    condition, values = "completed = :expected", {":expected": {"SS": members}}
                return {name: self._tasks.trigger(join, reason, condition, values, otherwise)}
            case Manifest() as manifest:
                return self._complete_by_manifest(join, manifest, otherwise)
        return {}  # a function: nothing can be asked here

    def _complete_by_manifest(self, join: Join, manifest: Manifest, otherwise: str) -> State:
        parts = join.grouping(self._names).parts
        places = [f"$.part{parts.index(part)}.S" for part in manifest.group_by if part in parts]
        sort_key = self._tasks.format(manifest.event_type + "#{}" * len(places), *places)
        listed = f"$.manifest.Item['{manifest.attribute}']"
        reason, exactly = TriggerReason.COMPLETE, "completed = :expected"
        by_set, by_list, by_number = (f"{join.name}: trigger if as in {kind}" for kind in ("set", "list", "number"))
        count, whole_list, bad = (f"{join.name}: {what}" for what in ("count list", "whole list", "bad manifest"))
        not_whole = ("*.*", "-*", "0", "*E-*")
        return {
            f"{join.name}: manifest": self._tasks.get(
                {"S.$": "$.join_site.S"}, {"S.$": sort_key}, "$.manifest", attributes=(manifest.attribute,)
            )
            | {"Next": f"{join.name}: which manifest"},
            f"{join.name}: which manifest": {
                "Type": "Choice",
                "Choices": [
                    {**absent(listed), "Next": otherwise},
                    {"Variable": f"{listed}.SS", "IsPresent": True, "Next": by_set},
                    {"Variable": f"{listed}.L[0].S", "IsPresent": True, "Next": count},
                    {**absent(f"{listed}.N"), "Next": bad},
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
            by_set: self._tasks.trigger(join, reason, exactly, {":expected": {"SS.$": f"{listed}.SS"}}, otherwise),
            by_list: self._tasks.trigger(join, reason, exactly, {":expected": {"SS.$": "$.listed.names"}}, otherwise),
            by_number: self._tasks.trigger(
                join, reason, "size(completed) >= :expected", {":expected": {"N.$": f"{listed}.N"}}, otherwise
            ),
        }

    def _overdue(self, join: Join) -> State:
        """What the policy wants done; empty when it wants to wait."""
        alert, trigger = f"{join.name}: alert", f"{join.name}: trigger what is there"
        if join.policy is FallbackPolicy.ALERT:
            return {alert: self._tasks.alert(join)}
        if join.policy is FallbackPolicy.TRIGGER:
            states = self._tasks.trigger(join, TriggerReason.DEADLINE, "attribute_exists(completed)", {}, "LeftAlone")
            return self._if_anybody(join, {trigger: states}, "LeftAlone")
        if join.policy is FallbackPolicy.QUORUM:
            values = {":quorum": {"N": str(join.quorum)}}
            states = self._tasks.trigger(join, TriggerReason.QUORUM, "size(completed) >= :quorum", values, alert)
            return self._if_anybody(join, {trigger: states}, alert) | {alert: self._tasks.alert(join)}
        return {}

    def _if_anybody(self, join: Join, states: State, otherwise: str) -> State:
        """A workflow cannot read a set that is not there."""
        choice = {
            "Type": "Choice",
            "Choices": [{"Variable": "$.state.Item.completed", "IsPresent": True, "Next": next(iter(states))}],
            "Default": otherwise,
        }
        return {f"{join.name}: is anybody in": choice, **states}
