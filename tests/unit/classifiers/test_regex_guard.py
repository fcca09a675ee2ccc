"""A regular expression that can take exponential time is rejected when it is declared; all others end in time."""

from __future__ import annotations

import re
import time
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perception_events.classifiers import ClassifierError, RegexClassifier

EXPONENTIAL = {
    r"(a+)+$": "(a+)+",
    r"(a*)*b": "(a*)*",
    r"(a{,})+b": "(a{,})+",
    r"(a|a)*b": "(a|a)*",
    r"(a|aa)+$": "(a|aa)+",
    r"^x(?:\w+\s?)+$": r"(?:\w+\s?)+",
    r"^(\w+-?)+#pose": r"(\w+-?)+",
    r"(.*#)+x": "(.*#)+",
    r"([a-z]+)*\d": "([a-z]+)*",
    r"(a?){30}a{30}": "(a?){30}",
    r"^(([a-z])+.)+[A-Z]([a-z])+$": "(([a-z])+.)+",
    r"(x+x+)+y": "(x+x+)+",
    r"(?i)(a|A)+$": "(a|A)+",
    r"(?i:(?:k|\u212a))*(?i:k|\u212a)*(?i:k|K)+$": "(?i:k|K)+",
    r"(?=(a+)+$)b": "(a+)+",
    r"(?P<name>a+)+$": "(?P<name>a+)+",
    r"((a{1,20})b?){2,}c": "((a{1,20})b?){2,}",
    r"(a{2,})+$": "(a{2,})+",
    r"(a+|b)*c": "(a+|b)*",
    r"([ab]*[bc]*)*d": "([ab]*[bc]*)*",
    r"(\\+)+x": r"(\\+)+",
    "(?x) ( a + ) + $  # a comment ( [": "( a + ) +",
    r"(?:[\]a]+)*b": r"(?:[\]a]+)*",
}
HARMLESS = [
    r"^(\w+-)+#pose",
    r"#p\w+$",
    r"a+$",
    r"^\d{4}-\d{2}-\d{2}#pose#sync\d+(#cam\d+)?$",
    r".*#pose#.*",
    r"(?:#[^#]+)*$",
    r"^[^#]+(#[^#]+){2,5}$",
    r"(pose|recon|reid)+$",
    r"(ab|ac)*d",
    r"(\d{1,3}\.){3}\d{1,3}",
    r"(?i)pose",
    r"[]a]+$",
    r"[^]]*x",
    r"(?:sync|cam)\d+(?:#(?:sync|cam)\d+)*$",
    r"(?<!x)a+b",
    r"a{2,3}b{,4}c{5}",
    "{",
    "a{",
    "a{}",
    r"(?s:.)x",
    r"\x41\u0041(?P<a>b)(?P=a)\1",
    r"(?#( [)a",
    "(?x) a b # ( [",
    "",
    "|",
    "()",
    "(|a)+$",
    r"(?:(?:a|b)c)*$",
    r"(a)?(?(1)b|c)",
]


@pytest.mark.parametrize("pattern", EXPONENTIAL)
def test_what_can_take_exponential_time_is_rejected_with_the_part_that_does(pattern: str) -> None:
    with pytest.raises(ClassifierError, match="can be matched in exponentially many ways") as caught:
        RegexClassifier("pose", pattern)
    assert repr(EXPONENTIAL[pattern]) in str(caught.value)


@pytest.mark.parametrize("pattern", HARMLESS)
def test_what_is_harmless_is_accepted_and_ends_in_time(pattern: str) -> None:
    classifier = RegexClassifier("pose", pattern)
    alphabet = sorted({*"a#-x1. ", *re.sub(r"[^\w#-]", "", pattern)})[:8]
    started = time.thread_time()
    for part in map("".join, product(alphabet, repeat=2)):
        classifier.classify((part * 512) + "!")
    assert time.thread_time() - started < 5, "64 keys of the longest that DynamoDB takes"


def parts(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inside, inside).map("".join),
        st.tuples(inside, inside).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        inside.map(lambda part: f"({part})*"),
        inside.map(lambda part: f"(?:{part})?"),
    )


@given(st.recursive(st.sampled_from(["a", "b", "[ab]", ".", "a+", "b*?"]), parts, max_leaves=4))
def test_what_is_accepted_takes_no_more_than_a_power_of_the_length(pattern: str) -> None:
    """Of 28 characters: 2**28 steps take tens of seconds, the 28**5 at most of four repetitions a moment."""
    try:
        classifier = RegexClassifier("pose", f"^(?:{pattern})$")
    except ClassifierError:
        return
    for part in ("a", "b", "ab", "aab"):
        started = time.thread_time()
        classifier.classify((part * 28)[:28] + "!")
        assert time.thread_time() - started < 5, f"{pattern} on {part}"


def test_what_is_too_large_to_be_looked_at_is_rejected_at_once() -> None:
    words = "|".join(f"w{number}" for number in range(400))
    started = time.thread_time()
    for pattern in ("a?" * 2_000, f"(?:{words})+$", "((((a{8}){8}){8}){8}){8}", "(" * 90 + "a+" + ")+" * 90):
        with pytest.raises(ClassifierError, match="or is too large for that to be seen"):
            RegexClassifier("pose", pattern)
    assert time.thread_time() - started < 8


def test_a_key_that_is_longer_than_dynamodb_takes_is_not_looked_at() -> None:
    classifier = RegexClassifier("pose", "a.*b.*c")
    assert classifier.classify("abc".rjust(1_024, "a")) == "pose"
    assert classifier.classify("abc".rjust(5_000_000, "a")) is None
