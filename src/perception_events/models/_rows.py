"""Rows of any table as stream records' images have them: the base of models that are written from schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import ConfigDict

from perception_events.attribute_values import image_from_python, image_to_python
from perception_events.models._base import WireModel

__all__ = ["RowModel"]


class RowModel(WireModel):
    """A row of a table, decoded: numbers are `Decimal`, binary is bytes, sets are sets. Derive your own for its fields.

    Nothing is converted, so that a row is written as it was read; attributes that are not fields stay.
    """

    model_config = ConfigDict(strict=True)

    @classmethod
    def from_image(cls, image: Mapping[str, Any]) -> Self:
        """Read a stream record's image, or an item as boto3's client has it.

        Raises:
            InvalidRecordError: an attribute is not what its field says.
            InvalidAttributeValueError: it is not an image.
        """
        return cls.parse(image_to_python(image))

    def to_image(self) -> dict[str, dict[str, Any]]:
        """The row in DynamoDB JSON, with the attributes that it was read or made with.

        Raises:
            InvalidAttributeValueError: DynamoDB has no type for a value.
        """
        return image_from_python(self.model_dump(by_alias=True, exclude_unset=True))
