"""One model of resources: whatever describes a system makes a `Topology`, and whatever asks about it takes one.

A declaration (`Pipeline.topology`) and templates (`readers`) make topologies; simulation, checks, analysis, rendering
and diagrams take them.
"""

from __future__ import annotations

from perception_events.topology._arns import ARN_FORMS, STREAM_LABEL, Account, resource_class
from perception_events.topology._errors import InvalidTopologyError, UnknownResourceError
from perception_events.topology._located import LocatedDict, LocatedList, origin_of
from perception_events.topology._resources import (
    ApiDestination,
    EcsCluster,
    FirehoseStream,
    Function,
    Grant,
    KinesisStream,
    LogGroup,
    Opaque,
    Queue,
    Resource,
    StateMachine,
    Table,
    TableStream,
    Topic,
)
from perception_events.topology._routing import (
    Archive,
    Discoverer,
    EventBus,
    EventSourceMapping,
    Filter,
    InputTransformer,
    Permission,
    Pipe,
    RetryPolicy,
    Rule,
    RuleTarget,
    Schedule,
    SourceParameters,
)
from perception_events.topology._topology import Link, Topology, with_references
from perception_events.topology._validation import (
    TargetKind,
    pipe_target_kind,
    rule_target_kind,
    target_errors,
    topology_errors,
    validate,
)
from perception_events.topology._values import Number, Origin, PartialJSON, Reference, Text, Unresolved, unresolved_in

__all__ = [
    "ARN_FORMS",
    "STREAM_LABEL",
    "Account",
    "ApiDestination",
    "Archive",
    "Discoverer",
    "EcsCluster",
    "EventBus",
    "EventSourceMapping",
    "Filter",
    "FirehoseStream",
    "Function",
    "Grant",
    "InputTransformer",
    "InvalidTopologyError",
    "KinesisStream",
    "Link",
    "LocatedDict",
    "LocatedList",
    "LogGroup",
    "Number",
    "Opaque",
    "Origin",
    "PartialJSON",
    "Permission",
    "Pipe",
    "Queue",
    "Reference",
    "Resource",
    "RetryPolicy",
    "Rule",
    "RuleTarget",
    "Schedule",
    "SourceParameters",
    "StateMachine",
    "Table",
    "TableStream",
    "TargetKind",
    "Text",
    "Topic",
    "Topology",
    "UnknownResourceError",
    "Unresolved",
    "origin_of",
    "pipe_target_kind",
    "resource_class",
    "rule_target_kind",
    "target_errors",
    "topology_errors",
    "unresolved_in",
    "validate",
    "with_references",
]
