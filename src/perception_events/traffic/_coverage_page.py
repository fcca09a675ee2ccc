"""A report of coverage -> one HTML page with its charts inside, readable without network."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from perception_events.traffic._coverage_report import CoverageReport, ReaderCoverage

__all__ = ["coverage_page"]

_STYLE = """
:root { color-scheme: light dark; --text: #1f2430; --page: #fff; --line: #d5d9e2; --bar: #2f65ad; --missed: #c77b1a;
  --none: #a3262a; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e7ee; --page: #15181f; --line: #363c49; --bar: #6fa3e8;
  --missed: #e0a04a; --none: #ff8f8f; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem;
  color: var(--text); background: var(--page); }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; }
td, th { padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td { overflow-wrap: break-word; } .scroll { overflow-x: auto; margin: .5rem 0; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.none { color: var(--none); }
code, pre { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap; }
.bar { fill: var(--bar); } .missed { fill: var(--missed); } svg { display: block; } svg text { fill: var(--text); }
details pre { margin: .25rem 0; } .key { display: inline-block; width: .8em; height: .8em; margin-right: .4em; }
"""
_KEY = (
    '<svg class="key" viewBox="0 0 8 8" aria-hidden="true"><rect class="bar" width="8" height="8"/></svg>taken '
    '<svg class="key" viewBox="0 0 8 8" aria-hidden="true"><rect class="missed" width="8" height="8"/></svg>not taken'
)
_MOST_BARS = 400


def coverage_page(report: CoverageReport, title: str = "Coverage of rules") -> str:
    """The page. Whatever comes from events, rules and files stands in it as inert text."""
    untaken = report.events - report.taken
    numbers = (
        (report.inputs.lines, "lines"),
        (report.inputs.read, "read"),
        (report.inputs.unreadable, "unreadable"),
        (report.events, "events"),
        (report.taken, "taken by a rule"),
        (untaken, "taken by none"),
        (report.duplicates, f"repeated ids among {report.duplicates_of:,}"),
        (report.out_of_order, "out of order"),
        (report.without_time, "without a time"),
    )
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>',
        f"<h1>{escape(title)}</h1><p>" + ", ".join(f"{number:,} {escape(what)}" for number, what in numbers) + "</p>",
        "<h2>Events over time</h2>",
        _timeline(report),
        "<h2>Rules</h2>",
        _rules(report),
    ]
    if report.unmatched_values:
        rows = ([escape(v.rule), escape(v.path), f"<code>{escape(v.value)}</code>"] for v in report.unmatched_values)
        parts += ["<h2>Values by which nothing matched</h2>", _table(("rule", "field", "value"), rows)]
    if report.untaken:
        parts += ["<h2>Events that no rule took</h2>", _untaken(report)]
    for reader in report.readers:
        parts += [
            f"<h2>{escape(reader.kind[:1].upper() + reader.kind[1:])} {escape(reader.name)}</h2>",
            _reader(reader),
        ]
    if report.fields:
        parts += ["<h2>Values of fields that rules name</h2>", _fields(report)]
    kinds = ([escape(source), escape(kind), f"{events:,}"] for source, kind, events in report.kinds)
    parts += ["<h2>Sources and detail types</h2>", _table(("source", "detail type", "events"), kinds)]
    if report.undecided:
        rows = ([escape(rule.name), escape(rule.reason)] for rule in report.undecided)
        parts += ["<h2>Rules that cannot be decided</h2>", _table(("rule", "why"), rows)]
    if report.inputs.problems:
        rows = ([escape(f"{p.file}:{p.line}"), escape(p.reason)] for p in report.inputs.problems)
        parts += ["<h2>What could not be read</h2>", _table(("location", "why"), rows)]
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _table(names: tuple[str, ...], rows: Iterable[list[str]]) -> str:
    head = "".join(f"<th{_number(name)}>{escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td{_number(n)}>{cell}</td>" for n, cell in zip(names, row, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _number(name: str) -> str:
    return ' class="number"' if name in ("events", "records", "share") else ""


def _rules(report: CoverageReport) -> str:
    most = max((rule.events for rule in report.rules), default=0) or 1
    rows = (
        [
            escape(rule.name) + ("" if rule.enabled else " (disabled)"),
            f"{rule.events:,}" if rule.events else '<span class="none">0</span>',
            f"{rule.share:.2%}",
            f'<svg width="160" height="14" role="img" aria-label="{rule.share:.2%}">'
            f'<rect class="bar" width="{160 * rule.events / most:.1f}" height="14"/></svg>',
            escape(rule.first or "-"),
            escape(rule.last or "-"),
        ]
        for rule in report.rules
    )
    return _table(("rule", "events", "share", "", "first", "last"), rows)


def _split_bar(taken: int, events: int, most: int) -> str:
    """A bar of `events`, of which `taken` were taken, beside the longest of `most`."""
    whole, part = (160 * number / (most or 1) for number in (events, taken))
    return (
        f'<svg width="160" height="14" role="img" aria-label="{taken:,} of {events:,} taken">'
        f'<rect class="bar" width="{part:.1f}" height="14"/>'
        f'<rect class="missed" x="{part:.1f}" width="{whole - part:.1f}" height="14"/></svg>'
    )


def _reader(reader: ReaderCoverage) -> str:
    records = reader.taken + reader.rejected
    rows = [
        [f"<code>{escape(pattern)}</code>", f"{number:,}" if number else '<span class="none">0</span>']
        for pattern, number in reader.filters
    ]
    parts = [
        f"<p>{reader.taken:,} records taken, {reader.rejected:,} rejected</p>",
        _split_bar(reader.taken, records, records),
    ]
    if rows:
        parts.append(_table(("filter", "records"), rows))
    if reader.unmatched_values:
        unmatched = ([escape(v.path), f"<code>{escape(v.value)}</code>"] for v in reader.unmatched_values)
        parts.append(_table(("field", "value by which nothing matched"), unmatched))
    if reader.reason:
        parts.append(f"<p>First rejected: {escape(f'{reader.file}:{reader.line}')}: {escape(reader.reason)}</p>")
    return "\n".join(parts)


def _fields(report: CoverageReport) -> str:
    rows = []
    for one in report.fields:
        most = max((events for _, events, _ in one.values), default=1)
        for at, (value, events, taken) in enumerate(one.values):
            name = f"{escape(one.path)} ({one.distinct:,} values)" if not at else ""
            rows.append([name, f"<code>{escape(value)}</code>", f"{events:,}", _split_bar(taken, events, most)])
    how = f"In {report.sampled:,} of {report.inputs.lines:,} lines; of each field the most frequent values."
    return f"<p>{how} {_KEY}</p>" + _table(("field", "value", "events", "taken"), rows)


def _untaken(report: CoverageReport) -> str:
    rows = (
        [
            escape(group.source),
            escape(group.detail_type),
            f"{group.events:,}",
            f"<b>{escape(group.nearest_rule)}</b> {escape(group.reason)}",
            f"<details><summary>{escape(f'{group.file}:{group.line}')}</summary>"
            f"<pre>{escape(group.sample)}</pre></details>",
        ]
        for group in report.untaken
    )
    return _table(("source", "detail type", "events", "nearest rule", "sample"), rows)


def _timeline(report: CoverageReport) -> str:
    """Bars of hours, or of days where there are many hours: what rules took, and above it what none took."""
    bars: dict[str, list[int]] = {}
    dated = [(hour, events, taken) for hour, events, taken in report.hours if hour]
    length = 13 if len(dated) <= _MOST_BARS else 10
    for hour, events, taken in dated:
        bar = bars.setdefault(hour[:length], [0, 0])
        bar[0] += events
        bar[1] += taken
    if not bars:
        return "<p>No event has a time.</p>"
    most = max(events for events, _ in bars.values())
    width = 960 / len(bars)
    drawn = []
    for at, (name, (events, taken)) in enumerate(bars.items()):
        low, high = 120 * taken / most, 120 * events / most
        drawn.append(
            f"<g><title>{escape(name)}: {events:,} events, {taken:,} taken</title>"
            f'<rect class="bar" x="{at * width:.2f}" y="{120 - low:.1f}" width="{width * 0.9:.2f}" height="{low:.1f}"/>'
            f'<rect class="missed" x="{at * width:.2f}" y="{120 - high:.1f}" width="{width * 0.9:.2f}" '
            f'height="{high - low:.1f}"/></g>'
        )
    first, last = next(iter(bars)), next(reversed(bars))
    return (
        f'<svg viewBox="0 0 960 120" width="100%" role="img" aria-label="events over time">{"".join(drawn)}</svg>'
        f"<p>{escape(first)} to {escape(last)}; {_KEY}</p>"
    )
