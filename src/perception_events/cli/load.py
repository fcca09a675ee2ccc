"""Find the `Pipeline` that a command line names."""

from __future__ import annotations

import importlib
import sys

from perception_events.errors import DeclarationError
from perception_events.pipeline import Pipeline

__all__ = ["BUILT_IN_PIPELINE", "PipelineNotFoundError", "load_pipeline"]

BUILT_IN_PIPELINE = "perception_events.pipeline:perception_pipeline"


class PipelineNotFoundError(DeclarationError, LookupError):
    """`--pipeline` names nothing that can be used; the message says which part of it."""


def load_pipeline(place: str) -> Pipeline:
    """Import `package.module:name`, the current folder included.

    Raises:
        PipelineNotFoundError: the module cannot be imported, has no such name, or the name is no `Pipeline`.
    """
    module_name, colon, name = place.partition(":")
    if not (module_name and colon and name):
        raise PipelineNotFoundError(f"--pipeline {place!r} must read package.module:name")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise PipelineNotFoundError(f"--pipeline {place!r}: {module_name} cannot be imported: {error}") from error
    try:
        found = getattr(module, name)
    except AttributeError:
        raise PipelineNotFoundError(f"--pipeline {place!r}: {module_name} has no {name!r}") from None
    if not isinstance(found, Pipeline):
        raise PipelineNotFoundError(f"--pipeline {place!r} is a {type(found).__name__}, not a Pipeline")
    return found
