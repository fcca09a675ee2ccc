"""From a sort key, or a whole item, to an event type.

`Classifier` is loaded when first used: it is there for types and checks, and needs `typing`.
"""

from __future__ import annotations

from perception_events.classifiers._answers import (
    Ambiguity,
    Classification,
    ClassifierError,
    DuplicateClassifierError,
    Item,
)
from perception_events.classifiers._enrichment import (
    EVENT_TYPE_FIELD,
    SORT_KEY_ATTRIBUTE,
    Enrichment,
    EnrichmentError,
    OnError,
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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from perception_events.classifiers._protocol import Classifier

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


def __getattr__(name: str) -> object:
    if name == "Classifier":
        from perception_events.classifiers._protocol import Classifier

        return Classifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
