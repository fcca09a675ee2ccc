"""From a function's annotation to what it is called with: a typed event, a stream record, an item, or plain JSON."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

from perception_events.errors import DeclarationError, describe
from perception_events.lambdas._invocations import Message
from perception_events.lambdas.errors import UnreadableMessageError
from perception_events.records import image_of

__all__ = ["ArgumentError", "Reader", "argument_reader", "function_name", "takes_context"]

Reader = Callable[[Message], Any]


class ArgumentError(DeclarationError, TypeError):
    """A function whose first parameter cannot be filled; said when it is decorated."""


def argument_reader(function: Callable[..., Any]) -> Reader:
    """How to make the first argument of `function`, by its annotation.

    `EventBridgeEvent[...]`: the event, read (bus only). `StreamRecord`: the record. `EventItem`, or any other
    pydantic model: the new image's Python values, read. A dict, Mapping, Any or no annotation: the JSON as it came.

    Raises:
        ArgumentError: there is no parameter, its annotation is none of these, or nothing would fill another one.
    """
    if not callable(function):
        raise ArgumentError(f"a handler's function is callable, not {describe(function)}")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{describe(function)} has no signature that could be read: {error}") from None
    parameters = list(signature.parameters.values())
    name = function_name(function)
    if not parameters:
        raise ArgumentError(f"{name} takes no argument; it is called with an event")
    inner = _innermost(function)
    if inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner):
        raise ArgumentError(f"{name} is a generator function: calling it runs nothing; return a value instead of yield")
    try:
        signature.bind(*[None] * (2 if takes_context(function) else 1))
    except TypeError as error:
        raise ArgumentError(
            f"{name}: {error}; it is called with an event, and with the Lambda context if it has a "
            "second parameter for it"
        ) from None
    annotation = _annotations(function).get(parameters[0].name, Any)
    if annotation is Any or annotation is inspect.Parameter.empty or _is_mapping(annotation):
        return lambda message: message.event
    if isinstance(annotation, type) and hasattr(annotation, "model_validate"):
        return _model_reader(annotation)
    raise ArgumentError(
        f"{name}: the parameter {parameters[0].name!r} is annotated {annotation!r}; expected "
        "EventBridgeEvent[...], StreamRecord, a pydantic model of the item, or dict"
    )


def function_name(function: Callable[..., Any]) -> str:
    """What to call a function in a message, a partial or a callable object too."""
    inner = _innermost(function)
    return str(getattr(inner, "__qualname__", type(inner).__qualname__))


def _innermost(function: Any) -> Any:
    """The function behind `functools.partial` and behind decorators that use `functools.wraps`."""
    for _ in range(100):
        if isinstance(function, functools.partial):
            function = function.func
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        else:
            break
    return function


def takes_context(function: Callable[..., Any]) -> bool:
    """Whether `function` has a second parameter for the Lambda context: without a default, or called `context`.

    Another one with a default, such as `table=TABLE`, is the function's own.
    """
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    second = [p for p in inspect.signature(function).parameters.values() if p.kind in kinds][1:2]
    return any(p.default is inspect.Parameter.empty or p.name == "context" for p in second)


def _annotations(function: Callable[..., Any]) -> dict[str, Any]:
    function = _innermost(function)
    target = function if inspect.isfunction(function) or inspect.ismethod(function) else type(function).__call__
    try:
        return typing.get_type_hints(target)
    except TypeError:
        return {}  # a builtin: nothing says what it takes
    except NameError as error:
        raise ArgumentError(f"{function!r}: an annotation cannot be resolved: {error}") from None


def _is_mapping(annotation: Any) -> bool:
    origin = typing.get_origin(annotation) or annotation
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _model_reader(model: Any) -> Reader:
    from pydantic import ValidationError

    from perception_events.attribute_values import InvalidAttributeValueError, image_to_python
    from perception_events.models import EventBridgeEvent, InvalidRecordError, StreamRecord, WireModel

    def read(value: Any) -> Any:
        """A message that cannot be read now never can."""
        try:
            return model.parse(value) if issubclass(model, WireModel) else model.model_validate(value)
        except (InvalidRecordError, ValidationError) as error:
            raise UnreadableMessageError(str(error)) from error

    if issubclass(model, EventBridgeEvent):
        return lambda message: read(message.event)
    if issubclass(model, StreamRecord):
        return lambda message: read(message.record)

    def read_item(message: Message) -> Any:
        image = image_of(message.record, "NewImage")
        if not image:
            raise UnreadableMessageError(
                f"the record {message.event_id} has no NewImage to read a {model.__name__} from"
            )
        try:
            values = image_to_python(image, "dynamodb.NewImage")
        except InvalidAttributeValueError as error:
            raise UnreadableMessageError(str(error)) from error
        return read(values)

    return read_item
