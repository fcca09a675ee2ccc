"""Patterns and events made at random, valid and invalid, with the odd corners of the language in them.

`make_case(random)` gives a pattern text and event texts that have a good chance to match it, to miss it narrowly, or
to meet one of the engine's accidents. The texts are written by hand, not by `json`: repeated keys, number spellings and
text after the end are part of the language.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

__all__ = ["make_case", "make_pattern", "mutate"]

NAMES = ["a", "b", "c", "d", "detail", "a.b", "b.c", "x"]
ODD_NAMES = ["", ".", "a.", ".a", "a..b", "$or", "prefix", "exists", "numeric", "=", "é", "\U0001f600", "\ue000", "~/"]
STRINGS = [
    "x",
    "y",
    "xy",
    "xyx",
    "abc",
    "ABC",
    "aBc",
    "abcabc",
    "",
    " ",
    "1",
    "true",
    "null",
    "a*b",
    "a\\b",
    "a.b",
    "pose",
]
ODD_STRINGS = [
    *('x"', '"x', '"', "ß", "SS", "ss", "İ", "i̇", "ı", "I", "ſ", "S", "K", "\u212a", "k", "ς", "Σ", "σ", "ǅ", "ǆ", "é"),
    *("e\u0301", "\U0001f600", "a\U0001f600b", "??", "a??b", "\U00010400", "\n", "a\nb", "\u2028", "ŉ", "ʼN"),
    *("10.0.0.1", "10.0.0.01", "10.0.0.255", "::1", "0:0:0:0:0:0:0:1", "::ffff:a00:1", "::ffff:10", "16.16.16.16"),
    *("a05::1", "10.1.2.3", "11.0.0.1", "999.1.1.1", "1:2", "fe80::1", "255.255.255.255", "9.9.9.9", "0A000001"),
]
NUMBERS = ["0", "1", "2", "5", "-1", "10", "100", "300", "1.5", "0.1", "42"]
ODD_NUMBERS = [
    *("1.0", "1e0", "3.0e2", "-0", "-0.0", "0.0", "9007199254740993", "9007199254740993.0", "9007199254740992"),
    *("1e309", "1E309", "5e-324", "4.9e-324", "1e-400", "0.30000000000000004", "0.1000000000000000055511151231257827"),
    *("123456789012345678901234567890", "1e22", "1E+22", "10000000000000000000000", "1.7976931348623157e308", "105"),
    *("-1.7976931348623157e308", "10101010", "1.10", "0e10", "1e-7", "0.0000001", "100000000000000000", "2e-323", "10"),
]
CIDRS = [
    *("10.0.0.0/8", "10.0.0.0/24", "10.1.2.3/16", "0.0.0.0/0", "16.0.0.0/8", "10.0.0.1/31", "::/0", "fe80::/10"),
    *("::1/127", "10.0.0.0/08", "10.0.0.0/+8", "a05::/16", "255.255.255.255/9"),
]
BAD_CIDRS = [
    "10.0.0.0",
    "10.0.0.0/32",
    "::/128",
    "::ffff:0:0/96",
    "x/8",
    "10.0.0.0/x",
    "10.0.0/8",
    "10.0.0.0/-1",
    "1.1.1.999/3",
]
WILDCARDS = [
    "*",
    "a*",
    "*a",
    "a*c",
    "*b*",
    "a*b*c",
    "x*x",
    "\\*",
    "a\\*b",
    "\\\\",
    "a\\\\b",
    "*\\**",
    "*x*y*",
    "",
    "*\n*",
]
BAD_WILDCARDS = ["**", "a**b", "\\x", "a\\", "***"]
JUNK = [
    "null",
    "true",
    "1",
    '"x"',
    "[]",
    "{}",
    "[[]]",
    '[["x"]]',
    '{"x": 1}',
    "NaN",
    "01",
    "1.",
    "'x'",
    "[,]",
    "[1,]",
    "",
]


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def string(random: Random) -> str:
    return random.choice(STRINGS if random.random() < 0.6 else ODD_STRINGS)


def number(random: Random) -> str:
    return random.choice(NUMBERS if random.random() < 0.6 else ODD_NUMBERS)


def name(random: Random) -> str:
    return random.choice(NAMES if random.random() < 0.93 else ODD_NAMES)


def one_or_list(random: Random, make: Any) -> str:
    if random.random() < 0.5:
        return str(make(random))
    return f"[{', '.join(make(random) for _ in range(random.choice([0, 1, 2, 2, 3])))}]"


def quoted_string(random: Random) -> str:
    return quoted(string(random))


def affix(random: Random) -> str:
    text = string(random)
    return text[: random.randint(0, len(text))] if random.random() < 0.5 else text


def wildcard(random: Random) -> str:
    if random.random() < 0.1:
        return quoted(random.choice(BAD_WILDCARDS))
    return quoted(random.choice(WILDCARDS))


def numeric(random: Random) -> str:
    kind = random.random()
    if kind < 0.25:
        return f'["=", {number(random)}]'
    if kind < 0.6:
        return f'["{random.choice(["<", "<=", ">", ">="])}", {number(random)}]'
    low, high = number(random), number(random)
    if random.random() < 0.8 and float(low) > float(high):
        low, high = high, low
    return f'["{random.choice([">", ">="])}", {low}, "{random.choice(["<", "<="])}", {high}]'


def value(random: Random) -> str:
    """One member of a field's list."""
    kind = random.randrange(18)
    if kind < 4:
        return quoted(string(random))
    if kind < 6:
        return number(random)
    if kind == 6:
        return random.choice(["true", "false", "null"])
    if kind < 9:
        operator, text = random.choice(["prefix", "suffix"]), affix(random)
        if random.random() < 0.4:
            return f'{{"{operator}": {{"equals-ignore-case": {quoted(text)}}}}}'
        return f'{{"{operator}": {quoted(text)}}}'
    if kind == 9:
        return f'{{"equals-ignore-case": {quoted(string(random))}}}'
    if kind == 10:
        return f'{{"wildcard": {wildcard(random)}}}'
    if kind < 13:
        return anything_but(random)
    if kind == 13:
        return f'{{"numeric": {numeric(random)}}}'
    if kind < 16:
        return f'{{"exists": {random.choice(["true", "false", "false"])}}}'
    if kind == 16:
        return f'{{"cidr": {quoted(random.choice(CIDRS if random.random() < 0.85 else BAD_CIDRS))}}}'
    return f'{{"exactly": {quoted(string(random))}}}'


def anything_but(random: Random) -> str:
    inner = random.choice(["", "", "n", "prefix", "suffix", "equals-ignore-case", "wildcard"])
    if inner == "":
        return f'{{"anything-but": {one_or_list(random, quoted_string)}}}'
    if inner == "n":
        return f'{{"anything-but": {one_or_list(random, number)}}}'
    make = wildcard if inner == "wildcard" else (lambda r: quoted(affix(r)))
    return f'{{"anything-but": {{"{inner}": {one_or_list(random, make)}}}}}'


def make_pattern(random: Random, depth: int = 0) -> str:
    """A pattern's text; most of them valid."""
    members = []
    for _ in range(random.choice([1, 1, 2, 2, 3])):
        kind = random.random()
        if depth < 3 and kind < 0.25:
            members.append(f"{quoted(name(random))}: {make_pattern(random, depth + 1)}")
        elif depth < 3 and kind < 0.37:
            branches = [make_pattern(random, depth + 1) for _ in range(random.choice([1, 2, 2, 2, 3]))]
            members.append(f'"$or": [{", ".join(branches)}]')
        else:
            values = ", ".join(value(random) for _ in range(random.choice([1, 1, 1, 2, 3])))
            members.append(f"{quoted(name(random))}: [{values}]")
    return "{" + ", ".join(members) + "}"


def mutate(random: Random, text: str) -> str:
    """Damage a text: drop, double or replace a character, or put junk in the place of a value."""
    kind = random.randrange(5)
    at = random.randrange(len(text) + 1)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[max(0, at - 1) :]
    if kind == 2:
        places = [i for i, c in enumerate(text) if c in "[:,"]
        if places:
            at = random.choice(places) + 1
            return text[:at] + random.choice(JUNK) + ("," if text[at - 1] == "[" else "") + text[at:]
    if kind == 3:
        return text + random.choice([" x", "}", "]", " 1", "\n\n", "\x00"])
    return text[:at] + random.choice('{}[]",:1aé\\ ') + text[at:]


def leaf(random: Random, wanted: list[str]) -> str:
    """An event's value: one of the pattern's own texts, one near it, or any."""
    kind = random.random()
    if wanted and kind < 0.5:
        text = random.choice(wanted)
        return text if random.random() < 0.7 else quoted(_near(random, text.strip('"')))
    if kind < 0.7:
        return quoted(string(random))
    if kind < 0.88:
        return number(random)
    return random.choice(["true", "false", "null", "[]", "{}", '""'])


def _near(random: Random, text: str) -> str:
    return random.choice(
        [text + "x", "x" + text, text.upper(), text.lower(), text.replace("*", ""), text[:-1], text[1:]]
    )


def event_value(random: Random, wanted: list[str], depth: int) -> str:
    kind = random.random()
    if depth < 3 and kind < 0.12:
        return make_event(random, [], wanted, depth + 1)
    if depth < 3 and kind < 0.3:
        elements = [event_value(random, wanted, depth + 1) for _ in range(random.randrange(4))]
        return f"[{', '.join(elements)}]"
    return leaf(random, wanted)


def make_event(random: Random, shape: list[Any], wanted: list[str], depth: int = 0) -> str:
    """An event's text: along `shape` (a parsed pattern's members), with detours."""
    members = []
    for key, inner in shape:
        if random.random() < 0.12:
            continue
        if key == "$or":
            branch = random.choice(inner) if inner else []
            members.append(make_event(random, branch, wanted, depth)[1:-1])
        elif inner is not None:
            count = random.choice([0, 0, 0, 1, 2, 3])
            nested = [make_event(random, inner, wanted, depth + 1) for _ in range(count or 1)]
            text = nested[0] if not count else f"[{', '.join(nested)}]"
            members.append(f"{quoted(key)}: {text if random.random() < 0.93 else f'[{text}]'}")
        else:
            members.append(f"{quoted(key)}: {event_value(random, wanted, depth)}")
    for _ in range(random.choice([0, 0, 1, 2])):
        members.append(f"{quoted(name(random))}: {event_value(random, wanted, depth)}")
    random.shuffle(members)
    return "{" + ", ".join(member for member in members if member) + "}"


def shape_of(text: str) -> tuple[list[Any], list[str]]:
    """What a pattern's text names: nested members, and the leaves' texts; nothing of a damaged one."""
    try:
        parsed = json.loads(
            text, object_pairs_hook=lambda pairs: pairs or [("", [])], parse_float=str, parse_int=_Number
        )
    except ValueError:
        return [], []
    wanted: list[str] = []
    return (_members(parsed, wanted) if _is_object(parsed) else []), wanted


class _Number(str):
    """A number's spelling."""


def _is_object(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], tuple)


def _members(pairs: Any, wanted: list[str]) -> list[Any]:
    found: list[Any] = []
    for key, inner in pairs:
        if key == "$or" and isinstance(inner, list):
            found.append(("$or", [_members(branch, wanted) for branch in inner if _is_object(branch)]))
        elif _is_object(inner):
            found.append((key, _members(inner, wanted)))
        else:
            _leaves(inner, wanted)
            found.append((key, None))
    return found


def _leaves(value: Any, wanted: list[str]) -> None:
    if isinstance(value, tuple):
        value = value[1]
    if isinstance(value, list):
        for member in value:
            _leaves(member, wanted)
    elif isinstance(value, _Number):
        wanted.append(str(value))
    elif isinstance(value, str):
        wanted.append(quoted(value))
    else:
        wanted.append(json.dumps(value))


def make_case(random: Random, events: int = 3) -> tuple[str, list[str]]:
    """A pattern's text and events' texts."""
    pattern = make_pattern(random)
    shape, wanted = shape_of(pattern)
    if random.random() < 0.12:
        pattern = mutate(random, pattern)
    made = [make_event(random, shape, wanted) for _ in range(events)]
    return pattern, [mutate(random, event) if random.random() < 0.02 else event for event in made]
