"""The registry: classifiers in order of precedence, the first that claims a key names its event type."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from perception_events.classifiers._answers import (
    Ambiguity,
    Classification,
    ClassifierError,
    DuplicateClassifierError,
    Item,
)
from perception_events.classifiers._ready_made import CallableClassifier, ContainsClassifier
from perception_events.errors import describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from perception_events.classifiers._protocol import Classifier

__all__ = ["ENTRY_POINT_GROUP", "ClassifierRegistry", "default_registry"]

ENTRY_POINT_GROUP = "perception_events.classifiers"


class ClassifierRegistry:
    """An immutable sequence of classifiers; extending it returns a new one.

    Raises:
        DuplicateClassifierError: two classifiers share a name.
        ClassifierError: something in it is no classifier.
    """

    __slots__ = ("_classifiers", "default")

    def __init__(
        self,
        classifiers: Iterable[Classifier | Callable[[str, Item | None], str | None]] = (),
        *,
        default: str = "unknown",
    ) -> None:
        self._classifiers = tuple(_as_classifier(c) for c in classifiers)
        self.default = default
        seen: dict[str, Classifier] = {}
        for classifier in self._classifiers:
            if classifier.name in seen:
                raise DuplicateClassifierError(
                    f"two classifiers are called {classifier.name!r}: {seen[classifier.name]!r} and {classifier!r}; "
                    "rename or remove one"
                )
            seen[classifier.name] = classifier

    @property
    def classifiers(self) -> tuple[Classifier, ...]:
        """In order of precedence."""
        return self._classifiers

    @property
    def event_types(self) -> tuple[str, ...]:
        """The event types that the classifiers declare; one that computes its answer declares none."""
        found = (getattr(c, "event_type", None) for c in self._classifiers)
        return tuple(dict.fromkeys(t for t in found if isinstance(t, str)))

    def with_classifier(
        self, classifier: Classifier | Callable[[str, Item | None], str | None], *, before: str | None = None
    ) -> ClassifierRegistry:
        """This registry with one more classifier: last, or just before the one called `before`.

        Raises:
            DuplicateClassifierError: its name is taken.
            ClassifierError: no classifier is called `before`.
        """
        at = len(self._classifiers)
        if before is not None:
            names = [c.name for c in self._classifiers]
            if before not in names:
                raise ClassifierError(f"no classifier is called {before!r}; there are: {', '.join(names) or 'none'}")
            at = names.index(before)
        return ClassifierRegistry((*self._classifiers[:at], classifier, *self._classifiers[at:]), default=self.default)

    def classify(self, sort_key: str, item: Item | None = None) -> str:
        """The event type of `sort_key`, or the default.

        Raises:
            ClassifierError: `sort_key` is not a text.
        """
        if not isinstance(sort_key, str):
            raise ClassifierError(f"a sort key is a text, found {type(sort_key).__name__} {describe(sort_key)}")
        for classifier in self._classifiers:
            event_type = classifier.classify(sort_key, item)
            if event_type is not None:
                return event_type
        return self.default

    def explain(self, sort_key: str, item: Item | None = None) -> Classification:
        """As `classify`, with the classifier that decided.

        Raises:
            ClassifierError: `sort_key` is not a text.
        """
        if not isinstance(sort_key, str):
            raise ClassifierError(f"a sort key is a text, found {type(sort_key).__name__} {describe(sort_key)}")
        for classifier in self._classifiers:
            event_type = classifier.classify(sort_key, item)
            if event_type is not None:
                return Classification(event_type, classifier.name, f"{classifier.name} claims {sort_key!r}")
        return Classification(self.default, None, f"no classifier claims {sort_key!r}")

    def ambiguities(self, keys: Iterable[str] = (), *, against: ClassifierRegistry | None = None) -> list[Ambiguity]:
        """The keys which classifiers of different event types both claim, each with its claims.

        Looked at are `keys` and the example keys of the classifiers that have `examples()`: every ready-made one
        that is built from a literal text. With `against`, the keys which only one of the two registries claims, or
        which they name differently, are reported too: what changes when one takes the other's place.
        """
        registries = (self,) if against is None else (self, against)
        examples = (key for r in registries for c in r.classifiers for key in getattr(c, "examples", tuple)())
        found = []
        for key in dict.fromkeys((*keys, *examples)):
            answers = ((c.name, c.classify(key, None)) for c in self._classifiers)
            claims = tuple((name, event_type) for name, event_type in answers if event_type is not None)
            if against is not None and against.classify(key) != self.classify(key):
                claims = tuple((r.explain(key).classifier or "no classifier", r.classify(key)) for r in registries)
            if len({event_type for _, event_type in claims}) > 1:
                found.append(Ambiguity(key, claims))
        return found

    def with_entry_points(self, group: str = ENTRY_POINT_GROUP) -> ClassifierRegistry:
        """This registry with the classifiers that installed packages offer, in order of entry-point name.

        Raises:
            ClassifierError: an entry point cannot be loaded or is no classifier.
        """
        from importlib.metadata import entry_points

        registry = self
        for entry in sorted(entry_points(group=group), key=lambda e: e.name):
            try:
                loaded = entry.load()
            except Exception as error:
                raise ClassifierError(
                    f"entry point {entry.name!r} ({entry.value}) cannot be loaded: {error}"
                ) from error
            registry = registry.with_classifier(loaded)
        return registry

    @classmethod
    def from_entry_points(cls, group: str = ENTRY_POINT_GROUP) -> ClassifierRegistry:
        """Only the classifiers that installed packages offer."""
        return cls().with_entry_points(group)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ClassifierRegistry):
            return NotImplemented
        return self._classifiers == other._classifiers and self.default == other.default

    def __hash__(self) -> int:
        return hash((self._classifiers, self.default))

    def __repr__(self) -> str:
        return f"ClassifierRegistry([{', '.join(c.name for c in self._classifiers)}], default={self.default!r})"


def _as_classifier(found: Classifier | Callable[[str, Item | None], str | None]) -> Classifier:
    if isinstance(found, type):
        raise ClassifierError(f"{found!r} is a class; register an instance of it")
    # What isinstance(found, Classifier) asks, without loading `typing` in every Lambda function.
    if hasattr(found, "name") and hasattr(found, "classify"):
        return found
    if callable(found):
        return CallableClassifier(found)
    raise ClassifierError(
        f"{found!r} is no classifier: it has no name and classify(sort_key, item), nor is it callable"
    )


default_registry = ClassifierRegistry(
    (
        ContainsClassifier("pose", "#pose#"),
        ContainsClassifier("recon", "#recon#"),
        ContainsClassifier("preprocessing", "#preprocessing"),
        ContainsClassifier("reid", "#reid"),
        ContainsClassifier("postprocessing", "#postprocessing"),
    )
)
"""The original system's five event types, told apart exactly as its `match` statement did."""
