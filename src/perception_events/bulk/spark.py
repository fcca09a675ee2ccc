"""Coverage and comparison on PySpark (extra `[spark]`): files or a DataFrame of lines in, the reports of `traffic` out.

Spark lists the files and hands out the work; a task opens its file itself and reads it as a stream, so that memory
stays bounded, and forms without lines, damaged gzip and line numbers are as on one machine. The plan is made on the
driver and broadcast; partial counts are merged on the executors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar
from urllib.parse import unquote, urlsplit

from perception_events.bulk import ComparePlan, CoveragePlan, compare_report, count_files, count_lines, coverage_report
from perception_events.errors import PerceptionEventsError
from perception_events.topology import Topology
from perception_events.traffic import CompareReport, CoverageReport, Mergeable, Plan, UnreadableInput, is_traffic

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["UnknownFileSystemError", "compare", "count", "coverage", "open_file"]

PART_SIZE = 32 * 1024 * 1024
"""Bytes of a file, as it is stored. A larger one is counted by several tasks."""
MAX_PARTS = 8
"""Each of them decompresses the whole file, which is a tenth of the work: more would not pay."""

C = TypeVar("C", bound=Mergeable)


class UnknownFileSystemError(PerceptionEventsError, ValueError):
    """A file is on a file system that `open_file` does not read."""


def coverage(
    spark: SparkSession, source: str | list[str] | DataFrame, topology: Topology, *, bus: str | None = None
) -> CoverageReport:
    """What recorded events do with the rules of `topology`, as `perception_events.traffic.coverage` reports it.

    Args:
        spark: the session.
        source: a path or several, files or folders, local (on every executor) or of S3; or a DataFrame whose first
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


def open_file(address: str) -> BinaryIO:
    """A file as a stream of its octets: a local one, or, with boto3, an object of S3 (`s3:`, `s3a:`, `s3n:`).

    Raises:
        UnknownFileSystemError: it is on another file system; `count(open_file=...)` takes what reads that.
    """
    scheme = urlsplit(address).scheme
    if scheme in ("s3", "s3a", "s3n"):
        from perception_events.aws.objects import open_object

        return open_object(address)
    if scheme not in ("", "file"):
        raise UnknownFileSystemError(f"{address}: only local files and S3 are read; pass open_file=... for {scheme}:")
    return open(_local(address), "rb")


def count(
    spark: SparkSession,
    source: str | list[str] | DataFrame,
    plan: Plan[C],
    *,
    part_size: int = PART_SIZE,
    open_file: Callable[[str], BinaryIO] = open_file,
) -> C:
    """The counts of `plan`; `source` is that of `coverage`.

    Args:
        spark: the session.
        source: paths, or a DataFrame of lines.
        plan: what is counted.
        part_size: a file of more bytes than this is counted by several tasks.
        open_file: what opens a file by its address, on an executor.
    """
    context = spark.sparkContext
    paths = [source] if isinstance(source, str) else source
    counts: Any
    if isinstance(paths, list):
        work = _work(_files(spark, paths), part_size, max(1, min(context.defaultParallelism, MAX_PARTS)))
        if not work:
            return plan.count([UnreadableInput(_local(path), 0, "has no file with events") for path in paths])
        shared = context.broadcast(plan)
        tasks = context.parallelize(work, min(len(work), 32 * context.defaultParallelism))
        counts = tasks.mapPartitions(lambda items: _count_files(shared.value, items, open_file))
    else:
        shared = context.broadcast(plan)
        counts = paths.rdd.mapPartitionsWithIndex(lambda index, rows: _count_rows(shared.value, rows, index))
    merged: C = counts.treeAggregate(plan.count(()), _merge, _merge)
    return merged


def _files(spark: SparkSession, paths: list[str]) -> list[tuple[str, int]]:
    """Address and size of each file with events, as Spark finds them; their contents are not read."""
    reader = spark.read.format("binaryFile").option("recursiveFileLookup", "true")
    rows = reader.load(paths).select("path", "length").collect()
    return [(row[0], row[1]) for row in rows if is_traffic(row[0].rsplit("/", 1)[-1])]


def _work(files: list[tuple[str, int]], part_size: int, most: int) -> list[tuple[str, int, int]]:
    """Address, number of a part and how many parts there are, for each part of each file; the largest first."""
    found = []
    for address, length in files:
        parts = max(1, min(most, -(-length // part_size)))
        found += [(-length // parts, address, part, parts) for part in range(parts)]
    return [(address, part, parts) for _, address, part, parts in sorted(found)]


def _count_files(
    plan: Plan[C], work: Iterable[tuple[str, int, int]], open_file: Callable[[str], BinaryIO]
) -> Iterator[C]:
    for address, part, parts in work:
        with open_file(address) as stream:
            yield from count_files(plan, [(_local(address), stream)], part=part, parts=parts)


def _count_rows(plan: Plan[C], rows: Iterable[Any], index: int) -> Iterator[C]:
    lines = (row[0] for row in rows if row[0] is not None)
    return count_lines(plan, lines, name=f"partition {index}")


def _local(address: str) -> str:
    """The path of a local file as one machine would call it; other addresses stay as they are."""
    split = urlsplit(address)
    return unquote(split.path) if split.scheme == "file" else address


def _merge(one: C, other: C) -> C:
    one.merge(other)
    return one
