"""`python -m perception_events.studio.playground FOLDER`: write the playground there."""

from __future__ import annotations

import sys

from perception_events.studio.playground._build import build_playground

if len(sys.argv) != 2:
    sys.exit("usage: python -m perception_events.studio.playground FOLDER")
build_playground(sys.argv[1])
