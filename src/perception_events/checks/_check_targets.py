"""Checks of rule targets: what is lost after the last retry, which inputs AWS rejects or renders empty."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import get_close_matches

from perception_events.aws_limits import LIMITS
from perception_events.checks._context import Context, known_text
from perception_events.checks._findings import Found
from perception_events.checks._location import Location, target_location
from perception_events.checks._shapes import ENVELOPE, missing_step, path_texts, position_words
from perception_events.input_transforms import InputTransformer, InvalidTemplateError, JSONPath
from perception_events.topology import Function, Rule, RuleTarget, Schedule, Unresolved, target_errors, unresolved_in

__all__ = ["check_targets"]


def check_targets(context: Context) -> Iterator[Found]:
    """Everything that is wrong with the targets of rules and with the functions behind them."""
    for rule in context.topology.of(Rule):
        for number, target in enumerate(rule.targets):
            location = target_location(rule, number, target)
            if target.dead_letter_queue is None:
                reason = "there is none: after the last retry the event is gone"
                yield Found("PE310", location.of("dead_letter_queue"), reason)
            yield from _retry_limits(target, location)
            yield from _inputs(context, target, location)
    for schedule in context.topology.of(Schedule):
        yield from _retry_limits(schedule, Location(schedule))
    yield from _functions(context)
    for error in target_errors(context.topology):
        resource = context.topology[error.resource]
        yield Found("PE328", Location(resource, part=error.origin), error.reason)


def _retry_limits(holder: RuleTarget | Schedule, location: Location) -> Iterator[Found]:
    policy = holder.retry_policy
    if policy is None:
        return
    for name, limit in (
        ("maximum_retry_attempts", LIMITS["target retry attempts"]),
        ("maximum_event_age", LIMITS["target event age"]),
    ):
        value = getattr(policy, name)
        if value is not None and not isinstance(value, Unresolved) and not limit.allows(value):
            yield Found(
                "PE312", location.of(f"retry_policy.{name}"), f"{value!r} is outside what AWS takes, {limit.words}"
            )


def _functions(context: Context) -> Iterator[Found]:
    for function in context.topology.of(Function):
        for name, limit in (
            ("retry_attempts", LIMITS["function retry attempts"]),
            ("event_age", LIMITS["function event age"]),
        ):
            value = getattr(function, name)
            if value is not None and not isinstance(value, Unresolved) and not limit.allows(value):
                yield Found("PE312", Location(function).of(name), f"{value!r} is outside what AWS takes, {limit.words}")
        by_rules = any(
            isinstance(link.holder, Rule) and link.field.endswith("].target")
            for link in context.topology.links_to(function.id)
        )
        if by_rules and not function.existing and function.on_failure is None and function.dead_letter_queue is None:
            reason = "the bus is done once Lambda queues the event; after Lambda's own retries the event is gone"
            yield Found("PE311", Location(function).of("on_failure"), reason)


def _inputs(context: Context, target: RuleTarget, location: Location) -> Iterator[Found]:
    set_ones = [name for name in ("input", "input_path", "input_transformer") if getattr(target, name) is not None]
    if len(set_ones) > 1:
        yield Found("PE325", location, f"it sets {' and '.join(set_ones)}, and AWS takes one of them")
    text = known_text(target.input)
    if text is not None:
        yield from _constant(text, location.of("input"))
    path = known_text(target.input_path)
    if path is not None:
        yield from _path(path, location.of("input_path"))
    transformer = target.input_transformer
    if transformer is None or any(unresolved_in([transformer.input_template, transformer.input_paths_map])):
        return
    here = location.of("input_transformer")
    template, paths = str(transformer.input_template), {n: str(p) for n, p in transformer.input_paths_map.items()}
    if not LIMITS["target input"].allows(len(template)):
        reason = f"the template has {len(template)} characters, and AWS takes at most {LIMITS['target input'].high}"
        yield Found("PE325", here.of("input_template"), reason)
        return
    try:
        parsed = InputTransformer.parse(template, paths)
    except InvalidTemplateError as error:
        yield Found("PE325", here, error.reason.rstrip("."))
        return
    broken = parsed.json_error
    if broken is not None:
        reason = f"{broken.reason} {position_words(broken)}".rstrip()
        yield Found("PE325", here.of("input_template"), f"{reason}; AWS never delivers it, and does not say so")
    for text in path_texts(template, parsed.placeholders):
        fix = f"put the path into the paths map under a name, and write `<name>` for {text!r}"
        yield Found("PE216", here.of("input_template"), f"{text!r} is a text that is sent as it is", fix)
    for name, path in paths.items():
        yield from _missing(path, here.of(f"input_paths_map.{name}"))


def _constant(text: str, location: Location) -> Iterator[Found]:
    if not LIMITS["target input"].allows(len(text)):
        yield Found(
            "PE325", location, f"it has {len(text)} characters, and AWS takes at most {LIMITS['target input'].high}"
        )
        return
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        yield Found("PE325", location, f"it is not JSON: {error}", "write JSON; a text stands in double quotes")


def _path(path: str, location: Location) -> Iterator[Found]:
    if not LIMITS["input path"].allows(len(path)):
        yield Found(
            "PE325", location, f"it has {len(path)} characters, and AWS takes at most {LIMITS['input path'].high}"
        )
        return
    try:
        JSONPath.parse(path)
    except InvalidTemplateError as error:
        yield Found("PE325", location, error.reason.rstrip("."))
        return
    yield from _missing(path, location)


def _missing(path: str, location: Location) -> Iterator[Found]:
    names = tuple(step for step in JSONPath.parse(path).steps if isinstance(step, str))
    missing = missing_step(ENVELOPE, names[:1])
    if missing is not None:
        near = get_close_matches(missing.replace("_", "-"), ENVELOPE, 1, 0.75)
        fix = f"did you mean `$.{near[0]}`?" if near else f"write `$.detail.{'.'.join(names)}`"
        yield Found("PE326", location, f"an event has no `{missing}`, so {path} gives an empty text", fix)
