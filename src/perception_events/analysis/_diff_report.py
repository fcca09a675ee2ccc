"""Print a difference of two versions: as text, as Markdown for the comment of a pull request, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from perception_events.analysis._diff import ReceiverDiff, TopologyDiff
from perception_events.json_values import JSONObject, JSONValue
from perception_events.patterns.analysis import Change

__all__ = ["diff_json", "diff_markdown", "diff_object", "diff_text"]

_MOST_WITNESSES = 3


def diff_text(diff: TopologyDiff) -> str:
    """A block for each receiver, and a last line that counts."""
    lines: list[str] = []
    for one in diff.receivers:
        lines.append(f"{one.receiver}, from {one.source}{_holders(one)}")
        for title, change in (("newly receives", one.gained), ("no longer receives", one.lost)):
            if change.verdict:
                lines.append(f"  {title}{'' if change.pattern is None else f' {change.pattern}'}")
                lines += [f"    event {text}" for text in change.witnesses_json[:_MOST_WITNESSES]]
                lines += _more(change, "    ")
        for item in one.inputs:
            lines += ["  receives other input", f"    event  {item.event_json}"]
            lines += [f"    before {text}" for text in item.before or ("nothing",)]
            lines += [f"    after  {text}" for text in item.after or ("nothing",)]
        lines.append("")
    lines += [f"not decided: {text}" for text in _undecided(diff)]
    lines.append(_count(diff))
    return "\n".join(lines) + "\n"


def diff_markdown(diff: TopologyDiff) -> str:
    """The same for the comment of a pull request: a heading, a section for each receiver, events in code blocks."""
    lines = [f"### Events: {_count(diff)}", ""]
    for one in diff.receivers:
        lines += [f"#### {_code(one.receiver)} from {_code(one.source)}", ""]
        for title, change in (("Newly receives", one.gained), ("No longer receives", one.lost)):
            if not change.verdict:
                continue
            if change.pattern is not None:
                lines += [
                    f"{title} what this pattern matches:",
                    "",
                    *_block(str(change.pattern)),
                    "",
                    "for example",
                    "",
                ]
            else:
                lines += [f"{title}, for example:", ""]
            lines += [*_block(*change.witnesses_json[:_MOST_WITNESSES]), "", *_more(change, "")]
        for item in one.inputs:
            before, after = item.before or ("nothing",), item.after or ("nothing",)
            lines += ["Receives other input for", "", *_block(item.event_json), ""]
            lines += [*_block(*(f"- {text}" for text in before), *(f"+ {text}" for text in after), language="diff"), ""]
    lines += [f"- Not decided: {_one_line(text).translate(_ESCAPES)}" for text in _undecided(diff)]
    return "\n".join(lines).rstrip("\n") + "\n"


def diff_json(diff: TopologyDiff) -> str:
    """A JSON object: `receivers`, `unchanged`, `undecided`."""
    return json.dumps(diff_object(diff), indent=2, ensure_ascii=False) + "\n"


def diff_object(diff: TopologyDiff) -> JSONObject:
    """What `diff_json` prints, as an object."""
    receivers: list[JSONValue] = [
        {
            "receiver": one.receiver,
            "source": one.source,
            "old": [*one.old],
            "new": [*one.new],
            "gained": _change_object(one.gained),
            "lost": _change_object(one.lost),
            "inputs": [
                {"event": item.event_json, "before": [*item.before], "after": [*item.after]} for item in one.inputs
            ],
        }
        for one in diff.receivers
    ]
    undecided: list[JSONValue] = [
        {
            "receiver": one.receiver,
            "source": one.source,
            "version": one.version,
            "holder": one.holder,
            "reason": one.reason,
        }
        for one in diff.undecided
    ]
    return {"receivers": receivers, "unchanged": diff.unchanged, "undecided": undecided}


def _change_object(change: Change) -> JSONObject:
    return {
        "verdict": change.verdict,
        "pattern": None if change.pattern is None else str(change.pattern),
        "events": [*change.witnesses_json],
        "reason": change.reason,
    }


def _count(diff: TopologyDiff) -> str:
    changed = len(diff.receivers)
    return f"{changed} {'receiver' if changed == 1 else 'receivers'} changed, {diff.unchanged} as before"


def _holders(one: ReceiverDiff) -> str:
    if one.old == one.new:
        return f" ({', '.join(one.old)})" if one.old else ""
    return f" ({', '.join(one.old) or 'nothing'} -> {', '.join(one.new) or 'nothing'})"


def _more(change: Change, indent: str) -> list[str]:
    left = len(change.witnesses_json) - _MOST_WITNESSES
    return [f"{indent}and {left} more {'event' if left == 1 else 'events'}"] if left > 0 else []


def _undecided(diff: TopologyDiff) -> Iterator[str]:
    for one in diff.undecided:
        where = f" ({one.version}: {one.holder})" if one.holder else f" ({one.version})"
        yield f"{one.receiver}, from {one.source}{where}: {one.reason}"


_ESCAPES = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>|#"})


def _one_line(text: str) -> str:
    """What ends a line, and other signs that do not print, as escapes: a heading would end with the line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _code(text: str) -> str:
    """Text between back quotes, of which it may hold some itself, in one line."""
    text = _one_line(text)
    fence = "`" * (max((len(run) for run in _runs(text)), default=0) + 1)
    space = " " if len(fence) > 1 else ""
    return f"{fence}{space}{text}{space}{fence}"


def _block(*lines: str, language: str = "json") -> list[str]:
    fence = "`" * max(3, max((len(run) for line in lines for run in _runs(line)), default=0) + 1)
    return [f"{fence}{language}", *lines, fence]


def _runs(text: str) -> Iterator[str]:
    run = ""
    for character in f"{text} ":
        if character == "`":
            run += character
        elif run:
            yield run
            run = ""
