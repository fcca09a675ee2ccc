"""How much work a wildcard makes for the engine, on the engine's own scale."""

from __future__ import annotations

from perception_events.patterns import _ast as ast
from perception_events.patterns._compiler import SubRule
from perception_events.patterns._errors import InvalidEventPatternError
from perception_events.patterns._values import wildcard_pieces

__all__ = ["MAX_WILDCARD_COMPLEXITY", "check_complexity", "wildcard_complexity"]

MAX_WILDCARD_COMPLEXITY = 10
"""The most that is accepted unless told otherwise.

Unknown on AWS: its limit. It rejects `*:*:*:*:*:event-bus/*`, which counts 11; the highest count seen accepted is 7.
"""


def wildcard_complexity(value: str) -> int:
    """The most states the engine can be in at once while it reads a text, for one wildcard.

    Every wildcard passed stays one state. Beside these, each place inside a literal piece that the text read so far
    may have reached counts one: of `*ab*ab*`, after `ab`, the ends of both pieces.

    AWS: event-ruler `MachineComplexityEvaluator`; the tests compare the two.
    """
    _, *pieces = (piece.encode() for piece in wildcard_pieces(value))
    if not pieces:
        return 1
    prefixes: dict[bytes, int] = {}
    for piece in pieces:
        for end in range(1, len(piece) + 1):
            prefixes[piece[:end]] = prefixes.get(piece[:end], 0) + 1
    # Whatever is reached at once ends alike, so the longest of it is one of the prefixes.
    reached = (sum(prefixes.get(text[start:], 0) for start in range(len(text))) for text in prefixes)
    return len(pieces) + max(reached, default=0)


def check_complexity(rules: tuple[SubRule, ...], limit: int) -> None:
    """Reject wildcards above `limit`.

    Raises:
        InvalidEventPatternError: with the path and what it counts.
    """
    for rule in rules:
        for path, values in rule.fields:
            for value in values:
                for text in _wildcards(value):
                    count = wildcard_complexity(text)
                    if count > limit:
                        raise InvalidEventPatternError(
                            "Rule is too complex - try using fewer wildcard characters or fewer repeating character "
                            "sequences after a wildcard character",
                            code="TooComplex",
                            pointer=f"/{path}",
                            hint=f"{ast.String(text)} counts {count}, at most {limit} are accepted; AWS's own limit is "
                            "not published",
                        )


def _wildcards(value: ast.ValuePattern) -> tuple[str, ...]:
    if isinstance(value, ast.Wildcard):
        return (value.value,)
    if isinstance(value, ast.AnythingButOperator) and value.inner == "wildcard":
        return value.values
    return ()
