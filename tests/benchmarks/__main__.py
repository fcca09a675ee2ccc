"""`PYTHONPATH=tests python -m benchmarks`: measures everything beside the peers and writes docs/benchmarks.md.

`--largest 10000` leaves the largest rule set out; `--no-java` the Java engine; `--out FOLDER` writes elsewhere.
`--only shapes` measures the shapes of rule sets alone, and replaces their section in the page that is there.
`--save FILE` keeps what they cost, `--before FILE` puts what such a file says beside it.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks import matching, matrix, records
from benchmarks.java_engine import java_is_there
from benchmarks.measure import microseconds
from benchmarks.peers import peers
from benchmarks.report import Section, draw, machine

_DOCS = Path(__file__).resolve().parents[2] / "docs"
_PACKAGES = ("moto", "localstack-core", "ministack", "aws-lambda-powertools", "boto3", "pydantic")


def main() -> None:
    """Measure and write."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks")
    arguments.add_argument("--largest", type=int, default=100_000)
    arguments.add_argument("--no-java", action="store_true")
    arguments.add_argument("--out", type=Path, default=_DOCS)
    arguments.add_argument("--only", choices=["shapes"])
    arguments.add_argument("--save", type=Path)
    arguments.add_argument("--before", type=Path)
    chosen = arguments.parse_args()
    java = java_is_there() and not chosen.no_java
    if chosen.only == "shapes":
        gc.freeze()
        _replace_section(chosen.out / "benchmarks.md", _shapes(chosen, java=java))
        return
    others = peers()
    gc.freeze()  # what the imports have left is not ours to be searched
    lines: dict[str, dict[int, float]] = {}
    sections: list[Section | None] = [
        matching.one_pattern(others),
        _shapes(chosen, java=java),
        matching.rule_sets(others, lines, largest=chosen.largest),
        matching.from_text(lines, java=java),
        matching.arrays(),
        matching.adding(),
        matching.real_rules(others, java=java),
        records.imports(),
        records.typed_records(),
        records.whole_way(),
    ]
    parse = microseconds(json.loads, matching.TEXTS)
    draw(lines, ("json.loads of the event", parse), chosen.out / "benchmarks.svg")
    page = [_head(java=java), *(str(section) for section in sections if section is not None)]
    (chosen.out / "benchmarks.md").write_text("\n".join(page), encoding="utf-8")
    print(f"written: {chosen.out / 'benchmarks.md'}")


def _shapes(chosen: argparse.Namespace, *, java: bool) -> Section:
    measured = matrix.measure_shapes(largest=chosen.largest, java=java)
    matrix.draw_matrix(measured, chosen.out / "benchmark-shapes.svg")
    if chosen.save is not None:
        matrix.save(measured, chosen.save)
    section = matrix.shapes_section(measured, matrix.load(chosen.before) if chosen.before is not None else None)
    section.after = "![Cost of an event against the number of rules, for each shape](benchmark-shapes.svg)"
    return section


def _replace_section(page: Path, section: Section) -> None:
    """Put a section in the place of that with its title, or before all others."""
    head, *sections = page.read_text(encoding="utf-8").split("\n## ")
    kept = [other for other in sections if other.split("\n", 1)[0] != section.title]
    text = "\n## ".join([head, str(section).removeprefix("## "), *kept])
    page.write_text(text, encoding="utf-8")
    print(f"written: {page}")


def _head(*, java: bool) -> str:
    versions = ", ".join(f"{package} {_version(package)}" for package in _PACKAGES)
    return f"""# Benchmarks

Written by this command, which measures the library and its peers in one run:

```text
pip install -e . -r tests/benchmarks/requirements.txt
PYTHONPATH=tests python -m benchmarks
```

{datetime.now(UTC):%Y-%m-%d}, {machine()}, {platform.python_implementation()} {platform.python_version()}; {versions}\
{"; event-ruler 2.1.0 on Java" if java else ""}. Figures are medians of repeated \
rounds. Events have the shape of event-ruler's own benchmark (San Francisco's city lots: properties and a polygon), \
generated from a seed.

![Cost of an event against the number of rules](benchmarks.svg)
"""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    main()
