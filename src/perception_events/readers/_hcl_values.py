"""HCL expressions -> values: the second phase of reading Terraform. What is not known is `Unresolved`, part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

from perception_events.readers._hcl_functions import FUNCTIONS, MissingValueError
from perception_events.readers._hcl_syntax import (
    Binary,
    Call,
    Conditional,
    ForDirective,
    ForExpression,
    GetAttribute,
    IfDirective,
    Index,
    Literal,
    Name,
    Node,
    ObjectExpression,
    Splat,
    Template,
    TupleExpression,
    Unary,
)
from perception_events.readers._texts import as_text, join_texts
from perception_events.topology import LocatedDict, LocatedList, Origin, Unresolved

__all__ = ["Evaluator", "Referable"]

_MOST_ELEMENTS = 10_000
_MOST_STEPS = 200_000


@runtime_checkable
class Referable(Protocol):
    """Something with attributes and instances that are computed when they are asked for: a resource, a module."""

    def attribute(self, name: str) -> Any:
        """The attribute `name`; raises `MissingValueError` where there is none."""
        ...

    def instance(self, key: Any) -> Any:
        """The instance of `for_each` or `count` with this key."""
        ...

    def instances(self) -> Any:
        """All instances: a mapping for `for_each`, a list for `count`, an `Unresolved` where they are not known."""
        ...


class Evaluator:
    """Evaluates the expressions of one module.

    `file`: named in what is not known. `root`: the value of a first step (`var`, `local`, a resource type).
    `call`: functions that need the module's folder; None for a name it does not know.
    """

    def __init__(
        self, file: str, root: Callable[[str], Any], call: Callable[[str, list[Any]], Any] | None = None
    ) -> None:
        self._file = file
        self._root = root
        self._call = call
        self._names: list[dict[str, Any]] = []
        self._steps = 0

    def value(self, node: Node, names: Mapping[str, Any] | None = None) -> Any:
        """The value of `node`; `names` are known beside the module's own (`each`, `count`).

        What an expression asks for and is not there makes it `Unresolved`.
        """
        if names is not None:
            self._names.append(dict(names))
        try:
            return self._value(node)
        except MissingValueError as error:
            return self._unknown(node, str(error))
        except RecursionError:
            return self._unknown(node, "it refers to itself")
        finally:
            if names is not None:
                self._names.pop()

    def _unknown(self, node: Node, reason: str) -> Unresolved:
        source = " ".join(node.source.split())
        expression = source if source.startswith(("<<", '"')) else f"${{{source}}}"
        if len(expression) > 200:
            expression = f"{expression[:196]}...}}"
        return Unresolved(expression, reason, Origin(self._file, node.line))

    def _value(self, node: Node) -> Any:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise MissingValueError("the module is too large to evaluate")
        match node:
            case Literal():
                return node.value
            case Template():
                return self._template(node)
            case Name():
                return self._name(node)
            case GetAttribute():
                return self._get(node, self._value(node.of), node.name)
            case Index():
                return self._index(node, self._value(node.of), self._value(node.key))
            case Splat():
                return self._splat(node)
            case TupleExpression():
                return LocatedList(
                    [self._value(one) for one in node.elements],
                    line=node.line,
                    lines=[one.line for one in node.elements],
                )
            case ObjectExpression():
                return self._object(node)
            case Call():
                return self._called(node)
            case ForExpression():
                return self._for(node)
            case Unary():
                return self._unary(node)
            case Binary():
                return self._binary(node)
            case Conditional():
                return self._conditional(node)

    # --- steps

    def _name(self, node: Name) -> Any:
        for names in reversed(self._names):
            if node.name in names:
                return names[node.name]
        return self._root(node.name)

    def _get(self, node: Node, of: Any, name: str) -> Any:
        if isinstance(of, Unresolved):
            return self._unknown(node, of.reason)
        if isinstance(of, Referable):
            return of.attribute(name)
        if isinstance(of, dict):
            if name in of:
                return of[name]
            raise MissingValueError(f"there is no {name} in {_shown(node)}")
        if isinstance(of, list):  # the old form of a splat: `list.*.name` is written without its star by few
            return [self._get(node, one, name) for one in of]
        raise MissingValueError(f"{_shown(node)} has no attributes")

    def _index(self, node: Node, of: Any, key: Any) -> Any:
        if isinstance(of, Referable):
            return of.instance(key)
        if isinstance(of, Unresolved) or isinstance(key, Unresolved):
            unknown = of if isinstance(of, Unresolved) else key
            return self._unknown(node, unknown.reason)
        if isinstance(of, dict):
            if as_text(key) in of:
                return of[as_text(key)]
            raise MissingValueError(f"there is no {as_text(key)!r} in {_shown(node)}")
        if isinstance(of, list):
            try:
                return of[int(key)]
            except (ValueError, TypeError, IndexError):
                raise MissingValueError(f"{_shown(node)} has no element {as_text(key)}") from None
        raise MissingValueError(f"{_shown(node)} has no elements")

    def _splat(self, node: Splat) -> Any:
        of = self._value(node.of)
        if isinstance(of, Referable):
            instances = of.instances()
            of = list(instances.values()) if isinstance(instances, dict) else instances
        if isinstance(of, Unresolved):
            return self._unknown(node, of.reason)
        elements = of if isinstance(of, list) else [] if of is None else [of]
        found = []
        for element in elements:
            for step in node.rest:
                if isinstance(step, str):
                    element = self._get(node, element, step)
                else:
                    element = self._index(node, element, self._value(step))
            found.append(element)
        return found

    # --- structure

    def _object(self, node: ObjectExpression) -> Any:
        content = LocatedDict(line=node.line)
        for key_node, value_node in node.items:
            key = self._value(key_node)
            if isinstance(key, Unresolved):
                return self._unknown(node, key.reason)
            content[as_text(key)] = self._value(value_node)
            content.lines[as_text(key)] = key_node.line
        return content

    def _for(self, node: ForExpression) -> Any:
        collection = self._value(node.collection)
        if isinstance(collection, Unresolved):
            return self._unknown(node, collection.reason)
        pairs = _pairs(collection)
        grouped: dict[str, list[Any]] = {}
        keyed = LocatedDict(line=node.line)
        listed = LocatedList(line=node.line)
        for number, (key, value) in enumerate(pairs):
            if number > _MOST_ELEMENTS:
                raise MissingValueError(f"more than {_MOST_ELEMENTS:,} elements")
            names = {node.value_name: value}
            if node.key_name is not None:
                names[node.key_name] = key
            self._names.append(names)
            try:
                if node.condition is not None:
                    holds = self._value(node.condition)
                    if isinstance(holds, Unresolved):
                        return self._unknown(node, holds.reason)
                    if not _truth(holds):
                        continue
                result = self._value(node.value)
                if node.key is None:
                    listed.append(result)
                    listed.lines.append(node.value.line)
                    continue
                name = self._value(node.key)
                if isinstance(name, Unresolved):
                    return self._unknown(node, name.reason)
                if node.grouped:
                    grouped.setdefault(as_text(name), []).append(result)
                else:
                    keyed[as_text(name)] = result
            finally:
                self._names.pop()
        return listed if node.key is None else grouped if node.grouped else keyed

    def _template(self, node: Template) -> Any:
        if len(node.parts) == 1 and not isinstance(node.parts[0], str | IfDirective | ForDirective):
            return self._value(node.parts[0])  # "${x}" is x, whatever its type
        return join_texts(self._parts(node, node.parts))

    def _parts(self, node: Node, parts: Iterable[Any]) -> Iterable[Any]:
        for part in parts:
            if isinstance(part, str):
                yield part
            elif isinstance(part, IfDirective):
                holds = self._value(part.condition)
                if isinstance(holds, Unresolved):
                    yield self._unknown(part.condition, holds.reason)
                else:
                    yield from self._parts(node, part.then if _truth(holds) else part.otherwise)
            elif isinstance(part, ForDirective):
                collection = self._value(part.collection)
                if isinstance(collection, Unresolved):
                    yield self._unknown(part.collection, collection.reason)
                    continue
                for key, value in _pairs(collection):
                    names = {part.value: value} | ({part.key: key} if part.key is not None else {})
                    self._names.append(names)
                    yield join_texts(list(self._parts(node, part.body)))
                    self._names.pop()
            else:
                value = self._value(part)
                if value is None or isinstance(value, (dict, list, Referable)):
                    value = self._unknown(part, "it is not a text")
                yield value

    # --- operations

    def _called(self, node: Call) -> Any:
        name = node.name.removeprefix("core::")
        if name in ("try", "can"):
            return self._tried(node, name)
        if name == "lookup" and len(node.arguments) >= 2:
            of, key = self._value(node.arguments[0]), self._value(node.arguments[1])
            if isinstance(of, dict) and not isinstance(key, Unresolved):
                if as_text(key) in of:
                    return of[as_text(key)]
                if len(node.arguments) == 3:
                    return self._value(node.arguments[2])
                raise MissingValueError(f"there is no {as_text(key)!r} in {_shown(node)}")
        arguments = [_plain(self._value(one)) for one in node.arguments]
        if node.expand and arguments and isinstance(arguments[-1], list):
            arguments = [*arguments[:-1], *arguments[-1]]
        known = FUNCTIONS.get(name)
        if known is None:
            value = None if self._call is None else self._call(name, arguments)
            return self._unknown(node, f"the function {name} is not evaluated here") if value is None else value
        if not known.takes_unknown:
            unknown = next((one for one in arguments if isinstance(one, Unresolved)), None)
            if unknown is not None:
                return self._unknown(node, unknown.reason)
        try:
            value = known.call(*arguments)
        except MissingValueError:
            raise
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
            raise MissingValueError(f"{name}: {error}") from None
        return self._unknown(node, f"{name}: its value is not known") if value is NotImplemented else value

    def _tried(self, node: Call, name: str) -> Any:
        for one in node.arguments:
            try:
                value = self._value(one)
            except MissingValueError:
                continue
            return True if name == "can" and not isinstance(value, Unresolved) else value
        if name == "can":
            return False
        raise MissingValueError(f"none of the values of {_shown(node)} is there")

    def _unary(self, node: Unary) -> Any:
        operand = self._value(node.operand)
        if isinstance(operand, Unresolved):
            return self._unknown(node, operand.reason)
        return not _truth(operand) if node.operator == "!" else -_number(operand)

    def _binary(self, node: Binary) -> Any:
        left = self._value(node.left)
        operator = node.operator
        if operator in ("&&", "||"):
            deciding = operator == "||"
            if not isinstance(left, Unresolved) and _truth(left) is deciding:
                return deciding
            right = self._value(node.right)
            if not isinstance(right, Unresolved) and _truth(right) is deciding:
                return deciding
            unknown = next((one for one in (left, right) if isinstance(one, Unresolved)), None)
            return not deciding if unknown is None else self._unknown(node, unknown.reason)
        right = self._value(node.right)
        unknown = next((one for one in (left, right) if isinstance(one, Unresolved)), None)
        if unknown is not None:
            return self._unknown(node, unknown.reason)
        if operator in ("==", "!="):
            return _equal(_plain(left), _plain(right)) is (operator == "==")
        return _OPERATIONS[operator](_number(left), _number(right))

    def _conditional(self, node: Conditional) -> Any:
        condition = self._value(node.condition)
        if not isinstance(condition, Unresolved):
            return self._value(node.yes if _truth(condition) else node.no)
        try:
            yes, no = self._value(node.yes), self._value(node.no)
        except MissingValueError:
            return self._unknown(node, condition.reason)
        return yes if type(yes) is type(no) and yes == no else self._unknown(node, condition.reason)


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: _whole(x / y) if y else _division(),
    "%": lambda x, y: x % y if y else _division(),
    "<": lambda x, y: x < y,
    ">": lambda x, y: x > y,
    "<=": lambda x, y: x <= y,
    ">=": lambda x, y: x >= y,
}


def _division() -> Any:
    raise MissingValueError("division by zero")


def _whole(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise MissingValueError("true or false is expected")


def _number(value: Any) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        return int(value) if isinstance(value, str) and value.lstrip("-").isdecimal() else float(value)
    except (TypeError, ValueError):
        raise MissingValueError("a number is expected") from None


def _equal(left: Any, right: Any) -> bool:
    return (type(left) is type(right) and left == right) or (
        isinstance(left, int | float | dict | list)
        and isinstance(right, int | float | dict | list)
        and not isinstance(left, bool)
        and not isinstance(right, bool)
        and left == right
    )


def _plain(value: Any) -> Any:
    """A resource's or module's instances, where a function takes it as a whole."""
    return value.instances() if isinstance(value, Referable) else value


def _pairs(collection: Any) -> Iterable[tuple[Any, Any]]:
    collection = _plain(collection)
    if isinstance(collection, dict):
        return collection.items()
    if isinstance(collection, list):
        return enumerate(collection)
    if isinstance(collection, Unresolved):
        raise MissingValueError(collection.reason)
    raise MissingValueError("a list or a map is expected")


def _shown(node: Node) -> str:
    source = " ".join(node.source.split())
    return source if len(source) <= 60 else f"{source[:57]}..."
