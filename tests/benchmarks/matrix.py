"""Shapes of rule sets against their size: what an event costs, never seen before, and how many rules it finds."""

from __future__ import annotations

import gc
import json
import os
import runpy
import statistics
import subprocess
import time
import tracemalloc
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.java_engine import ruler_microseconds
from benchmarks.measure import cpu_microseconds
from benchmarks.report import Section, number
from benchmarks.shapes import SHAPES, Shape
from perception_events.patterns import RuleSet

__all__ = ["Measured", "draw_matrix", "load", "measure_shapes", "save", "shapes_section"]

PASSES = 5
_EVENTS = 150
_WARM_UP = 200
_JAVA_EVENTS = 400
_JAVA_RULES = 10_000


@dataclass
class Measured:
    """What was measured of one shape; by the number of rules."""

    group: str
    cost: dict[int, float] = field(default_factory=dict)
    """Microseconds an event, parsed."""
    parse: float = 0.0
    """Microseconds of `json.loads` of such an event."""
    candidates: dict[int, float] = field(default_factory=dict)
    matches: dict[int, float] = field(default_factory=dict)
    adding: float = 0.0
    """Microseconds a rule, of the largest set but one of 100,000."""
    weight: float = 0.0
    """Bytes a rule, patterns included, of 1,000."""
    java: float | None = None
    """Microseconds an event, from text, warm, with 10,000 rules; None where it was not measured, or built in time."""


def measure_shapes(
    *, largest: int, java: bool, names: Iterable[str] | None = None, shapes: Mapping[str, Shape] = SHAPES
) -> dict[str, Measured]:
    """Measure each shape with sets of 100, 1,000, ... rules."""
    found: dict[str, Measured] = {}
    for name, shape in {**shapes, **_given_shapes()}.items():
        if names is None or name in names:
            found[name] = _measure(shape, largest, java=java)
            measured = found[name]
            print(f"    {name}: {measured.cost} candidates {measured.candidates}", flush=True)
    return found


def _given_shapes() -> dict[str, Shape]:
    """Further shapes, of the file that `PERCEPTION_EVENTS_SHAPES` names: its `S` maps names to shapes like ours."""
    path = os.environ.get("PERCEPTION_EVENTS_SHAPES")
    if path is None:
        return {}
    return {
        f"given: {name}": Shape(shape.rules, shape.events, "given", max(shape.sizes))
        for name, shape in runpy.run_path(path)["S"].items()
    }


def _measure(shape: Shape, largest: int, *, java: bool) -> Measured:
    measured = Measured(shape.group)
    for size in (size for size in (100, 1_000, 10_000, 100_000) if size <= min(largest, shape.largest)):
        patterns = {f"rule-{place}": pattern for place, pattern in enumerate(shape.rules(size))}
        if size == 1_000:
            tracemalloc.start()
            weighed = RuleSet(patterns)
            gc.collect()
            measured.weight = tracemalloc.get_traced_memory()[0] / size
            tracemalloc.stop()
            del weighed
        started = time.thread_time()
        rules = RuleSet(patterns)
        if size <= 10_000:
            measured.adding = (time.thread_time() - started) / size * 1e6
        gc.collect()
        gc.freeze()  # the rules are not ours to be searched while events are matched
        fresh = [shape.events(_EVENTS, seed, size) for seed in range(PASSES)]
        cpu_microseconds(rules.matching_rules, shape.events(_WARM_UP, PASSES, size))
        costs, parses = [], []
        for events in fresh:
            texts = [json.dumps(event) for event in events]
            costs.append(cpu_microseconds(rules.matching_rules, events))
            parses.append(cpu_microseconds(json.loads, texts))
        measured.cost[size] = statistics.median(costs)
        measured.parse = statistics.median(parses)
        last = fresh[-1]
        measured.matches[size] = sum(len(rules.matching_rules(event)) for event in last) / len(last)
        measured.candidates[size] = _candidates(rules, last)
        gc.unfreeze()
        if java and size == _JAVA_RULES:
            measured.java = _java(patterns, shape.events(_JAVA_EVENTS, PASSES + 1, size))
    return measured


def _candidates(rules: RuleSet, events: list[dict[str, Any]]) -> float:
    count: Callable[[dict[str, Any]], int] | None = getattr(rules, "candidates", None)  # earlier versions have none
    return sum(map(count, events)) / len(events) if count is not None else float("nan")


def _java(rules: dict[str, Any], events: list[dict[str, Any]]) -> float | None:
    try:
        return ruler_microseconds(rules, [json.dumps(event) for event in events], timeout=60)[1]
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return None


def shapes_section(measured: Mapping[str, Measured], before: Mapping[str, Measured] | None = None) -> Section:
    """The matrix, the shape that costs most first; `before`: what an earlier version took."""
    earlier = before or {}
    section = Section(
        "Shapes of rule sets",
        "Microseconds of processor time an event, already parsed and never seen before: the median of five passes over "
        "150 events each. In most shapes all rules and all events share `source` and `detail-type`, as real ones do. "
        "Worst first: by the cost with 10,000 rules in units of `json.loads` of such an event. Found: how many rules "
        "such an event finds in the index, and how many of them match. Adding: microseconds a rule, from mappings, "
        "10,000 at once. Bytes a rule: patterns and index, of 1,000. Java: event-ruler with 10,000 rules, from text, "
        "warm; a dash where it was not measured, or not built within a minute.",
        (
            "shape",
            "100",
            "1,000",
            "10,000",
            "100,000",
            "/ `json.loads`",
            "found / match at 10,000",
            "adding",
            "bytes a rule",
            *(("before, 10,000",) if earlier else ()),
            "Java",
        ),
    )
    for name, one in sorted(measured.items(), key=lambda item: -_ratio(item[1])):
        size = 10_000 if 10_000 in one.cost else max(one.cost)
        old = earlier.get(name)
        section.add(
            name,
            *(one.cost.get(count, "") for count in (100, 1_000, 10_000, 100_000)),
            _ratio(one),
            f"{number(one.candidates[size])} / {number(one.matches[size])}",
            one.adding,
            f"{one.weight:,.0f}",
            *((old.cost.get(size, "") if old else "",) if earlier else ()),
            "-" if one.java is None else one.java,
        )
    return section


def _ratio(measured: Measured) -> float:
    return measured.cost.get(10_000, max(measured.cost.values())) / measured.parse


def save(measured: Mapping[str, Measured], path: Path) -> None:
    """Keep what was measured, to compare a later version with it."""
    path.write_text(json.dumps({name: asdict(one) for name, one in measured.items()}, indent=1), encoding="utf-8")


def load(path: Path) -> dict[str, Measured]:
    """What `save` has kept."""

    found: dict[str, Measured] = {}
    for name, one in json.loads(path.read_text(encoding="utf-8")).items():
        for by_size in ("cost", "candidates", "matches"):
            one[by_size] = {int(size): value for size, value in one[by_size].items()}
        found[name] = Measured(**one)
    return found


_PANELS = {
    "few": "told apart by one test",
    "some": "told apart by several tests, by search, by bounds",
    "address": "addresses",
    "boxes": "boxes: two ranges",
    "arrays": "arrays of objects",
    "output": "most rules match",
}


def draw_matrix(measured: Mapping[str, Measured], path: Path) -> None:
    """Cost against the number of rules, a line for each shape, a panel for each group; peers beside."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "perception-events"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(3, 2, figsize=(12, 13), sharex=True)
    for panel, (group, title) in zip(axes.flat, _PANELS.items(), strict=True):
        shapes = {name: one for name, one in measured.items() if one.group == group}
        for name, one in shapes.items():
            (line,) = panel.loglog(list(one.cost), list(one.cost.values()), marker="o", markersize=3, label=name)
            if one.java is not None:
                panel.plot(_JAVA_RULES, one.java, marker="x", color=line.get_color())
        if shapes:
            parse = statistics.median(one.parse for one in shapes.values())
            panel.axhline(parse, linestyle=":", color="grey", label="json.loads")
        panel.set_title(title, fontsize="medium")
        panel.set_xlabel("rules")
        panel.set_ylabel("microseconds an event")
        panel.grid(visible=True, which="major", alpha=0.3)
        panel.legend(fontsize=6)
    figure.suptitle("dots: perception-events, parsed; crosses: event-ruler, Java, from text, warm", fontsize="small")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
