"""From a sort key, or a whole item, to an event type."""

from perception_events.classifiers._enrichment import (
    EVENT_TYPE_FIELD,
    SORT_KEY_ATTRIBUTE,
    Enrichment,
    EnrichmentError,
    OnError,
)
from perception_events.classifiers._protocol import (
    Ambiguity,
    Classification,
    Classifier,
    ClassifierError,
    DuplicateClassifierError,
    Item,
)
from perception_events.classifiers._ready_made import (
    CallableClassifier,
    ContainsClassifier,
    PredicateClassifier,
    PrefixClassifier,
    RegexClassifier,
    SegmentClassifier,
)
from perception_events.classifiers._registry import ENTRY_POINT_GROUP, ClassifierRegistry, default_registry

__all__ = [
    "ENTRY_POINT_GROUP",
    "EVENT_TYPE_FIELD",
    "SORT_KEY_ATTRIBUTE",
    "Ambiguity",
    "CallableClassifier",
    "Classification",
    "Classifier",
    "ClassifierError",
    "ClassifierRegistry",
    "ContainsClassifier",
    "DuplicateClassifierError",
    "Enrichment",
    "EnrichmentError",
    "Item",
    "OnError",
    "PredicateClassifier",
    "PrefixClassifier",
    "RegexClassifier",
    "SegmentClassifier",
    "default_registry",
]
