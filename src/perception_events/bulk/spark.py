"""Coverage and comparison on PySpark (extra `[spark]`): files or a DataFrame of lines in, the reports of `traffic` out.

Files are read as Spark's `binaryFile` source, not as its text: forms without lines, damaged gzip and line numbers are
as on one machine. The plan is made on the driver and broadcast; partial counts are merged on the executors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from perception_events.bulk import ComparePlan, CoveragePlan, compare_report, count_files, count_lines, coverage_report
from perception_events.topology import Topology
from perception_events.traffic import CompareReport, CoverageReport, Mergeable, Plan, UnreadableInput, is_traffic

if TYPE_CHECKING:
    from pyspark import Accumulator
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["compare", "count", "coverage"]

PART_SIZE = 32 * 1024 * 1024
"""Bytes of a file, as it is stored. A larger one is counted by several tasks."""
MAX_PARTS = 8
"""Each of them decompresses the whole file, which is a tenth of the work: more would not pay."""

C = TypeVar("C", bound=Mergeable)


def coverage(
    spark: SparkSession, source: str | list[str] | DataFrame, topology: Topology, *, bus: str | None = None
) -> CoverageReport:
    """What recorded events do with the rules of `topology`, as `perception_events.traffic.coverage` reports it.

    Args:
        spark: the session.
        source: a path or several, files or folders, on any file system that Spark reads; or a DataFrame whose first
            column has a line in each row.
        topology: the system.
        bus: id, ARN or name of the bus whose rules count; by default those of every bus.

    Raises:
        UnknownResourceError: there is no such bus.
    """
    plan = CoveragePlan(topology, bus=bus)
    return coverage_report(plan, count(spark, source, plan))


def compare(
    spark: SparkSession,
    source: str | list[str] | DataFrame,
    old: Topology,
    new: Topology,
    *,
    bus: str | None = None,
) -> CompareReport:
    """What `new` does differently from `old` with recorded events; the parameters are those of `coverage`.

    Raises:
        UnknownResourceError: there is no such bus in one of them.
    """
    plan = ComparePlan(old, new, bus=bus)
    return compare_report(plan, count(spark, source, plan))


def count(spark: SparkSession, source: str | list[str] | DataFrame, plan: Plan[C], *, part_size: int = PART_SIZE) -> C:
    """The counts of `plan`; `source` is that of `coverage`. A file of more than `part_size` bytes has several tasks.

    A file has to fit into the memory of a task as it is stored, and into Spark's limit of 2 GB a value; of larger ones
    pass `spark.read.text(path)`, which reads lines only.
    """
    shared = spark.sparkContext.broadcast(plan)
    paths = [source] if isinstance(source, str) else source
    files = spark.sparkContext.accumulator(0)
    counts: Any
    if isinstance(paths, list):
        most = max(1, min(spark.sparkContext.defaultParallelism, MAX_PARTS))
        parts = (_part(spark, paths, number, part_size) for number in range(most))
        frame = reduce(lambda first, second: first.union(second), parts)
        counts = frame.rdd.mapPartitions(lambda rows: _count_files(shared.value, rows, most, part_size, files))
    else:
        counts = paths.rdd.mapPartitionsWithIndex(lambda index, rows: _count_rows(shared.value, rows, index))
    try:
        merged: C = counts.treeAggregate(plan.count(()), _merge, _merge)
    finally:
        shared.unpersist()
    if isinstance(paths, list) and not files.value:
        nothing = [UnreadableInput(_local(path), 0, "has no file with events") for path in paths]
        merged.merge(plan.count(nothing))
    return merged


def _part(spark: SparkSession, paths: list[str], number: int, part_size: int) -> DataFrame:
    """The files that have a part of this number, and the number."""
    from pyspark.sql.functions import col, lit

    reader = spark.read.format("binaryFile").option("recursiveFileLookup", "true")
    files = reader.load(paths).where(col("length") > number * part_size)
    return files.select("path", "length", "content", lit(number).alias("part"))


def _count_files(plan: Plan[C], rows: Iterable[Any], most: int, part_size: int, files: Accumulator[int]) -> Iterator[C]:
    for row in rows:
        name = _local(row["path"])
        if is_traffic(name.rsplit("/", 1)[-1]):
            files.add(1)
            parts = min(most, 1 + (row["length"] - 1) // part_size)
            yield from count_files(plan, [(name, row["content"])], part=row["part"], parts=parts)


def _count_rows(plan: Plan[C], rows: Iterable[Any], index: int) -> Iterator[C]:
    lines = (row[0] for row in rows if row[0] is not None)
    return count_lines(plan, lines, name=f"partition {index}")


def _local(path: str) -> str:
    """The path of a local file as one machine would call it; other addresses stay as they are."""
    address = urlsplit(path)
    return unquote(address.path) if address.scheme == "file" else path


def _merge(one: C, other: C) -> C:
    one.merge(other)
    return one
