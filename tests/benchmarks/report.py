"""Markdown of what was measured, and the picture of cost against the number of rules."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Section", "draw", "machine"]


@dataclass
class Section:
    """A table under a heading, with a sentence on what it says."""

    title: str
    text: str
    columns: Sequence[str]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    after: str = ""

    def add(self, *cells: object) -> None:
        """A row; numbers are written with three digits."""
        self.rows.append(tuple(number(cell) if isinstance(cell, float) else str(cell) for cell in cells))
        print("   ", *self.rows[-1], sep="  ", flush=True)

    def __str__(self) -> str:
        lines = [f"## {self.title}", "", self.text, "", _row(self.columns), _row("---" for _ in self.columns)]
        lines += [_row(row) for row in self.rows]
        return "\n".join([*lines, *(["", self.after] if self.after else []), ""])


def number(value: float) -> str:
    """Three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def machine() -> str:
    """The processor and how many of it, as far as the system tells."""
    model = platform.processor() or platform.machine()
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        names = [line.partition(":")[2].strip() for line in cpus.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, {platform.system()}"


def draw(lines: Mapping[str, Mapping[int, float]], level: tuple[str, float], path: Path) -> None:
    """Cost of an event against the number of rules, both on log scales; `level` is drawn across."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "perception-events"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5))
    for name, points in lines.items():
        axes.loglog(list(points), list(points.values()), marker="o", markersize=4, label=name)
    axes.axhline(level[1], linestyle=":", color="grey", label=level[0])
    axes.set_xlabel("mixed rules")
    axes.set_ylabel("microseconds an event")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
