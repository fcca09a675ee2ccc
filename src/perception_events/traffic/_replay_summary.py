"""Replayed inputs -> how often each rule matched and each target was reached, when first and last, and what failed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from perception_events.simulation import Verdict
from perception_events.traffic._inputs import InputCounts
from perception_events.traffic._replay import Replay, ReplayedInput
from perception_events.traffic._replayed_joins import JOINS

__all__ = ["Occurrences", "ReplaySummary"]

MAX_TRIGGERS = 1000
MAX_FAILURES = 1000


@dataclass(slots=True)
class Occurrences:
    """How often, and the virtual times of the first and the last."""

    count: int = 0
    first: str = ""
    last: str = ""

    def add(self, time: str) -> None:
        """Count one; times do not go back."""
        self.count += 1
        self.first = self.first or time
        self.last = time

    def to_dict(self) -> dict[str, Any]:
        """A JSON object."""
        return {"count": self.count, "first": self.first or None, "last": self.last or None}


@dataclass(slots=True)
class ReplaySummary:
    """What a replay did, in all.

    `put_in`: inputs, by bus or source. `rules`: matches, by (bus, rule). `received`: by resource. `triggers`: (time,
    source, key) of the first 1000 items that joins wrote. `failures`: by what was given up and why. `undecided`: what
    was not decided, by the expressions of unknown values.
    """

    put_in: dict[str, Occurrences] = field(default_factory=dict)
    rules: dict[tuple[str, str], Occurrences] = field(default_factory=dict)
    received: dict[str, Occurrences] = field(default_factory=dict)
    triggers: list[tuple[str, str, str]] = field(default_factory=list)
    triggered: int = 0
    filtered_out: int = 0
    retries: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    undecided: Counter[str] = field(default_factory=Counter)

    def add(self, one: ReplayedInput) -> None:
        """Count what one input did."""
        result = one.result
        self.put_in.setdefault(one.to, Occurrences()).add(one.time)
        for verdict in result.rules:
            if verdict.verdict is Verdict.MATCHED:
                self.rules.setdefault((verdict.bus, verdict.rule), Occurrences()).add(one.time)
        for invocation in result.received:
            self.received.setdefault(invocation.resource, Occurrences()).add(one.time)
        self.filtered_out += len(result.filtered_out)
        self.retries += result.retries
        for failure in result.failures:
            if failure in self.failures or len(self.failures) < MAX_FAILURES:
                self.failures[failure] += 1
        for step in result.depends_on:
            self.undecided[f"{step.subject}: {', '.join(step.expressions)}"] += 1
        if one.found.file == JOINS:
            self.triggered += 1
            if len(self.triggers) < MAX_TRIGGERS:
                self.triggers.append((one.time, one.to, one.key))

    def to_dict(self, inputs: InputCounts, replay: Replay) -> dict[str, Any]:
        """A JSON object of everything; `inputs` and `replay`: what it was made of."""
        return {
            "input": inputs.to_dict(),
            "put_in": {name: one.to_dict() for name, one in self.put_in.items()},
            "rules": [{"bus": bus, "rule": rule, **one.to_dict()} for (bus, rule), one in sorted(self.rules.items())],
            "received": {name: one.to_dict() for name, one in sorted(self.received.items())},
            "filtered_out": self.filtered_out,
            "retries": self.retries,
            "failures": dict(self.failures.most_common()),
            "undecided": dict(self.undecided.most_common()),
            "join_triggers": self.triggered,
            "triggers": [{"time": time, "to": to, "key": key} for time, to, key in self.triggers],
            "repeated_triggers": replay.repeated_triggers,
            "open_joins": [report.to_dict() for report in replay.open_joins],
            "join_failures": list(replay.join_failures),
        }

    def text(self, inputs: InputCounts, replay: Replay) -> str:
        """The same for a reader."""
        lines = [
            f"{inputs.lines:,} input{'s' * (inputs.lines != 1)}: {inputs.read:,} put in, {inputs.unreadable:,} not"
        ]
        if inputs.files:
            lines.append(f"{inputs.files:,} files not read, or not to their end")
        for title, table in (
            ("put into", self.put_in),
            ("rule", {rule: one for (_, rule), one in sorted(self.rules.items())}),
            ("received by", dict(sorted(self.received.items()))),
        ):
            width = max(len(name) for name in (*table, title))
            lines += ["", f"{title:<{width}}  {'times':>10}  {'first':<20}  last"]
            lines += [f"{name:<{width}}  {one.count:>10,}  {one.first:<20}  {one.last}" for name, one in table.items()]
        for count, what in (
            (self.filtered_out, "filtered out by pipes"),
            (self.retries, "retries"),
            (replay.repeated_triggers, "recorded triggers left out, for the joins wrote them again"),
        ):
            if count:
                lines += ["", f"{count:,} {what}"]
        if self.triggered:
            lines += ["", f"{self.triggered:,} items written by joins:"]
            lines += [f"  {time}  {key}" for time, _, key in self.triggers]
        if open_joins := replay.open_joins:
            lines += ["", f"{len(open_joins):,} groups have not triggered:"]
            lines += [f"  {report.state.key}: {report.status.value.lower()}" for report in open_joins[:MAX_TRIGGERS]]
        for title, counts in (("given up:", self.failures), ("not decided, for a value is not known:", self.undecided)):
            if counts:
                lines += ["", title, *(f"  {count:,} x {what}" for what, count in counts.most_common())]
        if replay.join_failures:
            lines += ["", "groups that could not be settled:", *(f"  {one}" for one in replay.join_failures)]
        return "\n".join(lines) + "\n"
