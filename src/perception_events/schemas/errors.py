"""What goes wrong with schemas."""

from __future__ import annotations

from perception_events.errors import DeclarationError, InputError, PerceptionEventsError

__all__ = ["ExternalReferenceError", "InvalidSchemaError", "NotAnEventError", "YAMLMissingError"]


class InvalidSchemaError(DeclarationError, ValueError):
    """A document is not a schema that can be read.

    Parameters:
        reason: what is wrong and what to do.
        location: a JSON Pointer into the document, with the file before it where there is one.
    """

    def __init__(self, reason: str, location: str = "") -> None:
        self.reason = reason
        self.location = location
        super().__init__(f"{location}: {reason}" if location else reason)


class ExternalReferenceError(InvalidSchemaError):
    """A `$ref` points outside the document; nothing is fetched."""


class NotAnEventError(InputError, ValueError):
    """A value is not an EventBridge event or a stream record."""


class YAMLMissingError(PerceptionEventsError, ImportError):
    """A schema is written in YAML, and PyYAML is not installed; the message has the command that installs it."""
