"""Templates -> a `Topology`: CloudFormation, SAM, CDK, Terraform and the Serverless Framework, all by `read_topology`.

Needs the extra `[templates]` for YAML. No template runs code, nothing is fetched, and a file that cannot be read is a
`Problem` beside what could be read.
"""

from __future__ import annotations

from perception_events.readers._problems import Problem, ReadError
from perception_events.readers._read import ReadResult, read_topologies, read_topology
from perception_events.readers._reading import Format, ReadFile
from perception_events.readers._yaml import MissingExtraError

__all__ = [
    "Format",
    "MissingExtraError",
    "Problem",
    "ReadError",
    "ReadFile",
    "ReadResult",
    "read_topologies",
    "read_topology",
]
