"""Where in a Python file a part of a `Pipeline` is written: between the paths of findings and the lines of a page."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

__all__ = ["DeclaredLines"]

_STEP = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")
_MOST_STEPS = 100
"""Names that refer to each other in a circle end the way."""


class DeclaredLines:
    """The lines of one declaration in the text of its module; the text is read, and nothing in it is run.

    `text`: the module. `name`: the global that holds the `Pipeline`.
    """

    def __init__(self, text: str, name: str) -> None:
        self._globals: dict[str, ast.expr] = {}
        try:
            statements = ast.parse(text).body
        except (SyntaxError, ValueError, RecursionError):
            statements = []
        for statement in statements:
            targets = statement.targets if isinstance(statement, ast.Assign) else []
            if isinstance(statement, ast.AnnAssign):
                targets = [statement.target]
            value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
            for target in targets:
                if isinstance(target, ast.Name) and value is not None:
                    self._globals[target.id] = value
        self._declared = self._globals.get(name)

    def line_of(self, path: str) -> int | None:
        """The line of `modules[reid]`, `pipe.batch_size`, ...: of the nearest part that is written in this module.

        None where the declaration is not an assignment of this module.
        """
        if self._declared is None:
            return None
        line = self._declared.lineno
        node: ast.expr | None = self._declared
        steps = [index or name for index, name in _STEP.findall(path)]
        for step in steps:
            node = self._part(node, step) if node is not None else None
            if node is None:
                return line
            line = node.lineno
        return line

    def _part(self, node: ast.expr, step: str, left: int = _MOST_STEPS) -> ast.expr | None:
        """What `step` names inside of `node`: an argument, an element by its name or number, a key."""
        if left == 0:
            return None
        if isinstance(node, ast.Name):
            named = self._globals.get(node.id)
            return None if named is None else self._part(named, step, left - 1)
        if isinstance(node, ast.Call):
            return self._argument(node, step, left)
        if isinstance(node, ast.Tuple | ast.List):
            elements = list(self._elements(node, left))
            if step.isdecimal():
                return elements[int(step)] if int(step) < len(elements) else None
            return next((one for one in elements if self._name(one, left) == step), None)
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            return next((value for key, value in pairs if isinstance(key, ast.Constant) and key.value == step), None)
        return None

    def _argument(self, call: ast.Call, step: str, left: int) -> ast.expr | None:
        """An argument by its name; what `replace(base, ...)` or `base.with_module(...)` does not give is base's."""
        for keyword in call.keywords:
            if keyword.arg == step:
                return keyword.value
        if isinstance(call.func, ast.Attribute) and call.func.attr == "with_module":
            base = self._part(call.func.value, step, left - 1)
            if step != "modules":
                return base
            before = self._elements(base, left) if base is not None else ()
            return ast.copy_location(ast.Tuple([*before, *call.args], ast.Load()), call)
        if isinstance(call.func, ast.Name | ast.Attribute) and call.args:
            name = call.func.id if isinstance(call.func, ast.Name) else call.func.attr
            if name == "replace":
                return self._part(call.args[0], step, left - 1)
            if name == "Pipeline" and step == "modules":
                return call.args[0]
        return None

    def _elements(self, node: ast.expr, left: int) -> Iterator[ast.expr]:
        if left == 0:
            return
        if isinstance(node, ast.Name) and node.id in self._globals:
            yield from self._elements(self._globals[node.id], left - 1)
        for one in node.elts if isinstance(node, ast.Tuple | ast.List) else ():
            if isinstance(one, ast.Starred):
                yield from self._elements(one.value, left - 1)
            else:
                yield one

    def _name(self, node: ast.expr, left: int) -> str | None:
        """What `Module("pose")`, `RuleSettings(name="all")` or a global that is one of them is called."""
        if isinstance(node, ast.Name) and left > 0 and node.id in self._globals:
            return self._name(self._globals[node.id], left - 1)
        if not isinstance(node, ast.Call):
            return None
        first = [*(one.value for one in node.keywords if one.arg == "name"), *node.args][:1]
        return str(first[0].value) if first and isinstance(first[0], ast.Constant) else None
