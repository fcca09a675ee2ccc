"""Coverage of a bucket of recorded events, or a comparison of two versions, as a Spark job (EMR Serverless, Glue).

spark-submit job.py s3://bucket/events/ --template template.yaml --out s3://bucket/coverage
spark-submit job.py s3://bucket/events/ --old old.yaml --template new.yaml --out s3://bucket/changes
"""

from __future__ import annotations

import argparse

from pyspark.sql import SparkSession

from perception_events.bulk import spark as bulk
from perception_events.readers import read_topology


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("events", nargs="*")
    arguments.add_argument("--events", dest="named_events", action="append", default=[])
    arguments.add_argument("--template", required=True)
    arguments.add_argument("--old")
    arguments.add_argument("--out", required=True)
    chosen, _ = arguments.parse_known_args()  # Glue adds arguments of its own

    events = [*chosen.events, *chosen.named_events]
    topology = read_topology([chosen.template]).topology
    spark = SparkSession.builder.getOrCreate()
    if chosen.old:
        old = read_topology([chosen.old]).topology
        text = bulk.compare(spark, events, old, topology).to_json()
    else:
        text = bulk.coverage(spark, events, topology).to_json()
    spark.createDataFrame([(text,)], "report string").coalesce(1).write.mode("overwrite").text(chosen.out)
    spark.stop()


if __name__ == "__main__":
    main()
