"""Look over a declaration before anything is deployed: what AWS rejects, and what silently goes wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from perception_events.checks._catalogue import CATALOGUE
from perception_events.checks._check_filter import check_filter
from perception_events.checks._check_handler import EnrichmentHandler, check_handler
from perception_events.checks._check_names import check_names
from perception_events.checks._check_rules import check_rules
from perception_events.checks._check_source import check_source
from perception_events.checks._check_templates import check_templates
from perception_events.checks._findings import Finding, Waiver, apply_waivers
from perception_events.pipeline import Pipeline

__all__ = ["check"]


def check(
    pipeline: Pipeline,
    env: str = "dev",
    *,
    waivers: Iterable[Waiver] = (),
    enrichment: EnrichmentHandler | None = None,
) -> list[Finding]:
    """Everything in `pipeline` that AWS rejects or that silently goes wrong, in order of identifier.

    With `enrichment`, that handler is called with lists of sample records, as a pipe calls it.

    Raises:
        InvalidWaiverError: a waiver names a check that there is not.
    """

    def found() -> Iterator[tuple[str, str, str]]:
        for part in (check_source, check_filter, check_templates, check_rules, check_names):
            yield from part(pipeline, env)
        if enrichment is not None:
            yield from check_handler(enrichment, pipeline)

    findings = [Finding(CATALOGUE[identifier], location, reason) for identifier, location, reason in found()]
    findings.sort(key=lambda finding: finding.identifier)
    return apply_waivers(findings, waivers, CATALOGUE)
