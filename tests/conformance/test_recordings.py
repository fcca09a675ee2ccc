"""What AWS was recorded to answer, played again: every snapshot agrees, or says why it does not apply.

`PERCEPTION_EVENTS_RECORDINGS` names a checkout of LocalStack's repository; without it the tests are skipped.
`PERCEPTION_EVENTS_RECORDINGS_TABLE=FILE` writes what became of each snapshot, line by line.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from support import recorded_buses as buses
from support import recorded_mappings as mappings
from support.recordings import Recording, recordings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"

Replay = Callable[[Recording], Iterator[str]]

ACCOUNT_STATE = "what an account has: creating, listing, describing or tagging resources"
NO_ENVELOPE = "TestEventPattern wants an envelope; patterns here match any object, as filters do"
EMPTY = "the snapshot is empty"

ROWS: list[tuple[str, str, Replay | str]] = [
    ("patterns", r"events_patterns::.*test_event_pattern\[exists_list_empty\]", "the repository has its event no more"),
    ("patterns", r"events_patterns::.*test_event_pattern\[", buses.pattern_template),
    ("patterns", r"events_patterns::.*test_invalid_json_event_pattern", buses.invalid_text),
    ("patterns", r"events_patterns::.*(plain_string|array_event)_payload", buses.event_that_is_none),
    (
        "patterns",
        r"events_patterns::.*invalid_event_payload",
        "TestEventPattern wants an envelope; a filter's event has none",
    ),
    ("patterns", r"events_patterns::.*test_event_pattern_source", buses.source_pattern),
    ("patterns", r"events_patterns::.*large_and_complex_payload", buses.large_event),
    (
        "patterns",
        r"events_patterns::TestRuleWithPattern|events::TestEventPattern|target_sqs_event_detail_match",
        buses.rule_pattern,
    ),
    ("inputs", r"events_inputs::.*nested_keys_replacement\[(<list|\{\"singlelistitem\": \"<)", EMPTY),
    ("inputs", r"events_inputs::.*(missing_keys|input_path_and_input_transformer)", buses.wrong_input),
    ("inputs", r"events_inputs::", buses.transformed),
    ("entries", r"events::TestEvents::test_create_connection", ACCOUNT_STATE),
    ("entries", r"events::TestEvents::|nonexistent_event_bus", buses.entries),
    ("buses", r"events::TestEventBus::test_put_events_bus_to_bus|TestEventsTargetEvents", buses.bus_to_bus),
    ("buses", r"events_cross_account_region::", buses.between_buses),
    ("buses", r"events::TestEventBus::test_put_events_to_default", "what S3 says of an object"),
    ("buses", r"events::TestEventBus::", ACCOUNT_STATE),
    ("rules", r"events::TestEventRule::test_process", buses.same_rules),
    ("rules", r"delete_rule_with_targets|exceed_fife_targets|put_target_id_validation", buses.rule_or_target_error),
    ("rules", r"with_same_id|with_same_arn", buses.same_id_replaces),
    ("rules", r"update_rule_with_targets|multiple_rules_with_same_name", buses.update_keeps_targets),
    ("rules", r"put_list_remove_target", buses.stored_targets),
    ("rules", r"events::(TestEventRule|TestEventTarget)::", ACCOUNT_STATE),
    ("targets", r"events_targets::.*api_gateway", "the headers of an HTTP request"),
    ("targets", r"events_targets::", buses.target_received),
    ("archives", r"invalid_end_time|duplicate_name_same_archive|archive_error_duplicate", buses.replay_error),
    ("archives", r"archive_and_replay::", ACCOUNT_STATE),
    ("others", r"events_schedule::", "schedules: no event is matched by them"),
    ("others", r"events_tags::|api_destinations_and_connection::|dynamodb_streams::", ACCOUNT_STATE),
    (
        "mappings",
        r"cfn_resource::|not_existing_|deletion_|disabled_dynamodb|fifo_message_group|_empty_provided",
        ACCOUNT_STATE,
    ),
    ("mappings", r"dynamodbstreams::.*duplicate_event_source_mappings", ACCOUNT_STATE),
    ("mappings", r"duplicate_event_source_mappings", mappings.defaults),
    ("mappings", r"invalid_event_filter", mappings.invalid_filter),
    ("mappings", r"dynamodbstreams::.*event_filter", mappings.filtered_items),
    ("mappings", r"kinesis::.*event_filtering", mappings.filtered_kinesis),
    ("mappings", r"sqs::.*event_filter\[plain-string|batching_behaviour", EMPTY),
    ("mappings", r"sqs::.*event_filter", mappings.filtered_messages),
    ("mappings", r"(failure|success)_scenarios", mappings.responses),
    ("mappings", r"(dynamodb|kinesis)_report_batch_item_failures$", mappings.failed_batches),
    ("mappings", r"(dynamodb|kinesis).*on_failure_destination", mappings.first_failure),
    ("mappings", r"maximum_record_age", mappings.expired),
    ("mappings", r"test_dynamodb_event_source_mapping$", mappings.stream_records),
    ("mappings", r"integration_kinesis::", mappings.invocations),
    ("mappings", r"default_batch_size", mappings.window_needed),
    ("mappings", r"test_sqs_event_source_mapping(_update)?$", mappings.messages_once),
    ("mappings", r"failures_on_lambda_error", mappings.failing_batch),
    ("mappings", r"event_source_mapping_batch|reserved_concurrency", mappings.many_messages),
    ("mappings", r"sqs::test_report_batch_item_failures$", mappings.partial_messages),
    ("mappings", r"lambda_dead_letter_queue", mappings.asynchronous_dead_letter),
    ("mappings", r"sqs::test_", mappings.messages_again),
]


def row(recording: Recording) -> tuple[str, Replay | str] | None:
    return next(((section, replay) for section, pattern, replay in ROWS if re.search(pattern, recording.id)), None)


def test_every_snapshot_is_played_again_or_says_why_not() -> None:
    lines, differ = [], []
    counts: Counter[tuple[str, str]] = Counter()
    for recording in recordings():
        found = row(recording)
        assert found is not None, f"{recording.id} is in no row"
        section, replay = found
        if isinstance(replay, str):
            status, reason = "not applicable", replay
        else:
            found_differences = list(replay(recording))
            status, reason = (
                ("differs", "; ".join(found_differences)) if found_differences else ("agrees", replay.__name__)
            )
            if found_differences:
                differ.append(f"{recording.id}\n  " + "\n  ".join(found_differences[:6]))
        counts[section, status] += 1
        lines.append(f"{section}\t{status}\t{recording.id}\t{reason}")
    if target := os.environ.get("PERCEPTION_EVENTS_RECORDINGS_TABLE"):
        Path(target).write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(dict(counts))
    page = PAGE.read_text(encoding="utf-8")
    for section in dict.fromkeys(section for section, _, _ in ROWS):
        agree, apply_not = counts[section, "agrees"], counts[section, "not applicable"]
        assert re.search(rf"^\| {section}\b.* \| {agree + apply_not} \| {agree} \| 0 \| {apply_not} \| ", page, re.M), (
            section
        )
    assert not differ, f"{len(differ)} differ:\n" + "\n".join(differ)
