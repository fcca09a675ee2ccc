"""The registry: precedence, rejections, the default, and the ambiguities of the original system's substring tests."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perception_events.classifiers import (
    ClassifierError,
    ClassifierRegistry,
    ContainsClassifier,
    DuplicateClassifierError,
    PredicateClassifier,
    PrefixClassifier,
    RegexClassifier,
    SegmentClassifier,
    default_registry,
)

MATCH_STATEMENT = [
    ("#pose#", "pose"),
    ("#recon#", "recon"),
    ("#preprocessing", "preprocessing"),
    ("#reid", "reid"),
    ("#postprocessing", "postprocessing"),
]
"""The original function's cases, in its order."""


def original(sort_key: str) -> str:
    return next((event_type for text, event_type in MATCH_STATEMENT if text in sort_key), "unknown")


words = st.sampled_from(
    ["pose", "recon", "preprocessing", "reid", "postprocessing", "reidentified", "sync001", "x", ""]
)


@given(st.lists(words, max_size=5).map(lambda parts: "#".join(("2024-10-28", *parts))))
def test_default_registry_answers_as_the_original_did(sort_key: str) -> None:
    assert default_registry.classify(sort_key) == original(sort_key)


@given(st.text(alphabet="#poserecid-", max_size=30))
def test_default_registry_answers_as_the_original_did_on_any_text(sort_key: str) -> None:
    assert default_registry.classify(sort_key) == original(sort_key)


def test_duplicates_are_rejected_with_the_culprit_named() -> None:
    registry = ClassifierRegistry([SegmentClassifier("pose")])
    with pytest.raises(DuplicateClassifierError, match="segment:pose"):
        registry.with_classifier(SegmentClassifier("pose"))
    assert len(registry.classifiers) == 1


def test_precedence_is_the_order_and_before_changes_it() -> None:
    registry = ClassifierRegistry([ContainsClassifier("reid", "#reid")])
    face = SegmentClassifier("reidentified")
    assert registry.with_classifier(face).classify("2024-10-28#reidentified") == "reid"
    assert registry.with_classifier(face, before="contains:#reid").classify("2024-10-28#reidentified") == "reidentified"
    with pytest.raises(ClassifierError, match="no classifier is called 'nobody'"):
        registry.with_classifier(face, before="nobody")


def test_ambiguity_is_found_without_being_given_a_key() -> None:
    registry = default_registry.with_classifier(SegmentClassifier("reidentified"))
    found = {a.sort_key: a.claims for a in registry.ambiguities()}
    assert found["2000-01-01#reidentified"] == (("contains:#reid", "reid"), ("segment:reidentified", "reidentified"))


def test_a_registry_of_exact_segments_is_unambiguous() -> None:
    assert ClassifierRegistry(SegmentClassifier(t) for _, t in MATCH_STATEMENT).ambiguities() == []


def test_given_keys_show_where_substrings_overlap() -> None:
    (found,) = default_registry.ambiguities(["2024-10-28#pose#reid"])
    assert (
        str(found)
        == "'2024-10-28#pose#reid': contains:#pose# says 'pose', contains:#reid says 'reid'; contains:#pose# wins"
    )


@pytest.mark.parametrize(
    ("classifier", "claimed", "rejected"),
    [
        (SegmentClassifier("pose"), "2024-10-28#pose", "2024-10-28#x#pose"),
        (SegmentClassifier("pose", "p"), "2024-10-28#p#1", "2024-10-28#pose"),
        (PrefixClassifier("pose", "po"), "2024-10-28#pose", "2024-10-28#x#pose"),
        (RegexClassifier("pose", r"#p\w+$"), "2024-10-28#pose", "2024-10-28#pose#1"),
        (PredicateClassifier("pose", lambda key, item: key.endswith("e"), "e"), "2024-10-28#pose", "2024-10-28#pos"),
    ],
)
def test_ready_made(classifier: Any, claimed: str, rejected: str) -> None:
    assert classifier.classify(claimed) == "pose"
    assert classifier.classify(rejected) is None


def test_predicates_see_the_item() -> None:
    thermal = PredicateClassifier("thermal", lambda key, item: item is not None and "sensor" in item)
    registry = ClassifierRegistry([thermal], default="other")
    assert registry.classify("2024-10-28#pose", {"sensor": {"S": "t1"}}) == "thermal"
    assert registry.classify("2024-10-28#pose") == "other"


def test_explain_names_who_decided() -> None:
    assert default_registry.explain("2024-10-28#reid").classifier == "contains:#reid"
    assert default_registry.explain("2024-10-28#x").reason == "no classifier claims '2024-10-28#x'"


@pytest.mark.parametrize("nothing", [SegmentClassifier, 3, "pose"])
def test_what_is_no_classifier_is_rejected(nothing: Any) -> None:
    with pytest.raises(ClassifierError):
        ClassifierRegistry([nothing])


def test_a_bad_regular_expression_is_rejected_when_made() -> None:
    with pytest.raises(ClassifierError, match="not a regular expression"):
        RegexClassifier("pose", "(")


def test_the_check_reports_where_substrings_and_exact_segments_differ() -> None:
    exact = ClassifierRegistry(SegmentClassifier(t) for _, t in MATCH_STATEMENT)
    found = {a.sort_key: a.claims for a in default_registry.ambiguities(["2024-10-28#reidentified"], against=exact)}
    assert found["2024-10-28#reidentified"] == (("contains:#reid", "reid"), ("no classifier", "unknown"))
    assert "2000-01-01#recon#x" not in found  # both say recon
    assert exact.ambiguities(against=exact) == []
