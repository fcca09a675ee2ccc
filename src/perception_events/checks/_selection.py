"""Which findings are wanted: by identifier, by the beginning of one, or by name."""

from __future__ import annotations

from collections.abc import Iterable

from perception_events.checks._catalogue import CHECKS
from perception_events.checks._findings import Check, Finding
from perception_events.errors import DeclarationError

__all__ = ["UnknownCheckError", "select_checks", "select_findings"]


class UnknownCheckError(DeclarationError, LookupError):
    """An identifier or a name that fits no check."""


def select_findings(
    findings: Iterable[Finding], select: Iterable[str] = (), ignore: Iterable[str] = ()
) -> list[Finding]:
    """The findings whose checks are selected and not ignored; without `select` all are.

    `select`, `ignore`: identifiers, beginnings of them (`PE3`), or names (`rule-without-target`).

    Raises:
        UnknownCheckError: one of them fits no check.
    """
    kept = {check.identifier for check in select_checks(select, ignore)}
    return [finding for finding in findings if finding.identifier in kept]


def select_checks(select: Iterable[str] = (), ignore: Iterable[str] = ()) -> tuple[Check, ...]:
    """The checks that are selected and not ignored; `select` and `ignore` as of `select_findings`.

    Raises:
        UnknownCheckError: one of them fits no check.
    """
    wanted, dropped = list(select), list(ignore)
    for text in (*wanted, *dropped):
        if not any(_fits(check, text) for check in CHECKS):
            raise UnknownCheckError(f"{text!r} fits no check; fix: `perception-events check --list` names them")
    return tuple(
        check
        for check in CHECKS
        if (not wanted or any(_fits(check, text) for text in wanted))
        and not any(_fits(check, text) for text in dropped)
    )


def _fits(check: Check, text: str) -> bool:
    return check.name == text or (bool(text) and check.identifier.startswith(text))
