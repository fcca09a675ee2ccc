"""Schemas of events: discovered, read, compared, checked against patterns, turned into models and examples."""

from perception_events.schemas._catalogue import aws_catalogue, aws_event_types
from perception_events.schemas._changes import ChangeKind
from perception_events.schemas._compatibility import BrokenRule, SchemaChange, compare, compare_all
from perception_events.schemas._discovery import Discoverer, discover, event_type
from perception_events.schemas._documents import SupportsJSONSchema, read_document, schema_of_model
from perception_events.schemas._event_schema import STREAM_RECORD_SOURCE, EventSchema, resolve
from perception_events.schemas._examples import ENVELOPE_EXAMPLE, NoExampleError, example
from perception_events.schemas._inference import Inference, infer_schema
from perception_events.schemas._join import join
from perception_events.schemas._models import ModelGeneratorMissingError, models_source
from perception_events.schemas._observations import MAX_DEPTH, MAX_NAMES, TooManyFieldsError
from perception_events.schemas._pattern_check import (
    MatchAnswer,
    PatternChecker,
    can_match,
    check_pattern,
    check_rules,
    matching_example,
)
from perception_events.schemas._pattern_findings import FindingKind, PatternFinding
from perception_events.schemas._registry import SchemaRegistry, Update, UpdateKind, read_schemas
from perception_events.schemas._relaxing import relaxed
from perception_events.schemas._types import (
    ANYTHING,
    NOTHING,
    Anything,
    Array,
    Boolean,
    Nothing,
    Null,
    Number,
    Object,
    Property,
    Reference,
    Schema,
    String,
    Union,
    kind_name,
    union_of,
)
from perception_events.schemas._validation import Violation, is_valid, violations
from perception_events.schemas._writing import SchemaFormat, document_of
from perception_events.schemas.errors import (
    ExternalReferenceError,
    InvalidSchemaError,
    NotAnEventError,
    YAMLMissingError,
)

__all__ = [
    "STREAM_RECORD_SOURCE",
    "ANYTHING",
    "ENVELOPE_EXAMPLE",
    "MAX_DEPTH",
    "MAX_NAMES",
    "NOTHING",
    "Anything",
    "Array",
    "Boolean",
    "BrokenRule",
    "ChangeKind",
    "Discoverer",
    "EventSchema",
    "ExternalReferenceError",
    "FindingKind",
    "Inference",
    "InvalidSchemaError",
    "MatchAnswer",
    "ModelGeneratorMissingError",
    "NoExampleError",
    "NotAnEventError",
    "Nothing",
    "Null",
    "Number",
    "Object",
    "PatternChecker",
    "PatternFinding",
    "Property",
    "Reference",
    "Schema",
    "SchemaChange",
    "SchemaFormat",
    "SchemaRegistry",
    "String",
    "SupportsJSONSchema",
    "TooManyFieldsError",
    "Union",
    "Update",
    "UpdateKind",
    "Violation",
    "YAMLMissingError",
    "aws_catalogue",
    "aws_event_types",
    "can_match",
    "check_pattern",
    "check_rules",
    "compare",
    "compare_all",
    "discover",
    "document_of",
    "event_type",
    "example",
    "infer_schema",
    "is_valid",
    "join",
    "kind_name",
    "matching_example",
    "models_source",
    "read_document",
    "read_schemas",
    "relaxed",
    "resolve",
    "schema_of_model",
    "union_of",
    "violations",
]
