"""What pipe input templates and bus input transformers share: text with `<placeholders>`, and how they render."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from perception_events.aws_limits import at_most
from perception_events.input_transforms._errors import InvalidTemplateError, TemplateRenderError
from perception_events.input_transforms._json_path import MISSING, Missing
from perception_events.json_values import JSONValue

__all__ = ["MAX_TEMPLATE_LENGTH", "Placeholder", "Rendered", "Template"]

MAX_TEMPLATE_LENGTH = at_most("input template")
"""AWS: service models `pipes:InputTemplate` and `events:TransformerInput`."""

_PLACEHOLDER = re.compile(r"<([^<>\s\"{}]+)>")
_MEANT = re.compile(r"<(?:\$|aws\.)[^<>\"]*>?")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A `<name>`: where it stands, and whether inside a JSON string."""

    name: str
    offset: int
    quoted: bool


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered template, and the placeholders whose value was not there."""

    text: str
    missing: tuple[str, ...] = ()

    def json(self) -> JSONValue:
        """The text as JSON, which is what targets take.

        Raises:
            TemplateRenderError: it is not JSON; AWS would drop it without a word.
        """
        try:
            value: JSONValue = json.loads(self.text)
        except ValueError as error:
            reason = f"the rendered template is not JSON: {error}; AWS would not deliver it: {self.text[:200]}"
            if self.missing:
                reason += f" (not found: {', '.join(self.missing)})"
            raise TemplateRenderError(reason, rendered=self.text) from None
        return value


@dataclass(frozen=True, slots=True)
class Template:
    """Text and placeholders in turn; `is_text` where the whole is one JSON string, or no JSON at all."""

    parts: tuple[str | Placeholder, ...]
    is_text: bool

    @classmethod
    def parse(cls, text: str) -> Template:
        """Split `text` at its placeholders.

        Raises:
            InvalidTemplateError: empty, too long, something begins as a placeholder does and is none, or a placeholder
                stands where a field's name does.
        """
        if not text:
            raise InvalidTemplateError("the template is empty")
        if len(text) > MAX_TEMPLATE_LENGTH:
            raise InvalidTemplateError(
                f"the template has {len(text)} characters, at most {MAX_TEMPLATE_LENGTH} are allowed"
            )
        parts: list[str | Placeholder] = []
        position, quoted = 0, False
        for found in _PLACEHOLDER.finditer(text):
            before = text[position : found.start()]
            _reject_meant(text, position, found.start())
            quoted ^= _quotes(before) % 2 == 1
            if before:
                parts.append(before)
            parts.append(Placeholder(found[1], found.start(), quoted))
            position = found.end()
            after = text[position:]
            if _is_key(after, quoted):
                raise InvalidTemplateError(
                    f"the placeholder {found[0]} cannot be a field's name", text=text, offset=found.start()
                )
        _reject_meant(text, position, len(text))
        if text[position:]:
            parts.append(text[position:])
        return cls(tuple(parts), text.lstrip()[:1] not in ("{", "["))

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """The placeholders in order."""
        return tuple(part for part in self.parts if isinstance(part, Placeholder))

    def render(self, value_of: Callable[[str], JSONValue | Missing]) -> Rendered:
        """Put values for the placeholders; texts are not escaped, as on AWS."""
        pieces, missing = [], []
        for part in self.parts:
            if isinstance(part, str):
                pieces.append(part)
                continue
            value = value_of(part.name)
            if value is MISSING:
                missing.append(part.name)
            pieces.append(self._piece(part, value))
        return Rendered("".join(pieces), tuple(dict.fromkeys(missing)))

    def _piece(self, placeholder: Placeholder, value: JSONValue | Missing) -> str:
        if isinstance(value, Missing):
            return "" if placeholder.quoted or self._lone() else '""'
        if isinstance(value, str):
            return value if placeholder.quoted or self._lone() else f'"{value}"'
        printed = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return printed.replace('"', "") if placeholder.quoted and self.is_text else printed

    def _lone(self) -> bool:
        """A template that is one path: a text loses its quotes, so that it is no JSON any more."""
        return len(self.parts) == 1


def _quotes(text: str) -> int:
    return len(re.findall(r'"', re.sub(r"\\.", "", text)))


def _reject_meant(text: str, start: int, end: int) -> None:
    """Reject what begins as a placeholder does, between placeholders: AWS would send it on as it stands."""
    meant = _MEANT.search(text, start, end)
    if meant is not None:
        fix = "has a character that no placeholder has" if meant[0].endswith(">") else "is not closed with >"
        raise InvalidTemplateError(f"the placeholder {meant[0]} {fix}", text=text, offset=meant.start())


def _is_key(after: str, quoted: bool) -> bool:
    return re.match(r'[^"]*"\s*:' if quoted else r"\s*:", after) is not None
