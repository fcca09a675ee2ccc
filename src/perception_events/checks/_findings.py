"""What a check says: the check itself, what was found where, and the waiver that lets it be, with a reason."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from perception_events.checks._location import Location
from perception_events.errors import DeclarationError
from perception_events.topology import Origin

__all__ = ["Check", "Finding", "Found", "InvalidWaiverError", "Severity", "Waiver", "apply_waivers"]


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
    """One thing that is looked for.

    `identifier`: `PE` and three digits; it never changes its meaning. `name`: in words, with hyphens. `summary`: what
    is wrong, in one sentence. `reference`: who says so. `fix`: what to do. `per_file`: findings of one file are
    reported as one, since a file that has one of them mostly has many.
    """

    identifier: str
    name: str
    severity: Severity
    summary: str
    reference: str
    fix: str
    per_file: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a check yields: its identifier, where, why, and a fix where there is a better one than the check's own."""

    identifier: str
    location: Location
    reason: str
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One location where a check does not hold.

    `location`: the logical path, such as `Resources.OrderRule.Properties.EventPattern.source[0]`. `origin`: the file
    and line, where they are known; `resource`: the id of the resource, `resource_origin`: where that was written.
    `fix`: what to do here. `others`: the further locations of a finding that stands for several.
    `waived`: the reason of the waiver, None where there is none.
    """

    check: Check
    location: str
    reason: str
    fix: str = ""
    origin: Origin | None = None
    resource: str = ""
    resource_origin: Origin | None = None
    others: tuple[str, ...] = ()
    waived: str | None = None

    @property
    def identifier(self) -> str:
        """The check's, such as `PE001`."""
        return self.check.identifier

    @property
    def severity(self) -> Severity:
        """The check's."""
        return self.check.severity

    @property
    def printed_location(self) -> str:
        """The location as reports print it: `template.yaml:12 Resources.OrderRule`, or the logical path alone."""
        text = self.location
        if self.origin is not None and self.origin.line is not None:
            text = f"{self.origin.file}:{self.origin.line} {text}"
        return f'"{text}"' if "=" in text else text


class InvalidWaiverError(DeclarationError, ValueError):
    """A waiver that names no check, gives no reason or cannot be read."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """Lets findings of `identifier` be, for a stated reason.

    `location`: where: the logical path, the file, `file:line`, or the location as it is printed; `*` and `?` stand for
    any characters, everything else for itself. `file`, `lines`: where a comment in that file stands for; None is
    everywhere.

    Raises:
        InvalidWaiverError: there is no reason.
    """

    identifier: str
    reason: str
    location: str = "*"
    file: str | None = None
    lines: frozenset[int] | None = None

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise InvalidWaiverError(f"the waiver of {self.identifier} gives no reason; write why it may stay")

    @classmethod
    def parse(cls, text: str) -> Waiver:
        """Read `PE001=reason` or `PE001@location=reason`; a location that holds `=` stands in double quotes.

        Raises:
            InvalidWaiverError: the text has another form.
        """
        read = re.fullmatch(r"\s*(\w+)\s*(?:@(?:\s*\"([^\"]*)\"\s*|([^=]*)))?=(.*)", text, re.DOTALL)
        if read is None:
            raise InvalidWaiverError(
                f"waiver {text!r} must read ID=reason or ID@location=reason, such as PE105=updates come by another way"
            )
        location = (read[2] or read[3] or "").strip()
        return cls(read[1], read[4].strip(), location or "*")

    def covers(self, finding: Finding) -> bool:
        """Whether this waiver lets `finding` be."""
        if self.identifier != finding.identifier:
            return False
        origin = finding.origin
        if self.file is not None:
            lines = {o.line for o in (origin, finding.resource_origin) if o is not None and o.file == self.file}
            return bool(lines) and (self.lines is None or bool(self.lines & lines))
        known = [finding.location, finding.printed_location.strip('"')]
        if origin is not None:
            known += [origin.file, f"{origin.file}:{origin.line}", str(origin)]
        form = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in self.location)
        return any(re.fullmatch(form, text, re.DOTALL) for text in known)

    def __str__(self) -> str:
        where = "" if self.location == "*" else f" at {self.location}"
        return f"the waiver of {self.identifier}{where if self.file is None else f' in {self.file}'}"


def apply_waivers(findings: Iterable[Finding], waivers: Iterable[Waiver], known: Iterable[str]) -> list[Finding]:
    """The findings, the waived ones marked with their reason.

    Raises:
        InvalidWaiverError: a waiver names a check that is not in `known`.
    """
    waivers, known = list(waivers), set(known)
    for waiver in waivers:
        if waiver.identifier not in known:
            raise InvalidWaiverError(
                f"the waiver of {waiver.identifier!r} names no check; fix: `perception-events check --list` names them"
            )
    marked = []
    for finding in findings:
        reason = next((w.reason for w in waivers if w.covers(finding)), None)
        marked.append(replace(finding, waived=reason) if reason else finding)
    return marked
