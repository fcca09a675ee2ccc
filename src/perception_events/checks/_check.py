"""Look over a topology before anything is deployed: what AWS rejects, and what silently goes wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from perception_events.checks._catalogue import CATALOGUE
from perception_events.checks._check_access import check_access
from perception_events.checks._check_aws_events import check_aws_events
from perception_events.checks._check_enrichment import EnrichmentHandler, check_enrichment, effect_of
from perception_events.checks._check_events import SampleEvent, check_events
from perception_events.checks._check_filters import check_filters
from perception_events.checks._check_names import check_names
from perception_events.checks._check_pairs import check_pairs
from perception_events.checks._check_rules import check_rules
from perception_events.checks._check_schemas import check_schemas
from perception_events.checks._check_sources import check_sources
from perception_events.checks._check_targets import check_targets
from perception_events.checks._check_templates import check_templates
from perception_events.checks._context import Context, EnrichmentEffect
from perception_events.checks._depth import set_deep_patterns_aside
from perception_events.checks._findings import Finding, Found, Waiver, apply_waivers
from perception_events.json_values import JSONObject
from perception_events.schemas import EventSchema
from perception_events.topology import Pipe, Topology

__all__ = ["check", "findings_of"]

_PARTS = (
    check_sources,
    check_filters,
    check_templates,
    check_rules,
    check_aws_events,
    check_pairs,
    check_targets,
    check_names,
)


def check(
    topology: Topology,
    *,
    waivers: Iterable[Waiver] = (),
    enrichment: EnrichmentHandler | None = None,
    samples: Sequence[JSONObject] = (),
    enrichment_effects: Mapping[str, EnrichmentEffect] | None = None,
    closed_buses: Collection[str] = (),
    overlaps: bool = False,
    access: bool = True,
    events: Sequence[SampleEvent] = (),
    schemas: Sequence[EventSchema] = (),
    complete_schemas: bool = False,
    more: Iterable[Found] = (),
) -> list[Finding]:
    """Everything in `topology` that AWS rejects or that silently goes wrong, in order of identifier.

    Args:
        topology: what is looked over.
        waivers: findings to let be; they stay in the list, marked.
        enrichment: the handler of the pipes' enrichment; it is called with lists of records, as a pipe calls it.
        samples: records to call it with; without them they are made from the table's keys and the filters.
        enrichment_effects: what the enrichments of pipes do to a record, by the pipe's id. Without one, nothing is said
            about what comes after the enrichment, except what `enrichment` itself shows.
        closed_buses: ids of buses on which nothing but the pipes of the topology puts events.
        overlaps: also report rules of one bus that take the same events.
        access: whether permissions and policies are looked for; they are not where they are derived from the topology.
        events: entries of PutEvents, or events, which are to be taken by a rule of the topology.
        schemas: what the events on the buses look like, and the records of table streams (by the table's name).
        complete_schemas: no other events come than those of `schemas`; otherwise a rule is looked at where it names the
            source or detail-type of a schema, or one that is spelled alike.
        more: what other checks found, such as those of a declaration.

    Raises:
        InvalidWaiverError: a waiver names a check that there is not.
    """
    topology, found = set_deep_patterns_aside(topology)
    context = Context(topology, frozenset(closed_buses), dict(enrichment_effects or {}), overlaps)
    found += more
    if enrichment is not None:
        effects = dict(context.enrichment_effects)
        for pipe in topology.of(Pipe):
            if pipe.enrichment is not None:
                found += check_enrichment(enrichment, context, pipe, samples)
                effect = effect_of(enrichment, context, pipe, samples)
                if effect is not None:
                    effects.setdefault(pipe.id, effect)
        context = replace(context, enrichment_effects=effects)
    for part in (*_PARTS, *((check_access,) if access else ())):
        found += part(context)
    found += check_events(context, events)
    found += check_schemas(context, schemas, complete=complete_schemas)
    return findings_of(found, waivers)


def findings_of(found: Iterable[Found], waivers: Iterable[Waiver] = ()) -> list[Finding]:
    """The findings of what was found: each location once, those of a file as one where the check says so.

    Raises:
        InvalidWaiverError: a waiver names a check that there is not.
    """
    known: dict[tuple[str, str, str], Finding] = {}
    for finding in map(_finding, found):
        known.setdefault((finding.identifier, finding.printed_location, finding.reason), finding)
    findings = list(known.values())
    findings.sort(key=lambda finding: finding.identifier)
    return list(_per_file(apply_waivers(findings, waivers, CATALOGUE)))


def _finding(found: Found) -> Finding:
    check = CATALOGUE[found.identifier]
    location = found.location
    return Finding(
        check,
        location.text,
        found.reason,
        fix=found.fix or check.fix,
        origin=location.origin,
        resource=location.resource.id,
        resource_origin=location.resource.origin,
    )


def _per_file(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Findings of one check in one file as one, where the check is of that kind; waived ones stay apart."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for at, finding in enumerate(findings):
        file = finding.origin.file if finding.origin else ""
        if file.endswith(".tf"):  # a Terraform module is its folder
            file = file.rpartition("/")[0]
        one = finding.check.per_file
        groups.setdefault((finding.identifier, file, finding.waived or "", "" if one else str(at)), []).append(finding)
    for first, *others in groups.values():
        if not others:
            yield first
            continue
        places = tuple(dict.fromkeys(other.location for other in others))
        yield replace(first, reason=f"{first.reason} (and so at {len(others)} more)", others=places)
