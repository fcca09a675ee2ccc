"""What can stand in a record, an event, or what a template makes of them: the shapes that paths are looked up in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from perception_events.input_transforms import InvalidTemplateError, PipeInputTemplate, Placeholder
from perception_events.json_values import JSONValue
from perception_events.sources import Shape, Special

__all__ = [
    "ENVELOPE",
    "Carried",
    "missing_step",
    "path_steps",
    "path_texts",
    "position_words",
    "shape_at",
    "template_shape",
    "template_ways",
]


_VALUE, _ANYTHING = Special.VALUE, Special.ANYTHING
ENVELOPE: Mapping[str, Shape] = {
    "version": _VALUE,
    "id": _VALUE,
    "detail-type": _VALUE,
    "source": _VALUE,
    "account": _VALUE,
    "time": _VALUE,
    "region": _VALUE,
    "resources": _VALUE,
    "detail": _ANYTHING,
    "replay-name": _VALUE,
}
"""An event on a bus."""


def path_steps(placeholder: str) -> tuple[str, ...]:
    """The names in a JSON path, up to the first index: `$.dynamodb.NewImage` has two, and `$.a[0].b` one."""
    return tuple(step for step in placeholder.split("[", 1)[0].removeprefix("$").split(".") if step)


_HOLE, _TEXT = "\x00", "x"


def _json_text(template: str, placeholders: Iterable[Placeholder]) -> tuple[str, list[str]]:
    """The template with a JSON text for each placeholder, and the names of the placeholders outside quotes."""
    pieces: list[str] = []
    holes: list[str] = []
    end = 0
    for placeholder in placeholders:
        pieces.append(template[end : placeholder.offset])
        if placeholder.quoted:
            pieces.append(_TEXT)
        else:
            pieces.append(json.dumps(f"{_HOLE}{len(holes)}"))
            holes.append(placeholder.name)
        end = placeholder.offset + len(placeholder.name) + 2
    return "".join((*pieces, template[end:])), holes


def _tree(template: str, placeholders: Iterable[Placeholder]) -> tuple[JSONValue, list[str]] | None:
    """The template as JSON, with a text for each placeholder, and the placeholders; None where it is not JSON then."""
    text, holes = _json_text(template, placeholders)
    try:
        return json.loads(text), holes
    except (ValueError, RecursionError):
        return None


def position_words(error: InvalidTemplateError) -> str:
    """Where in a template `error` is: `(line 2, column 5)`; empty where that is not known."""
    return "" if error.line is None else f"(line {error.line}, column {error.column})"


_PATH_TEXT = re.compile(r"\$(?:\.[\w/-]+(?:\[(?:\d+|\*)\])?)+")


def path_texts(template: str, placeholders: Iterable[Placeholder]) -> list[str]:
    """The texts of `template` that are a JSON path from end to end, where a placeholder was probably meant."""
    read = _tree(template, placeholders)
    found: list[str] = []

    def walk(value: JSONValue) -> None:
        if isinstance(value, dict):
            for name, inside in value.items():
                if not name.endswith(".$"):  # Amazon States Language has bare paths under such names
                    walk(inside)
        elif isinstance(value, list):
            for inside in value:
                walk(inside)
        elif isinstance(value, str) and _PATH_TEXT.fullmatch(value):
            found.append(value)

    try:
        if read is not None:
            walk(read[0])
    except RecursionError:
        return []
    return list(dict.fromkeys(found))


def template_shape(template: str, source: Shape) -> Shape:
    """What a valid `template` makes of a `source`; ANYTHING where it is not JSON around its placeholders.

    Raises:
        InvalidTemplateError: the template is not valid.
    """
    read = _tree(template, PipeInputTemplate.parse(template).placeholders)
    if read is None:
        return _ANYTHING
    tree, holes = read

    def shape_of(value: JSONValue) -> Shape:
        if isinstance(value, dict):
            return {name: shape_of(inside) for name, inside in value.items()}
        if isinstance(value, str) and value.startswith(_HOLE):
            name = holes[int(value[1:])]
            if name in ("aws.pipes.event", "aws.pipes.event.json"):
                return source
            return _VALUE if name.startswith("aws.") else shape_at(source, path_steps(name))
        return _VALUE

    try:
        return shape_of(tree)
    except RecursionError:
        return _ANYTHING


Carried: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""Something that is carried through: where it is afterwards, and where it was."""


def template_ways(template: str, ways: Iterable[Carried]) -> list[Carried]:
    """What of `ways` a valid `template` carries through unchanged, and where to.

    Raises:
        InvalidTemplateError: the template is not valid.
    """
    read = _tree(template, PipeInputTemplate.parse(template).placeholders)
    if read is None:
        return []
    tree, holes = read
    known = list(ways)
    found: list[Carried] = []

    def walk(value: JSONValue, path: tuple[str, ...]) -> None:
        if isinstance(value, dict):
            for name, inside in value.items():
                walk(inside, (*path, name))
        elif isinstance(value, str) and value.startswith(_HOLE):
            name = holes[int(value[1:])]
            if name.startswith("aws.") and name not in ("aws.pipes.event", "aws.pipes.event.json"):
                return
            wanted = () if name.startswith("aws.") else path_steps(name)
            for here, before in known:
                if wanted[: len(here)] == here:
                    found.append((path, before + wanted[len(here) :]))
                elif here[: len(wanted)] == wanted:
                    found.append((path + here[len(wanted) :], before))

    try:
        walk(tree, ())
    except RecursionError:
        return []
    return found


def shape_at(shape: Shape, path: tuple[str, ...]) -> Shape:
    """What lies at `path`; ANYTHING inside attributes, where it is not known, and where nothing lies."""
    for step in path:
        if not isinstance(shape, Mapping) or step not in shape:
            return _ANYTHING
        shape = shape[step]
    return shape


def missing_step(shape: Shape, path: tuple[str, ...]) -> str | None:
    """The part of `path` that `shape` does not have, None where it may have all of it."""
    for at, step in enumerate(path):
        if shape in (_ANYTHING, Special.ATTRIBUTES):
            return None
        if not isinstance(shape, Mapping) or step not in shape:
            return ".".join(path[: at + 1])
        shape = shape[step]
    return None
