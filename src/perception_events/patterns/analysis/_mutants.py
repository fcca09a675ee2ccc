"""Small mistakes put into patterns one at a time, and which of them sample events or tests notice."""

from __future__ import annotations

from dataclasses import dataclass

from perception_events.patterns import EventPattern, InvalidEventPatternError
from perception_events.patterns import _ast as ast
from perception_events.patterns._canonical import canonical_text
from perception_events.patterns.analysis._inquiry import pattern_of
from perception_events.patterns.analysis._mutated_values import mutated_values
from perception_events.patterns.analysis._questions import equivalent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, TypeAlias

    from perception_events.patterns import RuleSet
    from perception_events.patterns.analysis._inquiry import PatternSource

    Trail: TypeAlias = tuple[tuple[ast.ObjectPattern, int, int | None], ...]
    """How a node is reached: the objects around it, with the member and, in an `$or`, the branch."""
    Members: TypeAlias = tuple[ast.Field | ast.Or, ...]

__all__ = ["Mutant", "MutationReport", "Survivor", "mutants", "try_mutants"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A pattern with one mistake.

    Args:
        pattern: the pattern.
        path: the field or object where the mistake is, as a dotted path.
        change: what the mistake is, such as `">" became ">="`.
        witness: an event that only one of the original and the mutant matches: the test that is missing where nobody
            notices the mutant. None where it is not known that there is such an event.
        witness_json: the same as text, in which every number is spelled as it must be.
    """

    pattern: EventPattern
    path: str
    change: str
    witness: dict[str, Any] | None
    witness_json: str | None


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that nothing noticed, and the rule it was made of."""

    rule: str
    mutant: Mutant


@dataclass(frozen=True, slots=True)
class MutationReport:
    """How many mutants were tried, and which of them nothing noticed."""

    tried: int
    survivors: tuple[Survivor, ...]

    @property
    def noticed(self) -> int:
        """How many mutants something noticed."""
        return self.tried - len(self.survivors)


def mutants(pattern: PatternSource) -> list[Mutant]:
    """Patterns that differ from `pattern` by one mistake as people make them: in an operator, a value, a name, a level.

    A mutant that matches the same events as the original is no mistake and left out, and so is one that is not valid.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
    """
    original = pattern_of(pattern)
    seen = {original}
    found = []
    for changed, path, change in _changed(original.syntax):
        try:
            mutant = EventPattern.parse(canonical_text(changed), dialect=original.dialect)
        except InvalidEventPatternError:
            continue
        if mutant in seen:
            continue
        seen.add(mutant)
        answer = equivalent(original, mutant)
        if answer.verdict is not True:
            found.append(Mutant(mutant, path, change, answer.witness, answer.witness_json))
    return found


def try_mutants(
    rules: Mapping[str, PatternSource] | RuleSet,
    events: Iterable[Mapping[str, Any]] = (),
    *,
    notices: Callable[[dict[str, EventPattern]], bool] | None = None,
) -> MutationReport:
    """Put each mutant in the place of its rule and see who notices.

    Args:
        rules: patterns by name, or a rule set.
        events: sample events; one notices a mutant that it matches and the original does not, or the other way round,
            as a test that says which rules an event matches does.
        notices: your tests: takes all rules, one of which is a mutant, and says whether a test fails.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
    """
    originals = {name: pattern_of(rules[name]) for name in rules}
    samples = list(events)
    tried = 0
    survivors = []
    for name, original in originals.items():
        expected = [original.matches(event) for event in samples]
        for mutant in mutants(original):
            tried += 1
            if [mutant.pattern.matches(event) for event in samples] != expected:
                continue
            if notices is None or not notices({**originals, name: mutant.pattern}):
                survivors.append(Survivor(name, mutant))
    return MutationReport(tried, tuple(survivors))


def _changed(root: ast.ObjectPattern) -> Iterator[tuple[ast.ObjectPattern, str, str]]:
    """Each mutated AST, with the path and the change."""
    waiting: list[tuple[ast.ObjectPattern, str, Trail]] = [(root, "", ())]
    while waiting:
        node, above, trail = waiting.pop()
        for index, member in enumerate(node.members):
            if isinstance(member, ast.Or):
                for number, branch in enumerate(member.branches):
                    waiting.append((branch, above, (*trail, (node, index, number))))
                    rest = member.branches[:number] + member.branches[number + 1 :]
                    kept: Members = rest[0].members if len(rest) == 1 else (ast.Or(rest),)
                    yield _rebuilt(trail, node, index, kept), above, f"branch {number} of $or left out"
                every = tuple(inner for branch in member.branches for inner in branch.members)
                yield _rebuilt(trail, node, index, every), above, "$or became and"
                continue
            path = f"{above}.{member.name}" if above else member.name
            if isinstance(member.content, ast.ObjectPattern):
                waiting.append((member.content, path, (*trail, (node, index, None))))
            else:
                for values, change in mutated_values(member.content):
                    yield _rebuilt(trail, node, index, (ast.Field(member.name, values),)), path, change
            yield _rebuilt(trail, node, index, ()), path, "field left out"
            for name in dict.fromkeys((member.name.swapcase(), member.name[:1].swapcase() + member.name[1:])):
                yield _rebuilt(trail, node, index, (ast.Field(name, member.content),)), path, f"named {name}"
            if trail and trail[-1][2] is None:
                yield _one_level_up(trail, node, index), path, "one level up"
            down = ast.ObjectPattern((ast.Field("detail", ast.ObjectPattern((member,))),))
            yield _rebuilt(trail, node, index, down.members), path, "one level down, in detail"


def _rebuilt(trail: Trail, node: ast.ObjectPattern, index: int, members: Members) -> ast.ObjectPattern:
    """The whole pattern with `members` in the place of a member of `node`; what is left empty goes too."""
    node = ast.ObjectPattern((*node.members[:index], *members, *node.members[index + 1 :]))
    for around, position, branch in reversed(trail):
        member = around.members[position]
        new: Members
        if isinstance(member, ast.Or):
            assert branch is not None
            new = (ast.Or((*member.branches[:branch], node, *member.branches[branch + 1 :])),)
        else:
            new = (ast.Field(member.name, node),) if node.members else ()
        node = ast.ObjectPattern((*around.members[:position], *new, *around.members[position + 1 :]))
    return node


def _one_level_up(trail: Trail, node: ast.ObjectPattern, index: int) -> ast.ObjectPattern:
    around, position, _ = trail[-1]
    holder = around.members[position]
    assert isinstance(holder, ast.Field)
    rest = ast.ObjectPattern((*node.members[:index], *node.members[index + 1 :]))
    kept = (ast.Field(holder.name, rest),) if rest.members else ()
    return _rebuilt(trail[:-1], around, position, (node.members[index], *kept))
