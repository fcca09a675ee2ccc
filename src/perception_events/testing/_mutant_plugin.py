"""The pytest plugin behind `perception-events mutate --tests`: it puts a mutant into what the tests load.

The command names it in `PYTEST_PLUGINS`; without a plan in the environment it does nothing. It does not import
pytest: `testing` is usable without.
"""

from __future__ import annotations

import os
from typing import Any

from perception_events.testing.mutant_runs import fork_for_each
from perception_events.testing.mutants import PLAN_VARIABLE, LoadedPatterns, MutantPlan

__all__ = [
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_collectreport",
    "pytest_runtest_logreport",
    "pytest_sessionfinish",
]

_PLANS: list[MutantPlan] = []
"""The plan of this process, once it is read."""


def pytest_addoption() -> None:
    """Install the mutant; of several, in a process for each.

    This hook is called when pytest registers the plugin: after those of installed packages, which each process would
    have to import again, and before conftest files and tests, which may load a template as soon as they are imported.
    """
    path = os.environ.get(PLAN_VARIABLE)
    if path and not _PLANS:
        plan = MutantPlan.read(path)
        if len(plan.mutants) > 1:
            plan = fork_for_each(plan)
        _PLANS.append(plan)
        LoadedPatterns(plan).install()
        plan.add_to_report(started=os.getpid())


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Run the tests first that noticed other mutants of the same rule."""
    for plan in _PLANS:
        first = {node: number for number, node in enumerate(plan.first)}
        items.sort(key=lambda item: first.get(item.nodeid, len(first)))


def pytest_runtest_logreport(report: Any) -> None:
    """Report a test that failed."""
    if report.failed:
        _report_failure(report.nodeid)


def pytest_collectreport(report: Any) -> None:
    """Report a module that could not be imported."""
    if report.failed:
        _report_failure(report.nodeid)


def pytest_sessionfinish(exitstatus: int) -> None:
    """Report that the tests ended, and how."""
    for plan in _PLANS:
        plan.add_to_report(finished=int(exitstatus))


def _report_failure(node: str) -> None:
    for plan in _PLANS:
        plan.add_to_report(failed=node)
