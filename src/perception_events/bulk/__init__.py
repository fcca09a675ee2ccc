"""Recorded traffic beyond one machine: pure functions over partitions, for whatever engine hands them out.

A plan (`CoveragePlan`, `ComparePlan`) is made once, where the topology is, and sent along: it can be pickled. Each
partition gives partial counts; they merge in any order and grouping, and the report is made of what they merge to. It
is the report of one machine for the same files, byte for byte. `perception_events.bulk.spark` does this on PySpark.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import BinaryIO, TypeAlias, TypeVar

from perception_events.traffic import (
    ComparePlan,
    CoveragePlan,
    Mergeable,
    Plan,
    blocks_of,
    blocks_of_lines,
    compare_report,
    coverage_report,
)

__all__ = ["ComparePlan", "CoveragePlan", "compare_report", "count_files", "count_lines", "coverage_report", "merged"]

C = TypeVar("C", bound=Mergeable)
Content: TypeAlias = bytes | bytearray | BinaryIO


def count_lines(plan: Plan[C], lines: Iterable[str | bytes], *, name: str = "lines") -> Iterator[C]:
    """The counts of a partition of lines: one partial result.

    Args:
        plan: what is counted.
        lines: the lines, each with one or more events; read as a stream.
        name: the partition's name, in the locations of samples and of what cannot be read. Partitions that are merged
            have different names, so that samples of them can be told apart.
    """
    yield plan.count(blocks_of_lines(name, lines))


def count_files(plan: Plan[C], files: Iterable[tuple[str, Content]], *, part: int = 0, parts: int = 1) -> Iterator[C]:
    """The counts of a partition of files: a partial result for each.

    Args:
        plan: what is counted.
        files: name and content of each (octets, or a stream of them), compressed or not, in any form that
            `read_blocks` reads.
        part, parts: of `parts` partial results of the same files this is number `part`, from 0. Each reads a whole
            file, for a compressed one can only be read from its beginning, and counts its share of the blocks.

    Raises:
        ValueError: there is no such part.
    """
    if not 0 <= part < parts:
        raise ValueError(f"part {part} of {parts}: part is a number from 0 to {parts - 1}")
    for name, content in files:
        stream = io.BytesIO(content) if isinstance(content, (bytes, bytearray)) else content
        yield plan.count(islice(blocks_of(name, stream), part, None, parts))


def merged(plan: Plan[C], partial_results: Iterable[C]) -> C:
    """What partial results make together; those that are given may be changed.

    Args:
        plan: the plan that they are of.
        partial_results: in any order, and merged before or not.
    """
    total = plan.count(())
    for partial in partial_results:
        total.merge(partial)
    return total
