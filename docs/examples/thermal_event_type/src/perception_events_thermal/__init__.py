"""Thermal cameras: one event type that perception-events does not know, and how its keys are recognised."""

from perception_events.classifiers import SegmentClassifier

__all__ = ["thermal"]

thermal = SegmentClassifier("thermal")
"""Claims `2025-07-15#thermal#sync001#cam6`; found by `ClassifierRegistry.with_entry_points()`."""
