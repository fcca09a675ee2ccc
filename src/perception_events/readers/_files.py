"""Files on disk -> parsed documents, with limits; the only module of the readers that opens files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from perception_events.readers._json import read_json
from perception_events.readers._problems import DocumentError
from perception_events.readers._yaml import read_yaml

__all__ = ["MAX_TEMPLATE_BYTES", "read_document", "read_text"]

MAX_TEMPLATE_BYTES = 1_048_576
"""The longest template that CloudFormation takes (from S3).

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""
_MAX_PLAN_BYTES = 64 * 1_048_576


def read_text(path: Path, limit: int = MAX_TEMPLATE_BYTES) -> str:
    """The text of a file.

    Raises:
        DocumentError: it is not there, cannot be read, is longer than `limit` bytes, or is not UTF-8.
    """
    try:
        size = path.stat().st_size
        if size > limit:
            mega = size / 1_048_576
            reason = f"{mega:.1f} MB long; at most {limit // 1_048_576} MB are read, which is CloudFormation's limit"
            raise DocumentError(reason, "split the template into nested stacks")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise DocumentError("the file does not exist", "correct the path") from None
    except UnicodeDecodeError as error:
        raise DocumentError(f"not UTF-8 text: {error.reason} at byte {error.start}", "save it as UTF-8") from None
    except OSError as error:
        raise DocumentError(f"cannot be read: {error.strerror}", "make it readable") from None


def read_document(path: Path, repeated: list[tuple[str, int]] | None = None) -> Any:
    """The value of a JSON or YAML file; a text that begins like JSON is read as JSON, whatever the file's name.

    `repeated`: gets the keys that are written twice, with their lines; the last value of such a key counts.

    Raises:
        DocumentError: it is neither.
        MissingExtraError: it is YAML, and PyYAML is not installed.
    """
    is_json = path.suffix in (".json", ".template", ".tfstate", ".tfplan")
    text = read_text(path, _MAX_PLAN_BYTES if is_json else MAX_TEMPLATE_BYTES)
    if text.lstrip()[:1] in ("{", "["):
        try:
            return read_json(text, repeated=repeated)
        except DocumentError:
            if is_json and path.suffix != ".template":
                raise
    return read_yaml(text, repeated)
