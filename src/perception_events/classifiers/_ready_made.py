"""Classifiers for the usual cases: an exact segment, a prefix, a contained text, a regular expression, a predicate."""

from __future__ import annotations

import re
from collections.abc import Callable

from perception_events.classifiers._answers import ClassifierError, Item
from perception_events.classifiers._regex_guard import exponential_part
from perception_events.errors import describe
from perception_events.value_objects import ValueObject

__all__ = [
    "CallableClassifier",
    "ContainsClassifier",
    "PredicateClassifier",
    "PrefixClassifier",
    "RegexClassifier",
    "SegmentClassifier",
]


class SegmentClassifier(ValueObject):
    """Claims keys whose second segment, the one after the date, is exactly `segment` (default: the event type).

    `position` is that of the segment, from 0: 1 is the second, 0 the first of keys that begin with the event type.
    """

    __slots__ = __match_args__ = ("event_type", "segment", "position")

    def __init__(self, event_type: str, segment: str | None = None, position: int = 1) -> None:
        self.event_type = event_type
        self.segment = segment
        self.position = position

    @property
    def name(self) -> str:
        """`segment:<text>`."""
        return f"segment:{self.segment or self.event_type}"

    def classify(self, sort_key: str, item: Item | None = None) -> str | None:
        """The event type, or None."""
        segments = sort_key.split("#", self.position + 1)
        wanted = self.segment or self.event_type
        return self.event_type if len(segments) > self.position and segments[self.position] == wanted else None

    def examples(self) -> tuple[str, ...]:
        """Keys that it claims, for the ambiguity check."""
        start = "2000-01-01#" * self.position + (self.segment or self.event_type)
        return (start, f"{start}#x")


class PrefixClassifier(ValueObject):
    """Claims keys whose text after the date and its `#` starts with `prefix`."""

    __slots__ = __match_args__ = ("event_type", "prefix")

    def __init__(self, event_type: str, prefix: str) -> None:
        self.event_type = event_type
        self.prefix = prefix

    @property
    def name(self) -> str:
        """`prefix:<text>`."""
        return f"prefix:{self.prefix}"

    def classify(self, sort_key: str, item: Item | None = None) -> str | None:
        """The event type, or None."""
        return self.event_type if sort_key.partition("#")[2].startswith(self.prefix) else None

    def examples(self) -> tuple[str, ...]:
        """Keys that it claims, for the ambiguity check."""
        return (f"2000-01-01#{self.prefix}", f"2000-01-01#{self.prefix}x")


class ContainsClassifier(ValueObject):
    """Claims keys that hold `text` anywhere, as the original `match` statement did."""

    __slots__ = __match_args__ = ("event_type", "text")

    def __init__(self, event_type: str, text: str) -> None:
        self.event_type = event_type
        self.text = text

    @property
    def name(self) -> str:
        """`contains:<text>`."""
        return f"contains:{self.text}"

    def classify(self, sort_key: str, item: Item | None = None) -> str | None:
        """The event type, or None."""
        return self.event_type if self.text in sort_key else None

    def examples(self) -> tuple[str, ...]:
        """Keys that it claims, for the ambiguity check."""
        return (f"2000-01-01{self.text}", f"2000-01-01{self.text}x", f"2000-01-01#x{self.text}")


_MAX_PATTERN = 4096
"""As many characters as an event pattern may have; Python needs much memory for long ones."""


_MAX_KEY = 1_024
"""Bytes in a sort key. AWS: DynamoDB Developer Guide, "Quotas"."""


class RegexClassifier(ValueObject):
    """Claims keys in which `pattern` is found (`re.search`); none longer than the 1,024 bytes that DynamoDB takes.

    Python's engine tries every way to match. A pattern with a repetition that can be matched in exponentially many
    ways, as `(a+)+$`, is rejected: a key of thirty letters could take it hours, and nothing could stop it. The time of
    all others grows with a power of the key's length, one higher for each repetition that can begin anywhere in
    another: keep these few (`[^#]*` in place of `.*`). A segment or a prefix never has the problem.

    Raises:
        ClassifierError: `pattern` is not a regular expression of texts, can take exponential time, or is too large for
            that to be seen.
    """

    __slots__ = __match_args__ = ("event_type", "pattern")

    def __init__(self, event_type: str, pattern: str) -> None:
        where = f"RegexClassifier for {describe(event_type)}"
        try:
            if not isinstance(pattern, str):
                raise TypeError("expected a text")
            if len(pattern) > _MAX_PATTERN:
                raise OverflowError(f"it has {len(pattern)} characters, and {_MAX_PATTERN} are taken")
            re.compile(pattern)
        except (re.error, TypeError, OverflowError, RecursionError) as error:
            reason = f"{describe(pattern)} is not a regular expression: {str(error)[:200]}"
            raise ClassifierError(f"{where}: {reason}") from error
        part = exponential_part(pattern)
        if part is not None:
            raise ClassifierError(
                f"{where}: {describe(part)} can be matched in exponentially many ways, or is too large for that to be "
                "seen, so that one key could take hours; let a text be cut into repetitions in one way only, as a+ in "
                "place of (a+)+, or register a function of your own"
            )
        self.event_type = event_type
        self.pattern = pattern

    @property
    def name(self) -> str:
        """`regex:<pattern>`."""
        return f"regex:{self.pattern}"

    def classify(self, sort_key: str, item: Item | None = None) -> str | None:
        """The event type, or None."""
        if len(sort_key) > _MAX_KEY:
            return None
        return self.event_type if re.search(self.pattern, sort_key) else None


class PredicateClassifier(ValueObject):
    """Claims items for which `predicate(sort_key, item)` is true; `item` is None where only a key is known."""

    __slots__ = __match_args__ = ("event_type", "predicate", "label")

    def __init__(self, event_type: str, predicate: Callable[[str, Item | None], bool], label: str = "") -> None:
        self.event_type = event_type
        self.predicate = predicate
        self.label = label

    @property
    def name(self) -> str:
        """`predicate:<label>`, the label being the function's name unless given."""
        return f"predicate:{self.label or getattr(self.predicate, '__name__', self.event_type)}"

    def classify(self, sort_key: str, item: Item | None = None) -> str | None:
        """The event type, or None."""
        return self.event_type if self.predicate(sort_key, item) else None


class CallableClassifier(ValueObject):
    """A plain function `(sort_key, item) -> event type or None`, with a name."""

    __slots__ = __match_args__ = ("function", "label")

    def __init__(self, function: Callable[[str, Item | None], str | None], label: str = "") -> None:
        self.function = function
        self.label = label

    @property
    def name(self) -> str:
        """The label, or the function's name."""
        return self.label or getattr(self.function, "__name__", "callable")

    def classify(self, sort_key: str, item: Item | None = None) -> str | None:
        """What the function says."""
        return self.function(sort_key, item)
