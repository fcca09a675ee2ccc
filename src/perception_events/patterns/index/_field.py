"""One field of rules in an index: a path and its values, one object for all rules that have it."""

from __future__ import annotations

from perception_events.patterns import _ast as ast
from perception_events.patterns._values import any_of, digits_test, number_test
from perception_events.patterns.index._keys import alternatives_of, index_keys
from perception_events.patterns.index._parsed import digits_of, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from perception_events.patterns.index._keys import Alternatives, IndexKey
    from perception_events.patterns.index._parsed import Parsed

    Reading: TypeAlias = Callable[[str, Parsed], Any]

__all__ = ["IndexedField"]


class IndexedField:
    """A path and its values. Its test is made when it is first needed: most fields of a large set never are."""

    __slots__ = ("absence", "alternatives", "holds", "keys", "passes_leaf", "path", "read", "uses", "values")

    def __init__(self, path: str, values: tuple[ast.ValuePattern, ...]) -> None:
        self.path = path
        self.values = values
        self.absence = any(isinstance(value, ast.Exists) and not value.present for value in values)
        self.keys: tuple[IndexKey, ...] | None = None
        """What it is indexed under; None where its absence passes, or where there are alternatives."""
        self.alternatives: tuple[Alternatives, ...] = ()
        """For each key, those of which any one suffices; empty where there are none."""
        keys = index_keys(values)
        if keys is not None and any(isinstance(key[0], tuple) for key in keys):
            self.alternatives = tuple([alternatives_of(key) for key in keys])
        else:
            self.keys = keys  # type: ignore[assignment]
        self.uses = 0
        """How many entries have it."""
        self.holds: Callable[[Any], bool] | None = None
        """Whether a leaf passes, or what `read` makes of it; None until `prepare`."""
        self.read: Reading | None = None
        """What the test looks at: a leaf's number, its digits; None: the leaf."""
        self.passes_leaf: Callable[[str], bool] | None = None

    def prepare(self) -> Callable[[Any], bool]:
        """Make the test; whoever comes at the same time makes the same."""
        for read, make in ((number_of, number_test), (digits_of, digits_test)):
            test = make(self.values)
            if test is not None:
                self.read = read  # before `holds`, by which others see that it is made
                self.holds = test
                return test
        self.holds = any_of(self.values)
        return self.holds

    def passes(self, leaf: str) -> bool:
        """Whether a leaf passes, by itself."""
        if self.passes_leaf is None:
            self.passes_leaf = any_of(self.values)
        return self.passes_leaf(leaf)

    def passes_any(self, leaves: list[str], parsed: Parsed) -> bool:
        """Whether one of several leaves passes, or the absence of all."""
        if not leaves:
            return self.absence
        holds = self.holds or self.prepare()
        read = self.read
        if read is None:
            return any(map(holds, leaves))
        return any(value is not None and holds(value) for value in [read(leaf, parsed) for leaf in leaves])
