"""What pipe input templates and bus input transformers share: text with `<placeholders>`, and how they render."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from perception_events.aws_limits import at_most
from perception_events.input_transforms._errors import InvalidTemplateError, TemplateRenderError
from perception_events.input_transforms._json_path import MISSING, Missing
from perception_events.input_transforms._template_json import Fragment, json_mistake
from perception_events.json_values import JSONValue

__all__ = ["MAX_TEMPLATE_LENGTH", "Placeholder", "Rendered", "Template"]

MAX_TEMPLATE_LENGTH = at_most("input template")
"""AWS: service models `pipes:InputTemplate` and `events:TransformerInput`."""
MAX_RENDERED_LENGTH = at_most("rendered template")

_PLACEHOLDER = re.compile(r"<([^<>\s\"{}]+)>")
_MEANT = re.compile(r"<(?:\$|aws\.)[^<>\"]*>?")
_QUOTED_NAME = re.compile(r'(?:[^"\\]|\\.)*"\s*:', re.DOTALL)
_BARE_NAME = re.compile(r"\s*:")


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
        """The text as JSON, which is what targets take; `NaN` and `Infinity` are not JSON.

        Raises:
            TemplateRenderError: it is not JSON; AWS would drop it without a word.
        """
        try:
            value: JSONValue = json.loads(self.text, parse_constant=_reject_constant)
        except (ValueError, RecursionError) as error:
            reason = "it has too many levels" if isinstance(error, RecursionError) else str(error)
            reason = f"the rendered template is not JSON: {reason}; AWS would not deliver it: {self.text[:200]}"
            if self.missing:
                reason += f" (not found: {', '.join(self.missing)})"
            raise TemplateRenderError(reason, rendered=self.text) from None
        return value


@dataclass(frozen=True, slots=True)
class Template:
    """Text and placeholders in turn; `is_text` where the whole is one JSON string, or no JSON at all."""

    text: str
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
        is_text = text.lstrip()[:1] not in ("{", "[")
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
            # A text may have a colon behind a placeholder; only what is JSON has names of fields.
            if not is_text and (_QUOTED_NAME if quoted else _BARE_NAME).match(text, position):
                raise InvalidTemplateError(
                    f"the placeholder {found[0]} cannot be a field's name", text=text, offset=found.start()
                )
        _reject_meant(text, position, len(text))
        if text[position:]:
            parts.append(text[position:])
        return cls(text, tuple(parts), is_text)

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """The placeholders in order."""
        return tuple(part for part in self.parts if isinstance(part, Placeholder))

    def json_error(self) -> InvalidTemplateError | None:
        """Why no values at all make the template JSON, with the place and a fix; None where some may."""
        offset = 0
        fragments: list[Fragment] = []
        for part in self.parts:
            if isinstance(part, str):
                fragments.append(Fragment(part, offset))
                offset += len(part)
            else:
                fragments.append(Fragment(None, offset, part.quoted))
                offset += len(part.name) + 2
        return json_mistake(self.text, fragments)

    def render(self, value_of: Callable[[str], JSONValue | Missing]) -> Rendered:
        """Put values for the placeholders; texts are not escaped, as on AWS.

        Raises:
            TemplateRenderError: a value is not JSON (NaN, very many levels), or the text becomes longer than any
                target takes.
        """
        pieces, missing, length = [], [], 0
        for part in self.parts:
            if isinstance(part, str):
                piece = part
            else:
                value = value_of(part.name)
                if value is MISSING:
                    missing.append(part.name)
                piece = self._piece(part, value)
            pieces.append(piece)
            length += len(piece)
            if length > MAX_RENDERED_LENGTH:
                reason = f"the rendered template is longer than {MAX_RENDERED_LENGTH} characters, which no target takes"
                raise TemplateRenderError(reason, rendered="")
        return Rendered("".join(pieces), tuple(dict.fromkeys(missing)))

    def _piece(self, placeholder: Placeholder, value: JSONValue | Missing) -> str:
        if isinstance(value, Missing):
            return "" if placeholder.quoted or self._lone() else '""'
        if isinstance(value, str):
            return value if placeholder.quoted or self._lone() else f'"{value}"'
        try:
            printed = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            reason = "it has too many levels" if isinstance(error, RecursionError) else str(error)
            raise TemplateRenderError(f"<{placeholder.name}> is not JSON: {reason}", rendered="") from None
        return printed.replace('"', "") if placeholder.quoted and self.is_text else printed

    def _lone(self) -> bool:
        """A template that is one path: a text loses its quotes, so that it is no JSON any more."""
        return len(self.parts) == 1


def _quotes(text: str) -> int:
    return len(re.findall(r'"', re.sub(r"\\.", "", text)))


def _reject_constant(name: str) -> JSONValue:
    raise ValueError(f"{name} is not a JSON value")


def _reject_meant(text: str, start: int, end: int) -> None:
    """Reject what begins as a placeholder does, between placeholders: AWS would send it on as it stands."""
    meant = _MEANT.search(text, start, end)
    if meant is not None:
        fix = "has a character that no placeholder has" if meant[0].endswith(">") else "is not closed with >"
        raise InvalidTemplateError(f"the placeholder {meant[0]} {fix}", text=text, offset=meant.start())
