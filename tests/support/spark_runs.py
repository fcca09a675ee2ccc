"""Run in a process of its own: everything of `perception_events.bulk.spark` once, in one local Spark session.

    python spark_runs.py FOLDER OLD.json NEW.json JOB.py OUT

Writes the reports to OUT as one JSON object; the last one is what the job of the documentation writes.
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

from perception_events.bulk import CoveragePlan, coverage_report
from perception_events.bulk import spark as bulk
from perception_events.readers import read_topology


def main(folder: str, old_template: str, new_template: str, job: str, out: str) -> None:
    """Run all."""
    from pyspark.sql import SparkSession

    old, new = (read_topology([path]).topology for path in (old_template, new_template))
    spark = (
        SparkSession.builder.master("local[2]")  # type: ignore[attr-defined, unused-ignore]
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .getOrCreate()
    )
    plan = CoveragePlan(new)
    reports: dict[str, Any] = {
        "parts": json.loads(coverage_report(plan, bulk.count(spark, folder, plan, part_size=4096)).to_json()),
        "compare": json.loads(bulk.compare(spark, [folder], old, new).to_json()),
        "lines": json.loads(bulk.coverage(spark, spark.read.text(f"{folder}/lines.jsonl"), new).to_json()),
        "empty": json.loads(bulk.coverage(spark, f"{folder}/empty", new).to_json()),
    }
    sys.argv = [job, folder, "--template", new_template, "--out", f"{out}.job"]
    runpy.run_path(job, run_name="__main__")
    written = "".join(path.read_text() for path in sorted(Path(f"{out}.job").glob("part-*")))
    Path(out).write_text(json.dumps({**reports, "job": json.loads(written)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
