"""Every check by its identifier: the words of the findings and of `docs/reference/checks.md`, in one table."""

from __future__ import annotations

from perception_events.checks._findings import Check, Severity

__all__ = ["CATALOGUE", "CHECKS"]

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_BATCHING = "EventBridge User Guide, Pipes batching and concurrency"
_FILTERING = "EventBridge User Guide, Pipes event filtering"
_ERRORS = "EventBridge User Guide, Pipes error handling and troubleshooting"
_TRANSFORM = "EventBridge User Guide, Pipes input transformation"
_OPERATORS = "EventBridge User Guide, comparison operators"
_EVENTS = "EventBridge User Guide, events"
_AWS_EVENTS = "EventBridge schema registry aws.events"
_CLOUDTRAIL = "EventBridge User Guide, AWS service events delivered via AWS CloudTrail"
_POLICIES = "EventBridge User Guide, using resource-based policies"
_QUOTAS = "EventBridge User Guide, quotas"
_STREAMS = "DynamoDB Developer Guide, Streams"
_STREAMS_API = "DynamoDB Streams API, Record and StreamRecord"
_TTL = "DynamoDB Developer Guide, Time to Live streams"
_SQS = "SQS Developer Guide, dead-letter queues"
_LAMBDA = "Lambda Developer Guide, using Lambda with SQS"
_PIPES_API = "EventBridge Pipes API model"
_EVENTS_API = "EventBridge API model"
_OBSERVED = "recorded on AWS (LocalStack's validated tests)"

# fmt: off
CHECKS: tuple[Check, ...] = (
    # PE0xx: sources, and what reads them
    Check("PE001", "batch-size-not-set", _E, "The pipe sets no batch size.",
          _BATCHING, "set the batch size to 10 or less"),
    Check("PE002", "batch-size-above-target", _E, "The batch size is above what an event bus takes.",
          _BATCHING, "set the batch size to 10 or less"),
    Check("PE003", "source-limit-out-of-range", _E, "A source parameter lies outside the API's range.",
          _PIPES_API, "bring the value into the range"),
    Check("PE004", "retry-without-limit", _W, "A poison record blocks its shard until it expires.",
          _ERRORS, "set the maximum retry attempts and the maximum record age", per_file=True),
    Check("PE005", "no-pipe-dead-letter-queue", _W, "A record that is given up on leaves nothing behind.",
          _ERRORS, "give the reader of the stream a dead-letter queue", per_file=True),
    Check("PE006", "record-age-at-retention", _W, "A dead letter points at records that the stream no longer holds.",
          _ERRORS, "set the maximum record age well below 86400 seconds", per_file=True),
    Check("PE007", "no-bisect", _W, "One bad record sends its whole batch to the dead letters.",
          _PIPES_API, "bisect failing batches, or report the items that failed", per_file=True),
    Check("PE008", "order-per-key-only", _N, "With a parallelization factor above 1 a shard is not read in order.",
          "inferred from the Lambda Developer Guide; not stated for Pipes", "compare a version kept in the item"),
    Check("PE009", "starts-at-latest", _N, "What is written while the reader is being created is not read.",
          _PIPES_API, "use 'TRIM_HORIZON' and an idempotent consumer; it cannot be changed later", per_file=True),
    Check("PE010", "too-many-stream-readers", _W, "More than two readers of a shard are throttled.",
          _STREAMS, "let the third reader be a rule of a bus", per_file=True),
    Check("PE011", "no-source-dead-letter-queue", _W, "A message that always fails is received again and again.",
          _SQS, "give the queue a redrive policy", per_file=True),
    Check("PE012", "visibility-below-timeout", _E, "Messages come back while the function still works on them.",
          _LAMBDA, "set the visibility timeout to the function's timeout or more; AWS advises six times as much"),
    # PE1xx: filters, and what holds for every pattern
    Check("PE101", "too-many-filters", _E, "A reader takes at most five filters.",
          _PIPES_API, "join them with several values in an array, or with `$or`"),
    Check("PE102", "filter-too-long", _E, "A filter pattern has at most 4096 characters.",
          _PIPES_API, "shorten it, or leave part of the work to a rule"),
    Check("PE103", "filter-not-valid", _E, "The engine rejects the filter pattern.",
          _FILTERING, "correct the pattern"),
    Check("PE104", "operator-not-in-pipes", _E, "A pipe's filter does not take this operator.",
          _OPERATORS, "use exact values, prefix or suffix here and the operator in a rule of the bus"),
    Check("PE105", "update-to-state-missed", _W, "An update to the wanted state never passes the filter.",
          _STREAMS, 'let `eventName` be ["INSERT", "MODIFY"]'),
    Check("PE106", "every-update-passes", _W, "Each later write to an item in that state passes the filter again.",
          _OBSERVED, "compare the old image too"),
    Check("PE107", "removals-pass", _W, "TTL expiry passes the filter as a REMOVE, up to days late.",
          _TTL, "name the wanted `eventName` values, or filter on `userIdentity`"),
    Check("PE108", "image-not-in-stream", _E, "The filter reads an image that the stream does not carry.",
          _STREAMS, "let the stream view type be 'NEW_AND_OLD_IMAGES'"),
    Check("PE109", "numeric-on-n", _E, "A DynamoDB number is a string on the wire: no number matches it.",
          _OBSERVED, "compare exact strings, or add a typed field in the enrichment and match it on the bus"),
    Check("PE110", "exists-above-leaf", _E, "`exists` above a leaf is always false for true and true for false.",
          _OBSERVED, "go down to the type key, such as `attribute.S`"),
    Check("PE111", "type-key-missing", _E, "An image is DynamoDB JSON: a value lies under its type key.",
          _STREAMS, 'write `{"status": {"S": ["COMPLETED"]}}`'),
    Check("PE112", "field-not-filterable", _W, "AWS lists this field as not usable in a pipe's filter.",
          _FILTERING, "filter on `dynamodb` or `eventName`"),
    Check("PE113", "field-not-in-record", _E, "No record of the source has this field.",
          _STREAMS, "name a field of the record"),
    Check("PE114", "value-never-sent", _E, "The field never has this value.",
          _STREAMS_API, "name one of the field's values"),
    Check("PE115", "type-never-matches", _E, "The field never has a value of this type.",
          _OBSERVED, "compare a value of the field's type"),
    Check("PE116", "type-always-matches", _W, "The comparison holds whatever the field's value is.",
          _OBSERVED, "exclude a value of the field's type"),
    Check("PE117", "image-never-there", _E, "No record of this event name carries the image.",
          _STREAMS_API, "read the other image, or let other event names pass"),
    Check("PE118", "key-of-other-type", _E, "The table declares the attribute with another type.",
          _STREAMS, "use the declared type key"),
    Check("PE119", "not-a-key", _E, "`Keys` holds the table's key attributes and nothing else.",
          _STREAMS_API, "compare the attribute in an image"),
    Check("PE120", "operator-in-text", _E, "A text in which an operator stands is a text.",
          _OPERATORS, "write the operator as a JSON object"),
    # PE2xx: templates, enrichment and the way to the bus
    Check("PE201", "template-drops-identity", _W, "The template drops what retries, rules and dead letters need.",
          _TRANSFORM, "carry `eventID`, `eventName` and the sequence number through"),
    Check("PE202", "template-path-missing", _W, "The template names a path which some passing records do not have.",
          "not documented for Pipes; the bus renders an empty string", "keep such records out with the filter"),
    Check("PE203", "template-not-valid", _E, "The template cannot be read.",
          _TRANSFORM, "correct the template"),
    Check("PE204", "template-quotes-object", _E, "A quoted object or array renders as broken JSON.",
          _TRANSFORM, "leave the quotes out"),
    Check("PE205", "template-too-long", _E, "An input template has at most 8192 characters.",
          _PIPES_API, "shorten it"),
    Check("PE206", "detail-is-no-object", _E, "The bus takes only a JSON object as detail.",
          _OBSERVED, "let the target template render an object"),
    Check("PE207", "path-not-reachable", _E, "A path with other characters than a pipe's grammar has stays plain text.",
          _PIPES_API, "carry the value through under another name"),
    Check("PE208", "reserved-source", _E, "A source may not start with `aws.`.",
          _PIPES_API, "use a name of your own"),
    Check("PE209", "entry-field-too-long", _E, "A field of the bus entry is longer than the API takes.",
          _PIPES_API, "shorten it"),
    Check("PE210", "handler-fails-on-list", _E, "The enrichment is called with a list, even for one record.",
          _BATCHING, "loop over the list, or use `perception_events.lambdas.enrichment_handler`"),
    Check("PE211", "handler-drops-identity", _W, "What the enrichment returns replaces the record.",
          _TRANSFORM, "return each item with all of its fields"),
    Check("PE212", "one-detail-type", _N, "Schema discovery files all items under one source and detail-type.",
          "EventBridge User Guide, schemas", "let the detail-type be a path to what kind of item it is"),
    Check("PE213", "entries-may-be-too-large", _N, "A batch with both images can exceed what the bus takes.",
          _EVENTS_API, "lower the batch size, or carry only the keys and what rules need"),
    Check("PE214", "handler-fans-out", _E, "Above what the bus takes in one call, it is not called at all.",
          _BATCHING, "return one item for each record, or lower the batch size"),
    Check("PE215", "handler-not-tried", _E, "The enrichment could not be tried: it fails on the record itself.",
          "the handler given", "give records of your own, or correct the handler"),
    Check("PE216", "path-is-text", _W, "A path that is not a placeholder is sent as text.",
          _TRANSFORM, "put the path between `<` and `>`"),
    # PE3xx: rules and targets
    Check("PE301", "rule-not-valid", _E, "The engine rejects the event pattern.",
          _OPERATORS, "correct the pattern"),
    Check("PE302", "rule-too-long", _E, "An event pattern has at most 4096 characters (2048 by default quota).",
          _QUOTAS, "shorten it"),
    Check("PE303", "rule-matches-nothing", _E, "The rule matches on what never comes to its bus.",
          _EVENTS, "match on what the event carries"),
    Check("PE304", "too-many-targets", _E, "A rule has at most five targets.",
          _EVENTS_API, "use a second rule with the same pattern"),
    Check("PE305", "too-many-rules", _E, "A bus has at most 300 rules by default quota.",
          _QUOTAS, "ask for a higher quota, or use a second bus"),
    Check("PE306", "too-many-wildcard-rules", _E, "At most 30 rules of a bus may contain wildcards.",
          _QUOTAS, "let the producer name what is asked for and match it exactly"),
    Check("PE307", "rule-feeds-itself", _E, "What the rule's module starts comes back to the same rule.",
          "EventBridge User Guide, event patterns (infinite loops)", "break the circle of `triggers`"),
    Check("PE309", "event-type-without-rule", _N, "Events of this type reach the bus and no target.",
          _EVENTS_API, "give the module a target, or keep its records out with the filter"),
    Check("PE310", "no-target-dead-letter-queue", _W, "An event that cannot be delivered is dropped.",
          "EventBridge User Guide, dead-letter queues", "give the target a dead-letter queue", per_file=True),
    Check("PE311", "handler-errors-not-caught", _W, "A rule's queue does not see what the handler raises.",
          "Lambda Developer Guide, asynchronous invocation", "give the function a destination on failure",
          per_file=True),
    Check("PE312", "target-limit-out-of-range", _E, "A retry limit lies outside the API's range.",
          _EVENTS_API, "bring the value into the range"),
    Check("PE313", "rule-without-target", _W, "The rule matches and nothing happens.",
          _EVENTS_API, "give the rule a target, or drop it", per_file=True),
    Check("PE314", "rule-state-not-valid", _E, "AWS rejects the rule's state.",
          _EVENTS_API, "use ENABLED or DISABLED"),
    Check("PE315", "aws-event-misspelt", _E, "AWS sends no event of this source and detail-type, but one that is near.",
          _AWS_EVENTS, "write it as AWS does"),
    Check("PE316", "aws-event-unknown", _N, "The event is not in the catalogue of AWS's events.",
          _AWS_EVENTS, "compare it with the service's documentation; the catalogue does not have every event"),
    Check("PE317", "aws-field-misspelt", _W, "The event has no such field, but one that is near.",
          _AWS_EVENTS, "write it as AWS does"),
    Check("PE318", "aws-field-unknown", _N, "The field is not among those that the event's schema has.",
          _AWS_EVENTS, "compare it with the service's documentation; a schema may be older than the event"),
    Check("PE319", "aws-field-of-other-type", _W, "The event's field never has a value of this type.",
          _AWS_EVENTS, "compare a value of the field's type"),
    Check("PE320", "read-only-call", _W, "Calls that only read do not reach a rule in this state.",
          _CLOUDTRAIL, "set the state to ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS, or drop these names"),
    Check("PE321", "delivered-twice", _W, "One event invokes the same target by two rules.",
          _EVENTS_API, "drop one rule, or narrow its pattern"),
    Check("PE322", "same-pattern-contrary-names", _W, "Two rules whose names say the contrary have one pattern.",
          "the names in this file", "correct the pattern of one of them"),
    Check("PE323", "rules-overlap", _N, "Two rules of one bus take the same events.",
          _EVENTS_API, "nothing, if both are to have them"),
    Check("PE324", "bus-feeds-itself", _W, "Events come back to the bus that they were sent from.",
          "EventBridge User Guide, event patterns (infinite loops)", "narrow a pattern, or drop a target"),
    Check("PE325", "target-input-not-valid", _E, "AWS rejects the target's input, or cannot deliver it.",
          _EVENTS_API, "correct the input"),
    Check("PE326", "input-path-missing", _W, "The path leads to what no event has.",
          _EVENTS, "name a field of the event"),
    # PE4xx: names, and the declaration's classifiers
    Check("PE401", "name-not-valid", _E, "AWS rejects the name.",
          "API models of DynamoDB, EventBridge, Pipes and Lambda", "shorten it, or use letters, digits, `-`, `_`, `.`"),
    Check("PE402", "classifiers-overlap", _W, "Two classifiers claim one key: the answer depends on their order.",
          "string semantics", "use `SegmentClassifier`, which compares a whole segment"),
    Check("PE403", "event-type-unreachable", _E, "No classifier gives this module's event type.",
          "this declaration", "give the module a classifier"),
    Check("PE404", "status-filtered-out", _E, "Items that are done never pass the pipe's filter, so no join completes.",
          "this declaration", "let a filter pass the status; `TableSettings.status_filters` makes one"),
    # PE5xx: events given beside the topology
    Check("PE501", "entry-rejected", _E, "PutEvents rejects the entry.",
          _EVENTS_API, "correct the entry"),
    Check("PE502", "event-without-rule", _W, "No rule takes the event.",
          _EVENTS_API, "compare it with the pattern that comes nearest"),
    # PE6xx: what may be written elsewhere
    Check("PE601", "no-function-permission", _N, "EventBridge may not be allowed to invoke the function.",
          _POLICIES, "add a Lambda permission for events.amazonaws.com", per_file=True),
    Check("PE602", "no-queue-policy", _N, "EventBridge may not be allowed to send to the queue.",
          _POLICIES, "add a queue policy for events.amazonaws.com", per_file=True),
    Check("PE603", "no-topic-policy", _N, "EventBridge may not be allowed to publish to the topic.",
          _POLICIES, "add a topic policy for events.amazonaws.com", per_file=True),
    Check("PE604", "no-log-group-policy", _N, "EventBridge may not be allowed to write to the log group.",
          _POLICIES, "add a resource policy of CloudWatch Logs for events.amazonaws.com", per_file=True),
    Check("PE605", "bucket-events-off", _N, "The bucket does not send events to EventBridge.",
          "S3 User Guide, using EventBridge", "switch EventBridge on in the bucket's notification settings"),
    Check("PE606", "aws-source-on-custom-bus", _N, "AWS's own events do not come to a custom bus by themselves.",
          _EVENTS, "put the rule on the default bus, or forward the events"),
)
"""In order of identifier."""
# fmt: on

CATALOGUE: dict[str, Check] = {check.identifier: check for check in CHECKS}
