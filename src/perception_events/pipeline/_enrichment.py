"""What enriches records in memory and in the deployed function: the classifiers, the user's own function, or both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from perception_events.classifiers import Enrichment
from perception_events.json_values import JSONValue
from perception_events.pipeline._errors import InvalidPipelineError

__all__ = ["OwnEnrichment", "load_function"]


class OwnEnrichment:
    """Calls the classifiers' enrichment, where there is one, and hands what it returns to `function`.

    `function` is called with what the pipe sends, a list of items even for one record; what it returns replaces the
    list.
    """

    def __init__(self, classifying: Enrichment | None, function: Any) -> None:
        self._classifying = classifying
        self._call = load_function(function)

    def invoke(self, event: JSONValue) -> JSONValue:
        """Enrich a list of items; errors of `function` are its own."""
        enriched: JSONValue = self._call(self._classifying.invoke(event) if self._classifying else event)
        return enriched


def load_function(function: Any) -> Callable[[Any], Any]:
    """`function` as something that is called with one argument, imported where it is named `package.module:name`.

    It may be a function of one argument, a Lambda handler (of an event and a context) or an object with `invoke`.

    Raises:
        InvalidPipelineError: it cannot be imported, or is none of these.
    """
    if isinstance(function, str):
        function = _imported(function)
    invoke = getattr(function, "invoke", None)
    if callable(invoke):
        return invoke  # type: ignore[no-any-return]  # a `Target`
    if not callable(function):
        raise InvalidPipelineError(f"enrichment.function: {function!r} is not a function and has no `invoke`")
    return _with_context(function) if _takes_context(function) else function


def _imported(name: str) -> Any:
    from importlib import import_module

    module_name, colon, attribute = name.partition(":")
    if not (module_name and colon and attribute):
        raise InvalidPipelineError(f"enrichment.function: {name!r} must read package.module:name")
    try:
        return getattr(import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise InvalidPipelineError(f"enrichment.function: {name!r} cannot be imported: {error}") from error


def _takes_context(function: Callable[..., Any]) -> bool:
    """Whether a second argument must be given."""
    from inspect import Parameter, signature

    try:
        parameters = list(signature(function).parameters.values())
    except (TypeError, ValueError):  # some built-in functions have no signature
        return False
    positional = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return len([p for p in parameters if p.kind in positional and p.default is Parameter.empty]) > 1


def _with_context(function: Callable[..., Any]) -> Callable[[Any], Any]:
    return lambda event: function(event, None)
