"""The automata of analysis accept just the leaves that the matcher passes: texts, and addresses in any spelling."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from random import Random

from perception_events.patterns import EventPattern, InvalidEventPatternError
from perception_events.patterns._addresses import CidrRange, address_digits, cidr_range
from perception_events.patterns.analysis._address_automata import AddressAutomaton, AddressBlock, mapped
from perception_events.patterns.analysis._groups import Group
from support.pattern_cases import CIDRS, ODD_STRINGS, STRINGS, value

CASES = 1500


def accepts(automaton: AddressAutomaton, text: str) -> bool:
    state = automaton.start
    for character in text:
        state = automaton.step(state, character)
    return automaton.accepts(state)


def blocks(random: Random) -> Iterator[CidrRange]:
    for text in CIDRS:
        yield cidr_range(text)
    for _ in range(60):
        bits, number = random.randrange(32), random.getrandbits(32)
        yield cidr_range(f"{IPv4Address(number)}/{bits}")
        yield cidr_range(f"{IPv6Address(random.getrandbits(128))}/{random.randrange(96)}")
        digits = address_digits(str(IPv4Address(number)))
        assert digits is not None
        yield CidrRange(digits, digits)


def spelled(random: Random, number: int, *, short: bool) -> str:
    """An address in one of its spellings, sometimes damaged."""
    if short and random.random() < 0.6:
        octets = [number >> shift & 255 for shift in (24, 16, 8, 0)]
        text = ".".join("0" * random.choice([0, 0, 1]) + str(octet) for octet in octets)
    else:
        full = (0xFFFF << 32 | number) if short else number
        groups = [f"{full >> shift & 0xFFFF:0{random.choice([1, 1, 4, 6])}x}" for shift in range(112, -1, -16)]
        if random.random() < 0.6:
            zeros = [i for i, group in enumerate(groups) if not int(group, 16)]
            start = random.choice(zeros) if zeros else 8
            end = start
            while end in zeros and random.random() < 0.8:
                end += 1
            text = ":".join(groups[:start]) + "::" + ":".join(groups[end:]) if end > start else ":".join(groups)
        else:
            text = ":".join(groups)
        text = text.upper() if random.random() < 0.2 else text
    if random.random() < 0.15 and text:
        at = random.randrange(len(text))
        text = text[:at] + random.choice(["", ":", ".", "0", "g", "f"]) + text[at + 1 :]
    return text


def test_address_automata_accept_what_the_matcher_takes_for_an_address_inside() -> None:
    random = Random(11)
    made = list(blocks(random))
    inside = 0
    for _ in range(CASES):
        digits = random.choice(made)
        block = AddressBlock(digits)
        automaton = AddressAutomaton(block.v4, [*block.v6, *mapped(block.v4)])
        short = bool(block.v4) and random.random() < 0.6
        low, high = random.choice(block.v4 if short else block.v6 or block.v4)
        number = random.choice([low, high, random.randint(low, high), low - 1, high + 1, random.getrandbits(32)])
        limit = 2**32 if short or not block.v6 else 2**128
        text = spelled(random, number % limit, short=limit == 2**32)
        found = address_digits(text)
        expected = found is not None and digits.holds(found)
        inside += expected
        assert accepts(automaton, text) is expected, (digits.bottom, digits.top, text)
    assert CASES / 5 < inside < CASES * 4 / 5


def test_text_automata_accept_what_the_leaf_tests_pass() -> None:
    random = Random(12)
    passed = tried = 0
    texts = [*STRINGS, *ODD_STRINGS, "\ud800", "a\udfff?", "x??"]
    while tried < CASES:
        try:
            pattern = EventPattern.parse(f'{{"a": [{value(random)}, {value(random)}]}}')
        except InvalidEventPatternError:
            continue
        group = Group(pattern.sub_rules[0].fields[0][1])
        if group.blocks:
            continue
        text = random.choice(texts)
        text = random.choice([text, text + random.choice(texts), random.choice(texts) + text, text[1:]])
        accepted = False
        for automaton, negated in group.parts:
            state = automaton.start
            for character in text:
                state = automaton.step(state, character)
            accepted = accepted or automaton.accepts(state) is not negated
        assert accepted is group.passes(f'"{text}"'), (str(pattern), text)
        passed += accepted
        tried += 1
    assert CASES / 10 < passed < CASES * 9 / 10
