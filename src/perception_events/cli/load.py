"""Find what a command line names in Python code: a `Pipeline`, a handler, a model."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from perception_events.classifiers import ClassifierRegistry, Enrichment
from perception_events.cli.errors import CommandError, call_user_code
from perception_events.pipeline import Pipeline

__all__ = ["BUILT_IN_PIPELINE", "NOT_FOUND_FIX", "ObjectNotFoundError", "load_function", "load_object", "load_pipeline"]

BUILT_IN_PIPELINE = "perception_events.pipeline:perception_pipeline"
NOT_FOUND_FIX = "write package.module:NAME or path/to/file.py:NAME"


class ObjectNotFoundError(CommandError, LookupError):
    """An option names nothing that can be used; the message says which part of it."""


def load_pipeline(location: str) -> Pipeline:
    """The `Pipeline` at `package.module:NAME` or `path/to/file.py:NAME`.

    Raises:
        ObjectNotFoundError: there is no such module, file or name, or the name is not a `Pipeline`.
        UserCodeError: the module raised when it was imported.
    """
    found = load_object(location, "--pipeline", Pipeline)
    if not isinstance(found, Pipeline):
        raise ObjectNotFoundError(
            f"--pipeline {location}: it is a {type(found).__name__}, not a Pipeline",
            _suggestion(location, Pipeline),
        )
    return found


def load_function(location: str, option: str) -> Callable[[Any], Any]:
    """The function of one argument at a location: a function, a Lambda handler, a registry or an object with `invoke`.

    Raises:
        ObjectNotFoundError: nothing can be called there.
        UserCodeError: the module raised when it was imported.
    """
    found = load_object(location, option)
    if isinstance(found, ClassifierRegistry):
        found = Enrichment(found)
    found = getattr(found, "invoke", found)
    if not callable(found):
        raise ObjectNotFoundError(
            f"{option} {location}: it is a {type(found).__name__}, not a function",
            "name a function, a handler or a classifier registry",
        )
    return _of_one_argument(found)


def _of_one_argument(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """A Lambda handler takes a context too; None stands in for it."""
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        return lambda event: function(event, None)
    return function


def load_object(location: str, option: str, kind: type | None = None) -> object:
    """What `package.module:NAME` or `path/to/file.py:NAME` names; modules are looked for in the current folder, too.

    `option`: how messages call it. `kind`: what is suggested where the name is not there.

    Raises:
        ObjectNotFoundError: there is no such module, file or name.
        UserCodeError: the module raised when it was imported.
    """
    place, _, name = location.rpartition(":")
    if not place or not name.isidentifier():
        raise ObjectNotFoundError(f"{option} {location!r} names no object in a module", NOT_FOUND_FIX)
    module = _module_of_file(Path(place), option) if place.endswith(".py") else _module(place, option)
    try:
        return getattr(module, name)
    except AttributeError:
        fix = _names_fix(module, place, kind)
        raise ObjectNotFoundError(f"{option} {location}: {place} has no {name!r}", fix) from None


def _module(name: str, option: str) -> ModuleType:
    if "" not in sys.path:
        sys.path.insert(0, "")
    return _imported(name, name, option)


def _module_of_file(file: Path, option: str) -> ModuleType:
    """The module in `file`, imported under the name that its packages give it, so that relative imports work."""
    if not file.is_file():
        raise ObjectNotFoundError(f"{option} {file}: there is no such file", "check the path")
    path = file.resolve()
    root, names = path.parent, [path.stem]
    while (root / "__init__.py").is_file():
        names.insert(0, root.name)
        root = root.parent
    name = ".".join(names)
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    known = sys.modules.get(name)
    if known is not None and Path(getattr(known, "__file__", None) or "/").resolve() != path:
        return _module_beside(name, path)  # such as `types.py`: the name is taken by another module
    return _imported(name, str(file), option)


def _module_beside(name: str, path: Path) -> ModuleType:
    """The module in `path` under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"_{name}_of_command_line", path)
    assert spec is not None, path
    loader = spec.loader
    assert loader is not None, path
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    call_user_code(lambda: loader.exec_module(module), str(path))
    return module


def _imported(name: str, shown: str, option: str) -> ModuleType:
    try:
        module = call_user_code(lambda: importlib.import_module(name), shown)
    except CommandError as error:
        missing = error.__cause__
        if isinstance(missing, ModuleNotFoundError) and missing.name and f"{name}.".startswith(f"{missing.name}."):
            raise ObjectNotFoundError(
                f"{option} {shown}: it cannot be imported: {missing}",
                "run where it can be imported, or name its file: path/to/file.py:NAME",
            ) from missing
        raise
    assert isinstance(module, ModuleType), name
    return module


def _suggestion(location: str, kind: type) -> str:
    place = location.rpartition(":")[0]
    module = next((m for n, m in sys.modules.items() if n == place), None)
    return NOT_FOUND_FIX if module is None else _names_fix(module, place, kind)


def _names_fix(module: ModuleType, place: str, kind: type | None) -> str:
    """The names in `module` that would do."""
    names = [n for n, value in vars(module).items() if kind and isinstance(value, kind) and not n.startswith("_")]
    return f"write {' or '.join(f'{place}:{name}' for name in names[:3])}" if names else NOT_FOUND_FIX
