"""What all models share: AWS's names on the wire, Python's in code, unknown fields kept, one kind of error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from pydantic import AliasChoices, AliasGenerator, BaseModel, ConfigDict, SerializationInfo, ValidationError

from perception_events.errors import InputError, describe
from perception_events.json_values import to_json_value

__all__ = ["InvalidRecordError", "WireModel", "is_for_the_wire", "wire_names"]


class InvalidRecordError(InputError, ValueError):
    """A record or event that is not what it should be.

    The message names, for each mistake, the path, what was expected, and the type and value found. `errors` are
    pydantic's, for programs.
    """

    def __init__(self, kind: str, error: ValidationError) -> None:
        self.errors = error.errors(include_url=False, include_context=False)
        super().__init__(f"not a valid {kind}: " + "; ".join(map(_mistake, self.errors)))


def _mistake(error: Any) -> str:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error["loc"]).lstrip(".")
    if error["type"] == "attribute_value":
        return f"{path}.{error['msg']}"
    if error["type"] == "missing":
        return f"{path} is missing"
    found = error["input"]
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    return f"{path or 'the whole'}: expected {message}, found {type(found).__name__} {describe(found)}"


def wire_names(names: Mapping[str, str], others: Mapping[str, str] | None = None) -> AliasGenerator:
    """Field names to names on the wire; `others` are second spellings that are read and never written."""

    def read(name: str) -> str | AliasChoices:
        written = names.get(name, name)
        return AliasChoices(written, others[name]) if others and name in others else written

    write: Callable[[str], str] = lambda name: names.get(name, name)  # noqa: E731
    return AliasGenerator(validation_alias=read, serialization_alias=write)


class WireModel(BaseModel):
    """A frozen model that keeps unknown fields."""

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read what AWS sends (a parsed JSON object, or what boto3 returns).

        Raises:
            InvalidRecordError: it is something else; the message names path, type found and what was expected.
        """
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            raise InvalidRecordError(cls.__name__, error) from None

    def to_dict(self) -> dict[str, Any]:
        """The JSON object as AWS writes it, without the fields that are not there; bytes are base64 text.

        Raises:
            InvalidJSONValueError: a field holds what JSON cannot; the message names its path.
        """
        values = self.model_dump(by_alias=True, exclude_unset=True, context=_WIRE)
        return {name: to_json_value(value, name) for name, value in values.items()}


_WIRE = {"wire": True}


def is_for_the_wire(info: SerializationInfo) -> bool:
    """Whether a serializer writes AWS's form: in JSON, and for `to_dict`, which writes bytes and numbers by itself."""
    return info.mode == "json" or info.context is _WIRE
