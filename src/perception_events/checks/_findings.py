"""What a check says: the check itself, one finding of it, and the waiver that silences a finding with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from perception_events.errors import PerceptionEventsError

__all__ = ["Check", "Finding", "InvalidWaiverError", "Severity", "Waiver", "apply_waivers"]


class Severity(StrEnum):
    """How bad it is; the values are SARIF's levels."""

    ERROR = "error"
    """AWS rejects it, or it cannot work."""
    WARNING = "warning"
    """It works until something fails, or loses or repeats events without a word."""
    NOTE = "note"
    """Worth knowing before the first deployment."""

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked for: `identifier` never changes its meaning, `reference` says who says so."""

    identifier: str
    name: str
    severity: Severity
    summary: str
    reference: str
    fix: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One location where a check does not hold. `waived` is the reason of the waiver, None where there is none."""

    check: Check
    location: str
    reason: str
    waived: str | None = None

    @property
    def identifier(self) -> str:
        """The check's, such as `PE001`."""
        return self.check.identifier

    @property
    def severity(self) -> Severity:
        """The check's."""
        return self.check.severity


class InvalidWaiverError(PerceptionEventsError, ValueError):
    """A waiver that names no check, gives no reason or silences nothing."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """Silences `identifier` at the locations that `location` (shell-style wildcards) covers, for a stated reason.

    Raises:
        InvalidWaiverError: there is no reason.
    """

    identifier: str
    reason: str
    location: str = "*"

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise InvalidWaiverError(f"the waiver of {self.identifier} gives no reason; write why it may stay")

    @classmethod
    def parse(cls, text: str) -> Waiver:
        """Read `PE001=reason` or `PE001@location=reason`.

        Raises:
            InvalidWaiverError: the text has another form.
        """
        head, equals, reason = text.partition("=")
        identifier, _, location = head.partition("@")
        if not equals or not identifier.strip():
            raise InvalidWaiverError(
                f"waiver {text!r} must read ID=reason or ID@location=reason, such as PE021=by design"
            )
        return cls(identifier.strip(), reason.strip(), location.strip() or "*")

    def covers(self, finding: Finding) -> bool:
        """Whether this waiver silences `finding`."""
        return self.identifier == finding.identifier and fnmatchcase(finding.location, self.location)


def apply_waivers(findings: Iterable[Finding], waivers: Iterable[Waiver], known: Iterable[str]) -> list[Finding]:
    """The findings, the waived ones marked with their reason.

    Raises:
        InvalidWaiverError: a waiver names a check that is not in `known`.
    """
    waivers, known = list(waivers), set(known)
    for waiver in waivers:
        if waiver.identifier not in known:
            raise InvalidWaiverError(
                f"the waiver of {waiver.identifier!r} names no check; see docs/reference/checks.md"
            )
    marked = []
    for finding in findings:
        reason = next((w.reason for w in waivers if w.covers(finding)), None)
        marked.append(replace(finding, waived=reason) if reason else finding)
    return marked
