"""What a question about patterns is answered with."""

from __future__ import annotations

from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

__all__ = ["Answer"]


@dataclass(frozen=True, slots=True)
class Answer:
    """Yes, no or unknown, with an event that shows it.

    Args:
        verdict: True, False, or None where the answer would cost too much or depends on what is not modelled.
        witness: the event that shows it, confirmed by the matcher: one that both match for an overlap, the
            counterexample where `implies`, `equivalent` or `disjoint` is False; None where there is nothing to show.
        witness_json: the same event as text. Only here is every number spelled as it must be: 1e309 is not a float.
        reason: what the witness shows, or why there is no verdict; may be empty.
    """

    verdict: bool | None
    witness: dict[str, Any] | None = None
    witness_json: str | None = None
    reason: str = ""

    def __bool__(self) -> NoReturn:
        raise TypeError("an answer can be unknown: compare its verdict with True, False or None")
