"""The leaves that msgspec reads are those that the slow way reads, or it says that it cannot know.

`PERCEPTION_EVENTS_TEXTS` sets how many texts are read, `PERCEPTION_EVENTS_SEED` the seed.
"""

from __future__ import annotations

import json
import os
from random import Random
from typing import Any

import pytest

from benchmarks.shapes import SHAPES
from perception_events.patterns import EventPattern, InvalidEventError, InvalidEventPatternError, RuleSet
from perception_events.patterns._event_text import read_event
from perception_events.patterns._fast_text import fast_reader
from perception_events.patterns._fields import FieldTree
from support.pattern_cases import make_case, mutate

pytest.importorskip("msgspec", reason="msgspec (the extra [fast]) is not installed")

TEXTS = int(os.environ.get("PERCEPTION_EVENTS_TEXTS", "3000"))
SEED = int(os.environ.get("PERCEPTION_EVENTS_SEED", "20261125"))
ODD = [
    '"\\u0061"',
    '"a"',
    '"a.b"',
    "\x01",
    "\ufeff",
    "é",
    "\U0001f600",
    '"a":1,',
    "1" * 1001,
    "[" * 600,
    "\\ud800",
    " ",
]


def slow_leaves(paths: list[str], text: str | bytes) -> dict[str, list[str]] | None:
    """By path; None where the text is rejected, or the event is not flat."""
    try:
        found = FieldTree(paths).leaves(read_event(text))
    except InvalidEventError:
        return None
    if any(membership for leaves in found.values() for _, membership in leaves):
        return None
    return {path: [leaf for leaf, _ in leaves] for path, leaves in found.items()}


def fast_leaves(reader: Any, text: str | bytes) -> dict[str, list[str]] | None:
    found = reader.leaves(text)
    if found is None:
        return None
    by_path: dict[str, list[str]] = {}
    for path, leaf in found:
        by_path.setdefault(path, []).append(leaf)
    return by_path


def paths_of(pattern: str) -> list[str]:
    try:
        return list(dict.fromkeys(path for rule in EventPattern.parse(pattern).sub_rules for path, _ in rule.fields))
    except InvalidEventPatternError:
        return []


def damaged(random: Random, text: str) -> str | bytes:
    """A text as it is, or changed a little, as text or as octets that need not be UTF-8."""
    if random.random() < 0.3:
        text = mutate(random, text)
    if random.random() < 0.15:
        at = random.randrange(len(text) + 1)
        text = text[:at] + random.choice(ODD) + text[at:]
    if random.random() < 0.5:
        return text
    octets = text.encode(errors="surrogatepass")
    if random.random() < 0.05:
        at = random.randrange(len(octets) + 1)
        octets = octets[:at] + random.choice([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\x00"]) + octets[at:]
    return octets


def test_generated_texts_give_the_leaves_of_the_slow_way() -> None:
    random = Random(SEED)
    read, known = 0, 0
    while read < TEXTS:
        pattern, events = make_case(random, events=8)
        paths = paths_of(pattern)
        reader = fast_reader(paths) if paths else None
        if reader is None:
            continue
        for event in events * 8:
            text = damaged(random, event)
            fast = fast_leaves(reader, text)
            read += 1
            if fast is not None:
                known += 1
                assert fast == slow_leaves(paths, text), (paths, text)
    assert known > read / 5, f"only {known} of {read} texts were read by msgspec"


@pytest.mark.parametrize("name", ["tenants", "$or", "exact", "anything but", "10 objects", "boxes"])
def test_a_rule_set_answers_alike_before_and_after_msgspec_is_used(name: str) -> None:
    rules = RuleSet({f"rule-{place}": pattern for place, pattern in enumerate(SHAPES[name].rules(40))})
    texts = [json.dumps(event) for event in SHAPES[name].events(60, 8, 40)]
    expected = [rules.matching_rules(json.loads(text)) for text in texts]
    for _ in range(4):  # the first hundred texts are read as always
        assert [rules.matching_rules_json(text) for text in texts] == expected
        assert [rules.matching_rules_json(text.encode()) for text in texts] == expected
    rules.add("late", {"detail": {"late": [{"exists": False}]}})
    assert [rules.matching_rules_json(text) for text in texts] == [[*names, "late"] for names in expected]


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ('{"a": {"b": 1}, "a": {"b": 2}}', True),
        ('{"a.b": 1}', True),
        ('{"\\u0061": {"b": 1}, "a": {"b": 2}}', True),
        ('{"a": {"b": 1.0}}', True),
        ('{"a": {"b": [3, 1]}}', True),
        ('{"a": [{"b": 1}]}', True),
        ('{"a": {"b": 1}} and more', True),
        ('{"a": {"b": {"c": 1}}}', False),
        ('{"a": {"b": "1"}}', False),
        ('{"a": "b"}', False),
        ("{}", False),
    ],
)
def test_what_msgspec_cannot_see_is_read_as_always(text: str, matches: bool) -> None:
    rules = RuleSet({"rule": {"a": {"b": [1]}}})
    for _ in range(102):
        rules.matching_rules_json('{"a": {"b": 7}}')
    assert rules.matching_rules_json(text) == ["rule"] * matches
    assert rules.matching_rules_json(text.encode()) == ["rule"] * matches
    for broken in (b'{"a": {"b": 1}, "c": "\xff"}', '{"a": {"b": 1}, "c": %s}' % ("1" * 1001), '{"a": {"b": 1}'):
        with pytest.raises(InvalidEventError):
            rules.matching_rules_json(broken)


def test_a_text_matcher_gives_the_names_and_fields_of_the_other_ways_or_leaves_the_text() -> None:
    random = Random(SEED)
    read, known = 0, 0
    while read < TEXTS:
        cases = [make_case(random, events=3) for _ in range(3)]
        patterns = {f"rule-{place}": pattern for place, (pattern, _) in enumerate(cases)}
        try:
            rules = RuleSet(patterns)
        except InvalidEventPatternError:
            continue
        matcher = rules.text_matcher(["time", "id"], absent=["Records"])
        if matcher is None:
            continue
        for text in [text for _, events in cases for text in events] * 3:
            if random.random() < 0.3:
                text = text.replace("{", '{"time": 7, "Records": []' + (", " if len(text) > 2 else ""), 1)
            elif random.random() < 0.3:
                text = text.replace("{", '{"time": "now"' + (", " if len(text) > 2 else ""), 1)
            changed = damaged(random, text)
            octets = changed if isinstance(changed, bytes) else changed.encode(errors="replace")
            found = matcher.match(octets)
            read += 1
            if found is not None:
                known += 1
                names, fields = found
                event = json.loads(octets)
                assert names == rules.matching_rules_json(octets), (patterns, octets)
                assert fields == [event.get("time"), event.get("id")]
                assert "Records" not in event
    assert known > read / 10, f"only {known} of {read} texts were read by the matcher"


def test_a_text_matcher_leaves_every_text_once_a_rule_has_come_or_gone() -> None:
    rules = RuleSet({"rule": {"a": [1]}, "other": {"b": [1]}})
    matcher = rules.text_matcher()
    assert matcher is not None
    assert matcher.match(b'{"a": 1, "b": 1}') == (["rule", "other"], [])
    assert matcher.match(b'{"a": 1, "a": 2}') is None
    rules.remove("other")
    assert matcher.match(b'{"a": 1}') is None
    rules.add("other", {"c": [1]})
    assert matcher.match(b'{"a": 1}') is None
    renewed = rules.text_matcher()
    assert renewed is not None
    assert renewed.match(b'{"a": 2, "c": 1}') == (["other"], [])


def test_lines_together_give_what_each_gives_alone() -> None:
    random = Random(SEED)
    read, known = 0, 0
    while read < TEXTS:
        cases = [make_case(random, events=6) for _ in range(3)]
        try:
            rules = RuleSet({f"rule-{place}": pattern for place, (pattern, _) in enumerate(cases)})
        except InvalidEventPatternError:
            continue
        matcher = rules.text_matcher(["time", "id"], absent=["Records"])
        if matcher is None:
            continue
        texts = [text for _, events in cases for text in events] * 2
        chance = random.choice([0.0, 0.0, 0.03, 0.1, 1.0])
        lines: list[bytes] = []
        for text in texts:
            changed = damaged(random, text) if random.random() < chance else text
            octets = changed if isinstance(changed, bytes) else changed.encode(errors="replace")
            lines.append(octets.replace(b"\n", b" ") or b" ")
        names, columns = matcher.match_lines(lines)
        read += len(lines)
        for line, matched, *fields in zip(lines, names, *columns, strict=True):
            if matched is not None:
                known += 1
                event = json.loads(line)
                assert matched == rules.matching_rules_json(line), line
                assert fields == [event.get("time"), event.get("id")]
    assert known > read / 4, f"only {known} of {read} lines were read together"
