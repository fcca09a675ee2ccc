"""The root names what most users start with, and loads it only when it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import perception_events
from perception_events import aggregation


@pytest.mark.parametrize("name", perception_events.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(perception_events, name) is not None
    assert name in dir(perception_events)


def test_a_name_that_is_not_there_says_so() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        perception_events.Nothing  # noqa: B018


def test_the_root_alone_loads_nothing_of_ours() -> None:
    code = "import sys, perception_events; print([m for m in sys.modules if m.startswith('perception_events.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", aggregation.__all__)
def test_every_name_of_the_joins_is_there(name: str) -> None:
    assert getattr(aggregation, name) is not None
    assert name in dir(aggregation)


def test_a_name_that_joins_do_not_have_says_so() -> None:
    with pytest.raises(AttributeError, match=r"'perception_events.aggregation' has no attribute 'Nothing'"):
        aggregation.Nothing  # noqa: B018


def test_a_declaration_loads_nothing_that_runs_joins_or_makes_topologies() -> None:
    code = (
        "import sys, perception_events.pipeline; print([m for m in sys.modules if m.startswith('perception_events.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for module in ("aggregation._aggregator", "aggregation._workflow", "patterns", "topology", "pipes", "buses"):
        assert f"'perception_events.{module}'" not in done.stdout
